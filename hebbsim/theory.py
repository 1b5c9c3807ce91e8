"""What a simulation must show: closed forms and deterministic integrals. No JAX.

load = num_patterns / dim_key; bits are per parameter (an entry of the state) unless a name says otherwise. Functions of
loads, rates and errors take numbers or arrays. Tokens, sparse codes and readers given all keys have files of their own
and are found here.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, expit, ndtr, ndtri, spence

from hebbsim.errors import HebbsimError, one_of
from hebbsim.information import LN2, entropy
from hebbsim.theory_limits import (
    amp_capacity,
    entropy_ceiling,
    hopfield_capacity,
    hopfield_load,
    lloyd_max,
    lloyd_max_levels,
    ridge_sinr,
    separable_probability,
    stored_items,
)  # fmt: skip
from hebbsim.theory_quantised import gamp_capacity, gamp_error, gamp_errors, quantiser_noise
from hebbsim.theory_readers import (
    amp_error,
    amp_errors,
    box_error,
    box_errors,
    box_exact,
    clean_load,
    ridge_error,
    ridge_errors,
)  # fmt: skip
from hebbsim.theory_rows import token_capacity, token_errors, whitened_error
from hebbsim.theory_sparse import (
    sparse_bits,
    willshaw_best,
    willshaw_false,
    willshaw_false_naive,
    willshaw_load_at_error,
    willshaw_ones,
)  # fmt: skip
from hebbsim.theory_tokens import (
    NORMAL,
    WEIGHT,
    argmax_bits,
    argmax_error,
    argmax_soft_bits,
    best_token_load,
    largest,
    positive,
    said,
    token_load_at_error,
    whole,
)

HARD_LIMIT = 1 / (np.pi * LN2)  # sign of the field, load -> infinity: 0.4592
SOFT_LIMIT = 1 / (2 * LN2)  # the field itself, load -> infinity: 0.7213 (matched filter of Verdu & Shamai 1999)
WILLSHAW_LIMIT = LN2  # n -> infinity (Willshaw et al. 1969)
PERCEPTRON_LIMIT = 2.0  # trained columns (Gardner 1988)
BOX_LIMIT = 2.0  # values sought in [-1, 1] by a reader of all keys, exact
EXACT_POINTS = 2**19  # soft_bits_exact sums at most so many terms: N up to 1.9e9

__all__ = [
    "BOX_LIMIT", "HARD_LIMIT", "PERCEPTRON_LIMIT", "SOFT_LIMIT", "WILLSHAW_LIMIT", "amp_capacity", "amp_error",
    "amp_errors", "argmax_bits", "argmax_error", "argmax_soft_bits", "best_token_load", "binary_entropy", "bit_error",
    "bit_error_exact", "box_error", "box_errors", "box_exact", "clean_load", "decay_bits", "delta_bits", "entropy",
    "entropy_ceiling", "gamp_capacity", "gamp_error", "gamp_errors", "gated_delta_bits", "gaussian_bits",
    "gaussian_tail", "hard_bits", "hard_bits_exact", "hopfield_capacity", "hopfield_load", "lloyd_max",
    "lloyd_max_levels", "load_at_error", "quantiser_noise", "ridge_error", "ridge_errors", "ridge_sinr",
    "ridge_soft_bits", "separable_probability", "sign_bits", "snr_bits", "soft_bits", "soft_bits_exact",
    "sparse_bits", "stored_items", "token_capacity", "token_errors", "token_load_at_error", "whitened_error",
    "willshaw_best", "willshaw_false", "willshaw_false_naive", "willshaw_load_at_error", "willshaw_ones",
    "zero_error_load",
]  # fmt: skip


def binary_entropy(p: ArrayLike) -> Any:
    """Entropy of a bit that is 1 with probability p: -p log2 p - (1 - p) log2(1 - p). Unit: bits. Shannon 1948."""
    p = np.asarray(p, float)
    if not np.all((p >= 0) & (p <= 1)):
        raise HebbsimError(f"p = {said(p)}: allowed: 0 to 1")
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
        raise HebbsimError(f"snr = {said(snr)}: allowed: 0 or more")
    return np.maximum(1 - np.logaddexp(0, -2 * snr - 2 * np.sqrt(snr) * NORMAL) @ WEIGHT / LN2, 0.0)


def sign_bits(snr: ArrayLike) -> Any:
    """Bits a +-1 input carries when only the sign of the output is kept: 1 - H2(Q(sqrt(snr))). Unit: bits an entry."""
    snr = np.asarray(snr, float)
    if not np.all(snr >= 0):
        raise HebbsimError(f"snr = {said(snr)}: allowed: 0 or more")
    return 1 - entropy(ndtr(-np.sqrt(snr)))


def bit_error(load: ArrayLike) -> Any:
    """Wrong signs of a one-shot read of a +-1 Hebbian matrix: Q(1 / sqrt(load)). Unit: probability.

    dim_key -> infinity; at finite size use load = (num_patterns - 1) / dim_key (a pair does not interfere with itself)
    or bit_error_exact. Source: Hertz, Krogh & Palmer 1991, table 2.1.
    """
    return ndtr(-1 / np.sqrt(positive("load", load)))


def hard_bits(load: ArrayLike) -> Any:
    """Bits per parameter of the sign: load (1 - H2(bit_error(load))). dim_key -> infinity; limit HARD_LIMIT."""
    load = positive("load", load)
    return load * sign_bits(1 / load)


def soft_bits(load: ArrayLike) -> Any:
    """Bits per parameter of the undecided field of +-1 values: load * snr_bits(1 / load), good to 1e-10 up to load 1e4.

    dim_key -> infinity; 1/(2 ln 2) as the load grows. Source: Verdu & Shamai 1999 for the channel.
    """
    load = positive("load", load)
    return load * snr_bits(1 / load)


def gaussian_bits(load: ArrayLike) -> Any:
    """Bits per parameter of N(0, 1) values: (load / 2) log2(1 + 1 / load). dim_key -> infinity. Shannon 1948."""
    load = positive("load", load)
    return load / 2 * np.log1p(1 / load) / LN2


def load_at_error(error: ArrayLike) -> Any:
    """The critical load of a stated bit error, inverse of bit_error: 1 / ndtri(error)^2, 0 < error < 0.5."""
    return 1 / ndtri(positive("error", error, 0.5)) ** 2


def bit_error_exact(dim_key: ArrayLike, num_patterns: ArrayLike) -> Any:
    """Wrong signs at finite size, a tie being half: exact for +-1 keys and values and a clean cue, not tied.

    Given the probe's key, each other pair adds to value * (query @ S) a fair sign times dim_key fair signs: together
    N = (num_patterns - 1) dim_key independent ones. So it is dim_key + 2 B - N, B ~ Binomial(N, 1/2), and the error
    P(2 B < N - dim_key) + P(2 B = N - dim_key) / 2. Unit: probability. Source: derived for hebbsim, checked by
    Monte-Carlo.
    """
    dim_key = whole("dim_key", dim_key)
    others = (whole("num_patterns", num_patterns) - 1) * dim_key
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
    others = int(whole("num_patterns", num_patterns) - 1) * int(whole("dim_key", dim_key))
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
    whole("dim_value", dim_value)
    limit = -np.log(float(positive("probability", probability, 1.0)))

    def clean(m: int) -> bool:
        return -m * dim_value * np.log1p(-bit_error_exact(dim_key, m)) <= limit

    return largest(clean, 1) / dim_key


def decay_bits(c: ArrayLike, values: str = "gaussian") -> Any:
    """Bits per parameter, all ages of an endless stream together, of S <- a S + k^T v with c = dim_key (1 - a^2).

    With x = a^(2 age) the SNR is c x: (1/c) Int_0^1 I(c x) dx / x. values: "gaussian", -Li2(-c) / (2 c ln 2);
    "bipolar", the field undecided; "hard", its sign. dim_key -> infinity. Source: derived for hebbsim, checked by
    Monte-Carlo.
    """
    return _stream(positive("c", c), 0.0, values)


def delta_bits(rate: ArrayLike, values: str = "gaussian") -> Any:
    """Bits per parameter, all ages together, of S <- S + rate k^T (v - k S), unit-norm keys, 0 < rate < 2.

    With g = rate (2 - rate), x = exp(-2 rate age / dim_key) the SNR is g x / (1 - g x), the bits
    (1 / (2 rate)) Int_0^1 I dx / x; values as in decay_bits; "gaussian" is Li2(g) / (4 rate ln 2). dim_key -> infinity,
    endless stream. Source: derived for hebbsim, checked by Monte-Carlo.
    """
    return _stream(0.0, positive("rate", rate, 2.0), values)


def gated_delta_bits(rate: ArrayLike, c: ArrayLike, values: str = "gaussian") -> Any:
    """Bits per parameter, all ages together, of S <- a S, then the delta write: c = dim_key (1 - a^2), 0 < rate < 2.

    With g = rate (2 - rate), x = exp(-(2 rate + c) age / dim_key) the SNR is (c + g) x / (1 - g x):
    (1 / (2 rate + c)) Int_0^1 I dx / x. values as in decay_bits; "gaussian" is [Li2(g) - Li2(-c)] / (2 (2 rate + c)
    ln 2). c = 0 is delta_bits; rate -> 0 is decay_bits. dim_key -> infinity. Source: derived for hebbsim.
    """
    if np.any(np.asarray(c) != 0):
        positive("c", np.where(np.asarray(c) == 0, 1.0, c))
    return _stream(np.asarray(c, float), positive("rate", rate, 2.0), values)


def _stream(c: ArrayLike, rate: ArrayLike, values: str) -> Any:
    channels = {"gaussian": None, "bipolar": snr_bits, "hard": sign_bits}
    if values not in channels:
        raise one_of("values", values, channels)
    c, rate = np.broadcast_arrays(np.asarray(c, float), np.asarray(rate, float))
    g = rate * (2 - rate)
    if values == "gaussian":
        return ((spence(1 - g) - spence(1 + c)) / (2 * (2 * rate + c) * LN2))[()]
    # x = 1 / (1 + e^y): both ends fall off exponentially, where the trapezoid rule converges exponentially.
    y = np.linspace(-40, 40, 801)
    snr = (c + g)[..., None] / ((1 - rate[..., None]) ** 2 + np.exp(y))
    total = np.array([channels[values](row) @ expit(y) for row in snr.reshape(-1, y.size)]).reshape(c.shape)
    return (total * (y[1] - y[0]) / (2 * rate + c))[()]


def ridge_soft_bits(load: ArrayLike) -> Any:
    """Bits per parameter of least squares on known keys, +-1 values: load * snr_bits(ridge_sinr(load)); at most 1.141.

    dim_key -> infinity; exact (load itself) up to load 1. Source: as ridge_sinr.
    """
    return positive("load", load) * snr_bits(ridge_sinr(load))
