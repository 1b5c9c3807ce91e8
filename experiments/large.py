"""Do the largest memories, up to 4 thousand million parameters, still give what the closed forms say?

Run time: about 10 minutes on 2 cores, less on a GPU. The fields of the pairs that are read are carried on from load to
load, so that no matrix is formed: one of dim 65,536 would take 16 GiB. Figure: bits per parameter against load. Table:
every load against the closed forms.
"""

import numpy as np

from hebbsim import plot, theory
from hebbsim.statistics.measurement import named

TRIALS = {16_384: 4, 32_768: 4, 65_536: 2}  # dim -> memories
LOADS = (0.02, 0.0435, 0.105, 0.185, 0.37, 1)
BUDGET = "10 minutes on 2 cores"
ANSWER = (
    "At dim 65,536 and load 1 the undecided field gives {:.3f} bits per parameter, its sign {:.3f}; the closed forms "
    "say {:.3f} and {:.3f}.",
    [
        ({"dim": "65536", "load": 1}, name)
        for name in ("soft bits/parameter", "hard bits/parameter", "theory", "theory ")
    ],
)
TASKS = {f"dim {dim}": dict(readout="soft", dim=dim, loads=LOADS, trials=trials) for dim, trials in TRIALS.items()}


def table(results):
    rows = []
    for point in (point for curve in named(results).values() for point in curve):
        row = [point.task.dim_key, f"{point.load:.4g}"]
        for name, law in (("soft", theory.soft_bits), ("hard", theory.hard_bits)):
            row += [point.bits[name], f"{float(law(point.load)):.4f}"]
        rows.append([*row, len(point.records)])
    return ["dim", "load", "soft bits/parameter", "theory", "hard bits/parameter", "theory ", "trials"], rows


def figure(results):
    made, (ax,) = plot.figure(height=2.8)
    for i, curve in enumerate(named(results).values()):
        loads, dim = [point.load for point in curve], f"dim {curve[0].task.dim_key:,}"
        for hollow, name in ((False, "soft"), (True, "hard")):
            plot.points(ax, loads, [point.bits[name] for point in curve], f"{dim}, {name}", i, hollow)
    loads = np.geomspace(0.018, 1.1, 100)
    plot.theory(ax, loads, theory.soft_bits, "soft, large dim", 0)
    plot.theory(ax, loads, theory.hard_bits, "hard, large dim", 1)
    ax.set(xscale="log", yscale="log", xlabel="load, patterns / dim_key", ylabel="bits per parameter")
    plot.title(ax, "The largest memories follow the closed forms")
    plot.legend(ax)
    return made
