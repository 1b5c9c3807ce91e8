"""Every rule on hard keys, at every edge of a chunk and at extreme options: equal to float64 as its README says."""

import re
from pathlib import Path

import numpy as np
import pytest
import references_recent
from hard_inputs import hard_pairs, kinds, signs
from programs import memory_of, recalled, written
from references import VARIANTS, expected, relative_error

import hebbsim

README = (Path(hebbsim.__file__).parent / "rules" / "README.md").read_text()
ROWS = re.findall(r"^\| (\w+) \| (.+?) \| (.+?) \| ([\d.e-]+) \|$", README, re.MULTILINE)
USUAL = 1e-5  # the README's tolerance for whatever its table does not name
DIM = 16
EXTREMES = {
    "delta": [{"rate": 1e-6}, {"rate": 1.999}],
    "gated_delta": [{"rate": 1.999, "decay": 1e-6}, {"rate": 1.999, "decay": 1 - 1e-6}, {"rate": 1e-6}],
    "decay": [{"decay": a, "gate": gate} for a in (1e-6, 1 - 1e-6) for gate in ("constant", "key", "channel")],
    "hyena": [{"filter": "exponential", "decay": a, "spread": 1.0} for a in (1e-6, 1 - 1e-6)],
    "pseudo_inverse": [{"ridge": 1e-6}, {"ridge": 1e-6, "online": True}],
    "bcpnn": [{"prior": 1e-6}],
    "softmax_attention": [{"inverse_temperature": 1e-6}],
    "lact": [{"rate": 10.0, "chunk": 8}, {"rate": 1e-6, "chunk": 8}],
}
# The rules of references_recent.py are tried with their options on hard keys in test_recent.py.
MOST_TRIED = [
    (name, options)
    for name in hebbsim.RULES
    for options in (
        {},
        *(VARIANTS.get(name, []) if name not in references_recent.REFERENCES else []),
        *EXTREMES.get(name, []),
    )
    if options.get("normalise", True)  # the sums that it divides are the same
]
# What a docstring says float32 cannot do: keys longer than favor's range; lengths that nothing holds back. And gates of
# exp(key) that float64 cannot hold either without mlstm's stabiliser.
BEYOND = {("favor", "mixed scales"), ("mlstm", "times 1e4"), ("mlstm", "mixed scales")} | {
    ("free lengths", kind) for kind in ("times 100", "times 1e4", "mixed scales")
}


def tolerance(name, kind):
    """Of the largest field: the README's row for the rule and the kind of keys, or for the rule and any keys."""
    stated = {(rule, keys): float(number) for rule, keys, _, number in ROWS}
    return stated.get((name, kind), stated.get((name, "any"), USUAL))


def what_is_beyond(name, options):
    if name == "mlstm":
        return name
    free = options.get("renormalise") is False
    return "free lengths" if free else options.get("feature_map")


@pytest.mark.parametrize(("name", "options"), MOST_TRIED, ids=lambda x: x if isinstance(x, str) else str(x))
def test_hard_keys_give_what_float64_gives(name, options):
    rule = hebbsim.RULES[name](**options)
    pairs = -(-65 // rule.chunk) * rule.chunk
    for kind in kinds(rule):
        keys, values, queries = hard_pairs(rule, kind, pairs, DIM)
        field = recalled(rule, keys, values, queries)
        if (what_is_beyond(name, options), kind) in BEYOND:
            continue
        assert np.all(np.isfinite(field)), kind
        error = relative_error(field, expected(name, options, keys, values, queries))
        assert error < tolerance(name, kind), (kind, error)


@pytest.mark.parametrize("name", list(hebbsim.RULES))
def test_every_edge_of_a_chunk(name):
    """One pair less and one more than a chunk, two chunks and one, a single pair; lact comes in its own chunks."""
    rule = hebbsim.RULES[name]()
    kind = "gaussian" if "bipolar" in rule.accepts else "codes"
    for pairs in (64, 128) if rule.chunk == 64 else (1, 63, 64, 65, 129):
        keys, values, queries = hard_pairs(rule, kind, pairs, DIM, seed=pairs)
        error = relative_error(recalled(rule, keys, values, queries), expected(name, {}, keys, values, queries))
        assert error < tolerance(name, kind), (pairs, error)


# Others forget at every pair, count the pairs, give a zero key features, or hold a place for it.
KEEP_NOTHING = ("hebbian", "willshaw", "hopfield", "delta", "pseudo_inverse", "holographic", "hyena")


@pytest.mark.parametrize("name", KEEP_NOTHING)
def test_a_zero_key_writes_nothing(name):
    rule = hebbsim.RULES[name]()
    keys, values, queries = hard_pairs(rule, "zero keys", 64, DIM)
    live = np.any(keys != 0, axis=1)
    assert 0 < live.sum() < 64
    without = recalled(rule, keys[live], values[live], queries)
    assert relative_error(recalled(rule, keys, values, queries), without) < tolerance(name, "zero keys")


@pytest.mark.parametrize("rate", [1.0, 0.3, 1.999])
@pytest.mark.parametrize("scale", [1e-30, 1e-15, 1e15, 1e30])
def test_the_delta_rule_knows_no_length_of_keys(scale, rate):
    """k^T (v - k S) / (k.k): keys s times as long leave weights 1 / s times as large, far past where k.k overflows."""
    rng = np.random.default_rng(0)
    keys, values = np.float32(signs(rng, 70, DIM)), np.float32(signs(rng, 70, DIM))
    rule = hebbsim.RULES["delta"](rate=rate)
    plain = written(rule, rule.init(DIM, DIM), keys, values)
    scaled = written(rule, rule.init(DIM, DIM), np.float32(scale) * keys, values)
    assert np.allclose(np.float64(scaled) * scale, plain, rtol=0, atol=1e-5)


def test_gated_delta_forgets_at_a_zero_key_and_writes_nothing():
    rule = hebbsim.RULES["gated_delta"](decay=0.5)
    state = written(rule, *(np.full(shape, x, np.float32) for shape, x in (((3, 2), 1), ((4, 3), 0), ((4, 2), 1))))
    assert np.array_equal(state, np.full((3, 2), 0.5**4))


@pytest.mark.parametrize("name", ["decay", "gated_delta"])
def test_a_slow_decay_is_not_rounded(name):
    """float32 makes 1 - 1e-6 into 1 - 1.0133e-6; after 2^15 pairs that is 4e-4 of the first pair."""
    decay, pairs = 1 - 1e-6, 2**15
    rule = hebbsim.RULES[name](decay=decay)
    left = written(rule, np.ones((1, 1), np.float32), np.zeros((pairs, 1), np.float32), np.ones((pairs, 1), np.float32))
    assert abs(float(left[0, 0]) - decay**pairs) < 2e-5


@pytest.mark.parametrize("prior", [1e3, 1e6])
@pytest.mark.parametrize("pairs", [5, 129, 2000])
def test_bcpnn_keeps_the_digits_of_small_weights(prior, pairs):
    rule = hebbsim.RULES["bcpnn"](prior=prior)
    keys, values, _ = hard_pairs(rule, "codes", pairs, 32)
    weights = memory_of(rule, keys, values).weights
    fields = [
        expected("bcpnn", {"prior": prior}, keys, values, queries) for queries in (np.eye(32), np.zeros((32, 32)))
    ]
    assert relative_error(weights, fields[0] - fields[1]) < 1e-6


def test_the_table_of_tolerances_names_rules_and_kinds():
    assert ROWS
    for name, kind, _, _ in ROWS:
        assert name in hebbsim.RULES and kind in [*kinds(hebbsim.RULES[name]()), "any"]
