"""The writer of records: what is damaged is mended or refused, one process a file, and a full disk loses one line."""

import os
from pathlib import Path

import pytest
from made_records import TASK, one_trial, write

from hebbsim.errors import HebbsimError
from hebbsim.records import Writer, missing, read


def test_a_torn_last_line_is_noted_and_mended(tmp_path):
    path = tmp_path / "a.jsonl"
    write(path, one_trial(0), one_trial(1))
    os.truncate(path, path.stat().st_size - 40)
    results = read(path)
    assert missing(results, TASK, 3) == [1, 2]
    assert len(results.notes) == 1
    assert f"{path}:2: torn" in results.notes[0]
    write(path, one_trial(1), one_trial(2))
    results = read(path)
    assert missing(results, TASK, 3) == []
    assert f"{path}:2: torn" in results.notes[0]


def test_a_file_cut_at_any_byte_loses_at_most_the_line_cut(tmp_path):
    path = tmp_path / "a.jsonl"
    write(path, one_trial(0), one_trial(1))
    whole = path.read_bytes()
    first = whole.index(b"\n")
    for length in [*range(0, len(whole), 7), *range(first - 1, first + 3), len(whole) - 1]:
        path.write_bytes(whole[:length])
        write(path, one_trial(2))
        results = read(path)
        ends = (0, first, first + 1, len(whole) - 1, len(whole))
        assert [one.trial for one in results.trials(TASK)] == [0] * (length >= ends[1]) + [1] * (length >= ends[3]) + [
            2
        ]
        assert len(results.notes) == (length not in ends)


def test_zeros_left_by_a_crash_are_skipped(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\0" * 100)
    write(path, one_trial(0))
    assert len(read(path)) == 1


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
        writer.write(one_trial(0))
        assert len(read(path)) == 1
    write(path, one_trial(1))
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
        writer.write(one_trial(0))


def test_a_record_cut_by_a_full_disk_is_an_error_and_the_next_is_whole(tmp_path, monkeypatch):
    path = tmp_path / "a.jsonl"
    true_write = os.write
    with Writer(path) as writer:
        monkeypatch.setattr(os, "write", lambda fd, data: true_write(fd, data[:50]))
        with pytest.raises(HebbsimError, match="part of a record"):
            writer.write(one_trial(0))
        monkeypatch.setattr(os, "write", true_write)
        writer.write(one_trial(1))
    results = read(path)
    assert missing(results, TASK, 2) == [0]
    assert len(results.notes) == 1


def test_each_record_is_synced_when_asked(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(os, "fsync", calls.append)
    with Writer(tmp_path / "a.jsonl", fsync_every=0) as writer:
        for trial in range(3):
            writer.write(one_trial(trial))
    assert len(calls) == 4
