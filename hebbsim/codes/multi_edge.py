"""Multi-edge codes of low rate for long blocks, decoded by belief propagation."""

import functools
import hashlib
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from hebbsim.checks import check_integer
from hebbsim.codes import belief
from hebbsim.codes.code import Code, Decoded, Traced, check_blocks, checksum, sign_pattern
from hebbsim.codes.graph import BASE, ENSEMBLES, build
from hebbsim.codes.ordered import core_of, words_near
from hebbsim.errors import HebbsimError, one_of
from hebbsim.parts import factory

CHECK_BITS = 32
LEAST_LIFT = 4
LONGEST = 1 << 24
ITERATIONS = 400
SHORT = 20_000  # entries of a block up to which ordered statistics are worth their time
DAMPING = 0.5  # of short blocks
VERSION = 1  # of the construction: raise it when the same options would give another code
TOGETHER = 256 << 20  # bytes of messages that are decoded at once on an accelerator


def lengths_near(length: int) -> int:
    """The nearest length of which no entry is left out."""
    return BASE * max(LEAST_LIFT, min(round(length / BASE), LONGEST // BASE))


@factory()
def multi_edge(label: str, *, rate: str = "1/20", length: int = 819_200, seed: int = 0) -> Code:
    """Every stored bit is a core bit or the sum of 2 or 3 of them; the core is a repeat-accumulate code of rate 5/7 or so.

    `rate`: "1/10", "1/20" or "1/50", 32 bits of checksum included. `length`: entries of a block; if it is no multiple of
    1600, that many entries of the next one are stored, and the last sums are left out. `seed`: of graph and signs.
    Decoding: belief propagation, at most `iterations` passes, ending once all checks hold. Of blocks of up to 20,000 entries
    messages are damped, and what is left goes to ordered statistics (hebbsim.codes.ordered), which take a wrong word for
    right, unnoticed, in 1 of 200,000 of such blocks.
    Raises HebbsimError for another rate or length.

    Example:
        >>> code = multi_edge(rate="1/20", length=16_000)
        >>> message = np.arange(code.message) % 3 == 0
        >>> noisy = code.encode(message) + np.random.default_rng(0).normal(0, 3, code.length)
        >>> bool(np.array_equal(code.decode(2 * noisy / 9).bits, message))
        True
    """
    if rate not in ENSEMBLES:
        raise one_of("rate of multi_edge", rate, ENSEMBLES)
    check_integer("length of multi_edge", length, 1, LONGEST)
    check_integer("seed of multi_edge", seed, 0, 2**32 - 1)
    if length < BASE * LEAST_LIFT:
        raise HebbsimError(f"length of multi_edge = {length:,}; allowed: {BASE * LEAST_LIFT:,} to {LONGEST:,}")
    lift = -(-length // BASE)
    graph = build(rate, lift, seed)
    held, left_out = graph.info * lift, lift * BASE - length
    message = held - CHECK_BITS
    flips = sign_pattern(length, seed)
    signs = (1 - 2 * flips.astype(np.int8)).astype(np.float32)
    short = length <= SHORT
    core = core_of(graph, CHECK_BITS) if short else None
    one = belief.decoder(graph, DAMPING if short else 0.0)
    memory = belief.working_memory(graph)

    @jax.jit
    def decode_blocks(llr: Array, iterations: Array) -> tuple[Array, Array, Array, Array]:
        turned = jnp.pad(llr * jnp.asarray(signs)[None, :], ((0, 0), (0, left_out))).reshape(-1, BASE, lift)
        if len(llr) == 1:
            sure, holds, used, total = (part[None] for part in one(turned[0], iterations))
            return sure, holds, used, total
        return jax.vmap(one, (0, None))(turned, iterations)

    def word_of(bits: np.ndarray) -> np.ndarray:
        info = np.concatenate([bits, checksum(bits, CHECK_BITS)], axis=1).reshape(-1, graph.info, lift)
        return belief.encode(graph, info).reshape(len(bits), -1)[:, :length] ^ flips

    def encode(bits: Any) -> np.ndarray:
        word = word_of(check_blocks("bits", bits, message, np.uint8))
        return (1 - 2 * word.astype(np.int8)).reshape(*np.shape(bits)[:-1], length)

    def decode(llr: Any, iterations: int = ITERATIONS) -> Decoded:
        check_integer("iterations", iterations, 1, 2**31 - 1)
        rows = check_blocks("llr", llr, length, np.float32)
        # A CPU's cache holds one block's messages at best; an accelerator wants many blocks at once.
        size = 1 if jax.default_backend() == "cpu" else max(1, min(len(rows), TOGETHER // memory))
        parts = []
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            padded = np.pad(part, ((0, size - len(part)), (0, 0)))
            parts.append([np.asarray(array)[: len(part)] for array in decode_blocks(padded, np.int32(iterations))])
        sure, holds, used, total = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        bits = (sure < 0).astype(np.uint8)[:, : graph.info].reshape(len(rows), held)
        ok = holds & np.all(checksum(bits[:, :message], CHECK_BITS) == bits[:, message:], axis=1)
        bits = bits[:, :message]
        if core is not None:
            for i in np.flatnonzero(~ok):
                near = words_near(core, total[i].reshape(-1))[:, :message]
                if len(near):  # of several the likeliest
                    bits[i], ok[i] = near[np.argmin(word_of(near) @ rows[i])], True
        found = Decoded(bits, ok, used.astype(np.int32))
        return found if np.ndim(llr) == 2 else Decoded(*(array[0] for array in found))

    def traced_encode(bits: Any) -> Any:
        info = jnp.concatenate([bits, checksum(bits, CHECK_BITS, jnp)], axis=1).reshape(-1, graph.info, lift)
        word = jax.vmap(functools.partial(belief.encode_traced, graph))(info).reshape(len(bits), -1)[:, :length]
        return word ^ jnp.asarray(flips, word.dtype)[None, :]

    traced = Traced(traced_encode, lambda word: (word ^ jnp.asarray(flips, word.dtype)[None, :])[:, :message])
    digest = hashlib.sha256(f"{VERSION} {graph.digest} {seed}".encode() + np.packbits(flips).tobytes()).hexdigest()
    return Code(label, length, message, encode, decode, digest[:16], memory, traced if short else None)
