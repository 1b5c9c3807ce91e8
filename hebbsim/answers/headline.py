"""The figure that answers the question at a glance: bits per parameter against load, by reader and criterion. No JAX."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hebbsim import plot, theory
from hebbsim.errors import HebbsimError
from hebbsim.statistics.estimate import Estimate
from hebbsim.statistics.fit import Capacity, best_load, exact_load, load_at_error
from hebbsim.statistics.measurement import Measurement

Curves = Mapping[str, Sequence[Measurement]]
LOADS, BITS = (0.055, 40.0), (0.0, 1.72)  # what the axes show


class Series(NamedTuple):
    """One reader and criterion: its points (load, bits, whether without any error), and where its name stands."""

    words: str
    points: Sequence[tuple[float, Estimate, bool]]
    place: tuple[float, float]
    align: str = "left"


def figure(curves: Curves) -> Figure:
    """Every reader of `verify` with its criterion; a filled marker had no error, a hollow one had some.

    curves: those of `verify` by name; one that is missing or undecided is left out.
    """
    made, (ax,) = plot.figure(height=3.5)
    x = np.geomspace(0.06, 38, 200)
    stored = np.geomspace(0.06, 1.65, 50)
    ax.plot(stored, stored, "-", color="0.75", lw=0.8, zorder=0)
    ax.annotate(
        "all that was stored", (1.12, 1.2), xytext=(4, 0), textcoords="offset points", color="0.45", fontsize=6.2
    )
    for index, law in enumerate((theory.soft_bits, theory.hard_bits)):
        plot.theory(ax, x, law, "", index)
    for index, series in enumerate(_series(curves)):
        _draw(ax, series, index)
    _draw_coded(ax, curves)
    plot.claim(ax)
    ax.set(xscale="log", xlim=LOADS, ylim=BITS, xlabel="load, patterns / dim_key", ylabel="bits per parameter")
    plot.ticks(ax, [0.1, 0.3, 1, 3, 10, 30])
    plot.title(ax, "0.7 bits per parameter come back undecided, or to a reader that is given every key")
    plot.note(ax, "Filled: no error in any trial; hollow: with errors. Lines: theory for infinite dim.")
    return made


def _series(curves: Curves) -> list[Series]:
    dense, tokens, sparse = (curves.get(name, ()) for name in ("dense", "tokens", "sparse"))
    known = [point for name in ("solved", "passed") for point in curves.get(name, ())]
    told = [(point.load, point.bits["hard"], point.errors_of(point.counts)[0] == 0) for point in known]
    words = f"token by argmax, V = {tokens[0].vocabulary:,}" if tokens else ""
    return [
        Series("field itself, undecided", [(p.load, p.bits["soft"], False) for p in dense], (36, 0.56), "right"),
        Series("sign of the field", [(p.load, p.bits["hard"], False) for p in dense], (36, 0.5), "right"),
        Series("sign, no bit wrong", _at(lambda: exact_load(curves["no error"]), True), (0.095, 0.04)),
        Series("sign, 1 % of bits wrong", _at(lambda: load_at_error(curves["dense"]), False), (0.23, 0.14)),
        Series("least squares or AMP,\ngiven every key", told, (1.85, 1.46)),
        Series(words, _at(lambda: best_load(curves["tokens"], "hard"), False), (36, 0.33), "right"),
        Series("Willshaw, 1 % noise", [(p.load, p.bits["hard"], False) for p in sparse], (4.6, 0.25), "center"),
    ]


def _draw(ax: Axes, series: Series, index: int) -> None:
    """The points inside the axes, filled where they are without error, and the name if there are any."""
    inside = [point for point in series.points if LOADS[0] < point[0] < LOADS[1] and point[1].high < BITS[1]]
    for clean in (False, True):
        chosen = [(load, bits) for load, bits, right in inside if right == clean]
        if chosen:
            x, bits = zip(*chosen, strict=True)
            plot.points(ax, x, bits, "", index, hollow=not clean)
    if inside:
        x, y = series.place
        colour = plot.ink(index)
        ax.text(x, y, series.words, color=colour, ha=series.align, va="center", fontsize=plot.SMALL, fontweight="bold")


def _draw_coded(ax: Axes, curves: Curves) -> None:
    """Memories read one-shot through an outer code, those of which every bit came back: at one point each, by load."""
    counted: list[Any] = [counts for name, counts in curves.items() if name.startswith("coded")]
    clean = [counts for counts in counted if not counts["wrong_blocks"]]
    for counts in clean:
        bits = counts["stored_bits"] / counts["dim"] ** 2
        load = bits * counts["entries"] / counts["message_bits"]
        ax.plot(load, bits, "*", ms=7, color="k", mec="white", mew=0.6, zorder=4)
    if clean:
        ax.text(36, 0.79, "outer code, one-shot: every bit right", ha="right", fontsize=plot.SMALL, fontweight="bold")


def _at(kind: Callable[[], Capacity], clean: bool) -> list[tuple[float, Estimate, bool]]:
    """Where a curve meets a criterion; nothing if it does not decide it."""
    try:
        found = kind()
    except (HebbsimError, KeyError):
        return []
    return [(found.load.best, found.bits, clean)]
