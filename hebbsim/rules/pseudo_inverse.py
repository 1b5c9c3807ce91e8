"""Least squares: the matrix that recalls best what was written."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from hebbsim.base import Rule, dot, factory
from hebbsim.rules.hebbian import recall

CUT = 3e-6  # eigenvalues under this part of the largest are rounding: a Gram matrix squares the condition number
REFINEMENTS = 3


class State(NamedTuple):
    """Whole numbers for +-1 pairs: exact until solved."""

    gram: Float[Array, "dk dk"]
    products: Float[Array, "dk dv"]


@factory(ridge=(lambda r: r >= 0, "0 or more"))
def pseudo_inverse(label: str, *, ridge: float = 0.0) -> Rule:
    """S = K^+ V; with ridge > 0, S = (K^T K + ridge I)^-1 K^T V; field = queries @ S.

    The state is K^T K and K^T V, solved when read: the batch form of recursive least squares. memory S (dim_key,
    dim_value): parameters dim_key * dim_value; state dim_key^2 more. Keys of any length. Exact for num_patterns up to
    dim_key, then SINR 1 / (load - 1). Depth 1: sums, and one eigenvalue problem a read.
    Also: projection rule, MesaNet's optimum. Source: Kohonen 1974; Personnaz et al. 1986; von Oswald et al. 2025.
    """

    def init(dim_key: int, dim_value: int) -> State:
        return State(jnp.zeros((dim_key, dim_key)), jnp.zeros((dim_key, dim_value)))

    def write(state: State, keys: Array, values: Array) -> State:
        return State(state.gram + dot(keys.T, keys), state.products + dot(keys.T, values))

    def consolidate(state: State) -> Float[Array, "dk dv"]:
        power, vectors = jnp.linalg.eigh(state.gram)
        power = power + ridge
        kept = power > CUT * jnp.maximum(power[-1], 1e-30)
        inverse = jnp.where(kept, 1 / jnp.where(kept, power, 1.0), 0.0)

        def solve(right: Array) -> Array:
            return dot(vectors, inverse[:, None] * dot(vectors.T, right))

        weights = solve(state.products)
        for _ in range(REFINEMENTS):
            weights = weights + solve(state.products - dot(state.gram, weights) - ridge * weights)
        return weights

    return Rule(label, init, write, recall, consolidate)
