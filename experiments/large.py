"""Do the largest memories, of a thousand million parameters, still give what the closed forms say?

Run time: about 4 minutes on 2 cores, less on a GPU. The fields of the pairs that are read are carried on from load to
load, so that no matrix is formed: one of dim 32,768 would take 4 GiB. Figure: bits per
parameter as a share of the closed form. Table: every load against the closed forms.
"""

from hebbsim import plot, theory
from hebbsim.statistics.measurement import named

TRIALS = {16_384: 4, 32_768: 3}  # dim -> memories
LOADS = (0.02, 0.0435, 0.105, 0.185, 0.37, 1)
BUDGET = "4 minutes on 2 cores"
ANSWER = (
    "At dim 32,768 and load 1 the undecided field gives {:.3f} bits per parameter, its sign {:.3f}; the closed forms "
    "say {:.3f} and {:.3f}.",
    [({"dim": 32768, "load": 1}, name) for name in ("soft bits/parameter", "hard bits/parameter", "theory", "theory ")],
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
    made, (ax,) = plot.figure(height=2.6)
    shown = []
    for i, (name, law) in enumerate((("soft", theory.soft_bits), ("hard", theory.hard_bits))):
        for hollow, whole in zip((False, True), named(results).values(), strict=True):
            curve = [point for point in whole if point.load > 0.03]  # below no bit is wrong
            ratios = [plot.scaled(point.bits[name], 100 / float(law(point.load))) for point in curve]
            words = f"{'field itself' if name == 'soft' else 'sign'}, dim {curve[0].task.dim_key:,}"
            loads = [point.load * (1 + 0.04 * (2 * i + hollow - 1.5)) for point in curve]  # side by side
            plot.points(ax, loads, ratios, words, i, hollow)
            shown += ratios
    plot.level(ax, 100)
    ax.set(xscale="log", xlim=(0.03, 1.3), xlabel="load, patterns / dim_key", ylabel="bits, % of the closed form")
    ax.set_ylim(min(r.low for r in shown) - 0.02, max(r.high for r in shown) + 0.07)
    plot.title(ax, "Memories of a thousand million parameters follow the forms for infinite dim")
    plot.legend(ax, loc="upper left")
    plot.note(ax, "At load 0.02 no bit was wrong.")
    return made
