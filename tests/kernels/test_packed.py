"""Products of packed bits against float64 NumPy: every count, exactly."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hebbsim.ensembles.bipolar import unpack
from hebbsim.kernels import packed

RNG = np.random.default_rng(0)
# Lines of 32 pairs: a part of one, one group, a group and a part, several groups and a part.
BLOCKS = (1, 33, 1024, 1040, 2 * 1024 + 96)


# One program a shape, in place of one an operation.
SUMS = [jax.jit(form) for form in (packed.signed_sum_bits, packed.signed_sum)] + [
    jax.jit(functools.partial(packed.signed_sum_product, kind=kind)) for kind in (jnp.int8, jnp.bfloat16, jnp.float32)
]
OVERLAPS = [
    jax.jit(form, static_argnums=2) for form in (packed.overlaps_bits, packed.overlaps_product, packed.overlaps)
]
BY_PAIR, UNITS_BY_PAIR = (jax.jit(form, static_argnums=1) for form in (packed.by_pair, packed.units_by_pair))
ANY_PAIR, DISAGREEMENTS = jax.jit(packed.any_pair), jax.jit(packed.disagreements)


def codes(pairs, dim, rng=RNG):
    return rng.integers(0, 2**32, (pairs, -(-dim // 32)), dtype=np.uint32)


def rows(code, dim):
    bits = np.asarray(code)[:, :, None] >> np.arange(32, dtype=np.uint32) & 1
    return 1.0 - 2.0 * bits.reshape(len(code), -1)[:, :dim]


@pytest.mark.parametrize(
    ("pairs", "dims"), [*((pairs, (33, 70)) for pairs in BLOCKS), (33, (1, 1)), (2144, (1, 1)), (1040, (64, 32))]
)
def test_signed_sum_is_the_sum_of_outer_products(pairs, dims):
    keys, values = (codes(pairs, dim) for dim in dims)
    before = np.float32(RNG.integers(-50, 50, dims))
    for count in {0, 1, pairs // 2, pairs}:
        key_rows, value_rows = (rows(code, dim)[:count] for code, dim in zip((keys, values), dims, strict=True))
        expected = np.asarray(before, np.float64) + key_rows.T @ value_rows
        for form in SUMS:
            assert np.array_equal(form(before, keys, values, np.int32(count)), expected), (form, count)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 40))
def test_signed_sum_of_any_bits(seed, count):
    rng = np.random.default_rng(seed)
    keys, values = codes(40, 5, rng), codes(40, 9, rng)
    expected = rows(keys, 5)[:count].T @ rows(values, 9)[:count]
    assert np.array_equal(SUMS[0](np.zeros((5, 9), np.float32), keys, values, np.int32(count)), expected)


@pytest.mark.parametrize("lines", [2048, 5000])
def test_disagreements_up_to_the_last_that_16_bits_hold_and_past_it(lines):
    ones, none = np.full((lines, 1), 0xFFFFFFFF, np.uint32), np.zeros((lines, 1), np.uint32)
    short = ones.copy()
    short[-1] = 0x7FFFFFFF
    assert DISAGREEMENTS(short, none).item() == 32 * lines - 1
    assert DISAGREEMENTS(ones, none).item() == 32 * lines
    assert DISAGREEMENTS(short, ones).item() == 1
    assert DISAGREEMENTS(none, none).item() == 0


@pytest.mark.parametrize("lines", [1, 2, 3, 31, 32])
def test_bits_counted_line_by_line(lines):
    words = RNG.integers(0, 2**32, (lines, 7), dtype=np.uint32)
    halves = np.asarray(jax.jit(packed.ones_in_halves)(list(words)))
    total = np.array([sum(int(word).bit_count() for word in column) for column in words.T])
    assert np.array_equal((halves & 0xFFFF) + (halves >> 16), total)


@pytest.mark.parametrize("dim", [1, 31, 32, 33, 100, 2000])
def test_overlaps_are_the_products_of_rows(dim):
    queries, keys = codes(6, dim), codes(50, dim)
    expected = rows(queries, dim) @ rows(keys, dim).T
    for form in OVERLAPS:
        assert np.array_equal(form(queries, keys, dim), expected), form


@pytest.mark.parametrize("dim", [1, 31, 32, 33, 100])
def test_rows_and_codes(dim):
    code = codes(40, dim)
    assert np.array_equal(unpack(dim, code), rows(code, dim))
    by_pair = np.asarray(BY_PAIR(code, dim, np.int32(37)))[:, :dim]
    bits = by_pair[:, None, :] >> np.arange(32, dtype=np.uint32)[None, :, None] & 1
    bits = bits.reshape(-1, dim)
    assert np.array_equal(1.0 - 2.0 * bits[:37], rows(code, dim)[:37])
    assert not bits[37:].any()


@pytest.mark.parametrize("pairs", BLOCKS)
def test_any_pair_is_the_clipped_product(pairs):
    dims, active = (40, 70), (3, 5)
    sides = [np.argsort(RNG.random((pairs, dim)), axis=1)[:, :k] for dim, k in zip(dims, active, strict=True)]
    sides[0][0, 0] = dims[0]  # a unit that is none
    before = RNG.random(dims) < 0.01
    for count in {0, 1, pairs // 2, pairs}:
        one_hot = [np.eye(dim + 1)[units].sum(axis=1)[:count, :dim] for dim, units in zip(dims, sides, strict=True)]
        bits = [
            np.asarray(UNITS_BY_PAIR(units, dim, np.int32(count)))[:, :dim]
            for dim, units in zip(dims, sides, strict=True)
        ]
        expected = before | (one_hot[0].T @ one_hot[1] > 0)
        assert np.array_equal(ANY_PAIR(before, *bits), expected)
