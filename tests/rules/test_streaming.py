"""Rules that forget: chunked forms against the naive scan, defining terms, and the closed forms of the endless stream."""

import jax
import jax.numpy as jnp
import numpy as np
import programs
import pytest

import hebbsim
from hebbsim import theory
from hebbsim.kernels.chunked import corrected_sum, corrected_sum_scan, decayed_sum, decayed_sum_scan


def stream(count, dim_key, dim_value, dtype):
    rng = np.random.default_rng(0)
    arrays = (
        rng.standard_normal((dim_key, dim_value)),
        rng.standard_normal((count, dim_key)),
        rng.standard_normal((count, dim_value)),
    )
    return [np.asarray(array, dtype) for array in arrays]


def apart(fast, naive):
    return np.max(np.abs(np.asarray(fast) - naive)) / np.max(np.abs(naive))


FAST = jax.jit(corrected_sum, static_argnames=("rate", "decay", "chunk"))
NAIVE = jax.jit(corrected_sum_scan)
FADED, FADED_NAIVE = jax.jit(decayed_sum), jax.jit(decayed_sum_scan)


@pytest.mark.parametrize(("dtype", "close"), [(np.float64, 1e-10), (np.float32, 1e-4)])
@pytest.mark.parametrize("count", [1, 7, 64, 150])
def test_chunked_forms_equal_the_scan(dtype, close, count):
    with jax.enable_x64(dtype is np.float64):
        state, keys, values = stream(count, 40, 24, dtype)
        for rate, decay, chunk in ((1.0, 1.0, 64), (0.3, 1.0, 16), (1.5, 0.9, 64), (0.5, 0.99, 1), (1.0, 0.5, 50)):
            fast = FAST(state, keys, values, rate=rate, decay=decay, chunk=chunk)
            naive = NAIVE(state, keys, values, rate, decay)
            assert fast.dtype == dtype
            assert apart(fast, naive) < close
        for gates in (np.full((count, 1), -0.02, dtype), -np.abs(keys) / 10):
            fast, naive = FADED(state, keys, values, gates), FADED_NAIVE(state, keys, values, gates)
            assert apart(fast, naive) < close


def test_each_rule_has_its_defining_term():
    _, keys, values = stream(30, 16, 16, np.float32)

    def written(name, **options):
        return np.asarray(
            programs.written(hebbsim.RULES[name](**options), np.zeros((16, 16), np.float32), keys, values)
        )

    plain = written("hebbian")
    assert np.allclose(written("decay", decay=1.0), plain, atol=1e-4)
    for gate in ("constant", "key", "channel"):
        assert float(np.linalg.norm(written("decay", decay=0.7, gate=gate))) < 0.6 * float(np.linalg.norm(plain))
    newest = written("delta", rate=1.0)
    assert np.allclose(keys[-1] @ newest, values[-1], atol=1e-4)
    assert not np.allclose(keys[-1] @ written("delta", rate=0.5), values[-1], atol=0.1)
    assert np.allclose(written("gated_delta", rate=0.5, decay=1.0), written("delta", rate=0.5), atol=1e-5)
    assert not np.allclose(written("gated_delta", rate=0.5, decay=0.8), written("delta", rate=0.5), atol=0.1)


def test_gates_of_the_key_are_what_they_say():
    rule = hebbsim.RULES["decay"](decay=0.5, gate="channel")
    state = programs.written(rule, np.ones((3, 2)), np.asarray([[1.0, -1.0, 0.0]]), np.zeros((1, 2)))
    expected = 0.5 ** (2 / (1 + np.exp(-np.asarray([1.0, -1.0, 0.0]))))
    assert np.allclose(state, expected[:, None] * np.ones((1, 2)), atol=1e-6)
    rule = hebbsim.RULES["decay"](decay=0.5, gate="key")
    state = programs.written(rule, np.ones((4, 2)), np.asarray([[1.0, 1.0, 1.0, -1.0]]), np.zeros((1, 2)))
    assert np.allclose(state, 0.5 ** (2 / (1 + np.exp(-1.0))), atol=1e-6)


def test_delta_mean_and_noise_against_age():
    """signal rate e^(-rate age/dim), noise w (1 - g e^(-2 rate age/dim)): within 3 standard errors of the formula."""
    dim, rate, trials = 200, 0.5, 40
    w, g = rate / (2 - rate), rate * (2 - rate)
    rule = hebbsim.RULES["delta"](rate=rate)
    side = hebbsim.ENSEMBLES["bipolar"]().keys(dim)

    @jax.jit
    def one(key):
        keys, values = (side.rows((), side.draw(k, jnp.arange(8 * dim))) for k in jax.random.split(key))
        aligned = rule.read(rule.write(rule.init(dim, dim), keys, values), keys) * values
        return jnp.flip(jnp.mean(aligned, 1)), jnp.flip(jnp.mean(aligned**2, 1))

    mean, square = (np.stack(x) for x in zip(*map(one, jax.random.split(jax.random.key(1), trials)), strict=True))
    for age in (0, dim // 4, dim, 2 * dim):
        ages = slice(age, age + 20)  # the formula hardly moves in twenty steps; its mean over them is taken
        x = np.exp(-rate * np.arange(age, age + 20) / dim)
        for seen, law in ((mean, rate * x), (square, w * (1 - g * x * x) + (rate * x) ** 2)):
            each = seen[:, ages].mean(1)
            error = each.std(ddof=1) / np.sqrt(trials)
            assert abs(each.mean() - law.mean()) < 3 * error + 2 * law.mean() / dim, f"age {age}"


@pytest.mark.parametrize(
    ("rule", "options", "patterns", "law"),
    [
        ("decay", {"decay": (1 - 1 / 128) ** 0.5}, 1024, theory.decay_bits(1.0)),
        ("delta", {"rate": 0.5}, 1024, theory.delta_bits(0.5)),
        ("gated_delta", {"rate": 0.5, "decay": (1 - 1 / 128) ** 0.5}, 1024, theory.gated_delta_bits(0.5, 1.0)),
    ],
)
def test_streaming_capacity_of_gaussian_values(rule, options, patterns, law):
    """Bits over all ages per parameter, c = 1: within 3 % of the closed form at dim 128."""
    point = hebbsim.measure(
        rule=rule,
        rule_options=options,
        ensemble="gaussian",
        readout="soft",
        dim=128,
        num_patterns=patterns,
        probes=1024,
        ages=tuple(range(0, patterns, 32)),
        trials=8,
    )
    assert point.bits_per_parameter.best == pytest.approx(law, rel=0.03)


def test_forgetting_is_refused_outside_its_range():
    for name, options in (
        ("decay", {"decay": 1.1}),
        ("decay", {"gate": "x"}),
        ("delta", {"rate": 2.0}),
        ("gated_delta", {"decay": 0.0}),
    ):
        with pytest.raises(hebbsim.HebbsimError, match="allowed"):
            hebbsim.RULES[name](**options)
