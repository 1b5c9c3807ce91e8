"""How many bits does a dense Hebbian matrix hold as tokens, read by argmax over a vocabulary of V random code words?

Run time: about 6 minutes on 2 cores. Figure: bits per parameter against load at dim 512, and at the best load and at
1 % error against V, with the i.i.d. formula and the corrected ones. Table: accuracy on a grid of dim and V beside each
formula, then best load and 1 % error by V.
"""

import functools
import math
from typing import Any

import numpy as np
from scipy.special import ndtri

from hebbsim import plot, theory
from hebbsim.errors import HebbsimError
from hebbsim.statistics.fit import best_load, load_at_error
from hebbsim.statistics.information import hard_bits
from hebbsim.statistics.measurement import named

VOCABULARIES = (256, 4096, 65536)
# dim: pairs at the best load for each of VOCABULARIES, from theory.best_token_load to two figures; written out so that
# records keep their identity.
BEST = {
    64: (230, 160, 110),
    128: (840, 720, 520),
    256: (2600, 3000, 2200),
    512: (7100, 12000, 9300),
    1024: (17000, 42000, 37000),
}
PARTS = (0.5, 1, 1.6)  # of the best load that the corrected formula names
TRIALS = {64: 60, 128: 40, 256: 20, 512: 10, 1024: 6}
DEEP_DIM = 512
DEEP = {16: 1700, 64: 3400, 256: 7100, 1024: 11000, 4096: 12000, 16384: 11000, 65536: 9300}  # pairs at the best load
LADDER = tuple(2 ** (i / 2) for i in range(-5, 5))  # loads of a deep curve, times the best
BUDGET = "6 minutes on 2 cores"
ANSWER = (
    "At best {:.2f} bits per parameter for 65,536 words at dim 512, and {:.2f} where 1 % of the tokens are wrong.",
    [*(({"dim": DEEP_DIM, "V": 65536, "pairs": start}, "hard bits") for start in ("best load*", "1 % error*"))],
)


def task(dim, vocabulary, best, parts) -> dict[str, Any]:
    counts = [round(part * best) for part in parts]
    words = dict(ensemble="tokens", ensemble_options={"vocabulary": vocabulary}, readout="argmax")
    return dict(words, dim=dim, num_patterns=counts, probes=512, trials=TRIALS[dim])


GRID = {
    f"grid, dim {dim}, V = {v}": task(dim, v, best, PARTS)
    for dim, row in BEST.items()
    for v, best in zip(VOCABULARIES, row, strict=True)
}
DEEP_CURVES = {f"V = {v}, dim {DEEP_DIM}": task(DEEP_DIM, v, best, LADDER) for v, best in DEEP.items()}
TASKS = GRID | DEEP_CURVES


def split(results):
    """(points of the grid, deep curves by ascending vocabulary)."""
    found = named(results)
    return [p for name in GRID for p in found.get(name, [])], [found[name] for name in DEEP_CURVES if name in found]


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
        row = [dim, v, p.task.num_patterns, p.error_rate, *(f"{e:.3f}" for e in laws), f"{gap:+.3f}", near]
        rows.append([*row, p.bits["hard"], p.bits["soft"]])
    for curve in deep:
        v = curve[0].vocabulary
        for name, capacity in zip(("best load", "1 % error"), capacities(curve), strict=True):
            if capacity:
                rows.append([DEEP_DIM, v, f"{name}: load {capacity.load.number()}", *[""] * 6, capacity.bits, ""])
    header = ["dim", "V", "pairs", "wrong", "i.i.d.", "corrected", "refined", "gap to corrected"]
    return [*header, "within 3 se + 12/dim", "hard bits", "soft bits"], rows


@functools.cache
def law(vocabulary, pairs):
    """(share of tokens wrong, hard bits per parameter) at DEEP_DIM."""
    wrong = float(theory.argmax_error(DEEP_DIM, DEEP_DIM, vocabulary, pairs, "refined"))
    return wrong, pairs * float(hard_bits(wrong, vocabulary)) / DEEP_DIM**2


def bits_at_one_percent(vocabulary, best):
    """The law's bits where 1 % are wrong: between the loads of LADDER the normal quantile of the error is a line."""
    pairs = [round(part * best) for part in LADDER if part <= 1]
    wrong, bits = np.transpose([law(vocabulary, count) for count in pairs])
    log_pairs = np.interp(ndtri(0.01), ndtri(wrong), np.log(pairs))
    return np.exp(log_pairs + np.interp(log_pairs, np.log(pairs), np.log(bits / pairs)))


def figure(results):
    _, deep = split(results)
    made, (top, bottom) = plot.figure(2, height=2.6)
    shown = [curve for curve in deep if curve[0].vocabulary in (16, 256, 4096, 65536)]
    for i, curve in enumerate(shown):
        v = curve[0].vocabulary
        loads = [p.task.num_patterns / DEEP_DIM**2 for p in curve]
        plot.points(top, loads, [p.bits["hard"] for p in curve], f"V = {v:,}", i)
        plot.theory(top, loads, [law(v, p.task.num_patterns)[1] for p in curve], "", i)
    plot.claim(top, right=True)
    top.set(
        xscale="log", xlabel=f"pairs / parameters, dim {DEEP_DIM}", ylabel="hard bits per parameter", ylim=(0, 0.78)
    )
    plot.title(top, "Tokens by argmax: 0.44 bits per parameter at best for 65,536 words")
    plot.legend(top, loc="upper left", bbox_to_anchor=(0, 0.86))
    found = [(curve[0].vocabulary, capacities(curve)) for curve in deep]
    exponents, wide = list(range(4, 31, 2)), 2**20
    reaches = (theory.best_token_load, theory.token_load_at_error)
    for i, (name, reach) in enumerate(zip(("best load", "1 % of tokens wrong"), reaches, strict=True)):
        at = [(math.log2(v), both[i].bits) for v, both in found if both[i]]
        plot.points(bottom, [x for x, _ in at], [one for _, one in at], name, i)
        here = [law(v, best)[1] if i == 0 else bits_at_one_percent(v, best) for v, best in DEEP.items()]
        plot.theory(bottom, [math.log2(v) for v in DEEP], here, "", i, dashed=False)
        plot.theory(
            bottom, exponents, [reach(wide, wide, 2.0**b, codes="iid")[1] for b in exponents], "", i, dashed=True
        )
    plot.level(bottom, theory.SOFT_LIMIT, "V to infinity: 0.7213", lw=0.8)
    plot.claim(bottom, below=True, right=True)
    bottom.set(xlabel="log2 V", ylabel="hard bits per parameter", ylim=(0, 0.8), xlim=(3, 31))
    plot.title(bottom, "The bits grow as the logarithm of V: under 0.5 at a billion words")
    plot.legend(bottom, loc="lower right")
    plot.note(
        bottom, f"Lower panel: dim {DEEP_DIM}; solid, theory for that size; dashed, independent codes, dim to infinity."
    )
    return made
