"""Cue noise of real-valued rows: signs flipped, entries erased. It changes what is shown at read time, never what is stored."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

# The allowed values of the two options, and how to say so.
PROBABILITY = (lambda p: 0 <= p <= 0.5, "a fraction from 0 to 0.5")
FRACTION = (lambda p: 0 <= p <= 1, "a fraction from 0 to 1")


def cue_words(flip: float, erase: float) -> frozenset[str]:
    """What an ensemble with these options provides besides: "noisy_cue", unless both are 0."""
    return frozenset({"noisy_cue"} if flip or erase else ())


def noisy_rows(rows: Callable[..., Array], flip: float, erase: float) -> Callable[..., tuple[Any, Array]]:
    """A Side.cue that flips each entry's sign with probability `flip` and sets each to 0 with probability `erase`."""

    def cue(rng_key: Array, book: Any, code: Array) -> tuple[Any, Array]:
        shown = rows(book, code)
        if not flip and not erase:
            return code, shown
        chance = jax.random.uniform(rng_key, (2, *shown.shape))
        shown = jnp.where(chance[0] < flip, -shown, shown)
        return None, jnp.where(chance[1] < erase, 0.0, shown)

    return cue
