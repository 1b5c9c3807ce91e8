"""Counts -> bits, against brute force and closed forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hebbsim import theory
from hebbsim.statistics.channels import pair_bits, sign_errors, unit_errors
from hebbsim.statistics.information import HALF, NUM_BINS, entropy, hard_bits, log2_choose, symmetric_bits


def mutual_information(joint):
    """Of a joint table (inputs, outputs), bits."""
    joint = joint / joint.sum()
    outer = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    inside = joint > 0
    return float(np.sum(joint[inside] * np.log2(joint[inside] / outer[inside])))


@given(st.lists(st.integers(0, 50), min_size=5, max_size=5).filter(sum))
def test_symmetric_information_is_that_of_the_two_input_channel(table):
    aligned = np.asarray(table, float)
    channel = np.stack([aligned, aligned[::-1]])
    assert symmetric_bits(aligned) == pytest.approx(mutual_information(channel), abs=1e-12)


@given(st.lists(st.lists(st.integers(0, 50), min_size=2, max_size=2), min_size=3, max_size=3))
def test_tied_sign_bits_are_what_recall_adds_to_the_cue(table):
    table = np.asarray(table, float)  # what the cue says (wrong, nothing, right) x recall (wrong, right)
    if not table.sum():
        return
    counts = {"probes": 1, "bits": table.sum(1), "errors": table[:, 0], "ties": np.zeros(3)}
    joint = np.stack([table.ravel(), table[::-1, ::-1].ravel()])
    cue = np.stack([table.sum(1), table.sum(1)[::-1]])
    expected = (mutual_information(joint) - mutual_information(cue)) * table.sum()
    assert pair_bits(counts, "sign")["hard"] == pytest.approx(expected, abs=1e-9)


def test_sign_bits_and_ties():
    counts = {"probes": 10, "bits": 1000, "errors": 90, "ties": 20}
    assert pair_bits(counts, "sign")["hard"] == pytest.approx(100 * (1 - entropy(0.1)))
    assert sign_errors(counts) == (100, 1000)


def test_histogram_of_a_gaussian_channel_gives_its_information():
    """Bins cut from the exponent and three more bits lose under 1e-3; the plug-in bias is taken off."""
    from hebbsim.readouts.soft import bin_of

    rng = np.random.default_rng(0)
    for snr in (4.0, 1.0, 0.1):
        aligned = snr + np.sqrt(snr) * rng.standard_normal(400_000)
        histogram = np.bincount(np.asarray(bin_of(aligned.astype(np.float32))), minlength=NUM_BINS)
        bits = pair_bits({"probes": len(aligned), "histogram": histogram}, "field")
        assert bits["soft"] == pytest.approx(float(theory.snr_bits(snr)), abs=0.004 * np.sqrt(snr))
        assert bits["hard"] == pytest.approx(float(theory.sign_bits(snr)), abs=0.004 * np.sqrt(snr))


def test_bins_are_ordered_signed_and_eight_an_octave():
    from hebbsim.readouts.soft import bin_of

    x = np.asarray([-2.0, -1.0, -1e-30, 0.0, 1e-30, 1.0, 1.06, 1.125, 2.0, 1e30], np.float32)
    bins = np.asarray(bin_of(x))
    assert bins[3] == HALF
    assert np.all(np.diff(bins) >= 0)
    assert bins[5] == bins[6] == bins[7] - 1 == bins[8] - 8
    assert np.array_equal(np.asarray(bin_of(-x)), 2 * HALF - bins)
    assert bins.min() >= 0 and bins.max() < NUM_BINS


def test_plug_in_bias_is_removed():
    """Pure noise carries no bits: on average the corrected estimate must say so, and the raw one must not."""
    from hebbsim.readouts.soft import bin_of

    rng = np.random.default_rng(1)
    corrected, raw = [], []
    for _ in range(200):
        histogram = np.bincount(np.asarray(bin_of(rng.standard_normal(3000).astype(np.float32))), minlength=NUM_BINS)
        corrected.append(symmetric_bits(histogram.astype(float), corrected=True))
        raw.append(symmetric_bits(histogram.astype(float)))
    error = np.std(corrected) / np.sqrt(len(corrected))
    assert np.mean(raw) > 20 * error
    assert abs(np.mean(corrected)) < 0.15 * np.mean(raw)  # what is left is from bins that hold less than one count


def test_threshold_bits_use_the_exact_entropy_of_the_code():
    perfect = {"probes": 7, "ones": 70, "zeros": 7 * 246, "misses": 0, "false": 0}
    bits = pair_bits(perfect, "units")
    assert bits["hard"] == pytest.approx(log2_choose(256, 10))
    assert bits["unit"] == pytest.approx(256 * float(entropy(10 / 256)))
    useless = {"probes": 1, "ones": 10, "zeros": 90, "misses": 5, "false": 45}
    assert pair_bits(useless, "units")["unit"] == pytest.approx(0, abs=1e-9)
    assert unit_errors(useless) == (50, 10)
    noisy = {"probes": 1000, "ones": 10_000, "zeros": 246_000, "misses": 0, "false": 267}
    per_parameter = 401 * pair_bits(noisy, "units")["hard"] / 256**2
    assert per_parameter == pytest.approx(theory.sparse_bits(401, 256, 256, 10, 0.0267), rel=1e-6)


def test_gaussian_bits_are_those_of_the_correlation():
    rng = np.random.default_rng(0)
    v = rng.standard_normal(200_000)
    r = v + rng.standard_normal(200_000)
    counts = {"probes": 200, "entries": v.size, "vv": v @ v, "vr": v @ r, "rr": r @ r}
    assert pair_bits(counts, "gaussian")["soft"] / 1000 == pytest.approx(0.5, abs=0.01)


def test_worse_than_chance_is_nothing_and_nothing_is_below_zero():
    assert pair_bits({"probes": 1, "bits": 10, "errors": 9, "ties": 0}, "sign")["hard"] == 0
    lost = {"items": 10, "errors": 10, "ties": 0, "log_posterior": np.asarray([-1e6])}
    assert pair_bits(lost, "tokens", 256) == {"hard": pytest.approx(0, abs=1e-12), "soft": 0}
    flooded = {"probes": 1, "ones": 8, "zeros": 56, "misses": 0, "false": 56}
    assert pair_bits(flooded, "units")["hard"] == 0
    guessed = lost | {"cue_log_posterior": np.asarray([-1e6])}
    assert pair_bits(guessed, "tokens", 256)["soft"] == 0


def test_token_bits():
    counts = {"items": 100, "errors": 9, "ties": 2, "log_posterior": np.asarray([-100.0, -50.0, -80.0]) * 256}
    bits = pair_bits(counts, "tokens", 256)
    assert bits["hard"] == pytest.approx(hard_bits(0.1, 256))
    assert bits["soft"] == pytest.approx(8 - 0.5)
    known = pair_bits(counts | {"cue_log_posterior": np.asarray([-512.0, 0.0])}, "tokens", 256)
    assert known == {"hard": 0, "soft": 0}
    assert hard_bits(255 / 256, 256) == pytest.approx(0, abs=1e-12)


def test_the_soft_token_posterior_is_a_bound_that_the_gaussian_channel_meets():
    """A token memory with the right noise level: soft bits above hard bits, both under log2 V."""
    import hebbsim

    point = hebbsim.measure(
        dim=64, num_patterns=300, ensemble="tokens", ensemble_options={"vocabulary": 64}, readout="argmax", trials=4
    )
    soft, hard = point.bits["soft"].best, point.bits["hard"].best
    assert hard < soft < point.load / 64 * 6
    best = np.argmax(point.counts["log_posterior"])
    assert 0 < best < len(point.counts["log_posterior"]) - 1  # near the reader's own noise level, not an end
