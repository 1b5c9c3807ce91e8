"""The one-shot read."""

from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from hebbsim.base import Field, Known, Retrieval, Rule, dot
from hebbsim.parts import factory
from hebbsim.retrievals.columns import Columns, Read


class Found(NamedTuple):
    memory: PyTree
    energy: Float[Array, "dv"]  # sum of squares down a column: the variance it adds to the field of a fresh +-1 key
    largest: Float[Array, ""]  # biggest sum of magnitudes down a column


def solve(memory: PyTree, known: Known) -> Found:
    if isinstance(memory, tuple | dict) or memory.ndim != 2:
        return Found(memory, jnp.float32(jnp.nan), jnp.float32(0))
    size = jnp.abs(memory.astype(jnp.float32))
    return Found(memory, jnp.sum(size * size, axis=0), jnp.max(jnp.sum(size, axis=0)))


def field(rule: Rule, found: Found, queries: Any, index: Int[Array, "p"]) -> Field:
    return Field(rule.recall(found.memory, queries), jnp.sqrt(found.energy), {"largest": found.largest})


def read(keys: Array, count: Array, prepared: tuple, block: Float[Array, "dk b"], denoise: Any) -> Read:
    """The same read, of every pair: what columns.Columns asks for."""
    noise = jnp.sqrt(jnp.sum(block * block, axis=0)) / keys.shape[1]
    one = jnp.ones(block.shape[1], jnp.int32)
    return Read(dot(keys, block) / keys.shape[1], noise, one, one > 0)


@factory()
def matched_filter(label: str) -> Retrieval:
    """field = recall(memory, query); noise_j = sqrt(sum_i S_ij^2), the spread that a fresh +-1 key would see in column j.

    The reader is given its own query only. For an outer-product memory of M pairs noise^2 is about M dim_key, one part
    in M above the true crosstalk since a pair does not interfere with itself; for any other memory it is nan: not known.
    Where every pair is drawn alike it is sqrt(M |query|^2), times a value's root mean square, with a memory and without.
    Also: correlation read, what an attention layer does. Source: Kohonen 1972; Verdu & Shamai 1999 for the name.
    """
    return Retrieval(label, solve, field, provides={"exact", "as_recalled"}, columns=Columns(read))
