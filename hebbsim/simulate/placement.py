"""How a trial is run: with a memory, or with fields summed over pairs, and on how many devices. No count depends on it."""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

import jax

from hebbsim.errors import HebbsimError
from hebbsim.kernels.packed import form_on
from hebbsim.simulate import cost, memory, processes, trial
from hebbsim.simulate.rates import choose_forms, measured

CLOSE = 3.0  # forms whose costs differ by more are not worth timing kernels for
WORTH = 5e9  # multiply-adds, about 0.1 s, of a trial that is


def choose_placement(spec: trial.Spec, num_patterns: Sequence[int], form: str = "") -> trial.Spec:
    """The cheapest form of those that fit, or `form`; its memory spread over as few devices as hold it.

    Raises HebbsimError, saying what is needed and what there is, if none fits, and for a form that there is not.
    """
    devices = len(jax.devices())
    choose_forms()
    choices = forms(spec, num_patterns)
    if form and form not in choices:
        raise HebbsimError(f"form = {form!r}; allowed for {spec.rule.label} read so: {', '.join(choices)}")
    order = [form] if form else sorted(choices, key=lambda name: trial_cost(choices[name], num_patterns))
    if len(order) > 1:
        order = settle(order, choices, num_patterns)
    needs = [(memory_needed(choice, devices), choice) for name in order for choice in shared(choices[name], devices)]
    free = memory_free()
    for need, choice in needs:
        if need <= free:
            return choice
    least = min(need for need, _ in needs)
    alone = jax.devices()[0].platform == "cpu" and devices > 1 and memory_needed(needs[0][1], 1) <= free
    fewer = ", or one device (JAX_NUM_CPU_DEVICES=1)" if alone else ""
    raise HebbsimError(
        f"dims {spec.dim_key} x {spec.dim_value}: {spec.rule.label} needs about {least / 2**30:.1f} GiB, "
        f"{free / 2**30:.1f} GiB are free; allowed: smaller dims{fewer}"
    )


def forms(spec: trial.Spec, num_patterns: Sequence[int]) -> dict[str, trial.Spec]:
    """The forms in which a trial can be run, each with its block, by name; the state form is always one.

    The others sum over pairs, (Q K^T) V, and need no memory. Where the same pairs are read at every load the fields are
    carried on; where not, they are summed anew at each.
    """
    found = {"state": spec._replace(form="state", block=state_block(spec, num_patterns))}
    if trial.sum_of(spec.rule) and "as_recalled" in spec.retrieval.provides:
        width, exact = width_of(spec), spec.sums_exactly
        block = cost.carried_block(width, spec.dim_value, num_patterns, spec.probes, exact)
        if spec.same_pairs:
            found["carried"] = spec._replace(form="carried", block=block)
        if spec.same_pairs or exact:  # anew at each load other pairs are read: in an order of their own if not exact
            found["parallel"] = spec._replace(form="parallel", block=cost.CARRIED_BLOCK)
    return found


def settle(order: list[str], choices: dict[str, trial.Spec], num_patterns: Sequence[int]) -> list[str]:
    """The order of forms, cheapest first, by the rates of this machine where it is close and worth the timing."""
    first, second = (trial_cost(choices[name], num_patterns) for name in order[:2])
    spec = choices["state"]
    far = first < WORTH or second > CLOSE * first
    if far or not spec.sums_exactly or jax.process_count() > 1:  # several processes must choose alike
        return order
    rates = measured()
    return sorted(order, key=lambda name: trial_cost(choices[name], num_patterns, rates))


def shared(spec: trial.Spec, devices: int) -> list[trial.Spec]:
    """The spec with its memory on one device, and on as many more as divide the devices and the columns."""
    if spec.form != "state":
        return [spec]
    shards = (n for n in range(1, devices + 1) if devices % n == 0 and spec.dim_value % n == 0)
    return [spec._replace(num_shards=n) for n in shards]


def state_block(spec: trial.Spec, num_patterns: Sequence[int]) -> int:
    """Pairs written at once: as they fit the loads, for a form on bits."""
    if trial.fast_form(spec.rule, *spec.sides):
        if form_on(jax.devices()[0].platform, "write") == "bits":
            return cost.packed_block(num_patterns, spec.block)
        if spec.block >= 1024:
            return cost.packed_block(num_patterns, 8192, cost.PRODUCT_OVERHEAD, 1024)
    return spec.block


def width_of(spec: trial.Spec) -> int:
    """Rows of the memory: dim_key, or the features of a key."""
    return max(1, spec.rule.num_state(spec.dim_key, spec.dim_value) // spec.dim_value)


def trial_cost(spec: trial.Spec, num_patterns: Sequence[int], rates: cost.Rates = cost.RATES) -> float:
    """Of one trial, in multiply-adds of a product, about."""
    width = width_of(spec)
    if spec.form != "state":
        packed, exact = spec.sides[0].code == "bits" and spec.sums_exactly, spec.sums_exactly
        carried = spec.form == "carried"
        given = width, spec.dim_value, num_patterns, spec.probes, spec.block
        return cost.by_sums(*given, packed, exact, carried, rates)
    packed = trial.fast_form(spec.rule, *spec.sides) is not None
    reading = spec.probes + cost.READER_STEPS * 2 * spec.max_patterns
    return cost.by_state(width, spec.dim_value, num_patterns, reading, spec.block, packed, rates)


def memory_needed(spec: trial.Spec, devices: int) -> float:
    """Bytes, about: of the busiest device, or of all of them where they share one memory (CPU).

    The state, its copy while a block is finished and the memory read, with what writing and consolidating need beside
    them, or none of these; codebook, one block and the probes with what reading them needs; the keys and a block of
    columns for a reader that is given keys. Within a factor of two below and five above what the compiler asks for.
    """
    state = jax.eval_shape(lambda: spec.rule.init(spec.dim_key, spec.dim_value)) if spec.form == "state" else ()
    book = jax.eval_shape(lambda: spec.sides[1].book(jax.random.key(0)))
    size, words = (sum(x.size * x.dtype.itemsize for x in jax.tree.leaves(part)) for part in (state, book))
    rows = words + 4 * (spec.block + 4 * spec.probes) * (spec.dim_key + spec.dim_value)
    rows += memory.reading(spec, state, book)
    if spec.form == "state" and not trial.fast_form(spec.rule, *spec.sides):
        rows += memory.writing(spec.rule, spec.dim_key, spec.dim_value, spec.block)
    rows += 0 if spec.form == "state" else 4 * (spec.block + spec.probes) * width_of(spec)
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
