"""Laws beside the one-shot read: ceilings of better readers, trained and attractor memories, quantisers. No JAX."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, erf, lambertw, ndtr, ndtri

from hebbsim.checks import check_integers, check_positive
from hebbsim.errors import HebbsimError
from hebbsim.statistics.information import LN2
from hebbsim.theory.quadrature import NORMAL, WEIGHT


def entropy_ceiling(dim_key: ArrayLike) -> Any:
    """Bits per parameter no reader of a +-1 Hebbian matrix passes: alpha = log2(pi e alpha dim_key / 8) / 2.

    The larger root, -W(-ln 4 / k) / ln 4 on the lower branch, k = pi e dim_key / 8: the entropy of a weight of variance
    num_patterns that, the keys and one weight known, lies on a lattice of step 4. dim_key >= 4; good for large ones.
    Source: derived for hebbsim.
    """
    k = np.pi * np.e * check_integers("dim_key", dim_key, 4) / 8
    return -np.real(lambertw(-2 * LN2 / k, -1)) / (2 * LN2)


def amp_capacity() -> float:
    """Load up to which AMP with the +-1 prior reads back exactly, = bits per parameter: 1 / max_s [s mmse(s)] = 2.085.

    mmse(s) = 1 - E tanh(s + sqrt(s) z), z standard normal: above it the state evolution 1/s = load mmse(s) stops at a
    finite s. dim_key -> infinity, all keys known. Source: derived for hebbsim from Donoho, Maleki & Montanari 2009.
    """
    from scipy.optimize import minimize_scalar  # slow to import; readers of results need not wait

    def unlearned(s: float) -> float:
        return s * (1 - WEIGHT @ np.tanh(s + np.sqrt(s) * NORMAL))

    least: Any = minimize_scalar(lambda s: -unlearned(s), bounds=(0.1, 10), method="bounded")
    return float(-1 / least.fun)


def lloyd_max_levels(bits: int) -> tuple[np.ndarray, np.ndarray]:
    """(levels, thresholds) of the best quantiser of a standard normal number to 2^bits levels, bits 1 to 8.

    Thresholds halve the gaps between levels and levels are the means of their cells. Source: Max 1960, Lloyd 1982.
    """
    from scipy.optimize import fsolve  # slow to import; readers of results need not wait

    count = 2 ** int(check_integers("bits", bits, 1, 8) - 1)  # positive levels; the others mirror them

    def cells(levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        edges = np.concatenate([[0.0], (levels[1:] + levels[:-1]) / 2, [np.inf]])
        chance = -np.diff(ndtr(-edges))
        return chance, -np.diff(np.exp(-edges * edges / 2)) / np.sqrt(2 * np.pi) / chance

    start = np.sqrt(3.0) * ndtri(0.5 + (np.arange(count) + 0.5) / (2 * count))  # best density is normal^(1/3)
    half = np.asarray(fsolve(lambda levels: cells(levels)[1] - levels, start, xtol=1e-13))
    levels = np.concatenate([-half[::-1], half])
    return levels, (levels[1:] + levels[:-1]) / 2


def lloyd_max(bits: int) -> float:
    """Mean square error D of that quantiser, a share of the variance: one-shot SNR falls by 1 - D. Source: Max 1960."""
    levels, thresholds = lloyd_max_levels(bits)
    chance = np.diff(ndtr(np.concatenate([[-np.inf], thresholds, [np.inf]])))
    return float(1 - chance @ levels**2)


def hopfield_load(overlap: ArrayLike) -> Any:
    """Load at which attractor dynamics (tied, zero diagonal) hold a state of this overlap m = erf(y), zero temperature.

    sqrt(2 load) = m / y - (2 / sqrt pi) exp(-y^2). Two overlaps share a load below hopfield_capacity; the larger is the
    stable one; wrong bits are (1 - m) / 2. dim -> infinity, replica symmetric. Source: Amit, Gutfreund &
    Sompolinsky 1985.
    """
    overlap = check_positive("overlap", overlap, 1.0)
    y = ndtri((1 + overlap) / 2) / np.sqrt(2)
    return _hopfield(y)


def hopfield_capacity() -> tuple[float, float]:
    """(load, overlap) of the largest hopfield_load: 0.138 and 0.967. Source: Amit, Gutfreund & Sompolinsky 1985."""
    from scipy.optimize import minimize_scalar  # slow to import; readers of results need not wait

    top: Any = minimize_scalar(lambda y: -_hopfield(y), bounds=(0.5, 4), method="bounded", options={"xatol": 1e-9})
    return float(_hopfield(top.x)), float(erf(top.x))


def _hopfield(y: Any) -> Any:
    return (erf(y) / y - 2 / np.sqrt(np.pi) * np.exp(-y * y)) ** 2 / 2


def hopfield_error(num_patterns: ArrayLike, dim: int, bias: float = 0.0, centred: bool = False) -> Any:
    """Share of wrong entries after one step from a stored pattern, +-1 entries of mean `bias`, patterns tied.

    With n = dim - 1, M = num_patterns - 1, a = bias and s = the mean of the pattern's other entries, an entry v of the
    field of S = X^T X without its diagonal is n v + M n a^2 s + noise of variance M n (1 - a^2) (1 + n a^2 s^2): the
    others' means add up to a field of one sign, which turns every minority entry once M a^3 passes 1, so that only
    about a^-3 patterns are kept at any dim. centred: the rule covariance, (x - a)^T (x - a) with its diagonal: the
    field is (dim (v - a) + num_patterns v) (1 - a^2) + noise of variance M n (1 - a^2)^2, and the number of patterns
    grows with dim again. Gaussian noise; averaged over s. Source: the crosstalk's mean, and centring, are from Amit,
    Gutfreund & Sompolinsky 1987; the finite size derived for hebbsim, checked by simulation.
    """
    count = check_positive("num_patterns", np.asarray(num_patterns, float))[..., None]
    n, m, a = check_integers("dim", dim, 2) - 1, np.maximum(count - 1, 0), bias
    if not -1 < a < 1:
        raise HebbsimError(f"bias = {bias!r}; allowed: above -1, under 1")
    fair = 1 - a * a
    mean = np.clip(a + np.sqrt(fair / n) * NORMAL, -1, 1)
    error = 0.0
    for sign in (1, -1):
        if centred:
            signal, noise = (dim * (1 - sign * a) + count) * fair, m * n * fair**2
        else:
            signal, noise = n + sign * m * n * a * a * mean, m * n * fair * (1 + n * a * a * mean**2)
        error = error + (1 + sign * a) / 2 * ndtr(-signal / np.sqrt(np.maximum(noise, 1e-300)))
    return error @ WEIGHT if not centred else error[..., 0]


def separable_probability(dim_key: ArrayLike, num_patterns: ArrayLike) -> Any:
    """Chance that num_patterns random pairs of one sign each can be trained: 2^(1 - M) sum_(j < dim_key) C(M - 1, j).

    Keys in general position (Gaussian; +-1 keys nearly). 1/2 at load 2 for every dim_key. Source: Wendel 1962,
    Cover 1965.
    """
    dim_key, others = check_integers("dim_key", dim_key), check_integers("num_patterns", num_patterns) - 1
    inside = dim_key <= others
    return np.where(inside, betainc(np.where(inside, others - dim_key + 1, 1), dim_key, 0.5), 1.0)[()]


def stored_items(dim: int, factor: float = 8.0) -> tuple[float, float]:
    """(items, bits per parameter) of which argmax over the n stored values themselves makes no error: dim^2 = factor n ln n.

    factor 8: Hebbian outer products, 0.180 bits per parameter; 2: the best trained linear matrix, 1 / (2 ln 2) = 0.7213.
    bits = n log2 n / dim^2 = 1 / (factor ln 2) at any dim. n is taken as real, dim >= 8. A law for dim -> infinity.
    Source: Barnfield et al. 2026, Giorlandino et al. 2026 (abstracts; the constant 8 is second-hand).
    """
    if dim < 8 or not factor > 0:
        raise HebbsimError(f"dim = {dim}, factor = {factor}: allowed: dim from 8, factor above 0")
    size = dim * dim / factor
    items = float(size / lambertw(size).real)  # n ln n = size
    return items, items * float(np.log2(items)) / dim**2


def ridge_sinr(load: ArrayLike) -> Any:
    """Signal to noise of least squares on known keys: 1 / (load - 1) for load > 1, infinite up to it.

    dim_key -> infinity. Source: the decorrelator of random-spreading CDMA, Verdu & Shamai 1999.

    Example:
        >>> from hebbsim import theory
        >>> theory.ridge_sinr([0.9, 1.5]).tolist()
        [inf, 2.0]
    """
    load = check_positive("load", load)
    return np.where(load > 1, 1 / np.where(load > 1, load - 1, 1.0), np.inf)[()]
