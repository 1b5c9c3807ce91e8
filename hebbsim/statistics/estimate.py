"""Numbers with their uncertainty. The independent unit is the trial: probes of one memory are correlated."""

import html
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.special import betaincinv, stdtrit

from hebbsim.checks import check_integer, check_level
from hebbsim.errors import HebbsimError

LOPSIDED = 1.25  # one arm this much longer than the other: the interval is printed as [low, high]
SHARE = "Clopper-Pearson"


class Estimate(NamedTuple):
    """A measured number: `low` and `high` enclose the truth in a fraction `level` of repeated experiments.

    Example:
        >>> from hebbsim import Estimate
        >>> rate = Estimate(0.09, 0.1, 0.11, 0.95, 8, "student over trials")
        >>> print(rate)
        0.100 +/- 0.010 (95 %, 8 trials)
        >>> rate.contains(0.095), rate.half
        (True, 0.010000000000000002)
    """

    low: float
    best: float
    high: float
    level: float
    trials: int
    method: str

    @property
    def half(self) -> float:
        """Half the interval's width."""
        return (self.high - self.low) / 2

    @property
    def standard_error(self) -> float:
        """The interval as one standard error: its half-width over Student's quantile."""
        return self.half / quantile(self.level, self.trials - 1)

    def contains(self, value: float) -> bool:
        """low <= value <= high."""
        return self.low <= value <= self.high

    @property
    def lopsided(self) -> bool:
        """Whether one end of the interval lies much further from `best` than the other."""
        arms = sorted((self.best - self.low, self.high - self.best))
        return arms[1] > LOPSIDED * arms[0]

    def number(self) -> str:
        """best +/- half, or best [low, high] where that is lopsided; the digits follow the error, two figures of it."""
        if np.isnan(self.best):
            return "nan"
        if not np.isfinite(self.half):
            return f"{self.best:.4g} (unresolved)"
        if self.half < 1e-12:
            return f"{self.best:.6g}"
        short = self.half
        if self.lopsided:  # the shorter arm is what would be lost to rounding, but an end at `best` is an end exactly
            arms = [arm for arm in (self.best - self.low, self.high - self.best) if arm > self.half / 50]
            short = min(arms)
        places = int(np.clip(1 - np.floor(np.log10(short)), 0, 12))
        if self.lopsided:
            return f"{self.best:.{places}f} [{self.low:.{places}f}, {self.high:.{places}f}]"
        return f"{self.best:.{places}f} +/- {self.half:.{places}f}"

    def _repr_html_(self) -> str:
        return html.escape(str(self))

    def __str__(self) -> str:
        sample = f"of {self.trials:,}" if self.method == SHARE else f"{self.trials} trials"
        if self.trials == 2 and self.method != SHARE:
            sample = "only 2 trials"
        return f"{self.number()} ({100 * self.level:g} %, {sample})"


class Unresolved(HebbsimError):
    """The data do not decide the number asked for; `estimate` is what they do say."""

    def __init__(self, message: str, estimate: Estimate | None = None) -> None:
        super().__init__(message)
        self.estimate = estimate


def quantile(level: float, freedom: int) -> float:
    """Two-sided Student quantile."""
    return float(stdtrit(max(freedom, 1), (1 + level) / 2))


def joint_level(level: float, rows: int) -> float:
    """Level of each of `rows` intervals so that all hold together with chance `level` (Sidak 1967)."""
    return level ** (1 / max(rows, 1))


def student(values: Sequence[float], level: float = 0.95) -> Estimate:
    """Mean of one number a trial, mean +/- t s / sqrt(trials). Raises Unresolved under two trials.

    Example:
        >>> from hebbsim.statistics.estimate import student
        >>> print(student([0.70, 0.72, 0.71, 0.73]))
        0.715 +/- 0.021 (95 %, 4 trials)
    """
    one = np.asarray(values, float)
    mean = float(one.mean()) if len(one) else np.nan
    two_or_more(len(one), mean, level)
    half = quantile(level, len(one) - 1) * float(one.std(ddof=1)) / np.sqrt(len(one))
    return Estimate(mean - half, mean, mean + half, level, len(values), "student over trials")


def share(successes: int, of: int, level: float = 0.95) -> Estimate:
    """successes / of with the interval of Clopper & Pearson (1934), which stays within [0, 1] and covers at least `level`.

    For events that are independent, such as whole trials that came back or did not: probes of one memory are not.
    `trials` of the Estimate is `of`. Raises HebbsimError unless 0 <= successes <= of, of >= 1.

    >>> print(share(0, 20))
    0.00 [0.00, 0.17] (95 %, of 20)
    """
    of = check_integer("of", of, 1, 2**62)
    successes, tail = check_integer("successes", successes, 0, of), (1 - check_level(level)) / 2
    low = float(betaincinv(successes, of - successes + 1, tail)) if successes else 0.0
    high = float(betaincinv(successes + 1, of - successes, 1 - tail)) if successes < of else 1.0
    return Estimate(low, successes / of, high, level, of, SHARE)


def jackknife(statistic: Callable[[Any], float], trials: Sequence[Any], level: float = 0.95) -> Estimate:
    """statistic(sum of the trials), with its standard error from leaving out one trial at a time and Student's quantile.

    trials: one pytree of additive arrays (a dict or a list of dicts of counts) a trial. Raises Unresolved under two.
    """
    total = add(trials)
    best = float(statistic(total))
    count = len(trials)
    two_or_more(count, best, level)
    without = np.asarray([statistic(subtract(total, trial)) for trial in trials])
    spread = np.sqrt((count - 1) / count * np.sum((without - without.mean()) ** 2))
    half = quantile(level, count - 1) * float(spread)
    return Estimate(best - half, best, best + half, level, count, "jackknife over trials")


def add(trials: Sequence[Any]) -> Any:
    """Sum of pytrees: lists and dicts of arrays."""
    first = trials[0]
    if isinstance(first, dict):
        return {name: sum((np.asarray(t[name]) for t in trials[1:]), np.asarray(first[name])) for name in first}
    return [add([trial[i] for trial in trials]) for i in range(len(first))]


def subtract(total: Any, part: Any) -> Any:
    """total - part, of pytrees."""
    if isinstance(total, dict):
        return {name: total[name] - part[name] for name in total}
    return [subtract(t, p) for t, p in zip(total, part, strict=True)]


def two_or_more(count: int, best: float, level: float) -> None:
    """Raise Unresolved, with what there is, under two trials."""
    if count < 2:
        estimate = Estimate(-np.inf, best, np.inf, level, count, "none")
        raise Unresolved(f"{count} trial(s): an interval takes 2 or more", estimate)
