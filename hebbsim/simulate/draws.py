"""The randomness of a trial: one key, split into five (keys, values, codebook, probes, cues).

It knows nothing of rule, retrieval, readout or precision: all of them see the same patterns.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int


class Draws(NamedTuple):
    """The randomness of one trial that does not depend on what is done with it; loads as in num_patterns."""

    sides: Array  # rng_keys of (keys, values)
    book: Array  # rng_key of the codebook
    cues: Array  # rng_keys, (loads,)
    index: Int[Array, "loads p"]
    live: Bool[Array, "loads p"]


def trial_key(seed: Array, dim_key: Array, dim_value: Array, trial: Array) -> Array:
    """The rng_key of one trial: a function of seed, dims and trial alone."""
    rng_key = jax.random.key(seed, impl="threefry2x32")
    for number in (dim_key, dim_value, trial):
        rng_key = jax.random.fold_in(rng_key, number)
    return rng_key


def as_keys(draws: Draws) -> Draws:
    """The draws with rng_keys in place of the words of them, which is all that can be given to other processes."""
    if jnp.issubdtype(draws.book.dtype, jax.dtypes.prng_key):
        return draws
    sides, book, cues = (
        jax.random.wrap_key_data(x, impl="threefry2x32") for x in (draws.sides, draws.book, draws.cues)
    )
    return draws._replace(sides=sides, book=book, cues=cues)


# Takes a millisecond to run and a second to compile: half of it with the compiler's costly passes left out.
QUICKLY = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}


@functools.partial(jax.jit, static_argnames="probes", compiler_options=QUICKLY)
def prepare(
    seed: Array,
    dim_key: Array,
    dim_value: Array,
    trials: Int[Array, "t"],
    num_patterns: Int[Array, "loads"],
    same_pairs: Array | bool = False,
    *,
    probes: int,
) -> Draws:
    """The Draws of each trial, leading axis trials. Apart from `_run` since it compiles once for all rules and dims.

    same_pairs: whether the first pairs are read, with the same cues at every load, and not some of all at each.
    """

    def one(trial: Array) -> Draws:
        keys, values, book, probe, cue = jax.random.split(trial_key(seed, dim_key, dim_value, trial), 5)
        at_load = jax.vmap(jax.random.fold_in, (None, 0))
        index, live = jax.vmap(probe_index, (0, 0, None))(at_load(probe, num_patterns), num_patterns, probes)
        index = jnp.where(same_pairs, jnp.arange(probes)[None, :], index)
        cues = at_load(cue, jnp.where(same_pairs, 0, num_patterns))
        return Draws(jnp.stack([keys, values]), book, cues, index, live)

    return jax.vmap(one)(trials)


def probe_index(rng_key: Array, num_patterns: Array, probes: int) -> tuple[Int[Array, "p"], Array]:
    """Pairs to read: one from each of min(probes, num_patterns) equal stretches of a ring that is turned at random.

    Distinct, and each pair is in with chance probes/num_patterns exactly. Returns (index, live); where num_patterns is
    less than probes the rest are idle. Stretch i begins at floor(i M / P), in parts that fit 32 bits for P <= 65,536.
    """
    used = jnp.minimum(probes, num_patterns).astype(jnp.uint32)
    order = jnp.arange(probes + 1, dtype=jnp.uint32)
    whole, rest = num_patterns.astype(jnp.uint32) // used, num_patterns.astype(jnp.uint32) % used
    begin = (jnp.minimum(order, used) * whole + jnp.minimum(order, used) * rest // used).astype(jnp.int32)
    width = jnp.append(jnp.maximum(begin[1:] - begin[:-1], 1), num_patterns)
    chosen = jax.random.randint(rng_key, (probes + 1,), 0, width)
    index = (begin[:-1] + chosen[:-1] + chosen[-1]) % num_patterns
    return index, order[:-1] < used
