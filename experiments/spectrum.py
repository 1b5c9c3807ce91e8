"""How many bits does each rule hold in 65,536 parameters, how fast is it written, and how many steps must follow one another?

Run time: about 4 minutes on 2 cores, after `hebbsim bench write --experiment experiments/spectrum.py --out
results/spectrum`, which times the writing of these same memories (write.json). Figure: bits per parameter of each memory,
the most over load (soft, hard) and at 1 % error; then how fast it is written, with its sequential depth. Table: the
numbers, the loads, and bits per entry of all that a rule keeps while it writes (its sums, the pairs it is trained on).

+-1 pairs 256 wide, a full cue, loads up to 16, and bits summed over ages where a rule forgets; but for these. Sparse rules:
0/1 codes of 256 units, `active` of them on; hard bits and 1 % error (misses and false ones per active one) by threshold or
winners; Willshaw's parameters are single bits. Hopfield: tied patterns, half of the cue erased; what the cue says does not
count, and with a full cue nothing is left to recall; per free weight it is twice the number. Softmax attention keeps 128
pairs, 128 (256 + 256); linear attention has 255 values beside its normaliser, and with neither map nor normaliser is the
Hebbian memory; LaCT has 65,280 parameters, BCPNN 255 key units beside its bias. Hyena keeps 256 products k v, of which a
filter reads one sum. The holographic memory is 65,536 wide; its best is one pair, whose product it then is.
Forgetting is at c = dim (1 - decay^2) = 1; LaCT's bits grow as its rate falls, those of decay and delta tend to the
Hebbian ones (see streaming).

Throughput: bits of value entropy a second, 512 pairs in blocks of 128 (holographic: 128 pairs) and one consolidation,
which is where the pseudo-inverse is solved and the perceptron trained.
"""

# pyright: reportOptionalMemberAccess=false, reportCallIssue=false, reportArgumentType=false
import json
from pathlib import Path

import numpy as np

from hebbsim import plot
from hebbsim.errors import HebbsimError
from hebbsim.statistics.fit import load_at_error
from hebbsim.statistics.measurement import named

DIM, TRIALS = 256, 6
BUDGET = "4 minutes on 2 cores"
ANSWER = (
    "Soft bits per parameter: Hebbian {:.2f}, delta {:.2f}, pseudo-inverse {:.2f}, perceptron {:.2f}; millions "
    "of bits written a second: {:.0f}, {:.0f}, {:.1f}, {:.1f}.",
    [
        *(
            ({"memory": name}, column)
            for column in ("soft bits/parameter, most", "Mbit/s")
            for name in ("Hebbian", "delta (DeltaNet), rate 0.5", "pseudo-inverse", "perceptron")
        )
    ],
)
TIMES = Path(__file__).parent.parent / "results" / "spectrum" / "write.json"
C1 = {"decay": float(np.sqrt(1 - 1 / DIM))}  # c = dim (1 - decay^2) = 1
AGES = tuple(sorted({1, 128, *(n * n for n in (2, 4, 6, 8, 10, 12, 14, 16, *range(18, 43, 2)))}))
LOADS = (0.02, 0.06, 0.12, 0.17, 0.2, 0.5, 1, 2, 4, 8, 16)
FORGETS = {"loads": (0.06, 0.12, 0.17, 0.22, 0.3, 0.5, 1, 2, 4, 8), "ages": AGES, "probes": 2048}
SOLVED = {"loads": (0.5, 0.8, 0.9, 1, 1.1, 1.18, 1.25, 1.5, 2, 4)}
TRAINED = {"loads": (1, 1.4, 1.6, 1.7, 1.8, 1.85, 1.9, 2)}


def sparse(rule, active, pairs, **dims):
    """Two curves: by threshold or winners, and by the undecided field."""
    how = dict(rule=rule, ensemble="sparse", ensemble_options={"active": active}, num_patterns=pairs, **dims)
    select = {"select": "cue" if rule == "willshaw" else "winners"}
    return [how | {"readout": "threshold", "readout_options": select}, how | {"readout": "soft"}]


def tied(retrieval, loads):
    half = {"ensemble_options": {"erase": 0.5}, "tied": True}
    return [dict(rule="hopfield", retrieval=retrieval, loads=loads, **half)]


def one(rule, options=None, **more):
    loads = {} if "num_patterns" in more else {"loads": LOADS}
    return [dict(rule=rule, rule_options=options or {}, **loads | more)]


WILLSHAW = (100, 200, 283, 400, 566, 700, 800, 1131, 1600)
COVARIANCE = (30, 60, 90, 120, 250, 500, 700, 1000, 1400, 2000)
BCPNN = (100, 200, 283, 400, 566, 800, 1131, 1600, 2263)
SETTLED = (0.05, 0.08, 0.1, 0.12, 0.14, 0.16, 0.2, 0.3)
MEMORIES = {
    "Hebbian": one("hebbian"),
    "decay (RetNet)": one("decay", C1, **FORGETS),
    "channel decay (GLA, Mamba)": one("decay", C1 | {"gate": "channel"}, **FORGETS),
    "linear attention, elu + 1": one("linear_attention", dim_key=DIM, dim_value=DIM - 1),
    "delta (DeltaNet), rate 0.5": one("delta", {"rate": 0.5}, **FORGETS),
    "delta, rate 1": one("delta", {"rate": 1.0}, **FORGETS),
    "gated delta, rate 0.5": one("gated_delta", C1 | {"rate": 0.5}, **FORGETS),
    "pseudo-inverse": one("pseudo_inverse", **SOLVED),
    "perceptron": one("perceptron", {"window": 2 * DIM}, **TRAINED),
    "Hopfield, one step": tied("matched_filter", LOADS),
    "Hopfield, attractor": tied("attractor", SETTLED),
    "Willshaw": sparse("willshaw", 10, WILLSHAW),
    "covariance": sparse("covariance", 26, COVARIANCE),
    "BCPNN": sparse("bcpnn", 10, BCPNN, dim_key=DIM - 1, dim_value=DIM),
    # Few pairs: counted by age so that the intervals come from the trials.
    "holographic": one("holographic", dim=DIM**2, num_patterns=(1, 2, 4, 8, 16), probes=64, ages=(1,)),
    "Hyena": one("hyena", {"window": DIM}, num_patterns=(1, 2, 4, 8, 32, 256), ages=(1,)),
    "LaCT": one("lact", {"hidden": 85, "rate": 0.125, "chunk": 64}, loads=(1, 4, 16, 32, 64)),
    "softmax attention": one(
        "softmax_attention", {"window": DIM // 2}, loads=(0.25, 0.4, 0.5, 0.51, 0.55), ages=(128,)
    ),
}


def full(task):
    """A task of MEMORIES with what all have in common."""
    return {"readout": "soft", "probes": 1024, "trials": TRIALS} | ({} if "dim_key" in task else {"dim": DIM}) | task


def names_of(label):
    """The names of a memory's curves."""
    readouts = [full(task)["readout"] for task in MEMORIES[label]]
    return [label if readout == "soft" else f"{label}, by {readout}" for readout in readouts]


TASKS = {
    name: full(task) for label, tasks in MEMORIES.items() for name, task in zip(names_of(label), tasks, strict=True)
}


def split(results):
    """{label: curves}, in the order of MEMORIES."""
    found = named(results)
    both = {label: [found[name] for name in names_of(label) if name in found] for label in MEMORIES}
    return {label: curves for label, curves in both.items() if curves}


def most(both, criterion):
    """The measured point of most bits, or None."""
    points = [point for curve in both for point in curve if criterion in point.criteria]
    return max(points, key=lambda point: point.bits[criterion].best) if points else None


def reached(both):
    """(bits, pairs) at 1 % error, between points unless no number of pairs lies there; None if they do not decide it."""
    for curve in both:
        try:
            few = load_at_error(curve)
        except HebbsimError:
            continue
        pairs = curve[0].task.dim_key * few.load.best
        below = {point.task.num_patterns: point for point in curve}.get(int(pairs))
        alone = below and any(point.task.num_patterns == int(pairs) + 1 for point in curve)
        return (below.bits["hard"], int(pairs)) if alone else (few.bits, round(pairs))
    return None


def times(both):
    """How the memory is written: the row of write.json, or None for one that was not timed, as of a new rule."""
    try:
        rows = json.loads(TIMES.read_text())["rows"]
    except (OSError, ValueError):
        raise HebbsimError(f"{TIMES}: cannot be read; run hebbsim bench write --experiment {__file__} first") from None
    task = both[0][0].task
    for row in rows:
        if all(row[name] == getattr(task, name) for name in ("rule", "ensemble", "dim_key", "dim_value")):
            return row
    return None


def table(results):
    rows = []
    for label, both in split(results).items():
        row, few = times(both), reached(both)
        numbers = []
        for criterion in ("soft", "hard"):
            point = most(both, criterion)
            numbers += [point.bits[criterion].number(), point.task.num_patterns, f"{point.error_rate.best:.3g}"]
        parameters = both[0][0].num_parameters
        written = [f"{parameters:,}", "", "", "not timed", "", "", ""]
        if row:
            hard = most(both, "hard").bits["hard"].best * row["num_parameters"]
            written = [
                f"{row['num_parameters']:,}",
                f"{row['num_state']:,}",
                f"{hard / max(row['num_state'], row['num_parameters']):.3g}",
                f"{row['pairs_per_second']:.3g}",
                f"{row['bits_per_second'] / 1e6:.3g}",
                f"{row['bits_per_second_per_parameter']:.3g}",
                row["depth"],
            ]
        reached_at = [few[0].number(), few[1]] if few else ["not reached", ""]
        rows.append([label, *written[:2], *numbers, *reached_at, *written[2:]])
    header = ["memory", "parameters", "entries while writing", "soft bits/parameter, most", "at pairs", "error there"]
    header += ["hard bits/parameter, most", "at pairs ", "error there ", "at 1 % error", "at pairs  "]
    header += ["hard bits per entry while writing", "pairs/s", "Mbit/s", "bit/s per parameter", "depth"]
    return header, rows


def figure(results):
    made, (top, bottom) = plot.figure(2, height=3.25)
    found = split(results)
    labels = sorted(found, key=lambda label: most(found[label], "soft").bits["soft"].best)
    for i, (name, marks) in enumerate(bits(found).items()):
        at = [(y, marks[label]) for y, label in enumerate(labels) if label in marks]
        plot.points(top, [y for y, _ in at], [e for _, e in at], name, i, hollow=i == 2, across=True)
    top.axvline(plot.CLAIM, color="0.35", lw=0.9, ls=":", zorder=0)
    top.set(xscale="log", xlim=(1e-5, 3), xlabel="bits per parameter (dotted: 0.7)")
    plot.title(top, "Only solved or trained memories pass 0.72 beyond a single pair", 27)
    plot.legend(top, loc="center left")
    rows = {label: row for label, both in found.items() if (row := times(both))}
    labels_by_speed = sorted(rows, key=lambda label: rows[label]["bits_per_second"])
    speeds = [rows[label]["bits_per_second"] for label in labels_by_speed]
    bottom.barh(range(len(speeds)), [speed - 1e5 for speed in speeds], 0.6, 1e5, color="0.7", edgecolor="0.3", lw=0.5)
    for y, (label, speed) in enumerate(zip(labels_by_speed, speeds, strict=True)):
        bottom.annotate(
            str(rows[label]["depth"]), (speed, y), xytext=(3, 0), textcoords="offset points", va="center", fontsize=6.2
        )
    bottom.set(xscale="log", xlim=(1e5, 10 * max(speeds)), xlabel="value bits written a second")
    plot.title(bottom, "Dependent steps alone do not decide how fast a rule writes", 31)
    for ax, order in ((top, labels), (bottom, labels_by_speed)):
        plot.ticks(ax, range(len(order)), order, axis="y")
        ax.tick_params(axis="y", labelsize=6.2)
        ax.set_ylim(-0.7, len(order) - 0.3)
    plot.note(
        top, "Numbers: depth, the steps that must follow one another to write 512 pairs (holographic: 128), on 2 cores."
    )
    return made


def bits(found):
    """{criterion: {label: estimate}}."""
    said = {"soft, most over load": {}, "hard, most over load": {}, "hard, at 1 % error": {}}
    for label, both in found.items():
        for name, point in zip(said, (most(both, "soft"), most(both, "hard")), strict=False):
            said[name][label] = point.bits[name[:4]]
        few = reached(both)
        if few:
            said["hard, at 1 % error"][label] = few[0]
    return said
