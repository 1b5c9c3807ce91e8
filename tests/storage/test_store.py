"""A file into a matrix and back; what is damaged, foreign or too much is refused, and nothing is left behind."""

import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest

from hebbsim.errors import HebbsimError
from hebbsim.storage import store
from hebbsim.storage.memory_file import load, packed, save, unpacked

DATA = np.random.default_rng(0).bytes(1500)


def hebbsim(*words):
    return subprocess.run([sys.executable, "-m", "hebbsim", *map(str, words)], capture_output=True, text=True)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    (folder / "file").write_bytes(DATA)
    done = hebbsim("store", folder / "file", "--out", folder / "memory", "--bits-per-parameter", 1.2)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_matrix_is_the_outer_product_of_the_files_bits(stored):
    memory = load(stored / "memory")
    assert memory.bits_per_parameter == pytest.approx(1.2, abs=0.03) and memory.matrix.dtype == np.int8
    keys = np.asarray(store.draw_keys(memory), np.int64)
    bits = np.zeros(memory.num_patterns * memory.dim_value, np.int64)
    bits[: 8 * len(DATA)] = np.unpackbits(np.frombuffer(DATA, np.uint8))
    assert np.array_equal(keys.T @ (1 - 2 * bits.reshape(memory.num_patterns, -1)), memory.matrix)
    assert (stored / "memory").stat().st_size < memory.matrix.size + 600  # the matrix, one line, a checksum


def test_a_file_comes_back_and_a_one_shot_reader_says_what_it_lost(stored):
    back = hebbsim("recall", stored / "memory", "--out", stored / "back")
    assert back.returncode == 0, back.stderr
    assert (stored / "back").read_bytes() == DATA and "0 of 12,000 bits wrong, SHA-256 equal" in back.stdout
    once = hebbsim("recall", stored / "memory", "--out", stored / "once", "--retrieval", "matched_filter")
    assert once.returncode == 1 and not (stored / "once").exists() and "bits wrong" in once.stdout
    forced = hebbsim("recall", stored / "memory", "--out", stored / "once", "--retrieval", "matched_filter", "--force")
    assert forced.returncode == 1
    wrong = np.mean(
        np.unpackbits(np.frombuffer((stored / "once").read_bytes(), np.uint8) ^ np.frombuffer(DATA, np.uint8))
    )
    said = float(forced.stdout.partition("bits wrong (")[2].partition(" %")[0]) / 100
    assert wrong == pytest.approx(0.18, abs=0.02) and said == pytest.approx(wrong, abs=0.01)


def test_a_flipped_byte_anywhere_is_noticed(stored, tmp_path):
    whole = (stored / "memory").read_bytes()
    for at in (3, 40, len(whole) // 2, len(whole) - 1):
        bad = bytearray(whole)
        bad[at] ^= 1
        (tmp_path / "memory").write_bytes(bad)
        with pytest.raises(HebbsimError, match=r"damaged|not a memory"):
            load(tmp_path / "memory")
    (tmp_path / "memory").write_bytes(whole[:-100])
    done = hebbsim("recall", tmp_path / "memory", "--out", tmp_path / "file")
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and not (tmp_path / "file").exists()


def test_what_is_foreign_or_does_not_fit_is_refused(stored, tmp_path):
    (tmp_path / "memory").write_bytes(DATA)
    with pytest.raises(HebbsimError, match="not a memory"):
        load(tmp_path / "memory")
    with pytest.raises(HebbsimError, match="cannot read"):
        load(tmp_path / "none")
    head, body = (stored / "memory").read_bytes()[:-32].split(b"\n", 1)
    for change in ({"dim_key": 5}, {"length": 10**9}, {"type": "float"}, {"bits": -8}, {"more": 1}):
        forged = json.dumps(json.loads(head) | change).encode() + b"\n" + body
        (tmp_path / "memory").write_bytes(forged + hashlib.sha256(forged).digest())
        with pytest.raises(HebbsimError, match="do not fit"):
            load(tmp_path / "memory")


def test_loads_and_files_out_of_range_are_refused(tmp_path):
    for arguments, words in (
        ((DATA, 2.2), "up to 2.08"),
        ((DATA, 0.0), "above 0"),
        ((DATA, float("nan")), "above 0"),
        ((DATA, 0.7, -1), "seed"),
        ((DATA, 0.7, 0, 9), "bits"),
    ):
        with pytest.raises(HebbsimError, match=words):
            store.write(*arguments)
    memory = store.write(DATA, 0.5)
    with pytest.raises(HebbsimError, match="allowed: matched_filter, ridge, box, amp"):
        store.read(memory, "whitened")
    done = hebbsim("store", tmp_path / "none", "--out", tmp_path / "memory")
    assert done.returncode == 2 and "cannot read" in done.stderr and not (tmp_path / "memory").exists()


@pytest.mark.parametrize("bits", [1, 3])
def test_levels_pack_and_a_rounded_matrix_gives_the_file_back(bits, tmp_path):
    levels = np.random.default_rng(1).integers(0, 2**bits, (5, 13), np.uint8)
    assert np.array_equal(unpacked(packed(levels, bits), 5, 13, bits), levels)
    memory = store.write(DATA * 2, 0.3 if bits == 1 else 0.9, bits=bits)
    save(memory, tmp_path / "memory")
    again = load(tmp_path / "memory")
    assert np.array_equal(again.matrix, memory.matrix) and again.bits == bits
    found = store.read(again)
    assert found.right and found.data == DATA * 2 and found.wrong == 0
