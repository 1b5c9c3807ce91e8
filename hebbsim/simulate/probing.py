"""A trial at work: its pairs drawn, and what is read of them scored."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from hebbsim.base import Fast, Field, Side, Truth
from hebbsim.simulate.draws import Draws
from hebbsim.simulate.spec import Spec, fast_form, sum_of


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
    def writes_partial_blocks(self) -> bool:
        """Whether a block that is part-filled costs the same step as a full one: a form on codes masks the rest."""
        return self.spec.sums_exactly and self.fast is not None


def start_trial(spec: Spec, draws: Draws, num_patterns: Int[Array, "loads"]) -> Trial:
    """The trial with its codebook drawn."""
    key_side, value_side = spec.sides
    book = value_side.book(draws.book)
    return Trial(spec, draws, num_patterns, key_side, value_side, (book if spec.tied else (), book))


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


class Probes(NamedTuple):
    """The pairs that are read: their cues, and what was stored."""

    code: Any  # the cues in compact form; None where they have noise
    queries: Float[Array, "p dk"]
    values: Array  # codes
    rows: Float[Array, "p dv"]  # the values


def probes_of(trial: Trial, keys: Array, values: Array, i: Array) -> Probes:
    """The pairs read at load `i`, from the codes of their keys and values."""
    code, queries = trial.key_side.cue(trial.draws.cues[i], trial.books[0], keys)
    return Probes(code, queries, values, trial.value_side.rows(trial.books[1], values))


def probes_at(trial: Trial, i: Array) -> Probes:
    """The pairs read at load `i`, drawn."""
    return probes_of(trial, *draw_codes(trial, trial.draws.index[i]), i)


def sum_probes(counts: dict[str, Array], live: Array, age: Array, edges: tuple[int, ...]) -> dict[str, Array]:
    """Sum the counts of the live probes, into len(edges) + 1 bins of age if edges are given. "largest" is a maximum.

    Without edges a count of one row is taken for the sum of the live probes: if there is only one, it is live.
    """
    total = {}
    for name, count in counts.items():
        if not edges and len(count) == 1:
            total[name] = count[0]
            continue
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


def crosstalk(trial: Trial, i: Array, queries: Array, rows: Array) -> Array:
    """The noise of a sum of outer products as its reader knows it, from its query and the number of pairs.

    Its square is M |query|^2 times the mean square of a value's entry, with a memory and without. nan, not known, for
    other rules.
    """
    total = sum_of(trial.spec.rule)
    if total is None or total.features is not None:
        return jnp.float32(jnp.nan)
    energy = jnp.sum(queries * queries, axis=1, keepdims=True)
    return jnp.sqrt(trial.num_patterns[i].astype(jnp.float32) * energy * jnp.mean(rows * rows))


def score(trial: Trial, field: Field, i: Array, queries: Array, values: Array, rows: Array) -> dict[str, Array]:
    """Summed counts of the probes at load `i`, with the field's largest sum and whether it is finite."""
    index, live = trial.draws.index[i], trial.draws.live[i]
    field = field._replace(noise=crosstalk(trial, i, queries, rows)) if trial.spec.same_pairs else field
    value_side, book = trial.value_side, trial.books[1]
    kind = trial.spec.ensemble.kind
    fair = "fair" in trial.spec.ensemble.provides
    truth = Truth(
        values, rows, book, value_side.rows, queries, trial.spec.tied, live, kind, fair, bool(trial.spec.ages)
    )
    age = trial.num_patterns[i] - 1 - index
    counts = sum_probes(trial.spec.readout.score(field, truth), live, age, trial.spec.ages)
    largest = [c["largest"] for c in (counts, field.counts) if "largest" in c]
    # Sums of integers are finite.
    finite = trial.spec.sums_exactly or jnp.all(jnp.isfinite(jnp.where(live[:, None], field.value, 0.0)))
    counts |= field.counts
    return counts | {"largest": jnp.max(jnp.stack([jnp.float32(0), *largest])), "finite": jnp.asarray(finite)}
