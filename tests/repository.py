"""Where things lie in this repository, and how a test gets at an experiment's file."""

import importlib.util
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
