"""Estimates, capacities and extrapolations: coverage, brackets, refusals."""

import numpy as np
import pytest
import scipy.stats

from hebbsim.errors import HebbsimError
from hebbsim.records import Record, Results
from hebbsim.records.task import Task
from hebbsim.statistics.estimate import Estimate, Unresolved, jackknife, joint_level, student
from hebbsim.statistics.fit import best_load, exact_load, extrapolate, load_at_error, load_limit
from hebbsim.statistics.measurement import Measurement, curves, measurements
from hebbsim.theory import bit_error, soft_bits

DIM = 1000


def simulated(loads, trials=12, seed=0, spread=0.02):
    """A curve whose error counts follow the one-shot law, with memories that differ a little."""
    rng = np.random.default_rng(seed)
    quality = 1 + spread * rng.standard_normal(trials)
    points = []
    for load in loads:
        task = Task(dim_key=DIM, dim_value=DIM, num_patterns=round(load * DIM), probes=DIM)
        records = []
        for trial in range(trials):
            wrong = rng.binomial(100 * DIM, bit_error(load * quality[trial]))
            counts = {"probes": 100, "bits": 100 * DIM, "errors": wrong, "ties": 0}
            counts = {name: np.asarray(value) for name, value in counts.items()}
            records.append(Record(task, trial, counts, DIM * DIM, True, True, 0.0, "test"))
        points.append(Measurement(task, tuple(records)))
    return points


def test_student_covers_and_binomial_over_correlated_probes_does_not():
    rng = np.random.default_rng(0)
    covers, naive = [], []
    for _ in range(300):
        rates = np.clip(0.2 + 0.05 * rng.standard_normal(6), 0, 1)
        seen = rng.binomial(1000, rates) / 1000
        covers.append(student(seen).contains(0.2))
        half = 1.96 * np.sqrt(seen.mean() * (1 - seen.mean()) / 6000)
        naive.append(abs(seen.mean() - 0.2) < half)
    assert 0.92 <= np.mean(covers) <= 0.98
    assert np.mean(naive) < 0.6


@pytest.mark.parametrize("trials", [2, 3, 12])
@pytest.mark.parametrize("level", [0.68, 0.95])
def test_student_and_the_jackknife_of_a_mean_are_the_interval_of_scipy(trials, level):
    values = np.random.default_rng(trials).standard_normal(trials)
    low, high = scipy.stats.t.interval(level, trials - 1, values.mean(), scipy.stats.sem(values))
    made = jackknife(lambda t: float(t["x"] / t["n"]), [{"x": x, "n": 1.0} for x in values], level)
    for found in (student(values, level), made):
        assert (found.low, found.high) == pytest.approx((low, high)) and found.best == pytest.approx(values.mean())


def test_jackknife_of_a_ratio_covers():
    rng = np.random.default_rng(1)
    covers = []
    for _ in range(300):
        trials = [{"a": rng.gamma(50), "b": rng.gamma(200)} for _ in range(10)]
        covers.append(jackknife(lambda t: float(t["a"] / t["b"]), trials).contains(0.25))
    assert 0.92 <= np.mean(covers) <= 0.98


def test_estimates_say_digits_after_their_error():
    assert str(Estimate(0.7201, 0.7213, 0.7225, 0.95, 40, "")) == "0.7213 +/- 0.0012 (95 %, 40 trials)"
    assert joint_level(0.95, 1) == 0.95 and joint_level(0.95, 20) == pytest.approx(0.99744, abs=1e-5)
    with pytest.raises(Unresolved) as one:
        student([0.5])
    assert one.value.estimate is not None and one.value.estimate.best == 0.5


def test_no_error_seen_is_not_an_error_rate_of_zero():
    task = Task(dim_key=8, dim_value=8, num_patterns=1, probes=1)
    counts = {name: np.asarray(n) for name, n in (("probes", 1), ("bits", 8), ("errors", 0), ("ties", 0))}
    records = tuple(Record(task, trial, counts, 64, True, True, 0.0, "") for trial in range(8))
    rate = Measurement(task, records).error_rate
    assert rate.best == 0 and 0.3 < rate.high < 0.4  # 1 - 0.025^(1/8)
    bits = Measurement(task, records).bits_per_parameter
    assert bits.low < bits.best == bits.high == pytest.approx(1 / 8)


def test_a_few_errors_have_at_least_poissons_interval():
    task = Task(dim_key=100, dim_value=100, num_patterns=10, probes=10)
    records = []
    for trial in range(8):
        counts = {"probes": 10, "bits": 1000, "errors": int(trial == 3), "ties": 0}
        records.append(Record(task, trial, {n: np.asarray(c) for n, c in counts.items()}, 10**4, True, True, 0.0, ""))
    rate = Measurement(task, tuple(records)).error_rate
    assert rate.best == 1 / 8000
    assert 5.5716 / 8000 < rate.high < 7.5 / 8000  # Poisson's upper 97.5 % bound of one event; Student's quantile in it
    assert 0 <= rate.low <= 0.0254 / 8000


def test_load_at_error_brackets_the_law():
    capacity = load_at_error(simulated([0.12, 0.15, 0.2, 0.3]))
    assert capacity.load.contains(0.18478)
    assert capacity.bits.best == pytest.approx(0.170, abs=0.004)
    for loads, word in (([0.3, 0.4], "smaller"), ([0.05, 0.1], "larger")):
        with pytest.raises(Unresolved, match=word):
            load_at_error(simulated(loads))


def test_best_load_refuses_an_end():
    with pytest.raises(Unresolved, match="last load"):
        best_load(simulated([1, 2, 4]), "hard")


def test_best_load_finds_a_top_between_points():
    points = []
    for load, rate in ((0.5, 0.0), (0.7, 0.01), (1.0, 0.08), (1.4, 0.22), (2.0, 0.4)):
        task = Task(dim_key=DIM, dim_value=DIM, num_patterns=round(load * DIM), probes=100)
        rows = []
        for trial in range(4):
            counts = {"probes": 1, "bits": 10_000, "errors": int(1e4 * rate) + trial, "ties": 0}
            rows.append(Record(task, trial, {n: np.asarray(c) for n, c in counts.items()}, DIM**2, True, True, 0.0, ""))
        points.append(Measurement(task, tuple(rows)))
    top = best_load(points, "hard")
    assert 0.7 < top.load.best < 1.0
    assert top.bits.best >= max(p.bits["hard"].best for p in points) - 1e-9


def test_exact_load_is_between_the_last_clean_and_the_first_failing():
    points = simulated([0.02, 0.04, 0.08, 0.16, 0.3], spread=0)
    found = exact_load(points)
    assert 0.02 < found.load.best < 0.16
    with pytest.raises(Unresolved, match="first load"):
        exact_load(simulated([0.3, 0.5]))
    with pytest.raises(Unresolved, match="no load"):
        exact_load(simulated([0.01, 0.02]))


def test_load_limit_recovers_the_hard_limit_and_extrapolate_a_known_one():
    fit = load_limit(simulated([4, 8, 16, 32, 64], trials=40, spread=0.0), "hard")
    assert fit.limit.contains(0.4592) and fit.limit.half < 0.02
    truth = [Estimate(v - 0.01, v, v + 0.01, 0.95, 20, "") for v in (1.3, 1.15, 1.075, 1.0375)]
    line = extrapolate([1, 0.5, 0.25, 0.125], truth, (1,))
    assert line.limit.best == pytest.approx(1.0) and line.coefficients[1] == pytest.approx(0.3)
    assert "x^1" in line.form()
    with pytest.raises(HebbsimError, match="more points"):
        extrapolate([1, 2], truth[:2], (1,))


def test_extrapolation_covers():
    rng = np.random.default_rng(3)
    x, covers = np.asarray([1, 0.5, 0.25, 0.125]), []
    for _ in range(300):
        values = [student(0.7 + 0.2 * at + 0.02 * rng.standard_normal(8)) for at in x]
        covers.append(extrapolate(x, values, (1,)).limit.contains(0.7))
    assert 0.92 <= np.mean(covers) <= 0.99  # a little wide: widened by the scatter where that is larger


def test_curves_group_by_what_is_the_same():
    points = simulated([0.2, 0.1])
    results = Results({(r.task, r.trial): r for p in points for r in p.records})
    (curve,) = curves(measurements(results)).values()
    assert [point.load for point in curve] == [0.1, 0.2]


def test_best_is_within_its_interval_whatever_was_seen():
    rng = np.random.default_rng(5)
    for _ in range(200):
        of, trials = int(rng.integers(1, 40)), int(rng.integers(2, 5))
        rate = rng.choice([0.0, 0.02, 0.3, 0.5, 0.9, 1.0])
        task = Task(dim_key=of, dim_value=1, num_patterns=of, probes=of)
        records = []
        for trial in range(trials):
            counts = {"probes": of, "bits": of, "errors": rng.binomial(of, rate), "ties": 0}
            arrays = {name: np.asarray(value) for name, value in counts.items()}
            records.append(Record(task, trial, arrays, of, True, True, 0.0, ""))
        point = Measurement(task, tuple(records))
        for estimate in (point.error_rate, point.bits_per_parameter):
            assert estimate.low <= estimate.best <= estimate.high
        assert point.error_rate.half > 0


def test_age_bits_are_summed_over_ages_never_pooled():
    """Half the pairs perfect, half lost: pooling would call it a 25 % error."""
    task = Task(dim_key=100, dim_value=10, num_patterns=100, probes=100, ages=(50,))
    counts = {"probes": [50, 50], "bits": [500, 500], "errors": [0, 250], "ties": [0, 0]}
    record = {name: np.asarray(value) for name, value in counts.items()}
    point = Measurement(task, tuple(Record(task, t, record, 1000, True, True, 0.0, "") for t in range(3)))
    assert point.bits_per_parameter.best == pytest.approx(0.5)
    assert point.error_rate.best == 0.25
    assert [e.best for e in point.age_bits] == pytest.approx([10, 0])


def test_soft_law_is_monotone():
    x = np.geomspace(0.01, 1e4, 50)
    assert np.all(np.diff(soft_bits(x)) > 0)
