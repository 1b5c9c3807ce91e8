"""+-1 keys; each value row is one code word of an outer code, of a random message."""

import functools

import jax.numpy as jnp
from jaxtyping import Array, Float, Int, UInt32

from hebbsim.base import ENDLESS, Ensemble, Side
from hebbsim.codes import CODES, Code
from hebbsim.codes.multi_edge import SHORT
from hebbsim.ensembles.bipolar import bipolar_side, denoise, draw_bits, unpack
from hebbsim.ensembles.cues import FRACTION, PROBABILITY, cue_words, noisy_rows
from hebbsim.errors import HebbsimError
from hebbsim.parts import factory


def row_code(dim: int, code: str, message: int, times: int, paths: int, code_seed: int) -> Code:
    """The code whose words are rows of this width. Raises HebbsimError for one that has none."""
    if code == "repetition":
        return CODES[code](times=times, length=dim, seed=code_seed)
    if code == "multi_edge":
        return CODES[code](length=dim, rate=f"1/{times}", seed=code_seed)
    return CODES[code](length=dim, message=message, paths=paths, seed=code_seed)


class Words:
    """Side.rows of coded values; a readout finds the code here."""

    def __init__(self, code: Code) -> None:
        self.code = code

    def __call__(self, book: tuple, words: UInt32[Array, "n words"]) -> Float[Array, "n dim"]:
        return unpack(self.code.length, words)


@functools.cache
def coded_side(dim: int, code: str, message: int, times: int, paths: int, code_seed: int) -> Side:
    """Rows are code words; the compact form is their packed bits, as that of any +-1 row."""
    made = row_code(dim, code, message, times, paths, code_seed)
    traced = made.traced
    if traced is None:
        raise HebbsimError(f"code {made.label} cannot fill single rows; allowed: rows of up to {SHORT:,} entries")
    random_words, row_words = -(-made.message // 32), -(-dim // 32)

    def draw(rng_key: Array, index: Int[Array, "n"]) -> UInt32[Array, "n words"]:
        raw = draw_bits(random_words, rng_key, index)
        bits = (raw[:, :, None] >> jnp.arange(32, dtype=jnp.uint32)[None, None, :]) & jnp.uint32(1)
        word = traced.encode(bits.reshape(len(index), -1)[:, : made.message].astype(jnp.uint8))
        word = jnp.pad(word, ((0, 0), (0, row_words * 32 - dim))).reshape(len(index), row_words, 32).astype(jnp.uint32)
        return jnp.sum(word << jnp.arange(32, dtype=jnp.uint32)[None, None, :], axis=2, dtype=jnp.uint32)

    rows = Words(made)
    return Side(draw=draw, rows=rows, cue=noisy_rows(rows, 0.0, 0.0), code="bits", denoise=denoise)


@factory(
    code=(lambda name: name in CODES, " or ".join(map(repr, CODES))),
    message=(lambda k: 0 <= k < 2**16, "bits of a message, 0 for the best rate of polar's length"),
    times=(lambda t: 1 <= t < 2**16, "1 or more, of repetition; 10, 20, 50 of multi_edge"),
    paths=(lambda p: 1 <= p <= 1024, "1 to 1024, of polar's list"),
    code_seed=(lambda s: 0 <= s < 2**32, "0 to 2**32 - 1"),
    flip=PROBABILITY,
    erase=FRACTION,
)
def coded(
    label: str,
    *,
    code: str = "polar",
    message: int = 0,
    times: int = 20,
    paths: int = 64,
    code_seed: int = 0,
    flip: float = 0.0,
    erase: float = 0.0,
) -> Ensemble:
    """+-1 keys; a value is the code word of a random message, dim_value entries long: one read of one key is one block.

    `code`: of hebbsim.codes: polar, with `message` and `paths`; repetition, with `times`; multi_edge of rate 1 / `times`,
    for rows of 6,400 to 20,000 entries. `code_seed`: of the code, the same in every trial. `flip`, `erase`: chance that an
    entry of the cue has its sign flipped, is set to 0. Readout `decode` returns the messages. No other reads it: its
    entries depend on each other, so that bits counted entry by
    entry would be more than were stored.
    """
    noisy = functools.partial(bipolar_side, flip=flip, erase=erase)
    side = functools.partial(coded_side, code=code, message=message, times=times, paths=paths, code_seed=code_seed)
    words = {"exact", "prior"} | cue_words(flip, erase)
    return Ensemble(label, "coded", noisy, side, side, words, most_patterns=ENDLESS)
