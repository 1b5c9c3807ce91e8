"""Pairs from files: the same numbers as drawn ones, real keys, and one line for every file that does not fit."""

from pathlib import Path

import numpy as np
import pytest
from repository import PATCHES

import hebbsim
from hebbsim.ensembles.files import load_rows
from hebbsim.errors import HebbsimError


@pytest.fixture
def save(tmp_path):
    def saved(name, array, **options):
        np.save(tmp_path / name, array, **options)
        return str(tmp_path / name)

    return saved


def signs(seed, *shape):
    return np.random.default_rng(seed).choice(np.int8([-1, 1]), shape)


def test_signs_from_files_give_the_error_of_signs_that_are_drawn(save):
    files = {"keys": save("k.npy", signs(0, 500, 40)), "values": save("v.npy", np.float64(signs(1, 500, 24)))}
    point = hebbsim.measure(ensemble="arrays", ensemble_options=files, num_patterns=60, trials=30)
    drawn = hebbsim.measure(dim_key=40, dim_value=24, num_patterns=60, trials=30)
    assert point.exact and point.task.dim_key == 40 and point.task.dim_value == 24
    assert abs(point.error_rate.best - drawn.error_rate.best) < 0.01
    assert point.task.ensemble.startswith("arrays(keys='k.npy', sha256='")


def test_each_key_keeps_its_value_in_both_orders(save):
    """One pair in a memory comes back without error only if key and value were written together."""
    keys, values = np.float32(signs(0, 8, 64)), signs(1, 8, 64)
    files = {"keys": save("k.npy", keys), "values": save("v.npy", values)}
    for shuffle in (True, False):
        point = hebbsim.measure(
            rule="pseudo_inverse",
            ensemble="arrays",
            ensemble_options={**files, "shuffle": shuffle},
            num_patterns=8,
            trials=2,
        )
        assert point.counts["errors"] == point.counts["ties"] == 0
        assert point.counts["bits"] == 2 * 8 * 64


def test_the_field_is_that_of_the_file(save):
    """Float keys as they stand in the file: the counts are those of a loop in NumPy."""
    rng = np.random.default_rng(3)
    keys, values = rng.standard_normal((30, 16)), signs(4, 30, 10)
    files = {"keys": save("k.npy", keys), "values": save("v.npy", values), "shuffle": False}
    point = hebbsim.measure(ensemble="arrays", ensemble_options=files, num_patterns=20, trials=2)
    weights = keys[:20].T @ values[:20]
    assert point.trials[0]["errors"] == np.sum((keys[:20] @ weights) * values[:20] < 0)


def test_trials_store_other_pairs_and_the_same_seed_the_same(save):
    options = {"keys": save("k.npy", signs(0, 300, 32)), "values": save("v.npy", signs(1, 300, 32))}
    given = dict(ensemble="arrays", ensemble_options=options, num_patterns=30, trials=4)
    first, again = hebbsim.measure(**given), hebbsim.measure(**given)
    assert [int(t["errors"]) for t in first.trials] == [int(t["errors"]) for t in again.trials]
    assert len({int(t["errors"]) for t in first.trials}) > 1


def test_another_content_is_another_identity_and_a_stale_one_is_never_used(save):
    file = save("k.npy", signs(0, 30, 32))
    one = hebbsim.ENSEMBLES["arrays"](keys=file)
    assert one is hebbsim.ENSEMBLES["arrays"](keys=file)
    save("k.npy", signs(1, 30, 32))
    other = hebbsim.ENSEMBLES["arrays"](keys=file)
    assert one.label != other.label
    with pytest.raises(HebbsimError, match="was asked for"):
        hebbsim.ENSEMBLES["arrays"](keys=file, sha256="0123456789abcdef")


def test_keys_of_images_are_harder_for_a_hebbian_memory_and_less_so_for_error_correction():
    """The two heads hold patches of two pictures, whose spectra are steep: 5 of 64 dimensions, effectively."""
    given = dict(ensemble="arrays", num_patterns=32, trials=4)
    options = {"keys": PATCHES, "head": 1}
    hebb = hebbsim.measure(ensemble_options=options, **given)
    delta = hebbsim.measure(rule="delta", ensemble_options=options, **given)
    drawn = hebbsim.measure(dim=64, num_patterns=32, trials=4)
    assert hebb.error_rate.best > delta.error_rate.best > drawn.error_rate.best


def test_heads_give_a_row_each_and_the_total(save):
    heads = hebbsim.measure_heads(keys=PATCHES, num_patterns=32, trials=3)
    assert len(heads.heads) == 2 and heads.num_parameters == 2 * 64 * 64
    alone = hebbsim.measure(ensemble="arrays", ensemble_options={"keys": PATCHES, "head": 2}, num_patterns=32, trials=3)
    assert heads.heads[1].counts["errors"] == alone.counts["errors"]
    mean = np.mean([head.bits_per_parameter.best for head in heads.heads])
    assert heads.bits_per_parameter.best == pytest.approx(mean)
    assert heads.bits_per_parameter.low < heads.bits_per_parameter.best < heads.bits_per_parameter.high
    assert "all 2:" in str(heads)
    with pytest.raises(HebbsimError, match=r"allowed: \(heads, pairs, dim\)"):
        hebbsim.measure_heads(keys=save("k.npy", signs(0, 9, 8)), num_patterns=4)
    with pytest.raises(HebbsimError, match="2 heads and"):
        hebbsim.measure_heads(keys=PATCHES, values=save("v.npy", signs(0, 3, 400, 8)), num_patterns=4)


def test_patches_are_real_float16_and_small():
    file = Path(PATCHES)
    assert file.stat().st_size < 200_000
    assert load_rows(PATCHES, 1).shape == (400, 64)


class TestRefused:
    def check(self, words, num_patterns=2, dim=None, **options):
        with pytest.raises(HebbsimError, match=words) as caught:
            hebbsim.measure(ensemble="arrays", ensemble_options=options, num_patterns=num_patterns, dim=dim, trials=2)
        assert "\n" not in str(caught.value)

    def test_more_pairs_than_the_file_holds(self):
        self.check("num_patterns = 401; .* has 400 pairs", 401, keys=PATCHES, head=1)

    def test_a_width_that_is_not_the_files(self):
        self.check("rows of 64 entries; got a dim of 32", dim=32, keys=PATCHES, head=1)

    def test_heads_that_are_not_there(self, save):
        self.check("holds 2 heads; allowed: head = 1 to 2", keys=PATCHES)
        self.check("holds 2 heads; allowed: head = 1 to 2", keys=PATCHES, head=3)
        self.check("has no heads", keys=save("k.npy", signs(0, 9, 8)), head=1)

    @pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
    def test_entries_that_are_no_float32_with_their_place(self, save, value):
        keys = np.float64(signs(0, 9, 8))
        keys[5, 3] = value
        self.check("at row 5, entry 3; allowed: finite float32", keys=save("k.npy", keys))

    def test_integers_that_are_no_signs(self, save):
        keys = signs(0, 9, 8)
        keys[2, 7] = 3
        self.check("3 at row 2, entry 7; allowed: floats, or integers", keys=save("k.npy", keys))

    def test_files_of_other_kinds(self, save, tmp_path):
        pickled = save("p.npy", np.array([{}, []], object), allow_pickle=True)
        self.check("it holds Python objects", keys=pickled)
        self.check("entries are", keys=save("b.npy", np.ones((4, 4), bool)))
        self.check("entries are", keys=save("s.npy", np.array([["a"]])))
        self.check(r"its shape is \(4,\)", keys=save("one.npy", np.ones(4)))
        self.check(r"its shape is \(0, 4\)", keys=save("none.npy", np.ones((0, 4))))
        self.check("every entry is 0", keys=save("zero.npy", np.zeros((4, 4))))
        (tmp_path / "text.npy").write_text("not an array")
        self.check("not in numpy's format", keys=str(tmp_path / "text.npy"))
        (tmp_path / "empty.npy").write_bytes(b"")
        self.check("not in numpy's format", keys=str(tmp_path / "empty.npy"))
        self.check("cannot be read: No such file", keys=str(tmp_path / "missing.npy"))
        self.check("cannot be read: Is a directory", keys=str(tmp_path))
        self.check("allowed: a .npy file")

    def test_values_of_another_length_or_name(self, save):
        keys = save("k.npy", signs(0, 9, 8))
        self.check("9 pairs and v.npy 8", keys=keys, values=save("v.npy", signs(0, 8, 8)))
        self.check("'bipolar', 'gaussian' or a .npy file", keys=keys, values="random")

    def test_tied(self):
        with pytest.raises(HebbsimError, match="tied patterns are not stored from a file"):
            hebbsim.measure(
                ensemble="arrays", ensemble_options={"keys": PATCHES, "head": 1}, num_patterns=4, tied=True, trials=2
            )

    def test_the_command_says_it_in_one_line(self, run_cli, save):
        status, out, error = run_cli(
            "measure", "--ensemble", "arrays", "--ensemble-options", '{"keys": "nowhere.npy"}', "--num-patterns", 4
        )
        assert status == 2 and not out
        assert error == "hebbsim: nowhere.npy: cannot be read: No such file or directory\n"
