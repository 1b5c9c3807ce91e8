"""One-shot reads of +-1 values: the literature's numbers, exact forms by counting, and their limits."""

from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import near, signs

from hebbsim import theory
from hebbsim.theory import one_shot

loads = st.floats(0.01, 1e4)


@pytest.mark.parametrize(
    ("load", "error", "hard", "soft", "gaussian"),
    [
        (0.105, 0.00101, 0.1038, 0.1046, 0.178),
        (0.138, 0.00355, 0.1333, 0.1360, 0.210),
        (0.185, 0.01004, 0.1700, 0.1777, 0.248),
        (0.37, 0.0501, 0.2639, 0.3020, 0.349),
        (0.61, 0.1002, 0.3235, 0.3988, 0.427),
        (1, 0.1587, 0.3689, 0.4859, 0.500),
        (2, 0.2398, 0.4108, 0.5810, 0.585),
        (4, 0.3085, 0.4341, 0.6430, 0.644),
        (16, 0.4013, 0.4528, 0.6997, 0.6997),
        (64, 0.4503, 0.4576, 0.7158, 0.7158),
        (256, 0.4751, 0.4588, 0.7199, 0.7199),
    ],
)
def test_one_shot_table(load, error, hard, soft, gaussian):
    assert theory.bit_error(load) == near(error, 5 if error < 0.02 else 4)
    assert theory.hard_bits(load) == near(hard, 4)
    assert theory.soft_bits(load) == near(soft, 4)
    assert theory.gaussian_bits(load) == near(gaussian, 3 if load < 16 else 4)


def test_limits_of_one_shot_reads():
    assert near(0.4592, 4) == theory.HARD_LIMIT
    assert near(0.7213, 4) == theory.SOFT_LIMIT
    assert near(0.6931, 4) == theory.WILLSHAW_LIMIT
    assert theory.hard_bits(1e6) == pytest.approx(theory.HARD_LIMIT, rel=1e-5)
    assert theory.soft_bits(1e6) == pytest.approx(theory.SOFT_LIMIT, rel=1e-5)
    # C(snr) ln 2 = snr/2 - snr^2/4 + snr^3/6 - ... (Verdu 2002)
    assert theory.soft_bits(1e4) == pytest.approx((1 / 2 - 1e-4 / 4 + 1e-8 / 6) / np.log(2), abs=1e-9)
    assert theory.soft_bits(0.01) == pytest.approx(0.01, abs=1e-12)


def test_soft_bits_to_a_millionth_over_six_decades():
    load = np.geomspace(0.01, 1e4, 13)
    z, step = np.linspace(-15, 15, 60001, retstep=True)
    phi = np.exp(-z * z / 2) * step / np.sqrt(2 * np.pi)
    # Another form of the same integral: E log2 cosh under the symmetric output.
    snr = 1 / load[:, None]
    log_cosh = np.logaddexp(snr + np.sqrt(snr) * z, -snr - np.sqrt(snr) * z) - np.log(2)
    np.testing.assert_allclose(theory.soft_bits(load), load / np.log(2) * (1 / load - log_cosh @ phi), atol=1e-6)


@given(load=loads)
@settings(max_examples=50, deadline=None)
def test_soft_is_more_than_hard_and_less_than_gaussian_or_the_load(load):
    hard, soft = theory.hard_bits(load), theory.soft_bits(load)
    assert hard < soft + 1e-12
    assert soft <= min(load, theory.gaussian_bits(load)) + 1e-9
    assert theory.hard_bits(1.1 * load) > hard
    assert theory.soft_bits(1.1 * load) > soft


def test_critical_load_undoes_bit_error():
    assert theory.load_at_error(0.01) == near(0.185, 3)
    assert theory.hard_bits(theory.load_at_error(0.01)) == near(0.170, 3)
    errors = np.array([1e-6, 0.01, 0.3])
    np.testing.assert_allclose(theory.bit_error(theory.load_at_error(errors)), errors, rtol=1e-10)


def test_entropy_and_tail():
    assert theory.binary_entropy([0, 0.5, 0.11, 1]).tolist() == [0, 1, pytest.approx(0.4999, abs=1e-4), 0]
    assert theory.gaussian_tail(1.959964) == pytest.approx(0.025, abs=1e-7)


def test_exact_field_is_a_sum_of_independent_signs():
    """The claim behind the exact forms, on the field itself: value * (query @ S) = dim_key + 2 B - N."""
    rng, dim, m, trials = np.random.default_rng(1), 9, 8, 4000
    keys, values = signs(rng, trials, m, dim), signs(rng, trials, m, 5)
    recall = np.einsum("td,tmd,tmv->tv", keys[:, 0], keys, values)
    field = (recall * values[:, 0]).ravel()
    n = (m - 1) * dim
    pmf = np.array([comb(n, b) for b in range(n + 1)]) / 2.0**n
    counts = np.bincount(((field - dim + n) / 2).astype(int), minlength=n + 1) / field.size
    error = np.sqrt(pmf / trials)  # entries of one memory share its keys: the trial is what is independent
    assert np.all(np.abs(counts - pmf) < 5 * error + 1e-4)
    assert theory.bit_error_exact(dim, m) == pytest.approx(np.mean(field < 0) + np.mean(field == 0) / 2, abs=0.008)
    below = pmf[2 * np.arange(n + 1) < n - dim].sum() + pmf[2 * np.arange(n + 1) == n - dim].sum() / 2
    assert theory.bit_error_exact(dim, m) == pytest.approx(below, rel=1e-12)


@pytest.mark.parametrize(("dim", "m"), [(64, 1), (64, 2), (7, 2), (1, 2), (5, 3)])
def test_exact_error_of_few_pairs_by_counting(dim, m):
    n = (m - 1) * dim
    twice = sum(comb(n, b) * ((2 * b < n - dim) + (2 * b <= n - dim)) for b in range(n + 1))
    assert theory.bit_error_exact(dim, m) == pytest.approx(twice / 2.0 ** (n + 1), rel=1e-12)


@pytest.mark.parametrize(("dim", "m"), [(1, 1), (1, 2), (3, 2), (4, 6), (17, 9)])
def test_exact_soft_bits_by_counting(dim, m):
    n = (m - 1) * dim
    p = {dim + 2 * b - n: comb(n, b) / 2.0**n for b in range(n + 1)}
    bits = sum(q * np.log2(2 * q / (q + p.get(-x, 0.0))) for x, q in p.items())
    assert theory.soft_bits_exact(dim, m) == pytest.approx(m / dim * bits, abs=1e-12)


def test_exact_forms_tend_to_the_gaussian_ones():
    for dim, m in [(256, 65), (1000, 10**6), (10**4, 10**5)]:
        load = (m - 1) / dim
        assert theory.bit_error_exact(dim, m) == pytest.approx(theory.bit_error(load), abs=1e-3 / dim)
        assert theory.soft_bits_exact(dim, m) == pytest.approx(theory.soft_bits(load) * m / (m - 1), rel=2e-3 / dim)
        assert theory.hard_bits_exact(dim, m) == pytest.approx(theory.hard_bits(load) * m / (m - 1), rel=1e-2)
    # Past the largest sum the Gaussian form takes over without a step.
    edge = int((one_shot.EXACT_POINTS / 12) ** 2 / 1000)
    assert theory.soft_bits_exact(1000, edge - 5) == pytest.approx(theory.soft_bits_exact(1000, edge + 5), rel=1e-7)
    errors = theory.bit_error_exact(64, np.arange(3, 200))
    assert np.all(np.diff(errors) > 0)


def test_one_holographic_channel_is_the_exact_form_at_dim_one():
    bits = [theory.soft_bits_exact(1, m) for m in (1, 2, 4, 64)]
    assert bits == [1.0, pytest.approx(1.0), near(0.88, 2), near(0.727, 3)]


def test_zero_errors():
    assert theory.zero_error_load(1024, 1024) == 58 / 1024
    load = theory.zero_error_load(64, 32)
    m = round(load * 64)
    clean = [(1 - theory.bit_error_exact(64, k)) ** (32 * k) for k in (m, m + 1)]
    assert clean[0] >= 0.5 > clean[1]
    assert theory.zero_error_load(64, 64, 0.9) < theory.zero_error_load(64, 64, 0.1)
    assert theory.zero_error_load(4096, 4096) < theory.zero_error_load(1024, 1024)


@pytest.mark.parametrize(("dim", "m"), [(1, 4), (2, 3), (3, 2), (3, 3), (4, 2)])
def test_exact_forms_over_every_memory(dim, m):
    """All keys, one column of values: the field as the simulator makes it, no argument about binomials."""
    memory = np.array(list(product((-1, 1), repeat=m * (dim + 1)))).reshape(-1, m, dim + 1)
    keys, values = memory[..., :dim], memory[..., dim]
    field = np.einsum("td,tmd,tm->t", keys[:, 0], keys, values)
    aligned = field * values[:, 0]
    error = np.mean(aligned < 0) + np.mean(aligned == 0) / 2
    assert theory.bit_error_exact(dim, m) == pytest.approx(error, abs=1e-13)
    joint = {}
    for at, value in zip(field.tolist(), values[:, 0].tolist(), strict=True):
        joint.setdefault(at, {1: 0, -1: 0})[value] += 1
    table = np.array([[cell[1], cell[-1]] for cell in joint.values()]) / len(field)
    information = 1 - np.sum(table.sum(1) * theory.binary_entropy(table[:, 0] / table.sum(1)))
    assert theory.soft_bits_exact(dim, m) == pytest.approx(m / dim * information, abs=1e-12)
    assert theory.hard_bits_exact(dim, m) == pytest.approx(m / dim * (1 - theory.binary_entropy(error)), abs=1e-12)
    assert theory.hard_bits_exact(dim, m) <= theory.soft_bits_exact(dim, m) + 1e-12
