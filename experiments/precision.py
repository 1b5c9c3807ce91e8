"""What does weight precision cost, by reader, and where is the best trade per stored bit?

Run time: about 8 minutes on 2 cores. The same +-1 memory, rounded once to b-bit Lloyd-Max levels: read one-shot (soft),
by AMP as if rounding were noise, and by AMP with the quantiser's own likelihood. Figure: bits per stored bit against b,
and the share of wrong bits by load. Table: every point, and one running low-precision sum beside rounding once.
"""

from hebbsim import plot, theory
from hebbsim.records.task import parse_label, stored_bits
from hebbsim.statistics.measurement import measurements
from hebbsim.theory.limits import lloyd_max

BUDGET = "8 minutes on 2 cores"
LOADS = {1: [0.401, 0.501, 0.55, 0.6], 2: [0.9, 1.1, 1.2, 1.3], 3: [1.0, 1.5, 1.7, 1.8], 4: [1.7, 1.8, 1.9]}
COMMON = dict(dim_key=1024, dim_value=64, probes=8192)

TASKS = [
    dict(COMMON, precision="lloyd_max", precision_options={"bits": bits}, retrieval="amp",
         retrieval_options={"cells": bits}, loads=loads, trials=4)
    for bits, loads in LOADS.items()
]  # fmt: skip
TASKS += [
    dict(COMMON, precision="lloyd_max", precision_options={"bits": bits}, retrieval="amp", loads=LOADS[bits], trials=4)
    for bits in (1, 2, 3)
]
# Twice as wide: near a threshold a few columns of dim 1024 get stuck.
TASKS += [
    dict(COMMON | {"dim_key": 2048}, precision="lloyd_max", precision_options={"bits": bits}, retrieval="amp",
         retrieval_options={"cells": bits}, loads=loads, trials=3)
    for bits, loads in ((1, [0.55]), (2, [1.2]), (3, [1.0, 1.7]))
]  # fmt: skip
TASKS += [
    dict(dim_key=512, dim_value=64, precision="lloyd_max", precision_options={"bits": bits}, readout="soft", loads=[16],
         probes=1024, trials=12)
    for bits in (1, 2, 3, 4)
]  # fmt: skip
# A running sum in few bits, which swallows small writes, beside rounding the same memory once.
LONG = dict(dim_key=32, dim_value=32, readout="soft", num_patterns=[128, 1024, 8192, 65536], probes=1024, trials=8)
TASKS += [
    dict(LONG, precision=name, precision_options=options)
    for name, options in (("bfloat16", {}), ("bfloat16", {"every": 1}), ("bfloat16", {"every": 1, "stochastic": True}))
]


def kind(point):
    """(reader, precision with its options)."""
    name, options = parse_label(point.task.retrieval)
    reader = "amp by cells" if options.get("cells") else "amp, rounding as noise" if name == "amp" else "one-shot"
    return reader, point.task.precision


def best(points):
    """The point of most bits recovered."""
    return max(points, key=lambda point: point.bits_per_parameter.best)


def table(results):
    header = ["reader", "precision", "dim_key", "load", "criterion", "bits/parameter", "bits per stored bit", "bit error",
              "iterations a column"]  # fmt: skip
    lines = []
    for point in sorted(measurements(results), key=lambda p: (*kind(p), p.load)):
        counts, (reader, precision) = point.counts, kind(point)
        steps = f"{counts['iterations'] / counts['solves']:.1f}" if "solves" in counts else ""
        bits, per = point.bits_per_parameter, stored_bits(precision)
        lines.append([
            reader, precision, point.task.dim_key, f"{point.load:.4g}", point.criteria[0], bits,
            f"{bits.best / per:.4f}", point.error_rate, steps,
        ])  # fmt: skip
    return header, lines


def figure(results):
    made, axes = plot.figure(2)
    points = measurements(results)
    by = {}
    for point in points:
        if point.task.precision.startswith("lloyd_max") and point.task.dim_key <= 1024:
            by.setdefault(kind(point), []).append(point)
    for i, reader in enumerate(("one-shot", "amp by cells")):
        chosen = [
            (int(stored_bits(precision)), best(group)) for (name, precision), group in by.items() if name == reader
        ]
        chosen.sort(key=lambda pair: pair[0])
        scaled = [point.bits_per_parameter._replace(
            low=point.bits_per_parameter.low / b, best=point.bits_per_parameter.best / b,
            high=point.bits_per_parameter.high / b) for b, point in chosen]  # fmt: skip
        label = "one-shot, soft, load 16" if not i else "AMP by cells, largest load run, hard"
        plot.points(axes[0], [b for b, _ in chosen], scaled, label, i)
    bits = [1, 2, 3, 4]
    plot.theory(
        axes[0], bits, [theory.soft_bits(16 / (1 - lloyd_max(b))) * (1 - lloyd_max(b)) / b for b in bits], "", 0
    )
    plot.theory(axes[0], bits, [theory.gamp_capacity(b) / b for b in bits], "", 1)
    axes[0].set(xlabel="bits a stored weight", ylabel="bits recovered per stored bit", xticks=bits, ylim=(0, 0.8),
                title="Two bits a weight trade best")  # fmt: skip
    axes[0].legend(loc="lower left")
    for i, b in enumerate((1, 2, 3)):
        for j, reader in enumerate(("amp by cells", "amp, rounding as noise")):
            group = sorted(by.get((reader, f"lloyd_max(bits={b})"), []), key=lambda point: point.load)
            if group:
                rates = [point.error_rate for point in group]
                plot.points(
                    axes[1], [p.load for p in group], rates, f"{b} bits" + (", as noise" if j else ""), i, j == 1
                )
                axes[1].plot([p.load for p in group], [r.best for r in rates], color=plot.COLOURS[i], lw=0.7)
    axes[1].set(xlabel="load", ylabel="bit error", title="The quantiser's own likelihood reads further")
    axes[1].set_ylim(-0.005, None)
    axes[1].legend(loc="upper right", bbox_to_anchor=(0.98, 0.98))
    return made
