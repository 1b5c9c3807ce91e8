"""Limits of better readers, quantisers, attractors and separability, against the literature's numbers."""

import numpy as np
import pytest
from oracles import near

from hebbsim import theory


def test_readers_of_all_keys():
    assert theory.ridge_soft_bits([1.1, 1.25, 2]).tolist() == [near(1.096, 3), near(1.141, 3), near(0.972, 3)]
    assert theory.ridge_soft_bits([0.3, 1]).tolist() == [0.3, 1.0]
    wrong = theory.gaussian_tail(np.sqrt(theory.ridge_sinr([1.2, 1.5])))
    assert wrong.tolist() == [near(0.0127, 4), near(0.0786, 4)]
    assert theory.ridge_sinr(1.0) == np.inf
    assert theory.amp_capacity() == near(2.085, 3)
    assert theory.entropy_ceiling(1024) == near(6.4, 1)
    alpha = theory.entropy_ceiling(np.array([4, 256, 10**6]))
    np.testing.assert_allclose(alpha, np.log2(np.pi * np.e * alpha * [4, 256, 10**6] / 8) / 2)
    assert theory.BOX_LIMIT < theory.amp_capacity() < theory.entropy_ceiling(1024)


def test_state_evolution_stops_just_above_the_amp_capacity():
    z, weight = np.polynomial.hermite_e.hermegauss(100)

    def noise_left(load):
        noise = load
        for _ in range(3000):
            noise = max(load * (1 - weight @ np.tanh(1 / noise + z / np.sqrt(noise)) / weight.sum()), 1e-12)
        return noise

    assert noise_left(0.99 * theory.amp_capacity()) < 1e-9
    assert noise_left(1.01 * theory.amp_capacity()) > 0.1


def test_lloyd_max():
    assert [theory.lloyd_max(bits) for bits in (1, 2, 3, 4)] == [
        pytest.approx(1 - 2 / np.pi, abs=1e-12),
        near(0.1175, 4),
        near(0.03455, 5),
        near(0.009501, 6),
    ]
    soft = [theory.SOFT_LIMIT * (1 - theory.lloyd_max(bits)) for bits in (1, 2, 3, 4)]
    assert soft == [near(0.459, 3), near(0.637, 3), near(0.696, 3), near(0.714, 3)]
    # Panter & Dite 1951: D 4^bits -> pi sqrt(3) / 2
    assert theory.lloyd_max(8) * 4**8 == pytest.approx(np.pi * np.sqrt(3) / 2, rel=0.01)
    levels, thresholds = theory.lloyd_max_levels(3)
    sample = np.random.default_rng(3).standard_normal(400_000)
    cell = np.searchsorted(thresholds, sample)
    assert np.mean((sample - levels[cell]) ** 2) == pytest.approx(theory.lloyd_max(3), rel=0.01)
    assert [sample[cell == i].mean() for i in range(8)] == pytest.approx(levels.tolist(), abs=0.01)


def test_hopfield():
    load, overlap = theory.hopfield_capacity()
    assert load == near(0.138, 3)
    assert overlap == near(0.967, 3)
    for wrong, at in [(0.0010, 0.10), (0.0034, 0.12), (0.0064, 0.13)]:
        assert theory.hopfield_load(1 - 2 * wrong) == pytest.approx(at, abs=0.001)


def test_separable():
    assert theory.separable_probability(100, 200) == pytest.approx(0.5)
    assert theory.separable_probability(3, np.array([1, 2, 3])).tolist() == [1, 1, 1]
    assert theory.separable_probability(2, 3) == 0.75
    sharp = theory.separable_probability(4000, [7600, 8400])
    assert sharp[0] > 0.999 and sharp[1] < 0.001
