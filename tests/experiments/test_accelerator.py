"""The accelerator's script at sizes a CPU does in seconds: that it runs, says what it found, and refuses where it must."""

import json
import os
import subprocess
import sys
import time

import pytest
from repository import ROOT, load_experiment

import hebbsim
from hebbsim import records
from hebbsim.kernels import packed
from hebbsim.simulate import placement
from hebbsim.simulate.plan import sweep


def run(*arguments, folder=ROOT):
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"} | {"JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-m", "experiments.accelerator", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=200)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    out = tmp_path_factory.mktemp("accelerator")
    return out, run("--small", "--out", str(out))


def test_the_script_runs_from_a_checkout_and_writes_every_part(ran):
    out, done = ran
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("all is well\n")
    steps = json.loads((out / "steps.json").read_text())
    assert steps["jax"] and [(row["step"], row["ended"]) for row in steps["rows"]] == [
        ("load", "done"),
        ("load, counts", "24 trials counted alike"),
        ("device", "done"),
        ("round trip", "3,200 bits came back"),
    ]
    assert json.loads((out / "device.json").read_text())["rows"]
    assert {task.dim_key for task in records.read(out).tasks()} == {64}


def test_the_whole_has_the_steps_of_the_small_one_and_the_large_memories(tmp_path):
    script = load_experiment("accelerator")
    assert [name for name, _ in script.steps(tmp_path, False)] == [
        *(name for name, _ in script.steps(tmp_path, True)),
        "large",
        "large, counts",
    ]


def test_counts_that_differ_are_an_error_that_names_both_lines(ran, tmp_path, monkeypatch):
    script, found = load_experiment("accelerator"), records.read(ran[0])
    monkeypatch.setattr(script, "ROOT", ran[0])
    record, other = list(found.records.values())[:2]
    with records.Writer(tmp_path / "one" / "records.jsonl") as writer:
        writer.write(record)
        writer.write(other._replace(trial=99))
    assert script.same_counts("load", tmp_path / "one") == "1 trials counted alike"
    with records.Writer(tmp_path / "new" / "records.jsonl") as writer:
        writer.write(other._replace(trial=99))
    with pytest.raises(hebbsim.HebbsimError, match="none of its trials is in"):
        script.same_counts("load", tmp_path / "new")
    with records.Writer(tmp_path / "wrong" / "records.jsonl") as writer:
        writer.write(record._replace(counts=record.counts | {"histogram": record.counts["histogram"][::-1]}))
    with pytest.raises(hebbsim.HebbsimError, match=r"load/records.jsonl:\d+.*records.jsonl:1"):
        script.same_counts("load", tmp_path / "wrong")


def test_a_step_that_fails_is_said_and_the_next_ones_are_run(tmp_path, capsys):
    script = load_experiment("accelerator")
    todo = [
        ("wrong", lambda: script.command("merge", tmp_path / "nothing", "--out", tmp_path / "both")),
        ("right", lambda: script.command("list", "readouts")),
    ]
    assert not script.run(tmp_path, todo)
    assert [row.get("failed", False) for row in json.loads((tmp_path / "steps.json").read_text())["rows"]] == [
        True,
        False,
    ]
    assert "hebbsim merge ended with status 2" in capsys.readouterr().out


def test_a_step_is_interrupted_when_the_time_is_over_and_none_is_begun(tmp_path):
    script = load_experiment("accelerator")
    todo = [("slow", lambda: time.sleep(20)), ("late", lambda: pytest.fail("begun"))]
    assert script.run(tmp_path, todo, limit=0.1)  # nothing was wrong
    ended = [row["ended"] for row in json.loads((tmp_path / "steps.json").read_text())["rows"]]
    assert ended == ["interrupted for lack of time", "no time left"]


@pytest.mark.parametrize(
    ("arguments", "said"), [((), "no GPU or TPU here"), (("--small",), "allowed: --small --out FOLDER")]
)
def test_it_refuses_in_one_line(arguments, said, capsys):
    script = load_experiment("accelerator")
    with pytest.raises(SystemExit) as stop:
        script.main(arguments)
    assert stop.value.code == 2 and said in capsys.readouterr().err.splitlines()[-1]


def test_the_large_experiment_is_drawn_and_tabled_from_its_records(tmp_path):
    script = load_experiment("large")
    tasks = {f"dim {dim}": {**task, "dim": dim} for (_, task), dim in zip(script.TASKS.items(), (64, 128), strict=True)}
    points = {name: hebbsim.curve(**task) for name, task in tasks.items()}
    found = records.Results(
        {(record.task, record.trial): record for curve in points.values() for p in curve for record in p.records},
        curves={name: tuple(p.task for p in curve) for name, curve in points.items()},
    )
    (ax,) = script.figure(found).axes
    assert "sign, dim 128" in ax.get_legend_handles_labels()[1]
    header, rows = script.table(found)
    assert [row[0] for row in rows] == [64] * 6 + [128] * 6 and all(len(row) == len(header) for row in rows)
    assert abs(rows[-1][2].best - float(rows[-1][3])) < 0.02 and rows[0][-1] == 4


def test_blocks_are_larger_where_pairs_are_multiplied(monkeypatch):
    class Device:
        platform, device_kind = "gpu", "any"

        def memory_stats(self):
            return {"bytes_limit": 2**37}

    spec = sweep(dim=4096, loads=[2.0], form="state").spec
    assert spec.block <= 1024
    monkeypatch.setattr(placement, "choose_forms", lambda: None)
    monkeypatch.setattr(placement.jax, "devices", lambda: [Device()])
    assert placement.choose_placement(spec, [8192], "state").block == 8192
    assert placement.choose_placement(spec, [1000 * i for i in range(1, 9)], "state").block == 1024
    monkeypatch.setitem(packed.ON_ACCELERATOR, "write", "bits")
    assert placement.choose_placement(spec, [8192], "state").block == spec.block
