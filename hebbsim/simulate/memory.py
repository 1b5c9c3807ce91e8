"""Memory that a compiled program needs, by the compiler's own account, before any of it is allocated."""

from typing import Any

import jax

from hebbsim.errors import HebbsimError
from hebbsim.readouts.argmax import WORDS_AT_ONCE
from hebbsim.records.counts import NUM_BINS

GIB = 2.0**30
SMALLEST_BLOCK = 32  # pairs; a smaller one saves nothing


def reading(spec: Any, state: Any, book: Any) -> float:
    """Bytes, about, of what reading the probes needs beside their fields.

    soft: a histogram a probe, twice. argmax: a block of words, and its scores a few times over. Rules that compare a
    query with each stored row (softmax_attention, hyena): those products.
    """
    rows = max((leaf.shape[0] for leaf in jax.tree.leaves(state) if leaf.ndim == 2), default=0)
    total = 8.0 * spec.probes * rows
    channel = spec.readout.channel_for(spec.ensemble.kind)
    if channel in ("field", "unit_field"):
        total += 8.0 * spec.probes * NUM_BINS * (3 if spec.tied else 2 if channel == "unit_field" else 1)
    words = max((leaf.shape[0] for leaf in jax.tree.leaves(book) if leaf.ndim), default=0)
    if channel == "tokens":
        total += 4.0 * min(words, WORDS_AT_ONCE) * (spec.dim_value + 11 * spec.probes)
    return total


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
