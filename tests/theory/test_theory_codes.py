"""Finite blocks: the binary-input Gaussian channel against a direct integral, the bound against known numbers."""

import numpy as np
import pytest
from scipy.integrate import quad

from hebbsim import theory
from hebbsim.errors import HebbsimError
from hebbsim.theory import codes


@pytest.mark.parametrize("load", [0.3, 1.0, 4.0, 30.0])
def test_capacity_and_dispersion_are_mean_and_variance_of_the_information(load):
    mean, spread = 2 / load, np.sqrt(4 / load)

    def moment(power, centre=0.0):
        def part(x):
            density = np.exp(-(((x - mean) / spread) ** 2) / 2) / (spread * np.sqrt(2 * np.pi))
            return density * (1 - np.logaddexp(0, -x) / np.log(2) - centre) ** power

        return quad(part, mean - 12 * spread, mean + 12 * spread, epsabs=1e-12, limit=200)[0]

    capacity, dispersion = theory.code_channel(load)
    assert capacity == pytest.approx(moment(1), abs=1e-9) and dispersion == pytest.approx(
        moment(2, moment(1)), rel=1e-7
    )
    assert load * capacity == pytest.approx(float(theory.soft_bits(load)), abs=1e-9)


@pytest.mark.parametrize(
    ("length", "often", "seldom", "load"),
    [
        (1024, 0.447, 0.378, 2.2),
        (4096, 0.531, 0.477, 3.9),
        (17_321, 0.596, 0.558, 6.75),
        (65_536, 0.638, 0.611, 11),
        (10**6, 0.686, 0.675, 29),
        (10**7, 0.705, 0.699, 63),
    ],
)
def test_the_best_block_of_each_length(length, often, seldom, load):
    best = theory.best_block(length, 1e-3)
    assert best.bits_per_parameter == pytest.approx(often, abs=6e-4)
    assert best.load == pytest.approx(load, rel=0.02) and best.rate * best.load == pytest.approx(
        best.bits_per_parameter
    )
    assert theory.best_block(length, 1e-6).bits_per_parameter == pytest.approx(seldom, abs=6e-4)


def test_the_bound_rises_with_length_and_error_and_stays_under_capacity():
    rates = theory.block_rate(4.0, np.array([200, 1000, 10_000, 10**8]), 1e-3)
    assert np.all(np.diff(rates) > 0) and rates[-1] < theory.code_channel(4.0).capacity
    assert theory.block_rate(4.0, 1000, 1e-2) > theory.block_rate(4.0, 1000, 1e-6)
    assert theory.block_rate(100.0, 100, 1e-9) == 0
    assert theory.best_block(256).rate * 256 >= codes.FEWEST


def test_thresholds_lie_under_capacity_and_are_found_by_rate_label_or_code():
    for rate, share in (("1/10", 0.1), ("1/20", 0.05), ("1/50", 0.02)):
        load = theory.code_threshold(rate)
        assert share < theory.code_channel(load).capacity < 1.1 * share
        assert theory.code_threshold(f"multi_edge(length=819200, rate='{rate}')") == load
    assert codes.threshold("multi_edge(length=1600)") == theory.code_threshold("1/20")
    for wrong in ("1/3", "polar", 5):
        with pytest.raises(HebbsimError, match="allowed: 1/10, 1/20, 1/50"):
            theory.code_threshold(wrong)


def test_density_evolution_brackets_the_threshold():
    from experiments.density_evolution import decodes, form

    code = form("1/10", "chain")
    sigma = np.sqrt(theory.code_threshold("1/10"))
    assert decodes(code, 0.93 * sigma) and not decodes(code, 1.03 * sigma)


@pytest.mark.parametrize(("arguments"), [(0.0, 100, 1e-3), (1.0, 0, 1e-3), (1.0, 100, 0.0), (1.0, 100, 1.0)])
def test_numbers_out_of_range_are_refused(arguments):
    with pytest.raises(HebbsimError):
        theory.block_rate(*arguments)
