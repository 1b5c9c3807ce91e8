"""A file of records that was damaged gives no wrong total, and says where it is damaged."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from made_records import GAUSSIAN, SIGN, SOFT, record

from hebbsim.errors import HebbsimError
from hebbsim.records import from_line, read, to_line
from hebbsim.records.check import HARMLESS, check

LINES = [to_line(record(task, trial=trial)) for task, trial in ((SIGN, 0), (SOFT, 0), (SIGN, 1))]
WHOLE = ("\n".join(LINES) + "\n").encode()
TRUE = {(one.task, one.trial): one for one in map(from_line, LINES)}
AT = {line: number for number, line in enumerate(LINES, 1)}


def same(results, keys):
    """The results hold these records and no other, count for count."""
    return results.records.keys() == set(keys) and all(
        to_line(results.records[key]) == to_line(TRUE[key]) for key in results.records
    )


def places(messages, path):
    return {int(found) for message in messages for found in re.findall(re.escape(str(path)) + r":(\d+)", message)}


def outcome(path):
    """(records read, the lines that are named as wrong, or None if nothing is): whatever the file holds."""
    try:
        results = read(path)
        assert set(results.records) <= set(TRUE) and same(results, results.records)
        return set(results.records), places(results.notes, path)
    except HebbsimError as error:
        assert "\n" not in str(error) and places([str(error)], path), error
        return set(), places([str(error)], path)


def test_cut_at_every_byte(tmp_path):
    path = tmp_path / "a.jsonl"
    keys = list(TRUE)
    ends = [i for i, byte in enumerate(WHOLE) if byte == ord("\n")]
    for length in range(len(WHOLE)):
        path.write_bytes(WHOLE[:length])
        whole = sum(length >= end for end in ends)
        torn = length not in (0, *ends, *(end + 1 for end in ends))
        assert outcome(path) == (set(keys[:whole]), {whole + 1} if torn else set())


@settings(deadline=None, max_examples=400)
@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
@example(0, ord("{") ^ ord("\n"))  # a line becomes two: an empty one, and the rest of it
@example(5, ord("k") ^ ord("\n"))
def test_any_byte_flipped(tmp_path_factory, at, flip):
    path = tmp_path_factory.getbasetemp() / "flipped.jsonl"
    data = bytearray(WHOLE)
    data[at] ^= flip
    path.write_bytes(data)
    found, named = outcome(path)
    if len(found) < 3:
        line = WHOLE[:at].count(b"\n") + 1
        assert named & ({line, line + 1} if data[at] == ord("\n") else {line})
        assert [one for one in check(path) if one.kind not in HARMLESS]
    else:  # a line end that is another line end
        assert WHOLE[at : at + 1] == b"\n"


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_any_piece_taken_out_or_put_in(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "pieces.jsonl"
    start = data.draw(st.integers(0, len(WHOLE)))
    end = data.draw(st.integers(start, len(WHOLE)))
    path.write_bytes(WHOLE[:start] + data.draw(st.binary(max_size=30)) + WHOLE[end:])
    outcome(path)
    check(path)


def test_every_single_bit_of_a_line_is_noticed():
    line = LINES[0].encode()
    for at in range(len(line)):
        for bit in range(8):
            changed = bytearray(line)
            changed[at] ^= 1 << bit
            with pytest.raises(HebbsimError):
                from_line(bytes(changed).decode(errors="replace"))


HARMLESS_CHANGES = {
    "other line ends": WHOLE.replace(b"\n", b"\r\n"),
    "a byte-order mark": b"\xef\xbb\xbf" + WHOLE,
    "zeros at the end": WHOLE + b"\0" * 4096,
    "zeros at the start": b"\0" * 4096 + b"\n" + WHOLE,
    "zeros between lines": WHOLE.replace(b"\n", b"\n\0\0\0\n"),
    "no last line end": WHOLE[:-1],
    "twice": WHOLE + WHOLE,
    "shuffled": b"\n".join(reversed(WHOLE.splitlines())),
    "blank lines": WHOLE.replace(b"\n", b"\n \n\t\n"),
    "in order of bytes": b"\n".join(sorted(WHOLE.splitlines())) + b"\n",
}


@pytest.mark.parametrize("name", HARMLESS_CHANGES)
def test_what_changes_no_line_changes_no_record(name, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(HARMLESS_CHANGES[name])
    results = read(path)
    assert same(results, TRUE) and results.notes == []
    assert {one.kind for one in check(path)} <= HARMLESS | {"missing"}


def test_two_experiments_in_one_file_stay_two(tmp_path):
    path = tmp_path / "a.jsonl"
    other = to_line(record(GAUSSIAN, trial=4))
    path.write_bytes(WHOLE + other.encode() + b"\n")
    results = read(path)
    assert len(results) == 4 and [one.trial for one in results.trials(SIGN)] == [0, 1]
    findings = check(path, {SIGN: 2, SOFT: 1})
    assert [(one.kind, "gaussian" in one.place) for one in findings] == [("foreign", True)]


def test_two_records_on_one_line_are_named_not_counted(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(WHOLE.replace(b"\n", b"", 1))
    found, named = outcome(path)
    assert (found, named) == ({(SIGN, 1)}, {1})


def test_an_utf_16_file_is_refused(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(WHOLE.decode().encode("utf-16"))
    with pytest.raises(HebbsimError, match="foreign"):
        read(path)
