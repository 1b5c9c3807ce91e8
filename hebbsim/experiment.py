"""An experiment: a Python file with TASKS, BUDGET, figure(results) and perhaps table(results). Loading one needs no JAX."""

import importlib.util
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hebbsim import plot
from hebbsim.errors import HebbsimError

SMOKE_TRIALS = 2
SMOKE_CURVES = 6


class Experiment(NamedTuple):
    """What the file says, and where its results go."""

    path: Path
    tasks: Mapping[str, Mapping[str, Any]]  # curve's name: arguments of hebbsim.curve, `trials` among them
    budget: str  # how long it takes, on what
    figure: Callable[..., Any]  # Results -> matplotlib Figure
    table: Callable[..., Any] | None  # Results -> (header, rows), if the file has one
    results: Path

    def smoke(self) -> "Experiment":
        """The cheapest few curves at two trials, beside the real results."""
        cheap = set(sorted(self.tasks, key=lambda name: _cost(self.tasks[name]))[:SMOKE_CURVES])
        small = {
            name: {**task, "trials": SMOKE_TRIALS, "probes": min(task.get("probes", 1024), 64)}
            for name, task in self.tasks.items()
            if name in cheap
        }
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
        raise HebbsimError(f"{path}: it cannot be imported as a Python module")
    module = importlib.util.module_from_spec(made)
    neighbours = str(file.resolve().parent)
    if neighbours not in sys.path:  # as Python does for a script; it stays, for imports inside functions
        sys.path.insert(0, neighbours)
    try:
        # Not by the loader: it would run bytecode it kept if another text has the same size and time, as after a clock
        # that was set back.
        exec(compile(file.read_bytes(), str(file), "exec"), module.__dict__)
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
    tasks = _tasks(path, module.TASKS)
    results = results_of(file)
    return Experiment(file, tasks, module.BUDGET, plot.look()(module.figure), getattr(module, "table", None), results)


def _tasks(path: str, given: Any) -> dict[str, Mapping[str, Any]]:
    """TASKS by name; those of a list are called curve 1, curve 2 and so on. Raises HebbsimError."""
    if isinstance(given, Sequence) and not isinstance(given, str):
        given = {f"curve {i}": task for i, task in enumerate(given, 1)}
    if not isinstance(given, Mapping):
        raise HebbsimError(f"{path}: TASKS = {given!r}; allowed: a dict of hebbsim.curve's arguments by curve name")
    for name, task in given.items():
        if not isinstance(name, str) or not name:
            raise HebbsimError(f"{path}: TASKS names a curve {name!r}; allowed: text")
        if not isinstance(task, Mapping) or "trials" not in task or not {"loads", "num_patterns"} & task.keys():
            raise HebbsimError(
                f"{path}: curve {name!r} in TASKS is not a dict of hebbsim.curve's arguments "
                "with `trials` and `loads` or `num_patterns` among them"
            )
    return dict(given)


def _cost(task: Mapping[str, Any]) -> float:
    key, value = task.get("dim_key") or task["dim"], task.get("dim_value") or task["dim"]
    most = max(task["loads"]) * key if "loads" in task else max(task["num_patterns"])
    return key * value * (most + 2.0 * task.get("probes", 1024))
