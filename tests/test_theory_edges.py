"""Additions for the theory tests: whole memories by exhaustion, orthogonal words at 64, long arrays of bad input."""

from itertools import product

import numpy as np
import pytest

from hebbsim import theory
from hebbsim.errors import HebbsimError


def signs(rng, *shape):
    return 2.0 * rng.integers(0, 2, shape) - 1


@pytest.mark.parametrize(("dim", "m"), [(1, 4), (2, 3), (3, 2), (3, 3), (4, 2)])
def test_exact_forms_over_every_memory(dim, m):
    """All keys, one column of values: the field as the simulator makes it, no argument about binomials."""
    memory = np.array(list(product((-1, 1), repeat=m * (dim + 1)))).reshape(-1, m, dim + 1)
    keys, values = memory[..., :dim], memory[..., dim]
    field = np.einsum("td,tmd,tm->t", keys[:, 0], keys, values)
    aligned = field * values[:, 0]
    error = np.mean(aligned < 0) + np.mean(aligned == 0) / 2
    assert theory.bit_error_exact(dim, m) == pytest.approx(error, abs=1e-13)
    joint = {}
    for at, value in zip(field.tolist(), values[:, 0].tolist(), strict=True):
        joint.setdefault(at, {1: 0, -1: 0})[value] += 1
    table = np.array([[cell[1], cell[-1]] for cell in joint.values()]) / len(field)
    information = 1 - np.sum(table.sum(1) * theory.binary_entropy(table[:, 0] / table.sum(1)))
    assert theory.soft_bits_exact(dim, m) == pytest.approx(m / dim * information, abs=1e-12)
    assert theory.hard_bits_exact(dim, m) == pytest.approx(m / dim * (1 - theory.binary_entropy(error)), abs=1e-12)
    assert theory.hard_bits_exact(dim, m) <= theory.soft_bits_exact(dim, m) + 1e-12


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


def test_willshaw_false_of_four_units_of_64_by_monte_carlo():
    rng, n, k, m, found = np.random.default_rng(12), 64, 4, 60, []
    for _ in range(200):
        keys, values = (rng.random((2, m, n)).argsort(-1) < k).astype(np.float32)
        recall = keys @ np.minimum(keys.T @ values, 1) == k
        found.append(np.mean(recall[values == 0]))
    error = np.std(found, ddof=1) / np.sqrt(len(found))
    exact, naive = theory.willshaw_false(m, n, n, k, k), theory.willshaw_false_naive(m, n, n, k, k)
    assert error < 0.03 * exact
    assert exact == pytest.approx(np.mean(found), abs=3 * error)
    assert exact - naive > 10 * error


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


@pytest.mark.parametrize(
    "call",
    [
        lambda bad: theory.bit_error(bad),
        lambda bad: theory.delta_bits(bad),
        lambda bad: theory.argmax_error(64, 64, 256, bad),
        lambda bad: theory.willshaw_ones(bad, 64, 64, 4, 4),
        lambda bad: theory.sign_bits(bad),
        lambda bad: theory.binary_entropy(bad),
    ],
)
def test_a_long_bad_array_is_one_line(call):
    with pytest.raises(HebbsimError) as caught:
        call(-np.arange(200.0))
    assert "\n" not in str(caught.value)


def test_argmax_over_the_stored_items_without_error():
    for dim in (16, 1024, 2**16):
        items, bits = theory.stored_items(dim)
        assert items * np.log(items) * 8 == pytest.approx(dim**2)
        assert bits == pytest.approx(0.18034, abs=1e-5)
        assert theory.stored_items(dim, 2.0)[1] == pytest.approx(theory.SOFT_LIMIT)
    with pytest.raises(HebbsimError):
        theory.stored_items(2)
