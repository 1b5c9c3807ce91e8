"""The binary associative memory."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from hebbsim.base import Fast, Rule, dot
from hebbsim.kernels.packed import any_pair, by_units_is_cheaper, units_by_pair
from hebbsim.parts import factory


def init(dim_key: int, dim_value: int) -> Bool[Array, "dk dv"]:
    return jnp.zeros((dim_key, dim_value), bool)


def write(weights: Bool[Array, "dk dv"], keys: Float[Array, "b dk"], values: Float[Array, "b dv"]) -> Array:
    on_keys, on_values = ((side > 0).astype(jnp.float32) for side in (keys, values))  # a short key must not underflow
    return weights | (dot(on_keys.T, on_values) > 0)


def recall(weights: Bool[Array, "dk dv"], queries: Float[Array, "p dk"]) -> Float[Array, "p dv"]:
    return dot(queries, weights.astype(jnp.float32))


def write_units(
    weights: Bool[Array, "dk dv"], keys: Int[Array, "b k"], values: Int[Array, "b l"], count: Array
) -> Bool[Array, "dk dv"]:
    """The first `count` pairs, by the form that touches less: their k*l entries one by one, or every entry 32 pairs at once."""
    dim_key, dim_value = weights.shape
    if by_units_is_cheaper(dim_key, dim_value, keys.shape[1], values.shape[1]):
        live = (jnp.arange(keys.shape[0]) < count)[:, None]
        units = jnp.where(live, keys, dim_key)  # out of range: dropped
        return weights.at[units[:, :, None], values[:, None, :]].set(True, mode="drop")
    packed_keys = units_by_pair(keys, dim_key, count)[:, :dim_key]
    packed_values = units_by_pair(values, dim_value, count)[:, :dim_value]
    return any_pair(weights, packed_keys, packed_values)


def recall_units(weights: Bool[Array, "dk dv"], queries: Int[Array, "p k"]) -> Float[Array, "p dv"]:
    """Add up the rows of the active units; unit dk stands for none. A few probes at a time: the rows are k times a field."""

    def one(units: Int[Array, "k"]) -> Float[Array, "dv"]:
        lines = weights.at[units].get(mode="fill", fill_value=False)
        return jnp.sum(lines, axis=0, dtype=jnp.int32).astype(jnp.float32)

    return jax.lax.map(one, queries)


@factory()
def willshaw(label: str) -> Rule:
    """S = OR of k^T v over the pairs; field = queries @ S, the number of the cue's units that are wired to the output unit.

    weights S (dim_key, dim_value), one bit each, for 0/1 codes; an entry above 0 is on. Parameters: dim_key * dim_value.
    Depth 1: an OR.
    Also: binary or clipped-Hebbian memory, Steinbuch's Lernmatrix. Source: Willshaw, Buneman & Longuet-Higgins 1969.
    """
    return Rule(
        label,
        init,
        write,
        recall,
        fast=(Fast("units", "units", write, write_units, recall_units),),
        requires={"sparse"},
        provides={"exact", "binary"},
    )
