"""What is static in a trial, and the forms in which its rule writes."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, PyTree

from hebbsim.base import Ensemble, Fast, Readout, Retrieval, Rule, Side, Sum

PART_SIZES = (32,)  # sizes in which the pairs of a last, part-filled block are written; then chunk by chunk


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
    # How the fields come about: a memory is formed and read; or no memory, (Q K^T) V, at each load anew or carried on
    form: Literal["state", "parallel", "carried"] = "state"
    same_pairs: bool = False  # the pairs that are read are the first ones, at every load; see `reads_same_pairs`
    identities: tuple[str, ...] = ()  # of the parts: an object whose state has changed since is not what was compiled
    num_shards: int = 1  # devices that share a memory, each with some columns of it

    @property
    def sums_exactly(self) -> bool:
        """Whether sums over pairs are of integers, so that every order and every form gives the same counts."""
        return "exact" in self.rule.provides & self.ensemble.provides

    @property
    def sides(self) -> tuple[Side, Side]:
        """Keys and values; for tied patterns the value's row is the key's, uncued."""
        values = self.ensemble.values(self.dim_value)
        return (self.ensemble.tied_keys if self.tied else self.ensemble.keys)(self.dim_key), values


def sum_of(rule: Rule) -> Sum | None:
    """The rule's field as a sum over its pairs, if it has one: not where a precision, or a user, has changed the rule."""
    whole = rule.consolidate is Rule._field_defaults["consolidate"]
    own = rule._asdict()
    return rule.sum if rule.sum and whole and rule.sum.of == (own["write"], own["recall"]) else None


def reads_same_pairs(rule: Rule, ensemble: Ensemble, retrieval: Retrieval, ages: tuple[int, ...]) -> bool:
    """Whether one pair may stand for any other, so that the first ones are read at every load of a trial."""
    alike = "exchangeable" in ensemble.provides and "as_recalled" in retrieval.provides
    return alike and not ages and sum_of(rule) is not None


def default_block(dim_key: int, chunk: int) -> int:
    """About dim_key pairs, so that the product is square: at least 32, at most 1024, whole chunks."""
    block = min(1024, max(32, 1 << (dim_key - 1).bit_length()))
    return -(-block // chunk) * chunk


def fast_form(rule: Rule, key_side: Side, value_side: Side) -> Fast | None:
    """The rule's form on these codes, if it has one."""
    fits = (fast for fast in rule.fast if (fast.keys, fast.values) == (key_side.code, value_side.code))
    return next((fast for fast in fits if fast.of is rule._asdict()["write"]), None)


def writer(
    rule: Rule, key_side: Side, value_side: Side, books: tuple[Any, Any], block: int
) -> tuple[Callable, Callable]:
    """write(state, key_codes, value_codes) for a block of them; write_part(state, ..., count) for its first `count`."""
    fast = fast_form(rule, key_side, value_side)
    if fast:
        return lambda state, keys, values: fast.write(state, keys, values, len(keys)), fast.write

    def write(state: PyTree, keys: Array, values: Array) -> PyTree:
        return rule.write(state, key_side.rows(books[0], keys), value_side.rows(books[1], values))

    def write_part(state: PyTree, keys: Array, values: Array, count: Array) -> PyTree:
        """In smaller blocks and never padded, since most rules take a row of zeros for a pair."""
        at = jnp.int32(0)
        chunk = rule.chunk
        for size in [*(p for p in PART_SIZES if chunk < p < block and p % chunk == 0), chunk]:

            def step(i: Array, state: PyTree, at: Array = at, size: int = size) -> PyTree:
                return write(
                    state, *(jax.lax.dynamic_slice_in_dim(code, at + i * size, size) for code in (keys, values))
                )

            steps = (count - at) // size
            state = jax.lax.fori_loop(0, steps, step, state)
            at = at + steps * size
        return state

    return write, write_part
