"""A decayed state that erases along one key and writes along another: RWKV-7."""

import jax
import jax.numpy as jnp
from jaxtyping import Array

from hebbsim.base import Rule, dot
from hebbsim.errors import HebbsimError
from hebbsim.parts import factory
from hebbsim.rules.gates import DECAY, GATE, log_gates_of, over_squared_length
from hebbsim.rules.hebbian import init, recall


@factory(
    rate=(lambda b: b > 0, "above 0"),
    removal=(lambda a: 0 <= a < 2, "from 0 to under 2"),
    decay=DECAY,
    gate=GATE,
    spread=(lambda s: s >= 0, "0 or more"),
)
def rwkv7(
    label: str,
    *,
    rate: float = 1.0,
    removal: float = 1.0,
    decay: float = 0.99,
    gate: str = "channel",
    spread: float = 0.0,
) -> Rule:
    """S <- diag(a) S - removal e^T (e S) + rate k^T v / (k.k): it erases from the undecayed S; field = queries @ S.

    e is the unit vector along k_i exp(spread x_i), x from -1 in the first channel to 1 in the last: with spread 0 it
    lies along the write key k. The gates a are those of kda. removal is the model's in-context learning rate. At decay
    1, spread 0 and removal = rate this is delta; with constant gates and removal = decay * rate it is gated_delta. A
    zero key only forgets. weights S (dim_key, dim_value), parameters dim_key * dim_value. Depth: one step a pair.
    Raises HebbsimError where removal > 1 + the fastest gate, which makes the state grow. Source: Peng et al. 2025.
    """
    fastest = decay if gate == "constant" else decay**2
    if removal > 1 + fastest:
        raise HebbsimError(f"{label}: removal = {removal} makes the state grow; allowed: up to {1 + fastest:.6g}")

    def write(weights: Array, keys: Array, values: Array) -> Array:
        across = jnp.linspace(-1.0, 1.0, keys.shape[1], dtype=keys.dtype)
        scaled = keys * jnp.exp(spread * across)[None, :]
        length = jnp.sqrt(jnp.sum(scaled * scaled, axis=1, keepdims=True))
        unit = jnp.where(length > 0, scaled / jnp.where(length > 0, length, 1.0), 0.0)
        gates = jnp.broadcast_to(jnp.exp(log_gates_of(gate, decay, keys)), keys.shape)

        def step(state: Array, pair: tuple[Array, ...]) -> tuple[Array, None]:
            erase, key, value, gate = pair
            removed = removal * erase[:, None] * dot(erase[None, :], state)
            return gate[:, None] * state - removed + key[:, None] * value[None, :], None

        return jax.lax.scan(step, weights, (unit, rate * over_squared_length(keys), values, gates))[0]

    return Rule(label, init, write, recall, depth=lambda num_patterns: num_patterns)
