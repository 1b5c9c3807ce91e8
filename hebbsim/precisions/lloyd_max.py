"""The levels that lose least of a normal weight."""

import functools

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from hebbsim.base import Precision
from hebbsim.parts import factory
from hebbsim.precisions.rounding import Whole, round_memory
from hebbsim.theory.limits import lloyd_max_levels


@functools.cache
def table(bits: int) -> tuple[np.ndarray, np.ndarray]:
    """(levels, thresholds) for a standard normal weight, float32."""
    levels, thresholds = lloyd_max_levels(bits)
    return levels.astype(np.float32), thresholds.astype(np.float32)


def pick(weights: Array, scale: Float[Array, ""], bits: int, entries: np.ndarray) -> Array:
    """entries[number of the weight's level], the levels times `scale`; a weight on a threshold goes up.

    One pass of comparisons: a search with its gathers takes ten times as long on a CPU.
    """
    unit = weights / jnp.where(scale > 0, scale, 1.0)
    chosen = jnp.full_like(weights, entries[0])
    for threshold, entry in zip(table(bits)[1], entries[1:], strict=True):
        chosen = jnp.where(unit >= threshold, entry, chosen)
    return chosen


def rms(weights: Array) -> Float[Array, ""]:
    """Root mean square. Down the columns first: one float32 sum of 3e8 squares would stop growing on the way."""
    return jnp.sqrt(jnp.mean(jnp.mean(weights * weights, axis=0)))


@factory(bits=(lambda b: 1 <= b <= 8, "1 to 8"))
def lloyd_max(label: str, *, bits: int = 2) -> Precision:
    """weight = rms * the nearest of 2^bits levels, the best ones for a normal weight: `bits` bits a stored entry.

    Rounded once, after the fill; rms is the matrix's own, one scalar a matrix, no parameter. One-shot SNR falls by 1 - D,
    D = theory.lloyd_max(bits). There is no level zero. `cells` gives the cell of each weight back.
    Source: Max 1960, Lloyd 1982.
    """

    def rounding(x: Array, whole: Whole) -> Array:
        scale = rms(x)
        return pick(x, scale, bits, table(bits)[0]) * scale

    return Precision(label, round_memory(label, rounding), bits, {f"cells of {bits} bits"})


def scale_of(weights: Float[Array, "dk dv"], bits: int) -> Float[Array, ""]:
    """The rms that a matrix rounded by lloyd_max(bits) was scaled by, from the rounded matrix alone.

    Its largest magnitude is scale * one of the levels: the one under which the rounded weights' rms comes nearest scale.
    """
    positive = jnp.asarray(table(bits)[0][2 ** (bits - 1) :])
    largest = jnp.max(jnp.abs(weights))
    return largest / positive[jnp.argmin(jnp.abs(rms(weights) * positive - largest))]


def cells(
    weights: Float[Array, "dk dv"], bits: int, scale: Float[Array, ""] | None = None
) -> tuple[Float[Array, "dk dv"], Float[Array, "dk dv"]]:
    """(lower, upper) bounds between which each weight lay before lloyd_max(bits) rounded it, +-inf for outermost levels.

    For a block of columns give the `scale_of` the whole matrix.
    """
    scale = scale_of(weights, bits) if scale is None else scale
    thresholds, unit = table(bits)[1], jnp.where(scale > 0, scale, 1.0)
    lower, upper = np.append(np.float32(-np.inf), thresholds), np.append(thresholds, np.float32(np.inf))
    return pick(weights, scale, bits, lower) * unit, pick(weights, scale, bits, upper) * unit
