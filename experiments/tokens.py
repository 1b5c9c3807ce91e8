"""How many bits does a dense Hebbian matrix hold as tokens, read by argmax over a vocabulary of V random code words?

Run time: about 6 minutes on 2 cores. Figure: bits per parameter against load at dim 512, and at the best load and at
1 % error against V, with the i.i.d. formula and the corrected ones. Table: accuracy on a grid of dim and V beside each
formula, then best load and 1 % error by V.
"""

import math
from typing import Any

from hebbsim import plot, theory
from hebbsim.errors import HebbsimError
from hebbsim.statistics.fit import best_load, load_at_error
from hebbsim.statistics.measurement import curves, measurements

VOCABULARIES = (256, 4096, 65536)
# dim: pairs at the best load for each of VOCABULARIES, from theory.best_token_load to two figures; written out so that
# records keep their identity.
BEST = {64: (230, 160, 110), 128: (840, 720, 520), 256: (2600, 3000, 2200), 512: (7100, 12000, 9300),
        1024: (17000, 42000, 37000)}  # fmt: skip
PARTS = (0.5, 1, 1.6)  # of the best load that the corrected formula names
TRIALS = {64: 60, 128: 40, 256: 20, 512: 10, 1024: 6}
DEEP_DIM = 512
DEEP = {16: 1700, 64: 3400, 256: 7100, 1024: 11000, 4096: 12000, 16384: 11000, 65536: 9300}  # pairs at the best load
LADDER = tuple(2 ** (i / 2) for i in range(-5, 5))  # loads of a deep curve, times the best
BUDGET = "6 minutes on 2 cores"


def task(dim, vocabulary, best, parts, trials) -> dict[str, Any]:
    counts = [round(part * best) for part in parts]
    return dict(
        ensemble="tokens", ensemble_options={"vocabulary": vocabulary}, readout="argmax",
        dim=dim, num_patterns=counts, probes=512, trials=trials,
    )  # fmt: skip


GRID = [
    task(dim, v, best, PARTS, TRIALS[dim])
    for dim, row in BEST.items()
    for v, best in zip(VOCABULARIES, row, strict=True)
]
TASKS = [*GRID, *(task(DEEP_DIM, v, best, LADDER, TRIALS[DEEP_DIM]) for v, best in DEEP.items())]


def split(results):
    """(points of the grid, deep curves); where both share a task they share its records."""
    points = measurements(results)
    wanted = {(t["dim"], t["ensemble_options"]["vocabulary"], m) for t in GRID for m in t["num_patterns"]}
    grid = [p for p in points if (p.task.dim_key, p.vocabulary, p.task.num_patterns) in wanted]
    deep = [curve for curve in curves(points).values() if curve[0].task.dim_key == DEEP_DIM]
    return grid, sorted(deep, key=lambda curve: curve[0].vocabulary)


def capacities(curve):
    """(best, at 1 % error), None where the curve does not bracket it."""
    found = []
    for kind in (lambda: best_load(curve, "hard"), lambda: load_at_error(curve)):
        try:
            found.append(kind())
        except HebbsimError:
            found.append(None)
    return found


def table(results):
    grid, deep = split(results)
    rows = []
    for p in grid:
        dim, v = p.task.dim_key, p.vocabulary
        laws = [theory.argmax_error(dim, dim, v, p.task.num_patterns, codes) for codes in ("iid", "random", "refined")]
        gap = p.error_rate.best - laws[1]
        allowed = 3 * p.error_rate.standard_error + 12 / dim
        near = "yes" if abs(gap) <= allowed else f"no, by {abs(gap) - allowed:.3f}"
        rows.append(
            [
                dim,
                v,
                p.task.num_patterns,
                p.error_rate,
                *(f"{e:.3f}" for e in laws),
                f"{gap:+.3f}",
                near,
                p.bits["hard"],
                p.bits["soft"],
            ]
        )
    for curve in deep:
        v = curve[0].vocabulary
        for name, capacity in zip(("best load", "1 % error"), capacities(curve), strict=True):
            if capacity:
                rows.append([DEEP_DIM, v, f"{name}: load {capacity.load.number()}", *[""] * 6, capacity.bits, ""])
    header = [
        "dim",
        "V",
        "pairs",
        "wrong",
        "i.i.d.",
        "corrected",
        "refined",
        "gap to corrected",
        "within 3 se + 12/dim",
    ]
    return [*header, "hard bits", "soft bits"], rows


def figure(results):
    _, deep = split(results)
    made, (left, right) = plot.figure(2)
    shown = [curve for curve in deep if curve[0].vocabulary in (16, 256, 4096, 65536)]
    for i, curve in enumerate(shown):
        v = curve[0].vocabulary
        loads = [p.task.num_patterns / DEEP_DIM**2 for p in curve]
        plot.points(left, loads, [p.bits["hard"] for p in curve], f"V = {v:,}", i)
        law = [theory.argmax_bits(DEEP_DIM, DEEP_DIM, v, p.task.num_patterns, "refined") for p in curve]
        plot.theory(left, loads, law, "", i)
    plot.claim(left)
    left.set(
        xscale="log", xlabel=f"pairs / parameters, dim {DEEP_DIM}", ylabel="hard bits per parameter", ylim=(0, 0.78)
    )
    left.set_title("Tokens by argmax: up to 0.44 at V = 65,536")
    left.legend(loc="upper left", bbox_to_anchor=(0, 0.9))
    found = [(curve[0].vocabulary, capacities(curve)) for curve in deep]
    for i, name in enumerate(("best load", "1 % of tokens wrong")):
        at = [(math.log2(v), both[i].bits) for v, both in found if both[i]]
        plot.points(right, [x for x, _ in at], [bits for _, bits in at], f"{name}, dim {DEEP_DIM}", i)
    bits = list(range(4, 31, 2))
    few = bits[:9]
    for i, reach in enumerate((theory.best_token_load, theory.token_load_at_error)):
        law = [reach(DEEP_DIM, DEEP_DIM, 2**b, codes="refined")[1] for b in few]
        plot.theory(right, few, law, f"random words, dim {DEEP_DIM}" if i == 0 else "", i, dashed=True)
    plot.theory(
        right, bits, [theory.best_token_load(2**20, 2**20, 2.0**b, "iid")[1] for b in bits], "i.i.d., best load", 0
    )
    plot.theory(right, bits, [theory.token_load_at_error(2**20, 2**20, 2.0**b, codes="iid")[1] for b in bits],
                "i.i.d., 1 % wrong", 1)  # fmt: skip
    right.axhline(theory.SOFT_LIMIT, color="0.6", lw=0.8)
    right.annotate("V to infinity: 0.7213", (0.99, theory.SOFT_LIMIT), xycoords=("axes fraction", "data"),
                   ha="right", va="bottom", fontsize=6.5, color="0.4")  # fmt: skip
    plot.claim(right, below=True)
    right.set(xlabel="log2 V", ylabel="hard bits per parameter", ylim=(0, 0.8))
    right.set_title("Logarithmic in V: 0.49 at a billion words")
    right.legend(loc="lower right")
    return made
