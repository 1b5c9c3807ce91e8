"""The autoassociative network."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from hebbsim.base import Rule
from hebbsim.parts import factory
from hebbsim.rules.hebbian import FAST, init, recall, write


@factory()
def hopfield(label: str, *, clipped: bool = False) -> Rule:
    """S = X^T X with a zero diagonal, patterns X tied; field = queries @ S. `clipped` keeps the sign of each weight only.

    memory S (n, n), symmetric: parameters n^2, of which n (n - 1) / 2 are free. Reads once; the dynamics are the
    retrieval `attractor`. Depth 1: a sum. Source: Hopfield 1982; Amit, Gutfreund & Sompolinsky 1985; van Hemmen 1987
    for clipped weights.
    """

    def consolidate(weights: Float[Array, "n n"]) -> Array:
        weights = weights * (1 - jnp.eye(weights.shape[0]))
        return jnp.sign(weights) if clipped else weights

    return Rule(
        label,
        init,
        write,
        recall,
        consolidate,
        fast=FAST,
        requires={"tied", "square"},
        provides={"exact", "symmetric"},
    )
