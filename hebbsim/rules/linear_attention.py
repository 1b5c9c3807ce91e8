"""Linear attention with a feature map, with or without its normaliser."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from hebbsim.base import Rule, Sum, dot, normalised
from hebbsim.parts import factory

MAPS = ("identity", "elu", "relu", "dpfp", "taylor", "favor")


class State(NamedTuple):
    weights: Float[Array, "features dv"]
    normaliser: Float[Array, "features"]


def feature_map_of(name: str, features: int, seed: int) -> Callable[[Float[Array, "n d"]], Float[Array, "n D"]]:
    """f of a block of keys or queries; D is d for identity, elu and relu."""

    def dpfp(x: Array) -> Array:
        # Schlag et al. 2021: r = relu of [x, -x], and its product with itself turned by 1 to nu. D = 2 d nu.
        r = jnp.maximum(jnp.concatenate([x, -x], axis=1), 0.0)
        return jnp.concatenate([r * jnp.roll(r, i, axis=1) for i in range(1, max(features, 1) + 1)], axis=1)

    def taylor(x: Array) -> Array:
        # exp(q.k / sqrt d) to second order: f(q).f(k) = 1 + s + s^2 / 2. D = 1 + d + d^2. Source: Arora et al. 2024 (Based).
        x = x / x.shape[1] ** 0.25
        squares = (x[:, :, None] * x[:, None, :]).reshape(x.shape[0], -1) / 2**0.5
        return jnp.concatenate([jnp.ones((x.shape[0], 1)), x, squares], axis=1)

    def favor(x: Array) -> Array:
        # E f(q).f(k) = exp(q.k / sqrt d), f = exp(w.x - |x|^2 / 2) / sqrt D, w normal. Source: Choromanski et al. 2021.
        x = x / x.shape[1] ** 0.25
        w = jax.random.normal(jax.random.key(seed, impl="threefry2x32"), (x.shape[1], max(features, 1)))
        return jnp.exp(dot(x, w) - jnp.sum(x * x, axis=1, keepdims=True) / 2) / max(features, 1) ** 0.5

    return {
        "identity": lambda x: x,
        "elu": lambda x: jax.nn.elu(x) + 1,
        "relu": lambda x: jnp.maximum(x, 0.0),
        "dpfp": dpfp,
        "taylor": taylor,
        "favor": favor,
    }[name]


@factory(
    feature_map=(lambda name: name in MAPS, f"one of {', '.join(MAPS)}"),
    features=(lambda n: 0 <= n <= 2**16, "an integer from 0 to 65,536"),
    seed=(lambda n: 0 <= n < 2**32, "0 to 2**32 - 1"),
)
def linear_attention(
    label: str, *, feature_map: str = "elu", normalise: bool = True, features: int = 0, seed: int = 0
) -> Rule:
    """S += f(k)^T v, z += f(k); field = f(q) S / (f(q).z), or f(q) S when not normalised.

    f by feature_map, D features: identity, elu (+1), relu: D = dim_key; dpfp: 2 dim_key nu, nu = `features`; taylor:
    1 + dim_key + dim_key^2; favor: D = `features` positive random features from `seed`, which float32 holds for keys of
    length up to 13 dim_key^(1/4). A query that meets no key reads zero. weights (D, dim_value), normaliser (D);
    parameters D (dim_value + 1). Depth 1: a sum. Rank bound: with one-hot values the mean loss is at
    least (1 - D / M) / 2. Source: Katharopoulos et al. 2020; Schlag et al. 2021.
    """
    if feature_map == "favor" and not features:
        features = 256
    f = feature_map_of(feature_map, features, seed)

    def init(dim_key: int, dim_value: int) -> State:
        width = jax.eval_shape(f, jax.ShapeDtypeStruct((1, dim_key), jnp.float32)).shape[1]
        return State(jnp.zeros((width, dim_value)), jnp.zeros(width))

    def write(state: State, keys: Array, values: Array) -> State:
        mapped = f(keys)
        return State(state.weights + dot(mapped.T, values), state.normaliser + jnp.sum(mapped, axis=0))

    def recall(state: State, queries: Array) -> Array:
        mapped = f(queries)
        field = dot(mapped, state.weights)
        if not normalise:
            return field
        return normalised(field, dot(mapped, state.normaliser[:, None]))

    return Rule(label, init, write, recall, sum=Sum((write, recall), f, normalise))
