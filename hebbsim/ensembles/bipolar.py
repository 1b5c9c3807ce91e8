"""+-1 keys and +-1 values, each entry a fair coin."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, UInt32

from hebbsim.base import ENDLESS, Ensemble, Side
from hebbsim.ensembles.cues import FRACTION, PROBABILITY, cue_words, noisy_rows
from hebbsim.kernels.packed import signs
from hebbsim.parts import factory


def draw_bits(words: int, rng_key: Array, index: Int[Array, "n"]) -> UInt32[Array, "n words"]:
    """Row i is bits(fold_in(rng_key, i), (words,)): 32 fair coins a word."""
    return jax.vmap(lambda i: jax.random.bits(jax.random.fold_in(rng_key, i), (words,), jnp.uint32))(index)


@functools.cache
def packed_draw(dim: int) -> Callable[[Array, Array], Array]:
    """draw_bits for rows of `dim` entries: one function a width, so that a trial sees when both sides draw alike."""
    return functools.partial(draw_bits, -(-dim // 32))


def unpack(dim: int, words: UInt32[Array, "n words"]) -> Float[Array, "n dim"]:
    """Entry j is bit j % 32 of word j // 32: 0 is +1, 1 is -1."""
    return signs(words, dim, jnp.dtype(jnp.float32))


def denoise(field: Float[Array, "..."], variance: Array) -> tuple[Array, Array]:
    """Mean and variance of a fair +-1 given field = value + noise of that variance: tanh(field / variance)."""
    mean = jnp.tanh(field / variance)
    return mean, 1 - mean * mean


def bipolar_side(dim: int, flip: float = 0.0, erase: float = 0.0) -> Side:
    """Rows of +-1; the code is the packed bits."""

    def rows(book: tuple, code: Array) -> Array:
        return unpack(dim, code)

    return Side(
        draw=packed_draw(dim),
        rows=rows,
        cue=noisy_rows(rows, flip, erase),
        code="bits",
        denoise=denoise,
    )


@factory(flip=PROBABILITY, erase=FRACTION)
def bipolar(label: str, *, flip: float = 0.0, erase: float = 0.0) -> Ensemble:
    """+-1 keys and values, fair and independent; 1 bit an entry.

    `flip`, `erase`: chance that an entry of the cue has its sign flipped, is set to 0.
    """
    noisy = functools.partial(bipolar_side, flip=flip, erase=erase)
    words = {"fair", "exact", "prior"} | cue_words(flip, erase)
    return Ensemble(label, "bipolar", noisy, bipolar_side, noisy, words, most_patterns=ENDLESS)
