"""Weights that are log-odds: what each active unit of the cue says about each unit of the value."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from hebbsim.base import Rule, dot
from hebbsim.parts import factory
from hebbsim.rules.covariance import State, init, write


class Memory(NamedTuple):
    weights: Float[Array, "dk dv"]
    bias: Float[Array, "dv"]


def recall(memory: Memory, queries: Float[Array, "p dk"]) -> Float[Array, "p dv"]:
    return memory.bias[None, :] + dot(queries, memory.weights)


@factory(prior=(lambda n: 1e-6 <= n <= 1e6, "from 1e-6 to 1e6 pairs"))
def bcpnn(label: str, *, prior: float = 1.0) -> Rule:
    """w_ij = log(p_ij / (p_i p_j)), b_j = log p_j; field = b + queries @ w, log P(v_j on | cue) if units were independent.

    Rates of 0/1 codes from counts of the M pairs written, n_i = sum k, n_j = sum v, n_ij = K^T V, and of `prior` pairs
    more in which units are independent: p_i = (n_i + prior f) / (M + prior), f the mean activity of the side, p_j
    alike, p_ij = (n_ij + prior p_i p_j) / (M + prior). So two units that never met get log(prior / (M + prior)), not
    log 0, and an empty memory w = 0. Entries of codes are from 0 to 1. State the sums; memory w (dim_key, dim_value) and
    b (dim_value): parameters (dim_key + 1) dim_value. Depth 1: a sum. Also: Bayesian confidence propagation network, naive Bayes.
    Source: Lansner & Ekeberg 1989; Sandberg et al. 2002; Lansner, Ravichandran & Herman 2023.
    """

    def rate(counts: Float[Array, "n"], pairs: Float[Array, ""]) -> Float[Array, "n"]:
        # f is 1/2 before anything is written and never 0, so that no logarithm below is of nothing.
        activity = (jnp.sum(counts) + prior / 2) / (counts.shape[0] * pairs + prior)
        return (counts + prior * activity) / (pairs + prior)

    def consolidate(state: State) -> Memory:
        p_key, p_value = rate(state.keys, state.count), rate(state.values, state.count)
        met = state.products / (p_key[:, None] * p_value[None, :])
        pairs = state.count + prior
        # log(1 + excess): near 1 the ratio has no digits left for the excess, near 0 the excess none beside the -1.
        ratio, excess = (met + prior) / pairs, (met - state.count) / pairs
        weights = jnp.where(excess > -0.5, jnp.log1p(jnp.maximum(excess, -0.5)), jnp.log(ratio))
        return Memory(weights, jnp.log(p_value))

    return Rule(label, init, write, recall, consolidate, requires={"sparse"})
