"""Tokens read by argmax: the literature's numbers, limits, and Monte-Carlo runs in NumPy."""

import numpy as np
import pytest
from oracles import near, signs

from hebbsim import theory
from hebbsim.errors import HebbsimError


@pytest.mark.parametrize(
    ("vocabulary", "best", "one_percent"),
    [(16, 0.362, 0.197), (256, 0.413, 0.273), (4096, 0.437, 0.318), (65536, 0.453, 0.349), (1e9, 0.486, None)],
)
def test_orthogonal_tokens(vocabulary, best, one_percent):
    dim = 2**14
    m, bits = theory.best_token_load(dim, dim, vocabulary, codes="iid")
    assert bits == near(best, 3)
    assert bits == pytest.approx(theory.argmax_bits(dim, dim, vocabulary, m, "iid"))
    if one_percent:
        m, bits = theory.token_load_at_error(dim, dim, vocabulary, codes="iid")
        assert bits == near(one_percent, 3)
        assert theory.argmax_error(dim, dim, vocabulary, m, "iid") == pytest.approx(0.01, rel=1e-4)
    if vocabulary <= dim:
        v = int(vocabulary)
        assert theory.best_token_load(dim, v, v, "orthogonal")[1] == pytest.approx(best, abs=0.002)
        with pytest.raises(HebbsimError, match="orthogonal words"):
            theory.argmax_error(dim, v - 1, v, 10, "orthogonal")


def test_random_tokens():
    for dim, vocabulary, bits in [(64, 256, 0.29), (256, 4096, 0.39), (1024, 65536, 0.44)]:
        assert theory.best_token_load(dim, dim, vocabulary)[1] == near(bits, 2)
    # 301 pairs: 300 of them interfere
    assert 1 - theory.argmax_error(64, 64, 256, 301, "random") == near(0.601, 3)
    assert 1 - theory.argmax_error(64, 64, 256, 301, "iid") == near(0.792, 3)
    assert 1 - theory.argmax_error(64, 64, 256, 300, "refined") == pytest.approx(0.636, abs=0.005)


def test_argmax_error_has_its_limits():
    assert theory.argmax_error(64, 64, 256, 1, "refined") == 0
    m = np.array([2, 30, 100, 300, 3000, 10**6])
    for codes in ("iid", "random", "refined"):
        error = theory.argmax_error(64, 64, 256, m, codes)
        assert np.all(np.diff(error[:-1]) > 0)
        assert error[-2] < error[-1] <= 255 / 256
        assert error.shape == m.shape
    # Two orthogonal words are one sign of half the SNR; +-1 words of many entries are orthogonal.
    assert theory.argmax_error(64, 64, 2, 4097, "iid") == pytest.approx(theory.gaussian_tail(np.sqrt(0.5)))
    # What code words share matters less and less as they grow: at the best load, V = 4096.
    gap = []
    for dim in (64, 256, 1024, 4096):
        m, _ = theory.best_token_load(dim, dim, 4096)
        gap.append(theory.argmax_error(dim, dim, 4096, m) - theory.argmax_error(dim, dim, 4096, m, "refined"))
    assert gap[0] > 0.04
    assert np.all(np.diff(gap) < 0) and abs(gap[-1]) < 0.003
    # A Poisson mixture of many repeats is one Gaussian, whichever way it is summed.
    orthogonal = [theory.argmax_error(1024, 256, 256, 256 * mean, "orthogonal") for mean in (99, 100.9375, 101)]
    assert np.diff(orthogonal)[1] / np.diff(orthogonal)[0] == pytest.approx(0.0625 / 1.9375, rel=0.1)


def recall_tokens(rng, dim_key, codebook, m, trials):
    """Fraction of pairs whose word is not the argmax, trial by trial; a tie is half."""
    out, vocabulary = [], len(codebook(rng))
    for _ in range(trials):
        words, keys = codebook(rng), signs(rng, m, dim_key)
        token = rng.integers(0, vocabulary, m)
        probe = np.arange(min(m, 400))
        scores = keys[probe] @ (keys.T @ words[token]) @ words.T
        right = scores[probe, token[probe]].copy()
        scores[probe, token[probe]] = -np.inf
        rival = scores.max(1)
        out.append(np.mean(rival > right) + np.mean(rival == right) / 2)
    return np.mean(out), np.std(out, ddof=1) / np.sqrt(trials)


@pytest.mark.parametrize(("dim_key", "m"), [(64, 288), (256, 1200)])
def test_orthogonal_words_by_monte_carlo(dim_key, m):
    rng = np.random.default_rng(4)
    found, error = recall_tokens(rng, dim_key, lambda _: np.eye(32), m, 100)
    assert found == pytest.approx(theory.argmax_error(dim_key, 32, 32, m, "orthogonal"), abs=0.002 + 3 * error)
    assert found > theory.argmax_error(dim_key, 32, 32, m, "iid")


@pytest.mark.parametrize(
    ("dim_key", "dim_value", "vocabulary", "m", "trials"),
    [
        (64, 64, 256, 234, 80),
        (64, 256, 1024, 700, 40),
        (256, 64, 1024, 700, 40),
        (64, 64, 4096, 260, 50),
        (32, 32, 2, 100, 200),
    ],
)
def test_refined_argmax_error_by_monte_carlo(dim_key, dim_value, vocabulary, m, trials):
    rng = np.random.default_rng(5)
    found, error = recall_tokens(rng, dim_key, lambda r: signs(r, vocabulary, dim_value), m, trials)
    refined = theory.argmax_error(dim_key, dim_value, vocabulary, m, "refined")
    assert error < 0.005
    assert refined == pytest.approx(found, abs=0.01 + 3 * error)


def test_soft_tokens():
    # Two words are a +-1 input at half the SNR.
    for m in (100, 2000, 40_000):
        bits = theory.argmax_soft_bits(64, 64, 2, m)
        assert bits == pytest.approx(m / 4096 * theory.snr_bits(4096 / (m - 1) / 2), abs=1e-9)
    # Weak signals: (1 - 1/V) / (2 ln 2); strong: log2 V.
    assert theory.argmax_soft_bits(64, 64, 64, 4 * 10**7) == pytest.approx(63 / 64 * theory.SOFT_LIMIT, rel=1e-3)
    assert theory.argmax_soft_bits(64, 64, 64, 20) == pytest.approx(20 * 6 / 4096, rel=1e-6)
    # The posterior of i.i.d. scores, drawn.
    rng, vocabulary, m = np.random.default_rng(6), 64, 701
    s = np.sqrt(4096 / (m - 1))
    scores = rng.standard_normal((40_000, vocabulary))
    scores[:, 0] += s
    bits = 6 + (s * scores[:, 0] - np.log(np.exp(s * scores).sum(1))) / np.log(2)
    found, error = bits.mean() * m / 4096, bits.std() / 200 * m / 4096
    assert theory.argmax_soft_bits(64, 64, vocabulary, m) == pytest.approx(found, abs=4 * error)
    hard = theory.argmax_bits(64, 64, vocabulary, m, "iid")
    assert hard < theory.argmax_soft_bits(64, 64, vocabulary, m)


def test_a_search_never_returns_its_own_bracket():
    with pytest.raises(HebbsimError, match="only grow"):
        theory.best_token_load(64, 64, 2, "iid")
    with pytest.raises(HebbsimError, match="misread"):
        theory.token_load_at_error(8, 8, 65536)
    m, _ = theory.token_load_at_error(64, 64, 256, codes="refined")
    error = theory.argmax_error(64, 64, 256, [m, m + 1], "refined")
    assert error[0] <= 0.01 < error[1]


@pytest.mark.parametrize("m", [400, 800])
def test_one_hot_words_of_64_by_monte_carlo(m):
    rng, dim, trials, found = np.random.default_rng(11), 64, 60, []
    for _ in range(trials):
        keys, token = signs(rng, m, dim), rng.integers(0, dim, m)
        scores = keys @ (keys.T @ np.eye(dim)[token])
        right = scores[np.arange(m), token].copy()
        scores[np.arange(m), token] = -np.inf
        rival = scores.max(1)
        ties = (scores == right[:, None]).sum(1)
        found.append(np.mean(np.where(rival > right, 1.0, ties / (ties + 1))))
    error = np.std(found, ddof=1) / np.sqrt(trials)
    assert error < 0.003
    assert theory.argmax_error(dim, dim, dim, m, "orthogonal") == pytest.approx(np.mean(found), abs=0.005 + 3 * error)


def test_orthogonal_words_tend_to_iid_scores_as_keys_grow():
    dims = np.array([64, 256, 1024, 4096, 16_384])
    gap = [
        theory.argmax_error(int(dim), 64, 64, int(dim) * 8 + 1, "orthogonal")
        - theory.argmax_error(int(dim), 64, 64, int(dim) * 8 + 1, "iid")
        for dim in dims
    ]
    assert gap[0] > 0.02
    np.testing.assert_allclose(np.array(gap[1:]) / gap[:-1], 0.25, atol=0.03)  # the repeats M / V grow fourfold a step


@pytest.mark.parametrize("dim", [32, 48])
def test_refined_below_64_by_monte_carlo(dim):
    rng, vocabulary, m, trials, found = np.random.default_rng(13), 64, 3 * dim, 80, []
    for _ in range(trials):
        keys, words, token = signs(rng, m, dim), signs(rng, vocabulary, dim), rng.integers(0, vocabulary, m)
        scores = keys @ (keys.T @ words[token]) @ words.T
        right = scores[np.arange(m), token].copy()
        scores[np.arange(m), token] = -np.inf
        found.append(np.mean(scores.max(1) > right) + np.mean(scores.max(1) == right) / 2)
    error = np.std(found, ddof=1) / np.sqrt(trials)
    assert error < 0.006
    assert theory.argmax_error(dim, dim, vocabulary, m, "refined") == pytest.approx(
        np.mean(found), abs=0.015 + 3 * error
    )


def test_argmax_over_the_stored_items_without_error():
    for dim in (16, 1024, 2**16):
        items, bits = theory.stored_items(dim)
        assert items * np.log(items) * 8 == pytest.approx(dim**2)
        assert bits == pytest.approx(0.18034, abs=1e-5)
        assert theory.stored_items(dim, 2.0)[1] == pytest.approx(theory.SOFT_LIMIT)
    with pytest.raises(HebbsimError):
        theory.stored_items(2)
