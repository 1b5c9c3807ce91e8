"""Where things lie in this repository, and how a test gets at an experiment's file."""

import importlib.util
import mmap
from pathlib import Path

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "results"
PATCHES = str(ROOT / "tests" / "data" / "patches.npy")


def load_experiment(name):
    """experiments/NAME.py as a module of its own, not the one that others import."""
    spec = importlib.util.spec_from_file_location(f"experiment_{name}", ROOT / "experiments" / f"{name}.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def quick_compiler():
    """The compiler's flags that compile a trial's program in less time; those it does not have are left out.

    The older way to compile a fusion takes 6.7 in place of 12.7 s of a core for four programs of a trial; one part a
    program, where each test process has one core, 36 in place of 46 s for the programs of tests/simulate/test_trial.py.
    A flag that a compiler has not would end the process.
    """
    wanted = {"xla_cpu_use_fusion_emitters": "false", "xla_cpu_parallel_codegen_split_count": "1"}
    jaxlib = Path(importlib.util.find_spec("jaxlib").origin).parent
    for library in jaxlib.rglob("*.so"):
        if library.stat().st_size < 2**26:
            continue
        with library.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            known = [f" --{flag}={value}" for flag, value in wanted.items() if content.find(flag.encode()) >= 0]
        if known:
            return "".join(known)
    return ""
