"""Least squares on known keys."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from hebbsim.base import Retrieval, dot
from hebbsim.parts import factory
from hebbsim.retrievals.columns import STEPS, TOLERANCE, Columns, Read, retrieval

RIDGE = 1e-5  # of dim_key, about the mean eigenvalue at load 1: what a float32 factor needs; passes take its bias away
METHODS = ("cholesky", "cg")


def factor(keys: Float[Array, "m dk"], ridge: float = 0.0) -> Float[Array, "dk dk"]:
    """Lower Cholesky factor of K^T K + ridge I, the ridge no less than float32 needs."""
    dim = keys.shape[1]
    return jnp.linalg.cholesky(dot(keys.T, keys) + max(ridge, RIDGE * dim) * jnp.eye(dim))


def solved(lower: Float[Array, "dk dk"], right: Float[Array, "dk b"]) -> Float[Array, "dk b"]:
    """(L L^T)^-1 right."""
    return jax.scipy.linalg.cho_solve((lower, True), right)


def debiased(mean: Array, aligned: Array, count: Array) -> tuple[Array, Array]:
    """(mean / h, noise) of a linear estimate mean = h value + noise, aligned = sum of value * mean down a column."""
    h = jnp.clip(aligned / count, 1e-6, 1.0)
    noise = jnp.maximum(jnp.sum(mean * mean, axis=0) / count - h * h, 0.0)
    return mean / h[None, :], jnp.sqrt(noise) / h


def cholesky(
    keys: Array, count: Array, lower: Array, weights: Float[Array, "dk b"], ridge: float, steps: int, tolerance: float
) -> Read:
    """Iterated: each pass solves for what the last left, so that the ridge a float32 factor needs takes nothing away."""
    power = jnp.maximum(jnp.sum(weights * weights, axis=0), 1e-30)
    given = ridge >= RIDGE * keys.shape[1]

    def left(residual: Array) -> Array:
        return jnp.sum(residual * residual, axis=0) / power

    def step(carry: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        dual, residual, at = carry
        dual = dual + solved(lower, residual)
        return dual, weights - dot(keys.T, dot(keys, dual)), at + 1

    def going(carry: tuple[Array, Array, Array]) -> Array:
        return (carry[2] < (1 if given else steps)) & jnp.any(left(carry[1]) > tolerance)

    dual, residual, at = jax.lax.while_loop(going, step, (jnp.zeros_like(weights), weights, jnp.int32(0)))
    value, noise = debiased(dot(keys, dual), jnp.sum(weights * dual, axis=0), count)
    return Read(value, noise, jnp.full(weights.shape[1], at), (left(residual) <= tolerance) | given)


def conjugate_gradients(
    keys: Array, count: Array, weights: Float[Array, "dk b"], ridge: float, steps: int, tolerance: float
) -> Read:
    """On (K^T K + ridge I) dual = S, all columns of a block side by side; mean = K dual. Source: Hestenes & Stiefel 1952."""
    power = jnp.maximum(jnp.sum(weights * weights, axis=0), 1e-30)

    def step(carry: tuple[Array, ...]) -> tuple[Array, ...]:
        dual, residual, direction, energy, took, at = carry
        image = dot(keys.T, dot(keys, direction)) + ridge * direction
        size = energy / jnp.maximum(jnp.sum(direction * image, axis=0), 1e-30)
        size = jnp.where(energy > tolerance * power, size, 0.0)
        dual, residual = dual + size[None, :] * direction, residual - size[None, :] * image
        fresh = jnp.sum(residual * residual, axis=0)
        direction = residual + (fresh / jnp.maximum(energy, 1e-30))[None, :] * direction
        return dual, residual, direction, fresh, took + (size > 0).astype(jnp.int32), at + 1

    def going(carry: tuple[Array, ...]) -> Array:
        return (carry[5] < steps) & jnp.any(carry[3] > tolerance * power)

    none = jnp.zeros(weights.shape[1], jnp.int32)
    start = (jnp.zeros_like(weights), weights, weights, jnp.sum(weights * weights, axis=0), none, jnp.int32(0))
    dual, _, _, energy, took, _ = jax.lax.while_loop(going, step, start)
    value, noise = debiased(dot(keys, dual), jnp.sum(weights * dual, axis=0), count)
    return Read(value, noise, took, energy <= tolerance * power)


@factory(
    method=(lambda m: m in METHODS, f"one of {', '.join(METHODS)}"),
    ridge=(lambda r: r >= 0, "0 or more"),
    steps=STEPS,
    tolerance=TOLERANCE,
)
def ridge(
    label: str, *, method: str = "cholesky", ridge: float = 0.0, steps: int = 400, tolerance: float = 1e-9
) -> Retrieval:
    """x = K (K^T K + ridge I)^-1 S, field = x / h: least squares on known keys; h = (x . v) / num_patterns, from the memory.

    The reader is given all keys, and nothing of what values may be. ridge = 0: the least x that rewrites S, exact up to
    num_patterns = dim_key, SINR 1 / (load - 1) beyond it. noise = sqrt(mean x^2 - h^2) / h.
    method: cholesky factors K^T K once, dim_key^2 num_patterns multiply-adds, and passes over what it leaves; cg steps
    through all columns at once, at four products of a block each: the cheaper of the two only for dim_value far below
    dim_key.
    Stops when what is not explained of a column's energy is at most `tolerance`, or after `steps`.
    Also: decorrelator, zero forcing; MMSE receiver with ridge. Source: Verdu & Shamai 1999; Tse & Hanly 1999.
    """

    def prepare(keys: Array, count: Array, weights: Array) -> Array | tuple:
        return () if method == "cg" else factor(keys, ridge)

    def read(keys: Array, count: Array, lower: Any, block: Array, denoise: Any) -> Read:
        if method == "cg":
            return conjugate_gradients(keys, count, block, ridge, steps, tolerance)
        return cholesky(keys, count, lower, block, ridge, steps, tolerance)

    return retrieval(label, Columns(read, prepare))
