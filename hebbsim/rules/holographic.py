"""One weight a channel: key and value bound by their product."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from hebbsim.base import Rule
from hebbsim.parts import factory


def init(dim_key: int, dim_value: int) -> Float[Array, "d"]:
    return jnp.zeros(dim_key)


def write(weights: Float[Array, "d"], keys: Float[Array, "b d"], values: Float[Array, "b d"]) -> Float[Array, "d"]:
    return weights + jnp.sum(keys * values, axis=0)


def recall(weights: Float[Array, "d"], queries: Float[Array, "p d"]) -> Float[Array, "p d"]:
    return queries * weights[None, :]


@factory()
def holographic(label: str) -> Rule:
    """s += k * v, channel by channel; field = q * s. The memory inside a gated long convolution.

    weights s (dim), dim_key = dim_value = dim; parameters dim. M pairs leave an SNR of 1 / (M - 1) whatever the dim, for
    +-1 keys. Depth 1: a sum. Also: Hadamard binding, multiply-add-permute without the permutation.
    Source: Gayler 1998; Plate 1995 for the circular form.
    """
    return Rule(label, init, write, recall, requires={"square"}, provides={"exact"})
