"""Rules of 2024 to 2026: equal to a float64 loop on hard inputs, and to their neighbours where they must be."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from programs import recalled
from references_recent import MUTANTS, REFERENCES, VARIANTS

import hebbsim
from hebbsim.kernels.channelwise import chunked_channel_delta, recurrent_channel_delta

RULES = hebbsim.RULES
CASES = [(name, options) for name in REFERENCES for options in [{}, *VARIANTS[name]]]
INPUTS = ("bipolar", "gaussian", "duplicate", "correlated", "zero", "large")


def inputs(kind, count, dim=24, width=5, seed=0):
    """Keys, values and queries, float64."""
    rng = np.random.default_rng(seed)
    keys = rng.standard_normal((count, dim))
    if kind == "bipolar":
        keys = np.sign(keys)
    if kind == "duplicate":
        keys = keys[rng.integers(0, min(5, count), count)]
    if kind == "correlated":
        keys = keys / np.arange(1, dim + 1) ** 1.5 + 1.0
    if kind == "zero":
        keys[::3] = 0
    values, queries = rng.standard_normal((count, width)), np.concatenate([keys[-3:], rng.standard_normal((4, dim))])
    return (100 * keys if kind == "large" else keys), values, queries


def all_options(name, options):
    return {option: options.get(option, p.default) for option, p in inspect.signature(RULES[name]).parameters.items()}


def field_of(name, options, keys, values, queries):
    return recalled(RULES[name](**options), keys, values, queries)


def distance(field, right):
    return np.abs(np.asarray(field, np.float64) - right).max() / max(np.abs(right).max(), 1e-30)


@pytest.mark.parametrize("name, options", CASES, ids=lambda x: x if isinstance(x, str) else str(x))
def test_a_rule_equals_its_float64_loop_on_hard_inputs(name, options):
    """In float64, so that a wrong term cannot hide behind rounding; 63, 65 and 129 pairs leave a part-filled chunk."""
    with jax.enable_x64(True):
        for kind in INPUTS:
            if name == "mlstm" and kind == "large" and all_options(name, options)["gate"] == "key":
                continue  # gates of exp(500): the loop without a stabiliser overflows; tested below
            for count in (1, 63, 64, 129) if kind == "gaussian" and not options else (65,):
                keys, values, queries = inputs(kind, count)
                right = REFERENCES[name](all_options(name, options), keys, values, queries)
                field = field_of(name, options, *map(jnp.asarray, (keys, values, queries)))
                assert distance(field, right) < 1e-9, (kind, count)


@pytest.mark.parametrize("name, options", CASES, ids=lambda x: x if isinstance(x, str) else str(x))
def test_in_float32_it_is_right_to_five_digits(name, options):
    keys, values, queries = (np.float32(x) for x in inputs("gaussian", 65))
    right = REFERENCES[name](all_options(name, options), *(np.float64(x) for x in (keys, values, queries)))
    assert distance(field_of(name, options, keys, values, queries), right) < 2e-4


@pytest.mark.parametrize("name, options, drops", MUTANTS, ids=lambda x: x if isinstance(x, str) else "")
def test_a_rule_with_a_term_left_out_or_wrong_is_told_apart(name, options, drops):
    keys, values, queries = inputs("gaussian", 65)
    queries = np.concatenate([queries, queries / 50])  # short ones, whose normaliser is under 1
    field = np.asarray(field_of(name, options, *(np.float32(x) for x in (keys, values, queries))))
    full = all_options(name, options)
    assert distance(field, REFERENCES[name](full, keys, values, queries)) < 1e-4
    for drop in drops:
        wrong = REFERENCES[name](full, keys, values, queries, drop=drop)
        assert max(map(distance, field, wrong)) > 1e-2, drop


NEIGHBOURS = [
    ("kda", {"gate": "constant", "rate": 0.7, "decay": 0.9}, "gated_delta", {"rate": 0.7, "decay": 0.9}),
    ("kda", {"decay": 1.0, "rate": 0.7}, "delta", {"rate": 0.7}),
    ("rwkv7", {"decay": 1.0, "rate": 0.7, "removal": 0.7}, "delta", {"rate": 0.7}),
    (
        "rwkv7",
        {"gate": "constant", "decay": 0.9, "rate": 0.7, "removal": 0.63},
        "gated_delta",
        {"rate": 0.7, "decay": 0.9},
    ),
    ("mamba3", {"share": 1.0, "decay": 0.9}, "decay", {"decay": 0.9}),
    ("mamba3", {"share": 1.0, "decay": 1.0}, "hebbian", {}),
    ("titans", {"momentum": 0.0, "rate": 0.7}, "delta", {"rate": 0.7}),
    (
        "titans",
        {"momentum": 0.0, "rate": 0.7, "decay": 0.9},
        "rwkv7",
        {"gate": "constant", "decay": 0.9, "rate": 0.7, "removal": 0.7},
    ),
    ("preconditioned_delta", {"power": 0.0, "rate": 0.7}, "delta", {"rate": 0.7}),
    ("log_linear", {"levels": 1}, "hebbian", {}),
    ("log_linear", {"weight": 1.0}, "hebbian", {}),
]


@pytest.mark.parametrize("name, options, other, others", NEIGHBOURS)
def test_a_rule_becomes_its_neighbour(name, options, other, others):
    with jax.enable_x64(True):
        given = [jnp.asarray(x) for x in inputs("gaussian", 100)]
        right = np.asarray(field_of(other, others, *given))
        assert distance(field_of(name, options, *given), right) < 1e-10


def test_at_rate_zero_kda_only_forgets():
    """Rate 0 is not allowed as a rule, but its limit is: the field over the rate is that of a decayed sum of k^T v / k.k."""
    keys, values, queries = inputs("bipolar", 50)
    with jax.enable_x64(True):
        given = [jnp.asarray(x) for x in (keys, values, queries)]
        field = np.asarray(field_of("kda", {"rate": 1e-9, "decay": 0.9}, *given)) / 1e-9
        right = np.asarray(field_of("decay", {"decay": 0.9, "gate": "channel"}, *given)) / keys.shape[1]
    assert distance(field, right) < 1e-6


def test_removal_zero_makes_rwkv7_a_decayed_sum():
    keys, values, queries = inputs("bipolar", 50)
    with jax.enable_x64(True):
        given = [jnp.asarray(x) for x in (keys, values, queries)]
        field = field_of("rwkv7", {"removal": 0.0, "decay": 0.9}, *given)
        right = np.asarray(field_of("decay", {"decay": 0.9, "gate": "channel"}, *given)) / keys.shape[1]
    assert distance(field, right) < 1e-10


def test_mlstm_with_constant_gates_is_the_decayed_sum_over_its_normaliser():
    keys, values, queries = (jnp.asarray(np.float32(x)) for x in inputs("gaussian", 50))
    plain = np.asarray(field_of("decay", {"decay": 0.9}, keys, values, queries))
    whole = np.asarray(field_of("decay", {"decay": 0.9}, keys, jnp.ones((50, 1)), queries))
    right = plain / np.maximum(np.abs(whole), 1)
    assert distance(field_of("mlstm", {"decay": 0.9, "gate": "constant"}, keys, values, queries), right) < 1e-5


def test_mlstm_survives_gates_that_no_float_holds():
    """Keys times 100 make gates of exp(+-500): the largest one alone is left, so its value comes back alone."""
    keys, values, _ = (np.float32(x) for x in inputs("large", 64))
    top = keys[np.argmax(keys.sum(1))][None]
    field = field_of("mlstm", {}, keys, values, top)
    assert np.allclose(field, values[np.argmax(keys.sum(1))], atol=1e-5)


@pytest.mark.parametrize("name", ["kda", "preconditioned_delta", "titans"])
def test_at_rate_one_the_newest_pair_comes_back(name):
    keys, values, _ = (np.float32(x) for x in inputs("gaussian", 70))
    options = {"titans": {"rate": 1.0, "momentum": 0.0}}.get(name, {"rate": 1.0})
    assert np.allclose(field_of(name, options, keys, values, keys[-1:]), values[-1], atol=1e-4)


@pytest.mark.parametrize("name", ["kda", "rwkv7", "titans", "preconditioned_delta"])
def test_a_zero_key_writes_nothing(name):
    keys, values, queries = (np.float32(x) for x in inputs("gaussian", 9))
    options = {"kda": {"decay": 1.0}, "rwkv7": {"decay": 1.0}, "titans": {"momentum": 0.0}}.get(name, {})
    zeros = np.zeros((3, keys.shape[1]), np.float32), np.ones((3, values.shape[1]), np.float32)
    more = [np.concatenate([side, extra]) for side, extra in zip((keys, values), zeros, strict=True)]
    right = np.asarray(field_of(name, options, keys, values, queries))
    assert distance(field_of(name, options, *more, queries), right) < 1e-5


def test_what_is_held_besides_the_weights_is_counted():
    counted = {name: RULES[name]().num_parameters(8, 6) for name in REFERENCES}
    assert counted["kda"] == counted["rwkv7"] == 48
    assert counted["mlstm"] == counted["preconditioned_delta"] == 48 + 8
    assert counted["mamba3"] == 48 + 8 + 6
    assert counted["titans"] == 96 and RULES["titans"](momentum=0.0).num_parameters(8, 6) == 48
    assert counted["log_linear"] == 8 * 48


@pytest.mark.parametrize("count", [0, 1, 31, 63, 64, 65, 129])
def test_the_chunked_form_is_the_scan(count):
    forms = [jax.jit(lambda *given, n=n: chunked_channel_delta(*given, chunk=n)) for n in (32, 64)]
    told_mild = jax.jit(lambda *given: chunked_channel_delta(*given, steepest=0.1))
    scan = jax.jit(recurrent_channel_delta)
    with jax.enable_x64(True):
        state = jnp.asarray(np.random.default_rng(1).standard_normal((24, 5)))
        powers = np.random.default_rng(2).uniform(0, 2, (count, 24))
        for kind in INPUTS[1:]:
            keys, values, _ = inputs(kind, count, seed=count)
            writes = 1.999 * keys / np.maximum(np.sum(keys * keys, 1, keepdims=True), 1e-300)
            for decay in (1e-6, 0.5, 0.99, 1 - 1e-6):
                gates = jnp.asarray(np.log(decay) * powers)
                right = np.asarray(scan(state, keys, writes, values, gates))
                for chunked in [*forms, told_mild] if decay > 0.9 else forms:
                    assert distance(chunked(state, keys, writes, values, gates), right) < 1e-10, (kind, decay)
            right = np.asarray(scan(state, keys, writes, values))
            for chunked in forms:
                assert distance(chunked(state, keys, writes, values), right) < 1e-10, kind


@pytest.mark.parametrize(
    "name, options, words",
    [
        ("kda", {"rate": 2.0}, "above 0, under 2"),
        ("kda", {"gate": "row"}, "'constant', 'key' or 'channel'"),
        ("rwkv7", {"removal": 1.9, "decay": 0.5}, "allowed: up to 1.25"),
        ("mlstm", {"decay": 0.0}, "above 0, up to 1"),
        ("mamba3", {"share": 0.0}, "above 0, up to 1"),
        ("titans", {"momentum": 1.0}, "from 0 to under 1"),
        ("preconditioned_delta", {"floor": 0.0}, "above 0"),
        ("log_linear", {"levels": 0}, "1 to 31"),
    ],
)
def test_what_is_not_allowed_is_refused_in_one_line(name, options, words):
    with pytest.raises(hebbsim.HebbsimError, match=words) as caught:
        RULES[name](**options)
    assert "\n" not in str(caught.value)
