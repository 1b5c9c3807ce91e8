"""What things cost, about: the arithmetic by which a cheaper form or kernel is chosen, and progress foretold. No JAX.

The unit is one multiply-add of a float32 product. A choice made with rates that are off costs time, never a count.
"""

import itertools
from collections.abc import Sequence
from typing import NamedTuple


class Rates(NamedTuple):
    """Multiply-adds of a large float32 product that take as long as one of each: medians on 2 cores of a CPU (results/bench).

    rates.measured times the first three on the machine at hand.
    """

    packed: float = 1 / 7  # a +-1 pair and entry of the memory, written by kernels.packed
    overlap: float = 1 / 4  # a +-1 query, pair and entry of the key, by kernels.packed
    row: float = 30.0  # an entry of a pair's rows, drawn and unpacked


RATES = Rates()
# Pairs whose writing takes as long as a block does beyond its pairs: each entry is read and written.
BLOCK_OVERHEAD = 150.0
# The same by a product on an accelerator, where 16 bytes of each entry move: from data sheets, not measured.
PRODUCT_OVERHEAD = 1200.0
TOUCH = 10.0  # an entry of a float32 array, read and written once
STEP = 2e6  # one turn of a loop over blocks, whatever is in it: about 30 microseconds
READER_STEPS = 20.0  # of a reader that is given all keys, two products each
CARRIED_BLOCK = 512  # pairs, at most, whose products with the queries are taken at once


def steps_between(num_patterns: Sequence[int]) -> list[int]:
    """Pairs from each load to the next."""
    return [after - before for before, after in itertools.pairwise([0, *sorted(set(num_patterns))])]


def written(num_patterns: Sequence[int], block: int, overhead: float = BLOCK_OVERHEAD) -> float:
    """Writing up to each load in blocks, a part of one costing a whole one, as pairs that would take as long."""
    return sum(-(-step // block) for step in steps_between(num_patterns)) * (block + overhead)


def packed_block(num_patterns: Sequence[int], most: int, overhead: float = BLOCK_OVERHEAD, unit: int = 32) -> int:
    """Pairs written at once, whole units, `most` or fewer: as they fit the steps from load to load."""
    sizes = range(most - most % unit, 0, -unit) or [most]
    return min(sizes, key=lambda size: written(num_patterns, size, overhead))


def by_state(
    width: int,
    dim_value: int,
    num_patterns: Sequence[int],
    probes: float,
    block: int,
    packed: bool,
    rates: Rates = RATES,
) -> float:
    """Write up to each load, part of a block at the end (packed: as much as a whole one), and read `probes` times there.

    width: rows of the memory, dim_key or the features of a key.
    """
    entries, loads = width * dim_value, len(num_patterns)
    reading = loads * (probes * (entries + (width + dim_value) * rates.row) + STEP)
    if packed:
        writing = entries * rates.packed * written(num_patterns, block)
        blocks = sum(-(-step // block) for step in steps_between(num_patterns))
        return writing + blocks * STEP + reading
    return entries * (max(num_patterns) + loads * block) + loads * STEP + reading


def by_sums(
    width: int,
    dim_value: int,
    num_patterns: Sequence[int],
    probes: int,
    block: int,
    packed: bool,
    exact: bool,
    carried: bool,
    rates: Rates = RATES,
) -> float:
    """No memory: (Q K^T) V, carried on from load to load or anew at each; packed: the first product in bits.

    A sum that is not exact goes on from its last full block, and a copy is completed at each load.
    """
    loads = sorted(set(num_patterns))
    if not carried:
        blocks = sum(-(-count // block) for count in loads)
    elif exact:
        blocks = sum(-(-step // block) for step in steps_between(loads))
    else:
        blocks = loads[-1] // block + len(loads)
    products = probes * (width * (rates.overlap if packed else 1.0) + dim_value)
    each = block * (products + (width + dim_value) * rates.row) + TOUCH * probes * dim_value + STEP
    return blocks * each


def carried_block(width: int, dim_value: int, num_patterns: Sequence[int], probes: int, exact: bool) -> int:
    """Pairs taken at once by fields that are carried on: as they fit the steps from load to load."""
    sizes = range(32, CARRIED_BLOCK + 1, 32)

    def cost(block: int) -> float:
        return by_sums(width, dim_value, num_patterns, probes, block, exact, exact, True)

    return min(sizes, key=cost)
