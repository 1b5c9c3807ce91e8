"""Where do the exact readers stop, and how fast is that point reached as dim grows? Box at 2, AMP at 2.085.

Run time: about 5 minutes on 2 cores. A column is read exactly if its signs, written again, are the column. For box one
column is a trial (dim_value = 1); lines: the chance that no other point of the box fits (Wendel 1962; Donoho & Tanner
2010). Figure: share of exact columns against load. Table: every point, with the iterations that it took.
"""

import numpy as np

from hebbsim import plot
from hebbsim.records.task import parse_label
from hebbsim.statistics.estimate import student
from hebbsim.statistics.measurement import measurements
from hebbsim.theory.limits import amp_capacity, separable_probability

BUDGET = "5 minutes on 2 cores"
BOX = {32: 80, 64: 80, 128: 40}  # dim: trials
AMP = {128: 6, 256: 6, 512: 4, 1024: 3}

TASKS = [
    dict(dim_key=dim, dim_value=1, retrieval="box", loads=[1.4, 1.6, 1.8, 1.9, 2.0, 2.1, 2.2], probes=512, trials=count)
    for dim, count in BOX.items()
]
TASKS += [
    dict(dim_key=dim, dim_value=64, retrieval="amp", loads=[1.6, 1.8, 1.9, 2.0, 2.1, 2.2], probes=8192, trials=count)
    for dim, count in AMP.items()
]


def name_of(point):
    return parse_label(point.task.retrieval)[0]


def share(point):
    """Exact columns, of all."""
    return student([trial["rewritten"] / trial["solves"] for trial in point.trials], point.level)


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
    lines = []
    for point in sorted(measurements(results), key=lambda p: (name_of(p), p.task.dim_key, p.load)):
        counts = point.counts
        lines.append([
            name_of(point), point.task.dim_key, f"{point.load:.4g}", share(point), point.error_rate,
            f"{counts['iterations'] / counts['solves']:.1f}", int(counts["unconverged"]), int(counts["solves"]),
        ])  # fmt: skip
    return header, lines


def figure(results):
    made, axes = plot.figure(2)
    points = sorted(measurements(results), key=lambda point: point.load)
    for ax, name, dims, limit in ((axes[0], "box", BOX, 2.0), (axes[1], "amp", AMP, amp_capacity())):
        for i, dim in enumerate(dims):
            chosen = [point for point in points if name_of(point) == name and point.task.dim_key == dim]
            plot.points(ax, [p.load for p in chosen], [share(p) for p in chosen], f"dim {dim}", i)
            if name == "box":
                counts = np.arange(round(1.3 * dim), round(2.3 * dim))
                plot.theory(ax, counts / dim, separable_probability(dim, counts), "", i)
            else:
                ax.plot([p.load for p in chosen], [share(p).best for p in chosen], lw=0.7, color=plot.COLOURS[i])
        ax.axvline(limit, color="0.4", lw=0.8, ls="--")
        ax.set(xlabel="load", ylabel="columns read back exactly", ylim=(-0.03, 1.05))
        ax.legend(loc="lower left")
    axes[0].set_title("Box: half of the columns at load 2, whatever the dim")
    axes[1].set_title("AMP: the step sharpens toward 2.085")
    return made
