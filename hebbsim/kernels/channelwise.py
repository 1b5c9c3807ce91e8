"""The delta rule with a decay of its own for each key channel, a chunk of pairs at a time, as matrix products."""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from hebbsim.base import dot
from hebbsim.kernels.chunked import product, unit_lower_inverse

CHUNK = 32  # pairs solved at once: measured at dims 128 to 512 on two cores
DIRECT = 4  # pairs whose overlaps are summed channel by channel; more are halved
MILD = 40.0  # a chunk whose gates sum up to less is one product: factors up to exp(20) are far from overflowing


def chunked_channel_delta(
    state: Float[Array, "dk dv"],
    erases: Float[Array, "b dk"],
    writes: Float[Array, "b dk"],
    values: Float[Array, "b dv"],
    log_gates: Float[Array, "b dk"] | None = None,
    chunk: int = CHUNK,
    steepest: float = math.inf,
) -> Float[Array, "dk dv"]:
    """S <- diag(exp(log_gates[t])) S, then S <- S + writes[t]^T (values[t] - erases[t] S), for each t in order.

    Rates and lengths are part of `writes`; log_gates are 0 or less, None for no decay, and none is known to be below
    -steepest: where all chunks are then mild, no branch is needed, which halves the time. With G_t the sum of the gates of
    a chunk up to t, e and w a pair's erase and write key, and u_t = v_t - e_t S, unrolled from the chunk's first S:
        (I + L) U = V - (E exp(G)) S,  L_ts = sum_i e_ti w_si exp(G_ti - G_si) for s < t
        S <- exp(G_n) S + sum_t (w_t exp(G_n - G_t))^T u_t
    L depends on keys alone, so the inverses of all chunks come first, together; then two products with S a chunk.
    Source: the chunked form of Kimi Linear (Kimi Team 2025); that no exponent is above 0 is this module's own.
    """

    def written(state: Array, erases: Array, writes: Array, values: Array, gates: Array | None) -> Array:
        n = erases.shape[1]
        if gates is None:
            below, before, after = product(erases, jnp.swapaxes(writes, 1, 2)), erases, writes
            whole = jnp.ones((erases.shape[0], erases.shape[2]), state.dtype)
        else:
            up_to = jnp.tril(jnp.ones((n, n), state.dtype))[None, :, :]
            sums = product(jnp.broadcast_to(up_to, (erases.shape[0], n, n)), gates)
            given = erases, writes, gates, sums
            if steepest * n < MILD:
                below, before, after = _mild(*given)
            else:
                below, before, after = jax.lax.cond(jnp.min(sums[:, -1]) > -MILD, _mild, _any, *given)
            whole = jnp.exp(sums[:, -1])
        spare = (1 << (n - 1).bit_length()) - n
        below = jnp.pad(jnp.tril(below, -1), ((0, 0), (0, spare), (0, spare)))
        inverse = unit_lower_inverse(below)[:, :n, :n]

        def step(state: Array, chunk: tuple[Array, ...]) -> tuple[Array, None]:
            before, after, whole, values, inverse = chunk
            u = dot(inverse, values - dot(before, state))
            return whole[:, None] * state + dot(after.T, u), None

        return jax.lax.scan(step, state, (before, after, whole, values, inverse))[0]

    def at(rows: Array, first: int, last: int, size: int) -> Array:
        return rows[first:last].reshape(-1, size, rows.shape[1])

    count = erases.shape[0]
    full = count // chunk * chunk
    for first, last, size in ((0, full, chunk), (full, count, count - full)):
        if first < last:
            gates = None if log_gates is None else at(log_gates, first, last, size)
            e, w, v = (at(side, first, last, size) for side in (erases, writes, values))
            state = written(state, e, w, v, gates)
    return state


def _mild(erases: Array, writes: Array, gates: Array, sums: Array) -> tuple[Array, Array, Array]:
    """(L with anything above it, E exp(G), W exp(G_n - G)) with the decays counted from the middle of the chunk."""
    middle, end = sums[:, sums.shape[1] // 2, None], sums[:, -1:]
    reads, writes = erases * jnp.exp(sums - middle), writes * jnp.exp(middle - sums)
    return product(reads, jnp.swapaxes(writes, 1, 2)), reads * jnp.exp(middle), writes * jnp.exp(end - middle)


def _any(erases: Array, writes: Array, gates: Array, sums: Array) -> tuple[Array, Array, Array]:
    """The same for any gates."""
    n = erases.shape[1]
    spare = ((0, 0), (0, (1 << (n - 1).bit_length()) - n), (0, 0))
    below = decayed_overlaps(*(jnp.pad(x, spare) for x in (erases, writes, gates)))[:, :n, :n]
    later = jnp.flip(jnp.cumsum(jnp.flip(gates, 1), 1), 1) - gates
    return below, erases * jnp.exp(sums), writes * jnp.exp(later)


def decayed_overlaps(
    erases: Float[Array, "c n dk"], writes: Float[Array, "c n dk"], gates: Float[Array, "c n dk"]
) -> Float[Array, "c n n"]:
    """L_ts = sum_i erases_ti writes_si exp(gates_(s+1)i + ... + gates_ti) for s < t, else 0; n a power of 2, by halves.

    Between halves the decay is that from s to the middle times that from the middle to t: no exponent is above 0, so
    nothing overflows however fast the decay, and what underflows is smaller than the smallest float.
    """
    n = erases.shape[1]
    if n <= DIRECT:
        sums = jnp.cumsum(gates, 1)
        apart = sums[:, :, None, :] - sums[:, None, :, :]
        lower = jnp.tril(jnp.ones((n, n), bool), -1)[None, :, :, None]
        terms = jnp.where(lower, jnp.exp(jnp.where(lower, apart, 0.0)), 0.0)
        return jnp.einsum("cti,csi,ctsi->cts", erases, writes, terms, precision="highest")
    half = n // 2
    early, late = ([x[:, :half], x[:, half:]] for x in (erases, writes))
    first, second = gates[:, :half], gates[:, half:]
    both = decayed_overlaps(*(jnp.concatenate(x) for x in (early, late, [first, second])))
    a, b = jnp.split(both, 2)
    to_middle = jnp.flip(jnp.cumsum(jnp.flip(first, 1), 1), 1) - first
    reads = early[1] * jnp.exp(jnp.cumsum(second, 1))
    c = product(reads, jnp.swapaxes(late[0] * jnp.exp(to_middle), 1, 2))
    return jnp.concatenate([jnp.concatenate([a, jnp.zeros_like(a)], 2), jnp.concatenate([c, b], 2)], 1)


def recurrent_channel_delta(
    state: Array, erases: Array, writes: Array, values: Array, log_gates: Array | None = None
) -> Array:
    """Naive twin of chunked_channel_delta."""

    def step(state: Array, pair: tuple[Array, ...]) -> tuple[Array, None]:
        erase, write, value, *gate = pair
        if gate:
            state = jnp.exp(gate[0])[:, None] * state
        error = value - dot(erase[None, :], state)[0]
        return state + write[:, None] * error[None, :], None

    pairs = (erases, writes, values) if log_gates is None else (erases, writes, values, log_gates)
    return jax.lax.scan(step, state, pairs)[0]
