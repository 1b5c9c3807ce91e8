"""The grid of the unit normal that the integrals share, and the search for the largest integer that holds."""

from collections.abc import Callable

import numpy as np

# Unit normal: the trapezoid rule converges exponentially, and the step resolves any decision 1/50 wide or wider.
NORMAL = np.linspace(-12.0, 12.0, 1201)
WEIGHT = np.exp(-NORMAL * NORMAL / 2)
WEIGHT /= WEIGHT.sum()


def largest(holds: Callable[[int], bool], low: int) -> int:
    """Largest integer at which `holds`, which it does at `low` and from some number on no more; by bisection."""
    high = 2 * low
    while holds(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
