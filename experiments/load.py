"""How many bits does one dense +-1 Hebbian matrix give up as it fills, to the sign of the field and to the field itself?

Run time: about 5 minutes on 2 cores. Figure: bits per parameter against load, dim 64 to 2048, with the closed forms.
Table: every load at dim 1024 against the exact finite-size forms.
"""

import numpy as np

from hebbsim import plot, theory
from hebbsim.statistics.measurement import curves, measurements

LOADS = (0.05, 0.105, 0.138, 0.185, 0.25, 0.37, 0.61, 1, 2, 4, 8, 16)
TRIALS = {64: 100, 128: 80, 256: 60, 512: 40, 1024: 24, 2048: 10}
BUDGET = "5 minutes on 2 cores"
TASKS = [
    dict(readout="soft", dim=dim, loads=LOADS + ((64, 256) if dim == 1024 else ()), trials=trials)
    for dim, trials in TRIALS.items()
]


def table(results):
    """Dim 1024 against the exact finite-size forms: deviations in standard errors, standard errors in per cent."""
    rows = []
    for point in measurements(results.select(dim_key=1024)):
        count = point.task.num_patterns
        row = [f"{point.load:.4g}", count]
        for measured, law in (
            (point.error_rate, theory.bit_error_exact),
            (point.bits["hard"], theory.hard_bits_exact),
            (point.bits["soft"], theory.soft_bits_exact),
        ):
            value, error = float(law(1024, count)), measured.standard_error
            off = f"{(measured.best - value) / error:+.1f}"
            row += [measured.number(), f"{value:.5f}", off, f"{100 * error / measured.best:.2f}"]
        rows.append([*row, len(point.records)])
    names = [n for q in ("error", "hard", "soft") for n in (q, f"{q} theory", f"{q} off by (se)", f"{q} se, %")]
    return ["load", "patterns", *names, "trials"], sorted(rows, key=lambda row: row[1])


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
