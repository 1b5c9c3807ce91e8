"""Tables: of points, of capacities, in Markdown and JSON. No JAX."""

import contextlib
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hebbsim.errors import HebbsimError, printable
from hebbsim.records.task import FIELDS, Task
from hebbsim.statistics.fit import Capacity, best_load, exact_load, load_at_error
from hebbsim.statistics.measurement import Measurement, curves


def markdown(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A Markdown table, its cells shown as they are: no HTML, and nothing that a terminal obeys."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines) + "\n"


def _cell(value: Any) -> str:
    return re.sub("<(?=[A-Za-z/!?])", "&lt;", printable(str(value))).replace("|", "\\|")


def write(path: Path, text: str) -> Path:
    """Write a file whole or not at all; into a device or a pipe as it comes. Raises HebbsimError if it cannot be written."""
    if not path.name:
        raise HebbsimError(f"{path}: cannot write: it is a folder")
    file = Path(os.path.realpath(path))  # what a link points to is replaced, not the link
    half = file.with_name(file.name + ".part")
    try:
        if path.exists() and not path.is_file():
            path.write_text(text)
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        half.write_text(text)
        os.replace(half, file)
    except OSError as error:
        with contextlib.suppress(OSError):
            half.unlink()
        raise HebbsimError(f"{path}: cannot write: {error.strerror}") from None
    return path


def write_json(path: Path, value: Any) -> Path:
    """Write JSON; estimates become objects, numbers that are not finite become null."""
    return write(path, json.dumps(to_json(value), indent=1) + "\n")


def to_json(value: Any) -> Any:
    """The value as JSON takes it: estimates as objects, arrays as lists, numbers that are not finite as null."""
    if isinstance(value, Mapping):
        return {str(name): to_json(item) for name, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return to_json(value._asdict())  # type: ignore[attr-defined]
    if isinstance(value, list | tuple | np.ndarray):
        return [to_json(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.9g}") if np.isfinite(value) else None
    return value


def describe(task: Task, leave_out: Sequence[str] = ("num_patterns",)) -> str:
    """The fields of a task that are not at their defaults, in words."""
    common = Task(dim_key=task.dim_key, dim_value=task.dim_value, num_patterns=1, probes=task.probes)
    hidden = {"dim_key", "dim_value", "probes", "version", "readout", *leave_out}
    parts = [f"{task.rule}, {task.ensemble}, {task.readout}, {task.dim_key} x {task.dim_value}"]
    shown = [n for n in FIELDS if n not in hidden | {"rule", "ensemble"} and getattr(task, n) != getattr(common, n)]
    return ", ".join(parts + [f"{name} = {getattr(task, name)}" for name in shown])


def capacities(curve: Sequence[Measurement], level: float = 0.95) -> tuple[list[Capacity], list[str]]:
    """Every capacity that a curve decides, and for each that it does not, why."""
    found, why = [], []
    kinds: list[tuple[str, Callable[[], Capacity]]] = [
        (f"best {criterion}", lambda c=criterion: best_load(curve, c, level)) for criterion in curve[0].criteria
    ]
    if "hard" in curve[0].criteria:
        kinds += [("epsilon", lambda: load_at_error(curve, level=level)), ("exact", lambda: exact_load(curve, level))]
    for name, kind in kinds:
        try:
            found.append(kind()._replace(criterion=name))
        except HebbsimError as error:
            why.append(f"{name}: {error}")
    return found, why


def fit_tables(points: Sequence[Measurement], level: float = 0.95) -> tuple[dict[str, Any], str]:
    """(JSON, Markdown) of all points and of every curve's capacities."""
    data: dict[str, Any] = {"level": level, "curves": []}
    text = [f"# Fits\n\nIntervals: {100 * level:g} %, over trials. Bits are per parameter.\n"]
    for first, curve in curves(points).items():
        text.append(f"\n## {describe(first)}\n\nparameters: {curve[0].num_parameters:,}\n")
        rows = [
            [
                p.task.num_patterns,
                f"{p.load:.4g}",
                p.error_rate.number(),
                *(p.bits[c].number() for c in p.criteria),
                len(p.records),
            ]
            for p in curve
        ]
        text.append(markdown(["patterns", "load", "error rate", *curve[0].criteria, "trials"], rows))
        found, why = capacities(curve, level) if len(curve) > 2 else ([], [])
        if found:
            rows = [[c.criterion, c.load.number(), c.bits.number()] for c in found]
            text.append("\n" + markdown(["capacity", "load", "bits"], rows))
        data["curves"].append(
            {
                "task": {k: v for k, v in first.to_json().items() if k != "num_patterns"},
                "num_parameters": curve[0].num_parameters,
                "points": [
                    {"num_patterns": p.task.num_patterns, "load": p.load, "error_rate": p.error_rate, "bits": p.bits}
                    for p in curve
                ],
                "capacities": found,
                "undecided": why,
            }
        )
    return data, "\n".join(text)
