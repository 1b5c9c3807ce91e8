"""A file in a matrix: its bits become +-1 value rows, written by the outer-product rule, and are read back by a reader.

The keys are drawn again from the seed. Nothing of the file is kept beside the matrix but its length and its SHA-256: what
comes back comes out of the matrix.
"""

import hashlib
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
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
from hebbsim.retrievals.columns import BLOCK
from hebbsim.storage.memory_file import TYPES, Memory, load, replace, save
from hebbsim.theory.limits import amp_capacity

ROWS = 1024  # keys drawn at once


class Recalled(NamedTuple):
    """What a reader made of a memory."""

    data: bytes
    right: bool  # SHA-256 equal
    wrong: float  # bits, about: see `read`
    columns: int
    iterations: float  # a column's mean
    unconverged: int


def draw_keys(memory: Memory) -> jax.Array:
    """All keys, (num_patterns, dim_key) of +-1: row i is a function of (seed, i)."""
    side = bipolar_side(memory.dim_key)
    rng_key = jax.random.key(np.uint32(memory.seed), impl="threefry2x32")
    rows = jax.jit(lambda index: side.rows((), side.draw(rng_key, index)))
    parts = [rows(start + jnp.arange(ROWS)) for start in range(0, memory.num_patterns, ROWS)]
    return jnp.concatenate(parts)[: memory.num_patterns]


def sizes(length: int, bits_per_parameter: float) -> tuple[int, int]:
    """(dim, num_patterns) of the smallest square matrix that holds `length` bytes at no more than bits_per_parameter."""
    dim = max(8, math.ceil(math.sqrt(8 * length / bits_per_parameter)))
    return dim, math.ceil(8 * length / dim)


def write(data: bytes, bits_per_parameter: float = 0.7, seed: int = 0, bits: int = 0) -> Memory:
    """The file's bits as +-1 rows (0 is +1), in one matrix sum_i k_i^T v_i; `bits` > 0 rounds it to Lloyd-Max levels.

    Raises HebbsimError for an empty file, a load that no reader serves, bits or a seed out of range.

    Example:
        >>> from hebbsim.storage.store import read, write
        >>> memory = write(b"some bytes", bits_per_parameter=0.1)
        >>> memory.num_patterns, memory.dim_key
        (3, 29)
        >>> read(memory, "ridge", {}, lambda *_: None).data
        b'some bytes'
    """
    most = amp_capacity()
    if not data:
        raise HebbsimError("the file is empty; allowed: one byte or more")
    if not 0 < bits_per_parameter <= most:
        raise HebbsimError(
            f"{bits_per_parameter} bits per parameter: no reader here returns them; allowed: above 0, up to {most:.3f}"
        )
    if not 0 <= bits <= 8 or not 0 <= seed < 2**32:
        raise HebbsimError(f"bits = {bits}, seed = {seed}; allowed: bits 0 (whole numbers) to 8, seed 0 to 2**32 - 1")
    dim, patterns = sizes(len(data), bits_per_parameter)
    empty = Memory(dim, dim, patterns, len(data), seed, "int32", 32, 0.0, hashlib.sha256(data).hexdigest(), np.empty(0))
    keys = draw_keys(empty)
    flat = np.zeros(patterns * dim, np.uint8)
    flat[: 8 * len(data)] = np.unpackbits(np.frombuffer(data, np.uint8))
    values = flat.reshape(patterns, dim)
    product = jax.jit(lambda keys, bits: dot(keys.T, 1 - 2 * bits.astype(jnp.float32)).astype(jnp.int32))
    weights = np.empty((dim, dim), np.int16 if patterns < 2**15 else np.int32)
    for columns in blocks(dim):
        weights[:, columns] = product(keys, values[:, columns])
    if bits:
        scale = float(rms(jnp.asarray(weights, jnp.float32)))
        rounded = empty._replace(type="codes", bits=bits, scale=scale)
        matrix = np.empty((dim, dim), np.uint8)
        for columns in blocks(dim):
            matrix[:, columns] = levels_of(rounded, weights[:, columns].astype(np.float32))
        return rounded._replace(matrix=matrix)
    largest = max(int(weights.max()), -int(weights.min()))
    kind = next(kind for kind in TYPES if largest <= np.iinfo(kind).max)
    return empty._replace(type=kind, bits=8 * np.dtype(kind).itemsize, matrix=weights.astype(kind))


def blocks(width: int, size: int = BLOCK) -> Iterator[slice]:
    """Columns, a block at a time."""
    return (slice(start, min(start + size, width)) for start in range(0, width, size))


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
    rounded = {"cells": memory.bits} if retrieval == "amp" and memory.type == "codes" else {}
    made: Retrieval = look_up(RETRIEVALS, "retrieval", retrieval, rounded | (options or {}))
    if made.columns is None:
        fit = ", ".join(name for name, part in RETRIEVALS.items() if part().columns is not None)
        raise HebbsimError(f"retrieval {made.label} does not read +-1 values by columns; allowed: {fit}")
    reader, denoise = made.columns, bipolar_side(memory.dim_value).denoise
    keys = draw_keys(memory)
    count = jnp.float32(memory.num_patterns)
    whole = jnp.asarray(memory.weights())
    prepared = jax.jit(reader.prepare)(keys, count, whole)
    del whole

    @jax.jit
    def one(keys: jax.Array, prepared: Any, columns: jax.Array) -> tuple[jax.Array, ...]:
        found = reader.read(keys, count, prepared, columns, denoise)
        again = dot(keys.T, jnp.where(found.value < 0, -1.0, 1.0))
        return found.value < 0, again, jax.scipy.stats.norm.sf(1 / found.noise), found.steps, found.rested

    values = np.empty((memory.num_patterns, memory.dim_value), bool)
    steps, unconverged, wrong = 0, 0, 0.0
    size = min(BLOCK, memory.dim_value)
    for columns in blocks(memory.dim_value, size):
        progress(f"{made.label}", columns.start, memory.dim_value)
        part = memory.weights(columns)
        width = part.shape[1]
        padded = np.pad(part, ((0, 0), (0, size - width)))  # one shape, one compilation
        decided, again, chance, took, rested = (np.asarray(array) for array in one(keys, prepared, padded))
        values[:, columns] = decided[:, :width]
        steps += int(took[:width].sum())
        unconverged += int((~rested[:width]).sum())
        agrees = np.all(levels_of(memory, again[:, :width]) == levels_of(memory, part), axis=0)
        wrong += memory.num_patterns * float(np.sum(np.where(agrees, 0.0, chance[:width])))
    progress(f"{made.label}", memory.dim_value, memory.dim_value)
    data = np.packbits(values.reshape(-1)[: 8 * memory.length]).tobytes()
    right = hashlib.sha256(data).hexdigest() == memory.sha256
    return Recalled(data, right, wrong, memory.dim_value, steps / memory.dim_value, unconverged)


def levels_of(memory: Memory, weights: np.ndarray) -> np.ndarray:
    """Whole-number weights themselves; of rounded ones, the numbers of the levels they fall into."""
    if memory.type != "codes":
        return weights
    return np.searchsorted(table(memory.bits)[1], weights / np.float32(memory.scale), side="right")


def store_file(path: Path, out: Path, bits_per_parameter: float, seed: int, bits: int) -> int:
    """`hebbsim store`: exit status 0. Raises HebbsimError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise HebbsimError(f"{path}: cannot read: {error.strerror}") from None
    memory = write(data, bits_per_parameter, seed, bits)
    save(memory, out)
    print(f"{out}: {memory.length:,} bytes in {said(memory)}")
    return 0


def said(memory: Memory) -> str:
    """Sizes and loads, in words."""
    stored = memory.bits_per_parameter / memory.bits
    kind = f"{memory.bits}-bit levels" if memory.type == "codes" else memory.type
    return (
        f"{memory.dim_key:,} x {memory.dim_value:,} {kind}, {memory.num_patterns:,} pairs, load "
        f"{memory.num_patterns / memory.dim_key:.3f}: {memory.bits_per_parameter:.4f} bits/parameter, "
        f"{stored:.4f} bits per stored bit"
    )


def recall_file(
    path: Path, out: Path, retrieval: str, options: dict[str, Any] | None, force: bool,
    progress: Callable[[str, float, float], None],
) -> int:  # fmt: skip
    """`hebbsim recall`: exit status 0 if the file came back whole, 1 if not. Raises HebbsimError."""
    memory = load(path)
    print(f"{path}: {said(memory)}")
    found = read(memory, retrieval, options, progress)
    effort = (
        f"{found.iterations:.1f} iterations a column, {found.unconverged:,} of {found.columns:,} columns unconverged"
    )
    if found.right:
        replace(out, found.data)
        print(f"{out}: {memory.length:,} bytes, 0 of {8 * memory.length:,} bits wrong, SHA-256 equal; {effort}")
        return 0
    share = 100 * found.wrong / (8 * memory.length)
    wrong = (
        f"about {found.wrong:,.0f} of {8 * memory.length:,} bits wrong ({share:.3g} %, by the reader's own noise level)"
    )
    print(f"{wrong}; SHA-256 differs; {effort}")
    if not force:
        print(f"hebbsim: {out} not written; --force writes it with its errors", file=sys.stderr)
        return 1
    replace(out, found.data)
    print(f"{out}: written with its errors")
    return 1
