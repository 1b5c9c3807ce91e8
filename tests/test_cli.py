"""The command line: what it prints, what it refuses, and that nothing is lost on the way."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from repository import ROOT

import hebbsim
from hebbsim.records import read

EXPERIMENT = '''"""What is this? Run time: seconds."""
from hebbsim import plot
from hebbsim.statistics.measurement import measurements

BUDGET = "5 seconds on 2 cores"
TASKS = [dict(dim=16, loads=(0.5, 1.0), probes=8, trials={trials})]


def figure(results):
    made, (ax,) = plot.figure()
    points = measurements(results)
    plot.points(ax, [p.load for p in points], [p.bits_per_parameter for p in points])
    return made
'''


@pytest.fixture
def experiment(tmp_path):
    folder = tmp_path / "experiments"
    folder.mkdir()
    file = folder / "tiny.py"
    file.write_text(EXPERIMENT.format(trials=3))
    return file


def test_measure_prints_and_speaks_json(run_cli):
    status, out, _ = run_cli("measure", "--dim", 32, "--num-patterns", 8, "--trials", 2)
    assert status == 0 and "bits/parameter" in out and "2 trials" in out
    status, out, _ = run_cli("measure", "--dim", 32, "--num-patterns", 8, "--trials", 2, "--json")
    said = json.loads(out)
    point = hebbsim.measure(dim=32, num_patterns=8, trials=2)
    assert said["counts"]["errors"] == point.counts["errors"]
    assert said["bits"]["hard"]["best"] == pytest.approx(point.bits_per_parameter.best, abs=1e-8)


BAD = {
    "an unknown rule, with the nearest": (["--rule", "hebian"], "did you mean 'hebbian'"),
    "an unknown readout": (["--readout", "signs"], "did you mean 'sign'"),
    "no patterns": (["--num-patterns", "0"], "num_patterns = 0; allowed"),
    "dim 0": (["--dim", "0"], "dim_key = 0; allowed"),
    "a dim above memory": (["--dim", "4000000"], "GiB"),
    "a negative seed": (["--seed", "-1"], "seed = -1; allowed"),
    "a seed of 2**32": (["--seed", str(2**32)], "allowed"),
    "one trial": (["--trials", "1"], "trials = 1; allowed"),
    "no probes": (["--probes", "0"], "probes = 0; allowed"),
    "a level of 1": (["--level", "1"], "level = 1.0; allowed"),
    "sparse under sign": (["--ensemble", "sparse"], "does not score ensemble sparse; allowed: bipolar"),
    "bipolar in willshaw": (["--rule", "willshaw"], "does not store bipolar; allowed: sparse"),
    "k above n": (
        ["--ensemble", "sparse", "--readout", "threshold", "--ensemble-options", '{"active": 33}'],
        "active = 33 units of 32",
    ),
    "an unknown option": (["--ensemble-options", '{"flips": 0.1}'], "did you mean 'flip'"),
    "a flip of 2": (["--ensemble-options", '{"flip": 2}'], "allowed: a fraction from 0 to 0.5"),
    "options that are no JSON": (["--rule-options", "rate=1"], "is not a JSON object"),
    "tied and not square": (["--tied", "--dim-key", "8", "--dim-value", "9"], "dim"),
    "descending ages": (["--ages", "9", "3"], "ages = (9, 3); allowed"),
    "an unknown flag": (["--trails", "3"], "unrecognized"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_and_status_2(name, run_cli):
    arguments, words = BAD[name]
    given = {"--dim": "32", "--num-patterns": "8", "--trials": "2"}
    if "--dim-key" in arguments:
        del given["--dim"]
    for flag in set(given) & set(arguments):
        del given[flag]
    status, out, err = run_cli("measure", *(x for pair in given.items() for x in pair), *arguments)
    assert (status, out) == (2, "")
    assert words in err and err.startswith("hebbsim: ") and err.count("\n") == 1


@pytest.mark.parametrize("load", [0, -1.0, float("nan"), float("inf"), "1"])
def test_loads_must_be_finite_and_above_zero(load):
    with pytest.raises(hebbsim.HebbsimError, match="allowed"):
        hebbsim.curve(dim=16, loads=[1.0, load])


def test_collect_resumes_and_repeats_nothing(experiment, run_cli):
    out = experiment.parent.parent / "results" / "tiny"
    status, _, _ = run_cli("collect", experiment)
    first = (out / "records.jsonl").read_text()
    assert status == 0 and first.count("\n") == 6
    run_cli("collect", experiment)
    assert (out / "records.jsonl").read_text() == first
    (out / "records.jsonl").write_text("".join(first.splitlines(keepends=True)[:4]) + '{"task":{"rule":"heb')
    status, _, err = run_cli("collect", experiment)
    assert status == 0 and "torn" in err
    found, whole = read(out), {line for line in first.splitlines()}
    assert len(found) == 6
    assert {key: r.counts["errors"].tolist() for key, r in found.records.items()} == {
        (r.task, r.trial): r.counts["errors"].tolist() for r in map(hebbsim.records.from_line, whole)
    }
    experiment.write_text(EXPERIMENT.format(trials=5))
    run_cli("collect", experiment)
    assert len(read(out)) == 10


def test_fit_plot_report_and_smoke(experiment, run_cli):
    run_cli("collect", experiment)
    folder = experiment.parent.parent / "results"
    assert run_cli("fit", folder / "tiny")[0] == 0
    data = json.loads((folder / "tiny" / "fit.json").read_text())
    assert [point["load"] for point in data["curves"][0]["points"]] == [0.5, 1.0]
    assert "error rate" in (folder / "tiny" / "fit.md").read_text()
    assert run_cli("plot", experiment)[0] == 0
    assert (folder / "tiny" / "figure.png").read_bytes().startswith(b"\x89PNG")
    status, out, _ = run_cli("report", folder)
    assert status == 0 and "2 tasks, 6 records" in out
    assert run_cli("collect", experiment, "--smoke")[0] == 0
    assert len(read(folder / "tiny-smoke")) == 4


def test_collect_refuses_foreign_and_unwritable_places(experiment, tmp_path, run_cli):
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "records.jsonl").write_text("dim,load\n1,2\n")
    for place in (foreign, tmp_path / "experiments" / "tiny.py" / "under"):
        status, _, err = run_cli("collect", experiment, "--out", place)
        assert status == 2 and err.splitlines()[-1].startswith("hebbsim: ")
    assert (foreign / "records.jsonl").read_text() == "dim,load\n1,2\n"


@pytest.mark.parametrize("command", ["collect", "plot", "fit", "report"])
def test_missing_files_are_said(command, tmp_path, run_cli):
    status, _, err = run_cli(command, tmp_path / "nothing.py")
    assert status == 2 and err.count("\n") == 1 and "nothing.py" in err


def test_an_experiment_without_its_parts_is_refused(tmp_path, run_cli):
    file = tmp_path / "half.py"
    file.write_text("TASKS = []\nBUDGET = ''\n")
    status, _, err = run_cli("collect", file)
    assert status == 2 and "figure is missing" in err


@pytest.mark.parametrize("text", ["TASKS = [", "import no_such_module", "x = 1 / 0"])
def test_an_experiment_with_an_error_is_one_line(text, tmp_path, run_cli):
    file = tmp_path / "broken.py"
    file.write_text(text)
    status, _, err = run_cli("collect", file)
    assert status == 2 and err.count("\n") == 1 and "broken.py" in err and "Error" in err


@pytest.mark.parametrize(
    "options",
    [
        {"ages": 5},
        {"loads": 0.5},
        {"level": "high"},
        {"trials": 2.0},
        {"probes": True},
        {"dim": "16"},
        {"rule": None},
        {"rule": 3},
        {"tied": 1.5},
        {"seed": 1.0},
        {"rule_options": {"x": 1}},
        {"readout": []},
    ],
)
def test_wrong_types_are_one_line_too(options):
    with pytest.raises(hebbsim.HebbsimError) as error:
        hebbsim.curve(**{"dim": 16, "loads": [1.0], "trials": 2, **options})
    assert "\n" not in str(error.value)


def test_numpy_numbers_are_numbers():
    point = hebbsim.curve(
        dim=np.int64(16), loads=np.asarray([0.5]), trials=np.int32(2), ensemble_options={"flip": np.float64(0.1)}
    )
    assert point[0].task.ensemble == "bipolar(flip=0.1)"


def test_list_names_every_part(run_cli):
    status, out, _ = run_cli("list")
    assert status == 0
    for registry in ("RULES", "ENSEMBLES", "RETRIEVALS", "READOUTS", "PRECISIONS"):
        assert all(f"  {name}(" in out for name in getattr(hebbsim, registry))
    assert run_cli("list", "ruless")[0] == 2
    assert "16,384 parameters, depth 1;" in run_cli("list", "rules", "--dim", 128)[1]
    assert run_cli("list", "rules", "--dim", 0)[0] == 2


def test_interrupt_keeps_what_was_finished(tmp_path):
    folder = tmp_path / "experiments"
    folder.mkdir()
    file = folder / "long.py"
    file.write_text(EXPERIMENT.format(trials=100_000))
    command = [sys.executable, "-m", "hebbsim", "collect", str(file)]
    records = tmp_path / "results" / "long" / "records.jsonl"
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        deadline = time.monotonic() + 90
        while not (records.exists() and records.stat().st_size > 5000) and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert err.splitlines()[-1].startswith("hebbsim: interrupted")
    assert len(read(records.parent)) >= 5 and not read(records.parent).notes


def test_what_was_compiled_is_kept_on_disk_unless_that_is_turned_off(tmp_path):
    def kept(**environment):
        rest = {name: value for name, value in os.environ.items() if name != "JAX_COMPILATION_CACHE_DIR"}
        command = [sys.executable, "-m", "hebbsim", "measure", "--dim", "4", "--num-patterns", "4", "--trials", "2"]
        environment |= rest | {"XDG_CACHE_HOME": str(tmp_path)}
        done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return sorted(file.name for file in tmp_path.glob("hebbsim/jit_*-cache"))

    assert kept(JAX_COMPILATION_CACHE_DIR="") == []
    first = kept()
    assert first and kept() == first
