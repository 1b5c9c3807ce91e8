"""How many bits does one Hebbian matrix give up, by reader? The same +-1 memory read one-shot, by ridge, box and AMP.

Run time: about 15 minutes on 2 cores. Figure: bits per parameter against load, by reader, with the thresholds and the
ceiling. Table: every point; `exact` is the share of trials in which every stored bit came back.
"""

import numpy as np

from hebbsim import plot, theory
from hebbsim.statistics.estimate import share
from hebbsim.statistics.measurement import named
from hebbsim.theory.limits import amp_capacity, entropy_ceiling, ridge_sinr

WIDTH = 64  # columns of a trial where their number does not matter: bits per parameter do not depend on it
BUDGET = "15 minutes on 2 cores"
ANSWER = (
    "{:.2f} soft bits per parameter one-shot at load 2.5, {:.2f} by ridge at load 1.25, and by AMP {:.2f} at dim "
    "2048 with {:.0f} bits wrong.",
    [
        ({"reader": "matched_filter", "load": 2.5}, "soft"),
        ({"reader": "ridge", "dim_key": 1024, "load": 1.25}, "soft"),
        *(({"reader": "amp", "dim_key": 2048}, name) for name in ("hard", "bit error")),
    ],
)
COMMON = dict(probes=8192, dim_value=WIDTH)
ONE_SHOT = (0.1, 0.3, 0.7, 1, 1.5, 2, 2.5, 3)
RIDGE = (0.7, 0.95, 1.1, 1.2, 1.25, 1.5, 2, 2.5, 3)

PASSED = (0.7, 1, 1.5, 1.8, 1.9, 2, 2.2, 2.5)

# name: reader, dim_key, loads, trials
SOFT = {
    "one-shot": ("matched_filter", 1024, ONE_SHOT, 4),
    "ridge, dim 256": ("ridge", 256, RIDGE, 12),
    "ridge": ("ridge", 1024, RIDGE, 3),
    "box, dim 256": ("box", 256, (0.7, 1, 1.5, 1.8, 1.9), 4),
    "AMP, dim 256": ("amp", 256, PASSED, 6),
    "AMP": ("amp", 1024, PASSED, 3),
}
# Every column of a square memory: zero errors or not.
WHOLE = {
    "AMP, all columns, load 1.8": dict(dim=1024, loads=[1.8], trials=20),
    "AMP, all columns, load 2.2": dict(dim=1024, loads=[2.2], trials=2),
    "AMP, all columns, dim 2048": dict(dim=2048, loads=[1.9], trials=20),
}
TASKS = {
    name: dict(COMMON, dim_key=dim, retrieval=reader, readout="soft", loads=list(loads), trials=trials)
    for name, (reader, dim, loads, trials) in SOFT.items()
}
TASKS |= {name: dict(retrieval="amp", probes=8192, **options) for name, options in WHOLE.items()}
READERS = {name: reader for name, (reader, *_) in SOFT.items()} | dict.fromkeys(WHOLE, "amp")


def wrong(trial):
    """Wrong bits of a trial, a tie half of one: from the histogram, its bins below zero and at zero, or the counts."""
    if "errors" in trial:
        return float(np.sum(trial["errors"]) + np.sum(trial["ties"]) / 2)
    histogram = np.asarray(trial["histogram"], float)
    half = histogram.shape[-1] // 2
    return float(histogram[..., :half].sum() + histogram[..., half].sum() / 2)


def exact(point):
    """Share of trials with no error at all."""
    return share(sum(wrong(trial) == 0 for trial in point.trials), len(point.trials), point.level)


def table(results):
    header = [
        "reader",
        "dim_key",
        "dim_value",
        "load",
        "bit error",
        "hard",
        "soft",
        "trials exact",
        "columns rewritten",
    ]
    found, lines = named(results), []
    points = [(READERS[name], point) for name, curve in found.items() for point in curve]
    for reader, point in sorted(points, key=lambda p: (p[0], p[1].task.dim_key, p[1].task.dim_value, p[1].load)):
        counts, task = point.counts, point.task
        line = [reader, task.dim_key, task.dim_value, f"{point.load:.4g}", point.error_rate, point.bits.get("hard")]
        line += [point.bits.get("soft", ""), f"{exact(point).best:.2f}"]
        solves = max(int(counts.get("solves", 0)), 1)
        ratios = (
            [f"{counts['rewritten'] / solves:.4f}", f"{counts['iterations'] / solves:.1f}"]
            if "solves" in counts
            else ["", ""]
        )
        lines.append([*line, *ratios, int(counts["unconverged"]) if "solves" in counts else "", len(point.trials)])
    return [*header, "iterations a column", "not converged", "trials"], lines


def figure(results):
    made, (top, bottom) = plot.figure(2, height=2.7)
    found = named(results)
    loads = np.linspace(0.02, 2.6, 300)
    shown = (
        ("one-shot", "one-shot", theory.soft_bits(loads), theory.bit_error(loads)),
        (
            "ridge",
            "ridge",
            [theory.ridge_soft_bits(a) if a > 1 else a for a in loads],
            theory.gaussian_tail(np.sqrt(ridge_sinr(loads))),
        ),
        ("box, dim 256", "box", None, None),
        ("AMP", "AMP", [a if a < amp_capacity() else np.nan for a in loads], None),
    )
    for i, (name, label, bits, error) in enumerate(shown):
        curve = [point for point in found.get(name, []) if point.load < 2.6]
        label = f"{label}, dim {curve[0].task.dim_key}" if curve else label
        x = [p.load for p in curve]
        plot.points(top, x, [p.bits["soft"] for p in curve], label, i)
        if bits is not None:
            plot.theory(top, loads, bits, "", i)
        rates = [p.error_rate for p in curve]
        plot.points(bottom, x, rates, label, i, joined=error is None)
        if error is not None:
            plot.theory(bottom, loads, error, "", i)
    for ax in (top, bottom):
        for x, words in ((1, "1"), (2, "2"), (amp_capacity(), "2.085")):
            ax.axvline(x, color="0.5", lw=0.6, zorder=0)
            ax.annotate(
                words,
                (x, 1),
                xycoords=("data", "axes fraction"),
                ha="left" if x > 2 else "right",
                va="top",
                xytext=(1 if x > 2 else -1, 0),
                textcoords="offset points",
                fontsize=plot.SMALL,
                color="0.35",
            )
    plot.claim(top, right=True)
    top.set(ylabel="soft bits per parameter", ylim=(0, 2.4), xlim=(0, 2.65))
    bottom.set(xlabel="load, patterns / dim_key", ylabel="bit error", ylim=(-0.008, 0.3), xlim=(0, 2.65))
    plot.title(top, "The same matrix gives up more to a reader that knows the keys")
    plot.title(bottom, "By ridge, box and AMP errors begin at or a little before load 1, 2 and 2.085")
    plot.legend(top, loc="upper left", bbox_to_anchor=(0, 0.97))
    plot.legend(bottom, loc="upper left", bbox_to_anchor=(0, 0.97))
    plot.note(
        top,
        f"Lines of AMP and ridge: theory for infinite dim. Entropy of the weights: {entropy_ceiling(1024):.1f} at dim 1024.",
    )
    return made
