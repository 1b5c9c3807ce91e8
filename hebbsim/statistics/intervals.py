"""Intervals of losses: shares of errors and bits not recovered, from trials that may hold few errors or none.

Between trials the spread is Student's. It knows no error that it has not seen, so the interval is never narrower than
counting the errors seen allows, and where none was seen it reaches to what an exact bound allows. Its form is that of
Jeffreys's interval with the effective number of events: it stays within what a share can be and leans as rare counts do.
Source: Korn & Graubard 1998 (effective sample size, Student's quantile in it); Brown, Cai & DasGupta 2001 (Jeffreys).
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import betaincinv, gammaincinv, ndtri

from hebbsim.statistics.channels import Content
from hebbsim.statistics.estimate import quantile

FEW = 5  # events in all; with fewer the interval is the exact one of so many, which covers more than its level
LEAST = 0.6  # of the spread of independent events: what the spread between trials is taken to be at least


def spread(without: Sequence[float]) -> float:
    """Standard error of a statistic, from its values without one trial each: the jackknife's."""
    values = np.asarray(without, float)
    return float(np.sqrt((len(values) - 1) / len(values) * np.sum((values - values.mean()) ** 2)))


def loss_interval(
    loss: float, error: float, events: float, of: float, trials: int, level: float, stored: float = np.inf
) -> tuple[float, float]:
    """(low, high) of a mean loss of 0 or more, whose standard error over the trials is `error`.

    events: things that went wrong, the cause of the loss; nan if it has no such cause. of: how many could have, which
    makes the loss a share from 0 to 1; inf if it is none. stored: the most that can be lost, near which one more event
    costs less and less.
    """
    tail, normal = (1 - level) / 2, float(ndtri((1 + level) / 2))
    share = np.isfinite(of)
    if np.isnan(events) and error > 0 and loss > 0:
        # No events to count, but the energy of noise, which a few memories may carry: taken for a gamma variate, of which
        # loss / truth is the pivot. The squared coefficient of variation r of its mean is found too small by 1 / (1 + r).
        ratio = min((error / loss) ** 2, 0.95)
        shape = (1 / ratio - 1) * (normal / quantile(level, trials - 1)) ** 2
        low, high = (loss * shape / max(float(gammaincinv(shape, p)), 1e-300) for p in (1 - tail, tail))
        # A shape below 1 says that little is known, not that such a loss is mostly found too small.
        low = min(low, loss * float(gammaincinv(shape + 0.5, tail)) / shape)
        return min(low, loss), max(high, loss)
    counted = 0.0
    if events > 0:
        left = 1 - loss if share else max(1 - loss / stored, 0.0) ** 2 if stored > 0 else 0.0
        counted = loss * float(np.sqrt(left / events))
    few = events < FEW or (share and of - events < FEW) or loss < FEW**0.5 * error  # errors that come together are one
    s = max(quantile(level, trials - 1) / normal * error, counted * (1.0 if few else LEAST))
    if not s or not np.isfinite(s) or loss <= 0 or (share and loss >= 1):
        return (loss, loss) if np.isfinite(s) else (0.0, np.inf)
    below, above = (0.0, 1.0) if few else (0.5, 0.5)
    if share:
        effective = loss * (1 - loss) / s**2
        wrong, right = loss * effective, (1 - loss) * effective
        low = betaincinv(wrong + below, right + above, tail)
        high = betaincinv(wrong + above, right + below, 1 - tail)
    else:
        shape = (loss / s) ** 2
        low, high = (gammaincinv(shape + a, p) * loss / shape for a, p in ((below, tail), (above, 1 - tail)))
    return min(float(low), loss), max(float(high), loss)


def none_seen(rows: float, level: float) -> float:
    """Most that the share of lost rows can be if none of so many independent ones was: the exact bound.

    Errors of one row may all come together, so rows are counted, not bits.
    """
    return 1 - ((1 - level) / 2) ** (1 / rows)


def most_wrong(events: float, of: float, rows: float, level: float) -> float:
    """Most that the share of what goes wrong can be, after a few events or none."""
    if not events:
        return none_seen(rows, level)
    return float(betaincinv(events + 1, of - events, (1 + level) / 2)) if events < of else 1.0


def rate_interval(
    rates: Sequence[tuple[float, float]], rows: float, level: float, share: bool = True
) -> tuple[float, float, float]:
    """(low, best, high) of errors / of how many, given both for each trial. share: the rate cannot be above 1."""
    wrong, of = np.asarray(rates, float).T
    seen, out_of = float(wrong.sum()), float(of.sum())
    if not np.isfinite(seen) or not out_of:
        return np.nan, np.nan, np.nan
    best = seen / out_of
    with np.errstate(divide="ignore", invalid="ignore"):
        error = spread((seen - wrong) / (out_of - of))
    low, high = loss_interval(best, error, seen, out_of if share else np.inf, len(rates), level)
    if not seen:
        high = none_seen(rows, level)
    if share and seen == out_of:
        low = 1 - none_seen(rows, level)
    return low, best, high


def bits_interval(whole: Content, without: Sequence[Content], rows: float, level: float) -> tuple[float, float, float]:
    """(low, best, high) of the bits of one value; `without` leaves out one trial each."""
    trials, best = len(without), whole.bits()
    if np.isinf(whole.stored):  # a channel of plain bits: nothing is known of their limits
        half = quantile(level, trials - 1) * spread([content.bits() for content in without])
        return best - half, best, best + half
    error = spread([content.loss for content in without])
    of = whole.of if whole.share else np.inf
    least, most = loss_interval(whole.loss, error, whole.events, of, trials, level, whole.stored)
    if whole.events < FEW and whole.worst and (not whole.events or not whole.share):
        most = max(most, whole.worst(most_wrong(whole.events, whole.of, rows, level)))
    if whole.share and whole.events == whole.of:
        least = min(least, 1 - none_seen(rows, level))
    low, high = sorted((whole.bits(most), whole.bits(least)))
    if whole.counted or spread([content.stored for content in without]) > 1e-12 * max(whole.stored, 1e-300):
        # What was stored is estimated as well, from the same trials: the spread of the difference counts.
        half = quantile(level, trials - 1) * spread([content.bits() for content in without])
        half = max(half, LEAST * float(ndtri((1 + level) / 2)) * whole.counted)
        low = best - np.hypot(half, best - low) if whole.events < FEW else best - max(half, LEAST * (best - low))
        high = best + half
    return max(min(low, best), 0.0), best, max(high, best)


def sum_interval(
    wholes: Sequence[Content],
    without: Sequence[Sequence[Content]],
    weights: Sequence[float],
    rows: Sequence[float],
    level: float,
) -> tuple[float, float, float]:
    """(low, best, high) of the weighted sum of bits over ages; without[t] leaves trial t out of all of them."""
    if len(wholes) == 1:
        low, best, high = bits_interval(wholes[0], [one[0] for one in without], rows[0], level)
        return weights[0] * low, weights[0] * best, weights[0] * high
    trials = len(without)

    def bits_of(contents: Sequence[Content]) -> float:
        return float(sum(weight * content.bits() for weight, content in zip(weights, contents, strict=True)))

    best, stored = bits_of(wholes), float(np.dot(weights, [content.stored for content in wholes]))
    error = spread([bits_of(one) for one in without])
    half = quantile(level, trials - 1) * error
    low, high = best - half, best + half
    if not any(np.isnan(content.events) for content in wholes):
        events = float(np.sum([content.events for content in wholes]))
        least, most = loss_interval(stored - best, error, events, np.inf, trials, level, stored)
        low, high = stored - most, min(stored - least, stored)
    unseen = [
        weight * (content.bits() - content.bits(content.worst(none_seen(count, level))))
        for weight, content, count in zip(weights, wholes, rows, strict=True)
        if content.events == 0 and content.worst and count
    ]
    low = best - float(np.sqrt((best - low) ** 2 + np.sum(np.square(unseen))))
    return max(min(low, best), 0.0), best, max(high, best)
