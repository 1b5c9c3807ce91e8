"""Labels and tasks: what is written comes back, in one form only, and what is none is refused."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from made_records import TASK, names, options, tasks

from hebbsim.errors import HebbsimError, one_of
from hebbsim.records.task import Task, format_label, parse_label


@settings(deadline=None)
@given(names, options)
def test_a_label_comes_back(name, given_options):
    text = format_label(name, given_options)
    assert "\n" not in text
    assert parse_label(text) == (name, given_options)
    assert format_label(*parse_label(text)) == text


def test_labels_are_canonical():
    assert format_label("delta", {}) == "delta"
    assert format_label("x", {"b": "y", "a": np.float32(0.5)}) == "x(a=0.5, b='y')"
    assert format_label("x", {"a": [1, [2]]}) == format_label("x", {"a": (1, (2,))})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a b",
        "f(",
        "f(1)",
        "f(a)",
        "f(a=b)",
        "f(a=g())",
        "f(**a)",
        "f(a=1)(b=2)",
        "f(a=1) + 1",
        "f(a=1, a=2)",
        "f(a={1: 2})",
        "f(a=1j)",
        "f(a=1e999)",
        "(a=1)",
        "f(a=1))",
        "f(a='\x00')",
        "f(" + "(" * 10000,
    ],
)
def test_other_labels_are_refused(text):
    with pytest.raises(HebbsimError, match="allowed"):
        parse_label(text)


@pytest.mark.parametrize("options", [{"a": {1}}, {"a": float("nan")}, {"a": b"x"}, {"lambda": 1}, {"a b": 1}])
def test_options_that_are_no_literals_are_refused(options):
    with pytest.raises(HebbsimError, match="allowed"):
        format_label("delta", options)


@settings(deadline=None)
@given(tasks)
def test_a_task_comes_back(task):
    assert Task.from_json(json.loads(json.dumps(task.to_json()))) == task
    assert Task.from_json(json.loads(task.identity())) == task
    assert list(task.to_json()) == [field.name for field in dataclasses.fields(Task)]


def test_a_task_is_plain_integers():
    task = dataclasses.replace(TASK, num_patterns=np.int32(16), ages=[0, np.int64(4)])
    assert task.identity() == dataclasses.replace(TASK, ages=(0, 4)).identity()
    assert hash(task) == hash(dataclasses.replace(TASK, ages=(0, 4)))
    assert task.load == 0.25


@pytest.mark.parametrize(
    ("change", "named"),
    [({"dimkey": 1}, "did you mean 'dim_key'"), ({"rule": 3}, "rule"), ({"rule": ""}, "rule"), ({"tied": 1}, "tied")]
    + [({"dim_key": x}, "dim_key") for x in (0, 1.5, True, "64", None)]
    + [({"seed": x}, "seed") for x in (-1, 2**32)]
    + [({"ages": x}, "ages") for x in (3, [1.5], "12", [True])],
)
def test_wrong_tasks_are_refused(change, named):
    with pytest.raises(HebbsimError, match=named):
        Task.from_json(TASK.to_json() | change)


def test_a_task_with_a_field_missing_is_refused():
    fields = TASK.to_json()
    del fields["seed"]
    with pytest.raises(HebbsimError, match="missing seed"):
        Task.from_json(fields)
    with pytest.raises(HebbsimError, match="list"):
        Task.from_json([])  # pyright: ignore[reportArgumentType]


def test_the_nearest_name_is_offered():
    assert str(one_of("rule", "delt", ["delta", "bcpnn"])) == (
        "unknown rule 'delt': did you mean 'delta'? allowed: bcpnn, delta"
    )
    assert "mean" not in str(one_of("rule", "zzz", ["delta"]))
