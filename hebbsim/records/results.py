"""Reading records: an idempotent union by (task, trial), so that folders can be copied and merged freely.

Reading skips a torn line and says so, for that trial is simply not recorded yet. An edited line is an error.
"""

import dataclasses
import functools
import os
from pathlib import Path
from typing import Any

import numpy as np

from hebbsim.errors import HebbsimError, one_of
from hebbsim.records.line import APPROXIMATE_COUNTS, START, Record, Torn, from_line, text_of
from hebbsim.records.task import FIELDS, Task


@dataclasses.dataclass(frozen=True, repr=False)
class Results:
    """Records by (task, trial), in the order of the files, and notes on what was skipped. Not to be changed."""

    records: dict[tuple[Task, int], Record]
    notes: list[str] = dataclasses.field(default_factory=list)

    def __repr__(self) -> str:
        return f"<Results: {len(self.tasks())} tasks, {len(self)} records, {len(self.notes)} notes>"

    def __len__(self) -> int:
        return len(self.records)

    @functools.cached_property
    def _by_task(self) -> dict[Task, list[Record]]:
        found: dict[Task, list[Record]] = {}
        for record in self.records.values():
            found.setdefault(record.task, []).append(record)
        return {task: sorted(records, key=lambda record: record.trial) for task, records in found.items()}

    def tasks(self) -> list[Task]:
        """The tasks, in the order in which they were first seen."""
        return list(self._by_task)

    def trials(self, task: Task) -> list[Record]:
        """The records of a task, sorted by trial; empty for a task that has none."""
        return list(self._by_task.get(task, ()))

    def has(self, task: Task, trial: int) -> bool:
        """Whether that trial is recorded."""
        return (task, trial) in self.records

    def select(self, **fields: Any) -> "Results":
        """Only the tasks whose fields equal these. Raises HebbsimError for a name that is no field of Task."""
        for name in fields:
            if name not in FIELDS:
                raise one_of("task field", name, FIELDS)
        if "ages" in fields:
            fields["ages"] = tuple(fields["ages"])
        chosen = {task for task in self.tasks() if all(getattr(task, name) == x for name, x in fields.items())}
        return Results({at: record for at, record in self.records.items() if record.task in chosen}, self.notes)


def read(path: str | os.PathLike[str]) -> Results:
    """The records of a file, or of every *.jsonl below a folder, in the order of their names.

    Notes: torn lines, and records that are not exact and disagree (the first is kept).
    Raises HebbsimError, naming file:line, for a foreign file, an edited line and exact records that disagree.
    """
    path = Path(path)
    if not path.is_file() and not path.is_dir():
        raise HebbsimError(f"{path}: no such file or folder of records")
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*.jsonl") if p.is_file())
    seen: dict[tuple[Task, int], tuple[Record, str]] = {}
    notes: list[str] = []
    for file in files:
        try:
            _read_file(file, seen, notes)
        except OSError as error:
            raise HebbsimError(f"{file}: cannot read: {error.strerror}") from None
    return Results({at: record for at, (record, _) in seen.items()}, notes)


def missing(results: Results, task: Task, trials: int) -> list[int]:
    """Which of the first `trials` trials of a task are not recorded yet."""
    return [trial for trial in range(trials) if not results.has(task, trial)]


def _read_file(file: Path, seen: dict[tuple[Task, int], tuple[Record, str]], notes: list[str]) -> None:
    ours = False
    with file.open("rb") as lines:
        for number, raw in enumerate(lines, 1):
            line, place = text_of(raw), f"{file}:{number}"
            if not line:
                continue
            ours = ours or line.startswith(START)
            if not ours and not START.startswith(line):
                raise HebbsimError(f"{place}: not a hebbsim record; this is a foreign file")
            try:
                record = from_line(line)
            except Torn as error:
                notes.append(f"{place}: {error}; skipped")
                continue
            except HebbsimError as error:
                raise HebbsimError(f"{place}: {error}") from None
            kept, kept_place = seen.setdefault((record.task, record.trial), (record, place))
            if kept is record or _agree(kept, record):
                continue
            if kept.exact and record.exact:
                raise HebbsimError(f"{kept_place} and {place}: the same exact task and trial with other counts")
            notes.append(f"{place}: counts differ from {kept_place} (not exact); kept the first")


def _agree(one: Record, other: Record) -> bool:
    leave_out = APPROXIMATE_COUNTS if one.exact and other.exact else ()
    a, b = ({name: x for name, x in r.counts.items() if name not in leave_out} for r in (one, other))
    if (one.num_parameters, one.finite, a.keys()) != (other.num_parameters, other.finite, b.keys()):
        return False
    return all(np.array_equal(a[name], b[name], equal_nan=True) for name in a)
