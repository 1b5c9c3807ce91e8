"""The trial kernel against a float64 NumPy oracle, and what it promises: counts that no layout changes."""

import functools
import hashlib

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hebbsim
from hebbsim import collect
from hebbsim.ensembles.bipolar import draw_bits, unpack
from hebbsim.simulate import draws, trial

MOST = 90
SEEDS = st.integers(0, 2**32 - 1)
# Few dims, since each is a compilation; num_patterns and seed are traced.
SIZES = st.tuples(st.sampled_from([(1, 3, 5), (33, 7, 16), (16, 40, 80)]), st.integers(1, MOST), SEEDS)


@functools.partial(jax.jit, static_argnums=0)
def pairs_of(spec, sides, book):
    """(keys, codes, values, codebook) of MOST pairs: one shape, one compilation."""
    (key_side, value_side), index = spec.sides, np.arange(MOST)
    book, codes = value_side.book(book), value_side.draw(sides[1], index)
    return key_side.rows((), key_side.draw(sides[0], index)), codes, value_side.rows(book, codes), book


def stored(plan, number, count):
    """Every key and value of a trial in float64, the pairs that are probed, the codebook and the values' codes."""
    spec, seed, counts = plan.spec, np.uint32(plan.tasks[0].seed), np.asarray([count], np.int32)
    drawn = draws.prepare(
        seed, spec.dim_key, spec.dim_value, np.asarray([number]), counts, spec.same_pairs, probes=spec.probes
    )
    *rows, book = pairs_of(spec, drawn.sides[0], drawn.book[0])
    keys, codes, values = (np.asarray(array)[:count] for array in rows)
    return np.float64(keys), np.float64(values), np.asarray(drawn.index[0])[np.asarray(drawn.live[0])], book, codes


@settings(max_examples=25, deadline=None)
@given(SIZES)
def test_sign_and_soft_counts_equal_a_float64_oracle(sizes):
    (dim_key, dim_value, probes), count, seed = sizes
    options = dict(dim_key=dim_key, dim_value=dim_value, probes=probes, seed=seed)
    plan = hebbsim.sweep(num_patterns=[count], **options)
    found = trial.run(plan.spec, seed, [5], [count])
    keys, values, index, _, _ = stored(plan, 5, count)
    aligned = (keys[index] @ (keys.T @ values)) * values[index]
    assert found["probes"][0, 0] == len(index) == min(probes, count)
    assert found["bits"][0, 0] == aligned.size
    assert found["errors"][0, 0] == np.sum(aligned < 0)
    assert found["ties"][0, 0] == np.sum(aligned == 0)
    soft = hebbsim.sweep(num_patterns=[count], readout="soft", **options)
    histogram = trial.run(soft.spec, seed, [5], [count])["histogram"][0, 0]
    half = len(histogram) // 2
    assert (histogram[:half].sum(), histogram[half]) == (np.sum(aligned < 0), np.sum(aligned == 0))
    assert histogram.sum() == aligned.size


@settings(max_examples=10, deadline=None)
@given(st.sampled_from([(5, 8, 2), (24, 40, 200)]), st.integers(1, MOST), SEEDS)
def test_argmax_counts_equal_a_float64_oracle(dims, count, seed):
    dim_key, dim_value, vocabulary = dims
    plan = hebbsim.sweep(
        num_patterns=[count],
        dim_key=dim_key,
        dim_value=dim_value,
        seed=seed,
        probes=64,
        ensemble="tokens",
        ensemble_options={"vocabulary": vocabulary},
        readout="argmax",
    )
    found = trial.run(plan.spec, seed, [0], [count])
    keys, values, index, book, codes = stored(plan, 0, count)
    words = np.asarray(plan.spec.sides[1].rows(book, np.arange(vocabulary)), np.float64)
    scores = keys[index] @ (keys.T @ values) @ words.T
    right = scores[np.arange(len(index)), codes[index]]
    scores[np.arange(len(index)), codes[index]] = -np.inf
    equal = np.sum(scores == right[:, None], axis=1)
    assert found["errors"][0, 0] == np.sum((scores.max(1) > right) | (equal > 1))
    assert found["ties"][0, 0] == np.sum((scores.max(1) == right) & (equal == 1))
    assert found["items"][0, 0] == len(index)


@settings(max_examples=10, deadline=None)
@given(st.sampled_from([(5, 5), (40, 3)]), st.integers(1, MOST), SEEDS)
def test_willshaw_counts_equal_a_boolean_oracle(size, count, seed):
    n, active = size
    plan = hebbsim.sweep(
        num_patterns=[count],
        dim=n,
        seed=seed,
        probes=64,
        rule="willshaw",
        readout="threshold",
        ensemble="sparse",
        ensemble_options={"active": active},
    )
    found = trial.run(plan.spec, seed, [0], [count])
    keys, values, index, _, _ = stored(plan, 0, count)
    assert np.all(keys.sum(1) == active) and np.all(values.sum(1) == active)
    on = keys[index] @ ((keys.T @ values) > 0) >= active
    assert found["misses"][0, 0] == np.sum(~on & (values[index] > 0)) == 0
    assert found["false"][0, 0] == np.sum(on & (values[index] == 0))
    assert found["ones"][0, 0] == active * len(index)


EXACT = {
    "sign": dict(dim=48, readout="sign"),
    "soft": dict(dim_key=40, dim_value=24, readout="soft", ages=(3, 20)),
    "noisy cue": dict(dim=48, ensemble_options={"flip": 0.1, "erase": 0.2}),
    "tied": dict(dim=48, tied=True, ensemble_options={"erase": 0.5}),
    "tokens": dict(dim=48, ensemble="tokens", readout="argmax", ensemble_options={"vocabulary": 100}),
    "willshaw": dict(
        dim=48, rule="willshaw", ensemble="sparse", readout="threshold", ensemble_options={"active": 4, "flip": 0.25}
    ),
}


@pytest.mark.parametrize("name", EXACT)
def test_exact_counts_do_not_depend_on_layout(name):
    """Same seed, same counts: twice, on 1, 2 and 4 devices, its columns on two of them, summed pair by pair, for any
    block size, alone or on the way to a larger load."""
    plan = hebbsim.sweep(num_patterns=[7, 65, 150], probes=32, seed=3, **EXACT[name])
    assert plan.exact
    first = trial.run(plan.spec, 3, [0, 1, 2, 3, 4], [7, 65, 150])
    others = {
        "again": trial.run(plan.spec, 3, [0, 1, 2, 3, 4], [7, 65, 150]),
        "4 devices": trial.run(plan.spec, 3, [0, 1, 2, 3, 4], [7, 65, 150], 4),
        "2 trials on 4 devices": trial.run(plan.spec._replace(num_shards=2), 3, [0, 1, 2, 3, 4], [7, 65, 150], 4),
        "block 50": trial.run(plan.spec._replace(block=50), 3, [0, 1, 2, 3, 4], [7, 65, 150]),
        "alone": {
            n: np.concatenate([trial.run(plan.spec, 3, [0, 1, 2, 3, 4], [m])[n] for m in (7, 65, 150)], 1)
            for n in first
        },
    }
    if name == "sign":
        others["2 devices"] = trial.run(plan.spec, 3, [0, 1, 2, 3, 4], [7, 65, 150], 2)
    if plan.spec.rule.label == "hebbian" and plan.spec.ensemble.kind == "bipolar":
        for block in (plan.spec.block, 50):
            alone = plan.spec._replace(form="parallel", block=block)
            others[f"pair by pair, {block} at once"] = trial.run(alone, 3, [0, 1, 2, 3, 4], [7, 65, 150])
    for how, other in others.items():
        for count, array in first.items():
            if count == "largest":  # a bound, not a count: each order has its own
                continue
            slack = 3 * 32 if "posterior" in count else 0  # float exponentials: their rounding is the device's
            assert np.allclose(array, other[count], rtol=0, atol=slack), f"{count}, {how}"


SHARED = {
    "delta": dict(rule="delta"),
    "amp": dict(retrieval="amp"),
    "tokens by amp": dict(
        ensemble="tokens", readout="argmax", retrieval="amp", ensemble_options={"vocabulary": 32}, dim_value=64
    ),
}


@pytest.mark.parametrize("name", SHARED)
def test_a_memory_may_be_shared_by_devices(name):
    plan = hebbsim.sweep(num_patterns=[40], probes=32, **{"dim_key": 48, "dim_value": 48, **SHARED[name]})
    alone = trial.run(plan.spec, 0, [0, 1], [40])
    for split, devices in ((2, 4), (4, 4)):
        shared = trial.run(plan.spec._replace(num_shards=split), 0, [0, 1], [40], devices)
        for name in {"errors", "bits", "items"} & alone.keys():  # iterations may differ by the rounding of sums
            assert np.array_equal(alone[name], shared[name]), name


def test_a_shared_memory_is_in_no_place_whole():
    plan = hebbsim.sweep(num_patterns=[40], probes=32, dim_key=40, dim_value=96, readout="soft", form="state")
    loads = np.full(16, 40, np.int32)
    drawn = draws.prepare(np.uint32(0), 40, 96, np.asarray([0]), loads, probes=32)
    text = trial._run.lower(plan.spec._replace(num_shards=4), 4, drawn, loads, np.int32(1)).compile().as_text()
    assert "f32[40,24]" in text and "f32[40,96]" not in text


def test_measure_equals_curve_at_that_load():
    points = hebbsim.curve(dim=32, loads=[2.0, 0.5, 1.0], probes=20, trials=3)
    assert [point.load for point in points] == [2.0, 0.5, 1.0]
    for point in points:
        alone = hebbsim.measure(dim=32, num_patterns=point.task.num_patterns, probes=20, trials=3)
        assert alone.task == point.task
        assert all(np.array_equal(alone.counts[name], point.counts[name]) for name in alone.counts)


def test_every_pair_is_written_whatever_the_chunk():
    plain = hebbsim.RULES["hebbian"]()
    whole = hebbsim.measure(dim=64, num_patterns=48, trials=2, probes=64)
    for chunk in (3, 8, 16, 48):
        rule = plain._replace(chunk=chunk)
        point = hebbsim.measure(rule=rule, dim=64, num_patterns=48, trials=2, probes=64)
        assert point.counts["errors"] == whole.counts["errors"], chunk


def test_one_compilation_serves_every_load_and_trial():
    options = dict(dim_key=19, dim_value=21, probes=10, trials=2)
    hebbsim.curve(loads=[0.5, 1], **options)
    before = trial._run._cache_size()
    hebbsim.curve(loads=[0.1, 0.3, 2, 3, 4, 5], **options)
    hebbsim.measure(num_patterns=100, **{**options, "trials": 9})
    assert trial._run._cache_size() == before


@pytest.mark.parametrize(("count", "probes"), [(1, 8), (8, 8), (9, 8), (100, 8), (5, 8), (1000, 33)])
def test_probes_are_distinct_and_each_pair_is_as_likely(count, probes):
    keys = jax.random.split(jax.random.key(0), 4000)
    index, live = jax.vmap(lambda key: draws.probe_index(key, np.int32(count), probes))(keys)
    index, live = np.asarray(index), np.asarray(live)
    used = min(count, probes)
    assert live.sum() == used * len(keys)
    assert np.all(live[:, :used])
    assert all(len(set(row[:used])) == used for row in index[:200])
    seen = np.bincount(index[:, :used].ravel(), minlength=count) / len(keys)
    chance = used / count
    assert len(seen) == count
    assert np.all(np.abs(seen - chance) <= 5 * np.sqrt(chance * (1 - chance) / len(keys)) + 1e-9)


def test_the_bits_are_the_golden_ones():
    """The patterns belong to the identity of every committed record: another generator must not slip in."""
    key = draws.trial_key(np.uint32(7), 64, 48, 2)
    words = np.asarray(draw_bits(2, key, np.arange(100)))
    assert hashlib.sha256(words.astype("<u4").tobytes()).hexdigest()[:16] == GOLDEN
    rows = np.asarray(unpack(64, words))
    bit = (words[5, 1] >> np.uint32(3)) & 1
    assert rows[5, 35] == (1 if bit == 0 else -1)
    assert set(np.unique(rows)) == {-1.0, 1.0}


GOLDEN = "8b32abb02e858c68"


def test_k_of_n_codes_are_uniform():
    side = hebbsim.ENSEMBLES["sparse"](active=2).keys(5)
    units = np.sort(np.asarray(side.draw(jax.random.key(1), np.arange(20000))), axis=1)
    pairs, counts = np.unique(units, axis=0, return_counts=True)
    assert len(pairs) == 10 and np.all(pairs[:, 0] < pairs[:, 1])
    assert np.sum((counts - 2000) ** 2 / 2000) < 28  # chi^2 with 9 degrees of freedom, one in a thousand


@pytest.mark.parametrize(("flip", "erase"), [(0.25, 0.25), (0.5, 0.0), (0.0, 0.75)])
def test_sparse_cue_noise_moves_and_drops_what_it_says(flip, erase):
    side = hebbsim.ENSEMBLES["sparse"](active=8, flip=flip, erase=erase).keys(40)
    code = side.draw(jax.random.key(0), np.arange(300))
    shown, rows = side.cue(jax.random.key(1), (), code)
    clean, noisy = np.asarray(side.rows((), code)), np.asarray(rows)
    assert np.all((noisy * clean).sum(1) == 8 * (1 - flip - erase))
    assert np.all((noisy * (1 - clean)).sum(1) == 8 * flip)
    assert np.array_equal(noisy, np.asarray(side.rows((), shown)))


def test_bipolar_cue_noise_rates():
    side = hebbsim.ENSEMBLES["bipolar"](flip=0.1, erase=0.3).keys(500)
    code = side.draw(jax.random.key(0), np.arange(400))
    _, noisy = side.cue(jax.random.key(1), (), code)
    product = np.asarray(noisy) * np.asarray(side.rows((), code))
    assert abs(np.mean(product == 0) - 0.3) < 0.006
    assert abs(np.mean(product[product != 0] < 0) - 0.1) < 0.005


def test_a_memory_past_what_float32_adds_exactly_is_not_promised(monkeypatch):
    options = dict(dim_key=64, dim_value=2, num_patterns=1000, trials=2, probes=8)
    assert hebbsim.measure(**options).exact
    with monkeypatch.context() as lower:
        lower.setattr(collect, "EXACT_BELOW", 64.0)  # a pair's own overlap with itself
        assert not hebbsim.measure(**options).exact
    assert not hebbsim.measure(dim=16, ensemble="gaussian", readout="soft", num_patterns=10, trials=2).exact
