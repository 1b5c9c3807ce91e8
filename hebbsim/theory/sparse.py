"""The binary (Willshaw) matrix with k-of-n codes: what comes on falsely, and the bits that are left. No JAX.

Keys have active_key of dim_key units on, values active_value of dim_value; a weight is on once any pair has both its
units on. A unit of the recall comes on if it has a weight from every active unit of the cue. Everything here is read
through hebbsim.theory.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, xlog1py, xlogy

from hebbsim.checks import check_integers, check_positive, describe
from hebbsim.errors import HebbsimError
from hebbsim.statistics.information import LN2, entropy, log2_choose
from hebbsim.theory.quadrature import largest


def willshaw_ones(num_patterns: ArrayLike, dim_key: int, dim_value: int, active_key: int, active_value: int) -> Any:
    """Fraction of the weights that are on: p1 = 1 - (1 - active_key active_value / (dim_key dim_value))^num_patterns.

    Unit: probability. Exact for one weight, any size; arrays of num_patterns. Source: Willshaw et al. 1969.

    Example:
        >>> from hebbsim import theory
        >>> round(float(theory.willshaw_ones(5000, 1024, 1024, 12, 12)), 4)
        0.4968
    """
    _sizes(dim_key, dim_value, active_key, active_value)
    with np.errstate(divide="ignore"):
        off = np.log1p(-active_key * active_value / (dim_key * dim_value))
    return -np.expm1(check_positive("num_patterns", num_patterns) * off)


def willshaw_false_naive(
    num_patterns: ArrayLike, dim_key: int, dim_value: int, active_key: int, active_value: int
) -> Any:
    """Chance that a silent unit comes on, were the weights independent: willshaw_ones^active_key.

    Unit: probability. The limit of large codes; at finite size 1 to 3 times too small. Source: Willshaw et al. 1969.
    """
    return willshaw_ones(num_patterns, dim_key, dim_value, active_key, active_value) ** active_key


def willshaw_false(num_patterns: int, dim_key: int, dim_value: int, active_key: int, active_value: int) -> float:
    """Chance that a unit silent in the stored value comes on, exactly, for a clean cue of all its active_key units.

    Each of the other num_patterns - 1 pairs holds the unit with chance q = active_value / dim_value and then covers
    some of the cue units still uncovered with hypergeometric chances T: the answer is the entry none -> all of
    ((1 - q) + q T)^(num_patterns - 1). No alternating sum, so it holds at any active_key. Unit: probability.
    Source: the Willshaw-Palm distribution (Knoblauch 2008); this form derived for hebbsim, checked by Monte-Carlo.
    """
    _sizes(dim_key, dim_value, active_key, active_value)
    others = int(check_integers("num_patterns", num_patterns)) - 1
    left = np.arange(active_key + 1)  # cue units uncovered, before and after one pair that holds the unit
    before, after = left[:, None], left[None, :]
    covers = _log_choose(before, before - after) + _log_choose(dim_key - before, active_key - before + after)
    chance = np.exp(covers - _log_choose(dim_key, active_key))
    held = active_value / dim_value
    step = (1 - held) * np.eye(active_key + 1) + held * chance / chance.sum(axis=1, keepdims=True)
    return float(min(np.linalg.matrix_power(step, others)[active_key, 0], 1.0))


def willshaw_load_at_error(n: int, active: int, error: float = 0.01) -> int:
    """The most num_patterns whose exact false rate leaves `error` false ones per true one, n x n weights.

    willshaw_false (n - active) / active <= error, 0 < error < (n - active) / active. Unit: pairs. Source: as
    willshaw_false, where p1^k would allow more.
    """
    _sizes(n, n, active, active)
    ratio = (n - active) / active
    check_positive("error", error, ratio)
    return largest(lambda m: ratio * willshaw_false(m, n, n, active, active) <= error, 1)


def sparse_bits(
    num_patterns: ArrayLike,
    dim_key: int,
    dim_value: int,
    active: int,
    false_per_one: ArrayLike,
    miss_rate: ArrayLike = 0.0,
    exact_code: bool = True,
) -> Any:
    """Bits per parameter of a sparse code: num_patterns (E - dim_value H(unit | output)) / (dim_key dim_value).

    E = log2 C(dim_value, active), the entropy of the code, of which every unit's equivocation (from the 2 x 2 table
    truth x output) is lost. exact_code=False takes E = dim_value H2(active / dim_value), the transinformation of
    independent units: too much by about log2(2 pi active (1 - active / dim_value)) / 2 bits a code word, and what most
    published Willshaw capacities print. false_per_one: wrong units on per active one; miss_rate: active units that stay
    off. The first is a lower bound where errors are independent. Source: Palm 1980, Knoblauch 2008.
    """
    _sizes(dim_key, dim_value, active, active)
    false, missed = np.asarray(false_per_one, float) * active, np.asarray(miss_rate, float) * active
    silent = dim_value - active
    if not np.all((false >= 0) & (false <= silent) & (missed >= 0) & (missed <= active)):
        raise HebbsimError(
            f"false_per_one = {describe(false_per_one)}, miss_rate = {describe(miss_rate)}: allowed: 0 to n, 0 to 1"
        )
    lost = _split(false, active - missed) + _split(missed, silent - false)
    code = log2_choose(dim_value, active) if exact_code else dim_value * float(entropy(active / dim_value))
    return check_positive("num_patterns", num_patterns) * (code - lost) / (dim_key * dim_value)


def willshaw_best(n: int, error: float = 0.01, exact_code: bool = False) -> tuple[int, int, float]:
    """(active, num_patterns, bits) of the n x n design of most bits at `error` false ones per true one, by p1^k.

    For each number of active units k, num_patterns is the most that p1^k (n - k) / k <= error allows; bits are
    sparse_bits there. exact_code=False is the published convention (.368 at n = 256), True the code's own entropy
    (.350). Units: units, pairs, bits per parameter. p1^k is optimistic: willshaw_false at the design gives 1.1 to 3
    times `error`. Source: Palm 1980; designs recomputed for hebbsim.
    """
    check_integers("n", n, 8)
    if not 0 < error <= 1:
        raise HebbsimError(f"error = {error}: allowed: above 0, up to 1")
    active = np.arange(2, min(n // 2, 4 * int(np.log2(n))))
    ones = (error * active / (n - active)) ** (1 / active)
    patterns = np.floor(np.log1p(-ones) / np.log1p(-((active / n) ** 2)))
    bits = [
        float(sparse_bits(m, n, n, int(k), error, exact_code=exact_code)) if m else 0.0
        for k, m in zip(active, patterns, strict=True)
    ]
    best = int(np.argmax(bits))
    return int(active[best]), int(patterns[best]), bits[best]


def _split(few: np.ndarray, many: np.ndarray) -> np.ndarray:
    """(few + many) H2(few / (few + many)), bits; 0 if there are none."""
    total = few + many
    part = np.divide(few, total, out=np.zeros_like(few * total), where=total > 0)
    return -total * (xlogy(part, part) + xlog1py(1 - part, -part)) / LN2


def _log_choose(n: ArrayLike, k: ArrayLike) -> np.ndarray:
    """ln C(n, k), -inf outside 0 <= k <= n."""
    n, k = np.broadcast_arrays(np.asarray(n, float), np.asarray(k, float))
    inside = (k >= 0) & (k <= n)
    k = np.where(inside, k, 0.0)
    return np.where(inside, gammaln(n + 1) - gammaln(k + 1) - gammaln(np.maximum(n - k, 0) + 1), -np.inf)


def _sizes(dim_key: int, dim_value: int, active_key: int, active_value: int) -> None:
    check_integers("dim_key", dim_key)
    check_integers("dim_value", dim_value)
    check_integers("active_key", active_key, 1, dim_key)
    check_integers("active_value", active_value, 1, dim_value)
