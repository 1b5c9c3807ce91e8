"""What the code costs: `hebbsim bench`, a part a function, a table and a JSON file a part."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax

from hebbsim.answers.report import write_json
from hebbsim.bench.curves import curve, many_loads
from hebbsim.bench.devices import device
from hebbsim.bench.exponents import growth, one_pass
from hebbsim.bench.kernels import forms, packed, read
from hebbsim.bench.programs import memory, start
from hebbsim.bench.readers import amp
from hebbsim.bench.rules import write
from hebbsim.bench.scans import channelwise, chunked
from hebbsim.bench.timing import ROUNDS, Row, machine
from hebbsim.errors import one_of

PARTS: dict[str, Callable[..., list[Row]]] = {
    "packed": packed,
    "read": read,
    "forms": forms,
    "curve": curve,
    "loads": many_loads,
    "chunked": chunked,
    "channelwise": channelwise,
    "write": write,
    "amp": amp,
    "growth": growth,
    "one_pass": one_pass,
    "memory": memory,
    "start": start,
    "device": device,
}
TASKED = ("write",)  # parts that time the memories of an experiment if one is given


def bench(
    names: Sequence[str], folder: Path, tasks: Sequence[Mapping[str, Any]] = (), rounds: int = ROUNDS
) -> Iterator[tuple[str, list[Row]]]:
    """Run the named parts (all if none is named), each written to folder/NAME.json as it ends. Raises HebbsimError."""
    for name in names:
        if name not in PARTS:
            raise one_of("part of the benchmark", name, PARTS)
    jax.config.update("jax_enable_compilation_cache", False)  # what is timed cold is compiled, not read from a disk
    for name in names or PARTS:
        before = machine()
        more = {"tasks": tasks} if name in TASKED else {}
        rows = PARTS[name](rounds=rounds, **more)
        after = {"load_average_after": machine()["load_average"]}
        write_json(folder / f"{name}.json", {"part": name, **before, **after, "rounds": rounds, "rows": rows})
        yield name, rows


def show(name: str, rows: Sequence[Row]) -> None:
    """A table of a part's rows: numbers to three figures, of a spread the median."""
    from rich.console import Console
    from rich.table import Table

    shown = Table(title=name)
    columns = {name: value for row in reversed(rows) for name, value in row.items()}
    columns = {name: columns[name] for name in dict.fromkeys(name for row in rows for name in row)}
    for column, value in columns.items():
        wide = isinstance(value, str)
        shown.add_column(column.replace("_", " "), overflow="fold", min_width=18 if wide else 6)
    for row in rows:
        shown.add_row(*(cell(row.get(column)) for column in columns))
    Console(width=None if sys.stdout.isatty() else 160).print(shown)


def cell(value: Any) -> str:
    """As a table shows it."""
    if isinstance(value, Mapping):
        value = value["median"]
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return (
        "" if value is None else f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    )
