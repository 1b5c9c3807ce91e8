"""Trials on other processes and machines, through any concurrent.futures.Executor: Dask's, a process pool, MPI's.

What leaves is plain data (JSON: tasks and trial numbers), what comes back is the lines of records, checksum and all, so
that a worker needs nothing but hebbsim of the same version. One process writes them down.
"""

import contextlib
import functools
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from pathlib import Path
from typing import Any, NamedTuple

from hebbsim.errors import HebbsimError
from hebbsim.records import Record, from_line, to_line
from hebbsim.records.task import Task, parse_label
from hebbsim.simulate.plan import Sweep, sweep

JOB_COST = 2e10  # multiply-adds of one job, about: a second or so, against which sending it is nothing
MOST_TRIALS = 64  # of one job
QUEUE = 4  # jobs for each worker that are sent before the first comes back
WORKERS = 64  # taken for granted where an executor does not say how many it has


class Unit(NamedTuple):
    """Trials of one sweep to run: the numbers of each of its tasks."""

    plan: Sweep
    lacking: Mapping[Task, Sequence[int]]
    cost: float


def trials_per_job(plan: Sweep) -> int:
    """So many that a job is worth sending."""
    return int(max(1, min(MOST_TRIALS, JOB_COST // max(plan.cost, 1.0))))


def run(
    executor: Executor, units: Iterable[Unit], experiment: Path | None = None, label: str = ""
) -> Iterator[tuple[Unit, list[Record]]]:
    """The records of each unit, in the order in which they come back.

    units: taken as workers become free, so that what was recorded elsewhere meanwhile is left out. experiment: its file,
    from which a worker makes custom parts; it must lie at the same place there. label: the end of the records' run.
    Raises HebbsimError if a part is custom and there is no file, if a worker refuses or is lost for good.
    """
    waiting: dict[Future, Unit] = {}
    units = iter(units)
    most = QUEUE * (getattr(executor, "_max_workers", None) or WORKERS)
    try:
        while True:
            for unit in itertools.islice(units, most - len(waiting)):
                waiting[executor.submit(run_job, job(unit, experiment, label))] = unit
            if not waiting:
                return
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                yield waiting.pop(future), [from_line(line) for line in future.result()]
    except HebbsimError:
        raise
    except (BrokenExecutor, CancelledError) as error:
        raise HebbsimError(
            f"a worker was lost ({type(error).__name__}); records that came back are kept, the same command goes on"
        ) from None
    finally:
        for future in waiting:
            future.cancel()


def job(unit: Unit, experiment: Path | None = None, label: str = "") -> str:
    """A unit as JSON. Raises HebbsimError for custom parts that no file defines."""
    tasks = unit.plan.tasks
    custom = [part for part in _labels(tasks[0]).values() if "#" in part]
    if custom and experiment is None:
        raise HebbsimError(
            f"{custom[0]} is custom, and cannot be sent; allowed: parts defined in an experiment file, run by collect"
        )
    return json.dumps(
        {
            "tasks": [task.to_json() for task in tasks],
            "lacking": [list(unit.lacking.get(task, ())) for task in tasks],
            "experiment": str(experiment.resolve()) if custom and experiment else None,
            "label": label,
        }
    )


def run_job(text: str) -> list[str]:
    """In a worker: the lines of a job's records. Raises HebbsimError if its parts are not those of the sender."""
    from hebbsim.collect import engine, run_label

    fields = json.loads(text)
    tasks = [Task.from_json(task) for task in fields["tasks"]]
    plan = _plan(json.dumps(fields["tasks"]), fields["experiment"])
    lacking = dict(zip(tasks, fields["lacking"], strict=True))
    import jax

    devices = len(jax.devices())
    label = f"{run_label(devices)} {fields['label']}".strip()
    return [to_line(record) for batch in engine([(plan, lacking)], run=label) for record in batch]


@functools.lru_cache(16)
def _plan(text: str, experiment: str | None) -> Sweep:
    tasks = tuple(Task.from_json(task) for task in json.loads(text))
    if experiment is not None:
        from hebbsim.experiment import load
        from hebbsim.simulate.sweeps import sweeps

        for plan in sweeps(load(experiment).tasks)[0].values():
            if set(tasks) <= set(plan.tasks):
                return plan
        raise HebbsimError(f"{experiment}: the file on this worker does not plan {tasks[0].rule}; copy it there again")
    first, given = tasks[0], {}
    for kind, label in _labels(first).items():
        name, options = parse_label(label)
        given |= {kind: name, f"{kind}_options": options}
    given |= {name: getattr(first, name) for name in ("dim_key", "dim_value", "tied", "probes", "ages", "seed")}
    plan = sweep(num_patterns=[task.num_patterns for task in tasks], **given)
    if plan.tasks != tasks:
        raise HebbsimError(f"this worker makes {plan.tasks[0].identity()} of {first.identity()}: another version?")
    return plan


def _labels(task: Task) -> dict[str, str]:
    return {kind: getattr(task, kind) for kind in ("rule", "ensemble", "retrieval", "readout", "precision")}


@contextlib.contextmanager
def dask_executor(place: str) -> Iterator[Executor]:
    """The executor of a Dask cluster at an address (tcp://HOST:8786) or named by a scheduler file.

    Raises HebbsimError if Dask is not installed or nothing answers.
    """
    try:
        from distributed import Client
    except ImportError:
        raise HebbsimError("--dask needs dask.distributed; allowed: pip install 'hebbsim[cluster]' first") from None
    where: dict[str, Any] = {"scheduler_file": place} if Path(place).is_file() else {"address": place}
    try:
        client = Client(**where, timeout=30, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise HebbsimError(f"{place}: no Dask scheduler answers there ({type(error).__name__})") from None
    try:
        executor = client.get_executor(pure=False)
        executor._max_workers = max(1, len(client.scheduler_info()["workers"]))  # type: ignore[attr-defined]
        yield executor
    finally:
        client.close()
