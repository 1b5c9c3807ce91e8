"""The page: self-contained, the same bytes for the same records, every number from the ledger, nothing unescaped."""

import html
import json
import re
from html.parser import HTMLParser

import pytest
from repository import RESULTS

from hebbsim.answers.ledger import ledger
from hebbsim.answers.page import LARGEST, inline, page
from hebbsim.errors import HebbsimError

VOID = {"meta", "br", "img", "link", "input", "hr"}


@pytest.fixture(scope="module")
def text():
    return page(RESULTS)


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


def test_every_verdict_and_reading_of_the_ledger_is_on_the_page(text):
    plain = html.unescape(text)
    for row in ledger(RESULTS):
        assert row.answer.verdict in plain and row.answer.sentence in plain
        if row.claim.name == "C1":
            for number in row.numbers.values():
                assert str(number) in plain


def test_every_number_of_a_table_is_in_the_experiments_own(text):
    for name in re.findall(r'<h2 id="(\w+)">', text):
        part = text.split(f'<h2 id="{name}">')[1].split("<h2")[0]
        cells = [html.unescape(cell) for cell in re.findall(r"<td>(.*?)</td>", part, flags=re.S)]
        table = json.loads((RESULTS / name / "table.json").read_text())
        own = [value for row in table for value in row.values()]
        known = {str(value) for value in own if not isinstance(value, dict)} | {""}
        known |= {
            f"{v['best']:.4g} [{v['low']:.4g}, {v['high']:.4g}]"
            for v in own
            if isinstance(v, dict) and v["best"] is not None
        }
        assert set(cells) <= known | {"-"}, name


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
