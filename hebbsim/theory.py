"""What the simulation must show: closed forms and deterministic integrals. NumPy and scipy.special only.

load = num_patterns / dim_key; bits are per parameter (an entry of the state) unless a name says otherwise. Tokens and
sparse codes have files of their own; their functions are found here too.
"""

from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import bdtr, gammaln, ndtr, ndtri, roots_hermitenorm, spence

from hebbsim.errors import HebbsimError
from hebbsim.information import entropy
from hebbsim.theory_sparse import sparse_bits, willshaw_best, willshaw_false, willshaw_false_naive, willshaw_ones
from hebbsim.theory_tokens import argmax_bits, argmax_error, argmax_soft_bits, best_token_load, token_load_at_error

LN2 = float(np.log(2.0))
HARD_LIMIT = 1 / (np.pi * LN2)  # sign of the field, load -> infinity: 0.4592
SOFT_LIMIT = 1 / (2 * LN2)  # the field itself, load -> infinity: 0.7213 (matched filter of Verdu & Shamai 1999)
WILLSHAW_LIMIT = LN2  # n -> infinity (Willshaw et al. 1969)

_NODES, _WEIGHTS = roots_hermitenorm(200)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()

__all__ = [
    "HARD_LIMIT", "SOFT_LIMIT", "WILLSHAW_LIMIT", "argmax_bits", "argmax_error", "argmax_soft_bits", "best_token_load",
    "bit_error", "bit_error_exact", "decay_bits", "delta_bits", "entropy", "gated_delta_bits", "gaussian_bits", "hard_bits",
    "hard_bits_exact", "load_at_error", "ridge_sinr", "ridge_soft_bits", "sign_bits", "snr_bits", "soft_bits",
    "soft_bits_exact", "sparse_bits", "token_load_at_error", "willshaw_best", "willshaw_false", "willshaw_false_naive",
    "willshaw_ones", "zero_error_load",
]  # fmt: skip


def snr_bits(snr):
    """Bits a +-1 input at signal-to-noise power ratio `snr` carries through Gaussian noise, the output kept whole.

    1 - E log2(1 + exp(-2 snr - 2 sqrt(snr) z)), z standard normal; 200-point Gauss-Hermite, good to 1e-6.
    Source: the binary-input AWGN channel, e.g. Cover & Thomas 2006.
    """
    snr = np.asarray(snr, float)[..., None]
    return 1 - np.sum(_WEIGHTS * np.logaddexp(0, -2 * snr - 2 * np.sqrt(snr) * _NODES), axis=-1) / LN2


def sign_bits(snr):
    """Bits of a +-1 input when only the sign of the output is kept: 1 - H2(Q(sqrt(snr)))."""
    return 1 - entropy(ndtr(-np.sqrt(np.asarray(snr, float))))


def bit_error(load):
    """Q(1 / sqrt(load)): wrong signs of a one-shot read of a +-1 Hebbian matrix, dim_key -> infinity.

    At finite size use load = (num_patterns - 1) / dim_key, for a pair does not interfere with itself, or
    `bit_error_exact`. Source: Hertz, Krogh & Palmer 1991, table 2.1.
    """
    return ndtr(-1 / np.sqrt(_positive("load", load)))


def hard_bits(load):
    """load (1 - H2(bit_error(load))): bits per parameter of the sign; 1/(pi ln 2) as load -> infinity."""
    return _positive("load", load) * sign_bits(1 / np.asarray(load, float))


def soft_bits(load):
    """load * snr_bits(1 / load): bits per parameter of the undecided field; 1/(2 ln 2) as load -> infinity."""
    return _positive("load", load) * snr_bits(1 / np.asarray(load, float))


def gaussian_bits(load):
    """(load / 2) log2(1 + 1 / load): the same for N(0, 1) values. Source: Shannon 1948."""
    load = _positive("load", load)
    return load / 2 * np.log2(1 + 1 / load)


def load_at_error(error: float) -> float:
    """The load at which bit_error is `error`: 1 / ndtri(error)^2, 0 < error < 0.5."""
    if not 0 < error < 0.5:
        raise HebbsimError(f"error = {error!r}; allowed: between 0 and 0.5")
    return float(1 / ndtri(error) ** 2)


def bit_error_exact(dim_key: int, num_patterns: int) -> float:
    """Wrong signs at finite size, a tie being half: exact for +-1 keys and values and a clean cue.

    Given the probe's key, each other pair adds to value * field a random sign times dim_key fair signs: together
    N = (num_patterns - 1) dim_key independent fair signs. So value * field = dim_key + 2 B - N, B ~ Binomial(N, 1/2).
    Source: derived for hebbsim.
    """
    others = (num_patterns - 1) * dim_key
    if others < dim_key:
        return 0.0
    below, at = bdtr((others - dim_key - 1) // 2, others, 0.5), bdtr((others - dim_key) // 2, others, 0.5)
    return float(below + at) / 2


def hard_bits_exact(dim_key: int, num_patterns: int) -> float:
    """(num_patterns / dim_key) (1 - H2(bit_error_exact)), bits per parameter."""
    return num_patterns / dim_key * float(1 - entropy(bit_error_exact(dim_key, num_patterns)))


def soft_bits_exact(dim_key: int, num_patterns: int) -> float:
    """Bits per parameter of the undecided field at finite size, exact as `bit_error_exact` is.

    1 - sum_B p(B) log2(1 + p(B + dim_key) / p(B)), for the field at -x has B' = N - dim_key - B and p is symmetric;
    summed over 12 standard deviations. Uses 12 sqrt(N) terms. Source: derived for hebbsim.
    """
    others = (num_patterns - 1) * dim_key
    spread = int(6 * np.sqrt(others)) + 1
    count = np.arange(max(0, others // 2 - spread), min(others, others // 2 + spread) + 1, dtype=float)

    def log_choose(b):
        with np.errstate(invalid="ignore"):
            inside = (b >= 0) & (b <= others)
            return np.where(
                inside, -gammaln(np.clip(b, 0, others) + 1) - gammaln(np.clip(others - b, 0, others) + 1), -np.inf
            )

    here = log_choose(count)
    chance = np.exp(here - here.max())
    chance /= chance.sum()
    loss = np.sum(chance * np.logaddexp(0, log_choose(count + dim_key) - here)) / LN2
    return num_patterns / dim_key * float(1 - loss)


def zero_error_load(dim_key: int, dim_value: int, probability: float = 0.5) -> float:
    """Load at which all num_patterns * dim_value signs are right with `probability`, were bits independent.

    (1 - Q(sqrt(dim_key / (num_patterns - 1))))^(num_patterns dim_value) = probability, num_patterns taken as real.
    Falls as 1/(2 ln dim). Source: McEliece et al. 1987 for the idea.
    """

    def excess(log_patterns):
        patterns = np.exp(log_patterns)
        wrong = ndtr(-np.sqrt(dim_key / max(patterns - 1, 1e-9)))
        return patterns * dim_value * -np.log1p(-wrong) + np.log(probability)

    log_patterns: Any = brentq(excess, 1e-6, np.log(10.0 * dim_key + 10))
    return float(np.exp(log_patterns)) / dim_key


def decay_bits(c, values: str = "gaussian") -> float:
    """Bits per parameter over all ages of S <- a S + k^T v, c = dim_key (1 - a^2), endless stream, dim_key -> infinity.

    At age t the SNR is c x, x = a^(2t): (1/c) Int_0^1 I(c x) dx / x. "gaussian": -Li2(-c) / (2 c ln 2); "bipolar": soft;
    "hard": sign. Source: derived for hebbsim, checked by Monte-Carlo.
    """
    c = float(_positive("c", c))
    if values == "gaussian":
        return float(-spence(1 + c) / (2 * c * LN2))
    return _over_ages(values, lambda x: c * x) / c


def delta_bits(rate, values: str = "gaussian") -> float:
    """Bits per parameter over all ages of S <- S + rate k^T (v - k S), unit keys, endless stream, dim_key -> infinity.

    With g = rate (2 - rate), x = e^(-2 rate age / dim_key) the SNR is g x / (1 - g x):
    (1 / (2 rate)) Int_0^1 I dx / x; "gaussian": Li2(g) / (4 rate ln 2). 0 < rate < 2. Source: derived for hebbsim.
    """
    if not 0 < rate < 2:
        raise HebbsimError(f"rate = {rate!r}; allowed: between 0 and 2")
    g = rate * (2 - rate)
    if values == "gaussian":
        return float(spence(1 - g) / (4 * rate * LN2))
    return _over_ages(values, lambda x: g * x / np.maximum(1 - g * x, 1e-12)) / (2 * rate)


def gated_delta_bits(rate, c) -> float:
    """[Li2(g) - Li2(-c)] / (2 (2 rate + c) ln 2), g = rate (2 - rate), c = dim_key (1 - a^2): Gaussian values.

    S <- a S before each delta write; c = 0 is `delta_bits`. Source: derived for hebbsim, checked by Monte-Carlo.
    """
    if not 0 < rate < 2 or c < 0:
        raise HebbsimError(f"rate = {rate!r}, c = {c!r}; allowed: rate between 0 and 2, c from 0")
    return float((spence(1 - rate * (2 - rate)) - spence(1 + c)) / (2 * (2 * rate + c) * LN2))


def ridge_sinr(load):
    """1 / (load - 1) for load > 1, infinite up to it: least squares on known keys (decorrelator limit)."""
    load = _positive("load", load)
    return np.where(load > 1, 1 / np.maximum(load - 1, 1e-300), np.inf)


def ridge_soft_bits(load):
    """load * snr_bits(1 / (load - 1)), load > 1; at most 1.141, near load 1.25."""
    load = _positive("load", load)
    return load * snr_bits(np.minimum(ridge_sinr(load), 1e4))


def _over_ages(values, snr) -> float:
    """Int_0^1 I(snr(x)) dx / x, as an integral over u = -ln x by Simpson's rule."""
    channels = {"bipolar": snr_bits, "hard": sign_bits}
    if values not in channels:
        raise HebbsimError(f"values = {values!r}; allowed: gaussian, bipolar, hard")
    u = np.linspace(0, 45, 9001)
    bits = channels[values](snr(np.exp(-u)))
    return float((u[1] - u[0]) / 3 * (bits[0] + bits[-1] + 4 * bits[1:-1:2].sum() + 2 * bits[2:-1:2].sum()))


def _positive(name: str, value) -> np.ndarray:
    value = np.asarray(value, float)
    if not np.all((value > 0) & np.isfinite(value)):
        raise HebbsimError(f"{name} = {value}; allowed: finite numbers above 0")
    return value
