"""Products of packed bits against float64 NumPy: every count, exactly."""

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


def codes(pairs, dim, rng=RNG):
    return jnp.asarray(rng.integers(0, 2**32, (pairs, -(-dim // 32)), dtype=np.uint32))


def rows(code, dim):
    bits = np.asarray(code)[:, :, None] >> np.arange(32, dtype=np.uint32) & 1
    return 1.0 - 2.0 * bits.reshape(len(code), -1)[:, :dim]


@pytest.mark.parametrize("pairs", BLOCKS)
@pytest.mark.parametrize("dims", [(1, 1), (33, 70), (64, 32)])
def test_signed_sum_is_the_sum_of_outer_products(pairs, dims):
    keys, values = (codes(pairs, dim) for dim in dims)
    before = jnp.asarray(RNG.integers(-50, 50, dims), jnp.float32)
    for count in {0, 1, pairs // 2, pairs}:
        key_rows, value_rows = (rows(code, dim)[:count] for code, dim in zip((keys, values), dims, strict=True))
        expected = np.asarray(before, np.float64) + key_rows.T @ value_rows
        for form in (packed.signed_sum_bits, packed.signed_sum_product, packed.signed_sum):
            assert np.array_equal(form(before, keys, values, jnp.int32(count)), expected), (form.__name__, count)
        for kind in (jnp.int8, jnp.float32):
            assert np.array_equal(packed.signed_sum_product(before, keys, values, count, kind), expected), (kind, count)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 40))
def test_signed_sum_of_any_bits(seed, count):
    rng = np.random.default_rng(seed)
    keys, values = codes(40, 5, rng), codes(40, 9, rng)
    expected = rows(keys, 5)[:count].T @ rows(values, 9)[:count]
    assert np.array_equal(packed.signed_sum_bits(jnp.zeros((5, 9)), keys, values, jnp.int32(count)), expected)


@pytest.mark.parametrize("lines", [2048, 5000])
def test_disagreements_up_to_the_last_that_16_bits_hold_and_past_it(lines):
    ones, none = jnp.full((lines, 1), 0xFFFFFFFF, jnp.uint32), jnp.zeros((lines, 1), jnp.uint32)
    short = ones.at[-1].set(0x7FFFFFFF)
    assert packed.disagreements(short, none).item() == 32 * lines - 1
    assert packed.disagreements(ones, none).item() == 32 * lines
    assert packed.disagreements(short, ones).item() == 1
    assert packed.disagreements(none, none).item() == 0


@pytest.mark.parametrize("lines", [1, 2, 3, 31, 32])
def test_bits_counted_line_by_line(lines):
    words = RNG.integers(0, 2**32, (lines, 7), dtype=np.uint32)
    halves = np.asarray(packed.ones_in_halves([jnp.asarray(word) for word in words]))
    total = np.array([sum(int(word).bit_count() for word in column) for column in words.T])
    assert np.array_equal((halves & 0xFFFF) + (halves >> 16), total)


@pytest.mark.parametrize("dim", [1, 31, 32, 33, 100, 2000])
def test_overlaps_are_the_products_of_rows(dim):
    queries, keys = codes(6, dim), codes(50, dim)
    expected = rows(queries, dim) @ rows(keys, dim).T
    for form in (packed.overlaps_bits, packed.overlaps_product, packed.overlaps):
        assert np.array_equal(form(queries, keys, dim), expected), form.__name__


@pytest.mark.parametrize("dim", [1, 31, 32, 33, 100])
def test_rows_and_codes(dim):
    code = codes(40, dim)
    assert np.array_equal(unpack(dim, code), rows(code, dim))
    by_pair = np.asarray(packed.by_pair(code, dim, jnp.int32(37)))[:, :dim]
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
            packed.units_by_pair(jnp.asarray(units), dim, jnp.int32(count))[:, :dim]
            for dim, units in zip(dims, sides, strict=True)
        ]
        expected = before | (one_hot[0].T @ one_hot[1] > 0)
        assert np.array_equal(packed.any_pair(jnp.asarray(before), *bits), expected)
