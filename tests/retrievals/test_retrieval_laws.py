"""Laws of retrievals, over the registry: a new one is held to them as it is added."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from examples import DIM, KEY, fitting

import hebbsim
from hebbsim.base import Known
from hebbsim.retrievals import columns


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

    def test_with_all_keys_it_reads_no_worse_than_one_shot(self, name, kind):
        if "keys" not in self.made.requires:
            return
        given = self.found | {"num_patterns": DIM // 2, "trials": 6}
        mine, one_shot = (hebbsim.measure(**given | {"retrieval": reader}) for reader in (name, "matched_filter"))
        assert mine.bits_per_parameter.best >= one_shot.bits_per_parameter.best

    def test_what_it_does_is_counted(self, name, kind):
        counts = read_with(self.made, self.found, 10, 10).counts
        if "keys" in self.made.requires:
            assert {"solves", "iterations", "unconverged"} <= counts.keys()
        if "iterations" in counts:
            assert int(counts["iterations"]) >= 1 and int(counts["unconverged"]) >= 0
        assert all(jnp.ndim(count) == 0 for count in counts.values())


def test_every_retrieval_reads_something():
    assert all(fitting(name) for name in hebbsim.RETRIEVALS)
