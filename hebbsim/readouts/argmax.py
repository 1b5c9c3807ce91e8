"""The best of V code words."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from hebbsim.base import Field, Readout, Truth, dot
from hebbsim.parts import factory
from hebbsim.readouts.frequencies import frequencies
from hebbsim.statistics.information import LADDER, LOG_UNIT

WORDS_AT_ONCE = 4096  # code words scored at once: the unpacked words are 16 MB at dim 1024
SQUARINGS = 4  # in a row, see sums_of_powers
CLIP = 100.0  # bits; a posterior below 2^-100 counts as this


def posterior(ladder: Float[Array, "r"], scores: Float[Array, "p"], best: Array, tail: Array) -> Array:
    """log2 of the right word's posterior at each inverse noise, as integers of 1/LOG_UNIT bit."""
    nats = ladder[None, :] * (scores - best)[:, None] - jnp.log(tail)
    bits = jnp.clip(nats / jnp.log(2.0), -CLIP, 0.0)
    return jnp.round(bits * LOG_UNIT).astype(jnp.int32)


def compare(
    field: Float[Array, "p dv"],
    truth: Truth,
    unit: Array | float,
    rungs: tuple[float, ...],
    offset: Array | None = None,
) -> tuple[Array, Array, Array, Array]:
    """Score of the right word, best of the others, how many others equal it, log posterior; a block of words at a time.

    The posteriors are those at inverse noises unit * rungs.
    """
    ladder = unit * jnp.asarray(rungs)
    vocabulary = truth.book.shape[0]
    block = min(WORDS_AT_ONCE, vocabulary)
    right = jnp.sum(field * truth.rows, axis=1) + (0.0 if offset is None else offset[truth.code])

    def add(carry: tuple[Array, ...], start: Array) -> tuple[tuple[Array, ...], None]:
        best, rival, equal, tail = carry
        word = (start + jnp.arange(block))[None, :]
        at = jnp.minimum(word[0], vocabulary - 1)
        scores = dot(field, truth.expand(truth.book, at).T) + (0.0 if offset is None else offset[at][None, :])
        scores = jnp.where(word < vocabulary, scores, -jnp.inf)
        others = jnp.where(word == truth.code[:, None], -jnp.inf, scores)
        rival = jnp.maximum(rival, jnp.max(others, axis=1))
        equal = equal + jnp.sum(others == right[:, None], axis=1, dtype=jnp.int32)
        new = jnp.maximum(best, jnp.max(scores, axis=1))
        kept = tail * jnp.exp(ladder[None, :] * (best - new)[:, None])
        fresh = jnp.stack([jnp.sum(jnp.exp(rung * (scores - new[:, None])), axis=1) for rung in ladder], axis=1)
        return (new, rival, equal, kept + fresh), None

    lowest = jnp.full_like(right, -jnp.inf)
    start = (right, lowest, jnp.zeros_like(right, jnp.int32), jnp.zeros((right.shape[0], ladder.shape[0])))
    (best, rival, equal, tail), _ = jax.lax.scan(add, start, jnp.arange(0, vocabulary, block))
    return right, rival, equal, posterior(ladder, right, best, tail)


def inverse_noise(field: Field, truth: Truth) -> Array:
    """signal / noise^2, the scale of a score in nats; the signal is what the field's energy has beyond its noise."""
    rows = jnp.maximum(jnp.sum(truth.live.astype(jnp.float32)), 1.0)
    energy = jnp.sum(jnp.where(truth.live[:, None], field.value**2, 0.0)) / (rows * field.value.shape[1])
    noise = jnp.mean(field.noise**2)
    noise = jnp.where(jnp.isfinite(noise) & (noise > 0), noise, energy / 2)
    word = jnp.mean(truth.rows**2)
    signal = jnp.sqrt(jnp.maximum(energy - noise, 1e-6 * energy) / word)
    return signal / jnp.maximum(noise, 1e-30)


def score(field: Field, truth: Truth) -> dict[str, Array]:
    unit = inverse_noise(field, truth) if field.offset is None else 1.0  # with an offset, scores are in nats already
    right, rival, equal, log_posterior = compare(field.value, truth, unit, LADDER, field.offset)
    items = jnp.ones(right.shape[0], jnp.int32)
    counts = {
        "items": items,
        # Half an error is right for one rival; among more the right word is found less than half of the time.
        "errors": ((rival > right) | (equal > 1)).astype(jnp.int32),
        "ties": ((rival == right) & (equal == 1)).astype(jnp.int32),
        "log_posterior": log_posterior,
        "largest": jnp.sum(jnp.abs(field.value), axis=1),
    }
    if not truth.fair:
        counts |= frequencies(truth) | {"words": jnp.full_like(items, truth.book.shape[0])}
    if truth.tied:
        counts["cue_log_posterior"] = cue_posterior(truth)
    return counts


def cue_posterior(truth: Truth) -> Array:
    """log posterior of the right word from the cue alone, best of a ladder of inverse noises; about 0 for a full cue."""
    return compare(truth.queries, truth, 1.0, (1e-9, 0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0))[3]


def loss_sums(field: Field, truth: Truth) -> dict[str, Array]:
    """value . field and |field|^2, from which comes the squared error of the field at any scale."""
    return {"aligned": jnp.sum(field.value * truth.rows, axis=1), "energy": jnp.sum(field.value**2, axis=1)}


@factory()
def argmax(label: str, *, loss: bool = False) -> Readout:
    """decision = argmax_t field . word_t over the vocabulary: the hard criterion log2 V - H2(e) - e log2(V - 1) an item.

    soft: log2 V + the mean log2 posterior of the right word, softmax(lambda field . word), at the best lambda of a ladder
    round signal / noise^2, since a wrong noise level costs bits. Counts: items, errors, ties (one other word shares the
    best score; half an error), log_posterior (one sum a rung, in 1/256 bit). The reader is given the codebook.
    `loss` adds two float sums, aligned (value . field) and energy (|field|^2), and so gives up the promise of exact
    counts: the mean of |value - s field|^2 / 2 at any scale s is (|value|^2 - 2 s aligned + s^2 energy) / 2 an item.
    """
    if not loss:
        return Readout(label, score, {"tokens", "codebook"}, {"exact"}, "tokens")

    def both(field: Field, truth: Truth) -> dict[str, Array]:
        return score(field, truth) | loss_sums(field, truth)

    return Readout(label, both, {"tokens", "codebook"}, channel="tokens")
