"""Sums in float64 within a state of float32 arrays: each number is a float32 and the float32 of what it leaves out."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, PyTree


class Twofold(NamedTuple):
    """high + low, about 48 bits; low is zero where the numbers are integers that float32 holds."""

    high: PyTree
    low: PyTree


def split(exact: PyTree, like: PyTree) -> Twofold:
    """The float64 arrays as pairs of arrays of the dtypes of `like`. Call it with 64-bit types enabled."""

    def top(x: Array, kept: Array) -> Array:
        # Not a mere conversion: XLA may drop one that is followed by its inverse, and low would be zero.
        info = jnp.finfo(kept.dtype)
        return jax.lax.reduce_precision(x, info.nexp, info.nmant)

    high = jax.tree.map(top, exact, like)
    low = jax.tree.map(jnp.subtract, exact, high)
    return Twofold(*(jax.tree.map(lambda x, kept: x.astype(kept.dtype), half, like) for half in (high, low)))


def join(state: Twofold) -> PyTree:
    """high + low in float64. Call it with 64-bit types enabled."""
    return jax.tree.map(lambda a, b: a.astype(jnp.float64) + b.astype(jnp.float64), *state)


def in_float64(write: Callable[..., PyTree]) -> Callable[..., Twofold]:
    """Lift write(state, keys, values) to a Twofold state: the block in float64, what is carried on in pairs."""

    def written(state: Twofold, keys: Array, values: Array) -> Twofold:
        with jax.enable_x64(True):
            exact = write(join(state), keys.astype(jnp.float64), values.astype(jnp.float64))
            return split(exact, state.high)

    return written
