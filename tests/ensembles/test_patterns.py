"""Biased values, keys that are alike, keys that are written twice, and attention with kept first pairs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from programs import read, written
from references_recent import softmax_attention
from scipy.special import ndtr

import hebbsim
from hebbsim import theory
from hebbsim.errors import HebbsimError

BIPOLAR = hebbsim.ENSEMBLES["bipolar"]


def rows(side, count, seed=0):
    return np.asarray(jax.jit(lambda key: side.rows((), side.draw(key, jnp.arange(count))))(jax.random.key(seed)))


def test_biased_values_have_their_mean_and_fair_keys():
    ensemble = BIPOLAR(bias=0.6)
    assert rows(ensemble.values(70), 500).mean() == pytest.approx(0.6, abs=0.02)
    assert abs(rows(ensemble.keys(70), 500).mean()) < 0.03
    assert rows(ensemble.tied_keys(70), 500).mean() == pytest.approx(0.6, abs=0.02)


def test_similar_keys_have_their_mean_cosine():
    found = rows(BIPOLAR(similarity=0.3).keys(200), 300)
    overlaps = found @ found.T / 200
    assert overlaps[np.triu_indices(300, 1)].mean() == pytest.approx(0.3, abs=0.02)
    assert np.array_equal(found[[7, 3]], rows(BIPOLAR(similarity=0.3).keys(200), 300)[[7, 3]])


def test_the_crosstalk_of_similar_keys_follows_its_law():
    """A Hebbian field is value + noise of variance (M - 1) (1 / dim + similarity^2 (1 - 1 / dim))."""
    dim, count, alike = 64, 20, 0.15
    point = hebbsim.measure(ensemble_options={"similarity": alike}, dim=dim, num_patterns=count, probes=32, trials=200)
    law = ndtr(-(((count - 1) * (1 / dim + alike**2 * (1 - 1 / dim))) ** -0.5))
    assert abs(point.error_rate.best - law) < 4 * point.error_rate.standard_error + 0.004


def test_a_bias_of_the_values_leaves_the_errors_of_a_hebbian_memory_as_they_are():
    """The noise is a sum of v^2 = 1 terms with fair signs of the keys: the law is that of fair values."""
    plain = hebbsim.measure(dim=64, num_patterns=32, probes=32, trials=60)
    biased = hebbsim.measure(ensemble_options={"bias": 0.7}, dim=64, num_patterns=32, probes=32, trials=60)
    assert abs(plain.error_rate.best - biased.error_rate.best) < 5 * plain.error_rate.standard_error + 0.01


def test_a_rewritten_key_is_that_of_the_pair_before():
    found = rows(BIPOLAR(rewrite=0.5, gap=8).keys(40), 40)
    assert np.array_equal(found[8:16], found[:8]) and np.array_equal(found[24:32], found[16:24])
    assert not np.array_equal(found[16:24], found[:8])
    some = rows(BIPOLAR(rewrite=0.1, gap=8).keys(40), 800).reshape(50, 2, 8, 40)
    assert np.mean(np.all(some[:, 0] == some[:, 1], axis=2)) == pytest.approx(0.2, abs=0.06)


def test_delta_forgets_what_is_overwritten_and_hebbian_keeps_both():
    given = dict(ensemble_options={"rewrite": 0.5, "gap": 8}, dim=64, num_patterns=16, ages=[8], trials=20, probes=16)
    delta = hebbsim.measure(rule="delta", **given).age_error_rate
    hebb = hebbsim.measure(rule="hebbian", **given).age_error_rate
    assert delta[0].best < 0.02 and delta[1].best == pytest.approx(0.5, abs=0.06)
    assert hebb[0].best == pytest.approx(0.25, abs=0.06) == pytest.approx(hebb[1].best, abs=0.1)


def test_off_the_options_leave_the_label_and_the_patterns_as_they_were():
    assert BIPOLAR().label == "bipolar" and BIPOLAR(flip=0.1).label == "bipolar(flip=0.1)"


@pytest.mark.parametrize("count", [3, 8, 9, 20, 40])
@pytest.mark.parametrize("sinks", [0, 1, 4])
def test_attention_with_first_pairs_kept_equals_its_loop(count, sinks):
    rng = np.random.default_rng(count)
    keys, values, queries = (
        rng.standard_normal((count, 6)),
        rng.standard_normal((count, 5)),
        rng.standard_normal((4, 6)),
    )
    rule = hebbsim.RULES["softmax_attention"](window=8, sinks=sinks)
    state = rule.init(6, 5)
    for start in range(0, count, 7):
        state = written(rule, state, *(np.float32(side[start : start + 7]) for side in (keys, values)))
    options = {"window": 8, "sinks": sinks, "inverse_temperature": 1.0}
    right = softmax_attention(options, keys, values, queries)
    assert np.allclose(read(rule, state, np.float32(queries)), right, atol=1e-5)
    assert rule.num_parameters(6, 5) == (8 + sinks) * 11
    if sinks and count > 8:
        dropped = softmax_attention(options, keys, values, queries, drop="sinks")
        assert np.abs(dropped - right).max() > 1e-2


@pytest.mark.parametrize(
    "options, words",
    [
        ({"bias": 1.0}, "above -1, under 1"),
        ({"similarity": -0.1}, "from 0 to under 1"),
        ({"rewrite": 0.6, "gap": 4}, "a share from 0 to 0.5"),
        ({"rewrite": 0.5}, "allowed: both, or neither"),
        ({"bias": 0.5, "similarity": 0.5}, "allowed: one of them"),
    ],
)
def test_what_does_not_fit_is_refused(options, words):
    with pytest.raises(HebbsimError, match=words):
        BIPOLAR(**options)


def test_tied_patterns_are_not_rewritten():
    with pytest.raises(HebbsimError, match="allowed: rewrite untied"):
        hebbsim.measure(ensemble_options={"rewrite": 0.5, "gap": 4}, dim=8, num_patterns=8, tied=True, trials=2)


@pytest.mark.parametrize("rule, bias, count", [("hopfield", 0.2, 24), ("hopfield", 0.6, 8), ("covariance", 0.6, 24)])
def test_tied_patterns_with_a_bias_follow_their_law(rule, bias, count):
    """Plain sums lose the minority entries to the others' mean; centred ones keep most of them, of as many patterns."""
    options = dict(ensemble_options={"bias": bias}, tied=True, dim=128, num_patterns=count, trials=60, probes=24)
    found = hebbsim.measure(rule=rule, **options).error_rate
    law = theory.hopfield_error(count, 128, bias, centred=rule == "covariance")
    assert abs(found.best - law) < 4 * found.standard_error + 0.04 * law


def test_the_law_of_tied_patterns_goes_to_its_limits():
    counts = np.array([5, 20, 80])
    fair = theory.hopfield_error(counts, 400)
    assert np.allclose(fair, ndtr(-np.sqrt(399 / (counts - 1.0))), rtol=1e-9)
    # Past a^-3 patterns every minority entry is lost, however large the network; centred, the error falls with dim.
    assert theory.hopfield_error(4000, 40_000, 0.4) == pytest.approx(0.3, abs=1e-3)
    assert theory.hopfield_error(400, 40_000, 0.4, centred=True) < 1e-6
    assert theory.hopfield_error(5, 400, 0.3) == pytest.approx(theory.hopfield_error(5, 400, -0.3))
    with pytest.raises(HebbsimError, match="bias = 1"):
        theory.hopfield_error(5, 400, 1.0)
