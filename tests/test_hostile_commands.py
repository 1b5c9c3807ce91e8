"""Every option of every command, and places that cannot be written: one line, exit status 2, nothing left behind."""

import numpy as np
import pytest
from test_hostile import TEXTS, harmless

from hebbsim.answers.budget import effective_share
from hebbsim.cli import parser

# What a command needs besides the option that is tried.
NEEDS = {
    "measure": ["--dim", "8", "--num-patterns", "4", "--trials", "2"],
    "curve": ["--dim", "8", "--loads", "0.5:1:2", "--trials", "2"],
    "size": ["--pairs", "4", "--trials", "2"],
    "budget": ["--params", "100"],
    "store": ["file", "--out", "memory"],
    "recall": ["memory", "--out", "file"],
    "collect": ["mine.py"],
    "plot": ["mine.py"],
    "check": ["folder"],
    "merge": ["folder", "--out", "both"],
    "fit": ["folder"],
}
PLACES = {"out", "source", "results", "html", "readme", "dask", "coordinator", "help"}
SIZE = ["--layers", "1", "--heads", "1", "--key-dim", "1000000000000", "--value-dim", "4"]
COMMANDS = next(action for action in parser()._actions if action.dest != "help" and action.choices).choices


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_every_command(command, run_cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for action in COMMANDS[command]._actions:
        if not action.option_strings or action.nargs == 0 or action.dest in PLACES:
            continue
        needs = list(NEEDS.get(command, []))
        if action.option_strings[0] in needs:
            at = needs.index(action.option_strings[0])
            needs[at : at + 2] = []
        for name in ("a path out", "a terminal's command", "two lines", "very long", "deep lists"):
            status, out, err = run_cli(command, *needs, f"{action.option_strings[0]}={TEXTS[name]}")
            assert status == 2 and "Traceback" not in err, (action.dest, name, status)
            assert err.count("\n") == 1 and harmless(err + out) and len(err) < 2000, (action.dest, name, err[:300])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["ledger", "{results}", "--out", "."],
        ["ledger", "{results}", "--out", "/"],
        ["ledger", "{results}", "--out", "{results}/by_construction/table.json/x"],
        ["report", "{results}", "--html", "."],
        ["report", "{results}", "--readme", "{results}/by_construction/figure.png"],
        ["report", "{results}", "--html", "page.html"],
        ["budget", "--params", "5", "--results", "nowhere"],
        ["list", "rules", "--dim", "1000000000000"],
        ["list", "rules", "--num-patterns", "1000000000000"],
        ["curve", "--dim", "8", "--loads", "1,2", "--trials", "2", "--out", "/dev/null"],
        ["size", "--pairs", "99999999999"],
        ["measure", "--dim", "8", "--load", "1", "--form", "\x1b[2J"],
    ],
)
def test_places_and_sizes_that_cannot_be(arguments, run_cli, tmp_path, monkeypatch):
    results = tmp_path / "results"
    (results / "by_construction").mkdir(parents=True)
    (results / "by_construction" / "figure.png").write_bytes(b"\x89PNG\xff")
    (results / "by_construction" / "table.json").write_text('[{"a": ' if "page.html" in arguments else "[]")
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    status, out, err = run_cli(*(word.format(results=results) for word in arguments))
    assert status == 2 and err.count("\n") == 1 and harmless(err + out), (status, out, err)
    assert list(here.iterdir()) == [] and len(list(results.rglob("*"))) == 3


def test_a_state_of_any_size_is_a_sum(run_cli, tmp_path):
    """Nothing is allocated for it, and the sum over a trillion eigenvalues is that of the formula."""
    status, out, _ = run_cli("budget", *SIZE, "--results", tmp_path)
    assert status == 0 and "4,000,000,000,000 entries" in out
    assert effective_share(10**12, 0.0) == pytest.approx(1)
    for power in (0.5, 1.0, 1.5):
        values = np.arange(1.0, 1e6 + 1) ** -power
        assert effective_share(10**6, power) == pytest.approx(values.sum() ** 2 / (1e6 * (values**2).sum()), rel=1e-9)
