"""+-1 keys and +-1 values, each entry a fair coin."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, UInt32

from hebbsim.base import ENDLESS, Ensemble, Side
from hebbsim.ensembles.cues import FRACTION, PROBABILITY, cue_words, noisy_rows
from hebbsim.ensembles.patterns import biased_draw, repeating_draw, similar_draw
from hebbsim.errors import HebbsimError
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


def bipolar_side(dim: int, flip: float = 0.0, erase: float = 0.0, draw: Callable | None = None) -> Side:
    """Rows of +-1; the code is the packed bits, fair coins unless drawn otherwise."""

    def rows(book: tuple, code: Array) -> Array:
        return unpack(dim, code)

    return Side(
        draw=draw or packed_draw(dim),
        rows=rows,
        cue=noisy_rows(rows, flip, erase),
        code="bits",
        denoise=denoise if draw is None else None,
    )


@factory(
    flip=PROBABILITY,
    erase=FRACTION,
    bias=(lambda b: -1 < b < 1, "above -1, under 1"),
    similarity=(lambda c: 0 <= c < 1, "from 0 to under 1"),
    rewrite=(lambda r: 0 <= r <= 0.5, "a share from 0 to 0.5: no key is written more than twice"),
    gap=(lambda n: n >= 0, "0 (off) or pairs between two values of a key, 1 or more"),
)
def bipolar(
    label: str,
    *,
    flip: float = 0.0,
    erase: float = 0.0,
    bias: float = 0.0,
    similarity: float = 0.0,
    rewrite: float = 0.0,
    gap: int = 0,
) -> Ensemble:
    """+-1 keys and values, fair and independent; 1 bit an entry.

    `flip`, `erase`: chance that an entry of the cue has its sign flipped, is set to 0. `bias`: mean of the values'
    entries (of tied patterns' too). `similarity`: mean cosine between two keys (of tied patterns too), which share a
    template. `rewrite`: share of the pairs whose key is that of the pair `gap` before, with a value of its own; pairs
    that are read at an age of gap or more then hold an overwritten value. Biased values: Amit, Gutfreund & Sompolinsky
    1987.
    """
    if bool(rewrite) != bool(gap):
        raise HebbsimError(f"{label}: rewrite = {rewrite}, gap = {gap}; allowed: both, or neither")
    if bias and similarity:
        raise HebbsimError(f"{label}: bias = {bias}, similarity = {similarity}; allowed: one of them")

    def keys(dim: int, tied: bool = False) -> Side:
        draw = similar_draw(dim, similarity) if similarity else None
        if tied and bias:
            draw = biased_draw(dim, bias)
        if rewrite:
            draw = repeating_draw(draw or packed_draw(dim), rewrite, gap)
        return bipolar_side(dim, flip, erase, draw)

    def tied_keys(dim: int) -> Side:
        if rewrite:
            raise HebbsimError(f"{label}: a tied pattern is its own key; allowed: rewrite untied")
        return keys(dim, tied=True)

    def values(dim: int) -> Side:
        return bipolar_side(dim, draw=biased_draw(dim, bias) if bias else None)

    words = {"exact"} | cue_words(flip, erase)
    if not (bias or similarity or rewrite):
        noisy = functools.partial(bipolar_side, flip=flip, erase=erase)
        words |= {"fair", "prior", "exchangeable"}
        return Ensemble(label, "bipolar", noisy, bipolar_side, noisy, words, most_patterns=ENDLESS)
    words |= set() if rewrite else {"exchangeable"}
    words |= set() if bias else {"fair", "prior"}
    return Ensemble(label, "bipolar", keys, values, tied_keys, words, most_patterns=ENDLESS)
