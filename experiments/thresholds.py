"""Where do the exact readers stop, and how fast is that point reached as dim grows? Box at 2, AMP at 2.085.

Run time: about 5 minutes on 2 cores. A column is read exactly if its signs, written again, are the column. For box one
column is a trial (dim_value = 1); lines: the chance that no other point of the box fits (Wendel 1962; Donoho & Tanner
2010). Figure: share of exact columns against load. Table: every point, with the iterations that it took. Intervals of
shares stay within [0, 1]: of box those of Clopper and Pearson, over columns that are trials of their own; of AMP Student's
over trials, cut at 0 and 1, and Clopper and Pearson's over all columns where every column went the same way.
"""

import numpy as np

from hebbsim import plot
from hebbsim.statistics.estimate import share, student
from hebbsim.statistics.measurement import named
from hebbsim.theory.limits import amp_capacity, separable_probability

BUDGET = "5 minutes on 2 cores"
ANSWER = (
    "At load 2 box still reads {:.0%} of the columns exactly at dim 32, and AMP {:.0%} at dim 1024; AMP none of "
    "them at load 2.2 ({:.0%}).",
    [
        ({"reader": "box", "dim_key": 32, "load": 2}, "columns exact"),
        *(({"reader": "amp", "dim_key": 1024, "load": load}, "columns exact") for load in (2, 2.2)),
    ],
)
BOX = {32: 80, 64: 80, 128: 40}  # dim: trials
BOX_LOADS = [1.4, 1.6, 1.8, 1.9, 2.0, 2.1, 2.2]
AMP_LOADS = [1.6, 1.8, 1.9, 2.0, 2.1, 2.2]
AMP = {128: 6, 256: 6, 512: 4, 1024: 3}

TASKS = {
    f"box {dim}": dict(dim_key=dim, dim_value=1, retrieval="box", loads=BOX_LOADS, probes=512, trials=trials)
    for dim, trials in BOX.items()
}
TASKS |= {
    f"amp {dim}": dict(dim_key=dim, dim_value=64, retrieval="amp", loads=AMP_LOADS, probes=8192, trials=trials)
    for dim, trials in AMP.items()
}


def exact_share(point):
    """Exact columns, of all."""
    exact, solved = int(point.counts["rewritten"]), int(point.counts["solves"])
    over_columns = share(exact, solved, point.level)
    if point.task.dim_value == 1 or exact in (0, solved):
        return over_columns._replace(trials=len(point.trials), method=f"{over_columns.method} over columns")
    spread = student([trial["rewritten"] / trial["solves"] for trial in point.trials], point.level)
    return spread._replace(low=max(0.0, spread.low), high=min(1.0, spread.high))


def table(results):
    header = [
        "reader",
        "dim_key",
        "load",
        "columns exact",
        "bit error",
        "iterations a column",
        "not converged",
        "columns",
    ]
    found, lines = named(results), []
    for reader, dims in (("amp", AMP), ("box", BOX)):
        for point in (point for dim in dims for point in found.get(f"{reader} {dim}", [])):
            counts = point.counts
            steps = f"{counts['iterations'] / counts['solves']:.1f}"
            start = [reader, point.task.dim_key, f"{point.load:.4g}", exact_share(point), point.error_rate, steps]
            lines.append([*start, int(counts["unconverged"]), int(counts["solves"])])
    return header, lines


def figure(results):
    found = named(results)
    made, axes = plot.figure(2)
    for ax, name, dims, limit in ((axes[0], "box", BOX, 2.0), (axes[1], "amp", AMP, amp_capacity())):
        for i, dim in enumerate(dims):
            curve = found.get(f"{name} {dim}", [])
            shift = (i - (len(dims) - 1) / 2) * 0.008  # so that bars of one load lie beside one another
            x, shares = [p.load + shift for p in curve], [exact_share(p) for p in curve]
            plot.points(ax, x, shares, f"dim {dim}", i, joined=name == "amp")
            if name == "box":
                counts = np.arange(round(1.38 * dim), round(2.22 * dim))
                plot.theory(ax, counts / dim, separable_probability(dim, counts), "", i)
        ax.axvline(limit, color="0.4", lw=0.8, ls="-", zorder=0)
        ax.set(ylabel="columns read back exactly", ylim=(-0.03, 1.05))
        plot.legend(ax, loc="lower left")
    axes[0].set(xlim=(1.34, 2.26))
    axes[1].set(xlim=(1.56, 2.24), xlabel="load, patterns / dim_key")
    plot.title(axes[0], "Box: half of the columns at load 2, whatever the dim (lines: Wendel's law)")
    plot.title(axes[1], "AMP: the step sharpens toward 2.085 as the matrix grows")
    plot.note(axes[0], "Points of one load are drawn side by side.")
    return made
