"""Gaussian keys whose entries have unlike variances: the spectrum that real keys have, in its own basis."""

import functools
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from hebbsim.base import ENDLESS, Ensemble, Side, dot
from hebbsim.ensembles.bipolar import bipolar_side
from hebbsim.ensembles.cues import noisy_rows
from hebbsim.ensembles.files import hash_of
from hebbsim.ensembles.gaussian import gaussian_side
from hebbsim.errors import HebbsimError
from hebbsim.parts import factory
from hebbsim.theory.correlated import power_spectrum

VALUES = {"gaussian": gaussian_side, "bipolar": bipolar_side}


def load_spectrum(file: str) -> np.ndarray:
    """Variances (dim,) of a .npy file, over their sum. Raises HebbsimError, naming the file and the place."""
    try:
        found = np.load(file, allow_pickle=False)
    except OSError as error:
        raise HebbsimError(f"{file}: cannot be read: {error.strerror or error}") from None
    except (ValueError, EOFError):
        raise HebbsimError(f"{file}: it is not in numpy's format; allowed: a .npy file of positive numbers") from None
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "fiu" or found.ndim != 1 or not found.size:
        raise HebbsimError(f"{file}: its shape is {np.shape(found)}; allowed: (dim,), positive numbers")
    found = found.astype(np.float64)
    bad = np.flatnonzero(~(np.isfinite(found) & (found > 0)))
    if len(bad):
        raise HebbsimError(f"{file}: {found[bad[0]]} at entry {bad[0]}; allowed: positive numbers")
    return found / found.sum()


def rotation(dim: int) -> np.ndarray:
    """A random orthogonal matrix (dim, dim), always the same one of that size."""
    q, r = np.linalg.qr(np.random.default_rng(dim).standard_normal((dim, dim)))
    return (q * np.sign(np.diagonal(r))).astype(np.float32)


@factory(
    power=(lambda p: 0 <= p <= 4, "from 0 to 4"),
    values=(lambda name: name in VALUES, "'gaussian' or 'bipolar'"),
)
def correlated(
    label: str,
    *,
    power: float = 1.0,
    values: str = "gaussian",
    spectrum: str = "",
    sha256: str = "",
    rotated: bool = False,
) -> Ensemble:
    """Gaussian keys, the variance of entry i being l_i = i^-power over the sum of all; N(0, 1) or +-1 values.

    E k.k = 1. Keys in their own basis, so entries are independent; rotated: in another one, the same random one for all
    trials, so that every entry has much the same variance. That is the same to rules that treat all directions alike,
    and harder for those that work channel by channel (kda, preconditioned_delta). power 0 is isotropic. spectrum: a
    .npy file of (dim_key,) variances instead, power then 0; sha256: of its contents, 16 digits, to pin them. Readers
    may be told the variances (whitened_query) unless rotated. Source: derived for hebbsim.
    """
    loaded = None
    if spectrum:
        if power:
            raise HebbsimError(f"correlated: power = {power} and a spectrum; allowed: power = 0 with a spectrum")
        loaded, found = load_spectrum(spectrum), hash_of(spectrum)
        if sha256 and sha256 != found:
            raise HebbsimError(f"{spectrum}: the contents have sha256 {found}; {sha256!r} was asked for")
        label = label.replace(repr(spectrum), repr(Path(spectrum).name))
        label = label if sha256 else label.replace(", spectrum", f", sha256={found!r}, spectrum")
        label = label.replace("(spectrum", f"(sha256={found!r}, spectrum")

    @functools.cache
    def key_side(dim: int) -> Side:
        if loaded is not None and len(loaded) != dim:
            raise HebbsimError(f"{spectrum} has {len(loaded)} variances; got dim_key = {dim}")
        variances = power_spectrum(dim, power) if loaded is None else loaded
        scale = np.sqrt(variances).astype(np.float32)
        turned = rotation(dim) if rotated else None

        def draw(rng_key: Array, index: Int[Array, "n"]) -> Float[Array, "n dim"]:
            normal = jax.vmap(lambda i: jax.random.normal(jax.random.fold_in(rng_key, i), (dim,)))(index)
            keys = normal * jnp.asarray(scale)[None, :]
            return dot(keys, jnp.asarray(turned)) if rotated else keys

        def rows(book: tuple, code: Array) -> Array:
            return code

        told = () if rotated else tuple(map(float, variances))
        return Side(draw, rows, noisy_rows(rows, 0.0, 0.0), spectrum=told)

    def tied(dim: int) -> Side:
        raise HebbsimError("correlated: tied patterns are not defined; allowed: untied")

    words = {"fair", "prior", "exchangeable"} | (set() if rotated else {"spectrum"})
    return Ensemble(label, values, key_side, VALUES[values], tied, words, most_patterns=ENDLESS)
