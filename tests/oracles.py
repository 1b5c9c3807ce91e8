"""Readers that are given all the keys, in float64 NumPy and equation by equation: what the fast ones are held to.

Keys (M, dk) and values (M, dv) of +-1, state S = keys.T @ values (dk, dv). Throughout y = S / sqrt(dk)
is A x with A = keys.T / sqrt(dk), whose columns have norm 1; load = M / dk. Iterative readers are generators, one
Pass a pass, so that a test may stop where it likes.
"""

from typing import NamedTuple

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.special import log_ndtr


class Pass(NamedTuple):
    """field (M, dv): what the decision is made on, = value + sqrt(variance) * normal in theory; its variance, a column;
    mean (M, dv): the estimate made of it."""

    field: np.ndarray
    variance: np.ndarray
    mean: np.ndarray


def near(value, digits):
    """Equal to a number printed to that many decimals."""
    return pytest.approx(value, abs=0.51 * 10.0**-digits)


def signs(rng, *shape):
    return 2.0 * rng.integers(0, 2, shape) - 1


def hebbian(rng, num_patterns, dim_key, dim_value):
    """Keys, values and their state."""
    keys, values = signs(rng, num_patterns, dim_key), signs(rng, num_patterns, dim_value)
    return keys, values, keys.T @ values


def amp_oracle(keys, state, iterations):
    """AMP with the +-1 prior, x = 0, z = y:

    tau^2 = |z|^2 / dk,   r = x + A^T z,   x <- tanh(r / tau^2),   z <- y - A x + z load mean(1 - x^2) / tau^2
    """
    (num_patterns, dim_key), y = keys.shape, state / np.sqrt(keys.shape[1])
    A = keys.T / np.sqrt(dim_key)
    x, z = np.zeros((num_patterns, state.shape[1])), y
    for _ in range(iterations):
        variance = np.maximum((z * z).mean(0), 1e-12)
        field = x + A.T @ z
        x = np.tanh(field / variance)
        yield Pass(field, variance, x)
        z = y - A @ x + z * (num_patterns / dim_key * (1 - x * x).mean(0) / variance)


def cells_of(weights, thresholds):
    """(low, high) ends of the cell each weight lies in."""
    edges = np.concatenate([[-np.inf], thresholds, [np.inf]])
    cell = np.searchsorted(thresholds, weights)
    return edges[cell], edges[cell + 1]


def truncated(mean, variance, low, high):
    """Mean of N(mean, variance) within (low, high), and its variance, to the last digits of either tail.

    With a, b the ends in standard units and Z = Phi(b) - Phi(a): mean + s (phi(a) - phi(b)) / Z and
    s^2 (1 + (a phi(a) - b phi(b)) / Z - ((phi(a) - phi(b)) / Z)^2).
    """
    s = np.sqrt(variance)
    a, b = (low - mean) / s, (high - mean) / s
    flip = a + b > 0  # a cell in the upper tail: mirror it, log_ndtr is good in the lower one
    a, b = np.where(flip, -b, a), np.where(flip, -a, b)
    log_z = log_ndtr(b) + np.log1p(-np.minimum(np.exp(log_ndtr(a) - log_ndtr(b)), 1 - 1e-16))

    def ratio(u):  # phi(u) / Z
        return np.exp(-u * u / 2 - np.log(2 * np.pi) / 2 - log_z)

    with np.errstate(invalid="ignore"):  # infinite ends: u phi(u) = 0
        shift = ratio(a) - ratio(b)
        tilt = np.where(np.isfinite(a), a * ratio(a), 0.0) - np.where(np.isfinite(b), b * ratio(b), 0.0)
    return mean + s * np.where(flip, -shift, shift), variance * np.clip(1 + tilt - shift**2, 0.0, 1.0)


def gamp_oracle(keys, low, high, iterations):
    """Generalised AMP (Rangan 2011) with the +-1 prior: each weight of S is only known to lie within (low, high).

    In units of y, x = 0, g = 0:
      out   V = load mean(1 - x^2),  p = A x - V g,  g <- (E[z] - p) / V,  h = (1 - Var[z] / V) / V,
            z ~ N(p, V) within its cell
      in    variance = 1 / mean(h),  r = x + variance A^T g,  x <- tanh(r / variance)
    The squares of A's entries are all 1 / dk, so V and variance are numbers, one a column. A column whose cells hold
    the state that the signs of r make is done and rests.
    """
    (num_patterns, dim_key), root = keys.shape, np.sqrt(keys.shape[1])
    A = keys.T / root
    x, g = np.zeros((num_patterns, low.shape[1])), np.zeros(low.shape)
    variance, field = np.ones(low.shape[1]), x
    done = np.zeros(low.shape[1], bool)
    for _ in range(iterations):
        V = np.maximum(num_patterns / dim_key * (1 - x * x).mean(0), 1e-6)
        p = A @ x - V * g
        z, var = truncated(p, V, low / root, high / root)
        g = np.where(done, g, (z - p) / V)
        variance = np.where(done, variance, 1 / np.maximum(((1 - var / V) / V).mean(0), 1e-12))
        field = np.where(done, field, x + variance * (A.T @ g))
        x = np.where(done, x, np.tanh(field / variance))
        again = keys.T @ np.where(field > 0, 1.0, -1.0)
        done |= np.all((again >= low) & (again <= high), axis=0)
        yield Pass(field, variance, x)


def ridge_oracle(keys, state, penalty=0.0):
    """x of least |y - A x|^2 + penalty |x|^2: A^T (A A^T + penalty)^-1 y, the least norm without a penalty."""
    A, y = keys.T / np.sqrt(keys.shape[1]), state / np.sqrt(keys.shape[1])
    if penalty == 0 and len(keys) <= keys.shape[1]:
        return np.linalg.lstsq(A, y, rcond=None)[0]
    return A.T @ np.linalg.solve(A @ A.T + penalty * np.eye(len(A)), y)


def gradients_oracle(keys, state, iterations, penalty=0.0):
    """x after each step of conjugate gradients, from 0, on (A^T A + penalty) x = A^T y (Hestenes & Stiefel 1952)."""
    A, y = keys.T / np.sqrt(keys.shape[1]), state / np.sqrt(keys.shape[1])
    x, residual = np.zeros((len(keys), state.shape[1])), A.T @ y
    ahead = residual
    for _ in range(iterations):
        met, size = A.T @ (A @ ahead) + penalty * ahead, (residual**2).sum(0)
        step = size / (ahead * met).sum(0)
        x, residual = x + step * ahead, residual - step * met
        ahead = residual + (residual**2).sum(0) / size * ahead
        yield x


def box_oracle(keys, state, penalty=0.0):
    """x of least |y - A x|^2 + penalty |x|^2 with every |x| <= 1, by alternating directions (Boyd et al. 2011).

    It stops at, and so certifies, |x - clip(x - gradient / 2, -1, 1)| <= 1e-7 everywhere. Beyond load 2 many x do unless
    there is a penalty; a small one picks that of least norm.
    """
    A, y = keys.T / np.sqrt(keys.shape[1]), state / np.sqrt(keys.shape[1])
    H, right, rho = A.T @ A + penalty * np.eye(len(keys)), A.T @ y, 0.3
    solve = np.linalg.inv(H + rho * np.eye(len(keys)))
    z = u = np.zeros_like(right)
    for step in range(20_000):
        x = 1.6 * (solve @ (right + rho * (z - u))) - 0.6 * z
        z = np.clip(x + u, -1, 1)
        u = u + x - z
        if step % 20 == 0 and np.abs(z - np.clip(z - (H @ z - right), -1, 1)).max() <= 1e-7:
            return z
    raise AssertionError("the box is not solved")


def box_unique(keys, values):
    """Whether `values` (M,) of +-1 are the only numbers in [-1, 1] that make their weights, by linear programming.

    Others are values - u values with 0 <= u <= 2 and keys.T @ (u values) = 0: is the largest sum of u above 0?
    """
    weights = (keys * values[:, None]).T
    found = linprog(-np.ones(len(keys)), A_eq=weights, b_eq=np.zeros(len(weights)), bounds=(0, 1), method="highs")
    return -found.fun < 1e-6


def token_oracle(keys, state, words, iterations):
    """AMP over whole rows: each value is one of the V rows of `words` (V, dv), all as likely.

    In the F = min(V - 1, dv) dimensions of the centred words, scaled so that the words C have covariance 1 there
    (C^T C = V), with X = 0 and R = Y, the state in these dimensions:
      N = cov |R|^2 / (dk tr cov)        the noise of a row: the shape of what is not known yet, the size of what is left
      r = X + A^T R,  p ~ exp(C N^-1 (r - c / 2)),  X <- p C,  cov = mean over rows of sum_v p_v c_v c_v^T - X^T X
      R <- Y - A X + load R N^-1 cov
    cov is 1 at first. A Pass holds scores as `field`, trace(N) / F as `variance` and X as `mean`. Ends when the words of
    the largest scores make the state.
    """
    (num_patterns, dim_key), root = keys.shape, np.sqrt(keys.shape[1])
    A, centre = keys.T / root, words.mean(0)
    _, size, axes = np.linalg.svd(words - centre, full_matrices=False)
    kept = size > 1e-9 * size[0]
    scale = axes[kept].T * np.sqrt(len(words)) / size[kept]
    C = (words - centre) @ scale
    Y = (state - keys.sum(0)[:, None] * centre) @ scale / root
    X, R, cov = np.zeros((num_patterns, C.shape[1])), Y, np.eye(C.shape[1])
    for _ in range(iterations):
        variance = (R * R).mean()
        metric = np.linalg.inv(cov * (variance * len(cov) / np.trace(cov)) + 1e-9 * variance * np.eye(len(cov)))
        to_words = C @ metric
        scores = (X + A.T @ R) @ to_words.T - 0.5 * (C * to_words).sum(1)
        p = np.exp(scores - scores.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        X = p @ C
        yield Pass(scores, variance, X)
        if np.array_equal(keys.T @ words[scores.argmax(1)], state):
            return
        cov = (C.T * p.mean(0)) @ C - X.T @ X / num_patterns
        R = Y - A @ X + num_patterns / dim_key * R @ metric @ cov
