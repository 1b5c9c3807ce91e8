"""A file in a matrix: its bits become +-1 value rows, written by the outer-product rule, and are read back by a reader.

The keys are drawn again from the seed. Nothing of the file is kept beside the matrix but its length and its SHA-256: what
comes back comes out of the matrix.
"""

import functools
import hashlib
import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from hebbsim.base import Retrieval, dot
from hebbsim.ensembles.bipolar import bipolar_side
from hebbsim.errors import HebbsimError
from hebbsim.parts import look_up
from hebbsim.precisions.lloyd_max import rms, table
from hebbsim.retrievals import RETRIEVALS
from hebbsim.retrievals.columns import BLOCK, Columns
from hebbsim.simulate.settings import check_settings, pinned
from hebbsim.storage.memory_file import TYPES, Memory
from hebbsim.storage.source import available_memory
from hebbsim.theory.limits import amp_capacity

ROWS = 1024  # keys drawn at once
SEEDS = 4  # seeds tried for a matrix of one size before a larger one is
CHANCY = 256  # narrower matrices fail or not by chance, so that another seed helps; wider ones fail by their load
GROWTHS = 16  # larger matrices tried, each 1/16 wider than the last


class Recalled(NamedTuple):
    """What a reader made of a memory."""

    data: bytes
    right: bool  # SHA-256 equal
    wrong: float  # bits, about: see `read`
    columns: int
    iterations: float  # a column's mean
    unconverged: int


@functools.cache
def key_rows(dim: int) -> Callable[[jax.Array, jax.Array], jax.Array]:
    """(rng_key, index) -> the keys of these numbers, compiled once a width."""
    side = bipolar_side(dim)
    return jax.jit(lambda rng_key, index: side.rows((), side.draw(rng_key, index)))


def draw_keys(memory: Memory) -> jax.Array:
    """All keys, (num_patterns, dim_key) of +-1: row i is a function of (seed, i)."""
    rng_key = jax.random.key(np.uint32(memory.seed), impl="threefry2x32")
    rows = key_rows(memory.dim_key)
    parts = [rows(rng_key, start + jnp.arange(ROWS)) for start in range(0, memory.num_patterns, ROWS)]
    return jnp.concatenate(parts)[: memory.num_patterns]


def sizes(length: int, bits_per_parameter: float) -> tuple[int, int]:
    """(dim, num_patterns) of the smallest square matrix that holds `length` bytes at no more than bits_per_parameter."""
    dim = max(8, math.ceil(math.sqrt(8 * length / bits_per_parameter)))
    return dim, max(1, math.ceil(8 * length / dim))


def memory_needed(length: int, bits_per_parameter: float) -> int:
    """Bytes of memory that storing and reading back take, about: weights twice, in integers and floats, keys, values."""
    dim, patterns = sizes(length, bits_per_parameter)
    return 10 * dim * dim + 16 * patterns * dim


def longest_file(bits_per_parameter: float) -> int:
    """Bytes of the longest file that `write` stores in the memory that is available now."""
    return int(available_memory() / memory_needed(10**6, bits_per_parameter) * 10**6)


@pinned()
def write(
    data: bytes,
    bits_per_parameter: float = 0.7,
    seed: int = 0,
    bits: int = 0,
    progress: Callable[[str, float, float], None] = lambda text, done, total: None,
) -> Memory:
    """The file's bits as +-1 rows (0 is +1), in one matrix sum_i k_i^T v_i; `bits` > 0 rounds it to Lloyd-Max levels.

    What is returned has been read back, by AMP, and is the file. A matrix that does not give it back, as happens to small
    ones and near the capacity, is made again: first from the next seeds, then 1/16 wider, and so on.
    Raises HebbsimError for a load that no reader serves, bits or a seed out of range, and if no matrix was found.

    Example:
        >>> from hebbsim.storage.store import read, write
        >>> memory = write(b"some bytes", bits_per_parameter=0.1)
        >>> memory.num_patterns, memory.dim_key
        (3, 29)
        >>> read(memory, "ridge", {}, lambda *_: None).data
        b'some bytes'
    """
    check_settings()
    most = amp_capacity()
    if not 0 < bits_per_parameter <= most:
        raise HebbsimError(
            f"{bits_per_parameter} bits per parameter: no reader here returns them; allowed: above 0, up to {most:.3f}"
        )
    if not 0 <= bits <= 8 or not 0 <= seed < 2**32:
        raise HebbsimError(f"bits = {bits}, seed = {seed}; allowed: bits 0 (integers) to 8, seed 0 to 2**32 - 1")
    dim, _ = sizes(len(data), bits_per_parameter)
    for _ in range(1 + GROWTHS):
        for step in range(SEEDS if dim < CHANCY else 1):
            memory = form(data, dim, (seed + step) % 2**32, bits)
            if read(memory, progress=progress).right:
                return memory
        dim += max(1, dim // 16)
    raise HebbsimError(
        f"{len(data):,} bytes did not come back from any matrix up to {dim - 1:,} x {dim - 1:,}; "
        "ask for fewer bits per parameter or more --bits"
    )


def form(data: bytes, dim: int, seed: int, bits: int = 0) -> Memory:
    """The matrix of one size and seed that holds the file, not yet read back."""
    patterns = max(1, math.ceil(8 * len(data) / dim))
    empty = Memory(dim, dim, patterns, len(data), seed, "int32", 32, 0.0, hashlib.sha256(data).hexdigest(), np.empty(0))
    keys = draw_keys(empty)
    flat = np.zeros(patterns * dim, np.uint8)
    flat[: 8 * len(data)] = np.unpackbits(np.frombuffer(data, np.uint8))
    values = flat.reshape(patterns, dim)
    weights = np.empty((dim, dim), np.int16 if patterns < 2**15 else np.int32)
    for columns in blocks(dim):
        weights[:, columns] = outer_products(keys, values[:, columns])
    return settle(empty, weights, bits)


@jax.jit
def outer_products(keys: jax.Array, bits: jax.Array) -> jax.Array:
    """Sum over pairs of key and value, the values given as bits: 0 is +1."""
    return dot(keys.T, 1 - 2 * bits.astype(jnp.float32)).astype(jnp.int32)


def settle(empty: Memory, weights: np.ndarray, bits: int) -> Memory:
    """A memory of these integer weights in the smallest type that holds them, or rounded to 2**bits Lloyd-Max levels."""
    if bits:
        scale = float(rms(jnp.asarray(weights, jnp.float32))) or 1.0
        rounded = empty._replace(type="codes", bits=bits, scale=scale)
        matrix = np.empty(weights.shape, np.uint8)
        for columns in blocks(weights.shape[1]):
            matrix[:, columns] = levels_of(rounded, weights[:, columns].astype(np.float32))
        return rounded._replace(matrix=matrix)
    largest = max(int(weights.max()), -int(weights.min()))
    kind = next(kind for kind in TYPES if largest <= np.iinfo(kind).max)
    return empty._replace(type=kind, bits=8 * np.dtype(kind).itemsize, matrix=weights.astype(kind))


def blocks(width: int, size: int = BLOCK) -> Iterator[slice]:
    """Columns, a block at a time."""
    return (slice(start, min(start + size, width)) for start in range(0, width, size))


@pinned()
def read(
    memory: Memory,
    retrieval: str | Retrieval = "amp",
    options: dict[str, Any] | None = None,
    progress: Callable[[str, float, float], None] = lambda text, done, total: None,
) -> Recalled:
    """Read every bit back with one of the RETRIEVALS, a block of columns at a time. Raises HebbsimError.

    Wrong bits, without the file to compare with: none in a column whose bits, written again, give the stored weights (or
    fall into their levels); num_patterns Q(1 / noise) in another, noise being the reader's own.
    """
    check_settings()
    rounded = {"cells": memory.bits} if retrieval == "amp" and memory.type == "codes" else {}
    made: Retrieval = look_up(RETRIEVALS, "retrieval", retrieval, rounded | (options or {}))
    if made.columns is None:
        fit = ", ".join(name for name, part in RETRIEVALS.items() if part().columns is not None)
        raise HebbsimError(f"retrieval {made.label} does not read +-1 values by columns; allowed: {fit}")
    keys = draw_keys(memory)
    count = jnp.float32(memory.num_patterns)
    prepare, one = programs(made.columns, memory.dim_value)
    prepared = prepare(keys, count, jnp.asarray(memory.weights()))
    values = np.empty((memory.num_patterns, memory.dim_value), bool)
    steps, unconverged, wrong = 0, 0, 0.0
    size = min(BLOCK, memory.dim_value)
    for columns in blocks(memory.dim_value, size):
        progress(f"{made.label}", columns.start, memory.dim_value)
        part = memory.weights(columns)
        width = part.shape[1]
        padded = np.pad(part, ((0, 0), (0, size - width)))  # one shape, one compilation
        decided, again, chance, took, rested = (np.asarray(array) for array in one(keys, count, prepared, padded))
        values[:, columns] = decided[:, :width]
        steps += int(took[:width].sum())
        unconverged += int((~rested[:width]).sum())
        agrees = np.all(levels_of(memory, again[:, :width]) == levels_of(memory, part), axis=0)
        wrong += memory.num_patterns * float(np.sum(np.where(agrees, 0.0, chance[:width])))
    progress(f"{made.label}", memory.dim_value, memory.dim_value)
    data = np.packbits(values.reshape(-1)[: 8 * memory.length]).tobytes()
    right = hashlib.sha256(data).hexdigest() == memory.sha256
    return Recalled(data, right, wrong, memory.dim_value, steps / memory.dim_value, unconverged)


@functools.cache
def programs(reader: Columns, dim_value: int) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The reader's `prepare` and its reading of one block of columns, compiled once for all memories of a shape."""
    denoise = bipolar_side(dim_value).denoise

    @jax.jit
    def one(keys: jax.Array, count: jax.Array, prepared: Any, columns: jax.Array) -> tuple[jax.Array, ...]:
        found = reader.read(keys, count, prepared, columns, denoise)
        again = dot(keys.T, jnp.where(found.value < 0, -1.0, 1.0))
        return found.value < 0, again, jax.scipy.stats.norm.sf(1 / found.noise), found.steps, found.rested

    return jax.jit(reader.prepare), one


def levels_of(memory: Memory, weights: np.ndarray) -> np.ndarray:
    """Integer weights themselves; of rounded ones, the numbers of the levels they fall into."""
    if memory.type != "codes":
        return weights
    return np.searchsorted(table(memory.bits)[1], weights / np.float32(memory.scale), side="right")
