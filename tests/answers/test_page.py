"""The page: self-contained, the same bytes for the same records, every number from the ledger, nothing unescaped."""

import concurrent.futures
import html
import json
import os
import re
from html.parser import HTMLParser

import pytest
from contrast import contrast
from repository import RESULTS, ROOT

from hebbsim.answers import report
from hebbsim.answers.ledger import ledger
from hebbsim.answers.page import LARGEST, SECTIONS, STYLE, inline, page
from hebbsim.errors import HebbsimError
from hebbsim.experiment import load
from hebbsim.records import read

VOID = {"meta", "br", "img", "link", "input", "hr"}


@pytest.fixture(scope="module")
def text():
    return page(RESULTS)


@pytest.fixture(scope="module")
def judged():
    return ledger(RESULTS)


class Outline(HTMLParser):
    """Tags that are open, headings, and everything that could ask for a file."""

    def __init__(self):
        super().__init__()
        self.open, self.headings, self.asked, self.ids = [], [], [], []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.asked += [
            v for k, v in attrs.items() if k in ("src", "href", "xlink:href", "data") and not v.startswith("#")
        ]
        self.asked += [tag] if tag in ("script", "iframe", "link", "object", "embed") else []
        self.ids += [attrs["id"]] if "id" in attrs else []
        if tag in ("h1", "h2"):
            self.headings.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_asks_for_nothing_and_its_tags_close(text):
    outline = Outline()
    outline.feed(text)
    assert outline.open == [] and outline.asked == []
    assert outline.headings[0] == "h1" and outline.headings.count("h1") == 1 and outline.headings.count("h2") >= 4
    assert len(outline.ids) == len(set(outline.ids))
    assert "url(http" not in text and "@import" not in text and len(text.encode()) < LARGEST


def test_the_same_records_give_the_same_bytes(text):
    assert page(RESULTS) == text


def test_every_verdict_and_reading_of_the_ledger_is_on_the_page(text, judged):
    plain = html.unescape(text)
    for row in judged:
        assert row.answer.verdict in plain and row.answer.sentence in plain
        if row.claim.name == "C1":
            for number in row.numbers.values():
                assert str(number) in plain


def strange(text, name):
    """Cells of an experiment's table on the page that its own table, made now from its records, does not have."""
    made = load(str(ROOT / f"experiments/{name}.py"))
    header, rows = made.table(read(RESULTS / name))
    own = [
        value for row in report.to_json([dict(zip(header, row, strict=True)) for row in rows]) for value in row.values()
    ]
    known = {str(value) for value in own if not isinstance(value, dict)} | {"", "-"}
    known |= {
        f"{v['best']:.4g} [{v['low']:.4g}, {v['high']:.4g}]"
        for v in own
        if isinstance(v, dict) and v["best"] is not None
    }
    part = text.split(f'<h2 id="{name}">')[1].split("<h2")[0]
    cells = {html.unescape(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", part, flags=re.S)}
    assert len(cells) > 3
    return cells - known


@pytest.mark.parametrize("name", [section.experiment for section in SECTIONS])
def test_every_number_of_a_table_comes_from_the_records(text, name, tmp_path):
    assert strange(text, name) == set()
    table = json.loads((RESULTS / name / "table.json").read_text())
    column = next(key for key, value in table[0].items() if re.fullmatch(r"[\d,.]+", str(value)))
    table[0][column] = "0.123456789"
    (tmp_path / name).mkdir()
    (tmp_path / name / "table.json").write_text(json.dumps(table))
    assert strange(page(tmp_path), name) == {"0.123456789"}  # such a page is found out


def numbers(text):
    return set(re.findall(r"\d[\d,.]*\d|\d", re.sub(r"<[^>]*>", " ", html.unescape(text))))


def test_every_number_before_the_figures_comes_from_the_ledger(text, judged):
    first = text.split("<body>")[1].split('<h2 id="')[0]
    known = [word for row in judged for word in (row.claim.name, row.claim.statement, *row.answer)]
    known += [f"{name} {n} {n.source}" for name, n in judged[0].numbers.items()] + ["0.7 95"]
    assert numbers(first) <= numbers(" ".join(known)) and len(numbers(first)) > 60
    changed = first.replace("0.7216", "0.7316")
    assert changed != first and not numbers(changed) <= numbers(" ".join(known))


def test_text_stands_out_in_light_dark_and_print():
    """WCAG AA: 4.5 to 1 for text of any size."""
    assert contrast("#000", "#ffffff") == pytest.approx(21) and contrast("#777777", "#fff") == pytest.approx(
        4.48, abs=0.01
    )
    schemes = [
        dict(re.findall(r"--(\w+): (#\w+)", block)) for block in re.findall(r":root \{(.*?)\}", STYLE, flags=re.S)
    ]
    assert len(schemes) == 3  # light, dark, print
    for colours in schemes:
        for text in ("text", "quiet"):
            assert min(contrast(colours[text], colours[ground]) for ground in ("ground", "mark")) >= 4.5
    used = set(re.findall(r"(?<![-\w])color: ([^;}]+)", STYLE))
    assert used == {"var(--text)", "var(--quiet)", "inherit"}  # no other colour of text


@pytest.mark.parametrize("name", [section.experiment for section in SECTIONS])
def test_text_in_a_figure_stands_out_from_its_white_ground(name):
    svg = (RESULTS / name / "figure.svg").read_text()
    texts = re.findall(r'<g id="text_\d+">.*?(?=<g id="(?!text)|</svg>)', svg, flags=re.S)
    colours = {colour for text in texts for colour in re.findall(r'<g style="fill: (#[0-9a-f]{6})', text)}
    assert texts and all(contrast(colour, "#ffffff") >= 4.5 for colour in colours), colours
    assert "figure > div { background: #fff" in STYLE


def test_hostile_text_is_escaped(tmp_path):
    folder = tmp_path / "spectrum"
    folder.mkdir()
    (folder / "table.json").write_text(json.dumps([{"<script>": "<img src=x onerror=alert(1)>", "b": '"&'}]))
    text = page(tmp_path)
    assert "<script" not in text and "<img" not in text and "&lt;img" in text


def test_a_figure_is_labelled_and_keeps_its_own_names():
    svg = '<?xml version="1.0"?><svg><metadata>x</metadata><g id="a"/><use xlink:href="#a" clip-path="url(#a)"/></svg>'
    image = inline(svg, "one", "What & why?")
    assert image.startswith('<svg role="img" aria-label="What &amp; why?"') and "metadata" not in image
    assert 'id="one-a"' in image and '"#one-a"' in image and "url(#one-a)" in image


def test_an_empty_folder_is_one_line(tmp_path):
    with pytest.raises(HebbsimError, match="nothing measured"):
        page(tmp_path)


def test_a_file_is_written_through_a_link_and_into_a_pipe(tmp_path):
    real, link, pipe = tmp_path / "real", tmp_path / "link", tmp_path / "pipe"
    real.write_text("old")
    link.symlink_to(real)
    report.write(link, "new")
    assert link.is_symlink() and real.read_text() == "new"
    os.mkfifo(pipe)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        heard = pool.submit(pipe.read_text)
        report.write(pipe, "said")
        assert heard.result(timeout=60) == "said" and pipe.is_fifo()
    (tmp_path / "round").symlink_to(tmp_path / "round")
    report.write(tmp_path / "round", "text")
    (tmp_path / "round").unlink()
    with pytest.raises(HebbsimError, match="cannot write: Is a directory"):
        report.write(tmp_path, "text")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "pipe", "real"]
