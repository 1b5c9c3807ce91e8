"""Fields carried on from load to load: the same counts as with a memory, at every load, for whatever can be so read."""

import os

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hebbsim
from hebbsim.simulate import placement, trial

EXAMPLES = int(os.environ.get("HEBBSIM_EXAMPLES", "5"))  # of specs: each is three compilations
BIPOLAR = st.fixed_dictionaries(
    {"readout": st.sampled_from(["sign", "soft"]), "tied": st.booleans()},
    optional={
        "ensemble_options": st.sampled_from(
            [{"flip": 0.1}, {"erase": 0.3}, {"bias": 0.4}, {"similarity": 0.2}, {"flip": 0.2, "erase": 0.1}]
        )
    },
)
TOKENS = st.fixed_dictionaries(
    {
        "ensemble": st.just("tokens"),
        "readout": st.just("argmax"),
        "ensemble_options": st.fixed_dictionaries({"vocabulary": st.sampled_from([2, 7, 100])}),
    }
)
SPARSE = st.fixed_dictionaries(
    {"ensemble": st.just("sparse"), "readout": st.just("soft"), "ensemble_options": st.just({"active": 3})}
)
SPECS = st.fixed_dictionaries(
    {
        "options": st.one_of(BIPOLAR, TOKENS, SPARSE),
        "dims": st.tuples(st.sampled_from([7, 33, 40]), st.sampled_from([5, 33])),
        "probes": st.sampled_from([1, 6, 50]),
        "counts": st.lists(st.integers(1, 90), min_size=1, max_size=4, unique=True),
        "seed": st.integers(0, 2**32 - 1),
        "devices": st.sampled_from([1, 2, 4]),
    }
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(SPECS)
def test_counts_are_those_of_a_memory_at_every_load(given):
    options, (dim_key, dim_value), counts = given["options"], given["dims"], sorted(given["counts"])
    dims = dict(dim=dim_key) if options.get("tied") else dict(dim_key=dim_key, dim_value=dim_value)
    same = dict(probes=given["probes"], seed=given["seed"])
    plan = hebbsim.sweep(num_patterns=counts, **same, **dims, **options)
    assert plan.exact and plan.spec.same_pairs
    choices = placement.forms(plan.spec, counts)
    assert set(choices) == {"state", "carried", "parallel"}
    found = {
        form: trial.run(spec._replace(block=32), given["seed"], [0, 1, 2], counts, given["devices"])
        for form, spec in choices.items()
    }
    for form in ("carried", "parallel"):
        for name, count in found["state"].items():
            if name == "largest":  # a bound, not a count: each form has its own
                continue
            slack = 3 * given["probes"] if "posterior" in name else 0  # exponentials: their rounding is the device's
            assert np.allclose(count, found[form][name], rtol=0, atol=slack), (form, name)


FLOATS = {
    "relu": dict(rule="linear_attention", rule_options={"feature_map": "relu"}, readout="soft"),
    "elu": dict(rule="linear_attention", readout="soft"),
    "elu, not normalised": dict(rule="linear_attention", rule_options={"normalise": False}, readout="soft"),
    "dpfp": dict(rule="linear_attention", rule_options={"feature_map": "dpfp", "features": 2}, readout="soft"),
    "favor": dict(rule="linear_attention", rule_options={"feature_map": "favor", "features": 60}, readout="soft"),
    "taylor": dict(rule="linear_attention", rule_options={"feature_map": "taylor"}, readout="soft"),
    "Gaussian values": dict(ensemble="gaussian", readout="soft"),
    "correlated keys": dict(ensemble="correlated", ensemble_options={"power": 1.0}, readout="soft"),
}


@pytest.mark.parametrize("name", FLOATS)
def test_floats_agree_to_rounding(name):
    counts = [3, 64, 150]
    plan = hebbsim.sweep(dim=40, num_patterns=counts, probes=30, **FLOATS[name])
    choices = placement.forms(plan.spec, counts)
    state, carried = (trial.run(choices[form], 0, [0, 1], counts) for form in ("state", "carried"))
    for count in state:
        if count == "histogram":  # a field at the edge of a bin may fall to either side
            moved = np.abs(state[count] - carried[count]).sum() / 2
            assert moved <= 0.01 * state[count].sum(), moved
        elif count != "largest":
            assert np.allclose(state[count], carried[count], rtol=2e-4), count


@pytest.mark.parametrize("name", ["elu", "Gaussian values"])
def test_a_load_does_not_depend_on_the_others(name):
    plan = hebbsim.sweep(dim=40, num_patterns=[7, 65, 150], probes=30, form="carried", **FLOATS[name])
    whole = trial.run(plan.spec, 0, [0], [7, 65, 150])
    for i, count in enumerate([7, 65, 150]):
        alone = trial.run(plan.spec, 0, [0], [count])
        for kind, array in alone.items():
            assert np.array_equal(array[:, 0], whole[kind][:, i]), (count, kind)


def test_fields_equal_a_float64_sum_over_pairs():
    plan = hebbsim.sweep(dim_key=40, dim_value=24, num_patterns=[90], probes=200, form="carried", seed=5)
    found = trial.run(plan.spec, 5, [3], [20, 90])
    drawn = trial.prepare(np.uint32(5), 40, 24, np.asarray([3]), np.asarray([90], np.int32), True, probes=200)
    sides = drawn.sides[0]
    key_side, value_side = plan.spec.sides
    keys = np.asarray(key_side.rows((), key_side.draw(sides[0], jnp.arange(90))), np.float64)
    values = np.asarray(value_side.rows((), value_side.draw(sides[1], jnp.arange(90))), np.float64)
    for i, count in enumerate((20, 90)):  # fewer pairs than probes: all of them are read
        aligned = (keys[:count] @ (keys[:count].T @ values[:count])) * values[:count]
        assert found["bits"][0, i] == aligned.size
        assert found["errors"][0, i] == np.sum(aligned < 0)
        assert found["ties"][0, i] == np.sum(aligned == 0)


def test_the_pairs_read_are_the_first_and_the_same_at_every_load():
    loads = np.asarray([5, 40, 900], np.int32)
    drawn = trial.prepare(np.uint32(0), 8, 8, np.asarray([0, 1]), loads, True, probes=16)
    assert np.all(np.asarray(drawn.index) == np.arange(16))
    assert np.array_equal(np.asarray(drawn.live).sum(2), [[5, 16, 16]] * 2)
    cues = np.asarray(jax.random.key_data(drawn.cues) if drawn.cues.ndim == 2 else drawn.cues)
    assert np.all(cues == cues[:, :1])
    assert not np.array_equal(cues[0], cues[1])


def test_a_rule_with_a_step_of_its_own_is_no_sum():
    plain = hebbsim.RULES["hebbian"]()
    assert trial.sum_of(plain)
    for changed in (
        plain._replace(write=lambda state, keys, values: 0.9 * state + keys.T @ values),
        plain._replace(recall=lambda state, queries: jnp.tanh(queries @ state)),
        plain._replace(consolidate=jnp.sign),
        hebbsim.PRECISIONS["int8"]().wrap(plain),
    ):
        assert trial.sum_of(changed) is None
        assert hebbsim.sweep(rule=changed, dim=16, num_patterns=[8]).spec.form == "state"


def test_all_loads_are_two_hundred():
    points = hebbsim.curve(dim=50, loads="all", trials=2, probes=8)
    assert [point.task.num_patterns for point in points] == list(range(1, 201))
    rates = np.asarray([point.error_rate.best for point in points])
    assert np.all(np.abs(np.diff(rates)) < 0.1) and rates[-1] > rates[20] > rates[2]
    with pytest.raises(hebbsim.HebbsimError, match="loads = 'every'; allowed: a list or 'all'"):
        hebbsim.curve(dim=50, loads="every")
