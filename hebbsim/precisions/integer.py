"""Evenly spaced levels."""

import math

import jax.numpy as jnp
from jaxtyping import Array

from hebbsim.base import Precision
from hebbsim.errors import HebbsimError
from hebbsim.parts import factory
from hebbsim.precisions.rounding import EVERY, SEED, TILE, Whole, precision_of, tiled
from hebbsim.records.task import stored_bits

STEP = (lambda s: s >= 0 and math.isfinite(s), "0 (from the weights) or a finite number above 0")


def _integer(
    label: str, bits: int, step: float, every: int, stochastic: bool, seed: int, tile: int, feedback: bool
) -> Precision:
    most = 2.0 ** (bits - 1) - 1
    if tile and step:
        raise HebbsimError(f"{label}: a tile has a step of its own; allowed: step = {step} or tile = {tile}, not both")
    if feedback and not tile:
        raise HebbsimError(f"{label}: what is cut off is less than a step; allowed: feedback with tile, such as 16")
    if every and not step and not tile:
        raise HebbsimError(
            f"{label}: a running sum needs levels that stay; allowed: with step, such as step = 1.0, or tile"
        )

    def rounding(x: Array, whole: Whole) -> Array:
        if step:
            return jnp.clip(whole(x * (1 / step)), -most, most) * step
        if not x.size:
            return x
        scale = jnp.max(jnp.abs(x), axis=-1 if tile else None, keepdims=bool(tile)) / most
        return jnp.clip(whole(x / jnp.where(scale > 0, scale, 1.0)), -most, most) * scale

    form = tiled(rounding, tile) if tile else rounding
    # Times a power of two nothing is rounded but what is meant to be.
    provides = frozenset({"exact"} if step and math.frexp(step)[0] == 0.5 else ())
    return precision_of(label, stored_bits(label), form, form, every, stochastic, seed, provides, feedback)


@factory(step=STEP, every=EVERY, seed=SEED, tile=TILE)
def int8(
    label: str,
    *,
    step: float = 0.0,
    every: int = 0,
    stochastic: bool = False,
    seed: int = 0,
    tile: int = 0,
    feedback: bool = False,
) -> Precision:
    """weight = step * the nearest integer from -127 to 127, ties to even: 8 bits a stored entry.

    step 0: the largest magnitude of the matrix / 127, one scalar a matrix, no parameter. every = n: the running sum is
    rounded and cut at +-127 step after every n pairs; it needs a step, or a tile: every `tile` entries in a row have a
    step of their own, 16 bits more a tile, that follows their sum (a tile larger than the array is the array).
    stochastic, seed, feedback: as for bfloat16; feedback needs a tile.
    Also: absolute-maximum quantisation. Source: Jacob et al. 2018; Dettmers et al. 2022.
    """
    return _integer(label, 8, step, every, stochastic, seed, tile, feedback)


@factory(step=STEP, every=EVERY, seed=SEED, tile=TILE)
def int4(
    label: str,
    *,
    step: float = 0.0,
    every: int = 0,
    stochastic: bool = False,
    seed: int = 0,
    tile: int = 0,
    feedback: bool = False,
) -> Precision:
    """weight = step * the nearest integer from -7 to 7, ties to even: 4 bits a stored entry, 15 of 16 levels used.

    step, every, stochastic, seed, tile, feedback: as for int8. With step 0 the one largest weight stretches the levels:
    (largest / 7)^2 / 12 of the SNR is lost, largest in rms, so 3 % at dim 128 and 6 % at dim 17,321, where 4-bit
    Lloyd-Max loses 1 %.
    """
    return _integer(label, 4, step, every, stochastic, seed, tile, feedback)
