"""The README tells the truth: every code block and command in it runs, and its tables are the ones under results/."""

import json
import re
import shlex
import shutil
import subprocess
import sys

import pytest
from repository import ROOT

from hebbsim.answers import readme
from hebbsim.answers.ledger import ledger

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)```", README, re.S)
COMMANDS = [line.split("#")[0].strip() for kind, _, text in BLOCKS if kind == "sh" for line in text.splitlines()]
COMMANDS = [command for command in COMMANDS if command.startswith(".venv/bin/hebbsim")]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """An empty folder with the experiments that the README writes."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "results").mkdir()
    shutil.copytree(ROOT / "tests" / "data", folder / "tests" / "data")  # the keys that a command reads
    for _, title, text in BLOCKS:
        if title:
            (folder / title).parent.mkdir(exist_ok=True)
            (folder / title).write_text(text)
    return folder


@pytest.mark.parametrize("text", [t for kind, title, t in BLOCKS if kind == "python" and not title])
def test_python_blocks_run(text, place):
    said = subprocess.run([sys.executable, "-c", text], cwd=ROOT, capture_output=True, text=True, timeout=200)
    assert said.returncode == 0, said.stderr
    assert "95 %" in said.stdout


def test_the_first_example_prints_what_the_readme_shows():
    code = next(text for kind, title, text in BLOCKS if kind == "python" and not title)
    shown = next(text for kind, _, text in BLOCKS if kind == "text")
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=200).stdout
    assert said.splitlines()[0] == shown.splitlines()[0]  # exact counts: the same on any machine
    assert len(said.splitlines()) == len(shown.splitlines())


def test_commands_run(place, run_cli, monkeypatch):
    monkeypatch.chdir(place)
    assert len(COMMANDS) >= 7
    for command in COMMANDS:
        status, out, err = run_cli(*shlex.split(command)[1:])
        assert status == 0, f"{command}: {err}"
        assert out
    assert (place / "results" / "mine" / "figure.png").exists()


def test_make_has_the_targets_that_are_named():
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make(?: (\w+))?", "\n".join(t for k, _, t in BLOCKS if k == "sh"), re.M):
        assert f"\n{target or 'verify'}:" in makefile
    assert "hebbsim verify" in makefile


def test_links_lead_somewhere():
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / link).exists(), link


def test_tables_are_the_committed_ones():
    assert readme.fill(README, readme.parts(ROOT / "results")) == README


QUOTED = [  # experiment, the row's first cell (or first cells), column, as the README says it
    ("spectrum", ("Hebbian",), "soft bits/parameter, most", "0.70"),
    ("spectrum", ("delta (DeltaNet), rate 0.5",), "soft bits/parameter, most", "0.69"),
    ("spectrum", ("pseudo-inverse",), "soft bits/parameter, most", "1.14"),
    ("spectrum", ("perceptron",), "soft bits/parameter, most", "1.78"),
    ("spectrum", ("linear attention, elu + 1",), "soft bits/parameter, most", "0.07"),
    ("spectrum", ("Hyena",), "soft bits/parameter, most", "0.008"),
    ("spectrum", ("Hebbian",), "at 1 % error", "0.18"),
    ("spectrum", ("delta (DeltaNet), rate 0.5",), "at 1 % error", "0.231"),
    ("spectrum", ("Willshaw",), "at 1 % error", "0.29"),
    ("spectrum", ("BCPNN",), "at 1 % error", "0.31"),
    ("ages", ("delta, rate 0.5",), "age 128 to 143", "105"),
    ("ages", ("delta, rate 0.5",), "age 0 to 3", "216"),
    ("ages", ("delta, rate 0.5",), "bits per parameter, all ages, soft", "0.68"),
    ("ages", ("softmax attention, newest 128",), "bits per parameter, all ages, soft", "0.50"),
    ("tied", ("hebbian", "tied", 0.5, "soft"), "most bits per entry (n^2)", "0.18"),
    ("tied", ("hebbian", "untied", 0.5, "soft"), "most bits per entry (n^2)", "0.35"),
]


@pytest.mark.parametrize(("name", "first", "column", "said"), QUOTED)
def test_numbers_in_words_are_those_of_the_tables(name, first, column, said):
    rows = json.loads((ROOT / f"results/{name}/table.json").read_text())
    (row,) = (row for row in rows if tuple(row.values())[: len(first)] == first)
    cell = row[column]
    number = cell["best"] if isinstance(cell, dict) else float(cell.split()[0])
    assert f"{number:.{len(said.partition('.')[2])}f}" == said
    assert said in README.partition("Put to the claims")[2].partition("## What it costs")[0]


def test_the_answer_in_words_is_that_of_the_ledger():
    said = README.partition("## Does a Hebbian")[2].partition("## Two commands")[0]
    rows = {row.claim.name: row.numbers for row in ledger(ROOT / "results")}
    first, second, ids = rows["C1"], rows["C2"], rows["C2, as token ids"]
    for reading, digits in (
        ("the field itself, load to infinity (soft)", 2),
        ("outer code of rate 1/20, one-shot, no bit wrong, dim 1024", 2),
        ("sign of the field, load to infinity (hard)", 2),
        ("sign of the field, 1 % of the bits wrong", 2),
        ("sign of the field, no bit wrong, dim 1024", 2),
        ("AMP, every key known, no bit wrong, dim 2048", 1),
    ):
        assert f"{first[reading].value:.{digits}f}" in said, reading
    share = 100 * second["one-shot: bits wrong"].value / second["bits stored"].value
    assert f"{share:.1f} % wrong" in said and second["bits stored"].shown in said
    one_shot = max(number.value for name, number in ids.items() if "one-shot" in name)
    assert f"{one_shot:.0f} million" in said
