"""What is left of the bits when the values are the keys (tied patterns), by the same rule on the same ruler?

Run time: about 4 minutes on 2 cores. A cue is the key with a part of its entries erased; what the cue already says does
not count. Figure: bits per matrix entry against load, tied beside untied, with the laws. Table: the most bits of
each, per entry (n^2) and, for the symmetric matrices, per free weight (n (n - 1) / 2).
"""

import numpy as np

from hebbsim import plot, theory
from hebbsim.records.task import parse_label
from hebbsim.statistics.measurement import curves, measurements

DIM, TRIALS = 256, 8
ERASED = (0.0, 0.25, 0.5)
HEBBIAN = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
INVERSE = (0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 1.1, 1.25, 1.5, 2.0, 4.0)
ATTRACTOR = (0.05, 0.08, 0.1, 0.12, 0.13, 0.14, 0.15, 0.16, 0.18, 0.2, 0.3)
BUDGET = "4 minutes on 2 cores"


def task(rule, loads, erase, tied, retrieval="matched_filter"):
    return dict(
        rule=rule, ensemble_options={"erase": erase}, retrieval=retrieval, readout="soft", dim=DIM, loads=loads,
        tied=tied, probes=256, trials=TRIALS,
    )  # fmt: skip


TASKS = []
for erased in ERASED:
    for both in (False, True):
        TASKS += [task("hebbian", HEBBIAN, erased, both), task("pseudo_inverse", INVERSE, erased, both)]
    TASKS += [task("hopfield", ATTRACTOR, erased, True, retrieval="attractor")]


def snr(rule, load, erase):
    """Signal to noise of one entry of the field that the cue does not show.

    Hebbian: the cue's (1 - e) n entries against (M - 1) other pairs: (1 - e) / load. Pseudo-inverse: the erased entries
    are noise of power e (1 - e) in each key, which the weights of a column, load / |1 - load| in squares, pass on.
    Tied: the same up to load 1, where the matrix becomes the identity. Derived, n -> infinity.
    """
    load, shown = np.asarray(load, float), 1 - erase
    if rule != "pseudo_inverse":
        return shown / load
    with np.errstate(divide="ignore", invalid="ignore"):
        below = shown * (1 - load) / (erase * load) if erase else np.full_like(load, np.inf)
        other = shown / load**2 / (shown * (1 - 1 / load) / load + erase / np.abs(load - 1))
    return np.where(load < 1, below, other)


def law(rule, load, erase, tied, soft=True):
    """Bits per entry of the matrix: load times what a value's entries carry, only the erased ones when tied."""
    bits = (theory.snr_bits if soft else theory.sign_bits)(snr(rule, load, erase)) * load
    if tied:
        bits = bits * erase * (np.asarray(load) < 1 if rule == "pseudo_inverse" else 1.0)
    return bits


def split(results):
    """{(rule, erased, tied): curve}."""
    found = {}
    for curve in curves(measurements(results)).values():
        task = curve[0].task
        found[parse_label(task.rule)[0], parse_label(task.ensemble)[1].get("erase", 0.0), task.tied] = curve
    return dict(sorted(found.items()))


def largest(curve, criterion):
    """The measured point of most bits."""
    return max(curve, key=lambda point: point.bits[criterion].best)


def table(results):
    found = split(results)
    rows = []
    for (rule, erase, tied), curve in found.items():
        for criterion in ("soft", "hard"):
            point = largest(curve, criterion)
            bits, free = point.bits[criterion], 2 * DIM / (DIM - 1)
            predicted = "" if rule == "hopfield" else f"{law(rule, point.load, erase, tied, criterion == 'soft'):.4f}"
            whole = found.get((rule, erase, False))
            other = largest(whole, criterion).bits[criterion].best if tied and whole else None
            rows.append(
                [
                    "hopfield, attractor" if rule == "hopfield" else rule,
                    "tied" if tied else "untied",
                    erase,
                    criterion,
                    f"{point.load:.3g}" if bits.best > 0 else "any",
                    bits,
                    predicted,
                    scaled(bits, free).number() if tied else "",
                    f"{bits.best / other:.3f}" if other else "",
                ]
            )
    header = ["rule", "patterns", "erased", "criterion", "at load", "most bits per entry (n^2)", "law there"]
    return [*header, "per free weight (n (n - 1) / 2)", "tied / untied"], rows


def scaled(estimate, by):
    return estimate._replace(low=estimate.low * by, best=estimate.best * by, high=estimate.high * by)


def figure(results):
    made, axes = plot.figure(2)
    found = split(results)
    for ax, rule, title in (
        (axes[0], "hebbian", "Hebbian: tied keeps only the erased share"),
        (axes[1], "pseudo_inverse", "Pseudo-inverse: the same share, up to load 1"),
    ):
        for i, erase in enumerate(ERASED):
            for tied in (False, True):
                curve = found.get((rule, erase, tied), [])
                loads = np.asarray([point.load for point in curve])
                label = f"{'tied' if tied else 'untied'}, {100 * erase:g} % of the cue erased" if ax is axes[1] else ""
                plot.points(ax, loads, [point.bits["soft"] for point in curve], label, i, hollow=tied)
                edges = HEBBIAN if rule == "hebbian" else INVERSE
                x = np.geomspace(edges[0], edges[-1], 400)
                plot.theory(ax, x, law(rule, x, erase, tied), "", i, dashed=tied)
        ax.set(xscale="log", xlabel="load, patterns / n", ylabel="soft bits per matrix entry", title=title)
    curve = found.get(("hopfield", 0.5, True), [])
    plot.points(axes[0], [point.load for point in curve], [point.bits["hard"] for point in curve],
                "tied, 50 % erased, attractor, sign", 3)  # fmt: skip
    overlap = np.linspace(theory.hopfield_capacity()[1], 0.9999, 60)
    held = 0.5 * theory.hopfield_load(overlap) * (1 - theory.binary_entropy((1 - overlap) / 2))
    plot.theory(axes[0], theory.hopfield_load(overlap), held, "", 3)
    plot.claim(axes[0], below=True)
    axes[0].set(ylim=(0, 0.8))
    axes[1].set(ylim=(0, 1.45))
    plot.claim(axes[1])
    axes[0].legend(loc="upper left", bbox_to_anchor=(-0.02, 0.85))
    axes[1].legend(loc="upper left", bbox_to_anchor=(-0.02, 1.02))
    return made
