"""Whole programs, as a user starts them: how much memory they take, and how long until they have said something."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hebbsim import collect
from hebbsim.bench.timing import ROUNDS, Row, faster, interleaved, spread
from hebbsim.simulate.plan import sweep

ASKED_GIB = 1.0
PAIRS = (10**3, 10**5, 10**7)
# A program's peak starts from that of the one which starts it, so that a small one must.
LARGEST = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
"""
DRAWN = """
from hebbsim import plot
from hebbsim.statistics.measurement import curves, measurements

BUDGET = "a second"
TASKS = [dict(dim=16, loads=(0.5, 1, 2), probes=16, trials=4)]

def figure(results):
    made, (ax,) = plot.figure()
    for i, curve in enumerate(curves(measurements(results)).values()):
        plot.points(ax, [p.load for p in curve], [p.bits_per_parameter for p in curve], "sign", i)
    ax.set(xlabel="load", ylabel="bits per parameter")
    return made
"""


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "hebbsim", *arguments]


def environment() -> dict[str, str]:
    """This one, but for the package, found where it is, and what was compiled before, not kept."""
    path = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, path)), "JAX_COMPILATION_CACHE_DIR": ""}


def run(arguments: Sequence[str]) -> None:
    subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL, env=environment())


def memory(pairs: Sequence[int] = PAIRS, dim: int = 1024, rounds: int = ROUNDS) -> list[Row]:
    """The most memory that `hebbsim measure` ever holds, against the number of pairs; once, whatever `rounds` says."""
    rows = []
    for count in pairs:
        given = f"--dim {dim} --num-patterns {count} --probes 256 --trials 2 --readout soft".split()
        started = [sys.executable, "-c", LARGEST, *command("measure", *given)]
        said = subprocess.run(started, check=True, capture_output=True, text=True, env=environment()).stdout
        seconds, most = map(float, said.split())
        gib = most * (1 if sys.platform == "darwin" else 1024) / 2**30
        rows.append(
            {"dim": dim, "num_patterns": count, "seconds_of_cores": seconds}
            | {"state_gib": 4 * dim**2 / 2**30, "peak_gib": gib, "asked": ASKED_GIB, "met": gib <= ASKED_GIB}
        )
    return rows


def start(rounds: int = ROUNDS) -> list[Row]:
    """Seconds of `hebbsim list rules`, and of `plot` on a small experiment, against importing matplotlib and JAX alone."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "small.py"
        file.write_text(DRAWN)
        plan = sweep(dim=16, loads=(0.5, 1, 2), probes=16)
        collect.collect([plan], 4, Path(folder) / "records" / "records.jsonl")
        calls = {
            "import matplotlib.figure": [sys.executable, "-c", "import matplotlib.figure"],
            "import jax": [sys.executable, "-c", "import jax"],
            "hebbsim plot": command("plot", str(file), "--out", str(Path(folder) / "records")),
            "hebbsim list rules": command("list", "rules"),
        }
        took = interleaved({name: lambda given=given: run(given) for name, given in calls.items()}, rounds)
    alone = {"hebbsim plot": "import matplotlib.figure", "hebbsim list rules": "import jax"}
    return [
        {"program": name, "seconds": spread(seconds), "beside": alone.get(name)}
        | {"times_as_long": faster(seconds, took[alone[name]]) if name in alone else None}
        for name, seconds in took.items()
    ]
