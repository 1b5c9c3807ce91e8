"""The undecided field."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from hebbsim.base import Field, Readout, Truth
from hebbsim.parts import factory
from hebbsim.readouts.frequencies import frequencies
from hebbsim.statistics.information import HALF, NUM_BINS, STEPS

LOWEST = (127 - HALF // (2 * STEPS)) * STEPS  # float32 exponent (bias 127) of the smallest bin, in steps
CHANNEL = (("bipolar", "field"), ("sparse", "unit_field"), ("gaussian", "gaussian"))


def bin_of(x: Float[Array, "..."]) -> Int[Array, "..."]:
    """Bin of each number: HALF for zero, below it the negative ones, above it the positive, STEPS bins an octave.

    The top 12 bits of a float32 are its sign, its exponent and the octave's eighth: nothing to round, no scale to choose.
    """
    eighth = jax.lax.bitcast_convert_type(jnp.abs(x), jnp.int32) >> 20
    size = jnp.clip(eighth - LOWEST, 0, HALF - 1) + 1
    return HALF + jnp.sign(x).astype(jnp.int32) * size


def histogram(cells: Int[Array, "p dv"], truth: Truth, groups: int = 1) -> Int[Array, "rows cells"]:
    """How often each cell occurs in a row, or in all live rows, which costs a quarter; cells beyond the last are dropped."""
    rows = cells if truth.apart else jnp.where(truth.live[:, None], cells, groups * NUM_BINS).reshape(1, -1)
    return jax.vmap(lambda row: jnp.zeros(groups * NUM_BINS, jnp.int32).at[row].add(1))(rows)


def score(field: Field, truth: Truth) -> dict[str, Array]:
    probes = {"probes": jnp.ones(truth.rows.shape[0], jnp.int32)}
    if truth.kind == "gaussian":
        return probes | gaussian_sums(field, truth)
    if truth.kind == "sparse":  # a field for the ones and one for the zeros
        group = truth.rows.astype(jnp.int32)
        group = group + 2 * (truth.queries > 0).astype(jnp.int32) if truth.tied else group
        shape = (2, 2) if truth.tied else (2,)
        value = field.value
    else:
        says = jnp.sign(truth.queries * truth.rows) if truth.tied else jnp.zeros_like(truth.rows)
        group = 1 + says.astype(jnp.int32) if truth.tied else jnp.zeros_like(truth.rows, jnp.int32)
        shape = (3,) if truth.tied else ()
        value = field.value * truth.rows
    groups = 1 if not shape else 2 ** len(shape) if shape[0] == 2 else 3
    cells = group * NUM_BINS + bin_of(value)
    counts = probes | {"histogram": histogram(cells, truth, groups).reshape(-1, *shape, NUM_BINS)}
    if truth.fair:
        return counts
    positive = truth.rows > 0
    counts |= frequencies(truth, positive)
    if shape[:1] == (2,):
        return counts
    chosen = histogram(jnp.where(positive, cells, groups * NUM_BINS), truth, groups)
    return counts | {"positive_histogram": chosen.reshape(-1, *shape, NUM_BINS)}


def gaussian_sums(field: Field, truth: Truth) -> dict[str, Array]:
    """Second moments of value v, recall r: all that the correlation needs. Tied: of the erased entries only."""
    free = (truth.queries == 0) if truth.tied else jnp.ones_like(truth.rows, bool)
    v, r = jnp.where(free, truth.rows, 0.0), jnp.where(free, field.value, 0.0)
    counts = {
        "entries": jnp.sum(free, axis=1, dtype=jnp.int32),
        "vv": jnp.sum(v * v, axis=1),
        "vr": jnp.sum(v * r, axis=1),
        "rr": jnp.sum(r * r, axis=1),
    }
    if truth.fair:
        return counts
    return counts | frequencies(truth, free) | {"column_values": v, "column_fields": r}


@factory()
def soft(label: str) -> Readout:
    """The information of the field itself about the value: bits = I(value; field), from counts, no Gaussian assumed.

    +-1 values: histogram of value * field over fixed bins, 8 an octave (loses under 1e-3 of the bits); its two halves
    give the sign decision too. Sparse values: one histogram for the ones, one for the zeros. Gaussian values: the sums
    vv, vr, rr, and -1/2 log2(1 - correlation^2). For tied patterns all are split by what the cue says of the entry.
    """
    return Readout(label, score, {"bipolar", "sparse", "gaussian"}, {"exact"}, CHANNEL)
