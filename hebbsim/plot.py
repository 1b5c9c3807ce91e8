"""One look for every figure: measured points as markers with bars, theory as lines, told apart in grey as well as in colour.

Figures are one paper column wide, their panels one below the other, and say under the last panel what their bars are.
Nothing here touches matplotlib's backend, its style or its list of open figures: the look holds inside `look()` only.
"""

import contextlib
import os
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from hebbsim.errors import HebbsimError

# Okabe & Ito 2008 in an order of their own lightness, without the yellow, which is lost on white.
COLOURS = ("#0072B2", "#D55E00", "#000000", "#CC79A7", "#009E73", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LINES = (
    "-",
    (0, (5, 1.5)),
    (0, (1.2, 1.2)),
    (0, (5, 1.2, 1.2, 1.2)),
    (0, (8, 2)),
    (0, (3, 1, 1, 1, 1, 1)),
    (0, (2, 2)),
)
COLUMN = 3.4  # inches: one column of a two-column paper
CLAIM = 0.7  # bits per parameter, as claimed
SMALL = 6.5  # points, of notes and legends
CONTRAST = 4.6  # of text with white: WCAG 2.2 asks 4.5, and colours are written in steps of 1/255
WRAP = 42  # characters of a title's line, COLUMN wide
DPI = 220

_STYLE = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 7.5,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "legend.borderaxespad": 0.3,
    "legend.labelspacing": 0.3,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "lines.linewidth": 1.0,
    "svg.hashsalt": "hebbsim",  # so that the same records give the same bytes
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: the same on every machine
}


class Bars(NamedTuple):
    """Of which kind a figure's bars are."""

    level: float
    trials: int


@contextlib.contextmanager
def look() -> Iterator[None]:
    """Matplotlib's defaults with this look, until the end of the block; the user's own style comes back after it."""
    style: dict[Any, Any] = {**_defaults(), **_STYLE}
    with matplotlib.rc_context(style):
        yield


def _defaults() -> dict[str, Any]:
    kept = {
        name: x for name, x in matplotlib.rcParamsDefault.items() if not name.startswith(("backend", "interactive"))
    }
    return {name: x for name, x in kept.items() if name not in ("date.epoch", "toolbar", "timezone")}


@look()
def figure(panels: int = 1, width: float = COLUMN, height: float = 2.4) -> tuple[Figure, list[Axes]]:
    """A figure of that many panels, one below the other, `height` inches each."""
    made = Figure(figsize=(width, height * panels + 0.15), layout="constrained")
    axes = made.subplots(panels, 1, squeeze=False)
    return made, [row[0] for row in axes]


@look()
def points(
    ax: Axes,
    x: ArrayLike,
    estimates: Any,
    label: str = "",
    index: int = 0,
    hollow: bool = False,
    across: bool = False,
    joined: bool = False,
    **style: Any,
) -> None:
    """Measured numbers (a sequence of Estimate): markers with the bars of their intervals, which the figure's note explains.

    hollow: white inside. across: the numbers run along x and `x` along y. joined: a thin line of the index's own style
    through the markers. style: more of errorbar's arguments.

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
    given: dict[str, Any] = {"mfc": "white" if hollow else colour, "mec": colour, "ecolor": colour, "color": colour}
    given |= {"ms": 3.4, "mew": 0.8, "elinewidth": 0.8, "capsize": 1.5, "lw": 0.7, "zorder": 3}
    given |= {"marker": MARKERS[index % len(MARKERS)], "ls": LINES[index % len(LINES)] if joined else "none"}
    places = {"x": best, "y": np.asarray(x), "xerr": bars} if across else {"x": np.asarray(x), "y": best, "yerr": bars}
    ax.errorbar(**places, label=label or "_", **given | style)
    _explain(ax, [Bars(e.level, e.trials) for e in estimates])


def ink(index: int) -> tuple[float, float, float]:
    """The index's colour for text, (red, green, blue): darkened until it stands out from white by CONTRAST to 1.

    Contrast is 1.05 / (Y + 0.05), Y the relative luminance, a weighted mean of the linear parts of red, green and blue.
    """
    colour = np.array(to_rgb(COLOURS[index % len(COLOURS)]))
    linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    bright = linear @ (0.2126, 0.7152, 0.0722)
    linear *= min(1, (1.05 / CONTRAST - 0.05) / max(bright, 1e-9))
    red, green, blue = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055).tolist()
    return red, green, blue


@look()
def limits(ax: Axes, x: ArrayLike, highs: ArrayLike, label: str = "", index: int = 0, length: float = 0.35) -> None:
    """Upper limits, where no event was seen: a bar at the limit and an arrow down from it, `length` decades long.

    Of `of` independent events the 95 % limit is 3 / of, nearly.
    """
    x, highs = np.atleast_1d(np.asarray(x, float)), np.atleast_1d(np.asarray(highs, float))
    colour = COLOURS[index % len(COLOURS)]
    low = highs * 10.0**-length
    ax.vlines(x, low, highs, color=colour, lw=0.9, zorder=3)
    ax.plot(x, low, "v", color=colour, ms=3.4, zorder=3)
    ax.plot(x, highs, "_", color=colour, ms=6, mew=1.2, zorder=3, label=label or "_")


@look()
def theory(
    ax: Axes,
    x: ArrayLike,
    value: Callable[[Any], Any] | ArrayLike,
    label: str = "",
    index: int = 0,
    dashed: bool | None = None,
) -> None:
    """A prediction: a line of the index's own style; dashed (True or False) chooses between two styles instead."""
    y = value(np.asarray(x)) if callable(value) else value
    style = LINES[index % len(LINES)] if dashed is None else LINES[int(dashed)]
    ax.plot(x, y, ls=style, color=COLOURS[index % len(COLOURS)], label=label or "_", zorder=1)


@look()
def claim(ax: Axes, below: bool = False, right: bool = False) -> None:
    """The claimed 0.7 bits per parameter as a labelled line, the label above it or below, at the left or the right."""
    level(ax, CLAIM, "claim: 0.7", below, right, ls=":")


@look()
def level(ax: Axes, y: float, text: str = "", below: bool = False, right: bool = False, **style: Any) -> None:
    """A grey line across the panel, with its name."""
    ax.axhline(y, **{"color": "0.35", "lw": 0.9, "ls": "-", "zorder": 0} | style)
    if text:
        place: dict[str, Any] = {"va": "top" if below else "bottom", "ha": "right" if right else "left"}
        at = (0.99 if right else 0.01, y)
        ax.annotate(text, at, xycoords=("axes fraction", "data"), fontsize=SMALL, color="0.35", **place)


@look()
def title(ax: Axes, text: str, wrap: int = WRAP) -> None:
    """The panel's one message, in lines of up to `wrap` characters: the column, less where the tick labels are wide."""
    ax.set_title("\n".join(textwrap.wrap(text, wrap)))


@look()
def legend(ax: Axes, *args: Any, **options: Any) -> None:
    """A legend in the look's sizes, a little condensed, where matplotlib finds the most room unless `loc` says where."""
    ax.legend(*args, **{"handletextpad": 0.5, "columnspacing": 1.0} | options)


@look()
def ticks(ax: Axes, values: Sequence[float], labels: Sequence[str] | None = None, axis: str = "x") -> None:
    """Exactly these ticks, also on a log axis."""
    which = ax.xaxis if axis == "x" else ax.yaxis
    which.set_ticks(list(values), labels=list(labels or [f"{value:g}" for value in values]))
    which.set_ticks([], minor=True)


def scaled(estimate: Any, by: float) -> Any:
    """An Estimate times a number that is not negative."""
    return estimate._replace(low=estimate.low * by, best=estimate.best * by, high=estimate.high * by)


def note(ax: Axes, text: str) -> None:
    """Add a sentence to the note under the figure."""
    made = ax.get_figure(root=True)
    made._hebbsim_notes = [*getattr(made, "_hebbsim_notes", ()), text]  # type: ignore[union-attr]
    _explain(ax, [])


@look()
def _explain(ax: Axes, bars: Sequence[Bars]) -> None:
    """Write under the figure what its bars are: their level, and over how many trials."""
    made: Any = ax.get_figure(root=True)
    seen = made._hebbsim_bars = getattr(made, "_hebbsim_bars", set()) | set(bars)
    texts = []
    if seen:
        levels = " and ".join(f"{100 * level:g}" for level in sorted({bar.level for bar in seen}))
        low, high = min(bar.trials for bar in seen), max(bar.trials for bar in seen)
        texts.append(f"Bars: {levels} % intervals over {low if low == high else f'{low} to {high}'} trials.")
    texts += getattr(made, "_hebbsim_notes", [])
    width = round(68 * made.get_figwidth() / COLUMN)
    made.supxlabel("\n".join(textwrap.wrap(" ".join(texts), width)), fontsize=6.2, color="0.35", x=0.99, ha="right")


@look()
def save(made: Figure, path: Path, digest: str = "", formats: Sequence[str] = ("png", "svg")) -> Path:
    """Write the figure beside `path` in each format, without a date; `digest`, of its records, goes into the metadata.

    Returns the path in the first format. Raises HebbsimError if it cannot be written.
    """
    told = f"records {digest}" if digest else None
    about: dict[str, Mapping[str, Any]] = {
        "png": {"Software": None} | ({"Description": told} if told else {}),
        "svg": {"Date": None} | ({"Description": told} if told else {}),
        "pdf": {"CreationDate": None} | ({"Subject": told} if told else {}),
    }
    places = [path.with_suffix(f".{kind}") for kind in formats]
    for place, kind in zip(places, formats, strict=True):
        half = place.with_name(f"{place.name}.{os.getpid()}.part")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            made.savefig(half, format=kind, dpi=DPI, metadata=about.get(kind))
            os.replace(half, place)
        except OSError as error:
            with contextlib.suppress(OSError):
                half.unlink()
            raise HebbsimError(f"{place}: cannot write: {error.strerror}") from None
    return places[0]


@look()
def plot_curves(ax: Axes, curves: Any, criterion: str = "") -> None:
    """Capacity curves on custom Axes: curves is a dict of label -> list of Measurement, or such lists without labels.

    criterion: "soft", "hard", ... bits per parameter by name, or "error_rate"; by default the readout's own bits. Points
    with the bars of their intervals, joined by a thin line; the load is the horizontal axis, on a log scale.
    """
    named = curves if isinstance(curves, Mapping) else {str(one[0].task.rule): one for one in curves}
    for i, (label, measured) in enumerate(named.items()):
        if criterion == "error_rate":
            estimates = [point.error_rate for point in measured]
        else:
            estimates = [point.bits[criterion] if criterion else point.bits_per_parameter for point in measured]
        loads = [point.load for point in measured]
        points(ax, loads, estimates, label, i)
        ax.plot(loads, [e.best for e in estimates], color=COLOURS[i % len(COLOURS)], lw=0.6, zorder=1)
    text = "error rate" if criterion == "error_rate" else "bits per parameter"
    ax.set(
        xscale="log",
        xlabel="load, pairs per dim_key",
        ylabel=f"{criterion} {text}" if criterion in ["soft", "hard"] else text,
    )
    ax.set_ylim(0, ax.dataLim.y1 * (1.05 + 0.09 * len(named)))  # room for the legend
    ax.legend(loc="upper left")
