"""The outer-product rule with forgetting."""

from jaxtyping import Array

from hebbsim.base import Rule
from hebbsim.kernels.chunked import decayed_sum
from hebbsim.parts import factory
from hebbsim.rules.gates import DECAY, GATE, log_gates_of
from hebbsim.rules.hebbian import init, recall


@factory(decay=DECAY, gate=GATE)
def decay(label: str, *, decay: float = 0.99, gate: str = "constant") -> Rule:
    """S <- a S + k^T v, the decay first, the new pair at weight 1; field = queries @ S.

    gate "constant": a = decay (one RetNet head). "key": a = decay^(2 sigmoid(sum(k) / sqrt(dim_key))), a scalar that
    depends on the input (Mamba-2, SSD). "channel": a_i = decay^(2 sigmoid(k_i)), one for each key channel, a row of S
    (GLA, Mamba-1). weights S (dim_key, dim_value), raw sums; parameters dim_key * dim_value. Depth 1: a weighted sum.
    Forgetting is measured by c = dim_key (1 - a^2). Source: Sun et al. 2023 (RetNet), Dao & Gu 2024, Yang et al. 2024 (GLA).
    """

    def write(weights: Array, keys: Array, values: Array) -> Array:
        return decayed_sum(weights, keys, values, log_gates_of(gate, decay, keys))

    return Rule(label, init, write, recall)
