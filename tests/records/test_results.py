"""Folders of records as one set: what agrees, what does not, and what is selected of them."""

import dataclasses
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest
from made_records import TASK, one_trial, write
from repository import ROOT

from hebbsim.errors import HebbsimError
from hebbsim.records import Results, digest, missing, read, to_line


def test_nan_and_infinity_survive(tmp_path):
    odd = np.array([np.nan, np.inf, -np.inf, 1e-320])
    task = dataclasses.replace(TASK, readout="mine#1a2b3c4d")
    one = one_trial(few=odd, many=np.resize(odd, 70), alone=np.nan)._replace(task=task)
    write(tmp_path / "a.jsonl", one, one)
    results = read(tmp_path)
    assert (len(results), results.notes) == (1, [])
    (back,) = results.trials(task)
    for name, count in one.counts.items():
        np.testing.assert_array_equal(back.counts[name], count)


def test_an_edited_line_is_an_error(tmp_path):
    path = tmp_path / "a.jsonl"
    write(path, one_trial(0), one_trial(1))
    path.write_text(path.read_text().replace('"errors":3', '"errors":4'))
    with pytest.raises(HebbsimError, match=r"a\.jsonl:1: wrong crc"):
        read(path)


def test_blank_lines_and_other_line_ends_are_nothing(tmp_path):
    path = tmp_path / "a.jsonl"
    write(path, one_trial(0), one_trial(1))
    path.write_bytes(b"\n \n" + path.read_bytes().replace(b"\n", b"\r\n\r\n"))
    assert (len(read(path)), read(path).notes) == (2, [])


def test_a_folder_merged_with_itself_is_the_same(tmp_path):
    write(tmp_path / "a.jsonl", one_trial(1), one_trial(0), one_trial(1))
    (tmp_path / "b").mkdir()
    shutil.copy(tmp_path / "a.jsonl", tmp_path / "b" / "copy.jsonl")
    (tmp_path / "notes.txt").write_text("not read")
    results = read(tmp_path)
    assert list(results.records) == [(TASK, 1), (TASK, 0)]
    assert [one.trial for one in results.trials(TASK)] == [0, 1]
    assert results.notes == []


def test_a_digest_depends_on_counts_alone(tmp_path):
    write(tmp_path / "a.jsonl", one_trial(0), one_trial(1), one_trial(0))
    first = digest(read(tmp_path))
    write(tmp_path / "b" / "one.jsonl", one_trial(1)._replace(seconds=9.0, run="elsewhere"))
    write(tmp_path / "b" / "two.jsonl", one_trial(0))
    assert digest(read(tmp_path / "b")) == first
    assert len(first) == 12
    write(tmp_path / "b" / "two.jsonl", one_trial(2))
    assert digest(read(tmp_path / "b")) != first
    write(tmp_path / "c.jsonl", one_trial(0), one_trial(1, errors=4))
    assert digest(read(tmp_path / "c.jsonl")) != first


def test_exact_records_must_agree(tmp_path):
    write(tmp_path / "a.jsonl", one_trial(0))
    write(tmp_path / "b.jsonl", one_trial(1), one_trial(0, errors=4))
    with pytest.raises(HebbsimError, match=r"a\.jsonl:1 and .*b\.jsonl:2"):
        read(tmp_path)


@pytest.mark.parametrize("exact", [True, False])
def test_a_count_that_is_in_one_record_only_is_another_count(tmp_path, exact):
    write(tmp_path / "a.jsonl", one_trial(0, exact=False), one_trial(0, solves=0, exact=exact))
    results = read(tmp_path)
    assert len(results.notes) == 1
    assert "solves" not in results.trials(TASK)[0].counts


def test_inexact_records_that_differ_are_noted_and_the_first_is_kept(tmp_path):
    path = tmp_path / "a.jsonl"
    write(path, one_trial(0, exact=False), one_trial(0, errors=4, exact=False), one_trial(0, errors=3, exact=False))
    results = read(path)
    assert results.trials(TASK)[0].counts["errors"] == 3
    assert len(results.notes) == 1
    assert f"{path}:2" in results.notes[0]
    assert f"{path}:1" in results.notes[0]


def test_exact_records_may_differ_in_approximate_counts(tmp_path):
    write(tmp_path / "a.jsonl", one_trial(0, log_posterior=[1.0]), one_trial(0, log_posterior=[1.5]))
    results = read(tmp_path)
    assert (len(results), results.notes) == (1, [])


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
    every = [one_trial(2), one_trial(0), one_trial(1)._replace(task=other)]
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
    one = one_trial(histogram=np.arange(400) % 2)
    path.write_text("".join(to_line(one._replace(trial=trial)) + "\n" for trial in range(5000)))
    assert path.stat().st_size > 5000 * 1000
    start = time.perf_counter()
    assert len(read(path)) == 5000
    assert time.perf_counter() - start < 5


def test_records_need_no_jax():
    code = "import sys, hebbsim.records; sys.exit(bool({'jax', 'scipy'} & set(sys.modules)))"
    root = ROOT
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
