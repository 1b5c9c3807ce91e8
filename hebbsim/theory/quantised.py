"""Readers of quantised weights that are given all the keys: state evolution of generalised AMP. No JAX.

An entry z of A x (hebbsim.theory.state_evolution) is N(0, load); b bits keep the cell of the best quantiser it falls in. A
reader can take the middle of the cell for a weight with noise, or use that the weight is somewhere in the cell.
"""

from functools import cache

import numpy as np
from scipy.special import ndtr

from hebbsim.checks import check_positive
from hebbsim.theory.limits import lloyd_max, lloyd_max_levels
from hebbsim.theory.quadrature import NORMAL, WEIGHT
from hebbsim.theory.state_evolution import Evolution, bipolar_loss, evolve, least_load, settle, sign_error

FINEST = 2.5e-4  # the least mean square error resolved: that of NORMAL's step beside a cell's edge


def quantiser_noise(load: float, bits: int) -> float:
    """Variance of the noise that b-bit weights amount to for a linear reader: load D / (1 - D), D = lloyd_max(bits).

    level / (1 - D) = z + noise uncorrelated with z, so amp_error(load, quantiser_noise(load, bits)), ridge_error and
    box_error hold for b-bit weights scaled so. Source: Bussgang 1952.
    """
    share = lloyd_max(bits)
    return float(check_positive("load", load)) * share / (1 - share)


def cell_information(bits: int, error: float) -> float:
    """Fisher information on the mean of N(p, error) in its cell, p ~ N(0, 1 - error): sum over cells E (dphi)^2 / dPhi / error.

    dphi, dPhi: differences of the standard normal density and distribution at the cell's ends, (end - p) / sqrt(error).
    1 / error for bits -> infinity, 1 - D at error = 1; grows only as error^(-1/2) when it is far below a cell, so it
    is taken at FINEST below that. The weights have variance 1. Source: Rangan 2011 for the channel.
    """
    error = min(max(error, FINEST), 1.0)
    u = (_edges(bits)[:, None] - np.sqrt(1 - error) * NORMAL) / np.sqrt(error)
    density = np.exp(-u * u / 2) / np.sqrt(2 * np.pi)
    # The smaller tail keeps the digits.
    chance = np.where(u[:-1] > 0, ndtr(-u[:-1]) - ndtr(-u[1:]), ndtr(u[1:]) - ndtr(u[:-1]))
    met = chance > 1e-250
    cells = np.where(met, np.diff(density, axis=0) ** 2 / np.where(met, chance, 1.0), 0.0)
    return float(cells.sum(0) @ WEIGHT) / error


def gamp_errors(load: float, bits: int, iterations: int) -> Evolution:
    """Bit error after each pass of generalised AMP on b-bit weights, +-1 values: Q(1 / sqrt(v)),

    v = load / cell_information(bits, e), e = bipolar_loss(v of the pass before), 1 at first: the one-shot read of
    rounded weights. dim_key -> infinity. Source: Rangan 2011; Javanmard & Montanari 2013.
    """
    load = float(check_positive("load", load))
    variance = evolve(lambda error: load / cell_information(bits, error), bipolar_loss, iterations)
    return Evolution(sign_error(variance), variance)


def gamp_error(load: float, bits: int) -> float:
    """Bit error where gamp_errors stops: 0 up to gamp_capacity(bits). Valid as gamp_errors is."""
    load = float(check_positive("load", load))
    return float(sign_error(settle(lambda error: load / cell_information(bits, error), bipolar_loss)))


def gamp_capacity(bits: int) -> float:
    """Load up to which b-bit weights give every value back, = bits per parameter: min_v [v cell_information(bipolar_loss(v))].

    The least load at which state evolution has a fixed point short of no error: .670, 1.426, 1.875, 2.025 at 1 to 4
    bits, amp_capacity() at last; over b, bits per stored bit, most at 2 bits. Valid as gamp_errors is. Source: derived
    for hebbsim.
    """
    return least_load(lambda v: v * cell_information(bits, bipolar_loss(v)), 0.1, 5.0)


@cache
def _edges(bits: int) -> np.ndarray:
    return np.concatenate([[-np.inf], lloyd_max_levels(bits)[1], [np.inf]])
