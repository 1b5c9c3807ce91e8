"""Where a memory is rounded: once, when it is consolidated, or its running sum, as it is written."""

import functools
from collections.abc import Callable, Set
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from hebbsim.base import NONE, Precision, Rule
from hebbsim.errors import HebbsimError

Whole = Callable[[Array], Array]  # numbers -> whole numbers next to them
Rounding = Callable[[Array, Whole], Array]  # (weights, whole) -> weights the format can hold

EVERY = (lambda n: n >= 0, "0 (off) or pairs between roundings, 1 or more")
SEED = (lambda n: 0 <= n < 2**32, "0 to 2**32 - 1")


class Running(NamedTuple):
    """A state whose arrays are rounded after every group of pairs; `rounds` is a scalar, so it is no parameter."""

    state: PyTree
    rounds: Int[Array, ""]


def by_chance(rng_key: Array) -> Whole:
    """Stochastic rounding: up with a chance equal to the part that is cut off, so that the mean is kept."""
    return lambda x: jnp.floor(x + jax.random.uniform(rng_key, x.shape, x.dtype))


def once(label: str, rounding: Rounding, provides: Set[str] = NONE) -> Callable[[Rule], Rule]:
    """wrap(rule): consolidate, then round each array of the memory to the nearest.

    Raises HebbsimError, when the memory is first made, for entries that are no real numbers.
    """
    lost = frozenset({"exact"}) - provides

    @functools.cache  # the same rule gives the same object: jit does not trace twice
    def wrap(rule: Rule) -> Rule:
        def one(leaf: Array) -> Array:
            if not leaf.ndim:
                return leaf
            if not jnp.issubdtype(leaf.dtype, jnp.floating):
                what = f"{rule.label} holds {leaf.dtype}"
                raise HebbsimError(f"precision {label} rounds real weights, {what}; allowed: float32")
            near = rounding(leaf, jnp.round)
            if "symmetric" in rule.provides and leaf.ndim == 2:
                # A diagonal that the rule leaves out is not stored: levels without a zero must not fill it.
                near = jnp.where(jnp.eye(leaf.shape[0], dtype=bool) & (leaf == 0), leaf, near)
            return near

        def consolidate(state: PyTree) -> PyTree:
            return jax.tree.map(one, rule.consolidate(state))

        return rule._replace(consolidate=consolidate, provides=rule.provides - lost)

    return wrap


def running(
    label: str, rounding: Rounding, every: int, stochastic: bool, seed: int, then: Callable[[Rule], Rule]
) -> Callable[[Rule], Rule]:
    """wrap(rule): round the arrays of the state after every `every` pairs; `then` rounds the memory made of it.

    Numbers for stochastic rounding come from (seed, rounds so far, array): the same whatever the blocks of a write, and
    the same in every trial. Raises HebbsimError where a rule's chunk does not divide `every`.
    """

    @functools.cache
    def wrap(rule: Rule) -> Rule:
        if every % rule.chunk:
            raise HebbsimError(f"{label}: {rule.label} writes in chunks; allowed: every a multiple of {rule.chunk}")

        def rounded(state: PyTree, rounds: Array) -> PyTree:
            leaves, structure = jax.tree.flatten(state)
            rng_key = jax.random.fold_in(jax.random.key(seed, impl="threefry2x32"), rounds)
            for i, leaf in enumerate(leaves):
                if leaf.ndim and jnp.issubdtype(leaf.dtype, jnp.floating):
                    whole = by_chance(jax.random.fold_in(rng_key, i)) if stochastic else jnp.round
                    leaves[i] = rounding(leaf, whole)
            return jax.tree.unflatten(structure, leaves)

        def init(dim_key: int, dim_value: int) -> Running:
            return Running(rule.init(dim_key, dim_value), jnp.int32(0))

        def write(state: Running, keys: Float[Array, "b dk"], values: Float[Array, "b dv"]) -> Running:
            def group(state: Running, pairs: tuple[Array, Array]) -> tuple[Running, None]:
                return Running(rounded(rule.write(state.state, *pairs), state.rounds), state.rounds + 1), None

            groups = [side.reshape(-1, every, side.shape[1]) for side in (keys, values)]
            return jax.lax.scan(group, state, (groups[0], groups[1]))[0]

        lost = {"outer_product"} | ({"symmetric"} if stochastic else set())
        plain = rule._replace(
            init=init,
            write=write,
            consolidate=lambda state: rule.consolidate(state.state),
            chunk=every,
            depth=lambda num_patterns: -(-num_patterns // every) * rule.depth(every),
            fast=(),  # they would go past the rounding
            provides=rule.provides - lost,
        )
        return then(plain)

    return wrap


def precision_of(
    label: str,
    bits: float,
    own: Rounding,
    raw: Rounding,
    every: int,
    stochastic: bool,
    seed: int,
    provides: Set[str] = NONE,
) -> Precision:
    """Round with `own` once; with `every`, the running sum with `raw` as well."""
    if not every and (stochastic or seed):
        raise HebbsimError(f"{label}: stochastic and seed are of a running sum; allowed: with every of 1 or more")
    if seed and not stochastic:
        raise HebbsimError(f"{label}: seed is of stochastic rounding; allowed: with stochastic")
    wrap = once(label, own, provides)
    if every:
        wrap = running(label, raw, every, stochastic, seed, wrap)
    return Precision(label, wrap, bits, provides)
