"""Correlated keys: the laws hold, a whitened query makes them isotropic, and spectra that are none are refused."""

import numpy as np
import pytest

import hebbsim
from hebbsim import theory
from hebbsim.errors import HebbsimError


def measure(power, count, trials=6, **options):
    return hebbsim.measure(
        ensemble="correlated",
        readout="soft",
        num_patterns=count,
        trials=trials,
        **{"ensemble_options": {"power": power}, "dim": 48, "probes": 512, **options},
    )


def within(estimate, law, errors=4.0):
    """The law lies within that many standard errors, from the 95 % interval of 6 trials (2.57 standard errors)."""
    assert abs(estimate.best - law) < errors * (estimate.high - estimate.low) / 2 / 2.57 + 1e-3, (estimate, law)


@pytest.mark.parametrize("power", [0.0, 1.0])
def test_hebbian_and_whitened_reads_follow_their_laws(power):
    spectrum = theory.power_spectrum(48, power)
    within(measure(power, 300).bits_per_parameter, theory.correlated_bits(300, spectrum))
    white = measure(power, 300, retrieval="whitened_query").bits_per_parameter
    within(white, theory.whitened_query_bits(300, 48))


def test_a_whitened_query_undoes_any_spectrum():
    flat, steep = (measure(p, 200, retrieval="whitened_query").bits_per_parameter.best for p in (0.0, 2.0))
    assert steep == pytest.approx(flat, rel=1e-3)


def test_an_estimated_covariance_counts_as_parameters():
    given = {"retrieval": "whitened_query", "retrieval_options": {"covariance": "channels"}}
    point = measure(1.0, 300, **given)
    assert point.num_parameters == 48 * 48 + 48
    within(point.bits_per_parameter, theory.whitened_query_bits(300, 48) * 48 / 49, errors=6)
    full = measure(1.0, 30, retrieval="whitened_query", retrieval_options={"covariance": "full", "ridge": 1e-6})
    assert full.num_parameters == 48 * 48 + 48 * 49 // 2
    assert full.bits_per_parameter.best > 1.5  # least squares: fewer pairs than dims come back


def test_whitening_isotropic_keys_changes_nothing():
    plain = measure(0.0, 100)
    white = measure(0.0, 100, retrieval="whitened_query")
    assert white.bits_per_parameter.best == pytest.approx(plain.bits_per_parameter.best, rel=1e-4)


def test_delta_on_correlated_keys_follows_its_law():
    edges = [1, 4, 16, 64, 128]
    point = measure(1.0, 200, rule="delta", rule_options={"rate": 0.5}, ages=edges, probes=200, trials=12)
    law = theory.correlated_delta_bits(theory.power_spectrum(48, 1.0), 0.5, 200)
    newest = point.age_bits[0].best / point.num_parameters
    assert point.bits_per_parameter.best - newest == pytest.approx(law, rel=0.1)


def test_the_undivided_law_is_exact():
    """10,000 memories of 12 dimensions in NumPy, moments compared within 5 standard errors."""
    rng = np.random.default_rng(0)
    dim, pairs, memories, rate = 12, 60, 10_000, 0.6
    spectrum = theory.power_spectrum(dim, 1.0)
    keys = rng.standard_normal((pairs, memories, dim)) * np.sqrt(spectrum)
    values, weights = rng.standard_normal((pairs, memories)), np.zeros((memories, dim))
    for key, value in zip(keys, values, strict=True):
        weights += (rate * (value - (key * weights).sum(1)))[:, None] * key
    ages = np.array([0, 1, 5, 20])
    snr = theory.correlated_delta_snr(ages, spectrum, rate, pairs, divided=False)
    for age, one in zip(ages, snr, strict=True):
        rho = np.corrcoef((keys[-1 - age] * weights).sum(1), values[-1 - age])[0, 1]
        assert rho == pytest.approx(np.sqrt(one / (1 + one)), abs=5 / np.sqrt(memories))


def test_the_table_of_limits():
    for dim, power, share, limit in (
        (128, 0.5, 0.647, 0.623),
        (128, 1.0, 0.141, 0.357),
        (128, 1.5, 0.039, 0.135),
        (1024, 0.5, 0.509, 0.603),
        (1024, 1.0, 0.033, 0.265),
        (1024, 1.5, 0.005, 0.050),
    ):
        spectrum = theory.power_spectrum(dim, power)
        assert theory.effective_dim(spectrum) / dim == pytest.approx(share, abs=6e-4)
        assert theory.correlated_delta_limit(spectrum) == pytest.approx(limit, abs=6e-4)
    assert theory.correlated_delta_limit(np.ones(64)) == pytest.approx(theory.SOFT_LIMIT)


def test_the_law_of_a_stream_goes_to_its_limits():
    flat, steep = theory.power_spectrum(256, 0.0), theory.power_spectrum(64, 1.0)
    slow = theory.correlated_delta_bits(steep, 0.01, 400_000, divided=False)
    assert slow == pytest.approx(theory.correlated_delta_limit(steep), rel=0.01)
    first = theory.correlated_delta_first_order(steep, 0.01, 400_000)
    assert first == pytest.approx(theory.correlated_delta_limit(steep), rel=0.01) and first != slow
    assert theory.correlated_delta_bits(flat, 0.25, 20_000) == pytest.approx(theory.delta_bits(0.25), rel=0.03)


def test_keys_have_the_variances_that_readers_are_told():
    import jax

    side = hebbsim.ENSEMBLES["correlated"](power=1.5).keys(16)
    rows = np.asarray(side.rows((), side.draw(jax.random.key(0), np.arange(20_000))))
    assert np.allclose(rows.var(0), side.spectrum, rtol=0.08)
    assert sum(side.spectrum) == pytest.approx(1)


def test_rotated_keys_have_the_same_spectrum_in_another_basis():
    import jax

    side = hebbsim.ENSEMBLES["correlated"](power=1.5, rotated=True).keys(16)
    rows = np.asarray(side.rows((), side.draw(jax.random.key(0), np.arange(20_000))))
    lengths = np.linalg.eigvalsh(np.cov(rows.T))[::-1]
    assert np.allclose(lengths, theory.power_spectrum(16, 1.5), rtol=0.08)
    assert np.abs(np.corrcoef(rows.T))[np.triu_indices(16, 1)].max() > 0.3
    assert side.spectrum == ()


def test_a_rotation_is_nothing_to_rules_that_treat_directions_alike_and_much_to_a_diagonal_one():
    edges = [1, 4, 16, 64, 256]

    def bits(rule, rotated):
        options = {"power": 1.5, "rotated": rotated}
        point = measure(1.5, 512, rule=rule, trials=8, ages=edges, ensemble_options=options)
        return np.array([age.best for age in point.age_bits[1:]]).sum() / point.num_parameters

    for rule in ("hebbian", "delta"):
        assert bits(rule, True) == pytest.approx(bits(rule, False), rel=0.1)
    assert bits("preconditioned_delta", True) < 0.6 * bits("preconditioned_delta", False)
    with pytest.raises(HebbsimError, match="needs spectrum"):
        hebbsim.measure(
            ensemble="correlated", ensemble_options={"rotated": True}, retrieval="whitened_query", dim=8, num_patterns=4
        )


def test_a_spectrum_from_a_file(tmp_path):
    file = str(tmp_path / "s.npy")
    np.save(file, 3.0 * theory.power_spectrum(48, 1.0))
    options = {"power": 0.0, "spectrum": file}
    point = hebbsim.measure(
        ensemble="correlated", ensemble_options=options, readout="soft", dim=48, num_patterns=60, probes=512, trials=2
    )
    assert (
        point.task.ensemble.startswith("correlated(power=0.0, sha256='") and "spectrum='s.npy'" in point.task.ensemble
    )
    same = measure(1.0, 60, trials=2)
    assert point.bits_per_parameter.best == pytest.approx(same.bits_per_parameter.best, rel=1e-4)


@pytest.mark.parametrize(
    "spectrum, words",
    [
        ([1.0, 0.0], "0.0 at entry 1; allowed: positive"),
        ([1.0, -2.0], "-2.0 at entry 1"),
        ([np.nan, 1.0], "nan at entry 0"),
        ([[1.0], [1.0]], r"its shape is \(2, 1\); allowed: \(dim,\)"),
        ([1.0, 1.0, 1.0], "has 3 variances; got dim_key = 2"),
    ],
)
def test_spectra_that_are_none_are_refused(tmp_path, spectrum, words):
    np.save(tmp_path / "s.npy", np.array(spectrum))
    with pytest.raises(HebbsimError, match=words):
        hebbsim.ENSEMBLES["correlated"](power=0.0, spectrum=str(tmp_path / "s.npy")).keys(2)


def test_what_does_not_fit_is_refused(tmp_path):
    np.save(tmp_path / "s.npy", np.ones(4))
    with pytest.raises(HebbsimError, match=r"power = 1\.0 and a spectrum"):
        hebbsim.ENSEMBLES["correlated"](spectrum=str(tmp_path / "s.npy"))
    with pytest.raises(HebbsimError, match="needs spectrum"):
        hebbsim.measure(retrieval="whitened_query", dim=8, num_patterns=4)
    with pytest.raises(HebbsimError, match="outer_product"):
        measure(1.0, 4, rule="delta", retrieval="whitened_query")
    with pytest.raises(HebbsimError, match="tied patterns are not defined"):
        measure(1.0, 4, tied=True)
    with pytest.raises(HebbsimError, match="grows without end"):
        theory.correlated_delta_snr([0], theory.power_spectrum(8, 1.0), 1.9, 10, divided=False)
