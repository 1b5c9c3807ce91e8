"""Pairs from files: the keys, and the values if there are any, that somebody has."""

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from hebbsim.base import Ensemble, Side
from hebbsim.ensembles.bipolar import bipolar_side, unpack
from hebbsim.ensembles.bipolar import denoise as fair_signs
from hebbsim.ensembles.cues import noisy_rows
from hebbsim.ensembles.files import hash_of, load_rows
from hebbsim.ensembles.gaussian import gaussian_side
from hebbsim.errors import HebbsimError, one_of
from hebbsim.parts import factory

RANDOM = {"bipolar": bipolar_side, "gaussian": gaussian_side}


def packed(rows: np.ndarray) -> np.ndarray:
    """Rows of +-1 as words of 32 bits, 1 for -1: the code of ensembles.bipolar."""
    bits = np.pad(rows < 0, ((0, 0), (0, -rows.shape[1] % 32))).reshape(len(rows), -1, 32)
    return np.asarray(np.sum(bits.astype(np.uint32) << np.arange(32, dtype=np.uint32), axis=2, dtype=np.uint32))


def file_side(name: str, rows: np.ndarray, shuffle: bool) -> Callable[[int], Side]:
    """dim -> the Side whose row i is a row of the file: row i, or in an order that the trial's rng_key gives."""
    signs = bool(np.all(np.abs(rows) == 1))
    held = packed(rows) if signs else rows

    def draw(rng_key: Array, index: Int[Array, "n"]) -> Array:
        if shuffle:
            index = jax.random.permutation(rng_key, len(held))[index]
        return jnp.asarray(held)[index]

    @functools.cache
    def side(dim: int) -> Side:
        if dim != rows.shape[1]:
            raise HebbsimError(f"{name} has rows of {rows.shape[1]} entries; got a dim of {dim}")
        expand = functools.partial(_unpack, dim) if signs else _same
        denoise = fair_signs if signs else None
        return Side(draw, expand, noisy_rows(expand, 0.0, 0.0), code="bits" if signs else "rows", denoise=denoise)

    return side


def _unpack(dim: int, book: Any, code: Array) -> Array:
    return unpack(dim, code)


def _same(book: Any, code: Array) -> Array:
    return code


def tied(dim: int) -> Side:
    raise HebbsimError("arrays: tied patterns are not stored from a file; allowed: untied")


def _make(
    label: str,
    *,
    keys: str = "",
    values: str = "bipolar",
    head: int = 0,
    shuffle: bool = True,
    sha256: str = "",
    paths: str = "",
) -> Ensemble:
    key_file, value_file = paths.split("\n")
    key_rows = load_rows(key_file, head)
    if not np.any(key_rows):
        place = f", head {head}" if head else ""
        raise HebbsimError(f"{keys}{place}: every entry is 0; allowed: keys that are not all 0")
    words, most = {"fair", "prior"}, len(key_rows)
    if value_file:
        value_rows = load_rows(value_file, head)
        if len(value_rows) != most:
            raise HebbsimError(f"{keys} holds {most} pairs and {values} {len(value_rows)}; allowed: as many in both")
        kind = "bipolar" if np.all(np.abs(value_rows) == 1) else "gaussian"
        side, width, words = file_side(values, value_rows, shuffle), value_rows.shape[1], {"paired"}
    else:
        kind, side, width = values, RANDOM[values], key_rows.shape[1]
    if kind == "bipolar" and np.all(np.abs(key_rows) == 1):
        words.add("exact")
    if shuffle:
        words.add("exchangeable")
    shown = label.replace(f", paths={paths!r}", "")
    drawn = file_side(keys, key_rows, shuffle)
    return Ensemble(shown, kind, drawn, side, tied, words, most_patterns=most, dims=(key_rows.shape[1], width))


_make.__name__ = "arrays"  # the name in labels and errors
_made = factory(head=(lambda n: n >= 0, "0 (a file without heads) or the number of a head, 1 or more"))(_make)


def arrays(**options: Any) -> Ensemble:
    """Pairs from .npy files (pairs, dim): your keys, and your values or random ones; more pairs than they hold are refused.

    keys: a file. values: a file whose row i goes with key i, or "bipolar" or "gaussian", drawn afresh each trial.
    Entries are floats or +-1; values that are all +-1 are read as such (sign, soft), others by soft. Files of (heads,
    pairs, dim) need `head`, the first being 1; `hebbsim measure` and measure_heads measure them all. Each trial stores
    pairs in an order drawn from the seed; shuffle False: as they stand, so that with values from a file every trial is
    the same memory and its interval says nothing. sha256: of the contents, 16 digits; it is filled in, and another one
    is refused. Give dim_value if it is not dim_key and values are random.
    """
    known = inspect.signature(_made).parameters
    for option in options:
        if option not in known or option == "paths":
            raise one_of("option of arrays", option, [name for name in known if name != "paths"])
    keys, values = options.get("keys", ""), options.get("values", "bipolar")
    for name, file in (("keys", keys), ("values", values)):
        if not isinstance(file, str) or (name == "keys" and not file):
            raise HebbsimError(f"arrays: {name} = {file!r}; allowed: a .npy file")
    if values not in RANDOM and Path(values).suffix != ".npy":
        raise HebbsimError(f"arrays: values = {values!r}; allowed: 'bipolar', 'gaussian' or a .npy file")
    files = [keys, *([] if values in RANDOM else [values])]
    found, asked = hash_of(*files), options.get("sha256") or ""
    if asked and asked != found:
        raise HebbsimError(f"{' and '.join(files)}: the contents have sha256 {found}; {asked!r} was asked for")
    given = {"keys": Path(keys).name, "sha256": found, "paths": "\n".join([keys, *files[1:]] + [""] * (2 - len(files)))}
    return _made(**options | given | ({"values": Path(values).name} if len(files) > 1 else {}))


_signature = inspect.signature(_made)
arrays.__signature__ = _signature.replace(  # type: ignore[attr-defined]
    parameters=[p for p in _signature.parameters.values() if p.name != "paths"]
)
