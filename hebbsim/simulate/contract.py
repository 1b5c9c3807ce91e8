"""Whether parts fit together: each is provided what it requires, and the ensemble has as many pairs as are asked for."""

import contextlib
from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
import numpy as np

from hebbsim.base import Ensemble, Precision, Readout, Retrieval, Rule
from hebbsim.ensembles import ENSEMBLES
from hebbsim.errors import HebbsimError
from hebbsim.precisions import PRECISIONS
from hebbsim.rules import RULES
from hebbsim.simulate import trial
from hebbsim.words import KINDS

VERBS = {"rule": "store", "retrieval": "read", "readout": "score", "precision": "round"}
COMPARED = 2**16  # of the pairs before the last, the first and the newest that are compared with it
RUN = 16  # pairs in a row that must equal earlier ones before they count as the same data again


def fit(
    rule: Rule,
    ensemble: Ensemble,
    retrieval: Retrieval,
    readout: Readout,
    precision: Precision,
    dim_key: int,
    dim_value: int,
    tied: bool,
) -> None:
    """Raise HebbsimError, naming what would do, where a part requires what no other provides."""
    provided = {ensemble.kind}.union(*(part.provides for part in (rule, ensemble, retrieval, readout, precision)))
    provided |= ({"tied"} if tied else set()) | ({"square"} if dim_key == dim_value else set())
    provided |= set() if tied or "noisy_cue" in ensemble.provides else {"keys"}
    parts = {"rule": rule, "ensemble": ensemble, "retrieval": retrieval, "readout": readout, "precision": precision}
    for name, part in parts.items():
        who = f"{name} {part.label}"
        kinds = part.requires & KINDS
        if kinds and ensemble.kind not in part.requires:
            verb, what = VERBS.get(name, "fit"), "" if name == "rule" else "ensemble "
            raise HebbsimError(f"{who} does not {verb} {what}{ensemble.kind}; allowed: {', '.join(sorted(kinds))}")
        for word in sorted(part.requires - kinds - provided):
            raise HebbsimError(f"{who} needs {word}: {_remedy(word, tied, dim_key, dim_value)}")
    if tied and dim_key != dim_value:
        raise HebbsimError(f"tied patterns need dim_key = dim_value; got {dim_key} and {dim_value}")


def _remedy(word: str, tied: bool, dim_key: int, dim_value: int) -> str:
    """What to do about a word that is required and not provided."""
    if word == "tied":
        return "it takes tied patterns only; set tied"
    if word == "square":
        return f"dim_key = dim_value; got {dim_key} and {dim_value}"
    if word == "keys":
        why = "tied patterns are their own keys" if tied else "no cue is used, so none can be noisy"
        return f"the reader is given all keys, and {why}; allowed: untied, no flip, no erase"
    found = [f"{kind} {', '.join(names)}" for kind, names in _providers(word).items() if names]
    return f"nothing here provides it; allowed: {' or '.join(found) or 'a part whose `provides` holds it'}"


def _providers(word: str) -> dict[str, list[str]]:
    """The names in the registries, by kind of part, whose defaults provide a word."""
    registries: Mapping[str, Mapping[str, Callable]] = {"rule": RULES, "ensemble": ENSEMBLES, "precision": PRECISIONS}
    found: dict[str, list[str]] = {}
    for kind, registry in registries.items():
        found[kind] = []
        for name, made in registry.items():
            with contextlib.suppress(HebbsimError):  # one that has no defaults, such as pairs from a file
                found[kind] += [name] if word in made().provides else []
    return found


def check_supply(spec: trial.Spec, num_patterns: int) -> None:
    """Raise HebbsimError if the ensemble has fewer pairs than `num_patterns`.

    An ensemble that says how many it has (most_patterns) is believed. Of one that does not, the last pair asked for and
    those after it are compared with earlier ones: data that start again, or stay at their last row, are found out for
    certain within COMPARED pairs of either end. Pairs that repeat in another way cannot be told from pairs drawn twice.
    """
    ensemble = spec.ensemble
    most = ensemble.most_patterns or num_patterns
    if num_patterns > most:
        raise HebbsimError(f"num_patterns = {num_patterns}; ensemble {ensemble.label} has {most} pairs")
    if ensemble.most_patterns or num_patterns == 1:
        return
    last = num_patterns - 1
    rows = _pair_hashes(spec, np.arange(last, last + RUN))
    first, recent = np.arange(min(last, COMPARED)), np.arange(max(0, last - COMPARED), last)
    before = np.union1d(first, recent)
    same = before[_pair_hashes(spec, before) == rows[0]]
    for start in same[: -RUN - 1 : -1]:
        if np.array_equal(_pair_hashes(spec, start + np.arange(RUN)), rows):
            raise HebbsimError(
                f"num_patterns = {num_patterns}; ensemble {ensemble.label} repeats itself: pair {last} and those after it "
                f"are pair {start} and those after that; allowed: up to {last - start} (see Ensemble.most_patterns)"
            )


def _pair_hashes(spec: trial.Spec, index: np.ndarray) -> np.ndarray:
    """A number for each pair, equal for equal rows; those of a trial of its own."""
    keys, values = spec.sides
    side_keys = jax.random.split(jax.random.key(0, impl="threefry2x32"), 3)
    book = values.book(side_keys[2])

    @jax.jit
    def rows(index: jax.Array) -> jax.Array:
        code = keys.draw(side_keys[0], index)
        key = keys.rows(book if spec.tied else (), code)
        value = key if spec.tied else values.rows(book, values.draw(side_keys[1], index))
        return jnp.concatenate([key, value], axis=1)

    size = min(len(index), 1024)
    found = []
    for start in range(0, len(index), size):
        part = np.resize(index[start : start + size], size).astype(np.int32)
        found += [hash(row.tobytes()) for row in np.asarray(rows(part))][: len(index) - start]
    return np.asarray(found)
