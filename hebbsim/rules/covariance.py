"""The outer-product rule on centred patterns."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from hebbsim.base import Rule, dot
from hebbsim.parts import factory
from hebbsim.rules.hebbian import recall


class State(NamedTuple):
    """Plain sums, so that counts of 0/1 codes stay whole; centred when read."""

    count: Float[Array, ""]
    keys: Float[Array, "dk"]
    values: Float[Array, "dv"]
    products: Float[Array, "dk dv"]


def init(dim_key: int, dim_value: int) -> State:
    return State(jnp.zeros(()), jnp.zeros(dim_key), jnp.zeros(dim_value), jnp.zeros((dim_key, dim_value)))


def write(state: State, keys: Array, values: Array) -> State:
    return State(
        state.count + keys.shape[0],
        state.keys + jnp.sum(keys, axis=0),
        state.values + jnp.sum(values, axis=0),
        state.products + dot(keys.T, values),
    )


def consolidate(state: State) -> Float[Array, "dk dv"]:
    """sum (k - f)^T (v - g) = K^T V - f 1^T sum(v) - sum(k)^T g 1 + M f g."""
    count = jnp.maximum(state.count, 1.0)
    f, g = jnp.mean(state.keys) / count, jnp.mean(state.values) / count
    return state.products - f * state.values[None, :] - g * state.keys[:, None] + state.count * f * g


@factory()
def covariance(label: str) -> Rule:
    """S = sum of (k - f)^T (v - g), f and g the mean activity of keys and values; field = queries @ S.

    f and g are taken from the pairs written. memory S (dim_key, dim_value); parameters dim_key * dim_value; the state
    holds the sums as well. Assumes 0/1 codes of one activity (or centred cues). Depth 1: a sum.
    Source: Sejnowski 1977; Dayan & Willshaw 1991; Palm & Sommer 1996.
    """
    return Rule(label, init, write, recall, consolidate)
