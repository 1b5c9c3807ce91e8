"""The one-shot read of tokens, whitened by the covariance of the code words."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from hebbsim.base import Field, Known, Retrieval, Rule
from hebbsim.parts import factory
from hebbsim.retrievals.token_amp import Whitening, noise_of, spread_of, whiten, words_of


class Found(NamedTuple):
    memory: Float[Array, "dk dv"]
    white: Whitening


@factory()
def whitened(label: str) -> Retrieval:
    """field = (q S / dim_key) N^-1, N = C^T C / V scaled to the memory's energy; score_t = field . c_t - c_t N^-1 c_t / 2.

    One shot: the reader is given its query and the codebook C (V, dim_value), no other keys. What disturbs a read is a
    sum of other code words, so its covariance N is theirs; plain argmax takes it for white. For V < dim_value N has rank
    V and the read is projected onto the words' span. For outer-product memories of tokens with +-1 keys.
    Source: derived for hebbsim; the matched filter in coloured noise.
    """

    def solve(memory: PyTree, known: Known) -> Found:
        words = words_of(known)
        chances = jnp.full(words.shape[0], 1 / words.shape[0])
        prior = spread_of(words, chances)
        return Found(memory, whiten(words, noise_of(memory, prior, prior)))

    def field(rule: Rule, found: Found, queries: Array, index: Int[Array, "p"]) -> Field:
        read = rule.recall(found.memory, queries) / found.memory.shape[0]
        value = jnp.dot(read, found.white.metric, precision="highest")
        return Field(value, jnp.float32(jnp.nan), {}, found.white.offset)

    return Retrieval(label, solve, field, requires={"outer_product", "codebook"})
