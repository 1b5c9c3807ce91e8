"""Error correction with a diagonal preconditioner: each key channel is written by how much it has been used."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from hebbsim.base import Rule, dot
from hebbsim.kernels.channelwise import CHUNK, chunked_channel_delta
from hebbsim.parts import factory
from hebbsim.rules.delta import RATE
from hebbsim.rules.gates import DECAY
from hebbsim.rules.kda import depth


class State(NamedTuple):
    weights: Float[Array, "dk dv"]
    moment: Float[Array, "dk"]  # decayed sum of k^2, one a channel


@factory(
    rate=RATE,
    moment_decay=DECAY,
    power=(lambda p: 0 <= p <= 1, "from 0 to 1"),
    floor=(lambda f: f > 0, "above 0"),
)
def preconditioned_delta(
    label: str, *, rate: float = 1.0, moment_decay: float = 1.0, power: float = 1.0, floor: float = 0.01
) -> Rule:
    """A <- moment_decay A + k^2; S <- S + rate w^T (v - k S) / (k.w), w = k / (A + floor mean(A))^power; field = queries @ S.

    A is kept for each key channel: a channel that keys often use is written less, which whitens keys partly, as far as
    their covariance is diagonal. It erases along k and writes along w. power 0 is delta; at rate 1 the newest pair is
    recalled exactly. Keys of any length; a zero key writes nothing. weights S (dim_key, dim_value) and A (dim_key,),
    both state: parameters dim_key (dim_value + 1). Written a chunk at a time in matrix products; depth as for kda.
    Also: preconditioned DeltaNet. Source: Duchi et al. 2011 (AdaGrad, its diagonal at power 1/2), on Widrow & Hoff 1960.
    """

    def moments(before: Array, keys: Float[Array, "b dk"]) -> Float[Array, "b dk"]:
        """A after each pair, a chunk in one product."""
        squares, kept = keys * keys, jnp.asarray(moment_decay, keys.dtype)
        found = []
        for start in range(0, keys.shape[0], CHUNK):
            block = squares[start : start + CHUNK]
            t = jnp.arange(1, block.shape[0] + 1, dtype=keys.dtype)
            apart = t[:, None] - t[None, :]
            fading = jnp.where(apart >= 0, kept ** jnp.maximum(apart, 0), 0.0)
            found.append(kept ** t[:, None] * before[None, :] + dot(fading, block))
            before = found[-1][-1]
        return jnp.concatenate(found)

    def init(dim_key: int, dim_value: int) -> State:
        return State(jnp.zeros((dim_key, dim_value)), jnp.zeros(dim_key))

    def write(state: State, keys: Array, values: Array) -> State:
        if not keys.shape[0]:
            return state
        moment = moments(state.moment, keys)
        mean = jnp.mean(moment, axis=1, keepdims=True)
        used = jnp.where(mean > 0, moment / jnp.where(mean > 0, mean, 1.0), 1.0) + floor
        writes = keys / used**power
        norm = jnp.sum(keys * writes, axis=1, keepdims=True)
        writes = jnp.where(norm > 0, rate * writes / jnp.where(norm > 0, norm, 1.0), 0.0)
        return State(chunked_channel_delta(state.weights, keys, writes, values), moment[-1])

    def recall(state: State, queries: Array) -> Array:
        return dot(queries, state.weights)

    return Rule(label, init, write, recall, depth=depth)
