"""Outer products of bits, 32 pairs a word: a +-1 write by exclusive or and population count, a Willshaw write by and.

Codes come as rows packed along the entries (ensembles.bipolar) or as active units (ensembles.sparse). The kernels want
them packed along the pairs: bit i % 32 of word i // 32 is pair i. A pair past `count` has no bit set on either side, so
that it adds nothing: a part-filled block costs one call, whatever its length.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, UInt32

WORD = 32
# Words behind each row. Without them the rows of a width that is a power of two lie a multiple of 4096 bytes apart, share
# a few sets of the cache and push each other out: the write is then 3 times slower at 1024.
GAP = 16
MOST_LINES = 2016  # whose bits are counted in halves of a word, which hold 2**16 - 1: whole groups
GROUP = 32  # words added up in one tree: a byte of the sum holds 8 * GROUP at most, less one bit


def by_pair(codes: UInt32[Array, "b words"], dim: int, count: Array) -> UInt32[Array, "lines columns"]:
    """Rows packed along `dim` entries -> packed along the pairs: (ceil(b / 32), dim + GAP)."""
    live = jnp.arange(codes.shape[0]) < count
    codes = jnp.where(live[:, None], codes, jnp.uint32(0))
    bits = (codes[:, :, None] >> jnp.arange(WORD, dtype=jnp.uint32)[None, None, :]) & 1
    bits = bits.reshape(codes.shape[0], -1)[:, :dim]
    bits = jnp.pad(bits, ((0, -codes.shape[0] % WORD), (0, GAP))).reshape(-1, WORD, dim + GAP)
    return jnp.sum(bits << jnp.arange(WORD, dtype=jnp.uint32)[None, :, None], axis=1, dtype=jnp.uint32)


# Multiply-adds of a float32 product that each costs: medians on 2 cores of a CPU (results/bench).
AND = 1 / 16  # of a 0/1 pair and entry there
INDEXED = 250.0  # of an entry touched by its number
PACKING = 600.0  # of an active unit put into its word


def by_units_is_cheaper(dim_key: int, dim_value: int, active_key: int, active_value: int) -> bool:
    """Whether a pair is cheaper to write unit by unit than bit by bit, its units being packed first."""
    touched = INDEXED * active_key * active_value
    return touched < AND * dim_key * dim_value + PACKING * (active_key + active_value)


def units_by_pair(units: Int[Array, "b k"], dim: int, count: Array) -> UInt32[Array, "lines columns"]:
    """Active units (distinct within a pair; `dim` stands for none) -> packed along the pairs."""
    pair = jnp.arange(units.shape[0])
    lines = -(-units.shape[0] // WORD)
    live = (pair < count)[:, None] & (units < dim)
    column = jnp.where(live, units, dim + GAP)  # out of range: dropped
    bit = jnp.uint32(1) << (pair % WORD).astype(jnp.uint32)
    empty = jnp.zeros((lines, dim + GAP), jnp.uint32)
    return empty.at[(pair // WORD)[:, None], column].add(jnp.broadcast_to(bit[:, None], units.shape), mode="drop")


def full_adder(a: Array, b: Array, c: Array) -> tuple[Array, Array]:
    """a + b + c = sum + 2 carry, in every bit."""
    either = a ^ b
    return either ^ c, (a & b) | (either & c)


def digits_of(words: Sequence[Array]) -> list[Array]:
    """How many of the words have a bit set, in every bit: the binary digits of the number, lowest first."""
    digits, held = [], list(words)
    while held:
        carries = []
        while len(held) > 1:
            a, b, *rest = held
            low, high = full_adder(a, b, rest.pop(0)) if rest else (a ^ b, a & b)
            held = [low, *rest]
            carries.append(high)
        digits.append(held[0])
        held = carries
    return digits


def ones_in_bytes(x: Array) -> Array:
    """In every byte, its number of set bits."""
    x = x - ((x >> 1) & jnp.uint32(0x55555555))
    x = (x & jnp.uint32(0x33333333)) + ((x >> 2) & jnp.uint32(0x33333333))
    return (x + (x >> 4)) & jnp.uint32(0x0F0F0F0F)


def ones_in_halves(words: Sequence[Array]) -> Array:
    """Set bits of all the words (GROUP at most), by the parities of their bytes: two sums of 16 bits."""

    def halves(x: Array) -> Array:
        return (x & jnp.uint32(0x00FF00FF)) + ((x >> 8) & jnp.uint32(0x00FF00FF))

    digits = [ones_in_bytes(digit) for digit in digits_of(words)]
    in_bytes = sum((digit << place for place, digit in enumerate(digits[1:5], 1)), digits[0])  # 8 * 31 at most
    return sum((halves(digit) << place for place, digit in enumerate(digits[5:], 5)), halves(in_bytes))


def halves_apart(keys: UInt32[Array, "lines dk"], values: UInt32[Array, "lines dv"]) -> UInt32[Array, "dk dv"]:
    """Bits in which a column of keys differs from one of values, as two sums of 16 bits; GROUP lines at most."""
    return ones_in_halves([keys[line][:, None] ^ values[line][None, :] for line in range(keys.shape[0])])


def disagreements(keys: UInt32[Array, "lines dk"], values: UInt32[Array, "lines dv"]) -> Int[Array, "dk dv"]:
    """In how many bits of its column a key differs from a value."""
    if keys.shape[0] > MOST_LINES:
        first = disagreements(keys[:MOST_LINES], values[:MOST_LINES])
        return first + disagreements(keys[MOST_LINES:], values[MOST_LINES:])
    whole = keys.shape[0] // GROUP
    total = jnp.zeros((keys.shape[1], values.shape[1]), jnp.uint32)
    if whole > 1:  # one group compiled, however many there are
        groups = tuple(side[: whole * GROUP].reshape(whole, GROUP, -1) for side in (keys, values))
        total = jax.lax.scan(lambda total, pair: (total + halves_apart(*pair), None), total, groups)[0]
    elif whole:
        total = halves_apart(keys[:GROUP], values[:GROUP])
    if keys.shape[0] % GROUP:
        total = total + halves_apart(keys[whole * GROUP :], values[whole * GROUP :])
    return ((total + (total >> 16)) & jnp.uint32(0xFFFF)).astype(jnp.int32)


def signed_sum_bits(
    weights: Float[Array, "dk dv"], keys: UInt32[Array, "b kw"], values: UInt32[Array, "b vw"], count: Array
) -> Float[Array, "dk dv"]:
    """weights + keys^T values over the first `count` pairs of +-1 rows, given packed: count - 2 disagreements an entry.

    Exact while no entry passes 2**24.
    """
    dim_key, dim_value = weights.shape
    packed = by_pair(keys, dim_key, count)[:, :dim_key], by_pair(values, dim_value, count)[:, :dim_value]
    return weights + (count - 2 * disagreements(*packed)).astype(weights.dtype)


def signed_sum_product(
    weights: Float[Array, "dk dv"],
    keys: UInt32[Array, "b kw"],
    values: UInt32[Array, "b vw"],
    count: Array,
    kind: Any = jnp.bfloat16,
) -> Float[Array, "dk dv"]:
    """signed_sum_bits by a product of rows of `kind`, which holds +-1 and 0 exactly: bfloat16, float32 or int8.

    Floats are added up in float32, exactly up to 2**24 of them, and int8 in int32.
    """
    live = (jnp.arange(keys.shape[0]) < count)[:, None]
    rows = [jnp.where(live, signs(code, dim, kind), 0) for code, dim in zip((keys, values), weights.shape, strict=True)]
    total = jnp.int32 if jnp.issubdtype(kind, jnp.integer) else jnp.float32
    return weights + jnp.dot(rows[0].T, rows[1], preferred_element_type=total).astype(weights.dtype)


def signed_sum(weights: Array, keys: Array, values: Array, count: Array) -> Array:
    """The form that is fastest where it runs: bits on a CPU, and elsewhere as ON_ACCELERATOR says."""
    given = weights, keys, values, jnp.asarray(count, jnp.int32)
    return jax.lax.platform_dependent(*given, cpu=signed_sum_bits, default=FORMS["write"][ON_ACCELERATOR["write"]])


def overlaps_bits(queries: UInt32[Array, "p words"], keys: UInt32[Array, "b words"], dim: int) -> Float[Array, "p b"]:
    """q . k of +-1 rows packed along their `dim` entries: dim - 2 disagreements."""
    words = queries.shape[1]
    ends = jnp.full(words, 0xFFFFFFFF, jnp.uint32).at[-1].set(jnp.uint32((1 << (dim - WORD * (words - 1))) - 1))
    columns = [jnp.pad((code & ends[None, :]).T, ((0, 0), (0, GAP)))[:, : code.shape[0]] for code in (queries, keys)]
    return (dim - 2 * disagreements(*columns)).astype(jnp.float32)


def overlaps_product(
    queries: UInt32[Array, "p words"], keys: UInt32[Array, "b words"], dim: int, kind: Any = jnp.bfloat16
) -> Float[Array, "p b"]:
    """overlaps_bits by a product of rows of `kind`, exact for up to 2**24 entries."""
    rows = [signs(code, dim, kind) for code in (queries, keys)]
    total = jnp.int32 if jnp.issubdtype(kind, jnp.integer) else jnp.float32
    return jnp.dot(rows[0], rows[1].T, preferred_element_type=total).astype(jnp.float32)


def overlaps(queries: UInt32[Array, "p words"], keys: UInt32[Array, "b words"], dim: int) -> Float[Array, "p b"]:
    """The form that is fastest where it runs, as of signed_sum."""
    bits, other = (functools.partial(FORMS["overlap"][form], dim=dim) for form in ("bits", ON_ACCELERATOR["overlap"]))
    return jax.lax.platform_dependent(queries, keys, cpu=bits, default=other)


# By kernel, the forms that it has. All give the same integers.
FORMS: dict[str, dict[str, Callable[..., Array]]] = {
    "write": {
        "bits": signed_sum_bits,
        "bfloat16": signed_sum_product,
        "int8": functools.partial(signed_sum_product, kind=jnp.int8),
    },
    "overlap": {
        "bits": overlaps_bits,
        "bfloat16": overlaps_product,
        "int8": functools.partial(overlaps_product, kind=jnp.int8),
    },
}
# The form that is compiled for a GPU or TPU. simulate.rates times them there, and changes this before anything is compiled.
ON_ACCELERATOR = {"write": "bfloat16", "overlap": "bfloat16"}


def form_on(platform: str, kernel: str) -> str:
    """The form in which a kernel, "write" or "overlap", is compiled for a platform."""
    return "bits" if platform == "cpu" else ON_ACCELERATOR[kernel]


def signs(codes: UInt32[Array, "b words"], dim: int, dtype: jnp.dtype) -> Array:
    """Rows of +-1: entry j is bit j % 32 of word j // 32, and 0 is +1."""
    bits = (codes[:, :, None] >> jnp.arange(WORD, dtype=jnp.uint32)[None, None, :]) & 1
    return (1 - 2 * bits.astype(jnp.int32)).reshape(codes.shape[0], -1)[:, :dim].astype(dtype)


def any_pair(
    weights: Bool[Array, "dk dv"], keys: UInt32[Array, "lines dk"], values: UInt32[Array, "lines dv"]
) -> Array:
    """weights | whether some pair has both bits set; keys and values packed along the pairs."""
    both = jnp.uint32(0)
    for line in range(keys.shape[0]):
        both = both | (keys[line][:, None] & values[line][None, :])
    return weights | (both != 0)
