"""Dynamics: the cue falls into an attractor."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, PyTree

from hebbsim.base import Field, Known, Retrieval, Rule, factory


@factory(
    steps=(lambda n: n >= 1, "a whole number, 1 or more"),
    schedule=(lambda s: s in ("synchronous", "asynchronous"), "'synchronous' or 'asynchronous'"),
)
def attractor(label: str, *, steps: int = 50, schedule: str = "synchronous") -> Retrieval:
    """x <- sign(x S) until nothing changes, or `steps` sweeps; field = x S of the last state, a zero field changing nothing.

    synchronous: all units at once. asynchronous: one after the other, in order, which is fair for random patterns.
    For tied +-1 patterns in a symmetric memory. Counts: iterations (sweeps until the last probe of the load rested, once
    a load) and unconverged (probes still moving at the end). Source: Hopfield 1982; Little 1974 for the synchronous form.
    """

    def solve(memory: PyTree, known: Known) -> PyTree:
        return memory

    def decide(field: Array, old: Array) -> Array:
        return jnp.where(field > 0, 1.0, jnp.where(field < 0, -1.0, old))

    def field(rule: Rule, memory: PyTree, queries: Any, index: Int[Array, "p"]) -> Field:
        def sweep(x: Array) -> Array:
            if schedule == "synchronous":
                return decide(rule.recall(memory, x), x)

            def unit(i: Array, x: Array) -> Array:
                one = jnp.sum(x * memory[:, i][None, :], axis=1)
                return x.at[:, i].set(decide(one, x[:, i]))

            return jax.lax.fori_loop(0, x.shape[1], unit, x)

        def moving(carry: tuple[Array, Array, Array]) -> Array:
            _, changed, step = carry
            return jnp.any(changed) & (step < steps)

        def step(carry: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
            x, _, count = carry
            new = sweep(x)
            return new, jnp.any(new != x, axis=1), count + 1

        start = (queries, jnp.ones(queries.shape[0], bool), jnp.int32(0))
        x, changed, count = jax.lax.while_loop(moving, step, start)
        counts = {"iterations": count, "unconverged": jnp.sum(changed, dtype=jnp.int32)}
        largest = jnp.max(jnp.sum(jnp.abs(memory), axis=0))
        return Field(rule.recall(memory, x), jnp.float32(jnp.nan), counts | {"largest": largest})

    return Retrieval(label, solve, field, needs=frozenset({"symmetric", "tied"}), gives=frozenset({"exact"}))
