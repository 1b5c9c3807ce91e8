"""Arguments -> checked points: everything that can be refused is refused here, in one line, before anything runs."""

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from hebbsim.base import Ensemble, Precision, Readout, Retrieval, Rule
from hebbsim.checks import check_integer
from hebbsim.ensembles import ENSEMBLES
from hebbsim.errors import HebbsimError
from hebbsim.parts import identity, look_up
from hebbsim.precisions import PRECISIONS
from hebbsim.readouts import READOUTS
from hebbsim.records.task import SAME_PAIRS, VERSION, Task, parse_label
from hebbsim.retrievals import RETRIEVALS
from hebbsim.rules import RULES
from hebbsim.simulate import trial
from hebbsim.simulate.contract import check_supply, fit
from hebbsim.simulate.placement import choose_placement, trial_cost
from hebbsim.simulate.settings import check_settings, pinned
from hebbsim.statistics.channels import register

MOST_PROBES = 65_536  # see draws.probe_index
MOST_PATTERNS = 2**31 - 1 - 2048
ALL_LOADS = [i / 50 for i in range(1, 201)]  # loads="all": a smooth curve up to load 4
MOST_COUNTED = 2**31 - 1  # counts are added in int32


class Sweep(NamedTuple):
    """Points that differ in num_patterns only: they share each trial's memory."""

    spec: trial.Spec
    tasks: tuple[Task, ...]
    num_parameters: int
    stored_bits: float  # that each entry of the memory takes

    @property
    def exact(self) -> bool:
        """Whether every part promises the same counts on any machine."""
        spec = self.spec
        return all("exact" in part.provides for part in (spec.rule, spec.ensemble, spec.retrieval, spec.readout))

    @property
    def channel(self) -> str:
        """Name of the channel of what is counted, which the records keep; "" for a readout that names none."""
        return register(self.spec.readout.channel_for(self.spec.ensemble.kind))

    @property
    def name(self) -> str:
        """What it is, in the words that progress is reported in."""
        task = self.tasks[0]
        return f"{task.rule} {task.ensemble} {task.readout} {task.dim_key}x{task.dim_value}"

    @property
    def trials_at_once(self) -> int:
        """Trials that the devices run side by side."""
        return max(1, len(jax.devices()) // self.spec.num_shards)

    @property
    def cost(self) -> float:
        """Multiply-adds of one trial, about: every pair written once, every load probed."""
        return trial_cost(self.spec, [task.num_patterns for task in self.tasks])


@pinned()
def sweep(
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
    num_patterns: Sequence[int] | None = None,
    loads: Sequence[float] | str | None = None,
    tied: bool = False,
    probes: int = 1024,
    ages: Sequence[int] = (),
    seed: int = 0,
    form: str = "",
) -> Sweep:
    """The points of one curve, checked, not yet run: at the given num_patterns or loads, without repeats, ascending.

    form: "state" (a memory is formed and read), "parallel" (no memory, fields summed over pairs, (Q K^T) V, anew at each
    load) or "carried" (the same, carried on from load to load); "": the one that is forecast to be the fastest.

    Raises HebbsimError for anything that does not fit together or into memory.

    Example:
        >>> import hebbsim
        >>> plan = hebbsim.sweep(rule="delta", dim=64, loads=[0.25, 1])
        >>> [task.num_patterns for task in plan.tasks], plan.num_parameters, plan.exact
        ([16, 64], 4096, False)
    """
    check_settings()
    made_rule: Rule = look_up(RULES, "rule", rule, rule_options)
    made_ensemble: Ensemble = look_up(ENSEMBLES, "ensemble", ensemble, ensemble_options)
    made_retrieval: Retrieval = look_up(RETRIEVALS, "retrieval", retrieval, retrieval_options)
    made_readout: Readout = look_up(READOUTS, "readout", readout, readout_options)
    made_precision: Precision = look_up(PRECISIONS, "precision", precision, precision_options)
    if made_readout.choose:  # what runs is named in the task, so that records say it
        made_readout = made_readout.choose(made_rule)
    dim_key, dim_value = _dims(dim, dim_key, dim_value, made_ensemble.dims)
    if not isinstance(tied, bool | np.bool_):
        raise HebbsimError(f"tied = {tied!r}; allowed: True, False")
    probes = check_integer("probes", probes, 1, MOST_PROBES)
    ages = tuple(check_integer("ages", age, 0, MOST_PATTERNS) for age in _many("ages", ages))
    if list(ages) != sorted(set(ages)):
        raise HebbsimError(f"ages = {ages}; allowed: ascending integers, edges in pairs since writing")
    wrapped = made_precision.wrap(made_rule)
    if "exact" not in made_precision.provides:
        wrapped = wrapped._replace(provides=wrapped.provides - {"exact"})
    fit(wrapped, made_ensemble, made_retrieval, made_readout, made_precision, dim_key, dim_value, tied)
    same_pairs = trial.reads_same_pairs(wrapped, made_ensemble, made_retrieval, ages)
    counts = pattern_counts(wrapped, dim_key, num_patterns, loads)
    first = Task(
        rule=identity(made_rule),
        ensemble=identity(made_ensemble),
        retrieval=identity(made_retrieval),
        readout=identity(made_readout),
        precision=identity(made_precision),
        dim_key=dim_key,
        dim_value=dim_value,
        num_patterns=1,
        probes=probes,
        ages=ages,
        tied=bool(tied),
        seed=check_integer("seed", seed, 0, 2**32 - 1),
        version=SAME_PAIRS if same_pairs else VERSION,
    )
    for label in (first.rule, first.ensemble, first.retrieval, first.readout, first.precision):
        parse_label(label)  # what cannot be read back is refused before it is measured
    spec = trial.Spec(
        rule=wrapped,
        ensemble=made_ensemble,
        retrieval=made_retrieval,
        readout=made_readout,
        dim_key=dim_key,
        dim_value=dim_value,
        probes=probes,
        ages=ages,
        tied=bool(tied),
        block=trial.default_block(dim_key, wrapped.chunk),
        max_patterns=max(counts) if "keys" in made_retrieval.requires else 0,
        same_pairs=same_pairs,
        identities=(first.rule, first.ensemble, first.retrieval, first.readout, first.precision),
    )
    check_supply(spec, max(counts))
    spec = choose_placement(spec, counts, form)
    if spec.probes * dim_value > MOST_COUNTED:
        raise HebbsimError(
            f"probes = {spec.probes} of {dim_value} entries; allowed: {MOST_COUNTED // dim_value} probes"
        )
    tasks = tuple(dataclasses.replace(first, num_patterns=m) for m in sorted(set(counts)))
    register(made_readout.channel_for(made_ensemble.kind))
    stored_bits = 1.0 if "binary" in wrapped.provides else float(made_precision.bits)
    kept = made_retrieval.num_state(dim_key)
    return Sweep(spec, tasks, wrapped.num_parameters(dim_key, dim_value) + kept, stored_bits)


def _dims(
    dim: int | None, dim_key: int | None, dim_value: int | None, stated: tuple[int, int] | None
) -> tuple[int, int]:
    if dim is None and stated:
        dim_key = stated[0] if dim_key is None else dim_key
        dim_value = stated[1] if dim_value is None else dim_value
    if dim is not None and (dim_key is not None or dim_value is not None):
        raise HebbsimError("dim sets both dims: give dim, or dim_key and dim_value")
    widths = (dim, dim) if dim is not None else (dim_key, dim_value)
    if any(width is None for width in widths):
        raise HebbsimError("dim is missing: give dim, or dim_key and dim_value")
    key, value = (check_integer(name, w, 1, 2**24) for name, w in zip(("dim_key", "dim_value"), widths, strict=True))
    return key, value


def _many(name: str, values: Any) -> Sequence[Any]:
    """Values as a list. Raises HebbsimError for what is none."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        more = " or 'all'" if name == "loads" else ""
        raise HebbsimError(f"{name} = {values!r}; allowed: a list{more}")
    return list(values)


def pattern_counts(
    rule: Rule, dim_key: int, num_patterns: Sequence[int] | None, loads: Sequence[float] | str | None
) -> list[int]:
    if (num_patterns is None) == (loads is None):
        raise HebbsimError("give num_patterns or loads, one of the two")
    if loads is not None:
        loads = ALL_LOADS if isinstance(loads, str) and loads == "all" else _many("loads", loads)
        for load in loads:
            if isinstance(load, bool) or not isinstance(load, int | float | np.number) or not math.isfinite(load):
                raise HebbsimError(f"load = {load!r}; allowed: a finite number above 0")
            if load <= 0 or load * dim_key > MOST_PATTERNS:
                raise HebbsimError(f"load = {load!r}; allowed: above 0, up to {MOST_PATTERNS // dim_key}")
        chunks = [max(1, round(load * dim_key / rule.chunk)) for load in loads]
        counts = [rule.chunk * c for c in chunks]
    else:
        counts = [
            check_integer("num_patterns", count, 1, MOST_PATTERNS) for count in _many("num_patterns", num_patterns)
        ]
        for count in counts:
            if count % rule.chunk:
                raise HebbsimError(f"num_patterns = {count}; {rule.label} writes in chunks: a multiple of {rule.chunk}")
    if not counts:
        raise HebbsimError("no load was given; allowed: one or more")
    return counts
