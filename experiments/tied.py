"""What is left of the bits when the values are the keys (tied patterns), by the same rule on the same ruler?

Run time: about 4 minutes on 2 cores. A cue is the key with a part of its entries erased; what the cue already says does
not count. Figure: bits per matrix entry against load, tied beside untied, with the laws. Table: the most bits of
each, per entry (n^2) and, for the symmetric matrices, per free weight (n (n - 1) / 2).
"""

import numpy as np

from hebbsim import plot, theory
from hebbsim.statistics.measurement import named

DIM, TRIALS = 256, 8
ERASED = (0.0, 0.25, 0.5)
HEBBIAN = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
INVERSE = (0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 1.1, 1.25, 1.5, 2.0, 4.0)
ATTRACTOR = (0.05, 0.08, 0.1, 0.12, 0.13, 0.14, 0.15, 0.16, 0.18, 0.2, 0.3)
BUDGET = "4 minutes on 2 cores"
ANSWER = (
    "Only the erased share: with half of the cue erased, {:.2f} soft bits per entry of a Hebbian matrix when "
    "tied, {:.2f} when not.",
    [
        *(
            ({"rule": "hebbian", "patterns": kind, "erased": 0.5, "criterion": "soft"}, "most bits per entry (n^2)")
            for kind in ("tied", "untied")
        )
    ],
)


def task(rule, loads, erase, tied, retrieval="matched_filter"):
    memory = dict(rule=rule, ensemble_options={"erase": erase}, retrieval=retrieval, readout="soft", dim=DIM)
    return dict(memory, loads=loads, tied=tied, probes=256, trials=TRIALS)


# (rule, erased, tied): the arguments of the curve
CURVES = {
    (rule, erased, tied): task(rule, loads, erased, tied)
    for rule, loads in (("hebbian", HEBBIAN), ("pseudo_inverse", INVERSE))
    for erased in ERASED
    for tied in (False, True)
}
CURVES |= {("hopfield", erased, True): task("hopfield", ATTRACTOR, erased, True, "attractor") for erased in ERASED}


def name_of(rule, erased, tied):
    return f"{rule}, {100 * erased:g} % of the cue erased, {'tied' if tied else 'untied'}"


TASKS = {name_of(*key): options for key, options in CURVES.items()}


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
    found = named(results)
    return {key: found[name_of(*key)] for key in sorted(CURVES) if name_of(*key) in found}


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
                    plot.scaled(bits, free).number() if tied else "",
                    f"{bits.best / other:.3f}" if other else "",
                ]
            )
    header = ["rule", "patterns", "erased", "criterion", "at load", "most bits per entry (n^2)", "law there"]
    return [*header, "per free weight (n (n - 1) / 2)", "tied / untied"], rows


def figure(results):
    made, axes = plot.figure(2, height=2.6)
    found = split(results)
    for ax, rule, loads in ((axes[0], "hebbian", HEBBIAN), (axes[1], "pseudo_inverse", INVERSE)):
        for i, erase in enumerate(ERASED):
            for tied in (False, True):
                if tied and not erase:  # a full cue says everything: 0 bits are left
                    continue
                curve = found.get((rule, erase, tied), [])
                label = f"{100 * erase:g} % erased, {'tied' if tied else 'untied'}"
                plot.points(ax, [p.load for p in curve], [p.bits["soft"] for p in curve], label, i, hollow=tied)
                x = np.geomspace(loads[0], loads[-1], 400)
                plot.theory(ax, x, law(rule, x, erase, tied), "", i, dashed=tied)
        ax.set(xscale="log", ylabel="soft bits per matrix entry")
    curve = found.get(("hopfield", 0.5, True), [])
    x, bits = [point.load for point in curve], [point.bits["hard"] for point in curve]
    plot.points(axes[0], x, bits, "50 % erased, attractor", 3, joined=True)
    axes[0].set(ylim=(-0.02, 1.2), xlim=(0.042, 19))
    axes[1].set(ylim=(-0.03, 1.9), xlim=(0.088, 4.6), xlabel="load, patterns / n")
    plot.claim(axes[0])
    plot.claim(axes[1])
    plot.ticks(axes[0], [0, 0.2, 0.4, 0.6, 0.8], axis="y")
    for ax in axes:
        plot.legend(ax, loc="upper left", ncols=2)
    plot.title(axes[0], "Hebbian: tied patterns give back only the erased share")
    plot.title(axes[1], "Pseudo-inverse: the same share, and nothing past load 1")
    plot.note(
        axes[1],
        f"n = {DIM}; lines: laws for n to infinity, dashed if tied. With a full cue nothing is left to recall when tied.",
    )
    return made
