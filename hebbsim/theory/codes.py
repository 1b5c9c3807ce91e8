"""Codes over a one-shot read: what finite blocks can do, and where the codes here stop decoding. No JAX.

An entry read one-shot from a +-1 Hebbian matrix is value + N(0, load): a binary-input Gaussian channel of power ratio
1 / load. Bits are per parameter, rate * load, unless a name says otherwise.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from hebbsim.checks import check_positive, describe
from hebbsim.errors import HebbsimError, one_of
from hebbsim.records.task import parse_label
from hebbsim.statistics.information import LN2
from hebbsim.theory.quadrature import NORMAL, WEIGHT

# Loads up to which belief propagation decodes infinitely long blocks: experiments/density_evolution.py.
THRESHOLDS = {"1/10": 6.49, "1/20": 13.51, "1/50": 34.41}

FEWEST = 50  # message bits of a block, from which on the normal approximation is good


class Channel(NamedTuple):
    """Of one entry: its capacity in bits and its dispersion in bits squared."""

    capacity: Any
    dispersion: Any


class BlockBest(NamedTuple):
    """Where a block of finite length holds most."""

    load: float
    rate: float
    bits_per_parameter: float


def code_channel(load: ArrayLike) -> Channel:
    """Mean C and variance V of i = 1 - log2(1 + exp(-L)), L ~ N(2 / load, 4 / load): bits an entry, bits squared.

    Source: Polyanskiy, Poor & Verdu 2010.
    """
    power = 1 / check_positive("load", load)[..., None]
    density = 1 - np.logaddexp(0, -2 * power - 2 * np.sqrt(power) * NORMAL) / LN2
    capacity = density @ WEIGHT
    return Channel(capacity[()], ((density - capacity[..., None]) ** 2 @ WEIGHT)[()])


def block_rate(load: ArrayLike, length: ArrayLike, block_error: float) -> Any:
    """Rate of the best code of `length` entries at that chance of a wrong block: C - sqrt(V / n) Qinv(eps) + log2(n) / 2n.

    The normal approximation; bits an entry, 0 where it is negative. Too high by its last term where length * rate is
    under about 50. Source: Polyanskiy, Poor & Verdu 2010.
    """
    if not 0 < block_error < 1:
        raise HebbsimError(f"block_error = {describe(block_error)}: allowed: between 0 and 1")
    length = check_positive("length", length)
    capacity, dispersion = code_channel(load)
    rate = capacity + np.sqrt(dispersion / length) * ndtri(block_error) + np.log2(length) / (2 * length)
    return np.maximum(rate, 0.0)[()]


def best_block(length: float, block_error: float = 1e-3) -> BlockBest:
    """The load at which load * block_rate is largest, the rate and the bits per parameter there; loads .02 to 500.

    Only rates of FEWEST bits a block and more are looked at, where there are some: below, the last term is spurious.

    Example:
        >>> print(f"{best_block(1024, 1e-3).bits_per_parameter:.3f}")
        0.447
    """
    loads = np.geomspace(0.02, 500, 400)
    for _ in range(3):  # the maximum is flat: each pass looks closer about the best of the last
        best = int(np.argmax(_trusted_bits(loads, length, block_error)))
        loads = np.linspace(loads[max(best - 1, 0)], loads[min(best + 1, len(loads) - 1)], 101)
    load = float(loads[int(np.argmax(_trusted_bits(loads, length, block_error)))])
    rate = float(block_rate(load, length, block_error))
    return BlockBest(load, rate, load * rate)


def _trusted_bits(loads: np.ndarray, length: float, block_error: float) -> np.ndarray:
    rate = block_rate(loads, length, block_error)
    trusted = rate * length >= FEWEST
    return loads * (np.where(trusted, rate, 0.0) if trusted.any() else rate)


def code_threshold(code: Any) -> float:
    """Load up to which belief propagation on infinitely long blocks leaves no error, for a rate or a code that has it.

    code: "1/10", "1/20", "1/50", a label such as multi_edge(rate="1/20") or anything with such a label. Times the rate
    it is bits per parameter. From density evolution. Raises HebbsimError for a code without a threshold.
    """
    label = getattr(code, "label", code)
    if label not in THRESHOLDS and isinstance(label, str) and label.startswith("multi_edge"):
        label = parse_label(label)[1].get("rate", "1/20")
    if label not in THRESHOLDS:
        raise one_of("rate with a threshold", str(label), THRESHOLDS)
    return THRESHOLDS[label]


threshold = code_threshold
