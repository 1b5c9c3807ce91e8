"""Token memories: each value is one of V code words, and what disturbs it is a sum of code words too.

The noise of a read row has the covariance of the words that are not yet known: whiten by it before comparing.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from hebbsim.base import Field, Known, dot

FLOOR = 1e-3  # of the largest eigenvalue: a covariance estimated from few uncertain rows may be nearly singular
LEAST_SHARE = 1e-4  # of the words' own covariance: what is left of the noise when every row is known
CELLS = 2**24  # posterior entries held at once


class Whitening(NamedTuple):
    """words . metric . field + offset is the log-likelihood of each word, but for a constant."""

    metric: Float[Array, "dv dv"]  # inverse of the noise's covariance
    offset: Float[Array, "V"]


def whiten(words: Float[Array, "V dv"], covariance: Float[Array, "dv dv"]) -> Whitening:
    """The metric that makes noise of this covariance white. Outside the span of V < dim_value words it meets no word."""
    power, axes = jnp.linalg.eigh(covariance)
    metric = dot(axes / jnp.maximum(power, FLOOR * power[-1])[None, :], axes.T)
    return Whitening(metric, -0.5 * jnp.sum(dot(words, metric) * words, axis=1))


def words_of(known: Known) -> Float[Array, "V dv"]:
    """The codebook, unpacked."""
    return known.values.rows(known.book, jnp.arange(known.book.shape[0]))


def spread_of(words: Float[Array, "V dv"], chances: Float[Array, "V"]) -> Float[Array, "dv dv"]:
    """E word^T word, the words having these chances."""
    return dot((words * chances[:, None]).T, words)


class State(NamedTuple):
    mean: Float[Array, "m dv"]  # X, the expected value of each row
    residual: Float[Array, "dk dv"]  # R
    covariance: Float[Array, "dv dv"]  # of a value about its mean, a row's average
    step: Int[Array, ""]
    moved: Float[Array, ""]


def noise_of(residual: Array, covariance: Array, prior: Array) -> Array:
    """Covariance of a row's noise: the shape of what is unknown, the size of what is left of the memory."""
    left = jnp.sum(residual * residual) / residual.shape[0] ** 2  # trace of the noise's covariance
    shape = covariance + LEAST_SHARE * prior
    return shape * (jnp.maximum(left, LEAST_SHARE * jnp.trace(prior)) / jnp.trace(shape))


def token_amp(
    keys: Float[Array, "m dk"],
    weights: Float[Array, "dk dv"],
    known: Known,
    index: Int[Array, "p"],
    steps: int,
    tolerance: float,
    damping: float,
) -> Field:
    """AMP over rows, C the words, d = dim_key, from X = 0, R = S, N the noise's covariance:

    N ~ E Cov[v | r] scaled to tr(R^T R) / d^2,  r = X + K R / d,  X <- E[v | r] = softmax(log-likelihood) C
    R <- S - K^T X + R N^-1 sum(Cov[v | r]) / d
    """
    dim = keys.shape[1]
    words = words_of(known)
    vocabulary = words.shape[0]
    lines = max(1, min(keys.shape[0], CELLS // vocabulary))
    blocks = -(-keys.shape[0] // lines)
    gap = blocks * lines - keys.shape[0]
    count = known.num_patterns.astype(jnp.float32)
    live = (jnp.arange(blocks * lines) < known.num_patterns).reshape(blocks, lines)
    keys = jnp.pad(keys, ((0, gap), (0, 0)))
    prior = spread_of(words, jnp.full(vocabulary, 1 / vocabulary))

    def field(mean: Array, residual: Array) -> Array:
        return mean + dot(keys, residual) / dim

    def expect(r: Array, white: Whitening) -> tuple[Array, Array]:
        """(expected value of every row, mean posterior of each word), a block of rows at a time."""

        def block(carry: Array, part: tuple[Array, Array]) -> tuple[Array, Array]:
            scores = dot(part[0], dot(words, white.metric).T) + white.offset[None, :]
            chances = jnp.where(part[1][:, None], jax.nn.softmax(scores, axis=1), 0.0)
            return carry + jnp.sum(chances, axis=0), dot(chances, words)

        total, mean = jax.lax.scan(block, jnp.zeros(vocabulary), (r.reshape(blocks, lines, -1), live))
        return mean.reshape(blocks * lines, -1), total / count

    def step(state: State) -> State:
        noise = noise_of(state.residual, state.covariance, prior)
        white = whiten(words, noise)
        mean, chances = expect(field(state.mean, state.residual), white)
        covariance = spread_of(words, chances) - dot(mean.T, mean) / count
        memory = dot(white.metric, covariance) * (count / dim)
        mean = damping * state.mean + (1 - damping) * mean
        residual = weights - dot(keys.T, mean) + dot(state.residual, memory)
        residual = damping * state.residual + (1 - damping) * residual
        moved = jnp.sum((mean - state.mean) ** 2) / (count * words.shape[1])
        return State(mean, residual, covariance, state.step + 1, moved)

    def going(state: State) -> Array:
        return (state.step < steps) & (state.moved > tolerance)

    start = State(
        jnp.zeros((blocks * lines, words.shape[1])),
        weights,
        prior,
        jnp.int32(0),
        jnp.float32(jnp.inf),
    )
    end = jax.lax.while_loop(going, step, start)
    white = whiten(words, noise_of(end.residual, end.covariance, prior))
    value = dot(end.mean[index] + dot(keys[index], end.residual) / dim, white.metric)
    counts = {
        "solves": jnp.int32(1),
        "iterations": end.step,
        "unconverged": (end.moved > tolerance).astype(jnp.int32),
    }
    return Field(value, jnp.float32(jnp.nan), counts, white.offset)
