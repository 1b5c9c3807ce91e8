"""Rules whose update needs the state before it, a chunk of pairs at a time, as matrix products.

Both write b pairs in order, and both equal the scan over single pairs beside them.
"""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from hebbsim.base import dot

CHUNK = 64  # pairs solved at once: what is not a product with S costs about 2 chunk / dim_key of those that are


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


def unit_lower_inverse(below: Float[Array, "c n n"]) -> Float[Array, "c n n"]:
    """(I + below)^-1 of strictly lower triangular matrices, by halves; n a power of 2.

    [[A, 0], [C, B]]^-1 = [[A^-1, 0], [-B^-1 C A^-1, B^-1]], A and B of all matrices inverted together: log2(n) levels.
    """
    n = below.shape[-1]
    if n <= 2:
        return jnp.eye(n, dtype=below.dtype)[None, :, :] - below
    half = n // 2
    both = unit_lower_inverse(jnp.concatenate([below[:, :half, :half], below[:, half:, half:]]))
    a, b = jnp.split(both, 2)
    c = -product(product(b, below[:, half:, :half]), a)
    return jnp.concatenate([jnp.concatenate([a, jnp.zeros_like(a)], 2), jnp.concatenate([c, b], 2)], 1)


def product(a: Float[Array, "c n m"], b: Float[Array, "c m l"]) -> Float[Array, "c n l"]:
    """Of each matrix of a stack, in full float32 (see base.dot)."""
    return jnp.matmul(a, b, precision=jax.lax.Precision.HIGHEST)


def to_unit_keys(
    keys: Float[Array, "b dk"], values: Float[Array, "b dv"]
) -> tuple[Float[Array, "b dk"], Float[Array, "b dv"]]:
    """(k / |k|, v / |k|): the delta rule's k^T (v - k S) / (k.k) is u^T (v / |k| - u S) with the unit key u.

    A zero key stays zero, so it writes nothing. The largest entry is divided out first: the squares of keys shorter
    than 1e-19 or longer than 1e19 would leave float32's range.
    """
    largest = jnp.max(jnp.abs(keys), axis=1, keepdims=True)
    largest = jnp.where(largest > 0, largest, 1.0)
    keys = keys / largest
    length = jnp.sqrt(jnp.sum(keys * keys, axis=1, keepdims=True))
    length = jnp.where(length > 0, length, 1.0)
    return keys / length, values / largest / length


def corrected_sum(
    state: Float[Array, "dk dv"],
    keys: Float[Array, "b dk"],
    values: Float[Array, "b dv"],
    rate: float,
    decay: float,
    chunk: int = CHUNK,
) -> Float[Array, "dk dv"]:
    """S <- decay S, then S <- S + rate k^T (v - k S) / (k.k), for each pair in order.

    With unit keys and u_t = rate (v_t - decay k_t S_(t-1)), unrolled over a chunk from its first state S:
        (I + rate L) U = rate (V - D K S),  L_ts = decay^(t-s) k_t.k_s for s < t,  D = diag(decay^t),  t = 1 ... n
        S <- decay^n S + sum_t decay^(n-t) k_t^T u_t
    L depends on keys alone, so the inverses of all chunks come first, together; then two products with S a chunk.
    Powers of the decay are exponentials of its float64 logarithm: float32 would round 1 - 1e-6 by 1 % of 1e-6.
    Source: the WY form of Yang et al. 2024 (DeltaNet), its gated form Yang, Kautz & Hatamizadeh 2025.
    """
    keys, values = to_unit_keys(keys, values)
    log_decay = math.log(decay)

    def written(state: Array, keys: Float[Array, "c n dk"], values: Float[Array, "c n dv"]) -> Array:
        n = keys.shape[1]
        t = jnp.arange(1, n + 1, dtype=keys.dtype)
        apart = t[:, None] - t[None, :]
        fading = jnp.where(apart > 0, rate * jnp.exp(log_decay * jnp.maximum(apart, 0)), 0.0)
        mixing = fading[None, :, :] * product(keys, jnp.swapaxes(keys, 1, 2))
        spare = (1 << (n - 1).bit_length()) - n
        inverse = unit_lower_inverse(jnp.pad(mixing, ((0, 0), (0, spare), (0, spare))))[:, :n, :n]
        before, after = jnp.exp(log_decay * t)[:, None], jnp.exp(log_decay * (n - t))[:, None]

        def step(state: Array, chunk: tuple[Array, Array, Array]) -> tuple[Array, None]:
            k, v, inverse = chunk
            u = dot(inverse, rate * (v - before * dot(k, state)))
            return decay**n * state + dot((k * after).T, u), None

        return jax.lax.scan(step, state, (keys, values, inverse))[0]

    whole = keys.shape[0] // chunk * chunk
    if whole:
        state = written(state, *(x[:whole].reshape(-1, chunk, x.shape[1]) for x in (keys, values)))
    if whole < keys.shape[0]:
        state = written(state, keys[None, whole:], values[None, whole:])
    return state


def corrected_sum_scan(state: Array, keys: Array, values: Array, rate: float, decay: float) -> Array:
    """Naive twin of corrected_sum."""

    def step(state: Array, pair: tuple[Array, Array]) -> tuple[Array, None]:
        key, value = pair
        state = decay * state
        error = value - dot(key[None, :], state)[0]
        power = jnp.sum(key * key)
        return state + rate / jnp.where(power > 0, power, 1.0) * key[:, None] * error[None, :], None

    return jax.lax.scan(step, state, (keys, values))[0]
