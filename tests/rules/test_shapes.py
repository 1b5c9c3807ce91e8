"""What is written and recalled is a batch: for every rule, and for a custom one, anything else is refused in one line."""

import jax
import jax.numpy as jnp
import pytest

import hebbsim

ONE, TWO = jnp.ones(6), jnp.ones((2, 6))


def double(rule):
    return rule._replace(label="double", write=lambda state, keys, values: state + 2 * keys.T @ values)


CUSTOM = double(hebbsim.RULES["hebbian"]())
RULES = [*(hebbsim.RULES[name]() for name in hebbsim.RULES), CUSTOM]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.label)
def test_one_pair_without_a_batch_is_refused_and_the_way_named(rule):
    state = rule.init(6, 6)
    for keys, values in ((ONE, ONE), (TWO, ONE), (TWO, jnp.ones((3, 6))), (jnp.ones((1, 2, 6)), TWO)):
        with pytest.raises(hebbsim.HebbsimError, match=r"a batch.*hebbsim.sequential") as caught:
            rule.write(state, keys, values)
        assert "\n" not in str(caught.value)
    with pytest.raises(hebbsim.HebbsimError, match=r"queries of shape \(6,\)"):
        rule.read(state, ONE)


def test_the_check_is_one_object_a_function_and_costs_no_trace():
    rule, traced = CUSTOM, []

    def write(state, keys, values):
        traced.append(1)
        return state + keys.T @ values

    mine = rule._replace(write=write)
    assert mine.write is mine.write is rule._replace(write=write).write and mine.write is not rule.write
    for _ in range(3):
        jax.jit(mine.write)(rule.init(6, 6), TWO, TWO)
    assert len(traced) == 1
    assert mine._asdict()["write"] is write and hash(mine) == hash(rule._replace(write=write))


def test_an_update_of_one_pair_is_lifted():
    rule = CUSTOM._replace(write=hebbsim.sequential(lambda state, key, value: state + key[:, None] * value[None, :]))
    assert jnp.array_equal(rule.write(rule.init(6, 6), TWO, TWO), jnp.full((6, 6), 2.0))


def test_captured_functions_keep_identities_apart():
    from hebbsim.parts import identity

    def wrapped(rule):
        write = rule.write
        return rule._replace(label="mine", write=lambda state, keys, values: write(state, keys, values) / 2)

    scaled = [CUSTOM._replace(write=lambda s, k, v, by=by: s + by * k.T @ v) for by in (3.0, 4.0)]
    assert len({identity(wrapped(rule)) for rule in (CUSTOM, *scaled)}) == 3
