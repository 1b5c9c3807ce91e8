"""measure and curve: trials run, counted and kept in memory. Nothing is written."""

import inspect
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hebbsim.base import Ensemble, Precision, Readout, Retrieval, Rule
from hebbsim.checks import check_integer, check_level
from hebbsim.collect import engine
from hebbsim.errors import HebbsimError, Interrupted
from hebbsim.progress import Report
from hebbsim.progress import progress as progress_reporter
from hebbsim.records import Record
from hebbsim.records.task import Task
from hebbsim.simulate.forecast import forecast
from hebbsim.simulate.plan import Sweep, pattern_counts, sweep
from hebbsim.statistics.measurement import Measurement


def measure(
    *,
    rule: str | Rule = "hebbian",
    ensemble: str | Ensemble = "bipolar",
    retrieval: str | Retrieval = "matched_filter",
    readout: str | Readout = "sign",
    precision: str | Precision = "float32",
    rule_options: Mapping[str, Any] | None = None,
    ensemble_options: Mapping[str, Any] | None = None,
    retrieval_options: Mapping[str, Any] | None = None,
    readout_options: Mapping[str, Any] | None = None,
    precision_options: Mapping[str, Any] | None = None,
    dim: int | None = None,
    dim_key: int | None = None,
    dim_value: int | None = None,
    num_patterns: int | None = None,
    load: float | None = None,
    loads: Sequence[float] | None = None,
    tied: bool = False,
    probes: int = 1024,
    ages: Sequence[int] = (),
    trials: int = 8,
    seed: int = 0,
    level: float = 0.95,
    form: str = "",
    progress: bool = False,
) -> Measurement:
    """Store random pairs, read some back, and say how many bits per parameter came back.

    Args:
        rule: how pairs are written, a name in `RULES` or a `Rule`. The other four parts are given alike.
        ensemble: how keys and values are drawn.
        retrieval: how the field is read from the memory.
        readout: how the field becomes a decision, and so which bits are counted.
        precision: what each stored weight keeps.
        rule_options: options of a rule that is given by name, such as {"rate": 0.5}. The other four are given alike.
        ensemble_options: options of the ensemble.
        retrieval_options: options of the retrieval.
        readout_options: options of the readout.
        precision_options: options of the precision.
        dim: entries of a key and of a value; or give dim_key and dim_value.
        dim_key: entries of a key.
        dim_value: entries of a value.
        num_patterns: pairs stored; or give load.
        load: num_patterns / dim_key, rounded to a multiple of the rule's chunk, at least one. `.load` is what was run.
        loads: the same as `curve` takes it, a list, here of one load.
        tied: whether the values are the keys.
        probes: pairs read back in each trial, at most.
        ages: ascending edges, in pairs since writing, to count by.
        trials: independent memories, 2 or more.
        seed: of all randomness, 0 <= seed < 2**32.
        level: of the intervals.
        form: how the fields come about: "state", a memory is formed and read; "parallel", they are summed over pairs,
            (Q K^T) V; "carried", so summed, and carried on from load to load; "", whichever is forecast to be fastest.
        progress: whether to report on stderr what it will take, and how far it is.

    Returns:
        A Measurement: `bits_per_parameter` and `error_rate` are Estimates with intervals over trials.

    Raises:
        HebbsimError: if an argument is wrong, the parts do not fit together, or the memory does not fit.
        Interrupted: on Ctrl-C; its `measurements` holds what the finished trials give.

    Example:
        >>> import hebbsim
        >>> point = hebbsim.measure(dim=32, num_patterns=16, trials=4)
        >>> point.load, point.num_parameters
        (0.5, 1024)
        >>> print(point.error_rate)
        0.0793 +/- 0.0070 (95 %, 4 trials)
    """
    given = dict(locals())
    if loads is not None and not (load is None and isinstance(loads, Sequence | np.ndarray) and len(loads) == 1):
        raise HebbsimError(f"loads = {loads!r}; measure takes load=0.5 or a list of one load, and curve takes several")
    given["loads"] = loads if load is None else [load]
    given["num_patterns"] = None if num_patterns is None else [num_patterns]
    return run_given(given)[0]


def curve(
    *,
    rule: str | Rule = "hebbian",
    ensemble: str | Ensemble = "bipolar",
    retrieval: str | Retrieval = "matched_filter",
    readout: str | Readout = "sign",
    precision: str | Precision = "float32",
    rule_options: Mapping[str, Any] | None = None,
    ensemble_options: Mapping[str, Any] | None = None,
    retrieval_options: Mapping[str, Any] | None = None,
    readout_options: Mapping[str, Any] | None = None,
    precision_options: Mapping[str, Any] | None = None,
    dim: int | None = None,
    dim_key: int | None = None,
    dim_value: int | None = None,
    loads: Sequence[float] | str | None = None,
    num_patterns: Sequence[int] | None = None,
    tied: bool = False,
    probes: int = 1024,
    ages: Sequence[int] = (),
    trials: int = 8,
    seed: int = 0,
    level: float = 0.95,
    form: str = "",
    progress: bool = False,
) -> list[Measurement]:
    """Measure at each load, in the order asked; every trial is one memory, filled once and probed on the way.

    Args:
        loads: num_patterns / dim_key, each rounded to a multiple of the rule's chunk; "all": 200 of them, evenly to load 4.
            Or give num_patterns.
        num_patterns: numbers of pairs stored.

    The other arguments, and the errors raised, are those of `measure`.

    Returns:
        One Measurement for each load. They share their memories, so their errors are correlated.

    Example:
        >>> import hebbsim
        >>> points = hebbsim.curve(dim=32, loads=[0.25, 1, 4], readout="soft", trials=2)
        >>> [point.task.num_patterns for point in points]
        [8, 32, 128]
    """
    return run_given(dict(locals()))


def run_given(given: dict[str, Any]) -> list[Measurement]:
    """measure and curve: one measurement for each load, in the order asked."""
    own = {name: given[name] for name in ("trials", "level", "progress")}
    plan = sweep(**{name: given[name] for name in inspect.signature(sweep).parameters})
    order = pattern_counts(plan.spec.rule, plan.spec.dim_key, given["num_patterns"], given["loads"])
    found = run_plan(plan, own["trials"], own["level"], progress_reporter() if own["progress"] else None)
    points = {point.task.num_patterns: point for point in found}
    return [points[count] for count in order]


def run_plan(
    plan: Sweep, trials: int, level: float = 0.95, report: Report | None = None, quiet_below: float = 0.0
) -> list[Measurement]:
    """The trials of one plan, measured. `report` is told of progress if that is forecast to take `quiet_below` seconds.

    Raises Interrupted, with what is finished, on an interrupt.
    """
    check_level(level)
    numbers = range(check_integer("trials", trials, 2, 2**31 - 1))
    if report:
        expected = forecast(plan, trials)
        report = report if expected.seconds >= quiet_below else None
    if report:
        print(f"hebbsim: {expected}", file=sys.stderr, flush=True)
        report(plan.name, 0, trials)
    found: dict[Task, list[Record]] = {task: [] for task in plan.tasks}
    try:
        for batch in engine([(plan, dict.fromkeys(plan.tasks, numbers))]):
            for record in batch:
                if not record.finite:
                    raise HebbsimError(
                        f"{record.task.rule}: what was read is not finite at {record.task.num_patterns} patterns; "
                        "try smaller rates or loads"
                    )
                found[record.task].append(record)
            if report:
                report(plan.name, len(found[plan.tasks[0]]), trials)
    except KeyboardInterrupt:
        done = [Measurement(task, tuple(records), level) for task, records in found.items() if len(records) >= 2]
        finished = f"{len(found[plan.tasks[0]])} of {trials} trials finished"
        kept = "; this exception's `measurements` holds what they give" if done else ""
        raise Interrupted(f"interrupted: {finished}{kept}", done) from None
    return [Measurement(task, tuple(records), level) for task, records in found.items()]
