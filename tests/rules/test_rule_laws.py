"""Laws that hold for every part in the registries, whatever it is."""

import functools
import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from programs import read, recalled, written
from references import VARIANTS
from repository import PATCHES

import hebbsim
from hebbsim.base import Rule
from hebbsim.parts import factory, identity

DIM = 12
KINDS = {"bipolar": "sign", "gaussian": "soft", "sparse": "threshold", "tokens": "argmax"}
OPTIONS = {"sparse": {"active": 3}, "tokens": {"vocabulary": 9}}
# Parts that cannot be made without options.
EXAMPLES = {"arrays": {"keys": PATCHES, "head": 1}}
RULES = list(hebbsim.RULES)


MOST = 6 * 64  # pairs: six chunks of the longest that a rule asks for


@functools.cache
def drawn(kind: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """MOST keys and values: a row does not depend on how many are drawn."""
    ensemble = hebbsim.ENSEMBLES[kind](**OPTIONS.get(kind, {}))
    keys, values = ensemble.keys(DIM), ensemble.values(DIM)

    @jax.jit
    def rows(key):
        one, other = (side.draw(k, jnp.arange(MOST)) for side, k in ((keys, key), (values, jax.random.fold_in(key, 1))))
        return keys.rows((), one), values.rows(values.book(key), other)

    return tuple(map(np.asarray, rows(jax.random.key(seed))))


def pairs(rule: Rule, count: int, seed: int = 0):
    """Keys and values of the first ensemble that the rule accepts."""
    keys, values = (side[:count] for side in drawn(sorted(rule.accepts)[0], seed))
    assert len(keys) == count
    return keys, keys if rule.tied_only else values


def close(one, other):
    return all(
        np.allclose(a, b, rtol=1e-5, atol=1e-5)
        for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    )


@pytest.mark.parametrize("name", RULES)
class TestRules:
    def test_an_empty_memory_reads_something_finite_and_an_outer_product_zero(self, name):
        rule = hebbsim.RULES[name]()
        queries, _ = pairs(rule, 5)
        field = read(rule, rule.init(DIM, DIM), queries)
        assert field.shape == (5, DIM) and np.all(np.isfinite(field))
        if "outer_product" in rule.gives:
            assert not np.any(field)

    def test_writing_in_two_parts_is_writing_at_once(self, name):
        rule = hebbsim.RULES[name]()
        keys, values = pairs(rule, 6 * rule.chunk)
        state = rule.init(DIM, DIM)
        at_once = written(rule, state, keys, values)
        for cut in (1, 5):
            at = cut * rule.chunk
            assert close(written(rule, written(rule, state, keys[:at], values[:at]), keys[at:], values[at:]), at_once)

    def test_structure_and_dtypes_are_kept_with_every_option(self, name):
        for options in [{}, *VARIANTS.get(name, [])]:
            rule = hebbsim.RULES[name](**options)
            keys, values = (jax.ShapeDtypeStruct((3 * rule.chunk, DIM), jnp.float32) for _ in range(2))
            state = jax.eval_shape(lambda rule=rule: rule.init(DIM, DIM))
            assert jax.eval_shape(rule.write, state, keys, values) == state, options
            field = jax.eval_shape(rule.read, state, keys)
            assert (field.shape, field.dtype) == (keys.shape, jnp.float32), options

    def test_a_second_call_compiles_nothing(self, name):
        """Neither for the same options asked for again nor for the state that came back: weak types count, too."""
        traced = []

        @functools.partial(jax.jit, static_argnames="rule")
        def step(rule, state, keys, values):
            traced.append(rule.label)
            state = rule.write(state, keys, values)
            return state, rule.read(state, keys)

        state = hebbsim.RULES[name]().init(DIM, DIM)
        for seed in range(3):
            rule = hebbsim.RULES[name]()
            state, field = step(rule, state, *pairs(rule, 2 * rule.chunk, seed))
            assert np.all(np.isfinite(field))
        assert len(traced) == 1

    def test_vmap_over_memories(self, name):
        rule = hebbsim.RULES[name]()
        two = [pairs(rule, 2 * rule.chunk, seed) for seed in (0, 1)]
        keys, values = (np.stack(side) for side in zip(*two, strict=True))
        together = jax.jit(jax.vmap(lambda k, v: rule.read(rule.write(rule.init(DIM, DIM), k, v), k)))(keys, values)
        for i in (0, 1):
            assert close(together[i], recalled(rule, keys[i], values[i], keys[i]))

    def test_options_name_one_object_and_the_denominator_is_counted(self, name):
        rule = hebbsim.RULES[name]()
        assert rule is hebbsim.RULES[name]() and hash(rule) == hash(hebbsim.RULES[name]())
        leaves = jax.tree.leaves(rule.consolidate(rule.init(DIM, DIM)))
        assert rule.num_parameters(DIM, DIM) == sum(leaf.size for leaf in leaves if leaf.ndim)
        assert rule.depth(10) >= 1

    def test_fast_forms_equal_the_form_on_rows(self, name):
        rule = hebbsim.RULES[name]()
        for fast in rule.fast:
            ensemble = hebbsim.ENSEMBLES[{"bits": "bipolar", "units": "sparse"}[fast.keys]]()
            side = ensemble.values(40)
            codes = [jax.jit(side.draw)(jax.random.key(seed), np.arange(50)) for seed in (0, 1)]
            rows = [np.asarray(side.rows((), code)) for code in codes]
            write = jax.jit(fast.write)
            for count in (0, 1, 33, 50):
                state = write(rule.init(40, 40), *codes, count)
                plain = written(rule, rule.init(40, 40), *(side[:count] for side in rows))
                assert all(
                    np.array_equal(a, b) for a, b in zip(jax.tree.leaves(state), jax.tree.leaves(plain), strict=True)
                )
            if fast.recall:
                assert np.array_equal(fast.recall(state, codes[0]), rule.recall(state, rows[0]))


@pytest.mark.parametrize("registry", ["RULES", "ENSEMBLES", "RETRIEVALS", "READOUTS", "PRECISIONS"])
def test_every_part_is_documented_labelled_and_refuses_strange_options(registry):
    for name, made in getattr(hebbsim, registry).items():
        assert made.__name__ == name
        assert made.__doc__ and made.__doc__.strip()
        part = made(**EXAMPLES.get(name, {}))
        assert identity(part) == part.label
        assert part.label.partition("(")[0] == name
        assert all(p.kind is p.KEYWORD_ONLY for p in inspect.signature(made).parameters.values())
        with pytest.raises(hebbsim.HebbsimError, match="unknown option"):
            made(no_such_option=1)


def test_every_ensemble_can_be_stored_and_read_tied_and_untied():
    for kind, readout in KINDS.items():
        for tied in (False, True):
            point = hebbsim.measure(
                ensemble=kind,
                ensemble_options=OPTIONS.get(kind, {}),
                readout=readout,
                dim=40,
                num_patterns=6,
                tied=tied,
                trials=2,
                probes=8,
            )
            assert point.num_parameters == 1600
            assert np.isfinite(point.bits_per_parameter.best)
            if tied:  # a full cue is the pattern: nothing new can come back
                assert abs(point.bits_per_parameter.best) < 1e-9


def test_a_rule_of_ones_own():
    builtin = hebbsim.RULES["hebbian"]()
    mine = builtin._replace(label="mine", write=lambda s, k, v: s + 2 * k.T @ v)
    point = hebbsim.measure(rule=mine, dim=32, num_patterns=16, probes=16, trials=2)
    assert point.task.rule.startswith("mine#")
    assert point.counts["errors"] == hebbsim.measure(dim=32, num_patterns=16, probes=16, trials=2).counts["errors"]
    other = builtin._replace(label="mine", write=lambda s, k, v: s + 3 * k.T @ v)
    assert identity(other) != identity(mine)


def test_versions_of_a_rule_are_told_apart():
    import functools

    import jax

    def scaled(by):
        return lambda state, keys, values: state + by * keys.T @ values

    rule = hebbsim.RULES["hebbian"]()
    writes = [scaled(0.1), scaled(0.9), jax.jit(scaled(0.5)), functools.partial(lambda by, s, k, v: s, 2)]
    names = {identity(rule._replace(write=write)) for write in writes}
    assert len(names) == 4 and "hebbian" not in names


def test_labels_hold_every_option_that_is_not_off():
    @factory(rate=(lambda r: r > 0, "above 0"))
    def thing(label: str, *, rate: float = 0.5, clip: bool = False) -> tuple[str, float]:
        return label, rate

    assert thing() == ("thing(rate=0.5)", 0.5)
    assert thing(rate=2, clip=True) == ("thing(clip=True, rate=2.0)", 2.0)
    with pytest.raises(hebbsim.HebbsimError, match="above 0"):
        thing(rate=-1.0)
    with pytest.raises(hebbsim.HebbsimError, match="allowed"):
        thing(rate="fast")
