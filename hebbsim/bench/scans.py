"""Chunked forms against the naive scan."""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from hebbsim.base import dot
from hebbsim.bench.timing import ROUNDS, Row, faster, interleaved, spread
from hebbsim.kernels.chunked import corrected_sum, corrected_sum_scan, decayed_sum, decayed_sum_scan

ASKED = {512: 5.0, 2048: 10.0}  # how many times faster than the scan a chunked form is to be, by dim
PAIRS = 1024  # written by a timed chunked form
STATE = 2.0**26  # entries of state that a timed scan goes through, about: its cost is the same for every pair


def chunked(dims: Sequence[int] = (128, 512, 2048), rounds: int = ROUNDS) -> list[Row]:
    """Decay, delta and gated delta: the chunked form against the naive scan over single pairs, time a pair.

    product: of the plain sum of outer products, one matrix product, which no chunked form can be faster than.
    """

    def gated(form: Callable) -> Callable:
        return lambda state, keys, values: form(state, keys, values, jnp.full((len(keys), 1), math.log(0.99)))

    def corrected(form: Callable, decay: float) -> Callable:
        return lambda state, keys, values: form(state, keys, values, 1.0, decay)

    forms = {
        "decay": (gated(decayed_sum), gated(decayed_sum_scan)),
        "delta": (corrected(corrected_sum, 1.0), corrected(corrected_sum_scan, 1.0)),
        "gated_delta": (corrected(corrected_sum, 0.99), corrected(corrected_sum_scan, 0.99)),
    }
    rows = []
    for dim in dims:
        counts = PAIRS, int(np.clip(STATE / dim**2, 32, PAIRS))
        rng = np.random.default_rng(0)
        pairs = [jnp.asarray(rng.choice([-1.0, 1.0], (PAIRS, dim)), jnp.float32) for _ in "kv"]
        product = jax.jit(lambda state, keys, values: state + dot(keys.T, values))
        calls: dict[Any, Callable] = {"product": functools.partial(product, jnp.zeros((dim, dim)), *pairs)}
        for both in forms.values():
            for run, count in zip(both, counts, strict=True):
                state = jnp.zeros((dim, dim))
                calls[run] = functools.partial(jax.jit(run), state, *(rows[:count] for rows in pairs))
        took = interleaved(calls, rounds)
        ceiling = took["product"] / PAIRS
        for name, both in forms.items():
            fast, naive = (took[run] / count for run, count in zip(both, counts, strict=True))
            ratio, asked = faster(naive, fast), ASKED.get(dim)
            rows.append(
                {"rule": name, "dim": dim, "pairs": counts[0], "pairs_naive": counts[1]}
                | {"seconds_per_pair": spread(fast), "seconds_per_pair_naive": spread(naive)}
                | {"seconds_per_pair_product": spread(ceiling), "times_the_product": faster(fast, ceiling)}
                | {"times_faster": ratio, "asked": asked, "met": ratio >= asked if asked else None}
            )
    return rows
