"""Checks of arguments that several parts share: each returns the value, or raises HebbsimError in one line."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hebbsim.errors import HebbsimError


def check_integer(name: str, value: Any, low: int, high: int) -> int:
    """The value as an int, if it is an integer and low <= value <= high."""
    is_integer = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not is_integer or not low <= value <= high:
        raise HebbsimError(f"{name} = {value!r}; allowed: an integer from {low} to {high}")
    return int(value)


def check_level(level: float) -> float:
    """The level itself. Raises HebbsimError outside (0, 1)."""
    if isinstance(level, bool) or not isinstance(level, int | float) or not 0 < level < 1:
        raise HebbsimError(f"level = {level!r}; allowed: between 0 and 1, such as 0.95")
    return level


def describe(value: ArrayLike) -> str:
    """A value for an error of one line: the first few of an array."""
    out = np.ravel(np.asarray(value))
    return str(value) if out.size < 2 else ", ".join(map(str, out[:4])) + (", ..." if out.size > 4 else "")


def check_positive(name: str, value: ArrayLike, below: float = np.inf) -> np.ndarray:
    """The value as floats, if 0 < value < below."""
    out = np.asarray(value, float)
    if not np.all((out > 0) & (out < below)):
        bound = "above 0 and finite" if below == np.inf else f"above 0, below {below:g}"
        raise HebbsimError(f"{name} = {describe(value)}; allowed: numbers {bound}")
    return out


def check_integers(name: str, value: ArrayLike, low: int = 1, high: float = 2.0**52) -> np.ndarray:
    """The value as floats, if whole and low <= value <= high."""
    out = np.asarray(value, float)
    if not np.all((out >= low) & (out <= high) & (out == np.floor(out))):
        bound = f"{low} or more" if high == 2.0**52 else f"from {low} to {high:.0f}"
        raise HebbsimError(f"{name} = {describe(value)}; allowed: integers, {bound}")
    return out
