"""The look of the figures: it leaves matplotlib as it was, and the same numbers give the same bytes."""

import subprocess
import sys

import matplotlib
import matplotlib.colors
import numpy as np
import pytest
from contrast import contrast
from repository import ROOT

from hebbsim import plot
from hebbsim.errors import HebbsimError
from hebbsim.statistics.estimate import Estimate, share


def example():
    made, (ax, other) = plot.figure(2)
    estimates = [Estimate(0.1, 0.2, 0.4, 0.95, trials, "") for trials in (4, 40)]
    plot.points(ax, [1, 2], estimates, "measured", 0)
    plot.theory(ax, [1, 2], lambda x: 0.1 * x, "theory", 1)
    plot.claim(ax)
    plot.limits(other, [1, 2], [3e-6, 3e-8], "none seen", 2)
    other.set(yscale="log", ylim=(1e-9, 1))
    plot.title(ax, "A title of more words than fit into one line of a paper's column")
    plot.legend(ax)
    plot.note(ax, "A note.")
    return made


def test_nothing_of_matplotlib_is_touched_not_even_by_importing(tmp_path):
    code = (
        "import matplotlib, sys\n"
        "matplotlib.use('svg'); matplotlib.rcParams['font.size'] = 13.5\n"
        "before = dict(matplotlib.rcParams)\n"
        "import hebbsim\n"
        "from hebbsim import plot\n"
        "made, (ax,) = plot.figure()\n"
        "ax.plot([1, 2], [3, 4]); plot.claim(ax); plot.title(ax, 'x'); plot.legend(ax, ['a'])\n"
        f"plot.save(made, __import__('pathlib').Path({str(tmp_path / 'figure.png')!r}))\n"
        "assert dict(matplotlib.rcParams) == before and matplotlib.get_backend() == 'svg'\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=ROOT, check=True)
    assert {file.name for file in tmp_path.iterdir()} == {"figure.png", "figure.svg"}


def test_the_users_own_style_does_not_show(tmp_path):
    plain = plot.save(example(), tmp_path / "plain.png").read_bytes()
    with matplotlib.rc_context({"font.size": 30, "lines.linewidth": 9, "axes.facecolor": "red"}):
        styled = plot.save(example(), tmp_path / "styled.png").read_bytes()
    assert plain == styled


def test_the_same_numbers_give_the_same_bytes_and_carry_their_records_digest(tmp_path):
    for name in ("a", "b"):
        path = plot.save(example(), tmp_path / f"{name}.png", "0123456789ab", ("png", "svg", "pdf"))
        assert path == tmp_path / f"{name}.png"
    for kind in ("png", "svg", "pdf"):
        first, second = ((tmp_path / f"{name}.{kind}").read_bytes() for name in ("a", "b"))
        assert first == second and (b"records 0123456789ab" in first)
    assert len(list(tmp_path.iterdir())) == 6  # no half-written file


def test_the_note_says_what_the_bars_are():
    said = example()._supxlabel.get_text().replace("\n", " ")
    assert said == "Bars: 95 % intervals over 4 to 40 trials. A note."
    made, (ax,) = plot.figure()
    plot.points(ax, [1], [share(0, 20)], "")
    assert made._supxlabel.get_text() == "Bars: 95 % intervals over 20 trials."


def test_lines_differ_without_their_colour():
    _made, (ax,) = plot.figure()
    for index in range(len(plot.COLOURS)):
        plot.theory(ax, [0, 1], [0, index], "", index)
    assert len({line._dash_pattern[1] and tuple(line._dash_pattern[1]) for line in ax.lines}) == len(plot.LINES)
    grey = [np.dot(matplotlib.colors.to_rgb(colour), (0.299, 0.587, 0.114)) for colour in plot.COLOURS[:3]]
    assert min(abs(np.subtract.outer(grey, grey))[np.triu_indices(3, 1)]) > 0.1


def test_ink_stands_out_from_white_and_a_dark_colour_is_its_own():
    inks = [matplotlib.colors.to_hex(plot.ink(index)) for index in range(len(plot.COLOURS))]
    assert all(contrast(ink, "#ffffff") >= 4.5 for ink in inks)
    dark = [contrast(colour, "#ffffff") >= plot.CONTRAST for colour in plot.COLOURS]
    assert [ink == colour.lower() for ink, colour in zip(inks, plot.COLOURS, strict=True)] == dark and 0 < sum(dark) < 7
    hues = [np.argsort(matplotlib.colors.to_rgb(one)).tolist() for one in (*inks, *plot.COLOURS)]
    assert hues[:7] == hues[7:]  # the same order of red, green and blue: the colour is recognised


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(HebbsimError, match="cannot write"):
        plot.save(example(), tmp_path / "file" / "figure.png")
