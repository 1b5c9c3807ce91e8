"""Least squares: the matrix that recalls best what was written."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from hebbsim.base import Rule, dot, sequential
from hebbsim.kernels.twofold import Twofold, in_float64, join, split
from hebbsim.parts import factory
from hebbsim.rules.hebbian import recall

CUT = 1e-6  # directions in which the keys are weaker than this part of the strongest count as unseen, at ridge 0


class Sums(NamedTuple):
    """Integers for +-1 pairs: exact until solved."""

    gram: Float[Array, "dk dk"]
    products: Float[Array, "dk dv"]


class Solved(NamedTuple):
    """The solution at every pair; `unseen` projects onto what is orthogonal to all keys, of which `rank` are independent."""

    root: Float[Array, "dk dk"]  # L with L L^T = (K^T K)^+, or (K^T K + ridge I)^-1: half the digits of the inverse
    weights: Float[Array, "dk dv"]
    unseen: Float[Array, "dk dk"]
    rank: Float[Array, ""]


def add(state: Sums, keys: Array, values: Array) -> Sums:
    return Sums(state.gram + dot(keys.T, keys), state.products + dot(keys.T, values))


def solve(state: Twofold, ridge: float) -> Float[Array, "dk dv"]:
    """In float64: the Gram matrix has the squared condition number of the keys, 1e8 and more at num_patterns = dim_key."""
    with jax.enable_x64(True):
        gram, products = join(state)
        power, vectors = jnp.linalg.eigh(gram)
        kept = (power > CUT**2 * power[-1]) | (ridge > 0)
        inverse = jnp.where(kept, 1 / jnp.where(kept, jnp.maximum(power, 0.0) + ridge, 1.0), 0.0)
        weights = dot(vectors, inverse[:, None] * dot(vectors.T, products))
        return weights.astype(state.high.products.dtype)


def correct_one(state: Solved, key: Float[Array, "dk"], value: Float[Array, "dv"]) -> Solved:
    """Recursive least squares in Potter's square root: the gain spreads the pair's error over the inverse."""
    seen = dot(key, state.root)
    power = 1 + dot(seen, seen)
    spread = dot(state.root, seen)
    weights = state.weights + spread[:, None] / power * (value - dot(key, state.weights))[None, :]
    root = state.root - spread[:, None] / (power + jnp.sqrt(power)) * seen[None, :]
    return state._replace(root=root, weights=weights)


def greville_one(state: Solved, key: Float[Array, "dk"], value: Float[Array, "dv"]) -> Solved:
    """What is new in the key is fitted exactly; a key with nothing new goes the way of correct_one."""
    new = dot(state.unseen, dot(state.unseen, key))  # twice: the first leaves rounding of the key's own size
    power = dot(new, new)
    is_new = power > CUT**2 * dot(key, key)
    gain = new / jnp.where(is_new, power, 1.0)
    # (I - gain key^T) inverse (I - key gain^T) + gain gain^T: the root's first free column takes the gain.
    free = (jnp.arange(len(key), dtype=key.dtype) == state.rank).astype(key.dtype)
    fitted = Solved(
        state.root + gain[:, None] * (free - dot(key, state.root))[None, :],
        state.weights + gain[:, None] * (value - dot(key, state.weights))[None, :],
        state.unseen - gain[:, None] * new[None, :],
        state.rank + 1,
    )
    return jax.tree.map(lambda a, b: jnp.where(is_new, a, b), fitted, correct_one(state, key, value))


@factory(ridge=(lambda r: 0 <= r < 1e12, "0 or more"))
def pseudo_inverse(label: str, *, ridge: float = 0.0, online: bool = False) -> Rule:
    """S = K^+ V; with ridge > 0, S = (K^T K + ridge I)^-1 K^T V; field = queries @ S.

    The state is K^T K and K^T V, summed in float64 (kept as pairs of float32) and solved in float64 when read. memory S
    (dim_key, dim_value): parameters dim_key * dim_value; the state holds 2 dim_key (dim_key + dim_value) entries. Keys
    of any length. Exact for num_patterns up to dim_key, then SINR 1 / (load - 1). Depth 1: sums, and one eigenvalue
    problem a read.
    `online` is the same S kept up to date pair by pair, depth num_patterns: recursive least squares from
    inverse = I / ridge (its square root is kept), or for ridge 0 Greville's recursion, whose state holds the projector
    onto unseen directions too.
    Ill-conditioned keys: with ridge 0 the weights are right to 1e-4 up to a condition number of 3e5; directions in which
    the keys are weaker than 1e-6 of the strongest count as unseen. A ridge cuts no direction; in batch form, one below
    1e-12 of the largest eigenvalue of K^T K is lost in rounding. The weights themselves are float32: where they cancel,
    the field of keys of condition number c carries an error of about 1e-8 c.
    Also: projection rule, RLS, MesaNet's optimum.
    Source: Greville 1960, Potter & Stern 1963 (online); Kohonen 1974; Personnaz et al. 1986; von Oswald et al. 2025.
    """
    if not online:

        def zeros(dim_key: int, dim_value: int) -> Twofold:
            sums = Sums(jnp.zeros((dim_key, dim_key)), jnp.zeros((dim_key, dim_value)))
            return Twofold(sums, sums)

        return Rule(label, zeros, in_float64(add), recall, lambda state: solve(state, ridge))

    def init(dim_key: int, dim_value: int) -> Twofold:
        unseen = jnp.zeros((0, 0)) if ridge else jnp.eye(dim_key)
        start = Solved(jnp.zeros((dim_key, dim_key)), jnp.zeros((dim_key, dim_value)), unseen, jnp.zeros(()))
        if not ridge:
            return Twofold(start, jax.tree.map(jnp.zeros_like, start))
        with jax.enable_x64(True):
            exact = jax.tree.map(lambda x: x.astype(jnp.float64), start)
            return split(exact._replace(root=jnp.eye(dim_key) / ridge**0.5), start)

    write = in_float64(sequential(correct_one if ridge else greville_one))
    return Rule(label, init, write, recall, lambda state: state.high.weights, depth=lambda num_patterns: num_patterns)
