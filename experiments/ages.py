"""How much of a pair comes back, by how many pairs were written after it, when every memory has 65,536 parameters?

Run time: about 2 minutes on 2 cores. +-1 pairs 256 wide, 2,048 of them written to each memory, every one read back by the
undecided field. Figure: bits of a pair (of 256) against its age, of eight memories. Table: all of them at six ages, and the
sum over all ages per parameter, the streaming capacity at this length of stream.

All memories are 256 x 256 but for three: softmax attention keeps 128 pairs, 128 (256 + 256); linear attention's
normaliser leaves room for 255 values; LaCT's hidden layer of 85 gives 65,280. Hyena's history, 256 pairs of 256 products
k v, is as large, yet a filter reads only its sum. The holographic memory, one weight a channel, has no equal of this
width: it would be 65,536 wide. The perceptron is trained on its newest 384 pairs, which it keeps beside its weights.
"""

import numpy as np

from hebbsim import plot, theory
from hebbsim.statistics.measurement import named

DIM, PAIRS, TRIALS = 256, 2048, 8
EDGES = (4, 8, 16, 32, 64, 96, 112, 128, 144, 160, 192, 256, 320, 384, 448, 512, 640, 768, 1024, 1280, 1536, 1792)
SHOWN = (0, 32, 112, 128, 512, 1792)  # ages of the table: the bins that begin there
BUDGET = "2 minutes on 2 cores"
SUM = "bits per parameter, all ages, soft"
ANSWER = (
    "Pairs that are kept (softmax attention) are whole up to the 128th and give {:.2f} bits per parameter; delta "
    "at rate 0.5 gives {:.2f}, and still {:.0f} of the 256 bits of a pair 128 to 143 old.",
    [
        ({"memory": "softmax attention, newest 128"}, SUM),
        ({"memory": "delta, rate 0.5"}, SUM),
        ({"memory": "delta, rate 0.5"}, "age 128 to 143"),
    ],
)
C1 = {"decay": float(np.sqrt(1 - 1 / DIM))}  # c = dim (1 - decay^2) = 1

# label: rule, options, dims, (rate, c) of its law
MEMORIES = {
    "Hebbian": ("hebbian", {}, {}, (0, 0)),
    "decay, c = 1": ("decay", C1, {}, (0, 1)),
    "delta, rate 0.5": ("delta", {"rate": 0.5}, {}, (0.5, 0)),
    "delta, rate 1": ("delta", {"rate": 1.0}, {}, (1, 0)),
    "gated delta, rate 0.5, c = 1": ("gated_delta", C1 | {"rate": 0.5}, {}, (0.5, 1)),
    "decay by key channel, c about 1": ("decay", C1 | {"gate": "channel"}, {}, (0, 1)),
    "pseudo-inverse": ("pseudo_inverse", {}, {}, None),
    "perceptron, newest 384": ("perceptron", {"window": 3 * DIM // 2}, {}, None),
    "softmax attention, newest 128": ("softmax_attention", {"window": DIM // 2}, {}, None),
    "linear attention, elu + 1": ("linear_attention", {}, {"dim_value": DIM - 1}, None),
    "LaCT, rate 0.25": ("lact", {"hidden": 85, "rate": 0.25, "chunk": 64}, {}, None),
    "LaCT, rate 1": ("lact", {"hidden": 85, "rate": 1.0, "chunk": 64}, {}, None),
    "Hyena, exponential, c = 1": ("hyena", C1 | {"filter": "exponential", "window": DIM}, {}, None),
}

COMMON = dict(readout="soft", num_patterns=[PAIRS], ages=EDGES, probes=PAIRS, trials=TRIALS)
TASKS = {
    label: dict(rule=rule, rule_options=options) | COMMON | {"dim_key": DIM, "dim_value": DIM} | dims
    for label, (rule, options, dims, _) in MEMORIES.items()
}


def split(results):
    """{label: point}."""
    return {label: curve[0] for label, curve in named(results).items()}


def law(age, rate, c):
    """Bits of a pair, the stream without beginning: SNR (c + g) x / (1 - g x), x = exp(-(2 rate + c) age / dim).

    g = rate (2 - rate). Neither rate nor decay, a Hebbian sum: dim / (pairs - 1).
    """
    if not rate and not c:
        return np.full_like(age, DIM * theory.snr_bits(DIM / (PAIRS - 1)))
    g, x = rate * (2 - rate), np.exp(-(2 * rate + c) * age / DIM)
    return DIM * theory.snr_bits((c + g) * x / (1 - g * x + 1e-12))


def table(results):
    edges = (0, *EDGES, PAIRS)
    ages = [f"age {low} to {edges[edges.index(low) + 1] - 1}" for low in SHOWN]
    rows = []
    for label, point in split(results).items():
        bits = [point.age_bits[edges.index(low)].number() for low in SHOWN]
        sums = [point.bits["soft"].number(), point.bits["hard"].number()]
        rows.append([label, f"{point.num_parameters:,}", *bits, *sums])
    return ["memory", "parameters", *ages, "bits per parameter, all ages, soft", "hard"], rows


TOP = ("Hebbian", "decay, c = 1", "delta, rate 0.5", "gated delta, rate 0.5, c = 1")
BOTTOM = ("softmax attention, newest 128", "perceptron, newest 384", "pseudo-inverse", "LaCT, rate 1")


def figure(results):
    made, axes = plot.figure(2, height=2.9)
    edges = np.asarray((0, *EDGES, PAIRS))
    middle = (edges[1:] + edges[:-1] - 1) / 2
    age = np.geomspace(1.1, 1900, 200)
    found = split(results)
    for ax, labels in zip(axes, (TOP, BOTTOM), strict=True):
        for i, label in enumerate(labels):
            if label not in found:
                continue
            point = found[label]
            said = f"{label}: {point.bits['soft'].best:.2g}"
            plot.points(ax, middle, point.age_bits, said, i, joined=ax is axes[1])
            if ax is axes[0]:
                plot.theory(ax, age, law(age, *MEMORIES[label][3]), "", i)
        ax.set(xscale="log", ylabel=f"bits of a pair (of {DIM})", xlim=(1, PAIRS), ylim=(-8, 420))
        plot.ticks(ax, [0, 64, 128, 192, 256], axis="y")
        plot.ticks(ax, [1, 4, 16, 64, 256, 1024])
        plot.legend(
            ax,
            loc="upper left",
            ncols=1,
            title="memory: bits per parameter, all ages",
            title_fontsize=plot.SMALL,
            alignment="left",
        )
    axes[1].set(xlabel="age, pairs written since")
    plot.title(axes[0], "A sum keeps a little of every pair, forgetting keeps more of the newest")
    plot.title(axes[1], "Kept pairs are whole up to an edge, a solved sum gives each of them few bits")
    plot.note(
        axes[0], "Lines above: laws of an endless stream; below: guides. The other five memories are in the table."
    )
    return made
