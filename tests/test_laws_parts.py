"""Laws of ensembles, retrievals, readouts and precisions, over the registries: a new part is held to them as it is added."""

import contextlib
import functools
import math
import tempfile

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import hebbsim
from hebbsim.base import ENDLESS, Field, Known, Truth
from hebbsim.records import Record
from hebbsim.records.task import Task
from hebbsim.retrievals import columns
from hebbsim.simulate import trial
from hebbsim.statistics.channels import register
from hebbsim.words import KINDS, WORDS

DIM = 24
KEY = jax.random.key(7, impl="threefry2x32")
OPTIONS = {
    "coded": {"code": "repetition", "times": 1},
    "sparse": {"active": 3},
    "tokens": {"vocabulary": 9},
}  # that fit DIM
if "arrays" in hebbsim.ENSEMBLES:  # pairs from files
    FOLDER = tempfile.mkdtemp()
    for which in ("keys", "values"):
        np.save(
            f"{FOLDER}/{which}.npy", np.random.default_rng(len(which)).choice([-1.0, 1.0], (64, DIM)).astype(np.float32)
        )
    OPTIONS["arrays"] = {"keys": f"{FOLDER}/keys.npy", "values": f"{FOLDER}/values.npy"}
NOISE = ({"flip": 0.4}, {"erase": 0.5}, {"flip": 0.4, "erase": 0.4})


def ensemble(name, **options):
    return hebbsim.ENSEMBLES[name](**(OPTIONS.get(name, {}) | options))


def has_example(name):
    """Whether the ensemble can be made, by its defaults or OPTIONS, at this dim."""
    try:
        sides(ensemble(name))
    except hebbsim.HebbsimError:
        return False
    return True


def sides(made):
    """(side, codebook) of keys, values and, where it has them, tied keys."""
    values = made.values(DIM)
    book = values.book(jax.random.fold_in(KEY, 99))
    found = {"keys": (made.keys(DIM), ()), "values": (values, book)}
    with contextlib.suppress(hebbsim.HebbsimError):
        found["tied keys"] = (made.tied_keys(DIM), book)
    return found


@functools.cache
def fitting(retrieval="matched_filter", kind=None, **fixed):
    """Arguments of a small sweep that the retrieval can read, one for each kind of ensemble that it takes."""
    found = {}
    for name in hebbsim.ENSEMBLES:
        if not has_example(name):
            continue
        for readout in hebbsim.READOUTS:
            for rule, tied in (("hebbian", False), ("hopfield", True)):
                arguments = {
                    "rule": rule,
                    "ensemble": ensemble(name),
                    "retrieval": retrieval,
                    "readout": readout,
                    "tied": tied,
                    "dim": DIM,
                    "probes": 16,
                }
                try:
                    hebbsim.sweep(**arguments, num_patterns=[4])
                except hebbsim.HebbsimError:
                    continue
                found.setdefault(name, arguments)
    return found


def pair_by_pair(spec):
    """The same trial with its fields summed over pairs, no memory being made."""
    return spec._replace(**({"formed": False} if "formed" in spec._fields else {"form": "parallel"}))


class TestEveryPart:
    @pytest.mark.parametrize("registry", ["RULES", "ENSEMBLES", "RETRIEVALS", "READOUTS", "PRECISIONS"])
    def test_it_speaks_in_words_that_are_explained(self, registry):
        for name, made in getattr(hebbsim, registry).items():
            part = ensemble(name) if registry == "ENSEMBLES" else made()
            words = (part.provides | part.requires) - {word for word in part.provides if word.startswith("cells of")}
            assert words <= WORDS.keys(), name
            assert isinstance(part.provides, frozenset) and isinstance(part.requires, frozenset)
            assert hash(part) == hash(ensemble(name) if registry == "ENSEMBLES" else made())

    @pytest.mark.parametrize("registry", ["RULES", "ENSEMBLES", "RETRIEVALS", "READOUTS", "PRECISIONS"])
    def test_its_folder_says_how_to_add_one(self, registry):
        from pathlib import Path

        folder = Path(hebbsim.__file__).parent / registry.lower()
        text = (folder / "README.md").read_text()
        assert registry in text and "__init__.py" in text
        files = {file.stem for file in folder.glob("*.py")}
        for made in getattr(hebbsim, registry).values():
            assert made.__module__.rpartition(".")[2] in files


@pytest.mark.parametrize("name", hebbsim.ENSEMBLES)
class TestEnsembles:
    @pytest.fixture(autouse=True)
    def fits(self, name):
        if name not in fitting():
            pytest.skip("no readout here scores it by itself at this dim")

    def test_row_i_does_not_depend_on_which_others_are_drawn(self, name):
        for which, (side, book) in sides(ensemble(name)).items():
            index = jnp.arange(12)
            rows = np.asarray(side.rows(book, side.draw(KEY, index)))
            assert rows.shape == (12, DIM) and rows.dtype == np.float32
            for order in (jnp.asarray([5]), jnp.asarray([11, 0, 5]), index[::-1]):
                assert np.array_equal(side.rows(book, side.draw(KEY, order)), rows[np.asarray(order)]), which

    def test_a_cue_without_noise_shows_the_row_and_noise_is_declared(self, name):
        plain = ensemble(name)
        for side, book in sides(plain).values():
            code = side.draw(KEY, jnp.arange(12))
            shown = side.cue(jax.random.fold_in(KEY, 1), book, code)
            assert np.array_equal(shown[1], side.rows(book, code))
            if shown[0] is not None:
                assert np.array_equal(side.rows(book, shown[0]), shown[1])
        assert "noisy_cue" not in plain.provides
        for noise in NOISE:
            try:
                noisy = ensemble(name, **noise)
            except hebbsim.HebbsimError:
                continue  # it has no such noise
            side = noisy.keys(DIM)
            code = side.draw(KEY, jnp.arange(12))
            rows = side.rows((), code)
            assert "noisy_cue" in noisy.provides
            assert np.array_equal(rows, plain.keys(DIM).rows((), code))  # what is stored is not touched
            assert not np.array_equal(side.cue(jax.random.fold_in(KEY, 1), (), code)[1], rows)

    def test_the_values_are_of_the_kind_that_it_says(self, name):
        made = ensemble(name)
        side, book = sides(made)["values"]
        rows = np.asarray(side.rows(book, side.draw(KEY, jnp.arange(40))))
        allowed = {"bipolar": {-1.0, 1.0}, "sparse": {0.0, 1.0}}.get(made.kind)
        assert allowed is None or set(np.unique(rows)) == allowed
        if made.kind == "tokens":
            words = np.asarray(side.rows(book, jnp.arange(book.shape[0])))
            assert "codebook" in made.provides and all(np.any(np.all(row == words, axis=1)) for row in rows)
        if "prior" in made.provides and "codebook" not in made.provides:
            assert side.denoise is not None
            mean, spread = side.denoise(jnp.asarray(rows) * 1e3, jnp.full(rows.shape, 1e-6))  # little noise: the value
            assert np.all(np.isfinite(mean)) and np.all(spread >= 0) and np.all(spread < 1e-3)

    def test_it_says_how_many_pairs_it_has(self, name):
        most = ensemble(name).most_patterns
        assert 0 < most <= ENDLESS
        if most < ENDLESS:
            with pytest.raises(hebbsim.HebbsimError, match=f"has {most} pairs"):
                hebbsim.sweep(ensemble=ensemble(name), dim=DIM, num_patterns=[most + 1])

    def test_tied_patterns_are_drawn_as_values_are(self, name):
        found = sides(ensemble(name))
        if "tied keys" not in found:
            return
        (values, book), (tied, _) = found["values"], found["tied keys"]
        code = values.draw(KEY, jnp.arange(5))
        assert np.array_equal(code, tied.draw(KEY, jnp.arange(5)))
        assert np.array_equal(values.rows(book, code), tied.rows(book, code))

    def test_both_orders_of_summing_agree_and_another_seed_differs(self, name):
        arguments = fitting()[name]
        plan = hebbsim.sweep(**arguments, num_patterns=[5, 40])
        formed = trial.run(plan.spec, 3, [0, 1], [5, 40])
        pairs = trial.run(pair_by_pair(plan.spec), 3, [0, 1], [5, 40])
        other = trial.run(plan.spec, 4, [0, 1], [5, 40])
        same = []
        for count, array in formed.items():
            if count in ("largest", "log_posterior"):  # a bound of each order; rounded sums
                continue
            if plan.exact:
                assert np.array_equal(array, pairs[count]), count
            assert np.allclose(array, pairs[count], rtol=1e-4), count
            same.append(np.array_equal(array, other[count]))
        assert not all(same)

    def test_the_halves_of_soft_are_the_counts_of_sign(self, name):
        arguments = fitting()[name]
        if ensemble(name).kind != "bipolar":
            return  # sign does not score it
        for tied in (False, True) if "tied keys" in sides(ensemble(name)) else (False,):
            options = arguments | {"tied": tied, "num_patterns": [40]}
            sign, soft = (
                trial.run(hebbsim.sweep(**options | {"readout": readout}).spec, 0, [0, 1], [40])
                for readout in ("sign", "soft")
            )
            histogram = soft["histogram"]
            half = histogram.shape[-1] // 2
            assert np.array_equal(histogram[..., :half].sum(-1), sign["errors"])
            assert np.array_equal(histogram[..., half], sign["ties"])
            assert np.array_equal(histogram.sum(-1), sign["bits"])


def read_with(retrieval, arguments, num_patterns, room):
    """(field, counts) at every pair of a small memory, the reader's arrays having `room` for so many keys."""
    plan = hebbsim.sweep(**arguments, num_patterns=[num_patterns])
    rule, (key_side, value_side) = plan.spec.rule, plan.spec.sides
    book = value_side.book(jax.random.fold_in(KEY, 99))
    index = jnp.arange(num_patterns)
    keys = key_side.rows(book if plan.spec.tied else (), key_side.draw(KEY, jnp.arange(room)))
    code = value_side.draw(jax.random.fold_in(KEY, 1), index)
    values = keys[:num_patterns] if plan.spec.tied else value_side.rows(book, code)
    memory = rule.consolidate(rule.write(rule.init(DIM, DIM), keys[:num_patterns], values))
    live = (jnp.arange(room) < num_patterns)[:, None]
    known = Known(
        lambda at: jnp.where(live, keys, 0.0)[at], jnp.int32(num_patterns), room, book, value_side, key_side.spectrum
    )
    field = retrieval.field(rule, retrieval.solve(memory, known), keys[:num_patterns], index)
    return field


EVERY_READ = [(name, kind) for name in hebbsim.RETRIEVALS for kind in hebbsim.ENSEMBLES]


@pytest.mark.parametrize(("name", "kind"), EVERY_READ)
class TestRetrievals:
    @pytest.fixture(autouse=True)
    def arguments(self, name, kind):
        self.made = hebbsim.RETRIEVALS[name]()
        self.found = fitting(name).get(kind)
        if self.found is None:
            pytest.skip("it does not read this ensemble")

    def test_columns_read_in_blocks_are_columns_read_at_once(self, name, kind, monkeypatch):
        whole = read_with(self.made, self.found, 10, 10)
        monkeypatch.setattr(columns, "BLOCK", 7)  # does not divide DIM
        parts = read_with(self.made, self.found, 10, 10)
        assert np.allclose(whole.value, parts.value, rtol=1e-4, atol=1e-4)
        for count, value in whole.counts.items():
            assert np.allclose(value, parts.counts[count], rtol=1e-4), count

    def test_room_for_more_keys_changes_nothing(self, name, kind):
        tight, loose = (read_with(self.made, self.found, 10, room) for room in (10, 27))
        assert np.allclose(tight.value, loose.value, rtol=1e-4, atol=1e-4)

    def test_one_stored_pair_comes_back(self, name, kind):
        point = hebbsim.measure(**self.found, num_patterns=1, trials=3)
        if "errors" in point.counts:
            assert np.sum(point.counts["errors"]) == np.sum(point.counts.get("ties", 0)) == 0
        elif "misses" in point.counts:
            assert point.counts["misses"] == 0

    def test_what_it_does_is_counted(self, name, kind):
        counts = read_with(self.made, self.found, 10, 10).counts
        if "keys" in self.made.requires:
            assert {"solves", "iterations", "unconverged"} <= counts.keys()
        if "iterations" in counts:
            assert int(counts["iterations"]) >= 1 and int(counts["unconverged"]) >= 0
        assert all(jnp.ndim(count) == 0 for count in counts.values())


def test_every_retrieval_reads_something():
    assert all(fitting(name) for name in hebbsim.RETRIEVALS)


def scored(readout, name, values_to_field, probes=64):
    """A Measurement of two trials, all of whose fields are values_to_field(values)."""
    made = ensemble(name)
    side, book = sides(made)["values"]
    records = []
    task = Task(readout=readout, ensemble=made.label, dim_key=DIM, dim_value=DIM, num_patterns=probes, probes=probes)
    for number in range(2):
        code = side.draw(jax.random.fold_in(KEY, number), jnp.arange(probes))
        rows = side.rows(book, code)
        queries = ensemble(name).keys(DIM).rows((), ensemble(name).keys(DIM).draw(KEY, jnp.arange(probes)))
        live = jnp.ones(probes, bool)
        truth = Truth(code, rows, book, side.rows, queries, False, live, made.kind)
        field = Field(values_to_field(rows), jnp.float32(jnp.nan), {})
        counts = trial.sum_probes(hebbsim.READOUTS[readout]().score(field, truth), live, live, ())
        counts = {key: np.asarray(value) for key, value in counts.items() if key != "largest"}
        channel = register(hebbsim.READOUTS[readout]().channel_for(made.kind))
        records.append(Record(task, number, counts, DIM * DIM, True, True, 0.0, "a law", channel=channel))
    return hebbsim.Measurement(task, tuple(records))


ENTROPY = {"bipolar": float(DIM), "sparse": math.log2(math.comb(DIM, 3)), "tokens": math.log2(9)}
EVERY_SCORE = [
    (readout, name)
    for readout, made in hebbsim.READOUTS.items()
    for name in hebbsim.ENSEMBLES
    if has_example(name) and ensemble(name).kind in (made().requires & KINDS or KINDS)
]


@pytest.mark.parametrize(("readout", "name"), EVERY_SCORE)
class TestReadouts:
    def test_a_perfect_field_gives_the_entropy_of_the_value_and_no_errors(self, readout, name):
        kind = ensemble(name).kind
        if kind not in ENTROPY:
            pytest.skip("real numbers have no finite entropy")
        scale = 10.0 if readout == "argmax" else 1.0
        # threshold by the cue compares with the number of active units there: 3 of them
        field = (lambda rows: 3.0 * rows) if kind == "sparse" else (lambda rows: scale * rows)
        point = scored(readout, name, field)
        bits = point.bits_per_parameter.best * point.num_parameters / point.task.num_patterns
        assert bits == pytest.approx(ENTROPY[kind], rel=0.02)
        assert not point.error_rate.best > 0  # nan where nothing is decided

    def test_a_tie_is_half_an_error(self, readout, name):
        point = scored(readout, name, jnp.zeros_like)
        if "ties" in point.counts and ensemble(name).kind == "bipolar":
            assert point.counts["ties"] == point.counts["bits"] and point.error_rate.best == 0.5
        if "histogram" in point.counts and ensemble(name).kind == "bipolar":
            assert point.error_rate.best == 0.5
        assert point.bits_per_parameter.best == pytest.approx(0.0, abs=0.01)

    def test_a_field_of_the_wrong_sign_is_all_errors(self, readout, name):
        if ensemble(name).kind == "bipolar":
            assert scored(readout, name, jnp.negative).error_rate.best == 1.0


CHOICES = [
    *((name, {}) for name in hebbsim.PRECISIONS),
    *(("lloyd_max", {"bits": bits}) for bits in (1, 3, 8)),
    ("float8", {"format": "e5m2"}),
    ("int8", {"step": 0.5}),
    ("int4", {"step": 2.0}),
]


@pytest.mark.parametrize(("name", "options"), CHOICES, ids=str)
class TestPrecisions:
    @pytest.fixture(autouse=True)
    def memories(self, name, options):
        self.made = hebbsim.PRECISIONS[name](**options)
        self.wrapped = self.made.wrap(hebbsim.RULES["hebbian"]())
        self.weights = 9 * jax.random.normal(KEY, (48, 40))

    def test_structure_is_kept(self, name, options):
        for rule in (made() for made in hebbsim.RULES.values()):
            try:
                wrapped = self.made.wrap(rule)
                plain, rounded = (jax.eval_shape(lambda r=r: r.consolidate(r.init(DIM, DIM))) for r in (rule, wrapped))
            except hebbsim.HebbsimError:
                continue  # binary entries are not rounded
            assert jax.tree.structure(plain) == jax.tree.structure(rounded), rule.label
            assert jax.tree.map(lambda x: (x.shape, x.dtype), plain) == jax.tree.map(
                lambda x: (x.shape, x.dtype), rounded
            )

    def test_there_are_no_more_levels_than_its_bits_allow(self, name, options):
        levels = len(np.unique(np.asarray(self.wrapped.consolidate(self.weights))))
        assert 1 < levels <= 2.0**self.made.bits

    def test_rounding_again_leaves_every_weight_at_its_level(self, name, options):
        once = np.asarray(self.wrapped.consolidate(self.weights))
        twice = np.asarray(self.wrapped.consolidate(jnp.asarray(once)))
        assert np.array_equal(np.unique(once, return_inverse=True)[1], np.unique(twice, return_inverse=True)[1])

    def test_order_and_sign_are_kept(self, name, options):
        weights, rounded = np.ravel(self.weights), np.ravel(self.wrapped.consolidate(self.weights))
        assert np.all(np.diff(rounded[np.argsort(weights)]) >= 0)
        assert np.all(weights * rounded >= 0)
