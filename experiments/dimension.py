"""What does the capacity of a dense +-1 Hebbian matrix tend to as the matrix grows, by each criterion?

Run time: about 3 minutes on 2 cores. Figure: bits per parameter against dim for soft and hard (load to infinity,
fitted), at 1 % error, and with no error at all, with their limits. Table: the extrapolations and their forms.
"""

import numpy as np

from hebbsim import plot, theory
from hebbsim.statistics.fit import exact_load, extrapolate, load_at_error, load_limit
from hebbsim.statistics.measurement import named

SMALL = tuple(float(f"{load:.3g}") for load in np.geomspace(0.025, 0.3, 18))
LARGE = (4, 8, 16, 32, 64)
TRIALS = {64: 100, 128: 60, 256: 40, 512: 24, 1024: 16, 2048: 10}
BUDGET = "3 minutes on 2 cores"
ANSWER = (
    "As dim grows the field itself tends to {:.2f} bits per parameter, its sign to {:.2f}, and to {:.2f} if 1 % "
    "of the bits may be wrong; with no error {:.2f} come back at dim 2048.",
    [
        *(({"criterion": name, "dim": "infinity"}, "bits per parameter") for name in ("soft", "hard", "epsilon")),
        ({"criterion": "exact", "dim": 2048}, "bits per parameter"),
    ],
)
WIDE = [dim for dim in TRIALS if dim <= 1024]
TASKS = {f"sign, dim {dim}": dict(readout="sign", dim=dim, loads=SMALL, trials=n) for dim, n in TRIALS.items()}
TASKS |= {f"soft, dim {dim}": dict(readout="soft", dim=dim, loads=LARGE, trials=TRIALS[dim]) for dim in WIDE}


def capacities(results):
    """{criterion: [(dim, Estimate of bits per parameter)]}; a curve that does not bracket its criterion is left out."""
    curves, found = named(results), {"soft": [], "hard": [], "epsilon": [], "exact": []}
    for dim in TRIALS:
        few, many = curves.get(f"sign, dim {dim}", []), curves.get(f"soft, dim {dim}", [])
        if len(many) == len(LARGE):
            for name in ("soft", "hard"):
                found[name].append((dim, load_limit(many, name).limit))
        if len(few) > 3:
            found["epsilon"].append((dim, load_at_error(few).bits))
            if dim >= 256:  # under that a load is too few patterns for the grid to bracket every trial
                found["exact"].append((dim, exact_load(few).bits))
    return found


LAWS = {
    "soft": (theory.SOFT_LIMIT, "field itself, load to infinity"),
    "hard": (theory.HARD_LIMIT, "sign, load to infinity"),
    "epsilon": (float(theory.hard_bits(theory.load_at_error(0.01))), "sign, 1 % of bits wrong"),
}


FORMS = {
    "soft": f"c0 + c1/load + c2/load^2, loads {LARGE[0]} to {LARGE[-1]}",
    "hard": f"c0 + c1/load + c2/load^2, loads {LARGE[0]} to {LARGE[-1]}",
    "epsilon": "normal quantile of the error a line in log load between two loads",
    "exact": "none: it has no limit but 0, falling as 1/(2 ln dim)",
}


def table(results):
    rows = []
    for name, points in capacities(results).items():
        for dim, estimate in points:
            rows.append([name, dim, FORMS[name], estimate])
        if name in LAWS and len(points) > 2:
            dims, estimates = zip(*points, strict=True)
            fit = extrapolate([1 / dim for dim in dims], estimates, (1,))
            rows.append([name, "infinity", f"{fit.form('(1/dim)')}, chance {fit.chance:.2f}", fit.limit])
    return ["criterion", "dim", "form fitted", "bits per parameter"], rows


def figure(results):
    made, (ax,) = plot.figure(height=2.7)
    for i, (name, points) in enumerate(capacities(results).items()):
        if points:
            dims, estimates = zip(*points, strict=True)
            plot.points(ax, dims, estimates, LAWS.get(name, (0, "sign, no bit wrong"))[1], i)
        if name in LAWS:
            plot.theory(ax, [56, 2400], [LAWS[name][0]] * 2, "", i)
    dims = np.geomspace(64, 2048, 30)
    exact = [theory.hard_bits(theory.zero_error_load(int(dim), int(dim))) for dim in dims]
    plot.theory(ax, dims, exact, "", 3)
    plot.claim(ax, below=True)
    ax.set(xscale="log", xlabel="dim", ylabel="bits per parameter", ylim=(0, 0.8), xlim=(52, 2600))
    plot.ticks(ax, [64, 128, 256, 512, 1024, 2048])
    plot.legend(ax, loc="center right", bbox_to_anchor=(1.0, 0.73))
    plot.title(ax, "Only the field itself, read at endless load, reaches 0.7")
    plot.note(ax, "Lines: the limits for infinite dim, and theory for no bit wrong.")
    return made
