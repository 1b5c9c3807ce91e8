"""Counts -> bits. NumPy only; every function takes the summed counts of one age of one task, as plain arrays.

Which function applies is told by the names of the counts, so that a reader of one's own needs nothing here as long as
it counts the same things. For tied patterns counts are split by what the cue says; the bits are then those that the
memory adds, I(value; recall, cue) - I(value; cue).
"""

from collections.abc import Mapping

import numpy as np
from scipy.special import gammaln, psi, xlogy

Counts = Mapping[str, np.ndarray]

STEPS = 8  # histogram bins an octave
HALF = 512  # bins of one sign: 64 octaves about 1; what lies beyond is counted in the last
NUM_BINS = 2 * HALF + 1  # negative, zero, positive
LADDER = (0.25, 0.5, 1.0, 2.0, 4.0)  # inverse noises tried, as multiples of the reader's own
LOG_UNIT = 256.0  # log posteriors are counted in 1/LOG_UNIT bit
LN2 = float(np.log(2.0))


def entropy(p: float | np.ndarray) -> np.ndarray:
    """H2(p) = -p log2 p - (1 - p) log2(1 - p), bits."""
    p = np.asarray(p, float)
    return -(xlogy(p, p) + xlogy(1 - p, 1 - p)) / LN2


def log2_choose(n: float, k: float) -> float:
    """log2 C(n, k), bits; defined between whole numbers by the gamma function."""
    return float(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)) / LN2


def pair_bits(counts: Counts, vocabulary: int = 0) -> dict[str, float]:
    """Bits recovered of one stored value, by criterion, the readout's own criterion first.

    counts: sums over probes and trials. vocabulary: of a token ensemble. A criterion that the counts do not decide is
    left out; nan where nothing was probed.
    """
    probes = float(counts["items"] if "items" in counts else counts["probes"])
    if not probes:
        return {"hard": np.nan, "soft": np.nan, "unit": np.nan}
    if "log_posterior" in counts:
        return _token_bits(counts, probes, vocabulary)
    if "misses" in counts:
        tables = _tables(counts)
        return {"hard": _unit_bits(tables, probes), "unit": _unit_bits(tables, probes, exact_code=False)}
    if "vv" in counts:
        return {"soft": _gaussian_bits(counts, probes)}
    if "histogram" in counts:
        table = np.asarray(counts["histogram"], float)
        if table.ndim > 1 and table.shape[-2] == 2:
            return {"soft": _unit_bits(table.reshape(-1, 2, NUM_BINS), probes, corrected=True)}
        decided = _decided(table)
        return {
            "soft": _sign_bits(table, corrected=True) * table.sum() / probes,
            "hard": _sign_bits(decided) * table.sum() / probes,
        }
    errors = np.asarray(counts["errors"]) + np.asarray(counts["ties"]) / 2
    table = np.stack([errors, np.asarray(counts["bits"]) - errors], axis=-1)
    if table.ndim == 1 and table[0] > table[1]:
        return {"hard": 0.0}  # worse than chance: a reader that takes the sign gets nothing
    return {"hard": _sign_bits(table) * table.sum() / probes}


def errors_of(counts: Counts) -> tuple[float, float]:
    """(errors, of how many): bits, items, or wrong units of active ones. A tie is half an error; nan if not decided."""
    if "misses" in counts:
        return float(np.sum(counts["misses"]) + np.sum(counts["false"])), float(np.sum(counts["ones"]))
    if "errors" in counts:
        of = counts["items"] if "items" in counts else counts["bits"]
        return float(np.sum(counts["errors"]) + np.sum(counts["ties"]) / 2), float(np.sum(of))
    if "histogram" in counts:
        table = np.asarray(counts["histogram"], float)
        if table.ndim == 1 or table.shape[-2] == 3:
            wrong = _decided(table)[..., 0]
            return float(wrong.sum()), float(table.sum())
    return float("nan"), float("nan")


def hard_bits(error_rate: float, vocabulary: int = 2) -> float:
    """log2 V - H2(e) - e log2(V - 1), bits of one symbol of V alike; wrong symbols alike too. Source: Fano's bound, met."""
    return float(np.log2(vocabulary) - entropy(error_rate) - error_rate * np.log2(vocabulary - 1))


def _decided(histogram: np.ndarray) -> np.ndarray:
    """[wrong, right] of a histogram of value * field, a zero field being half of each."""
    half = histogram[..., HALF] / 2
    return np.stack([histogram[..., :HALF].sum(-1) + half, histogram[..., HALF + 1 :].sum(-1) + half], axis=-1)


def _xlogx(n: np.ndarray, corrected: bool) -> np.ndarray:
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


def _symmetric(table: np.ndarray, corrected: bool = False) -> float:
    """Information (bits) about a fair sign from what comes aligned with it.

    table[x] counts aligned outcomes; -x stands at the mirrored place on every axis. Given the unsigned outcome the
    sign's posterior is n(x) : n(-x), so I = 1 - sum_x n(x) log2((n(x) + n(-x)) / n(x)) / N.
    """
    flat = table.reshape(-1)
    half = len(flat) // 2
    low, high = flat[:half], flat[::-1][:half]
    loss = _xlogx(low + high, corrected) - _xlogx(low, corrected) - _xlogx(high, corrected)
    middle = flat[half] if len(flat) % 2 else 0.0  # its own mirror: it says nothing, one bit is lost
    return 1.0 - (loss.sum() / LN2 + middle) / flat.sum()


def _sign_bits(table: np.ndarray, corrected: bool = False) -> float:
    """Bits an entry: the joint table's less the cue's own."""
    bits = _symmetric(table, corrected)
    return bits - _symmetric(table.sum(-1), corrected) if table.ndim > 1 else bits


def _gaussian_bits(counts: Counts, probes: float) -> float:
    """-1/2 log2(1 - rho^2) an entry, rho^2 less its bias 1/N."""
    vv, vr, rr, entries = (float(counts[name]) for name in ("vv", "vr", "rr", "entries"))
    if not entries or not vv or not rr:
        return 0.0
    square = vr * vr / (vv * rr)
    square -= (1 - square) / entries
    # Rounding aside, a field that is the value itself holds without limit: float32's own 24 bits are the ceiling.
    return -0.5 * float(np.log2(np.maximum(1 - square, 2.0**-48))) * entries / probes


def _tables(counts: Counts) -> np.ndarray:
    """(groups, truth zero/one, output off/on) from the counts of the threshold readout."""
    ones, zeros, misses, false = (
        np.atleast_1d(np.asarray(counts[name], float)) for name in ("ones", "zeros", "misses", "false")
    )
    return np.stack([np.stack([zeros - false, false], -1), np.stack([misses, ones - misses], -1)], axis=-2)


def _unit_bits(tables: np.ndarray, probes: float, corrected: bool = False, exact_code: bool = True) -> float:
    """Entropy of the code less n times the equivocation of a unit, summed over groups of units.

    tables (groups, truth, output). The groups (in the cue, not in it) and how many of each are on is side information.
    The entropy is log2 C(n, k); not exact_code: n H2(k/n), as if units were independent, which is what most published
    Willshaw capacities use. It is too much by log2(2 pi k (1 - k/n)) / 2 bits a code word.
    """
    bits = 0.0
    for table in tables:
        total, ones = table.sum(), table[1].sum()
        if not total:
            continue
        left = (_xlogx(table.sum(0), corrected).sum() - _xlogx(table, corrected).sum()) / LN2 / total
        units, active = total / probes, ones / probes
        bits += (log2_choose(units, active) if exact_code else units * entropy(ones / total)) - units * left
    return max(float(bits), 0.0)  # a lower bound, and so is nothing


def _token_bits(counts: Counts, probes: float, vocabulary: int) -> dict[str, float]:
    whole = float(np.log2(vocabulary))
    known = 0.0
    if "cue_log_posterior" in counts:
        known = max(whole + float(np.max(counts["cue_log_posterior"])) / LOG_UNIT / probes, 0.0)
    errors, items = errors_of(counts)
    soft = max(whole + float(np.max(counts["log_posterior"])) / LOG_UNIT / probes, 0.0)
    hard = hard_bits(min(errors / items, 1 - 1 / vocabulary), vocabulary)  # worse than chance is no better than chance
    if known:
        # What recall and cue say together is at least what the better of them says: a lower bound on what is new.
        hard, soft = max(hard - known, 0.0), max(soft - known, 0.0)
    return {"hard": hard, "soft": soft}
