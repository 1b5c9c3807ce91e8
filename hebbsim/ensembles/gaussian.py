"""+-1 keys and N(0, 1) values; tied patterns are N(0, 1) on both sides."""

import functools

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from hebbsim.base import ENDLESS, Ensemble, Side
from hebbsim.ensembles.bipolar import bipolar_side
from hebbsim.ensembles.cues import FRACTION, PROBABILITY, cue_words, noisy_rows
from hebbsim.errors import HebbsimError
from hebbsim.parts import factory


def gaussian_side(dim: int, flip: float = 0.0, erase: float = 0.0) -> Side:
    """Rows of independent standard normal entries; they are their own code. Raises HebbsimError for a flip.

    How much a cue with flipped signs says of a Gaussian entry is not worked out here, and tied counts would need it.
    """
    if flip:
        raise HebbsimError("tied gaussian patterns: cue noise flip is not defined; allowed: erase")

    def draw(rng_key: Array, index: Int[Array, "n"]) -> Float[Array, "n dim"]:
        return jax.vmap(lambda i: jax.random.normal(jax.random.fold_in(rng_key, i), (dim,)))(index)

    def rows(book: tuple, code: Array) -> Array:
        return code

    def denoise(field: Array, variance: Array) -> tuple[Array, Array]:
        return field / (1 + variance), variance / (1 + variance) + jnp.zeros_like(field)

    return Side(draw, rows, noisy_rows(rows, flip, erase), denoise=denoise)


@factory(flip=PROBABILITY, erase=FRACTION)
def gaussian(label: str, *, flip: float = 0.0, erase: float = 0.0) -> Ensemble:
    """+-1 keys, N(0, 1) values (tied: N(0, 1) patterns); the capacity of a Gaussian channel, no ceiling per entry.

    `flip`, `erase`: chance that an entry of the cue has its sign flipped, is set to 0.
    """
    return Ensemble(
        label,
        "gaussian",
        functools.partial(bipolar_side, flip=flip, erase=erase),
        gaussian_side,
        functools.partial(gaussian_side, flip=flip, erase=erase),
        {"fair", "prior", "exchangeable"} | cue_words(flip, erase),
        most_patterns=ENDLESS,
    )
