"""Token readers that use the covariance of the code words, one shot and iterated, as dim_key -> infinity. No JAX.

Rows of values are words of a vocabulary of V, so S / sqrt(dim_key) = A X with whole rows of X unknown together. What
disturbs a read row is a sum of code words: whitened by their covariance, V <= dim_value random words are orthogonal,
and more are V points in dim_value dimensions. Both are centred here to F = min(V - 1, dim_value) dimensions.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, log_ndtr, ndtr, xlogy

from hebbsim.checks import check_integers
from hebbsim.theory.quadrature import NORMAL, WEIGHT
from hebbsim.theory.state_evolution import Evolution, evolve, least_load

MOST_SNR = 200.0  # beyond it no word is wrong


def token_loss(variance: float, vocabulary: int) -> float:
    """1 - E p(right), p the posterior over V orthogonal words of unit norm: the mean square error of E[word] as well.

    Logits are s + sqrt(s) z (right) and sqrt(s) z (wrong), s = 1 / variance: M-ary orthogonal signalling. A draw from p
    is the largest logit after Gumbel noise, so it is wrong with chance Int g(y + s) (1 - G(y)^(V - 1)) dy,
    G(y) = E exp(-exp(y + sqrt(s) z)), g = -G'. Trapezoid rule, good to 1e-9. Source: derived for hebbsim, checked by
    Monte-Carlo.
    """
    s = min(1 / variance, MOST_SNR)
    step, reach = 0.25, 9 * np.sqrt(s)
    z = np.arange(-9.0, 9.0, step / max(1.0, np.sqrt(s)))
    weight = np.exp(-z * z / 2)
    weight /= weight.sum()
    y = np.arange(-30 - reach - s, 5 + reach, step)

    def rate(at: np.ndarray) -> np.ndarray:
        return np.exp(np.minimum(at[:, None] + np.sqrt(s) * z, 300.0))

    right = rate(y + s)
    log_g = np.log1p(-np.minimum(-np.expm1(-rate(y)) @ weight, 1 - 1e-16))
    return float(step * ((right * np.exp(-right)) @ weight) @ -np.expm1((vocabulary - 1) * log_g))


def token_errors(dim_key: int, dim_value: int, vocabulary: int, num_patterns: int, iterations: int) -> Evolution:
    """Wrong tokens after each pass of message passing over whole rows, x = the posterior mean of the code word.

    v_(t+1) = (num_patterns / dim_key) token_loss(v_t) / F from a loss of 1 - 1/V; error = that of the largest of V
    independent scores at s = 1 / v. Given all keys and the code words. dim_key -> infinity, and dim_value too where V
    is above it (and then V / dim_value drops out). Source: derived for hebbsim, checked by Monte-Carlo.
    """
    load = float(check_integers("num_patterns", num_patterns) / check_integers("dim_key", dim_key))
    free = _free(vocabulary, dim_value)
    blind = 1 - 1 / vocabulary
    variance = evolve(
        lambda wrong: load * wrong / free,
        lambda v: blind if v == np.inf else token_loss(max(v, 1 / MOST_SNR), vocabulary),
        iterations,
    )
    scores = NORMAL + 1 / np.sqrt(np.maximum(variance, 1 / MOST_SNR)[:, None])
    return Evolution(-np.expm1((vocabulary - 1) * log_ndtr(scores)) @ WEIGHT, variance)


def token_capacity(vocabulary: int, dim_value: int | None = None) -> float:
    """Bits per parameter up to which token_errors fall to 0: R F / dim_value, R = log2 V / max_v [token_loss / v].

    R counts only the F = min(V - 1, dim_value) columns' worth of numbers that the words reach, and is what is given
    without dim_value: 2.085 (V = 2), 1.784 (16), 1.558 (256), 1.486 (1024), 1.430 (4096), 1 / (2 ln 2) at last, as
    slowly as 1 / ln V. Valid as token_errors is.
    """
    bits = float(np.log2(check_integers("vocabulary", vocabulary, 2)))
    ratio = least_load(lambda v: v / token_loss(v, vocabulary), 0.3 / (bits + 1), 2.0)
    return bits * ratio * (1.0 if dim_value is None else _free(vocabulary, dim_value) / dim_value)


def whitened_error(dim_key: int, dim_value: int, vocabulary: int, num_patterns: ArrayLike) -> np.ndarray | float:
    """Wrong tokens of one read whitened by the covariance of random +-1 code words: given the words, not the keys.

    With c = max(1 / dim_value - 1 / V, 0), others = num_patterns - 1 and r ~ Poisson(others / V) repeats of a word in
    the memory: the right score h has mean 1 and variance c others / dim_key + r / dim_key, a wrong one mean 0 and
    variance c (others / dim_key + h^2) + r / dim_key, r its own. V <= dim_value: c = 0, argmax_error(codes =
    "orthogonal"). Plain argmax has c = 1 / dim_value: whitening takes V = dim_value words' overlap away whole, and
    less of more. For V above dim_value up to 0.02 too large at dim_value = 256. num_patterns may be an array. Source:
    derived for hebbsim, checked by Monte-Carlo.
    """
    dim_key, dim_value = int(check_integers("dim_key", dim_key)), int(check_integers("dim_value", dim_value))
    shared = max(1 / dim_value - 1 / float(check_integers("vocabulary", vocabulary, 2)), 0.0)

    def wrong(num_patterns: float) -> float:
        others = num_patterns - 1
        if others <= 0:
            return 0.0
        mean = others / vocabulary
        spread = 8 * np.sqrt(mean)
        r = np.unique(np.round(np.linspace(max(0.0, mean - spread), mean + spread + 6, 120)))
        chance = np.exp(xlogy(r, mean) - mean - gammaln(r + 1))
        chance /= chance.sum()  # of every n-th r where there are many
        crosstalk = shared * others / dim_key
        noise = np.sqrt(np.maximum(crosstalk + r / dim_key, 1e-18))
        score = 1 + noise[:, None] * NORMAL
        h = np.linspace(min(score.min(), 0.0), score.max(), 2001)
        wins = ndtr(-h[:, None] / np.hypot(noise, np.sqrt(shared) * h[:, None])) @ chance
        survives = np.exp((vocabulary - 1) * np.log1p(-np.minimum(wins, 1 - 1e-16)))
        right = np.interp(score, h, survives) @ WEIGHT
        return float(np.clip(1 - chance @ right, 0.0, 1 - 1 / vocabulary))

    return np.vectorize(wrong, otypes=[float])(check_integers("num_patterns", num_patterns))[()]


def _free(vocabulary: int, dim_value: int) -> float:
    """Dimensions of the span of the centred code words."""
    check_integers("dim_value", dim_value)
    return float(min(check_integers("vocabulary", vocabulary, 2) - 1, dim_value))
