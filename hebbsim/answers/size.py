"""How large a memory must be: the smallest dim at which so many pairs come back with at most a stated error."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from hebbsim.checks import check_integer
from hebbsim.errors import HebbsimError
from hebbsim.statistics.measurement import Measurement

LARGEST = 16_384  # dims tried
MOST_TRIALS = 64


class Size(NamedTuple):
    """The smallest dim that was measured to be large enough, the largest measured to be too small, and what lies between."""

    enough: Measurement
    short: Measurement | None  # None: even dim 1 is enough
    undecided: tuple[Measurement, ...]  # dims whose interval holds the error asked for
    error: float

    @property
    def dim(self) -> int:
        """dim_key of the memory that is enough."""
        return self.enough.task.dim_key

    @property
    def num_parameters(self) -> int:
        """Entries of the memory that is enough."""
        return self.enough.num_parameters

    @property
    def num_bytes(self) -> float:
        """Bytes of the memory that is enough, at the bits its precision stores."""
        return self.num_parameters * self.enough.stored_bits / 8

    def __str__(self) -> str:
        task = self.enough.task
        lines = [
            f"{task.rule}: {task.num_patterns} pairs at an error rate of {self.error:g} or less fit in dim {self.dim}: "
            f"{self.num_parameters:,} entries, {self.num_bytes:,.0f} bytes",
            f"  dim {self.dim}: error rate {self.enough.error_rate}: enough",
        ]
        lines += [f"  dim {p.task.dim_key}: error rate {p.error_rate}: not decided" for p in reversed(self.undecided)]
        if self.short:
            lines.append(f"  dim {self.short.task.dim_key}: error rate {self.short.error_rate}: too small")
        return "\n".join(lines)


def size(
    *,
    pairs: int,
    error: float = 0.01,
    resolution: float = 0.02,
    trials: int = 8,
    dim_value: int | None = None,
    tell: Callable[[Measurement], None] = lambda point: None,
    **options: Any,
) -> Size:
    """The smallest dim at which `pairs` pairs are read back with an error rate of `error` or less, by bracketing.

    dim_key = dim_value = dim, or dim_value as given. A dim is enough where the whole interval of its error rate lies at
    or below `error`, too small where it lies above; else its trials are doubled, up to 64, and then it is not decided.
    Dims are halved in on until the two ends differ by `resolution` of the dim or by what stays undecided. options: as
    for `measure`. tell: is given each measurement. Raises HebbsimError if no dim up to 16,384 is enough.

    The search looks many times, each time at `level`, which is not corrected for it: most looks fall on dims that are
    clearly large enough or too small. In 200 searches for 20 pairs at an error of 0.05, about 25 looks each, the true
    error of the answer was above 0.05 in 2 (at most 1.084 times), and that of the dim said to be too small never below.
    """
    from hebbsim.measuring import measure

    check_integer("pairs", pairs, 1, 2**31 - 1)
    if not 0 < error < 0.5:
        raise HebbsimError(f"error = {error!r}; allowed: above 0, under 0.5")
    if not 0 < resolution < 1:
        raise HebbsimError(f"resolution = {resolution!r}; allowed: above 0, under 1")
    points: dict[int, Measurement] = {}

    def verdict(dim: int) -> int:
        """1 enough, -1 too small, 0 not decided."""
        if dim not in points:
            number = trials
            while True:
                point = measure(num_patterns=pairs, trials=number, dim_key=dim, dim_value=dim_value or dim, **options)
                if math.isnan(point.error_rate.best):
                    raise HebbsimError(f"readout {point.task.readout} decides nothing; allowed: one with an error rate")
                points[dim] = point
                tell(point)
                if number >= MOST_TRIALS or not point.error_rate.low <= error < point.error_rate.high:
                    break
                number = min(2 * number, MOST_TRIALS)
        rate = points[dim].error_rate
        return 1 if rate.high <= error else -1 if rate.low > error else 0

    high = min(max(pairs, 2), LARGEST)
    while verdict(high) < 1:
        if high >= LARGEST:
            raise HebbsimError(f"{pairs} pairs: error rate {points[high].error_rate} at dim {high}, the largest tried")
        high = min(2 * high, LARGEST)
    low = high // 2
    while low and verdict(low) > -1:
        high = low if verdict(low) == 1 else high
        low //= 2
    short = low
    low, high = _narrow(low, high, resolution, lambda dim: verdict(dim) == 1)
    short, _ = _narrow(short, high, resolution, lambda dim: verdict(dim) > -1)
    between = tuple(points[dim] for dim in sorted(points) if short < dim < high and verdict(dim) == 0)
    return Size(points[high], points.get(short), between, error)


def _narrow(low: int, high: int, resolution: float, enough: Callable[[int], bool]) -> tuple[int, int]:
    """Halve (low, high], low being too small and high enough, until they differ by `resolution` of high or by 1."""
    while high - low > max(1, math.floor(resolution * high)):
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return low, high
