"""What was measured at one task: its trials, and the bits and error rates they give. No JAX."""

import dataclasses
from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
from scipy.special import gammaincinv

from hebbsim.records import Record, Results
from hebbsim.records.task import Task, parse_label, stored_bits
from hebbsim.statistics.estimate import Estimate, add, jackknife, student
from hebbsim.statistics.information import errors_of, hard_bits, pair_bits

FEW = 30  # errors in all trials together


@dataclasses.dataclass(frozen=True)
class Measurement:
    """The trials of one task. Bits are per parameter, a parameter being an entry of the memory's arrays."""

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

    @property
    def trials(self) -> tuple[Mapping[str, np.ndarray], ...]:
        """The counts, trial by trial; a leading axis of ages where asked for."""
        return tuple(record.counts for record in self.records)

    @cached_property
    def counts(self) -> dict[str, np.ndarray]:
        """The counts summed over trials."""
        return add(self.trials)

    @cached_property
    def vocabulary(self) -> int:
        """Of a token ensemble; 0 otherwise."""
        return int(parse_label(self.task.ensemble)[1].get("vocabulary", 0))

    @cached_property
    def age_pairs(self) -> np.ndarray:
        """Stored pairs in each bin of age; one bin of all where no ages were asked for."""
        edges = np.clip([0, *self.task.ages, self.task.num_patterns], 0, self.task.num_patterns)
        return np.diff(edges)

    @cached_property
    def criteria(self) -> tuple[str, ...]:
        """The criteria that the readout decides, its own first."""
        return tuple(pair_bits(self._at_age(self.counts, int(np.argmax(self.age_pairs))), self.vocabulary))

    def _at_age(self, counts: Mapping[str, np.ndarray], age: int) -> Mapping[str, np.ndarray]:
        return {name: count[age] for name, count in counts.items() if np.ndim(count)} if self.task.ages else counts

    def bits_of(self, counts: Mapping[str, np.ndarray], criterion: str) -> float:
        """Bits per parameter of summed counts: each age's bits times its pairs, over the parameters."""
        stored = [(age, pairs) for age, pairs in enumerate(self.age_pairs) if pairs]
        bits = [pairs * pair_bits(self._at_age(counts, age), self.vocabulary)[criterion] for age, pairs in stored]
        return float(np.sum(bits)) / self.num_parameters

    @cached_property
    def error_rate(self) -> Estimate:
        """Wrong bits or items (a tie is half an error), or wrong units per active one; nan where nothing is decided."""
        trials = self.trials
        if self.task.ages:
            trials = [{name: count.sum(0) if np.ndim(count) else count for name, count in t.items()} for t in trials]
        rates = [errors_of(trial) for trial in trials]
        estimate = student([wrong / of for wrong, of in rates], self.level)
        if estimate.best == 0:
            # Nothing went wrong. Errors this rare are near enough independent from probe to probe.
            probes = sum(float(np.sum(t["items"] if "items" in t else t["probes"])) for t in self.trials)
            high = 1 - ((1 - self.level) / 2) ** (1 / probes)
            return estimate._replace(high=high, method="no error seen: exact bound over probes")
        seen, of = (sum(column) for column in zip(*rates, strict=True))
        if of - seen < FEW and "misses" not in self.counts:
            tail = (1 - self.level) / 2
            low = 1 - gammaincinv(of - seen + 1, 1 - tail) / of
            return estimate._replace(
                low=max(0.0, min(low, estimate.low)), high=min(1.0, max(estimate.best, estimate.high))
            )
        if seen < FEW:
            # A handful of errors says little about how they scatter from trial to trial: at least what Poisson says.
            tail = (1 - self.level) / 2
            low, high = gammaincinv(seen, tail) / of, gammaincinv(seen + 1, 1 - tail) / of
            return estimate._replace(low=max(0.0, min(low, estimate.low)), high=max(high, estimate.high))
        return estimate._replace(low=max(estimate.low, 0.0))

    @cached_property
    def bits(self) -> dict[str, Estimate]:
        """Bits per parameter, by criterion."""
        return {criterion: self._estimate(criterion) for criterion in self.criteria}

    @property
    def bits_per_parameter(self) -> Estimate:
        """Bits per parameter by the readout's own criterion."""
        return self.bits[self.criteria[0]]

    @property
    def stored_bits(self) -> float:
        """Bits that each entry of the memory takes: of the precision, whatever type it is computed in."""
        return stored_bits(self.task.precision, self.task.rule)

    @property
    def bits_per_stored_bit(self) -> Estimate:
        """bits_per_parameter over the bits that a parameter is stored in."""
        each, per = self.bits_per_parameter, self.stored_bits
        return each._replace(low=each.low / per, best=each.best / per, high=each.high / per)

    @cached_property
    def age_bits(self) -> tuple[Estimate, ...]:
        """Bits of one pair by the readout's own criterion, for each age bin that holds pairs."""
        name = self.criteria[0]
        return tuple(
            jackknife(lambda c, a=age: pair_bits(self._at_age(c, a), self.vocabulary)[name], self.trials, self.level)
            for age, pairs in enumerate(self.age_pairs)
            if pairs
        )

    @cached_property
    def age_error_rate(self) -> tuple[Estimate, ...]:
        """error_rate of each age bin that holds pairs, the newest first: nan where nothing was probed or decided."""
        found = []
        for age, pairs in enumerate(self.age_pairs):
            if pairs:
                rates = [errors_of(self._at_age(trial, age)) for trial in self.trials]
                found.append(student([wrong / of if of else np.nan for wrong, of in rates], self.level))
        return tuple(found)

    def _estimate(self, criterion: str) -> Estimate:
        one_rate = criterion == "hard" and "misses" not in self.counts and not self.task.ages and not self.task.tied
        if not one_rate:
            return jackknife(lambda counts: self.bits_of(counts, criterion), self.trials, self.level)
        # Bits fall as errors rise up to chance: the interval of the error rate, mapped.
        rate = self.error_rate
        symbols, scale = self.vocabulary or 2, self.task.num_patterns / self.num_parameters
        if not self.vocabulary:
            scale *= self.task.dim_value
        chance = 1 - 1 / symbols
        low, high = (scale * hard_bits(min(r, chance), symbols) for r in (rate.high, rate.low))
        best = self.bits_of(self.counts, criterion)
        return rate._replace(low=min(low, best), best=best, high=max(high, best))

    def __str__(self) -> str:
        task = self.task
        where = f"{task.rule} {task.ensemble} {task.dim_key}x{task.dim_value} load {task.load:.4g}"
        said = ", ".join(f"{name} {bits.number()}" for name, bits in self.bits.items())
        return f"{where}: {said} bits/parameter, error rate {self.error_rate}"


def measurements(results: Results, level: float = 0.95) -> list[Measurement]:
    """One Measurement a task that has two finite trials or more, in the order of the records."""
    found = []
    for task in results.tasks():
        records = tuple(record for record in results.trials(task) if record.finite)
        if len(records) >= 2:
            found.append(Measurement(task, records, level))
    return found


def curves(points: Sequence[Measurement]) -> dict[Task, list[Measurement]]:
    """Group points that differ in num_patterns only, each group by load; the key is the group's task at its least load."""
    groups: dict[Task, list[Measurement]] = {}
    for point in points:
        groups.setdefault(dataclasses.replace(point.task, num_patterns=1), []).append(point)
    ordered = [sorted(group, key=lambda point: point.load) for group in groups.values()]
    return {group[0].task: group for group in ordered}
