"""Curves -> capacities -> limits. No JAX. What the data do not bracket raises Unresolved."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.special import chdtrc, logit, ndtri

from hebbsim.errors import HebbsimError
from hebbsim.statistics.estimate import Estimate, Unresolved, jackknife, quantile, student
from hebbsim.statistics.intervals import FEW
from hebbsim.statistics.measurement import Measurement

STRETCH = 1.25


class Capacity(NamedTuple):
    """Where on a curve a criterion is met: load = num_patterns / dim_key, and the bits per parameter there."""

    criterion: str
    load: Estimate
    bits: Estimate


class Fit(NamedTuple):
    """value(x) = sum of coefficients[i] * x**powers[i], least squares weighted by the errors."""

    limit: Estimate  # the coefficient of x**0
    coefficients: tuple[float, ...]
    powers: tuple[float, ...]
    chance: float  # of a chi^2 as large as this one or larger, if the form is right

    def form(self, x: str = "x") -> str:
        """The fitted formula in words."""
        parts = [f"{c:.4g}" + (f" {x}^{p:g}" if p else "") for c, p in zip(self.coefficients, self.powers, strict=True)]
        return " + ".join(parts)


def over_trials(curve: Sequence[Measurement], statistic: Callable[[list[Any]], float], level: float) -> Estimate:
    """Jackknife of statistic(list of summed counts, one a load) over the trials that every load has.

    Loads of one trial share its memory, so a trial is left out of all of them at once.
    """
    shared = set.intersection(*({record.trial for record in point.records} for point in curve))
    kept = [{r.trial: t for r, t in zip(point.records, point.trials, strict=True)} for point in curve]
    return jackknife(statistic, [[counts[trial] for counts in kept] for trial in sorted(shared)], level)


def widened(
    estimate: Estimate,
    others: Sequence[float],
    within: tuple[float, float] = (-np.inf, np.inf),
    stretch: float = STRETCH,
) -> Estimate:
    """The estimate with what other ways to interpolate give in its interval: added as independent errors, side by side.

    within: where the number must lie whatever the way; an end that reaches beyond by sampling alone stays. stretch: of
    their distance, since a few ways do not show all that curves can do.
    """
    best = estimate.best
    below, above = (stretch * (max(f * (other - best) for other in (best, *others))) for f in (-1, 1))
    low, high = best - np.hypot(best - estimate.low, below), best + np.hypot(estimate.high - best, above)
    low, high = max(low, min(within[0], estimate.low)), min(high, max(within[1], estimate.high))
    return estimate._replace(low=float(low), high=float(high), method=f"{estimate.method}, with interpolation")


def best_load(curve: Sequence[Measurement], criterion: str, level: float = 0.95) -> Capacity:
    """The load of most bits: the top of the parabola in log load through the best point and its neighbours.

    The intervals hold the tops of parabolas in the load and in its inverse root, of the bits and of their logarithm.
    Raises Unresolved where the best point is the first or the last.

    Example:
        >>> from hebbsim import curve, fit
        >>> tokens = dict(ensemble="tokens", ensemble_options={"vocabulary": 16}, readout="argmax")
        >>> points = curve(dim=32, loads=[0.5, 2, 32], trials=4, **tokens)
        >>> capacity = fit.best_load(points, "hard")
        >>> 0.5 < capacity.load.best < 32
        True
    """
    logs = _log_loads(curve, 3)
    bits = np.asarray([point.bits_of(point.counts, criterion) for point in curve])
    top = int(np.argmax(bits))
    if top in (0, len(curve) - 1):
        side = "below" if top == 0 else "above"
        message = f"best load: {criterion} bits are most at the {'first' if top == 0 else 'last'} load, "
        raise Unresolved(f"{message}{curve[top].load:.4g}; add loads {side} it", curve[top].bits[criterion])
    near = curve[top - 1 : top + 2]
    x = logs[top - 1 : top + 2]

    def peak(y: Sequence[float], power: float = 0.0, logarithm: bool = False) -> tuple[float, float]:
        """(log load, bits) of the top, the parabola being in load**power, or the log load."""
        axis, height = (np.exp(power * x) if power else x), np.log(y) if logarithm else np.asarray(y)
        a, b, c = np.polyfit(axis - axis[1], height, 2)
        if a >= 0:
            return float(x[int(np.argmax(y))]), float(np.max(y))
        at = np.clip(-b / (2 * a), *sorted((axis[0] - axis[1], axis[2] - axis[1])))
        value, place = (a * at + b) * at + c, at + axis[1]
        return float(np.log(place) / power if power else place), float(np.exp(value) if logarithm else value)

    def height(totals: list[Any]) -> list[float]:
        return [point.bits_of(counts, criterion) for point, counts in zip(near, totals, strict=True)]

    whole = bits[top - 1 : top + 2]
    forms = [(power, how) for power in (0.0, 1.0, -0.5) for how in (False, True) if whole.min() > 0 or not how]
    loads, tops = zip(*(peak(list(whole), *form) for form in forms), strict=True)
    load = widened(over_trials(near, lambda totals: peak(height(totals))[0], level), loads, (x[0], x[2]))
    most = widened(over_trials(near, lambda totals: peak(height(totals))[1], level), tops)
    return Capacity("best", _exp(load, 0.0), most)


def load_at_error(curve: Sequence[Measurement], error: float = 0.01, level: float = 0.95) -> Capacity:
    """The load at which the error rate reaches `error`: the normal quantile of the rate is a line in log load between points.

    The interval holds what other lines give (the logarithm and the log-odds of the rate; the load and its inverse root)
    and, where fewer than five errors were seen at an end, the rates that these do not exclude. Bits are the hard bits
    there. Raises Unresolved where the curve does not bracket it.

    Example:
        >>> from hebbsim import curve, fit
        >>> points = curve(dim=32, loads=[0.1, 0.3, 1], trials=4)
        >>> capacity = fit.load_at_error(points, error=0.05)
        >>> 0.3 < capacity.load.best < 0.5
        True
    """
    logs = _log_loads(curve, 2)
    rates = np.asarray([point.error_rate.best for point in curve])
    above = np.flatnonzero(rates > error)
    if not len(above) or above[0] == 0:
        worst = curve[0] if len(above) else curve[-1]
        message = f"load at error {error:g}: rates run from {rates.min():.2g} to {rates.max():.2g}; "
        raise Unresolved(f"{message}add {'smaller' if len(above) else 'larger'} loads", worst.error_rate)
    low, high = above[0] - 1, above[0]
    pair = [curve[low], curve[high]]
    if rates[high] > 0.9:
        message = f"load at error {error:g}: the rate jumps from {rates[low]:.2g} to {rates[high]:.2g}; "
        between = f"add loads between {curve[low].load:.4g} and {curve[high].load:.4g}"
        raise Unresolved(message + between, curve[low].error_rate)
    seen, of = pair[0].errors_of(pair[0].counts)
    floor = 0.5 / of  # a rate of none is between 0 and one error: the line needs a finite quantile
    ends = float(logs[low]), float(logs[high])

    def cross(rates: Sequence[float], scale: Callable[[Any], Any] = ndtri, power: float = 0.0) -> float:
        """Log load of the crossing: scale(rate) is a line in load**power, or in the log load; at most a step beyond."""
        z = scale(np.clip(rates, floor, 1 - floor))
        part = np.clip((scale(error) - z[0]) / (z[1] - z[0]), -1, 2) if z[1] > z[0] else 0.5
        if not power or not 0 <= part <= 1:
            return float(ends[0] + part * (ends[1] - ends[0]))
        x = np.exp(power * np.asarray(ends))
        return float(np.log(x[0] + part * (x[1] - x[0])) / power)

    def rates_of(totals: list[Any]) -> list[float]:
        return [float(np.divide(*point.errors_of(counts))) for point, counts in zip(pair, totals, strict=True)]

    load = over_trials(pair, lambda totals: cross(rates_of(totals)), level)
    forms = [(scale, power) for scale in (ndtri, np.log, logit) for power in (0.0, 1.0, -0.5)]
    choices = [[float(rates[low]), float(rates[high])]]
    if seen < FEW:  # how rare the errors are is hardly known, and may be anything if none was seen
        intervals = [point.error_rate for point in pair]
        choices += [[e.high for e in intervals], [e.low for e in intervals]]
    others = [cross(choice, *form) for choice in choices for form in forms] + ([] if seen else [float(ends[1])])
    load = widened(load, others, ends)

    def bits(log_load: float, totals: list[Any]) -> float:
        contents = [point.content(counts, "hard") for point, counts in zip(pair, totals, strict=True)]
        if contents[0] and contents[0].share and contents[0].recovered:
            pairs = np.exp(log_load) * pair[0].task.dim_key
            return float(pairs * contents[0].bits(error) / pair[0].num_parameters)
        # Bits per load change slowly along the curve: interpolate those.
        per = [p.bits_of(c, "hard") / p.load for p, c in zip(pair, totals, strict=True)]
        part = (log_load - ends[0]) / (ends[1] - ends[0])
        return float(np.exp(log_load) * (per[0] + part * (per[1] - per[0])))

    whole = [point.counts for point in pair]
    found = over_trials(pair, lambda totals: bits(cross(rates_of(totals)), totals), level)
    found = widened(found, [bits(load.low, whole), bits(load.high, whole)], stretch=1.0)
    return Capacity(f"epsilon {error:g}", _exp(load, 0.0), found)


def exact_load(curve: Sequence[Measurement], level: float = 0.95) -> Capacity:
    """The load up to which a trial reads back with no error at all; mean over trials.

    It lies between the last load without an error (all lesser ones without, too) and the next: the geometric middle is
    taken, and half of the mean step is in the interval. Raises Unresolved where some trial fails at the first load or
    none fails by the last, and where not every pair was probed.
    """
    shared = sorted(set.intersection(*({record.trial for record in point.records} for point in curve)))
    counted = [{record.trial: t for record, t in zip(p.records, p.trials, strict=True)} for p in curve]
    loads, bits, steps = [], [], []
    for trial in shared:
        counts = [at[trial] for at in counted]
        clean = np.asarray([point.errors_of(c)[0] == 0 for point, c in zip(curve, counts, strict=True)])
        last = len(clean) if clean.all() else int(np.argmin(clean))
        if curve[min(last, len(clean) - 1)].task.probes < curve[min(last, len(clean) - 1)].task.num_patterns:
            raise Unresolved("exact load: not every pair was probed; allowed: probes of num_patterns or more")
        if last in (0, len(clean)):
            which = "the first load already has errors" if last == 0 else "no load has an error"
            raise Unresolved(f"exact load: in trial {trial} {which}; add {'smaller' if last == 0 else 'larger'} loads")
        step = np.sqrt(curve[last].load / curve[last - 1].load)
        loads.append(step * curve[last - 1].load)
        steps.append(step)
        bits.append(step * curve[last - 1].bits_of(counts[last - 1], "hard"))

    def mean(values: list[float]) -> Estimate:
        ends = [np.mean(np.divide(values, steps)), np.mean(np.multiply(values, steps))]
        return widened(student(values, level), [float(end) for end in ends], stretch=1.0)

    return Capacity("exact", mean(loads), mean(bits))


def extrapolate(x: Sequence[float], values: Sequence[Estimate], powers: Sequence[float], level: float = 0.95) -> Fit:
    """Fit value = c0 + sum c_i x**p_i to independent estimates; `limit` is c0, what is left as x -> 0.

    powers: of the terms beyond the constant. The interval is Student's, from the estimates' own errors (widened by the
    scatter where that is larger) on the fewest trials among them. Raises HebbsimError with too few points.

    Example:
        >>> from hebbsim import Estimate, fit
        >>> sizes = [Estimate(y - 0.01, y, y + 0.01, 0.95, 8, "given") for y in (0.70, 0.72, 0.73, 0.735)]
        >>> found = fit.extrapolate([1 / 64, 1 / 128, 1 / 256, 1 / 512], sizes, powers=[1])
        >>> print(found.limit.number())
        0.7400 +/- 0.0086
    """
    at, powers = np.asarray(x, float), (0.0, *powers)
    if len(x) <= len(powers):
        raise HebbsimError(f"extrapolate: {len(x)} points for {len(powers)} coefficients; allowed: more points")
    errors = np.asarray([value.standard_error for value in values])
    if not np.all(errors > 0) or not np.all(np.isfinite(errors)):
        raise Unresolved("extrapolate: an estimate has no finite error of its own; add trials")
    design = at[:, None] ** np.asarray(powers) / errors[:, None]
    target = np.asarray([value.best for value in values]) / errors
    solution, *_ = np.linalg.lstsq(design, target, rcond=None)
    freedom = len(x) - len(powers)
    chi2 = float(np.sum((design @ solution - target) ** 2))
    spread = np.sqrt(np.linalg.inv(design.T @ design)[0, 0] * max(1.0, chi2 / freedom))
    trials = min(value.trials for value in values)
    half = quantile(level, trials - 1) * float(spread)
    limit = Estimate(
        solution[0] - half, float(solution[0]), solution[0] + half, level, trials, "weighted least squares"
    )
    return Fit(limit, tuple(map(float, solution)), powers, float(chdtrc(freedom, chi2)))


def load_limit(
    curve: Sequence[Measurement], criterion: str, powers: Sequence[float] = (1, 2), level: float = 0.95
) -> Fit:
    """Bits per parameter as the load grows without end: a polynomial in 1/load through all points of one curve.

    The loads share their memories, so the interval is a jackknife over trials of the whole fit; weights are the
    points' own errors. Raises Unresolved under two trials.
    """
    errors = np.asarray([point.bits[criterion].standard_error for point in curve])
    powers = (0.0, *powers)
    if len(curve) <= len(powers):
        raise HebbsimError(f"load limit: {len(curve)} loads for {len(powers)} coefficients; allowed: more loads")
    design = np.asarray([1 / point.load for point in curve])[:, None] ** np.asarray(powers) / errors[:, None]
    inverse = np.linalg.pinv(design)

    def coefficients(totals: list[Any]) -> np.ndarray:
        bits = [point.bits_of(counts, criterion) for point, counts in zip(curve, totals, strict=True)]
        return inverse @ (np.asarray(bits) / errors)

    limit = over_trials(curve, lambda totals: float(coefficients(totals)[0]), level)
    fitted = coefficients([point.counts for point in curve])
    residual = design @ fitted - np.asarray([point.bits[criterion].best for point in curve]) / errors
    chance = float(chdtrc(len(curve) - len(powers), np.sum(residual**2)))
    return Fit(limit, tuple(map(float, fitted)), powers, chance)


def _log_loads(curve: Sequence[Measurement], least: int) -> np.ndarray:
    loads = [point.load for point in curve]
    if len(curve) < least or loads != sorted(set(loads)):
        raise HebbsimError(f"curve: {len(curve)} loads; allowed: {least} or more different ones in ascending order")
    return np.log(loads)


def _exp(estimate: Estimate, shift: float) -> Estimate:
    low, best, high = (float(np.exp(value + shift)) for value in estimate[:3])
    return estimate._replace(low=low, best=best, high=high)
