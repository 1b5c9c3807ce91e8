"""How many bits does one Hebbian matrix give up, by reader? The same +-1 memory read one-shot, by ridge, box and AMP.

Run time: about 15 minutes on 2 cores. Figure: bits per parameter against load, by reader, with the thresholds and the
ceiling. Table: every point; `exact` is the share of trials in which every stored bit came back.
"""

import numpy as np

from hebbsim import plot, theory
from hebbsim.records.task import parse_label
from hebbsim.statistics.estimate import student
from hebbsim.statistics.measurement import measurements
from hebbsim.theory.limits import amp_capacity, entropy_ceiling, ridge_sinr

WIDTH = 64  # columns of a trial where their number does not matter: bits per parameter do not depend on it
BUDGET = "15 minutes on 2 cores"
COMMON = dict(probes=8192, dim_value=WIDTH)
ONE_SHOT = (0.1, 0.3, 0.7, 1, 1.5, 2, 2.5, 3)
RIDGE = (0.7, 0.95, 1.1, 1.2, 1.25, 1.5, 2, 2.5, 3)

TASKS = [
    dict(COMMON, dim_key=1024, readout="soft", loads=list(ONE_SHOT), trials=4),
    dict(COMMON, dim_key=256, retrieval="ridge", readout="soft", loads=list(RIDGE), trials=12),
    dict(COMMON, dim_key=1024, retrieval="ridge", readout="soft", loads=list(RIDGE), trials=3),
    dict(COMMON, dim_key=256, retrieval="box", readout="soft", loads=[0.7, 1, 1.5, 1.8, 1.9], trials=4),
    dict(COMMON, dim_key=256, retrieval="amp", readout="soft", loads=[0.7, 1, 1.5, 1.8, 1.9, 2, 2.2, 2.5], trials=6),
    dict(COMMON, dim_key=1024, retrieval="amp", readout="soft", loads=[0.7, 1, 1.5, 1.8, 1.9, 2, 2.2, 2.5], trials=3),
    # Every column of a square memory: zero errors or not.
    dict(dim=1024, retrieval="amp", loads=[1.8], probes=8192, trials=20),
    dict(dim=1024, retrieval="amp", loads=[2.2], probes=8192, trials=2),
    dict(dim=2048, retrieval="amp", loads=[1.9], probes=8192, trials=20),
]


def reader(point):
    return parse_label(point.task.retrieval)[0]


def exact(point):
    """Share of trials with no error at all."""
    wrong = [int(np.sum(trial["errors"])) for trial in point.trials] if "errors" in point.counts else None
    if wrong is None:  # a histogram: the bins at and below zero
        half = point.counts["histogram"].shape[-1] // 2
        wrong = [int(np.sum(trial["histogram"][..., : half + 1])) for trial in point.trials]
    return sum(count == 0 for count in wrong) / len(wrong)


def table(results):
    header = ["reader", "dim_key", "dim_value", "load", "bit error", "hard", "soft", "trials exact", "columns rewritten",
              "iterations a column", "not converged", "trials"]  # fmt: skip
    lines = []
    for point in sorted(measurements(results), key=lambda p: (reader(p), p.task.dim_key, p.task.dim_value, p.load)):
        counts, solves = point.counts, max(int(point.counts.get("solves", 0)), 1)
        known = "solves" in counts
        hard = point.bits.get("hard")
        lines.append([
            reader(point), point.task.dim_key, point.task.dim_value, f"{point.load:.4g}", point.error_rate,
            hard, point.bits.get("soft", ""), f"{exact(point):.2f}",
            f"{counts['rewritten'] / solves:.4f}" if known else "",
            f"{counts['iterations'] / solves:.1f}" if known else "",
            int(counts["unconverged"]) if known else "", len(point.trials),
        ])  # fmt: skip
    return header, lines


def figure(results):
    made, axes = plot.figure(2)
    points = [point for point in measurements(results) if "soft" in point.bits]
    loads = np.linspace(0.02, 3, 300)
    curves = (
        ("matched_filter", 1024, "one-shot, soft", theory.soft_bits(loads)),
        ("ridge", 1024, "ridge, soft", [theory.ridge_soft_bits(a) if a > 1 else a for a in loads]),
        ("box", 256, "box, soft", None),
        ("amp", 1024, "AMP, soft", [a if a < amp_capacity() else np.nan for a in loads]),
    )
    for i, (name, dim, label, law) in enumerate(curves):
        chosen = [point for point in points if reader(point) == name and point.task.dim_key == dim]
        chosen.sort(key=lambda point: point.load)
        plot.points(axes[0], [p.load for p in chosen], [p.bits["soft"] for p in chosen], label, i)
        if law is not None:
            plot.theory(axes[0], loads, law, "", i)
    axes[0].axvline(2, color=plot.COLOURS[2], lw=0.7, ls=":")
    axes[0].axvline(amp_capacity(), color=plot.COLOURS[3], lw=0.7, ls=":")
    plot.claim(axes[0])
    ceiling = entropy_ceiling(1024)
    axes[0].text(0.03, 2.35, f"entropy of the weights: {ceiling:.1f} at dim 1024", fontsize=6)
    axes[0].set(
        xlabel="load", ylabel="bits per parameter", ylim=(0, 2.5), title="What a matrix gives up hangs on its reader"
    )
    axes[0].legend(loc="upper left", bbox_to_anchor=(0, 0.93))
    for i, (name, dim) in enumerate((("matched_filter", 1024), ("ridge", 1024), ("box", 256), ("amp", 1024))):
        chosen = [point for point in points if reader(point) == name and point.task.dim_key == dim]
        chosen.sort(key=lambda point: point.load)
        rates = [student([_errors(trial) for trial in point.trials], point.level) for point in chosen]
        plot.points(axes[1], [p.load for p in chosen], rates, f"{name}, dim {dim}", i)
    plot.theory(axes[1], loads, theory.bit_error(loads), "", 0)
    plot.theory(axes[1], loads, theory.gaussian_tail(np.sqrt(ridge_sinr(loads))), "", 1)
    axes[1].set(xlabel="load", ylabel="bit error", ylim=(-0.01, 0.35), title="Zero errors up to 1, 2 and 2.085")
    axes[1].legend(loc="upper left")
    return made


def _errors(trial):
    histogram = np.asarray(trial["histogram"], float)
    half = histogram.size // 2
    return (histogram[:half].sum() + histogram[half] / 2) / histogram.sum()
