"""What does it cost to read a matrix better? Steps and seconds a column of ridge, box and AMP, against dim and load.

Run time: about 6 minutes on 2 cores. Figure: iterations a column against load, and milliseconds a column against dim. A
step is two products with the keys, 2 load dim^2 multiply-adds a column, so that seconds go as dim^2 where the number of
steps stays; ridge's Cholesky factor, dim^3 / 3 for all columns together, is the exception. Table: every point, seconds
being medians over trials, and the exponent of seconds in dim. The first trial of a curve compiles and is not timed; the
bars of a time reach from the fastest to the slowest of the other three.
"""

import numpy as np

from hebbsim import plot
from hebbsim.statistics.estimate import Estimate, student
from hebbsim.statistics.measurement import named

BUDGET = "6 minutes on 2 cores"
ANSWER = (
    "At load 1.5 and dim 1024 AMP takes {:.0f} iterations and {:.1f} ms a column, conjugate gradients {:.0f} and "
    "{:.1f} ms.",
    [
        *(
            ({"reader": reader, "dim": 1024, "load": 1.5}, name)
            for reader in ("AMP", "ridge, conjugate gradients")
            for name in ("iterations a column", "ms a column")
        )
    ],
)
WIDTH, TRIALS = 64, 4
DIMS, LOADS = (128, 256, 512, 1024), (0.5, 0.7, 0.9, 1.2, 1.5, 1.8)
READERS = {
    "ridge, conjugate gradients": ("ridge", {"method": "cg"}),
    "ridge, Cholesky": ("ridge", {"method": "cholesky"}),
    "box": ("box", {}),
    "AMP": ("amp", {}),
}
# One load a sweep: a record's seconds are then its own.
COMMON = dict(dim_value=WIDTH, probes=2048, trials=TRIALS)
TASKS = {
    f"{label}, dim {dim}, load {load:g}": COMMON
    | dict(dim_key=dim, retrieval=retrieval, retrieval_options=options, loads=[load])
    for dim in DIMS
    for load in LOADS
    for label, (retrieval, options) in READERS.items()
}


def split(results):
    """{reader: {(dim, load): point}}."""
    curves = named(results)
    return {
        label: {
            (dim, load): curves[name][0]
            for dim in DIMS
            for load in LOADS
            if (name := f"{label}, dim {dim}, load {load:g}") in curves
        }
        for label in READERS
    }


def steps(point):
    """Iterations a column, over the trials."""
    return student([trial["iterations"] / trial["solves"] for trial in point.trials], point.level)


def timings(point):
    """Seconds of a column, writing the memory included, trial by trial; the first compiles and is left out."""
    return [record.seconds / WIDTH for record in sorted(point.records, key=lambda r: r.trial)[1:]]


def seconds(point):
    return float(np.median(timings(point)))


def exponent(points, load):
    """Slope of log seconds in log dim over the two largest dims."""
    near, far = (points.get((dim, load)) for dim in DIMS[-2:])
    return np.log(seconds(far) / seconds(near)) / np.log(DIMS[-1] / DIMS[-2]) if near and far else float("nan")


def table(results):
    header = ["reader", "dim", "load", "iterations a column", "not converged", "bit error", "ms a column"]
    lines = []
    for label, points in split(results).items():
        for (dim, load), point in sorted(points.items()):
            counts = point.counts
            cells = [label, dim, f"{point.load:.3g}", f"{counts['iterations'] / counts['solves']:.1f}"]
            cells += [int(counts["unconverged"]), point.error_rate, f"{1e3 * seconds(point):.3g}"]
            lines.append([*cells, f"{exponent(points, load):.2f}" if dim == DIMS[-1] else ""])
    return [*header, "exponent in dim"], lines


def figure(results):
    made, (top, bottom) = plot.figure(2, height=2.5)
    for i, (label, points) in enumerate(split(results).items()):
        if "Cholesky" not in label:
            for dim, hollow in ((DIMS[-1], False), (DIMS[0], True)):
                shown = sorted((load, point) for (width, load), point in points.items() if width == dim)
                x, numbers = [load for load, _ in shown], [steps(point) for _, point in shown]
                plot.points(top, x, numbers, f"{label}, dim {dim}", i, hollow, joined=True)
        shown = sorted((dim, point) for (dim, at), point in points.items() if at == 1.5)
        times = [1e3 * np.asarray(timings(point)) for _, point in shown]
        ranges = [Estimate(ms.min(), float(np.median(ms)), ms.max(), 0.95, TRIALS, "range") for ms in times]
        plot.points(bottom, [dim for dim, _ in shown], ranges, label, i, joined=True)
    dims = np.asarray(DIMS, float)
    bottom.plot(dims, 0.02 * (dims / 128) ** 2, "-", color="0.6", lw=0.8, zorder=0)
    bottom.annotate("dim$^2$", (300, 0.02 * (300 / 128) ** 2), xytext=(3, -8), textcoords="offset points", color="0.4")
    top.set(yscale="log", xlabel="load", ylabel="iterations a column", xlim=(0.44, 1.86), ylim=(1.5, 20_000))
    bottom.set(xscale="log", yscale="log", xlabel="dim", ylabel="milliseconds a column", ylim=(0.008, 200))
    plot.ticks(bottom, DIMS)
    plot.title(top, "Near its threshold every reader takes more steps, AMP the fewest")
    plot.title(bottom, "At load 1.5 AMP costs least, and errs at dim 128 only; ridge always errs there")
    plot.legend(top, loc="upper left")
    plot.legend(bottom, loc="upper left")
    plot.note(bottom, "Lower panel: medians of 3 timed trials, bars from the fastest to the slowest.")
    return made
