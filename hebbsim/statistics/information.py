"""Entropies and informations of tables of counts. NumPy and SciPy only; channels.py applies them to what readouts count."""

from collections.abc import Mapping

import numpy as np
from scipy.special import gammaln, psi, xlogy

Counts = Mapping[str, np.ndarray]

STEPS = 8  # histogram bins an octave
HALF = 512  # bins of one sign: 64 octaves about 1; what lies beyond is counted in the last
NUM_BINS = 2 * HALF + 1  # negative, zero, positive
LADDER = (
    1 / 64,
    1 / 16,
    1 / 4,
    1 / 2,
    1.0,
    2.0,
    4.0,
    16.0,
    64.0,
)  # inverse noises tried, as multiples of the reader's own
LOG_UNIT = 256.0  # log posteriors are counted in 1/LOG_UNIT bit
LN2 = float(np.log(2.0))


def entropy(p: float | np.ndarray) -> np.ndarray:
    """H2(p) = -p log2 p - (1 - p) log2(1 - p), bits."""
    p = np.asarray(p, float)
    return -(xlogy(p, p) + xlogy(1 - p, 1 - p)) / LN2


def log2_choose(n: float, k: float) -> float:
    """log2 C(n, k), bits; defined between integers by the gamma function."""
    return float(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)) / LN2


def hard_bits(error_rate: float, vocabulary: int = 2) -> float:
    """log2 V - H2(e) - e log2(V - 1), bits of one symbol of V alike; wrong symbols alike too. Source: Fano's bound, met."""
    return float(np.log2(vocabulary) - entropy(error_rate) - error_rate * np.log2(vocabulary - 1))


def decided(histogram: np.ndarray) -> np.ndarray:
    """[wrong, right] of a histogram of value * field, a zero field being half of each."""
    half = histogram[..., HALF] / 2
    return np.stack([histogram[..., :HALF].sum(-1) + half, histogram[..., HALF + 1 :].sum(-1) + half], axis=-1)


def xlogx(n: np.ndarray, corrected: bool) -> np.ndarray:
    """n ln n of the expected count (its mean over n is that if n is Poisson), or of the count itself.

    Corrected: n G(n), G(n) = psi(n) + (-1)^n (psi((n + 1)/2) - psi(n/2)) / 2 (Grassberger 2003). Entropies made of it
    have almost none of the plug-in bias, about (cells - 1)/(2 N ln 2) bits, and none from cells that are certain.
    """
    if not corrected:
        return xlogy(n, n)
    n = np.asarray(n, float)
    some = np.maximum(n, 1.0)
    odd = np.where(np.mod(some, 2) == 1, -0.5, 0.5)
    return np.where(n > 0, n * (psi(some) + odd * (psi((some + 1) / 2) - psi(some / 2))), 0.0)


def symmetric_bits(table: np.ndarray, corrected: bool = False) -> float:
    """Information (bits) about a fair sign from what comes aligned with it.

    table[x] counts aligned outcomes; -x stands at the mirrored place on every axis. Given the unsigned outcome the
    sign's posterior is n(x) : n(-x), so I = 1 - sum_x n(x) log2((n(x) + n(-x)) / n(x)) / N.
    """
    flat = table.reshape(-1)
    half = len(flat) // 2
    seen = (flat + flat[::-1])[:half] > 0
    low, high = flat[:half][seen], flat[::-1][:half][seen]
    loss = xlogx(low + high, corrected) - xlogx(low, corrected) - xlogx(high, corrected)
    middle = flat[half] if len(flat) % 2 else 0.0  # its own mirror: it says nothing, one bit is lost
    return 1.0 - (loss.sum() / LN2 + middle) / flat.sum()


def mutual_loss(table: np.ndarray, corrected: bool = False) -> float:
    """H(value | outcome), bits a value, of counts table (values, outcomes ...)."""
    flat = table.reshape(len(table), -1)
    flat = flat[:, flat.any(axis=0)]
    total = flat.sum()
    if not total:
        return 0.0
    left = xlogx(flat.sum(0), corrected).sum() - xlogx(flat, corrected).sum()
    return max(float(left) / LN2 / float(total), 0.0)
