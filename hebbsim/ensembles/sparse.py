"""Binary codes with exactly k of n units active."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, UInt32

from hebbsim.base import ENDLESS, Ensemble, Side
from hebbsim.ensembles.cues import FRACTION, cue_words
from hebbsim.errors import HebbsimError
from hebbsim.parts import factory


def floyd(words: UInt32[Array, "k"], n: int) -> Int[Array, "k"]:
    """k distinct units of n from k random words, every k-subset alike (Floyd; Bentley & Floyd 1987).

    word % m favours small units by less than n / 2**32.
    """
    k = words.shape[0]
    tops = jnp.arange(n - k, n)

    def add(chosen: Array, step: tuple[Array, Array, Array]) -> tuple[Array, None]:
        slot, word, top = step
        unit = (word % (top + 1).astype(jnp.uint32)).astype(jnp.int32)
        unit = jnp.where(jnp.any(chosen == unit), top, unit)
        return chosen.at[slot].set(unit), None

    return jax.lax.scan(add, jnp.full(k, -1, jnp.int32), (jnp.arange(k), words, tops))[0]


@functools.cache
def unit_draw(n: int, active: int) -> Callable[[Array, Array], Array]:
    """Row i is floyd(bits(fold_in(rng_key, i), (active,)), n)."""

    def draw(rng_key: Array, index: Int[Array, "m"]) -> Int[Array, "m k"]:
        return jax.vmap(lambda i: floyd(jax.random.bits(jax.random.fold_in(rng_key, i), (active,), jnp.uint32), n))(
            index
        )

    return draw


def noisy_units(rng_key: Array, code: Int[Array, "k"], n: int, moved: int, lost: int) -> Int[Array, "k"]:
    """The cue of one pattern: `moved` of its units go to places that were silent, `lost` of them to n, which is nowhere."""
    k = code.shape[0]
    order_key, place_key = jax.random.split(rng_key)
    code = jnp.sort(code)
    shuffled = jax.random.permutation(order_key, code)
    noisy = [jnp.full(lost, n, jnp.int32), shuffled[moved + lost :]]
    if moved:
        ranks = floyd(jax.random.bits(place_key, (moved,), jnp.uint32), n - k)
        # Rank among the silent units -> unit: step over the active ones below it.
        noisy.append(ranks + jnp.sum((code - jnp.arange(k))[None, :] <= ranks[:, None], axis=1, dtype=jnp.int32))
    return jnp.concatenate(noisy)


def sparse_side(n: int, active: int, flip: float = 0.0, erase: float = 0.0) -> Side:
    """Rows of 0 and 1; the code is the active units, n standing for none."""
    if not 0 < active <= n:
        raise HebbsimError(f"sparse: active = {active} units of {n}; allowed: from 1 to the dim")
    moved, lost = round(flip * active), round(erase * active)
    if (flip and not moved) or (erase and not lost):
        raise HebbsimError(
            f"sparse: flip = {flip}, erase = {erase} of {active} units is none; allowed: one unit or more"
        )
    if moved + lost > active or moved > n - active:
        raise HebbsimError(
            f"sparse: flip + erase move {moved} + {lost} of {active} units; allowed: as many as there are"
        )

    def rows(book: tuple, code: Int[Array, "m k"]) -> Float[Array, "m n"]:
        lines = jnp.arange(code.shape[0])[:, None]
        return jnp.zeros((code.shape[0], n)).at[lines, code].set(1.0, mode="drop")

    def cue(rng_key: Array, book: tuple, code: Array) -> tuple[Any, Array]:
        if moved or lost:
            keys = jax.random.split(rng_key, code.shape[0])
            code = jax.vmap(lambda key, units: noisy_units(key, units, n, moved, lost))(keys, code)
        return code, rows(book, code)

    return Side(unit_draw(n, active), rows, cue, code="units")


@factory(active=(lambda k: k > 0, "an integer from 1 to the dim"), flip=FRACTION, erase=FRACTION)
def sparse(label: str, *, active: int = 8, flip: float = 0.0, erase: float = 0.0) -> Ensemble:
    """Exactly `active` of the units are 1, keys and values alike; log2 C(n, active) bits a value.

    `flip`, `erase`: fraction of the cue's active units moved to wrong places, left out (rounded to whole units).
    """
    noisy = functools.partial(sparse_side, active=active, flip=flip, erase=erase)
    clean = functools.partial(sparse_side, active=active)
    words = {"fair", "exact", "exchangeable"} | cue_words(flip, erase)
    return Ensemble(label, "sparse", noisy, clean, noisy, words, most_patterns=ENDLESS)
