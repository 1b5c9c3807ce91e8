"""+-1 rows that are not fair and independent: biased, alike, or keys that come again. Packed as ensembles.bipolar's."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, UInt32

Draw = Callable[[Array, Array], Array]  # (rng_key, index[n]) -> code[n words]
TEMPLATE, REPEATS = 2**32 - 1, 2**32 - 2  # in place of an index: what all rows share, which rows repeat one


def pack(minus: Array) -> UInt32[Array, "n words"]:
    """Whether an entry is -1 (n, 32 words) -> words, entry j being bit j % 32 of word j // 32."""
    bits = minus.reshape(minus.shape[0], -1, 32).astype(jnp.uint32)
    return jnp.sum(bits << jnp.arange(32, dtype=jnp.uint32)[None, None, :], axis=2, dtype=jnp.uint32)


def _rare(words: int, chance: float, rng_key: Array, index: Int[Array, "n"]) -> Array:
    """Words whose bits are 1 with that chance, a row an index."""
    keys = jax.vmap(jax.random.fold_in, (None, 0))(rng_key, index)
    return pack(jax.vmap(lambda key: jax.random.uniform(key, (32 * words,)) < chance)(keys))


@functools.cache
def biased_draw(dim: int, bias: float) -> Draw:
    """Entries of mean `bias`: +1 with probability (1 + bias) / 2."""
    return functools.partial(_rare, -(-dim // 32), (1 - bias) / 2)


@functools.cache
def similar_draw(dim: int, similarity: float) -> Draw:
    """Rows whose mean cosine with each other is `similarity`: a template, entries flipped with (1 - similarity^1/2) / 2."""
    words = -(-dim // 32)

    def draw(rng_key: Array, index: Int[Array, "n"]) -> Array:
        template = jax.random.bits(jax.random.fold_in(rng_key, TEMPLATE), (words,), jnp.uint32)
        return template[None, :] ^ _rare(words, (1 - similarity**0.5) / 2, rng_key, index)

    return draw


@functools.cache
def repeating_draw(draw: Draw, rewrite: float, gap: int) -> Draw:
    """Keys of which a share `rewrite` is that of the pair `gap` before it, so that a value is written anew.

    Pairs come in runs of `gap`; of every second run a pair repeats the one `gap` before with chance 2 rewrite. So no key
    comes more than twice.
    """

    def repeated(rng_key: Array, index: Int[Array, "n"]) -> Array:
        chances = jax.random.fold_in(rng_key, REPEATS)
        keys = jax.vmap(jax.random.fold_in, (None, 0))(chances, index)
        again = (index // gap % 2 == 1) & (jax.vmap(jax.random.uniform)(keys) < 2 * rewrite)
        return draw(rng_key, jnp.where(again, index - gap, index))

    return repeated
