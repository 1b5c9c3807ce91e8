"""Random messages through a coded matrix and back, counted: what experiments and checks are made of."""

import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from hebbsim.codes import CODES, Code
from hebbsim.codes.graph import BASE
from hebbsim.errors import one_of
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
    read: int | None = None,
    noise: float = 1.0,
    reader: Code | None = None,
    damage: Callable[[np.ndarray], np.ndarray] = lambda weights: weights,
) -> Counts:
    """Counts of one memory: `blocks` code words of random messages in a dim x dim matrix, read one-shot and decoded.

    read: how many blocks are read back, the first ones; all unless given. stored_bits: of all messages; of those read:
    message_bits, errors (of those, wrong), blocks, wrong_blocks, unnoticed (wrong though checks and checksum hold),
    iterations, entries, sign_errors (of the field, before decoding), seconds. For checks that must fail: `noise` times
    the variance is believed, `reader` decodes instead of the code, `damage` is done to the integer weights.
    """
    began = time.perf_counter()
    layout = Layout(code, blocks, dim, seed)
    messages = random_messages(layout)
    memory = settle(empty_memory(layout, 0, ""), damage(coded_weights(messages, layout)), bits)
    counts = dict.fromkeys(("errors", "wrong_blocks", "unnoticed", "iterations", "sign_errors"), 0)
    chosen = messages[:read]
    for block, message in enumerate(chosen):
        llr = ratios(memory, code, block, noise)
        found = (reader or code).decode(llr, iterations)
        wrong = int(np.count_nonzero(found.bits != message))
        counts["errors"] += wrong
        counts["wrong_blocks"] += wrong > 0
        counts["unnoticed"] += wrong > 0 and bool(found.ok)
        counts["iterations"] += int(found.iterations)
        counts["sign_errors"] += int(np.count_nonzero((llr < 0) != (code.encode(message) < 0)))
    some = len(chosen)
    sizes = {"message_bits": some * code.message, "blocks": some, "entries": some * code.length}
    return sizes | {"stored_bits": blocks * code.message} | counts | {"seconds": round(time.perf_counter() - began, 3)}


def decoded_bits_per_parameter(counts: Counts, dim: int) -> float:
    """Message bits of the blocks that came back whole, per parameter of the matrix."""
    share = 1 - counts["wrong_blocks"] / counts["blocks"]
    return share * counts["message_bits"] / dim**2


class Evidence(NamedTuple):
    """What a check of "one-shot, outer code of rate 1/20, no bit wrong" goes by."""

    dim: int
    bits_per_parameter: float  # message bits a parameter, right or wrong
    bit_error_limit: float  # 95 % upper limit, 3 / message bits where none is wrong
    agrees: bool  # no bit wrong and at least `asked` bits per parameter
    asked: float
    counts: Counts


# dim -> message bits a parameter: a margin below the code's threshold that grows as its blocks get shorter.
ASKED = {64: 0.52, 256: 0.62, 1024: 0.62}
READ = 3  # blocks of a matrix
NOISE, FLIPPED = 2.5, 0.05  # what spoils a check on purpose


def one_shot_evidence(dim: int = 256, trials: int = 1, seed: int = 0, spoil: str = "") -> Evidence:
    """A matrix filled with rate-1/20 code words, up to READ blocks of it read one-shot: 3 s of 2 cores with compiling.

    spoil: "noise" believes NOISE times the variance, "interleaver" decodes by another seed's graph, "weights" flips the
    sign of FLIPPED of the weights: each must turn `agrees`. At dim 1024 the matrix holds 16 blocks.
    Raises HebbsimError for a dim that has no pre-registered bits per parameter.
    """
    if dim not in ASKED:
        raise one_of("dim of one_shot_evidence", str(dim), map(str, ASKED))
    asked = ASKED[dim]
    blocks = max(1, round(asked * dim * dim / 41_000))
    length = BASE * math.ceil((asked * dim * dim / blocks + 32) * 20 / BASE)
    code = CODES["multi_edge"](rate="1/20", length=length)
    options: dict[str, Any] = {}
    if spoil == "noise":
        options["noise"] = NOISE
    elif spoil == "interleaver":
        options["reader"] = CODES["multi_edge"](rate="1/20", length=length, seed=1)
    elif spoil == "weights":
        options["damage"] = lambda w: np.where(np.random.default_rng(0).random(w.shape) < FLIPPED, -w, w)
    elif spoil:
        raise one_of("way to spoil a check", spoil, ("noise", "interleaver", "weights"))
    total: Counts = {}
    for trial in range(trials):
        counts = coded_trial(code, dim, blocks, seed + trial, iterations=150, read=READ, **options)
        total = {name: total.get(name, 0) + value for name, value in counts.items()}
    per = total["stored_bits"] / trials / dim**2
    limit = 1.0 if total["errors"] else -math.log(0.05) / total["message_bits"]
    return Evidence(dim, per, limit, total["errors"] == 0 and per >= asked, asked, total)
