"""Message passing from rounded weights: what is known of a weight is the cell that it was rounded from."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.special import log_ndtr
from jaxtyping import Array, Bool, Float, Int

from hebbsim.base import dot
from hebbsim.precisions.lloyd_max import cells
from hebbsim.retrievals.columns import Read

LEAST_VARIANCE = 1e-6  # variance


def between(
    lower: Float[Array, "..."], upper: Float[Array, "..."], mean: Array, variance: Array
) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """Mean and variance of a normal number known to lie between `lower` and `upper`; bounds may be infinite."""
    sd = jnp.sqrt(variance)
    a, b = (lower - mean) / sd, (upper - mean) / sd
    turn = a + b > 0  # work in the left tail, where log_ndtr keeps its digits
    a, b = jnp.where(turn, -b, a), jnp.where(turn, -a, b)
    log_b = log_ndtr(b)
    log_chance = log_b + jnp.log1p(-jnp.exp(jnp.minimum(log_ndtr(a) - log_b, -1e-7)))

    def density(x: Array) -> Array:  # phi(x) / chance, zero at an infinite bound
        finite = jnp.where(jnp.isfinite(x), x, 0.0)
        return jnp.where(jnp.isfinite(x), jnp.exp(-0.5 * finite * finite - 0.9189385 - log_chance), 0.0)

    at_a, at_b = density(a), density(b)
    moved = at_a - at_b
    shape = 1 + jnp.where(jnp.isfinite(a), a, 0.0) * at_a - jnp.where(jnp.isfinite(b), b, 0.0) * at_b - moved * moved
    inside = mean + jnp.where(turn, -moved, moved) * sd
    # Far out in a tail the digits are gone: the number is then at the nearer bound.
    return jnp.clip(inside, lower, upper), variance * jnp.clip(shape, 0.0, 1.0)


class Carry(NamedTuple):
    mean: Float[Array, "m b"]  # x
    spread: Float[Array, "b"]  # mean variance of x, times num_patterns
    score: Float[Array, "dk b"]  # s
    field: Float[Array, "m b"]  # r
    noise: Float[Array, "b"]  # variance of r
    steps: Int[Array, "b"]
    rested: Bool[Array, "b"]
    step: Int[Array, ""]


def pass_from_cells(
    keys: Float[Array, "m dk"],
    weights: Float[Array, "dk b"],
    scale: Array,
    bits: int,
    denoise: Callable,
    steps: int,
    tolerance: float,
    damping: float,
    other: Callable[[], Read] | None = None,
) -> Read:
    """Generalised AMP on a block of columns, weights y = K^T v known to lie in a cell each. With d = dim_key, from s = 0:

        T = sum Var[v | r],  p = K^T x - T s,  s = (E[y | cell] - p) / T,  y ~ N(p, T) before
        1 / tau^2 = sum (1 - Var[y | cell] / T) / T,  r = x + tau^2 K s,  x <- E[v | r = v + tau g]

    A column stops when its decisions sign(x), written again, fall into the cells that are stored; see amp for the rest.
    One still moving after `steps`, as a few near the threshold are, starts again from what `other`, if given, reads.
    Source: Rangan 2011.
    """
    lower, upper = cells(weights, bits, scale)
    live = jnp.any(keys != 0, axis=1)[:, None]
    count = jnp.maximum(jnp.sum(live, dtype=jnp.float32), 1.0)
    slack = 1e-4 * scale  # of a float32 edge

    def step(carry: Carry) -> Carry:
        total = jnp.maximum(carry.spread, LEAST_VARIANCE)[None, :]
        guess = dot(keys.T, carry.mean) - total * carry.score
        inside, left = between(lower, upper, guess, total)
        score = damping * carry.score + (1 - damping) * (inside - guess) / total
        noise = 1 / jnp.maximum(jnp.sum((1 - left / total) / total, axis=0), 1e-12)
        noise = jnp.maximum(noise, LEAST_VARIANCE)
        field = carry.mean + noise[None, :] * dot(keys, score)
        mean, spread = denoise(field, noise[None, :])
        mean = jnp.where(live, damping * carry.mean + (1 - damping) * mean, 0.0)
        again = dot(keys.T, jnp.where(live, jnp.sign(mean), 0.0))
        solved = jnp.all((again > lower - slack) & (again < upper + slack), axis=0)
        moved = jnp.sum((mean - carry.mean) ** 2, axis=0) / count
        rested = carry.rested | solved | (moved <= tolerance)
        spread = damping * carry.spread + (1 - damping) * jnp.sum(jnp.where(live, spread, 0.0), axis=0)
        fresh = Carry(mean, spread, score, field, noise, carry.steps + 1, rested, carry.step + 1)

        def keep(old: Array, new: Array) -> Array:  # a column that rests keeps what it has
            if not new.ndim:
                return new
            return jnp.where(carry.rested if new.ndim == 1 else carry.rested[None, :], old, new)

        return jax.tree.map(keep, carry._replace(rested=rested, step=fresh.step), fresh)

    def going(carry: Carry) -> Array:
        return (carry.step < steps) & ~jnp.all(carry.rested)

    zeros, none = jnp.zeros((keys.shape[0], weights.shape[1])), jnp.zeros(weights.shape[1], bool)
    flat = jnp.zeros(weights.shape[1])
    start = Carry(
        zeros, flat + count, jnp.zeros_like(weights), zeros, flat + 1, flat.astype(jnp.int32), none, jnp.int32(0)
    )

    def again(read: Read, end: Carry) -> Carry:
        mean, spread = denoise(read.value, jnp.square(read.noise)[None, :])
        fresh = start._replace(mean=jnp.where(live, mean, 0.0), spread=jnp.sum(jnp.where(live, spread, 0.0), axis=0))
        fresh = jax.tree.map(lambda old, new: jnp.where(end.rested, old, new) if new.ndim else new, end, fresh)
        return jax.lax.while_loop(going, step, fresh._replace(steps=end.steps + read.steps, rested=end.rested))

    end = jax.lax.while_loop(going, step, start)
    if other:
        end = jax.lax.cond(jnp.all(end.rested), lambda end: end, lambda end: again(other(), end), end)
    return Read(end.field, jnp.sqrt(end.noise), end.steps, end.rested)
