"""Up to which load do the patterns of a Hopfield network stay where they were put, as the network grows?

Run time: about 40 minutes on 2 cores. Dynamics start at a stored pattern. Figure: overlap against load for each size,
with the theory; the critical load against size, by three criteria, for full and for sign-clipped weights. Table: the
same, their extrapolations, and what the sweeps allowed, the order of updates and one step do.

A pattern is kept if the state ends at an overlap of SURVIVE or more: final states lie on two humps, near 0.97 and near
0.35, with next to nothing about 0.7.
"""

import contextlib

import numpy as np
from scipy.special import erf, logit, ndtri

from hebbsim import plot, theory
from hebbsim.statistics.estimate import Unresolved, student
from hebbsim.statistics.fit import extrapolate, load_at_error, over_trials, widened
from hebbsim.statistics.measurement import named

SURVIVE, STEPS, PROBES = 0.7, 100, 64
BUDGET = "40 minutes on 2 cores"
KEPT = "critical load, half of the patterns kept"
ANSWER = (
    "Half of the patterns stay up to load {:.3f} at dim 500 and {:.3f} at dim 4000, which extrapolates to {:.3f} "
    "(theory: {:.3f}).",
    [
        *(({"quantity": KEPT, "weights": "full", "dim": dim}, "measured") for dim in (500, 4000, "infinity")),
        ({"quantity": KEPT, "weights": "full", "dim": "infinity"}, "theory"),
    ],
)
CLIPPING = np.pi / 2 - 1  # variance that clipping adds to a weight, in units of load
BELOW = (0.10, 0.12, 0.13)  # where published error rates exist
LOADS = {
    250: (*BELOW, 0.136, 0.14, 0.152, 0.16, 0.18, 0.2, 0.22, 0.24, 0.26),
    500: (*BELOW, 0.135, 0.14, 0.15, 0.16, 0.17, 0.18, 0.2),
    1000: (*BELOW, 0.135, 0.14, 0.15, 0.16, 0.17, 0.18, 0.2),
    2000: (*BELOW, 0.135, 0.14, 0.145, 0.15, 0.155, 0.16, 0.17),
    4000: (*BELOW, 0.135, 0.14, 0.145, 0.15, 0.155, 0.16),
}
CLIPPED = {
    250: (0.08, 0.09, 0.1, 0.108, 0.116, 0.124, 0.14, 0.156, 0.172, 0.188, 0.204),
    500: (0.07, 0.08, 0.09, 0.1, 0.11, 0.12, 0.13, 0.14, 0.15),
    1000: (0.07, 0.08, 0.09, 0.1, 0.11, 0.12, 0.13, 0.14),
    2000: (0.07, 0.08, 0.09, 0.1, 0.105, 0.11, 0.115, 0.12, 0.13),
    4000: (0.07, 0.08, 0.09, 0.1, 0.105, 0.11, 0.115, 0.12),
}
TRIALS = {250: 160, 500: 80, 1000: 40, 2000: 20, 4000: 10}


def task(dim, loads, trials, clipped=False, **options):
    """Odd numbers of patterns for clipped weights: a sum of an even number can be 0, which has no sign."""
    counts = [2 * round(load * dim / 2) + 1 if clipped else round(load * dim) for load in loads]
    memory = dict(rule="hopfield", rule_options={"clipped": clipped}, dim=dim, num_patterns=counts, tied=True)
    reader = dict(retrieval="attractor", retrieval_options={"steps": STEPS})
    return memory | reader | dict(readout_options={"survive": SURVIVE}, probes=PROBES, trials=trials) | options


def name_of(clipped, dim):
    return f"{'clipped' if clipped else 'full'} weights, dim {dim}"


ONCE = "one step, dim 1000"
# (schedule, sweeps, dim): what else the dynamics could have done
OTHERS = {
    ("asynchronous", STEPS, 500): task(
        500, (0.13, 0.16, 0.17, 0.18), 12, retrieval_options={"schedule": "asynchronous", "steps": STEPS}
    ),
    ("synchronous", 4 * STEPS, 2000): task(2000, (0.15, 0.16), 6, retrieval_options={"steps": 4 * STEPS}),
}
TASKS = {ONCE: task(1000, (0.05, *BELOW, 0.15, 0.2), 20, retrieval="matched_filter", retrieval_options={})}
for size, count in TRIALS.items():
    TASKS[name_of(False, size)] = task(size, LOADS[size], count)
    TASKS[name_of(True, size)] = task(size, CLIPPED[size], count, clipped=True)
TASKS |= {f"{schedule}, {sweeps} sweeps, dim {dim}": options for (schedule, sweeps, dim), options in OTHERS.items()}


def load_of(y, clipped=False):
    """The load at which dynamics hold overlap erf(y), dim -> infinity, zero temperature, replica symmetric.

    Noise s^2 = load (r + d), s = erf(y) / (sqrt 2 y), r = (1 - C)^-2, C = sqrt(2 / pi) exp(-y^2) / s; d is what clipping
    adds, pi/2 - 1, or 0. Source: Amit, Gutfreund & Sompolinsky 1985; clipped: Sompolinsky 1986, van Hemmen 1987.
    """
    s = erf(y) / y / np.sqrt(2)
    r = (1 - np.sqrt(2 / np.pi) * np.exp(-y * y) / s) ** -2
    return s * s / (r + CLIPPING * clipped)


Y = np.linspace(0.8, 3, 4001)


def transition(clipped):
    """(load, share of wrong bits) at the end of retrieval: the largest load, and the error there."""
    loads = load_of(Y, clipped)
    top = int(np.argmax(loads))
    return float(loads[top]), float((1 - erf(Y[top])) / 2)


def wrong_bits(load, clipped=False):
    """Share of wrong bits of the stable retrieval state below the transition."""
    held = load_of(Y, clipped)
    stable = slice(int(np.argmax(held)), None)
    return float((1 - erf(np.interp(-load, -held[stable], Y[stable]))) / 2)


def kept_share(counts):
    return float(counts["kept"]) / float(counts["probes"])


def normal_line(curve):
    """Estimates of the load at which half of the patterns are kept, and of the width of the fall: the normal quantile of
    the share kept is (half - load) / width, a line through the points with shares of 0.1 to 0.9."""
    near = [point for point in curve if 0.1 < kept_share(point.counts) < 0.9]
    if len(near) < 2 or not kept_share(near[0].counts) > 0.5 > kept_share(near[-1].counts):
        raise Unresolved("half of the patterns: the loads do not bracket it; add loads")

    loads, level = [p.load for p in near], near[0].level

    def line(totals, form=ndtri):
        slope, start = np.polyfit(loads, [form(kept_share(c)) for c in totals], 1)
        return -start / slope, -1 / slope

    # Other curves through the points: a logistic fall, and a straight one between the two points about the half.
    totals = [p.counts for p in near]
    shares = np.asarray([kept_share(c) for c in totals])
    after = int(np.argmax(shares < 0.5))
    pair = slice(after - 1, after + 1)
    straight = float(np.interp(-0.5, -shares[pair], loads[pair]))
    half = over_trials(near, lambda t: line(t)[0], level)
    half = widened(half, [line(totals, logit)[0], straight], (loads[after - 1], loads[after]))
    return half, over_trials(near, lambda t: line(t)[1], level)


def half_load(curve, clipped=False):
    return normal_line(curve)[0]


def fall_load(curve, clipped=False):
    """Load at which the mean share of wrong bits, over kept and lost, is that of the theory at the transition.

    As dim grows it is less at every load below the transition and about a third above: any share between has the
    transition as its limit. Some 3 % of the patterns are lost there; SURVIVE does not enter.
    """
    return load_at_error(curve, transition(clipped)[1]).load


# The forms c0 + sum of c_i dim^-p that are fitted, p given; the first is the one drawn. Two causes: a pattern's own load
# differs from the mean by chance, as dim^-1/2, which widens the fall and moves all of it but the middle; and a state
# about to vanish, dx/dt = e - x^2 with e the load to go, is pushed over by noise of variance 1/dim at e of dim^-2/3,
# which moves the middle too. A heuristic: the chances of the fits say what the data allow.
CRITERIA = {
    "half of the patterns kept": (half_load, ((2 / 3,), (1 / 2,), (1,))),
    "mean overlap that of the edge": (fall_load, ((1 / 2, 2 / 3), (1 / 2, 1))),
}


def split(results):
    """One-step curve; {(clipped, dim): curve} of the dynamics; {(schedule, sweeps, dim): curve} of other dynamics."""
    found = named(results)
    keys = [(clipped, dim) for clipped in (False, True) for dim in TRIALS]
    main = {key: found[name_of(*key)] for key in keys if name_of(*key) in found}
    names = {key: f"{key[0]}, {key[1]} sweeps, dim {key[2]}" for key in OTHERS}
    return found.get(ONCE, []), main, {key: found[name] for key, name in names.items() if name in found}


def critical(main, clipped, criterion):
    """[(dim, Estimate)] of the curves that bracket the criterion."""
    found = []
    for (other, dim), curve in main.items():
        if other == clipped:
            with contextlib.suppress(Unresolved):
                found.append((dim, CRITERIA[criterion][0](curve, clipped)))
    return found


def limit(points, powers):
    """Fit load = c0 + sum c_i dim^-powers[i]."""
    dims, estimates = zip(*points, strict=True)
    return extrapolate([1 / dim for dim in dims], estimates, powers)


def survivors_wrong(point):
    """Share of wrong bits in the kept patterns."""
    dim = point.task.dim_key
    return over_trials(
        [point], lambda totals: (1 - totals[0]["kept_overlap"] / totals[0]["kept"] / dim) / 2, point.level
    )


def less_kept(point, base):
    """Share of patterns kept at one point less that at another, over the trials of both: the same patterns, probes."""
    pairs = [{record.trial: kept_share(record.counts) for record in p.records} for p in (point, base)]
    return student([pairs[0][trial] - pairs[1][trial] for trial in sorted(pairs[0].keys() & pairs[1].keys())])


def table(results):
    once, main, others = split(results)
    rows = []
    for point in once:
        predicted = theory.bit_error((point.task.num_patterns - 1) / point.task.dim_key)
        where = [point.task.dim_key, f"load {point.load:.4g}"]
        rows.append(["wrong bits, one step", "full", *where, f"{predicted:.5f}", point.error_rate])
    for (clipped, dim), curve in main.items():
        for point in curve:
            if point.load < transition(clipped)[0]:
                where = ["clipped" if clipped else "full", dim, f"load {point.load:.4g}"]
                predicted = f"{wrong_bits(point.load, clipped):.5f}"
                rows.append(["wrong bits", *where, predicted, point.error_rate])
                rows.append(["wrong bits, kept patterns", *where, predicted, survivors_wrong(point)])
    for clipped in (False, True):
        start, predicted = "clipped" if clipped else "full", f"{transition(clipped)[0]:.4f}"
        for criterion in CRITERIA:
            points = critical(main, clipped, criterion)
            name = f"critical load, {criterion}"
            rows += [[name, start, dim, "", predicted, estimate] for dim, estimate in points]
            for powers in CRITERIA[criterion][1] if len(points) > 3 else ():
                fit = limit(points, powers)
                words = f"{fit.form('(1/dim)')}, chance {fit.chance:.2g}"
                rows.append([name, start, "infinity", words, predicted, fit.limit])
    for (clipped, dim), curve in main.items():
        with contextlib.suppress(Unresolved):
            width = normal_line(curve)[1]
            weights = "clipped" if clipped else "full"
            rows.append(["width of the fall x dim^(1/2)", weights, dim, "", "", plot.scaled(width, dim**0.5)])
    for (schedule, sweeps, dim), curve in others.items():
        name = f"share kept, {schedule} {sweeps} sweeps less synchronous {STEPS}"
        base = {point.task.num_patterns: point for point in main.get((False, dim), ())}
        for point in curve:
            if point.task.num_patterns in base:
                gained = less_kept(point, base[point.task.num_patterns])
                rows.append([name, "full", point.task.dim_key, f"load {point.load:.4g}", "", gained])
    return ["quantity", "weights", "dim", "where, form", "theory", "measured"], rows


def figure(results):
    made, (top, bottom) = plot.figure(2, height=2.7)
    _, main, _ = split(results)
    held = load_of(Y)
    stable = slice(int(np.argmax(held)), None)
    inside = held[stable] >= 0.096
    top.plot(held[stable][inside], erf(Y[stable][inside]), "-", color="0.2", zorder=1, label="theory, dim to infinity")
    top.axvline(transition(False)[0], color="0.2", lw=0.8, ls=":")
    shown = ((250, 0), (1000, 1), (4000, 2))
    for dim, i in shown:
        curve = [point for point in main.get((False, dim), []) if point.load < 0.205]
        overlaps = [overlap(point.error_rate) for point in curve]
        plot.points(top, [p.load for p in curve], overlaps, f"dim {dim}", i, joined=True)
    top.set(xlabel="load, patterns / dim", ylabel="mean overlap", xlim=(0.095, 0.205), ylim=(0.3, 1.03))
    plot.legend(top, loc="lower left")
    plot.title(top, "The fall steepens about load .138 as the network grows")
    power = -2 / 3
    for clipped in (False, True):
        bottom.axhline(transition(clipped)[0], color="0.2", lw=0.8, ls=":")
        for i, (criterion, (_, forms)) in enumerate(CRITERIA.items()):
            points = critical(main, clipped, criterion)
            if not points:
                continue
            dims, estimates = zip(*points, strict=True)
            label = f"{criterion}{', clipped' if clipped else ''}"
            plot.points(bottom, [dim**power for dim in dims], estimates, label, i, hollow=clipped)
            if len(points) > 3:
                fit = limit(points, forms[0])
                x = np.linspace(0, min(dims) ** power, 200)
                terms = list(zip(fit.coefficients, fit.powers, strict=True))
                y = sum(c * x ** (1.5 * p) for c, p in terms)
                style = {"color": plot.COLOURS[i], "lw": 0.9, "ls": plot.LINES[i]}
                bottom.plot(x, y, **style)
                plot.points(bottom, [-0.0006 + 0.0003 * i], [fit.limit], "", i, hollow=clipped)
    bottom.set(xlabel="dim (spaced as its power -2/3)", ylabel="critical load", xlim=(-0.0012, 0.027), ylim=(0.08, 0.3))
    plot.ticks(bottom, [0, *(dim**power for dim in (4000, 1000, 500, 250))], ["∞", "4000", "1000", "500", "250"])
    plot.legend(bottom, loc="upper left")
    plot.title(bottom, "Half of the patterns stay up to loads that fall to .140, of clipped weights .107")
    plot.note(bottom, "At ∞: intercepts of the fitted lines, extrapolations; dotted: theory, .138 and .102.")
    return made


def overlap(error):
    """The mean overlap of an estimated share of wrong bits."""
    return error._replace(low=1 - 2 * error.high, best=1 - 2 * error.best, high=1 - 2 * error.low)
