"""`hebbsim check` finds what is wrong with records, and sets bad lines aside without losing one."""

import pytest
from made_records import SIGN, SOFT, record, sealed

from hebbsim.errors import HebbsimError
from hebbsim.records import Writer, read, to_line
from hebbsim.records.check import check

GOOD = [to_line(record(task, trial=trial)) for task in (SIGN, SOFT) for trial in range(3)]
TORN, DAMAGED = GOOD[0][:80], GOOD[1].replace('"errors":3', '"errors":4')
IMPOSSIBLE = sealed(record(SIGN, {"errors": 999}), trial=7)
OTHER = to_line(record(SIGN, {"errors": 9}, trial=1))


def kinds(findings):
    return sorted(finding.kind for finding in findings)


def test_a_sound_folder_is_all_well(tmp_path, run_cli):
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(GOOD) + "\n")
    assert check(tmp_path) == []
    status, out, _ = run_cli("check", tmp_path)
    assert status == 0 and "all is well" in out


def test_each_damage_is_found_and_set_aside_and_nothing_is_deleted(tmp_path, run_cli):
    path = tmp_path / "a.jsonl"
    lines = [*GOOD, TORN, DAMAGED, IMPOSSIBLE, OTHER, '{"another": "program"}', GOOD[0]]
    path.write_text("\n".join(lines) + "\n")
    findings = check(tmp_path)
    assert kinds(findings) == ["conflict", "damaged", "foreign", "impossible", "missing", "torn"]
    for kind, text in (("torn", TORN), ("damaged", DAMAGED), ("impossible", IMPOSSIBLE), ("conflict", OTHER)):
        place = next(finding.place for finding in findings if finding.kind == kind)
        assert lines[int(place.rpartition(":")[2]) - 1] == text
    with pytest.raises(HebbsimError):
        read(tmp_path)
    status, out, _ = run_cli("check", tmp_path, "--repair")
    assert (
        status == 1 and "set aside: 6 lines" in out
    )  # a trial is missing now: it is in conflict, and so are its lines
    assert sorted(run_lines(tmp_path)) == sorted(lines)
    left = read(tmp_path)
    assert len(left) == 5 and not left.notes
    assert not left.has(SIGN, 1)


def run_lines(folder):
    return [line for file in folder.iterdir() for line in file.read_text().splitlines() if line]


def test_repairing_twice_changes_nothing_more(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join([*GOOD, TORN]))
    assert kinds(check(tmp_path, repair=True)) == ["set aside", "torn"]
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert check(tmp_path, repair=True) == []
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
    with Writer(path) as writer:
        writer.write(record(SIGN, trial=3))
    assert len(read(tmp_path)) == 7


def test_a_foreign_file_is_named_and_left_alone(tmp_path):
    (tmp_path / "b.jsonl").write_text("a,b\n1,2\n")
    (tmp_path / "a.jsonl").write_text(GOOD[0] + "\n")
    assert kinds(check(tmp_path, repair=True)) == ["foreign"]
    assert (tmp_path / "b.jsonl").read_text() == "a,b\n1,2\n"


def test_what_most_records_say_of_a_memory_is_right(tmp_path):
    task = SIGN.__class__(**{**SIGN.to_json(), "rule": "bcpnn"})
    lines = [to_line(record(SIGN, trial=t)._replace(task=task, num_parameters=n)) for t, n in enumerate((7, 9, 9))]
    (tmp_path / "a.jsonl").write_text("\n".join(lines) + "\n")
    (finding,) = (one for one in check(tmp_path, repair=True) if one.kind == "conflict")
    assert finding.place.endswith(":1")
    assert len(read(tmp_path)) == 2


def test_trials_that_never_finished_and_records_of_others_are_named(tmp_path):
    (tmp_path / "a.jsonl").write_text("\n".join(GOOD) + "\n")
    findings = check(tmp_path, {SIGN: 5})
    assert kinds(findings) == ["foreign", "unfinished"]
    assert any("3 of 5" in finding.text for finding in findings)
    (tmp_path / "a.jsonl").write_text(GOOD[0] + "\n" + GOOD[2] + "\n")
    assert kinds(check(tmp_path)) == ["missing"]


def test_stray_bytes_are_told_and_do_no_harm(tmp_path, run_cli):
    text = "\ufeff" + "\r\n".join(GOOD) + "\r\n"
    (tmp_path / "a.jsonl").write_bytes(text.encode() + b"\0" * 50)
    assert len(read(tmp_path)) == 6
    assert kinds(check(tmp_path)) == ["stray bytes"] * 2
    assert run_cli("check", tmp_path)[0] == 0


def test_an_experiment_says_what_is_planned(tmp_path, run_cli):
    file = tmp_path / "tiny.py"
    file.write_text("BUDGET = ''\nTASKS = [dict(dim=8, num_patterns=[4], trials=3)]\ndef figure(results): ...\n")
    assert run_cli("collect", file, "--out", tmp_path / "out")[0] == 0
    assert run_cli("check", tmp_path / "out", "--experiment", file)[0] == 0
    file.write_text(file.read_text().replace("trials=3", "trials=5"))
    status, out, _ = run_cli("check", tmp_path / "out", "--experiment", file)
    assert status == 1 and "unfinished: 3 of 5 planned trials" in out
