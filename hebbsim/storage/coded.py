"""A file in a matrix through an outer code: read one-shot, row block by row block, and decoded to the last bit.

The file's bits are the messages of code words, which fill the value rows one after another. A field divided by dim_key
is value + N(0, (num_patterns - 1) / dim_key), so that the log-likelihood ratio of an entry is 2 field / (num_patterns - 1).
Rounding weights to few bits scales the signal and the weights' power by the same 1 - D, D the quantiser's loss: the ratio
becomes 2 field / (num_patterns - (1 - D)), which is that of the load divided by 1 - D.
"""

import functools
import hashlib
import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from hebbsim.base import dot
from hebbsim.checks import check_integer
from hebbsim.codes import CODES, Code
from hebbsim.codes.graph import BASE, ENSEMBLES
from hebbsim.codes.multi_edge import lengths_near
from hebbsim.ensembles.bipolar import bipolar_side
from hebbsim.errors import HebbsimError, one_of
from hebbsim.kernels.packed import signed_sum_bits
from hebbsim.records.task import parse_label
from hebbsim.storage.memory_file import CodeUse, Memory
from hebbsim.storage.store import ROWS, blocks, key_rows, settle
from hebbsim.theory.codes import code_threshold
from hebbsim.theory.limits import lloyd_max

Progress = Callable[[str, float, float], None]
USUAL = 819_200  # entries of a block, unless a smaller one holds the file
SHORTEST = 16 * BASE  # shorter graphs have short cycles
MARGIN = 0.89  # of the threshold: the load that is aimed at, .60 bits per parameter at rate 1/20
TOGETHER = 64  # rows are read in multiples of this, so that few sizes are compiled
GROWTHS = 8  # larger matrices tried, each 1/32 wider than the last


class Layout(NamedTuple):
    """How a file is laid out in a matrix."""

    code: Code
    blocks: int
    dim: int
    seed: int

    @property
    def num_patterns(self) -> int:
        return math.ceil(self.blocks * self.code.length / self.dim)


class RecalledBlocks(NamedTuple):
    """What one-shot reading and decoding made of a memory."""

    data: bytes
    right: bool  # SHA-256 equal
    blocks: int
    failed: int  # blocks whose checks or checksum do not hold
    raw_error: float  # of the field's signs, judged by the decoded words; nan if no block was decoded
    iterations: float  # a block's mean


def kept_power(bits: int) -> float:
    """1 - D: the share of the weights' power that 2**bits levels keep; 1 for exact weights, bits = 0."""
    return 1 - lloyd_max(bits) if bits else 1.0


def lay_out(
    size: int,
    rate: str,
    bits_per_parameter: float | None = None,
    seed: int = 0,
    bits: int = 0,
    length: int | None = None,
    dim: int | None = None,
    force: bool = False,
) -> Layout:
    """Code, blocks and dim for a file of `size` bytes. Without bits_per_parameter, at MARGIN of the code's threshold.

    Raises HebbsimError for a rate or length that there is not, a load past the threshold unless forced, a file that a
    matrix of the given dim does not hold.
    """
    if rate not in ENSEMBLES:
        raise one_of("rate", rate, ENSEMBLES)
    if not 0 <= bits <= 8 or not 0 <= seed < 2**32:
        raise HebbsimError(f"bits = {bits}, seed = {seed}; allowed: bits 0 (integers) to 8, seed 0 to 2**32 - 1")
    share = ENSEMBLES[rate].columns / BASE
    if length is None:
        apart = max(1, math.ceil(8 * size / (USUAL * share - 32)))
        length = max(SHORTEST, math.ceil((8 * size / apart + 32) / share / BASE) * BASE)
    check_integer("length", length, 1, 2**40)
    if length != lengths_near(length):
        raise HebbsimError(f"length = {length:,}; allowed: multiples of {BASE:,}; nearest: {lengths_near(length):,}")
    code = CODES["multi_edge"](rate=rate, length=length, seed=seed)
    number = max(1, math.ceil(8 * size / code.message))
    most = code_threshold(rate) * kept_power(bits)
    if dim is None:
        per = MARGIN * most * code.rate if bits_per_parameter is None else bits_per_parameter
        if not 0 < per < math.inf or (per > most * code.rate and not force):
            raise HebbsimError(
                f"{per} bits per parameter; allowed at rate {rate}: above 0, up to the code's threshold, "
                f"{most * code.rate:.3f}; --force tries more"
            )
        # Bits asked for are those of full blocks: a file that fills its last block in part gets a little fewer.
        dim = math.ceil(math.sqrt(number * code.message / per))
    check_integer("dim", dim, 8, 2**20)
    layout = Layout(code, number, dim, seed)
    load = layout.num_patterns / dim
    if load > most and not force:
        held = int(most * dim * dim / code.length) * code.message // 8
        raise HebbsimError(
            f"{size:,} bytes at rate {rate} make load {load:.2f} of a {dim:,} x {dim:,} matrix; the code decodes up to "
            f"{most:.2f}, {most * code.rate:.3f} bits per parameter, {held:,} bytes there; --force tries it all the same"
        )
    return layout


def messages_of(data: bytes, layout: Layout) -> np.ndarray:
    """(blocks, message) bits of a file, the last block filled up with zeros."""
    bits = np.zeros(layout.blocks * layout.code.message, np.uint8)
    bits[: 8 * len(data)] = np.unpackbits(np.frombuffer(data, np.uint8))
    return bits.reshape(layout.blocks, -1)


def value_rows(messages: np.ndarray, layout: Layout) -> Iterator[np.ndarray]:
    """The code words' bits as rows of dim, ROWS at a time, the last filled up with zeros."""
    width = layout.dim * ROWS
    held = np.empty(0, np.uint8)
    for message in messages:
        held = np.concatenate([held, (layout.code.encode(message) < 0).astype(np.uint8)])
        while len(held) >= width:
            yield held[:width].reshape(ROWS, layout.dim)
            held = held[width:]
    if len(held):
        held = np.pad(held, (0, -len(held) % layout.dim))
        yield held.reshape(-1, layout.dim)


@functools.partial(jax.jit, donate_argnums=0)
def add_pairs(weights: jax.Array, keys: jax.Array, values: jax.Array, count: jax.Array) -> jax.Array:
    """weights + keys^T values over the first `count` pairs, both sides packed."""
    return signed_sum_bits(weights, keys, values, count)


@functools.cache
def key_draw(dim: int) -> Callable[[jax.Array, jax.Array], jax.Array]:
    """(rng_key, index) -> packed keys, compiled once a width."""
    return jax.jit(bipolar_side(dim).draw)


def coded_weights(messages: np.ndarray, layout: Layout, progress: Progress = lambda *_: None) -> np.ndarray:
    """(dim, dim) integers: the sum of the outer products of keys and rows of code words."""
    dim, patterns = layout.dim, layout.num_patterns
    weights = jnp.zeros((dim, dim), jnp.float32)
    rng_key = jax.random.key(np.uint32(layout.seed), impl="threefry2x32")
    done = 0
    for rows in value_rows(messages, layout):
        progress("write", done, patterns)
        packed = np.packbits(rows, axis=1, bitorder="little")
        packed = np.pad(packed, ((0, ROWS - len(rows)), (0, -packed.shape[1] % 4))).view("<u4")
        weights = add_pairs(weights, key_draw(dim)(rng_key, done + jnp.arange(ROWS)), packed, np.int32(len(rows)))
        done += len(rows)
    progress("write", patterns, patterns)
    return np.asarray(weights).astype(np.int32)


def form_coded(data: bytes, layout: Layout, bits: int = 0, progress: Progress = lambda *_: None) -> Memory:
    """The matrix of a layout that holds a file, not yet read back."""
    weights = coded_weights(messages_of(data, layout), layout, progress)
    return settle(empty_memory(layout, len(data), hashlib.sha256(data).hexdigest()), weights, bits)


def empty_memory(layout: Layout, length: int, sha256: str) -> Memory:
    """A memory of this layout without its matrix."""
    code, dim = layout.code, layout.dim
    use = CodeUse(code.label, code.length, layout.blocks, layout.seed, code.digest)
    return Memory(dim, dim, layout.num_patterns, length, layout.seed, "int32", 32, 0.0, sha256, np.empty(0), use)


def code_of(use: CodeUse) -> Code:
    """The code that a memory was written with. Raises HebbsimError if it is not the one that its label makes now."""
    try:
        name, options = parse_label(use.label)
        if name != "multi_edge":
            raise HebbsimError(name)
        code = CODES[name](**options)
    except HebbsimError:
        raise HebbsimError(f"code {use.label!r} is not known here; allowed: multi_edge of this version") from None
    if code.digest != use.digest or code.length != use.length:
        raise HebbsimError(
            f"code {use.label} has digest {code.digest} here and {use.digest} in the memory: it was written with another "
            "version of the code, or its seed is damaged; nothing was read"
        )
    return code


@jax.jit
def product(keys: jax.Array, weights: jax.Array) -> jax.Array:
    """Fields of some columns: keys @ weights."""
    return dot(keys, weights)


def fields(memory: Memory, start: int, stop: int) -> np.ndarray:
    """(stop - start, dim_value) one-shot fields of these rows; the weights are turned into floats some columns at a time."""
    rng_key = jax.random.key(np.uint32(memory.seed), impl="threefry2x32")
    draw = key_rows(memory.dim_key)
    keys = jnp.concatenate([draw(rng_key, at + jnp.arange(ROWS)) for at in range(start, stop, ROWS)])
    keys = keys[: -(-(stop - start) // TOGETHER) * TOGETHER]
    out = np.empty((stop - start, memory.dim_value), np.float32)
    for columns in blocks(memory.dim_value):
        out[:, columns] = product(keys, memory.weights(columns))[: stop - start]
    return out


def ratios(memory: Memory, code: Code, block: int, noise: float = 1.0) -> np.ndarray:
    """(length,) log-likelihood ratios of one block; noise: a factor on the noise variance that is believed."""
    first, last = block * code.length, (block + 1) * code.length
    start, stop = first // memory.dim_value, -(-last // memory.dim_value)
    field = fields(memory, start, stop).reshape(-1)[first - start * memory.dim_value :][: code.length]
    kept = kept_power(memory.bits) if memory.type == "codes" else 1.0
    return field * np.float32(2 / (noise * max(memory.num_patterns - kept, 0.5)))


def read_coded(memory: Memory, progress: Progress = lambda *_: None, noise: float = 1.0) -> RecalledBlocks:
    """Read a coded memory one-shot and decode it, block by block. Raises HebbsimError for a code that is not the writer's."""
    assert memory.code is not None
    code = code_of(memory.code)
    parts, failed, wrong, judged, iterations = [], 0, 0, 0, 0
    for block in range(memory.code.blocks):
        progress("one-shot, decoding", block, memory.code.blocks)
        llr = ratios(memory, code, block, noise)
        found = code.decode(llr)
        parts.append(np.packbits(found.bits) if code.message % 8 == 0 else found.bits)
        failed += not found.ok
        iterations += int(found.iterations)
        if found.ok:
            wrong += int(np.count_nonzero((llr < 0) != (code.encode(found.bits) < 0)))
            judged += code.length
    progress("one-shot, decoding", memory.code.blocks, memory.code.blocks)
    whole = np.concatenate(parts) if code.message % 8 == 0 else np.packbits(np.concatenate(parts))
    data = whole.tobytes()[: memory.length]
    right = hashlib.sha256(data).hexdigest() == memory.sha256
    raw = wrong / judged if judged else math.nan
    return RecalledBlocks(data, right, memory.code.blocks, failed, raw, iterations / memory.code.blocks)


def recall_memory(memory: Memory) -> int:
    """Bytes that read_coded takes, about: the state, one block's keys and fields, some columns as floats, the messages."""
    assert memory.code is not None
    code = code_of(memory.code)
    rows = -(-code.length // memory.dim_value) + 1
    drawn = -(-rows // ROWS) * ROWS
    columns = 4 * memory.dim_key * min(512, memory.dim_value)
    return memory.matrix.nbytes + 8 * drawn * memory.dim_key + 8 * rows * memory.dim_value + columns + code.memory


def write_coded(
    data: bytes,
    rate: str,
    bits_per_parameter: float | None = None,
    seed: int = 0,
    bits: int = 0,
    length: int | None = None,
    dim: int | None = None,
    force: bool = False,
    progress: Progress = lambda *_: None,
) -> tuple[Memory, RecalledBlocks]:
    """The file as code words in one matrix, read back before it is returned; a matrix that fails is made wider.

    Raises HebbsimError as lay_out does, and if the file does not come back from a matrix of the dim that was given.
    """
    layout = lay_out(len(data), rate, bits_per_parameter, seed, bits, length, dim, force)
    for _ in range(1 + (GROWTHS if dim is None else 0)):
        memory = form_coded(data, layout, bits, progress)
        found = read_coded(memory, progress)
        if found.right:
            return memory, found
        layout = layout._replace(dim=layout.dim + max(1, layout.dim // 32))
    raise HebbsimError(
        f"{found.failed:,} of {found.blocks:,} blocks did not come back at load {memory.num_patterns / memory.dim_key:.2f}; "
        "ask for fewer bits per parameter or a larger dim"
    )
