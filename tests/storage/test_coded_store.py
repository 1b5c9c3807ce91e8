"""A file through an outer code: every bit back one-shot, and nothing that is wrong goes by unsaid."""

import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest

from hebbsim.codes import multi_edge
from hebbsim.errors import HebbsimError
from hebbsim.storage import coded
from hebbsim.storage.coded_trial import coded_trial, one_shot_evidence
from hebbsim.storage.memory_file import load, save
from hebbsim.storage.store import draw_keys

DATA = np.random.default_rng(1).bytes(150)
LENGTH = 25_600


def hebbsim(*words):
    return subprocess.run([sys.executable, "-m", "hebbsim", *map(str, words)], capture_output=True, text=True)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("coded")
    (folder / "file").write_bytes(DATA * 2)
    done = hebbsim("store", folder / "file", "--out", folder / "memory", "--code", "1/20", "--code-length", LENGTH)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def test_the_command_gives_the_file_back_one_shot_and_says_what_it_did(stored):
    folder, said = stored
    for words in (
        "load",
        "bits/parameter",
        "bits per stored bit",
        "read back one-shot",
        "% of the signs wrong",
        "0 of 2 blocks",
        "rate='1/20'",
        "times the file",
    ):
        assert words in said, words
    back = hebbsim("recall", folder / "memory", "--out", folder / "back")
    assert back.returncode == 0 and (folder / "back").read_bytes() == DATA * 2
    assert "SHA-256 equal" in back.stdout and "reading takes about" in back.stdout
    other = hebbsim("recall", folder / "memory", "--out", folder / "other", "--retrieval", "amp")
    assert other.returncode == 2 and "read one-shot" in other.stderr and not (folder / "other").exists()


def test_the_matrix_is_the_outer_product_of_code_words_and_fields_its_product(stored):
    memory = load(stored[0] / "memory")
    code = multi_edge(rate="1/20", length=LENGTH)
    bits = np.zeros(2 * code.message, np.uint8)
    bits[: 16 * len(DATA)] = np.unpackbits(np.frombuffer(DATA * 2, np.uint8))
    flat = np.ones(memory.num_patterns * memory.dim_value, np.int64)
    flat[: 2 * LENGTH] = code.encode(bits.reshape(2, -1)).reshape(-1)
    values = flat.reshape(memory.num_patterns, -1)
    keys = np.asarray(draw_keys(memory), np.int64)
    assert np.array_equal(keys.T @ values, memory.matrix)
    llr = coded.ratios(memory, code, 1)
    field = (keys @ memory.matrix).reshape(-1)[LENGTH : 2 * LENGTH]
    np.testing.assert_allclose(llr, 2 * field / (memory.num_patterns - 1), rtol=1e-5)


def test_no_more_than_a_block_is_ever_in_memory(stored, monkeypatch):
    memory, rows = load(stored[0] / "memory"), []
    assert memory.code is not None
    fields = coded.fields
    monkeypatch.setattr(coded, "fields", lambda m, start, stop: rows.append(stop - start) or fields(m, start, stop))
    assert coded.read_coded(memory).right
    assert max(rows) <= LENGTH // memory.dim_value + 2 < memory.num_patterns
    said = coded.recall_memory(memory)
    assert memory.matrix.nbytes + 4 * max(rows) * memory.dim_value + coded.code_of(memory.code).memory < said < 2**24


@pytest.mark.parametrize("size", [0, 1, 48])
def test_small_files_come_back(size):
    data = np.random.default_rng(size).bytes(size)
    memory, found = coded.write_coded(data, "1/20")
    assert found.right and found.data == data and found.failed == 0
    assert memory.code is not None and memory.code.blocks == 1


def test_few_bit_weights_are_read_with_their_quantisers_noise():
    memory, found = coded.write_coded(DATA, "1/20", bits=1, length=LENGTH)
    assert found.right and memory.bits == 1
    assert memory.num_patterns / memory.dim_key < 0.9 * 13.51 * coded.kept_power(1)
    assert memory.code is not None
    code = coded.code_of(memory.code)
    llr = coded.ratios(memory, code, 0)
    # A log-likelihood ratio of the right scale has a variance of twice its mean along the stored signs.
    true = code.encode(code.decode(llr).bits)
    mean = np.mean(llr * true)
    assert np.var(llr * true) / mean == pytest.approx(2, rel=0.05)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--code", "1/21"], "did you mean '1/20'"),
        (["--code", "1/20", "--code-length", 25_000], "nearest: 25,600"),
        (["--code", "1/20", "--dim", 40], "load"),
        (["--code", "1/20", "--bits-per-parameter", 0.7], "threshold, 0.6"),
        (["--code", "1/20", "--bits-per-parameter", -1], "above 0"),
        (["--code", "1/20", "--bits", 9], "bits 0"),
        (["--dim", 40], "go with --code"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(stored, tmp_path, words, message):
    done = hebbsim("store", stored[0] / "file", "--out", tmp_path / "memory", *words)
    assert done.returncode == 2 and message in done.stderr and len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_load_past_the_threshold_can_be_forced_and_is_not_believed():
    with pytest.raises(HebbsimError, match=r"decodes up to 13\.51.*--force"):
        coded.lay_out(300, "1/20", length=LENGTH, dim=45)
    with pytest.raises(HebbsimError, match="blocks did not come back"):
        coded.write_coded(DATA * 2, "1/20", length=LENGTH, dim=45, force=True)


def test_another_code_or_a_damaged_seed_is_refused(stored, tmp_path):
    head, body = (stored[0] / "memory").read_bytes()[:-32].split(b"\n", 1)
    code = json.loads(head)["code"]
    for change, words in (
        ({"digest": "0" * 16}, "another version"),
        ({"label": f"multi_edge(length={LENGTH},rate='1/20',seed=1)"}, "another version"),
        ({"label": "turbo(length=5)"}, "not known"),
        ({"label": "multi_edge(length=25601,rate='1/20')"}, "another version"),
        ({"blocks": 0}, "do not fit"),
        ({"blocks": 3}, "do not fit"),
        ({"length": "x"}, "do not fit"),
        ({"more": 1}, "do not fit"),
    ):
        forged = json.dumps(json.loads(head) | {"code": code | change}).encode() + b"\n" + body
        (tmp_path / "memory").write_bytes(forged + hashlib.sha256(forged).digest())
        with pytest.raises(HebbsimError, match=words):
            coded.read_coded(load(tmp_path / "memory"))
    done = hebbsim("recall", tmp_path / "memory", "--out", tmp_path / "file")
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and not (tmp_path / "file").exists()


def test_wrong_blocks_are_said_and_written_only_by_force(stored, tmp_path):
    memory = load(stored[0] / "memory")
    noise = np.random.default_rng(0).choice([-1, 1], memory.matrix.shape)
    spoilt = memory._replace(matrix=memory.matrix * noise)
    save(spoilt, tmp_path / "memory")
    done = hebbsim("recall", tmp_path / "memory", "--out", tmp_path / "file")
    assert done.returncode == 1 and not (tmp_path / "file").exists() and "2 of 2 blocks" in done.stdout


def test_trials_count_and_the_check_can_fail():
    code = multi_edge(rate="1/20", length=LENGTH)
    good = coded_trial(code, 48)
    assert (good["errors"], good["wrong_blocks"], good["unnoticed"]) == (0, 0, 0)
    assert good["message_bits"] == code.message and good["sign_errors"] / good["entries"] == pytest.approx(
        0.38, abs=0.02
    )
    assert coded_trial(code, 48) | {"seconds": 0} == good | {"seconds": 0}

    def flipped(weights):
        chosen = np.random.default_rng(0).random(weights.shape) < 0.05
        return np.where(chosen, -weights, weights)

    wrong = {
        "shuffled": coded_trial(code, 48, reader=multi_edge(rate="1/20", length=LENGTH, seed=1), iterations=50),
        "noise": coded_trial(code, 48, noise=8.0, iterations=50),
    }
    for name, counts in wrong.items():
        assert counts["errors"] > 0 and counts["unnoticed"] == 0, name
    damaged = coded_trial(code, 44, damage=flipped, iterations=50)
    assert damaged["sign_errors"] > coded_trial(code, 44, iterations=50)["sign_errors"]


@pytest.mark.parametrize("spoil", ["", "noise", "interleaver", "weights"])
def test_the_row_of_evidence_turns_where_anything_is_wrong(spoil):
    found = one_shot_evidence(64, spoil=spoil)
    assert found.agrees == (spoil == ""), found
    assert found.counts["unnoticed"] == 0
