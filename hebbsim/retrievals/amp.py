"""Approximate message passing: read everything, subtract it, read again."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from hebbsim.base import Field, Known, Retrieval, Rule, dot
from hebbsim.parts import factory
from hebbsim.precisions.lloyd_max import scale_of
from hebbsim.retrievals import columns, token_amp
from hebbsim.retrievals.columns import DAMPING, STEPS, TOLERANCE, Read
from hebbsim.retrievals.gamp import pass_from_cells

LEAST_VARIANCE = 1e-9  # variance: tanh(field / LEAST_VARIANCE) is the sign


class Carry(NamedTuple):
    mean: Float[Array, "m b"]  # x
    residual: Float[Array, "dk b"]  # z, integers once x is +-1
    steps: Int[Array, "b"]
    rested: Bool[Array, "b"]
    step: Int[Array, ""]


def pass_messages(
    keys: Float[Array, "m dk"],
    weights: Float[Array, "dk b"],
    denoise: Callable,
    steps: int,
    tolerance: float,
    damping: float,
) -> Read:
    """AMP on a block of columns. With d = dim_key, from x = 0, z = S:

    tau^2 = |z|^2 / d^2,  r = x + K z / d,  x <- E[v | r = v + tau g],  z <- S - K^T x + z sum(Var[v | r]) / (d tau^2)
    """
    dim = keys.shape[1]
    live = jnp.any(keys != 0, axis=1)[:, None]

    def level(residual: Array) -> Array:
        return jnp.maximum(jnp.sum(residual * residual, axis=0) / dim**2, LEAST_VARIANCE)

    def field(mean: Array, residual: Array) -> Array:
        return mean + dot(keys, residual) / dim

    def step(carry: Carry) -> Carry:
        variance = level(carry.residual)
        mean, spread = denoise(field(carry.mean, carry.residual), variance[None, :])
        mean = jnp.where(live, mean, 0.0)
        memory = jnp.sum(jnp.where(live, spread, 0.0), axis=0) / (dim * variance)
        mean = damping * carry.mean + (1 - damping) * mean
        fresh = weights - dot(keys.T, mean) + memory[None, :] * carry.residual
        residual = damping * carry.residual + (1 - damping) * fresh
        moved = jnp.sum((mean - carry.mean) ** 2, axis=0) / jnp.maximum(jnp.sum(live, dtype=jnp.float32), 1.0)
        rested = carry.rested | (moved <= tolerance)
        # A column that rests keeps what it has: its answer does not hang on its neighbours.
        mean, residual = (
            jnp.where(carry.rested[None, :], old, new) for old, new in ((carry.mean, mean), (carry.residual, residual))
        )
        return Carry(mean, residual, carry.steps + (~carry.rested).astype(jnp.int32), rested, carry.step + 1)

    def going(carry: Carry) -> Array:
        return (carry.step < steps) & ~jnp.all(carry.rested)

    none = jnp.zeros(weights.shape[1], bool)
    start = Carry(
        jnp.zeros((keys.shape[0], weights.shape[1])), weights, jnp.zeros_like(none, jnp.int32), none, jnp.int32(0)
    )
    end = jax.lax.while_loop(going, step, start)
    return Read(field(end.mean, end.residual), jnp.sqrt(level(end.residual)), end.steps, end.rested)


@factory(steps=STEPS, tolerance=TOLERANCE, damping=DAMPING, cells=(lambda b: 0 <= b <= 8, "0 (none) or 1 to 8 bits"))
def amp(label: str, *, steps: int = 100, tolerance: float = 1e-6, damping: float = 0.0, cells: int = 0) -> Retrieval:
    """r = x + K z / d, x <- E[v | r], z <- S - K^T x + Onsager term: all columns (tokens: all rows) at once, to a fixed point.

    The reader is given all keys and the prior of the values: +-1 or N(0, 1) entry by entry, the noise level taken from
    each column's residual; token values as whole code words, the noise taken with its covariance (retrievals/token_amp.py).
    Stops when no column moves (mean square change of x at most `tolerance`; no token changes), or after `steps`;
    `damping` is the share of the old x and z that is kept. Exact for +-1 values up to load 2.085 as dim -> infinity.
    cells = b: the weights were rounded by lloyd_max(bits=b) and are read with that quantiser's own likelihood
    (retrievals/cells.py), not as if rounding were noise. field = r of the last step, noise = its tau. Counts: solves,
    iterations, unconverged, expected (errors, from tau).
    Memory: the keys and a block of columns; for tokens num_patterns x dim_value estimates.
    Source: Donoho, Maleki & Montanari 2009; Kabashima 2003 for CDMA.
    """

    def prepare(keys: Array, count: Array, weights: Array) -> Array | tuple:
        return scale_of(weights, cells) if cells else ()

    def read(keys: Array, count: Array, scale: Any, block: Array, denoise: Callable) -> Read:
        plain = functools.partial(pass_messages, keys, block, denoise, steps, tolerance, damping)
        if cells:
            return pass_from_cells(keys, block, scale, cells, denoise, steps, tolerance, damping, plain)
        return plain()

    rounded = ("bipolar", f"cells of {cells} bits") if cells else ()
    by_columns = columns.retrieval(label, columns.Columns(read, prepare), "prior", *rounded)

    def field(rule: Rule, found: tuple[Array, Known], queries: Array, index: Array) -> Field:
        memory, known = found
        if known.values.denoise is None:  # whole code words, not entry by entry
            return token_amp.token_amp(columns.all_keys(known), memory, known, index, steps, tolerance, damping)
        return by_columns.field(rule, found, queries, index)

    return by_columns._replace(field=field)
