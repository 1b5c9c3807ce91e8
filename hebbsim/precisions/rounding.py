"""Where a memory is rounded: once, when it is consolidated, or its running sum, as it is written."""

import functools
from collections.abc import Callable, Set
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from hebbsim.base import NONE, Precision, Rule
from hebbsim.errors import HebbsimError

Whole = Callable[[Array], Array]  # numbers -> integers next to them
Rounding = Callable[[Array, Whole], Array]  # (weights, whole) -> weights the format can hold

EVERY = (lambda n: n >= 0, "0 (off) or pairs between roundings, 1 or more")
SEED = (lambda n: 0 <= n < 2**32, "0 to 2**32 - 1")
TILE = (lambda n: n == 0 or n >= 2, "0 (off) or entries that share a scale, 2 or more")


class Running(NamedTuple):
    """A state whose arrays are rounded after every group of pairs; `rounds` is a scalar, so it is no parameter."""

    state: PyTree
    rounds: Int[Array, ""]
    errors: PyTree = ()  # what the last rounding cut off, itself rounded, one array a rounded one; () without feedback


def round_stochastically(rng_key: Array) -> Whole:
    """Stochastic rounding: up with a chance equal to the part that is cut off, so that the mean is kept."""
    return lambda x: jnp.floor(x + jax.random.uniform(rng_key, x.shape, x.dtype))


def tiled(scaled: Rounding, tile: int) -> Rounding:
    """A rounding that scales, of every `tile` entries in a row apart; the whole array where it has no more.

    `scaled` is given (tiles, tile) and scales by the largest magnitude along the last axis, kept as an axis.
    """

    def rounding(x: Array, whole: Whole) -> Array:
        size = min(tile, x.size)
        rows = jnp.pad(x.reshape(-1), (0, -x.size % size)).reshape(-1, size)
        return scaled(rows, whole).reshape(-1)[: x.size].reshape(x.shape)

    return rounding


def round_memory(label: str, rounding: Rounding, provides: Set[str] = NONE) -> Callable[[Rule], Rule]:
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


def round_running_sum(
    label: str,
    rounding: Rounding,
    every: int,
    stochastic: bool,
    seed: int,
    then: Callable[[Rule], Rule],
    feedback: bool = False,
) -> Callable[[Rule], Rule]:
    """wrap(rule): round the arrays of the state after every `every` pairs; `then` rounds the memory made of it.

    Numbers for stochastic rounding come from (seed, rounds so far, array): the same whatever the blocks of a write, and
    the same in every trial. Raises HebbsimError where a rule's chunk does not divide `every`.
    """

    @functools.cache
    def wrap(rule: Rule) -> Rule:
        if every % rule.chunk:
            raise HebbsimError(
                f"{label}: {rule.label} writes in chunks; allowed: `every` as a multiple of {rule.chunk}"
            )

        def is_rounded(leaf: Array) -> bool:
            return bool(leaf.ndim and jnp.issubdtype(leaf.dtype, jnp.floating))

        def rounded(state: PyTree, rounds: Array, errors: tuple[Array, ...]) -> tuple[PyTree, tuple[Array, ...]]:
            leaves, structure = jax.tree.flatten(state)
            carried, left = list(errors), []
            rng_key = jax.random.fold_in(jax.random.key(seed, impl="threefry2x32"), rounds)
            for i, leaf in enumerate(leaves):
                if is_rounded(leaf):
                    whole = round_stochastically(jax.random.fold_in(rng_key, i)) if stochastic else jnp.round
                    exact = leaf + carried.pop(0) if carried else leaf
                    leaves[i] = rounding(exact, whole)
                    left.append(rounding(exact - leaves[i], jnp.round))
            return jax.tree.unflatten(structure, leaves), tuple(left) if feedback else ()

        def init(dim_key: int, dim_value: int) -> Running:
            state = rule.init(dim_key, dim_value)
            errors = tuple(jnp.zeros_like(leaf) for leaf in jax.tree.leaves(state) if is_rounded(leaf))
            return Running(state, jnp.int32(0), errors if feedback else ())

        def write(state: Running, keys: Float[Array, "b dk"], values: Float[Array, "b dv"]) -> Running:
            def group(state: Running, pairs: tuple[Array, Array]) -> tuple[Running, None]:
                written, errors = rounded(rule.write(state.state, *pairs), state.rounds, state.errors)
                return Running(written, state.rounds + 1, errors), None

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
    feedback: bool = False,
) -> Precision:
    """Round with `own` once; with `every`, the running sum with `raw` as well, its error fed back if asked for.

    feedback: what a rounding cuts off is kept in the same format and added to the state that the next write leaves, so
    an entry is stored twice; writes and reads see the rounded state alone.
    """
    if feedback and not every:
        raise HebbsimError(f"{label}: `feedback` applies only to a running sum; set `every` to 1 or more")
    if not every and (stochastic or seed):
        raise HebbsimError(f"{label}: `stochastic` and `seed` apply only to a running sum; set `every` to 1 or more")
    if seed and not stochastic:
        raise HebbsimError(f"{label}: `seed` applies only to stochastic rounding; set `stochastic`")
    wrap = round_memory(label, own, provides)
    if every:
        wrap = round_running_sum(label, raw, every, stochastic, seed, wrap, feedback)
    return Precision(label, wrap, bits, provides)
