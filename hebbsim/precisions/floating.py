"""Short floating-point formats."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from hebbsim.base import Precision
from hebbsim.parts import factory
from hebbsim.precisions.rounding import EVERY, SEED, TILE, Rounding, Whole, precision_of, tiled
from hebbsim.records.task import stored_bits

FORMATS = {"e4m3": jnp.float8_e4m3fn, "e5m2": jnp.float8_e5m2}
EXPONENT = 0x7F800000  # these bits of a float32 alone are the power of two under it
INVERSE = 0x7F000000  # less those bits: the bits of 1 / that power


def power_under(x: Array) -> Array:
    """Bits of the largest power of two up to |x|."""
    return jax.lax.bitcast_convert_type(x, jnp.uint32) & jnp.uint32(EXPONENT)


def powers(bits: Array) -> tuple[Array, Array]:
    """(power, 1 / power): by bits, since a device's division need not be exact."""
    both = bits, jnp.uint32(INVERSE) - bits
    return jax.lax.bitcast_convert_type(both[0], jnp.float32), jax.lax.bitcast_convert_type(both[1], jnp.float32)


def round_to(dtype: Any) -> Rounding:
    """Round to the numbers that `dtype` holds, too large ones to its largest. The result stays float32.

    By arithmetic and not by casting there and back, which XLA may leave out, and which knows no stochastic rounding.
    """
    form = jnp.finfo(dtype)
    least = max(int(form.minexp), -100) + 127  # under it steps are even; float32 itself cannot go lower

    def rounding(x: Array, whole: Whole) -> Array:
        bits = jnp.maximum(power_under(x), jnp.uint32(least << 23)) - jnp.uint32(int(form.nmant) << 23)
        step, inverse = powers(bits)
        largest = float(form.max)
        return jnp.where(jnp.isfinite(x), jnp.clip(whole(x * inverse) * step, -largest, largest), x)

    return rounding


def scaled_to(dtype: Any, axis: int | None = None) -> Rounding:
    """round_to after a power of two has brought the largest magnitude, along the axis if any, just under the format's."""
    top = 2.0 ** (int(jnp.finfo(dtype).maxexp) - 2)
    rounding = round_to(dtype)

    def scaled(x: Array, whole: Whole) -> Array:
        if not x.size:
            return x
        scale, inverse = powers(power_under(jnp.max(jnp.abs(x), axis=axis, keepdims=axis is not None)))
        return rounding(x * inverse * top, whole) / top * scale

    return scaled


@factory(every=EVERY, seed=SEED)
def bfloat16(
    label: str, *, every: int = 0, stochastic: bool = False, seed: int = 0, feedback: bool = False
) -> Precision:
    """weight = the nearest number of 8 significant bits, ties to even: 16 bits a stored entry, no scale.

    Rounded once, after the fill. every = n: the running sum is rounded too, after every n pairs, so that +-1 is lost on
    sums past 256; stochastic: up or down by chance, with the right mean, from `seed`. feedback: what a rounding cuts off
    is kept in bfloat16 too and added after the next write, 32 bits an entry. Whole numbers stay whole, so counts stay
    exact. Source: bfloat16: Kalamkar et al. 2019; stochastic rounding: Gupta et al. 2015.
    """
    rounding = round_to(jnp.bfloat16)
    return precision_of(
        label, stored_bits(label), rounding, rounding, every, stochastic, seed, frozenset({"exact"}), feedback
    )


@factory(format=(lambda f: f in FORMATS, "'e4m3' or 'e5m2'"), every=EVERY, seed=SEED, tile=TILE)
def float8(
    label: str,
    *,
    format: str = "e4m3",
    every: int = 0,
    stochastic: bool = False,
    seed: int = 0,
    tile: int = 0,
    feedback: bool = False,
) -> Precision:
    """weight = the nearest number of 4 (e4m3, up to 448) or 3 (e5m2, up to 57,344) significant bits, ties to even.

    8 bits a stored entry. Rounded once, after the fill, times one power of two a matrix that makes its largest weight
    fit (a scalar, no parameter). every = n: the running sum is rounded too, after every n pairs, unscaled, too large
    sums to the largest number; +-1 is lost on sums past 16 (e4m3) or 8 (e5m2). stochastic, seed: as for bfloat16.
    tile: every `tile` entries in a row share a power of two, 8 bits more a tile, that follows the running sum too (a tile
    larger than the array is the array). feedback: as for bfloat16. Whole numbers stay whole. Source: Micikevicius et
    al. 2022; tiles: Rouhani et al. 2023 (microscaling).
    """
    dtype = FORMATS[format]
    own = tiled(scaled_to(dtype, -1), tile) if tile else scaled_to(dtype)
    raw = own if tile else round_to(dtype)
    return precision_of(label, stored_bits(label), own, raw, every, stochastic, seed, frozenset({"exact"}), feedback)
