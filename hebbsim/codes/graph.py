"""The graph of a multi-edge code: a small base graph, every edge of which stands for `lift` edges with a cyclic shift.

A core of few bits is held by the core's checks; every other stored bit is the sum of 2 or 3 core bits. The checks form a
chain: parity bit (row, z) lies in check (row, z) and in the next, so that encoding is a running sum. Rows, of the base
graph, are the fast index of the chain.
"""

import hashlib
from typing import NamedTuple

import numpy as np

BASE = 1600  # stored bits of the base graph
SHORT_CYCLE = 8  # bits of degree 2: cycles below this are avoided where the lift leaves room
FAR = 24  # steps between checks that are as good as no path at all


class Ensemble(NamedTuple):
    """Numbers of nodes of the base graph."""

    checks: tuple[tuple[int, int], ...]  # (rows, edges of each, two of them parity bits')
    info: tuple[tuple[int, int, int], ...]  # (columns, edges to core checks, edges to sums), before the parity bits
    parity: int  # edges of a parity column to sums
    sums: tuple[tuple[int, int], ...]  # (rows, core bits of each)

    @property
    def rows(self) -> int:
        """Core checks, and as many parity columns."""
        return sum(rows for rows, _ in self.checks)

    @property
    def columns(self) -> int:
        """Information columns: rate = columns / BASE."""
        return sum(count for count, _, _ in self.info)


# Source: Richardson & Urbanke 2008, section 7; Jouguet, Kunz-Jacques & Leverrier 2011. Rate 1/10 has no core bits of
# degree 2 there; the chain needs some, so its parity bits have 2 edges to checks instead of 3.
ENSEMBLES = {
    "1/10": Ensemble(((40, 14),), ((120, 3, 20), (40, 3, 25)), 20, ((1400, 3),)),
    "1/20": Ensemble(((16, 8), (16, 9)), ((32, 2, 34), (48, 3, 34)), 34, ((656, 2), (832, 3))),
    "1/50": Ensemble(((17, 3), (15, 7)), ((4, 2, 57), (28, 3, 57)), 57, ((960, 2), (576, 3))),
}


class Group(NamedTuple):
    """Checks of equal degree: slot j of check row i is core column[j, i], shifted by shift[j, i]."""

    column: np.ndarray  # (degree, rows)
    shift: np.ndarray


class Graph(NamedTuple):
    """The lifted graph. Entry z of check row r meets entry (z + shift) % lift of the column."""

    lift: int
    info: int  # columns; the parity columns follow
    core: tuple[Group, ...]  # the last two slots of each group: this row's parity bit and the one before
    sums: tuple[Group, ...]

    @property
    def rows(self) -> int:
        return sum(group.column.shape[1] for group in self.core)

    @property
    def digest(self) -> str:
        """SHA-256 of everything in it, shortened."""
        parts = [np.asarray([self.lift, self.info], np.int64).tobytes()]
        parts += [array.astype("<i4").tobytes() for group in (*self.core, *self.sums) for array in group]
        return hashlib.sha256(b"".join(parts)).hexdigest()[:16]


class Stream:
    """Random numbers that stay the same in every version: raw Philox words and nothing else."""

    def __init__(self, seed: int) -> None:
        self.bits = np.random.Philox(key=np.array([seed, 0x06A9], np.uint64))

    def below(self, limit: int, size: int) -> np.ndarray:
        """Integers from 0 to limit - 1; limit is far below 2**64, so that the remainder is fair."""
        return (self.bits.random_raw(size) % np.uint64(limit)).astype(np.int64)

    def permutation(self, size: int) -> np.ndarray:
        return np.argsort(self.bits.random_raw(size), kind="stable")


def build(rate: str, lift: int, seed: int) -> Graph:
    """The graph of one rate, lift and seed."""
    ensemble, stream = ENSEMBLES[rate], Stream(seed)
    degrees = np.concatenate([np.full(count, degree) for count, degree, _ in ensemble.info])
    # Rows of unequal degree take turns along the chain, so that no stretch of it is weak.
    wanted = np.concatenate([np.full(rows, degree) for rows, degree in ensemble.checks])
    wanted = wanted[stream.permutation(len(wanted))] - 2
    sockets = core_edges(degrees, wanted, lift, stream)
    info = ensemble.columns
    core = []
    for degree in sorted({int(d) for d in wanted}):
        rows = np.flatnonzero(wanted == degree)
        column = np.array([[col for col, _ in sockets[row]] for row in rows]).T.reshape(degree, len(rows))
        shift = np.array([[move for _, move in sockets[row]] for row in rows]).T.reshape(degree, len(rows))
        before = np.where(rows == 0, ensemble.rows - 1, rows - 1)
        column = np.concatenate([column, info + rows[None], info + before[None]])
        shift = np.concatenate([shift, 0 * rows[None], np.where(rows == 0, lift - 1, 0)[None]])
        core.append(Group(column.astype(np.int32), shift.astype(np.int32)))
    into_sums = [np.full(count, edges) for count, _, edges in ensemble.info] + [np.full(ensemble.rows, ensemble.parity)]
    return Graph(lift, info, tuple(core), sum_edges(np.concatenate(into_sums), ensemble.sums, lift, stream))


def next_checks(rows: int, lift: int, chords: list[tuple[int, int, int]]) -> tuple[np.ndarray, np.ndarray]:
    """(rows, degree) row and shift of the checks that share a bit of degree 2 with a row's: the chain's and chords'.

    A chord (a, b, move) joins check (a, z) to (b, z + move). Rows with fewer chords name themselves instead.
    """
    found = [[((r + 1) % rows, int(r + 1 == rows)), ((r - 1) % rows, -int(r == 0))] for r in range(rows)]
    for a, b, move in chords:
        found[a].append((b, move))
        found[b].append((a, -move))
    width = max(map(len, found))
    full = np.array([line + [(r, 0)] * (width - len(line)) for r, line in enumerate(found)])
    return full[:, :, 0], full[:, :, 1] % lift


def distances(
    start: int, lift: int, joined: tuple[np.ndarray, np.ndarray], without: tuple[int, int] | None = None
) -> np.ndarray:
    """(rows, lift) steps from check (start, 0) over bits of degree 2, FAR or more being FAR.

    without: a check that the first step does not go to, once.
    """
    rows = len(joined[0])
    far = np.full((rows, lift), FAR)
    far[start, 0] = 0
    row, z = np.array([start]), np.array([0])
    for step in range(1, FAR):
        to_row, to_z = joined[0][row].reshape(-1), ((z[:, None] + joined[1][row]) % lift).reshape(-1)
        if step == 1 and without is not None:
            first = np.flatnonzero((to_row == without[0]) & (to_z == without[1]))[:1]
            to_row, to_z = np.delete(to_row, first), np.delete(to_z, first)
        fresh = far[to_row, to_z] > step
        row, z = to_row[fresh], to_z[fresh]
        far[row, z] = step
        flat = np.flatnonzero((far == step).reshape(-1))
        row, z = flat // lift, flat % lift
        if not len(row):
            break
    return far


def core_edges(degrees: np.ndarray, free: np.ndarray, lift: int, stream: Stream, tries: int = 6) -> list:
    """Per check row, its (column, shift)s. Bits of degree 2 first: each closes as long a cycle as there is.

    A cycle of g bits of degree 2 is a code word of few ones, which no decoder tells from the right one: so each such bit
    joins a check to one of those farthest from it over bits of degree 2, and the best of some choices is kept, judged by
    the shortest cycle with all its lifted copies in place. Bits of degree 3 join checks far from each other.
    """
    rows, free, chords = len(free), free.copy(), []
    sockets: list[list[tuple[int, int]]] = [[] for _ in range(rows)]

    def join(column: int, places: list[tuple[int, int]]) -> None:
        for row, move in places:  # the bit's entry 0 lies in check (row, move): entry (z - move) in check z
            sockets[row].append((column, -move % lift))
            free[row] -= 1

    for column in np.flatnonzero(degrees == 2):
        most = np.flatnonzero(free == free.max())
        start = int(most[stream.below(len(most), 1)[0]])
        far = distances(start, lift, next_checks(rows, lift, chords))
        far[start] = far[start] if free[start] > 1 else -1
        far[free == 0] = -1
        farthest, best = far.max(), (-1, 0, 0)
        for near in range(5):
            # The farthest check may close a short cycle with the bit's own lifted copies: then try those a bit nearer.
            longest = np.flatnonzero(far.reshape(-1) >= max(farthest - near, 1))
            for pick in longest[stream.below(len(longest), tries)]:
                row, move = int(pick) // lift, int(pick) % lift
                joined = next_checks(rows, lift, [*chords, (start, row, move)])
                back = distances(start, lift, joined, (row, move))[row, move]
                best = max(best, (int(back), row, move), key=lambda found: found[0])
            if best[0] + 1 >= SHORT_CYCLE:
                break
        chords.append((start, best[1], best[2]))
        join(int(column), [(start, 0), best[1:]])
    joined = next_checks(rows, lift, chords)
    apart = [distances(row, lift, joined) for row in range(rows)]
    for column in np.flatnonzero(degrees == 3):
        found, best = [], -1
        for _ in range(4 * tries):
            chosen = []
            left = free.copy()
            for _ in range(3):
                open_rows = np.flatnonzero(left == left.max())
                chosen.append(int(open_rows[stream.below(len(open_rows), 1)[0]]))
                left[chosen[-1]] -= 1
            moves = [0, *map(int, stream.below(lift, 2))]
            pairs = ((0, 1), (0, 2), (1, 2))
            least = min(apart[chosen[a]][chosen[b], (moves[b] - moves[a]) % lift] for a, b in pairs)
            if least > best:
                found, best = list(zip(chosen, moves, strict=True)), int(least)
        join(int(column), found)
    return sockets


def sum_edges(degrees: np.ndarray, sums: tuple[tuple[int, int], ...], lift: int, stream: Stream) -> tuple[Group, ...]:
    """Core columns spread at random over the sums; no column twice in one, no two sums with the same two core bits."""
    slots = np.repeat(np.arange(len(degrees)), degrees)
    slots = slots[stream.permutation(len(slots))]
    ends = np.cumsum([rows * degree for rows, degree in sums])
    parts = [part.reshape(rows, degree) for (rows, degree), part in zip(sums, np.split(slots, ends[:-1]), strict=True)]
    parts = [np.ascontiguousarray(part) for part in parts]
    for _ in range(1000):
        clash = [np.flatnonzero(repeats(part)) for part in parts]
        if not any(map(len, clash)):
            break
        for part, bad in zip(parts, clash, strict=True):
            for row in bad:
                slot = int(stream.below(part.shape[1], 1)[0])
                other = parts[int(stream.below(len(parts), 1)[0])].reshape(-1)
                place = int(stream.below(len(other), 1)[0])
                part[row, slot], other[place] = other[place], part[row, slot]
    seen: set[tuple[int, int, int]] = set()
    groups = []
    for part in parts:
        shift = np.empty_like(part)
        for r, line in enumerate(part):
            for _ in range(20):  # after that a small lift has no new differences left
                moves = stream.below(lift, len(line))
                pairs = {
                    (
                        int(min(line[a], line[b])),
                        int(max(line[a], line[b])),
                        int((moves[a] - moves[b]) % lift if line[a] < line[b] else (moves[b] - moves[a]) % lift),
                    )
                    for a in range(len(line))
                    for b in range(a)
                }
                if not pairs & seen:
                    break
            seen |= pairs
            shift[r] = moves
        groups.append(Group(part.T.astype(np.int32), shift.T.astype(np.int32)))
    return tuple(groups)


def repeats(lines: np.ndarray) -> np.ndarray:
    """(rows,) whether a row names a column twice."""
    ordered = np.sort(lines, axis=1)
    return np.any(ordered[:, 1:] == ordered[:, :-1], axis=1)
