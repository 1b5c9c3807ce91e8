"""Endless streams through rules that forget: tables, sums over ages, and a small Monte-Carlo run in NumPy."""

import numpy as np
import pytest
from oracles import near, signs

from hebbsim import theory

KINDS = ("gaussian", "bipolar", "hard")


@pytest.mark.parametrize(
    ("c", "gaussian", "bipolar", "hard"),
    [(0.1, 0.704, 0.704, 0.454), (1, 0.593, 0.588, 0.412), (10, 0.303, 0.247, 0.211)],
)
def test_decay_table(c, gaussian, bipolar, hard):
    assert [theory.decay_bits(c, kind) for kind in KINDS] == [near(gaussian, 3), near(bipolar, 3), near(hard, 3)]


@pytest.mark.parametrize(
    ("rate", "gaussian", "bipolar", "hard"),
    [(1, 0.593, 0.478, 0.385), (0.5, 0.706, 0.680, 0.505), (0.25, 0.718, 0.715, 0.489)],
)
def test_delta_table(rate, gaussian, bipolar, hard):
    assert [theory.delta_bits(rate, kind) for kind in KINDS] == [near(gaussian, 3), near(bipolar, 3), near(hard, 3)]


def test_streams_meet_each_other():
    small = [theory.decay_bits(1e-6, kind) for kind in KINDS] + [theory.delta_bits(1e-6, kind) for kind in KINDS]
    limits = [theory.SOFT_LIMIT, theory.SOFT_LIMIT, theory.HARD_LIMIT]
    np.testing.assert_allclose(small, limits * 2, rtol=2e-5)
    for kind in KINDS:
        assert theory.gated_delta_bits(0.5, 0.0, kind) == pytest.approx(theory.delta_bits(0.5, kind), rel=1e-12)
        assert theory.gated_delta_bits(1e-7, 3.0, kind) == pytest.approx(theory.decay_bits(3.0, kind), rel=1e-6)
    rates = np.array([0.1, 1.0, 1.9])
    for kind in KINDS:
        np.testing.assert_allclose(theory.delta_bits(rates, kind), [theory.delta_bits(r, kind) for r in rates])


@pytest.mark.parametrize(("rate", "c"), [(0.3, 0.0), (1.0, 0.0), (0.5, 2.0), (1e-9, 1.0)])
def test_closed_form_is_the_sum_over_ages(rate, c):
    """Gaussian values, ages of a long memory summed one by one: 1/2 log2(1 + SNR)."""
    dim, g = 20_000.0, rate * (2 - rate)
    x = np.exp(-(2 * rate + c) / dim * (np.arange(int(25 * dim / (2 * rate + c))) + 0.5))
    total = np.sum(0.5 * np.log2(1 + (c + g) * x / (1 - g * x))) / dim
    assert theory.gated_delta_bits(rate, c) == pytest.approx(total, rel=2e-4)


@pytest.mark.parametrize("gate", [0.0, 1.0])
def test_delta_stream_by_monte_carlo(gate):
    """Signal and noise of a gated delta memory at three ages."""
    rng, dim, outs, rate = np.random.default_rng(2), 64, 3000, 0.5
    steps, ages = 5 * dim, np.array([1, 16, 48])
    keep, g = np.sqrt(1 - gate / dim), rate * (2 - rate)
    weights, written = np.zeros((dim, outs)), []
    for _ in range(steps):
        key, value = signs(rng, dim) / np.sqrt(dim), signs(rng, outs)
        weights *= keep
        weights += rate * np.outer(key, value - key @ weights)
        written.append((key, value))
    for age in ages:
        aligned = np.concatenate([written[-1 - a][0] @ weights * written[-1 - a][1] for a in range(age - 1, age + 2)])
        x = np.exp(-(2 * rate + gate) * age / dim)
        assert aligned.mean() == pytest.approx(rate * np.sqrt(x), abs=0.04)
        assert aligned.var() == pytest.approx(rate**2 / (gate + g) * (1 - g * x), rel=0.2)
