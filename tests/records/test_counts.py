"""Records that cannot be: their checksum is right, and no trial can have written them."""

import dataclasses

import numpy as np
import pytest
from made_records import AGES, AMP, GAUSSIAN, SIGN, SOFT, SPARSE, TIED, TOKENS, TRUE, histogram, record, sealed
from repository import RESULTS

from hebbsim.errors import HebbsimError
from hebbsim.records import Record, counts, from_line, read, to_line
from hebbsim.records.task import Task
from hebbsim.statistics import information

BIG = 2**62
WRONG = [
    (SIGN, {"errors": -5}, "errors = -5"),
    (SIGN, {"errors": 10**6}, "1000000 of 256 bits"),
    (SIGN, {"errors": BIG, "ties": BIG}, "of 256 bits"),
    (SIGN, {"errors": 1.5}, "integers"),
    (SIGN, {"errors": [1, 2]}, "shape"),
    (SIGN, {"errors": None}, "errors is missing"),
    (SIGN, {"probes": None}, "probes is missing"),
    (SIGN, {"errors": 200, "ties": 100}, r"errors \+ ties = 300"),
    (SIGN, {"bits": 255}, "add up to 32"),
    (SIGN, {"probes": 9, "bits": 288}, "9 pairs read; allowed: 8"),
    (SIGN, {"unheard_of": -1}, "unheard_of"),
    (SIGN, {"kept": 9}, "kept = 9 of 8 probes"),
    (SIGN, {"kept": 2, "kept_overlap": 65}, "kept_overlap"),
    (SOFT, {"histogram": histogram(200, 55)}, "add up"),
    (SOFT, {"histogram": histogram(300, -44)}, "-44"),
    (SOFT, {"histogram": histogram(*[2**55] * 1024, 256)[::-1]}, "add up"),
    (SOFT, {"histogram": histogram(200, 56)[:1000]}, "shape"),
    (SOFT, {"histogram": np.stack([histogram(200, 56)] * 2)}, "shape"),
    (SOFT, {"histogram": 256}, "shape"),
    (TIED, {"bits": 512}, "shape"),
    (TIED, {"errors": [13, 0, 0]}, "errors"),
    (TIED, {"bits": [-12, 24, 500]}, "-12"),
    (GAUSSIAN, {"rr": None}, "missing"),
    (GAUSSIAN, {"vv": -1.0}, "vv"),
    (GAUSSIAN, {"vr": 400.0}, "vr"),
    (GAUSSIAN, {"vv": float("nan")}, "vv"),
    (GAUSSIAN, {"entries": 257}, "257"),
    (TOKENS, {"log_posterior": [1, 0, 0, 0, 0]}, "0 or less"),
    (TOKENS, {"log_posterior": []}, "log_posterior"),
    (TOKENS, {"errors": 8, "ties": 1}, "of 8 items"),
    (TOKENS, {"items": 16}, "16 pairs read"),
    (SPARSE, {"ones": 40, "zeros": 216}, "allowed: 4 a probe"),
    (SPARSE, {"zeros": 225}, "add up"),
    (SPARSE, {"ones": BIG, "zeros": 256 - BIG}, "allowed: 0 or more"),
    (SPARSE, {"misses": 33}, "misses"),
    (SPARSE, {"false": 225}, "false"),
    (AGES, {"probes": [6, 2], "bits": [192, 64]}, "stored pairs"),
    (AGES, {"bits": [256, 0]}, "add up"),
    (AGES, {"errors": [1, 9, 0]}, "shape"),
    (AMP, {"unconverged": 33}, "unconverged = 33 of 32 solves"),
    (AMP, {"iterations": -1}, "iterations"),
]


@pytest.mark.parametrize("task", TRUE, ids=lambda task: f"{task.ensemble}-{task.readout}")
def test_what_can_be_is_read(task):
    for change in ({}, {"heard_of_later": 3}, {"times": [0.5, 2.0]}):
        meant = Task.from_json(task.to_json())  # labels of older records are read as what they meant
        assert from_line(sealed(record(task, change))).task == meant
        assert from_line(to_line(record(task, change))).task == meant


@pytest.mark.parametrize(("task", "change", "said"), WRONG)
def test_what_cannot_be_is_refused_with_file_and_line(tmp_path, task, change, said):
    path = tmp_path / "a.jsonl"
    path.write_text(sealed(record(task)) + "\n" + sealed(record(task, change), trial=1) + "\n")
    with pytest.raises(HebbsimError, match=said) as error:
        read(path)
    assert str(error.value).startswith(f"{path}:2: ") and "\n" not in str(error.value)
    with pytest.raises(HebbsimError, match=said):
        to_line(record(task, change))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"num_parameters": 0}, "num_parameters = 0"),
        ({"num_parameters": 7}, "allowed: 2048"),
        ({"num_parameters": 10**30}, "num_parameters"),
        ({"trial": 10**25}, r"trial = 1e\+25"),
        ({"trial": 2**31}, "trial"),
        ({"seconds": -1.0}, "seconds"),
        ({"seconds": float("nan")}, "seconds"),
        ({"counts": {"errors": 10**30}}, "errors"),
        ({"counts": {"errors": "3"}}, "errors"),
        ({"task": SIGN.to_json() | {"dim_key": 10**20}}, "dim_key"),
        ({"task": SIGN.to_json() | {"ages": [9, 4]}}, "ascending"),
        ({"task": SIGN.to_json() | {"ages": [-1]}}, "ages"),
        ({"task": SIGN.to_json() | {"rule": "delta(rate="}}, "label"),
        ({"task": SIGN.to_json() | {"retrieval": "amp(("}}, "label"),
        ({"task": SIGN.to_json() | {"precision": "<b>"}}, "label"),
    ],
)
def test_fields_that_cannot_be_are_refused(change, said):
    with pytest.raises(HebbsimError, match=said) as error:
        from_line(sealed(record(SIGN), **change))
    assert "\n" not in str(error.value) and len(str(error.value)) < 400


def test_an_integer_of_thousands_of_digits_is_refused_and_no_torn_line():
    line = sealed(record(SIGN)).replace('"trial":0', f'"trial":{"9" * 5000}')
    with pytest.raises(HebbsimError, match="digits"):
        from_line(line)


def test_where_the_field_was_not_finite_only_shapes_are_certain():
    odd = record(SOFT, {"histogram": histogram(3)}, finite=False)
    assert not from_line(to_line(odd)).finite
    with pytest.raises(HebbsimError, match="shape"):
        to_line(record(SOFT, {"histogram": [1]}, finite=False))


def test_a_custom_readout_counts_what_it_likes():
    task = dataclasses.replace(SIGN, readout="mine#0123abcd")
    one = Record(task, 0, {"score": -3, "parts": [1.5, -2.0]}, 2048, False, True, 0.0, "")
    assert from_line(to_line(one)).counts["score"] == -3


def test_records_of_one_memory_agree_on_its_size(tmp_path):
    task = dataclasses.replace(SIGN, rule="bcpnn")
    other = dataclasses.replace(task, num_patterns=8)
    path = tmp_path / "a.jsonl"
    lines = [to_line(record(SIGN)._replace(task=t, num_parameters=n)) for t, n in ((task, 2100), (other, 2101))]
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(HebbsimError, match=r"a\.jsonl:1 and .*a\.jsonl:2: num_parameters = 2100 and 2101"):
        read(path)


def test_trials_of_one_task_agree_on_shapes(tmp_path):
    path = tmp_path / "a.jsonl"
    longer = record(TOKENS, {"log_posterior": [-1] * 7}, trial=1)
    path.write_text(to_line(record(TOKENS)) + "\n" + to_line(longer) + "\n")
    with pytest.raises(HebbsimError, match=r":1 and .*:2: count 'log_posterior' has shapes \(5,\) and \(7,\)"):
        read(path)


def test_constants_are_those_of_the_simulation():
    from hebbsim.rules import RULES

    assert counts.NUM_BINS == information.NUM_BINS
    for name in counts.ONE_MATRIX:
        rule = RULES[name]()
        assert rule.num_parameters(24, 24) == 576, name
        assert rule.square or rule.num_parameters(24, 8) == 192, name


def test_every_committed_record_can_be():
    results = read(RESULTS / "tied")
    assert len(results) and not results.notes


def test_the_example_in_the_description_of_the_format_is_a_record():
    text = (RESULTS / "README.md").read_text()
    (line,) = (line for line in text.splitlines() if line.startswith('{"task"'))
    one = from_line(line)
    assert (one.task, to_line(one)) == (SIGN, line)
    for name in counts.READOUTS:
        assert f"| `{name}`" in text
