"""Do the 95 % intervals cover? 300 small experiments of 8 trials each, against what is known exactly.

Run time: about 1 minute on 2 cores. Figure: the first 100 intervals of the hard bits. Table: how many of 300 cover,
beside a binomial interval over probes, which takes the probes of one memory for independent.
"""

import numpy as np
from scipy.special import ndtri

from hebbsim import plot, theory
from hebbsim.statistics.information import hard_bits
from hebbsim.statistics.measurement import measurements

DIM, PATTERNS, REPEATS = 64, (16, 64), 300
BUDGET = "1 minute on 2 cores"
TASKS = [dict(readout="soft", dim=DIM, num_patterns=PATTERNS, seed=seed, trials=8) for seed in range(REPEATS)]


def truth(name, patterns):
    law = theory.hard_bits_exact if name == "hard" else theory.soft_bits_exact
    return float(law(DIM, patterns))


def over_probes(point):
    """The interval that would be right if every bit read were independent."""
    rate, bits = point.error_rate.best, 8 * point.task.num_patterns * DIM
    half = -ndtri(0.025) * np.sqrt(rate * (1 - rate) / bits)
    low, high = (point.load * hard_bits(rate + sign * half) for sign in (1, -1))
    return low <= truth("hard", point.task.num_patterns) <= high


def table(results):
    rows = []
    for patterns in PATTERNS:
        points = measurements(results.select(num_patterns=patterns))
        for name in ("hard", "soft"):
            covered = np.mean([point.bits[name].contains(truth(name, patterns)) for point in points])
            rows.append([f"{name} bits, over trials", patterns, len(points), f"{covered:.3f}"])
        naive = np.mean([over_probes(point) for point in points])
        rows.append(["hard bits, binomial over probes", patterns, len(points), f"{naive:.3f}"])
    return ["interval", "patterns at dim 64", "experiments", "share that covers"], rows


def figure(results):
    made, axes = plot.figure(2)
    for ax, patterns in zip(axes, PATTERNS, strict=True):
        points = measurements(results.select(num_patterns=patterns))[:100]
        right = [point.bits["hard"].contains(truth("hard", patterns)) for point in points]
        for i, (value, label) in enumerate(((True, "covers"), (False, "misses"))):
            at = [j for j, covers in enumerate(right) if covers is value]
            plot.points(ax, at, [points[j].bits["hard"] for j in at], label, i)
        ax.axhline(truth("hard", patterns), color="k", lw=1)
        ax.set(xlabel="experiment", ylabel="hard bits per parameter")
        ax.set_title(f"{patterns} patterns: {sum(right)} of {len(right)} 95 % intervals cover")
        ax.legend(ncols=2)
    return made
