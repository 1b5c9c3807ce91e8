"""Polar codes with a checksum for short blocks, down to one row of a matrix, decoded by successive cancellation of a list.

NumPy only: the decoder is a recursion over a tree of thousands of different nodes, which would take minutes to compile,
and it works on many blocks at once.
"""

import hashlib
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from hebbsim.checks import check_integer
from hebbsim.codes.code import Code, Decoded, Traced, check_blocks, checksum, sign_pattern
from hebbsim.errors import HebbsimError
from hebbsim.parts import factory
from hebbsim.theory.codes import best_block
from hebbsim.theory.quadrature import NORMAL, WEIGHT

CHECK_BITS = 24
FIRST_PATHS = 8  # a block whose checksum fails is decoded again with 4 times as many, and so on up to `paths`
ENTRIES = 1 << 22  # of all lists of a batch: about 100 MB while decoding
MEANS = np.geomspace(1e-9, 400, 1500)
TANHS = np.concatenate(
    [np.tanh((part[:, None] + np.sqrt(2 * part)[:, None] * NORMAL) / 2) @ WEIGHT for part in np.split(MEANS, 10)]
)
SMALL = MEANS < 0.01  # there the mean of tanh(L / 2) is half the mean of L, and the integral cancels badly
TANHS[SMALL] = MEANS[SMALL] / 2 * (1 - MEANS[SMALL] / 2)


class Node(NamedTuple):
    """A subtree of the code: `kind` frozen, repeat (all frozen but the last) or split."""

    kind: str
    size: int
    left: "Node | None" = None
    right: "Node | None" = None


def reliabilities(mean: np.ndarray) -> np.ndarray:
    """Mean log-likelihood ratio of each input bit, given those of the entries, all taken as consistent and Gaussian.

    Source: Trifonov 2012, with the mean of tanh(L / 2) in place of Chung's approximation of it.
    """
    if len(mean) == 1:
        return mean
    a, b = np.split(mean, 2)
    log = np.log(MEANS), np.log(TANHS)
    product = sum(np.interp(np.log(np.maximum(x, MEANS[0])), *log) for x in (a, b))
    worse = np.exp(np.interp(product, log[1], log[0]))
    return np.concatenate([reliabilities(worse), reliabilities(a + b)])


def transform(bits: Any, xp: Any = np) -> Any:
    """Polar transform of the last axis, its own inverse: (a, b) -> (a + b, b) at every scale."""
    size = bits.shape[-1]
    step = 1
    while step < size:
        pairs = bits.reshape(*bits.shape[:-1], -1, 2, step)
        bits = xp.stack([pairs[..., 0, :] ^ pairs[..., 1, :], pairs[..., 1, :]], axis=-2).reshape(bits.shape)
        step *= 2
    return bits


def tree(frozen: np.ndarray) -> Node:
    """The nodes of a code whose bits are frozen to 0 where it says so."""
    if frozen.all():
        return Node("frozen", len(frozen))
    if frozen[:-1].all():
        return Node("repeat", len(frozen))
    return Node("split", len(frozen), *(tree(half) for half in np.split(frozen, 2)))


def both_signs(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """2 artanh(tanh(a / 2) tanh(b / 2)), the ratio of a sum of two bits: ln cosh((a + b) / 2) - ln cosh((a - b) / 2)."""
    total, apart = np.abs(a + b), np.abs(a - b)
    return (total - apart) / 2 + np.log((1 + np.exp(-total)) / (1 + np.exp(-apart)))


def cost(llr: np.ndarray) -> np.ndarray:
    """Minus log of the chance that all bits are 0, up to what is common to all paths: sum of ln(1 + exp(-llr))."""
    return np.sum(np.maximum(-llr, 0) + np.log(1 + np.exp(-np.abs(llr))), axis=-1)


class ListDecoder:
    """Successive cancellation of up to `paths` paths, (blocks, paths) at once. Source: Tal & Vardy 2015."""

    def __init__(self, root: Node, paths: int) -> None:
        self.root, self.paths = root, paths

    def run(self, llr: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(blocks, size) ratios -> (blocks, paths, size) code bits and (blocks, paths) costs."""
        self.cost = np.zeros((len(llr), 1), np.float32)
        bits, _ = self.visit(self.root, llr[:, None, :])
        return bits, self.cost

    def visit(self, node: Node, llr: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Code bits of the node for every path that goes on, and the path that each was when the node was entered."""
        blocks, paths, _ = llr.shape
        if node.kind == "frozen":
            self.cost = self.cost + cost(llr)
            return np.zeros(llr.shape, np.uint8), np.broadcast_to(np.arange(paths), (blocks, paths))
        if node.kind == "repeat":
            both = np.concatenate([self.cost + cost(llr), self.cost + cost(-llr)], axis=1)
            if both.shape[1] > self.paths:
                kept = np.argpartition(both, self.paths - 1, axis=1)[:, : self.paths]
            else:
                kept = np.broadcast_to(np.arange(both.shape[1]), both.shape)
            self.cost = np.take_along_axis(both, kept, axis=1)
            bits = (kept >= paths).astype(np.uint8)[:, :, None]
            return np.broadcast_to(bits, (*kept.shape, node.size)), kept % paths
        assert node.left is not None and node.right is not None
        a, b = llr[..., : node.size // 2], llr[..., node.size // 2 :]
        first, source = self.visit(node.left, both_signs(a, b))
        line = np.arange(blocks)[:, None]  # indexed so, whole paths are copied, not entry by entry
        if node.left.kind != "frozen":
            a, b = a[line, source], b[line, source]
            a = np.where(first, -a, a)
        second, again = self.visit(node.right, b + a)
        first = first[line, again]
        return np.concatenate([first ^ second, second], axis=2), source[line, again]


def best_message(length: int) -> int:
    """Message bits of the length's best rate at block error 1e-3, by the normal approximation."""
    return max(1, round(length * best_block(length, 1e-3).rate))


@factory()
def polar(
    label: str, *, length: int = 4096, message: int = 0, load: float = 0.0, paths: int = 8, seed: int = 0
) -> Code:
    """A polar code of any length from 32 to 65,536: a power of two, with entries stored twice or left out to fit.

    `message`: bits, 0 for the best rate of that length; 24 bits of checksum come on top. `load`: that the code is made
    for, 0 for one a little under that of the normal approximation. `paths`: most of the list decoder, which begins with
    8; Decoded.iterations is how often it began again. A block that is wrong is noticed but for one in 2^24 / paths.
    """
    check_integer("length of polar", length, 32, 2**16)
    check_integer("paths of polar", paths, 1, 1024)
    check_integer("seed of polar", seed, 0, 2**32 - 1)
    message = check_integer("message of polar", message or best_message(length), 1, length - CHECK_BITS)
    if not 0 <= load < 1e4:
        raise HebbsimError(f"load of polar = {load}; allowed: above 0, or 0 for the best")
    aimed = load or 0.85 * best_block(length, 1e-3).load
    size = 1 << (length.bit_length() - 1)
    size = 2 * size if length > 1.5 * size else size
    if message + CHECK_BITS > size:
        raise HebbsimError(f"message of polar = {message}; allowed: up to {size - CHECK_BITS} at length {length}")
    # Entries past the power of two repeat the first ones; where there are too few, the first ones are not stored.
    place = np.arange(length) % size if length >= size else np.arange(size - length, size)
    mean = reliabilities(np.bincount(place, minlength=size) * 2.0 / aimed)
    used = np.sort(np.argsort(mean, kind="stable")[size - message - CHECK_BITS :])
    frozen = np.ones(size, bool)
    frozen[used] = False
    decoder_tree = tree(frozen)
    flips = sign_pattern(length, seed)
    signs = (1 - 2 * flips.astype(np.int8)).astype(np.float32)

    def word_of(bits: Any, xp: Any) -> Any:
        full = xp.concatenate([bits, checksum(bits, CHECK_BITS, xp)], axis=1)
        if xp is np:
            u = np.zeros((len(full), size), full.dtype)
            u[:, used] = full
        else:
            u = xp.zeros((full.shape[0], size), full.dtype).at[:, used].set(full)
        return transform(u, xp)[:, place] ^ xp.asarray(flips, full.dtype)[None, :]

    def message_of(word: Any, xp: Any = jnp) -> Any:
        entries = word ^ xp.asarray(flips, word.dtype)[None, :]
        if length >= size:
            return transform(entries[:, :size], xp)[:, used[:message]]
        raise HebbsimError(f"polar of length {length} leaves entries out; allowed in a matrix's rows: {size} and more")

    def encode(bits: Any) -> np.ndarray:
        word = word_of(check_blocks("bits", bits, message, np.uint8), np)
        return (1 - 2 * word.astype(np.int8)).reshape(*np.shape(bits)[:-1], length)

    def decode(llr: Any, iterations: int = 1) -> Decoded:
        check_integer("iterations", iterations, 1, 2**31 - 1)
        rows = check_blocks("llr", llr, length, np.float32) * signs
        summed = np.zeros((len(rows), size), np.float32)
        summed[:, place[:size]] = rows[:, :size]
        summed[:, : max(length - size, 0)] += rows[:, size:]
        bits, ok = run_list(summed, min(FIRST_PATHS, paths))
        again, width = np.zeros(len(rows), np.int32), FIRST_PATHS
        while width < paths and not ok.all():
            width, failed = min(4 * width, paths), np.flatnonzero(~ok)
            bits[failed], ok[failed] = run_list(summed[failed], width)
            again[failed] += 1
        found = Decoded(bits, ok, again)
        return found if np.ndim(llr) == 2 else Decoded(*(array[0] for array in found))

    def run_list(summed: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
        batch = max(1, ENTRIES // (width * size))
        parts = [
            pick(*ListDecoder(decoder_tree, width).run(summed[at : at + batch])) for at in range(0, len(summed), batch)
        ]
        bits, ok = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        return bits, ok

    def pick(words: np.ndarray, costs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of each block's paths the likeliest one whose checksum holds; the likeliest where none does."""
        inputs = transform(words)[:, :, used]
        flat = inputs.reshape(-1, inputs.shape[2])
        holds = np.all(checksum(flat[:, :message], CHECK_BITS) == flat[:, message:], axis=1).reshape(costs.shape)
        chosen = np.argmin(np.where(holds, costs, costs + 1e6), axis=1)
        line = np.arange(len(words))
        return inputs[line, chosen, :message], holds[line, chosen]

    text = f"polar 1 {length} {message} {paths} {seed}".encode() + used.astype("<i4").tobytes() + flips.tobytes()
    traced = Traced(lambda bits: word_of(bits, jnp), message_of)
    digest = hashlib.sha256(text).hexdigest()[:16]
    return Code(label, length, message, encode, decode, digest, 24 * paths * size, traced)
