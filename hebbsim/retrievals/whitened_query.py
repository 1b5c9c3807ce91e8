"""The one-shot read of an outer-product memory whose keys are correlated: the query is whitened first."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from hebbsim.base import Field, Known, Retrieval, Rule, dot
from hebbsim.parts import factory

BLOCK = 512  # keys taken into the moment at once
KINDS = ("told", "channels", "full")


class Found(NamedTuple):
    memory: PyTree
    whitening: Float[Array, "dk ..."]  # what a query is multiplied by: a number a channel, or a matrix


@factory(
    covariance=(lambda kind: kind in KINDS, "'told', 'channels' or 'full'"),
    ridge=(lambda r: r >= 0, "0 or more"),
)
def whitened_query(label: str, *, covariance: str = "told", ridge: float = 0.0) -> Retrieval:
    """field = q (C + ridge mean(C) I)^-1 S, C the keys' covariance: with it correlated keys hold what isotropic ones do.

    covariance "told": the reader is told the ensemble's own C, no keys. "channels": C is the mean of k^2 over the
    stored keys, dim_key numbers more to keep, which count as parameters. "full": C is K^T K over the pairs, dim_key
    (dim_key + 1) / 2 numbers more; the field is then that of least squares, exact up to dim_key pairs (take a ridge
    where there are fewer). For outer-product memories; one-shot. Source: the matched filter in coloured noise; derived
    for hebbsim.
    """

    def moment(known: Known) -> Array:
        """Sum over the stored keys, zero rows beyond them: of k^2, or of k^T k."""

        def step(i: Array, total: Array) -> Array:
            keys = known.keys(i * BLOCK + jnp.arange(BLOCK))
            return total + (dot(keys.T, keys) if covariance == "full" else jnp.sum(keys * keys, axis=0))

        dim = known.keys(jnp.arange(1)).shape[1]
        first = jnp.zeros((dim, dim) if covariance == "full" else dim)
        return jax.lax.fori_loop(0, -(-known.num_patterns // BLOCK), step, first)

    def solve(memory: PyTree, known: Known) -> Found:
        found = jnp.asarray(known.spectrum) if covariance == "told" else moment(known) / jnp.float32(known.num_patterns)
        if covariance == "full":
            size = jnp.mean(jnp.diagonal(found))
            return Found(memory, found + ridge * size * jnp.eye(found.shape[0]))
        loaded = found + ridge * jnp.mean(found)
        return Found(memory, jnp.where(loaded > 0, 1 / jnp.where(loaded > 0, loaded, 1.0), 0.0))

    def field(rule: Rule, found: Found, queries: Any, index: Int[Array, "p"]) -> Field:
        if covariance == "full":
            white = jax.scipy.linalg.solve(found.whitening, queries.T, assume_a="pos").T
        else:
            white = queries * found.whitening[None, :]
        return Field(rule.recall(found.memory, white), jnp.float32(jnp.nan), {})

    def num_state(dim_key: int) -> int:
        return {"told": 0, "channels": dim_key, "full": dim_key * (dim_key + 1) // 2}[covariance]

    return Retrieval(
        label,
        solve,
        field,
        requires={"outer_product", "spectrum" if covariance == "told" else "keys"},
        num_state=num_state,
    )
