"""Writing and reading against the float32 products that a matrix library would do them with."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from hebbsim.base import Field, Side, Truth, dot
from hebbsim.bench.timing import ROUNDS, Row, faster, interleaved, spread
from hebbsim.ensembles import ENSEMBLES
from hebbsim.readouts import READOUTS
from hebbsim.rules import RULES
from hebbsim.simulate import trial
from hebbsim.simulate.placement import trial_cost
from hebbsim.simulate.plan import sweep

PAIRS = 2048  # written by a timed write
BLOCK = 1024  # of them at once, as in a trial
ACTIVE = 12  # units of a sparse pair
LARGE = 4096  # dims above it are timed in LEAST rounds
LEAST = 3
ASKED = {512: 4.0, 1024: 4.0, 2048: 4.0, 4096: 3.0, 8192: 3.0}  # times the best float32 product


def packed(
    dims: Sequence[int] = (256, 512, 1024, 2048, 4096, 8192, 16384),
    sparse_dims: Sequence[int] = (256, 512, 1024, 2048, 4096, 8192),
    rounds: int = ROUNDS,
) -> list[Row]:
    """Pairs written from bits (Willshaw: from units), against the float32 product K^T V (clipped at 1) in JAX and NumPy.

    gops: 2 dim^2 operations a pair, in 10^9 a second. times_product: the faster of the two products / the write, within
    a round. drawn: the pairs being drawn as well, as in a trial.
    """
    rows = []
    for name, ensemble, sizes in (
        ("hebbian", ENSEMBLES["bipolar"](), dims),
        ("willshaw", ENSEMBLES["sparse"](active=ACTIVE), sparse_dims),
    ):
        for dim in sizes:
            often = rounds if dim <= LARGE else min(rounds, LEAST)
            took = interleaved(writes(name, ensemble.keys(dim), dim), often)
            product = np.minimum(took["product"], took["product_numpy"])
            gops = {n: 2e-9 * dim**2 * PAIRS / float(np.median(seconds)) for n, seconds in took.items()}
            ratio, asked = faster(product, took["write"]), ASKED.get(dim)
            rows.append(
                {"rule": name, "dim": dim, "pairs": PAIRS, "rounds": often, "seconds": spread(took["write"])}
                | {f"gops_{n}": number for n, number in gops.items()}
                | {"times_product": ratio, "times_product_drawn": faster(product, took["write_drawn"])}
                | {"asked": asked, "met": ratio >= asked if asked else None}
            )
    return rows


def writes(name: str, side: Side, dim: int) -> dict[str, Callable[[], Any]]:
    """The calls that write the same pairs into an empty memory."""
    rule = RULES[name]()
    keys = jax.random.split(jax.random.key(0))
    index = jnp.arange(PAIRS)
    codes = [side.draw(key, index) for key in keys]
    floats = [side.rows((), code) for code in codes]
    arrays = [np.asarray(rows) for rows in floats]
    run = trial.writer(rule, side, side, ((), ()), BLOCK)[0]

    def blocks(step: Callable) -> Array:
        return jax.lax.fori_loop(0, PAIRS // BLOCK, step, rule.init(dim, dim))

    @jax.jit
    def write(keys: Array, values: Array) -> Array:
        return blocks(
            lambda i, state: run(state, *(jax.lax.dynamic_slice_in_dim(c, i * BLOCK, BLOCK) for c in (keys, values)))
        )

    @jax.jit
    def write_drawn(keys: Array) -> Array:
        def step(i: Array, state: Array) -> Array:
            both = jax.vmap(side.draw, (0, None))(keys, i * BLOCK + jnp.arange(BLOCK))
            return run(state, both[0], both[1])

        return blocks(step)

    clipped = name == "willshaw"

    @jax.jit
    def product(keys: Array, values: Array) -> Array:
        return jnp.minimum(dot(keys.T, values), 1) if clipped else dot(keys.T, values)

    def product_numpy() -> np.ndarray:
        found = arrays[0].T @ arrays[1]
        return np.minimum(found, 1, out=found) if clipped else found

    return {
        "write": lambda: write(*codes),
        "write_drawn": lambda: write_drawn(keys),
        "product": lambda: product(*floats),
        "product_numpy": product_numpy,
    }


def read(dims: Sequence[int] = (256, 1024, 4096), probes: int = 1024, rounds: int = ROUNDS) -> list[Row]:
    """`probes` queries read from a +-1 memory, and scored, against the same float32 product in JAX and NumPy."""
    rows = []
    rule, side = RULES["hebbian"](), ENSEMBLES["bipolar"]().values
    for dim in dims:
        codes = [side(dim).draw(key, jnp.arange(probes)) for key in jax.random.split(jax.random.key(0))]
        queries, values = (side(dim).rows((), code) for code in codes)
        state = rule.write(rule.init(dim, dim), queries, values)
        arrays = np.asarray(queries), np.asarray(state)

        def scored(name: str, state: Array, queries: Array, values: Array, code: Array, dim: int = dim) -> Any:
            field = Field(rule.recall(state, queries), jnp.float32(jnp.nan), {})
            live = jnp.ones(probes, bool)
            truth = Truth(code, values, (), side(dim).rows, queries, False, live, apart=False)
            return trial.sum_probes(READOUTS[name]().score(field, truth), live, live, ())

        calls: dict[str, Callable[[], Any]] = {
            "product": functools.partial(jax.jit(dot), queries, state),
            "product_numpy": functools.partial(np.matmul, *arrays),
        }
        for name in ("sign", "soft"):
            calls[name] = functools.partial(jax.jit(functools.partial(scored, name)), state, queries, values, codes[1])
        took = interleaved(calls, rounds)
        best = np.minimum(took["product"], took["product_numpy"])
        for name in ("sign", "soft"):
            rows.append(
                {"readout": name, "dim": dim, "probes": probes, "seconds": spread(took[name])}
                | {"probes_per_second": probes / float(np.median(took[name]))}
                | {f"gops_{n}": 2e-9 * dim**2 * probes / float(np.median(took[n])) for n in (name, *list(calls)[:2])}
                | {"of_product": faster(best, took[name])}
            )
    return rows


# dim, probes, loads, the largest load
CASES = (
    (64, 16, 12, 4.0),
    (64, 1024, 12, 4.0),
    (64, 4096, 64, 4.0),
    (256, 1024, 12, 4.0),
    (512, 256, 12, 4.0),
    (1024, 16, 1, 4.0),
    (1024, 256, 1, 4.0),
    (1024, 1024, 1, 4.0),
    (1024, 4096, 1, 4.0),
    (1024, 256, 12, 4.0),
    (1024, 1024, 12, 4.0),
    (1024, 256, 64, 4.0),
    (2048, 64, 64, 4.0),
    (2048, 1024, 1, 4.0),
    (4096, 256, 12, 2.0),
    (8192, 16, 4, 0.5),
)
WITHIN = 1.3  # of the faster form's time, which the chosen one may take


def forms(cases: Sequence[tuple[int, int, int, float]] = CASES, rounds: int = ROUNDS) -> list[Row]:
    """One trial with its memory formed, and with its fields carried on: which is forecast to be faster, and which is."""
    rows = []
    for dim, probes, loads, most in cases:
        counts = sorted({max(1, round(most * dim * (i + 1) / loads)) for i in range(loads)})
        plan = sweep(dim=dim, num_patterns=counts, probes=probes)
        choices = {
            form: sweep(dim=dim, num_patterns=counts, probes=probes, form=form).spec for form in ("state", "carried")
        }
        took = interleaved(
            {form: functools.partial(trial.run, spec, 0, [0], counts) for form, spec in choices.items()}, min(rounds, 5)
        )
        loss = faster(took[plan.spec.form], np.minimum(took["state"], took["carried"]))
        rows.append(
            {"dim": dim, "probes": probes, "loads": loads, "largest_load": most}
            | {"seconds_formed": spread(took["state"]), "seconds_carried": spread(took["carried"])}
            | {"formed_over_carried": faster(took["state"], took["carried"])}
            | {"foretold": trial_cost(choices["state"], counts) / trial_cost(choices["carried"], counts)}
            | {"chosen": plan.spec.form, "over_the_faster": loss, "asked": WITHIN, "met": loss <= WITHIN}
        )
    return rows
