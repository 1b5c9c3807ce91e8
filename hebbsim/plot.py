"""One look for every figure: simulation as markers with bars, theory as lines, in colours that all readers can tell apart."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from hebbsim.errors import HebbsimError

# Okabe & Ito 2008, without the yellow, which is lost on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
COLUMN = 3.5  # inches: one column of a two-column paper
CLAIM = 0.7  # bits per parameter, as claimed

_STYLE = {
    "font.size": 8,
    "axes.titlesize": 8.5,
    "axes.labelsize": 8,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "lines.linewidth": 1.1,
    "figure.constrained_layout.use": True,
}
plt.style.use(_STYLE)


def figure(columns: int = 1, width: float = COLUMN, height: float = 2.9) -> tuple[Figure, list[Axes]]:
    """A row of axes, each one paper column wide."""
    made, axes = plt.subplots(1, columns, figsize=(width * columns, height), squeeze=False)
    return made, list(axes[0])


def points(ax: Axes, x: ArrayLike, estimates: Any, label: str = "", index: int = 0, hollow: bool = False) -> None:
    """Measured numbers (a sequence of Estimate): markers with the bars of their intervals.

    Example:
        >>> import hebbsim
        >>> from hebbsim import plot
        >>> figure, axes = plot.figure()
        >>> curve = hebbsim.curve(dim=32, loads=[0.5, 1], trials=2)
        >>> plot.points(axes[0], [point.load for point in curve], [point.bits_per_parameter for point in curve], "measured")
        >>> [text.get_text() for text in axes[0].legend().get_texts()]
        ['measured']
    """
    best = np.asarray([e.best for e in estimates])
    bars = [[max(e.best - e.low, 0) for e in estimates], [max(e.high - e.best, 0) for e in estimates]]
    colour = COLOURS[index % len(COLOURS)]
    style: dict[str, Any] = {"mfc": "white" if hollow else colour, "mec": colour, "ecolor": colour, "color": colour}
    marker = MARKERS[index % len(MARKERS)]
    ax.errorbar(x, best, yerr=bars, fmt=marker, ms=3.2, mew=0.8, elinewidth=0.8, capsize=1.5, label=label, **style)


def theory(
    ax: Axes, x: ArrayLike, value: Callable[[Any], Any] | ArrayLike, label: str = "", index: int = 0,
    dashed: bool = False,
) -> None:  # fmt: skip
    """A prediction: a line."""
    y = value(np.asarray(x)) if callable(value) else value
    ax.plot(x, y, "--" if dashed else "-", color=COLOURS[index % len(COLOURS)], label=label, zorder=1)


def claim(ax: Axes, below: bool = False) -> None:
    """The claimed 0.7 bits per parameter as a labelled line, the label above it or below."""
    ax.axhline(CLAIM, color="0.35", lw=0.9, ls=":", zorder=0)
    place = {"xycoords": ("axes fraction", "data"), "va": "top" if below else "bottom"}
    ax.annotate("claim: 0.7", (0.01, CLAIM), fontsize=6.5, color="0.35", **place)


def save(made: Figure, path: Path, formats: Sequence[str] = ("png", "svg")) -> Path:
    """Write the figure beside `path` in each format, without a date in it. Raises HebbsimError if it cannot be written."""
    dated = {"png": "Software", "svg": "Date", "pdf": "CreationDate"}
    places = [path.with_suffix(f".{kind}") for kind in formats]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for place, kind in zip(places, formats, strict=True):
            made.savefig(place, format=kind, dpi=200, metadata={dated[kind]: None})
    except OSError as error:
        raise HebbsimError(f"{path}: cannot write: {error.strerror}") from None
    plt.close(made)
    return places[0]
