"""Reading records: an idempotent union by (task, trial), so that folders can be copied and merged freely.

Reading skips a torn line and says so, for that trial is simply not recorded yet. An edited line is an error.
"""

import dataclasses
import functools
import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hebbsim.errors import HebbsimError, one_of, printable
from hebbsim.records.curves import read_names
from hebbsim.records.line import APPROXIMATE_COUNTS, START, Record, Torn, from_line, text_of, to_line
from hebbsim.records.task import FIELDS, PARTS, Task, current_label


@dataclasses.dataclass(frozen=True, repr=False)
class Results:
    """Records by (task, trial), in the order of the files, and notes on what was skipped. Not to be changed.

    curves: the tasks of each named curve, from the curves.json of the folder that was read; none where there is none.

    Example:
        >>> from hebbsim import records
        >>> results = records.read("results/load")
        >>> results
        <Results: 108 tasks, 4632 records, 0 notes>
        >>> results.select(dim_key=64)
        <Results: 12 tasks, 1200 records, 0 notes>
    """

    records: dict[tuple[Task, int], Record]
    notes: list[str] = dataclasses.field(default_factory=list)
    curves: dict[str, tuple[Task, ...]] = dataclasses.field(default_factory=dict)

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

    def rows(self) -> list[dict[str, Any]]:
        """One dict a record, as `pandas.DataFrame` takes them: the task's fields, the trial, and every count.

        A count that is an array (a histogram, or one entry an age) stays an array.
        """
        return [
            {**record.task.to_json(), "load": record.task.load, "trial": record.trial}
            | {"num_parameters": record.num_parameters, "exact": record.exact, "finite": record.finite}
            | {"seconds": record.seconds, "run": record.run}
            | {name: count.item() if np.ndim(count) == 0 else count for name, count in record.counts.items()}
            for record in self.records.values()
        ]

    def select(self, **fields: Any) -> "Results":
        """Only the tasks whose fields equal these. Raises HebbsimError for a name that is no field of Task."""
        for name in fields:
            if name not in FIELDS:
                raise one_of("task field", name, FIELDS)
        fields |= {name: current_label(fields[name]) for name in PARTS if isinstance(fields.get(name), str)}
        if "ages" in fields:
            fields["ages"] = tuple(fields["ages"])
        chosen = {task for task in self.tasks() if all(getattr(task, name) == x for name, x in fields.items())}
        curves = {name: tuple(task for task in tasks if task in chosen) for name, tasks in self.curves.items()}
        return Results(
            {at: record for at, record in self.records.items() if record.task in chosen},
            self.notes,
            {name: tasks for name, tasks in curves.items() if tasks},
        )


def read(path: str | os.PathLike[str]) -> Results:
    """The records of a file, or of every *.jsonl below a folder, in the order of their names.

    Notes: torn lines, and records that are not exact and disagree (the first is kept).
    Raises HebbsimError, naming file:line, for a foreign file, an edited line, a record that cannot be, exact records
    that disagree, and records whose memories or counts differ in size although their task says that they cannot.

    Example:
        >>> from hebbsim import records
        >>> len(records.read("results/willshaw"))
        435
    """
    union = Union()
    for record, place in records_in(path, union.notes):
        union.add(record, place)
    path = Path(path)
    return union.results(read_names(path if path.is_dir() else path.parent))


def records_in(path: str | os.PathLike[str], notes: list[str]) -> Iterator[tuple[Record, str]]:
    """Every record of a file or folder with its place, repeats among them; torn lines are noted. Raises as `read`."""
    for file in record_files(Path(path)):
        try:
            yield from _in_file(file, notes)
        except OSError as error:
            raise HebbsimError(f"{file}: cannot read: {error.strerror}") from None


def record_files(path: Path) -> list[Path]:
    """The file itself, or every *.jsonl below a folder, in the order of their names."""
    if not path.is_file() and not path.is_dir():
        raise HebbsimError(f"{path}: no such file or folder of records")
    return [path] if path.is_file() else sorted(p for p in path.rglob("*.jsonl") if p.is_file())


class Union:
    """Records by (task, trial) as they are read, each with its place, and what is the same for all of them."""

    def __init__(self) -> None:
        self.seen: dict[tuple[Task, int], tuple[Record, str]] = {}
        self.notes: list[str] = []
        self._sizes: dict[tuple[str, str, int, int], tuple[int, str]] = {}  # of memories: entries, place
        self._shapes: dict[tuple[Task, str], tuple[tuple[int, ...], str]] = {}  # of counts

    def add(self, record: Record, place: str) -> None:
        """Raises HebbsimError, naming both places, if the record and another one cannot both be true."""
        task = record.task
        memory = task.rule, task.precision, task.dim_key, task.dim_value
        size, size_place = self._sizes.setdefault(memory, (record.num_parameters, place))
        if size != record.num_parameters:
            sizes = f"num_parameters = {size} and {record.num_parameters}"
            raise HebbsimError(f"{size_place} and {place}: {sizes} of the same memory")
        for name, count in record.counts.items():
            shape, shape_place = self._shapes.setdefault((task, name), (count.shape, place))
            if shape != count.shape:
                raise HebbsimError(f"{shape_place} and {place}: count {name!r} has shapes {shape} and {count.shape}")
        kept, kept_place = self.seen.setdefault((task, record.trial), (record, place))
        if kept is record or agree(kept, record):
            return
        if kept.exact and record.exact:
            raise HebbsimError(f"{kept_place} and {place}: the same exact task and trial with other counts")
        self.notes.append(f"{place}: counts differ from {kept_place} (not exact); kept the first")

    def results(self, curves: Mapping[str, tuple[Task, ...]] | None = None) -> Results:
        """What was read, with the names of its curves."""
        return Results({at: record for at, (record, _) in self.seen.items()}, self.notes, dict(curves or {}))


def missing(results: Results, task: Task, trials: int) -> list[int]:
    """Which of the first `trials` trials of a task are not recorded yet."""
    return [trial for trial in range(trials) if not results.has(task, trial)]


def digest(results: Results) -> str:
    """Twelve hexadecimal digits that name these records: of their lines, sorted, without timings and run labels.

    Neither the order of the records nor the files that they lie in, nor a record that is there twice, changes it, so a
    figure or table that carries it can be matched with the records that it was drawn from.

    >>> digest(Results({}))
    'e3b0c44298fc'
    """
    lines = sorted(map(bare_line, results.records.values()))
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()[:12]


def bare_line(record: Record) -> str:
    """The line of a record without its timing and its run label."""
    return to_line(record._replace(seconds=0.0, run=""))


def _in_file(file: Path, notes: list[str]) -> Iterator[tuple[Record, str]]:
    ours = False
    with file.open("rb") as lines:
        for number, raw in enumerate(lines, 1):
            line, place = text_of(raw), printable(f"{file}:{number}")
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
            yield record, place


def agree(one: Record, other: Record) -> bool:
    """Whether two records of the same task and trial say the same; timings and run labels aside."""
    leave_out = APPROXIMATE_COUNTS if one.exact and other.exact else ()
    a, b = ({name: x for name, x in r.counts.items() if name not in leave_out} for r in (one, other))
    if (one.num_parameters, one.finite, a.keys()) != (other.num_parameters, other.finite, b.keys()):
        return False
    return all(np.array_equal(a[name], b[name], equal_nan=True) for name in a)
