"""What the counts of each readout say about one stored value: its entropy, what is lost of it, and (errors, of how many).

Every function takes the summed counts of one age of one task, as plain arrays. For tied patterns the counts are split by
what the cue says; the bits are then those that the memory adds, I(value; recall, cue) - I(value; cue).

Values are fair (each entry a fair coin, each token alike, k of n units alike) unless the counts say otherwise: those of
an ensemble that does not promise it also hold the values' own frequencies, see readouts/frequencies.py.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from hebbsim.statistics.information import (
    LOG_UNIT,
    Counts,
    decided,
    entropy,
    hard_bits,
    log2_choose,
    mutual_loss,
    symmetric_bits,
)

REPEATED = 0.1  # share of rows seen once, up to which the rows seen are taken for all that there are
FLOAT_BITS = 24.0  # of a float32: what a real entry that comes back without any error is credited with


class Content(NamedTuple):
    """Information about one stored value by one criterion. bits() falls as `loss` rises; intervals are those of `loss`.

    stored: bits that recall could add, the value's entropy given the cue. events: how many things went wrong, `of` how
    many that could; nan where the loss has no such cause. share: the loss is events / of. worst: the most that can be
    lost if a given share goes wrong, for where hardly anything did. counted: standard error of `stored`, were what the
    cue says independent from entry to entry.
    """

    stored: float
    loss: float
    events: float = np.nan
    of: float = np.inf
    share: bool = False
    recovered: Callable[[float], float] | None = None  # loss -> bits; None: stored - loss
    worst: Callable[[float], float] | None = None
    counted: float = 0.0

    def bits(self, loss: float | None = None) -> float:
        """Bits recovered at a loss, its own unless one is given: never below 0, never above what was stored."""
        loss = self.loss if loss is None else loss
        found = self.recovered(loss) if self.recovered else self.stored - loss
        return float(np.clip(found, 0.0, max(self.stored, 0.0)))


def total(count: Any) -> float:
    return float(np.sum(count))


def sign_errors(counts: Counts) -> tuple[float, float]:
    """Wrong bits, and bits."""
    return total(counts["errors"]) + total(counts["ties"]) / 2, total(counts["bits"])


def sign_bits(counts: Counts, vocabulary: int = 0) -> dict[str, Content]:
    """hard: 1 - H2(error rate) bits an entry, of fair untied values; else H(value | cue) - H(value | decision, cue)."""
    entries = total(counts["bits"]) / rows_read(counts)
    wrong = np.asarray(counts["errors"]) + np.asarray(counts["ties"]) / 2
    table = np.stack([wrong, np.asarray(counts["bits"]) - wrong], axis=-1)
    if "columns" in counts:
        part = np.asarray(counts["positive_errors"]) + np.asarray(counts["positive_ties"]) / 2
        positive = np.stack([part, np.asarray(counts["positive_bits"]) - part], axis=-1)
        return {"hard": _unfair(counts, table, positive, entries, *sign_errors(counts))}
    return {"hard": _hard(table, entries)}


def field_errors(counts: Counts) -> tuple[float, float]:
    """Entries of the field with the wrong sign, and entries."""
    table = np.asarray(counts["histogram"], float)
    return total(decided(table)[..., 0]), total(table)


def field_bits(counts: Counts, vocabulary: int = 0) -> dict[str, Content]:
    """soft: I(value; field) of +-1 values, from the histogram of value * field. hard: that of its sign.

    soft is the larger of two lower bounds, the binned field's information and that of its sign.
    """
    table = np.asarray(counts["histogram"], float)
    entries = total(table) / rows_read(counts)
    wrong, of = field_errors(counts)
    if "columns" in counts:
        positive = np.asarray(counts["positive_histogram"], float)
        soft = _unfair(counts, table, positive, entries, wrong, of, corrected=True)
        hard = _unfair(counts, decided(table), decided(positive), entries, wrong, of)
    else:
        cue = symmetric_bits(table.sum(-1)) if table.ndim > 1 else 0.0
        loss = entries * (1 - symmetric_bits(table, corrected=True))
        counted = _cue_error(table, entries) if table.ndim > 1 else 0.0
        soft = Content(entries * (1 - cue), loss, wrong, of, worst=_coins(entries), counted=counted)
        hard = _hard(decided(table), entries)
    return {"soft": _at_least(soft, hard), "hard": hard}


def unit_errors(counts: Counts) -> tuple[float, float]:
    """Wrong units (active ones missed, silent ones on), and active units."""
    return total(counts["misses"]) + total(counts["false"]), total(counts["ones"])


def unit_bits(counts: Counts, vocabulary: int = 0) -> dict[str, Content]:
    """hard: log2 C(n, k) less n H(unit | output). unit: n H2(k / n) less that, as if units were independent.

    unit is what most published Willshaw capacities use; it is too much by log2(2 pi k (1 - k / n)) / 2 bits a code word.
    """
    ones, zeros, misses, false = (
        np.atleast_1d(np.asarray(counts[name], float)) for name in ("ones", "zeros", "misses", "false")
    )
    tables = np.stack([np.stack([zeros - false, false], -1), np.stack([misses, ones - misses], -1)], axis=-2)
    events = unit_errors(counts)[0]
    return {name: _code(counts, tables, events, name == "hard") for name in ("hard", "unit")}


def unit_field_bits(counts: Counts, vocabulary: int = 0) -> dict[str, Content]:
    """soft: log2 C(n, k) less n H(unit | field), from one histogram of the field for the ones and one for the zeros."""
    table = np.asarray(counts["histogram"], float)
    tables = table.reshape(-1, 2, table.shape[-1])
    # Wrong units at the threshold that makes fewest wrong ones.
    off = np.cumsum(tables, axis=-1)
    wrong = off[:, 1] + np.maximum(tables[:, :1].sum(-1) - off[:, 0], 0)
    events = total(np.minimum(wrong.min(-1), tables.sum(-1).min(-1)))
    return {"soft": _code(counts, tables, events, True, corrected=True)}


def gaussian_bits(counts: Counts, vocabulary: int = 0) -> dict[str, Content]:
    """soft: -1/2 log2(1 - rho^2) an entry, rho^2 less its bias 1 / entries; the loss is 1 - rho^2."""
    vv, vr, rr, count = (float(counts[name]) for name in ("vv", "vr", "rr", "entries"))
    if "columns" in counts:  # a mean that every value of a column shares says nothing
        v, r, n = (np.asarray(counts[name], float) for name in ("column_values", "column_fields", "columns"))
        n = np.maximum(n, 1.0)
        vv, vr, rr = vv - total(v * v / n), vr - total(v * r / n), rr - total(r * r / n)
    entries = count / rows_read(counts)
    if not count or vv <= 1e-9 * count or rr <= 0:
        return {"soft": Content(0.0, 1.0)}
    square = min(vr * vr / (vv * rr), 1.0)
    noise = 1 - square + (1 - square) / count

    def recovered(loss: float) -> float:
        # Rounding aside, a field that is the value itself holds without limit: float32's own 24 bits are the ceiling.
        return -0.5 * entries * float(np.log2(np.clip(loss, 2.0 ** (-2 * FLOAT_BITS), 1.0)))

    return {"soft": _capped(counts, Content(FLOAT_BITS * entries, noise, recovered=recovered))}


def token_errors(counts: Counts) -> tuple[float, float]:
    """Wrong tokens, and tokens."""
    return total(counts["errors"]) + total(counts["ties"]) / 2, total(counts["items"])


def token_bits(counts: Counts, vocabulary: int) -> dict[str, Content]:
    """hard: log2 V - H2(e) - e log2(V - 1) of the error rate e. soft: log2 V + the mean log2 posterior of the right word.

    Both are lower bounds of I(token; field), the posterior's noise being the best of a ladder; soft is the larger one.
    """
    errors, items = token_errors(counts)
    vocabulary = round(total(counts["words"]) / items) if "words" in counts else vocabulary
    whole = float(np.log2(vocabulary))
    known = 0.0
    if "cue_log_posterior" in counts:
        known = max(whole + float(np.max(counts["cue_log_posterior"])) / LOG_UNIT / items, 0.0)
    # What recall and cue say together is at least what the better of them says: a lower bound on what is new.
    stored = min(whole, _rows_entropy(counts)) - known

    def lost(rate: float) -> float:  # worse than chance is no better than chance
        return whole - hard_bits(min(rate, 1 - 1 / vocabulary), vocabulary)

    hard = Content(stored, errors / items, errors, items, True, lambda rate: stored - lost(rate), lambda rate: rate)
    soft = Content(stored, -float(np.max(counts["log_posterior"])) / LOG_UNIT / items, errors, items, worst=lost)
    return {"hard": hard, "soft": _at_least(soft, hard)}


def block_errors(counts: Counts) -> tuple[float, float]:
    """Wrong message bits after decoding, and message bits."""
    return total(counts["errors"]), total(counts["message_bits"])


def decoded_bits(counts: Counts, vocabulary: int = 0) -> dict[str, Content]:
    """decoded: message bits of the blocks that came back whole; the loss is the share of blocks that did not."""
    stored = total(counts["message_bits"]) / rows_read(counts)
    wrong, blocks = total(counts["wrong_blocks"]), total(counts["blocks"])
    lost = wrong / blocks
    return {"decoded": Content(stored, lost, wrong, blocks, True, lambda q: stored * (1 - q), lambda rows: rows)}


def rows_read(counts: Counts) -> float:
    """How many values were read back, of the counts of a readout that says so."""
    return float(np.sum(counts["items"] if "items" in counts else counts.get("probes", np.nan)))


def _coins(entries: float) -> Callable[[float], float]:
    return lambda rate: entries * float(entropy(min(rate, 0.5)))


def _hard(table: np.ndarray, entries: float) -> Content:
    """Of fair signs: table (wrong, right), or (what the cue says, (wrong, right))."""
    wrong, of = total(table[..., 0]), total(table)
    if table.ndim == 1:  # worse than chance is nothing: a reader that takes the sign gets nothing

        def bits(rate: float) -> float:
            return entries * (1 - float(entropy(min(rate, 0.5))))

        return Content(entries, wrong / of, wrong, of, True, bits, lambda rate: rate)
    stored, loss = (entries * (1 - symmetric_bits(t)) for t in (table.sum(-1), table))
    return Content(stored, loss, wrong, of, worst=_coins(entries), counted=_cue_error(table, entries))


def _cue_error(table: np.ndarray, entries: float) -> float:
    """Standard error of the entropy that the cue leaves, from the counts of what it says: [wrong, nothing, right]."""
    says = table.reshape(3, -1).sum(-1)
    if says.max() == says.sum():  # a full cue, or none: nothing was left to chance
        return 0.0
    share = np.maximum(says, 0.5) / table.sum()
    costs = np.log2((share + share[::-1]) / share)
    variance = np.sum(share * costs**2) - np.sum(share * costs) ** 2
    return entries * float(np.sqrt(max(variance, 0.0) / table.sum()))


def _unfair(
    counts: Counts,
    table: np.ndarray,
    positive: np.ndarray,
    entries: float,
    wrong: float,
    of: float,
    corrected: bool = False,
) -> Content:
    """Of signs that are not fair: `table` counts outcomes aligned with the value, `positive` those of the values +1."""
    positive, negative = np.asarray(positive, float), np.asarray(table - positive, float)
    joint = np.stack([positive, np.flip(negative)])  # what the cue says and what came back, by their own signs
    cue = joint.sum(-1) if table.ndim > 1 else joint.sum(-1, keepdims=True)
    useless = not corrected and 2 * wrong > of  # worse than chance is nothing to a reader that takes the sign
    stored = entries * mutual_loss(cue) - _columns_know(counts, float(positive.sum()) / of)
    loss = entries * mutual_loss(cue if useless else joint, corrected)
    return _capped(counts, Content(max(stored, 0.0), loss, wrong, of, worst=_coins(entries)))


def _columns_know(counts: Counts, mean: float) -> float:
    """Bits of a value that are known from the columns' own frequencies of +1 (of ones): n H2(mean) - sum_j H2(p_j)."""
    if "columns" not in counts:
        return 0.0
    column = np.asarray(counts["columns"], float) / rows_read(counts)
    return max(float(len(column) * entropy(mean) - np.sum(entropy(np.clip(column, 0, 1)))), 0.0)


def _rows_entropy(counts: Counts) -> float:
    """Entropy of a row as drawn, bits, where rows repeat so often that those seen are all; inf where it is not known."""
    if "repeats" not in counts or total(counts["singletons"]) > REPEATED * rows_read(counts):
        return np.inf
    return max(float(counts["repeats"]) / LOG_UNIT / rows_read(counts), 0.0)


def _capped(counts: Counts, content: Content) -> Content:
    """Never more than the entropy of a row as drawn: the loss is counted against the entries, which may be more."""
    cap, whole = _rows_entropy(counts), content.stored
    if cap >= whole:
        return content
    return content._replace(stored=cap, recovered=content.recovered or (lambda loss: whole - loss))


def _code(counts: Counts, tables: np.ndarray, events: float, exact: bool, corrected: bool = False) -> Content:
    """Entropy of the code less n times the equivocation of a unit, summed over groups of units.

    tables (groups, truth, output). The groups (in the cue, not in it) and how many of each are on is side information.
    """
    probes, stored, loss = rows_read(counts), 0.0, 0.0
    for table in tables:
        of, ones = table.sum(), table[1].sum()
        if of:
            units = of / probes
            stored += log2_choose(units, ones / probes) if exact else units * float(entropy(ones / of))
            loss += units * mutual_loss(table, corrected)
    whole = tables.sum()
    stored = max(stored - _columns_know(counts, float(tables[:, 1].sum() / whole)), 0.0)
    # A row that is lost costs no more than its code word (Fano's inequality, rows being the symbols).
    worst = lambda rate: float(entropy(min(rate, 0.5))) + rate * stored  # noqa: E731
    return _capped(counts, Content(stored, loss, events, probes, worst=worst))


def _at_least(soft: Content, hard: Content) -> Content:
    """soft with its loss no larger than what the decision already recovers."""
    lacking = hard.bits() - (soft.recovered(soft.loss) if soft.recovered else soft.stored - soft.loss)
    return soft._replace(loss=max(soft.loss - max(lacking, 0.0), 0.0))
