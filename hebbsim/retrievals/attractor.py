"""Dynamics: the cue falls into an attractor."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, PyTree

from hebbsim.base import Field, Known, Retrieval, Rule
from hebbsim.parts import factory


@factory(
    steps=(lambda n: n >= 1, "an integer, 1 or more"),
    schedule=(lambda s: s in ("synchronous", "asynchronous"), "'synchronous' or 'asynchronous'"),
)
def attractor(label: str, *, steps: int = 50, schedule: str = "synchronous") -> Retrieval:
    """x <- sign(x S) until nothing changes, or `steps` sweeps; field = x S of the last state, a zero field changing nothing.

    synchronous: all units at once. asynchronous: one after the other, in order, which is fair for random patterns.
    For tied +-1 patterns in a symmetric memory. Counts: iterations (sweeps until the last live probe of the load rested,
    or `steps`; once a load) and unconverged (live probes still moving at the end: cycles of two, which all units at once
    may fall into, among them). Source: Hopfield 1982; Little 1974 for the synchronous form.
    """

    def solve(memory: PyTree, known: Known) -> PyTree:
        return memory, known.num_patterns

    def decide(field: Array, old: Array) -> Array:
        return jnp.where(field > 0, 1.0, jnp.where(field < 0, -1.0, old))

    def field(rule: Rule, found: PyTree, queries: Any, index: Int[Array, "p"]) -> Field:
        memory, num_patterns = found
        live = jnp.arange(queries.shape[0]) < num_patterns  # the idle probes come last, see draws.probe_index

        def sweep(x: Array) -> Array:
            if schedule == "synchronous":
                return decide(rule.recall(memory, x), x)

            def unit(i: Array, x: Array) -> Array:
                one = jnp.sum(x * memory[:, i][None, :], axis=1)
                return x.at[:, i].set(decide(one, x[:, i]))

            return jax.lax.fori_loop(0, x.shape[1], unit, x)

        def undecided(carry: tuple[Array, Array, Array, Array]) -> Array:
            _, _, wandering, count = carry
            return jnp.any(wandering) & (count < steps)

        def step(carry: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
            before, x, _, count = carry
            new = sweep(x)
            return x, new, live & jnp.any(new != x, axis=1) & jnp.any(new != before, axis=1), count + 1

        before, x, _, count = jax.lax.while_loop(undecided, step, (queries, queries, live, jnp.int32(0)))
        # Who rests stays and who is where it was two sweeps ago goes on so: what is left of the steps is known.
        moving = live & jnp.any(x != before, axis=1)
        x = jnp.where((steps - count) % 2 == 1, before, x)
        counts = {
            "iterations": jnp.where(jnp.any(moving), steps, count),
            "unconverged": jnp.sum(moving, dtype=jnp.int32),
        }
        largest = jnp.max(jnp.sum(jnp.abs(memory), axis=0))
        return Field(rule.recall(memory, x), jnp.float32(jnp.nan), counts | {"largest": largest})

    return Retrieval(label, solve, field, requires={"symmetric", "tied", "bipolar"}, provides={"exact"})
