"""One line of JSON for each trial of a task, ending in the CRC of what comes before it.

A line torn by a kill is not JSON. A whole line whose CRC is wrong was edited.
"""

import functools
import json
import zlib
from typing import Any, NamedTuple

import numpy as np

from hebbsim.errors import HebbsimError
from hebbsim.records.task import Task

SCHEMA = 1
SPARSE_FROM = 64  # entries in the last axis; most of a histogram is zero
APPROXIMATE_COUNTS = frozenset({"log_posterior", "cue_log_posterior"})  # float sums: their last digits are the device's

START = '{"task":{"rule":'  # of every line: it tells a torn line of ours from the first line of someone else's file
_DTYPES = {"int64": np.int64, "float64": np.float64}
_TYPES = {
    "trial": int, "num_parameters": int, "exact": bool, "finite": bool, "counts": dict, "seconds": float, "run": str,
    "stored_bits": float,
}  # fmt: skip
_FIELDS = frozenset({"task", "schema", "crc", *_TYPES})
_OPTIONAL = frozenset({"channel"})  # records from before there was one lack it


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


class Torn(HebbsimError):
    """A line that was not written whole."""


def to_line(record: Record) -> str:
    """One line of JSON, without its newline. Raises HebbsimError for a field or a count that is not as in Record."""
    fields = {name: x.item() if isinstance(x, np.generic) else x for name, x in record._asdict().items()}
    for name in ("seconds", "stored_bits"):
        if type(fields[name]) is int:
            fields[name] = float(fields[name])
    if not fields["channel"]:
        del fields["channel"]
    _check(fields)
    if not record.stored_bits:
        del fields["stored_bits"]
    task, counts = record.task.to_json(), {name: _encode(_array(name, x)) for name, x in record.counts.items()}
    body = json.dumps(fields | {"task": task, "counts": counts, "schema": SCHEMA}, separators=(",", ":"))[:-1]
    return f'{body},"crc":"{zlib.crc32(body.encode()):08x}"}}'


def from_line(text: str) -> Record:
    """The record of a line. Raises HebbsimError if it is torn, edited, of another schema or not a record at all."""
    text = text.strip()
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        raise Torn("torn line: it is not whole JSON") from None
    if not isinstance(fields, dict) or not {"task", "schema", "crc"} <= fields.keys():
        raise HebbsimError("not a hebbsim record")
    if fields["schema"] != SCHEMA:
        raise HebbsimError(f"unknown schema {fields['schema']!r}; allowed: {SCHEMA}")
    body, _, end = text.rpartition(',"crc":')
    if end != f'"{zlib.crc32(body.encode(errors="replace")):08x}"}}':
        raise HebbsimError("wrong crc: the line was changed after it was written")
    fields.setdefault("stored_bits", 0.0)
    if fields.keys() - _OPTIONAL != _FIELDS:
        raise HebbsimError(f"unknown or missing fields: {', '.join(sorted((fields.keys() - _OPTIONAL) ^ _FIELDS))}")
    _check(fields)
    counts = {name: _decode(name, count) for name, count in fields["counts"].items()}
    rest = {name: fields[name] for name in _TYPES if name != "counts"}
    return Record(_task(json.dumps(fields["task"])), counts=counts, **rest, channel=fields.get("channel", ""))


@functools.lru_cache(4096)  # a task has many trials
def _task(text: str) -> Task:
    return Task.from_json(json.loads(text))


def _check(fields: dict[str, Any]) -> None:
    for name, kind in (_TYPES | {"channel": str}).items():
        value = fields.get(name, "") if name in _OPTIONAL else fields[name]
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


def text_of(raw: bytes) -> str:
    # A crash of the machine can leave zeros where a line was to be.
    return raw.decode(errors="replace").strip("\0 \t\r\n")
