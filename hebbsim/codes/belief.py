"""Belief propagation on a lifted graph: edges are rolls of contiguous rows, so that nothing is gathered one by one.

Messages are log-likelihood ratios ln P(0) / P(1), float32, one array (rows, lift) a slot of a group of checks. A check
sends to each of its bits 2 artanh of the product of tanh(m / 2) over the others; a core bit's belief is its channel's
ratio plus all that its checks send. A sum's own stored bit has one check only and never changes: it enters as a factor.
"""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from hebbsim.codes.graph import Graph, Group

NEAR_ONE = 1 - 2.0**-22  # a message of 15.9 at most: products of tanh may round to 1
ROWS = jax.lax.ScatterDimensionNumbers(
    update_window_dims=(1, 2), inserted_window_dims=(), scatter_dims_to_operand_dims=(0, 1)
)


def rolled(rows: Array, column: np.ndarray, shift: np.ndarray) -> Array:
    """Row i of the result is row column[i], read from shift[i] on and round."""
    lift = rows.shape[1]
    twice = jnp.concatenate([rows, rows], axis=1)
    take = lambda c, s: jax.lax.dynamic_slice(twice, (c, s), (1, lift))[0]  # noqa: E731
    return jax.vmap(take)(jnp.asarray(column), jnp.asarray(shift))


def rolled_back(twice: Array, messages: Array, column: np.ndarray, shift: np.ndarray) -> Array:
    """Add row i of messages to row column[i] of `twice` (columns, 2 lift), from shift[i] on; the halves are added later."""
    at = jnp.stack([jnp.asarray(column), jnp.asarray(shift)], axis=1)
    return jax.lax.scatter_add(twice, at, messages[:, None, :], ROWS)


def to_the_others(tanhs: list[Array], factor: Array | None) -> list[Array]:
    """2 artanh of the product of all tanhs but each one's own."""
    after: list[Array | None] = [factor]
    for tanh in reversed(tanhs[1:]):
        after.append(tanh if after[-1] is None else after[-1] * tanh)
    before, out = None, []
    for tanh, rest in zip(tanhs, reversed(after), strict=True):
        terms = [term for term in (before, rest) if term is not None]
        x = jnp.clip(functools.reduce(jnp.multiply, terms), -NEAR_ONE, NEAR_ONE)
        out.append(jnp.log((1 + x) / (1 - x)))
        before = tanh if before is None else before * tanh
    return out


def first_check(graph: Graph) -> tuple[int, int]:
    """(group, row in it) of the first check of the chain, which has no parity bit before it."""
    for i, group in enumerate(graph.core):
        row = np.flatnonzero(group.column[-2] == graph.info)
        if len(row):
            return i, int(row[0])
    raise AssertionError("every graph has a first row")


def decoder(graph: Graph, damping: float = 0.0) -> Callable[..., tuple[Array, Array, Array, Array]]:
    """(llr (columns + sums, lift), iterations) -> belief (columns, lift), whether all checks hold, iterations, sum.

    damping: share of a message that is the last pass's. sum: of the beliefs of all passes.
    """
    groups = (*graph.core, *graph.sums)
    columns = graph.info + graph.rows
    begin, opening = first_check(graph)

    def without_first(i: int, slot: int, messages: Array, value: float) -> Array:
        """The chain's first check has no bit before it: entry 0 of its last slot stands for a bit that is 0."""
        last = i == begin and slot == len(groups[i].column) - 1
        return messages.at[opening, 0].set(value) if last else messages

    def checks_hold(belief: Float[Array, "columns lift"]) -> Bool[Array, ""]:
        wrong = (belief < 0).astype(jnp.int8)
        odd = []
        for i, group in enumerate(graph.core):
            bits = [
                without_first(i, slot, rolled(wrong, *edge), 0)
                for slot, edge in enumerate(zip(group.column, group.shift, strict=True))
            ]
            odd.append(jnp.any(functools.reduce(jnp.bitwise_xor, bits) != 0))
        return ~jnp.any(jnp.stack(odd))

    def decode(llr: Float[Array, "base lift"], iterations: Int[Array, ""]) -> tuple[Array, Array, Array, Array]:
        channel = llr[:columns]
        ends = columns + np.cumsum([group.column.shape[1] for group in graph.sums])
        starts = np.concatenate([[columns], ends[:-1]])
        halves = [jnp.tanh(llr[a:b] / 2) for a, b in zip(starts, ends, strict=True)]
        factors = [*([None] * len(graph.core)), *halves]

        def send(belief: Array, sent: tuple[tuple[Array, ...], ...]) -> tuple[tuple[Array, ...], ...]:
            out = []
            for i, (group, factor, old) in enumerate(zip(groups, factors, sent, strict=True)):
                # A large belief of the bit that is not there: its tanh is 1 and it changes nothing.
                tanhs = [
                    without_first(i, slot, jnp.tanh((rolled(belief, *edge) - message) / 2), 1.0)
                    for slot, (edge, message) in enumerate(
                        zip(zip(group.column, group.shift, strict=True), old, strict=True)
                    )
                ]
                tanhs = list(jax.lax.optimization_barrier(tuple(tanhs)))
                new = to_the_others(tanhs, factor)
                out.append(tuple(without_first(i, slot, message, 0.0) for slot, message in enumerate(new)))
            return tuple(out)

        def gather(sent: tuple[tuple[Array, ...], ...]) -> Array:
            twice = jnp.zeros((columns, 2 * graph.lift), jnp.float32)
            for group, messages in zip(groups, sent, strict=True):
                for slot, message in enumerate(messages):
                    twice = rolled_back(twice, message, group.column[slot], group.shift[slot])
            return channel + twice[:, : graph.lift] + twice[:, graph.lift :]

        def step(carry: tuple) -> tuple:
            belief, last, done, _, total = carry
            sent = send(belief, last)
            if damping:
                sent = jax.tree.map(lambda new, old: (1 - damping) * new + damping * old, sent, last)
            sent = jax.lax.optimization_barrier(sent)
            belief = gather(sent)
            return belief, sent, done + 1, checks_hold(belief), total + belief

        def goes_on(carry: tuple) -> Array:
            return ~carry[3] & (carry[2] < iterations)

        silent = tuple(
            tuple(jnp.zeros((group.column.shape[1], graph.lift), jnp.float32) for _ in group.column) for group in groups
        )
        start = channel, silent, jnp.int32(0), checks_hold(channel), jnp.zeros_like(channel)
        belief, _, done, held, total = jax.lax.while_loop(goes_on, step, start)
        return belief, held, done, total

    return decode


def working_memory(graph: Graph) -> int:
    """Bytes of one block's messages, their hyperbolic tangents and its ratios, about."""
    edges = sum(group.column.size for group in (*graph.core, *graph.sums))
    rows = graph.info + graph.rows + sum(group.column.shape[1] for group in graph.sums)
    return 4 * graph.lift * (3 * edges + 2 * rows)


def encode(graph: Graph, info: np.ndarray) -> np.ndarray:
    """(blocks, info columns, lift) bits -> (blocks, base, lift): core bits, then the sums. Linear in the length."""
    blocks, _, lift = info.shape
    core = np.concatenate([info, np.zeros((blocks, graph.rows, lift), np.uint8)], axis=1)
    syndrome = np.zeros((blocks, graph.rows, lift), np.uint8)
    for group in graph.core:
        rows = group.column[-2] - graph.info
        syndrome[:, rows] = added(core, Group(group.column[:-2], group.shift[:-2]))
    # The chain runs through the rows first: parity bit (row, z) is the sum of all checks up to it.
    chain = np.bitwise_xor.accumulate(syndrome.transpose(0, 2, 1).reshape(blocks, -1), axis=1)
    core[:, graph.info :] = chain.reshape(blocks, lift, graph.rows).transpose(0, 2, 1)
    return np.concatenate([core, *(added(core, group) for group in graph.sums)], axis=1)


def encode_traced(graph: Graph, info: Array) -> Array:
    """encode for one block, (info columns, lift) bits, inside a compiled program."""

    def summed(core: Array, group: Group) -> Array:
        edges = zip(group.column, group.shift, strict=True)
        return functools.reduce(jnp.bitwise_xor, [rolled(core, *edge) for edge in edges])

    syndrome = jnp.zeros((graph.rows, graph.lift), info.dtype)
    for group in graph.core:
        rows = group.column[-2] - graph.info
        syndrome = syndrome.at[rows].set(summed(info, Group(group.column[:-2], group.shift[:-2])))
    chain = jax.lax.associative_scan(jnp.bitwise_xor, syndrome.T.reshape(-1)).reshape(graph.lift, graph.rows).T
    core = jnp.concatenate([info, chain])
    return jnp.concatenate([core, *(summed(core, group) for group in graph.sums)])


def added(core: np.ndarray, group: Group) -> np.ndarray:
    """(blocks, rows, lift): each check's sum modulo 2 of its core bits."""
    lift = core.shape[2]
    twice = np.concatenate([core, core], axis=2)
    windows = np.lib.stride_tricks.sliding_window_view(twice, lift, axis=2)
    total = np.zeros((len(core), group.column.shape[1], lift), np.uint8)
    for column, shift in zip(group.column, group.shift, strict=True):
        total ^= windows[:, column, shift]
    return total
