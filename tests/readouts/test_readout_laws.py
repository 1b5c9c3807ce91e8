"""Laws of readouts, over the registry: a new one is held to them as it is added."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from examples import DIM, KEY, ensemble, has_example, sides

import hebbsim
from hebbsim.base import Field, Truth
from hebbsim.records import Record
from hebbsim.records.task import Task
from hebbsim.simulate import trial
from hebbsim.statistics.channels import register
from hebbsim.words import KINDS


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

    @pytest.mark.parametrize("tied", [False, True])
    @pytest.mark.parametrize("fair", [True, False])
    def test_counts_that_need_not_be_apart_have_the_same_sums(self, readout, name, tied, fair):
        side, book = sides(ensemble(name))["values"]
        code = side.draw(KEY, jnp.arange(20))
        rows = side.rows(book, code)
        rng = np.random.default_rng(0)
        cue = rows * rng.choice([-1.0, 0.0, 1.0], rows.shape).astype(np.float32)  # wrong, erased and right entries
        field = Field(rows + rng.standard_normal(rows.shape).astype(np.float32), jnp.float32(1.0), {})
        live = jnp.arange(20) % 3 < 2
        truth = Truth(code, rows, book, side.rows, cue, tied, live, ensemble(name).kind, fair)

        @jax.jit
        def both(field):
            score = hebbsim.READOUTS[readout]().score
            return [trial.sum_probes(score(field, truth._replace(apart=one)), live, live, ()) for one in (True, False)]

        apart, summed = both(field)
        assert apart.keys() == summed.keys()
        for count in apart:
            assert apart[count].shape == summed[count].shape, count
            assert np.allclose(apart[count], summed[count], rtol=1e-5), count

    def test_a_field_of_the_wrong_sign_is_all_errors(self, readout, name):
        if ensemble(name).kind == "bipolar":
            assert scored(readout, name, jnp.negative).error_rate.best == 1.0
