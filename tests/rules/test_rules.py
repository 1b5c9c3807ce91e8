"""For each rule, what defines it: known results, and that dropping the defining term would show."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from programs import memory_of, read, recalled, state_of

import hebbsim
from hebbsim import theory
from hebbsim.rules.linear_attention import feature_map_of

RULES = hebbsim.RULES


def draw(rng, *shape):
    return np.float32(rng.choice([-1.0, 1.0], shape))


def test_pseudo_inverse_is_exact_up_to_dim_and_then_has_the_sinr():
    for patterns in (20, 60):
        exact = hebbsim.measure(rule="pseudo_inverse", dim=64, num_patterns=patterns, probes=64, trials=4)
        assert exact.counts["errors"] == 0
    point = hebbsim.measure(rule="pseudo_inverse", dim=128, num_patterns=160, probes=256, readout="soft", trials=12)
    assert point.bits_per_parameter.best == pytest.approx(float(theory.ridge_soft_bits(1.25)), abs=0.015)


def test_pseudo_inverse_equals_float64_least_squares():
    rng = np.random.default_rng(0)
    keys, values = draw(rng, 90, 40), draw(rng, 90, 8)
    for ridge in (0.0, 3.0):
        rule = RULES["pseudo_inverse"](ridge=ridge)
        k, v = np.asarray(keys, np.float64), np.asarray(values, np.float64)
        right = np.linalg.solve(k.T @ k + ridge * np.eye(40), k.T @ v)
        assert np.allclose(memory_of(rule, keys, values), right, atol=1e-5)


def test_covariance_subtracts_the_activity():
    """Field SNR^2 = dim / (M f (1 - f)) for full cues; without centring it is far lower."""
    n, active, patterns = 400, 20, 300
    f, side = active / n, hebbsim.ENSEMBLES["sparse"](active=active).keys(n)
    rows = jax.jit(lambda key: side.rows((), side.draw(key, jnp.arange(patterns))))
    ratios = {"covariance": [], "hebbian": []}
    for seed in range(6):
        keys, values = (rows(jax.random.key(2 * seed + i)) for i in (0, 1))
        for name, found in ratios.items():
            field = np.asarray(recalled(RULES[name](), keys, values, keys))
            ones = np.asarray(values) > 0
            gap = field[ones].mean() - field[~ones].mean()
            found.append(gap**2 / field[~ones].var())
    law = n / (patterns * f * (1 - f)) / 1  # signal dim f (1 - f), noise M dim f^2 (1 - f)^2 f (1 - f)
    measured = np.mean(ratios["covariance"])
    assert measured == pytest.approx(law, rel=0.1)
    assert np.mean(ratios["hebbian"]) < 0.6 * measured


def test_attention_is_exact_in_its_window_and_empty_past_it():
    rng = np.random.default_rng(1)
    keys, values = draw(rng, 50, 64), draw(rng, 50, 10)
    rule = RULES["softmax_attention"](window=20)
    state = state_of(rule, keys, values)
    field = np.asarray(read(rule, state, keys))
    assert np.allclose(field[30:], values[30:], atol=1e-3)
    agreement = np.mean(np.sign(field[:30]) == np.asarray(values[:30]))
    assert abs(agreement - 0.5) < 0.12
    assert rule.num_parameters(64, 10) == 20 * 74
    soft = RULES["softmax_attention"](window=20, inverse_temperature=1e-6)
    assert np.allclose(recalled(soft, keys, values, keys), np.mean(values[30:], 0)[None, :], atol=1e-3)


def test_a_cache_holds_half_a_bit_a_parameter():
    point = hebbsim.measure(
        rule="softmax_attention", rule_options={"window": 48}, dim=64, num_patterns=48, probes=64, trials=4
    )
    assert point.bits_per_parameter.best == pytest.approx(0.5)


@pytest.mark.parametrize("name", ["elu", "relu", "dpfp", "taylor", "favor"])
def test_the_normaliser_makes_a_weighted_mean(name):
    rng = np.random.default_rng(2)
    keys, ones = np.float32(rng.standard_normal((9, 6))), np.ones((9, 3), np.float32)
    with_it, without = (RULES["linear_attention"](feature_map=name, normalise=n) for n in (True, False))
    assert np.allclose(recalled(with_it, keys, ones, keys), 1.0, atol=1e-4)
    assert not np.allclose(recalled(without, keys, ones, keys), 1.0, atol=0.1)


def test_feature_maps_have_their_kernels_and_sizes():
    rng = np.random.default_rng(3)
    x, y = (np.float32(rng.standard_normal((5, 8))) for _ in range(2))
    score = np.sum(x * y, 1) / 8**0.5

    def kernel(name, features=0):
        f = jax.jit(feature_map_of(name, features, 0))
        return np.sum(np.asarray(f(x)) * np.asarray(f(y)), 1), f(x).shape[1]

    product, size = kernel("taylor")
    assert size == 1 + 8 + 64 and np.allclose(product, 1 + score + score**2 / 2, atol=1e-5)
    product, size = kernel("favor", 40_000)
    assert size == 40_000 and np.allclose(product, np.exp(score), rtol=0.25)
    assert kernel("dpfp", 3)[1] == 2 * 8 * 3
    assert np.all(np.asarray(feature_map_of("elu", 0, 0)(x)) > 0)
    assert np.array_equal(feature_map_of("relu", 0, 0)(x), np.maximum(x, 0))


def test_linear_attention_never_beats_the_rank_bound():
    """One-hot values: the mean of |v - field|^2 / 2 is at least (1 - D / M) / 2, whatever the map."""
    patterns, dim = 96, 16
    keys = draw(np.random.default_rng(4), patterns, dim)
    values = np.eye(patterns, dtype=np.float32)
    for name in ("identity", "elu", "relu", "dpfp"):
        rule = RULES["linear_attention"](feature_map=name)
        loss = np.mean(np.sum((recalled(rule, keys, values, keys) - values) ** 2, 1)) / 2
        features = rule.init(dim, patterns).normaliser.shape[0]
        assert loss >= (1 - features / patterns) / 2


def test_identity_without_normaliser_is_the_hebbian_memory():
    rng = np.random.default_rng(5)
    keys, values = draw(rng, 12, 10), draw(rng, 12, 7)
    plain = RULES["linear_attention"](feature_map="identity", normalise=False)
    assert np.array_equal(state_of(plain, keys, values).weights, state_of(RULES["hebbian"](), keys, values))


def test_holographic_bits_per_parameter():
    """SNR 1 / (M - 1) a channel: exact soft bits 1.0 at M = 1 and 2, 0.88 at 4, 0.727 at 64."""
    for patterns, bits, slack in ((1, 1.0, 1e-9), (4, 0.88, 0.02), (64, 0.727, 0.03)):
        few = {"num_patterns": patterns, "probes": 64 if patterns > 8 else 8}
        point = hebbsim.measure(rule="holographic", dim=128, readout="soft", trials=240, **few)
        assert point.num_parameters == 128
        assert point.bits_per_parameter.best == pytest.approx(bits, abs=slack)


def test_hopfield_one_step_error_and_zero_diagonal():
    rule = RULES["hopfield"]()
    patterns = draw(np.random.default_rng(6), 30, 40)
    memory = memory_of(rule, patterns, patterns)
    assert np.all(np.diag(memory) == 0) and np.array_equal(memory, memory.T)
    clipped = RULES["hopfield"](clipped=True)
    assert set(np.unique(memory_of(clipped, patterns, patterns))) <= {-1.0, 0.0, 1.0}
    point = hebbsim.measure(rule="hopfield", tied=True, dim=400, num_patterns=120, probes=256, trials=10)
    assert abs(point.error_rate.best - theory.bit_error(119 / 400)) < 3 * point.error_rate.standard_error + 0.001


@pytest.mark.parametrize("schedule", ["synchronous", "asynchronous"])
def test_attractors_clean_a_noisy_cue(schedule):
    options = dict(
        rule="hopfield", tied=True, dim=256, num_patterns=15, probes=16, ensemble_options={"flip": 0.2}, trials=3
    )
    once = hebbsim.measure(**options)
    settled = hebbsim.measure(retrieval="attractor", retrieval_options={"schedule": schedule}, **options)
    assert settled.error_rate.best < 0.1 * once.error_rate.best
    assert settled.counts["iterations"] > 3


def test_one_attractor_step_counts_what_still_moves():
    options = dict(
        rule="hopfield", tied=True, dim=128, num_patterns=60, probes=64, ensemble_options={"flip": 0.3}, trials=2
    )
    cut = hebbsim.measure(retrieval="attractor", retrieval_options={"steps": 1}, **options)
    assert cut.counts["iterations"] == 2 and cut.counts["unconverged"] > 0


def test_what_does_not_fit_is_refused():
    for options, words in (
        (dict(rule="hopfield", dim=8, num_patterns=3), "tied patterns only"),
        (dict(rule="hebbian", retrieval="attractor", dim=8, num_patterns=3), "needs symmetric"),
        (dict(rule="holographic", dim_key=8, dim_value=9, num_patterns=3), "dim_key = dim_value"),
    ):
        with pytest.raises(hebbsim.HebbsimError, match=words):
            hebbsim.measure(**options)
