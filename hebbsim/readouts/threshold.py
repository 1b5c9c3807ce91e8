"""Which units of a sparse code are on."""

import jax
import jax.numpy as jnp
from jaxtyping import Array

from hebbsim.base import Field, Readout, Rule, Truth
from hebbsim.parts import factory
from hebbsim.readouts.frequencies import frequencies


def winners(value: Array, active: int) -> Array:
    """The `active` largest of a row; among equals the lower unit, which is fair since units are exchangeable."""
    lines = jnp.arange(value.shape[0])[:, None]
    return jnp.zeros(value.shape, bool).at[lines, jax.lax.top_k(value, active)[1]].set(True)


def choose(rule: Rule) -> Readout:
    """By the cue for weights of one bit, whose fields count units; else the winners, whatever the scale of the field."""
    select = "cue" if "binary" in rule.provides else "winners"
    return threshold(select=select)  # pyright: ignore[reportCallIssue]  (the factory gives the label)


@factory(select=(lambda s: s in ("auto", "cue", "winners"), "'auto', 'cue' or 'winners'"))
def threshold(label: str, *, select: str = "auto") -> Readout:
    """A unit is on if its field reaches the number of active units in the cue ("cue"), or is among the k best ("winners").

    select "auto" is the one that fits the rule, and the task is labelled with it: "cue" for binary weights, such as
    willshaw's, whose fields count units; "winners" for all others, whose fields have another scale.
    Counts: ones, zeros, misses (ones that stay off), false (zeros that come on); for tied patterns each is split by
    whether the unit is in the cue: [not in it, in it]. Bits: exact entropy of the code less what the errors cost.
    """

    def score(field: Field, truth: Truth) -> dict[str, Array]:
        if select == "cue":
            on = field.value >= jnp.sum(truth.queries, axis=1, keepdims=True)
        else:
            on = winners(field.value, truth.code.shape[1])
        one = truth.rows > 0
        flags = {"ones": one, "zeros": ~one, "misses": one & ~on, "false": ~one & on}

        def split(flag: Array) -> Array:
            if not truth.tied:
                return jnp.sum(flag, axis=1, dtype=jnp.int32)
            cued = truth.queries > 0
            return jnp.stack([jnp.sum(flag & c, axis=1, dtype=jnp.int32) for c in (~cued, cued)], axis=-1)

        probes = jnp.ones(one.shape[0], jnp.int32)
        return {"probes": probes} | {name: split(flag) for name, flag in flags.items()} | frequencies(truth, one)

    return Readout(label, score, {"sparse"}, {"exact"}, "units", choose if select == "auto" else None)
