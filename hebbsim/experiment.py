"""An experiment: a Python file with TASKS, BUDGET, figure(results) and perhaps table(results). Loading one needs no JAX."""

import importlib.util
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hebbsim.errors import HebbsimError

SMOKE_TRIALS = 2
SMOKE_CURVES = 6


class Experiment(NamedTuple):
    """What the file says, and where its results go."""

    path: Path
    tasks: Sequence[Mapping[str, Any]]  # arguments of hebbsim.curve, one a curve, `trials` among them
    budget: str  # how long it takes, on what
    figure: Callable[..., Any]  # Results -> matplotlib Figure
    table: Callable[..., Any] | None  # Results -> (header, rows), if the file has one
    results: Path

    def smoke(self) -> "Experiment":
        """The cheapest few curves at two trials, beside the real results."""
        cheap = sorted(self.tasks, key=_cost)[:SMOKE_CURVES]
        small = [{**task, "trials": SMOKE_TRIALS, "probes": min(task.get("probes", 1024), 64)} for task in cheap]
        return self._replace(tasks=small, results=self.results.with_name(f"{self.results.name}-smoke"))


def with_trials(experiment: Experiment, trials: int) -> Experiment:
    """The experiment with that many trials for every curve, whatever its file says."""
    tasks: Any = experiment.tasks
    if isinstance(tasks, Mapping):
        return experiment._replace(tasks={name: {**task, "trials": trials} for name, task in tasks.items()})
    return experiment._replace(tasks=[{**task, "trials": trials} for task in tasks])


def results_of(file: Path) -> Path:
    """The folder of an experiment's results: results/NAME beside its file, or beside a folder called experiments."""
    home = file.resolve().parent
    return (home.parent if home.name == "experiments" else home) / "results" / file.stem


def load(path: str) -> Experiment:
    """Run an experiment file, which may import the modules beside it. Raises HebbsimError if it is missing or incomplete."""
    file = Path(path)
    if file.suffix != ".py" or not file.is_file():
        raise HebbsimError(f"{path}: no such experiment; allowed: a Python file such as experiments/load.py")
    made = importlib.util.spec_from_file_location(f"experiment_{file.stem}", file)
    if made is None or made.loader is None:
        raise HebbsimError(f"{path}: cannot be imported")
    module = importlib.util.module_from_spec(made)
    neighbours = str(file.resolve().parent)
    if neighbours not in sys.path:  # as Python does for a script; it stays, for imports inside functions
        sys.path.insert(0, neighbours)
    try:
        made.loader.exec_module(module)
    except HebbsimError:
        raise
    except Exception as error:  # whatever the file does wrong
        lines = traceback.extract_tb(error.__traceback__)
        at = next((f", line {line.lineno}" for line in reversed(lines) if line.filename == str(file)), "")
        said = str(error).splitlines() or [""]
        raise HebbsimError(f"{path}{at}: {type(error).__name__}: {said[0]}") from None
    for name in ("TASKS", "BUDGET", "figure"):
        if not hasattr(module, name):
            raise HebbsimError(f"{path}: {name} is missing; an experiment has TASKS, BUDGET and figure(results)")
    if not isinstance(module.TASKS, Sequence):
        raise HebbsimError(f"{path}: TASKS is not a list; it is a list of dicts of hebbsim.curve's arguments")
    for task in module.TASKS:
        if not isinstance(task, Mapping) or "trials" not in task or not {"loads", "num_patterns"} & task.keys():
            raise HebbsimError(f"{path}: TASKS holds dicts of hebbsim.curve's arguments, loads and trials among them")
    results = results_of(file)
    return Experiment(file, module.TASKS, module.BUDGET, module.figure, getattr(module, "table", None), results)


def _cost(task: Mapping[str, Any]) -> float:
    key, value = task.get("dim_key") or task["dim"], task.get("dim_value") or task["dim"]
    most = max(task["loads"]) * key if "loads" in task else max(task["num_patterns"])
    return key * value * (most + 2.0 * task.get("probes", 1024))
