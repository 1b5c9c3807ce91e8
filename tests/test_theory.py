"""Theory against the numbers of the literature, against its own limits and against small Monte-Carlo runs in NumPy."""

import subprocess
import sys
from decimal import Decimal, getcontext
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hebbsim import theory
from hebbsim.errors import HebbsimError
from hebbsim.theory import one_shot

KINDS = ("gaussian", "bipolar", "hard")
loads = st.floats(0.01, 1e4)


def near(value, digits):
    """Equal to a number printed to that many decimals."""
    return pytest.approx(value, abs=0.51 * 10.0**-digits)


def signs(rng, *shape):
    return 2.0 * rng.integers(0, 2, shape) - 1


# One-shot, +-1 values


@pytest.mark.parametrize(
    ("load", "error", "hard", "soft", "gaussian"),
    [
        (0.105, 0.00101, 0.1038, 0.1046, 0.178),
        (0.138, 0.00355, 0.1333, 0.1360, 0.210),
        (0.185, 0.01004, 0.1700, 0.1777, 0.248),
        (0.37, 0.0501, 0.2639, 0.3020, 0.349),
        (0.61, 0.1002, 0.3235, 0.3988, 0.427),
        (1, 0.1587, 0.3689, 0.4859, 0.500),
        (2, 0.2398, 0.4108, 0.5810, 0.585),
        (4, 0.3085, 0.4341, 0.6430, 0.644),
        (16, 0.4013, 0.4528, 0.6997, 0.6997),
        (64, 0.4503, 0.4576, 0.7158, 0.7158),
        (256, 0.4751, 0.4588, 0.7199, 0.7199),
    ],
)
def test_one_shot_table(load, error, hard, soft, gaussian):
    assert theory.bit_error(load) == near(error, 5 if error < 0.02 else 4)
    assert theory.hard_bits(load) == near(hard, 4)
    assert theory.soft_bits(load) == near(soft, 4)
    assert theory.gaussian_bits(load) == near(gaussian, 3 if load < 16 else 4)


def test_limits_of_one_shot_reads():
    assert near(0.4592, 4) == theory.HARD_LIMIT
    assert near(0.7213, 4) == theory.SOFT_LIMIT
    assert near(0.6931, 4) == theory.WILLSHAW_LIMIT
    assert theory.hard_bits(1e6) == pytest.approx(theory.HARD_LIMIT, rel=1e-5)
    assert theory.soft_bits(1e6) == pytest.approx(theory.SOFT_LIMIT, rel=1e-5)
    # C(snr) ln 2 = snr/2 - snr^2/4 + snr^3/6 - ... (Verdu 2002)
    assert theory.soft_bits(1e4) == pytest.approx((1 / 2 - 1e-4 / 4 + 1e-8 / 6) / np.log(2), abs=1e-9)
    assert theory.soft_bits(0.01) == pytest.approx(0.01, abs=1e-12)


def test_soft_bits_to_a_millionth_over_six_decades():
    load = np.geomspace(0.01, 1e4, 13)
    z, step = np.linspace(-15, 15, 60001, retstep=True)
    phi = np.exp(-z * z / 2) * step / np.sqrt(2 * np.pi)
    # Another form of the same integral: E log2 cosh under the symmetric output.
    snr = 1 / load[:, None]
    log_cosh = np.logaddexp(snr + np.sqrt(snr) * z, -snr - np.sqrt(snr) * z) - np.log(2)
    np.testing.assert_allclose(theory.soft_bits(load), load / np.log(2) * (1 / load - log_cosh @ phi), atol=1e-6)


@given(load=loads)
@settings(max_examples=50, deadline=None)
def test_soft_is_more_than_hard_and_less_than_gaussian_or_the_load(load):
    hard, soft = theory.hard_bits(load), theory.soft_bits(load)
    assert hard < soft + 1e-12
    assert soft <= min(load, theory.gaussian_bits(load)) + 1e-9
    assert theory.hard_bits(1.1 * load) > hard
    assert theory.soft_bits(1.1 * load) > soft


def test_critical_load_undoes_bit_error():
    assert theory.load_at_error(0.01) == near(0.185, 3)
    assert theory.hard_bits(theory.load_at_error(0.01)) == near(0.170, 3)
    errors = np.array([1e-6, 0.01, 0.3])
    np.testing.assert_allclose(theory.bit_error(theory.load_at_error(errors)), errors, rtol=1e-10)


def test_entropy_and_tail():
    assert theory.binary_entropy([0, 0.5, 0.11, 1]).tolist() == [0, 1, pytest.approx(0.4999, abs=1e-4), 0]
    assert theory.gaussian_tail(1.959964) == pytest.approx(0.025, abs=1e-7)


def test_exact_field_is_a_sum_of_independent_signs():
    """The claim behind the exact forms, on the field itself: value * (query @ S) = dim_key + 2 B - N."""
    rng, dim, m, trials = np.random.default_rng(1), 9, 8, 4000
    keys, values = signs(rng, trials, m, dim), signs(rng, trials, m, 5)
    recall = np.einsum("td,tmd,tmv->tv", keys[:, 0], keys, values)
    field = (recall * values[:, 0]).ravel()
    n = (m - 1) * dim
    pmf = np.array([comb(n, b) for b in range(n + 1)]) / 2.0**n
    counts = np.bincount(((field - dim + n) / 2).astype(int), minlength=n + 1) / field.size
    error = np.sqrt(pmf / trials)  # entries of one memory share its keys: the trial is what is independent
    assert np.all(np.abs(counts - pmf) < 5 * error + 1e-4)
    assert theory.bit_error_exact(dim, m) == pytest.approx(np.mean(field < 0) + np.mean(field == 0) / 2, abs=0.008)
    below = pmf[2 * np.arange(n + 1) < n - dim].sum() + pmf[2 * np.arange(n + 1) == n - dim].sum() / 2
    assert theory.bit_error_exact(dim, m) == pytest.approx(below, rel=1e-12)


@pytest.mark.parametrize(("dim", "m"), [(64, 1), (64, 2), (7, 2), (1, 2), (5, 3)])
def test_exact_error_of_few_pairs_by_counting(dim, m):
    n = (m - 1) * dim
    twice = sum(comb(n, b) * ((2 * b < n - dim) + (2 * b <= n - dim)) for b in range(n + 1))
    assert theory.bit_error_exact(dim, m) == pytest.approx(twice / 2.0 ** (n + 1), rel=1e-12)


@pytest.mark.parametrize(("dim", "m"), [(1, 1), (1, 2), (3, 2), (4, 6), (17, 9)])
def test_exact_soft_bits_by_counting(dim, m):
    n = (m - 1) * dim
    p = {dim + 2 * b - n: comb(n, b) / 2.0**n for b in range(n + 1)}
    bits = sum(q * np.log2(2 * q / (q + p.get(-x, 0.0))) for x, q in p.items())
    assert theory.soft_bits_exact(dim, m) == pytest.approx(m / dim * bits, abs=1e-12)


def test_exact_forms_tend_to_the_gaussian_ones():
    for dim, m in [(256, 65), (1000, 10**6), (10**4, 10**5)]:
        load = (m - 1) / dim
        assert theory.bit_error_exact(dim, m) == pytest.approx(theory.bit_error(load), abs=1e-3 / dim)
        assert theory.soft_bits_exact(dim, m) == pytest.approx(theory.soft_bits(load) * m / (m - 1), rel=2e-3 / dim)
        assert theory.hard_bits_exact(dim, m) == pytest.approx(theory.hard_bits(load) * m / (m - 1), rel=1e-2)
    # Past the largest sum the Gaussian form takes over without a step.
    edge = int((one_shot.EXACT_POINTS / 12) ** 2 / 1000)
    assert theory.soft_bits_exact(1000, edge - 5) == pytest.approx(theory.soft_bits_exact(1000, edge + 5), rel=1e-7)
    errors = theory.bit_error_exact(64, np.arange(3, 200))
    assert np.all(np.diff(errors) > 0)


def test_one_holographic_channel_is_the_exact_form_at_dim_one():
    bits = [theory.soft_bits_exact(1, m) for m in (1, 2, 4, 64)]
    assert bits == [1.0, pytest.approx(1.0), near(0.88, 2), near(0.727, 3)]


def test_zero_errors():
    assert theory.zero_error_load(1024, 1024) == 58 / 1024
    load = theory.zero_error_load(64, 32)
    m = round(load * 64)
    clean = [(1 - theory.bit_error_exact(64, k)) ** (32 * k) for k in (m, m + 1)]
    assert clean[0] >= 0.5 > clean[1]
    assert theory.zero_error_load(64, 64, 0.9) < theory.zero_error_load(64, 64, 0.1)
    assert theory.zero_error_load(4096, 4096) < theory.zero_error_load(1024, 1024)


# Streams


@pytest.mark.parametrize(
    ("c", "gaussian", "bipolar", "hard"),
    [(0.1, 0.704, 0.704, 0.454), (1, 0.593, 0.588, 0.412), (10, 0.303, 0.247, 0.211)],
)
def test_decay_table(c, gaussian, bipolar, hard):
    assert [theory.decay_bits(c, kind) for kind in KINDS] == [near(gaussian, 3), near(bipolar, 3), near(hard, 3)]


@pytest.mark.parametrize(
    ("rate", "gaussian", "bipolar", "hard"),
    [(1, 0.593, 0.478, 0.385), (0.5, 0.706, 0.680, 0.505), (0.25, 0.718, 0.715, 0.489)],
)
def test_delta_table(rate, gaussian, bipolar, hard):
    assert [theory.delta_bits(rate, kind) for kind in KINDS] == [near(gaussian, 3), near(bipolar, 3), near(hard, 3)]


def test_streams_meet_each_other():
    small = [theory.decay_bits(1e-6, kind) for kind in KINDS] + [theory.delta_bits(1e-6, kind) for kind in KINDS]
    limits = [theory.SOFT_LIMIT, theory.SOFT_LIMIT, theory.HARD_LIMIT]
    np.testing.assert_allclose(small, limits * 2, rtol=2e-5)
    for kind in KINDS:
        assert theory.gated_delta_bits(0.5, 0.0, kind) == pytest.approx(theory.delta_bits(0.5, kind), rel=1e-12)
        assert theory.gated_delta_bits(1e-7, 3.0, kind) == pytest.approx(theory.decay_bits(3.0, kind), rel=1e-6)
    rates = np.array([0.1, 1.0, 1.9])
    for kind in KINDS:
        np.testing.assert_allclose(theory.delta_bits(rates, kind), [theory.delta_bits(r, kind) for r in rates])


@pytest.mark.parametrize(("rate", "c"), [(0.3, 0.0), (1.0, 0.0), (0.5, 2.0), (1e-9, 1.0)])
def test_closed_form_is_the_sum_over_ages(rate, c):
    """Gaussian values, ages of a long memory summed one by one: 1/2 log2(1 + SNR)."""
    dim, g = 20_000.0, rate * (2 - rate)
    x = np.exp(-(2 * rate + c) / dim * (np.arange(int(25 * dim / (2 * rate + c))) + 0.5))
    total = np.sum(0.5 * np.log2(1 + (c + g) * x / (1 - g * x))) / dim
    assert theory.gated_delta_bits(rate, c) == pytest.approx(total, rel=2e-4)


@pytest.mark.parametrize("gate", [0.0, 1.0])
def test_delta_stream_by_monte_carlo(gate):
    """Signal and noise of a gated delta memory at three ages."""
    rng, dim, outs, rate = np.random.default_rng(2), 64, 3000, 0.5
    steps, ages = 5 * dim, np.array([1, 16, 48])
    keep, g = np.sqrt(1 - gate / dim), rate * (2 - rate)
    weights, written = np.zeros((dim, outs)), []
    for _ in range(steps):
        key, value = signs(rng, dim) / np.sqrt(dim), signs(rng, outs)
        weights *= keep
        weights += rate * np.outer(key, value - key @ weights)
        written.append((key, value))
    for age in ages:
        aligned = np.concatenate([written[-1 - a][0] @ weights * written[-1 - a][1] for a in range(age - 1, age + 2)])
        x = np.exp(-(2 * rate + gate) * age / dim)
        assert aligned.mean() == pytest.approx(rate * np.sqrt(x), abs=0.04)
        assert aligned.var() == pytest.approx(rate**2 / (gate + g) * (1 - g * x), rel=0.2)


# Better readers, quantisers, attractors


def test_readers_of_all_keys():
    assert theory.ridge_soft_bits([1.1, 1.25, 2]).tolist() == [near(1.096, 3), near(1.141, 3), near(0.972, 3)]
    assert theory.ridge_soft_bits([0.3, 1]).tolist() == [0.3, 1.0]
    wrong = theory.gaussian_tail(np.sqrt(theory.ridge_sinr([1.2, 1.5])))
    assert wrong.tolist() == [near(0.0127, 4), near(0.0786, 4)]
    assert theory.ridge_sinr(1.0) == np.inf
    assert theory.amp_capacity() == near(2.085, 3)
    assert theory.entropy_ceiling(1024) == near(6.4, 1)
    alpha = theory.entropy_ceiling(np.array([4, 256, 10**6]))
    np.testing.assert_allclose(alpha, np.log2(np.pi * np.e * alpha * [4, 256, 10**6] / 8) / 2)
    assert theory.BOX_LIMIT < theory.amp_capacity() < theory.entropy_ceiling(1024)


def test_state_evolution_stops_just_above_the_amp_capacity():
    z, weight = np.polynomial.hermite_e.hermegauss(100)

    def noise_left(load):
        noise = load
        for _ in range(3000):
            noise = max(load * (1 - weight @ np.tanh(1 / noise + z / np.sqrt(noise)) / weight.sum()), 1e-12)
        return noise

    assert noise_left(0.99 * theory.amp_capacity()) < 1e-9
    assert noise_left(1.01 * theory.amp_capacity()) > 0.1


def test_lloyd_max():
    assert [theory.lloyd_max(bits) for bits in (1, 2, 3, 4)] == [
        pytest.approx(1 - 2 / np.pi, abs=1e-12),
        near(0.1175, 4),
        near(0.03455, 5),
        near(0.009501, 6),
    ]
    soft = [theory.SOFT_LIMIT * (1 - theory.lloyd_max(bits)) for bits in (1, 2, 3, 4)]
    assert soft == [near(0.459, 3), near(0.637, 3), near(0.696, 3), near(0.714, 3)]
    # Panter & Dite 1951: D 4^bits -> pi sqrt(3) / 2
    assert theory.lloyd_max(8) * 4**8 == pytest.approx(np.pi * np.sqrt(3) / 2, rel=0.01)
    levels, thresholds = theory.lloyd_max_levels(3)
    sample = np.random.default_rng(3).standard_normal(400_000)
    cell = np.searchsorted(thresholds, sample)
    assert np.mean((sample - levels[cell]) ** 2) == pytest.approx(theory.lloyd_max(3), rel=0.01)
    assert [sample[cell == i].mean() for i in range(8)] == pytest.approx(levels.tolist(), abs=0.01)


def test_hopfield():
    load, overlap = theory.hopfield_capacity()
    assert load == near(0.138, 3)
    assert overlap == near(0.967, 3)
    for wrong, at in [(0.0010, 0.10), (0.0034, 0.12), (0.0064, 0.13)]:
        assert theory.hopfield_load(1 - 2 * wrong) == pytest.approx(at, abs=0.001)


def test_separable():
    assert theory.separable_probability(100, 200) == pytest.approx(0.5)
    assert theory.separable_probability(3, np.array([1, 2, 3])).tolist() == [1, 1, 1]
    assert theory.separable_probability(2, 3) == 0.75
    sharp = theory.separable_probability(4000, [7600, 8400])
    assert sharp[0] > 0.999 and sharp[1] < 0.001


# Tokens


@pytest.mark.parametrize(
    ("vocabulary", "best", "one_percent"),
    [(16, 0.362, 0.197), (256, 0.413, 0.273), (4096, 0.437, 0.318), (65536, 0.453, 0.349), (1e9, 0.486, None)],
)
def test_orthogonal_tokens(vocabulary, best, one_percent):
    dim = 2**14
    m, bits = theory.best_token_load(dim, dim, vocabulary, codes="iid")
    assert bits == near(best, 3)
    assert bits == pytest.approx(theory.argmax_bits(dim, dim, vocabulary, m, "iid"))
    if one_percent:
        m, bits = theory.token_load_at_error(dim, dim, vocabulary, codes="iid")
        assert bits == near(one_percent, 3)
        assert theory.argmax_error(dim, dim, vocabulary, m, "iid") == pytest.approx(0.01, rel=1e-4)
    if vocabulary <= dim:
        v = int(vocabulary)
        assert theory.best_token_load(dim, v, v, "orthogonal")[1] == pytest.approx(best, abs=0.002)
        with pytest.raises(HebbsimError, match="orthogonal words"):
            theory.argmax_error(dim, v - 1, v, 10, "orthogonal")


def test_random_tokens():
    for dim, vocabulary, bits in [(64, 256, 0.29), (256, 4096, 0.39), (1024, 65536, 0.44)]:
        assert theory.best_token_load(dim, dim, vocabulary)[1] == near(bits, 2)
    # 301 pairs: 300 of them interfere
    assert 1 - theory.argmax_error(64, 64, 256, 301, "random") == near(0.601, 3)
    assert 1 - theory.argmax_error(64, 64, 256, 301, "iid") == near(0.792, 3)
    assert 1 - theory.argmax_error(64, 64, 256, 300, "refined") == pytest.approx(0.636, abs=0.005)


def test_argmax_error_has_its_limits():
    assert theory.argmax_error(64, 64, 256, 1, "refined") == 0
    m = np.array([2, 30, 100, 300, 3000, 10**6])
    for codes in ("iid", "random", "refined"):
        error = theory.argmax_error(64, 64, 256, m, codes)
        assert np.all(np.diff(error[:-1]) > 0)
        assert error[-2] < error[-1] <= 255 / 256
        assert error.shape == m.shape
    # Two orthogonal words are one sign of half the SNR; +-1 words of many entries are orthogonal.
    assert theory.argmax_error(64, 64, 2, 4097, "iid") == pytest.approx(theory.gaussian_tail(np.sqrt(0.5)))
    # What code words share matters less and less as they grow: at the best load, V = 4096.
    gap = []
    for dim in (64, 256, 1024, 4096):
        m, _ = theory.best_token_load(dim, dim, 4096)
        gap.append(theory.argmax_error(dim, dim, 4096, m) - theory.argmax_error(dim, dim, 4096, m, "refined"))
    assert gap[0] > 0.04
    assert np.all(np.diff(gap) < 0) and abs(gap[-1]) < 0.003
    # A Poisson mixture of many repeats is one Gaussian, whichever way it is summed.
    orthogonal = [theory.argmax_error(1024, 256, 256, 256 * mean, "orthogonal") for mean in (99, 100.9375, 101)]
    assert np.diff(orthogonal)[1] / np.diff(orthogonal)[0] == pytest.approx(0.0625 / 1.9375, rel=0.1)


def recall_tokens(rng, dim_key, codebook, m, trials):
    """Fraction of pairs whose word is not the argmax, trial by trial; a tie is half."""
    out, vocabulary = [], len(codebook(rng))
    for _ in range(trials):
        words, keys = codebook(rng), signs(rng, m, dim_key)
        token = rng.integers(0, vocabulary, m)
        probe = np.arange(min(m, 400))
        scores = keys[probe] @ (keys.T @ words[token]) @ words.T
        right = scores[probe, token[probe]].copy()
        scores[probe, token[probe]] = -np.inf
        rival = scores.max(1)
        out.append(np.mean(rival > right) + np.mean(rival == right) / 2)
    return np.mean(out), np.std(out, ddof=1) / np.sqrt(trials)


@pytest.mark.parametrize(("dim_key", "m"), [(64, 288), (256, 1200)])
def test_orthogonal_words_by_monte_carlo(dim_key, m):
    rng = np.random.default_rng(4)
    found, error = recall_tokens(rng, dim_key, lambda _: np.eye(32), m, 100)
    assert found == pytest.approx(theory.argmax_error(dim_key, 32, 32, m, "orthogonal"), abs=0.002 + 3 * error)
    assert found > theory.argmax_error(dim_key, 32, 32, m, "iid")


@pytest.mark.parametrize(
    ("dim_key", "dim_value", "vocabulary", "m", "trials"),
    [
        (64, 64, 256, 234, 80),
        (64, 256, 1024, 700, 40),
        (256, 64, 1024, 700, 40),
        (64, 64, 4096, 260, 50),
        (32, 32, 2, 100, 200),
    ],
)
def test_refined_argmax_error_by_monte_carlo(dim_key, dim_value, vocabulary, m, trials):
    rng = np.random.default_rng(5)
    found, error = recall_tokens(rng, dim_key, lambda r: signs(r, vocabulary, dim_value), m, trials)
    refined = theory.argmax_error(dim_key, dim_value, vocabulary, m, "refined")
    assert error < 0.005
    assert refined == pytest.approx(found, abs=0.01 + 3 * error)


def test_soft_tokens():
    # Two words are a +-1 input at half the SNR.
    for m in (100, 2000, 40_000):
        bits = theory.argmax_soft_bits(64, 64, 2, m)
        assert bits == pytest.approx(m / 4096 * theory.snr_bits(4096 / (m - 1) / 2), abs=1e-9)
    # Weak signals: (1 - 1/V) / (2 ln 2); strong: log2 V.
    assert theory.argmax_soft_bits(64, 64, 64, 4 * 10**7) == pytest.approx(63 / 64 * theory.SOFT_LIMIT, rel=1e-3)
    assert theory.argmax_soft_bits(64, 64, 64, 20) == pytest.approx(20 * 6 / 4096, rel=1e-6)
    # The posterior of i.i.d. scores, drawn.
    rng, vocabulary, m = np.random.default_rng(6), 64, 701
    s = np.sqrt(4096 / (m - 1))
    scores = rng.standard_normal((40_000, vocabulary))
    scores[:, 0] += s
    bits = 6 + (s * scores[:, 0] - np.log(np.exp(s * scores).sum(1))) / np.log(2)
    found, error = bits.mean() * m / 4096, bits.std() / 200 * m / 4096
    assert theory.argmax_soft_bits(64, 64, vocabulary, m) == pytest.approx(found, abs=4 * error)
    hard = theory.argmax_bits(64, 64, vocabulary, m, "iid")
    assert hard < theory.argmax_soft_bits(64, 64, vocabulary, m)


def test_a_search_never_returns_its_own_bracket():
    with pytest.raises(HebbsimError, match="only grow"):
        theory.best_token_load(64, 64, 2, "iid")
    with pytest.raises(HebbsimError, match="misread"):
        theory.token_load_at_error(8, 8, 65536)
    m, _ = theory.token_load_at_error(64, 64, 256, codes="refined")
    error = theory.argmax_error(64, 64, 256, [m, m + 1], "refined")
    assert error[0] <= 0.01 < error[1]


# Willshaw


@pytest.mark.parametrize(
    ("n", "active", "patterns", "units", "code"),
    [
        (256, 10, 401, 0.368, 0.350),
        (1024, 12, 4634, 0.412, 0.398),
        (4096, 14, 55_900, 0.446, 0.435),
        (16_384, 16, 698_000, 0.473, 0.464),
    ],
)
def test_willshaw_designs(n, active, patterns, units, code):
    k, m, bits = theory.willshaw_best(n)
    assert (k, m) == (active, pytest.approx(patterns, rel=1e-3))
    assert bits == near(units, 3)
    naive = theory.willshaw_false_naive(m, n, n, k, k) * (n - k) / k
    assert naive == pytest.approx(0.01, rel=0.03) and naive <= 0.01
    assert theory.willshaw_best(n, exact_code=True) == (active, m, near(code, 3))
    assert theory.willshaw_best(10**6)[2] == near(0.528, 3)


@pytest.mark.parametrize(
    ("n", "active", "m", "naive", "true", "units"),
    [
        (256, 10, 401, 0.0097, 0.0267, 0.362),
        (1024, 12, 4634, 0.0101, 0.0165, 0.410),
        (4096, 14, 55_900, 0.0099, 0.0123, 0.445),
    ],
)
def test_finite_willshaw_misses_p1_to_the_k(n, active, m, naive, true, units):
    per_one = (n - active) / active
    assert theory.willshaw_false_naive(m, n, n, active, active) * per_one == pytest.approx(naive, abs=3e-4)
    false = theory.willshaw_false(m, n, n, active, active) * per_one
    assert false == near(true, 4)
    assert theory.sparse_bits(m, n, n, active, false, exact_code=False) == near(units, 3)
    most = theory.willshaw_load_at_error(n, active)
    assert most < m
    assert theory.willshaw_false(most, n, n, active, active) * per_one <= 0.01
    assert theory.willshaw_false(most + 1, n, n, active, active) * per_one > 0.01


@pytest.mark.parametrize(
    "size",
    [
        (401, 256, 256, 10, 10),
        (698_423, 16_384, 16_384, 16, 16),
        (1000, 1000, 1000, 30, 30),
        (100, 1024, 1024, 12, 12),
        (7, 20, 9, 15, 4),
    ],
)
def test_willshaw_false_is_the_alternating_sum_in_80_digits(size):
    m, dim_key, dim_value, k, active_value = size
    getcontext().prec = 80
    held, total = Decimal(active_value) / Decimal(dim_value), Decimal(0)
    for j in range(k + 1):
        missed = Decimal(comb(dim_key - j, k)) / Decimal(comb(dim_key, k))
        total += (-1) ** j * comb(k, j) * (1 - held + held * missed) ** (m - 1)
    assert theory.willshaw_false(*size) == pytest.approx(float(total), rel=1e-9)


def test_willshaw_false_by_monte_carlo():
    rng, dim_key, dim_value, k, active_value, m = np.random.default_rng(7), 64, 48, 5, 4, 60
    false, silent, on = 0, 0, 0
    for _ in range(60):
        keys = (rng.random((m, dim_key)).argsort(1) < k).astype(int)
        values = (rng.random((m, dim_value)).argsort(1) < active_value).astype(int)
        weights = (keys.T @ values > 0).astype(int)
        recall = keys @ weights == k
        assert np.all(recall[values == 1])
        false += np.sum(recall & (values == 0))
        silent += np.sum(values == 0)
        on += weights.mean() / 60
    assert on == pytest.approx(theory.willshaw_ones(m, dim_key, dim_value, k, active_value), rel=0.01)
    exact = theory.willshaw_false(m, dim_key, dim_value, k, active_value)
    assert false / silent == pytest.approx(exact, rel=0.05)
    assert exact > 1.3 * theory.willshaw_false_naive(m, dim_key, dim_value, k, active_value)


def test_sparse_bits():
    whole_code = np.log2(float(comb(256, 10)))
    assert theory.sparse_bits(401, 256, 256, 10, 0.0) == pytest.approx(401 * whole_code / 256**2)
    noise, miss = np.array([0.0, 0.01, 0.1]), np.array([[0.0], [0.05]])
    bits = theory.sparse_bits(401, 256, 256, 10, noise, miss)
    assert bits.shape == (2, 3)
    assert np.all(np.diff(bits, axis=0) < 0) and np.all(np.diff(bits, axis=1) < 0)
    # An output that says nothing: every unit's entropy is lost, so units counted apart leave nothing.
    assert theory.sparse_bits(401, 256, 256, 10, 24.6, 0.0, exact_code=False) == pytest.approx(0, abs=1e-12)
    over = (0.5 * np.log2(2 * np.pi * 10 * (1 - 10 / 256))) * 401 / 256**2
    gap = theory.sparse_bits(401, 256, 256, 10, 0.01, exact_code=False) - theory.sparse_bits(401, 256, 256, 10, 0.01)
    assert gap == pytest.approx(over, rel=0.01)
    # The trap: two units on, 0.69 bits a parameter by units, with 125 false ones for each true one at n = 1000.
    m = round(1000**2 * np.log(2) / 4)
    false = theory.willshaw_false_naive(m, 1000, 1000, 2, 2) * 998 / 2
    assert false == pytest.approx(125, rel=0.01)
    assert theory.sparse_bits(m, 1000, 1000, 2, false, exact_code=False) == near(0.69, 2)


# Habits


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: theory.bit_error(0), "load = 0"),
        (lambda: theory.soft_bits(np.nan), "load = nan"),
        (lambda: theory.gaussian_bits([1, -1]), "load ="),
        (lambda: theory.load_at_error(0.5), "error = 0.5"),
        (lambda: theory.bit_error_exact(64, 0), "num_patterns = 0"),
        (lambda: theory.soft_bits_exact(2.5, 3), "dim_key = 2.5"),
        (lambda: theory.zero_error_load(64, 64, 1.0), "probability = 1.0"),
        (lambda: theory.decay_bits(-1), "c = -1"),
        (lambda: theory.decay_bits(1, "soft"), "unknown values 'soft'.*bipolar, gaussian, hard"),
        (lambda: theory.delta_bits(2.0), "rate = 2.0.*below 2"),
        (lambda: theory.gated_delta_bits(0.5, -1), "c = -1"),
        (lambda: theory.ridge_sinr(-1), "load = -1"),
        (lambda: theory.entropy_ceiling(3), "dim_key = 3"),
        (lambda: theory.lloyd_max(9), "bits = 9"),
        (lambda: theory.hopfield_load(1.0), "overlap = 1.0"),
        (lambda: theory.argmax_error(64, 64, 256, 0), "num_patterns = 0"),
        (lambda: theory.argmax_error(64, 64, 1, 5), "vocabulary = 1"),
        (lambda: theory.argmax_error(64, 64, 256, 5, "refind"), "did you mean 'refined'"),
        (lambda: theory.argmax_error(64, 4, 256, 5, "refined"), "dim_value = 4"),
        (lambda: theory.argmax_soft_bits(64, 64, 256, 5, "random"), "unknown codes"),
        (lambda: theory.token_load_at_error(64, 64, 256, 1.0), "error = 1.0"),
        (lambda: theory.willshaw_ones(5, 10, 10, 11, 2), "active_key = 11"),
        (lambda: theory.willshaw_false(0, 10, 10, 2, 2), "num_patterns = 0"),
        (lambda: theory.sparse_bits(5, 10, 10, 2, 5.0), "false_per_one = 5.0"),
        (lambda: theory.willshaw_best(256, 0), "error = 0"),
        (lambda: theory.binary_entropy(1.5), "p = 1.5"),
        (lambda: theory.snr_bits(-1), "snr"),
    ],
)
def test_bad_input_is_one_line(call, said):
    with pytest.raises(ValueError, match=said) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_everything_public_is_explained():
    for name in theory.__all__:
        thing = getattr(theory, name)
        assert not callable(thing) or len(thing.__doc__) > 40, name


def test_no_jax_and_no_scipy_stats_are_loaded():
    script = "import sys, hebbsim.theory; print([m for m in ('jax', 'scipy.stats', 'rich') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
