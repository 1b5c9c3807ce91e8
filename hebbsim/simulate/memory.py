"""Memory that a compiled program needs, by the compiler's own account, before any of it is allocated."""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp

from hebbsim.base import Rule
from hebbsim.errors import HebbsimError
from hebbsim.readouts.argmax import WORDS_AT_ONCE
from hebbsim.records.counts import NUM_BINS

GIB = 2.0**30
SMALLEST_BLOCK = 32  # pairs; a smaller one saves nothing


def reading(spec: Any, state: Any, book: Any) -> float:
    """Bytes, about, of what reading the probes needs beside their fields.

    soft: a histogram, a probe's own where bits by age are asked for, twice. argmax: a block of words, and its scores a
    few times over. Rules that compare a query with each stored row (softmax_attention, hyena): those products.
    """
    rows = max((leaf.shape[0] for leaf in jax.tree.leaves(state) if leaf.ndim == 2), default=0)
    total = 8.0 * spec.probes * rows
    channel = spec.readout.channel_for(spec.ensemble.kind)
    if channel in ("field", "unit_field"):
        groups = 3 if spec.tied else 2 if channel == "unit_field" else 1
        total += 8.0 * (spec.probes if spec.ages else 1) * groups * NUM_BINS
    words = max((leaf.shape[0] for leaf in jax.tree.leaves(book) if leaf.ndim), default=0)
    if channel == "tokens":
        total += 4.0 * min(words, WORDS_AT_ONCE) * (spec.dim_value + 11 * spec.probes)
    return total


@functools.lru_cache(maxsize=256)
def writing(rule: Rule, dim_key: int, dim_value: int, block: int) -> float:
    """Bytes, about, that writing a block or consolidating needs beside the state and the one that comes of it.

    Products of chunks, the sweeps of a solver that trains, factors of a decomposition.
    """
    state = jax.eval_shape(lambda: rule.init(dim_key, dim_value))
    size = sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(state))
    keys, values = (jax.ShapeDtypeStruct((block, width), jnp.float32) for width in (dim_key, dim_value))
    most = max(alive(rule.write, state, keys, values), alive(rule.consolidate, state))
    return max(0.0, most - size)


def alive(function: Callable, *shapes: Any) -> float:
    """The most bytes that are alive at once while a function runs, its arguments apart, as if nothing were fused."""
    return _most_alive(jax.make_jaxpr(function)(*shapes).jaxpr)


def _most_alive(jaxpr: Any) -> float:
    last_use = {v: i for i, eqn in enumerate(jaxpr.eqns) for v in eqn.invars if not hasattr(v, "val")}
    last_use |= {v: len(jaxpr.eqns) for v in jaxpr.outvars if not hasattr(v, "val")}
    given = {*jaxpr.invars, *jaxpr.constvars}
    now = most = 0.0
    for i, eqn in enumerate(jaxpr.eqns):
        inside = max((_most_alive(part) for part in _parts_of(eqn)), default=0.0)
        most = max(most, now + max(inside, sum(map(_bytes_of, eqn.outvars))))
        now += sum(_bytes_of(v) for v in eqn.outvars if last_use.get(v, -1) > i)
        now -= sum(_bytes_of(v) for v in {v for v in eqn.invars if not hasattr(v, "val")} - given if last_use[v] == i)
    return most


def _parts_of(eqn: Any) -> Iterator[Any]:
    for value in eqn.params.values():
        for part in value if isinstance(value, tuple | list) else (value,):
            part = getattr(part, "jaxpr", part)
            if hasattr(part, "eqns"):
                yield part


def _bytes_of(variable: Any) -> float:
    return float(variable.aval.size * getattr(variable.aval.dtype, "itemsize", 4))


def needed_by(compiled: Any, devices: int) -> float:
    """Bytes of the busiest device, or of all of them where they share one memory (CPU): arguments, results, workspace."""
    try:
        analysis = compiled.memory_analysis()
    except jax.errors.JaxRuntimeError:  # not every back-end keeps an account
        return 0.0
    if analysis is None:
        return 0.0
    parts = analysis.argument_size_in_bytes, analysis.output_size_in_bytes, analysis.temp_size_in_bytes
    return float(sum(parts)) * (devices if jax.devices()[0].platform == "cpu" else 1)


def check_fits(compiled: Any, devices: int, what: str) -> None:
    """Raises HebbsimError, saying what is needed and what there is, if the program does not fit into free memory."""
    from hebbsim.simulate.placement import memory_free

    need, free = needed_by(compiled, devices), memory_free()
    if need > free:
        raise HebbsimError(
            f"{what}: needs {need / GIB:.2f} GiB, {free / GIB:.2f} GiB are free; allowed: smaller dims, fewer probes"
        )


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that a device or the machine has no memory left."""
    return isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error) or "Out of memory" in str(error)


def smaller_block(block: int, chunk: int) -> int:
    """Half of a block in whole chunks; 0 if there is no smaller one."""
    half = block // 2 // chunk * chunk
    return half if half >= max(chunk, SMALLEST_BLOCK) else 0
