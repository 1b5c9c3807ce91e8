"""The sign of the field."""

import functools
import math

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from hebbsim.base import Field, Readout, Truth
from hebbsim.parts import factory
from hebbsim.readouts.frequencies import frequencies


def by_cue(truth: Truth, flags: Array) -> Int[Array, "p ..."]:
    """Flags summed over a row; for tied patterns split by what the cue says of each entry: [wrong, nothing, right]."""
    if not truth.tied:
        return jnp.sum(flags, axis=1, dtype=jnp.int32)
    says = jnp.sign(truth.queries * truth.rows)
    return jnp.stack([jnp.sum(flags & (says == s), axis=1, dtype=jnp.int32) for s in (-1, 0, 1)], axis=-1)


HALF = 16  # bits of a sum that holds two counts


def errors_and_ties(aligned: Float[Array, "p dv"]) -> tuple[Int[Array, "p"], Int[Array, "p"]]:
    """Wrong and undecided entries of each row: in one sum, as two halves of a word, where they fit."""
    wrong, tied = aligned < 0, aligned == 0
    if aligned.shape[1] >= 1 << (HALF - 1):
        return jnp.sum(wrong, axis=1, dtype=jnp.int32), jnp.sum(tied, axis=1, dtype=jnp.int32)
    both = jnp.sum(wrong.astype(jnp.int32) + (tied.astype(jnp.int32) << HALF), axis=1)
    return both & ((1 << HALF) - 1), both >> HALF


def score(survive: float, field: Field, truth: Truth) -> dict[str, Array]:
    aligned = field.value * truth.rows
    one = jnp.ones(aligned.shape[0], jnp.int32)
    if truth.tied:
        errors, ties = by_cue(truth, aligned < 0), by_cue(truth, aligned == 0)
        bits = by_cue(truth, jnp.ones_like(aligned, bool))
    else:
        errors, ties = errors_and_ties(aligned)
        bits = one * aligned.shape[1]
    counts = {"probes": one, "bits": bits, "errors": errors, "ties": ties}
    if not truth.fair:
        positive = truth.rows > 0
        counts |= frequencies(truth, positive) | {
            "positive_bits": by_cue(truth, positive),
            "positive_errors": by_cue(truth, positive & (aligned < 0)),
            "positive_ties": by_cue(truth, positive & (aligned == 0)),
        }
    if survive:
        overlap = jnp.sum(jnp.sign(aligned), axis=1, dtype=jnp.int32)
        kept = overlap >= math.ceil(round(survive * aligned.shape[1], 6))  # 0.55 * 400 is a little more than 220
        counts |= {"kept": kept.astype(jnp.int32), "kept_overlap": jnp.where(kept, overlap, 0)}
    return counts


@factory(survive=(lambda x: 0 <= x <= 1, "an overlap from 0 to 1, 0 for no such count"))
def sign(label: str, *, survive: float = 0.0) -> Readout:
    """decision = sign(field), a zero field being half an error: the hard criterion, 1 - H2(error_rate) bits an entry.

    Counts: probes, bits, errors, ties; for tied patterns the last three are split by what the cue says of the entry:
    [wrong, nothing, right]. With `survive` also kept, the probes whose decision has at least this overlap with the value
    (decision . value >= survive dim_value), and kept_overlap, the sum of decision . value over those; no bits depend on
    them.
    """
    return Readout(label, functools.partial(score, survive), {"bipolar"}, {"exact"}, "sign")
