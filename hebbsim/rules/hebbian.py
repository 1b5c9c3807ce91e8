"""The outer-product rule."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from hebbsim.base import Fast, Rule, Sum, dot
from hebbsim.kernels.packed import signed_sum
from hebbsim.parts import factory


def init(dim_key: int, dim_value: int) -> Float[Array, "dk dv"]:
    return jnp.zeros((dim_key, dim_value))


def write(weights: Float[Array, "dk dv"], keys: Float[Array, "b dk"], values: Float[Array, "b dv"]) -> Array:
    return weights + dot(keys.T, values)


def recall(weights: Float[Array, "dk dv"], queries: Float[Array, "p dk"]) -> Float[Array, "p dv"]:
    return dot(queries, weights)


SUM = Sum((write, recall))
FAST = (Fast("bits", "bits", write, signed_sum),)


@factory()
def hebbian(label: str) -> Rule:
    """S += keys^T values; field = queries @ S. Also: linear attention without normaliser, correlation matrix memory.

    weights S (dim_key, dim_value), the sum itself (no 1/dim_key). Parameters: dim_key * dim_value. Depth 1: a sum.
    Source: Anderson 1972, Kohonen 1972; as attention: Katharopoulos et al. 2020.
    """
    return Rule(label, init, write, recall, fast=FAST, sum=SUM, provides={"outer_product", "exact"})
