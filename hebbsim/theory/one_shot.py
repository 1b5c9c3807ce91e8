"""One linear read of a dense matrix: closed forms and deterministic integrals. No JAX.

load = num_patterns / dim_key; bits are per parameter (an entry of the state) unless a name says otherwise. Functions of
loads, rates and errors take numbers or arrays.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, ndtr, ndtri

from hebbsim.checks import check_integers, check_positive, describe
from hebbsim.errors import HebbsimError
from hebbsim.statistics.information import LN2, entropy
from hebbsim.theory.limits import ridge_sinr
from hebbsim.theory.quadrature import NORMAL, WEIGHT, largest

EXACT_POINTS = 2**19  # soft_bits_exact sums at most so many terms: N up to 1.9e9


def binary_entropy(p: ArrayLike) -> Any:
    """Entropy of a bit that is 1 with probability p: -p log2 p - (1 - p) log2(1 - p). Unit: bits. Shannon 1948."""
    p = np.asarray(p, float)
    if not np.all((p >= 0) & (p <= 1)):
        raise HebbsimError(f"p = {describe(p)}: allowed: 0 to 1")
    return entropy(p)[()]


def gaussian_tail(x: ArrayLike) -> Any:
    """Q(x), the chance that a standard normal number is above x: erfc(x / sqrt 2) / 2. Unit: probability."""
    return ndtr(-np.asarray(x, float))


def snr_bits(snr: ArrayLike) -> Any:
    """Bits a +-1 input carries through Gaussian noise of power ratio snr, the output kept whole (binary-input AWGN).

    1 - E log2(1 + exp(-2 snr - 2 sqrt(snr) z)), z standard normal; trapezoid rule, good to 1e-12. Unit: bits an entry.
    Source: e.g. Cover & Thomas 2006; snr = 0 gives 0 and infinity 1.
    """
    snr = np.minimum(np.asarray(snr, float), 1e4)[..., None]
    if not np.all(snr >= 0):
        raise HebbsimError(f"snr = {describe(snr)}: allowed: 0 or more")
    return np.maximum(1 - np.logaddexp(0, -2 * snr - 2 * np.sqrt(snr) * NORMAL) @ WEIGHT / LN2, 0.0)


def sign_bits(snr: ArrayLike) -> Any:
    """Bits a +-1 input carries when only the sign of the output is kept: 1 - H2(Q(sqrt(snr))). Unit: bits an entry."""
    snr = np.asarray(snr, float)
    if not np.all(snr >= 0):
        raise HebbsimError(f"snr = {describe(snr)}: allowed: 0 or more")
    return 1 - entropy(ndtr(-np.sqrt(snr)))


def bit_error(load: ArrayLike) -> Any:
    """Wrong signs of a one-shot read of a +-1 Hebbian matrix: Q(1 / sqrt(load)). Unit: probability.

    dim_key -> infinity; at finite size use load = (num_patterns - 1) / dim_key (a pair does not interfere with itself)
    or bit_error_exact. Source: Hertz, Krogh & Palmer 1991, table 2.1.

    Example:
        >>> from hebbsim import theory
        >>> round(float(theory.bit_error(0.5)), 4)
        0.0786
    """
    return ndtr(-1 / np.sqrt(check_positive("load", load)))


def hard_bits(load: ArrayLike) -> Any:
    """Bits per parameter of the sign: load (1 - H2(bit_error(load))). dim_key -> infinity; limit HARD_LIMIT.

    Example:
        >>> from hebbsim import theory
        >>> [round(float(bits), 4) for bits in theory.hard_bits([0.1, 1, 10])]
        [0.0991, 0.3689, 0.4489]
    """
    load = check_positive("load", load)
    return load * sign_bits(1 / load)


def soft_bits(load: ArrayLike) -> Any:
    """Bits per parameter of the undecided field of +-1 values: load * snr_bits(1 / load), good to 1e-10 up to load 1e4.

    dim_key -> infinity; 1/(2 ln 2) as the load grows. Source: Verdu & Shamai 1999 for the channel.

    Example:
        >>> from hebbsim import theory
        >>> [round(float(bits), 4) for bits in theory.soft_bits([0.1, 1, 10])]
        [0.0997, 0.4859, 0.6874]
    """
    load = check_positive("load", load)
    return load * snr_bits(1 / load)


def gaussian_bits(load: ArrayLike) -> Any:
    """Bits per parameter of N(0, 1) values: (load / 2) log2(1 + 1 / load). dim_key -> infinity. Shannon 1948.

    Example:
        >>> from hebbsim import theory
        >>> float(theory.gaussian_bits(1))
        0.5
    """
    load = check_positive("load", load)
    return load / 2 * np.log1p(1 / load) / LN2


def load_at_error(error: ArrayLike) -> Any:
    """The critical load of a stated bit error, inverse of bit_error: 1 / ndtri(error)^2, 0 < error < 0.5.

    Example:
        >>> from hebbsim import theory
        >>> round(float(theory.load_at_error(0.01)), 4)
        0.1848
    """
    return 1 / ndtri(check_positive("error", error, 0.5)) ** 2


def bit_error_exact(dim_key: ArrayLike, num_patterns: ArrayLike) -> Any:
    """Wrong signs at finite size, a tie being half: exact for +-1 keys and values and a clean cue, not tied.

    Given the probe's key, each other pair adds to value * (query @ S) a fair sign times dim_key fair signs: together
    N = (num_patterns - 1) dim_key independent ones. So it is dim_key + 2 B - N, B ~ Binomial(N, 1/2), and the error
    P(2 B < N - dim_key) + P(2 B = N - dim_key) / 2. Unit: probability. Source: derived for hebbsim, checked by
    Monte-Carlo.
    """
    dim_key = check_integers("dim_key", dim_key)
    others = (check_integers("num_patterns", num_patterns) - 1) * dim_key
    bound = (others - dim_key) / 2

    def at_most(b: Any) -> Any:
        return np.where(b < 0, 0.0, betainc(np.maximum(others - b, 1), np.maximum(b, 0) + 1, 0.5))

    return ((at_most(np.ceil(bound) - 1) + at_most(np.floor(bound))) / 2)[()]


def hard_bits_exact(dim_key: ArrayLike, num_patterns: ArrayLike) -> Any:
    """Bits per parameter of the sign at finite size: (num_patterns / dim_key) (1 - H2(bit_error_exact)).

    Exact as bit_error_exact is. Source: derived for hebbsim.
    """
    error = bit_error_exact(dim_key, num_patterns)
    return (np.asarray(num_patterns, float) / np.asarray(dim_key, float) * (1 - entropy(error)))[()]


def soft_bits_exact(dim_key: int, num_patterns: int) -> float:
    """Bits per parameter of the undecided field at finite size: (num_patterns / dim_key) (1 - loss).

    loss = sum_B p(B) log2(1 + p(B + dim_key) / p(B)), p = Binomial(N, 1/2), N = (num_patterns - 1) dim_key, since the
    negated field has N - dim_key - B and p is symmetric. Summed over 12 standard deviations each side; beyond
    EXACT_POINTS terms (N > 1.9e9) the Gaussian form at load N / dim_key^2 is used, off by less than 1e-8 there.
    dim_key = 1 is one channel of a holographic memory. Exact as bit_error_exact is. Source: derived for hebbsim.
    """
    others = int(check_integers("num_patterns", num_patterns) - 1) * int(check_integers("dim_key", dim_key))
    ratio = num_patterns / dim_key
    if not others:
        return ratio
    spread = int(6 * np.sqrt(others)) + 1
    if 2 * spread > EXACT_POINTS:
        return ratio * float(snr_bits(dim_key / (num_patterns - 1)))
    low, high = max(0, others // 2 - spread), min(others, others // 2 + spread)
    # Steps of ln p add up without the rounding of ln N!; beyond N there is nothing.
    b = np.arange(low, min(high + dim_key, others), dtype=float)
    log_p = np.concatenate([[0.0], np.cumsum(np.log((others - b) / (b + 1)))])
    log_p -= log_p.max()
    here = log_p[: high - low + 1]
    there = np.full_like(here, -np.inf)
    moved = log_p[dim_key : dim_key + len(here)]
    there[: len(moved)] = moved
    chance = np.exp(here)
    loss = chance @ np.logaddexp(0, there - here) / chance.sum() / LN2
    return ratio * float(max(1 - loss, 0.0))


def zero_error_load(dim_key: int, dim_value: int, probability: float = 0.5) -> float:
    """Largest load at which every sign of the memory is right with `probability`, were signs independent.

    (1 - bit_error_exact)^(num_patterns dim_value) >= probability, num_patterns whole. As all is recovered, it is also
    the bits per parameter. Falls as 1 / (2 ln(num_patterns dim_value)). Source: McEliece et al. 1987 for the idea.
    """
    check_integers("dim_value", dim_value)
    limit = -np.log(float(check_positive("probability", probability, 1.0)))

    def clean(m: int) -> bool:
        return -m * dim_value * np.log1p(-bit_error_exact(dim_key, m)) <= limit

    return largest(clean, 1) / dim_key


def ridge_soft_bits(load: ArrayLike) -> Any:
    """Bits per parameter of least squares on known keys, +-1 values: load * snr_bits(ridge_sinr(load)); at most 1.141.

    dim_key -> infinity; exact (load itself) up to load 1. Source: as ridge_sinr.
    """
    return check_positive("load", load) * snr_bits(ridge_sinr(load))
