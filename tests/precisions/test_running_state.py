"""The running state in few bits: tiles, and the error of a rounding fed into the next write."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import hebbsim
from hebbsim.errors import HebbsimError

PRECISIONS, RULES = hebbsim.PRECISIONS, hebbsim.RULES


def pairs(count=40, dim=24, width=10, seed=0):
    rng = np.random.default_rng(seed)
    return np.float32(np.sign(rng.standard_normal((count, dim)))), np.float32(rng.standard_normal((count, width)))


def naive_int(x, most, tile):
    """Each run of `tile` entries in a row over its own largest magnitude, float64."""
    flat = np.asarray(x, np.float64).ravel()
    out = np.empty_like(flat)
    for start in range(0, len(flat), tile):
        part = flat[start : start + tile]
        step = np.abs(part).max() / most
        out[start : start + tile] = np.round(part / step) * step if step else part
    return out.reshape(np.shape(x))


@pytest.mark.parametrize("name, most", [("int8", 127), ("int4", 7)])
@pytest.mark.parametrize("feedback", [False, True])
def test_a_running_state_equals_a_loop_that_rounds_after_every_pair(name, most, feedback):
    keys, values = pairs()
    wrapped = PRECISIONS[name](tile=16, every=1, feedback=feedback).wrap(RULES["delta"](rate=0.5))
    with jax.enable_x64(True):  # in float32 some numbers near a half go to the other level
        written = wrapped.write(wrapped.init(24, 10), *map(jnp.float64, (keys, values)))
        found = np.asarray(wrapped.consolidate(written))
    state, error = np.zeros((24, 10)), np.zeros((24, 10))
    for key, value in zip(np.float64(keys), np.float64(values), strict=True):
        exact = state + 0.5 * np.outer(key, value - key @ state) / (key @ key) + error
        state = naive_int(exact, most, 16)
        error = naive_int(exact - state, most, 16) if feedback else 0
    assert np.allclose(found, naive_int(state, most, 16), rtol=1e-9)


def test_a_tile_has_its_own_scale():
    rounding = PRECISIONS["int4"](tile=4).wrap(RULES["hebbian"]())
    x = jnp.asarray([[1.0, 2.0, 3.0, 7.0, 100.0, 200.0, 300.0, 700.0]])
    assert np.allclose(rounding.consolidate(x), x)
    assert not np.allclose(PRECISIONS["int4"]().wrap(RULES["hebbian"]()).consolidate(x), x)
    whole = PRECISIONS["int4"](tile=10**6).wrap(RULES["hebbian"]()).consolidate(x)
    assert np.allclose(whole, PRECISIONS["int4"]().wrap(RULES["hebbian"]()).consolidate(x))


@pytest.mark.parametrize("name, options", [("bfloat16", {}), ("float8", {"tile": 16}), ("int8", {"tile": 16})])
def test_feedback_keeps_what_one_rounding_loses(name, options):
    """A sum of writes too small for the format: without feedback it stops, with it it goes on."""
    rule = RULES["hebbian"]()
    keys = jnp.full((101, 1), 0.1).at[0].set(30.0)
    values = jnp.full((101, 2), 0.1).at[0].set(jnp.asarray([30.0, 0.0]))
    exact = np.array([901.0, 1.0])

    def lost(**more):
        wrapped = PRECISIONS[name](every=1, **options, **more).wrap(rule)
        memory = wrapped.write(wrapped.init(1, 2), keys, values)
        whole = memory.state + (memory.errors[0] if more else 0.0)
        return np.abs(np.asarray(whole)[0] - exact)

    worse = 0 if name == "bfloat16" else 1  # a tile's scale is the large entry's: the small one stands still
    # What is fed back is kept in the format too: four significant bits lose it in turn, a little later.
    assert lost()[worse] > 0.7 and lost(feedback=True)[worse] < (0.6 if name == "float8" else 0.2)


def test_a_state_stored_twice_and_its_scales_are_counted():
    def bits(name, **options):
        return PRECISIONS[name](**options).bits

    assert bits("int8") == 8 and bits("int8", tile=16) == 9 and bits("float8", tile=16) == 8.5
    assert bits("int8", tile=16, every=1, feedback=True) == 18
    assert bits("bfloat16", every=1, feedback=True) == 32
    point = hebbsim.measure(
        rule="delta",
        precision="int4",
        precision_options={"tile": 16, "every": 1},
        dim=16,
        num_patterns=8,
        probes=8,
        trials=2,
    )
    assert point.stored_bits == 5.0


def test_old_labels_are_as_they_were():
    assert PRECISIONS["bfloat16"](every=1).label == "bfloat16(every=1)"
    assert PRECISIONS["float8"]().label == "float8(format='e4m3')"
    assert PRECISIONS["int8"](step=1.0).label == "int8(step=1.0)"


def test_a_rounded_state_does_not_depend_on_the_blocks_of_a_write():
    keys, values = pairs()
    wrapped = PRECISIONS["int8"](tile=16, every=1, feedback=True, stochastic=True, seed=3).wrap(RULES["kda"]())
    once = wrapped.write(wrapped.init(24, 10), keys, values)
    twice = wrapped.write(wrapped.write(wrapped.init(24, 10), keys[:13], values[:13]), keys[13:], values[13:])
    assert all(np.allclose(a, b, atol=1e-6) for a, b in zip(jax.tree.leaves(once), jax.tree.leaves(twice), strict=True))


@pytest.mark.parametrize(
    "name, options, words",
    [
        ("int8", {"every": 1}, "needs levels that stay"),
        ("int8", {"every": 1, "step": 1.0, "feedback": True}, "allowed: feedback with tile"),
        ("int8", {"tile": 16, "step": 1.0}, "not both"),
        ("int4", {"tile": 1}, "2 or more"),
        ("bfloat16", {"feedback": True}, "`feedback` applies only to a running sum"),
        ("bfloat16", {"tile": 16}, "unknown option"),
    ],
)
def test_what_does_not_fit_is_refused(name, options, words):
    with pytest.raises(HebbsimError, match=words):
        PRECISIONS[name](**options)
