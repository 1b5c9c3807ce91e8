"""Labels, tasks and records: what is written comes back, and what is damaged is noticed."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hebbsim.errors import HebbsimError, one_of
from hebbsim.records import Record, Results, Writer, digest, from_line, missing, read, to_line
from hebbsim.records.task import Task, format_label, parse_label

TASK = Task(dim_key=64, dim_value=32, num_patterns=16, probes=16)
numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(width=64)
literals = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=5,
)
options = st.dictionaries(st.from_regex(r"[a-z_][a-zA-Z0-9_]{0,8}x", fullmatch=True), literals, max_size=4)
names = st.sampled_from(["hebbian", "gated_delta", "lambda", "mine#1a2b3c4d", "my-rule.v2"])
labels = st.builds(format_label, names, options)
tasks = st.builds(
    Task,
    rule=labels,
    ensemble=labels,
    dim_key=st.integers(1, 10**6),
    dim_value=st.integers(1, 10**6),
    num_patterns=st.integers(1, 10**9),
    probes=st.integers(1, 10**6),
    readout=st.just("mine#1a2b3c4d"),  # counts what it likes
    precision=st.just("bfloat16"),
    ages=st.lists(st.integers(0, 10**9), max_size=4, unique=True).map(sorted).map(tuple),
    tied=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
vectors = st.lists(st.integers(-(2**63), 2**63 - 1), max_size=80) | st.lists(st.floats(width=64), max_size=80)
some_records = st.builds(
    Record,
    task=tasks,
    trial=st.integers(0, 10**6),
    counts=st.dictionaries(st.text(max_size=8), numbers | vectors, max_size=4),
    num_parameters=st.integers(1, 2**60),
    exact=st.booleans(),
    finite=st.booleans(),
    seconds=st.floats(0, width=64, allow_infinity=False),
    run=st.text(max_size=20),
    stored_bits=st.sampled_from([0.0, 1.0, 8.5, 32.0]),
    channel=st.text(max_size=8),
)


def record(trial=0, errors=3, exact=True, **counts):
    counts = {"probes": 16, "bits": 512, "errors": errors, "ties": 1, **counts}
    return Record(TASK, trial, counts, 2048, exact, True, 0.25, "0.1 cpu 1")


def write(path, *written):
    with Writer(path) as writer:
        for one in written:
            writer.write(one)


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


@settings(deadline=None)
@given(some_records)
def test_a_record_comes_back(one):
    line = to_line(one)
    assert "\n" not in line
    assert line.isascii()
    back = from_line(line)
    assert back._replace(counts={}) == one._replace(counts={})
    assert list(back.counts) == list(one.counts)
    for name, count in one.counts.items():
        np.testing.assert_array_equal(back.counts[name], np.asarray(count))
        assert back.counts[name].dtype == (np.float64 if np.asarray(count).dtype.kind == "f" else np.int64)
    assert to_line(back) == line


@pytest.mark.parametrize("dtype", [np.int64, np.float64])
@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (0, 3), (63,), (64,), (2, 3, 100)])
def test_arrays_keep_shape_and_dtype(shape, dtype):
    for array in (np.zeros(shape, dtype), np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)):
        back = from_line(to_line(record(array=array))).counts["array"]
        assert (back.shape, back.dtype) == (shape, dtype)
        np.testing.assert_array_equal(back, array)


def test_histograms_are_sparse_in_the_line():
    histogram = np.zeros((2, 4096), np.int32)
    histogram[1, 7] = 9
    line = to_line(record(histogram=histogram))
    assert json.loads(line)["counts"]["histogram"] == {"shape": [2, 4096], "dtype": "int64", "at": [4103], "is": [9]}
    assert len(line) < 600


def test_nan_and_infinity_survive(tmp_path):
    odd = np.array([np.nan, np.inf, -np.inf, 1e-320])
    task = dataclasses.replace(TASK, readout="mine#1a2b3c4d")
    one = record(few=odd, many=np.resize(odd, 70), alone=np.nan)._replace(task=task)
    write(tmp_path / "a.jsonl", one, one)
    results = read(tmp_path)
    assert (len(results), results.notes) == (1, [])
    (back,) = results.trials(task)
    for name, count in one.counts.items():
        np.testing.assert_array_equal(back.counts[name], count)


@pytest.mark.parametrize(
    "wrong",
    [{"trial": -1}, {"trial": 1.0}, {"trial": True}, {"exact": 1}, {"seconds": "1"}, {"run": None}, {"counts": []}]
    + [{"counts": {"x": x}} for x in ("a", [1, [2]], 2**63, 1j, None, np.array([2**63], np.uint64))]
    + [{"counts": {3: 1}}],
)
def test_wrong_records_are_refused(wrong):
    with pytest.raises(HebbsimError, match="allowed"):
        to_line(record()._replace(**wrong))


def test_numpy_scalars_are_accepted():
    one = record()._replace(
        trial=np.int32(2), finite=np.bool_(True), seconds=np.float64(1), num_parameters=np.int64(2048)
    )
    assert from_line(to_line(one))[:2] == (TASK, 2)
    assert from_line(to_line(record()._replace(seconds=1))).seconds == 1.0


def test_a_line_cut_anywhere_is_torn_and_a_changed_one_is_wrong():
    line = to_line(record())
    for length in range(len(line)):
        with pytest.raises(HebbsimError, match="torn"):
            from_line(line[:length])
    for at in range(len(line)):
        changed = line[:at] + ("1" if line[at] != "1" else "2") + line[at + 1 :]
        with pytest.raises(HebbsimError):
            from_line(changed)


def sealed(**change):
    """A line whose crc is right and whose fields are not."""
    fields = json.loads(to_line(record())) | change
    fields.pop("crc")
    body = json.dumps(fields, separators=(",", ":"))[:-1]
    return f'{body},"crc":"{zlib.crc32(body.encode()):08x}"}}'


@pytest.mark.parametrize(
    ("line", "said"),
    [("{}", "not a hebbsim record"), ("[1]", "not a hebbsim record"), ("[" * 100_000, "torn"), ("", "torn")]
    + [(sealed(schema=2), "schema 2; allowed: 1"), (sealed(extra=1), "extra"), (sealed(trial=-1), "trial = -1")]
    + [(sealed(task={"rule": 1}), "missing"), (sealed(counts={"x": "a"}), "count 'x'")]
    + [
        (sealed(counts={"x": {"shape": [2], "dtype": "int64", "at": at, "is": [1]}}), "count 'x'")
        for at in ([5], ["a"], "x")
    ],
)
def test_wrong_lines_are_refused_in_one_line(line, said):
    with pytest.raises(HebbsimError, match=said) as error:
        from_line(line)
    assert "\n" not in str(error.value)


def test_a_torn_last_line_is_noted_and_mended(tmp_path):
    path = tmp_path / "a.jsonl"
    write(path, record(0), record(1))
    os.truncate(path, path.stat().st_size - 40)
    results = read(path)
    assert missing(results, TASK, 3) == [1, 2]
    assert len(results.notes) == 1
    assert f"{path}:2: torn" in results.notes[0]
    write(path, record(1), record(2))
    results = read(path)
    assert missing(results, TASK, 3) == []
    assert f"{path}:2: torn" in results.notes[0]


def test_a_file_cut_at_any_byte_loses_at_most_the_line_cut(tmp_path):
    path = tmp_path / "a.jsonl"
    write(path, record(0), record(1))
    whole = path.read_bytes()
    first = whole.index(b"\n")
    for length in [*range(0, len(whole), 7), *range(first - 1, first + 3), len(whole) - 1]:
        path.write_bytes(whole[:length])
        write(path, record(2))
        results = read(path)
        ends = (0, first, first + 1, len(whole) - 1, len(whole))
        assert [one.trial for one in results.trials(TASK)] == [0] * (length >= ends[1]) + [1] * (length >= ends[3]) + [
            2
        ]
        assert len(results.notes) == (length not in ends)


def test_zeros_left_by_a_crash_are_skipped(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\0" * 100)
    write(path, record(0))
    assert len(read(path)) == 1


def test_an_edited_line_is_an_error(tmp_path):
    path = tmp_path / "a.jsonl"
    write(path, record(0), record(1))
    path.write_text(path.read_text().replace('"errors":3', '"errors":4'))
    with pytest.raises(HebbsimError, match=r"a\.jsonl:1: wrong crc"):
        read(path)


def test_blank_lines_and_other_line_ends_are_nothing(tmp_path):
    path = tmp_path / "a.jsonl"
    write(path, record(0), record(1))
    path.write_bytes(b"\n \n" + path.read_bytes().replace(b"\n", b"\r\n\r\n"))
    assert (len(read(path)), read(path).notes) == (2, [])


def test_a_folder_merged_with_itself_is_the_same(tmp_path):
    write(tmp_path / "a.jsonl", record(1), record(0), record(1))
    (tmp_path / "b").mkdir()
    shutil.copy(tmp_path / "a.jsonl", tmp_path / "b" / "copy.jsonl")
    (tmp_path / "notes.txt").write_text("not read")
    results = read(tmp_path)
    assert list(results.records) == [(TASK, 1), (TASK, 0)]
    assert [one.trial for one in results.trials(TASK)] == [0, 1]
    assert results.notes == []


def test_a_digest_depends_on_counts_alone(tmp_path):
    write(tmp_path / "a.jsonl", record(0), record(1), record(0))
    first = digest(read(tmp_path))
    write(tmp_path / "b" / "one.jsonl", record(1)._replace(seconds=9.0, run="elsewhere"))
    write(tmp_path / "b" / "two.jsonl", record(0))
    assert digest(read(tmp_path / "b")) == first
    assert len(first) == 12
    write(tmp_path / "b" / "two.jsonl", record(2))
    assert digest(read(tmp_path / "b")) != first
    write(tmp_path / "c.jsonl", record(0), record(1, errors=4))
    assert digest(read(tmp_path / "c.jsonl")) != first


def test_exact_records_must_agree(tmp_path):
    write(tmp_path / "a.jsonl", record(0))
    write(tmp_path / "b.jsonl", record(1), record(0, errors=4))
    with pytest.raises(HebbsimError, match=r"a\.jsonl:1 and .*b\.jsonl:2"):
        read(tmp_path)


@pytest.mark.parametrize("exact", [True, False])
def test_a_count_that_is_in_one_record_only_is_another_count(tmp_path, exact):
    write(tmp_path / "a.jsonl", record(0, exact=False), record(0, solves=0, exact=exact))
    results = read(tmp_path)
    assert len(results.notes) == 1
    assert "solves" not in results.trials(TASK)[0].counts


def test_inexact_records_that_differ_are_noted_and_the_first_is_kept(tmp_path):
    path = tmp_path / "a.jsonl"
    write(path, record(0, exact=False), record(0, errors=4, exact=False), record(0, errors=3, exact=False))
    results = read(path)
    assert results.trials(TASK)[0].counts["errors"] == 3
    assert len(results.notes) == 1
    assert f"{path}:2" in results.notes[0]
    assert f"{path}:1" in results.notes[0]


def test_exact_records_may_differ_in_approximate_counts(tmp_path):
    write(tmp_path / "a.jsonl", record(0, log_posterior=[1.0]), record(0, log_posterior=[1.5]))
    results = read(tmp_path)
    assert (len(results), results.notes) == (1, [])


@pytest.mark.parametrize("text", ["a,b\n1,2\n", '{"a": 1}\n', '{\n  "task": 1\n}\n', "\n\n3\n", "x"])
def test_a_foreign_file_is_refused_and_left_alone(tmp_path, text):
    path = tmp_path / "a.jsonl"
    path.write_text(text)
    with pytest.raises(HebbsimError, match="foreign"), Writer(path):
        pass
    with pytest.raises(HebbsimError, match="foreign"):
        read(tmp_path)
    assert path.read_text() == text


def test_a_second_writer_is_refused(tmp_path):
    path = tmp_path / "a.jsonl"
    with Writer(path) as writer:
        with pytest.raises(HebbsimError, match="one writer a file"), Writer(path):
            pass
        writer.write(record(0))
        assert len(read(path)) == 1
    write(path, record(1))
    assert len(read(path)) == 2


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "a.jsonl", tmp_path, Path("/dev/null")):
        with pytest.raises(HebbsimError, match="cannot write"), Writer(path):
            pass


def test_a_closed_writer_refuses(tmp_path):
    with Writer(tmp_path / "new" / "folder" / "a.jsonl") as writer:
        pass
    with pytest.raises(HebbsimError, match="cannot write"):
        writer.write(record(0))


def test_a_record_cut_by_a_full_disk_is_an_error_and_the_next_is_whole(tmp_path, monkeypatch):
    path = tmp_path / "a.jsonl"
    true_write = os.write
    with Writer(path) as writer:
        monkeypatch.setattr(os, "write", lambda fd, data: true_write(fd, data[:50]))
        with pytest.raises(HebbsimError, match="part of a record"):
            writer.write(record(0))
        monkeypatch.setattr(os, "write", true_write)
        writer.write(record(1))
    results = read(path)
    assert missing(results, TASK, 2) == [0]
    assert len(results.notes) == 1


def test_each_record_is_synced_when_asked(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(os, "fsync", calls.append)
    with Writer(tmp_path / "a.jsonl", fsync_every=0) as writer:
        for trial in range(3):
            writer.write(record(trial))
    assert len(calls) == 4


def test_places_without_results(tmp_path):
    with pytest.raises(HebbsimError, match="no such"):
        read(tmp_path / "absent")
    with pytest.raises(HebbsimError, match="no such"):
        read("/dev/null")
    assert (len(read(tmp_path)), read(tmp_path).tasks()) == (0, [])
    write(tmp_path / "a.jsonl")
    assert len(read(tmp_path)) == 0


def test_select_and_missing():
    other = dataclasses.replace(TASK, rule="delta(rate=0.5)", ages=(0, 8))
    every = [record(2), record(0), record(1)._replace(task=other)]
    results = Results({(one.task, one.trial): one for one in every}, ["a note"])
    assert results.tasks() == [TASK, other]
    assert results.select(rule="delta(rate=0.5)", dim_key=64).tasks() == [other]
    assert results.select(ages=[0, 8]).tasks() == [other]
    assert results.select(ages=[0, 8]).notes == ["a note"]
    assert len(results.select(rule="delta")) == 0
    assert results.has(other, 1)
    assert not results.has(other, 0)
    assert missing(results, TASK, 4) == [1, 3]
    assert results.trials(dataclasses.replace(TASK, seed=1)) == []
    with pytest.raises(HebbsimError, match="did you mean 'rule'"):
        results.select(rules="delta")


def test_thousands_of_records_are_read_quickly(tmp_path):
    path = tmp_path / "a.jsonl"
    one = record(histogram=np.arange(400) % 2)
    path.write_text("".join(to_line(one._replace(trial=trial)) + "\n" for trial in range(5000)))
    assert path.stat().st_size > 5000 * 1000
    start = time.perf_counter()
    assert len(read(path)) == 5000
    assert time.perf_counter() - start < 5


def test_records_need_no_jax():
    code = "import sys, hebbsim.records; sys.exit(bool({'jax', 'scipy'} & set(sys.modules)))"
    root = Path(__file__).parents[1]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
