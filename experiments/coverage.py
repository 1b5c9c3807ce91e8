"""Do the 95 % intervals hold the truth in 95 % of experiments, from loads without an error to saturation, with 2 to 40 trials?

Run time: about 6 minutes on 2 cores, for `python -m experiments.coverage`, which draws 6,000 memories of every setting
and shares them out into experiments of 2, 3, 5, 8, 20 and 40 trials; it writes results/coverage/cells.json. The truth is
the closed form where there is one, else what all memories together say. Table: the worst cells, and each setting's.
Figure: 100 experiments of 8 trials, with the interval over trials and with the binomial interval that takes the probes of
one memory for independent; and the share of intervals that cover, for every cell, against the errors seen.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from scipy.special import ndtri
from scipy.stats import binom

from hebbsim import plot, theory
from hebbsim.answers.report import write_json
from hebbsim.statistics.information import hard_bits
from hebbsim.statistics.measurement import Measurement, measurements

DIM, PATTERNS, SHOWN = 64, 16, 100
BUDGET = "6 minutes on 2 cores"
TASKS = {"±1, sign": dict(readout="sign", dim=DIM, num_patterns=[PATTERNS], trials=8 * SHOWN)}
CELLS = Path(__file__).parent.parent / "results" / "coverage" / "cells.json"
MEMORIES, TRIALS, MOST_REPEATS, LEVEL = 6_000, (2, 3, 5, 8, 20, 40), 300, 0.95
LOW, HIGH = 0.92, 0.98  # what is asked of a cell with five errors or more
SEED = 1  # the rules of the intervals were chosen on memories of seed 0: these are others

SPARSE = dict(ensemble="sparse", ensemble_options={"active": 4}, readout="threshold", dim=32)
AGED = dict(dim=32, num_patterns=[128], ages=(1, 8, 32, 64))
SETTINGS = {
    "±1, soft": dict(readout="soft", dim=32, num_patterns=[2, 3, 4, 6, 8, 16, 32, 128, 512]),
    "±1, sign, narrow values": dict(dim_key=64, dim_value=16, num_patterns=[6, 8, 12, 16, 32, 64, 1024]),
    "Gaussian, soft": dict(ensemble="gaussian", readout="soft", dim=32, num_patterns=[2, 4, 8, 32, 128, 512]),
    "tokens of 16": dict(
        ensemble="tokens", ensemble_options={"vocabulary": 16}, readout="argmax", dim=16,
        num_patterns=[4, 6, 8, 12, 16, 32, 64, 256],
    ),
    "tokens of 256, delta": dict(
        rule="delta", ensemble="tokens", ensemble_options={"vocabulary": 256}, readout="argmax", dim=16,
        num_patterns=[4, 8, 16, 32, 128],
    ),
    "Willshaw, threshold": dict(rule="willshaw", num_patterns=[4, 8, 12, 16, 32, 64], **SPARSE),
    "covariance, winners": dict(
        rule="covariance", readout_options={"select": "winners"}, num_patterns=[4, 8, 12, 16, 32, 64], **SPARSE
    ),
    "covariance, sparse field": dict(
        rule="covariance", num_patterns=[4, 8, 16, 32, 128], **SPARSE | {"readout": "soft"}
    ),
    "tied, sign, 10 % of the cue flipped": dict(
        rule="hopfield", ensemble_options={"flip": 0.1}, tied=True, dim=32, num_patterns=[1, 2, 4, 8, 32, 128]
    ),
    "tied, soft, half of the cue erased": dict(
        ensemble_options={"erase": 0.5}, readout="soft", tied=True, dim=32, num_patterns=[1, 2, 4, 8, 32]
    ),
    "attractor, sign": dict(
        rule="hopfield", retrieval="attractor", ensemble_options={"flip": 0.1}, tied=True, dim=32,
        num_patterns=[1, 2, 4, 8, 16],
    ),
    "delta by age, sign": dict(rule="delta", **AGED),
    "decay by age, soft": dict(rule="decay", rule_options={"decay": 0.98}, readout="soft", **AGED),
    "decay by age, Gaussian": dict(
        rule="decay", rule_options={"decay": 0.98}, readout="soft", ensemble="gaussian", **AGED
    ),
    "ridge, sign": dict(retrieval="ridge", dim_key=32, dim_value=8, num_patterns=[8, 16, 24, 32, 48, 64]),
}  # fmt: skip


def read_off(point):
    """{quantity: Estimate} of all that one experiment says."""
    found = dict(point.bits)
    if np.isfinite(point.error_rate.best):
        found["error rate"] = point.error_rate
    if point.task.ages:
        found |= {f"age bin {i}": bits for i, bits in enumerate(point.age_bits)}
    return found


def truths(records, options):
    """What all memories together say; the closed form for the bits of a one-shot ±1 matrix."""
    pooled = Measurement(records[0].task, records)
    found = {name: pooled.bits_of(pooled.counts, name) for name in pooled.criteria}
    found["error rate"] = float(np.divide(*pooled.errors_of(pooled.counts)))
    if pooled.task.ages:
        contents = [pooled.content_at(pooled.counts, age)[pooled.criteria[0]] for age in pooled.ages]
        found |= {f"age bin {i}": content.bits() for i, content in enumerate(contents)}
    task = pooled.task
    if (task.rule, task.ensemble, task.retrieval, task.tied, task.ages) == (
        "hebbian", "bipolar", "matched_filter", False, ()
    ):  # fmt: skip
        for name, law in (("hard", theory.hard_bits_exact), ("soft", theory.soft_bits_exact)):
            if name in found:
                found[name] = float(law(task.dim_key, task.num_patterns))
    return found


def cover(name, records, options, trials_of=TRIALS, repeats=MOST_REPEATS):
    """One row a quantity and number of trials: how many experiments of so many trials hold the truth."""
    truth, rows = truths(records, options), {}
    for trials in trials_of:
        for start in range(0, min(len(records) // trials, repeats) * trials, trials):
            point = Measurement(records[0].task, records[start : start + trials], LEVEL)
            seen, _ = point.errors_of(point.counts)
            for quantity, estimate in read_off(point).items():
                row = rows.setdefault((quantity, trials), {"repeats": 0, "covered": 0, "above": 0, "errors": []})
                row["repeats"] += 1
                # What is at its ceiling differs from the closed form by rounding alone.
                row["covered"] += estimate.low - 1e-12 <= truth[quantity] <= estimate.high + 1e-12
                row["above"] += estimate.low - 1e-12 > truth[quantity]
                row["errors"].append(seen)
    return [
        {"setting": name, "patterns": records[0].task.num_patterns, "quantity": quantity, "trials": trials}
        | {**row, "covered": int(row["covered"]), "above": int(row["above"]), "errors": float(np.median(row["errors"]))}
        for (quantity, trials), row in rows.items()
    ]


def draw(options, memories):
    """Records of every load of a setting, by number of patterns."""
    from hebbsim.collect import engine
    from hebbsim.simulate.plan import sweep

    plan, found = sweep(probes=128 if "ages" in options else 64, seed=SEED, **options), {}
    for batch in engine([(plan, dict.fromkeys(plan.tasks, range(memories)))], devices=1):
        for record in batch:
            found.setdefault(record.task, []).append(record)
    return found.values()


def main(memories=MEMORIES):
    began, rows = time.monotonic(), []
    for name, options in SETTINGS.items():
        for records in draw(options, memories):
            rows += cover(name, tuple(records), options)
        write_json(CELLS, {"level": LEVEL, "memories": memories, "seed": SEED, "cells": rows})
        print(f"{time.monotonic() - began:4.0f} s  {name}", file=sys.stderr, flush=True)


def share_of(row):
    return row["covered"] / row["repeats"]


def cells():
    return json.loads(CELLS.read_text())["cells"] if CELLS.exists() else []


def line(row, why=""):
    where = f"{row['setting']}, {row['patterns']} patterns"
    errors = "not counted" if row["errors"] is None else f"{row['errors']:g}"
    return [why, where, row["quantity"], row["trials"], errors, row["repeats"], f"{share_of(row):.3f}"]


def verdict(judged):
    """How many cells cover 92 to 98 %, less, more; and how many would if every interval covered 95 % exactly."""
    shares = np.asarray([share_of(row) for row in judged])
    repeats = np.asarray([row["repeats"] for row in judged])
    less = binom.cdf(np.ceil(LOW * repeats) - 1, repeats, LEVEL).sum()
    more = binom.sf(np.floor(HIGH * repeats), repeats, LEVEL).sum()
    counts = {
        "92 to 98 %": (np.sum((shares >= LOW) & (shares <= HIGH)), len(judged) - less - more),
        "under 92 %": (np.sum(shares < LOW), less),
        "over 98 %": (np.sum(shares > HIGH), more),
    }
    return [
        [
            f"cover {words}",
            f"{cells} of {len(judged)} cells with 5 errors or more",
            "all",
            "2 to 40",
            "",
            "",
            f"by chance {chance:.0f}",
        ]
        for words, (cells, chance) in counts.items()
    ]


def table(results):
    header = ["", "cell", "interval of", "trials", "errors seen (median)", "experiments", "share that covers"]
    rows, every = [], cells()
    for row in sorted(every, key=share_of)[:3]:
        rows.append(line(row, "covers least"))
    judged = [row for row in every if row["errors"] is None or row["errors"] >= 5]
    for row in sorted(judged, key=share_of)[-3:]:
        rows.append(line(row, "covers most, of those with 5 errors or more"))
    rows += verdict(judged) if judged else []
    for name in SETTINGS:
        mine = [row for row in every if row["setting"] == name]
        if mine:
            mean = sum(row["covered"] for row in mine) / sum(row["repeats"] for row in mine)
            rows.append(["all of a setting", f"{name}: {len(mine)} cells", "all", "2 to 40", "", "", f"{mean:.3f}"])
            rows.append(line(min(mine, key=share_of), "its least"))
    over, naive, count = shown(results)
    for what, covered in (("hard bits, over trials", over), ("hard bits, binomial over probes", naive)):
        rows.append(["the figure", f"±1, sign, dim {DIM}, {PATTERNS} patterns", what, 8, "", count, f"{covered:.3f}"])
    return header, rows


def experiments(results):
    """The collected trials shared out into experiments of 8."""
    (point,) = measurements(results)
    return [Measurement(point.task, point.records[i : i + 8]) for i in range(0, len(point.records) - 7, 8)]


def binomial(point):
    """(low, high) of the hard bits that would be right if every bit read were independent."""
    wrong, bits = point.errors_of(point.counts)
    half = -ndtri(0.025) * np.sqrt(wrong / bits * (1 - wrong / bits) / bits)
    return tuple(point.load * hard_bits(wrong / bits + sign * half) for sign in (1, -1))


def shown(results):
    """(share that covers over trials, by the binomial interval, experiments)."""
    truth, points = float(theory.hard_bits_exact(DIM, PATTERNS)), experiments(results)
    naive = [low <= truth <= high for low, high in map(binomial, points)]
    return np.mean([point.bits["hard"].contains(truth) for point in points]), np.mean(naive), len(points)


def figure(results):
    made, (left, middle, right) = plot.figure(3)
    truth, points = float(theory.hard_bits_exact(DIM, PATTERNS)), experiments(results)[:SHOWN]
    over, naive, count = shown(results)
    for ax, kind, covered in ((left, "over trials", over), (middle, "binomial over probes", naive)):
        bars = [p.bits["hard"] for p in points]
        if ax is middle:
            bars = [
                bar._replace(low=ends[0], high=ends[1]) for bar, ends in zip(bars, map(binomial, points), strict=True)
            ]
        right_ones = [bar.contains(truth) for bar in bars]
        for i, (value, label) in enumerate(((True, "covers"), (False, "misses"))):
            at = [j for j, covers in enumerate(right_ones) if covers is value]
            plot.points(ax, at, [bars[j] for j in at], label, i)
        ax.axhline(truth, color="k", lw=1)
        ax.set(xlabel="experiment of 8 trials", ylabel="hard bits per parameter")
        ax.set_title(f"{kind}: {100 * covered:.0f} % of {count} cover")
        ax.legend(ncols=2, loc="upper right")
    for ax in (left, middle):
        ax.set_ylim(min(p.bits["hard"].low for p in points) - 0.005, max(p.bits["hard"].high for p in points) + 0.01)
    for edge in (LOW, HIGH):
        right.axhline(edge, color="0.5", lw=0.8, ls=":")
    for i, trials in enumerate(TRIALS):
        mine = [row for row in cells() if row["trials"] == trials]
        x = [max(row["errors"] or 0, 0.5) for row in mine]
        right.plot(
            x,
            [share_of(row) for row in mine],
            plot.MARKERS[i],
            color=plot.COLOURS[i],
            ms=2,
            label=f"{trials} trials",
            rasterized=True,
        )
    right.axhline(LEVEL, color="k", lw=0.8)
    right.set(xscale="log", xlabel="errors seen in an experiment (median; none: 0.5)", ylabel="share that covers")
    right.set(ylim=(0.85, 1.01), title="Every interval of every readout, 95 % asked")
    right.legend(ncols=2, loc="lower right")
    return made


if __name__ == "__main__":
    main()
