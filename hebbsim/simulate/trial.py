"""One trial: a memory filled once, and probed at every load on the way."""

import functools
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, PartitionSpec
from jaxtyping import Array, Int, PyTree

from hebbsim.base import Known
from hebbsim.simulate import processes
from hebbsim.simulate.carried import carry_and_probe, no_pairs
from hebbsim.simulate.draws import Draws, as_keys, prepare
from hebbsim.simulate.memory import check_fits
from hebbsim.simulate.probing import Probes, Trial, draw_codes, probes_at, probes_of, score, start_trial
from hebbsim.simulate.probing import sum_probes as sum_probes
from hebbsim.simulate.settings import pinned
from hebbsim.simulate.spec import Spec as Spec
from hebbsim.simulate.spec import default_block as default_block
from hebbsim.simulate.spec import fast_form as fast_form
from hebbsim.simulate.spec import reads_same_pairs as reads_same_pairs
from hebbsim.simulate.spec import sum_of as sum_of
from hebbsim.simulate.spec import writer as writer


def shard_columns(spec: Spec, state: PyTree) -> PyTree:
    """The state with its columns, entries of the value, spread over the devices that share it."""
    if spec.num_shards == 1:
        return state
    columns = (leaf.ndim == 2 and leaf.shape[1] == spec.dim_value for leaf in jax.tree.leaves(state))
    parts = iter([PartitionSpec(None, "values") if wide else PartitionSpec() for wide in columns])
    return jax.tree.map(lambda leaf: jax.lax.with_sharding_constraint(leaf, next(parts)), state)


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


def complete(trial: Trial, probes: Probes | None, state: PyTree, done: Array, i: Array) -> tuple[PyTree, Probes]:
    """The state with every pair of load `i` written, and what to probe there: `probes`, or the pairs of that load."""
    if trial.writes_partial_blocks:
        return state, probes or probes_at(trial, i)
    # One place that draws: each costs time to compile.
    rest = done + jnp.arange(trial.spec.block)
    read = 0 if probes else trial.spec.probes
    keys, values = draw_codes(trial, rest if probes else jnp.concatenate([trial.draws.index[i], rest]))
    _, write_part = writers_of(trial)
    state = write_part(state, keys[read:], values[read:], trial.num_patterns[i] - done)
    return shard_columns(trial.spec, state), probes or probes_of(trial, keys[:read], values[:read], i)


def side_information(trial: Trial, i: Array) -> Known:
    """What a reader may use at load `i`: the keys written so far, regenerated, and the codebook."""
    target = trial.num_patterns[i]

    def known_keys(index: Array) -> Array:
        rows = trial.key_side.rows(trial.books[0], trial.key_side.draw(trial.draws.sides[0], index))
        return jnp.where((index < target)[:, None], rows, 0.0)

    return Known(known_keys, target, trial.spec.max_patterns, trial.books[1], trial.value_side, trial.key_side.spectrum)


def probe_memory(trial: Trial, memory: PyTree, probes: Probes, i: Array) -> dict[str, Array]:
    """Counts at load `i` of a memory that holds its pairs."""
    spec, fast = trial.spec, trial.fast
    recall = fast.recall if fast and probes.code is not None else None
    rule = spec.rule._replace(recall=recall) if recall else spec.rule
    found = spec.retrieval.solve(memory, side_information(trial, i))
    field = spec.retrieval.field(rule, found, probes.code if recall else probes.queries, trial.draws.index[i])
    return score(trial, field, i, probes.queries, probes.values, probes.rows)


def fill_and_probe(
    trial: Trial, probes: Probes | None, state: PyTree, done: Array, i: Array
) -> tuple[PyTree, Array, dict[str, Array]]:
    """Go on to load `i` and read there: the state to go on from, the pairs that it holds, and the counts.

    probes: the pairs read at every load, or None where each load has its own.

    Sums of integers go on from the load just probed. Any other state goes on from its last full block, and a copy is
    completed for probing, so that results do not depend on the other loads of the sweep.
    """
    if trial.spec.form == "parallel":
        zero = jnp.int32(0)
        return state, done, carry_and_probe(trial, probes_at(trial, i), no_pairs(trial.spec), zero, i)[2]
    state, done = fill(trial, state, done, trial.num_patterns[i])
    completed, probes = complete(trial, probes, state, done, i)
    counts = probe_memory(trial, trial.spec.rule.consolidate(completed), probes, i)
    return (completed, trial.num_patterns[i], counts) if trial.spec.sums_exactly else (state, done, counts)


def run_one(spec: Spec, draws: Draws, num_patterns: Int[Array, "loads"], num_loads: Array) -> dict[str, Array]:
    """Counts at each of the first `num_loads` entries of `num_patterns` (ascending), leading axis loads."""
    trial = start_trial(spec, draws, num_patterns)

    zero = jnp.int32(0)
    state: PyTree = ()
    go_on: Callable = functools.partial(fill_and_probe, trial, None)
    if spec.form == "state":
        state = shard_columns(spec, spec.rule.init(spec.dim_key, spec.dim_value))
        if spec.same_pairs:  # read at every load, and drawn once
            go_on = functools.partial(fill_and_probe, trial, probes_at(trial, zero))
    elif spec.form == "carried":
        state, go_on = no_pairs(spec), functools.partial(carry_and_probe, trial, probes_at(trial, zero))

    def at_load(i: Array, carry: tuple[PyTree, Array, dict]) -> tuple[PyTree, Array, dict]:
        state, done, counts = go_on(*carry[:2], i)
        out = carry[2]
        return state, done, {n: jax.lax.dynamic_update_index_in_dim(out[n], counts[n], i, 0) for n in out}

    shapes = jax.eval_shape(go_on, state, zero, zero)[2]
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
    several, same = jax.process_count() > 1, np.bool_(spec.same_pairs)
    compiled = functools.partial(processes.call, _run, spec, devices) if several else program(spec, devices, max_loads)
    parts = []
    for start in range(0, len(trials), trials_per_batch):
        batch = trials[start : start + trials_per_batch]
        padded = np.asarray(batch + batch[:1] * (trials_per_batch - len(batch)), np.int32)
        draws = prepare(np.uint32(seed), spec.dim_key, spec.dim_value, padded, loads, same, probes=spec.probes)
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
    trials = np.zeros(devices // spec.num_shards, np.int32)
    given = np.uint32(0), spec.dim_key, spec.dim_value, trials, loads, np.bool_(spec.same_pairs)
    drawing = functools.partial(prepare, probes=spec.probes)
    draws = prepare.eval_shape(*given, probes=spec.probes)
    with ThreadPoolExecutor(1) as beside:
        drawn = beside.submit(pinned()(drawing), *given)  # settings are a thread's own
        compiled = _run.lower(spec, devices, draws, loads, np.int32(0)).compile()
    drawn.result()
    check_fits(compiled, devices, f"{spec.rule.label}, dims {spec.dim_key} x {spec.dim_value}")
    return compiled
