"""Curves have names: from TASKS through curves.json to measurements, and nobody tells them apart by their options."""

import dataclasses
import json

import pytest
from repository import ROOT

from hebbsim import experiment
from hebbsim.answers import claims
from hebbsim.collect import collect
from hebbsim.errors import HebbsimError
from hebbsim.records import Results, read, read_names, union, write_names
from hebbsim.records.task import Task
from hebbsim.simulate import placement
from hebbsim.simulate.plan import sweep
from hebbsim.simulate.sweeps import sweeps
from hebbsim.statistics.measurement import named

TASKS = {
    "at rest": dict(dim=16, loads=(1.0, 0.5), probes=8, trials=2),
    "a noisy cue": dict(dim=16, loads=(0.5, 1.0), probes=8, trials=2, ensemble_options={"flip": 0.25}),
}


def tasks(**fields):
    return tuple(Task(dim_key=8, dim_value=8, num_patterns=m, probes=4, **fields) for m in (4, 16))


def test_names_come_back_with_the_records(tmp_path):
    plans, trials = sweeps(TASKS)
    told = collect(plans, trials.__getitem__, tmp_path / "records.jsonl")
    for results in (told, read(tmp_path), read(tmp_path / "records.jsonl")):
        curves = named(results)
        assert list(curves) == list(TASKS)
        assert [point.load for point in curves["at rest"]] == [0.5, 1.0]
        assert {point.task.ensemble for point in curves["a noisy cue"]} == {"bipolar(flip=0.25)"}
    chosen = read(tmp_path).select(num_patterns=16)
    assert [len(curve) for curve in named(chosen).values()] == [1, 1]
    before = (tmp_path / "curves.json").stat().st_mtime_ns
    collect(plans, trials.__getitem__, tmp_path / "records.jsonl")
    assert (tmp_path / "curves.json").stat().st_mtime_ns == before


def test_a_curve_without_a_point_is_left_out_and_records_without_names_are_refused(tmp_path):
    results = collect([sweep(dim=8, loads=[1.0], probes=4)], 2, tmp_path / "records.jsonl")
    with pytest.raises(HebbsimError, match=r"no curves\.json; hebbsim collect writes it"):
        named(results)
    some = Results(results.records, [], {"there": tuple(results.tasks()), "not yet": tasks()})
    assert list(named(some)) == ["there"]


def test_one_name_for_two_kinds_of_curve_is_refused_naming_the_field(tmp_path):
    one, other = tasks(), tasks(retrieval="ridge(steps=3, tolerance=1e-09)")
    with pytest.raises(HebbsimError, match="'a' names tasks that differ in retrieval; allowed: in num_patterns only"):
        write_names(tmp_path, {"a": one + other})
    assert not list(tmp_path.iterdir())
    with pytest.raises(HebbsimError, match="differ in retrieval"):
        union({"a": one}, {"a": other})
    more = tuple(dataclasses.replace(task, num_patterns=7) for task in one[:1])
    assert union({"a": one}, {"a": more, "b": other}) == {"a": (one[0], more[0], one[1]), "b": other}
    assert read_names(tmp_path) == {}
    write_names(tmp_path, union({"a": one}, {"b": other}))
    assert read_names(tmp_path) == {"a": one, "b": other}


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "3",
        '{"a": 1}',
        '{"a": {}}',
        '{"a": {"num_patterns": []}}',
        '{"a": {"num_patterns": [1], "rule": "x"}}',
    ],
)
def test_a_file_that_names_no_curves_is_one_line(text, tmp_path):
    (tmp_path / "curves.json").write_text(text)
    with pytest.raises(HebbsimError) as error:
        read(tmp_path)
    assert "curves.json: " in str(error.value) and "\n" not in str(error.value)


HEAD = "BUDGET = 'no time'\nfigure = None\nTASKS = "


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("3", "TASKS = 3; allowed: a dict"),
        ("'soft'", "TASKS = 'soft'; allowed: a dict"),
        ("{1: {}}", "names a curve 1; allowed: text"),
        ("{'a': {'dim': 4}}", "curve 'a' in TASKS is not a dict"),
        ("[{'dim': 4, 'trials': 2}]", "curve 'curve 1' in TASKS is not a dict"),
    ],
)
def test_tasks_that_are_none_are_refused(given, words, tmp_path):
    (tmp_path / "mine.py").write_text(HEAD + given)
    with pytest.raises(HebbsimError, match=r"mine\.py") as error:
        experiment.load(str(tmp_path / "mine.py"))
    assert words in str(error.value)


def test_a_list_of_tasks_still_works_and_smoke_keeps_the_names(tmp_path):
    (tmp_path / "mine.py").write_text(HEAD + "[dict(dim=d, loads=(1,), trials=9) for d in range(10, 2, -1)]")
    mine = experiment.load(str(tmp_path / "mine.py"))
    assert list(mine.tasks) == [f"curve {i}" for i in range(1, 9)]
    assert list(mine.smoke().tasks) == [f"curve {i}" for i in range(3, 9)]  # the cheapest, in their order
    (tmp_path / "mine.py").write_text(HEAD + repr(TASKS))
    assert experiment.load(str(tmp_path / "mine.py")).tasks == TASKS


def test_a_wrong_argument_is_told_with_the_name_of_its_curve():
    with pytest.raises(HebbsimError, match="curve 'a' in TASKS 'lods': did you mean 'loads'"):
        sweeps({"a": dict(dim=4, lods=[1], trials=2)})
    with pytest.raises(HebbsimError, match="curve 'b' in TASKS: trials = 0"):
        sweeps({"a": dict(dim=4, loads=[1], trials=2), "b": dict(dim=4, loads=[1], trials=0)})


def test_curves_json_is_written_as_lines_that_a_person_can_read(tmp_path):
    path = write_names(tmp_path, {"a": tasks()})
    assert json.loads(path.read_text())["a"]["num_patterns"] == [4, 16]
    assert len(path.read_text().splitlines()) == 3


COMMITTED = sorted(path.parent.name for path in (ROOT / "results").glob("*/curves.json"))


@pytest.mark.parametrize("name", COMMITTED)
def test_committed_names_are_those_of_tasks_and_name_every_record(name, monkeypatch):
    monkeypatch.setattr(placement, "memory_free", lambda: 2**50)  # the largest would not fit on every machine
    sizes = {"verify": "default", "verify-full": "full"}
    known = claims.tasks(sizes[name]) if name in sizes else experiment.load(f"{ROOT}/experiments/{name}.py").tasks
    plans, trials = sweeps(known)
    results = read(ROOT / "results" / name)
    assert results.curves == {curve: plan.tasks for curve, plan in plans.items()}, "run hebbsim collect again"
    assert set(results.tasks()) == set(trials)


def test_no_experiment_parses_a_label():
    files = [*(ROOT / "experiments").glob("*.py"), *(ROOT / "hebbsim" / "answers").glob("*.py")]
    assert len(files) > 20 and not [file.name for file in files if "parse_label" in file.read_text()]
    assert not [file.name for file in files if "TASKS = [" in file.read_text()]  # a list of tasks names no curves
    assert len(COMMITTED) >= 24
