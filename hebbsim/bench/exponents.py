"""How cost grows with dim and with the number of pairs: exponents from straight lines through logarithms."""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from hebbsim.bench.kernels import writes
from hebbsim.bench.timing import ROUNDS, Row, interleaved, spread
from hebbsim.ensembles import ENSEMBLES
from hebbsim.simulate import trial
from hebbsim.simulate.plan import sweep
from hebbsim.statistics.estimate import Estimate, student

MOST = 5  # rounds


def growth(
    dims: Sequence[int] = (1024, 2048, 4096, 8192),
    loads: Sequence[int] = (8, 16, 32, 64),
    load_dim: int = 1024,
    rounds: int = ROUNDS,
) -> list[Row]:
    """Seconds of a write of 2,048 pairs against dim (asked: 2) and of a whole trial with 64 probes against load (asked: 1).

    exponent: of a straight line through the logarithms in each round, with its interval over rounds. write: bits, drawn
    before; write_drawn: drawn on the way; product: float32, for comparison.
    """
    often = max(2, min(rounds, MOST))
    calls: dict[Any, Callable[[], Any]] = {}
    side = ENSEMBLES["bipolar"]().keys
    for dim in dims:
        for name, call in writes("hebbian", side(dim), dim).items():
            if name in ("write", "write_drawn", "product"):
                calls[name, dim] = call
    for load in loads:
        plan = sweep(dim=load_dim, loads=[load], probes=64)
        calls["trial", load] = functools.partial(
            trial.run, plan.spec, 0, [0], [task.num_patterns for task in plan.tasks]
        )
    took = interleaved(calls, often)
    rows = []
    for what in ("write", "write_drawn", "product", "trial"):
        sizes = {size: seconds for (name, size), seconds in took.items() if name == what}
        found, asked = exponent(sizes), 1.0 if what == "trial" else 2.0
        rows.append(
            {"what": what, "against": "load" if what == "trial" else "dim", "sizes": ", ".join(map(str, sizes))}
            | {f"seconds_{end}": spread(sizes[at]) for end, at in (("first", min(sizes)), ("last", max(sizes)))}
            | {"exponent": found.best, "low": found.low, "high": found.high, "asked": asked}
            | {"met": abs(found.best - asked) <= 0.1}
        )
    return rows


# Of fields carried on: what grows -> (its sizes, the options of a trial of each size)
ONE_PASS: dict[str, tuple[Sequence[int], Callable[[int], dict[str, Any]]]] = {
    "load": ((8, 16, 32, 64), lambda load: dict(dim=1024, loads=[load])),
    "dim_value": (
        (1024, 2048, 4096, 8192),
        lambda dim: dict(dim_key=256, dim_value=dim, loads=[16 * (i + 1) / 12 for i in range(12)]),
    ),
}


def one_pass(shrink: int = 1, probes: int = 256, rounds: int = ROUNDS) -> list[Row]:
    """Seconds of a trial with its fields carried on, against the largest load and against dim_value (asked: 1 each).

    shrink: divides every dim.
    """
    calls: dict[Any, Callable[[], Any]] = {}
    for against, (sizes, options) in ONE_PASS.items():
        for size in sizes:
            given = {
                name: value // shrink if name.startswith("dim") else value for name, value in options(size).items()
            }
            plan = sweep(**given, probes=probes, form="carried")
            calls[against, size] = functools.partial(
                trial.run, plan.spec, 0, [0], [task.num_patterns for task in plan.tasks]
            )
    took = interleaved(calls, max(2, rounds))
    rows = []
    for against in ONE_PASS:
        sizes = {size: seconds for (name, size), seconds in took.items() if name == against}
        found = exponent(sizes)
        rows.append(
            {"what": "fields carried on", "against": against, "probes": probes, "sizes": ", ".join(map(str, sizes))}
            | {f"seconds_{end}": spread(sizes[at]) for end, at in (("first", min(sizes)), ("last", max(sizes)))}
            | {"exponent": found.best, "low": found.low, "high": found.high, "asked": 1.0}
            | {"met": abs(found.best - 1) <= 0.1}
        )
    return rows


def exponent(sizes: Mapping[int, np.ndarray]) -> Estimate:
    """Slope of log seconds in log size, one a round."""
    logs = np.log(np.asarray(list(sizes.values())))
    return student(np.polyfit(np.log(list(sizes)), logs, 1)[0])
