"""What is wrong with a folder of records, line by line, and how bad lines are set aside."""

import collections
import os
from collections.abc import Callable, Hashable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from hebbsim.errors import HebbsimError, printable
from hebbsim.records.line import START, Record, Torn, from_line, text_of
from hebbsim.records.results import agree, record_files
from hebbsim.records.task import Task
from hebbsim.records.writer import Writer

ASIDE = ".bad"  # behind the name of a file: where its bad lines are put
HARMLESS = frozenset({"stray bytes", "differs", "set aside"})  # said, but no reason for a check to fail


class Finding(NamedTuple):
    """One thing that is wrong, and where."""

    kind: str  # torn, damaged, foreign, impossible, conflict, missing, unfinished, or one of HARMLESS
    place: str  # file:line, or the task
    text: str


class Line(NamedTuple):
    """A line that holds a record."""

    file: Path
    number: int
    record: Record

    @property
    def place(self) -> str:
        return printable(f"{self.file}:{self.number}")


class Bad:
    """The findings, and for each file the numbers of the lines that cannot stay."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.lines: dict[Path, set[int]] = collections.defaultdict(set)

    def line(self, kind: str, file: Path, number: int, text: str) -> None:
        self.findings.append(Finding(kind, printable(f"{file}:{number}"), text))
        self.lines[file].add(number)


def check(
    folder: str | os.PathLike[str], wanted: Mapping[Task, int] | None = None, repair: bool = False
) -> list[Finding]:
    """Everything that is wrong with the records of a folder or file; an empty list if nothing is.

    wanted: how many trials each planned task is to have. With it, trials that never finished and records of tasks that
    nobody planned are found; without it, only gaps between the trials of a task.
    repair: move torn, damaged and impossible lines, and those in conflict, to FILE.bad beside their file, so that the
    rest can be read and their trials run again; nothing is deleted, and a file of something else is left alone.
    Raises HebbsimError if there is no such folder, or a file cannot be read or written.
    """
    bad = Bad()
    lines = [line for file in record_files(Path(folder)) for line in _lines(file, bad)]
    for kind, group in (("size", _memory), ("shape", _shapes)):
        _majority(lines, bad, kind, group)
    good = [line for line in lines if line.number not in bad.lines[line.file]]
    _conflicts(good, bad)
    if repair:
        for file, numbers in bad.lines.items():
            if numbers:
                _set_aside(file, numbers)
                bad.findings.append(Finding("set aside", printable(f"{file}{ASIDE}"), f"{len(numbers)} lines"))
    have = {(line.record.task, line.record.trial) for line in good if line.number not in bad.lines[line.file]}
    bad.findings += _unfinished(have, wanted) if wanted is not None else _gaps(have)
    return bad.findings


def _lines(file: Path, bad: Bad) -> Iterable[Line]:
    ours = False
    try:
        raw_lines = file.read_bytes().split(b"\n")
    except OSError as error:
        raise HebbsimError(f"{file}: cannot read: {error.strerror}") from None
    for number, raw in enumerate(raw_lines, 1):
        text = text_of(raw)
        if raw.strip(b" \t\r") and len(text) != len(raw.decode(errors="replace").strip(" \t\r")):
            stray = "a byte-order mark" if raw.startswith(b"\xef\xbb\xbf") else "zeros, as a crash leaves them"
            bad.findings.append(Finding("stray bytes", printable(f"{file}:{number}"), stray))
        if not text:
            continue
        ours = ours or text.startswith(START)
        if not ours and not START.startswith(text):
            bad.findings.append(Finding("foreign", printable(f"{file}:{number}"), "not a file of records; left alone"))
            return
        try:
            yield Line(file, number, from_line(text))
        except Torn as error:
            bad.line("torn", file, number, str(error))
        except HebbsimError as error:
            words = str(error)
            kind = "damaged" if "crc" in words else "foreign" if words.startswith("not a") else "impossible"
            bad.line(kind, file, number, words)


def _memory(record: Record) -> Iterable[tuple[Hashable, Hashable]]:
    task = record.task
    yield (task.rule, task.precision, task.dim_key, task.dim_value), record.num_parameters


def _shapes(record: Record) -> Iterable[tuple[Hashable, Hashable]]:
    for name, count in record.counts.items():
        yield (record.task, name), count.shape


def _majority(
    lines: Iterable[Line], bad: Bad, kind: str, of: Callable[[Record], Iterable[tuple[Hashable, Hashable]]]
) -> None:
    """What must be the same for all lines of a group is what most of them say; the first on a draw."""
    votes: dict[Hashable, collections.Counter] = collections.defaultdict(collections.Counter)
    lines = [line for line in lines if line.number not in bad.lines[line.file]]
    for line in lines:
        for group, value in of(line.record):
            votes[group][value] += 1
    for line in lines:
        for group, value in of(line.record):
            most = votes[group].most_common(1)[0][0]
            if value != most:
                bad.line("conflict", line.file, line.number, f"{kind} {value}; other records say {most}")
                break


def _conflicts(lines: Iterable[Line], bad: Bad) -> None:
    first: dict[tuple[Task, int], Line] = {}
    for line in lines:
        kept = first.setdefault((line.record.task, line.record.trial), line)
        if kept is line or agree(kept.record, line.record):
            continue
        text = f"the same task and trial as {kept.place} with other counts"
        if kept.record.exact and line.record.exact:
            # Nothing says which of the two is right: both go, and the trial runs again.
            bad.line("conflict", line.file, line.number, text)
            bad.lines[kept.file].add(kept.number)
        else:
            bad.findings.append(Finding("differs", line.place, f"{text} (not exact); the first counts"))


def _unfinished(have: set[tuple[Task, int]], wanted: Mapping[Task, int]) -> Iterable[Finding]:
    for task, trials in wanted.items():
        done = sum((task, trial) in have for trial in range(trials))
        if done < trials:
            yield Finding("unfinished", _name(task), f"{done} of {trials} planned trials")
    for task, count in collections.Counter(task for task, _ in have if task not in wanted).items():
        yield Finding("foreign", _name(task), f"{count} trials of a task that the experiment does not plan")


def _gaps(have: set[tuple[Task, int]]) -> Iterable[Finding]:
    trials: dict[Task, set[int]] = collections.defaultdict(set)
    for task, trial in have:
        trials[task].add(trial)
    for task, found in trials.items():
        lacking = max(found) + 1 - len(found)
        if lacking:
            first = next(trial for trial in range(max(found)) if trial not in found)
            yield Finding("missing", _name(task), f"trial {first} and {lacking - 1} more below trial {max(found)}")


def _name(task: Task) -> str:
    return f"{task.rule} {task.ensemble} {task.readout} {task.dim_key}x{task.dim_value} at {task.num_patterns} patterns"


def _set_aside(file: Path, numbers: set[int]) -> None:
    """Bad lines to FILE.bad first, then the file is replaced by one without them: whatever happens, no line is lost."""
    with Writer(file):  # nobody writes meanwhile
        lines = file.read_bytes().split(b"\n")
        bad = [line for number, line in enumerate(lines, 1) if number in numbers]
        good = [line for number, line in enumerate(lines, 1) if number not in numbers]
        part = file.with_name(file.name + ".part")
        try:
            with file.with_name(file.name + ASIDE).open("ab") as aside:
                aside.write(b"\n".join(bad) + b"\n")
                aside.flush()
                os.fsync(aside.fileno())
            with part.open("wb") as new:
                new.write(b"\n".join(good))
                new.flush()
                os.fsync(new.fileno())
            os.replace(part, file)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise HebbsimError(f"{file}: cannot write: {error.strerror}") from None
