"""What things cost, about: the arithmetic by which a cheaper order or kernel is chosen, and progress foretold. No JAX.

The unit is one multiply-add of a float32 product. The rates are medians on 2 cores of a CPU (results/bench); a choice made
with rates that are off costs time, never a count.
"""

import itertools
from collections.abc import Mapping, Sequence

PACKED = 1 / 6  # of a +-1 pair and entry, in kernels.packed
BLOCKS = {1024: 1.0, 512: 1.1, 256: 1.4, 128: 2.0}  # pairs in a block: time a pair, as a multiple
# As a product on an accelerator, where an entry's 16 bytes (state in and out, and the product) move once a block and take
# as long as some 1,200 multiply-adds: from data sheets, not measured.
PRODUCT_BLOCKS = {size: 1 + 1200 / size for size in (8192, 4096, 2048, 1024)}
AND = 1 / 16  # of a 0/1 pair and entry there
INDEXED = 250.0  # of an entry touched by its number
SMALL = 2**20  # entries: a smaller state is always formed
PACKING = 600.0  # of an active unit put into its word
STEPS = 20.0  # of a reader that is given all keys, two products each


def willshaw_by_units(dim_key: int, dim_value: int, active_key: int, active_value: int) -> bool:
    """Whether a pair is cheaper to write unit by unit than bit by bit, its units being packed first."""
    touched = INDEXED * active_key * active_value
    return touched < AND * dim_key * dim_value + PACKING * (active_key + active_value)


def written(num_patterns: Sequence[int], block: int, blocks: Mapping[int, float] = BLOCKS) -> float:
    """Pairs that writing in part-filled blocks up to each load comes to, as pairs of the largest blocks."""
    steps = (after - before for before, after in itertools.pairwise([0, *sorted(set(num_patterns))]))
    return sum(-(-step // block) for step in steps) * block * blocks.get(block, 1.0)


def packed_block(num_patterns: Sequence[int], most: int, blocks: Mapping[int, float] = BLOCKS) -> int:
    """Pairs written at once, `most` or fewer: small where loads lie close, since a part-filled block costs a whole one."""
    sizes = [size for size in blocks if size <= most] or [most]
    return min(sizes, key=lambda size: written(num_patterns, size, blocks))


def by_state(
    dim_key: int, dim_value: int, num_patterns: Sequence[int], probes: float, block: int, packed: bool
) -> float:
    """Write up to each load, part of a block at the end (packed: instead of a whole one), and read `probes` times there."""
    read = len(num_patterns) * probes
    if packed:
        return dim_key * dim_value * (PACKED * written(num_patterns, block) + read)
    return dim_key * dim_value * (max(num_patterns) + len(num_patterns) * block + read)


def by_pairs(dim_key: int, dim_value: int, num_patterns: Sequence[int], probes: int) -> float:
    """No state: (Q K^T) V at each load, the first product in bits."""
    return sum(num_patterns) * probes * (dim_key * PACKED + dim_value)
