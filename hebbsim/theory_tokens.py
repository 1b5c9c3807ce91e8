"""Oracles of token recall: argmax over a vocabulary of the field of a dense Hebbian matrix with +-1 keys."""

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.special import gammaln, log_ndtr, ndtr, roots_hermitenorm, xlogy

from hebbsim.errors import HebbsimError
from hebbsim.information import hard_bits

CODES = ("iid", "orthogonal", "random", "refined")
_Z = np.linspace(-8, 8, 801)
_PHI = np.exp(-_Z * _Z / 2)
_PHI /= _PHI.sum()
_X, _WX = roots_hermitenorm(60)
_WX = _WX / _WX.sum()


def argmax_error(dim_key: int, dim_value: int, vocabulary: float, num_patterns: float, codes: str = "random") -> float:
    """Chance that another word's score is above the right one's; scores in units of the signal, crosstalk of M - 1 pairs.

    "iid": every score has noise variance (M - 1) / (dim_key dim_value), Int phi(h - s) Phi(h)^(V - 1) dh.
    "orthogonal": one-hot or Hadamard words, V = dim_value: a word's score is disturbed by its own repeats only, Poisson
    (M - 1) / V of them, each of variance 1 / dim_key. "iid" is its limit, dim_key -> infinity; at (M - 1) / V = 9 the
    error is twice as large.
    "random": +-1 words at random. The right word's variance is (M - 1) (1 / (dim_key dim_value) + 1 / (V dim_key)), the
    second part from its repeats; a wrong word's the same + h^2 / dim_value given the right score h.
    "refined": repeats are Poisson; the field's energy fluctuates as chi^2 of dim_value, in common for all wrong words;
    and given the field a wrong word's score is a sum of random signs times its entries, whose tail is taken from the
    cumulants (Lugannani & Rice 1980). Source: "random" and "refined" derived for hebbsim, checked by Monte-Carlo.
    """
    if codes not in CODES:
        raise HebbsimError(f"codes = {codes!r}; allowed: {', '.join(CODES)}")
    if min(dim_key, dim_value, num_patterns) < 1 or vocabulary < 2:
        raise HebbsimError("argmax_error: dims and num_patterns from 1, vocabulary from 2")
    others = max(num_patterns - 1, 1e-9)
    if codes == "refined":
        return _refined(dim_key, dim_value, vocabulary, others)
    if codes == "orthogonal":
        return _orthogonal(dim_key, vocabulary, others)
    cross = others / (dim_key * dim_value)
    repeats = others / (vocabulary * dim_key) if codes == "random" else 0.0
    h = 1 + np.sqrt(cross + repeats) * _Z
    spread = np.sqrt(cross + repeats + (h * h / dim_value if codes == "random" else 0.0))
    return float(np.sum(_PHI * -np.expm1((vocabulary - 1) * log_ndtr(h / spread))))


def _poisson(mean: float, most: float = 60) -> tuple[np.ndarray, np.ndarray]:
    """Numbers and their chances; the mean alone, as one number, where it is so large that the spread does not matter."""
    if mean > most:
        return np.asarray([mean]), np.asarray([1.0])
    r = np.arange(int(mean + 7 * np.sqrt(mean)) + 4)
    chance = np.exp(xlogy(r, mean) - mean - gammaln(r + 1))
    return r.astype(float), chance / chance.sum()


def _orthogonal(dim_key: int, vocabulary: float, others: float) -> float:
    number, chance = _poisson(others / vocabulary, most=10_000)
    spread = np.sqrt(number / dim_key)
    h = 1 + spread[:, None] * _Z
    grid = np.linspace(min(h.min(), 0.0), h.max(), 2001)
    with np.errstate(divide="ignore", invalid="ignore"):
        tail = np.where(spread > 0, ndtr(-grid[:, None] / spread), np.where(grid[:, None] < 0, 1.0, 0.0)) @ chance
    wins = np.exp((vocabulary - 1) * np.log1p(-np.minimum(tail, 1 - 1e-15)))
    return float(1 - chance @ (np.interp(h, grid, wins) @ _PHI))


def _refined(dim_key: int, dim_value: int, vocabulary: float, others: float) -> float:
    cross = others / (dim_key * dim_value)
    number, chance = _poisson(others / vocabulary)
    # Energy of the field beyond the right word: chi^2 of dim_value - 1, as 9 equally likely values of its square root.
    nodes, weights = roots_hermitenorm(9)
    freedom = max(dim_value - 1, 1)
    scale = np.maximum(1 - 2 / (9 * freedom) + nodes * np.sqrt(2 / (9 * freedom)), 0.05) ** 1.5  # Wilson & Hilferty
    weights = weights / weights.sum()
    right = 0.0
    z, phi = _Z[::20], _PHI[::20] / _PHI[::20].sum()
    for r, p in zip(number, chance, strict=True):
        if p < 1e-6:
            continue
        h = 1 + np.sqrt(cross + r / dim_key) * z
        sigma = scale[:, None] * np.sqrt(others / dim_key)  # of one entry of the field, about h
        tail = sum(
            q * _sign_sum_tail(np.broadcast_to(h, (len(scale), len(h))), sigma, dim_value, r2 / dim_key)
            for r2, q in zip(number, chance, strict=True)
            if q > 1e-12
        )
        tail = np.clip(np.where(h > 0, tail, 0.5 + 0 * tail), 0, 1 - 1e-12)
        ok = np.exp((vocabulary - 1) * np.log1p(-tail))
        right += p * float(np.sum(weights[:, None] * phi * ok))
    return 1 - min(right, 1.0)


def _sign_sum_tail(h: np.ndarray, sigma: np.ndarray, dim_value: int, extra: float) -> np.ndarray:
    """P(sum_j s_j f_j / dim_value + Gaussian of variance `extra` > h), s_j fair signs, f_j ~ N(h, sigma^2) apart from it.

    Lugannani & Rice 1980 on K(t) = dim_value E log cosh(t f / dim_value) + extra t^2 / 2.
    """
    f = (h[..., None] + sigma[..., None] * _X) / dim_value
    up = np.maximum(h, 1e-3)
    t = up / (dim_value * np.sum(_WX * f * f, -1) + extra)
    for _ in range(12):  # Newton for K'(t) = h; K' grows with t, so the step is kept from running past
        th = np.tanh(t[..., None] * f)
        slope = dim_value * np.sum(_WX * f * th, -1) + extra * t
        curve = dim_value * np.sum(_WX * f * f * (1 - th * th), -1) + extra
        t = np.clip(t + (up - slope) / curve, t / 3, t * 3)
    tf = t[..., None] * f
    k = dim_value * np.sum(_WX * (np.logaddexp(tf, -tf) - np.log(2.0)), -1) + extra * t * t / 2
    w = np.sqrt(np.maximum(2 * (t * up - k), 1e-12))
    u = t * np.sqrt(np.maximum(dim_value * np.sum(_WX * f * f * (1 - np.tanh(tf) ** 2), -1) + extra, 1e-300))
    tail = ndtr(-w) + np.exp(-w * w / 2) / np.sqrt(2 * np.pi) * (1 / u - 1 / w)
    return np.clip(tail, 0.0, 1.0)


def argmax_bits(dim_key: int, dim_value: int, vocabulary: float, num_patterns: float, codes: str = "random") -> float:
    """num_patterns (log2 V - H2(e) - e log2(V - 1)) / (dim_key dim_value): hard bits per parameter at argmax_error e."""
    error = argmax_error(dim_key, dim_value, vocabulary, num_patterns, codes)
    return num_patterns * hard_bits(error, vocabulary) / (dim_key * dim_value)  # type: ignore[arg-type]


def best_token_load(dim_key: int, dim_value: int, vocabulary: float, codes: str = "random") -> tuple[float, float]:
    """(num_patterns, bits per parameter) of the most hard bits."""
    entries = dim_key * dim_value
    top = np.log(entries / np.log2(vocabulary))
    found = minimize_scalar(
        lambda log: -argmax_bits(dim_key, dim_value, vocabulary, np.exp(log), codes),
        bounds=(top - 4, top + 1),
        method="bounded",
        options={"xatol": 1e-3},
    )
    return float(np.exp(found.x)), float(-found.fun)


def token_load_at_error(
    dim_key: int, dim_value: int, vocabulary: float, error: float = 0.01, codes: str = "random"
) -> tuple[float, float]:
    """(num_patterns, bits per parameter) where argmax_error is `error`."""
    top = np.log(dim_key * dim_value)
    log = brentq(
        lambda log: argmax_error(dim_key, dim_value, vocabulary, np.exp(log), codes) - error, 0.7, top + 1, xtol=1e-4
    )
    patterns = float(np.exp(log))
    return patterns, patterns * hard_bits(error, vocabulary) / (dim_key * dim_value)  # type: ignore[arg-type]
