"""A whole capacity curve, against the loops that a scientist would write."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from hebbsim import measuring, theory
from hebbsim.base import dot
from hebbsim.bench.timing import ROUNDS, Row, faster, interleaved, spread
from hebbsim.errors import HebbsimError
from hebbsim.rules import RULES
from hebbsim.simulate import trial

DIM, TRIALS = 1024, 8
LOADS = tuple(float(load) for load in np.linspace(4 / 12, 4, 12))
COLD = 3  # rounds in which everything is compiled again
# (what, probes) -> times faster than what
ASKED = {
    ("numpy, a memory a load", 256): 10.0,
    ("cold", 256): 2.0,
    ("jax, not packed", 256): 3.0,
    ("numpy, a memory a load", 1024): 4.0,
}


def curve(probes: Sequence[int] = (256, 1024), dim: int = DIM, trials: int = TRIALS, rounds: int = ROUNDS) -> list[Row]:
    """12 loads to 4, `trials` memories: hebbsim.curve beside loops that count wrong signs of as many probes.

    numpy, a memory a load: as scripts are written. numpy, filled on: one memory, read on the way. jax, not packed: filled
    on, rademacher rows, float32 products, one compilation. jax, the same bits: hebbsim without its form on bits, every
    count being the same. cold: with all compilation, against numpy, a memory a load.
    bit_error_rate: at the largest load, all trials.
    """
    counts = tuple(round(load * dim) for load in LOADS)
    unpacked = RULES["hebbian"]()._replace(fast=())
    rows = []
    for number in probes:

        def ours(number: int = number, **rule: Any) -> list[Any]:
            return measuring.curve(dim=dim, loads=LOADS, probes=number, trials=trials, **rule)

        loops: dict[str, Callable[[], np.ndarray]] = {
            "numpy, a memory a load": functools.partial(fresh, counts, dim, trials, number),
            "numpy, filled on": functools.partial(filled_on, counts, dim, trials, number),
            "jax, not packed": functools.partial(not_packed, counts, dim, trials, number),
        }
        forget()
        packed = ours()
        compiled = trial.program.cache_info().currsize
        same = ours(rule=unpacked)
        if [point.counts for point in packed] != [point.counts for point in same]:
            raise HebbsimError("the form on bits counts otherwise than the form on rows")
        took = interleaved({"hebbsim": ours, "jax, the same bits": lambda: ours(rule=unpacked), **loops}, rounds)

        def cold() -> Any:
            forget()
            return ours()

        again = interleaved({"cold": cold, "numpy": loops["numpy, a memory a load"]}, min(rounds, COLD))
        error = packed[-1].error_rate.best
        wrong = {name: float(np.mean(loop()[:, -1])) for name, loop in loops.items()}
        wrong |= {"jax, the same bits": error}
        rows.append(
            {"what": "hebbsim", "probes": number, "seconds": spread(took["hebbsim"]), "bit_error_rate": error}
            | {"theory": theory.bit_error(LOADS[-1]), "compilations": compiled}
        )
        ratios = {name: (seconds, took["hebbsim"]) for name, seconds in took.items() if name != "hebbsim"}
        ratios["cold"] = again["numpy"], again["cold"]
        for name, (slow, fast) in ratios.items():
            ratio, asked = faster(slow, fast), ASKED.get((name, number))
            rows.append(
                {"what": name, "probes": number, "seconds": spread(fast if name == "cold" else slow)}
                | {"bit_error_rate": wrong.get(name), "times_faster": ratio, "asked": asked}
                | {"met": ratio >= asked if asked else None}
            )
    return rows


def forget() -> None:
    """All that was compiled."""
    trial.program.cache_clear()
    jax.clear_caches()


def signs(rng: np.random.Generator, count: int, dim: int) -> np.ndarray:
    """Rows of +-1, float32: the quickest way found in NumPy, bytes first."""
    return rng.integers(0, 2, (count, dim), dtype=np.int8).astype(np.float32) * 2 - 1


def wrong(rng: np.random.Generator, state: np.ndarray, keys: np.ndarray, values: np.ndarray, probes: int) -> float:
    """Share of wrong signs among the probes."""
    index = rng.choice(len(keys), min(probes, len(keys)), replace=False)
    return float(np.mean((keys[index] @ state) * values[index] <= 0))


def fresh(counts: Sequence[int], dim: int, trials: int, probes: int) -> np.ndarray:
    """A new memory for every load; (trials, loads) shares of wrong signs."""

    def one(rng: np.random.Generator, count: int) -> float:
        keys, values = signs(rng, count, dim), signs(rng, count, dim)
        return wrong(rng, keys.T @ values, keys, values, probes)

    return np.asarray([[one(np.random.default_rng((t, count)), count) for count in counts] for t in range(trials)])


def filled_on(counts: Sequence[int], dim: int, trials: int, probes: int) -> np.ndarray:
    """One memory a trial, read on the way."""
    found = []
    for number in range(trials):
        rng = np.random.default_rng(number)
        keys, values = signs(rng, counts[-1], dim), signs(rng, counts[-1], dim)
        state, done = np.zeros((dim, dim), np.float32), 0
        for count in counts:
            state += keys[done:count].T @ values[done:count]
            done = count
            found.append(wrong(rng, state, keys[:count], values[:count], probes))
    return np.asarray(found).reshape(trials, -1)


@functools.partial(jax.jit, static_argnames=("counts", "dim", "probes"))
def one_not_packed(rng_key: Array, counts: tuple[int, ...], dim: int, probes: int) -> Array:
    """filled_on in JAX, compiled as a whole; (loads,)."""
    pairs, probing = jax.random.split(rng_key)
    keys, values = (jax.random.rademacher(k, (counts[-1], dim), jnp.float32) for k in jax.random.split(pairs))
    state, done, found = jnp.zeros((dim, dim)), 0, []
    for count in counts:
        state = state + dot(keys[done:count].T, values[done:count])
        done = count
        index = jax.random.choice(jax.random.fold_in(probing, count), count, (min(probes, count),), replace=False)
        found.append(jnp.mean(dot(keys[index], state) * values[index] <= 0))
    return jnp.stack(found)


def not_packed(counts: tuple[int, ...], dim: int, trials: int, probes: int) -> np.ndarray:
    return np.asarray([one_not_packed(jax.random.key(number), counts, dim, probes) for number in range(trials)])
