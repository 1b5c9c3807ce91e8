"""Does 0.7213 bits per parameter survive forgetting? Endless streams through decaying and error-correcting memories.

Run time: about 3 minutes on 2 cores. Figure: bits per parameter, summed over all ages, of decay against c and of delta
against its rate, with the closed forms. Table: the same numbers, for Gaussian values and for +-1 values, soft and hard.
"""

import numpy as np

from hebbsim import plot, theory
from hebbsim.statistics.channels import pair_bits
from hebbsim.statistics.estimate import jackknife
from hebbsim.statistics.measurement import named

DIM, BINS, TRIALS = 512, 28, 6
FORGETTING = (0.1, 0.3, 1.0, 3.0, 10.0)  # c = dim_key (1 - decay^2)
RATES = (0.125, 0.25, 0.5, 0.75, 1.0)
BUDGET = "3 minutes on 2 cores"
ANSWER = (
    "Yes, where forgetting is slow: decay gives {:.2f} bits per parameter over all ages at c = 0.1 and {:.2f} at "
    "c = 10, delta {:.2f} at rate 0.125 and {:.2f} at rate 1 (N(0, 1) values).",
    [
        *(
            ({"rule": rule, "c": c, "rate": rate, "values": "gaussian"}, "measured")
            for rule, c, rate in (("decay", 0.1, 0.0), ("decay", 10.0, 0.0), ("delta", 0.0, 0.125), ("delta", 0.0, 1.0))
        )
    ],
)


VALUES = ("gaussian", "bipolar")


def task(rule, options, c, values):
    """A stream long enough that what is older carries under 0.1 % of the bits, its ages in BINS bins, narrow where it is young.

    The newest pair has a bin of its own: delta at rate 1 recalls it exactly.
    """
    patterns = round(8 * DIM / c)
    edges = sorted({1, *(round(patterns * (i / BINS) ** 2) for i in range(1, BINS))})
    stream = dict(num_patterns=[patterns], ages=edges, probes=8192, trials=TRIALS)
    return dict(rule=rule, rule_options=options, ensemble=values, readout="soft", dim=DIM) | stream


def gate(c):
    return {"decay": float(np.sqrt(1 - c / DIM))}


# (rule, c, rate) of every memory: forgetting and the step of the correction
MEMORIES = [
    *(("decay", c, 0.0) for c in FORGETTING),
    *(("delta", 0.0, rate) for rate in RATES),
    *(("gated_delta", 1.0, rate) for rate in (0.5, 1.0)),
]


def name_of(rule, c, rate, values):
    return f"{rule}, c = {c:g}, rate {rate:g}, {values}"


TASKS = {
    name_of(rule, c, rate, values): task(
        rule, (gate(c) if c else {}) | ({"rate": rate} if rate else {}), 2 * rate + c, values
    )
    for values in VALUES
    for rule, c, rate in MEMORIES
}


def total(point, criterion):
    """Bits per parameter over all ages but the newest pair's."""

    def bits(counts):
        found = 0.0
        for age, pairs in list(enumerate(point.age_pairs))[1:]:
            found += pairs * pair_bits(point._at_age(counts, age), point.channel.name)[criterion]
        return found / point.num_parameters

    return jackknife(bits, point.trials, point.level)


def law(rule, c, rate, values, criterion):
    """The closed form."""
    channel = "gaussian" if values == "gaussian" else "bipolar" if criterion == "soft" else "hard"
    return theory.decay_bits(c, channel) if rule == "decay" else theory.gated_delta_bits(rate, c, channel)


def rows_of(results):
    """(rule, c, rate, values, criterion, prediction, estimate) of every point."""
    curves, found = named(results), []
    for values in VALUES:
        for rule, c, rate in MEMORIES:
            for point in curves.get(name_of(rule, c, rate, values), []):
                for criterion in ("soft",) if values == "gaussian" else ("soft", "hard"):
                    predicted = law(rule, c, rate, values, criterion)
                    found.append((rule, c, rate, values, criterion, predicted, total(point, criterion)))
    return sorted(found, key=lambda row: row[:5])


def table(results):
    header = ["rule", "c", "rate", "values", "criterion", "closed form", "measured", "ratio"]
    return header, [[*row[:5], f"{row[5]:.4f}", row[6], f"{row[6].best / row[5]:.4f}"] for row in rows_of(results)]


def figure(results):
    made, axes = plot.figure(2)
    rows = rows_of(results)
    kinds = (
        ("gaussian", "soft", "N(0, 1) values, soft"),
        ("bipolar", "soft", "±1, soft"),
        ("bipolar", "hard", "±1, hard"),
    )
    for ax, rule, at, x in (
        (axes[0], "decay", 1, np.geomspace(0.085, 11.5, 20)),
        (axes[1], "delta", 2, np.geomspace(0.115, 1.08, 20)),
    ):
        for i, (values, criterion, label) in enumerate(kinds):
            chosen = [row for row in rows if (row[0], *row[3:5]) == (rule, values, criterion)]
            plot.points(ax, [row[at] for row in chosen], [row[6] for row in chosen], label, i)
            one = [(float(z), 0.0) if rule == "decay" else (0.0, float(z)) for z in x]
            plot.theory(ax, x, [law(rule, c, rate, values, criterion) for c, rate in one], "", i)
        plot.claim(ax, below=rule == "delta", right=rule == "decay")
        ax.set(xscale="log", ylabel="bits per parameter", ylim=(0, 0.8))
        plot.legend(ax, loc="lower left")
    axes[0].set(xlabel="forgetting c = dim (1 - a²)", xlim=(0.08, 12.5))
    axes[1].set(xlabel="rate of the delta rule", xlim=(0.11, 1.13))
    plot.ticks(axes[0], FORGETTING)
    plot.ticks(axes[1], RATES)
    plot.title(axes[0], "Decay: 0.70 of 0.72 bits survive where forgetting is slow")
    plot.title(axes[1], "Delta: the lower its rate, the nearer it comes to 0.72")
    plot.note(axes[0], f"Sums over all ages but the newest pair, dim {DIM}; lines: closed forms.")
    return made
