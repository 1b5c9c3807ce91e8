"""What each precision keeps: rounding against NumPy and ml_dtypes, the laws, and what a rounded memory gives up."""

import functools

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from programs import memory_of, read, recalled, written

import hebbsim
from hebbsim import theory
from hebbsim.precisions.floating import round_to
from hebbsim.precisions.lloyd_max import cells, lloyd_max, scale_of
from hebbsim.records import task

DIM = 12
HEBBIAN = hebbsim.RULES["hebbian"]()
FORMATS = {
    "bfloat16": (jnp.bfloat16, ml_dtypes.bfloat16),
    "e4m3": (jnp.float8_e4m3fn, ml_dtypes.float8_e4m3fn),
    "e5m2": (jnp.float8_e5m2, ml_dtypes.float8_e5m2),
}
CHOICES = [
    *((name, {}) for name in hebbsim.PRECISIONS),
    ("float8", {"format": "e5m2"}),
    *(("lloyd_max", {"bits": bits}) for bits in (1, 3, 8)),
    ("bfloat16", {"every": 1}),
    ("float8", {"every": 3, "stochastic": True}),
    ("int4", {"every": 2, "step": 1.5}),
    ("int8", {"step": 2.0}),
]


def made(name, options):
    return hebbsim.PRECISIONS[name](**options)


def signs(rng, *shape):
    return np.float32(rng.choice([-1.0, 1.0], shape))


def weights_of(dim, patterns, seed=0):
    rng = np.random.default_rng(seed)
    return signs(rng, dim, patterns) @ signs(rng, patterns, dim)


@functools.partial(jax.jit, static_argnames="precision")
def rounded(precision, weights):
    return precision.wrap(HEBBIAN).consolidate(weights)


def wide(seed):
    """Numbers over many octaves, with ties, zeros and the ends of the formats among them."""
    rng = np.random.default_rng(seed)
    ends = [0.0, 448.0, 464.0, 1e4, 57344.0, 61440.0, 1e6, 2.0**-9, 2.0**-10, 3 * 2.0**-10, 2.0**-17, 257.0, 259.0]
    spread = rng.standard_normal(20_000) * np.exp(4 * rng.standard_normal(20_000))
    return np.concatenate([ends, -np.asarray(ends), spread, np.arange(-600.0, 600.0)]).astype(np.float32)


@pytest.mark.parametrize("name", FORMATS)
def test_short_floats_are_those_of_ml_dtypes_and_saturate(name):
    ours, theirs = FORMATS[name]
    x = wide(0)
    most = float(ml_dtypes.finfo(theirs).max)
    assert np.array_equal(round_to(ours)(jnp.asarray(x), jnp.round), np.clip(x, -most, most).astype(theirs))
    assert np.isnan(round_to(ours)(jnp.float32(np.nan), jnp.round))


@pytest.mark.parametrize("format", ["e4m3", "e5m2"])
def test_float8_scales_by_a_power_of_two_so_that_whole_numbers_stay_whole(format):
    dtype = FORMATS[format][1]
    top = 2 ** (np.floor(np.log2(float(ml_dtypes.finfo(dtype).max))) - 1)
    for weights in (weights_of(16, 4001), weights_of(16, 9) / 1024, wide(1)[None, :]):
        w = np.asarray(weights, np.float64)
        scale = 2 ** np.floor(np.log2(np.abs(w).max())) / top
        expected = (w / scale).astype(np.float32).astype(dtype).astype(np.float64) * scale
        assert np.array_equal(rounded(made("float8", {"format": format}), weights), expected)
    kept = np.asarray(rounded(made("float8", {"format": format}), weights_of(16, 100_001)))
    assert np.array_equal(kept, np.round(kept))


@pytest.mark.parametrize(("name", "most"), [("int8", 127), ("int4", 7)])
def test_integers_equal_numpy_and_are_cut_at_their_range(name, most):
    w = np.asarray(weights_of(20, 301), np.float64)
    scale = np.abs(w).max() / most
    assert np.allclose(rounded(made(name, {}), np.float32(w)), np.rint(w / scale) * scale, rtol=1e-6)
    for step in (1.0, 4.0):
        expected = np.clip(np.rint(w / step), -most, most) * step
        assert np.array_equal(rounded(made(name, {"step": step}), np.float32(w)), expected)


@pytest.mark.parametrize("bits", [1, 2, 4, 6])
def test_lloyd_max_equals_numpy_and_its_cells_hold_what_was_rounded(bits):
    levels, thresholds = theory.lloyd_max_levels(bits)
    normal = np.random.default_rng(3).standard_normal((150, 150)).astype(np.float32)

    @jax.jit
    def all_of(weights):
        kept = rounded(lloyd_max(bits=bits), weights)
        scale = scale_of(kept, bits)
        return kept, scale, *cells(kept, bits), *cells(kept[:, :2], bits, scale)

    for weights in (normal, 1e-3 * normal, np.asarray(weights_of(150, 150)), np.asarray(weights_of(150, 151))):
        w = weights.astype(np.float64)
        scale = np.sqrt(np.mean(w**2))
        kept, found, low, high, *part = (np.asarray(x, np.float64) for x in all_of(weights))
        clear = np.abs(w[..., None] / scale - thresholds).min(-1) > 1e-5  # float32 decides the others
        expected = levels[np.searchsorted(thresholds, w / scale)] * scale
        assert clear.mean() > 0.9 and np.allclose(kept[clear], expected[clear], rtol=1e-5)
        assert float(found) == pytest.approx(scale, rel=1e-5)
        slack = 1e-5 * scale
        assert np.all((low - slack <= w) & (w <= high + slack) & (low <= kept) & (kept <= high))
        inside = np.isfinite(low) & np.isfinite(high)
        assert not inside.any() or (high - low)[inside].max() < 1.01 * scale * np.diff(thresholds).max()
        assert np.array_equal(part, [low[:, :2], high[:, :2]])


@pytest.mark.parametrize("bits", [1, 2, 3, 4])
def test_lloyd_max_multiplies_the_signal_to_noise_by_1_minus_d(bits):
    """Of one memory and its rounded form, so that the patterns' own scatter drops out."""
    rng = np.random.default_rng(bits)
    keys, values = signs(rng, 4000, 300), signs(rng, 4000, 300)

    def ratio(weights):
        aligned = (keys @ np.asarray(weights)) * values
        return aligned.mean() ** 2 / aligned.var()

    weights = keys.T @ values
    share = ratio(rounded(lloyd_max(bits=bits), weights)) / ratio(weights)
    # 90,000 weights scatter the mean of their 1 - D by 2 sqrt(D / 90,000) of it, about.
    assert share == pytest.approx(1 - theory.lloyd_max(bits), abs=4 * np.sqrt(theory.lloyd_max(bits)) * 2 / 300)


def test_lloyd_max_leaves_the_empty_diagonal_of_a_symmetric_rule_empty():
    rule = lloyd_max(bits=1).wrap(hebbsim.RULES["hopfield"]())
    patterns = signs(np.random.default_rng(0), 20, DIM)
    memory = np.asarray(memory_of(rule, patterns, patterns))
    assert np.array_equal(memory, memory.T) and not np.diag(memory).any()
    assert np.count_nonzero(memory) == DIM * (DIM - 1)


@pytest.mark.parametrize(("name", "options"), CHOICES, ids=lambda x: str(x))
class TestLaws:
    def test_writing_in_two_parts_is_writing_at_once_bit_for_bit(self, name, options):
        rule = made(name, options).wrap(HEBBIAN)
        rng = np.random.default_rng(0)
        keys, values = signs(rng, 6 * rule.chunk, DIM), signs(rng, 6 * rule.chunk, DIM)
        state = rule.init(DIM, DIM)
        whole = written(rule, state, keys, values)
        at = 3 * rule.chunk  # two equal parts: one compilation
        parts = written(rule, written(rule, state, keys[:at], values[:at]), keys[at:], values[at:])
        assert all(map(np.array_equal, jax.tree.leaves(parts), jax.tree.leaves(whole)))
        assert jax.tree.structure(whole) == jax.tree.structure(state)
        assert [x.dtype for x in jax.tree.leaves(whole)] == [x.dtype for x in jax.tree.leaves(state)]

    def test_an_empty_memory_reads_zero_and_the_denominator_is_the_rules(self, name, options):
        rule = made(name, options).wrap(HEBBIAN)
        assert not np.any(read(rule, rule.init(DIM, DIM), np.ones((3, DIM), np.float32)))
        assert rule.num_parameters(DIM, DIM) == rule.num_state(DIM, DIM) == DIM * DIM
        attention = made(name, options).wrap(hebbsim.RULES["linear_attention"]())
        assert attention.num_parameters(DIM, DIM) == DIM * DIM + DIM

    def test_rounding_is_done_once_and_the_same_rule_gives_the_same_object(self, name, options):
        precision = made(name, options)
        rule = precision.wrap(HEBBIAN)
        assert rule == precision.wrap(HEBBIAN) and hash(rule) == hash(precision.wrap(HEBBIAN))
        memory = rounded(
            made(name, {k: v for k, v in options.items() if k in ("format", "bits", "step")}), weights_of(DIM, 40)
        )
        magnitudes = np.unique(np.abs(np.asarray(memory)))
        assert precision.bits > 8 or len(magnitudes) <= 2 ** (precision.bits - 1)
        assert precision.bits == task.stored_bits(precision.label)


@pytest.mark.parametrize(("format", "every"), [("e4m3", 1), ("e5m2", 4)])
def test_a_running_sum_is_rounded_after_every_group_of_pairs(format, every):
    rng = np.random.default_rng(5)
    keys, values = signs(rng, 600, DIM), signs(rng, 600, DIM)
    rule = made("float8", {"format": format, "every": every}).wrap(HEBBIAN)
    found = recalled(rule, keys, values, np.eye(DIM, dtype=np.float32))
    sums = np.zeros((DIM, DIM), np.float32)
    for i in range(0, 600, every):
        sums = (sums + keys[i : i + every].T @ values[i : i + every]).astype(FORMATS[format][1]).astype(np.float32)
    assert np.array_equal(found, sums)
    assert rule.depth(600) == 600 // every


@pytest.mark.parametrize(
    ("name", "options", "stop"),
    [("bfloat16", {}, 256), ("float8", {}, 16), ("int8", {"step": 1.0}, 127)],
)
def test_ones_added_to_a_large_sum_are_lost_unless_chance_rounds_them(name, options, stop):
    count = 2000 if name == "bfloat16" else 300
    ones = np.ones((count, 16), np.float32)

    def total(**more):
        return np.asarray(memory_of(made(name, options | {"every": 1} | more).wrap(HEBBIAN), ones, ones))

    assert np.all(total() == stop)
    if name != "int8":
        sums = total(stochastic=True)
        # A sum moves by `step` with chance 1 / step, which adds step - 1 to its variance: at most that of the last octave.
        step = 2 ** np.floor(np.log2(count)) / (stop / 2)
        assert abs(sums.mean() - count) < 4 * np.sqrt(count * (step - 1) / sums.size)
        assert not np.array_equal(sums, total(stochastic=True, seed=1))


def test_rounding_by_chance_keeps_the_mean():
    from hebbsim.precisions.rounding import round_stochastically

    x = jnp.full((100_000,), 259.0 - 0.25)
    near = round_to(jnp.bfloat16)(x, round_stochastically(jax.random.key(0)))
    assert set(np.unique(near)) == {258.0, 260.0}
    chance = 0.375
    assert np.mean(np.asarray(near) == 260) == pytest.approx(chance, abs=4 * np.sqrt(chance * (1 - chance) / 1e5))


def test_what_a_rounded_memory_still_gives():
    hopfield = hebbsim.RULES["hopfield"]()
    exact = {"float32": True, "bfloat16": True, "float8": True, "int8": False, "int4": False, "lloyd_max": False}
    for name, is_exact in exact.items():
        precision = made(name, {})
        for rule in (HEBBIAN, hopfield):
            gives = precision.wrap(rule).gives
            assert gives == rule.gives - (set() if is_exact else {"exact"})
        plan = hebbsim.sweep(dim=8, num_patterns=[3], precision=name)
        assert plan.exact is is_exact is ("exact" in precision.gives)
    assert made("lloyd_max", {"bits": 3}).gives == {"cells of 3 bits"}
    assert "exact" in made("int8", {"step": 0.5}).gives and "exact" not in made("int8", {"step": 0.3}).gives
    running = made("bfloat16", {"every": 1, "stochastic": True}).wrap(hopfield)
    assert running.gives == {"exact"} and not running.symmetric and not running.fast
    assert made("bfloat16", {"every": 1}).wrap(HEBBIAN).gives == {"exact"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (dict(precision="float8", precision_options={"format": "e3m4"}), "'e4m3' or 'e5m2'"),
        (dict(precision="lloyd_max", precision_options={"bits": 9}), "1 to 8"),
        (dict(precision="lloyd_max", precision_options={"every": 1}), "unknown option"),
        (dict(precision="int4", precision_options={"every": 1}), "with step"),
        (dict(precision="int4", precision_options={"step": -1.0}), "above 0"),
        (dict(precision="bfloat16", precision_options={"stochastic": True}), "set `every` to 1 or more"),
        (dict(precision="bfloat16", precision_options={"every": 1, "seed": 1}), "set `stochastic`"),
        (dict(precision="int8", rule="willshaw", ensemble="sparse", readout="threshold"), "real weights, willshaw"),
    ],
)
def test_what_does_not_fit_is_refused(options, words):
    with pytest.raises(hebbsim.HebbsimError, match=words):
        hebbsim.sweep(dim=16, num_patterns=[4], **options)


def test_every_has_to_be_whole_chunks():
    with pytest.raises(hebbsim.HebbsimError, match="a multiple of 4"):
        made("bfloat16", {"every": 6}).wrap(HEBBIAN._replace(chunk=4))


def test_one_bit_weights_give_their_share_of_the_soft_bits():
    """Soft bits at SNR (1 - D) / load: on the way to .459."""
    options = dict(precision="lloyd_max", precision_options={"bits": 1}, dim=64, num_patterns=1024, readout="soft")
    kept, point = 1 - theory.lloyd_max(1), hebbsim.measure(trials=8, seed=1, level=0.99, **options)
    assert point.bits_per_parameter.contains(kept * float(theory.soft_bits(point.load / kept)))
    assert point.bits_per_stored_bit == point.bits_per_parameter and point.stored_bits == 1


def test_a_running_float8_sum_loses_what_rounding_once_keeps():
    """Rounded by chance, a pair adds step - 1 to the variance of a sum; rounded to the nearest, most pairs are lost."""
    rng = np.random.default_rng(0)
    keys, values = signs(rng, 1024, 64), signs(rng, 1024, 128)

    def noise(**options):
        """Variance of the read over signal^2, times the dim over the patterns: 1 for the sum itself."""
        aligned = np.asarray(recalled(made("float8", options).wrap(HEBBIAN), keys, values, keys)) * values
        return aligned.var() / aligned.mean() ** 2 / (1024 / 64)

    walk, count = np.zeros(20_000), 1024
    for _ in range(count):
        walk += rng.choice([-1.0, 1.0], walk.shape)
        step = 2.0 ** np.maximum(np.floor(np.log2(np.maximum(np.abs(walk), 1.0))) - 3, 0.0)
        walk = np.floor(walk / step + rng.random(walk.shape)) * step
    law = np.mean(walk**2) / count
    # The signal is a mean over 1024 x 128 reads, each with a standard deviation of 4 to 6 signals.
    by_chance = noise(every=1, stochastic=True)
    assert law > 1.5 and by_chance == pytest.approx(law, rel=4 * 2 * np.sqrt(16 * law) / 362)
    assert noise() == pytest.approx(1.0, rel=4 * 2 * np.sqrt(16) / 362)
    assert noise(every=1) > 1.5 * by_chance


def test_stored_bits_are_known_from_the_labels():
    for name, make in hebbsim.PRECISIONS.items():
        assert make().bits == task.stored_bits(make().label), name
    assert task.stored_bits("lloyd_max(bits=3)") == 3
    for name, make in hebbsim.RULES.items():
        memory = jax.eval_shape(lambda make=make: make().consolidate(make().init(DIM, DIM)))
        assert (name in task.BINARY_RULES) == any(leaf.dtype == bool for leaf in jax.tree.leaves(memory))
    assert task.stored_bits("float32", "willshaw") == 1
    with pytest.raises(hebbsim.HebbsimError, match="not known"):
        task.stored_bits("mine#1234")
