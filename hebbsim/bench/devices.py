"""What the device at hand can do, and how near writes and overlaps of packed bits come to it, by bits and by products."""

import functools
import time
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from hebbsim.bench.timing import ROUNDS, Row, interleaved
from hebbsim.kernels import packed
from hebbsim.simulate.rates import choose_forms

SIDE = {"cpu": 1024}  # of the square products that are the ceiling; of any other device OTHER_SIDE
OTHER_SIDE = 16_384
DIMS = {"cpu": (256, 1024)}
OTHER_DIMS = (4096, 8192, 16_384, 32_768, 65_536)
BLOCKS = {"cpu": (1024,)}  # pairs at once
OTHER_BLOCKS = (1024, 8192)
PROBES = 1024  # queries of an overlap
BITS_UP_TO = 16_384  # dim
KINDS = {"float32": "float32", "bfloat16": "float32", "int8": "int32"}  # type of a product: that of its sums
SECONDS = 200.0  # no row is begun later


def device(
    side: int = 0,
    dims: Sequence[int] = (),
    blocks: Sequence[int] = (),
    probes: int = PROBES,
    seconds: float = SECONDS,
    rounds: int = ROUNDS,
) -> list[Row]:
    """10^9 operations a second: of square products by type; of +-1 pairs written to a memory, and of their overlaps with
    queries, by bits (exclusive or, population count) and by products of rows. Of a copy, 10^9 bytes a second.

    An operation is half a multiply-add. of_product: the rate over that of the square product of that type (of bits: of
    bfloat16). chosen: whether a trial here takes this form. What does not run, or has no time, says left_out.
    """
    platform = jax.devices()[0].platform
    side, dims = side or SIDE.get(platform, OTHER_SIDE), dims or DIMS.get(platform, OTHER_DIMS)
    blocks = blocks or BLOCKS.get(platform, OTHER_BLOCKS)
    choose_forms()
    began = time.monotonic()
    rows = ceilings(side, rounds)
    tops = {row["type"]: row["rate"] for row in rows if row["what"] == "product"}
    for dim in dims:
        for block in blocks:
            for what, forms in packed.FORMS.items():
                chosen = packed.form_on(platform, what)
                for form in forms:
                    row = {"what": what, "type": form, "dim": dim, "block": block, "chosen": form == chosen}
                    late = time.monotonic() - began > seconds
                    if late or (form == "bits" and dim > BITS_UP_TO):
                        rows.append(row | {"left_out": "no time" if late else "bits are timed at smaller dims"})
                        continue
                    operations = 2e-9 * dim * block * (dim if what == "write" else probes)
                    try:
                        rate = operations / seconds_of(kernel(what, form, dim, block, probes), rounds)
                    except Exception as error:  # a type or a size that this device does not do
                        rows.append(row | {"left_out": str(error).splitlines()[0][:200]})
                        continue
                    top = tops["bfloat16" if form == "bits" else form]
                    rows.append(row | {"rate": rate, "of_product": rate / top})
    return rows


def seconds_of(call: Callable[[], Any], rounds: int) -> float:
    """Median of some rounds."""
    return float(np.median(interleaved({"": call}, min(rounds, 5))[""]))


def ceilings(side: int, rounds: int) -> list[Row]:
    """Square products by type, and a copy."""
    rows = []
    for kind, total in KINDS.items():
        a, b = (jax.random.randint(jax.random.key(i), (side, side), -1, 2).astype(kind) for i in range(2))
        how = {"precision": jax.lax.Precision.HIGHEST} if kind == "float32" else {}
        product = jax.jit(functools.partial(jnp.dot, preferred_element_type=jnp.dtype(total), **how))
        rate = 2e-9 * side**3 / seconds_of(functools.partial(product, a, b), rounds)
        rows.append({"what": "product", "type": kind, "dim": side, "rate": rate})
    x = jnp.zeros((4 * side, side), jnp.float32)
    copy = functools.partial(jax.jit(lambda x: x + 1), x)
    return [*rows, {"what": "copy", "type": "float32", "dim": side, "rate": 2e-9 * x.nbytes / seconds_of(copy, rounds)}]


def codes_of(*shape: int) -> Any:
    """Random bits, packed."""
    return jax.random.bits(jax.random.key(len(shape)), shape, jnp.uint32)


def kernel(what: str, form: str, dim: int, block: int, probes: int) -> Callable[[], Any]:
    """A call that adds a block of pairs to a memory, which is given away and comes back, or multiplies queries with keys."""
    step, words = packed.FORMS[what][form], -(-dim // 32)
    if what == "overlap":
        return functools.partial(
            jax.jit(functools.partial(step, dim=dim)), codes_of(probes, words), codes_of(block, words)
        )
    add = jax.jit(functools.partial(step, count=jnp.int32(block)), donate_argnums=0)
    codes, held = [codes_of(block, words)] * 2, [jnp.zeros((dim, dim))]

    def call() -> Any:
        held[0] = add(held[0], *codes)
        return held[0]

    return call
