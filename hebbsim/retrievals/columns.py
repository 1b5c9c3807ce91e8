"""What the readers that are given all keys share: S is read a block of columns at a time.

Column j of S is sum_i k_i v_ij: num_patterns unknowns seen through dim_key known combinations of them, whatever the
other columns hold. Beside the state, a reader keeps the keys and one block.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from hebbsim.base import Field, Known, Retrieval, Rule, dot

BLOCK = 512  # columns read at once
STEPS = (lambda n: n >= 1, "an integer, 1 or more")
TOLERANCE = (lambda t: t >= 0, "0 or more")
DAMPING = (lambda d: 0 <= d < 1, "from 0 to under 1")


class Read(NamedTuple):
    """One block of columns read: value is what was stored plus noise, about."""

    value: Float[Array, "m b"]
    noise: Float[Array, "b"]  # standard deviation of value about the truth; what the reader believes
    steps: Int[Array, "b"]  # until each column rested
    rested: Bool[Array, "b"]


class Columns(NamedTuple):
    """A reader of an outer-product memory, a block of its columns at a time; shapes and types as in Read."""

    read: Callable[..., Read]  # (keys[m dk], num_patterns, prepared, columns[dk b], denoise) -> Read
    prepare: Callable[..., Any] = lambda keys, count, weights: ()  # once for all blocks: a factor of the keys, say


def all_keys(known: Known) -> Float[Array, "m dk"]:
    """Every key, zero rows from num_patterns on."""
    return known.keys(jnp.arange(known.max_patterns))


def read_columns(reader: Columns, weights: Float[Array, "dk dv"], known: Known, index: Int[Array, "p"]) -> Field:
    """Read all columns, keep the probed rows. Counts: solves (columns), iterations (summed over them), unconverged;
    rewritten, columns whose signs, written again, are the column exactly; expected, the sign errors an entry that the
    noise says there are, summed over columns: sum_j Q(1 / noise_j)."""
    keys, count = all_keys(known), known.num_patterns.astype(jnp.float32)
    prepared = reader.prepare(keys, count, weights)
    width = weights.shape[1]
    block = min(BLOCK, width)
    blocks = -(-width // block)
    padded = jnp.pad(weights, ((0, 0), (0, blocks * block - width)))

    live = jnp.any(keys != 0, axis=1)[:, None]

    def one(columns: Array) -> tuple[Read, Array]:
        found = reader.read(keys, count, prepared, columns.T, known.values.denoise)
        again = dot(keys.T, jnp.where(live, jnp.sign(found.value), 0.0))
        return found._replace(value=found.value[index].T), jnp.all(again == columns.T, axis=0)

    found, same = jax.lax.map(one, padded.T.reshape(blocks, block, -1))
    value = found.value.reshape(blocks * block, -1)[:width].T
    noise, steps, rested = (part.reshape(-1)[:width] for part in found[1:])
    counts = {
        "solves": jnp.int32(width),
        "iterations": jnp.sum(steps, dtype=jnp.int32),
        "unconverged": jnp.sum(~rested, dtype=jnp.int32),
        "rewritten": jnp.sum(same.reshape(-1)[:width], dtype=jnp.int32),
        "expected": jnp.sum(jax.scipy.stats.norm.sf(1 / jnp.maximum(noise, 1e-6))),
    }
    return Field(value, noise[None, :], counts)


def retrieval(label: str, reader: Columns, *requires: str) -> Retrieval:
    """The Retrieval that reads an outer-product memory by columns, is given all keys and requires these words besides."""

    def solve(memory: Array, known: Known) -> tuple[Array, Known]:
        return memory, known

    def field(rule: Rule, found: tuple[Array, Known], queries: Array, index: Array) -> Field:
        return read_columns(reader, found[0], found[1], index)

    return Retrieval(label, solve, field, requires={"outer_product", "keys", *requires}, columns=reader)
