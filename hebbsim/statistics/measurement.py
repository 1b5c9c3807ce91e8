"""What was measured at one task: its trials, and the bits and error rates they give. No JAX."""

import dataclasses
from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np

from hebbsim.errors import HebbsimError
from hebbsim.records import Record, Results
from hebbsim.records.task import FIELDS, Task, stored_bits
from hebbsim.statistics.channels import Channel, contents, find, vocabulary_of
from hebbsim.statistics.content import Content, rows_read
from hebbsim.statistics.estimate import Estimate, add, subtract, two_or_more
from hebbsim.statistics.information import Counts
from hebbsim.statistics.intervals import bits_interval, rate_interval, sum_interval
from hebbsim.statistics.notebook import html_table

LADDERS = ("log_posterior", "cue_log_posterior")  # wider now than in old records: the middle is common to all


@dataclasses.dataclass(frozen=True, repr=False)
class Measurement:
    """The trials of one task. Bits are per parameter, a parameter being an entry of the memory's arrays.

    Example:
        >>> import hebbsim
        >>> point = hebbsim.measure(dim=32, num_patterns=32, readout="soft", trials=2)
        >>> sorted(point.bits), point.task.num_patterns, len(point.trials)
        (['hard', 'soft'], 32, 2)
    """

    task: Task
    records: tuple[Record, ...]
    level: float = 0.95

    @property
    def load(self) -> float:
        """num_patterns / dim_key, as run."""
        return self.task.load

    @property
    def num_parameters(self) -> int:
        """Array entries of the memory."""
        return self.records[0].num_parameters

    @property
    def exact(self) -> bool:
        """Whether every machine must find these very counts."""
        return all(record.exact for record in self.records)

    @cached_property
    def trials(self) -> tuple[Mapping[str, np.ndarray], ...]:
        """The counts, trial by trial; a leading axis of ages where asked for. Only what every trial has counted."""
        common = set.intersection(*(set(record.counts) for record in self.records))
        trials = [{name: n for name, n in record.counts.items() if name in common} for record in self.records]
        for name in common.intersection(LADDERS):
            least = min(np.shape(trial[name])[-1] for trial in trials)
            for trial in trials:
                spare = (np.shape(trial[name])[-1] - least) // 2
                trial[name] = trial[name][..., spare : spare + least]
        return tuple(trials)

    @cached_property
    def counts(self) -> dict[str, np.ndarray]:
        """The counts summed over trials."""
        return add(self.trials)

    @cached_property
    def vocabulary(self) -> int:
        """Words that the values were drawn from; 0 for values that are no words."""
        return vocabulary_of(self.records)

    @cached_property
    def age_pairs(self) -> np.ndarray:
        """Stored pairs in each bin of age; one bin of all where no ages were asked for."""
        edges = np.clip([0, *self.task.ages, self.task.num_patterns], 0, self.task.num_patterns)
        return np.diff(edges)

    @cached_property
    def channel(self) -> Channel | None:
        """What turns the counts into bits; None for a readout that names no channel."""
        return find(self.records[0].channel, self.task)

    @cached_property
    def criteria(self) -> tuple[str, ...]:
        """The criteria that the readout decides, its own first; none without a channel."""
        return tuple(self._contents(self.counts)[int(np.argmax(self.age_pairs[self.age_pairs > 0]))])

    @property
    def ages(self) -> list[int]:
        """The bins of age that hold pairs."""
        return [int(age) for age in np.flatnonzero(self.age_pairs)]

    def _at_age(self, counts: Counts, age: int) -> Counts:
        return {name: count[age] for name, count in counts.items() if np.ndim(count)} if self.task.ages else counts

    def _contents(self, counts: Counts) -> list[dict[str, Content]]:
        """What was recovered of one value, by criterion, for each age that holds pairs."""
        found = []
        for age in self.ages:
            here = self._at_age(counts, age)
            found.append({} if self.channel is None else contents(self.channel, here, self.vocabulary))
        return found

    @cached_property
    def _whole(self) -> list[dict[str, Content]]:
        return self._contents(self.counts)

    @cached_property
    def _without(self) -> list[list[dict[str, Content]]]:
        two_or_more(len(self.trials), np.nan, self.level)
        return [self._contents(subtract(self.counts, trial)) for trial in self.trials]

    def _rows(self, age: int) -> float:
        """Pairs of that age that were read back, over all trials."""
        return rows_read(self._at_age(self.counts, age))

    def bits_of(self, counts: Counts, criterion: str) -> float:
        """Bits per parameter of summed counts: each age's bits times its pairs, over the parameters."""
        bits = [c[criterion].bits() for c in self._contents(counts)]
        return float(np.dot(self.age_pairs[self.ages], bits)) / self.num_parameters

    def content(self, counts: Counts, criterion: str) -> Content | None:
        """What was recovered of one value; None where ages differ."""
        return None if self.task.ages else self._contents(counts)[0][criterion]

    def content_at(self, counts: Counts, age: int) -> dict[str, Content]:
        """What was recovered of one value of an age that holds pairs, by criterion."""
        return self._contents(counts)[self.ages.index(age)]

    def stored(self, criterion: str) -> float:
        """Bits per parameter that recall could add by a criterion: the entropy of what was stored, given the cue."""
        bits = [content[criterion].stored for content in self._whole]
        return float(np.dot(self.age_pairs[self.ages], bits)) / self.num_parameters

    @cached_property
    def error_rate(self) -> Estimate:
        """Wrong bits or tokens (a tie is half an error), or wrong units per active one; nan where nothing is decided."""
        rates = [self.errors_of(trial) for trial in self.trials]
        two_or_more(len(rates), float(np.divide(*np.sum(rates, axis=0))), self.level)
        rows = sum(self._rows(age) for age in self.ages)
        return self._rate(rates, rows)

    def _rate(self, rates: Sequence[tuple[float, float]], rows: float) -> Estimate:
        share = self.channel is None or self.channel.name != "units"
        low, best, high = rate_interval(rates, rows, self.level, share)
        method = "no error seen: exact bound over probes" if best == 0 else "jackknife over trials"
        return Estimate(low, best, high, self.level, len(rates), method)

    def errors_of(self, counts: Counts) -> tuple[float, float]:
        """(errors, of how many) of the counts of one trial, or of summed ones, over all ages."""
        if self.channel is None:
            return np.nan, np.nan
        if self.task.ages:
            counts = {name: count.sum(0) if np.ndim(count) else count for name, count in counts.items()}
        return self.channel.errors(counts)

    @cached_property
    def bits(self) -> dict[str, Estimate]:
        """Bits per parameter, by criterion."""
        return {criterion: self._bits(criterion) for criterion in self.criteria}

    @property
    def bits_per_parameter(self) -> Estimate:
        """Bits per parameter by the readout's own criterion. Raises HebbsimError for a readout that decides none."""
        if not self.criteria:
            raise HebbsimError(f"readout {self.task.readout} names no channel: its counts are kept, not made into bits")
        return self.bits[self.criteria[0]]

    @property
    def stored_bits(self) -> float:
        """Bits that each entry of the memory takes: of the precision, whatever type it is computed in."""
        return self.records[0].stored_bits or stored_bits(self.task.precision, self.task.rule)

    @property
    def bits_per_stored_bit(self) -> Estimate:
        """bits_per_parameter over the bits that a parameter is stored in."""
        each, per = self.bits_per_parameter, self.stored_bits
        return each._replace(low=each.low / per, best=each.best / per, high=each.high / per)

    @cached_property
    def age_bits(self) -> tuple[Estimate, ...]:
        """Bits of one pair by the readout's own criterion, for each age bin that holds pairs."""
        name, found = self.criteria[0], []
        for i, age in enumerate(self.ages):
            without = [one[i][name] for one in self._without]
            found.append(self._estimate(*bits_interval(self._whole[i][name], without, self._rows(age), self.level)))
        return tuple(found)

    @cached_property
    def age_error_rate(self) -> tuple[Estimate, ...]:
        """error_rate of each age bin that holds pairs, the newest first: nan where nothing was probed or decided."""
        return tuple(
            self._rate([self._errors_at(trial, age) for trial in self.trials], self._rows(age)) for age in self.ages
        )

    def _errors_at(self, counts: Counts, age: int) -> tuple[float, float]:
        return (np.nan, np.nan) if self.channel is None else self.channel.errors(self._at_age(counts, age))

    def _bits(self, criterion: str) -> Estimate:
        whole = [content[criterion] for content in self._whole]
        without = [[content[criterion] for content in one] for one in self._without]
        weights = [self.age_pairs[age] / self.num_parameters for age in self.ages]
        rows = [self._rows(age) for age in self.ages]
        return self._estimate(*sum_interval(whole, without, weights, rows, self.level))

    def _estimate(self, low: float, best: float, high: float) -> Estimate:
        return Estimate(float(low), float(best), float(high), self.level, len(self.trials), "jackknife over trials")

    def __repr__(self) -> str:
        return f"<Measurement {self}>"

    def _repr_html_(self) -> str:
        task = self.task
        rows = [(name, getattr(task, name)) for name in FIELDS if name not in ("version", "dim_key", "dim_value")]
        rows = [(name, value) for name, value in rows if value or name == "seed"]
        rows += [("matrix", f"{task.dim_key} x {task.dim_value}"), ("load", f"{self.load:.4g}")]
        rows += [(f"{name} bits per parameter", bits) for name, bits in self.bits.items()]
        return html_table([*rows, ("error rate", self.error_rate)])

    def __str__(self) -> str:
        task = self.task
        where = f"{task.rule} {task.ensemble} {task.dim_key}x{task.dim_value} load {task.load:.4g}"
        parts = [f"{name} {bits.number()}" for name, bits in self.bits.items()]
        if not parts:
            return f"{where}: no bits, since readout {task.readout} names no channel; {len(self.trials)} trials"
        said = f"{where}: {', '.join(parts)} bits/parameter"
        if self.stored(self.criteria[0]) < 1e-9:
            said += " (the cue says all)" if task.tied else " (the values are always the same)"
        if not np.isfinite(self.error_rate.best) or not self.channel:
            return f"{said} ({100 * self.level:g} %, {len(self.trials)} trials)"
        return f"{said}, error rate of {self.channel.of} {self.error_rate}"


def measurements(results: Results, level: float = 0.95) -> list[Measurement]:
    """One Measurement a task that has two finite trials or more, in the order of the records."""
    found = []
    for task in results.tasks():
        records = tuple(record for record in results.trials(task) if record.finite)
        if len(records) >= 2:
            found.append(Measurement(task, records, level))
    return found


def named(results: Results, level: float = 0.95) -> dict[str, list[Measurement]]:
    """The measured curves by name, in the order of TASKS, each by load.

    A point takes two finite trials, as in `measurements`; a curve without any point yet is left out.
    Raises HebbsimError where the records have no names: their folder lacks curves.json, which `hebbsim collect` writes.
    """
    if not results.curves:
        raise HebbsimError("the records have no curves.json; hebbsim collect writes it, and runs nothing twice")
    points = {point.task: point for point in measurements(results, level)}
    found = {name: [points[task] for task in tasks if task in points] for name, tasks in results.curves.items()}
    return {name: curve for name, curve in found.items() if curve}


def curves(points: Sequence[Measurement]) -> dict[Task, list[Measurement]]:
    """Group points that differ in num_patterns only, each group by load; the key is the group's task at its least load.

    Example:
        >>> from hebbsim import records
        >>> from hebbsim.statistics.measurement import curves, measurements
        >>> groups = curves(measurements(records.read("results/load")))
        >>> [(task.dim_key, len(curve)) for task, curve in groups.items()][:2]
        [(64, 12), (128, 12)]
    """
    groups: dict[Task, list[Measurement]] = {}
    for point in points:
        groups.setdefault(dataclasses.replace(point.task, num_patterns=1), []).append(point)
    ordered = [sorted(group, key=lambda point: point.load) for group in groups.values()]
    return {group[0].task: group for group in ordered}
