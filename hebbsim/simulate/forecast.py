"""What a sweep will cost, said before it runs: seconds and bytes, about.

A trial's operations are counted from its traced program and multiplied by the rate at which this machine multiplies
matrices, measured once. The count is of the program as it is traced, so a custom part is counted like any other.
"""

import functools
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend import core

from hebbsim.progress import duration, memory
from hebbsim.simulate import trial
from hebbsim.simulate.carried import carry_and_probe, no_pairs
from hebbsim.simulate.placement import memory_needed
from hebbsim.simulate.plan import Sweep
from hebbsim.simulate.probing import probes_at
from hebbsim.simulate.settings import pinned

ELEMENTWISE = (
    5.0  # multiply-adds of a large product that one entry of an elementwise result takes, about: fused, in memory
)
RANDOM_WORD = 60.0  # the same for one 32-bit word of Threefry
OPERATION = 1e3  # the same for one operation, however small: about 0.1 microseconds
ITERATIONS = 20  # assumed of a loop that runs until it converges
FACTORISE = 10.0  # the same for an entry and row of a factorised matrix
LEAST_TRIAL = 1e8  # the same for starting a trial and fetching its counts: 10 ms


class Forecast(NamedTuple):
    """What a sweep will take, about: within a factor of five. Compiling is apart, since it may be cached."""

    seconds: float  # of all trials
    trials: int
    bytes: float

    def __str__(self) -> str:
        each = f"{self.trials} trials of about {duration(self.seconds / self.trials)}, and a few seconds to compile"
        return f"this will take about {duration(self.seconds)} ({each}) and {memory(self.bytes)} of memory"


@pinned()
def forecast(plan: Sweep, trials: int) -> Forecast:
    """The forecast for `trials` trials of every task of the plan."""
    devices = len(jax.devices())
    batches = -(-trials // (devices // plan.spec.num_shards))
    slowdown = devices // plan.spec.num_shards if jax.devices()[0].platform == "cpu" else 1
    counts = [task.num_patterns for task in plan.tasks]
    # CPU devices share the cores that the rate was measured on.
    seconds = batches * min(slowdown, trials) * trial_work(plan.spec, tuple(counts)) / rate()
    return Forecast(seconds, trials, memory_needed(plan.spec, devices))


def expected(work: Sequence[tuple[Sweep, int]]) -> str:
    """What the missing trials of several sweeps will take, in words."""
    each = [forecast(plan, trials) for plan, trials in work]
    seconds, size = sum(one.seconds for one in each), max(one.bytes for one in each)
    return (
        f"{sum(one.trials for one in each)} trials of {len(each)} curves are missing; they will take about "
        f"{duration(seconds)}, a few seconds a curve to compile, and {memory(size)} of memory"
    )


@functools.lru_cache(1024)
def trial_work(spec: trial.Spec, num_patterns: tuple[int, ...]) -> float:
    """Multiply-adds that take as long as one trial: its writing in blocks, and its probing at each load."""
    loads = np.ones(len(num_patterns), np.int32)
    given = np.uint32(0), spec.dim_key, spec.dim_value, np.zeros(1, np.int32), loads
    draws = trial.prepare.eval_shape(*given, probes=spec.probes)
    one = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape[1:], x.dtype), draws)
    formed = spec.form == "state"
    state = jax.eval_shape(lambda: spec.rule.init(spec.dim_key, spec.dim_value) if formed else no_pairs(spec))
    number = jax.ShapeDtypeStruct((), jnp.int32)

    def write(draws: Any, loads: Any, state: Any, at: Any) -> Any:
        made = trial.start_trial(spec, draws, loads)
        codes = trial.draw_codes(made, at + jnp.arange(spec.block))
        return trial.writers_of(made)[0](state, *codes)

    def probe(draws: Any, loads: Any, state: Any, i: Any) -> Any:
        made = trial.start_trial(spec, draws, loads)
        if not formed:
            return carry_and_probe(made, probes_at(made, i), state, jnp.int32(0), i)[2]
        return trial.probe_memory(made, spec.rule.consolidate(state), probes_at(made, i), i)

    blocks = -(-max(num_patterns) // spec.block)
    if not formed:
        # The loop in it is over blocks of pairs: of all so far, or of those since the load before.
        counts = num_patterns if spec.form == "parallel" else [int(step) for step in np.diff((0, *num_patterns))]
        steps = np.mean([-(-count // spec.block) for count in counts])
        return LEAST_TRIAL + len(num_patterns) * count_work(
            jax.make_jaxpr(probe)(one, loads, state, number).jaxpr, float(steps)
        )
    written = count_work(jax.make_jaxpr(write)(one, loads, state, number).jaxpr)
    iterations = max(ITERATIONS, spec.rule.depth(1))  # a rule that trains says how many sweeps it may take
    read = count_work(jax.make_jaxpr(probe)(one, loads, state, number).jaxpr, iterations)
    return LEAST_TRIAL + blocks * written + len(num_patterns) * (read + written / 2)


def count_work(jaxpr: Any, iterations: float = ITERATIONS) -> float:
    """Multiply-adds that take as long as a traced program; loops without a known length run `iterations` times."""
    total = OPERATION * len(jaxpr.eqns)
    for equation in jaxpr.eqns:
        name, size = equation.primitive.name, sum(getattr(v.aval, "size", 0) for v in equation.outvars)
        inner = [j for j in jax.tree.leaves(list(equation.params.values()), is_leaf=_is_jaxpr) if _is_jaxpr(j)]
        if name == "dot_general":
            (contracted, _), _ = equation.params["dimension_numbers"]
            total += size * float(np.prod([equation.invars[0].aval.shape[i] for i in contracted]))
        elif name in ("cholesky", "eigh", "triangular_solve", "svd", "lu"):
            total += FACTORISE * size * max(equation.invars[0].aval.shape[-1:] or (1,))
        elif name in ("random_bits", "threefry2x32"):
            total += RANDOM_WORD * size
        elif inner:
            times = {"scan": equation.params.get("length", 1), "while": iterations}.get(name, 1)
            total += times * sum(count_work(getattr(j, "jaxpr", j), iterations) for j in inner)
        else:
            total += ELEMENTWISE * size
    return total


def _is_jaxpr(value: Any) -> bool:
    return isinstance(value, core.Jaxpr | core.ClosedJaxpr)


@functools.cache
def rate(dim: int = 1024) -> float:
    """Multiply-adds a second of a float32 product on one device, measured: the best of three."""
    product = jax.jit(lambda a, b: a @ b).lower(*2 * (jax.ShapeDtypeStruct((dim, dim), jnp.float32),)).compile()
    a = jax.device_put(np.ones((dim, dim), np.float32))
    took = []
    for _ in range(3):
        began = time.perf_counter()
        jax.block_until_ready(product(a, a))
        took.append(time.perf_counter() - began)
    return dim**3 / min(took)
