"""Oracles of the binary (Willshaw) matrix with k-of-n codes."""

from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import gammaln

from hebbsim.errors import HebbsimError
from hebbsim.information import entropy, log2_choose


def willshaw_ones(num_patterns, dim_key: int, dim_value: int, active_key: int, active_value: int):
    """p1 = 1 - (1 - active_key active_value / (dim_key dim_value))^num_patterns: fraction of the weights that are on."""
    return -np.expm1(num_patterns * np.log1p(-active_key * active_value / (dim_key * dim_value)))


def willshaw_false_naive(num_patterns, dim_key: int, dim_value: int, active_key: int, active_value: int):
    """p1^active_key: chance that a silent unit comes on, were the weights independent. Source: Willshaw et al. 1969."""
    return willshaw_ones(num_patterns, dim_key, dim_value, active_key, active_value) ** active_key


def willshaw_false(num_patterns: int, dim_key: int, dim_value: int, active_key: int, active_value: int) -> float:
    """Chance that a silent unit comes on, exactly: a clean cue of active_key units, threshold at all of them.

    Each other pair holds the unit with chance q = active_value / dim_value and then misses j given cue units with chance
    a_j = C(dim_key - j, active_key) / C(dim_key, active_key). Inclusion-exclusion over the cue units that no such pair
    covers: sum_j (-1)^j C(active_key, j) (1 - q + q a_j)^(num_patterns - 1). 1 to 3 times p1^k at finite size.
    Valid for active_key up to 30 (cancellation). Source: the Willshaw-Palm distribution (Knoblauch 2008).
    """
    if not 0 < active_key <= 30:
        raise HebbsimError(f"active_key = {active_key}; allowed: 1 to 30 (the alternating sum cancels beyond)")
    j = np.arange(active_key + 1)
    log_missed = gammaln(dim_key - j + 1) - gammaln(dim_key - j - active_key + 1)
    missed = np.exp(log_missed - log_missed[0])
    ways = np.round(np.exp(gammaln(active_key + 1) - gammaln(j + 1) - gammaln(active_key - j + 1)))
    held = active_value / dim_value
    return float(np.sum((-1.0) ** j * ways * np.exp((num_patterns - 1) * np.log1p(-held * (1 - missed)))))


def sparse_bits(
    num_patterns: float, dim_key: int, dim_value: int, active: int, false_per_one: float, miss_rate: float = 0.0,
    exact_code: bool = True,
) -> float:  # fmt: skip
    """num_patterns (E - dim_value H(unit | output)) / (dim_key dim_value), bits per parameter.

    E = log2 C(dim_value, active), or with exact_code=False dim_value H2(active / dim_value): units counted apart, as
    most published Willshaw capacities do; too much by about log2(2 pi active) / 2 bits a code word. false_per_one: wrong
    units on for each active one; miss_rate: active units that stay off. Source: Palm 1980.
    """
    false, missed = false_per_one * active, miss_rate * active
    on, off = active - missed + false, dim_value - active + missed - false
    left = on * float(entropy(false / on)) + off * float(entropy(missed / off))
    code = log2_choose(dim_value, active) if exact_code else dim_value * float(entropy(active / dim_value))
    return num_patterns * (code - left) / (dim_key * dim_value)


def willshaw_best(n: int, error: float = 0.01) -> tuple[int, int, float]:
    """(active, num_patterns, bits) of the n x n design with most bits, units counted apart, at `error` false ones per one.

    For each number of active units num_patterns is what p1^active = error active / (n - active) allows. Source: Palm 1980.
    """
    if n < 8:
        raise HebbsimError(f"n = {n}; allowed: 8 or more")
    designs = []
    for active in range(2, min(n // 2, 4 * int(np.log2(n)))):
        ones = (error * active / (n - active)) ** (1 / active)
        patterns = int(np.log1p(-ones) / np.log1p(-((active / n) ** 2)))
        if patterns > 0:
            designs.append((sparse_bits(patterns, n, n, active, error, exact_code=False), active, patterns))
    bits, active, patterns = max(designs)
    return active, patterns, bits


def willshaw_load_at_error(n: int, active: int, error: float = 0.01) -> float:
    """num_patterns at which the exact false rate (`willshaw_false`), not p1^k, gives `error` false ones per true one."""
    ratio = (n - active) / active
    patterns: Any = brentq(lambda m: ratio * willshaw_false(m, n, n, active, active) - error, 2, 10 * (n / active) ** 2)
    return float(patterns)
