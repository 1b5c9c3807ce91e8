"""What a newcomer meets: signatures, help with examples that run, short reprs, paths, formats, and a clean checkout."""

import dataclasses
import inspect
import json
import os
import shlex
import subprocess
import sys

import pytest
from repository import ROOT

import hebbsim
from hebbsim import cli
from hebbsim.answers import screen
from hebbsim.answers.claims import Judged, rows
from hebbsim.experiment import results_of
from hebbsim.measuring import curve, measure
from hebbsim.records import read
from hebbsim.simulate.plan import sweep
from hebbsim.statistics.estimate import Estimate


def commands():
    actions = cli.parser()._subparsers._group_actions
    return actions[0].choices


@pytest.mark.parametrize("name", commands())
def test_help_has_an_example_that_parses_and_fits_80_columns(name, run_cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    status, out, _ = run_cli(name, "--help")
    assert status == 0 and max(map(len, out.splitlines())) <= 80
    example = out.partition("example:\n  hebbsim ")[2].strip()
    assert example.startswith(f"{name} ")
    arguments = cli.parser().parse_args(shlex.split(example))
    assert arguments.command.__name__ == f"run_{name}"
    files = [word for word in shlex.split(example) if word.startswith(("experiments/", "results/"))]
    assert all((ROOT / file).exists() for file in files), files


def test_the_example_of_measure_runs(run_cli):
    example = commands()["measure"].get_default("example")
    status, out, _ = run_cli(*shlex.split(example))
    assert status == 0 and "bits/parameter" in out


def test_version(run_cli):
    assert run_cli("--version")[:2] == (0, f"hebbsim {hebbsim.__version__}\n")


def test_measure_and_curve_show_every_argument():
    known = inspect.signature(sweep).parameters
    for function in (measure, curve):
        shown = inspect.signature(function).parameters
        assert set(known) | {"trials", "level", "progress"} <= set(shown)
        assert all(p.kind is p.KEYWORD_ONLY for p in shown.values())
        common = [name for name in known if name not in ("num_patterns", "loads")]
        assert all(shown[name].default == known[name].default for name in common)
        assert all(shown[name].annotation == known[name].annotation for name in common)


def test_a_type_checker_flags_a_misspelt_argument(tmp_path):
    file = tmp_path / "wrong.py"
    file.write_text(
        "import hebbsim\n"
        "hebbsim.measure(dim=8, num_patterns=4)\n"
        "hebbsim.measure(dimm=3)\n"
        "hebbsim.curve(dim=8, loads=[1.0])[0].bits_per_parameter.bests\n"
    )
    (tmp_path / "pyrightconfig.json").write_text(json.dumps({"extraPaths": [str(ROOT)]}))
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, "-p", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    found = {
        d["range"]["start"]["line"] for d in json.loads(done.stdout)["generalDiagnostics"] if d["severity"] == "error"
    }
    assert found == {2, 3}


def test_reprs_are_short_and_notebooks_get_escaped_tables():
    point = hebbsim.measure(dim=8, num_patterns=4, trials=2, probes=4)
    assert len(repr(point)) < 300 and "hebbian" in repr(point)
    assert point._repr_html_().startswith("<table>") and "hard bits per parameter" in point._repr_html_()
    other = dataclasses.replace(point, task=dataclasses.replace(point.task, rule="<b>"))
    assert "<th>rule</th><td>&lt;b&gt;</td>" in other._repr_html_()
    results = read(ROOT / "results" / "load")
    assert len(repr(results)) < 100 and "4632 records" in repr(results)


def test_verdicts_are_a_word_with_a_note():
    notes = []
    assert screen.verdict("does not hold", notes) == "no"
    assert screen.verdict("more: 1.50", notes) == "more: 1.50"
    assert [screen.verdict(f"holds only if {x}", notes) for x in "aba"] == ["yes [1]", "yes [2]", "yes [1]"]
    assert notes == ["only if a", "only if b"]


def test_verifys_table_fits_80_columns(capsys):
    measured = Estimate(0.123456, 0.234567, 0.345678, 0.95, 8, "")
    judged = [Judged(row, measured, i % 2 == 0, "holds only if " + "very " * 30) for i, row in enumerate(rows("full"))]
    screen.show(judged)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80 and sum("DIFFERS" in line for line in lines) == len(judged) // 2


def test_results_lie_beside_the_experiment(tmp_path):
    assert results_of(tmp_path / "mine.py") == tmp_path / "results" / "mine"
    assert results_of(tmp_path / "experiments" / "mine.py") == tmp_path / "results" / "mine"


MINE = """from neighbour_of_mine import DIM
from hebbsim import plot
BUDGET = "seconds"
TASKS = [dict(dim=DIM, loads=(0.5,), probes=4, trials=2)]
figure = lambda results: plot.figure()[0]
"""


def test_an_experiment_in_a_folder_of_its_own(tmp_path, run_cli, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "neighbour_of_mine.py").write_text("DIM = 8\n")
    assert run_cli("collect", tmp_path / "mine.py")[0] == 0
    assert len(read(tmp_path / "results" / "mine")) == 2
    status, _, err = run_cli("collect", tmp_path / "mine.py", "--trials", 5)
    assert status == 0 and "3 trials of 1 curves are missing" in err
    assert len(read(tmp_path / "results" / "mine")) == 5
    assert run_cli("collect", tmp_path / "mine.py", "--trials", 0)[0] == 2
    assert run_cli("plot", tmp_path / "mine.py", "--format", "png", "svg", "pdf")[0] == 0
    starts = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
    for kind, start in starts.items():
        assert (tmp_path / "results" / "mine" / f"figure.{kind}").read_bytes().startswith(start)
    assert run_cli("plot", tmp_path / "mine.py", "--format", "gif")[0] == 2


def test_a_missing_device_or_package_is_one_line():
    command = [sys.executable, "-m", "hebbsim", "measure", "--dim", "8", "--num-patterns", "4"]
    environment = os.environ | {"JAX_PLATFORMS": "cuda"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.splitlines()[-1].startswith("hebbsim: JAX finds no device")
    assert "Traceback" not in done.stderr


def test_a_checkout_without_jax_is_one_line(tmp_path):
    (tmp_path / "jax.py").write_text("raise ModuleNotFoundError(\"No module named 'jax'\", name='jax')")
    command = [sys.executable, "-m", "hebbsim", "measure", "--dim", "8", "--num-patterns", "4"]
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}:{ROOT}"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert done.stderr.startswith("hebbsim: ") and "run make, or pip install ." in done.stderr


def test_verify_writes_where_git_does_not_look():
    out = commands()["verify"].get_default("out")
    assert subprocess.run(["git", "check-ignore", "-q", f"{out}/records.jsonl"], cwd=ROOT).returncode == 0
