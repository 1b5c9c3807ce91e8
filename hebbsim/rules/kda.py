"""The delta rule on a state whose key channels forget apart: Kimi Delta Attention."""

import math

import jax.numpy as jnp
from jaxtyping import Array

from hebbsim.base import Rule
from hebbsim.kernels.channelwise import CHUNK, chunked_channel_delta
from hebbsim.parts import factory
from hebbsim.rules.delta import RATE
from hebbsim.rules.gates import DECAY, GATE, STRONGEST, log_gates_of, over_squared_length
from hebbsim.rules.hebbian import init, recall


def depth(num_patterns: int) -> int:
    """Chunks follow one another; before them the halvings of their triangular matrices, all chunks at once."""
    return -(-num_patterns // CHUNK) + (min(num_patterns, CHUNK) - 1).bit_length()


@factory(rate=RATE, decay=DECAY, gate=GATE)
def kda(label: str, *, rate: float = 1.0, decay: float = 0.99, gate: str = "channel") -> Rule:
    """S <- diag(a) S, then S <- S + rate k^T (v - k S) / (k.k): the correction reads the decayed S; field = queries @ S.

    gate "channel": a_i = decay^(2 sigmoid(k_i)), one for each key channel. "key": a = decay^(2 sigmoid(sum(k) /
    sqrt(dim_key))). "constant": a = decay, which is gated_delta. Keys of any length (they are divided by k.k); a zero
    key only forgets. weights S (dim_key, dim_value), parameters dim_key * dim_value; written a chunk at a time in
    matrix products. Also: KDA, Kimi Linear. Source: Kimi Team 2025.
    """

    def write(weights: Array, keys: Array, values: Array) -> Array:
        gates = jnp.broadcast_to(log_gates_of(gate, decay, keys), keys.shape)
        writes, steepest = rate * over_squared_length(keys), -STRONGEST * math.log(decay)
        return chunked_channel_delta(weights, keys, writes, values, gates, steepest=steepest)

    return Rule(label, init, write, recall, depth=depth)
