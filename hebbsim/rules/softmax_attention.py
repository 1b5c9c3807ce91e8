"""A key-value cache of the newest pairs, read by softmax."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from hebbsim.base import Rule, dot
from hebbsim.parts import factory


class Cache(NamedTuple):
    """The newest pairs, oldest first; `used` of the rows at the end hold one."""

    keys: Float[Array, "window dk"]
    values: Float[Array, "window dv"]
    used: Float[Array, ""]
    first_keys: Float[Array, "sinks dk"]  # the first pairs of all, read once they have left the window
    first_values: Float[Array, "sinks dv"]
    written: Int[Array, ""]


@factory(
    window=(lambda n: n >= 1, "an integer, 1 or more"),
    inverse_temperature=(lambda b: b > 0, "above 0"),
    sinks=(lambda n: n >= 0, "0 (off) or pairs, 1 or more"),
)
def softmax_attention(label: str, *, window: int = 64, inverse_temperature: float = 1.0, sinks: int = 0) -> Rule:
    """Keep the newest `window` pairs and, besides them, the first `sinks` of all; field = softmax(inverse_temperature * q K^T) V.

    memory K (window + sinks, dim_key), V likewise: parameters (window + sinks) (dim_key + dim_value), whatever is written. Raw
    scores, no 1/sqrt(dim_key). Exact inside the window for +-1 keys, nothing is left of what is older; the full cache is
    window = num_patterns. Depth 1. Also: sliding-window attention, dense associative memory with exponential energy.
    Source: Vaswani et al. 2017; Ramsauer et al. 2021; sinks: Xiao et al. 2024.
    """

    def init(dim_key: int, dim_value: int) -> Cache:
        newest = jnp.zeros((window, dim_key)), jnp.zeros((window, dim_value)), jnp.zeros(())
        return Cache(*newest, jnp.zeros((sinks, dim_key)), jnp.zeros((sinks, dim_value)), jnp.int32(0))

    def write(cache: Cache, keys: Array, values: Array) -> Cache:
        kept = [jnp.concatenate(both)[-window:] for both in ((cache.keys, keys), (cache.values, values))]
        used = jnp.minimum(cache.used + keys.shape[0], float(window))
        place = cache.written + jnp.arange(keys.shape[0], dtype=jnp.int32)
        first = [
            old.at[place].set(new, mode="drop") for old, new in ((cache.first_keys, keys), (cache.first_values, values))
        ]
        return Cache(kept[0], kept[1], used, first[0], first[1], cache.written + keys.shape[0])

    def recall(cache: Cache, queries: Array) -> Array:
        keys, values = (
            jnp.concatenate(both) for both in ((cache.first_keys, cache.keys), (cache.first_values, cache.values))
        )
        scores = inverse_temperature * dot(queries, keys.T)
        left = jnp.arange(sinks, dtype=jnp.int32) < cache.written - window
        filled = jnp.concatenate([left, jnp.arange(window, dtype=jnp.float32) >= window - cache.used])
        weights = jax.nn.softmax(jnp.where(filled[None, :], scores, -jnp.inf), axis=1)
        return dot(jnp.where(filled[None, :], weights, 0.0), values)  # softmax of nothing at all is nan

    return Rule(label, init, write, recall)
