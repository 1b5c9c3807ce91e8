"""In how few bits can the running state of a recurrent layer be kept? Rounded after every pair, at dim 128.

Delta: bfloat16 is safe (100.2 % of float32's bits), and so is int8 with a scale for every 16 entries (99.9 %). Gated delta:
the same two (99.9 and 100.2 %). KDA: the same two (100.0 and 99.8 %). int8 with one scale a matrix is nearly so (98.9 to
99.4 %). float8 (e4m3) is not, for any of the three: it loses 11 %, whatever its scales, unless its errors are fed back
(99.5 to 99.8 %, at 17 bits an entry). int4 holds nothing by itself (7 to 15 %), but 98.6 to 99.0 % with its errors fed
back, at 10 bits an entry. Stochastic rounding makes no format safe: it costs delta bits in every one, and gives the rules
that forget 1 % more in float8 and 3 % in int4.

Run time: about 4 minutes on 2 cores. Figure: soft bits per parameter that each format keeps of what float32 holds, for
delta, gated_delta and kda; and the error rate by age. Table: bits per parameter, the share of float32's, bits stored an
entry (scales and fed-back errors counted) and bits per stored bit. +-1 pairs, a stream of 1,024 in twelve bins of age.
"""

import numpy as np

from hebbsim import plot
from hebbsim.statistics.channels import pair_bits
from hebbsim.statistics.estimate import jackknife
from hebbsim.statistics.measurement import named

DIM, PAIRS, TRIALS = 128, 1024, 4
AGES = (1, 8, 24, 48, 80, 128, 192, 256, 384, 512, 768)
BUDGET = "4 minutes on 2 cores"
RULES = {
    "delta": {"rate": 0.5},
    "gated_delta": {"rate": 0.5, "decay": 0.998},
    "kda": {"rate": 0.5, "decay": 0.998},
}
WHOLE = 1_000_000  # a tile that no array reaches: one scale a matrix
# name: precision, options beside `every`
FORMATS = {
    "float32": ("float32", {}),
    "bfloat16": ("bfloat16", {}),
    "float8, one scale": ("float8", {"tile": WHOLE}),
    "float8, tile 16": ("float8", {"tile": 16}),
    "float8, tile 16, stochastic": ("float8", {"tile": 16, "stochastic": True}),
    "float8, tile 16, fed back": ("float8", {"tile": 16, "feedback": True}),
    "int8, one scale": ("int8", {"tile": WHOLE}),
    "int8, tile 16": ("int8", {"tile": 16}),
    "int8, tile 16, stochastic": ("int8", {"tile": 16, "stochastic": True}),
    "int8, tile 16, fed back": ("int8", {"tile": 16, "feedback": True}),
    "int4, tile 16": ("int4", {"tile": 16}),
    "int4, tile 16, stochastic": ("int4", {"tile": 16, "stochastic": True}),
    "int4, tile 16, fed back": ("int4", {"tile": 16, "feedback": True}),
}
# Whose error rate by age is drawn.
SHORT = ["float32", "bfloat16", "float8, tile 16", "int8, tile 16", "int4, tile 16", "int4, tile 16, fed back"]
COMMON = dict(readout="soft", dim=DIM, num_patterns=[PAIRS], ages=AGES, probes=512, trials=TRIALS)


def kept_in(name):
    """The precision of a format, applied after every pair."""
    precision, options = FORMATS[name]
    return dict(precision=precision, precision_options={} if name == "float32" else {"every": 1, **options})


# (rule, format): the arguments of the curve
CURVES = {
    (rule, name): dict(rule=rule, rule_options=RULES[rule]) | kept_in(name) | COMMON
    for rule in RULES
    for name in FORMATS
}


def name_of(rule, name):
    return f"{rule}, {name}"


TASKS = {name_of(*key): options for key, options in CURVES.items()}


def points_of(results):
    """{(rule, format): Measurement}."""
    found = named(results)
    return {key: found[name_of(*key)][0] for key in CURVES if name_of(*key) in found}


def total(point):
    """Bits per parameter over all ages but the newest pair's, which not every trial probes."""

    def bits(counts):
        pairs = enumerate(point.age_pairs[1:], 1)

        def at(age):
            return {name: count[age] for name, count in counts.items() if np.ndim(count)}

        each = [n * pair_bits(at(age), point.channel.name)["soft"] for age, n in pairs]
        return sum(each) / point.num_parameters

    return jackknife(bits, point.trials, point.level)


def table(results):
    found = points_of(results)
    rows = []
    for rule in RULES:
        whole = total(found[rule, "float32"]).best
        for name in (name for name in FORMATS if (rule, name) in found):
            point = found[rule, name]
            bits, stored = total(point), point.stored_bits
            share, per = f"{100 * bits.best / whole:.1f} %", f"{bits.best / stored:.4f}"
            rows.append([rule, name, bits, share, f"{stored:.4g}", per])
    header = ["rule", "state kept in", "soft bits per parameter", "of float32", "bits an entry", "bits per stored bit"]
    return header, rows


def figure(results):
    made, axes = plot.figure(2, height=4.0)
    found = points_of(results)
    places = np.arange(len(FORMATS))[::-1]
    for i, rule in enumerate(RULES):
        whole = total(found[rule, "float32"]).best
        for name, place in zip(FORMATS, places, strict=True):
            if (rule, name) not in found:
                continue
            share = total(found[rule, name])
            low, high = (max(share.best - share.low, 0) / whole, max(share.high - share.best, 0) / whole)
            x, y, text = share.best / whole, place + 0.22 * (1 - i), rule if place == 0 else ""
            marker, colour = plot.MARKERS[i], plot.COLOURS[i]
            axes[0].errorbar(x, y, xerr=[[low], [high]], fmt=marker, ms=3, color=colour, elinewidth=0.8, label=text)
    axes[0].set_yticks(places, list(FORMATS), fontsize=6.2)
    axes[0].set(xlabel="share of float32's bits", xlim=(-0.1, 1.15), ylim=(-0.8, len(FORMATS) + 0.8))
    plot.title(axes[0], "Rounded after every pair: which formats keep the bits", 34)
    plot.legend(axes[0], loc="upper center", ncols=3)
    edges = np.array([0, *AGES, PAIRS])
    middle = (edges[1:] + edges[:-1]) / 2
    for i, name in enumerate(SHORT):
        plot.points(axes[1], middle[1:], found["kda", name].age_error_rate[1:], name, i)
    axes[1].set(xscale="log", xlabel="age, pairs since writing", ylabel="error rate", ylim=(-0.02, 0.95))
    plot.title(axes[1], "kda: error rate against age, by format", 30)
    plot.legend(axes[1], loc="upper left", ncols=1)
    return made
