"""verify's table as a terminal of 80 columns shows it: short verdicts, and what they are conditional on below."""

import sys
from collections.abc import Sequence

from hebbsim.answers.claims import Judged

WIDTH = 80
SHORT = {"does not hold": "no", "holds": "yes", "not decided": "open"}


def show(judged: Sequence[Judged]) -> None:
    """Print the rows by what is read, in red those that differ from their predictions, then the notes to the verdicts."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, title="Does a Hebbian matrix store about 0.7 bits per parameter?")
    for name in ("", "reading [criterion]", "theory", "measured (95 %)", "0.7?"):
        table.add_column(escape(name), no_wrap=not name.startswith("reading"))
    notes: list[str] = []
    groups: dict[str, list[Judged]] = {}
    for item in judged:
        groups.setdefault(f"{item.row.quantity} [{item.row.criterion}]", []).append(item)
    for group, items in groups.items():
        table.add_row("", escape(group), "", "", "", style="bold")
        for item in items:
            cells = f"  {item.row.setting}", f"{item.row.prediction:.4f}", item.measured.number()
            cells = "ok" if item.agrees else "DIFFERS", *cells, verdict(item.verdict, notes)
            table.add_row(*map(escape, cells), style=None if item.agrees else "red")
    console = Console()
    width = console.width if console.is_terminal else WIDTH
    console = Console(width=width, file=sys.stdout)
    console.print(table)
    for number, note in enumerate(notes, 1):
        console.print(f"[{number}] {note}", markup=False, highlight=False)


def verdict(text: str, notes: list[str]) -> str:
    """The verdict in a word or two; what it leaves out becomes a note, shared by the verdicts that say the same."""
    word, condition = next(
        ((short, text[len(long) :].strip(" :")) for long, short in SHORT.items() if text.startswith(long)), (text, "")
    )
    if not condition:
        return word
    if condition not in notes:
        notes.append(condition)
    return f"{word} [{notes.index(condition) + 1}]"
