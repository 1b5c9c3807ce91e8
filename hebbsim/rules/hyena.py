"""The history that a gated long convolution needs, read at its newest position."""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from hebbsim.base import Rule
from hebbsim.errors import HebbsimError
from hebbsim.parts import factory

FILTERS = ("ones", "exponential", "modulated")
SINES = 8  # sinusoids in a modulated filter


def filter_of(name: str, window: int, dim: int, decay: float, spread: float, seed: int) -> Float[Array, "window d"]:
    """h[n, c] of a pair n steps old, in channel c; the newest is n = 0."""
    age = jnp.arange(window, dtype=jnp.float32)[:, None]
    across = (2 * jnp.arange(dim, dtype=jnp.float32) + 1) / dim - 1  # -1 to 1
    damping = jnp.exp(math.log(decay) * jnp.exp(spread * across)[None, :] * age)
    if name != "modulated":
        return damping
    turn = 2 * jnp.pi * jax.random.uniform(jax.random.key(seed, impl="threefry2x32"), (2, SINES, dim))
    waves = jnp.cos(age[:, :, None] * turn[0][None, :, :] / 2 + turn[1][None, :, :])  # at most half a turn a step
    return damping * jnp.sum(waves, axis=1) * (2 / SINES) ** 0.5


@factory(
    filter=(lambda name: name in FILTERS, f"one of {', '.join(FILTERS)}"),
    window=(lambda n: n >= 1, "an integer, 1 or more"),
    decay=(lambda a: 0 < a <= 1, "above 0, up to 1"),
    spread=(lambda s: 0 <= s <= 8, "0 to 8"),
    seed=(lambda n: 0 <= n < 2**32, "0 to 2**32 - 1"),
)
def hyena(
    label: str, *, filter: str = "ones", window: int = 64, decay: float = 1.0, spread: float = 0.0, seed: int = 0
) -> Rule:
    """y = q * (h conv (k * v)), causal, channel by channel; field = y at the newest position.

    history k * v (window, dim), oldest first, dim_key = dim_value = dim: all that a filter of `window` taps still needs;
    parameters window * dim. Keys as they come, raw sums. h[n] by filter: ones: 1, for num_patterns <= window the
    holographic field. exponential: decay^n, one RetNet decay a channel; channels differ by spread, log decay times
    e^-spread (first) to e^spread (last). modulated: that decay times 8 sinusoids of random frequency and phase, mean
    square 1: Hyena's window times a function of position; its sign changes with age. One position is one weighted sum:
    depth 1. A Fourier transform would pay only where all positions are read, and its rounding drowns strong decays.
    Also: gated long convolution, H3 (exponential: its diagonal state space).
    Source: Poli et al. 2023 (Hyena); Fu et al. 2023 (H3).
    """
    unused = {
        "decay": filter == "ones" and decay != 1,
        "spread": spread > 0 and decay == 1,
        "seed": filter != "modulated" and seed > 0,
    }
    for option, given in unused.items():
        if given:
            raise HebbsimError(f"hyena: filter {filter} at decay {decay:g} has no {option}; allowed: leave it out")

    def init(dim_key: int, dim_value: int) -> Array:
        return jnp.zeros((window, dim_key))

    def write(history: Array, keys: Array, values: Array) -> Array:
        return jnp.concatenate([history, keys * values])[-window:]

    def recall(history: Array, queries: Array) -> Array:
        filters = filter_of(filter, window, history.shape[1], decay, spread, seed)
        return queries * jnp.sum(jnp.flip(filters, 0) * history, axis=0)[None, :]

    return Rule(label, init, write, recall, requires={"square"})
