"""The message of a code word: the field of a whole row, decoded."""

import functools
import os

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from hebbsim.base import Field, Readout, Truth
from hebbsim.codes import Code
from hebbsim.errors import HebbsimError
from hebbsim.parts import factory

# XLA copies a callback's arrays in a pool of one thread a core: on one core the callback would wait for itself for ever.
if hasattr(os, "sched_getaffinity") and len(os.sched_getaffinity(0)) == 1:
    os.environ.setdefault("NPROC", "2")


def log_ratio_scale(field: Field, truth: Truth) -> Array:
    """2 signal / noise^2: what a field is multiplied by to be a log-likelihood ratio of its entry being +1.

    noise is the reader's own, its spread about signal * value; the signal is what the field's energy has beyond it.
    """
    rows = jnp.maximum(jnp.sum(truth.live.astype(jnp.float32)), 1.0)
    energy = jnp.sum(jnp.where(truth.live[:, None], field.value**2, 0.0)) / (rows * field.value.shape[1])
    noise = jnp.mean(field.noise**2)
    noise = jnp.where(jnp.isfinite(noise) & (noise > 0), jnp.minimum(noise, 0.999 * energy), energy / 2)
    return 2 * jnp.sqrt(energy - noise) / jnp.maximum(noise, 1e-30)


def decode_rows(code: Code, iterations: int, llr: np.ndarray, live: np.ndarray) -> tuple[np.ndarray, ...]:
    """Message bits, ok and iterations of the live rows; zeros for the others. On the host."""
    llr, live = np.asarray(llr), np.asarray(live)
    bits = np.zeros((len(llr), code.message), np.uint8)
    ok, used = np.zeros(len(llr), bool), np.zeros(len(llr), np.int32)
    if live.any():
        found = code.decode(llr[live], iterations)
        bits[live], ok[live], used[live] = found.bits, found.ok, found.iterations
    return bits, ok, used


def score(iterations: int, field: Field, truth: Truth) -> dict[str, Array]:
    code = getattr(truth.expand, "code", None)
    if code is None or code.traced is None:
        raise HebbsimError("readout decode needs values that are code words; allowed: ensemble coded")
    llr: Float[Array, "p dv"] = field.value * log_ratio_scale(field, truth)
    rows = llr.shape[0]
    shapes = [((rows, code.message), np.uint8), ((rows,), np.bool_), ((rows,), np.int32)]
    results = tuple(jax.ShapeDtypeStruct(shape, np.dtype(kind)) for shape, kind in shapes)
    bits, ok, used = jax.pure_callback(functools.partial(decode_rows, code, iterations), results, llr, truth.live)
    message = code.traced.message_of((truth.rows < 0).astype(jnp.uint8))
    errors = jnp.sum(bits != message, axis=1, dtype=jnp.int32)
    one = jnp.ones(rows, jnp.int32)
    return {
        "probes": one,
        "message_bits": one * code.message,
        "errors": errors,
        "blocks": one,
        "wrong_blocks": (errors > 0).astype(jnp.int32),
        "unnoticed": ((errors > 0) & ok).astype(jnp.int32),
        "iterations": used,
    }


@factory(iterations=(lambda n: n >= 1, "1 or more"))
def decode(label: str, *, iterations: int = 100) -> Readout:
    """The decoder of the ensemble's outer code, one row a block: decoded, the message bits of the blocks that are right.

    It needs values that are code words (ensemble coded) and the reader's noise level. Counts: message_bits, errors (of
    those), blocks, wrong_blocks, unnoticed (wrong blocks whose checksum holds), iterations.
    """
    return Readout(label, functools.partial(score, iterations), {"coded"}, channel="decoded")
