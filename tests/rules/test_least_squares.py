"""pseudo_inverse on keys that are nearly dependent: against float64 least squares, batch and online."""

import numpy as np
import pytest
from hard_inputs import correlated, ill_conditioned, signs
from programs import memory_of, written
from references import expected, relative_error

import hebbsim


def weights_error(options, keys, values):
    """Of the weights, relative to their largest entry."""
    keys, values = np.float32(keys), np.float32(values)
    rule = hebbsim.RULES["pseudo_inverse"](**options)
    right = expected("pseudo_inverse", options, keys, values, np.eye(keys.shape[1]))
    return relative_error(memory_of(rule, keys, values), right)


@pytest.mark.parametrize("online", [False, True])
@pytest.mark.parametrize("ridge", [0.0, 1e-6, 0.5, 1e4])
@pytest.mark.parametrize("pairs", [20, 65, 129])
def test_nearly_equal_keys_lose_no_direction(pairs, ridge, online):
    rng = np.random.default_rng(1)
    keys, values = correlated(rng, pairs, 64), signs(rng, pairs, 64)
    # 65 pairs in 64 dimensions: the condition number of these keys is a thousand times that of the others.
    assert weights_error({"ridge": ridge, "online": online}, keys, values) < (1e-5 if pairs == 129 else 1e-4)


@pytest.mark.parametrize("online", [False, True])
@pytest.mark.parametrize("pairs", [16, 32, 65])
def test_least_squares_hold_up_to_the_stated_condition_number(pairs, online):
    rng = np.random.default_rng(2)
    for condition in (1e3, 1e5, 3e5):
        keys = ill_conditioned(rng, pairs, 32, condition)
        assert weights_error({"online": online}, keys, signs(rng, pairs, 8)) < 1e-4
    beyond = ill_conditioned(rng, 65, 32, 1e8)
    assert weights_error({"online": online}, beyond, signs(rng, 65, 8)) > 1e-2  # as the docstring says


@pytest.mark.parametrize("ridge", [1e-9, 1e-3])
def test_a_ridge_tames_any_condition_number(ridge):
    rng = np.random.default_rng(3)
    keys = (
        ill_conditioned(rng, 65, 32, 1e8) * 1e-1
    )  # the largest eigenvalue is about 20: the ridge is above 1e-12 of it
    keys[10] = keys[3]
    for online in (False, True):
        assert weights_error({"ridge": ridge, "online": online}, keys, signs(rng, 65, 8)) < 1e-3


@pytest.mark.parametrize(("ridge", "dim", "patterns"), [(1e-6, 64, 70), (1e-9, 32, 36), (1e-4, 48, 48)])
def test_online_with_a_small_ridge_errs_as_often_as_batch(ridge, dim, patterns):
    batch, online = (
        hebbsim.measure(
            rule="pseudo_inverse",
            rule_options={"ridge": ridge, "online": online},
            dim=dim,
            num_patterns=patterns,
            probes=256,
            trials=4,
        ).counts["errors"]
        for online in (False, True)
    )
    assert batch == online < 0.01 * 4 * dim * patterns


def test_integer_sums_leave_nothing_over():
    rng = np.random.default_rng(4)
    rule = hebbsim.RULES["pseudo_inverse"]()
    keys, values = (np.float32(signs(rng, 200, 16)) for _ in "kv")
    state = written(rule, rule.init(16, 16), keys, values)
    assert np.array_equal(state.high.gram, keys.T @ keys) and not np.any(state.low.gram)
    keys, values = keys / 3, values / 3
    shorter = written(rule, rule.init(16, 16), keys, values)
    exact = np.float64(keys).T @ np.float64(keys)
    both = np.float64(shorter.high.gram) + np.float64(shorter.low.gram)
    assert np.allclose(both, exact, rtol=0, atol=1e-12 * exact.max())
    assert np.abs(np.float64(shorter.high.gram) - exact).max() > 1e-9
