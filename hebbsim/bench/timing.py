"""Calls timed in interleaved rounds, so that their ratios hold on a busy machine too; and what they were timed on."""

import math
import os
import platform
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import numpy as np

ROUNDS = 9
LEAST = 0.2  # seconds of a timing
PAUSE = 0.1  # seconds before each call: NumPy's threads go on spinning for a while after a product

Row = dict[str, Any]


def interleaved(calls: Mapping[Any, Callable[[], Any]], rounds: int = ROUNDS) -> dict[Any, np.ndarray]:
    """Seconds of every call in each round: one after the other, so that what slows the machine slows all alike.

    A short call is repeated until a timing lasts LEAST seconds: what wakes up after the pause costs milliseconds.
    """
    repeats = {}
    for name, call in calls.items():
        timed(call, 1)  # compiles
        repeats[name] = max(1, math.ceil(LEAST / timed(call, 1)))
    took: dict[Any, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            time.sleep(PAUSE)
            took[name].append(timed(call, repeats[name]))
    return {name: np.asarray(seconds) for name, seconds in took.items()}


def timed(call: Callable[[], Any], repeats: int) -> float:
    """Seconds of one of `repeats` calls, each waited for."""
    began = time.perf_counter()
    for _ in range(repeats):
        jax.block_until_ready(call())
    return (time.perf_counter() - began) / repeats


def spread(seconds: np.ndarray) -> Row:
    """Median and quartiles."""
    low, middle, high = np.quantile(seconds, (0.25, 0.5, 0.75))
    return {"low": float(low), "median": float(middle), "high": float(high)}


def faster(slow: np.ndarray, fast: np.ndarray) -> float:
    """How many times faster: the median over rounds of the ratio within one."""
    return float(np.median(slow / fast))


def machine() -> Row:
    """What the times were taken on, and how busy it was: the load average counts this run too."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    processor = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    versions = {"jax": jax.__version__, "jaxlib": version("jaxlib"), "numpy": np.__version__}
    device = {"device": jax.devices()[0].device_kind, "devices": len(jax.devices()), "processor": processor}
    # What picks NumPy's kernels, and JAX's: a baseline on the wrong ones is no baseline.
    chosen = {n: text for n, text in sorted(os.environ.items()) if n.startswith(("OPENBLAS_", "OMP_", "XLA_FLAGS"))}
    device |= {"environment": chosen}
    return versions | device | {"cores": cores, "load_average": [round(x, 2) for x in os.getloadavg()]}
