"""Correlated keys: Gaussian, the variances of their entries l_i in some basis, sum 1. No JAX.

Moments are exact at any size unless a docstring says otherwise; bits are those of a Gaussian field with these moments.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hebbsim.checks import check_positive
from hebbsim.errors import HebbsimError, one_of
from hebbsim.statistics.information import LN2
from hebbsim.theory.one_shot import snr_bits

POINTS = 400  # of the quadrature over the length of a key
AGES = 96  # at which a stream is summed up


def power_spectrum(dim: int, power: float) -> np.ndarray:
    """l_i = i^-power over the sum of all, i = 1 ... dim."""
    found = np.arange(1, dim + 1, dtype=float) ** -power
    return found / found.sum()


def effective_dim(spectrum: ArrayLike) -> float:
    """1 / sum l_i^2, l_i over their sum: dim for a flat spectrum, the crosstalk of fewer directions otherwise."""
    spectrum = check_positive("spectrum", np.asarray(spectrum, float))
    return float(np.sum(spectrum) ** 2 / np.sum(spectrum**2))


def _bits(snr: ArrayLike, values: str) -> Any:
    channels = {"gaussian": lambda snr: 0.5 * np.log1p(snr) / LN2, "bipolar": snr_bits}
    if values not in channels:
        raise one_of("values", values, channels)
    return channels[values](np.asarray(snr, float))


def correlated_bits(num_patterns: ArrayLike, spectrum: ArrayLike, values: str = "gaussian") -> Any:
    """Soft bits per parameter of S += k^T v read by q S: the SNR is effective_dim / (num_patterns + 1).

    The key's own length spreads by 2 / effective_dim, which is the + 1 in place of - 1. Limit .7213 effective_dim / dim.
    values "gaussian" or "bipolar". Source: derived for hebbsim, checked by simulation.
    """
    count = check_positive("num_patterns", np.asarray(num_patterns, float))
    return count / np.size(spectrum) * _bits(effective_dim(spectrum) / (count + 1), values)


def whitened_query_bits(num_patterns: ArrayLike, dim: int, values: str = "gaussian") -> Any:
    """Soft bits per parameter of S += k^T v read by q C^-1 S, C the keys' covariance: SNR dim / (num_patterns + 1).

    No spectrum enters: K = G C^1/2 with G isotropic. Source: derived for hebbsim, checked by simulation.
    """
    return correlated_bits(num_patterns, np.full(dim, 1 / dim), values)


def correlated_delta_limit(spectrum: ArrayLike) -> float:
    """Bits per parameter, all ages of an endless stream, of the delta rule as its rate goes to 0; Gaussian values.

    (1 / (dim ln 2)) sum_ij l_i l_j / (l_i + l_j): .7213 when flat. dim -> infinity at this spectrum. Source: derived for
    hebbsim.
    """
    lengths = np.asarray(check_positive("spectrum", np.asarray(spectrum, float)))
    lengths = lengths / lengths.sum()
    pairs = np.multiply.outer(lengths, lengths) / np.add.outer(lengths, lengths)
    return float(pairs.sum() / (lengths.size * LN2))


def unit_moments(spectrum: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """E u_i^2, E u_i^2 u_j^2 and E u_i^2 / k.k of u = k / |k|, by quadrature over t: 1 / x = Int_0^inf exp(-t x) dt.

    E k_i^2 exp(-t k.k) = l_i / (1 + 2 t l_i) prod_j (1 + 2 t l_j)^-1/2, and so on. Two entries or more.
    """
    y = np.linspace(-12, 9, POINTS)
    t = np.exp(y)  # about 1 where k.k is about 1
    weight = t * (y[1] - y[0])
    each = spectrum[None, :] / (1 + 2 * t[:, None] * spectrum[None, :])
    whole = np.exp(-0.5 * np.sum(np.log1p(2 * t[:, None] * spectrum[None, :]), axis=1))
    second = (weight * whole) @ each
    fourth = (each * (weight * t * whole)[:, None]).T @ each
    fourth[np.diag_indices_from(fourth)] *= 3
    return second, fourth, (weight * t * whole) @ each


def correlated_delta_snr(
    ages: ArrayLike, spectrum: ArrayLike, rate: float, num_patterns: int, divided: bool = True
) -> np.ndarray:
    """SNR rho^2 / (1 - rho^2) of value and field at each age (0: the newest) of the delta rule, num_patterns written.

    divided: S += rate k^T (v - k S) / (k.k), as the rule delta does; else without k.k, where the moments are exact. With
    D_t the second moments of S along each direction, the pair of age a changes what is there by b k^T (v - k S), and
    what follows multiplies the change by (1 - b l_i)(1 - b l_j) + b^2 l_i l_j a pair, and couples the directions. With
    division l_i is E k_i^2 / k.k, and its fourth moments are those of a Gaussian key: right to first order in
    rate / effective_dim. Raises HebbsimError where the stream is unstable. Source: derived for hebbsim.
    """
    lengths = check_positive("spectrum", np.asarray(spectrum, float))
    lengths = lengths / lengths.sum()
    ages, b = np.asarray(ages, float), float(check_positive("rate", rate, 2.0))
    if np.any(ages < 0) or np.any(ages >= num_patterns):
        raise HebbsimError(f"ages = {ages}; allowed: from 0 to num_patterns - 1 = {num_patterns - 1}")
    l, drive = lengths, lengths  # noqa: E741
    moments = np.multiply.outer(l, l) + 2 * np.diag(l * l)
    if divided:
        l, moments, drive = unit_moments(lengths)  # noqa: E741
    # c, the second moments of S: c <- G c + b^2 drive.
    gain, basis = np.linalg.eigh(np.diag(1 - 2 * b * l) + b * b * moments)
    if gain.max() >= 1:
        raise HebbsimError(f"rate = {rate}: the stream grows without end at this spectrum; allowed: a lower rate")
    gain = np.maximum(gain, 0.0)
    left = num_patterns - 1 - ages  # pairs written before
    driven = basis.T @ (b * b * drive)

    def second(count: np.ndarray) -> np.ndarray:
        return (driven * (1 - gain ** np.asarray(count)[:, None]) / (1 - gain)) @ basis.T

    c = second(left)
    fresh = second(np.array([num_patterns])) @ lengths
    w = c @ l
    signal = b * (1 - b * l) ** ages[:, None] @ l  # b l < 1 where the stream is stable
    # Off the diagonal: E k_i k_j of the change, times what is left of it.
    kept = np.log(np.multiply.outer(1 - b * l, 1 - b * l) + b * b * np.multiply.outer(l, l))
    both = np.multiply.outer(l, l)
    np.fill_diagonal(both, 0.0)
    power = np.empty(len(ages))
    inside, squared = basis.T @ l, basis**2
    for n, age in enumerate(ages):
        weight = both * np.exp(age * kept)
        slope = b * b * 2 * l * c[n] - b * c[n]
        off = b * b * (w[n] + 1) * weight.sum() + 2 * slope @ weight.sum(1)
        shrunk = gain**age
        change = l * (b * b * 2 * l * c[n] - 2 * b * c[n])
        on = b * b * (w[n] + 1) * np.sum(shrunk * inside**2)
        on += np.sum(shrunk * inside * (basis.T @ (change + b * b * 2 * l * l * c[n])))
        own = l * l * (b * b * (2 * (w[n] + 1) + 8 * l * c[n]) - 4 * b * c[n])
        on += np.sum((squared @ shrunk) * own)
        power[n] = fresh[0] + off + on
    return signal**2 / np.maximum(power - signal**2, 1e-300)


def correlated_delta_bits(
    spectrum: ArrayLike, rate: float, num_patterns: int, values: str = "gaussian", divided: bool = True
) -> float:
    """Bits per parameter over ages 1 to num_patterns - 1 of the delta rule: correlated_delta_snr, summed.

    values "gaussian" or "bipolar". The newest pair is left out, as in delta_bits. The sum over ages is a trapezoid over
    AGES of them, evenly spaced in the logarithm.
    """
    ages = _ages(num_patterns)
    snr = correlated_delta_snr(ages, spectrum, rate, num_patterns, divided)
    return _over_ages(ages, _bits(snr, values)) / np.size(spectrum)


def correlated_delta_first_order(
    spectrum: ArrayLike, rate: float, num_patterns: int, values: str = "gaussian"
) -> float:
    """The same to first order in the rate, the stream being long: SNR 2 rate (sum l_i exp(-rate l_i age))^2.

    Summed over all ages it tends to correlated_delta_limit as the rate goes to 0. Source: derived for hebbsim.
    """
    lengths = check_positive("spectrum", np.asarray(spectrum, float))
    lengths, ages = lengths / lengths.sum(), _ages(num_patterns)
    signal = np.exp(-check_positive("rate", rate, 2.0) * np.multiply.outer(ages, lengths)) @ lengths
    return _over_ages(ages, _bits(2 * rate * signal**2, values)) / lengths.size


def _ages(num_patterns: int) -> np.ndarray:
    return np.unique(np.round(np.geomspace(1, max(num_patterns - 1, 1), AGES)))


def _over_ages(ages: np.ndarray, bits: np.ndarray) -> float:
    """The sum over all ages from the first to the last of what is known at these."""
    return float(np.trapezoid(bits, ages) + (bits[0] + bits[-1]) / 2)
