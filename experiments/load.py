"""How many bits does one dense +-1 Hebbian matrix give up as it fills, to the sign of the field and to the field itself?

Run time: about 5 minutes on 2 cores. Figure: bits per parameter against load, dim 64 to 2048, with the closed forms.
"""

import numpy as np

from hebbsim import plot, theory
from hebbsim.measurement import curves, measurements

LOADS = (0.05, 0.105, 0.138, 0.185, 0.25, 0.37, 0.61, 1, 2, 4, 8, 16)
TRIALS = {64: 100, 128: 80, 256: 60, 512: 40, 1024: 24, 2048: 10}
BUDGET = "5 minutes on 2 cores"
TASKS = [
    dict(readout="soft", dim=dim, loads=LOADS + ((64, 256) if dim == 1024 else ()), trials=trials)
    for dim, trials in TRIALS.items()
]


def figure(results):
    made, axes = plot.figure(2)
    x = np.geomspace(0.04, 300, 200)
    for ax, name, law, limit in (
        (axes[0], "soft", theory.soft_bits, theory.SOFT_LIMIT),
        (axes[1], "hard", theory.hard_bits, theory.HARD_LIMIT),
    ):
        for i, curve in enumerate(curves(measurements(results)).values()):
            label = f"dim {curve[0].task.dim_key}"
            plot.points(ax, [point.load for point in curve], [point.bits[name] for point in curve], label, i)
        plot.theory(ax, x, law, f"theory, dim to infinity (limit {limit:.4f})", 6)
        plot.claim(ax)
        ax.set(xscale="log", xlabel="load, patterns / dim_key", ylabel="bits per parameter", ylim=(0, 0.78))
        ax.legend(loc="lower right")
    axes[0].set_title("The undecided field reaches 0.72 as the load grows")
    axes[1].set_title("The sign of the field never passes 0.46")
    return made
