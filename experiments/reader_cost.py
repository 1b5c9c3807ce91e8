"""What does it cost to read a matrix better? Steps and seconds a column of ridge, box and AMP, against dim and load.

Run time: about 6 minutes on 2 cores. Figure: iterations a column against load, and seconds a column against dim. A step
is two products with the keys, 2 load dim^2 multiply-adds a column, so that seconds go as dim^2 where the number of steps
stays; ridge's Cholesky factor, dim^3 / 3 for all columns together, is the exception. Table: every point, seconds being
medians over trials, and the exponent of seconds in dim.
"""

import numpy as np

from hebbsim import plot
from hebbsim.records.task import parse_label
from hebbsim.statistics.measurement import measurements

BUDGET = "6 minutes on 2 cores"
WIDTH, TRIALS = 64, 4
DIMS, LOADS = (128, 256, 512, 1024), (0.5, 0.7, 0.9, 1.2, 1.5, 1.8)
READERS = {
    "ridge, conjugate gradients": ("ridge", {"method": "cg"}),
    "ridge, Cholesky": ("ridge", {"method": "cholesky"}),
    "box": ("box", {}),
    "AMP": ("amp", {}),
}
# One load a sweep: a record's seconds are then its own.
TASKS = [
    dict(dim_key=dim, dim_value=WIDTH, retrieval=retrieval, retrieval_options=options, loads=[load], probes=2048, trials=TRIALS)
    for dim in DIMS
    for load in LOADS
    for retrieval, options in READERS.values()
]  # fmt: skip


def split(results):
    """{reader: {(dim, load): point}}."""
    found = {label: {} for label in READERS}
    for point in measurements(results):
        name, options = parse_label(point.task.retrieval)
        fits = [
            label for label, (reader, given) in READERS.items() if reader == name and given.items() <= options.items()
        ]
        if fits:
            found[fits[0]][point.task.dim_key, min(LOADS, key=lambda load: abs(load - point.load))] = point
    return found


def steps(point):
    return point.counts["iterations"] / point.counts["solves"]


def seconds(point):
    """Of a column, writing the memory included; the first trial compiles."""
    return float(np.median([record.seconds for record in sorted(point.records, key=lambda r: r.trial)[1:]])) / WIDTH


def exponent(points, load):
    """Slope of log seconds in log dim over the two largest dims."""
    near, far = (points.get((dim, load)) for dim in DIMS[-2:])
    return np.log(seconds(far) / seconds(near)) / np.log(DIMS[-1] / DIMS[-2]) if near and far else float("nan")


def table(results):
    header = [
        "reader",
        "dim",
        "load",
        "iterations a column",
        "not converged",
        "bit error",
        "ms a column",
        "exponent in dim",
    ]
    lines = []
    for label, points in split(results).items():
        for (dim, load), point in sorted(points.items()):
            lines.append([
                label, dim, f"{point.load:.3g}", f"{steps(point):.1f}", int(point.counts["unconverged"]), point.error_rate,
                f"{1e3 * seconds(point):.3g}", f"{exponent(points, load):.2f}" if dim == DIMS[-1] else "",
            ])  # fmt: skip
    return header, lines


def figure(results):
    made, (left, right) = plot.figure(2)
    for i, (label, points) in enumerate(split(results).items()):
        for dim, style in ((DIMS[-1], "-"), (DIMS[0], ":")):
            shown = sorted((load, steps(point)) for (width, load), point in points.items() if width == dim)
            if shown and "Cholesky" not in label:
                left.plot(*zip(*shown, strict=True), style + plot.MARKERS[i], color=plot.COLOURS[i], ms=3.2, lw=0.8,
                          mfc=plot.COLOURS[i] if style == "-" else "white", label=f"{label}, dim {dim}")  # fmt: skip
        for load, style in ((1.5, "-"), (0.7, ":")):
            shown = sorted((dim, 1e3 * seconds(point)) for (dim, at), point in points.items() if at == load)
            if shown:
                right.plot(*zip(*shown, strict=True), style + plot.MARKERS[i], color=plot.COLOURS[i], ms=3.2, lw=0.8,
                           mfc=plot.COLOURS[i] if style == "-" else "white", label=f"{label}, load {load:g}")  # fmt: skip
    left.set(
        yscale="log", xlabel="load", ylabel="iterations a column", title="Near a threshold every reader slows down"
    )
    right.set(xscale="log", yscale="log", xlabel="dim", ylabel="milliseconds a column", title="Two products a step")
    right.set_xticks(DIMS, [str(dim) for dim in DIMS])
    right.minorticks_off()
    for ax in (left, right):
        ax.legend(loc="upper left", fontsize=5.5)
        low, high = ax.get_ylim()
        ax.set_ylim(low, high * 6)
    return made
