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
from hebbsim.simulate import trial
from hebbsim.simulate.plan import sweep

DIM, TRIALS = 1024, 8
LOADS = tuple(float(load) for load in np.linspace(4 / 12, 4, 12))
COLD = 3  # rounds in which everything is compiled again
# (what, dim, probes) -> times faster than what
ASKED = {
    ("numpy, a memory a load", 1024, 256): 20.0,
    ("numpy, filled on", 1024, 256): 5.0,
    ("cold", 1024, 256): 2.0,
    ("numpy, a memory a load", 1024, 1024): 7.0,
}
# dim -> how many times the products of its own a curve may take
PRODUCTS = {1024: 2.0}
PAIRS = 512  # of the product whose rate is the measure


def curve(probes: Sequence[int] = (256, 1024), dim: int = DIM, trials: int = TRIALS, rounds: int = ROUNDS) -> list[Row]:
    """12 loads to 4, `trials` memories: hebbsim.curve beside loops that count wrong signs of as many probes.

    numpy, a memory a load: as scripts are written. numpy, filled on: one memory, read on the way. jax, not packed: filled
    on, rademacher rows, float32 products, one compilation. hebbsim, formed: its memory
    formed and read at every load, every count being the same. cold: with all compilation, against numpy, a memory a load.
    bit_error_rate: at the largest load, all trials.
    """
    counts = tuple(round(load * dim) for load in LOADS)
    rows = []
    for number in probes:

        def ours(number: int = number, form: str = "") -> list[Any]:
            return measuring.curve(dim=dim, loads=LOADS, probes=number, trials=trials, form=form)

        loops: dict[str, Callable[[], np.ndarray]] = {
            "numpy, a memory a load": functools.partial(fresh, counts, dim, trials, number),
            "numpy, filled on": functools.partial(filled_on, counts, dim, trials, number),
            "jax, not packed": functools.partial(not_packed, counts, dim, trials, number),
        }
        forget()
        packed = ours()
        compiled = trial.program.cache_info().currsize
        formed = ours(form="state")
        if any(
            a.counts[name] != b.counts[name] for a, b in zip(packed, formed, strict=True) for name in ("errors", "ties")
        ):
            raise HebbsimError("fields carried on are counted otherwise than those of a memory")
        products = own_products(dim, number)
        took = interleaved(
            {"hebbsim": ours, "hebbsim, formed": lambda: ours(form="state"), **loops, **products}, rounds
        )
        product = np.minimum(*(took.pop(name) for name in products))

        def cold() -> Any:
            forget()
            return ours()

        again = interleaved({"cold": cold, "numpy": loops["numpy, a memory a load"]}, min(rounds, COLD))
        error = packed[-1].error_rate.best
        wrong = {name: float(np.mean(loop()[:, -1])) for name, loop in loops.items()}
        wrong |= {"hebbsim, formed": error}
        rows.append(
            {"what": "hebbsim", "probes": number, "seconds": spread(took["hebbsim"]), "bit_error_rate": error}
            | {"theory": theory.bit_error(LOADS[-1]), "compilations": compiled}
        )
        ratios = {name: (seconds, took["hebbsim"]) for name, seconds in took.items() if name != "hebbsim"}
        ratios["cold"] = again["numpy"], again["cold"]
        for name, (slow, fast) in ratios.items():
            ratio, asked = faster(slow, fast), ASKED.get((name, dim, number))
            rows.append(
                {"what": name, "probes": number, "seconds": spread(fast if name == "cold" else slow)}
                | {"bit_error_rate": wrong.get(name), "times_faster": ratio, "asked": asked}
                | {"met": ratio >= asked if asked else None}
            )
        own = product * (trials * counts[-1] / PAIRS)
        times, most = faster(took["hebbsim"], own), PRODUCTS.get(dim)
        rows.append(
            {"what": "its own products", "probes": number, "seconds": spread(own), "times_its_products": times}
            | {"asked": most, "met": times <= most if most and number == 256 else None}
        )
        for row in rows:
            row.setdefault("dim", dim)
    return rows


NUMBERS = (1, 12, 64, 200)  # of loads
FREE = 1.2  # times one load that any number of them is meant to take


def many_loads(
    numbers: Sequence[int] = NUMBERS, probes: Sequence[int] = (256, 1024), dim: int = DIM, rounds: int = ROUNDS
) -> list[Row]:
    """One trial to load 4, read at so many loads on the way: what a smooth curve costs beside one point."""
    rows = []
    for count in probes:
        plans = {
            number: sweep(dim=dim, loads=[4 * (i + 1) / number for i in range(number)], probes=count)
            for number in numbers
        }
        took = interleaved(
            {
                number: functools.partial(trial.run, plan.spec, 0, [0], [task.num_patterns for task in plan.tasks])
                for number, plan in plans.items()
            },
            rounds,
        )
        for number, plan in plans.items():
            times = faster(took[number], took[numbers[0]])
            asked = FREE if number == max(numbers) else None
            rows.append(
                {"dim": dim, "probes": count, "loads": number, "form": plan.spec.form, "seconds": spread(took[number])}
                | {"times_one": times, "asked": asked, "met": times <= asked if asked else None}
            )
    return rows


def own_products(dim: int, probes: int) -> dict[str, Callable[[], Any]]:
    """Overlaps times values, PAIRS of them, by XLA and by NumPy: all that a field carried on cannot do without."""
    overlap, values = np.ones((probes, PAIRS), np.float32), np.ones((PAIRS, dim), np.float32)
    on_device = jnp.asarray(overlap), jnp.asarray(values)
    return {
        "product": functools.partial(jax.jit(dot), *on_device),
        "product, numpy": functools.partial(np.matmul, overlap, values),
    }


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
