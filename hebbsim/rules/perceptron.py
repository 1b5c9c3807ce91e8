"""Trained columns: each is a perceptron that separates its values by a hyperplane through the keys."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from hebbsim.base import Rule, dot
from hebbsim.parts import factory
from hebbsim.rules.hebbian import recall

SHRINK = 1e-3  # weight decay in units of the mean power of the keys: small finds any separation, not 0 the widest one
RELAX = 1.6  # over-relaxation of the alternating directions, as usual


class Held(NamedTuple):
    """The newest pairs, oldest first; a row that holds none yet is zero in both."""

    keys: Float[Array, "window dk"]
    values: Float[Array, "window dv"]


class Sweep(NamedTuple):
    """Where training stands. The weights of a column that is separated stay as they are."""

    count: Int[Array, ""]
    target: Float[Array, "window dv"]  # fields on the right side, at 1 or further out
    price: Float[Array, "window dv"]  # sum of what was missing: how much each pair pulls
    weights: Float[Array, "dk dv"]
    separated: Bool[Array, "dv"]


@factory(
    margin=(lambda m: 0 <= m < 1e6, "0 or more"),
    steps=(lambda n: n >= 1, "an integer, 1 or more"),
    window=(lambda n: n >= 1, "an integer, 1 or more"),
)
def perceptron(label: str, *, margin: float = 0.001, steps: int = 500, window: int = 1024) -> Rule:
    """S_j trained until v_j (k @ S_j) > margin |S_j| for the newest `window` pairs, every column j; field = queries @ S.

    Not the one-pair-at-a-time correction, which is slow near capacity: S = least squares to targets t - u, then
    t = v max(1, v (k S + u)), u += k S - t, which tends to the perceptron of widest margin (alternating directions, ADMM).
    All columns share one factorised K^T K; a sweep is two matrix products. Sweep 1 is least squares to the values.
    Stops when all held pairs of all columns are right with the margin, or after `steps` sweeps; a separated column is
    left alone. State K (window, dim_key), V (window, dim_value), +-1 values, keys of any length: the margin is in their
    units (for +-1 keys 0.06 is the widest at load 1.8, 0.26 at 1.37). memory S (dim_key, dim_value): parameters
    dim_key * dim_value. Capacity load 2. Depth `steps`, at most.
    Also: Gardner's optimal perceptron, AdaTron, hard-margin support vector machine.
    Source: Rosenblatt 1962; Gardner 1988; Anlauf & Biehl 1989; Boyd et al. 2011 for the training.
    """

    def init(dim_key: int, dim_value: int) -> Held:
        return Held(jnp.zeros((window, dim_key)), jnp.zeros((window, dim_value)))

    def write(held: Held, keys: Array, values: Array) -> Held:
        return Held(*(jnp.concatenate(both)[-window:] for both in ((held.keys, keys), (held.values, values))))

    def consolidate(held: Held) -> Float[Array, "dk dv"]:
        keys, values = held
        gram = dot(keys.T, keys)
        shrink = jnp.maximum(SHRINK * jnp.mean(jnp.diag(gram)), 1e-30)
        fit = jax.scipy.linalg.solve(gram + shrink * jnp.eye(gram.shape[0]), keys.T, assume_a="pos")

        def train(old: Sweep) -> Sweep:
            weights = dot(fit, old.target - old.price)
            field = dot(keys, weights)
            size = jnp.sqrt(jnp.sum(weights * weights, axis=0))
            right = (values * field > margin * size[None, :]) | (values == 0)
            field = RELAX * field + (1 - RELAX) * old.target
            target = values * jnp.maximum(1.0, values * (field + old.price))
            return Sweep(
                old.count + 1,
                target,
                old.price + field - target,
                jnp.where(old.separated[None, :], old.weights, weights),
                old.separated | jnp.all(right, axis=0),
            )

        columns = values.shape[1]
        none = jnp.zeros((keys.shape[1], columns))
        start = Sweep(jnp.int32(0), values, jnp.zeros_like(values), none, jnp.zeros(columns, bool))
        return jax.lax.while_loop(lambda s: (s.count < steps) & ~jnp.all(s.separated), train, start).weights

    return Rule(label, init, write, recall, consolidate, depth=lambda num_patterns: steps, requires={"bipolar"})
