"""What an iteration of a reader costs beside its two products."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from hebbsim.base import dot
from hebbsim.bench.timing import ROUNDS, Row, faster, interleaved, spread
from hebbsim.ensembles import ENSEMBLES
from hebbsim.retrievals.amp import pass_messages

LOAD = 2.2  # beyond what AMP can read, so that no column comes to rest
FEW, MANY = 2, 10  # iterations: the difference is timed


def amp(dims: Sequence[int] = (512, 1024, 2048), columns: int = 512, rounds: int = ROUNDS) -> list[Row]:
    """An AMP iteration on a block of columns, against the two products in it, K z and K^T x, one after the other."""
    rows = []
    for dim in dims:
        side, count = ENSEMBLES["bipolar"]().values, round(LOAD * dim)
        draws = jax.random.split(jax.random.key(0))
        keys, values = (
            side(width).rows((), side(width).draw(key, jnp.arange(count)))
            for width, key in zip((dim, columns), draws, strict=True)
        )
        weights = dot(keys.T, values)
        denoise = side(columns).denoise

        def passes(steps: int, keys: Array, weights: Array, denoise: Any = denoise) -> Any:
            return pass_messages(keys, weights, denoise, steps, 0.0, 0.0)

        def products(steps: int, keys: Array, weights: Array, count: int = count) -> Array:
            # Scaled, so that no number grows; nothing else is done beside the products.
            both = jax.lax.fori_loop(0, steps, lambda i, z: dot(keys.T, dot(keys, z)) * (1 / count**2), weights)
            return dot(keys, both)

        calls: dict[Any, Callable[[], Any]] = {
            (made, steps): functools.partial(jax.jit(functools.partial(made, steps)), keys, weights)
            for made in (passes, products)
            for steps in (FEW, MANY)
        }
        took = interleaved(calls, rounds)
        each = {made: (took[made, MANY] - took[made, FEW]) / (MANY - FEW) for made in (passes, products)}
        rows.append(
            {"dim": dim, "num_patterns": count, "columns": columns, "seconds_per_iteration": spread(each[passes])}
            | {"seconds_products": spread(each[products]), "times_the_products": faster(each[passes], each[products])}
        )
    return rows
