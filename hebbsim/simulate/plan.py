"""Arguments -> checked points: everything that can be refused is refused here, in one line, before anything runs."""

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from hebbsim.base import KINDS, Ensemble, Precision, Readout, Retrieval, Rule
from hebbsim.checks import check_integer
from hebbsim.ensembles import ENSEMBLES
from hebbsim.errors import HebbsimError
from hebbsim.parts import identity, look_up, require
from hebbsim.precisions import PRECISIONS
from hebbsim.readouts import READOUTS
from hebbsim.records.task import Task
from hebbsim.retrievals import RETRIEVALS
from hebbsim.rules import RULES
from hebbsim.simulate import trial
from hebbsim.simulate.placement import placed, trial_cost

MOST_PROBES = 65_536  # see draws.probe_index
MOST_PATTERNS = 2**31 - 1 - 2048
MOST_COUNTED = 2**31 - 1  # counts are added in int32


class Sweep(NamedTuple):
    """Points that differ in num_patterns only: they share each trial's memory."""

    spec: trial.Spec
    tasks: tuple[Task, ...]
    num_parameters: int

    @property
    def exact(self) -> bool:
        """Whether every part promises the same counts on any machine."""
        spec = self.spec
        return all("exact" in part.gives for part in (spec.rule, spec.ensemble, spec.retrieval, spec.readout))

    @property
    def trials_at_once(self) -> int:
        """Trials that the devices run side by side."""
        return max(1, len(jax.devices()) // self.spec.split)

    @property
    def cost(self) -> float:
        """Multiply-adds of one trial, about: every pair written once, every load probed."""
        return trial_cost(self.spec, [task.num_patterns for task in self.tasks])


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
    loads: Sequence[float] | None = None,
    tied: bool = False,
    probes: int = 1024,
    ages: Sequence[int] = (),
    seed: int = 0,
) -> Sweep:
    """The points of one curve, checked, not yet run: at the given num_patterns or loads, without repeats, ascending.

    Raises HebbsimError for anything that does not fit together or into memory.
    """
    made_rule: Rule = look_up(RULES, "rule", rule, rule_options)
    made_ensemble: Ensemble = look_up(ENSEMBLES, "ensemble", ensemble, ensemble_options)
    made_retrieval: Retrieval = look_up(RETRIEVALS, "retrieval", retrieval, retrieval_options)
    made_readout: Readout = look_up(READOUTS, "readout", readout, readout_options)
    made_precision: Precision = look_up(PRECISIONS, "precision", precision, precision_options)
    dim_key, dim_value = _dims(dim, dim_key, dim_value)
    if not isinstance(tied, bool | np.bool_):
        raise HebbsimError(f"tied = {tied!r}; allowed: True, False")
    probes = check_integer("probes", probes, 1, MOST_PROBES)
    ages = tuple(check_integer("ages", age, 0, MOST_PATTERNS) for age in _many("ages", ages))
    if list(ages) != sorted(set(ages)):
        raise HebbsimError(f"ages = {ages}; allowed: ascending whole numbers, edges in pairs since writing")
    wrapped = made_precision.wrap(made_rule)
    _fits(wrapped, made_ensemble, made_retrieval, made_readout, made_precision, dim_key, dim_value, tied)
    counts = pattern_counts(wrapped, dim_key, num_patterns, loads)
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
        max_patterns=max(counts) if "keys" in made_retrieval.knows else 0,
    )
    spec = placed(spec, counts)
    if spec.probes * dim_value > MOST_COUNTED:
        raise HebbsimError(
            f"probes = {spec.probes} of {dim_value} entries; allowed: {MOST_COUNTED // dim_value} probes"
        )
    _ = spec.sides  # an ensemble's options may not fit the dims
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
        ages=spec.ages,
        tied=bool(tied),
        seed=check_integer("seed", seed, 0, 2**32 - 1),
    )
    tasks = tuple(dataclasses.replace(first, num_patterns=m) for m in sorted(set(counts)))
    return Sweep(spec, tasks, wrapped.num_parameters(dim_key, dim_value))


def _dims(dim: int | None, dim_key: int | None, dim_value: int | None) -> tuple[int, int]:
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
        raise HebbsimError(f"{name} = {values!r}; allowed: a list")
    return list(values)


def pattern_counts(
    rule: Rule, dim_key: int, num_patterns: Sequence[int] | None, loads: Sequence[float] | None
) -> list[int]:
    if (num_patterns is None) == (loads is None):
        raise HebbsimError("give num_patterns or loads, one of the two")
    if loads is not None:
        for load in _many("loads", loads):
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


def _fits(
    rule: Rule, ensemble: Ensemble, retrieval: Retrieval, readout: Readout, precision: Precision, dim_key: int,
    dim_value: int, tied: bool,
) -> None:  # fmt: skip
    if ensemble.kind not in rule.accepts:
        raise HebbsimError(
            f"rule {rule.label} does not store {ensemble.kind}; allowed: {', '.join(sorted(rule.accepts))}"
        )
    if ensemble.kind not in readout.accepts:
        allowed = ", ".join(sorted(readout.accepts & KINDS))
        raise HebbsimError(f"readout {readout.label} does not score ensemble {ensemble.kind}; allowed: {allowed}")
    if rule.tied_only and not tied:
        raise HebbsimError(f"rule {rule.label} stores tied patterns only: set tied")
    if (rule.square or tied) and dim_key != dim_value:
        why = "tied patterns need" if tied else f"rule {rule.label} needs"
        raise HebbsimError(f"{why} dim_key = dim_value; got {dim_key} and {dim_value}")
    if tied and ensemble.kind == "gaussian" and "flip" in ensemble.label:
        raise HebbsimError("tied gaussian patterns: cue noise flip is not defined; allowed: erase")
    given = rule.gives | ensemble.gives | precision.gives | ({"tied"} if tied else set())
    require(f"retrieval {retrieval.label}", retrieval.needs, given)
    if "keys" in retrieval.knows and (tied or "flip" in ensemble.label or "erase" in ensemble.label):
        why = "tied patterns are their own keys" if tied else "no cue is used, so none can be noisy"
        raise HebbsimError(f"retrieval {retrieval.label} is given all keys: {why}; allowed: untied, no flip, no erase")
