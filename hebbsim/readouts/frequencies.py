"""What a readout also counts of values that their ensemble does not promise to be fair: how often each value occurs.

Rows of nothing but +1 hold no bits, and a row drawn from four holds two, however wide it is.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array

from hebbsim.base import Truth
from hebbsim.statistics.information import LOG_UNIT


def frequencies(truth: Truth, positive: Array | None = None) -> dict[str, Array]:
    """Counts, one row a probe; none for fair values.

    repeats: log2(probes of this trial / those with the same row), in 1/LOG_UNIT bit, whose mean is the entropy of the
    rows as drawn if few are singletons, rows seen once. columns: `positive` itself (bool, p x dv), whose sums are the
    frequencies of each column.
    """
    if truth.fair:
        return {}
    # A row's name is 32 bits of its entries mixed: two rows that differ share it with chance 2**-32.
    bits = jax.lax.bitcast_convert_type(truth.rows, jnp.uint32)
    weights = jax.random.bits(jax.random.key(0, impl="threefry2x32"), (bits.shape[1],), jnp.uint32) | 1
    mixed = (bits ^ (bits >> 16)) * jnp.uint32(0x45D9F3B)
    name = jnp.sum((mixed ^ (mixed >> 15)) * weights[None, :], axis=1, dtype=jnp.uint32)
    name = jnp.where(truth.live, name, jnp.uint32(2**32 - 1))
    order = jnp.sort(name)
    same = jnp.searchsorted(order, name, side="right") - jnp.searchsorted(order, name, side="left")
    surprisal = jnp.log2(jnp.maximum(jnp.sum(truth.live), 1) / same)
    counts = {
        "repeats": jnp.round(surprisal * LOG_UNIT).astype(jnp.int32),
        "singletons": (same == 1).astype(jnp.int32),
    }
    return counts if positive is None else counts | {"columns": positive.astype(jnp.int32)}
