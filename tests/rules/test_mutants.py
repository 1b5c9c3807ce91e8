"""Rules with a term dropped or wrong: each differs from the reference far more than rounding does.

A mutant is the rule's own source with one piece replaced, built again in a module of its own. TERMS says which rule has
which term; a rule without a row fails, and so does a term without a mutant. Mutants of the rules in references_recent.py
are terms left out of their references, listed there.
"""

import importlib
import inspect
import types

import numpy as np
import pytest
import references_recent
from hard_inputs import codes, signs
from programs import read, written
from references import VARIANTS, expected, relative_error

import hebbsim

CLEAR = 1e-2  # of the largest field; the unchanged rules stay under 1e-3
DIM, PAIRS = 16, 40

# The six terms whose loss is easily overlooked, and what else defines a rule.
TERMS = {
    "hebbian": {"sum"},
    "willshaw": {"clipping"},
    "covariance": {"centring of keys", "centring of values"},
    "bcpnn": {"prior", "independence", "bias"},
    "hopfield": {"self-coupling", "clipping"},
    "decay": {"decay dropped", "decay after", "gate axis", "gate of the key"},
    "linear_attention": {"normaliser", "map of the query", "map of the key"},
    "delta": {"correction", "rate squared", "length of the key"},
    "gated_delta": {"correction", "rate squared", "decay dropped", "decay after"},
    "pseudo_inverse": {"correction", "inverse", "ridge", "ridge online"},
    "perceptron": {"correction", "margin"},
    "holographic": {"sum"},
    "hyena": {"decay dropped", "decay after", "gate axis", "window"},
    "lact": {"rate squared", "correction", "gate", "renormalise"},
    "softmax_attention": {"temperature", "softmax", "window", "sinks"},
    **{name: set() for name in references_recent.REFERENCES},
}

# (rule, term): (options, module under hebbsim, old piece, new piece)
CHUNKED = "kernels.chunked"
MUTANTS = {
    ("hebbian", "sum"): ({}, "rules.hebbian", "weights + dot(keys.T, values)", "dot(keys.T, values)"),
    ("willshaw", "clipping"): (
        {},
        "rules.willshaw",
        "weights | (dot(on_keys.T, on_values) > 0)",
        "dot(on_keys.T, on_values)",
    ),
    ("covariance", "centring of keys"): ({}, "rules.covariance", "- f * state.values[None, :] ", ""),
    ("covariance", "centring of values"): ({}, "rules.covariance", " - g * state.keys[:, None]", ""),
    ("bcpnn", "prior"): ({"prior": 7.5}, "rules.bcpnn", "(counts + prior * activity)", "counts + 1e-6"),
    ("bcpnn", "independence"): ({}, "rules.bcpnn", "(p_key[:, None] * p_value[None, :])", "p_value[None, :]"),
    ("bcpnn", "bias"): ({}, "rules.bcpnn", "memory.bias[None, :] + ", ""),
    ("hopfield", "self-coupling"): ({}, "rules.hopfield", "weights * (1 - jnp.eye(weights.shape[0]))", "weights"),
    ("hopfield", "clipping"): ({"clipped": True}, "rules.hopfield", "if clipped", "if not clipped"),
    ("decay", "decay dropped"): ({"decay": 0.8}, "rules.decay", "log_gates_of(gate, decay, keys)", "0 * keys"),
    ("decay", "decay after"): ({"decay": 0.8}, CHUNKED, "0), 0) - log_gates", "0), 0)"),
    ("decay", "gate axis"): (
        {"decay": 0.97, "gate": "channel"},
        CHUNKED,
        "whole[:, None] * state",
        "state * whole[None, :]",
    ),
    ("decay", "gate of the key"): (
        {"decay": 0.7, "gate": "key"},
        "rules.gates",
        "jnp.sum(keys, axis=1, keepdims=True)",
        "keys",
    ),
    ("linear_attention", "normaliser"): ({}, "rules.linear_attention", "if not normalise", "if normalise"),
    ("linear_attention", "map of the query"): ({}, "rules.linear_attention", "mapped = f(queries)", "mapped = queries"),
    ("linear_attention", "map of the key"): ({}, "rules.linear_attention", "mapped = f(keys)", "mapped = keys"),
    ("delta", "correction"): ({"rate": 0.5}, CHUNKED, "(v - before * dot(k, state))", "v"),
    ("delta", "rate squared"): ({"rate": 0.5}, CHUNKED, "u = dot(inverse, rate *", "u = dot(inverse, rate * rate *"),
    ("delta", "length of the key"): (
        {"rate": 0.5},
        CHUNKED,
        "return keys / length, values / largest / length",
        "return keys, values",
    ),
    ("gated_delta", "correction"): (
        {"rate": 0.5, "decay": 0.8},
        CHUNKED,
        "mixing = fading[None, :, :] *",
        "mixing = 0 *",
    ),
    ("gated_delta", "rate squared"): (
        {"rate": 0.5, "decay": 0.8},
        CHUNKED,
        "u = dot(inverse, rate *",
        "u = dot(inverse, rate * rate *",
    ),
    ("gated_delta", "decay dropped"): ({"rate": 0.5, "decay": 0.8}, CHUNKED, "math.log(decay)", "0.0"),
    ("gated_delta", "decay after"): (
        {"rate": 0.5, "decay": 0.8},
        CHUNKED,
        "log_decay * (n - t)",
        "log_decay * (n - t + 1)",
    ),
    ("pseudo_inverse", "correction"): (
        {"online": True, "ridge": 0.5},
        "rules.pseudo_inverse",
        "* (value - dot(key, state.weights))[None, :]\n    root",
        "* value[None, :]\n    root",
    ),
    ("pseudo_inverse", "inverse"): (
        {},
        "rules.pseudo_inverse",
        "1 / jnp.where(kept, jnp.maximum",
        "1 + 0 * jnp.where(kept, jnp.maximum",
    ),
    ("pseudo_inverse", "ridge"): (
        {"ridge": 5.0},
        "rules.pseudo_inverse",
        "jnp.maximum(power, 0.0) + ridge",
        "jnp.maximum(power, 0.0)",
    ),
    ("pseudo_inverse", "ridge online"): (
        {"ridge": 5.0, "online": True},
        "rules.pseudo_inverse",
        "/ ridge**0.5",
        "/ ridge",
    ),
    ("perceptron", "correction"): ({"steps": 20}, "rules.perceptron", "old.price + field - target", "old.price"),
    ("perceptron", "margin"): (
        {"margin": 0.2, "steps": 50},
        "rules.perceptron",
        "> margin * size[None, :]",
        "> 0 * size[None, :]",
    ),
    ("holographic", "sum"): ({}, "rules.holographic", "weights + jnp.sum", "jnp.sum"),
    ("hyena", "decay dropped"): ({"filter": "exponential", "decay": 0.8}, "rules.hyena", "math.log(decay)", "0.0"),
    ("hyena", "decay after"): (
        {"filter": "exponential", "decay": 0.8},
        "rules.hyena",
        "[:, None]\n    across",
        "[:, None] + 1\n    across",
    ),
    ("hyena", "gate axis"): (
        {"filter": "exponential", "decay": 0.8, "spread": 1.0},
        "rules.hyena",
        "spread * across",
        "-spread * across",
    ),
    ("hyena", "window"): ({"window": 9}, "rules.hyena", "[-window:]", "[:window]"),
    ("lact", "rate squared"): ({"chunk": 8, "rate": 0.3}, "rules.lact", "w + rate * g", "w + rate * rate * g"),
    ("lact", "correction"): ({"chunk": 8}, "rules.lact", "sigma * (1 + gate * (1 - sigma))", "sigma"),
    ("lact", "gate"): (
        {"chunk": 8},
        "rules.lact",
        "dot(jax.nn.silu(dot(x, w.w1)) * dot(x, w.w3), w.w2)",
        "dot(dot(x, w.w3), w.w2)",
    ),
    ("lact", "renormalise"): ({"chunk": 8}, "rules.lact", "if renormalise else moved", "if not renormalise else moved"),
    ("softmax_attention", "temperature"): (
        {"inverse_temperature": 0.2},
        "rules.softmax_attention",
        "inverse_temperature * dot",
        "inverse_temperature**2 * dot",
    ),
    ("softmax_attention", "softmax"): (
        {"inverse_temperature": 0.2},
        "rules.softmax_attention",
        "jax.nn.softmax(jnp.where(filled[None, :], scores, -jnp.inf), axis=1)",
        "jnp.where(filled[None, :], scores, 0.0)",
    ),
    ("softmax_attention", "window"): ({"window": 9}, "rules.softmax_attention", "[-window:]", "[:window]"),
    ("softmax_attention", "sinks"): (
        {"window": 9, "sinks": 3, "inverse_temperature": 0.05},
        "rules.softmax_attention",
        "cache.written - window",
        "0 * cache.written",
    ),
}


def rebuilt(module, **names):
    """A module's source executed again with other objects under some of its names."""
    fresh = types.ModuleType(module.__name__)
    fresh.__dict__.update(names.pop("source_of", {}))
    exec(compile(names.pop("source"), module.__file__, "exec"), fresh.__dict__)
    fresh.__dict__.update(names)
    return fresh


def mutant(name, place, old, new):
    """The factory of the rule `name` with `old` replaced by `new` in one module."""
    changed = importlib.import_module(f"hebbsim.{place}")
    source = inspect.getsource(changed)
    assert old in source, f"{place} no longer says {old!r}: mend this mutant"
    fresh = rebuilt(changed, source=source.replace(old, new))
    home = inspect.getmodule(inspect.unwrap(hebbsim.RULES[name]))
    if changed is home:
        return getattr(fresh, name)
    used = {n: getattr(fresh, n) for n, x in vars(home).items() if getattr(x, "__module__", "") == changed.__name__}
    assert used, f"{name} uses nothing of {place}"
    return getattr(rebuilt(home, source=inspect.getsource(home), **used), name)


def error(rule, name, options):
    """Of a rule, built from its own or from mutated source, against the reference."""
    rng = np.random.default_rng(0)
    keys, values = (signs(rng, PAIRS, DIM) for _ in "kv")
    if "bipolar" not in rule.accepts:
        keys, values = (1.0 * codes(rng, PAIRS, DIM) for _ in "kv")
    elif name == "delta":
        keys = 1.3 * keys * rng.uniform(0.5, 2, keys.shape)  # of unequal lengths
    elif name == "covariance":
        keys, values = keys + 0.7, values + 0.7  # something to centre
    values = keys if rule.tied_only else values
    state, cut = rule.init(DIM, DIM), PAIRS // 2 // rule.chunk * rule.chunk
    for part in (slice(0, cut), slice(cut, None)):  # in two blocks: a term between blocks is one too
        state = written(rule, state, np.float32(keys[part]), np.float32(values[part]))
    field = np.asarray(read(rule, state, np.float32(keys[-7:])))
    right = expected(name, options, np.float32(keys), np.float32(values), np.float32(keys[-7:]))
    return relative_error(field, right) if np.all(np.isfinite(field)) else np.inf


@pytest.mark.parametrize(("name", "term"), list(MUTANTS), ids=str)
def test_a_rule_with_a_wrong_term_is_told_from_its_reference(name, term):
    options, place, old, new = MUTANTS[name, term]
    assert error(hebbsim.RULES[name](**options), name, options) < 1e-3
    assert error(mutant(name, place, old, new)(**options), name, options) > CLEAR


def without_mutants(terms):
    """The rules that have no row of terms, and the terms that have no mutant."""
    left = [f"{name}: no row" for name in hebbsim.RULES if name not in terms]
    left += [f"{name}: {term}" for name, has in terms.items() for term in has if (name, term) not in MUTANTS]
    recent = {name for name, _, _ in references_recent.MUTANTS}
    return left + [f"{name}: none" for name, has in terms.items() if not has and name not in recent]


def test_every_rule_has_a_row_and_every_term_a_mutant():
    assert not without_mutants(TERMS)
    assert {name for name, _ in MUTANTS} <= set(TERMS)
    missing = {**TERMS, "delta": {"correction", "momentum"}, "hebbian": set()}
    del missing["kda"]
    assert without_mutants(missing) == ["kda: no row", "delta: momentum", "hebbian: none"]


def test_every_rule_with_an_option_of_that_kind_has_the_term():
    """Whatever has a rate is tried with its square; whatever decays, without and in the other order."""
    for name in TERMS:
        if name in references_recent.REFERENCES:
            continue
        options = {option for variant in VARIANTS.get(name, []) for option in variant}
        assert "rate" not in options or "rate squared" in TERMS[name]
        assert "decay" not in options or {"decay dropped", "decay after"} <= TERMS[name]
