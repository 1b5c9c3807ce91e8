"""Chunked forms against the naive scan."""

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from hebbsim.base import dot
from hebbsim.bench.timing import ROUNDS, Row, faster, interleaved, spread
from hebbsim.kernels.channelwise import chunked_channel_delta, recurrent_channel_delta
from hebbsim.kernels.chunked import corrected_sum, corrected_sum_scan, decayed_sum, decayed_sum_scan
from hebbsim.rules.gates import STRONGEST, log_gates_of

ASKED = {512: 5.0, 2048: 10.0}  # how many times faster than the scan a chunked form is to be, by dim
PAIRS, MANY_PAIRS = 1024, 4096  # written by a timed chunked form
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
    return _against_scans(forms, dims, PAIRS, 1.0, ASKED, rounds)


def channelwise(dims: Sequence[int] = (128, 256, 512), rounds: int = ROUNDS) -> list[Row]:
    """The same of the kernel of kda, its gates those of decay 0.99, and of preconditioned_delta's, without decay.

    The pairs' keys are +-1, their write keys k / (k.k). Both need two products of all pairs with a state: no such form
    is more than scan / (2 product) times faster.
    """

    def gated(form: Callable, **more: float) -> Callable:
        def run(state: Array, keys: Array, values: Array) -> Array:
            return form(state, keys, keys / len(state), values, log_gates_of("channel", 0.99, keys), **more)

        return run

    def ungated(form: Callable) -> Callable:
        return lambda state, keys, values: form(state, keys, keys / len(state), values)

    forms = {
        "kda": (gated(chunked_channel_delta, steepest=-STRONGEST * math.log(0.99)), gated(recurrent_channel_delta)),
        "preconditioned_delta": (ungated(chunked_channel_delta), ungated(recurrent_channel_delta)),
    }
    return _against_scans(forms, dims, MANY_PAIRS, 4.0, dict.fromkeys(dims, 5.0), rounds)


def _against_scans(
    forms: Mapping[str, tuple[Callable, Callable]],
    dims: Sequence[int],
    pairs: int,
    longer: float,
    asked_of: Mapping[int, float],
    rounds: int,
) -> list[Row]:
    """Each form (chunked, scan) of state, keys and values; a scan goes through `longer` STATE entries, `pairs` at most."""
    rows = []
    for dim in dims:
        counts = pairs, int(np.clip(longer * STATE / dim**2, 32, pairs))
        rng = np.random.default_rng(0)
        sides = [jnp.asarray(rng.choice([-1.0, 1.0], (pairs, dim)), jnp.float32) for _ in "kv"]
        product = jax.jit(lambda state, keys, values: state + dot(keys.T, values))
        calls: dict[Any, Callable] = {"product": functools.partial(product, jnp.zeros((dim, dim)), *sides)}
        for both in forms.values():
            for run, count in zip(both, counts, strict=True):
                state = jnp.zeros((dim, dim))
                calls[run] = functools.partial(jax.jit(run), state, *(side[:count] for side in sides))
        took = interleaved(calls, rounds)
        ceiling = took["product"] / pairs
        for name, both in forms.items():
            fast, naive = (took[run] / count for run, count in zip(both, counts, strict=True))
            ratio, asked = faster(naive, fast), asked_of.get(dim)
            rows.append(
                {"rule": name, "dim": dim, "pairs": counts[0], "pairs_naive": counts[1]}
                | {"seconds_per_pair": spread(fast), "seconds_per_pair_naive": spread(naive)}
                | {"seconds_per_pair_product": spread(ceiling), "times_the_product": faster(fast, ceiling)}
                | {"times_faster": ratio, "asked": asked, "met": ratio >= asked if asked else None}
            )
    return rows
