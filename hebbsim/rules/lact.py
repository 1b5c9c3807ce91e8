"""Fast weights of a small network, trained on each large chunk of pairs by one gradient step."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from hebbsim.base import Rule, dot
from hebbsim.errors import HebbsimError
from hebbsim.parts import factory


class Weights(NamedTuple):
    """The fast weights. Columns begin at mean square 1 and are kept there."""

    w1: Float[Array, "dk hidden"]
    w2: Float[Array, "hidden dv"]
    w3: Float[Array, "dk hidden"]


def forward(w: Weights, keys: Float[Array, "b dk"]) -> Float[Array, "b dv"]:
    """f(k) = (silu(k W1) * (k W3)) W2, every sum over n entries divided by sqrt(n)."""
    dim_key, hidden = w.w1.shape
    x = keys / dim_key**0.5
    return dot(jax.nn.silu(dot(x, w.w1)) * dot(x, w.w3), w.w2) / hidden**0.5


def gradient(w: Weights, keys: Float[Array, "b dk"], values: Float[Array, "b dv"]) -> Weights:
    """d/dW of sum_i <f(k_i), v_i>: downhill on the loss -<f(k), v>, summed over the chunk."""
    dim_key, hidden = w.w1.shape
    x, v = keys / dim_key**0.5, values / hidden**0.5
    gate, up = dot(x, w.w1), dot(x, w.w3)
    sigma = jax.nn.sigmoid(gate)
    back = dot(v, w.w2.T)  # what each hidden unit should have given
    slope = sigma * (1 + gate * (1 - sigma))  # of silu(gate) = gate sigma
    return Weights(dot(x.T, back * up * slope), dot((gate * sigma * up).T, v), dot(x.T, back * gate * sigma))


def to_length(w: Array) -> Array:
    """Each column at mean square 1."""
    return w / jnp.sqrt(jnp.mean(w * w, axis=0, keepdims=True))


@factory(
    chunk=(lambda n: 1 <= n <= 2**20, "an integer from 1 to 1,048,576"),
    hidden=(lambda n: 1 <= n <= 2**16, "an integer from 1 to 65,536"),
    rate=(lambda r: 0 < r <= 1000, "above 0, up to 1,000"),
    seed=(lambda n: 0 <= n < 2**32, "0 to 2**32 - 1"),
)
def lact(
    label: str, *, chunk: int = 64, hidden: int = 64, rate: float = 1.0, renormalise: bool = True, seed: int = 0
) -> Rule:
    """W <- W + rate d/dW sum_i <f(k_i), v_i> once a chunk, columns then back to their first length; field = f(q).

    f(k) = (silu(k W1) * (k W3)) W2, a SwiGLU network whose sums over n entries are divided by sqrt(n): for keys of length
    about sqrt(dim_key), and a `rate` that means the same at any size. W1, W3 (dim_key, hidden), W2 (hidden, dim_value),
    first weights normal from `seed`, columns at mean square 1; parameters hidden (2 dim_key + dim_value). An empty memory
    reads as its first weights do: noise. renormalise=False leaves the lengths: the loss has no floor, and a large rate
    runs away. Plain gradient, not its Muon form; one rate for all pairs. Best near 2.5 hidden / rate^2 pairs (measured).
    Depth: num_patterns / chunk. Also: large-chunk test-time training, fast weight programmer with a gated network.
    Source: Zhang et al. 2025 (LaCT).
    """

    def init(dim_key: int, dim_value: int) -> Weights:
        shapes = (dim_key, hidden), (hidden, dim_value), (dim_key, hidden)
        rng_keys = jax.random.split(jax.random.key(seed, impl="threefry2x32"), 3)
        return Weights(*(to_length(jax.random.normal(k, shape)) for k, shape in zip(rng_keys, shapes, strict=True)))

    def step(w: Weights, pairs: tuple[Array, Array]) -> tuple[Weights, None]:
        moved = jax.tree.map(lambda w, g: w + rate * g, w, gradient(w, *pairs))
        return jax.tree.map(to_length, moved) if renormalise else moved, None

    def write(w: Weights, keys: Array, values: Array) -> Weights:
        if keys.shape[0] % chunk:
            raise HebbsimError(f"{label}: {keys.shape[0]} pairs; allowed: multiples of chunk = {chunk}")
        pairs = (keys.reshape(-1, chunk, keys.shape[1]), values.reshape(-1, chunk, values.shape[1]))
        return jax.lax.scan(step, w, pairs)[0]

    return Rule(label, init, write, forward, chunk=chunk, depth=lambda num_patterns: -(-num_patterns // chunk))
