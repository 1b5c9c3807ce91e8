"""Folders of records are sets: merging them repeats nothing and loses nothing, in any order."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_records import AGES, SIGN, SOFT, record

from hebbsim.errors import HebbsimError
from hebbsim.records import Writer, digest, read, to_line
from hebbsim.records.merge import merge

POOL = [record(task, trial=trial) for task in (SIGN, SOFT, AGES) for trial in range(3)]
# Of tasks that promise nothing exact, records that disagree; and one of them timed twice.
POOL += [record(SIGN, {"errors": errors}, trial=9, exact=False) for errors in (5, 4, 6)]
POOL += [POOL[-1]._replace(seconds=9.0, run="elsewhere")]
parts = st.lists(st.lists(st.integers(0, len(POOL) - 1), max_size=8), min_size=1, max_size=4)


def folder(path, records):
    with Writer(path / "records.jsonl") as writer:
        for one in records:
            writer.write(one)
    return path


def merged(tmp, sources):
    merge(sources, tmp)
    return (tmp / "records.jsonl").read_bytes()


@settings(deadline=None, max_examples=25)
@given(parts, st.randoms(use_true_random=False))
def test_order_splits_and_repeats_do_not_matter(tmp_path_factory, split, random):
    tmp = tmp_path_factory.mktemp("merge")
    sources = [folder(tmp / f"s{i}", [POOL[j] for j in part]) for i, part in enumerate(split)]
    first = merged(tmp / "a", sources)
    random.shuffle(sources)
    assert merged(tmp / "b", [*sources, *sources]) == first
    every = [POOL[j] for part in split for j in part]
    random.shuffle(every)
    assert merged(tmp / "c", [folder(tmp / "one", every)]) == first
    assert merged(tmp / "d", [tmp / "a", tmp / "a"]) == first
    assert merged(tmp / "a", [tmp / "a", *sources]) == first
    assert digest(read(tmp / "a")) == digest(read(tmp / "d"))


def test_merging_in_steps_is_merging_at_once(tmp_path):
    sources = [folder(tmp_path / f"s{i}", POOL[i::3]) for i in range(3)]
    whole = merged(tmp_path / "whole", sources)
    for number, (a, b, c) in enumerate(itertools.permutations(sources)):
        merge([a, b], tmp_path / f"half{number}")
        assert merged(tmp_path / f"all{number}", [c, tmp_path / f"half{number}"]) == whole


def test_a_conflict_names_both_lines_and_writes_nothing(tmp_path):
    one = folder(tmp_path / "one", [record(SOFT), record(SIGN)])
    two = folder(tmp_path / "two", [record(SIGN, {"errors": 9})])
    with pytest.raises(HebbsimError, match=r"one/records\.jsonl:2 and .*two/records\.jsonl:1: the same exact task"):
        merge([one, two], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_command_says_what_is_new(tmp_path, run_cli):
    one, two = folder(tmp_path / "one", POOL[:4]), folder(tmp_path / "two", POOL[2:6])
    status, out, err = run_cli("merge", one, two, "--out", tmp_path / "out")
    assert (status, err) == (0, "") and "6 records, 6 of them new" in out and digest(read(tmp_path / "out")) in out
    assert "6 records, 0 of them new" in run_cli("merge", one, "--out", tmp_path / "out")[1]
    (two / "records.jsonl").write_text(to_line(POOL[0]) + "\n" + to_line(POOL[1])[:-9])
    status, _, err = run_cli("merge", two, "--out", tmp_path / "out")
    assert status == 0 and "records.jsonl:2: torn line" in err
    assert run_cli("merge", tmp_path / "nowhere", "--out", tmp_path / "out")[0] == 2
