"""Laws of ensembles, over the registry: a new one is held to them as it is added."""

import jax
import numpy as np
import pytest
from examples import DIM, KEY, ensemble, fitting, sides

import hebbsim
from hebbsim.base import ENDLESS
from hebbsim.simulate import trial

NOISE = ({"flip": 0.4}, {"erase": 0.5}, {"flip": 0.4, "erase": 0.4})


def pair_by_pair(spec):
    """The same trial with its fields summed over pairs, no memory being made."""
    return spec._replace(**({"formed": False} if "formed" in spec._fields else {"form": "parallel"}))


@pytest.mark.parametrize("name", hebbsim.ENSEMBLES)
class TestEnsembles:
    @pytest.fixture(autouse=True)
    def fits(self, name):
        assert name in fitting(), (
            f"no readout scores {name} at dim {DIM}: give it options in OPTIONS of tests/examples.py"
        )

    def test_row_i_does_not_depend_on_which_others_are_drawn(self, name):
        for which, (side, book) in sides(ensemble(name)).items():
            index = np.arange(12)
            code = side.draw(KEY, index)
            if code.dtype == np.float32:  # not as programs: those of two lengths round a last digit differently
                side = side._replace(draw=side.draw.__wrapped__)
                code = side.draw(KEY, index)
            rows = np.asarray(side.rows(book, code))
            assert rows.shape == (12, DIM) and rows.dtype == np.float32
            for order in ([5], [11, 0, 5], index[::-1]):
                assert np.array_equal(side.rows(book, side.draw(KEY, np.asarray(order))), rows[order]), which

    def test_a_cue_without_noise_shows_the_row_and_noise_is_declared(self, name):
        plain = ensemble(name)
        for side, book in sides(plain).values():
            code = side.draw(KEY, np.arange(12))
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
            side, _ = sides(noisy)["keys"]
            code = side.draw(KEY, np.arange(12))
            rows = side.rows((), code)
            assert "noisy_cue" in noisy.provides
            assert np.array_equal(rows, sides(plain)["keys"][0].rows((), code))  # what is stored is not touched
            assert not np.array_equal(side.cue(jax.random.fold_in(KEY, 1), (), code)[1], rows)

    def test_the_values_are_of_the_kind_that_it_says(self, name):
        made = ensemble(name)
        side, book = sides(made)["values"]
        rows = np.asarray(side.rows(book, side.draw(KEY, np.arange(40))))
        allowed = {"bipolar": {-1.0, 1.0}, "sparse": {0.0, 1.0}}.get(made.kind)
        assert allowed is None or set(np.unique(rows)) == allowed
        if made.kind == "tokens":
            words = np.asarray(side.rows(book, np.arange(book.shape[0])))
            assert "codebook" in made.provides and all(np.any(np.all(row == words, axis=1)) for row in rows)
        if "prior" in made.provides and "codebook" not in made.provides:
            assert side.denoise is not None
            mean, spread = jax.jit(side.denoise)(
                rows * 1e3, np.full(rows.shape, 1e-6, np.float32)
            )  # little noise: the value
            assert np.all(np.isfinite(mean)) and np.all(spread >= 0) and np.all(spread < 1e-3)

    def test_it_says_how_many_pairs_it_has(self, name):
        most = ensemble(name).most_patterns
        assert 0 < most <= ENDLESS
        if most < ENDLESS:
            with pytest.raises(hebbsim.HebbsimError, match=f"has {most} pairs"):
                hebbsim.sweep(ensemble=ensemble(name), dim=DIM, num_patterns=[most + 1])
            for side, book in sides(ensemble(name)).values():  # and does not end or begin again before
                rows = np.asarray(side.rows(book, side.draw(KEY, np.arange(most))))
                assert not any(np.array_equal(rows[i : i + 4], rows[-4:]) for i in range(most - 4))

    def test_tied_patterns_are_drawn_as_values_are(self, name):
        found = sides(ensemble(name))
        if "tied keys" not in found:
            return
        (values, book), (tied, _) = found["values"], found["tied keys"]
        code = values.draw(KEY, np.arange(12))
        assert np.array_equal(code, tied.draw(KEY, np.arange(12)))
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
