"""Package ldpc's belief propagation, written by others, finds the same bits on the same graph."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from hebbsim.codes import multi_edge
from hebbsim.codes.code import sign_pattern
from hebbsim.codes.multi_edge import SHORT
from tests.codes.test_codes import checks_of

LENGTH = 24_000  # longer than SHORT: undamped, and no more than belief propagation


@pytest.mark.parametrize(("rate", "load"), [("1/10", 5.2), ("1/20", 10.5), ("1/50", 22.0)])
def test_an_independent_decoder_agrees(rate, load):
    ldpc = pytest.importorskip("ldpc")
    assert LENGTH > SHORT
    code, seed = multi_edge(rate=rate, length=LENGTH, seed=1), 1
    _, checks = checks_of(rate, LENGTH // 1600, seed)
    rows = np.repeat(np.arange(len(checks)), [len(bits) for bits in checks])
    matrix = csr_matrix((np.ones(len(rows), np.uint8), (rows, np.concatenate(checks))))
    rng = np.random.default_rng(6)
    messages = rng.integers(0, 2, (6, code.message)).astype(np.uint8)
    llr = 2 * (code.encode(messages) + rng.normal(0, np.sqrt(load), (6, LENGTH))) / load
    found = code.decode(llr, 200)
    flips = sign_pattern(LENGTH, seed)
    for row, message, mine, ok in zip(llr * (1 - 2.0 * flips), messages, found.bits, found.ok, strict=True):
        # It takes a syndrome and the chance of each bit's error: the syndrome of the signs, and what their ratios say.
        signs = (row < 0).astype(np.uint8)
        other = ldpc.BpDecoder(
            matrix,
            error_channel=list(1 / (1 + np.exp(np.abs(row)))),
            max_iter=200,
            bp_method="product_sum",
            schedule="parallel",
        )
        errors = other.decode((matrix @ signs % 2).astype(np.uint8))
        theirs = (signs ^ errors)[: code.message]
        if ok or other.converge:
            assert ok and other.converge and np.array_equal(mine, theirs) and np.array_equal(mine, message)
    assert found.ok.sum() >= 3
