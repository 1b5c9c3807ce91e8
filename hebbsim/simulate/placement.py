"""How a trial is run: in state form or parallel form, and on how many devices. No count depends on it."""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

import jax

from hebbsim.errors import HebbsimError
from hebbsim.retrievals import RETRIEVALS
from hebbsim.rules import RULES
from hebbsim.simulate import cost, memory, processes, trial


def choose_placement(spec: trial.Spec, num_patterns: Sequence[int]) -> trial.Spec:
    """The cheaper form of those that fit, its memory spread over as few devices as hold it.

    Raises HebbsimError, saying what is needed and what there is, if none fits.
    """
    devices = len(jax.devices())
    if trial.fast_form(spec.rule, *spec.sides):
        if jax.devices()[0].platform == "cpu":
            spec = spec._replace(block=cost.packed_block(num_patterns, spec.block))
        elif spec.block >= 1024:
            spec = spec._replace(block=cost.packed_block(num_patterns, 8192, cost.PRODUCT_OVERHEAD, 1024))
    shards = [n for n in range(1, devices + 1) if devices % n == 0 and spec.dim_value % n == 0]
    forms = [[spec._replace(num_shards=n) for n in shards]]
    if has_parallel_form(spec):
        forms.append([spec._replace(form="parallel")])
    forms.sort(key=lambda choices: trial_cost(choices[0], num_patterns))
    needs = [(memory_needed(choice, devices), choice) for choices in forms for choice in choices]
    free = memory_free()
    for need, choice in needs:
        if need <= free:
            return choice
    least = min(need for need, _ in needs)
    raise HebbsimError(
        f"dims {spec.dim_key} x {spec.dim_value}: {spec.rule.label} needs about {least / 2**30:.1f} GiB, "
        f"{free / 2**30:.1f} GiB are free; allowed: smaller dims"
    )


def has_parallel_form(spec: trial.Spec) -> bool:
    """Whether the field is a sum over pairs, (Q K^T) V, that needs no memory: +-1 outer products read by a matched filter."""
    plain = spec.rule is RULES["hebbian"]() and spec.retrieval is RETRIEVALS["matched_filter"]()
    large = spec.dim_key * spec.dim_value >= cost.SMALL_STATE and spec.dim_key < 2**16
    return plain and large and all(side.code == "bits" for side in spec.sides)


def trial_cost(spec: trial.Spec, num_patterns: Sequence[int]) -> float:
    """Of one trial, in multiply-adds of a product, about."""
    if spec.form == "parallel":
        return cost.by_pairs(spec.dim_key, spec.dim_value, num_patterns, spec.probes)
    packed = trial.fast_form(spec.rule, *spec.sides) is not None
    reading = spec.probes + cost.READER_STEPS * 2 * spec.max_patterns
    return cost.by_state(spec.dim_key, spec.dim_value, num_patterns, reading, spec.block, packed)


def memory_needed(spec: trial.Spec, devices: int) -> float:
    """Bytes, about: of the busiest device, or of all of them where they share one memory (CPU).

    The state, its copy while a block is finished and the memory read, or none of them; codebook, one block and the
    probes with what reading them needs; the keys and a block of columns for a reader that is given keys.
    """
    state = jax.eval_shape(lambda: spec.rule.init(spec.dim_key, spec.dim_value)) if spec.form == "state" else ()
    book = jax.eval_shape(lambda: spec.sides[1].book(jax.random.key(0)))
    size, words = (sum(x.size * x.dtype.itemsize for x in jax.tree.leaves(part)) for part in (state, book))
    rows = words + 4 * (spec.block + 4 * spec.probes) * (spec.dim_key + spec.dim_value)
    rows += memory.reading(spec, state, book)
    held = 4 * spec.max_patterns * (spec.dim_key + 3 * min(spec.dim_value, 512))
    return (devices if jax.devices()[0].platform == "cpu" else 1) * (3 * size / spec.num_shards + rows + held)


def memory_free() -> float:
    """Bytes: of a device, or of the machine where devices share it; of the first process, where there are several."""
    return processes.from_first(_memory_free())


def _memory_free() -> float:
    device = jax.devices()[0]
    stats = device.memory_stats() if device.platform != "cpu" else None
    if stats and "bytes_limit" in stats:
        return float(stats["bytes_limit"])
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        return 1024.0 * int(next(line for line in lines if line.startswith("MemAvailable")).split()[1])
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
