"""How many bits does each rule for sparse codes hold, by coding level f = active / n and by size?

Run time: about 6 minutes on 2 cores. Figure: bits of the covariance rule read softly and by the best threshold, against
load; then the most bits over load, and the bits at 1 % output noise (misses and false ones per active one), against f for
every rule at n = 1024. Table: the same numbers, those of n = 256 and 2048, and completion from half a cue.
"""

import functools

import numpy as np
from scipy.special import ndtr, xlogy

from hebbsim import plot, theory
from hebbsim.errors import HebbsimError
from hebbsim.statistics.estimate import jackknife
from hebbsim.statistics.fit import best_load, load_at_error
from hebbsim.statistics.information import LN2
from hebbsim.statistics.measurement import named

RULES = ("willshaw", "covariance", "bcpnn", "hebbian")
BUDGET = "6 minutes on 2 cores"
ANSWER = (
    "At 1 % noise, 12 of 1024 units active, BCPNN and Willshaw hold {:.2f} and {:.2f} bits per parameter, the "
    "covariance rule {:.2f}; with 102 active {:.2f}, {:.2f} and {:.2f}.",
    [
        *(
            ({"rule": rule, "n": 1024, "active": active, "cue": "full"}, "at 1 % noise")
            for active in (12, 102)
            for rule in ("bcpnn", "willshaw", "covariance")
        )
    ],
)
# (n, active): the pairs that leave the covariance rule 1 % noise, to two figures; written out so that records keep their
# identity. The least number active is the Willshaw design's, theory.willshaw_best.
SETTINGS = {
    (256, 10): 180,
    (256, 26): 83,
    (256, 128): 39,
    (1024, 12): 2100,
    (1024, 32): 890,
    (1024, 102): 340,
    (1024, 512): 155,
    (2048, 13): 7500,
}
PARTS = (0.06, 0.12, 0.25, 0.5, 0.7, 1, 1.4, 2, 2.8, 4, 5.6)  # of those pairs
DENSE = (8, 12, 16, 24, 32)  # more of them where f > 0.03, whose best load is high
LARGE = {"willshaw": 5.6, "covariance": 1.4, "bcpnn": 2.8, "hebbian": 1.4}  # the largest part at n = 2048: to 1 % noise
SOFT_DIM, SOFT_ACTIVE = 512, (12, 51, 256)
SCALED = (0.06, 0.12, 0.25, 0.5, 1, 2, 4)  # num_patterns f (1 - f) / n: 1 / SNR^2 of the covariance rule
HALF = (1024, 12)  # (n, active) read from half a cue


def task(rule, n, active, pairs, erase=0.0, **more):
    codes = dict(ensemble="sparse", ensemble_options={"active": active, "erase": erase}, dim=n)
    select = {"readout": "threshold", "readout_options": {"select": "cue" if rule == "willshaw" else "winners"}}
    return dict(rule=rule, num_patterns=[round(m) for m in pairs], probes=512, trials=6) | codes | select | more


def threshold_curves():
    """((readout, rule, n, active, erased), arguments) by threshold or winners."""
    for (size, active), base in SETTINGS.items():
        # Uncentred, dense codes leave nothing, as n = 256 shows: at 1024 only the two rules that hold them.
        for rule in RULES if active < 512 else ("covariance", "bcpnn"):
            parts = [p for p in PARTS + DENSE * (active > 0.03 * size) if size < 2048 or p <= LARGE[rule]]
            yield ("threshold", rule, size, active, 0.0), task(rule, size, active, [p * base for p in parts])
    for rule in RULES[:3]:
        pairs = [p * SETTINGS[HALF] for p in PARTS[:-1]]
        yield ("threshold", rule, *HALF, 0.5), task(rule, *HALF, pairs, 0.5)


def soft_curves():
    """((readout, rule, n, active, erased), arguments) by the field itself."""
    for active in SOFT_ACTIVE:
        level = active / SOFT_DIM
        pairs = [x * SOFT_DIM / (level * (1 - level)) for x in SCALED]
        for rule in ("covariance", "bcpnn") if level < 0.5 else ("covariance",):
            options = task(rule, SOFT_DIM, active, pairs, readout="soft", readout_options={}, probes=2048)
            yield ("soft", rule, SOFT_DIM, active, 0.0), options


CURVES = dict([*threshold_curves(), *soft_curves()])


def name_of(readout, rule, n, active, erase):
    return f"{rule}, {readout}, {active} of {n}, {'half' if erase else 'full'} cue"


TASKS = {name_of(*key): options for key, options in CURVES.items()}


def separation(rule, n, active, num_patterns):
    """SNR of the field, (mean of the ones - mean of the zeros) / spread, for a full cue of exactly `active` units.

    covariance: SNR^2 = (n - 1) / ((M - 1) f (1 - f)) (Dayan & Willshaw 1991 at n -> infinity). hebbian: the overlaps are
    not centred, so their mean n f^2 adds to their spread.
    """
    f, others = active / n, np.maximum(np.asarray(num_patterns, float) - 1, 1e-9)
    spread = n * n * (f * (1 - f)) ** 2 / (n - 1)  # variance of the overlap of two codes, of the mean n f^2
    if rule == "covariance":
        return np.sqrt((n * f * (1 - f)) ** 2 / (others * f * (1 - f) * spread))
    return np.sqrt((n * f) ** 2 / (others * f * (1 - f) * (spread + (n * f * f) ** 2)))


def winners_error(f, snr):
    """Share of the ones that k winners miss, each for a false one: f Q(snr - t) = (1 - f) Q(t), Gaussian field."""
    low, high = np.full_like(snr, -10.0), np.full_like(snr, 50.0)
    for _ in range(60):
        t = (low + high) / 2
        above = (1 - f) * ndtr(-t) + f * ndtr(snr - t) > f
        low, high = np.where(above, t, low), np.where(above, high, t)
    return ndtr(low - snr)


def winners_bits(rule, n, active, num_patterns):
    """Hard bits per parameter of k winners, exact entropy of the code."""
    wrong = winners_error(active / n, separation(rule, n, active, num_patterns))
    return np.maximum(theory.sparse_bits(num_patterns, n, n, active, wrong, wrong), 0)


def willshaw_bits(n, active, num_patterns):
    false = np.asarray([theory.willshaw_false(int(m), n, n, active, active) for m in num_patterns])
    return np.maximum(theory.sparse_bits(num_patterns, n, n, active, false * (n - active) / active), 0)


def mutual(table):
    """Mutual information, bits, of tables (..., truth, output) of counts or chances."""
    total = table.sum((-1, -2))
    inside = xlogy(table, table).sum((-1, -2)) + xlogy(total, total)
    return (inside - sum(xlogy(table.sum(axis), table.sum(axis)).sum(-1) for axis in (-1, -2))) / total / LN2


def cut(table):
    """The 2 x 2 tables of every threshold: (cuts, truth, below or above)."""
    below = np.moveaxis(np.cumsum(table, axis=-1), -1, 0)
    return np.stack([below, np.maximum(table.sum(-1)[None, :] - below, 0)], axis=-1)


def unit_bits(counts):
    """(soft, best threshold): bits of a unit about its field, units apart; soft less the bias of the plug-in."""
    table = np.asarray(counts["histogram"], float)
    spare = np.sum(table > 0) - np.sum(table.sum(0) > 0) - 1  # degrees of freedom
    return mutual(table) - spare / (2 * LN2 * table.sum()), mutual(cut(table)).max()


def channel_bits(f, snr):
    """unit_bits of a Gaussian field."""
    edges = np.linspace(-8, 8 + snr, 4001)
    chance = np.diff(np.stack([(1 - f) * ndtr(edges), f * ndtr(edges - snr)]), axis=1)
    return float(mutual(chance)), float(mutual(cut(chance)).max())


def per_parameter(point, which):
    """unit_bits as bits per parameter."""
    scale = point.task.num_patterns * point.task.dim_value / point.num_parameters
    return jackknife(lambda counts: scale * unit_bits(counts)[which], point.trials, point.level)


def split(results):
    """{(readout, rule, n, active, erased): curve}, by size, then rule."""
    found = named(results)
    order = sorted(CURVES, key=lambda key: (*key[2:], RULES.index(key[1])))
    return {key: found[name_of(*key)] for key in order if name_of(*key) in found}


def capacity(kind, *arguments):
    """What the curve decides, or None."""
    try:
        return kind(*arguments)
    except HebbsimError:
        return None


@functools.cache
def laws(rule, n, active):
    """(most bits, bits at 1 % noise) of a full cue by the laws above; None where there is none, or none worth its time."""
    if rule == "bcpnn" or (rule == "willshaw" and active > 128):
        return None, None
    if rule == "willshaw":
        few = theory.willshaw_load_at_error(n, active)
        most = few * np.linspace(1, 2.5, 11)
        return willshaw_bits(n, active, np.maximum(most.astype(int), 1)).max(), willshaw_bits(n, active, [few])[0]
    grid = np.unique(np.geomspace(2, 60 * n * n / active, 300).astype(int))
    wrong, bits = (winners_error(active / n, separation(rule, n, active, grid)), winners_bits(rule, n, active, grid))
    return bits.max(), float(np.interp(0.005, wrong, bits, left=0))  # as many false ones as misses


def table(results):
    rows = []
    for (readout, rule, n, active, erase), curve in split(results).items():
        start = [rule, n, active, f"{active / n:.3g}", "half" if erase else "full"]
        if readout == "soft":
            last = curve[-1]
            load = last.task.num_patterns / n
            predicted = channel_bits(active / n, float(separation("covariance", n, active, last.task.num_patterns)))
            for which, name in enumerate(("field (soft), units apart", "best threshold, units apart")):
                law = f"{predicted[which] * load:.3f}" if rule == "covariance" else ""
                rows.append(
                    [*start, name, per_parameter(last, which).number(), last.task.num_patterns, law, "", "", ""]
                )
            continue
        most, few = capacity(best_load, curve, "hard"), capacity(load_at_error, curve)
        top = max(curve, key=lambda point: point.bits["hard"].best)
        predicted = [f"{law:.3f}" if law is not None and not erase else "" for law in laws(rule, n, active)]
        end = f"{top.bits['hard'].best:.3f}, {'first' if top is curve[0] else 'last'} load"
        row = [*start, "cue threshold" if rule == "willshaw" else "k winners", most.bits.number() if most else end]
        row += [round(most.load.best * n) if most else top.task.num_patterns, predicted[0]]
        row += [few.bits.number(), round(few.load.best * n)] if few else ["", ""]
        rows.append([*row, predicted[1]])
    header = ["rule", "n", "active", "f", "cue", "readout", "most bits/parameter", "at pairs", "law", "at 1 % noise"]
    return [*header, "at pairs ", "law "], rows


def figure(results):
    made, (top, middle, bottom) = plot.figure(3, height=2.2)
    found = split(results)
    x = np.geomspace(SCALED[0], SCALED[-1], 20)
    for i, active in enumerate((SOFT_ACTIVE[0], SOFT_ACTIVE[-1])):
        f = active / SOFT_DIM
        curve = found.get(("soft", "covariance", SOFT_DIM, active, 0.0), [])
        at = [point.task.num_patterns * f * (1 - f) / SOFT_DIM for point in curve]
        law = np.asarray([channel_bits(f, one**-0.5) for one in x]) * (x / f / (1 - f))[:, None]
        for which, name in enumerate(("field itself", "best threshold")):
            label = f"f = {f:.2g}, {name}"
            plot.points(top, at, [per_parameter(point, which) for point in curve], label, i, hollow=bool(which))
            plot.theory(top, x, law[:, which], "", i, dashed=bool(which))
    plot.level(top, theory.SOFT_LIMIT, lw=0.6)
    plot.level(top, theory.HARD_LIMIT, lw=0.6)
    top.set(xscale="log", xlabel="M f (1 - f) / n", ylabel="bits per parameter", ylim=(0, 0.82), xlim=(0.053, 5))
    plot.title(top, "Covariance rule: 0.7 bits, read softly, at the sparsest and the densest code")
    plot.legend(top, loc="lower right")
    n = 1024
    actives = [active for size, active in SETTINGS if size == n]
    for i, rule in enumerate(RULES):
        for ax, at in ((middle, 0), (bottom, 1)):
            curves_of = [(a / n, found.get(("threshold", rule, n, a, 0.0))) for a in actives]
            points = [(f, reached(curve, at)) for f, curve in curves_of if curve]
            points = [(f, bits) for f, bits in points if bits]
            plot.points(ax, [f for f, _ in points], [b for _, b in points], rule, i)
            if rule != "bcpnn":
                fine = np.unique(np.geomspace(actives[0], n // 8, 12).astype(int)).tolist()
                fine += [] if rule == "willshaw" else [n // 4, n // 2]
                plot.theory(ax, np.divide(fine, n), np.asarray([laws(rule, n, a)[at] for a in fine], float), "", i)
    plot.title(middle, "Most bits over load: Willshaw leads where codes are sparsest")
    plot.title(bottom, "At 1 % noise BCPNN holds as much as any rule, or more, up to f = 0.1")
    for ax in (middle, bottom):
        plot.claim(ax)
        ax.set(xscale="log", ylim=(-0.015, 0.8), xlim=(0.01, 0.56), ylabel="hard bits per parameter")
        plot.ticks(ax, [0.012, 0.03, 0.1, 0.25, 0.5])
    plot.legend(middle, loc="upper right", bbox_to_anchor=(1, 0.88))
    bottom.set_xlabel(f"coding level f = active / n, n = {n}")
    plot.note(top, f"Top: n = {SOFT_DIM}, units counted apart; grey: limits .7213, .459. Lines: laws; none for BCPNN.")
    return made


def reached(curve, at):
    """Estimate of the most bits (0) or of those at 1 % noise (1), None where the curve does not decide it."""
    found = capacity(load_at_error, curve) if at else capacity(best_load, curve, "hard")
    return found.bits if found else None
