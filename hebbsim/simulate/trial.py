"""One trial: a memory filled once, and probed at every load on the way."""

import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, PartitionSpec
from jaxtyping import Array, Int, PyTree

from hebbsim.base import Ensemble, Fast, Field, Known, Readout, Retrieval, Rule, Side, Truth, dot
from hebbsim.kernels.packed import overlaps
from hebbsim.simulate import processes
from hebbsim.simulate.draws import Draws, as_keys, prepare
from hebbsim.simulate.memory import check_fits

PIECES = (32,)  # sizes in which the pairs of a last, part-filled block are written; then chunk by chunk


class Spec(NamedTuple):
    """All that is static in a trial. `rule` is the rule with its precision already wrapped round it."""

    rule: Rule
    ensemble: Ensemble
    retrieval: Retrieval
    readout: Readout
    dim_key: int
    dim_value: int
    probes: int
    ages: tuple[int, ...]
    tied: bool
    block: int  # pairs written at once: a multiple of the rule's chunk; no exact count depends on it
    max_patterns: int = 0  # for readers that are given all keys
    formed: bool = True  # the memory; else what is read is summed pair by pair, (Q K^T) V: see placement.pairwise
    split: int = 1  # devices that share a memory, each with some columns of it

    @property
    def sides(self) -> tuple[Side, Side]:
        """Keys and values; for tied patterns the value's row is the key's, uncued."""
        values = self.ensemble.values(self.dim_value)
        return (self.ensemble.tied_keys if self.tied else self.ensemble.keys)(self.dim_key), values


def default_block(dim_key: int, chunk: int) -> int:
    """About dim_key pairs, so that the product is square: at least 32, at most 1024, whole chunks."""
    block = min(1024, max(32, 1 << (dim_key - 1).bit_length()))
    return -(-block // chunk) * chunk


def fast_form(rule: Rule, key_side: Side, value_side: Side) -> Fast | None:
    """The rule's form on these codes, if it has one."""
    fits = (fast for fast in rule.fast if (fast.keys, fast.values) == (key_side.code, value_side.code))
    return next((fast for fast in fits if fast.of is rule.write), None)


def writer(
    rule: Rule, key_side: Side, value_side: Side, books: tuple[Any, Any], block: int
) -> tuple[Callable, Callable]:
    """write(state, key_codes, value_codes), a block of them; part(state, ..., count), the first `count` of a block."""
    fast = fast_form(rule, key_side, value_side)
    if fast:
        return lambda state, keys, values: fast.write(state, keys, values, len(keys)), fast.write

    def write(state: PyTree, keys: Array, values: Array) -> PyTree:
        return rule.write(state, key_side.rows(books[0], keys), value_side.rows(books[1], values))

    def part(state: PyTree, keys: Array, values: Array, count: Array) -> PyTree:
        """In pieces: never padded, for a zero is a pair to most rules."""
        at = jnp.int32(0)
        chunk = rule.chunk
        for size in [*(p for p in PIECES if chunk < p < block and p % chunk == 0), chunk]:

            def step(i: Array, state: PyTree, at: Array = at, size: int = size) -> PyTree:
                return write(
                    state, *(jax.lax.dynamic_slice_in_dim(code, at + i * size, size) for code in (keys, values))
                )

            pieces = (count - at) // size
            state = jax.lax.fori_loop(0, pieces, step, state)
            at = at + pieces * size
        return state

    return write, part


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


def run_one(spec: Spec, draws: Draws, num_patterns: Int[Array, "loads"], num_loads: Array) -> dict[str, Array]:
    """Counts at each of the first `num_loads` entries of `num_patterns` (ascending), leading axis loads."""
    key_side, value_side = spec.sides
    book = value_side.book(draws.book)
    books = (book if spec.tied else (), book)
    write, part = writer(spec.rule, key_side, value_side, books, spec.block)
    fast = fast_form(spec.rule, key_side, value_side)
    # A sum of whole numbers may go on from where it was read. Any other state goes on from whole blocks, a copy of it
    # being read: what it holds must not hang on the other loads of the sweep.
    carried = {"exact"} <= spec.rule.gives & spec.ensemble.gives
    direct = carried and fast is not None  # a form on codes takes a part of a block as it takes a block

    def shared(state: PyTree) -> PyTree:
        """The state with its columns, entries of the value, spread over the devices that share it."""
        if spec.split == 1:
            return state
        columns = (leaf.ndim == 2 and leaf.shape[1] == spec.dim_value for leaf in jax.tree.leaves(state))
        parts = iter([PartitionSpec(None, "values") if wide else PartitionSpec() for wide in columns])
        return jax.tree.map(lambda leaf: jax.lax.with_sharding_constraint(leaf, next(parts)), state)

    def draw(index: Array) -> tuple[Array, Array]:
        if spec.tied:
            keys = key_side.draw(draws.sides[0], index)
            return keys, keys
        if key_side.draw is value_side.draw:  # in one place: each that draws costs about 0.3 s to compile
            both = jax.vmap(key_side.draw, (0, None))(draws.sides, index)
            return both[0], both[1]
        return key_side.draw(draws.sides[0], index), value_side.draw(draws.sides[1], index)

    def fill(state: PyTree, done: Array, target: Array) -> tuple[PyTree, Array]:
        blocks = -(-(target - done) // spec.block) if direct else (target - done) // spec.block

        def step(i: Array, state: PyTree) -> PyTree:
            at = done + i * spec.block
            codes = draw(at + jnp.arange(spec.block))
            return shared(part(state, *codes, jnp.minimum(spec.block, target - at)) if direct else write(state, *codes))

        state = jax.lax.fori_loop(0, blocks, step, state)
        return state, target if direct else done + blocks * spec.block

    def score(field: Field, i: Array, queries: Array, values: Array) -> dict[str, Array]:
        index, live = draws.index[i], draws.live[i]
        rows = value_side.rows(book, values)
        truth = Truth(values, rows, book, value_side.rows, queries, spec.tied, live)
        counts = sum_probes(spec.readout.score(field, truth), live, num_patterns[i] - 1 - index, spec.ages)
        largest = [c["largest"] for c in (counts, field.counts) if "largest" in c]
        finite = jnp.all(jnp.isfinite(jnp.where(live[:, None], field.value, 0.0)))
        counts |= field.counts
        return counts | {"largest": jnp.max(jnp.stack([jnp.float32(0), *largest])), "finite": finite}

    def probe(state: PyTree, done: Array, i: Array) -> tuple[PyTree, dict[str, Array]]:
        target, index = num_patterns[i], draws.index[i]
        if direct:
            keys, values = draw(index)
        else:  # one place that draws: each costs time to compile
            keys, values = draw(jnp.concatenate([index, done + jnp.arange(spec.block)]))
            state = shared(part(state, keys[spec.probes :], values[spec.probes :], target - done))
            keys, values = keys[: spec.probes], values[: spec.probes]
        memory = spec.rule.consolidate(state)
        cue_code, queries = key_side.cue(draws.cues[i], books[0], keys)
        quick = fast.recall if fast and cue_code is not None else None
        rule = spec.rule._replace(recall=quick) if quick else spec.rule

        def known_keys(index: Array) -> Array:
            rows = key_side.rows(books[0], key_side.draw(draws.sides[0], index))
            return jnp.where((index < target)[:, None], rows, 0.0)

        found = spec.retrieval.solve(memory, Known(known_keys, target, spec.max_patterns, book, value_side))
        field = spec.retrieval.field(rule, found, cue_code if quick else queries, index)
        return state, score(field, i, queries, values)

    def probe_pairs(i: Array) -> dict[str, Array]:
        """The field of a sum of outer products without the sum: field = sum over pairs of (query . key) value."""
        keys, values = draw(draws.index[i])
        cue_code, queries = key_side.cue(draws.cues[i], books[0], keys)

        def step(block: Array, carry: tuple[Array, Array]) -> tuple[Array, Array]:
            at = block * spec.block + jnp.arange(spec.block)
            key, value = draw(at)
            packed = cue_code is not None
            overlap = overlaps(cue_code, key, spec.dim_key) if packed else dot(queries, key_side.rows(books[0], key).T)
            overlap = jnp.where((at < num_patterns[i])[None, :], overlap, 0.0)
            return carry[0] + dot(overlap, value_side.rows(book, value)), carry[1] + jnp.sum(jnp.abs(overlap), axis=1)

        nothing = jnp.zeros((spec.probes, spec.dim_value)), jnp.zeros(spec.probes)
        value, size = jax.lax.fori_loop(0, -(-num_patterns[i] // spec.block), step, nothing)
        return score(Field(value, jnp.float32(jnp.nan), {"largest": jnp.max(size)}), i, queries, values)

    def at_load(i: Array, carry: tuple[PyTree, Array, dict]) -> tuple[PyTree, Array, dict]:
        state, done, out = carry
        if not spec.formed:
            counts = probe_pairs(i)
        else:
            state, done = fill(state, done, num_patterns[i])
            finished, counts = probe(state, done, i)
            if carried:
                state, done = finished, num_patterns[i]
        out = {name: jax.lax.dynamic_update_index_in_dim(out[name], counts[name], i, 0) for name in out}
        return state, done, out

    state = shared(spec.rule.init(spec.dim_key, spec.dim_value)) if spec.formed else ()
    zero = jnp.int32(0)
    shapes = jax.eval_shape(probe, state, zero, zero)[1] if spec.formed else jax.eval_shape(probe_pairs, zero)
    out = {name: jnp.zeros((len(num_patterns), *s.shape), s.dtype) for name, s in shapes.items()}
    return jax.lax.fori_loop(0, num_loads, at_load, (state, zero, out))[2]


@functools.partial(jax.jit, static_argnames=("spec", "devices"))
def _run(spec: Spec, devices: int, draws: Draws, num_patterns: Array, num_loads: Array) -> dict[str, Array]:
    def each(draws: Draws, num_patterns: Array, num_loads: Array) -> dict[str, Array]:
        return jax.lax.map(lambda one: run_one(spec, as_keys(one), num_patterns, num_loads), draws)

    if devices == 1:
        return each(draws, num_patterns, num_loads)
    grid = np.asarray(jax.devices()[:devices]).reshape(-1, spec.split)
    mesh = Mesh(grid, ("trials", "values"), axis_types=(AxisType.Auto, AxisType.Auto))
    split, same = PartitionSpec("trials"), PartitionSpec()
    # Trials know nothing of each other: by hand. A memory's columns do, at its readout: left to the compiler.
    spread = jax.shard_map(
        each, mesh=mesh, in_specs=(split, same, same), out_specs=split, axis_names={"trials"}, check_vma=False
    )
    return spread(draws, num_patterns, num_loads)


def run(spec: Spec, seed: int, trials: list[int], num_patterns: list[int], devices: int = 1) -> dict[str, np.ndarray]:
    """Counts of the given trials at the given numbers of patterns (ascending): arrays (trials, loads, ...).

    One compilation serves every choice of trials (devices / spec.split of them at a time) and up to 16 loads.
    """
    together = devices // spec.split
    room = max(16, 1 << (len(num_patterns) - 1).bit_length())
    loads = np.full(room, num_patterns[-1], np.int32)
    loads[: len(num_patterns)] = num_patterns
    several = jax.process_count() > 1
    compiled = functools.partial(processes.call, _run, spec, devices) if several else program(spec, devices, room)
    parts = []
    for start in range(0, len(trials), together):
        batch = trials[start : start + together]
        padded = np.asarray(batch + batch[:1] * (together - len(batch)), np.int32)
        draws = prepare(np.uint32(seed), spec.dim_key, spec.dim_value, padded, loads, probes=spec.probes)
        out = compiled(draws, loads, np.int32(len(num_patterns)))
        parts.append({name: np.asarray(array)[: len(batch), : len(num_patterns)] for name, array in out.items()})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


@functools.lru_cache
def program(spec: Spec, devices: int, room: int) -> Callable[..., dict[str, Array]]:
    """_run, compiled for `room` loads, while `prepare` is compiled beside it."""
    loads = np.ones(room, np.int32)
    given = np.uint32(0), spec.dim_key, spec.dim_value, np.zeros(devices // spec.split, np.int32), loads
    drawing = functools.partial(prepare, probes=spec.probes)
    draws = prepare.eval_shape(*given, probes=spec.probes)
    with ThreadPoolExecutor(1) as beside:
        drawn = beside.submit(drawing, *given)
        compiled = _run.lower(spec, devices, draws, loads, np.int32(0)).compile()
    drawn.result()
    check_fits(compiled, devices, f"{spec.rule.label}, dims {spec.dim_key} x {spec.dim_value}")
    return compiled
