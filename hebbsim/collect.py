"""The bridge: tasks -> trials -> records. The engine is a generator that reads and writes nothing."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from hebbsim.checks import check_integer, check_level
from hebbsim.errors import HebbsimError
from hebbsim.records import Record, Results, Writer, read
from hebbsim.records.task import Task
from hebbsim.simulate import trial
from hebbsim.simulate.plan import Sweep, pattern_counts, sweep
from hebbsim.statistics.measurement import Measurement

EXACT_BELOW = 2.0**24  # whole numbers that float32 adds without rounding


def engine(
    work: Iterable[tuple[Sweep, Mapping[Task, Sequence[int]]]], devices: int | None = None
) -> Iterator[list[Record]]:
    """Run the given trials of each sweep's tasks, yielding the records of each batch of trials as it is done."""
    devices = devices or len(jax.devices())
    label = f"hebbsim jax-{jax.__version__} {jax.devices()[0].device_kind} x{devices}"
    for plan, trials_of in work:
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
                counts = trial.run(plan.spec, tasks[0].seed, batch, [task.num_patterns for task in tasks], devices)
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
                    )
                    for i, number in enumerate(batch)
                    for j, task in enumerate(tasks)
                ]


def curve(*, trials: int = 8, level: float = 0.95, loads: Sequence[float], **options: Any) -> list[Measurement]:
    """Measure at each load, in the order asked; every trial is one memory, filled once and probed on the way.

    Arguments as `measure`; num_patterns = max(1, round(load * dim_key)), to a multiple of the rule's chunk, and the
    measurement's own .load is what was run. Raises HebbsimError for bad input.
    """
    plan = sweep(loads=loads, **options)
    order = pattern_counts(plan.spec.rule, plan.spec.dim_key, None, loads)
    points = {point.task.num_patterns: point for point in _measure(plan, trials, level)}
    return [points[count] for count in order]


def measure(*, num_patterns: int, trials: int = 8, level: float = 0.95, **options: Any) -> Measurement:
    """Store `num_patterns` random pairs, read some back, say how many bits per parameter came back.

    rule, ensemble, retrieval, readout, precision: a name or an instance; *_options go with a name.
    dim, or dim_key and dim_value: widths. tied: the values are the keys. probes: pairs read back a trial, at most.
    ages: edges, in pairs since writing, to count by. trials: independent memories, 2 or more. seed: 0 <= seed < 2**32.
    level: of the intervals. Raises HebbsimError for bad input.
    """
    return _measure(sweep(num_patterns=[num_patterns], **options), trials, level)[0]


def _measure(plan: Sweep, trials: int, level: float) -> list[Measurement]:
    check_level(level)
    numbers = range(check_integer("trials", trials, 2, 2**31 - 1))
    found: dict[Task, list[Record]] = {task: [] for task in plan.tasks}
    for batch in engine([(plan, dict.fromkeys(plan.tasks, numbers))]):
        for record in batch:
            if not record.finite:
                raise HebbsimError(f"{record.task.rule}: NaN or infinity at {record.task.num_patterns} patterns")
            found[record.task].append(record)
    return [Measurement(task, tuple(records), level) for task, records in found.items()]


def collect(
    plans: Sequence[Sweep],
    trials: int | Callable[[Task], int],
    path: Path,
    progress: Callable[[str, float, float], None] = lambda text, done, total: None,
) -> Results:
    """Bring every task to its number of trials, appending to `path`; what its folder holds already is not run again.

    progress(text, done, total) is told the cost done so far, in multiply-adds. Raises HebbsimError; on an interrupt
    what was finished is kept, and the same call goes on from there.
    """
    have = read(path.parent) if path.parent.exists() else Results({})
    wanted = trials if callable(trials) else (lambda task: trials)
    work = []
    for plan in plans:
        lacking = {task: [n for n in range(wanted(task)) if not have.has(task, n)] for task in plan.tasks}
        if any(lacking.values()):
            work.append((plan, lacking))
    total = sum(plan.cost * len({n for ns in lacking.values() for n in ns}) for plan, lacking in work)
    done, records = 0.0, dict(have.records)
    if not work:
        return have
    with Writer(path) as writer:
        for plan, lacking in work:
            task = plan.tasks[0]
            text = f"{task.rule} {task.ensemble} {task.readout} {task.dim_key}x{task.dim_value}"
            progress(text, done, total)
            for batch in engine([(plan, lacking)]):
                for record in batch:
                    writer.write(record)
                    records[record.task, record.trial] = record
                done += plan.cost * len({record.trial for record in batch})
                progress(text, done, total)
    return Results(records, have.notes)
