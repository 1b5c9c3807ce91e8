"""Laws of retrievals, over the registry: a new one is held to them as it is added."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from examples import DIM, KEY, fitting

import hebbsim
from hebbsim.base import Known
from hebbsim.retrievals import columns

PAIRS = 10


@functools.cache
def read_with(name, kind, room):
    """(field, counts) at every pair of a memory of PAIRS pairs, the reader's arrays having `room` for so many keys."""
    retrieval, plan = hebbsim.RETRIEVALS[name](), hebbsim.sweep(**fitting(name)[kind], num_patterns=[PAIRS])
    rule, (key_side, value_side) = plan.spec.rule, plan.spec.sides

    @jax.jit
    def read():
        book = value_side.book(jax.random.fold_in(KEY, 99))
        index = jnp.arange(PAIRS)
        keys = key_side.rows(book if plan.spec.tied else (), key_side.draw(KEY, jnp.arange(room)))
        code = value_side.draw(jax.random.fold_in(KEY, 1), index)
        values = keys[:PAIRS] if plan.spec.tied else value_side.rows(book, code)
        memory = rule.consolidate(rule.write(rule.init(DIM, DIM), keys[:PAIRS], values))
        live = (jnp.arange(room) < PAIRS)[:, None]
        known = Known(
            lambda at: jnp.where(live, keys, 0.0)[at], jnp.int32(PAIRS), room, book, value_side, key_side.spectrum
        )
        return retrieval.field(rule, retrieval.solve(memory, known), keys[:PAIRS], index)

    return read()


def measured(arguments, reader):
    """Points at one stored pair and at DIM // 2: one program."""
    return hebbsim.curve(**arguments | {"retrieval": reader}, num_patterns=[1, DIM // 2], trials=6)


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
        whole = read_with(name, kind, PAIRS)
        monkeypatch.setattr(columns, "BLOCK", 7)  # does not divide DIM
        parts = read_with.__wrapped__(name, kind, PAIRS)
        assert np.allclose(whole.value, parts.value, rtol=1e-4, atol=1e-4)
        for count, value in whole.counts.items():
            assert np.allclose(value, parts.counts[count], rtol=1e-4), count

    def test_room_for_more_keys_changes_nothing(self, name, kind):
        tight, loose = (read_with(name, kind, room) for room in (PAIRS, 27))
        assert np.allclose(tight.value, loose.value, rtol=1e-4, atol=1e-4)

    def test_one_stored_pair_comes_back(self, name, kind):
        point, _ = measured(self.found, name)
        if "errors" in point.counts:
            assert np.sum(point.counts["errors"]) == np.sum(point.counts.get("ties", 0)) == 0
        elif "misses" in point.counts:
            assert point.counts["misses"] == 0

    def test_with_all_keys_it_reads_no_worse_than_one_shot(self, name, kind):
        if "keys" not in self.made.requires:
            return
        mine, one_shot = (measured(self.found, reader)[1] for reader in (name, "matched_filter"))
        assert mine.bits_per_parameter.best >= one_shot.bits_per_parameter.best

    def test_what_it_does_is_counted(self, name, kind):
        counts = read_with(name, kind, PAIRS).counts
        if "keys" in self.made.requires:
            assert {"solves", "iterations", "unconverged"} <= counts.keys()
        if "iterations" in counts:
            assert int(counts["iterations"]) >= 1 and int(counts["unconverged"]) >= 0
        assert all(jnp.ndim(count) == 0 for count in counts.values())


def test_every_retrieval_reads_something():
    assert all(fitting(name) for name in hebbsim.RETRIEVALS)
