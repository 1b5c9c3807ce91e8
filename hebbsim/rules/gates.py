"""Forgetting that may depend on the key: the gates that the rules share."""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

GATES = ("constant", "key", "channel")
STRONGEST = 2.0  # no strength_of is above it
DECAY = (lambda a: 0 < a <= 1, "above 0, up to 1")
GATE = (lambda g: g in GATES, "'constant', 'key' or 'channel'")


def strength_of(gate: str, keys: Float[Array, "b dk"]) -> Float[Array, "b c"]:
    """The power to which `decay` is raised at each pair: 1, one number a pair, or one a pair and key channel (c)."""
    if gate == "constant":
        return jnp.ones((keys.shape[0], 1), keys.dtype)
    if gate == "key":
        return 2 * jax.nn.sigmoid(jnp.sum(keys, axis=1, keepdims=True) / keys.shape[1] ** 0.5)
    return 2 * jax.nn.sigmoid(keys)


def log_gates_of(gate: str, decay: float, keys: Float[Array, "b dk"]) -> Float[Array, "b c"]:
    """The logarithm of each pair's gates, 0 or less; decay 1 gives zeros."""
    return math.log(decay) * strength_of(gate, keys)


def over_squared_length(keys: Float[Array, "b dk"]) -> Float[Array, "b dk"]:
    """k / (k.k); a zero key gives zeros, so that it writes nothing."""
    squared = jnp.sum(keys * keys, axis=1, keepdims=True)
    return jnp.where(squared > 0, keys / jnp.where(squared > 0, squared, 1.0), 0.0)
