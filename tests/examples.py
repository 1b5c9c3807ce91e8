"""One small example of every ensemble, and what can be asked of it: for the laws that hold over the registries."""

import contextlib
import functools
import tempfile

import jax
import numpy as np

import hebbsim

DIM = 24
KEY = jax.random.key(7, impl="threefry2x32")
OPTIONS = {
    "coded": {"code": "repetition", "times": 1},
    "sparse": {"active": 3},
    "tokens": {"vocabulary": 9},
}  # that fit DIM
if "arrays" in hebbsim.ENSEMBLES:  # pairs from files
    FOLDER = tempfile.mkdtemp()
    for which in ("keys", "values"):
        np.save(
            f"{FOLDER}/{which}.npy", np.random.default_rng(len(which)).choice([-1.0, 1.0], (64, DIM)).astype(np.float32)
        )
    OPTIONS["arrays"] = {"keys": f"{FOLDER}/keys.npy", "values": f"{FOLDER}/values.npy"}


def ensemble(name, **options):
    return hebbsim.ENSEMBLES[name](**(OPTIONS.get(name, {}) | options))


def has_example(name):
    """Whether the ensemble can be made, by its defaults or OPTIONS, at this dim."""
    try:
        sides(ensemble(name))
    except hebbsim.HebbsimError:
        return False
    return True


def compiled(side):
    """The side with each of its functions as one program, as a trial has them."""
    return side._replace(**{name: jax.jit(getattr(side, name)) for name in ("draw", "rows", "cue", "book")})


@functools.cache
def sides(made):
    """(side, codebook) of keys, values and, where it has them, tied keys."""
    values = compiled(made.values(DIM))
    book = values.book(jax.random.fold_in(KEY, 99))
    found = {"keys": (compiled(made.keys(DIM)), ()), "values": (values, book)}
    with contextlib.suppress(hebbsim.HebbsimError):
        found["tied keys"] = (compiled(made.tied_keys(DIM)), book)
    return found


@functools.cache
def fitting(retrieval="matched_filter", kind=None, **fixed):
    """Arguments of a small sweep that the retrieval can read, one for each kind of ensemble that it takes."""
    found = {}
    for name in hebbsim.ENSEMBLES:
        if not has_example(name):
            continue
        for readout in hebbsim.READOUTS:
            for rule, tied in (("hebbian", False), ("hopfield", True)):
                arguments = {
                    "rule": rule,
                    "ensemble": ensemble(name),
                    "retrieval": retrieval,
                    "readout": readout,
                    "tied": tied,
                    "dim": DIM,
                    "probes": 16,
                }
                try:
                    hebbsim.sweep(**arguments, num_patterns=[4])
                except hebbsim.HebbsimError:
                    continue
                found.setdefault(name, arguments)
    return found
