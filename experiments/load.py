"""How many bits does one dense +-1 Hebbian matrix give up as it fills, to the sign of the field and to the field itself?

Run time: about 5 minutes on 2 cores. Figure: bits per parameter against load at dim 1024, with the closed forms of
infinite dim, and how far smaller matrices are from them. Table: every load at dim 1024 against the exact finite-size forms.
"""

import numpy as np

from hebbsim import plot, theory
from hebbsim.statistics.measurement import measurements, named

LOADS = (0.05, 0.105, 0.138, 0.185, 0.25, 0.37, 0.61, 1, 2, 4, 8, 16)
DENSE = sorted({*LOADS, *(float(f"{load:.3g}") for load in np.geomspace(0.05, 16, 36))})  # one pass reads them all
LARGE = (64, 256)
TRIALS = {64: 100, 128: 80, 256: 60, 512: 40, 1024: 24, 2048: 10}
BUDGET = "5 minutes on 2 cores"
ANSWER = (
    "At load 256 the undecided field of a 1024 x 1024 matrix gives {:.2f} bits per parameter, its sign {:.2f}.",
    [({"load": 256}, "soft"), ({"load": 256}, "hard")],
)
TASKS = {
    f"dim {dim}": dict(readout="soft", dim=dim, loads=DENSE if dim == 1024 else LOADS, trials=trials)
    for dim, trials in TRIALS.items()
} | {"dim 1024, large loads": dict(readout="soft", dim=1024, loads=LARGE, trials=TRIALS[1024])}


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
    found = named(results)
    made, (top, bottom) = plot.figure(2)
    x = np.geomspace(0.045, 300, 200)
    curve = [*found.get("dim 1024", []), *found.get("dim 1024, large loads", [])]
    for i, (name, law, words) in enumerate(
        (("soft", theory.soft_bits, "field itself"), ("hard", theory.hard_bits, "sign"))
    ):
        plot.points(top, [p.load for p in curve], [p.bits[name] for p in curve], f"{words}, dim 1024", i)
        plot.theory(top, x, law, f"{words}, dim to infinity", i)
    plot.claim(top)
    plot.level(top, theory.HARD_LIMIT, f"limit of the sign: {theory.HARD_LIMIT:.3f}", right=True, lw=0.6)
    top.set(xscale="log", xlim=(0.04, 350), ylim=(0, 0.8), ylabel="bits per parameter")
    plot.title(top, "The undecided field reaches 0.72 as the load grows, its sign never passes 0.46")
    plot.legend(top, loc="lower right")
    shown = []
    for i, dim in enumerate((64, 256, 1024)):
        curve = found.get(f"dim {dim}", [])
        ratios = [plot.scaled(p.bits["soft"], 100 / float(theory.soft_bits(p.load))) for p in curve]
        shown += ratios
        plot.points(bottom, [p.load for p in curve], ratios, f"dim {dim}", i, joined=True)
    plot.level(bottom, 100)
    bottom.set(xscale="log", xlim=(0.04, 350), xlabel="load, patterns / dim_key", ylabel="soft bits, % of the form")
    bottom.set_ylim(min(r.low for r in shown) - 1, max(r.high for r in shown) + 1)
    plot.title(bottom, "Even at dim 64 a matrix is within 1.2 % of the form for infinite dim")
    plot.legend(bottom, loc="lower left")
    return made
