"""Gradient descent with momentum and weight decay on a linear memory: Titans."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from hebbsim.base import Rule, dot
from hebbsim.parts import factory
from hebbsim.rules.delta import RATE
from hebbsim.rules.gates import DECAY, over_squared_length


class State(NamedTuple):
    weights: Float[Array, "dk dv"]
    velocity: Float[Array, "rows dv"]  # dk rows, or none without momentum


@factory(rate=RATE, momentum=(lambda m: 0 <= m < 1, "from 0 to under 1"), decay=DECAY)
def titans(label: str, *, rate: float = 0.5, momentum: float = 0.5, decay: float = 1.0) -> Rule:
    """U <- momentum U + rate k^T (v - k S) / (k.k), then S <- decay S + U; field = queries @ S.

    The gradient is of |k S - v|^2 / 2 at the state before its decay, over k.k: keys of any length, and a zero key only
    moves on. momentum 0 and decay 1 is delta. weights S and, with momentum, velocity U (dim_key, dim_value), which
    doubles the state: parameters 2 dim_key * dim_value. Depth: one step a pair. The linear memory of Titans, its gates
    constant. Source: Behrouz, Zhong & Mirrokni 2025.
    """

    def init(dim_key: int, dim_value: int) -> State:
        return State(jnp.zeros((dim_key, dim_value)), jnp.zeros((dim_key if momentum else 0, dim_value)))

    def write(state: State, keys: Array, values: Array) -> State:
        def step(state: State, pair: tuple[Array, ...]) -> tuple[State, None]:
            key, scaled, value = pair
            move = scaled[:, None] * (value - dot(key[None, :], state.weights)[0])[None, :]
            if momentum:
                move = momentum * state.velocity + move
            return State(decay * state.weights + move, move if momentum else state.velocity), None

        return jax.lax.scan(step, state, (keys, rate * over_squared_length(keys), values))[0]

    def recall(state: State, queries: Array) -> Array:
        return dot(queries, state.weights)

    return Rule(label, init, write, recall, depth=lambda num_patterns: num_patterns)
