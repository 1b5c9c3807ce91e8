"""What things cost, about: the arithmetic by which a cheaper order or kernel is chosen, and progress foretold. No JAX.

The unit is one multiply-add of a float32 product. The rates are medians on 2 cores of a CPU (results/bench); a choice made
with rates that are off costs time, never a count.
"""

from collections.abc import Sequence

PACKED = 1 / 6  # of a +-1 pair and entry, in kernels.packed
AND = 1 / 16  # of a 0/1 pair and entry there
INDEXED = 250.0  # of an entry touched by its number
SMALL = 2**20  # entries: a smaller state is always formed
PACKING = 600.0  # of an active unit put into its word
STEPS = 20.0  # of a reader that is given all keys, two products each


def willshaw_by_units(dim_key: int, dim_value: int, active_key: int, active_value: int) -> bool:
    """Whether a pair is cheaper to write unit by unit than bit by bit, its units being packed first."""
    touched = INDEXED * active_key * active_value
    return touched < AND * dim_key * dim_value + PACKING * (active_key + active_value)


def by_state(
    dim_key: int, dim_value: int, num_patterns: Sequence[int], probes: float, block: int, packed: bool
) -> float:
    """Write every pair once, a part of a block more at each load, and read the state `probes` times at each load."""
    pair = dim_key * dim_value * (PACKED if packed else 1.0)
    return max(num_patterns) * pair + len(num_patterns) * (block * pair + probes * dim_key * dim_value)


def by_pairs(dim_key: int, dim_value: int, num_patterns: Sequence[int], probes: int) -> float:
    """No state: (Q K^T) V at each load, the first product in bits."""
    return sum(num_patterns) * probes * (dim_key * PACKED + dim_value)
