"""How many bits does the binary (Willshaw) matrix hold at 1 % output noise, and how fast does that tend to ln 2 with size?

Run time: about 6 minutes on 2 cores. Figure: bits per parameter against n at the design load, and false ones for each
true one against the naive p1^k. Table: the same numbers.
"""

import numpy as np

from hebbsim import plot, theory
from hebbsim.statistics.measurement import named

TRIALS = {256: 60, 1024: 30, 4096: 12, 16384: 6, 32768: 3}
PARTS = (0.5, 0.75, 1.0, 1.25)  # of the number of patterns that p1^k allows at 1 % noise
BUDGET = "6 minutes on 2 cores"
ANSWER = (
    "{:.2f} bits per parameter at n = 1024 and {:.2f} at n = 32,768, where endless n would give ln 2 = 0.69.",
    [({"n": 1024}, "bits, exact code"), ({"n": 32768}, "bits, exact code")],
)
# n: (active units, patterns), from theory.willshaw_best; written out so that records keep their identity.
DESIGNS = {256: (10, 401), 1024: (12, 4633), 4096: (14, 55946), 16384: (16, 698423), 32768: (17, 2492988)}
TASKS = {
    f"n = {n}": dict(
        rule="willshaw",
        ensemble="sparse",
        ensemble_options={"active": active},
        readout="threshold",
        dim=n,
        num_patterns=[round(part * patterns) for part in (PARTS if n <= 16384 else (1.0,))],
        trials=TRIALS[n],
    )
    for n, (active, patterns) in DESIGNS.items()
}


def at_design(results):
    """The measured points at the design loads, by size."""
    found = named(results)
    return [p for n, (_, most) in DESIGNS.items() for p in found.get(f"n = {n}", []) if p.task.num_patterns == most]


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
    made, (top, bottom) = plot.figure(2)
    points = at_design(results)
    sizes = [point.task.dim_key for point in points]
    for i, (name, label) in enumerate(
        (("unit", "measured, units counted apart"), ("hard", "measured, entropy of the code"))
    ):
        plot.points(top, sizes, [point.bits[name] for point in points], label, i)
    grid = [2**e for e in range(7, 20)]
    plot.theory(top, grid, [theory.willshaw_best(n)[2] for n in grid], "naive p1^k, units apart", 2)
    plot.level(top, theory.WILLSHAW_LIMIT, "n to infinity: ln 2", below=True, right=True, lw=0.7)
    plot.claim(top)
    top.set(xscale="log", ylabel="bits per parameter", ylim=(0.25, 0.78), xlim=(100, 8e5))
    plot.title(top, "Willshaw at 1 % noise is far from ln 2 at every size measured")
    plot.legend(top, loc="upper left", bbox_to_anchor=(0, 0.8))
    plot.points(bottom, sizes, [point.error_rate for point in points], "measured", 0)
    predicted = np.asarray([laws(point) for point in points])
    plot.theory(bottom, sizes, predicted[:, 1], "Willshaw-Palm distribution", 0)
    plot.theory(bottom, sizes, predicted[:, 0], "naive p1^k", 2)
    bottom.set(xscale="log", xlabel="units n", ylabel="false ones per true one", ylim=(0, 0.04), xlim=(100, 8e5))
    plot.title(bottom, "p1^k names too few false ones, by up to 2.7 times")
    plot.legend(bottom)
    return made
