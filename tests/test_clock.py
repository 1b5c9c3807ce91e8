"""A wall clock that jumps loses, reorders and doubles no record, and prints no negative time."""

import itertools
import os
import re
import sys
import time

import hebbsim
from hebbsim import experiment, progress
from hebbsim.collect import collect
from hebbsim.records import Writer, read, to_line

YEAR = 365 * 86400.0
PLANS = (dict(num_patterns=[4, 8]), dict(rule="decay", num_patterns=[6]))


def written(folder):
    """Collect in two runs, the second going on from the first: the lines as they follow, without their seconds."""
    plans = [hebbsim.sweep(dim=8, probes=4, **plan) for plan in PLANS]
    for trials in (4, 9):
        collect(plans, trials, folder / "records.jsonl", progress.progress(every=0.0))
    records = read(folder).records.values()
    assert all(record.seconds >= 0 for record in records)
    assert len((folder / "records.jsonl").read_text().splitlines()) == len(records) == 27
    return [to_line(record._replace(seconds=0.0)) for record in records]


def test_records_are_those_of_a_steady_clock_in_the_same_order(tmp_path, monkeypatch, capsys):
    steady = written(tmp_path / "steady")
    looks, real = itertools.count(), time.time
    jumps = itertools.cycle([0, -50 * YEAR, 3600, -3600, 60 * YEAR, -1, 0.5])
    monkeypatch.setattr(time, "time", lambda: next(looks) * 0 + real() + next(jumps))
    monkeypatch.setattr(time, "time_ns", lambda: int(time.time() * 1e9))
    capsys.readouterr()
    assert written(tmp_path / "jumping") == steady
    assert next(looks) >= 6  # the clock was asked
    said = capsys.readouterr().err.splitlines()
    assert len(said) >= 6 and not [line for line in said if re.search(r"-\d", line)]


def test_files_and_locks_from_another_time_are_as_any_other(tmp_path):
    steady = written(tmp_path)
    sign = tmp_path / ".records.jsonl.lock"
    sign.write_text("process 1 on another machine")  # of a writer that was killed
    for when in (0, 2**31, 4e9):
        for file in (tmp_path / "records.jsonl", sign):
            os.utime(file, (when, when))
        assert written(tmp_path) == steady
        with Writer(tmp_path / "records.jsonl"):
            os.utime(sign, (when, when))
        sign.write_text("process 1 on another machine")


def test_an_experiment_is_what_its_file_says_whatever_its_time(tmp_path, monkeypatch):
    """Python keeps bytecode by a file's time and size, which may both be those of another text."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    file = tmp_path / "mine.py"
    for trials in (4, 5):
        file.write_text(f"BUDGET = ''\nTASKS = [dict(dim=8, loads=[1], trials={trials})]\ndef figure(results): ...\n")
        os.utime(file, (1e9, 1e9))
        assert experiment.load(str(file)).tasks["curve 1"]["trials"] == trials
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]


def test_work_that_outlasts_every_calendar_has_no_date():
    assert progress.progress_line("x", 1, 1e18, 1000, 0, time.time()) == "  0 %  11574074074074074 days left  x"
