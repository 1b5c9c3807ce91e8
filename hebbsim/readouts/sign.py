"""The sign of the field."""

import jax.numpy as jnp
from jaxtyping import Array, Int

from hebbsim.base import Field, Readout, Truth, factory


def by_cue(truth: Truth, flags: Array) -> Int[Array, "p ..."]:
    """Flags summed over a row; for tied patterns split by what the cue says of each entry: [wrong, nothing, right]."""
    if not truth.tied:
        return jnp.sum(flags, axis=1, dtype=jnp.int32)
    says = jnp.sign(truth.queries * truth.rows)
    return jnp.stack([jnp.sum(flags & (says == s), axis=1, dtype=jnp.int32) for s in (-1, 0, 1)], axis=-1)


def score(field: Field, truth: Truth) -> dict[str, Array]:
    aligned = field.value * truth.rows
    return {
        "probes": jnp.ones(aligned.shape[0], jnp.int32),
        "bits": by_cue(truth, jnp.ones_like(aligned, bool)),
        "errors": by_cue(truth, aligned < 0),
        "ties": by_cue(truth, aligned == 0),
    }


@factory()
def sign(label: str) -> Readout:
    """decision = sign(field), a zero field being half an error: the hard criterion, 1 - H2(error_rate) bits an entry.

    Counts: probes, bits, errors, ties; for tied patterns the last three are split by what the cue says of the entry:
    [wrong, nothing, right].
    """
    return Readout(label, score, frozenset({"bipolar"}), frozenset({"exact"}))
