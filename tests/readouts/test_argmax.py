"""The best of V code words, a block of words at a time, against all of them at once in float64."""

import importlib

import jax.numpy as jnp
import numpy as np
import pytest

from hebbsim.base import Truth

argmax = importlib.import_module("hebbsim.readouts.argmax")  # the factory has the module's name


@pytest.mark.parametrize("block", [3, 7, 20, 4096])
def test_words_in_blocks_are_compared_as_all_at_once(monkeypatch, block):
    monkeypatch.setattr(argmax, "WORDS_AT_ONCE", block)
    rng, words, rungs = np.random.default_rng(0), 20, (0.5, 2.0)
    book = np.sign(rng.standard_normal((words, 6))).astype(np.float32)
    book[4] = book[9]  # a tie
    code = np.arange(words)  # the last word among them
    field = (book[code] + rng.integers(-2, 3, (words, 6))).astype(np.float32)
    truth = Truth(
        jnp.asarray(code),
        jnp.asarray(book[code]),
        jnp.asarray(book),
        lambda book, at: book[at],
        jnp.zeros((words, 1)),
        False,
        jnp.ones(words, bool),
    )
    right, rival, equal, posterior = map(np.asarray, argmax.compare(jnp.asarray(field), truth, 1.0, rungs))
    scores = field.astype(float) @ book.T.astype(float)
    others = np.where(np.eye(words, dtype=bool), -np.inf, scores)
    assert np.array_equal(right, np.diag(scores)) and np.array_equal(rival, others.max(1))
    assert np.array_equal(equal, np.sum(others == np.diag(scores)[:, None], 1)) and equal[4] >= 1
    for i, rung in enumerate(rungs):
        logs = rung * scores
        expected = (np.diag(logs) - np.log(np.exp(logs).sum(1))) / np.log(2)
        assert np.allclose(posterior[:, i], argmax.LOG_UNIT * expected, atol=1.5)
