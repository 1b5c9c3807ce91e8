"""Every rule equals its float64 reference, with every option tried; a rule without a reference fails."""

import numpy as np
import pytest
from programs import recalled
from references import REFERENCES, VARIANTS, all_options, expected, relative_error

import hebbsim

TOLERANCE = 5e-6  # of the largest field, for +-1 and 0/1 codes
LOOSER = {"perceptron": 2e-4}  # hundreds of sweeps, each fed by the one before


def draw_pairs(rule, count, dim=12, seed=0):
    """Keys, values and queries that the rule accepts: 0/1 codes of three units for sparse rules, else +-1."""
    rng = np.random.default_rng(seed)
    if "bipolar" in rule.accepts:
        keys, values, queries = (rng.choice([-1.0, 1.0], (n, dim)) for n in (count, count, 7))
    else:
        keys, values, queries = (np.zeros((n, dim)) for n in (count, count, 7))
        for side in (keys, values, queries):
            for row in side:
                row[rng.permutation(dim)[:3]] = 1.0
    return np.float32(keys), np.float32(keys if rule.tied_only else values), np.float32(queries)


def compare(name, options, count=24, seed=0):
    """The rule's error against its reference, of the largest field."""
    rule = hebbsim.RULES[name](**options)
    keys, values, queries = draw_pairs(rule, -(-count // rule.chunk) * rule.chunk, seed=seed)
    return relative_error(recalled(rule, keys, values, queries), expected(name, options, keys, values, queries))


@pytest.mark.parametrize("name", list(hebbsim.RULES))
def test_every_rule_equals_its_reference(name):
    for options in ({}, *VARIANTS.get(name, [])):
        error = compare(name, options)
        assert error < LOOSER.get(name, TOLERANCE), (options, error)


@pytest.mark.parametrize("name", list(hebbsim.RULES))
def test_every_option_of_a_rule_is_tried_away_from_its_default(name):
    defaults = all_options(name, {})
    tried = {option for options in VARIANTS.get(name, []) for option, value in options.items()}
    changed = {o for options in VARIANTS.get(name, []) for o, value in options.items() if value != defaults[o]}
    assert tried <= set(defaults), f"{name} has no option {tried - set(defaults)}: mend VARIANTS in tests/references.py"
    assert changed == set(defaults), (
        f"add to VARIANTS in tests/references.py: {name}, {set(defaults) - changed} changed"
    )


def test_a_rule_without_a_reference_fails(monkeypatch):
    def mine():
        return hebbsim.RULES["hebbian"]()._replace(label="mine")

    monkeypatch.setitem(hebbsim.RULES, "mine", mine)
    with pytest.raises(AssertionError, match="rule mine has no float64 reference"):
        compare("mine", {})
    assert set(REFERENCES) == set(hebbsim.RULES) - {"mine"}
