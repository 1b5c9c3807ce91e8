"""Endless streams: what a memory that forgets holds of all ages together. No JAX."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, spence

from hebbsim.checks import check_positive
from hebbsim.errors import one_of
from hebbsim.statistics.information import LN2
from hebbsim.theory.one_shot import sign_bits, snr_bits


def decay_bits(c: ArrayLike, values: str = "gaussian") -> Any:
    """Bits per parameter, all ages of an endless stream together, of S <- a S + k^T v with c = dim_key (1 - a^2).

    With x = a^(2 age) the SNR is c x: (1/c) Int_0^1 I(c x) dx / x. values: "gaussian", -Li2(-c) / (2 c ln 2);
    "bipolar", the field undecided; "hard", its sign. dim_key -> infinity. Source: derived for hebbsim, checked by
    Monte-Carlo.

    Example:
        >>> from hebbsim import theory
        >>> round(float(theory.decay_bits(1)), 4)
        0.5933
    """
    return _stream(check_positive("c", c), 0.0, values)


def delta_bits(rate: ArrayLike, values: str = "gaussian") -> Any:
    """Bits per parameter, all ages together, of S <- S + rate k^T (v - k S), unit-norm keys, 0 < rate < 2.

    With g = rate (2 - rate), x = exp(-2 rate age / dim_key) the SNR is g x / (1 - g x), the bits
    (1 / (2 rate)) Int_0^1 I dx / x; values as in decay_bits; "gaussian" is Li2(g) / (4 rate ln 2). dim_key -> infinity,
    endless stream. Source: derived for hebbsim, checked by Monte-Carlo.

    Example:
        >>> from hebbsim import theory
        >>> round(float(theory.delta_bits(0.5, "hard")), 4)
        0.5046
    """
    return _stream(0.0, check_positive("rate", rate, 2.0), values)


def gated_delta_bits(rate: ArrayLike, c: ArrayLike, values: str = "gaussian") -> Any:
    """Bits per parameter, all ages together, of S <- a S, then the delta write: c = dim_key (1 - a^2), 0 < rate < 2.

    With g = rate (2 - rate), x = exp(-(2 rate + c) age / dim_key) the SNR is (c + g) x / (1 - g x):
    (1 / (2 rate + c)) Int_0^1 I dx / x. values as in decay_bits; "gaussian" is [Li2(g) - Li2(-c)] / (2 (2 rate + c)
    ln 2). c = 0 is delta_bits; rate -> 0 is decay_bits. dim_key -> infinity. Source: derived for hebbsim.
    """
    if np.any(np.asarray(c) != 0):
        check_positive("c", np.where(np.asarray(c) == 0, 1.0, c))
    return _stream(np.asarray(c, float), check_positive("rate", rate, 2.0), values)


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
