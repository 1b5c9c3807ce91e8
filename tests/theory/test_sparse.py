"""Willshaw's matrix and sparse codes: designs, the alternating sum in 80 digits, and Monte-Carlo runs."""

from decimal import Decimal, getcontext
from math import comb

import numpy as np
import pytest
from oracles import near

from hebbsim import theory


@pytest.mark.parametrize(
    ("n", "active", "patterns", "units", "code"),
    [
        (256, 10, 401, 0.368, 0.350),
        (1024, 12, 4634, 0.412, 0.398),
        (4096, 14, 55_900, 0.446, 0.435),
        (16_384, 16, 698_000, 0.473, 0.464),
    ],
)
def test_willshaw_designs(n, active, patterns, units, code):
    k, m, bits = theory.willshaw_best(n)
    assert (k, m) == (active, pytest.approx(patterns, rel=1e-3))
    assert bits == near(units, 3)
    naive = theory.willshaw_false_naive(m, n, n, k, k) * (n - k) / k
    assert naive == pytest.approx(0.01, rel=0.03) and naive <= 0.01
    assert theory.willshaw_best(n, exact_code=True) == (active, m, near(code, 3))
    assert theory.willshaw_best(10**6)[2] == near(0.528, 3)


@pytest.mark.parametrize(
    ("n", "active", "m", "naive", "true", "units"),
    [
        (256, 10, 401, 0.0097, 0.0267, 0.362),
        (1024, 12, 4634, 0.0101, 0.0165, 0.410),
        (4096, 14, 55_900, 0.0099, 0.0123, 0.445),
    ],
)
def test_finite_willshaw_misses_p1_to_the_k(n, active, m, naive, true, units):
    per_one = (n - active) / active
    assert theory.willshaw_false_naive(m, n, n, active, active) * per_one == pytest.approx(naive, abs=3e-4)
    false = theory.willshaw_false(m, n, n, active, active) * per_one
    assert false == near(true, 4)
    assert theory.sparse_bits(m, n, n, active, false, exact_code=False) == near(units, 3)
    most = theory.willshaw_load_at_error(n, active)
    assert most < m
    assert theory.willshaw_false(most, n, n, active, active) * per_one <= 0.01
    assert theory.willshaw_false(most + 1, n, n, active, active) * per_one > 0.01


@pytest.mark.parametrize(
    "size",
    [
        (401, 256, 256, 10, 10),
        (698_423, 16_384, 16_384, 16, 16),
        (1000, 1000, 1000, 30, 30),
        (100, 1024, 1024, 12, 12),
        (7, 20, 9, 15, 4),
    ],
)
def test_willshaw_false_is_the_alternating_sum_in_80_digits(size):
    m, dim_key, dim_value, k, active_value = size
    getcontext().prec = 80
    held, total = Decimal(active_value) / Decimal(dim_value), Decimal(0)
    for j in range(k + 1):
        missed = Decimal(comb(dim_key - j, k)) / Decimal(comb(dim_key, k))
        total += (-1) ** j * comb(k, j) * (1 - held + held * missed) ** (m - 1)
    assert theory.willshaw_false(*size) == pytest.approx(float(total), rel=1e-9)


def test_willshaw_false_by_monte_carlo():
    rng, dim_key, dim_value, k, active_value, m = np.random.default_rng(7), 64, 48, 5, 4, 60
    false, silent, on = 0, 0, 0
    for _ in range(60):
        keys = (rng.random((m, dim_key)).argsort(1) < k).astype(int)
        values = (rng.random((m, dim_value)).argsort(1) < active_value).astype(int)
        weights = (keys.T @ values > 0).astype(int)
        recall = keys @ weights == k
        assert np.all(recall[values == 1])
        false += np.sum(recall & (values == 0))
        silent += np.sum(values == 0)
        on += weights.mean() / 60
    assert on == pytest.approx(theory.willshaw_ones(m, dim_key, dim_value, k, active_value), rel=0.01)
    exact = theory.willshaw_false(m, dim_key, dim_value, k, active_value)
    assert false / silent == pytest.approx(exact, rel=0.05)
    assert exact > 1.3 * theory.willshaw_false_naive(m, dim_key, dim_value, k, active_value)


def test_sparse_bits():
    whole_code = np.log2(float(comb(256, 10)))
    assert theory.sparse_bits(401, 256, 256, 10, 0.0) == pytest.approx(401 * whole_code / 256**2)
    noise, miss = np.array([0.0, 0.01, 0.1]), np.array([[0.0], [0.05]])
    bits = theory.sparse_bits(401, 256, 256, 10, noise, miss)
    assert bits.shape == (2, 3)
    assert np.all(np.diff(bits, axis=0) < 0) and np.all(np.diff(bits, axis=1) < 0)
    # An output that says nothing: every unit's entropy is lost, so units counted apart leave nothing.
    assert theory.sparse_bits(401, 256, 256, 10, 24.6, 0.0, exact_code=False) == pytest.approx(0, abs=1e-12)
    over = (0.5 * np.log2(2 * np.pi * 10 * (1 - 10 / 256))) * 401 / 256**2
    gap = theory.sparse_bits(401, 256, 256, 10, 0.01, exact_code=False) - theory.sparse_bits(401, 256, 256, 10, 0.01)
    assert gap == pytest.approx(over, rel=0.01)
    # The trap: two units on, 0.69 bits a parameter by units, with 125 false ones for each true one at n = 1000.
    m = round(1000**2 * np.log(2) / 4)
    false = theory.willshaw_false_naive(m, 1000, 1000, 2, 2) * 998 / 2
    assert false == pytest.approx(125, rel=0.01)
    assert theory.sparse_bits(m, 1000, 1000, 2, false, exact_code=False) == near(0.69, 2)


def test_willshaw_false_of_four_units_of_64_by_monte_carlo():
    rng, n, k, m, found = np.random.default_rng(12), 64, 4, 60, []
    for _ in range(200):
        keys, values = (rng.random((2, m, n)).argsort(-1) < k).astype(np.float32)
        recall = keys @ np.minimum(keys.T @ values, 1) == k
        found.append(np.mean(recall[values == 0]))
    error = np.std(found, ddof=1) / np.sqrt(len(found))
    exact, naive = theory.willshaw_false(m, n, n, k, k), theory.willshaw_false_naive(m, n, n, k, k)
    assert error < 0.03 * exact
    assert exact == pytest.approx(np.mean(found), abs=3 * error)
    assert exact - naive > 10 * error
