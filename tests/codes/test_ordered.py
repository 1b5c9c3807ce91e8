"""Short blocks of the multi-edge code: words near a belief are all that there are, and planted faults are mended."""

import importlib
import itertools

import jax
import numpy as np
import pytest

from hebbsim.codes import multi_edge
from hebbsim.codes.belief import encode
from hebbsim.codes.code import checksum
from hebbsim.codes.graph import build
from hebbsim.codes.ordered import core_of, eliminated, words_near

LENGTH = 6_400
GRAPH = build("1/20", 4, 0)
HELD = GRAPH.info * GRAPH.lift
CORE = core_of(GRAPH, 32)


def core_word(rng):
    """A word of the core with a right checksum."""
    message = rng.integers(0, 2, (1, HELD - 32)).astype(np.uint8)
    info = np.concatenate([message, checksum(message, 32)], axis=1).reshape(1, GRAPH.info, GRAPH.lift)
    return encode(GRAPH, info)[0, : GRAPH.info + GRAPH.rows].reshape(-1)


def test_the_matrix_has_the_checks_that_the_encoder_meets():
    word = core_word(np.random.default_rng(0))
    assert not np.any(CORE.checks.astype(int) @ word % 2) and not np.any(CORE.sums.T.astype(int) @ word % 2)
    for bit in range(0, len(word), 7):
        word[bit] ^= 1
        assert np.any(CORE.checks.astype(int) @ word % 2), "a turned bit breaks no check"
        word[bit] ^= 1


def test_elimination_keeps_the_code_and_takes_the_first_columns():
    matrix = np.random.default_rng(1).integers(0, 2, (9, 30)).astype(np.uint8)
    matrix[:, 3] = matrix[:, 0] ^ matrix[:, 1]
    matrix[8] = matrix[2] ^ matrix[5]
    reduced, pivots = eliminated(matrix)
    assert np.array_equal(reduced[:, pivots], np.eye(len(pivots))) and 3 not in pivots
    every = (np.arange(1 << 9)[:, None] >> np.arange(9)) & 1
    spanned = {tuple(row) for row in every @ matrix % 2}
    assert {tuple(row) for row in every[:, : len(pivots)] @ reduced % 2} == spanned and len(pivots) == 8


def test_words_near_are_those_that_turning_bits_one_by_one_finds():
    rng, width = np.random.default_rng(2), 12
    word = core_word(rng)
    belief = np.where(word, -1.0, 1.0) * rng.gamma(2, 1, len(word))
    order = np.argsort(np.abs(belief))
    fixed = order[eliminated(CORE.checks[:, order])[1]]
    believed = np.array([bit for bit in order if bit not in set(fixed)])
    for turned in ((), (200,), (3, 9), (3, 40)):
        wrong = belief.copy()
        wrong[believed[list(turned)]] *= -1
        naive = []
        for flips in [(), *((i,) for i in range(len(believed))), *itertools.combinations(range(width), 2)]:
            info = np.zeros(len(word), np.uint8)
            info[believed] = (wrong < 0)[believed]
            info[believed[list(flips)]] ^= 1
            full = solved(info, fixed)
            if not np.any(CORE.sums.T.astype(int) @ full % 2):
                naive.append(full)
        found = words_near(CORE, wrong, width)
        assert {tuple(row) for row in found} == {tuple(row) for row in naive}
        assert len(found) == (0 if 40 in turned and len(turned) == 2 else 1)


INVERSE = {}


def solved(info, fixed):
    """The fixed bits by solving the checks afresh, by Gauss and Jordan in whole numbers."""
    key = tuple(fixed)
    if key not in INVERSE:
        size = len(fixed)
        both = np.concatenate([CORE.checks[:, fixed], np.eye(size, dtype=np.uint8)], axis=1)
        for column in range(size):
            pick = column + int(np.argmax(both[column:, column]))
            both[[column, pick]] = both[[pick, column]]
            others = both[:, column].astype(bool)
            others[column] = False
            both[others] ^= both[column]
        INVERSE[key] = both[:, size:].astype(int)
    full = info.copy()
    full[fixed] = 0
    full[fixed] = INVERSE[key] @ (CORE.checks.astype(int) @ full % 2) % 2
    return full


def test_more_blocks_come_back_than_by_belief_propagation_alone(monkeypatch):
    rng, load = np.random.default_rng(3), 11.2
    code = multi_edge(length=LENGTH)
    messages = rng.integers(0, 2, (120, code.message)).astype(np.uint8)
    llr = 2 * (code.encode(messages) + rng.normal(0, np.sqrt(load), (120, LENGTH))) / load
    with monkeypatch.context() as patched:
        module = importlib.import_module("hebbsim.codes.multi_edge")
        patched.setattr(module, "words_near", lambda core, belief: np.zeros((0, belief.size), np.uint8))
        alone = code.decode(llr, 100)
    right = np.all(alone.bits == messages, axis=1)
    assert np.array_equal(right, alone.ok), "a wrong block was taken for a right one"
    # Those that came back are not looked at again, but for a few.
    again = np.union1d(np.flatnonzero(~alone.ok), np.flatnonzero(alone.ok)[:5])
    found = code.decode(llr[again], 100)
    right = np.all(found.bits == messages[again], axis=1)
    assert np.array_equal(right, found.ok), "a wrong block was taken for a right one"
    assert right.sum() >= 5 + 5 and right[alone.ok[again]].all()


@pytest.mark.parametrize("length", [6_401, 17_321])
def test_any_length_is_a_code(length):
    rng, code = np.random.default_rng(4), multi_edge(length=length)
    messages = rng.integers(0, 2, (3, code.message)).astype(np.uint8)
    rows = code.encode(messages)
    assert rows.shape == (3, length)
    assert np.array_equal(jax.jit(code.traced.encode)(messages), (1 - rows) // 2)
    assert np.array_equal(code.traced.message_of((1 - rows) // 2), messages)
    found = code.decode(2 * (rows + rng.normal(0, 2, rows.shape)) / 4)
    assert found.ok.all() and np.array_equal(found.bits, messages)
