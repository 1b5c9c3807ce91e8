"""95 % intervals hold the truth where almost nothing goes wrong, and are printed as what they are."""

import jax.numpy as jnp
import numpy as np
import pytest

import hebbsim
from hebbsim import theory
from hebbsim.errors import HebbsimError
from hebbsim.records import Record
from hebbsim.records.task import Task
from hebbsim.statistics.channels import CHANNELS, Channel, register
from hebbsim.statistics.estimate import Estimate, share
from hebbsim.statistics.fit import best_load, exact_load, load_at_error
from hebbsim.statistics.measurement import Measurement
from hebbsim.theory import bit_error

REPEATS = 300


def made(trials, num_patterns=10, dim=100, channel="", **fields):
    """A measurement of the given counts, one dict a trial."""
    task = Task(dim_key=dim, dim_value=dim, num_patterns=num_patterns, probes=10, **fields)
    arrays = [{name: np.asarray(count) for name, count in counts.items()} for counts in trials]
    records = (Record(task, i, c, dim * dim, True, True, 0.0, "", channel) for i, c in enumerate(arrays))
    return Measurement(task, tuple(records))


def signs(rng, rate, trials, cluster=1):
    """Counts of 1,000 bits a trial, errors coming `cluster` at a time."""
    wrong = cluster * rng.poisson(1000 * rate / cluster, trials)
    return [{"probes": 10, "bits": 1000, "errors": min(n, 1000), "ties": 0} for n in wrong]


@pytest.mark.parametrize("trials", [2, 3, 8, 20])
@pytest.mark.parametrize(("rate", "cluster"), [(1e-5, 1), (1e-3, 1), (5e-3, 1), (5e-3, 4), (0.05, 1), (0.05, 8)])
def test_error_rates_and_hard_bits_cover(rate, cluster, trials):
    rng = np.random.default_rng(0)
    points = [made(signs(rng, rate, trials, cluster)) for _ in range(REPEATS)]
    bits = 0.1 * (1 - h2(rate))
    rates = np.mean([point.error_rate.contains(rate) for point in points])
    hard = np.mean([point.bits["hard"].contains(bits) for point in points])
    # Three standard errors of 300 experiments; few errors, in number or in clusters, may be covered more often.
    few = 1000 * rate * trials / cluster < 15
    assert min(rates, hard) >= 0.95 - 0.045 and (few or max(rates, hard) <= 0.995)


def h2(p):
    return float(-p * np.log2(p) - (1 - p) * np.log2(1 - p))


@pytest.mark.parametrize("trials", [2, 8, 40])
def test_soft_bits_of_a_gaussian_channel_cover(trials):
    """From one wrong sign in 40,000 to nearly half: histograms of value * field, without an engine."""
    from hebbsim.readouts.soft import bin_of
    from hebbsim.statistics.information import NUM_BINS

    rng = np.random.default_rng(1)
    for snr in (16.0, 4.0, 0.2):
        aligned = (snr + np.sqrt(snr) * rng.standard_normal((100 * trials, 500))).astype(np.float32)
        bins = np.asarray(bin_of(jnp.asarray(aligned)))
        counts = [{"probes": 10, "histogram": np.bincount(row, minlength=NUM_BINS)} for row in bins]
        points = [made(counts[i : i + trials], readout="soft") for i in range(0, len(counts), trials)]
        truth = 10 / 1e4 * 50 * float(theory.snr_bits(snr))
        assert np.mean([point.bits["soft"].contains(truth) for point in points]) >= 0.87  # of 100, 3.6 standard errors


def test_small_loads_have_intervals_that_hold_the_truth():
    """A 64 x 16 matrix of six pairs: nearly every bit is right, and the closed form lies below what was seen."""
    truth = float(theory.soft_bits_exact(64, 6))
    options = dict(dim_key=64, dim_value=16, num_patterns=6, probes=8, readout="soft", trials=4)
    points = [hebbsim.measure(seed=seed, **options) for seed in range(25)]
    assert sum(point.bits["soft"].contains(truth) for point in points) >= 21
    assert all(point.bits["soft"].high <= 6 / 64 + 1e-12 for point in points)


def test_tied_bits_willshaw_bits_and_bits_by_age_have_width_where_nothing_went_wrong():
    sparse = dict(ensemble="sparse", ensemble_options={"active": 4}, rule="willshaw", readout="threshold")
    aged = dict(rule="delta", ages=(2,), num_patterns=4)
    tied = dict(rule="hopfield", tied=True, ensemble_options={"erase": 0.5}, num_patterns=1)
    for options in (sparse | {"num_patterns": 2}, aged, tied):
        point = hebbsim.measure(dim=64, trials=3, **options)
        for bits in (*point.bits.values(), *point.age_bits):
            assert 0 <= bits.low < bits.best <= bits.high
        assert point.error_rate.low == 0 and 0 < point.error_rate.high < 1


def test_a_share_is_clopper_and_pearsons():
    assert share(0, 10)[:3] == pytest.approx((0, 0, 0.3085), abs=1e-4)
    assert share(10, 10)[:3] == pytest.approx((0.6915, 1, 1), abs=1e-4)
    assert share(3, 12)[:3] == pytest.approx((0.0549, 0.25, 0.5719), abs=1e-4)
    for bad in ((-1, 5), (6, 5), (1, 0), (1.5, 5)):
        with pytest.raises(HebbsimError):
            share(*bad)


def test_estimates_say_what_they_are():
    assert str(Estimate(0.0, 0.002, 0.009, 0.95, 8, "")) == "0.0020 [0.0000, 0.0090] (95 %, 8 trials)"
    assert str(Estimate(0.1, 0.2, 0.3, 0.95, 2, "")) == "0.20 +/- 0.10 (95 %, only 2 trials)"
    assert "of 20" in str(share(3, 20))
    point = hebbsim.measure(dim=32, num_patterns=8, trials=2)
    assert "error rate of bits" in str(point) and "only 2 trials" in str(point)
    full = hebbsim.measure(rule="hopfield", dim=32, num_patterns=4, trials=3, tied=True)
    assert "the cue says all" in str(full) and full.bits["hard"].high == 0
    code = hebbsim.measure(
        ensemble="sparse",
        ensemble_options={"active": 4},
        rule="willshaw",
        readout="threshold",
        dim=32,
        num_patterns=8,
        trials=2,
    )
    assert "error rate of active units" in str(code)


def lawful(loads, dim=1000, trials=8):
    """Points whose errors are those of the one-shot law."""
    rng, points = np.random.default_rng(3), []
    for load in loads:
        counts = [
            {"probes": 100, "bits": 100 * dim, "errors": n, "ties": 0}
            for n in rng.binomial(100 * dim, bit_error(load), trials)
        ]
        points.append(made(counts, num_patterns=round(load * dim), dim=dim))
    return points


@pytest.mark.parametrize("loads", [(0.05, 0.3), (0.03, 0.1, 1.0), (0.1, 0.18, 0.2, 0.3), (0.17, 0.19)])
def test_a_load_at_1_percent_error_holds_the_law_however_far_the_loads(loads):
    found = load_at_error(lawful(loads))
    assert found.load.contains(0.18478) and found.bits.contains(0.18478 * (1 - h2(0.01)))
    fine = load_at_error(lawful((0.18, 0.19)))
    assert fine.load.half < 0.002 and fine.load.half <= found.load.half * 1.5


def test_a_best_load_holds_the_top_of_a_curve_sampled_coarsely():
    for loads in ((0.1, 0.2, 0.4), (0.15, 0.3, 0.8), (0.2, 0.25, 0.3, 0.4)):
        curve = lawful(loads)
        grid = np.linspace(loads[0], loads[-1], 2000)
        bits = grid * (1 - np.asarray([h2(bit_error(x)) for x in grid]))
        if 0 < int(np.argmax([p.bits["hard"].best for p in curve])) < len(loads) - 1:
            found = best_load(curve, "hard")
            assert found.bits.low <= bits.max() <= found.bits.high


def test_an_exact_load_is_no_finer_than_its_loads():
    counts = {"probes": 10, "bits": 1000, "ties": 0}
    found = exact_load([made([counts | {"errors": int(m > 8)}] * 4, num_patterns=m) for m in (4, 8, 10)])
    assert found.load.low <= 0.08 + 1e-9 and found.load.high >= 0.1 - 1e-9


def test_a_custom_readout_keeps_its_counts_and_may_bring_a_channel():
    def score(field, truth):
        return {"probes": jnp.ones(field.value.shape[0], jnp.int32), "energy": jnp.sum(field.value**2, axis=1)}

    options = dict(dim=32, num_patterns=8, trials=3)
    plain = hebbsim.measure(readout=hebbsim.Readout("counted", score, frozenset({"bipolar"})), **options)
    assert plain.bits == {} and plain.counts["energy"] > 0 and "names no channel" in str(plain)
    with pytest.raises(HebbsimError, match="names no channel"):
        _ = plain.bits_per_parameter
    energy = Channel("energy of the test", lambda counts, vocabulary: {"soft": float(counts["energy"]) / 1e6})
    try:
        own = hebbsim.measure(
            readout=hebbsim.Readout("counted", score, frozenset({"bipolar"}), channel=energy), **options
        )
        assert own.records[0].channel == energy.name and own.bits["soft"].low < own.bits["soft"].best
        with pytest.raises(HebbsimError, match="another one"):
            register(energy._replace(of="joules"))
    finally:
        CHANNELS.pop(energy.name, None)
    with pytest.raises(HebbsimError, match="unknown channel"):
        hebbsim.measure(readout=hebbsim.Readout("lost", score, frozenset({"bipolar"}), channel="singn"), **options)


def test_every_readout_names_a_registered_channel_and_the_record_keeps_it():
    for name, factory in hebbsim.READOUTS.items():
        readout = factory()
        for kind in readout.accepts:
            assert readout.channel_for(kind) in CHANNELS, name
    point = hebbsim.measure(dim=32, num_patterns=8, trials=2, readout="soft")
    assert {record.channel for record in point.records} == {"field"}


def test_old_and_new_ladders_of_token_posteriors_add_up():
    new = {"items": 10, "errors": 1, "ties": 0, "log_posterior": -np.arange(9) - 256}
    old = new | {"log_posterior": -np.arange(5) - 256}
    point = made([new, old, old], ensemble="tokens(vocabulary=8)", readout="argmax")
    assert point.counts["log_posterior"].tolist() == [-770 - 3 * i for i in range(5)]
