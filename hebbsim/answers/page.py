"""The results as one static page: no script, no request, the same bytes for the same records. No JAX."""

import html
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hebbsim.answers.evidence import Evidence
from hebbsim.answers.ledger import Judgement, ledger
from hebbsim.errors import HebbsimError

LARGEST = 2_000_000  # bytes of the page
ROWS = 14  # of a table; the whole one lies beside the figure


class Section(NamedTuple):
    """One part of the page: an experiment's question, its figure and the head of its table."""

    title: str
    experiment: str
    question: str


SECTIONS = (
    Section("The ladder of readers", "ladder", "What do better readers get out of the same matrix?"),
    Section("0.7 by construction", "by_construction", "Can an outer code make a one-shot reader error-free at 0.65?"),
    Section(
        "What block length it takes", "block_length", "How many error-free bits does a block of a given length give?"
    ),
    Section("Correlated keys", "correlated", "What is left when keys are alike, as real keys are?"),
    Section("The spectrum of memories", "spectrum", "How do the fixed-size memories of today's models compare?"),
    Section(
        "The running state in few bits", "running_precision", "In which format may a state be kept while it is written?"
    ),
    Section("States of released models", "real_states", "How much can the state of a released model hold?"),
    Section("300 million parameters", "three_hundred_million", "Are the claim's 210 million bits really there?"),
)

STYLE = """
:root { color-scheme: light dark; --text: #1a1a1a; --ground: #fff; --line: #c8c8c8; --quiet: #555; --mark: #eef3f8; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e8e8e8; --ground: #16181b; --line: #45494f; --quiet: #b4b8be; --mark: #22272e; }
}
body { margin: 0 auto; padding: 1rem; max-width: 52rem; color: var(--text); background: var(--ground);
  font: 1rem/1.55 system-ui, sans-serif; }
h1 { line-height: 1.2; } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); padding-bottom: .2rem; }
.answer { background: var(--mark); padding: .8rem 1rem; border-radius: .4rem; }
figure { margin: 1rem 0; } figure > div { background: #fff; border: 1px solid var(--line); border-radius: .4rem; padding: .5rem; }
figure svg { display: block; width: 100%; height: auto; max-width: 40rem; margin: 0 auto; }
figcaption, .quiet { color: var(--quiet); font-size: .9rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .85rem; margin: .8rem 0; }
th, td { border: 1px solid var(--line); padding: .25rem .5rem; text-align: left; vertical-align: top; }
th { background: var(--mark); } code { overflow-wrap: anywhere; } a { color: inherit; }
@media (max-width: 40rem) {
  .prose thead { position: absolute; clip-path: inset(50%); }
  .prose tr { display: block; border: 1px solid var(--line); margin-bottom: .6rem; }
  .prose td { display: block; border: 0; } .prose td:first-child { background: var(--mark); font-weight: bold; }
  .prose td:not(:first-child)::before { content: attr(data-label) ": "; color: var(--quiet); }
}
@media print {
  :root { color-scheme: light; --text: #000; --ground: #fff; --line: #c8c8c8; --quiet: #444; --mark: #eef3f8; }
  body { max-width: none; font-size: 10pt; } h2, h2 + p { break-after: avoid; } figure, tr { break-inside: avoid; }
  figure svg { max-width: 11cm; max-height: 19cm; } .wide { overflow: visible; }
  table { font-size: 6.5pt; line-height: 1.3; } th, td { padding: 1pt 3pt; overflow-wrap: anywhere; hyphens: auto; }
}
"""


def page(results: Path) -> str:
    """The page, as HTML text.

    Args:
        results: the folder of results; what it lacks is left out, and its claims are not decided.

    Raises:
        HebbsimError: where nothing is there to show, or the page would pass 2 MB.
    """
    results = Path(results)
    rows = ledger(results)
    sections = [text for section in SECTIONS if (text := _section(results, section))]
    if not sections and all(not row.claim.experiments or not row.numbers for row in rows):
        raise HebbsimError(f"{results}: nothing measured is there; run hebbsim collect, then hebbsim plot")
    first = next(row for row in rows if row.claim.name == "C1")
    body = [
        "<h1>Does a Hebbian matrix store 0.7 bits per parameter?</h1>",
        f'<p class="answer"><strong>It {_escape(first.answer.verdict)}.</strong> {_escape(first.answer.sentence)}</p>',
        "<p>hebbsim fills real memories with random pairs, reads them back and counts what came out. Every number below was "
        "read from the records in the results folder; intervals are 95 %, over independent memories.</p>",
        "<h2>The claims and their verdicts</h2>",
        _table(
            ["claim", "statement", "verdict", "why"],
            [[row.claim.name, row.claim.statement, row.answer.verdict, row.answer.sentence] for row in rows],
            prose=True,
        ),
        "<h2>The readings of “stores”</h2>",
        _numbers(first),
        *sections,
        "<h2>How to regenerate this</h2>",
        _table(
            ["claim", "command"], [[r.claim.name, r.claim.command] for r in rows if r.claim.experiments], prose=True
        ),
        f"<p class='quiet'>{_escape(_provenance(results))}</p>",
    ]
    text = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<title>hebbsim: does a Hebbian matrix store 0.7 bits per parameter?</title>\n"
        f"<style>{STYLE}</style>\n</head>\n<body>\n<main>\n" + "\n".join(body) + "\n</main>\n</body>\n</html>\n"
    )
    if len(text.encode()) > LARGEST:
        raise HebbsimError(f"the page would take {len(text.encode()):,} bytes; allowed: {LARGEST:,}")
    return text


def _section(results: Path, section: Section) -> str:
    folder = results / section.experiment
    drawing, listing = folder / "figure.svg", folder / "table.json"
    if not drawing.is_file() and not listing.is_file():
        return ""
    parts = [f'<h2 id="{section.experiment}">{_escape(section.title)}</h2>', f"<p>{_escape(section.question)}</p>"]
    if drawing.is_file():
        image = inline(drawing.read_text(errors="replace"), section.experiment, section.question)
        command = f"hebbsim plot experiments/{section.experiment}.py"
        parts.append(f"<figure><div>{image}</div><figcaption>Drawn by <code>{command}</code>.</figcaption></figure>")
    if listing.is_file():
        lines = Evidence(results).table(section.experiment)
        if lines:
            shown = [[_cell(cell) for cell in row.values()] for row in lines[:ROWS]]
            parts.append(_table(list(lines[0]), shown))
            if len(lines) > ROWS:
                parts.append(
                    f'<p class="quiet">The first {ROWS} of {len(lines)} rows of {section.experiment}/table.md.</p>'
                )
    return "\n".join(parts)


def inline(svg: str, prefix: str, label: str) -> str:
    """An SVG as part of a page: no XML head, its names made its own, with a label for those who do not see it."""
    start = svg.find("<svg")
    if start < 0:
        raise HebbsimError(f"{prefix}: the figure is not an SVG; run hebbsim plot again")
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[start:], flags=re.S)
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}-\1)", svg)
    svg = re.sub(r'href="#([^"]+)"', rf'href="#{prefix}-\1"', svg)
    return svg.replace("<svg", f'<svg role="img" aria-label="{_escape(label)}"', 1).strip()


def _numbers(row: Judgement) -> str:
    lines = [[name, str(number), number.source] for name, number in row.numbers.items()]
    return _table(["reading", "bits per parameter", "records"], lines, prose=True)


def _table(header: Sequence[str], rows: Sequence[Sequence[Any]], prose: bool = False) -> str:
    """prose: cells of sentences, which a narrow screen shows below one another, each after the name of its column."""
    names = [_escape(str(name).strip()) for name in header]
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    tags = [f'<td data-label="{name}">' if prose else "<td>" for name in names]
    lines = ("".join(f"{tag}{_escape(str(cell))}</td>" for tag, cell in zip(tags, row, strict=True)) for row in rows)
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    kind = ' class="prose"' if prose else ""
    return f'<div class="wide"><table{kind}>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>'


def _cell(cell: Any) -> str:
    if isinstance(cell, dict) and {"low", "best", "high"} <= cell.keys():
        return f"{cell['best']:.4g} [{cell['low']:.4g}, {cell['high']:.4g}]" if cell["best"] is not None else "-"
    return "" if cell is None else str(cell)


def _provenance(results: Path) -> str:
    import hebbsim

    folders = sorted(path.name for path in results.iterdir() if path.is_dir() and any(path.glob("*.jsonl")))
    return f"Written by hebbsim {hebbsim.__version__} from {len(folders)} folders of records: {', '.join(folders)}."


def _escape(text: str) -> str:
    return html.escape(text, quote=True)
