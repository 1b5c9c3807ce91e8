"""The laws that three experiments draw, against closed forms, float64 NumPy and their own committed records."""

import jax.numpy as jnp
import numpy as np
import pytest
from repository import ROOT, load_experiment
from scipy.special import ndtr

import hebbsim
from hebbsim import theory
from hebbsim.base import Field, Truth
from hebbsim.records import read
from hebbsim.statistics.channels import pair_bits, token_errors


def test_loss_sums_are_the_squared_error_and_change_nothing_else():
    rng = np.random.default_rng(0)
    fields, rows = rng.standard_normal((5, 20)).astype(np.float32), np.eye(20, dtype=np.float32)[:5]
    truth = Truth(
        jnp.arange(5),
        jnp.asarray(rows),
        jnp.zeros((20, 0)),
        lambda book, code: jnp.eye(20)[code],
        jnp.zeros((5, 4)),
        False,
        jnp.ones(5, bool),
    )
    plain, loss = hebbsim.READOUTS["argmax"](), hebbsim.READOUTS["argmax"](loss=True)
    assert plain.label == "argmax" and "exact" in plain.gives and "exact" not in loss.gives
    field = Field(jnp.asarray(fields), jnp.float32(np.nan), {})
    before, counts = plain.score(field, truth), loss.score(field, truth)
    assert set(counts) - set(before) == {"aligned", "energy"}
    for scale in (0.0, 0.3, 1.0):
        squared = np.sum((rows.astype(float) - scale * fields) ** 2, axis=1)
        assert np.allclose(1 - 2 * scale * counts["aligned"] + scale**2 * counts["energy"], squared, atol=1e-4)
    old, new = ({name: np.asarray(count).sum(0) for name, count in both.items()} for both in (before, counts))
    assert pair_bits(new, "tokens", 20) == pair_bits(old, "tokens", 20) and token_errors(new) == token_errors(old)


def test_the_rank_bound_is_met_by_least_squares_on_tokens_drawn_alike():
    maps = load_experiment("feature_maps")
    rng, width, pairs, draws = np.random.default_rng(0), 8, 40, 1000
    losses = []
    for _ in range(draws):
        features = rng.standard_normal((pairs, width))
        features[:, 0] = 1  # with it, the mean of all values is known; without it least squares is 1/V above the bound
        values = rng.integers(0, maps.VOCABULARY, pairs)
        basis = np.linalg.qr(features)[0]
        explained = np.sum((basis @ basis.T) * (values[:, None] == values[None, :]))
        losses.append((pairs - explained) / (2 * pairs))
    assert abs(np.mean(losses) - maps.bound(width, pairs)) < 4 * np.std(losses) / np.sqrt(draws)
    assert maps.bound(8, 8) == maps.bound(8, 4) == 0


def test_laws_of_tied_patterns():
    tied = load_experiment("tied")
    loads = np.asarray([0.1, 0.5, 0.9, 1.25, 2.0, 4.0])
    assert np.allclose(tied.law("hebbian", loads, 0.0, False), theory.soft_bits(loads))
    assert np.allclose(tied.law("pseudo_inverse", loads, 0.0, False), theory.ridge_soft_bits(loads))
    assert not np.any(tied.law("hebbian", loads, 0.0, True))
    # Far past load 1 least squares is the matched filter; tied is the erased share of untied.
    assert tied.snr("pseudo_inverse", 1e4, 0.5) == pytest.approx(tied.snr("hebbian", 1e4, 0.5), rel=1e-3)
    assert np.allclose(tied.law("hebbian", loads, 0.25, True), tied.law("hebbian", loads, 0.25, False) / 4)
    # The erased cue against float64 draws of the pseudo-inverse, both sides of load 1.
    rng, n, erase = np.random.default_rng(1), 200, 0.5
    for load in (0.5, 2.0):
        keys, values = (rng.choice([-1.0, 1.0], (round(load * n), n)) for _ in range(2))
        field = (keys * (rng.random(keys.shape) >= erase)) @ np.linalg.pinv(keys) @ values * values
        assert field.mean() ** 2 / field.var() == pytest.approx(tied.snr("pseudo_inverse", load, erase), rel=0.1)


def test_laws_of_sparse_codes():
    coding = load_experiment("coding")
    for snr in (0.2, 1.0, 3.0):  # at f = 1/2 a unit is a sign of amplitude snr / 2
        soft, hard = coding.channel_bits(0.5, snr)
        assert soft == pytest.approx(theory.snr_bits(snr**2 / 4), abs=2e-5)
        assert hard == pytest.approx(theory.sign_bits(snr**2 / 4), abs=2e-5)
        assert coding.winners_error(0.5, np.asarray(snr)) == pytest.approx(ndtr(-snr / 2))
    for f in (0.005, 0.1, 0.5):  # the field alone gives 0.7213 and its best threshold 0.459 at every coding level
        weak = np.asarray(coding.channel_bits(f, 0.02)) / (0.02**2 * f * (1 - f))
        assert np.allclose(weak, [theory.SOFT_LIMIT, theory.HARD_LIMIT], rtol=0.02)
    counts = np.zeros((2, 1025))
    counts[0, :1000], counts[1, 1000:1010] = 100, 50  # told apart without error: all of the entropy
    soft, hard = coding.unit_bits({"histogram": counts})
    assert hard == pytest.approx(theory.binary_entropy(500 / 100_500)) and soft == pytest.approx(hard, abs=1e-4)


@pytest.mark.parametrize("name", ["feature_maps", "tied"])
def test_committed_records_are_what_the_experiment_shows(name):
    experiment, results = load_experiment(name), read(ROOT / "results" / name)
    header, rows = experiment.table(results)
    assert rows and all(len(row) == len(header) for row in rows)
    column = {title: [row[i] for row in rows] for i, title in enumerate(header)}
    if name == "feature_maps":
        assert set(column["no load below the bound"]) == {"yes"}
    if name == "tied":
        for law, bits in zip(column["law there"], column["most bits per entry (n^2)"], strict=True):
            # The largest of several noisy points, at n = 256.
            assert not law or abs(bits.best - float(law)) <= 3 * bits.standard_error + 0.01


def test_committed_records_of_sparse_codes_follow_their_laws():
    coding = load_experiment("coding")
    found = coding.split(read(ROOT / "results" / "coding"))

    def measured(rule, n, active, erase=0.0):
        return coding.reached(found["threshold", rule, n, active, erase], 1)

    for rule, n, active in (("willshaw", 256, 26), ("willshaw", 1024, 12), ("covariance", 1024, 102)):
        bits = measured(rule, n, active)
        assert abs(bits.best - coding.laws(rule, n, active)[1]) < 3 * bits.standard_error
    for n, active in ((256, 26), (1024, 12), (1024, 32), (1024, 102)):  # log-odds lose nothing on covariances
        assert measured("bcpnn", n, active).low > measured("covariance", n, active).high
    for rule in ("willshaw", "bcpnn"):  # half a cue still completes the code: over a third of the bits of a whole one
        half, whole = measured(rule, *coding.HALF, 0.5), measured(rule, *coding.HALF)
        assert whole.best / 3 < half.best < whole.best / 2
