"""A key-value cache of the newest pairs, read by softmax."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from hebbsim.base import Rule, dot
from hebbsim.parts import factory


class Cache(NamedTuple):
    """The newest pairs, oldest first; `used` of the rows at the end hold one."""

    keys: Float[Array, "window dk"]
    values: Float[Array, "window dv"]
    used: Float[Array, ""]


@factory(
    window=(lambda n: n >= 1, "a whole number, 1 or more"),
    inverse_temperature=(lambda b: b > 0, "above 0"),
)
def softmax_attention(label: str, *, window: int = 64, inverse_temperature: float = 1.0) -> Rule:
    """Keep the newest `window` pairs; field = softmax(inverse_temperature * q K^T) V.

    memory K (window, dim_key), V (window, dim_value): parameters window (dim_key + dim_value), whatever is written. Raw
    scores, no 1/sqrt(dim_key). Exact inside the window for +-1 keys, nothing is left of what is older; the full cache is
    window = num_patterns. Depth 1. Also: sliding-window attention, dense associative memory with exponential energy.
    Source: Vaswani et al. 2017; Ramsauer et al. 2021.
    """

    def init(dim_key: int, dim_value: int) -> Cache:
        return Cache(jnp.zeros((window, dim_key)), jnp.zeros((window, dim_value)), jnp.zeros(()))

    def write(cache: Cache, keys: Array, values: Array) -> Cache:
        kept = [jnp.concatenate(both)[-window:] for both in ((cache.keys, keys), (cache.values, values))]
        return Cache(kept[0], kept[1], jnp.minimum(cache.used + keys.shape[0], float(window)))

    def recall(cache: Cache, queries: Array) -> Array:
        scores = inverse_temperature * dot(queries, cache.keys.T)
        filled = jnp.arange(window, dtype=jnp.float32) >= window - cache.used
        weights = jax.nn.softmax(jnp.where(filled[None, :], scores, -jnp.inf), axis=1)
        return dot(jnp.where(filled[None, :], weights, 0.0), cache.values)  # softmax of nothing at all is nan

    return Rule(label, init, write, recall)
