"""What belief propagation leaves of a short block, by ordered statistics: the surest bits of the core fix the others.

A short graph has small groups of bits that belief propagation turns to and fro for ever, or in which it finds another code
word; of a long one they are too small a share to matter. The core's bits are ordered by how sure they were on the mean of
all passes. Those that the others do not fix, taken from the surest on, are believed; the checks fix the rest. If the
checksum of the word so found fails, it is sought among the words with one of the believed bits turned, or two of the
least sure ones. Source: Fossorier & Lin 1995; the mean over the passes, Jiang et al. 2007.
"""

from typing import NamedTuple

import numpy as np

from hebbsim.codes.code import remainders
from hebbsim.codes.graph import Graph

PAIRS_OF = 200  # least sure believed bits of which two are turned: 19,900 pairs


class Core(NamedTuple):
    """The core as one matrix of checks, for a short code."""

    checks: np.ndarray  # (checks, bits) of 0 and 1
    sums: np.ndarray  # (bits, degree) of 0 and 1: what each bit adds to message checksum + stored checksum, which is 0


def core_of(graph: Graph, degree: int) -> Core:
    """The core's checks, and its checksum's; degree: bits of checksum, the last of the information bits."""
    lift, held = graph.lift, graph.info * graph.lift
    checks = np.zeros((graph.rows, lift, graph.info + graph.rows, lift), np.uint8)
    z = np.arange(lift)
    for group in graph.core:
        for columns, shifts in zip(group.column, group.shift, strict=True):
            for row, column, shift in zip(group.column[-2] - graph.info, columns, shifts, strict=True):
                checks[row, z, column, (z + shift) % lift] ^= 1
    checks[0, 0, -1, -1] = 0  # the chain's first check has no bit before it
    sums = np.zeros((held + graph.rows * lift, degree), np.uint8)
    sums[: held - degree] = remainders(held - degree, degree)
    sums[held - degree : held] = np.eye(degree, dtype=np.uint8)
    return Core(checks.reshape(graph.rows * lift, -1), sums)


def eliminated(checks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Reduced row echelon form modulo 2, and the columns of its pivots: the first ones that do not depend on others."""
    width = checks.shape[1]
    packed = np.packbits(checks, axis=1)
    pivots: list[int] = []
    for column in range(width):
        at = len(pivots)
        bit = (packed[:, column // 8] >> (7 - column % 8)) & 1
        found = np.flatnonzero(bit[at:])
        if not len(found):
            continue
        pick = at + int(found[0])
        packed[[at, pick]], bit[[at, pick]] = packed[[pick, at]], bit[[pick, at]]
        bit[at] = 0
        packed[bit != 0] ^= packed[at]
        pivots.append(column)
        if len(pivots) == len(packed):
            break
    return np.unpackbits(packed[: len(pivots)], axis=1, count=width), np.array(pivots)


def product(matrix: np.ndarray, bits: np.ndarray) -> np.ndarray:
    """Modulo 2; exact: float32 sums of 0 and 1 up to 2**24."""
    return (matrix.astype(np.float32) @ bits.astype(np.float32)).astype(np.int64).astype(np.uint8) & 1


def words_near(core: Core, belief: np.ndarray, pairs_of: int = PAIRS_OF) -> np.ndarray:
    """(words, bits): code words of the core whose checksum holds, with none, one or two of the believed bits turned."""
    order = np.argsort(np.abs(belief), kind="stable")
    reduced, fixed = eliminated(core.checks[:, order])
    believed = np.setdiff1d(np.arange(len(order)), fixed)
    of_believed, sums = reduced[:, believed], core.sums[order]
    word = (belief[order] < 0).astype(np.uint8)
    word[fixed] = product(of_believed, word[believed])

    def number(bits: np.ndarray) -> np.ndarray:
        return bits.astype(np.uint64) @ (np.uint64(1) << np.arange(bits.shape[-1], dtype=np.uint64))

    wanted = number(product(sums.T, word))
    change = number(
        sums[believed] ^ product(of_believed.T, sums[fixed])
    )  # of the checksum, by each believed bit turned
    turned = [()] if wanted == 0 else []
    turned += [(int(i),) for i in np.flatnonzero(change == wanted)]
    least = change[:pairs_of]
    turned += [(int(i), int(j)) for i, j in np.argwhere(np.triu(least[:, None] ^ least[None, :] == wanted, 1))]
    words = np.tile(word, (len(turned), 1))
    for row, bits in zip(words, turned, strict=True):
        for bit in bits:
            row[believed[bit]] ^= 1
            row[fixed] ^= of_believed[:, bit]
    found = np.empty_like(words)
    found[:, order] = words
    return found
