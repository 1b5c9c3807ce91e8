"""Readers that are given all keys: against float64 solvers, and against what they must be able to read."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import amp_oracle, gamp_oracle, hebbian

import hebbsim
from hebbsim import theory
from hebbsim.precisions.lloyd_max import cells as cells_of
from hebbsim.precisions.lloyd_max import scale_of
from hebbsim.retrievals import columns, gamp, token_amp
from hebbsim.theory.limits import ridge_sinr


def draw(seed, *shape):
    return np.random.default_rng(seed).choice([-1.0, 1.0], shape).astype(np.float32)


def read(name, keys, weights, denoise=None, **options):
    reader = hebbsim.RETRIEVALS[name](**options).columns
    keys, weights, count = jnp.asarray(keys), jnp.asarray(weights), jnp.float32(len(keys))
    return reader.read(keys, count, reader.prepare(keys, count, weights), weights, denoise)


@pytest.mark.parametrize("method", ["cholesky", "cg"])
@pytest.mark.parametrize("patterns", [30, 70])
def test_ridge_is_the_least_squares_of_float64(method, patterns):
    keys, values = draw(0, patterns, 48), draw(1, patterns, 5)
    found = read("ridge", keys, keys.T @ values, method=method)
    right = np.linalg.pinv(keys.T.astype(np.float64)) @ (keys.T @ values)
    mine = np.asarray(found.value)
    scale = np.sum(mine * right, 0) / np.sum(right * right, 0)
    assert np.allclose(mine, right * scale[None, :], atol=5e-3)
    assert np.all(found.rested)
    # Its own account of the noise, from the memory alone, is what it is.
    assert np.asarray(found.noise) == pytest.approx(np.sqrt(np.mean((mine - values) ** 2, 0)), abs=0.2)


def test_ridge_has_the_error_of_its_sinr():
    point = hebbsim.measure(dim=256, num_patterns=384, retrieval="ridge", trials=4)
    assert point.error_rate.best == pytest.approx(float(theory.gaussian_tail(np.sqrt(ridge_sinr(1.5)))), rel=0.05)
    assert float(point.counts["expected"] / point.counts["solves"]) == pytest.approx(point.error_rate.best, rel=0.03)


def test_box_and_amp_read_what_one_shot_and_ridge_cannot():
    options = dict(dim_key=256, dim_value=16, num_patterns=384, trials=2)
    for name in ("box", "amp"):
        point = hebbsim.measure(retrieval=name, **options)
        assert point.counts["errors"] == 0 and point.counts["unconverged"] == 0
        assert point.counts["rewritten"] == point.counts["solves"] == 32
        assert point.bits_per_parameter.best == 1.5
    assert hebbsim.measure(**options).error_rate.best > 0.18


def test_amp_past_its_threshold_says_so():
    point = hebbsim.measure(dim_key=256, dim_value=16, num_patterns=640, retrieval="amp", trials=2)
    assert point.counts["rewritten"] == 0 and point.error_rate.best > 0.1


def test_an_amp_cut_short_is_counted_as_unconverged():
    options = dict(dim_key=256, dim_value=8, num_patterns=384, trials=2, retrieval="amp")
    point = hebbsim.measure(retrieval_options={"steps": 2}, **options)
    assert point.counts["unconverged"] == 16 and point.counts["iterations"] == 32


def test_the_onsager_term_is_what_makes_the_noise_level_true():
    """Without it the residual remembers the last estimate, and tau is not the spread of r about the values."""
    keys, values = draw(2, 768, 512), draw(3, 768, 24)
    denoise = hebbsim.ENSEMBLES["bipolar"]().values(8).denoise
    found = read("amp", keys, keys.T @ values, denoise, steps=3)
    spread = np.sqrt(np.mean((np.asarray(found.value) - values) ** 2, 0))
    assert np.asarray(found.noise).mean() == pytest.approx(spread.mean(), rel=0.03)


def test_gaussian_values_are_read_at_the_mmse():
    point = hebbsim.measure(dim=256, num_patterns=192, ensemble="gaussian", retrieval="amp", readout="soft", trials=2)
    one = hebbsim.measure(dim=256, num_patterns=192, ensemble="gaussian", readout="soft", trials=2)
    assert point.bits_per_parameter.best > 4 * one.bits_per_parameter.best  # load < 1: only float32 ends it


def test_between_is_the_truncated_normal():
    from scipy.stats import truncnorm

    lower = np.array([-np.inf, -1.0, 0.3, 2.0, -0.2, 4.0])
    upper = np.array([-0.5, 0.2, np.inf, 2.5, 0.1, 5.0])
    mean, variance = 0.4, 0.7
    a, b = (lower - mean) / variance**0.5, (upper - mean) / variance**0.5
    right = truncnorm(a, b, mean, variance**0.5)
    found = gamp.between(
        *(jnp.asarray(x, jnp.float32) for x in (lower, upper)), jnp.float32(mean), jnp.float32(variance)
    )
    assert np.asarray(found[0]) == pytest.approx(right.mean(), abs=2e-5)
    assert np.asarray(found[1]) == pytest.approx(right.var(), rel=2e-3, abs=1e-5)


def test_rounded_weights_are_read_by_their_cells():
    options = dict(
        dim_key=512, dim_value=8, num_patterns=563, trials=2, precision="lloyd_max", precision_options={"bits": 2}
    )
    by_cells = hebbsim.measure(retrieval="amp", retrieval_options={"cells": 2}, **options)
    as_noise = hebbsim.measure(retrieval="amp", **options)
    assert by_cells.counts["errors"] == 0 and as_noise.counts["errors"] > 0
    with pytest.raises(hebbsim.HebbsimError, match="cells of 3 bits"):
        hebbsim.measure(retrieval="amp", retrieval_options={"cells": 3}, **options)


def test_whitening_reads_more_tokens_and_amp_all():
    options = dict(
        dim=128,
        num_patterns=round(0.035 * 128**2),
        ensemble="tokens",
        ensemble_options={"vocabulary": 128},
        readout="argmax",
        trials=2,
        probes=512,
    )
    plain = hebbsim.measure(**options).error_rate.best
    white = hebbsim.measure(retrieval="whitened", **options).error_rate.best
    assert white < 0.3 * plain
    read_back = hebbsim.measure(retrieval="amp", **options)
    assert read_back.counts["errors"] == 0 and read_back.counts["unconverged"] == 0
    assert read_back.bits["soft"].best == pytest.approx(read_back.bits["hard"].best, rel=0.01)


def test_whitened_scores_are_the_log_likelihoods_of_float64():
    words = draw(4, 20, 12).astype(np.float64)
    covariance = words.T @ words / 20 * 0.3
    white = token_amp.whiten(jnp.asarray(words, jnp.float32), jnp.asarray(covariance, jnp.float32))
    field = np.random.default_rng(5).standard_normal((3, 12))
    inverse = np.linalg.inv(covariance)
    gap = field[:, None, :] - words[None, :, :]
    right = -0.5 * np.einsum("ptd,de,pte->pt", gap, inverse, gap)
    mine = field @ np.asarray(white.metric, np.float64) @ words.T + np.asarray(white.offset)[None, :]
    assert np.allclose(mine - mine[:, :1], right - right[:, :1], rtol=1e-3, atol=2e-2)


def test_what_a_reader_cannot_read_is_refused():
    options = dict(dim=32, num_patterns=20, retrieval="amp")
    for more, words in (
        ({"rule": "softmax_attention"}, "outer_product"),
        ({"tied": True}, "their own keys"),
        ({"ensemble_options": {"flip": 0.1}}, "no cue is used"),
        (
            {"retrieval": "box", "ensemble": "gaussian", "readout": "soft"},
            "does not read ensemble gaussian; allowed: bipolar",
        ),
        ({"retrieval": "whitened"}, "codebook"),
        ({"retrieval_options": {"damping": 1.0}}, "under 1"),
    ):
        with pytest.raises(hebbsim.HebbsimError, match=words):
            hebbsim.measure(**(options | more))


def test_blocks_of_columns_do_not_change_what_is_read(monkeypatch):
    options = dict(dim_key=64, dim_value=40, num_patterns=80, retrieval="amp", trials=2, seed=3)
    whole = hebbsim.measure(**options).counts
    monkeypatch.setattr(columns, "BLOCK", 16)
    jax.clear_caches()
    parts = hebbsim.measure(**options).counts
    assert whole["errors"] == parts["errors"] and whole["iterations"] == parts["iterations"]


def test_amp_takes_the_steps_of_float64():
    keys, _, state = hebbian(np.random.default_rng(6), 300, 200, 7)
    denoise = hebbsim.ENSEMBLES["bipolar"]().values(8).denoise
    passes = list(amp_oracle(keys, state, 5))
    for steps, right in enumerate(passes[1:], 1):
        found = read("amp", keys.astype(np.float32), state.astype(np.float32), denoise, steps=steps)
        assert np.allclose(found.value, right.field, atol=2e-4)
        assert np.allclose(np.asarray(found.noise) ** 2, right.variance, rtol=1e-3)


def test_amp_from_cells_takes_the_steps_of_float64():
    keys, _, state = hebbian(np.random.default_rng(7), 201, 200, 5)
    denoise = hebbsim.ENSEMBLES["bipolar"]().values(8).denoise
    rounded = hebbsim.PRECISIONS["lloyd_max"](bits=2).wrap(hebbsim.RULES["hebbian"]())
    weights = rounded.consolidate(jnp.asarray(state, jnp.float32))
    scale = scale_of(weights, 2)
    low, high = (np.asarray(ends, np.float64) for ends in cells_of(weights, 2, scale))
    for steps, right in enumerate(gamp_oracle(keys, low, high, 4), 1):
        found = gamp.pass_from_cells(
            jnp.asarray(keys, jnp.float32), weights, scale, 2, denoise, steps, tolerance=0.0, damping=0.0
        )
        assert np.allclose(found.value, right.field, atol=2e-3)


def test_a_stuck_column_starts_again_from_what_another_reader_gives():
    keys, values, state = hebbian(np.random.default_rng(8), 160, 128, 6)
    denoise = hebbsim.ENSEMBLES["bipolar"]().values(8).denoise
    rounded = hebbsim.PRECISIONS["lloyd_max"](bits=2).wrap(hebbsim.RULES["hebbian"]())
    weights = rounded.consolidate(jnp.asarray(state, jnp.float32))
    one = jnp.ones(6, jnp.int32)
    told = columns.Read(jnp.asarray(values, jnp.float32), jnp.full(6, 0.1), 7 * one, one > 0)

    def read(other):
        return gamp.pass_from_cells(
            jnp.asarray(keys, jnp.float32), weights, scale_of(weights, 2), 2, denoise, 2, 0.0, 0.0, other
        )

    alone, helped = read(None), read(lambda: told)
    assert not np.any(alone.rested) and np.any(np.sign(alone.value) != values)
    assert np.all(helped.rested) and np.array_equal(np.sign(helped.value), values)
    assert np.array_equal(helped.steps, np.full(6, 2 + 7 + 1))


@pytest.mark.parametrize("steps", [1, 4])
def test_the_noise_that_amp_believes_in_predicts_its_errors(steps):
    point = hebbsim.measure(
        dim_key=1024, dim_value=48, num_patterns=1536, retrieval="amp", retrieval_options={"steps": steps}, trials=2
    )
    assert float(point.counts["expected"] / point.counts["solves"]) == pytest.approx(point.error_rate.best, abs=0.003)
