"""One line of JSON for each trial of a task, ending in the CRC of what comes before it.

A line torn by a kill is not JSON. A whole line whose CRC is wrong was edited.
"""

import json
import math
import zlib
from typing import Any, NamedTuple

import numpy as np

from hebbsim.errors import HebbsimError
from hebbsim.records.counts import Expected, check, expected
from hebbsim.records.task import Task

SCHEMA = 1
SPARSE_FROM = 64  # entries in the last axis; most of a histogram is zero
MOST_ENTRIES = 2**22  # of a count: a line of a few bytes must not fill the memory
APPROXIMATE_COUNTS = frozenset({"log_posterior", "cue_log_posterior"})  # float sums: their last digits are the device's

START = '{"task":{"rule":'  # of every line: it tells a torn line of ours from the first line of someone else's file
_DTYPES = {"int64": np.int64, "float64": np.float64}
_TYPES: dict[str, Any] = dict(
    trial=int, num_parameters=int, exact=bool, finite=bool, counts=dict, seconds=float, run=str
)
# Left out where zero or empty, as in older records.
_OPTIONAL: dict[str, Any] = dict(stored_bits=float, channel=str, vocabulary=int)
_MOST = {"trial": 2**31 - 1, "num_parameters": 2**62, "vocabulary": 2**31 - 1}
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
    # bits that an entry takes; 0, and left out, in older records: see task.stored_bits
    stored_bits: float = 0.0
    channel: str = ""  # name in statistics.channels.CHANNELS: what turns the counts into bits
    vocabulary: int = 0  # words of the codebook that the readout compared with; 0 if it compared with none


class Torn(HebbsimError):
    """A line that was not written whole."""


def to_line(record: Record) -> str:
    """One line of JSON, without its newline. Raises HebbsimError for a field or a count that is not as in Record."""
    fields = {name: x.item() if isinstance(x, np.generic) else x for name, x in record._asdict().items()}
    for name in ("seconds", "stored_bits"):
        if type(fields[name]) is int:
            fields[name] = float(fields[name])
    fields = {name: x for name, x in fields.items() if x or name not in _OPTIONAL}
    _check(fields)
    arrays = {name: _array(name, x) for name, x in record.counts.items()}
    check(_known(record.task)[1], arrays, record.num_parameters, record.finite)
    task, counts = record.task.to_json(), {name: _encode(array) for name, array in arrays.items()}
    body = json.dumps(fields | {"task": task, "counts": counts, "schema": SCHEMA}, separators=(",", ":"))[:-1]
    return f'{body},"crc":"{zlib.crc32(body.encode()):08x}"}}'


def from_line(text: str) -> Record:
    """The record of a line.

    Raises HebbsimError if it is torn, edited, of another schema, not a record at all, or one that cannot be.
    """
    text = text.strip()
    try:
        fields = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        raise Torn("torn line: it is not whole JSON") from None
    except ValueError:
        raise HebbsimError("not a hebbsim record: an integer of thousands of digits") from None
    if not isinstance(fields, dict) or not {"task", "schema", "crc"} <= fields.keys():
        raise HebbsimError("not a hebbsim record")
    if fields["schema"] != SCHEMA:
        raise HebbsimError(f"unknown schema {fields['schema']!r}; allowed: {SCHEMA}")
    body, _, end = text.rpartition(',"crc":')
    if end != f'"{zlib.crc32(body.encode(errors="replace")):08x}"}}':
        raise HebbsimError("wrong crc: the line was changed after it was written")
    if fields.keys() - _OPTIONAL.keys() != _FIELDS:
        wrong = sorted((fields.keys() - _OPTIONAL.keys()) ^ _FIELDS)
        raise HebbsimError(f"unknown or missing fields: {', '.join(wrong)}")
    _check(fields)
    counts = {name: _decode(name, count) for name, count in fields["counts"].items()}
    task, given = _task(text, fields["task"])
    check(given, counts, fields["num_parameters"], fields["finite"])
    rest = {name: fields[name] for name in (*_TYPES, *_OPTIONAL) if name in fields and name != "counts"}
    return Record(task, counts=counts, **rest)


_TASKS: dict[str, tuple[Any, Task, Expected]] = {}  # text of a task in a line -> its fields, and what they stand for
_KNOWN: dict[Task, tuple[Task, Expected]] = {}
MOST_KEPT = 4096


def _task(text: str, fields: Any) -> tuple[Task, Expected]:
    """A task has many trials, and its text in a line is quicker to look up than its fields."""
    key = text[: text.find(',"trial":')]
    found = _TASKS.get(key)
    if found is None or found[0] != fields:
        if len(_TASKS) >= MOST_KEPT:
            _TASKS.clear()
        found = _TASKS[key] = fields, *_known(Task.from_json(fields))
    return found[1:]


def _known(task: Task) -> tuple[Task, Expected]:
    if task not in _KNOWN:
        if len(_KNOWN) >= MOST_KEPT:
            _KNOWN.clear()
        _KNOWN[task] = task, expected(task)
    return _KNOWN[task]


def _check(fields: dict[str, Any]) -> None:
    for name, kind in (_TYPES | _OPTIONAL).items():
        if name in _OPTIONAL and name not in fields:
            continue
        value = fields[name]
        if type(value) is not kind or (kind is int and not 0 <= value <= _MOST[name]):
            short = f"{value:.6g}" if isinstance(value, int) else type(value).__name__
            words = f"an integer from 0 to {_MOST[name]}" if kind is int else kind.__name__
            raise HebbsimError(f"record: {name} = {short}; allowed: {words}")
    if not 0 <= fields["seconds"] < math.inf:
        raise HebbsimError(f"record: seconds = {fields['seconds']}; allowed: 0 or more")
    if not 0 <= fields.get("stored_bits", 0.0) < math.inf:
        raise HebbsimError(f"record: stored_bits = {fields['stored_bits']}; allowed: 0 or more")


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
    if type(count) is int and -(2**63) <= count < 2**63:
        return np.array(count)
    if not isinstance(count, dict):
        array = _array(name, count)
        if np.asarray(count).dtype.kind == "b":
            raise HebbsimError(f"record: count {name!r}; allowed: numbers")
        return array
    try:
        if math.prod(count["shape"]) > MOST_ENTRIES:
            raise HebbsimError(f"record: count {name!r} has more than {MOST_ENTRIES} entries")
        array = np.zeros(count["shape"], _DTYPES[count["dtype"]])
        array.reshape(-1)[np.asarray(count["at"], np.int64)] = count["is"]
    except (LookupError, ValueError, TypeError, OverflowError):
        raise HebbsimError(f"record: count {name!r} is not a sparse array (shape, dtype, at, is)") from None
    return array


def text_of(raw: bytes) -> str:
    """A line without what says nothing: zeros that a crash of the machine left, line ends, a byte-order mark."""
    return raw.decode(errors="replace").strip("\ufeff\0 \t\r\n")
