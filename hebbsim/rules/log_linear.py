"""One state for each level of a Fenwick tree over the pairs: log-linear attention."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from hebbsim.base import Rule, dot
from hebbsim.parts import factory


class State(NamedTuple):
    levels: Float[Array, "levels dk dv"]  # level 0 holds the newest pair, level l up to 2^(l-1) pairs
    written: Int[Array, ""]


@factory(levels=(lambda n: 1 <= n <= 31, "1 to 31"), weight=(lambda w: 0 < w <= 1, "above 0, up to 1"))
def log_linear(label: str, *, levels: int = 8, weight: float = 0.8) -> Rule:
    """S_l = sum of k^T v over the pairs of level l of a Fenwick tree; field = sum_l weight^l queries @ S_l.

    With t the newest pair, pair s is in level bit_length(s xor t): level 0 is the newest pair, level l a run of 2^(l-1)
    or none, older ones higher. All pairs older than levels can hold, 2^(levels-1) and more, share the last level: it
    takes log2(M) + 1 levels for M pairs. Level 1 alone, or weight 1, is hebbian. Raw keys. Parameters levels * dim_key
    * dim_value, empty levels too. Depth 1: sums. Without decay inside a level, the level weights constant.
    Also: log-linear attention. Source: Guo et al. 2025.
    """

    def level_of(pair: Array, newest: Array) -> Array:
        length = 32 - jax.lax.clz(pair ^ newest)
        return jnp.minimum(length, levels - 1)

    def init(dim_key: int, dim_value: int) -> State:
        return State(jnp.zeros((levels, dim_key, dim_value)), jnp.int32(0))

    def write(state: State, keys: Array, values: Array) -> State:
        count = keys.shape[0]
        if not count:
            return state
        newest = state.written + count - 1
        pair = level_of(state.written + jnp.arange(count, dtype=jnp.int32), newest)
        # A level goes to that of its pairs, all of which move together: below the highest bit that the count's change
        # has touched they join the level of that bit, above it they stay.
        old = jnp.arange(levels, dtype=jnp.int32)
        target = jnp.minimum(jnp.maximum(old, level_of(state.written - 1, newest)), levels - 1)

        def level(number: Array) -> Array:
            moved = jnp.tensordot((target == number).astype(keys.dtype), state.levels, 1, precision="highest")
            return moved + dot(jnp.where((pair == number)[:, None], keys, 0.0).T, values)

        return State(jax.lax.map(level, old), newest + 1)

    def recall(state: State, queries: Array) -> Array:
        scale = jnp.asarray(weight, state.levels.dtype) ** jnp.arange(levels, dtype=state.levels.dtype)
        return dot(queries, jnp.tensordot(scale, state.levels, 1, precision="highest"))

    return Rule(label, init, write, recall)
