"""Outer codes: code words satisfy every check, the decoder equals a naive one in float64, what is wrong is noticed."""

import functools
import math
import zlib

import jax
import numpy as np
import pytest

from hebbsim.codes import CODES, multi_edge, polar, repetition
from hebbsim.codes.belief import decoder
from hebbsim.codes.code import checksum, sign_pattern
from hebbsim.codes.graph import ENSEMBLES, build, distances, next_checks
from hebbsim.codes.multi_edge import DAMPING
from hebbsim.errors import HebbsimError

SMALL = 8_000  # entries


def checks_of(rate, lift, seed):
    """Every check as the list of its bits' numbers, entry by entry; a sum's own stored bit is the last."""
    graph = build(rate, lift, seed)
    checks = []
    for group in graph.core:
        for row, parity in zip(group.column.T, group.column[-2] - graph.info, strict=True):
            shifts = group.shift[:, list(group.column[-2] - graph.info).index(parity)]
            for z in range(lift):
                bits = [int(c) * lift + (z + int(s)) % lift for c, s in zip(row, shifts, strict=True)]
                checks.append(bits[:-1] if parity == 0 and z == 0 else bits)  # the chain's first has no bit before it
    own = (graph.info + graph.rows) * lift
    for group in graph.sums:
        for row, shifts in zip(group.column.T, group.shift.T, strict=True):
            for z in range(lift):
                bits = [int(c) * lift + (z + int(s)) % lift for c, s in zip(row, shifts, strict=True)]
                checks.append([*bits, own])
                own += 1
    return graph, checks


def naive(checks, core, llr, iterations):
    """Damped sum-product in float64, one message a (check, bit); stops once the checks without a stored sum hold."""
    sent = {(c, b): 0.0 for c, bits in enumerate(checks) for b in bits}
    into = [[] for _ in llr]
    for c, b in sent:
        into[b].append(c)
    for step in range(1, iterations + 1):
        told = [llr[b] + sum(sent[c, b] for c in into[b]) for b in range(len(llr))]
        for c, bits in enumerate(checks):
            tanhs = [math.tanh((told[b] - sent[c, b]) / 2) for b in bits]
            for i, b in enumerate(bits):
                product = math.prod(tanhs[:i] + tanhs[i + 1 :])
                message = 2 * math.atanh(max(-1 + 1e-7, min(product, 1 - 1e-7)))
                sent[c, b] = (1 - DAMPING) * message + DAMPING * sent[c, b]
        belief = np.array([llr[b] + sum(sent[c, b] for c in into[b]) for b in range(core)])
        wrong = belief < 0
        if all(sum(wrong[b] for b in bits) % 2 == 0 for bits in checks if bits[-1] < core):
            return belief, step, True
    return belief, iterations, False


@pytest.mark.parametrize("rate", ["1/10", "1/20", "1/50"])
def test_the_decoder_equals_a_naive_one_on_small_graphs(rate):
    code = multi_edge(rate=rate, length=SMALL, seed=3)
    graph, checks = checks_of(rate, SMALL // 1600, 3)
    rng = np.random.default_rng(0)
    message = rng.integers(0, 2, code.message)
    signs = 1 - 2 * sign_pattern(SMALL, 3).astype(int)
    word = code.encode(message) * signs
    assert all(np.prod(word[bits]) == 1 for bits in checks), "a code word breaks a check"
    load = {"1/10": 4.0, "1/20": 7.0, "1/50": 14.0}[rate]
    llr = 2 * (code.encode(message) + rng.normal(0, np.sqrt(load), SMALL)) / load
    core = (graph.info + graph.rows) * graph.lift
    passes = jax.jit(decoder(graph, DAMPING))
    for number in (1, 3):  # every belief, before any sign is right
        mine, _, done, _ = passes(np.float32(llr * signs).reshape(-1, graph.lift), np.int32(number))
        right, _, held = naive(checks, core, llr * signs, number)
        assert done == number and not held and np.allclose(np.ravel(mine), right, rtol=1e-4, atol=1e-4)
    belief, steps, held = naive(checks, core, llr * signs, 12)
    found = code.decode(llr, iterations=12)
    assert found.iterations == steps
    assert np.array_equal(found.bits, (belief < 0)[: code.message]) and (held or not found.ok)


@pytest.mark.parametrize("rate", ["1/10", "1/20", "1/50"])
def test_a_graph_has_the_degrees_of_its_ensemble(rate):
    ensemble, checks = ENSEMBLES[rate], checks_of(rate, 4, 0)[1]
    degree = np.bincount([b for bits in checks for b in bits])
    info = np.concatenate([np.full(4 * count, to_checks + to_sums) for count, to_checks, to_sums in ensemble.info])
    assert np.array_equal(degree[: len(info)], info)
    parity = degree[len(info) :][: 4 * ensemble.rows]
    assert np.all(np.sort(parity)[1:] == 2 + ensemble.parity) and parity.min() == 1 + ensemble.parity
    assert np.all(degree[len(info) + len(parity) :] == 1) and len(degree) == 4 * 1600
    assert all(len(set(bits)) == len(bits) for bits in checks if bits[-1] >= len(info) + len(parity))


@pytest.mark.parametrize("lift", [30, 128, 319])
def test_bits_of_degree_two_close_no_short_cycle(lift):
    graph = build("1/20", lift, 0)
    joined = [[] for _ in range(32)]
    for group in graph.core:
        for slot in range(len(group.column) - 2):
            for column, shift, parity in zip(group.column[slot], group.shift[slot], group.column[-2], strict=True):
                if column < 32:
                    joined[column].append((int(parity) - 80, -int(shift) % lift))
    chords = [(a, b, (move_b - move_a) % lift) for (a, move_a), (b, move_b) in joined]
    rng = np.random.default_rng(0)
    loose = [(a, int(rng.integers(32)), int(rng.integers(lift))) for a, _, _ in chords]

    def shortest(chords):
        around = next_checks(32, lift, chords)
        return min(distances(a, lift, around, (b, move))[b, move] + 1 for a, b, move in chords)

    assert shortest(chords) >= (8 if lift > 30 else 6) and shortest(loose) < shortest(chords)


@pytest.mark.parametrize("degree", [16, 24, 32])
def test_the_checksum_is_the_polynomial_remainder(degree):
    polynomial = (1 << degree) | {16: 0x1021, 24: 0x864CFB, 32: 0x04C11DB7}[degree]
    bits = np.random.default_rng(1).integers(0, 2, (3, 77)).astype(np.uint8)
    for row, said in zip(bits, checksum(bits, degree), strict=True):
        value = int("".join(map(str, row)), 2) << degree
        while value.bit_length() > degree:
            value ^= polynomial << (value.bit_length() - degree - 1)
        assert value == int("".join(map(str, said)), 2)
    assert zlib.crc32(b"") == 0  # the polynomial of 32 is that of zip files, without their inversions


MADE = {
    "multi_edge": (functools.partial(multi_edge, length=25_600), 8.0),
    "polar": (functools.partial(polar, length=512), 1.0),
    "repetition": (functools.partial(repetition, times=41, length=1025), 2.0),
}


@pytest.mark.parametrize("name", CODES)
def test_messages_come_back_and_what_does_not_is_noticed(name):
    make, load = MADE[name]
    code, rng = make(), np.random.default_rng(5)
    messages = rng.integers(0, 2, (4, code.message)).astype(np.uint8)
    messages[0] = 0
    rows = code.encode(messages)
    assert rows.shape == (4, code.length) and set(np.unique(rows)) == {-1, 1} and abs(rows[0].mean()) < 0.2
    assert np.array_equal(code.encode(messages[2]), rows[2])
    found = code.decode(2 * (rows + rng.normal(0, np.sqrt(load), rows.shape)) / load)
    assert found.ok.all() and np.array_equal(found.bits, messages)
    one = code.decode(2 * (rows[1] + rng.normal(0, np.sqrt(load), code.length)) / load)
    assert np.array_equal(one.bits, messages[1]) and one.ok.shape == ()
    hopeless = code.decode(rng.normal(0, 1, (3, code.length)), iterations=5)
    assert not hopeless.ok.any()
    other = make(seed=1)
    assert other.digest != code.digest and not np.array_equal(other.encode(messages), rows)
    assert not other.decode(8.0 * rows, iterations=5).ok.any()


def test_a_code_is_the_same_everywhere():
    assert multi_edge(rate="1/20", length=25_600, seed=0).digest == "39b32f72fa6a9e77"
    assert multi_edge(length=819_200) is multi_edge(rate="1/20", length=819_200, seed=0)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: multi_edge(rate="1/21"), "did you mean '1/20'"),
        (lambda: multi_edge(length=2**24 + 1), "16777216"),
        (lambda: multi_edge(length=10), "allowed: 6,400 to 16,777,216"),
        (lambda: multi_edge(seed=-1), "seed"),
        (lambda: polar(length=31), "32"),
        (lambda: polar(length=64, message=60), "message"),
        (lambda: repetition(times=100, length=1000), "allowed: 1700 or more"),
        (lambda: polar(length=512).decode(np.zeros(511)), "shape"),
        (lambda: polar(length=512).decode(np.full(512, np.nan)), "not finite"),
        (lambda: polar(length=512).encode(np.full(polar(length=512).message, 2)), "0 and 1"),
    ],
)
def test_bad_input_is_one_line(make, words):
    with pytest.raises(HebbsimError, match=words) as raised:
        make()
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("length", [48, 100, 512, 600])
def test_a_list_of_all_paths_is_the_likeliest_word(length):
    """A short message tried in every way: the decoder with room for all paths finds the best of all code words."""
    code = polar(length=length, message=4, load=4.0, paths=256)
    every = (np.arange(16)[:, None] >> np.arange(4)) & 1
    words = code.encode(every).astype(float)
    rng = np.random.default_rng(2)
    for _ in range(20):
        llr = words[rng.integers(16)] / 2 + rng.normal(0, 1, length)
        found = code.decode(llr)
        if found.ok:
            assert np.array_equal(found.bits, every[np.argmax(words @ llr)])
