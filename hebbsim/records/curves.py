"""The names of curves: curves.json beside the records says which tasks each curve of an experiment is made of.

A name stands for one call of hebbsim.curve: tasks that differ in num_patterns only. Nobody has to tell curves apart by
their options again, and two curves that differ in one option are never taken for each other.
"""

import contextlib
import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hebbsim.errors import HebbsimError
from hebbsim.records.task import Task

FILE = "curves.json"
Named = Mapping[str, Sequence[Task]]


def write_names(folder: Path, curves: Named) -> Path:
    """Write curves.json, one curve a line, whole or not at all; a file that says the same is left alone.

    Raises HebbsimError for an empty curve, tasks that differ in more than num_patterns, and a file that cannot be written.
    """
    lines = [f"{json.dumps(name)}: {json.dumps(_shared(name, tasks))}" for name, tasks in curves.items()]
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    path = folder / FILE
    half = path.with_name(f"{FILE}.{os.getpid()}.part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if path.is_file() and path.read_text() == text:
            return path
        half.write_text(text)
        os.replace(half, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            half.unlink()
        raise HebbsimError(f"{path}: cannot write: {error.strerror}") from None
    return path


def read_names(folder: Path) -> dict[str, tuple[Task, ...]]:
    """The named curves of a folder, tasks in ascending num_patterns; none if it has no curves.json. Raises HebbsimError."""
    path = folder / FILE
    try:
        if not path.is_file():
            return {}
        named = json.loads(path.read_text())
        if not isinstance(named, dict):
            raise TypeError
        return {name: _tasks(fields) for name, fields in named.items()}
    except OSError as error:
        raise HebbsimError(f"{path}: cannot read: {error.strerror}") from None
    except HebbsimError as error:
        raise HebbsimError(f"{path}: {error}") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        message = 'an object such as {"NAME": {"num_patterns": [8, 16], "rule": "hebbian", ...}}'
        raise HebbsimError(f"{path}: does not name curves; allowed: {message}") from None


def union(*named: Named) -> dict[str, tuple[Task, ...]]:
    """The curves of several folders together. Raises HebbsimError where one name means curves of other options."""
    found: dict[str, tuple[Task, ...]] = {}
    for curves in named:
        for name, tasks in curves.items():
            both = {task: None for task in (*found.get(name, ()), *tasks)}
            _shared(name, tuple(both))
            found[name] = tuple(sorted(both, key=lambda task: task.num_patterns))
    return found


def _shared(name: str, tasks: Sequence[Task]) -> dict[str, Any]:
    if not isinstance(name, str) or not name or not tasks:
        raise HebbsimError(f"curve {name!r}; allowed: text that is not empty, for one task or more")
    kinds = {dataclasses.replace(task, num_patterns=1) for task in tasks}
    if len(kinds) > 1:
        one, other = (task.to_json() for task in list(kinds)[:2])
        differ = ", ".join(field for field in one if one[field] != other[field])
        raise HebbsimError(f"curve {name!r} names tasks that differ in {differ}; allowed: in num_patterns only")
    fields = tasks[0].to_json()
    del fields["num_patterns"]
    return {"num_patterns": sorted({task.num_patterns for task in tasks})} | fields


def _tasks(fields: dict) -> tuple[Task, ...]:
    rest = {name: value for name, value in fields.items() if name != "num_patterns"}
    counts = fields["num_patterns"]
    if not isinstance(counts, list) or not counts:
        raise ValueError
    first = Task.from_json(rest | {"num_patterns": counts[0]})
    return tuple(dataclasses.replace(first, num_patterns=count) for count in sorted(set(counts)))
