"""Readers that are given all the keys, as dim_key -> infinity: their error pass by pass, and where it vanishes. No JAX.

Column j of S / sqrt(dim_key) is y = A x + noise: x the num_patterns = load * dim_key values sought, A = keys^T /
sqrt(dim_key), whose columns have norm 1; `noise` is the variance of what disturbs an entry of y, 0 for exact weights.
A reader that subtracts what it has found and reads again, with the Onsager term, sees each value in Gaussian noise of
one variance. State evolution follows it (Bayati & Montanari 2011; Bolthausen 2014):

    variance_0 = noise + load,    variance_(t+1) = noise + load * loss(variance_t),    bit error = Q(1 / sqrt(variance))

where loss(variance) is the mean square error of its estimate of a value of unit power. At finite size the law holds for
t passes with t fixed; use load = (num_patterns - 1) / dim_key for the first.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, ndtr

from hebbsim.checks import check_integers, check_positive
from hebbsim.errors import HebbsimError
from hebbsim.statistics.estimate import Unresolved
from hebbsim.theory.limits import separable_probability
from hebbsim.theory.quadrature import NORMAL, WEIGHT

CLEAN = 0.02  # a variance under this counts as none: Q(1 / sqrt(0.02)) = 8e-13
SETTLED = 1e-12  # relative step of a fixed point
PASSES = 100_000  # of a search for a fixed point; a share 1e-8 beyond a threshold takes some 3e4
SPECTRUM = 500  # nodes of the eigenvalue law of the keys


class Evolution(NamedTuple):
    """Pass by pass: how often a decision from the field of this pass is wrong, and the variance of its noise."""

    error: np.ndarray
    variance: np.ndarray


def evolve(seen: Callable[[Any], Any], loss: Callable[[Any], Any], iterations: int) -> np.ndarray:
    """Variances of `iterations` passes: v_0 = seen(loss(infinity)), v_(t+1) = seen(loss(v_t)).

    loss(v): mean square error of an estimate made in noise of variance v. seen(e): the variance of the noise of the
    next pass when estimates have that error.
    """
    variance = [float(seen(loss(np.inf)))]
    for _ in range(int(check_integers("iterations", iterations)) - 1):
        variance.append(float(seen(loss(variance[-1]))))
    return np.array(variance)


def settle(seen: Callable[[Any], Any], loss: Callable[[Any], Any]) -> float:
    """The variance at which `evolve` stops; 0 once it is under CLEAN. Raises Unresolved after PASSES passes."""
    variance = float(seen(loss(np.inf)))
    for _ in range(PASSES):
        if variance < CLEAN:
            return 0.0
        before, variance = variance, float(seen(loss(variance)))
        if abs(before - variance) <= SETTLED * before:
            return variance
    raise Unresolved(
        f"state evolution: variance {variance:.6g} still moves after {PASSES} passes; too near a threshold"
    )


def clean_load(
    error: Callable[[float], float], low: float, high: float, most: float = 0.0, tolerance: float = 1e-5
) -> float:
    """The load at which error(load) passes `most`, by bisection to a share `tolerance`; error must grow with the load.

    Raises Unresolved where error(low) is above `most` already or error(high) is not.
    """
    if error(low) > most or error(high) <= most:
        which = f"low = {low:g} is past it" if error(low) > most else f"high = {high:g} is not past it"
        raise Unresolved(f"clean load: {which}; allowed: loads on both sides of where the error passes {most:g}")
    while high - low > tolerance * high:
        middle = (low + high) / 2
        low, high = (middle, high) if error(middle) <= most else (low, middle)
    return (low + high) / 2


def least_load(load: Callable[[float], float], low: float, high: float) -> float:
    """min over variances in [low, high] of load(variance), the load with a fixed point there. It must lie inside."""
    from scipy.optimize import minimize_scalar  # slow to import; readers of results need not wait

    grid = np.linspace(np.log(low), np.log(high), 25)
    loads = [load(float(np.exp(x))) for x in grid]
    at = int(np.argmin(loads))
    if at in (0, len(grid) - 1):
        raise Unresolved(f"threshold: the least load is at the end of the variances {low:g} to {high:g}")
    found: Any = minimize_scalar(
        lambda x: load(float(np.exp(x))), bounds=(grid[at - 1], grid[at + 1]), method="bounded", options={"xatol": 1e-5}
    )
    return float(found.fun)


def sign_error(variance: ArrayLike) -> Any:
    with np.errstate(divide="ignore"):
        return ndtr(-1 / np.sqrt(variance))


def checked_noise(noise: float) -> float:
    if not 0 <= noise < np.inf:
        raise HebbsimError(f"noise = {noise}: allowed: 0 or more, finite")
    return float(noise)


def _matrix(load: float, noise: float) -> Callable[[Any], Any]:
    load, noise = float(check_positive("load", load)), checked_noise(noise)
    return lambda error: noise + load * error


# AMP with the +-1 prior


def bipolar_loss(variance: float) -> float:
    """Mean square error of E[x | x + sqrt(variance) z], x = +-1: 1 - E tanh(s + sqrt(s) z), s = 1 / variance.

    Summed as 2 E expit(-2 (s + sqrt(s) z)), which keeps its digits as it vanishes; good to s about 100.
    """
    s = min(1 / variance, 2500.0) if variance > 0 else 2500.0
    return float(2 * expit(-2 * (s + np.sqrt(s) * NORMAL)) @ WEIGHT)


def amp_errors(load: float, iterations: int, noise: float = 0.0) -> Evolution:
    """Bit error after each pass of AMP, x = tanh(field / variance): Q(1 / sqrt(v)), v_(t+1) = noise + load bipolar_loss(v_t).

    The first pass is the one-shot read. dim_key -> infinity. Source: Kabashima 2003, Donoho, Maleki & Montanari 2009.
    """
    variance = evolve(_matrix(load, noise), bipolar_loss, iterations)
    return Evolution(sign_error(variance), variance)


def amp_error(load: float, noise: float = 0.0) -> float:
    """Bit error where amp_errors stops: 0 up to amp_capacity() without noise. Quantised weights read as if disturbed by
    noise of their own: noise = quantiser_noise(load, bits). Valid as amp_errors is."""
    return float(sign_error(settle(_matrix(load, noise), bipolar_loss)))


# Ridge


def ridge_error(load: ArrayLike, noise: float = 0.0, penalty: float | None = None) -> Any:
    """Bit error of sign(x), x the least of |y - A x|^2 + penalty |x|^2; the best penalty, = noise, unless stated.

    Q(1 / sqrt(v)), v = (noise (1 + h)^2 + load h^2) / ((1 + h)^2 - load), h the root >= 0 of h^2 + h (1 - load -
    penalty) = penalty. With penalty = noise, v = h, the LMMSE receiver; with neither, v = load - 1, ridge_sinr. On the
    keys themselves the penalty is dim_key * penalty. dim_key -> infinity. Source: Tse & Hanly 1999, Verdu & Shamai 1999;
    a penalty other than the noise: derived for hebbsim, as the state evolution of x = field / (1 + h).
    """
    load, noise = check_positive("load", load), checked_noise(noise)
    penalty = noise if penalty is None else checked_noise(penalty)
    half = (load + penalty - 1) / 2
    h = half + np.sqrt(half * half + penalty)
    above, below = noise * (1 + h) ** 2 + load * h * h, (1 + h) ** 2 - load
    with np.errstate(divide="ignore"):
        return sign_error(np.where(above > 0, above / np.where(above > 0, below, 1.0), 0.0))[()]


def ridge_errors(load: float, iterations: int, noise: float = 0.0, penalty: float = 0.0) -> Evolution:
    """Bit error after each step of conjugate gradients, from 0, on (A^T A + penalty) x = A^T y; ends at ridge_error.

    Step t makes x = q(A^T A) A^T y, q a polynomial that the spectrum of A^T A alone decides: CG is run on that spectrum
    (Marchenko-Pastur, SPECTRUM nodes). An entry of x is E[l q] of the value and noise of variance Var[l q] + noise
    E[l q^2], E over eigenvalues l. dim_key -> infinity. Source: derived for hebbsim, checked by Monte-Carlo.
    """
    load, noise = float(check_positive("load", load)), checked_noise(noise)
    angle = np.pi * np.arange(1, SPECTRUM + 1) / (SPECTRUM + 1)
    power = 1 + load + 2 * np.sqrt(load) * np.cos(angle)
    share = 2 / (SPECTRUM + 1) * np.sin(angle) ** 2 / power  # of all eigenvalues; the rest are 0
    right = np.sqrt(share * power * (power + noise))
    x, residual = np.zeros(SPECTRUM), right
    ahead, variance = residual, []
    for _ in range(int(check_integers("iterations", iterations))):
        met = (power + checked_noise(penalty)) * ahead
        size = residual @ residual
        if size > 1e-30 * (right @ right):  # solved, to the rounding
            x = x + size / (ahead @ met) * ahead
            residual = residual - size / (ahead @ met) * met
            ahead = residual + (residual @ residual) / size * ahead
        q = x / right
        signal = share @ (power * q)
        variance.append((share @ (power * q * q * (power + noise)) - signal**2) / signal**2)
    return Evolution(sign_error(np.maximum(variance, 0.0)), np.maximum(variance, 0.0))


# Box: the least of |y - A x|^2 with every |x| <= 1


def _clipped(variance: float, shrink: float) -> tuple[float, float]:
    """Of x = clip(field / (1 + shrink), -1, 1): its mean square error, and how many entries are inside."""
    tau = np.sqrt(variance)
    low, high = -(2 + shrink) / tau, shrink / tau
    inside = ndtr(high) - ndtr(low)
    at_low, at_high = np.exp(-0.5 * np.array([low, high]) ** 2) / np.sqrt(2 * np.pi)
    squares = variance * (inside - high * at_high + low * at_low) - 2 * shrink * tau * (at_low - at_high)
    return float((squares + shrink**2 * inside) / (1 + shrink) ** 2 + 4 * ndtr(low)), float(inside)


def box_errors(load: float, iterations: int, noise: float = 0.0) -> Evolution:
    """Bit error after each pass of message passing with x = clip(field, -1, 1): amp_errors with that estimate's loss.

    Up to load 2 it ends at box_error; beyond, its Onsager term passes 1 and what it finds is no solution of the box.
    dim_key -> infinity. Source: derived for hebbsim from Bayati & Montanari 2011.
    """
    variance = evolve(_matrix(load, noise), lambda v: _clipped(v, 0.0)[0] if v < np.inf else 1.0, iterations)
    return Evolution(sign_error(variance), variance)


def box_error(load: float, noise: float = 0.0) -> float:
    """Bit error of sign(x), x the least of |y - A x|^2 in the box; where many reach it, the x of least norm among them.

    Q(1 / sqrt(v)), v = noise + load E(clip((1 + sqrt(v) z) / (1 + h), -1, 1) - 1)^2, h = 0 while load P(|x| < 1) < 1,
    else the h at which load P(|x| < 1) = 1 + h. Without noise 0 up to load 2, and many solutions after it. dim_key ->
    infinity. Source: Thrampoulidis, Xu & Hassibi 2018 for one solution; least norm: derived for hebbsim, checked by
    Monte-Carlo. Other solvers end elsewhere in the same set.
    """
    from scipy.optimize import brentq  # slow to import; readers of results need not wait

    load, noise = float(check_positive("load", load)), checked_noise(noise)
    if noise == 0 and load <= 2:
        return 0.0

    def variance(shrink: float) -> float:
        found: Any = brentq(lambda v: (noise + load * _clipped(v, shrink)[0]) / v - 1, 1e-14, noise + 4 * load + 1)
        return found

    def slack(shrink: float) -> float:
        return load * _clipped(variance(shrink), shrink)[1] / (1 + shrink) - 1

    shrink: Any = brentq(slack, 0.0, 2 * load) if slack(0.0) > 0 else 0.0
    return float(sign_error(variance(shrink)))


def box_exact(dim_key: ArrayLike, num_patterns: ArrayLike) -> Any:
    """Chance that a column of +-1 values is the only one in [-1, 1] that makes its weights: separable_probability.

    The null space of the keys must miss an orthant; 1/2 at num_patterns = 2 dim_key for every dim_key. Keys in general
    position (+-1 keys nearly). Source: Donoho & Tanner 2010; Wendel 1962.
    """
    return separable_probability(dim_key, num_patterns)
