"""Multi-edge codes of low rate for long blocks, decoded by belief propagation."""

import hashlib
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from hebbsim.checks import check_integer
from hebbsim.codes import belief
from hebbsim.codes.code import Code, Decoded, check_blocks, checksum, sign_pattern
from hebbsim.codes.graph import BASE, ENSEMBLES, build
from hebbsim.errors import HebbsimError, one_of
from hebbsim.parts import factory

CHECK_BITS = 32
LEAST_LIFT = 4
LONGEST = 1 << 24
ITERATIONS = 400
VERSION = 1  # of the construction: raise it when the same options would give another code
TOGETHER = 256 << 20  # bytes of messages that are decoded at once on an accelerator


def lengths_near(length: int) -> int:
    """The nearest length that there is."""
    return BASE * max(LEAST_LIFT, min(round(length / BASE), LONGEST // BASE))


@factory()
def multi_edge(label: str, *, rate: str = "1/20", length: int = 819_200, seed: int = 0) -> Code:
    """Every stored bit is a core bit or the sum of 2 or 3 of them; the core is a repeat-accumulate code of rate 5/7 or so.

    `rate`: "1/10", "1/20" or "1/50", 32 bits of checksum included. `length`: entries of a block, a multiple of 1600.
    `seed`: of graph and signs. Decoding: belief propagation, at most `iterations` passes, ending once all checks hold.
    Raises HebbsimError for another rate or length, the nearest in it.

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
    if length != lengths_near(length):
        raise HebbsimError(
            f"length of multi_edge = {length:,}; allowed: multiples of {BASE:,} from {BASE * LEAST_LIFT:,} to "
            f"{LONGEST // BASE * BASE:,}; nearest: {lengths_near(length):,}"
        )
    graph = build(rate, length // BASE, seed)
    lift, held = graph.lift, graph.info * graph.lift
    message = held - CHECK_BITS
    flips = sign_pattern(length, seed)
    signs = (1 - 2 * flips.astype(np.int8)).astype(np.float32)
    one = belief.decoder(graph)
    memory = belief.working_memory(graph)

    @jax.jit
    def decode_blocks(llr: Array, iterations: Array) -> tuple[Array, Array, Array]:
        turned = (llr * jnp.asarray(signs)[None, :]).reshape(-1, BASE, lift)
        if len(llr) == 1:
            core, holds, used = (part[None] for part in one(turned[0], iterations))
        else:
            core, holds, used = jax.vmap(one, (0, None))(turned, iterations)
        return core[:, : graph.info].reshape(len(llr), held), holds, used

    def encode(bits: Any) -> np.ndarray:
        rows = check_blocks("bits", bits, message, np.uint8)
        info = np.concatenate([rows, checksum(rows, CHECK_BITS)], axis=1).reshape(-1, graph.info, lift)
        word = belief.encode(graph, info).reshape(len(rows), length) ^ flips
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
        core, holds, used = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        core = core.astype(np.uint8)
        ok = holds & np.all(checksum(core[:, :message], CHECK_BITS) == core[:, message:], axis=1)
        found = Decoded(core[:, :message], ok, used.astype(np.int32))
        return found if np.ndim(llr) == 2 else Decoded(*(array[0] for array in found))

    digest = hashlib.sha256(f"{VERSION} {graph.digest} {seed}".encode() + np.packbits(flips).tobytes()).hexdigest()
    return Code(label, length, message, encode, decode, digest[:16], memory)
