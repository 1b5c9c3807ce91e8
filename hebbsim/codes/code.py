"""What every code is made of, and the checksum that all of them carry."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from hebbsim.errors import HebbsimError


class Decoded(NamedTuple):
    """What a decoder returns: one row, flag and number a block; without the first axis where one block was given."""

    bits: np.ndarray  # (blocks, message), uint8
    ok: np.ndarray  # (blocks,), True where the block is a code word and its checksum holds
    iterations: np.ndarray  # (blocks,), int32; 0 for a decoder that does not iterate


class Code(NamedTuple):
    """A code: messages of `message` bits become rows of `length` entries of +-1.

    decode takes log-likelihood ratios ln P(+1) / P(-1) of the entries. All codes are linear but for a fixed pattern of
    signs, drawn from the seed, that is multiplied in: a file of zeros must not store rows that are all alike.
    """

    label: str
    length: int
    message: int
    encode: Callable[[Any], np.ndarray]  # bits (blocks, message) or (message,) -> +-1 (blocks, length), int8
    decode: Callable[..., Decoded]  # (llr (blocks, length) or (length,), iterations=...) -> Decoded
    digest: str  # of everything that the two functions compute with: another digest is another code
    memory: int = 0  # bytes that decoding one block takes, about
    traced: "Traced | None" = None

    @property
    def rate(self) -> float:
        """Message bits an entry, the checksum not counted."""
        return self.message / self.length


class Traced(NamedTuple):
    """The code inside a compiled program, for code words of one row."""

    encode: Callable[[Any], Any]  # bits (blocks, message) -> bits (blocks, length): 0 is +1
    message_of: Callable[[Any], Any]  # the first of those from the second


@functools.cache
def remainders(length: int, degree: int) -> np.ndarray:
    """Row i is the remainder of x^(degree + length - 1 - i): the checksum of bits is their product with it, modulo 2.

    (length, degree) of 0 and 1, by the polynomials of CRC-16-CCITT, CRC-24 and CRC-32.
    """
    polynomial = {16: 0x1021, 24: 0x864CFB, 32: 0x04C11DB7}[degree]
    top, mask = 1 << (degree - 1), (1 << degree) - 1
    out = np.empty(length, np.uint64)
    state = polynomial
    for i in range(length - 1, -1, -1):
        out[i] = state
        state = ((state << 1) & mask) ^ (polynomial if state & top else 0)
    shifts = np.arange(degree - 1, -1, -1, dtype=np.uint64)
    return ((out[:, None] >> shifts) & np.uint64(1)).astype(np.uint8)


def checksum(bits: Any, degree: int, xp: Any = np) -> Any:
    """(blocks, degree) check bits of (blocks, message) bits. xp: numpy or jax.numpy."""
    table = remainders(bits.shape[-1], degree)
    if xp is np:  # exact: a float32 sum of 0 and 1 up to 2**24
        return (bits.astype(np.float32) @ table.astype(np.float32)).astype(np.int64).astype(np.uint8) & 1
    count = xp.matmul(bits.astype("float32"), xp.asarray(table, "float32"), precision="highest")
    return (count.astype("int32") & 1).astype(bits.dtype)


def sign_pattern(length: int, seed: int) -> np.ndarray:
    """(length,) bits from the seed: where a code word's signs are turned."""
    raw = np.random.Philox(key=np.array([seed, 0x5C4A], np.uint64)).random_raw(-(-length // 64))
    return np.unpackbits(raw.astype("<u8").view(np.uint8))[:length]


def check_blocks(name: str, array: Any, width: int, kind: Any) -> np.ndarray:
    """The array as (blocks, width) of a type. Raises HebbsimError for another width, or for numbers that are not finite."""
    out = np.asarray(array)
    if out.ndim not in (1, 2) or out.shape[-1] != width:
        raise HebbsimError(f"{name} has shape {out.shape}; allowed: ({width},) or (blocks, {width})")
    out = np.atleast_2d(out)
    if kind is np.uint8:
        if not np.all((out == 0) | (out == 1)):
            raise HebbsimError(f"{name} holds other numbers than 0 and 1")
    elif not np.all(np.isfinite(out)):
        raise HebbsimError(f"{name} holds numbers that are not finite")
    return out.astype(kind)
