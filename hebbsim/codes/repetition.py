"""The honest baseline: say it again."""

import hashlib
from typing import Any

import jax.numpy as jnp
import numpy as np

from hebbsim.checks import check_integer
from hebbsim.codes.code import Code, Decoded, Traced, check_blocks, checksum, sign_pattern
from hebbsim.errors import HebbsimError
from hebbsim.parts import factory

CHECK_BITS = 16


@factory()
def repetition(label: str, *, times: int = 20, length: int = 4096, seed: int = 0) -> Code:
    """Every message bit and every bit of the checksum is stored `times` times; the decoder adds up.

    `length`: entries of a block, more than 16 times `times`; entries that are over are filled with zero bits. No coding
    gain: the bit error is Q(sqrt(times / load)), so bits without error cost ever more as blocks grow.
    """
    check_integer("times of repetition", times, 1, 2**20)
    check_integer("length of repetition", length, 1, 2**24)
    check_integer("seed of repetition", seed, 0, 2**32 - 1)
    held = length // times
    message = held - CHECK_BITS
    if message < 1:
        least = (CHECK_BITS + 1) * times
        raise HebbsimError(f"length of repetition = {length}; allowed: {least} or more with times = {times}")
    flips = sign_pattern(length, seed)
    signs = 1 - 2 * flips.astype(np.int8)

    def word_of(bits: Any, xp: Any) -> Any:
        full = xp.concatenate([bits, checksum(bits, CHECK_BITS, xp)], axis=1)
        # Copies lie `held` entries apart: neighbours in a row of the matrix are different bits.
        word = xp.pad(xp.tile(full, (1, times)), ((0, 0), (0, length - held * times)))
        return word ^ xp.asarray(flips, word.dtype)[None, :]

    def encode(bits: Any) -> np.ndarray:
        word = word_of(check_blocks("bits", bits, message, np.uint8), np)
        return (1 - 2 * word.astype(np.int8)).reshape(*np.shape(bits)[:-1], length)

    def decode(llr: Any, iterations: int = 1) -> Decoded:
        check_integer("iterations", iterations, 1, 2**31 - 1)
        turned = check_blocks("llr", llr, length, np.float32) * signs
        full = (turned[:, : held * times].reshape(-1, times, held).sum(1) < 0).astype(np.uint8)
        ok = np.all(checksum(full[:, :message], CHECK_BITS) == full[:, message:], axis=1)
        found = Decoded(full[:, :message], ok, np.zeros(len(full), np.int32))
        return found if np.ndim(llr) == 2 else Decoded(*(array[0] for array in found))

    traced = Traced(
        lambda bits: word_of(bits, jnp), lambda word: (word ^ jnp.asarray(flips, word.dtype)[None, :])[:, :message]
    )
    digest = hashlib.sha256(f"repetition 1 {times} {length} {seed}".encode() + flips.tobytes()).hexdigest()[:16]
    return Code(label, length, message, encode, decode, digest, 16 * length, traced)
