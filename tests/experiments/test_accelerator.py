"""The accelerator's script at sizes a CPU does in seconds: that it runs, says what it found, and refuses where it must."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from repository import ROOT, load_experiment

from hebbsim.records import Results, read
from hebbsim.simulate import placement
from hebbsim.simulate.plan import sweep


def run(*arguments, folder=ROOT):
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"} | {"JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-m", "experiments.accelerator", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    out = tmp_path_factory.mktemp("accelerator")
    return out, run("--small", "--out", str(out))


def test_the_script_runs_from_a_checkout_and_writes_every_part(ran):
    out, done = ran
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("counts equal in 24 of 24 trials; 0 of 3,200 bits wrong\n")
    parts = {
        name: json.loads((out / f"{name}.json").read_text()) for name in ("counts", "ceilings", "write", "round_trip")
    }
    assert all(part["jax"] and part["device"] for part in parts.values())
    assert parts["counts"]["rows"] == [{"trials": 24, "equal": 24, "differ": []}]
    assert [(row["what"], row["type"]) for row in parts["ceilings"]["rows"]] == [
        ("product", "float32"),
        ("product", "bfloat16"),
        ("product", "int8"),
        ("copy", "float32"),
    ]
    tops = {row["type"]: row["rate"] for row in parts["ceilings"]["rows"] if row["what"] == "product"}
    for row in parts["write"]["rows"]:
        assert row["of_product"] == pytest.approx(row["rate"] / tops["int8" if row["form"] == "int8" else "bfloat16"])
    assert {task.dim_key for task in read(out).tasks()} == {64, 96}


def test_its_figure_and_table_are_drawn_from_what_it_wrote(ran, monkeypatch):
    script = load_experiment("accelerator")
    monkeypatch.setattr(script, "OUT", ran[0])
    results = read(ran[0])
    made = script.figure(results)
    assert [ax.get_title(loc="left").replace("\n", " ") for ax in made.axes] == [
        "The largest memories follow the closed forms",
        "Writes by form",
    ]
    header, rows = script.table(results)
    assert len(rows) == 6 and all(len(row) == len(header) and row[0] == "96" for row in rows)


def test_counts_that_differ_are_named(ran):
    script, found = load_experiment("accelerator"), read(ran[0])
    task, trial = next(iter(found.records))
    record = found.records[task, trial]
    name = next(name for name, count in record.counts.items() if count.dtype.kind == "i" and np.size(count))
    changed = dict(found.records)
    changed[task, trial] = record._replace(counts=record.counts | {name: record.counts[name] + 1})
    said = script.equal_counts(Results(changed), found)
    assert said["differ"] == [{"dim": task.dim_key, "num_patterns": task.num_patterns, "trial": trial}]
    assert said["equal"] == said["trials"] - 1


def test_what_has_no_time_or_does_not_run_is_left_out_and_said():
    script = load_experiment("accelerator")
    assert {row["left_out"] for row in script.writes((32,), (32,), over=lambda: True)} == {"no time"}
    bits = script.writes((script.SIDE + 1,), (1,), over=lambda: True)[0]
    assert bits["form"] == "bits" and "rate" not in bits


@pytest.mark.parametrize(
    ("arguments", "said"), [((), "no GPU or TPU here"), (("--small",), "allowed: --small --out FOLDER")]
)
def test_it_refuses_in_one_line(arguments, said):
    done = run(*arguments)
    assert done.returncode == 2 and said in done.stderr.splitlines()[-1] and not done.stdout


def test_blocks_are_larger_where_pairs_are_multiplied(monkeypatch):
    class Device:
        platform, device_kind = "gpu", "any"

        def memory_stats(self):
            return {"bytes_limit": 2**37}

    spec = sweep(dim=4096, loads=[2.0], form="state").spec
    assert spec.block <= 1024
    monkeypatch.setattr(placement.jax, "devices", lambda: [Device()])
    assert placement.choose_placement(spec, [8192], "state").block == 8192
    assert placement.choose_placement(spec, [1000 * i for i in range(1, 9)], "state").block == 1024
