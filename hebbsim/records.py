"""Results on disk: one line of JSON for each trial of a task, appended and never changed.

A line ends in the CRC of what comes before it. A line torn by a kill is not JSON: reading skips it and says so, for
that trial is simply not recorded yet. A whole line whose CRC is wrong was edited: that is an error. Reading is an
idempotent union by (task, trial), so that folders can be copied and merged freely.
"""

import dataclasses
import fcntl
import functools
import json
import os
import time
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hebbsim.errors import HebbsimError, one_of
from hebbsim.task import FIELDS, Task

SCHEMA = 1
SPARSE_FROM = 64  # entries in the last axis; most of a histogram is zero
APPROXIMATE_COUNTS = frozenset({"log_posterior", "cue_log_posterior"})  # float sums: their last digits are the device's

_START = '{"task":{"rule":'  # of every line: it tells a torn line of ours from the first line of someone else's file
_DTYPES = {"int64": np.int64, "float64": np.float64}
_TYPES = {
    "trial": int, "num_parameters": int, "exact": bool, "finite": bool, "counts": dict, "seconds": float, "run": str
}  # fmt: skip
_FIELDS = frozenset({"task", "schema", "crc", *_TYPES})


class Record(NamedTuple):
    """One trial of one task. Counts that were read from a line are all int64 or float64 arrays, 0-d for scalars."""

    task: Task
    trial: int
    counts: dict[str, Any]  # name -> integers or floats: a number, nested lists or an array
    num_parameters: int  # array entries of the memory
    exact: bool  # whether every machine must find these very counts
    finite: bool  # whether memory and field were
    seconds: float
    run: str  # free label: version, device, layout


class _Torn(HebbsimError):
    """A line that was not written whole."""


def to_line(record: Record) -> str:
    """One line of JSON, without its newline. Raises HebbsimError for a field or a count that is not as in Record."""
    fields = {name: x.item() if isinstance(x, np.generic) else x for name, x in record._asdict().items()}
    if type(fields["seconds"]) is int:
        fields["seconds"] = float(fields["seconds"])
    _check(fields)
    task, counts = record.task.to_json(), {name: _encode(_array(name, x)) for name, x in record.counts.items()}
    body = json.dumps(fields | {"task": task, "counts": counts, "schema": SCHEMA}, separators=(",", ":"))[:-1]
    return f'{body},"crc":"{zlib.crc32(body.encode()):08x}"}}'


def from_line(text: str) -> Record:
    """The record of a line. Raises HebbsimError if it is torn, edited, of another schema or not a record at all."""
    text = text.strip()
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        raise _Torn("torn line: it is not whole JSON") from None
    if not isinstance(fields, dict) or not {"task", "schema", "crc"} <= fields.keys():
        raise HebbsimError("not a hebbsim record")
    if fields["schema"] != SCHEMA:
        raise HebbsimError(f"unknown schema {fields['schema']!r}; allowed: {SCHEMA}")
    body, _, end = text.rpartition(',"crc":')
    if end != f'"{zlib.crc32(body.encode(errors="replace")):08x}"}}':
        raise HebbsimError("wrong crc: the line was changed after it was written")
    if fields.keys() != _FIELDS:
        raise HebbsimError(f"unknown or missing fields: {', '.join(sorted(fields.keys() ^ _FIELDS))}")
    _check(fields)
    counts = {name: _decode(name, count) for name, count in fields["counts"].items()}
    return Record(
        _task(json.dumps(fields["task"])), counts=counts, **{name: fields[name] for name in _TYPES if name != "counts"}
    )


@functools.lru_cache(4096)  # a task has many trials
def _task(text: str) -> Task:
    return Task.from_json(json.loads(text))


def _check(fields: dict[str, Any]) -> None:
    for name, kind in _TYPES.items():
        value = fields[name]
        if type(value) is not kind or (kind is int and value < 0):
            short = value if isinstance(value, int) else type(value).__name__
            raise HebbsimError(f"record: {name} = {short}; allowed: {kind.__name__}{', 0 or more' * (kind is int)}")


def _array(name: str, count: Any) -> np.ndarray:
    try:
        array = np.asarray(count)
        if type(name) is not str:
            raise ValueError
        if array.dtype.kind == "f":
            return array.astype(np.float64)
        if array.dtype.kind in "bi" or (array.dtype.kind == "u" and array.max(initial=0) < 2**63):
            return array.astype(np.int64)
    except (ValueError, TypeError, OverflowError):
        pass
    raise HebbsimError(f"record: count {name!r}; allowed: 64-bit integers, floats, and arrays of them under a name")


def _encode(array: np.ndarray) -> Any:
    if array.ndim == 0 or (array.size and array.shape[-1] < SPARSE_FROM):
        return array.tolist()
    at = np.flatnonzero(array)
    values = array.reshape(-1)[at].tolist()
    # The dtype as well: without it an empty or all-zero float array would come back as integers.
    return {"shape": array.shape, "dtype": array.dtype.name, "at": at.tolist(), "is": values}


def _decode(name: str, count: Any) -> np.ndarray:
    if not isinstance(count, dict):
        return _array(name, count)
    try:
        array = np.zeros(count["shape"], _DTYPES[count["dtype"]])
        array.reshape(-1)[np.asarray(count["at"], np.int64)] = count["is"]
    except (LookupError, ValueError, TypeError, OverflowError):
        raise HebbsimError(f"record: count {name!r} is not a sparse array (shape, dtype, at, is)") from None
    return array


class Writer:
    """Appends records to one file; a context manager.

    path: the file; it and its folder are made if need be. fsync_every: seconds between calls of fsync while writing
    (there is one more at the end); only a crash of the whole machine can lose what was written since.
    Raises HebbsimError if the file cannot be written, is not one of records, or has a writer already.
    """

    def __init__(self, path: str | os.PathLike[str], fsync_every: float = 1.0) -> None:
        self.path = Path(path)
        self.fsync_every = fsync_every
        self._fd = -1
        self._synced = 0.0
        self._gap = b""

    def __enter__(self) -> "Writer":
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.path.exists() and not self.path.is_file():
                raise HebbsimError(f"{self.path}: cannot write records there: not a file")
            self._fd = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with self.path.open("rb") as lines:
                first = next((line for line in map(_text, lines) if not _START.startswith(line)), _START)
            size = os.fstat(self._fd).st_size
            # A record after a torn line needs a line of its own.
            self._gap = b"\n" if size and os.pread(self._fd, 1, size - 1) != b"\n" else b""
            if not first.startswith(_START):
                raise HebbsimError(f"{self.path}: a foreign file, not one of hebbsim records; nothing was written")
        except (OSError, HebbsimError) as error:
            self._close()
            if isinstance(error, HebbsimError):
                raise
            busy = isinstance(error, BlockingIOError)
            why = "one writer a file, and it has one" if busy else f"cannot write records there: {error.strerror}"
            raise HebbsimError(f"{self.path}: {why}") from None
        return self

    def write(self, record: Record) -> None:
        """Append one record, whole. Raises HebbsimError if it is not on the disk (full, say) or not as in Record."""
        data = self._gap + to_line(record).encode() + b"\n"
        try:
            written = os.write(self._fd, data)
            self._gap = b"" if written == len(data) else b"\n"
            if self._gap:
                raise HebbsimError(f"{self.path}: the disk took only a part of a record; that record is lost")
            if time.monotonic() - self._synced >= self.fsync_every:
                os.fsync(self._fd)
                self._synced = time.monotonic()
        except OSError as error:
            raise HebbsimError(f"{self.path}: cannot write: {error.strerror}") from None

    def __exit__(self, *exception: object) -> None:
        try:
            os.fsync(self._fd)
        except OSError as error:
            raise HebbsimError(f"{self.path}: cannot write: {error.strerror}") from None
        finally:
            self._close()

    def _close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1


@dataclasses.dataclass(frozen=True)
class Results:
    """Records by (task, trial), in the order of the files, and notes on what was skipped. Not to be changed."""

    records: dict[tuple[Task, int], Record]
    notes: list[str] = dataclasses.field(default_factory=list)

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
            line, place = _text(raw), f"{file}:{number}"
            if not line:
                continue
            ours = ours or line.startswith(_START)
            if not ours and not _START.startswith(line):
                raise HebbsimError(f"{place}: not a hebbsim record; this is a foreign file")
            try:
                record = from_line(line)
            except _Torn as error:
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


def _text(raw: bytes) -> str:
    # A crash of the machine can leave zeros where a line was to be.
    return raw.decode(errors="replace").strip("\0 \t\r\n")


def _agree(one: Record, other: Record) -> bool:
    leave_out = APPROXIMATE_COUNTS if one.exact and other.exact else ()
    a, b = ({name: x for name, x in r.counts.items() if name not in leave_out} for r in (one, other))
    if (one.num_parameters, one.finite, a.keys()) != (other.num_parameters, other.finite, b.keys()):
        return False
    return all(np.array_equal(a[name], b[name], equal_nan=True) for name in a)
