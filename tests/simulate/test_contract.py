"""Parts that a stranger brings work, or are refused in one line; nothing about them is guessed."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import hebbsim
from hebbsim import Ensemble, Precision, Readout, Retrieval, Rule, Side
from hebbsim.base import ENDLESS, Field
from hebbsim.records import from_line, to_line
from hebbsim.simulate import contract, trial

PAIRS = 512
STORED = np.random.default_rng(0).choice([-1.0, 1.0], (PAIRS, 1024)).astype(np.float32)


def table(dim, wrap=lambda index: index % PAIRS, code="mine"):
    """A side whose rows come from a table; the code is the number of the row."""
    rows = jnp.asarray(STORED[:, :dim])
    return Side(
        draw=lambda rng_key, index: wrap(jax.random.randint(rng_key, (), 0, PAIRS) + index).astype(jnp.int32),
        rows=lambda book, code: rows[code],
        cue=lambda rng_key, book, code: (code, rows[code]),
        code=code,
    )


OWN = Ensemble("own", "bipolar", table, table, table, gives=frozenset({"exact"}))
BITS = hebbsim.ENSEMBLES["bipolar"]().values
SMALL = dict(dim=64, num_patterns=64, trials=4)


def test_custom_values_of_plus_and_minus_one_are_read_by_soft():
    own, usual = hebbsim.measure(ensemble=OWN, readout="soft", **SMALL), hebbsim.measure(readout="soft", **SMALL)
    for criterion in ("soft", "hard"):
        assert own.bits[criterion].best == pytest.approx(usual.bits[criterion].best, abs=0.08)
    assert own.exact


def test_what_a_value_is_is_said_and_not_read_from_the_type_of_its_code():
    floats = Ensemble(
        "floats",
        "bipolar",
        BITS,
        lambda dim: table(dim)._replace(
            draw=lambda key, index: STORED[0, 0] * table(dim).draw(key, index).astype(jnp.float32),
            rows=lambda book, code: jnp.asarray(STORED[:, :dim])[jnp.abs(code).astype(jnp.int32)],
        ),
        BITS,
    )
    point = hebbsim.measure(ensemble=floats, readout="soft", **SMALL)
    assert "histogram" in point.counts and point.bits["soft"].best > 0.4

    def active(dim):
        return table(dim)._replace(rows=lambda _, code: (jnp.asarray(STORED[:, :dim])[code] > 0).astype(jnp.float32))

    units = OWN._replace(kind="sparse", values=active)
    assert hebbsim.measure(ensemble=units, readout="soft", **SMALL).counts["histogram"].shape[0] == 2


def test_the_vocabulary_is_that_of_the_codebook_whatever_the_label_says():
    named = hebbsim.ENSEMBLES["tokens"](vocabulary=16)
    given = {"readout": "argmax", "dim": 16, "num_patterns": 24, "trials": 3}
    one, mine = (hebbsim.measure(ensemble=made, **given) for made in (named, named._replace(label="mine")))
    assert one.vocabulary == mine.vocabulary == 16 and one.bits == mine.bits and one.bits["hard"].best > 0
    older = tuple(record._replace(vocabulary=0) for record in one.records)  # as they were before it was kept
    assert hebbsim.Measurement(one.task, older).bits == one.bits


@pytest.mark.parametrize("sides", [(table, BITS), (BITS, table), (table, table)], ids=["keys", "values", "both"])
def test_packed_forms_are_used_only_where_both_sides_are_packed(sides):
    mixed = Ensemble("mixed", "bipolar", sides[0], sides[1], sides[1], provides={"exact"})
    plan = hebbsim.sweep(ensemble=mixed, dim=1024, num_patterns=[40], probes=8)
    assert trial.fast_form(plan.spec.rule, *plan.spec.sides) is None
    small = hebbsim.sweep(ensemble=mixed, dim=96, num_patterns=[4, 40], probes=8)
    order = {"formed": False} if "formed" in small.spec._fields else {"form": "parallel"}
    formed, pairs = (trial.run(spec, 0, [0, 1], [4, 40]) for spec in (small.spec, small.spec._replace(**order)))
    assert np.array_equal(formed["errors"], pairs["errors"]) and np.any(formed["bits"])
    # Right bits: sqrt(96 / 3) and sqrt(96 / 39) standard deviations of crosstalk.
    light, heavy = (formed["errors"] / formed["bits"]).mean(0)
    assert light < 0.001 and heavy == pytest.approx(0.058, abs=0.02)


def test_custom_precisions_work_and_their_bits_are_kept_in_the_record():
    ternary = Precision(
        "ternary", lambda rule: rule._replace(consolidate=lambda s: jnp.where(jnp.abs(s) > 4, jnp.sign(s), 0.0)), 1.585
    )
    point = hebbsim.measure(precision=ternary, **SMALL)
    assert point.stored_bits == 1.585 and not point.exact
    assert point.bits_per_stored_bit.best == pytest.approx(point.bits_per_parameter.best / 1.585)
    again = from_line(to_line(point.records[0]))
    assert again.stored_bits == 1.585 and again.task.precision.startswith("ternary#")
    assert "stored_bits" not in to_line(point.records[0]._replace(stored_bits=0.0))
    assert hebbsim.measure(precision="int8", **SMALL).records[0].stored_bits == 8
    exact = ternary._replace(label="signs", provides={"exact"}, wrap=lambda r: r._replace(consolidate=jnp.sign), bits=1)
    assert hebbsim.measure(precision=exact, **SMALL).exact


class TestSupply:
    def measure(self, num_patterns, ensemble):
        return hebbsim.measure(ensemble=ensemble, dim=64, num_patterns=num_patterns, trials=2, probes=8)

    @pytest.mark.parametrize("wrap", [lambda i: i % PAIRS, lambda i: i % PAIRS + 0 * i], ids=["wraps", "wraps too"])
    def test_data_that_start_again_are_refused_from_the_first_pair_that_repeats(self, wrap):
        own = OWN._replace(keys=lambda dim: table(dim, wrap), values=lambda dim: table(dim, wrap))
        with pytest.raises(hebbsim.HebbsimError, match=f"repeats itself.*allowed: up to {PAIRS} ") as refused:
            self.measure(PAIRS + 1, own)
        assert "\n" not in str(refused.value)
        assert self.measure(PAIRS, own).error_rate.best > 0.3
        with pytest.raises(hebbsim.HebbsimError, match=f"allowed: up to {PAIRS} "):
            self.measure(10_000, own)

    def test_data_that_stay_at_their_last_row_are_refused(self):
        def clamped(dim):
            rows = jnp.asarray(STORED[:, :dim])
            return table(dim)._replace(draw=lambda rng_key, index: index, rows=lambda book, code: rows[code])

        own = OWN._replace(keys=clamped, values=clamped)
        self.measure(PAIRS, own)
        with pytest.raises(hebbsim.HebbsimError, match="repeats itself"):
            self.measure(PAIRS + 1, own)

    def test_an_ensemble_that_says_how_many_it_has_is_believed(self):
        own = OWN._replace(most_patterns=100)
        self.measure(100, own)
        with pytest.raises(hebbsim.HebbsimError, match="num_patterns = 101; ensemble own has 100 pairs"):
            self.measure(101, own)
        self.measure(2 * PAIRS, OWN._replace(most_patterns=ENDLESS))

    def test_rows_drawn_twice_by_chance_are_not_taken_for_data_that_end(self):
        def one_of_four(key, index):
            return jax.vmap(lambda i: jax.random.randint(jax.random.fold_in(key, i), (), 0, 4))(index)

        few = OWN._replace(
            keys=lambda dim: table(dim)._replace(draw=one_of_four),
            values=lambda dim: BITS(dim)._replace(draw=lambda key, index: BITS(dim).draw(key, index) & 1),
        )
        self.measure(3000, few)

    def test_a_long_table_is_looked_at_from_both_ends(self, monkeypatch):
        monkeypatch.setattr(contract, "COMPARED", 32)
        for count in (PAIRS + 5, PAIRS + 31):
            with pytest.raises(hebbsim.HebbsimError, match="repeats itself"):
                self.measure(count, OWN)


class TestWords:
    def test_older_words_are_understood_and_mean_what_they_meant(self):
        functions = (lambda a, b: jnp.zeros((a, b)), lambda s, k, v: s, lambda m, q: q @ m)
        old = Rule(
            "r", *functions, accepts={"sparse", "bipolar"}, square=True, tied_only=True, gives={"exact"}, symmetric=True
        )
        new = Rule("r", *functions, requires={"sparse", "bipolar", "square", "tied"}, provides={"exact", "symmetric"})
        assert old == new and hash(old) == hash(new) and isinstance(old, tuple)
        assert (old.accepts, old.gives) == ({"sparse", "bipolar"}, {"exact", "symmetric"})
        assert old.tied_only and old.square and old.symmetric
        freed = old._replace(tied_only=False, square=False, symmetric=False, accepts={"bipolar"})
        assert freed == Rule("r", *functions, requires={"bipolar"}, provides={"exact"})
        assert Rule("r", *functions).accepts == {"bipolar", "coded", "gaussian", "sparse", "tokens"}
        reader = Retrieval("x", None, None, needs={"prior"}, knows={"keys"}, gives={"exact"})  # type: ignore[call-arg]
        assert reader.requires == {"prior", "keys"} and (reader.needs, reader.knows) == ({"prior"}, {"keys"})
        assert Readout("x", None, frozenset({"bipolar"}), frozenset({"exact"})).accepts == {"bipolar"}
        with pytest.raises(TypeError):
            Rule("r", *functions, accept={"sparse"})  # type: ignore[call-arg]

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            (dict(rule="willshaw"), "rule willshaw does not store bipolar; allowed: sparse"),
            (dict(ensemble="tokens"), "readout sign does not score ensemble tokens; allowed: bipolar"),
            (dict(rule="hopfield"), "needs tied: it takes tied patterns only; set tied"),
            (
                dict(rule="delta", retrieval="ridge"),
                "needs outer_product: nothing here provides it; allowed: rule hebbian",
            ),
            (
                dict(retrieval="ridge", ensemble_options={"flip": 0.1}),
                "needs keys: .*allowed: untied, no flip, no erase",
            ),
            (dict(retrieval="whitened"), "needs codebook: nothing here provides it; allowed: ensemble tokens"),
        ],
    )
    def test_what_is_missing_is_named_with_what_would_provide_it(self, options, words):
        with pytest.raises(hebbsim.HebbsimError, match=words) as refused:
            hebbsim.measure(**options, dim=16, num_patterns=8)
        assert "\n" not in str(refused.value)

    def test_a_word_of_a_strangers_own_joins_his_parts(self):
        rule = hebbsim.RULES["hebbian"]()._replace(label="twice", provides={"twice"})
        half = Retrieval(
            "half",
            lambda memory, known: memory,
            lambda r, m, q, i: Field(r.recall(m, q) / 2, jnp.float32(1), {}),
            {"twice"},
        )
        assert hebbsim.measure(rule=rule, retrieval=half, **SMALL).error_rate.best < 0.3
        with pytest.raises(
            hebbsim.HebbsimError, match=r"retrieval half needs twice: .*a part whose `provides` holds it"
        ):
            hebbsim.measure(retrieval=half, **SMALL)


def test_no_code_tells_a_part_by_its_label_or_the_type_of_its_code():
    from pathlib import Path

    for file in Path(hebbsim.__file__).parent.rglob("*.py"):
        text = file.read_text()
        for guess in ("in ensemble.label", "code.dtype", "ensemble.kind ==", "in spec.ensemble.label", "rule.label =="):
            assert guess not in text, f"{file}: {guess}"
