"""Rules that solve, train or take logarithms when read: perceptron, bcpnn, pseudo_inverse. Oracles are float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from programs import memory_of, read, state_of, written
from scipy.optimize import linprog, nnls

import hebbsim
from hebbsim import theory

RULES = hebbsim.RULES


def draw(rng, *shape):
    return np.float32(rng.choice([-1.0, 1.0], shape))


def trained(keys, values, **options):
    rule = RULES["perceptron"](**options)
    weights = np.asarray(memory_of(rule, keys, values), np.float64)
    return weights, np.asarray(values) * (np.asarray(keys, np.float64) @ weights)


def test_the_perceptron_separates_at_load_1_8():
    point = hebbsim.measure(rule="perceptron", dim_key=512, dim_value=16, num_patterns=922, trials=2)
    assert point.counts["bits"] == 2 * 922 * 16
    assert point.counts["errors"] == point.counts["ties"] == 0


def test_the_perceptron_keeps_to_covers_law():
    """One column a trial: the share of trials without an error, against the chance that they can be trained at all."""
    dim, patterns, trials = 16, 32, 150
    point = hebbsim.measure(
        rule="perceptron",
        rule_options={"window": patterns},
        dim_key=dim,
        dim_value=1,
        num_patterns=patterns,
        probes=patterns,
        trials=trials,
    )
    share = np.mean([r.counts["errors"] + r.counts["ties"] == 0 for r in point.records])
    law = float(theory.separable_probability(dim, patterns))
    assert abs(share - law) < 3 * np.sqrt(law * (1 - law) / trials)


def test_the_perceptron_separates_just_what_can_be_separated():
    rng = np.random.default_rng(0)
    keys, values = draw(rng, 24, 14), draw(rng, 24, 60)
    _, aligned = trained(keys, values, window=24, steps=2000)
    possible = []
    for column in range(60):  # is there a w with v (k . w) >= 1 ?
        sides = -np.asarray(values)[:, column, None] * np.asarray(keys)
        found = linprog(np.zeros(14), A_ub=sides, b_ub=-np.ones(24), bounds=(None, None))
        possible.append(found.status == 0)
    assert 10 < sum(possible) < 50
    assert np.array_equal(aligned.min(0) > 0, possible)


def test_an_unreachable_margin_trains_the_widest():
    """Against the least-distance problem, min |w|^2 with v (k . w) >= 1, by non-negative least squares (Lawson & Hanson)."""
    rng = np.random.default_rng(1)
    keys, values = draw(rng, 30, 24), draw(rng, 30, 6)
    weights, aligned = trained(keys, values, margin=100.0, steps=3000, window=40)
    margin = aligned.min(0) / np.linalg.norm(weights, axis=0)
    for column in range(6):
        sides = np.asarray(values, np.float64)[:, column, None] * np.asarray(keys, np.float64)
        goal = np.append(np.zeros(24), 1.0)
        left = np.vstack([sides.T, np.ones(30)])
        residual = left @ nnls(left, goal)[0] - goal
        widest = np.linalg.norm(residual[:-1] / residual[-1]) ** -1
        assert margin[column] == pytest.approx(widest, rel=0.01)


def test_training_the_margin_and_the_window_each_do_something():
    rng = np.random.default_rng(2)
    keys, values = draw(rng, 96, 64), draw(rng, 96, 8)
    weights, aligned = trained(keys, values, steps=1, window=96)
    k, v = np.asarray(keys, np.float64), np.asarray(values, np.float64)
    gram = k.T @ k
    first = np.linalg.solve(gram + 1e-3 * np.mean(np.diag(gram)) * np.eye(64), k.T @ v)
    assert np.allclose(weights, first, atol=1e-5)  # sweep 1 is least squares
    assert np.mean(aligned < 0) > 0.02
    for margin in (0.001, 0.1):
        weights, aligned = trained(keys, values, margin=margin, window=96)
        reached = aligned.min(0) / np.linalg.norm(weights, axis=0)
        assert np.all(reached > margin * (1 - 1e-5))
        assert np.all(reached > 0.1) == (margin == 0.1)
    _, aligned = trained(keys, values, window=50)
    assert np.all(aligned[-50:] > 0) and np.mean(aligned[:-50] < 0) > 0.3
    for window in (50, 96):
        rule = RULES["perceptron"](window=window)
        assert rule.num_state(64, 8) == window * 72 and rule.num_parameters(64, 8) == 512


def sparse_pairs(patterns, dim, active):
    side = hebbsim.ENSEMBLES["sparse"](active=active).keys(dim)
    rows = jax.jit(lambda key: side.rows((), side.draw(key, jnp.arange(patterns))))
    return [np.array(rows(jax.random.key(i))) for i in (0, 1)]


def test_bcpnn_reads_the_log_of_the_conditional_probability():
    """One active unit: exp(field_j) = P(v_j = 1 | k_i = 1); none: P(v_j = 1). Without log-odds or bias neither holds."""
    keys, values = sparse_pairs(60, 16, 6)
    values[:, 0], values[:, 1], values[0, 1] = 1.0, 0.0, 1.0  # one unit always on, one nearly never
    rule = RULES["bcpnn"](prior=1e-6)
    state = state_of(rule, keys, values)
    k, v = np.asarray(keys, np.float64), np.asarray(values, np.float64)
    alone = np.exp(np.asarray(read(rule, state, np.eye(16, dtype=np.float32))))
    assert np.allclose(alone, (k.T @ v) / k.sum(0)[:, None], atol=1e-4)
    assert np.allclose(np.exp(np.asarray(read(rule, state, np.zeros((1, 16), np.float32))))[0], v.mean(0), atol=1e-4)
    assert rule.num_parameters(16, 12) == 17 * 12


def test_bcpnn_weights_are_log_odds_with_prior_pairs_and_never_infinite():
    keys, values = sparse_pairs(5, 20, 2)  # most pairs of units never met, some units were never on
    for prior in (1e-6, 1.0, 7.5):
        rule = RULES["bcpnn"](prior=prior)
        memory = memory_of(rule, keys, values)
        k, v = np.asarray(keys, np.float64), np.asarray(values, np.float64)
        rates = []
        for counts in (k.sum(0), v.sum(0)):
            activity = (counts.sum() + prior / 2) / (20 * 5 + prior)
            rates.append((counts + prior * activity) / (5 + prior))
        both = (k.T @ v + prior * np.outer(*rates)) / (5 + prior)
        assert np.allclose(memory.weights, np.log(both / np.outer(*rates)), rtol=1e-4, atol=1e-4)
        assert np.allclose(memory.bias, np.log(rates[1]), rtol=1e-5)
        assert all(np.all(np.isfinite(part)) for part in memory)
        empty = rule.consolidate(rule.init(20, 20))
        assert not np.any(empty.weights) and np.allclose(empty.bias, np.log(0.5))
    for prior in (0.0, float("inf"), float("nan")):
        with pytest.raises(hebbsim.HebbsimError, match="1e-6 to 1e6"):
            RULES["bcpnn"](prior=prior)


def test_sparse_codes_are_completed_from_half_a_cue():
    error = {
        name: hebbsim.measure(
            rule=name,
            ensemble="sparse",
            ensemble_options={"active": 8, "erase": 0.5},
            readout="threshold",
            readout_options={"select": "winners"},
            dim=256,
            num_patterns=150,
            probes=256,
            trials=3,
        ).error_rate.best
        for name in ("bcpnn", "willshaw", "covariance")
    }
    assert error["bcpnn"] < 0.5 * error["covariance"]  # itself below the Hebbian memory
    assert error["willshaw"] < 0.06 and error["bcpnn"] < 0.06


def test_pseudo_inverse_makes_no_error_at_num_patterns_equal_dim():
    point = hebbsim.measure(rule="pseudo_inverse", dim=32, num_patterns=32, probes=32, trials=200)
    assert point.counts["errors"] == point.counts["ties"] == 0


@pytest.mark.parametrize("online", [False, True])
def test_pseudo_inverse_equals_least_squares_about_dim(online):
    """Also with keys written twice, which put num_patterns over the rank, and with keys that are not whole numbers."""
    rng = np.random.default_rng(3)
    rule = RULES["pseudo_inverse"](online=online)
    cases = [(draw(rng, m, 32), draw(rng, m, 8)) for m in (31, 32, 33, 64)]
    keys = draw(rng, 20, 32)
    cases.append((np.concatenate([keys, keys[:12]]), draw(rng, 32, 8)))
    cases.append((np.float32(rng.standard_normal((20, 32))), draw(rng, 20, 8)))
    for keys, values in cases:
        k, v = np.asarray(keys, np.float64), np.asarray(values, np.float64)
        right = np.linalg.lstsq(k, v, rcond=1e-10)[0]
        weights = memory_of(rule, keys, values)
        assert np.max(np.abs(np.asarray(weights) - right)) < 1e-3 * np.max(np.abs(right))
        assert np.allclose(k @ np.asarray(weights, np.float64), k @ right, atol=1e-3)


@pytest.mark.parametrize("ridge", [0.0, 0.1])
def test_the_recursion_is_the_batch_form_pair_by_pair(ridge):
    rng = np.random.default_rng(4)
    online, batch = RULES["pseudo_inverse"](online=True, ridge=ridge), RULES["pseudo_inverse"](ridge=ridge)
    with jax.enable_x64(True):
        keys, values = (rng.choice([-1.0, 1.0], (50, n)) for n in (24, 8))
        keys[10] = keys[3]
        for patterns in (1, 15, 24, 25, 50):
            state = state_of(online, keys[:patterns], values[:patterns])
            k, v = np.asarray(keys[:patterns]), np.asarray(values[:patterns])
            right = np.linalg.solve(k.T @ k + ridge * np.eye(24), k.T @ v) if ridge else np.linalg.pinv(k) @ v
            assert np.allclose(online.consolidate(state), right, atol=1e-8)
            assert np.allclose(memory_of(batch, keys[:patterns], values[:patterns]), right, atol=1e-8)
    assert online.depth(50) == 50 and batch.depth(50) == 1
    assert online.num_parameters(24, 8) == batch.num_parameters(24, 8) == 192
    assert RULES["pseudo_inverse"]().label == "pseudo_inverse"


def test_the_correction_and_the_inverse_each_matter_online():
    """Writing the value and not its error, or keeping the inverse as it began (LMS), is not least squares."""
    rng = np.random.default_rng(5)
    keys, values = draw(rng, 20, 24), draw(rng, 20, 8)
    rule = RULES["pseudo_inverse"](online=True, ridge=0.5)
    state = state_of(rule, keys, values)
    assert np.allclose(np.sign(read(rule, state, keys)), values)
    frozen = start = rule.init(24, 8)
    for key, value in zip(keys, values, strict=True):
        halves = [half._replace(root=first.root) for half, first in zip(frozen, start, strict=True)]
        frozen = written(rule, type(frozen)(*halves), key[None, :], value[None, :])
    assert not np.allclose(read(rule, frozen, keys), read(rule, state, keys), atol=0.1)


def test_options_outside_their_range_are_refused():
    for name, options in (
        ("perceptron", {"margin": -0.1}),
        ("perceptron", {"steps": 0}),
        ("perceptron", {"window": 0}),
        ("bcpnn", {"prior": 0.0}),
        ("pseudo_inverse", {"ridge": -1.0}),
        ("pseudo_inverse", {"online": 1}),
    ):
        with pytest.raises(hebbsim.HebbsimError, match="allowed"):
            RULES[name](**options)
    for name, ensemble, needs in (("perceptron", "gaussian", "soft"), ("bcpnn", "bipolar", "sign")):
        with pytest.raises(hebbsim.HebbsimError, match=name):
            hebbsim.measure(rule=name, ensemble=ensemble, readout=needs, dim=8, num_patterns=3)
