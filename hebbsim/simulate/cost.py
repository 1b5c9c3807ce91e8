"""What things cost, about: the arithmetic by which a cheaper order or kernel is chosen, and progress foretold. No JAX.

The unit is one multiply-add of a float32 product. The rates are medians on 2 cores of a CPU (results/bench); a choice made
with rates that are off costs time, never a count.
"""

import itertools
from collections.abc import Sequence

PACKED = 1 / 7  # of a +-1 pair and entry, in kernels.packed
BLOCK_OVERHEAD = (
    150.0  # pairs whose writing takes as long as a block does beyond its pairs: each entry is read and written
)
# The same by a product on an accelerator, where 16 bytes of each entry move: from data sheets, not measured.
PRODUCT_OVERHEAD = 1200.0
SMALL_STATE = 2**20  # entries: a smaller state is always formed
READER_STEPS = 20.0  # of a reader that is given all keys, two products each


def written(num_patterns: Sequence[int], block: int, overhead: float = BLOCK_OVERHEAD) -> float:
    """Writing up to each load in blocks, a part of one costing a whole one, as pairs that would take as long."""
    steps = (after - before for before, after in itertools.pairwise([0, *sorted(set(num_patterns))]))
    return sum(-(-step // block) for step in steps) * (block + overhead)


def packed_block(num_patterns: Sequence[int], most: int, overhead: float = BLOCK_OVERHEAD, unit: int = 32) -> int:
    """Pairs written at once, whole units, `most` or fewer: as they fit the steps from load to load."""
    sizes = range(most - most % unit, 0, -unit) or [most]
    return min(sizes, key=lambda size: written(num_patterns, size, overhead))


def by_state(
    dim_key: int, dim_value: int, num_patterns: Sequence[int], probes: float, block: int, packed: bool
) -> float:
    """Write up to each load, part of a block at the end (packed: as much as a whole one), and read `probes` times there."""
    read = len(num_patterns) * probes
    if packed:
        return dim_key * dim_value * (PACKED * written(num_patterns, block) + read)
    return dim_key * dim_value * (max(num_patterns) + len(num_patterns) * block + read)


def by_pairs(dim_key: int, dim_value: int, num_patterns: Sequence[int], probes: int) -> float:
    """No state: (Q K^T) V at each load, the first product in bits."""
    return sum(num_patterns) * probes * (dim_key * PACKED + dim_value)
