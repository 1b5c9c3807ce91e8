"""Does 0.7213 bits per parameter survive forgetting? Endless streams through decaying and error-correcting memories.

Run time: about 3 minutes on 2 cores. Figure: bits per parameter, summed over all ages, of decay against c and of delta
against its rate, with the closed forms. Table: the same numbers, for Gaussian values and for +-1 values, soft and hard.
"""

import numpy as np

from hebbsim import plot, theory
from hebbsim.records.task import parse_label
from hebbsim.statistics.channels import pair_bits
from hebbsim.statistics.estimate import jackknife
from hebbsim.statistics.measurement import measurements

DIM, BINS, TRIALS = 512, 28, 6
FORGETTING = (0.1, 0.3, 1.0, 3.0, 10.0)  # c = dim_key (1 - decay^2)
RATES = (0.125, 0.25, 0.5, 0.75, 1.0)
BUDGET = "3 minutes on 2 cores"


def task(rule, options, c, ensemble):
    """A stream long enough that what is older carries under 0.1 % of the bits, its ages in BINS bins, narrow where it is young.

    The newest pair has a bin of its own: delta at rate 1 recalls it exactly.
    """
    patterns = round(8 * DIM / c)
    edges = sorted({1, *(round(patterns * (i / BINS) ** 2) for i in range(1, BINS))})
    return dict(
        rule=rule, rule_options=options, ensemble=ensemble, readout="soft", dim=DIM, num_patterns=[patterns],
        ages=edges, probes=8192, trials=TRIALS,
    )  # fmt: skip


def gate(c):
    return {"decay": float(np.sqrt(1 - c / DIM))}


TASKS = []
for kind in ("gaussian", "bipolar"):
    TASKS += [task("decay", gate(c), c, kind) for c in FORGETTING]
    TASKS += [task("delta", {"rate": rate}, 2 * rate, kind) for rate in RATES]
    TASKS += [
        task("gated_delta", {"rate": rate, **gate(c)}, 2 * rate + c, kind) for rate, c in ((0.5, 1.0), (1.0, 1.0))
    ]


def total(point, criterion):
    """Bits per parameter over all ages but the newest pair's."""

    def bits(counts):
        found = 0.0
        for age, pairs in list(enumerate(point.age_pairs))[1:]:
            found += pairs * pair_bits(point._at_age(counts, age), point.channel.name)[criterion]
        return found / point.num_parameters

    return jackknife(bits, point.trials, point.level)


def law(point, criterion):
    """The closed form, and (c, rate)."""
    name, options = parse_label(point.task.rule)
    values = "gaussian" if point.task.ensemble == "gaussian" else "bipolar" if criterion == "soft" else "hard"
    c = DIM * (1 - options["decay"] ** 2) if "decay" in options else 0.0
    if name == "decay":
        return theory.decay_bits(c, values), c, 0.0
    return theory.gated_delta_bits(options["rate"], c, values), c, options["rate"]


def rows_of(results):
    """(rule, c, rate, ensemble, criterion, prediction, estimate) of every point."""
    found = []
    for point in measurements(results):
        for criterion in ("soft",) if point.task.ensemble == "gaussian" else ("soft", "hard"):
            value, c, rate = law(point, criterion)
            name = parse_label(point.task.rule)[0]
            found.append((name, round(c, 3), rate, point.task.ensemble, criterion, value, total(point, criterion)))
    return sorted(found, key=lambda row: row[:5])


def table(results):
    header = ["rule", "c", "rate", "values", "criterion", "closed form", "measured", "ratio"]
    return header, [
        [*row[:5], f"{row[5]:.4f}", row[6], f"{row[6].best / row[5]:.4f}"] for row in rows_of(results)
    ]  # fmt: skip


def figure(results):
    made, axes = plot.figure(2)
    rows = rows_of(results)
    kinds = (
        ("gaussian", "soft", "N(0, 1) values, soft"),
        ("bipolar", "soft", "+-1, soft"),
        ("bipolar", "hard", "+-1, hard"),
    )
    for ax, rule, at, x in (
        (axes[0], "decay", 1, np.geomspace(0.08, 12, 40)),
        (axes[1], "delta", 2, np.geomspace(0.1, 1.1, 40)),
    ):
        for i, (values, criterion, label) in enumerate(kinds):
            chosen = [row for row in rows if (row[0], *row[3:5]) == (rule, values, criterion)]
            plot.points(ax, [row[at] for row in chosen], [row[6] for row in chosen], label, i)
            channel = "gaussian" if values == "gaussian" else "bipolar" if criterion == "soft" else "hard"
            form = theory.decay_bits if rule == "decay" else theory.delta_bits
            plot.theory(ax, x, [form(float(one), channel) for one in x], "", i)
        plot.claim(ax, below=True)
        ax.axhline(theory.SOFT_LIMIT, color="0.6", lw=0.8)
        ax.set(xscale="log", ylabel="bits per parameter, all ages", ylim=(0, 0.8))
        ax.legend(loc="lower left")
    axes[0].set(xlabel="forgetting c = dim (1 - a^2)", title="Decay: 0.72 survives as forgetting slows")
    axes[1].set(xlabel="rate of the delta rule", title="Delta: so it does as the rate falls")
    return made
