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


def older_fusions():
    """The compiler's flag for the older way to compile a fusion; none where the compiler has no such flag.

    It takes half as long: 6.7 in place of 12.7 s of a core for four programs of a trial. A flag that a compiler has not
    would end the process.
    """
    flag = "xla_cpu_use_fusion_emitters"
    jaxlib = Path(importlib.util.find_spec("jaxlib").origin).parent
    for library in jaxlib.rglob("*.so"):
        if library.stat().st_size < 2**26:
            continue
        with library.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            if content.find(flag.encode()) >= 0:
                return f" --{flag}=false"
    return ""
