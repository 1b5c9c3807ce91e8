"""One trial: a memory filled once, and probed at every load on the way."""

import functools
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, PartitionSpec
from jaxtyping import Array, Int, PyTree

from hebbsim.base import Fast, Field, Known, Side, Truth, dot
from hebbsim.kernels.packed import overlaps
from hebbsim.simulate import processes
from hebbsim.simulate.draws import Draws, as_keys, prepare
from hebbsim.simulate.memory import check_fits
from hebbsim.simulate.settings import pinned
from hebbsim.simulate.spec import Spec as Spec
from hebbsim.simulate.spec import default_block as default_block
from hebbsim.simulate.spec import fast_form as fast_form
from hebbsim.simulate.spec import writer as writer


def sum_probes(counts: dict[str, Array], live: Array, age: Array, edges: tuple[int, ...]) -> dict[str, Array]:
    """Sum the counts of the live probes, into len(edges) + 1 bins of age if edges are given. "largest" is a maximum."""
    total = {}
    for name, count in counts.items():
        shape = live.shape + (1,) * (count.ndim - 1)
        kept = jnp.where(live.reshape(shape), count, jnp.zeros((), count.dtype))
        if name == "largest":
            total[name] = jnp.max(kept)
        elif edges:
            bins = jnp.searchsorted(jnp.asarray(edges), age, side="right")
            total[name] = jax.ops.segment_sum(kept, bins, len(edges) + 1)
        else:
            total[name] = jnp.sum(kept, axis=0)
    return total


class Trial(NamedTuple):
    """One trial at work: what is static, its randomness, the loads to probe, and both sides with their codebooks."""

    spec: Spec
    draws: Draws
    num_patterns: Int[Array, "loads"]
    key_side: Side
    value_side: Side
    books: tuple[Any, Any]

    @property
    def fast(self) -> Fast | None:
        """The rule's form on compact codes, if it has one."""
        return fast_form(self.spec.rule, self.key_side, self.value_side)

    @property
    def resumes_exactly(self) -> bool:
        """Whether the state continues from the load just probed, which is so for sums of integers.

        Any other state continues from its last full block, and a copy is completed for probing, so that results do not
        depend on the other loads of the sweep.
        """
        return {"exact"} <= self.spec.rule.provides & self.spec.ensemble.provides

    @property
    def writes_partial_blocks(self) -> bool:
        """Whether a block that is part-filled costs the same step as a full one: a form on codes masks the rest."""
        return self.resumes_exactly and self.fast is not None


def start_trial(spec: Spec, draws: Draws, num_patterns: Int[Array, "loads"]) -> Trial:
    """The trial with its codebook drawn."""
    key_side, value_side = spec.sides
    book = value_side.book(draws.book)
    return Trial(spec, draws, num_patterns, key_side, value_side, (book if spec.tied else (), book))


def shard_columns(spec: Spec, state: PyTree) -> PyTree:
    """The state with its columns, entries of the value, spread over the devices that share it."""
    if spec.num_shards == 1:
        return state
    columns = (leaf.ndim == 2 and leaf.shape[1] == spec.dim_value for leaf in jax.tree.leaves(state))
    parts = iter([PartitionSpec(None, "values") if wide else PartitionSpec() for wide in columns])
    return jax.tree.map(lambda leaf: jax.lax.with_sharding_constraint(leaf, next(parts)), state)


def draw_codes(trial: Trial, index: Int[Array, "n"]) -> tuple[Array, Array]:
    """Compact codes of the keys and the values of the pairs at `index`."""
    key_side, value_side, rng_keys = trial.key_side, trial.value_side, trial.draws.sides
    if trial.spec.tied:
        keys = key_side.draw(rng_keys[0], index)
        return keys, keys
    if key_side.draw is value_side.draw:  # in one place: each that draws costs about 0.3 s to compile
        both = jax.vmap(key_side.draw, (0, None))(rng_keys, index)
        return both[0], both[1]
    of_values = 0 if "paired" in trial.spec.ensemble.provides else 1
    return key_side.draw(rng_keys[0], index), value_side.draw(rng_keys[of_values], index)


def writers_of(trial: Trial) -> tuple[Callable, Callable]:
    """The trial's (write, write_part), see `writer`."""
    return writer(trial.spec.rule, trial.key_side, trial.value_side, trial.books, trial.spec.block)


def fill(trial: Trial, state: PyTree, done: Array, target: Array) -> tuple[PyTree, Array]:
    """Write pairs `done` up to `target`, in whole blocks unless a part of one costs the same. Returns what is done."""
    block, partial = trial.spec.block, trial.writes_partial_blocks
    write, write_part = writers_of(trial)
    blocks = -(-(target - done) // block) if partial else (target - done) // block

    def step(i: Array, state: PyTree) -> PyTree:
        at = done + i * block
        codes = draw_codes(trial, at + jnp.arange(block))
        written = write_part(state, *codes, jnp.minimum(block, target - at)) if partial else write(state, *codes)
        return shard_columns(trial.spec, written)

    state = jax.lax.fori_loop(0, blocks, step, state)
    return state, target if partial else done + blocks * block


def complete(trial: Trial, state: PyTree, done: Array, i: Array) -> tuple[PyTree, Array, Array]:
    """The state with every pair of load `i` written, and the codes of the keys and values to probe there."""
    index, probes = trial.draws.index[i], trial.spec.probes
    if trial.writes_partial_blocks:
        return state, *draw_codes(trial, index)
    # One place that draws: each costs time to compile.
    keys, values = draw_codes(trial, jnp.concatenate([index, done + jnp.arange(trial.spec.block)]))
    _, write_part = writers_of(trial)
    state = write_part(state, keys[probes:], values[probes:], trial.num_patterns[i] - done)
    return shard_columns(trial.spec, state), keys[:probes], values[:probes]


def side_information(trial: Trial, i: Array) -> Known:
    """What a reader may use at load `i`: the keys written so far, regenerated, and the codebook."""
    target = trial.num_patterns[i]

    def known_keys(index: Array) -> Array:
        rows = trial.key_side.rows(trial.books[0], trial.key_side.draw(trial.draws.sides[0], index))
        return jnp.where((index < target)[:, None], rows, 0.0)

    return Known(known_keys, target, trial.spec.max_patterns, trial.books[1], trial.value_side, trial.key_side.spectrum)


def probe_memory(trial: Trial, memory: PyTree, keys: Array, values: Array, i: Array) -> dict[str, Array]:
    """Counts at load `i` of a memory that holds its pairs, from the codes of the probed keys and values."""
    spec, fast = trial.spec, trial.fast
    cue_code, queries = trial.key_side.cue(trial.draws.cues[i], trial.books[0], keys)
    recall = fast.recall if fast and cue_code is not None else None
    rule = spec.rule._replace(recall=recall) if recall else spec.rule
    found = spec.retrieval.solve(memory, side_information(trial, i))
    field = spec.retrieval.field(rule, found, cue_code if recall else queries, trial.draws.index[i])
    return score(trial, field, i, queries, values)


def probe_pairs(trial: Trial, i: Array) -> dict[str, Array]:
    """Counts at load `i` without a memory, the parallel form: field = sum over pairs of (query . key) value."""
    spec, book = trial.spec, trial.books[1]
    keys, values = draw_codes(trial, trial.draws.index[i])
    cue_code, queries = trial.key_side.cue(trial.draws.cues[i], trial.books[0], keys)

    def step(block: Array, carry: tuple[Array, Array]) -> tuple[Array, Array]:
        at = block * spec.block + jnp.arange(spec.block)
        key, value = draw_codes(trial, at)
        if trial.key_side.code == "bits" and cue_code is not None:
            overlap = overlaps(cue_code, key, spec.dim_key)
        else:
            overlap = dot(queries, trial.key_side.rows(trial.books[0], key).T)
        overlap = jnp.where((at < trial.num_patterns[i])[None, :], overlap, 0.0)
        field = carry[0] + dot(overlap, trial.value_side.rows(book, value))
        return field, carry[1] + jnp.sum(jnp.abs(overlap), axis=1)

    nothing = jnp.zeros((spec.probes, spec.dim_value)), jnp.zeros(spec.probes)
    value, size = jax.lax.fori_loop(0, -(-trial.num_patterns[i] // spec.block), step, nothing)
    return score(trial, Field(value, jnp.float32(jnp.nan), {"largest": jnp.max(size)}), i, queries, values)


def score(trial: Trial, field: Field, i: Array, queries: Array, values: Array) -> dict[str, Array]:
    """Summed counts of the probes at load `i`, with the field's largest sum and whether it is finite."""
    index, live = trial.draws.index[i], trial.draws.live[i]
    value_side, book = trial.value_side, trial.books[1]
    rows, kind = value_side.rows(book, values), trial.spec.ensemble.kind
    fair = "fair" in trial.spec.ensemble.provides
    truth = Truth(values, rows, book, value_side.rows, queries, trial.spec.tied, live, kind, fair)
    age = trial.num_patterns[i] - 1 - index
    counts = sum_probes(trial.spec.readout.score(field, truth), live, age, trial.spec.ages)
    largest = [c["largest"] for c in (counts, field.counts) if "largest" in c]
    finite = jnp.all(jnp.isfinite(jnp.where(live[:, None], field.value, 0.0)))
    counts |= field.counts
    return counts | {"largest": jnp.max(jnp.stack([jnp.float32(0), *largest])), "finite": finite}


def fill_and_probe(trial: Trial, state: PyTree, done: Array, i: Array) -> tuple[PyTree, Array, dict[str, Array]]:
    """Go on to load `i` and read there: the state to go on from, the pairs that it holds, and the counts."""
    if trial.spec.form == "parallel":
        return state, done, probe_pairs(trial, i)
    state, done = fill(trial, state, done, trial.num_patterns[i])
    completed, keys, values = complete(trial, state, done, i)
    counts = probe_memory(trial, trial.spec.rule.consolidate(completed), keys, values, i)
    return (completed, trial.num_patterns[i], counts) if trial.resumes_exactly else (state, done, counts)


def run_one(spec: Spec, draws: Draws, num_patterns: Int[Array, "loads"], num_loads: Array) -> dict[str, Array]:
    """Counts at each of the first `num_loads` entries of `num_patterns` (ascending), leading axis loads."""
    trial = start_trial(spec, draws, num_patterns)

    def at_load(i: Array, carry: tuple[PyTree, Array, dict]) -> tuple[PyTree, Array, dict]:
        state, done, counts = fill_and_probe(trial, *carry[:2], i)
        out = carry[2]
        return state, done, {n: jax.lax.dynamic_update_index_in_dim(out[n], counts[n], i, 0) for n in out}

    state = shard_columns(spec, spec.rule.init(spec.dim_key, spec.dim_value)) if spec.form == "state" else ()
    zero = jnp.int32(0)
    shapes = jax.eval_shape(functools.partial(fill_and_probe, trial), state, zero, zero)[2]
    out = {name: jnp.zeros((len(num_patterns), *s.shape), s.dtype) for name, s in shapes.items()}
    return jax.lax.fori_loop(0, num_loads, at_load, (state, zero, out))[2]


@functools.partial(jax.jit, static_argnames=("spec", "devices"))
def _run(spec: Spec, devices: int, draws: Draws, num_patterns: Array, num_loads: Array) -> dict[str, Array]:
    def each(draws: Draws, num_patterns: Array, num_loads: Array) -> dict[str, Array]:
        return jax.lax.map(lambda one: run_one(spec, as_keys(one), num_patterns, num_loads), draws)

    if devices == 1:
        return each(draws, num_patterns, num_loads)
    grid = np.asarray(jax.devices()[:devices]).reshape(-1, spec.num_shards)
    mesh = Mesh(grid, ("trials", "values"), axis_types=(AxisType.Auto, AxisType.Auto))
    by_trial, same = PartitionSpec("trials"), PartitionSpec()
    # Trials are independent, so we shard them by hand. The columns of one memory meet again in the readout, so their
    # sharding is left to the compiler.
    # With nothing left to the compiler, a readout may call the host: decode does.
    manual = set(mesh.axis_names) if mesh.shape["values"] == 1 else {"trials"}
    spread = jax.shard_map(
        each, mesh=mesh, in_specs=(by_trial, same, same), out_specs=by_trial, axis_names=manual, check_vma=False
    )
    return spread(draws, num_patterns, num_loads)


@pinned()
def run(spec: Spec, seed: int, trials: list[int], num_patterns: list[int], devices: int = 1) -> dict[str, np.ndarray]:
    """Counts of the given trials at the given numbers of patterns (ascending): arrays (trials, loads, ...).

    One compilation serves every choice of trials (devices / spec.num_shards of them at a time) and up to 16 loads.
    """
    trials_per_batch = devices // spec.num_shards
    max_loads = max(16, 1 << (len(num_patterns) - 1).bit_length())
    loads = np.full(max_loads, num_patterns[-1], np.int32)
    loads[: len(num_patterns)] = num_patterns
    several = jax.process_count() > 1
    compiled = functools.partial(processes.call, _run, spec, devices) if several else program(spec, devices, max_loads)
    parts = []
    for start in range(0, len(trials), trials_per_batch):
        batch = trials[start : start + trials_per_batch]
        padded = np.asarray(batch + batch[:1] * (trials_per_batch - len(batch)), np.int32)
        draws = prepare(np.uint32(seed), spec.dim_key, spec.dim_value, padded, loads, probes=spec.probes)
        out = wait(compiled(draws, loads, np.int32(len(num_patterns))))
        parts.append({name: np.asarray(array)[: len(batch), : len(num_patterns)] for name, array in out.items()})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def wait(arrays: dict[str, Any]) -> dict[str, Any]:
    """The arrays, once they are computed. Asking from time to time lets an interrupt through; JAX's own waiting does not."""
    pause = 5e-5
    while not all(array.is_ready() for array in arrays.values() if hasattr(array, "is_ready")):
        time.sleep(pause)
        pause = min(1.1 * pause, 0.05)
    return arrays


@functools.lru_cache
def program(spec: Spec, devices: int, max_loads: int) -> Callable[..., dict[str, Array]]:
    """_run, compiled for `max_loads` loads, while `prepare` is compiled beside it."""
    loads = np.ones(max_loads, np.int32)
    given = np.uint32(0), spec.dim_key, spec.dim_value, np.zeros(devices // spec.num_shards, np.int32), loads
    drawing = functools.partial(prepare, probes=spec.probes)
    draws = prepare.eval_shape(*given, probes=spec.probes)
    with ThreadPoolExecutor(1) as beside:
        drawn = beside.submit(pinned()(drawing), *given)  # settings are a thread's own
        compiled = _run.lower(spec, devices, draws, loads, np.int32(0)).compile()
    drawn.result()
    check_fits(compiled, devices, f"{spec.rule.label}, dims {spec.dim_key} x {spec.dim_value}")
    return compiled
