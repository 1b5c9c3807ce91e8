"""A decayed sum whose input is spread over two pairs: Mamba-3."""

import math
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from hebbsim.base import Rule, dot
from hebbsim.parts import factory
from hebbsim.rules.gates import DECAY, strength_of

GATES = ("constant", "key")


class State(NamedTuple):
    weights: Float[Array, "dk dv"]
    key: Float[Array, "dk"]  # of the newest pair, whose second half is written with the next one
    value: Float[Array, "dv"]


@factory(
    decay=DECAY, share=(lambda s: 0 < s <= 1, "above 0, up to 1"), gate=(lambda g: g in GATES, "'constant' or 'key'")
)
def mamba3(label: str, *, decay: float = 0.99, share: float = 0.5, gate: str = "constant") -> Rule:
    """S <- a S + (1 - share) d a k_prev^T v_prev + share d k^T v; field = queries @ S.

    gate "constant": d = 1 and a = decay. "key": the step d = 2 sigmoid(sum(k) / sqrt(dim_key)) and a = decay^d. share
    1 with gate "constant" is the rule decay; 1/2 is the trapezoid. Raw keys. weights (dim_key, dim_value) and the
    previous pair, both state: parameters dim_key * dim_value + dim_key + dim_value. Depth 1: a weighted sum. One
    channel a head in and out (SISO), without the rotation of keys. Also: Mamba-3. Source: Lahoti et al. 2026.
    """

    def init(dim_key: int, dim_value: int) -> State:
        return State(jnp.zeros((dim_key, dim_value)), jnp.zeros(dim_key), jnp.zeros(dim_value))

    def write(state: State, keys: Array, values: Array) -> State:
        if not keys.shape[0]:
            return state
        step = strength_of(gate, keys)[:, 0]
        log_decay = math.log(decay) * step
        after = jnp.flip(jnp.cumsum(jnp.flip(log_decay)), 0) - log_decay  # log of the decays that follow a pair
        ours = share * step * jnp.exp(after)
        theirs = (1 - share) * step * jnp.exp(log_decay + after)  # of the pair before each
        weight = jnp.append(theirs, 0.0) + jnp.concatenate([jnp.zeros(1, keys.dtype), ours])
        keys, values = (jnp.concatenate([old[None, :], new]) for old, new in ((state.key, keys), (state.value, values)))
        kept = jnp.exp(jnp.sum(log_decay))
        return State(kept * state.weights + dot((keys * weight[:, None]).T, values), keys[-1], values[-1])

    def recall(state: State, queries: Array) -> Array:
        return dot(queries, state.weights)

    return Rule(label, init, write, recall)
