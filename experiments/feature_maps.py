"""What does a feature map buy linear attention, and how near does its loss come to the rank bound?

Run time: about 3 minutes on 2 cores. +-1 keys, one-hot values. Figure: how many of its features each map's loss at 4 D
pairs makes use of, and the most bits per parameter, of D (dim_value + 1), that argmax recovers. Table: every map, with and
without the normaliser: loss at 4 D pairs, how many of its features that loss uses, and what argmax recovers.
"""

from typing import NamedTuple

import numpy as np

from hebbsim import plot
from hebbsim.errors import HebbsimError
from hebbsim.statistics.estimate import jackknife
from hebbsim.statistics.fit import best_load, load_at_error
from hebbsim.statistics.measurement import named

DIM, VOCABULARY, TRIALS = 24, 1024, 8
MOST = 10_000  # pairs
BUDGET = "3 minutes on 2 cores"
ANSWER = (
    "Nothing by this measure: the keys themselves give {:.2f} bits per parameter by least squares and {:.2f} as "
    "a sum, the best map (Taylor) {:.3f}.",
    [*(({"map": name, "normaliser": "no"}, "best bits/parameter") for name in ("least squares", "identity", "Taylor"))],
)


class Map(NamedTuple):
    """A memory of the comparison; width D: the features of a key, which times (dim_value + 1) are the parameters."""

    name: str
    width: int
    rank: int  # linearly independent features on +-1 keys, where squares are 1 and products come twice
    normalise: bool = False
    feature_map: str = ""  # empty: least squares, without a map
    features: int = 0

    @property
    def curve(self):
        return f"{self.name}, D = {self.width}" + (", normalised" if self.normalise else "")

    @property
    def written(self):
        if not self.feature_map:
            return {"rule": "pseudo_inverse"}
        options = {"feature_map": self.feature_map, "features": self.features, "normalise": self.normalise}
        return {"rule": "linear_attention", "rule_options": options}


TAYLOR = 1 + DIM + DIM**2, 1 + DIM + DIM * (DIM - 1) // 2
MAPS = [
    Map("least squares", DIM, DIM),
    *(
        Map(name, DIM, DIM, how, name.partition(" ")[0])
        for name in ("identity", "elu + 1", "relu")
        for how in (False, True)
    ),
    *(Map(f"DPFP-{nu}", 2 * DIM * nu, DIM * (nu + 1), True, "dpfp", nu) for nu in (1, 2)),
    *(Map("DPFP-3", 6 * DIM, 4 * DIM, how, "dpfp", 3) for how in (False, True)),
    *(Map("Taylor", *TAYLOR, how, "taylor") for how in (False, True)),
    Map("FAVOR+", 64, 64, True, "favor", 64),
    *(Map("FAVOR+", 256, 256, how, "favor", 256) for how in (False, True)),
]


def ladder(width):
    """Pairs: the width times powers of 2."""
    return [int(width * 2.0**i) for i in range(-6, 12) if 6 <= width * 2.0**i <= MOST]


COMMON = dict(
    ensemble="tokens",
    ensemble_options={"vocabulary": VOCABULARY, "one_hot": True},
    readout="argmax",
    readout_options={"loss": True},
    dim_key=DIM,
    dim_value=VOCABULARY,
    probes=512,
    trials=TRIALS,
)
TASKS = {one.curve: COMMON | one.written | {"num_patterns": ladder(one.width)} for one in MAPS}


def bound(width, num_patterns):
    """Least mean loss of any field linear in `width` features of the key, tokens drawn alike and apart from the keys.

    (1/2) (1 - D/M) for one-hot values that differ (Schlag et al. 2021). Of tokens drawn alike a share 1/V is known
    without any key, the mean of all values, which leaves (1/2) (1 - D/M) (1 - 1/V): derived, the loss of least squares if
    a constant is among the features.
    """
    return np.maximum(1 - width / np.asarray(num_patterns, float), 0) * (1 - 1 / VOCABULARY) / 2


def scaled_loss(counts):
    """Mean |value - s field|^2 / 2 at the best s, whatever the scale of the map."""
    return (1 - counts["aligned"] ** 2 / (counts["energy"] * counts["items"])) / 2


def raw_loss(counts):
    return (1 - (2 * counts["aligned"] - counts["energy"]) / counts["items"]) / 2


def loss_of(point, loss=scaled_loss):
    return jackknife(loss, point.trials, point.level)


def used_features(point):
    """How many features the loss at the best scale makes use of."""
    pairs = point.task.num_patterns
    return jackknife(lambda counts: pairs * (1 - 2 * scaled_loss(counts)), point.trials, point.level)


def at_four(one, curve):
    """The point at 4 D pairs, or None."""
    return next((point for point in curve if point.task.num_patterns == 4 * one.width), None)


def reached(kind, curve, *more):
    try:
        return kind(curve, *more)
    except HebbsimError:
        return None


def table(results):
    rows, found = [], named(results)
    for one in MAPS:
        curve = found.get(one.curve, [])
        point = at_four(one, curve)
        if point is None:
            continue
        loss, raw, used = loss_of(point), loss_of(point, raw_loss), used_features(point)
        near = min((loss_of(p).high - bound(one.width, p.task.num_patterns) for p in curve), default=np.nan)
        best, few = reached(best_load, curve, "hard"), reached(load_at_error, curve)
        row = [one.name, "yes" if one.normalise else "no", one.width, one.rank]
        row += [raw.number() if raw.best < 10 else f"{raw.best:.3g}", loss.number()]
        row += [f"{bound(one.width, 4 * one.width):.4f}", used.number(), "yes" if near >= 0 else f"no, by {-near:.4f}"]
        row.append("{1:.0f} ({0:.0f} to {2:.0f})".format(*(DIM * x for x in few.load[:3])) if few else "")
        most = max(p.bits["hard"].best for p in curve)
        rows.append([*row, best.bits.number() if best else f"over {most:.4f}"])
    header = ["map", "normaliser", "D", "rank on +-1 keys", "loss at 4 D pairs", "at the best scale", "rank bound"]
    return [*header, "features used", "no load below the bound", "pairs at 1 % wrong", "best bits/parameter"], rows


def figure(results):
    found = named(results)
    made, axes = plot.figure(2, height=2.8)
    shares, bits = [], []
    for one in MAPS:
        curve = found.get(one.curve, [])
        point = at_four(one, curve)
        if point is None:
            continue
        best = reached(best_load, curve, "hard")
        most = best.bits if best else max((p.bits["hard"] for p in curve), key=lambda estimate: estimate.best)
        shares.append((one, plot.scaled(used_features(point), 1 / one.width)))
        bits.append((one, most))
    for ax, rows in zip(axes, (shares, bits), strict=True):
        rows.sort(key=lambda row: row[1].best)
        for normalise, label in ((False, "without normaliser"), (True, "normalised")):
            at = [(y, e) for y, (one, e) in enumerate(rows) if one.normalise == normalise]
            plot.points(ax, [y for y, _ in at], [e for _, e in at], label, int(normalise), normalise, across=True)
        plot.ticks(ax, range(len(rows)), [f"{one.name}, D = {one.width}" for one, _ in rows], axis="y")
        ax.tick_params(axis="y", labelsize=6.2)
        ax.set(ylim=(-0.7, len(rows) - 0.3))
        ax.grid(axis="x", visible=True)
    axes[0].axvline(1, color="0.35", lw=0.9, ls=":", zorder=0)
    axes[0].set(xlim=(-0.04, 1.06), xlabel="share of the D features used, at 4 D pairs")
    axes[1].set(xscale="log", xlim=(1e-3, 1), xlabel="most hard bits per parameter, by argmax")
    axes[1].axvline(plot.CLAIM, color="0.35", lw=0.9, ls=":", zorder=0)
    plot.title(axes[0], "Least squares uses every feature, every sum fewer", 32)
    plot.title(axes[1], "A key without a map gives 8 times the bits of the best map", 32)
    plot.legend(axes[0], loc="lower right")
    plot.note(axes[0], f"Dotted: the rank bound, and the claim of 0.7. dim_key {DIM}, {VOCABULARY} one-hot values.")
    return made
