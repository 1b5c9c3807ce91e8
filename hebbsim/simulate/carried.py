"""Reading without a memory: the fields of the pairs that are read, summed over all pairs, and carried on from load to load.

A sum over pairs does not depend on their order, so where pairs are alike the first ones are read at every load, and a
whole curve costs one pass: probes x pairs x dim_value, however many loads there are.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from hebbsim.base import Field, dot, normalised
from hebbsim.kernels.packed import overlaps
from hebbsim.simulate.probing import Probes, Trial, draw_codes, score
from hebbsim.simulate.spec import Spec, sum_of


class Carried(NamedTuple):
    """What is kept of the pairs so far by queries that are read without a memory."""

    field: Float[Array, "p dv"]  # sum of (f(query) . f(key)) value
    whole: Float[Array, "p"]  # sum of f(query) . f(key), where the field is divided by it
    size: Float[Array, "p"]  # sum of |f(query) . f(key)|, which bounds the field


def no_pairs(spec: Spec) -> Carried:
    """Before the first pair."""
    return Carried(jnp.zeros((spec.probes, spec.dim_value)), jnp.zeros(spec.probes), jnp.zeros(spec.probes))


def add_pairs(trial: Trial, probes: Probes, carried: Carried, done: Array, target: Array) -> Carried:
    """The sums over pairs `done` to `target` added, block by block: field += (Q K^T) V."""
    spec, total = trial.spec, sum_of(trial.spec.rule)
    assert total is not None
    packed = trial.key_side.code == "bits" and probes.code is not None and total.features is None
    f = total.features or (lambda rows: rows)
    mapped = probes.queries if packed else f(probes.queries)

    def step(block: Array, carried: Carried) -> Carried:
        at = done + block * spec.block + jnp.arange(spec.block)
        keys, values = draw_codes(trial, at)
        if packed:
            overlap = overlaps(probes.code, keys, spec.dim_key)
        else:
            overlap = dot(mapped, f(trial.key_side.rows(trial.books[0], keys)).T)
        overlap = jnp.where((at < target)[None, :], overlap, 0.0)
        field = carried.field + dot(overlap, trial.value_side.rows(trial.books[1], values))
        whole = carried.whole + jnp.sum(overlap, axis=1) if total.normalise else carried.whole
        return Carried(field, whole, carried.size + jnp.sum(jnp.abs(overlap), axis=1))

    return jax.lax.fori_loop(0, -(-(target - done) // spec.block), step, carried)


def carry_and_probe(
    trial: Trial, probes: Probes, carried: Carried, done: Array, i: Array
) -> tuple[Carried, Array, dict[str, Array]]:
    """Carry the fields on to load `i` and score them there: the sums to go on from, their pairs, and the counts.

    Sums that are not of integers go on from their last full block, as a state does; see trial.fill_and_probe.
    """
    target, block = trial.num_patterns[i], trial.spec.block
    full = target if trial.spec.sums_exactly else target // block * block
    carried = add_pairs(trial, probes, carried, done, full)
    ended = carried if trial.spec.sums_exactly else add_pairs(trial, probes, carried, full, target)
    total = sum_of(trial.spec.rule)
    value = normalised(ended.field, ended.whole[:, None]) if total and total.normalise else ended.field
    field = Field(value, jnp.float32(jnp.nan), {"largest": jnp.max(ended.size)})
    return carried, full, score(trial, field, i, probes.queries, probes.values, probes.rows)
