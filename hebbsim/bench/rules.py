"""How fast each rule is written."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from hebbsim.base import KINDS, Rule
from hebbsim.bench.timing import ROUNDS, Row, interleaved, spread
from hebbsim.rules import RULES
from hebbsim.simulate import trial
from hebbsim.simulate.plan import Sweep, sweep
from hebbsim.statistics.information import log2_choose

BLOCK, PAIRS = 128, 512  # pairs written at once and in all, so that no window of BLOCK or more lets a rule skip any
ENTRIES = 2**23  # entries of the pairs written, at most: fewer pairs where they are wide


def write(tasks: Iterable[Mapping[str, Any]] = (), rounds: int = ROUNDS) -> list[Row]:
    """How fast pairs go into the memory of each task (arguments of hebbsim.curve), one consolidation at the end included.

    No tasks: every rule at its default options, 256 x 256. Pairs are codes where the rule has a form for them, as in
    trials, else float32 rows, and lie in memory before. bits: the entropy of the values. depth: of writing these pairs.
    """
    plans = {}
    for task in tasks or [{"rule": name, "dim": 256, **storable(made())} for name, made in RULES.items()]:
        given = {name: value for name, value in task.items() if name not in ("trials", "loads", "num_patterns")}
        plan = sweep(loads=[1.0], **given)
        point = plan.tasks[0]
        plans.setdefault((point.rule, point.ensemble, point.dim_key, point.dim_value), plan)
    made = {name: writing(plan) for name, plan in plans.items()}
    took = interleaved({name: call for name, (call, _) in made.items()}, rounds)
    rows = []
    for name, plan in plans.items():
        rule, ensemble, dim_key, dim_value = name
        pairs, bits = made[name][1], value_bits(plan.spec)
        rate = pairs / float(np.median(took[name]))
        rows.append(
            {"rule": rule, "ensemble": ensemble, "dim_key": dim_key, "dim_value": dim_value}
            | {"num_parameters": plan.num_parameters, "num_state": plan.spec.rule.num_state(dim_key, dim_value)}
            | {"depth": plan.spec.rule.depth(pairs), "pairs": pairs, "seconds": spread(took[name])}
            | {"pairs_per_second": rate, "bits_per_second": rate * bits}
            | {"bits_per_second_per_parameter": rate * bits / plan.num_parameters}
        )
    return rows


def writing(plan: Sweep) -> tuple[Callable[[], Any], int]:
    """(call that writes and consolidates, how many pairs that is)."""
    spec = plan.spec
    sides, dims = spec.sides, (spec.dim_key, spec.dim_value)
    block = math.lcm(BLOCK, spec.rule.chunk)
    blocks = max(1, min(PAIRS, ENTRIES // sum(dims)) // block)
    index = jnp.arange(blocks * block)
    codes = [side.draw(key, index) for side, key in zip(sides, jax.random.split(jax.random.key(0)), strict=True)]
    codes[1] = codes[0] if spec.tied else codes[1]
    run = trial.writer(spec.rule, *sides, ((), sides[1].book(jax.random.key(1))), block)[0]
    if not trial.fast_form(spec.rule, *sides):
        run = spec.rule.write
        codes = [side.rows(side.book(jax.random.key(1)), code) for side, code in zip(sides, codes, strict=True)]
    codes = [code.reshape(blocks, block, *code.shape[1:]) for code in codes]

    @jax.jit
    def call(codes: list[jax.Array]) -> Any:
        state = jax.lax.scan(lambda state, both: (run(state, *both), None), spec.rule.init(*dims), codes)[0]
        return spec.rule.consolidate(state)

    return lambda: call(codes), blocks * block


def storable(rule: Rule) -> Row:
    """An ensemble that the rule can store, and a readout that scores it."""
    kinds = rule.requires & KINDS or KINDS
    kind = "bipolar" if "bipolar" in kinds else min(kinds)
    readout = {"bipolar": "sign", "gaussian": "soft", "sparse": "threshold", "tokens": "argmax"}[kind]
    return {"ensemble": kind, "readout": readout, "tied": "tied" in rule.requires}


def value_bits(spec: trial.Spec) -> float:
    """Entropy of one value in bits; nan for real numbers, words of an outer code, and values that are not fair."""
    side, key = spec.sides[1], jax.random.key(0)
    bits = {
        "bipolar": lambda: float(spec.dim_value),
        "sparse": lambda: log2_choose(spec.dim_value, float(side.rows((), side.draw(key, jnp.arange(1))).sum())),
        "tokens": lambda: math.log2(jax.eval_shape(side.book, key).shape[0]),
    }
    known = "fair" in spec.ensemble.provides and spec.ensemble.kind in bits
    return bits[spec.ensemble.kind]() if known else math.nan
