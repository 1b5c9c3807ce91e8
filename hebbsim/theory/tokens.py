"""Token recall, one shot: how often the best of V code words is wrong, and the bits that leaves. No JAX.

M pairs of +-1 keys (dim_key) and code words (dim_value) of a vocabulary of V lie in one matrix S += key^T word with
P = dim_key * dim_value parameters. The reader takes the word of largest score word . (query @ S) / P: 1 for the right
word, plus crosstalk. Everything here is read through hebbsim.theory.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, gammaln, log_ndtr, ndtr, xlogy

from hebbsim.checks import check_integers, check_positive
from hebbsim.errors import HebbsimError, one_of
from hebbsim.statistics.information import LN2, entropy
from hebbsim.theory.quadrature import NORMAL, WEIGHT, largest

CODES = ("random", "iid", "orthogonal", "refined")


def argmax_error(
    dim_key: int, dim_value: int, vocabulary: float, num_patterns: ArrayLike, codes: str = "random"
) -> Any:
    """Probability that the argmax over the vocabulary is wrong; num_patterns may be an array.

    iid          1 - Int phi(h - s) Phi(h)^(V - 1) dh, s^2 = P / (M - 1): every score has its own Gaussian noise.
    orthogonal   one-hot or Hadamard code words, V <= dim_value: a word's score is disturbed by its own repeats only,
                 r ~ Poisson((M - 1) / V) of them, variance r / dim_key; dim_value beyond V is of no use. For M / V
                 large it is iid with s^2 = dim_key V / (M - 1); at M / V = 9 the error is half as large again.
    random       +-1 code words drawn by coin share the field: with v = (M - 1) (1 / (dim_key V) + 1 / P) the right
                 word's score h has variance v, a wrong one's v + h^2 / dim_value. Good to 0.015 at dim_value >= 512;
                 up to 1.6 times the best load too large by up to 0.04 at 256, 0.07 at 128, 0.18 at 64.
    refined      the same words, exact in what they share (see _refined): within 0.015 from dim 64 on, 0.02 from 16 on.

    Unit: probability. Sources: iid is M-ary orthogonal signalling; the others were derived for hebbsim and
    checked by Monte-Carlo. M - 1, since a pair does not interfere with itself; one pair is never misread.

    Example:
        >>> from hebbsim import theory
        >>> round(float(theory.argmax_error(256, 256, 4096, 3000)), 3)
        0.221
    """
    wrong = _error_of(dim_key, dim_value, vocabulary, codes)
    return _each(wrong, check_integers("num_patterns", num_patterns))


def argmax_bits(dim_key: int, dim_value: int, vocabulary: float, num_patterns: ArrayLike, codes: str = "random") -> Any:
    """Hard bits per parameter of token recall: (M / P) (log2 V - H2(e) - e log2(V - 1)), e = argmax_error.

    Unit: bits per parameter. Wrong words are taken as equally likely. Valid as argmax_error is. Source: Fano.
    """
    wrong = _error_of(dim_key, dim_value, vocabulary, codes)
    size = dim_key * dim_value
    return _each(lambda m: _hard(wrong(m), vocabulary) * m / size, check_integers("num_patterns", num_patterns))


def argmax_soft_bits(
    dim_key: int, dim_value: int, vocabulary: float, num_patterns: ArrayLike, codes: str = "iid"
) -> Any:
    """Soft bits per parameter of tokens with independent scores: (M / P) (log2 V + E log2 posterior of the right word).

    The posterior is a softmax of s * score, so the loss is E ln(1 + Z / A): A = exp(s (s + z)), Z a sum of V - 1 terms
    exp(s z). E ln(A + Z) = Int dy [exp(-e^y) - G(y + s^2) G(y)^(V - 1)], G(y) = E exp(-exp(s z + y)) (Frullani): exact
    to the quadrature, 1e-9. Unit: bits per parameter. codes: "iid" only; words that share the field or its repeats
    have no such form. As the load grows it tends to (1 - 1/V) / (2 ln 2). Source: derived for hebbsim, checked by
    Monte-Carlo; V = 2 is the binary-input AWGN channel.
    """
    if codes != "iid":
        raise one_of("codes with a soft form", codes, ("iid",))
    _error_of(dim_key, dim_value, vocabulary, codes)
    size = dim_key * dim_value
    return _each(
        lambda m: _soft(size / max(m - 1, 1e-9), vocabulary) * m / size, check_integers("num_patterns", num_patterns)
    )


def best_token_load(dim_key: int, dim_value: int, vocabulary: float, codes: str = "random") -> tuple[int, float]:
    """(num_patterns, bits): the number of pairs M of most hard bits per parameter, and those: max of argmax_bits.

    A search of about 20 argmax_error calls. Units: pairs; bits per parameter. Raises ValueError where the bits grow
    with the load without end (V = 2). Valid as argmax_error is.
    """
    from scipy.optimize import minimize_scalar  # slow to import; readers of results need not wait

    wrong = _error_of(dim_key, dim_value, vocabulary, codes)
    size = dim_key * dim_value
    low, high = np.log(2.0), np.log(20.0 * size + 4)
    found: Any = minimize_scalar(
        lambda log_m: -_hard(wrong(np.exp(log_m)), vocabulary) * np.exp(log_m) / size,
        bounds=(low, high),
        method="bounded",
        options={"xatol": 1e-4},
    )
    if found.x > high - 1.0:
        raise HebbsimError(f"vocabulary = {vocabulary}, codes = {codes!r}: hard bits have no best load, they only grow")
    near = np.unique([np.floor(np.exp(found.x)), np.ceil(np.exp(found.x))])
    bits = [_hard(wrong(m), vocabulary) * m / size for m in near]
    return int(near[np.argmax(bits)]), float(np.max(bits))


def token_load_at_error(
    dim_key: int, dim_value: int, vocabulary: float, error: float = 0.01, codes: str = "random"
) -> tuple[int, float]:
    """(num_patterns, bits): the largest M with argmax_error <= error, and the hard bits per parameter there.

    Bisection over whole M. Units: pairs; bits per parameter. Raises ValueError where the error is never reached (it
    stays below 1 - 1/V) or where two pairs exceed it already. Valid as argmax_error is.
    """
    wrong = _error_of(dim_key, dim_value, vocabulary, codes)
    error = float(check_positive("error", error, 1 - 1 / vocabulary))
    if wrong(2) > error:
        raise HebbsimError(f"error = {error:g}: 2 pairs are misread with probability {wrong(2):.2g}; allowed: more")
    most = largest(lambda m: wrong(m) <= error, 2)
    return most, _hard(wrong(most), vocabulary) * most / (dim_key * dim_value)


def _error_of(dim_key: float, dim_value: float, vocabulary: float, codes: str) -> Callable[[float], float]:
    """Error as a function of M >= 1, not only whole."""
    check_integers("dim_key", dim_key)
    check_integers("dim_value", dim_value)
    check_integers("vocabulary", vocabulary, 2)
    if codes not in CODES:
        raise one_of("codes", codes, CODES)
    if codes == "orthogonal" and vocabulary > dim_value:
        raise HebbsimError(f"vocabulary = {vocabulary}: allowed: dim_value = {dim_value} or fewer orthogonal words")
    if codes == "refined" and dim_value < 8:
        raise HebbsimError(f"dim_value = {dim_value}: allowed: 8 or more with codes = 'refined'")

    def wrong(num_patterns: float) -> float:
        others = num_patterns - 1
        if others <= 0:
            return 0.0
        if codes == "refined":
            return min(_refined(dim_key, dim_value, vocabulary, others), 1 - 1 / vocabulary)
        if codes == "orthogonal":
            return _orthogonal(dim_key, vocabulary, others)
        if codes == "random":
            noise = others / dim_key * (1 / vocabulary + 1 / dim_value)
            score = 1 + np.sqrt(noise) * NORMAL
            ratio = score / np.sqrt(noise + score * score / dim_value)
        else:
            ratio = NORMAL + np.sqrt(dim_key * dim_value / others)
        # A guess is the worst there is; the approximations pass it by a little at loads far past the best.
        return min(float(-WEIGHT @ np.expm1((vocabulary - 1) * log_ndtr(ratio))), 1 - 1 / vocabulary)

    return wrong


def _orthogonal(dim_key: float, vocabulary: float, others: float) -> float:
    """Error with every score a Poisson mixture of Gaussians of variance r / dim_key."""
    mean, i = others / vocabulary, np.arange(8)
    if mean > 100:
        r, chance = _gauss(mean + i, np.sqrt(mean * i[1:]))
    else:
        r = np.arange(int(mean + 8 * np.sqrt(mean)) + 6.0)
        chance = np.exp(xlogy(r, mean) - mean - gammaln(r + 1))
    noise = np.maximum(np.sqrt(r / dim_key), 1e-9)
    score = 1 + noise[:, None] * NORMAL
    grid = np.linspace(min(score.min(), 0.0), score.max(), 2001)
    wins = ndtr(-grid[:, None] / noise) @ chance
    survives = np.exp((vocabulary - 1) * np.log1p(-np.minimum(wins, 1 - 1e-16)))
    return float(1 - chance @ (np.interp(score, grid, survives) @ WEIGHT))


def _refined(dim_key: float, dim_value: float, vocabulary: float, others: float) -> float:
    """Error with random +-1 code words, from what the words share.

    Let u_j be the entries of the field aligned with the right word: mean h, spread q. A wrong word that differs from it
    in n ~ Binomial(dim_value, 1/2) places wins if the mean of u over those places is below its own excess from repeats,
    of variance R / dim_key, R ~ Poisson(M / V). Given h and q, u points anywhere on a sphere, so the mean is h plus one
    coordinate of a random unit vector (a beta tail). Averaged over n and R, words are independent given h and q; h is
    Gaussian, q gamma with the relative variances of the dim_value places and of the M - 1 pairs added.
    """
    spread = others / dim_key * (1 - 2 / vocabulary)
    repeats = others / vocabulary
    step = max(1, int(np.sqrt(dim_value) / 4))
    n = np.arange(1, dim_value + 1)
    n = n[np.abs(n - dim_value / 2) < 5.5 * np.sqrt(dim_value)][::step]
    log_chance = gammaln(dim_value + 1) - gammaln(n + 1) - gammaln(dim_value - n + 1) - dim_value * LN2
    chance = step * np.exp(log_chance)

    i = np.arange(32)
    z, z_weight = _gauss(0.0 * i, np.sqrt(i[1:]))  # normal
    h = 1 + np.sqrt(spread / dim_value + repeats / dim_key) * z
    i, shape = i[:8], 1 / (2 / (dim_value - 1) + 2 / others)
    q, q_weight = _gauss(2 * i + shape, np.sqrt(i[1:] * (i[1:] + shape - 1)))  # gamma
    q = spread * q / shape * (1 - 1 / dim_value)
    i = i[:6]
    r, r_weight = _gauss(repeats + i, np.sqrt(repeats * i[1:]))  # Poisson

    variance = q[:, None, None] * (1 - n / dim_value) / n + np.maximum(r[:, None], 0) / dim_key
    y = h[:, None, None, None] / np.sqrt(dim_value * np.maximum(variance, 1e-30))
    tail = betainc((dim_value - 2) / 2, 0.5, np.maximum(1 - y * y, 0)) / 2
    wins = np.where(y > 0, tail, 1 - tail) @ chance + 0.5 ** (dim_value + 1)  # the last: equal words, half an error
    survives = np.exp((vocabulary - 1) * (np.log1p(-np.minimum(wins, 1 - 1e-16)) @ r_weight))
    return float(np.clip(1 - z_weight @ survives @ q_weight, 0, 1))


def _gauss(diagonal: np.ndarray, beside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of the Gauss rule of a distribution, from its Jacobi matrix (Golub & Welsch 1969)."""
    nodes, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1))
    return nodes, vectors[0] ** 2


def _hard(error: float, vocabulary: float) -> float:
    return float(np.log2(vocabulary) - entropy(error) - error * np.log2(vocabulary - 1))


def _soft(snr: float, vocabulary: float) -> float:
    """Bits of one of V words from independent scores s + z (right), z (wrong); snr = s^2."""
    log_v = float(np.log(vocabulary))
    if snr > 4 * (log_v + 36):
        return log_v / LN2  # nothing is lost in double precision
    s, step = np.sqrt(snr), 0.25

    def transform(y: np.ndarray) -> np.ndarray:  # log G(y)
        inside = np.exp(np.minimum(y[:, None] + s * NORMAL, 300.0))
        return np.log1p(-np.minimum(-np.expm1(-inside) @ WEIGHT, 1 - 1e-16))

    y = np.arange(-(log_v + 1.5 * snr + 38), 12 * s + 5, step)
    integral = step * np.sum(np.exp(-np.exp(y)) - np.exp(transform(y + snr) + (vocabulary - 1) * transform(y)))
    return float(max(log_v + snr - integral, 0.0) / LN2)


def _each(function: Callable[[float], float], values: np.ndarray) -> Any:
    """function of every value; a float for a scalar."""
    out = np.array([function(float(value)) for value in values.ravel()], float).reshape(values.shape)
    return out if out.ndim else float(out)
