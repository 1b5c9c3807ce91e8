"""Outer products weighted by an exponential gate and read through a normaliser: the matrix memory of xLSTM."""

import math
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from hebbsim.base import Rule, dot
from hebbsim.parts import factory
from hebbsim.rules.gates import DECAY

GATES = ("constant", "key")


class State(NamedTuple):
    """Both arrays hold exp(-stabiliser) times what the equations say, so that exponential gates never overflow."""

    weights: Float[Array, "dk dv"]
    normaliser: Float[Array, "dk"]
    stabiliser: Float[Array, ""]


@factory(decay=DECAY, gate=(lambda g: g in GATES, "'constant' or 'key'"))
def mlstm(label: str, *, decay: float = 1.0, gate: str = "key") -> Rule:
    """S <- decay S + e^i k^T v, n <- decay n + e^i k; field = q S / max(|q.n|, 1).

    i is the input gate: 0 with gate "constant", sum(k) / sqrt(dim_key) with gate "key". Held as e^-m S, e^-m n and m,
    with m <- max(log decay + m, i), which changes no field and keeps the gates from overflowing. weights (dim_key,
    dim_value), normaliser (dim_key,): parameters dim_key (dim_value + 1). Raw keys, no 1/sqrt(dim_key). Depth 1: a
    weighted sum. Also: mLSTM, xLSTM. Source: Beck et al. 2024.
    """

    def init(dim_key: int, dim_value: int) -> State:
        return State(jnp.zeros((dim_key, dim_value)), jnp.zeros(dim_key), jnp.zeros(()))

    def write(state: State, keys: Array, values: Array) -> State:
        length, width = keys.shape
        if not length:
            return state
        log_decay = math.log(decay)
        inputs = jnp.sum(keys, axis=1) / width**0.5 if gate == "key" else jnp.zeros(length, keys.dtype)
        # After the block a pair is left with its gate times the decays that follow it.
        left = inputs + log_decay * jnp.arange(length - 1, -1, -1, dtype=keys.dtype)
        old = state.stabiliser + length * log_decay
        new = jnp.maximum(old, jnp.max(left))
        weighted = keys * jnp.exp(left - new)[:, None]
        kept = jnp.exp(old - new)
        return State(
            kept * state.weights + dot(weighted.T, values), kept * state.normaliser + jnp.sum(weighted, axis=0), new
        )

    def recall(state: State, queries: Array) -> Array:
        whole = jnp.abs(dot(queries, state.normaliser[:, None]))
        return dot(queries, state.weights) / jnp.maximum(whole, jnp.exp(-state.stabiliser))

    return Rule(label, init, write, recall)
