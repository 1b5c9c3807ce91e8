"""Every committed figure, drawn again from its records: nothing outside the axes, nothing on top of anything, all legible."""

import itertools
import re

import numpy as np
import pytest
from contrast import contrast
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from repository import ROOT, load_experiment

from hebbsim import experiment, plot
from hebbsim.answers import headline
from hebbsim.records import digest, read
from hebbsim.statistics.estimate import Estimate
from hebbsim.statistics.measurement import named

RESULTS = sorted(path.parent.name for path in (ROOT / "results").glob("*/records.jsonl"))
_gallery = load_experiment("_gallery")
COLUMN = 3.4 * 72  # points
SLACK = 1.0  # of a pixel, in points


def draw(name):
    results = read(ROOT / "results" / name)
    if name.startswith("verify"):
        return headline.figure(named(results)), results
    return experiment.load(str(ROOT / "experiments" / f"{name}.py")).figure(results), results


def texts_of(ax):
    """Title, labels, notes and tick labels that are shown."""
    ticks = [label for axis in (ax.xaxis, ax.yaxis) for label in axis.get_ticklabels() if inside_view(axis, label)]
    return [t for t in (*ax.texts, ax._left_title, ax.title, ax.xaxis.label, ax.yaxis.label, *ticks) if t.get_text()]


def inside_view(axis, label):
    low, high = sorted(axis.get_view_interval())
    at = label.get_position()[0 if axis.axis_name == "x" else 1]
    return low <= at <= high and label.get_visible()


def vertices(ax):
    """(artist, its points in data coordinates) of every line, marker and error bar that is drawn in data coordinates."""
    for line in ax.lines:
        if line.get_transform() == ax.transData:
            yield line, line.get_xydata()
    for bars in ax.collections:
        if isinstance(bars, LineCollection):
            yield (
                bars,
                np.concatenate([segment for segment in bars.get_segments() if len(segment)] or [np.empty((0, 2))]),
            )


def problems(made):
    """What is wrong with a drawn figure, in words."""
    canvas = made.canvas.get_renderer()
    scale = 72 / made.dpi
    page = made.bbox
    found = []
    if made.bbox.width * scale > COLUMN + SLACK:
        found.append(f"{made.bbox.width * scale / 72:.2f} inches wide")
    note = made._supxlabel
    notes = [note] if note is not None and note.get_text() else []
    for text in [*notes, *(t for ax in made.axes for t in texts_of(ax))]:
        box = text.get_window_extent(canvas)
        if text.get_fontsize() < 6:
            found.append(f"{text.get_text()!r} in {text.get_fontsize()} points")
        if contrast(to_hex(text.get_color()), "#ffffff") < 4.5:
            found.append(f"{text.get_text()!r} is too pale")
        if box.x0 < page.x0 - 2 or box.x1 > page.x1 + 2 or box.y0 < page.y0 - 2 or box.y1 > page.y1 + 2:
            found.append(f"{text.get_text()!r} is cut off")
    for number, ax in enumerate(made.axes):
        where = f"panel {number + 1}: "
        (x0, x1), (y0, y1) = sorted(ax.get_xlim()), sorted(ax.get_ylim())
        for artist, points in vertices(ax):
            points = points[np.isfinite(points).all(1)]
            dx, dy = 1e-9 * (x1 - x0), 1e-9 * (y1 - y0)
            out = [p for p in points if not (x0 - dx <= p[0] <= x1 + dx and y0 - dy <= p[1] <= y1 + dy)]
            if out:
                found.append(f"{where}{artist.get_label()} at {out[0]} is outside {x0:g}..{x1:g}, {y0:g}..{y1:g}")
        for bar in ax.patches:
            if bar.get_x() < x0 or bar.get_x() + bar.get_width() > x1:
                found.append(f"{where}a bar leaves the axes")
        for axis in (ax.xaxis, ax.yaxis):
            boxes = [
                label.get_window_extent(canvas)
                for label in axis.get_ticklabels()
                if label.get_text() and inside_view(axis, label)
            ]
            for one, other in itertools.pairwise(boxes):
                if one.overlaps(other):
                    found.append(f"{where}tick labels of {axis.axis_name} overlap")
        legend = ax.get_legend()
        if legend is not None:
            found += [f"{where}legend over {word}" for word in covered(ax, legend, canvas)]
            found += [f"{where}legend in {t.get_fontsize()} points" for t in legend.get_texts() if t.get_fontsize() < 6]
    return found


def covered(ax, legend, canvas):
    """What lies under the words of a legend: markers and bars, and the middle of lines."""
    boxes = [text.get_window_extent(canvas) for text in legend.get_texts()]
    for artist, points in vertices(ax):
        is_marked = getattr(artist, "get_marker", lambda: "|")() not in ("None", None, "", " ")
        if not is_marked or not len(points):
            continue
        pixels = ax.transData.transform(points[np.isfinite(points).all(1)])
        if any(box.contains(x, y) for box in boxes for x, y in pixels):
            yield artist.get_label()


@pytest.fixture(scope="module", params=RESULTS)
def drawn(request):
    with plot.look():
        made, results = draw(request.param)
        made.set_dpi(100)
        FigureCanvasAgg(made).draw()
    return request.param, made, results


def test_a_committed_figure_shows_all_that_it_draws(drawn):
    name, made, _ = drawn
    assert isinstance(made, Figure) and problems(made) == [], name


def test_a_committed_figure_says_what_its_bars_are_and_has_its_records_digest(drawn):
    name, made, results = drawn
    assert re.search(r"95 % .*trials|memor", made._supxlabel.get_text().replace("\n", " ")), name
    assert "+-" not in "".join(t.get_text() for ax in made.axes for t in texts_of(ax))
    for kind in ("png", "svg"):
        data = (ROOT / "results" / name / f"figure.{kind}").read_bytes()
        assert f"records {digest(results)}".encode() in data, f"{name}: draw figure.{kind} again"
        assert kind != "svg" or len(data) < 300_000


def test_the_checks_find_what_is_wrong():
    made, (ax,) = plot.figure(width=5.0)
    plot.points(ax, [1, 2, 3], [Estimate(0.1, 0.2, 0.9, 0.95, 4, "")] * 3, "some points with a long name", 0)
    ax.set(xlim=(1.5, 3.5), ylim=(0, 0.8), xlabel="x" * 200)
    plot.ticks(ax, [2, 2.01], ["a long label", "another one"])
    ax.legend(loc="center", fontsize=5)
    ax.text(2, 0.1, "small", fontsize=4, color=plot.COLOURS[6])
    FigureCanvasAgg(made).draw()
    words = " / ".join(problems(made))
    found = (
        "inches wide",
        "is cut off",
        "is outside",
        "tick labels of x overlap",
        "'small' in 4",
        "'small' is too pale",
    )
    for wrong in (*found, "legend in 5"):
        assert wrong in words


def test_the_gallery_is_that_of_the_experiments_and_their_tables():
    page = _gallery.gallery()
    assert (ROOT / "experiments" / "README.md").read_text() == page, "run python -m experiments._gallery"
    for name in RESULTS:
        assert name.startswith("verify") or (f"## {name}\n" in page and f"results/{name}/figure.svg" in page)


def test_an_answer_takes_its_numbers_from_the_table():
    rows = [
        {"dim": 64, "bits": "0.4 +/- 0.1", "pairs": "best load: 3"},
        {"dim": 128, "bits": {"best": 1_250.5}, "pairs": ""},
    ]
    said = (
        "{:.1f} and {:,.1f}, {:.0%}",
        [({"dim": "64", "pairs": "best*"}, "bits"), ({"dim": 128}, "bits"), ({"dim": 64}, "bits")],
    )
    assert _gallery.answer(said, rows) == "0.4 and 1,250.5, 40 %"
    with pytest.raises(LookupError, match="no row with"):
        _gallery.look_up(rows, {"dim": 65}, "bits")
