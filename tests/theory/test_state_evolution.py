"""State evolution against the readers themselves, in float64 (oracles.py), and its thresholds against closed forms."""

import numpy as np
import pytest
from oracles import (
    amp_oracle,
    box_oracle,
    box_unique,
    cells_of,
    gamp_oracle,
    gradients_oracle,
    hebbian,
    ridge_oracle,
    signs,
    token_oracle,
    truncated,
)
from scipy.special import ndtr

from hebbsim import theory
from hebbsim.errors import HebbsimError
from hebbsim.statistics.estimate import Unresolved
from hebbsim.theory.quantised import cell_information
from hebbsim.theory.state_evolution import bipolar_loss
from hebbsim.theory.token_amp import token_loss


def wrong(field, values):
    return np.mean(np.sign(field) != values)


def near_mean(samples, expected):
    """Within 3.5 standard errors of the mean of independent samples."""
    return abs(np.mean(samples) - expected) < 3.5 * np.std(samples) / np.sqrt(len(samples))


# AMP


def test_amp_follows_its_state_evolution():
    keys, values, state = hebbian(np.random.default_rng(3), 1536, 1024, 160)
    predicted = theory.amp_errors(1.5, 9).error
    for error, run in zip(predicted, amp_oracle(keys, state, 9), strict=True):
        seen = wrong(run.field, values)
        assert abs(seen - ndtr(-1 / np.sqrt(run.variance)).mean()) < 0.003
        if error > 0.05:
            assert abs(seen - error) < 0.003
    assert seen == 0


def test_first_pass_of_amp_is_the_one_shot_read_and_the_last_its_fixed_point():
    run = theory.amp_errors(2.2, 300)
    assert run.error[0] == theory.bit_error(2.2) and run.variance[0] == 2.2
    assert run.error[-1] == pytest.approx(theory.amp_error(2.2), rel=1e-9)
    assert theory.amp_errors(2.2, 300, noise=0.3).error[-1] == pytest.approx(theory.amp_error(2.2, 0.3), rel=1e-9)
    assert theory.amp_error(2.0) == 0 and theory.amp_errors(2.0, 60).error[-1] == 0


def test_bipolar_loss_is_that_of_the_posterior_mean():
    rng = np.random.default_rng(1)
    for variance in (0.1, 0.7, 3.0):
        r = 1 + np.sqrt(variance) * rng.standard_normal(200_000)
        assert near_mean((np.tanh(r / variance) - 1) ** 2, bipolar_loss(variance))
    assert bipolar_loss(np.inf) == pytest.approx(1) and bipolar_loss(0.0) == 0


def test_thresholds_found_by_bisection_are_those_of_the_formulas():
    assert theory.clean_load(theory.amp_error, 1, 3) == pytest.approx(theory.amp_capacity(), rel=2e-5)
    assert theory.clean_load(theory.box_error, 1, 3) == pytest.approx(theory.BOX_LIMIT, rel=2e-5)
    assert theory.clean_load(lambda load: float(theory.ridge_error(load)), 0.5, 3, 0.01) == pytest.approx(
        1 + theory.load_at_error(0.01), rel=2e-5
    )


@pytest.mark.parametrize(("low", "high"), [(1.0, 2.0), (2.2, 3.0)])
def test_a_threshold_outside_its_bracket_is_not_made_up(low, high):
    with pytest.raises(Unresolved, match="allowed"):
        theory.clean_load(theory.amp_error, low, high)


# Ridge


def test_ridge_is_least_squares_with_any_penalty_and_noise():
    rng = np.random.default_rng(2)
    assert theory.ridge_error([0.5, 1.0, 1.1, 1.2, 1.5, 2.0]) == pytest.approx(
        [0, 0, 0.0008, 0.0127, 0.0786, 0.1587], abs=5e-5
    )
    keys, values, state = hebbian(rng, 384, 256, 128)
    noisy = state + np.sqrt(0.1 * 256) * rng.standard_normal(state.shape)
    for weights, noise, penalty in ((state, 0.0, 0.0), (state, 0.0, 0.3), (noisy, 0.1, 0.1), (noisy, 0.1, 0.02)):
        columns = np.mean(np.sign(ridge_oracle(keys, weights, penalty)) != values, axis=0)
        assert near_mean(columns, theory.ridge_error(1.5, noise, penalty))
    best = [theory.ridge_error(1.5, 0.1, penalty) for penalty in (0.05, 0.1, 0.2)]
    assert min(best) == best[1] == theory.ridge_error(1.5, 0.1)
    assert theory.ridge_error(1.0, 0.1, 0.0) == 0.5  # the keys are as good as singular


def test_ridge_by_conjugate_gradients_step_by_step():
    rng = np.random.default_rng(4)
    keys, values, state = hebbian(rng, 600, 400, 160)
    state += np.sqrt(0.1 * 400) * rng.standard_normal(state.shape)
    predicted = theory.ridge_errors(1.5, 200, 0.1, 0.02).error
    for error, x in zip(predicted, gradients_oracle(keys, state, 6, 0.02), strict=False):
        assert near_mean(np.mean(np.sign(x) != values, axis=0), error)
    assert predicted[0] < theory.bit_error(1.5 + 0.1) + 1e-3
    assert predicted[-1] == pytest.approx(theory.ridge_error(1.5, 0.1, 0.02), rel=1e-6)
    assert theory.ridge_errors(0.7, 40).error[-1] < 1e-12


# Box


@pytest.mark.parametrize(("load", "noise", "penalty"), [(1.5, 0.1, 0.0), (3.0, 0.0, 0.01)])
def test_box_error_is_that_of_the_solution(load, noise, penalty):
    rng = np.random.default_rng(5)
    keys, values, state = hebbian(rng, int(load * 128), 128, 64)
    state += np.sqrt(noise * 128) * rng.standard_normal(state.shape)
    columns = np.mean(np.sign(box_oracle(keys, state, penalty)) != values, axis=0)
    assert near_mean(columns, theory.box_error(load, noise))


def test_box_lies_between_ridge_and_amp():
    for load, noise in ((1.5, 0.1), (2.2, 0.0), (3.0, 0.2)):
        assert theory.amp_error(load, noise) < theory.box_error(load, noise) < theory.ridge_error(load, noise)
    assert theory.box_errors(1.5, 80).error[-1] < 1e-12
    assert theory.box_errors(1.5, 400, 0.1).error[-1] == pytest.approx(theory.box_error(1.5, 0.1), rel=1e-9)


def test_a_column_is_alone_in_the_box_as_often_as_wendel_says():
    rng = np.random.default_rng(6)
    assert theory.box_exact(64, 128) == pytest.approx(0.5)
    for num_patterns in (28, 32, 36):
        alone = 0
        for _ in range(60):
            keys, values, _ = hebbian(rng, num_patterns, 16, 1)
            alone += box_unique(keys, values[:, 0])
        chance = theory.box_exact(16, num_patterns)
        assert abs(alone / 60 - chance) < 3 * np.sqrt(chance * (1 - chance) / 60)


# Quantised weights


def test_capacities_of_quantised_weights():
    loads = [theory.gamp_capacity(bits) for bits in (1, 2, 3, 4)]
    assert loads == pytest.approx([0.670, 1.426, 1.875, 2.025], abs=5e-4)
    stored = [load / bits for bits, load in enumerate(loads, 1)]
    assert max(stored) == stored[1] == pytest.approx(0.713, abs=5e-4)
    assert loads[3] < theory.gamp_capacity(6) < theory.amp_capacity()
    for bits, load in ((1, loads[0]), (2, loads[1])):
        assert theory.gamp_error(0.99 * load, bits) == 0 < theory.gamp_error(1.01 * load, bits)


def test_information_of_a_cell():
    rng = np.random.default_rng(7)
    for bits, error in ((1, 0.3), (2, 0.05), (3, 0.6)):
        p = np.sqrt(1 - error) * rng.standard_normal(100_000)
        z = p + np.sqrt(error) * rng.standard_normal(p.size)
        mean, variance = truncated(p, error, *cells_of(z, theory.lloyd_max_levels(bits)[1]))
        information = cell_information(bits, error)
        assert near_mean(((mean - p) / error) ** 2, information)
        assert near_mean((1 - variance / error) / error, information)
        assert cell_information(bits, 1.0) == pytest.approx(1 - theory.lloyd_max(bits), rel=1e-6)
    assert cell_information(8, 0.2) == pytest.approx(5, rel=0.01)


@pytest.mark.parametrize(("bits", "load"), [(1, 0.4), (3, 1.2)])
def test_generalised_amp_follows_its_state_evolution(bits, load):
    dim_key, dim_value = 512, 64
    num_patterns = int(load * dim_key) + 1
    keys, values, state = hebbian(np.random.default_rng(8), num_patterns, dim_key, dim_value)
    levels, thresholds = theory.lloyd_max_levels(bits)
    low, high = cells_of(state, thresholds * np.sqrt(num_patterns))
    runs = gamp_oracle(keys, low, high, 30)
    load = num_patterns / dim_key
    for error, run in zip(theory.gamp_errors(load, bits, 3).error, runs, strict=False):
        assert near_mean(np.mean(np.sign(run.field) != values, axis=0), error)
    assert any(wrong(run.field, values) == 0 for run in runs)
    rounded = levels[np.searchsorted(thresholds * np.sqrt(num_patterns), state)] * np.sqrt(num_patterns)
    noise = theory.quantiser_noise(load, bits)
    linear = amp_oracle(keys, rounded / (1 - theory.lloyd_max(bits)), 3)
    for error, run in zip(theory.amp_errors(load, 3, noise).error, linear, strict=True):
        assert near_mean(np.mean(np.sign(run.field) != values, axis=0), error)
    assert theory.amp_error(load, noise) > theory.gamp_error(load, bits) == 0


# Tokens


def test_token_loss_is_a_wrong_draw_from_the_posterior():
    rng = np.random.default_rng(9)
    for vocabulary, s in ((3, 1.0), (64, 7.0)):
        scores = np.sqrt(s) * rng.standard_normal((20_000, vocabulary))
        scores[:, 0] += s
        p = np.exp(scores - scores.max(1, keepdims=True))
        assert near_mean(1 - p[:, 0] / p.sum(1), token_loss(1 / s, vocabulary))
    assert token_loss(1e9, 16) == pytest.approx(15 / 16, rel=1e-6)
    assert 2 * token_loss(0.5, 2) == pytest.approx(bipolar_loss(1.0), rel=1e-9)  # two words are one sign


def test_token_capacities():
    assert theory.token_capacity(2) == pytest.approx(theory.amp_capacity(), rel=1e-6)
    assert [theory.token_capacity(v) for v in (16, 256, 4096)] == pytest.approx([1.784, 1.558, 1.430], abs=6e-4)
    assert theory.token_capacity(16, 256) == pytest.approx(1.784 * 15 / 256, rel=4e-4)
    assert theory.token_capacity(1024, 256) == theory.token_capacity(1024)
    assert theory.SOFT_LIMIT < theory.token_capacity(10**6) < theory.token_capacity(2**16)


def test_iterated_tokens_follow_their_state_evolution():
    rng = np.random.default_rng(10)
    dim_key, dim_value, vocabulary = 512, 24, 16
    num_patterns = int(0.85 * theory.token_capacity(vocabulary) * dim_key * 15 / 4)
    keys, words = signs(rng, num_patterns, dim_key), signs(rng, vocabulary, dim_value)
    tokens = rng.integers(0, vocabulary, num_patterns)
    state = keys.T @ words[tokens]
    seen = [np.mean(run.field.argmax(1) != tokens) for run in token_oracle(keys, state, words, 40)]
    predicted = theory.token_errors(dim_key, dim_value, vocabulary, num_patterns, 4).error
    # One memory: its columns fluctuate together, by about 1 / sqrt(15 dim_key) of the variance.
    assert seen[:4] == pytest.approx(predicted, abs=0.03)
    assert seen[-1] == 0


@pytest.mark.parametrize(("vocabulary", "num_patterns", "slack"), [(32, 150, 0.0), (64, 300, 0.0), (128, 300, 0.01)])
def test_whitened_read(vocabulary, num_patterns, slack):
    rng, dim = np.random.default_rng(11), 64
    errors, plain = [], []
    for _ in range(24):
        keys, words = signs(rng, num_patterns, dim), signs(rng, vocabulary, dim)
        tokens = rng.integers(0, vocabulary, num_patterns)
        field = keys @ (keys.T @ words[tokens]) / dim
        metric = np.linalg.pinv(words.T @ words / vocabulary, rcond=1e-11)
        scores = field @ metric @ words.T - 0.5 * np.sum(words @ metric * words, axis=1)
        errors.append(np.mean(scores.argmax(1) != tokens))
        plain.append(np.mean((field @ words.T).argmax(1) != tokens))
    predicted = theory.whitened_error(dim, dim, vocabulary, num_patterns)
    assert abs(np.mean(errors) - predicted) < 3.5 * np.std(errors) / np.sqrt(24) + slack
    assert np.mean(errors) < np.mean(plain)
    if vocabulary <= dim:
        orthogonal = theory.argmax_error(dim, dim, vocabulary, num_patterns, "orthogonal")
        assert predicted == pytest.approx(orthogonal, rel=1e-3)
    assert theory.whitened_error(dim, dim, vocabulary, [1, num_patterns]) == pytest.approx([0.0, predicted])


@pytest.mark.parametrize(
    "call",
    [
        lambda: theory.amp_errors(0, 3),
        lambda: theory.amp_errors(1, 0),
        lambda: theory.amp_error(1, -1.0),
        lambda: theory.ridge_error(1, 0.1, -1.0),
        lambda: theory.box_error(-1),
        lambda: theory.gamp_error(1, 0),
        lambda: theory.gamp_capacity(9),
        lambda: theory.quantiser_noise(-1, 2),
        lambda: theory.token_capacity(1),
        lambda: theory.token_errors(64, 0, 16, 10, 3),
        lambda: theory.whitened_error(64, 64, 1, 10),
    ],
)
def test_what_is_not_allowed_is_said_in_one_line(call):
    with pytest.raises(HebbsimError, match="allowed") as caught:
        call()
    assert "\n" not in str(caught.value)
