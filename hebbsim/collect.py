"""The bridge: tasks -> trials -> records. The engine is a generator that reads and writes nothing."""

import contextlib
import itertools
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import jax
import numpy as np

from hebbsim import farm
from hebbsim.errors import HebbsimError
from hebbsim.progress import Report
from hebbsim.records import Record, Results, Writer, read, write_names
from hebbsim.records.follow import Follow
from hebbsim.records.provenance import append, describe, name_of
from hebbsim.records.task import Task
from hebbsim.records.writer import free_writer
from hebbsim.simulate import processes, trial
from hebbsim.simulate.forecast import expected
from hebbsim.simulate.memory import GIB, out_of_memory, smaller_block
from hebbsim.simulate.placement import memory_needed
from hebbsim.simulate.plan import Sweep

EXACT_BELOW = 2.0**24  # integers that float32 adds without rounding


def engine(
    work: Iterable[tuple[Sweep, Mapping[Task, Sequence[int]]]], devices: int | None = None, run: str = ""
) -> Iterator[list[Record]]:
    """Run the given trials of each sweep's tasks, yielding the records of each batch of trials as it is done.

    run: the label of the records. Where a device has no memory left, blocks of half the size are tried, if no count can
    depend on it. Raises HebbsimError where that does not help.
    """
    devices = devices or len(jax.devices())
    label = run or run_label(devices)
    for plan, trials_of in work:
        vocabulary = words_compared(plan.spec)
        trials_per_batch = devices // plan.spec.num_shards
        # Trials that miss the same loads run alike.
        lacking: dict[int, list[Task]] = {}
        for task in plan.tasks:
            for number in trials_of.get(task, ()):
                lacking.setdefault(number, []).append(task)
        groups: dict[tuple[Task, ...], list[int]] = {}
        for number, tasks in sorted(lacking.items(), key=lambda item: item[0]):
            groups.setdefault(tuple(tasks), []).append(number)
        for tasks, numbers in groups.items():
            for start in range(0, len(numbers), trials_per_batch):
                batch = numbers[start : start + trials_per_batch]
                began = time.perf_counter()
                counts = _run(plan, tasks, batch, devices)
                seconds = (time.perf_counter() - began) / (len(batch) * len(tasks))
                largest, finite = counts.pop("largest"), counts.pop("finite")
                # As they come back from a record: sums of many trials need the room.
                counts = {n: a.astype(np.float64 if a.dtype.kind == "f" else np.int64) for n, a in counts.items()}
                yield [
                    Record(
                        task=task,
                        trial=number,
                        counts={name: array[i, j] for name, array in counts.items()},
                        num_parameters=plan.num_parameters,
                        exact=plan.exact and bool(largest[i, j] < EXACT_BELOW),
                        finite=bool(finite[i, j]),
                        seconds=round(seconds, 6),
                        run=label,
                        stored_bits=plan.stored_bits,
                        channel=plan.channel,
                        vocabulary=vocabulary,
                    )
                    for i, number in enumerate(batch)
                    for j, task in enumerate(tasks)
                ]


def words_compared(spec: trial.Spec) -> int:
    """Words of the codebook that the readout compares with; 0 for one that compares with none."""
    if "codebook" not in spec.readout.requires:
        return 0
    return int(jax.eval_shape(spec.sides[1].book, jax.random.key(0)).shape[0])


def run_label(devices: int) -> str:
    """What a record says of its run."""
    return f"hebbsim jax-{jax.__version__} {jax.devices()[0].device_kind} x{devices}"


_SMALLER: dict[trial.Spec, trial.Spec] = {}  # specs that were too large, and with which block they run


def _run(plan: Sweep, tasks: Sequence[Task], batch: list[int], devices: int) -> dict[str, np.ndarray]:
    """The counts of a batch of trials, in blocks that fit."""
    while True:
        spec = _SMALLER.get(plan.spec, plan.spec)
        try:
            return trial.run(spec, tasks[0].seed, batch, [task.num_patterns for task in tasks], devices)
        except (MemoryError, jax.errors.JaxRuntimeError) as error:
            if not out_of_memory(error):
                raise
            block = smaller_block(spec.block, spec.rule.chunk) if plan.exact and jax.process_count() == 1 else 0
            if not block:
                need, what = memory_needed(spec, devices) / GIB, f"{spec.rule.label}, {spec.dim_key} x {spec.dim_value}"
                raise HebbsimError(
                    f"{what}: out of memory, needs about {need:.2f} GiB; allowed: smaller dims"
                ) from None
            _SMALLER[plan.spec] = spec._replace(block=block)


def collect(
    plans: Sequence[Sweep] | Mapping[str, Sweep],
    trials: int | Callable[[Task], int],
    path: Path,
    progress: Report = lambda text, done, total: None,
    shared: bool = True,
    experiment: Path | None = None,
    executor: Executor | None = None,
    announce: Callable[[str], None] | None = None,
) -> Results:
    """Bring every task to its number of trials, appending to `path`; what its folder holds already is not run again.

    Plans that come with names leave them in curves.json beside the records, and the results know them.
    progress(text, done, total) is told the cost done so far, in multiply-adds, what was recorded before among it.
    announce(text) is told before anything runs how much is missing and what it will take. Raises HebbsimError; on an
    interrupt what was finished is kept, and the same call goes on from there.
    shared: where another process writes to `path`, write to a file beside it and share the work, each process leaving
    out what the others have recorded meanwhile; else that is refused. experiment: the file that plans come from.
    executor: of concurrent.futures or Dask, whose workers run the trials in place of this process; see hebbsim.farm.

    Example:
        >>> import pathlib, tempfile, hebbsim
        >>> from hebbsim.collect import collect
        >>> plan = hebbsim.sweep(dim=32, num_patterns=[16])
        >>> file = pathlib.Path(tempfile.mkdtemp()) / "records.jsonl"
        >>> collect([plan], 3, file)
        <Results: 1 tasks, 3 records, 0 notes>
        >>> collect([plan], 3, file)  # nothing is run twice
        <Results: 1 tasks, 3 records, 0 notes>
    """
    path, first = Path(path), processes.is_first()
    have = read(path.parent) if first and path.parent.exists() else Results({})
    if isinstance(plans, Mapping):
        have = Results(have.records, have.notes, {name: plan.tasks for name, plan in plans.items()})
        if first:
            write_names(path.parent, have.curves)
        plans = list(plans.values())
    wanted = trials if callable(trials) else (lambda task: trials)
    lacking = [[[n for n in range(wanted(t)) if not have.has(t, n)] for t in plan.tasks] for plan in plans]
    lacking = processes.from_first(lacking)
    todo = {
        t: set(numbers)
        for plan, each in zip(plans, lacking, strict=True)
        for t, numbers in zip(plan.tasks, each, strict=True)
    }
    work = [(plan, sorted(set().union(*each))) for plan, each in zip(plans, lacking, strict=True) if any(each)]
    if not work:
        return have
    total = sum(plan.cost * max(map(wanted, plan.tasks)) for plan in plans)
    done = total - sum(plan.cost * len(numbers) for plan, numbers in work)
    if announce:
        announce(expected([(plan, len(numbers)) for plan, numbers in work]))
    records = dict(have.records)
    made = describe(sys.argv, jax.devices()[0].device_kind, len(jax.devices()), jax.process_count(), experiment)

    def units(rank: int, others: Follow | None) -> Iterator[farm.Unit]:
        """What is still lacking, batch by batch, as it is asked for."""
        for plan, numbers in _turned(work, rank):
            size = farm.trials_per_job(plan) if executor else plan.trials_at_once
            for batch in _batches(_turned(numbers, rank), size):
                for record in others.new() if others else ():
                    records.setdefault((record.task, record.trial), record)
                lacking = {
                    task: [n for n in sorted(batch) if n in todo[task] and (task, n) not in records]
                    for task in plan.tasks
                }
                yield farm.Unit(plan, lacking, plan.cost * len(batch))

    def here(units: Iterable[farm.Unit]) -> Iterator[tuple[farm.Unit, Iterable[Record]]]:
        label = f"{run_label(len(jax.devices()))} {name_of(made)}"
        for unit in units:
            yield unit, itertools.chain.from_iterable(engine([unit[:2]], run=label))

    if not first:  # it computes with the others, and the first one writes
        for _, found in here(units(1, None)):
            records |= {(record.task, record.trial): record for record in found}
        return Results(records)
    append(path.parent, [made])
    with free_writer(path) if shared else _alone(path) as (writer, rank):
        order = units(rank, Follow(writer.path)) if jax.process_count() == 1 else units(1, None)
        progress(work[0][0].name, done, total)
        for unit, found in farm.run(executor, order, experiment, name_of(made)) if executor else here(order):
            for record in found:
                writer.write(record)
                records[record.task, record.trial] = record
            done += unit.cost
            progress(unit.plan.name, done, total)
    return Results(records, have.notes, have.curves)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[tuple[Writer, int]]:
    with Writer(path) as writer:
        yield writer, 1


def _turned(items: Sequence[Any], rank: int) -> Sequence[Any]:
    """The items from a place that is another for each process, so that those who share work seldom meet."""
    start = int(len(items) * ((rank - 1) * 0.6180339887 % 1))
    return [*items[start:], *items[:start]]


def _batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))
