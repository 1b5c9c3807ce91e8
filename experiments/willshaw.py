"""How many bits does the binary (Willshaw) matrix hold at 1 % output noise, and how fast does that tend to ln 2 with size?

Run time: about 6 minutes on 2 cores. Figure: bits per parameter against n at the design load, and false ones for each
true one against the naive p1^k. Table: the same numbers.
"""

import numpy as np

from hebbsim import plot, theory
from hebbsim.statistics.measurement import curves, measurements

TRIALS = {256: 60, 1024: 30, 4096: 12, 16384: 6, 32768: 3}
PARTS = (0.5, 0.75, 1.0, 1.25)  # of the number of patterns that p1^k allows at 1 % noise
BUDGET = "6 minutes on 2 cores"
# n: (active units, patterns), from theory.willshaw_best; written out so that records keep their identity.
DESIGNS = {256: (10, 401), 1024: (12, 4633), 4096: (14, 55946), 16384: (16, 698423), 32768: (17, 2492988)}
TASKS = [
    dict(
        rule="willshaw",
        ensemble="sparse",
        ensemble_options={"active": active},
        readout="threshold",
        dim=n,
        num_patterns=[round(part * patterns) for part in (PARTS if n <= 16384 else (1.0,))],
        trials=TRIALS[n],
    )
    for n, (active, patterns) in DESIGNS.items()
]


def at_design(results):
    """The measured points at the design loads, by size."""
    points = [point for curve in curves(measurements(results)).values() for point in curve]
    return [p for p in points if p.task.num_patterns == DESIGNS.get(p.task.dim_key, (0, 0))[1]]


def laws(point):
    """(naive, exact) false ones for each true one, at a point's size and load."""
    n, (active, patterns) = point.task.dim_key, DESIGNS[point.task.dim_key]
    ratio = (n - active) / active
    naive = theory.willshaw_false_naive(patterns, n, n, active, active)
    return ratio * naive, ratio * theory.willshaw_false(patterns, n, n, active, active)


def table(results):
    rows = []
    for point in at_design(results):
        n, (active, patterns) = point.task.dim_key, DESIGNS[point.task.dim_key]
        naive, exact = laws(point)
        rows.append(
            [
                n,
                active,
                patterns,
                point.error_rate,
                f"{naive:.4f}",
                f"{exact:.4f}",
                point.bits["unit"],
                point.bits["hard"],
                len(point.records),
            ]
        )
    header = ["n", "active", "patterns", "false per true one", "p1^k says", "Willshaw-Palm says"]
    return [*header, "bits, units apart", "bits, exact code", "trials"], rows


def figure(results):
    made, (left, right) = plot.figure(2)
    points = at_design(results)
    sizes = [point.task.dim_key for point in points]
    for i, (name, label) in enumerate((("unit", "units counted apart"), ("hard", "exact entropy of the code"))):
        plot.points(left, sizes, [point.bits[name] for point in points], label, i)
    grid = [2**e for e in range(7, 21)]
    plot.theory(left, grid, [theory.willshaw_best(n)[2] for n in grid], "units apart, p1^k", 0, dashed=True)
    left.axhline(theory.WILLSHAW_LIMIT, color="0.6", lw=0.8)
    left.annotate("ln 2, n to infinity", (0.99, theory.WILLSHAW_LIMIT), xycoords=("axes fraction", "data"),
                  ha="right", va="top", fontsize=6.5, color="0.4")  # fmt: skip
    plot.claim(left)
    left.set(xscale="log", xlabel="units n", ylabel="bits per parameter", ylim=(0.25, 0.78))
    left.set_title("Willshaw at 1 % noise: far from ln 2 at any size built")
    left.legend(loc="upper left", bbox_to_anchor=(0, 0.75))
    plot.points(right, sizes, [point.error_rate for point in points], "measured", 0)
    predicted = np.asarray([laws(point) for point in points])
    plot.theory(right, sizes, predicted[:, 0], "p1^k", 1, dashed=True)
    plot.theory(right, sizes, predicted[:, 1], "Willshaw-Palm distribution", 2)
    right.set(xscale="log", xlabel="units n", ylabel="false ones per true one", ylim=(0, None))
    right.set_title("p1^k is too low by up to 2.7 times")
    right.legend()
    return made
