"""Programs that many tests run, compiled once for each rule, its options and the shapes it is given."""

import functools

import jax


@functools.partial(jax.jit, static_argnames="rule")
def written(rule, state, keys, values):
    """The state after the pairs (pairs, dim) were written to it in order."""
    return rule.write(state, keys, values)


@functools.partial(jax.jit, static_argnames="rule")
def recalled(rule, keys, values, queries):
    """The field at the queries (queries, dim) after the pairs (pairs, dim) were written to an empty memory."""
    state = rule.init(keys.shape[1], values.shape[1])
    return rule.read(rule.write(state, keys, values), queries)


@functools.partial(jax.jit, static_argnames="rule")
def read(rule, state, queries):
    """The field at the queries (queries, dim)."""
    return rule.read(state, queries)


@functools.partial(jax.jit, static_argnames="rule")
def memory_of(rule, keys, values):
    """What is read after the pairs (pairs, dim) were written to an empty memory."""
    return rule.consolidate(rule.write(rule.init(keys.shape[1], values.shape[1]), keys, values))


@functools.partial(jax.jit, static_argnames="rule")
def state_of(rule, keys, values):
    """The state after the pairs (pairs, dim) were written to an empty memory."""
    return rule.write(rule.init(keys.shape[1], values.shape[1]), keys, values)
