"""Measurements as rows of a table: what pandas and a CSV file take. No JAX."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from hebbsim.records.task import PARTS
from hebbsim.statistics.measurement import Measurement


def row(point: Measurement) -> dict[str, Any]:
    """One measurement as a flat dict: its parts and sizes, each number with its interval, and the task's identity."""
    task = point.task
    found: dict[str, Any] = {name: getattr(task, name) for name in (*PARTS, "dim_key", "dim_value", "num_patterns")}
    found |= {"load": point.load, "num_parameters": point.num_parameters}
    numbers = {f"{name}_bits_per_parameter": bits for name, bits in point.bits.items()}
    for name, estimate in (numbers | {"error_rate": point.error_rate}).items():
        found |= {name: estimate.best, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
    return found | {"level": point.level, "trials": len(point.records), "exact": point.exact, "task": task.identity()}


def rows(points: Sequence[Measurement]) -> list[dict[str, Any]]:
    """A row for each point; every row has the columns of all, None where a readout does not decide a number."""
    found = [row(point) for point in points]
    columns = list(dict.fromkeys(name for one in found for name in one))
    return [{name: one.get(name) for name in columns} for one in found]


def csv_text(table: Sequence[dict[str, Any]]) -> str:
    """Rows as CSV with a header; the empty text for no rows."""
    if not table:
        return ""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(table[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return text.getvalue()
