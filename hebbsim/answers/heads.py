"""Keys of several heads in one file: a row a head, and the total."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from hebbsim.errors import HebbsimError
from hebbsim.statistics.estimate import Estimate, jackknife
from hebbsim.statistics.measurement import Measurement


class Heads(NamedTuple):
    """What each head's memory holds, in the file's order, and all of them together."""

    heads: tuple[Measurement, ...]
    bits_per_parameter: Estimate
    num_parameters: int  # of all heads

    @property
    def bits(self) -> Estimate:
        """Bits that all heads hold together."""
        each, size = self.bits_per_parameter, self.num_parameters
        return each._replace(low=size * each.low, best=size * each.best, high=size * each.high)

    @property
    def total(self) -> str:
        """The line of all heads together."""
        whole = f"{self.bits.number()} bits in {self.num_parameters:,} parameters"
        return f"all {len(self.heads)}: {self.bits_per_parameter} bits/parameter, {whole}"

    def __str__(self) -> str:
        return "\n".join([*(f"head {i}: {head}" for i, head in enumerate(self.heads, 1)), self.total])


def holds_heads(options: Mapping[str, Any]) -> bool:
    """Whether these options of `arrays` name a file of several heads, and none of them."""
    from hebbsim.ensembles.files import load_array

    keys = options.get("keys")
    return isinstance(keys, str) and keys.endswith(".npy") and not options.get("head") and load_array(keys).ndim == 3


def measure_heads(
    *,
    keys: str,
    values: str = "bipolar",
    ensemble_options: Mapping[str, Any] | None = None,
    tell: Callable[[int, Measurement], None] = lambda head, point: None,
    **options: Any,
) -> Heads:
    """Measure each head of .npy files (heads, pairs, dim), a memory a head, and the total.

    keys, values and ensemble_options: as for the ensemble `arrays`, without `head`; options: as for `measure`,
    num_patterns among them; tell: is given each head's number and measurement as it ends. A trial of the total is one
    trial of every head. Raises HebbsimError, before anything is measured, for files without heads, of unequal numbers
    of heads, or with an entry in any head that is refused.

    >>> heads = hebbsim.measure_heads(keys="tests/data/patches.npy", num_patterns=32, trials=2)
    >>> len(heads.heads), heads.num_parameters
    (2, 8192)
    """
    from hebbsim.ensembles import arrays
    from hebbsim.ensembles.files import load_array
    from hebbsim.measuring import measure

    shapes = [load_array(file).shape for file in (keys, values) if file.endswith(".npy")]
    if any(len(shape) != 3 for shape in shapes):
        raise HebbsimError(f"{keys}: its shape is {shapes[0]}; allowed: (heads, pairs, dim), or measure for one head")
    if len({shape[0] for shape in shapes}) > 1:
        raise HebbsimError(f"{keys} holds {shapes[0][0]} heads and {values} {shapes[1][0]}; allowed: as many in both")
    given = {**(ensemble_options or {}), "keys": keys, "values": values}
    ensembles = [arrays(**given, head=head) for head in range(1, shapes[0][0] + 1)]
    heads: list[Measurement] = []
    for number, ensemble in enumerate(ensembles, 1):
        heads.append(measure(ensemble=ensemble, **options))
        tell(number, heads[-1])
    size = sum(head.num_parameters for head in heads)
    trials = [
        {f"{i} {name}": count for i, head in enumerate(heads) for name, count in head.trials[number].items()}
        for number in range(len(heads[0].trials))
    ]

    def total(counts: Any) -> float:
        held = 0.0
        for i, head in enumerate(heads):
            own = {name: counts[f"{i} {name}"] for name in head.counts}
            held += head.num_parameters * head.bits_of(own, head.criteria[0])
        return held / size

    return Heads(tuple(heads), jackknife(total, trials, heads[0].level), size)
