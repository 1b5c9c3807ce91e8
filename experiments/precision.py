"""What does weight precision cost, by reader, and where is the best trade per stored bit?

Run time: about 8 minutes on 2 cores. The same +-1 memory, rounded once to b-bit Lloyd-Max levels: read one-shot (soft),
by AMP as if rounding were noise, and by AMP with the quantiser's own likelihood. Figure: bits per stored bit against b,
and the share of wrong bits by load, at dim 1024. Table: every point, and one running low-precision sum beside rounding once.
"""

from hebbsim import plot, theory
from hebbsim.statistics.measurement import named
from hebbsim.theory.limits import lloyd_max

BUDGET = "8 minutes on 2 cores"
LOADS = {1: [0.401, 0.501, 0.55, 0.6], 2: [0.9, 1.1, 1.2, 1.3], 3: [1.0, 1.5, 1.7, 1.8], 4: [1.7, 1.8, 1.9]}
COMMON = dict(dim_key=1024, dim_value=64, probes=8192)

CELLS, NOISE, SOFT = "amp by cells", "amp, rounding as noise", "one-shot"
ANSWER = (
    "Two bits a weight give the most, {:.2f} bits per stored bit by AMP that knows the levels, against {:.2f} of "
    "one bit and {:.2f} of four.",
    [
        *(
            (
                {"reader": CELLS, "precision": f"lloyd_max(bits={bits})", "dim_key": 1024, "load": load},
                "bits per stored bit",
            )
            for bits, load in ((2, 1.3), (1, 0.5996), (4, 1.9))
        )
    ],
)


def rounded(bits, options, cells=False):
    """A memory rounded once to 2^bits levels; cells: AMP is given the quantiser."""
    how = {"retrieval_options": {"cells": bits}} if cells else {}
    return dict(precision="lloyd_max", precision_options={"bits": bits}) | how | options


# A running sum in few bits, which swallows small writes, beside rounding the same memory once.
LONG = dict(dim_key=32, dim_value=32, readout="soft", num_patterns=[128, 1024, 8192, 65536], probes=1024, trials=8)
ONCE = dict(dim_key=512, dim_value=64, readout="soft", loads=[16], probes=1024, trials=12)
FOUR = COMMON | dict(retrieval="amp", trials=4)
# Twice as wide: near a threshold a few columns of dim 1024 get stuck.
WIDE = COMMON | dict(retrieval="amp", trials=3, dim_key=2048)
# (reader, bits of a weight, dim_key or a word): the arguments of the curve
CURVES = {
    **{(CELLS, b, 1024): rounded(b, FOUR | dict(loads=x), True) for b, x in LOADS.items()},
    **{(NOISE, b, 1024): rounded(b, FOUR | dict(loads=LOADS[b])) for b in (1, 2, 3)},
    **{(CELLS, b, 2048): rounded(b, WIDE | dict(loads=x), True) for b, x in ((1, [0.55]), (2, [1.2]), (3, [1.0, 1.7]))},
    **{(SOFT, b, 512): rounded(b, ONCE) for b in (1, 2, 3, 4)},
    **{
        (SOFT, 16, words): dict(LONG, precision="bfloat16", precision_options=options)
        for words, options in (
            ("once", {}),
            ("every pair", {"every": 1}),
            ("every pair, at random", {"every": 1, "stochastic": True}),
        )
    },
}


def name_of(reader, bits, where):
    return f"{reader}, {bits} bits, {where if isinstance(where, str) else f'dim {where}'}"


TASKS = {name_of(*key): options for key, options in CURVES.items()}


def split(results):
    """{(reader, bits of a weight, dim_key or a word): curve}."""
    found = named(results)
    return {key: found[name_of(*key)] for key in CURVES if name_of(*key) in found}


def best(points):
    """The point of most bits recovered."""
    return max(points, key=lambda point: point.bits_per_parameter.best)


def table(results):
    header = [
        "reader",
        "precision",
        "dim_key",
        "load",
        "criterion",
        "bits/parameter",
        "bits per stored bit",
        "bit error",
    ]
    lines = []
    rows = [(reader, bits, point) for (reader, bits, _), curve in split(results).items() for point in curve]
    for reader, bits, point in sorted(rows, key=lambda row: (row[0], row[2].task.precision, row[2].load)):
        counts, per = point.counts, point.bits_per_parameter.best / bits
        line = [reader, point.task.precision, point.task.dim_key, f"{point.load:.4g}", point.criteria[0]]
        line += [point.bits_per_parameter, f"{per:.4f}", point.error_rate]
        lines.append([*line, f"{counts['iterations'] / counts['solves']:.1f}" if "solves" in counts else ""])
    return [*header, "iterations a column"], lines


def figure(results):
    made, (top, bottom) = plot.figure(2, height=2.5)
    found = split(results)
    labels = {SOFT: "one-shot, soft, load 16", CELLS: "AMP by cells, hard, best load measured"}
    for i, (reader, dim) in enumerate(((SOFT, 512), (CELLS, 1024))):
        chosen = [(b, best(curve).bits_per_parameter) for (r, b, d), curve in found.items() if (r, d) == (reader, dim)]
        plot.points(top, [b for b, _ in chosen], [plot.scaled(e, 1 / b) for b, e in chosen], labels[reader], i)
    bits = [1, 2, 3, 4]
    kept = {b: 1 - lloyd_max(b) for b in bits}
    plot.theory(top, bits, [theory.soft_bits(16 / kept[b]) * kept[b] / b for b in bits], "theory at load 16", 0)
    plot.theory(top, bits, [theory.gamp_capacity(b) / b for b in bits], "threshold of AMP by cells", 1)
    top.set(xlabel="bits a stored weight", ylabel="bits per stored bit", ylim=(0, 0.8), xlim=(0.8, 4.2))
    plot.ticks(top, bits)
    plot.legend(top, loc="lower left")
    plot.title(top, "Two bits a weight trade best")
    for i, b in enumerate((1, 2, 3)):
        for reader in (CELLS, NOISE):
            curve = found.get((reader, b, 1024), [])
            label = f"{b} bit{'s' * (b > 1)}, {'by cells' if reader == CELLS else 'as noise'}"
            plot.points(
                bottom, [p.load for p in curve], [p.error_rate for p in curve], label, i, reader == NOISE, joined=True
            )
    bottom.set(xlabel="load, patterns / dim_key", ylabel="bit error", ylim=(-0.006, 0.2), xlim=(0.35, 1.9))
    plot.legend(bottom, loc="upper left", ncols=2)
    plot.title(bottom, "AMP that is given the quantiser's levels makes fewer errors")
    return made
