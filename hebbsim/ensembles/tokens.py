"""+-1 keys; each value is the code word of one token of a vocabulary."""

import functools

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from hebbsim.base import ENDLESS, Ensemble, Side
from hebbsim.ensembles.bipolar import bipolar_side, draw_bits, unpack
from hebbsim.ensembles.cues import FRACTION, PROBABILITY, cue_words, noisy_rows
from hebbsim.errors import HebbsimError
from hebbsim.parts import factory


def token_side(dim: int, vocabulary: int, one_hot: bool, flip: float = 0.0, erase: float = 0.0) -> Side:
    """Rows are code words; the code is the token's number. The book holds the words packed, (vocabulary, words)."""
    if one_hot and dim != vocabulary:
        raise HebbsimError(f"tokens: one_hot words need dim_value = vocabulary; got {dim} and {vocabulary}")
    words = 0 if one_hot else -(-dim // 32)

    def draw(rng_key: Array, index: Int[Array, "n"]) -> Int[Array, "n"]:
        return (draw_bits(1, rng_key, index)[:, 0] % jnp.uint32(vocabulary)).astype(jnp.int32)

    def book(rng_key: Array) -> Array:
        if one_hot:
            return jnp.zeros((vocabulary, 0), jnp.uint32)
        return draw_bits(words, rng_key, jnp.arange(vocabulary))

    def rows(book: Array, code: Int[Array, "n"]) -> Float[Array, "n dim"]:
        return jax.nn.one_hot(code, dim) if one_hot else unpack(dim, book[code])

    return Side(draw, rows, noisy_rows(rows, flip, erase), book, code="token")


@factory(
    vocabulary=(lambda v: 2 <= v <= 2**24, "an integer from 2 to 2**24"),
    flip=PROBABILITY,
    erase=FRACTION,
)
def tokens(
    label: str, *, vocabulary: int = 256, one_hot: bool = False, flip: float = 0.0, erase: float = 0.0
) -> Ensemble:
    """+-1 keys; values are random +-1 code words of `vocabulary` tokens, each token alike; log2(vocabulary) bits a pair.

    `one_hot`: token t is the unit vector t instead (dim_value = vocabulary). `flip`, `erase`: chance that an entry of
    the cue has its sign flipped, is set to 0.
    """
    side = functools.partial(token_side, vocabulary=vocabulary, one_hot=one_hot)
    noisy = functools.partial(bipolar_side, flip=flip, erase=erase)
    tied = functools.partial(side, flip=flip, erase=erase)
    words = {"fair", "exact", "prior", "codebook", "exchangeable"} | cue_words(flip, erase)
    return Ensemble(label, "tokens", noisy, side, tied, words, most_patterns=ENDLESS)
