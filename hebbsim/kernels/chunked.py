"""Rules whose update needs the state before it, a chunk of pairs at a time, as matrix products.

Both write b pairs in order, and both equal the scan over single pairs beside them.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from hebbsim.base import dot

CHUNK = 64  # pairs solved at once: the triangular solve costs chunk / dim_key of the products


def decayed_sum(
    state: Float[Array, "dk dv"], keys: Float[Array, "b dk"], values: Float[Array, "b dv"], log_gates: Array
) -> Float[Array, "dk dv"]:
    """S <- exp(log_gates[t]) S + k_t^T v_t for each t: the decay comes first, the new pair has weight 1.

    log_gates (b, 1) or (b, dim_key), 0 or less. Pair t is left with the gates after it: one product for the block.
    """
    after = jnp.flip(jnp.cumsum(jnp.flip(log_gates, 0), 0), 0) - log_gates
    whole = jnp.exp(jnp.sum(log_gates, 0))  # of the state before the block
    return whole[:, None] * state + dot((keys * jnp.exp(after)).T, values)


def decayed_sum_scan(state: Array, keys: Array, values: Array, log_gates: Array) -> Array:
    """Naive twin of decayed_sum."""

    def step(state: Array, pair: tuple[Array, Array, Array]) -> tuple[Array, None]:
        key, value, log_gate = pair
        return jnp.exp(log_gate)[:, None] * state + key[:, None] * value[None, :], None

    return jax.lax.scan(step, state, (keys, values, log_gates))[0]


def corrected_sum(
    state: Float[Array, "dk dv"], keys: Float[Array, "b dk"], values: Float[Array, "b dv"], rate: float, decay: float,
    chunk: int = CHUNK,
) -> Float[Array, "dk dv"]:  # fmt: skip
    """S <- decay S, then S <- S + rate k^T (v - k S) / (k.k), for each pair in order.

    With unit keys and u_t = rate (v_t - decay k_t S_(t-1)), unrolled over a chunk from its first state S:
        (I + rate L) U = rate (V - D K S),  L_ts = decay^(t-s) k_t.k_s for s < t,  D = diag(decay^t),  t = 1 ... n
        S <- decay^n S + sum_t decay^(n-t) k_t^T u_t
    Source: the WY form of Yang et al. 2024 (DeltaNet), its gated form Yang, Kautz & Hatamizadeh 2025.
    """
    length = jnp.sqrt(jnp.sum(keys * keys, axis=1, keepdims=True))
    keys, values = keys / length, values / length  # k^T (v - k S) / k.k, both sides

    def step(state: Array, pairs: tuple[Array, Array]) -> tuple[Array, None]:
        k, v = pairs
        t = jnp.arange(1, k.shape[0] + 1, dtype=k.dtype)
        apart = t[:, None] - t[None, :]
        mixing = jnp.where(apart > 0, rate * decay ** jnp.maximum(apart, 0) * dot(k, k.T), 0.0)
        asked = rate * (v - (decay**t)[:, None] * dot(k, state))
        u = jax.scipy.linalg.solve_triangular(mixing + jnp.eye(k.shape[0], dtype=k.dtype), asked, lower=True)
        left = (decay ** (k.shape[0] - t))[:, None]
        return decay ** k.shape[0] * state + dot((k * left).T, u), None

    whole = keys.shape[0] // chunk * chunk
    if whole:
        blocks = (keys[:whole].reshape(-1, chunk, keys.shape[1]), values[:whole].reshape(-1, chunk, values.shape[1]))
        state = jax.lax.scan(step, state, blocks)[0]
    if whole < keys.shape[0]:
        state = step(state, (keys[whole:], values[whole:]))[0]
    return state


def corrected_sum_scan(state: Array, keys: Array, values: Array, rate: float, decay: float) -> Array:
    """Naive twin of corrected_sum."""

    def step(state: Array, pair: tuple[Array, Array]) -> tuple[Array, None]:
        key, value = pair
        state = decay * state
        error = value - dot(key[None, :], state)[0]
        return state + rate / jnp.sum(key * key) * key[:, None] * error[None, :], None

    return jax.lax.scan(step, state, (keys, values))[0]
