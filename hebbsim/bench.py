"""What the code costs: each part of PARTS is timed in interleaved rounds, so that its ratios hold on a busy machine too."""

import functools
import math
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from hebbsim import trial
from hebbsim.base import Rule
from hebbsim.errors import one_of
from hebbsim.information import log2_choose
from hebbsim.kernels.chunked import corrected_sum, corrected_sum_scan, decayed_sum, decayed_sum_scan
from hebbsim.plan import Sweep, sweep
from hebbsim.report import write_json
from hebbsim.rules import RULES
from hebbsim.task import parse_label

ROUNDS = 9
ASKED = {512: 5.0, 2048: 10.0}  # how many times faster than the scan a chunked form is to be, by dim
CHUNKED_PAIRS = 1024  # written by a timed chunked form
STATE = 2.0**26  # entries of state that a timed scan goes through, about: its cost is the same for every pair
BLOCK, PAIRS = 128, 512  # pairs written at once and in all, so that no window of BLOCK or more lets a rule skip any
ENTRIES = 2**23  # entries of the pairs written, at most: fewer pairs where they are wide

Row = dict[str, Any]


def interleaved(calls: Mapping[Any, Callable[[], Any]], rounds: int = ROUNDS) -> dict[Any, np.ndarray]:
    """Seconds of every call in each round: one after the other, so that what slows the machine slows all alike."""
    took: dict[Any, list[float]] = {name: [] for name in calls}
    for number in range(rounds + 1):
        for name, call in calls.items():
            began = time.perf_counter()
            jax.block_until_ready(call())
            if number:  # the first compiles
                took[name].append(time.perf_counter() - began)
    return {name: np.asarray(seconds) for name, seconds in took.items()}


def chunked(dims: Sequence[int] = (128, 512, 2048), rounds: int = ROUNDS) -> list[Row]:
    """Decay, delta and gated delta: the chunked form against the naive scan over single pairs, time a pair."""

    def gated(form: Callable) -> Callable:
        return lambda state, keys, values: form(state, keys, values, jnp.full((len(keys), 1), math.log(0.99)))

    def corrected(form: Callable, decay: float) -> Callable:
        return lambda state, keys, values: form(state, keys, values, 1.0, decay)

    forms = {
        "decay": (gated(decayed_sum), gated(decayed_sum_scan)),
        "delta": (corrected(corrected_sum, 1.0), corrected(corrected_sum_scan, 1.0)),
        "gated_delta": (corrected(corrected_sum, 0.99), corrected(corrected_sum_scan, 0.99)),
    }
    rows = []
    for dim in dims:
        counts = CHUNKED_PAIRS, int(np.clip(STATE / dim**2, 32, CHUNKED_PAIRS))
        rng = np.random.default_rng(0)
        pairs = [jnp.asarray(rng.choice([-1.0, 1.0], (CHUNKED_PAIRS, dim)), jnp.float32) for _ in "kv"]
        calls = {}
        for both in forms.values():
            for run, count in zip(both, counts, strict=True):
                state = jnp.zeros((dim, dim))
                calls[run] = functools.partial(jax.jit(run), state, *(rows[:count] for rows in pairs))
        took = interleaved(calls, rounds)
        for name, both in forms.items():
            fast, naive = (took[run] / count for run, count in zip(both, counts, strict=True))
            ratio = float(np.median(naive) / np.median(fast))
            asked = ASKED.get(dim)
            rows.append(
                {"rule": name, "dim": dim, "pairs": counts[0], "pairs_naive": counts[1]}
                | {"seconds_per_pair": spread(fast), "seconds_per_pair_naive": spread(naive)}
                | {"times_faster": ratio, "asked": asked, "met": ratio >= asked if asked else None}
            )
    return rows


def write(tasks: Iterable[Mapping[str, Any]] = (), rounds: int = ROUNDS) -> list[Row]:
    """How fast pairs go into the memory of each task (arguments of hebbsim.curve), one consolidation at the end included.

    No tasks: every rule at its default options, 256 x 256. Pairs are codes where the rule has a form for them, as in
    trials, else float32 rows, and lie in memory before. bits: the entropy of the values. depth: of writing these pairs.
    """
    plans = {}
    for task in tasks or [{"rule": name, "dim": 256, **storable(made())} for name, made in RULES.items()]:
        given = {name: value for name, value in task.items() if name not in ("trials", "loads", "num_patterns")}
        plan = sweep(loads=[1.0], **given)
        point = plan.tasks[0]
        plans.setdefault((point.rule, point.ensemble, point.dim_key, point.dim_value), plan)
    made = {name: writing(plan) for name, plan in plans.items()}
    took = interleaved({name: call for name, (call, _) in made.items()}, rounds)
    rows = []
    for name, plan in plans.items():
        rule, ensemble, dim_key, dim_value = name
        pairs, bits = made[name][1], value_bits(ensemble, dim_value)
        rate = pairs / float(np.median(took[name]))
        rows.append(
            {"rule": rule, "ensemble": ensemble, "dim_key": dim_key, "dim_value": dim_value}
            | {"num_parameters": plan.num_parameters, "num_state": plan.spec.rule.num_state(dim_key, dim_value)}
            | {"depth": plan.spec.rule.depth(pairs), "pairs": pairs, "seconds": spread(took[name])}
            | {"pairs_per_second": rate, "bits_per_second": rate * bits}
            | {"bits_per_second_per_parameter": rate * bits / plan.num_parameters}
        )
    return rows


def writing(plan: Sweep) -> tuple[Callable[[], Any], int]:
    """(call that writes and consolidates, how many pairs that is)."""
    spec = plan.spec
    sides, dims = spec.sides, (spec.dim_key, spec.dim_value)
    block = math.lcm(BLOCK, spec.rule.chunk)
    blocks = max(1, min(PAIRS, ENTRIES // sum(dims)) // block)
    index = jnp.arange(blocks * block)
    codes = [side.draw(key, index) for side, key in zip(sides, jax.random.split(jax.random.key(0)), strict=True)]
    codes[1] = codes[0] if spec.tied else codes[1]
    run = trial.writer(spec.rule, *sides, ((), sides[1].book(jax.random.key(1))), block)[0]
    if not trial.fast_form(spec.rule, *sides):
        run = spec.rule.write
        codes = [side.rows(side.book(jax.random.key(1)), code) for side, code in zip(sides, codes, strict=True)]
    codes = [code.reshape(blocks, block, *code.shape[1:]) for code in codes]

    @jax.jit
    def call(codes: list[jax.Array]) -> Any:
        state = jax.lax.scan(lambda state, both: (run(state, *both), None), spec.rule.init(*dims), codes)[0]
        return spec.rule.consolidate(state)

    return lambda: call(codes), blocks * block


def storable(rule: Rule) -> Row:
    """An ensemble that the rule can store, and a readout that scores it."""
    kind = "bipolar" if "bipolar" in rule.accepts else min(rule.accepts)
    readout = {"bipolar": "sign", "gaussian": "soft", "sparse": "threshold", "tokens": "argmax"}[kind]
    return {"ensemble": kind, "readout": readout, "tied": rule.tied_only}


def value_bits(ensemble: str, dim_value: int) -> float:
    """Entropy of one value in bits; nan for real numbers."""
    kind, options = parse_label(ensemble)
    if kind == "sparse":
        return log2_choose(dim_value, options["active"])
    return {"bipolar": float(dim_value), "tokens": math.log2(options.get("vocabulary", 2))}.get(kind, math.nan)


def spread(seconds: np.ndarray) -> Row:
    """Median and quartiles."""
    low, middle, high = np.quantile(seconds, (0.25, 0.5, 0.75))
    return {"low": float(low), "median": float(middle), "high": float(high)}


def machine() -> Row:
    """What the times were taken on, and how busy it was: the load average counts this run too."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    processor = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    versions = {"jax": jax.__version__, "jaxlib": version("jaxlib"), "numpy": np.__version__}
    device = {"device": jax.devices()[0].device_kind, "devices": len(jax.devices()), "processor": processor}
    return versions | device | {"cores": cores, "load_average": [round(x, 2) for x in os.getloadavg()]}


PARTS: dict[str, Callable[..., list[Row]]] = {"chunked": chunked, "write": write}
TASKED = ("write",)  # parts that time the memories of an experiment if one is given


def bench(
    names: Sequence[str], folder: Path, tasks: Sequence[Mapping[str, Any]] = (), rounds: int = ROUNDS
) -> dict[str, list[Row]]:
    """Run the named parts (all if none is named), each written to folder/NAME.json. Raises HebbsimError."""
    for name in names:
        if name not in PARTS:
            raise one_of("part of the benchmark", name, PARTS)
    found = {}
    for name in names or PARTS:
        before = machine()
        more = {"tasks": tasks} if name in TASKED else {}
        found[name] = PARTS[name](rounds=rounds, **more)
        after = {"load_average_after": machine()["load_average"]}
        write_json(folder / f"{name}.json", {"part": name, **before, **after, "rounds": rounds, "rows": found[name]})
    return found


def show(name: str, rows: Sequence[Row]) -> None:
    """A table of a part's rows: numbers to three figures, of a spread the median."""
    from rich.console import Console
    from rich.table import Table

    shown = Table(title=name)
    for column, value in rows[0].items():
        wide = isinstance(value, str)
        shown.add_column(column.replace("_", " "), overflow="fold", min_width=18 if wide else 6)
    for row in rows:
        shown.add_row(*(cell(value) for value in row.values()))
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
