"""Random messages through a coded matrix and back, counted: what experiments and checks are made of."""

import time
from collections.abc import Callable

import numpy as np

from hebbsim.codes import Code
from hebbsim.storage.coded import Layout, coded_weights, empty_memory, ratios
from hebbsim.storage.store import settle

Counts = dict[str, int | float]


def random_messages(layout: Layout) -> np.ndarray:
    """(blocks, message) fair bits that are a function of the layout's seed."""
    size = layout.blocks * layout.code.message
    raw = np.random.Philox(key=np.array([layout.seed, 0xC0DE], np.uint64)).random_raw(-(-size // 64))
    return np.unpackbits(raw.astype("<u8").view(np.uint8))[:size].reshape(layout.blocks, -1)


def coded_trial(
    code: Code,
    dim: int,
    blocks: int = 1,
    seed: int = 0,
    *,
    bits: int = 0,
    iterations: int = 400,
    noise: float = 1.0,
    reader: Code | None = None,
    damage: Callable[[np.ndarray], np.ndarray] = lambda weights: weights,
) -> Counts:
    """Counts of one memory: `blocks` code words of random messages in a dim x dim matrix, read one-shot and decoded.

    message_bits, errors (of those, wrong), blocks, wrong_blocks, unnoticed (wrong though checks and checksum hold),
    iterations, entries, sign_errors (of the field, before decoding), seconds. For checks that must fail: `noise` times
    the variance is believed, `reader` decodes instead of the code, `damage` is done to the integer weights.
    """
    began = time.perf_counter()
    layout = Layout(code, blocks, dim, seed)
    messages = random_messages(layout)
    memory = settle(empty_memory(layout, 0, ""), damage(coded_weights(messages, layout)), bits)
    counts = dict.fromkeys(("errors", "wrong_blocks", "unnoticed", "iterations", "sign_errors"), 0)
    for block, message in enumerate(messages):
        llr = ratios(memory, code, block, noise)
        found = (reader or code).decode(llr, iterations)
        wrong = int(np.count_nonzero(found.bits != message))
        counts["errors"] += wrong
        counts["wrong_blocks"] += wrong > 0
        counts["unnoticed"] += wrong > 0 and bool(found.ok)
        counts["iterations"] += int(found.iterations)
        counts["sign_errors"] += int(np.count_nonzero((llr < 0) != (code.encode(message) < 0)))
    sizes = {"message_bits": blocks * code.message, "blocks": blocks, "entries": blocks * code.length}
    return sizes | counts | {"seconds": round(time.perf_counter() - began, 3)}


def decoded_bits_per_parameter(counts: Counts, dim: int) -> float:
    """Message bits of the blocks that came back whole, per parameter of the matrix."""
    share = 1 - counts["wrong_blocks"] / counts["blocks"]
    return share * counts["message_bits"] / dim**2
