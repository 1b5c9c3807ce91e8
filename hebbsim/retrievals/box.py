"""Values between -1 and 1 that rewrite the memory."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from hebbsim.base import Retrieval, dot
from hebbsim.parts import factory
from hebbsim.retrievals.columns import STEPS, TOLERANCE, Columns, Read, retrieval
from hebbsim.retrievals.ridge import factor, solved

CHECK = 10  # steps between looks at whether the signs rewrite the column


def split(
    keys: Float[Array, "m dk"], count: Array, lower: Array, weights: Float[Array, "dk b"], steps: int, tolerance: float
) -> Read:
    """Douglas-Rachford between the box and the plane K^T x = S, from z = 0:

    x = clip(z, -1, 1),  y = the plane's nearest point to 2 x - z,  z <- z + y - x
    """

    def move(z: Array, rested: Array) -> tuple[Array, Array]:
        x = jnp.clip(z, -1.0, 1.0)
        aim = 2 * x - z
        y = aim + dot(keys, solved(lower, weights - dot(keys.T, aim)))
        return jnp.where(rested[None, :], z, z + y - x), jnp.sum((y - x) ** 2, axis=0) / count

    def step(carry: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
        z, rested, took, at = carry
        z, gap = jax.lax.fori_loop(0, CHECK, lambda i, c: move(c[0], rested), (z, jnp.zeros(z.shape[1])))
        decided = jnp.sign(z)
        exact = jnp.all(dot(keys.T, decided) == weights, axis=0)
        z = jnp.where((exact & ~rested)[None, :], decided, z)
        return z, rested | exact | (gap <= tolerance), took + jnp.where(rested, 0, CHECK), at + CHECK

    def going(carry: tuple[Array, Array, Array, Array]) -> Array:
        return (carry[3] < steps) & ~jnp.all(carry[1])

    none = jnp.zeros(weights.shape[1], bool)
    start = (jnp.zeros((keys.shape[0], weights.shape[1])), none, jnp.zeros_like(none, jnp.int32), jnp.int32(0))
    z, rested, took, _ = jax.lax.while_loop(going, step, start)
    x = jnp.clip(z, -1.0, 1.0)
    return Read(x, jnp.sqrt(jnp.maximum(1 - jnp.sum(x * x, axis=0) / count, 0.0)), took, rested)


@factory(steps=STEPS, tolerance=TOLERANCE)
def box(label: str, *, steps: int = 5000, tolerance: float = 1e-9) -> Retrieval:
    """Find x with K^T x = S and -1 <= x <= 1, entry by entry of a column; field = x, noise = sqrt(1 - mean x^2).

    The reader is given all keys, and that values lie in [-1, 1]: a convex problem. For +-1 values x is unique, and so is
    exact, up to load 2 as dim -> infinity. Douglas-Rachford splitting with one Cholesky factor of K^T K. A column stops
    when the signs of x rewrite it exactly, when the two sets' points are within `tolerance` in the mean square, or after
    `steps`. noise is what the box leaves open, not an error bar. Source: Lions & Mercier 1979 for the
    splitting; Donoho & Tanner 2010 for the load 2.
    """

    def read(keys: Array, count: Array, lower: Array, block: Array, denoise: Any) -> Read:
        return split(keys, count, lower, block, steps, tolerance)

    return retrieval(label, Columns(read, lambda keys, count, weights: factor(keys)), "bipolar")
