"""How much can my state hold? Entries, bytes, recoverable bits and tokens, from committed measurements. No JAX.

    bits = entries * bits per parameter(dim_key),    tokens = bits / bits a token,    bytes = entries * bytes an entry

Bits per parameter are measured at some dims and interpolated between them, linearly in 1 / dim_key, which is the form
that finite-size corrections take here. Outside the measured dims the nearest one is used, and said to be.
"""

import contextlib
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from hebbsim import theory
from hebbsim.answers.evidence import Evidence, MissingEvidence, coded_bits
from hebbsim.answers.models import Model
from hebbsim.errors import HebbsimError
from hebbsim.statistics.estimate import Estimate, Unresolved
from hebbsim.statistics.fit import load_at_error, load_limit

PRECISIONS = {"float32": 4.0, "bfloat16": 2.0, "float16": 2.0, "float8": 1.0, "int8": 1.0, "int4": 0.5}
POWERS = (0.0, 0.5, 1.0, 1.5)  # spectra i**-p of correlated keys

Curve = list[tuple[int, Estimate]]  # (dim_key, bits per parameter) by dim


class Term(NamedTuple):
    """What one reader and criterion get out of the state."""

    reader: str
    bits_per_parameter: Estimate
    bits: Estimate
    tokens: Estimate
    limit: float  # bits per parameter as dim_key grows without end; nan: none is known
    note: str  # where the number comes from; says so where it lies beyond the evidence


class Budget(NamedTuple):
    """What a model keeps and what that can hold."""

    model: Model
    state_bytes: float
    convolution_bytes: float
    cache_bytes: float  # at the context asked for
    context: int
    bits_per_token: float
    terms: tuple[Term, ...]
    same_bytes_tokens: float  # tokens that an attention cache of the state's bytes keeps; nan without a cache
    outgrown_after: float  # tokens after which the cache is larger than the state; nan without either
    correlated: dict[str, float]  # soft one-shot bits per parameter of Hebbian writes, by power of the keys' spectrum


READERS: dict[str, tuple[str, float, Callable[[Evidence], Curve]]] = {
    "one-shot, sign, at most 1 % of the bits wrong": (
        "results/dimension",
        float(theory.hard_bits(theory.load_at_error(0.01))),
        lambda evidence: _dims(evidence, "sign", lambda curve: load_at_error(curve).bits),
    ),
    "one-shot, sign, decided bits (hard)": (
        "results/dimension",
        theory.HARD_LIMIT,
        lambda evidence: _dims(evidence, "soft", lambda curve: load_limit(curve, "hard").limit),
    ),
    "one-shot, field kept undecided (soft)": (
        "results/dimension",
        theory.SOFT_LIMIT,
        lambda evidence: _dims(evidence, "soft", lambda curve: load_limit(curve, "soft").limit),
    ),
    "one-shot, outer code of rate 1/20, no bit wrong": (
        "results/by_construction",
        theory.code_threshold("1/20") / 20,
        lambda evidence: _coded(evidence),
    ),
    "every key known, AMP, no bit wrong": (
        "results/ladder",
        theory.amp_capacity(),
        lambda evidence: _without_error(evidence),
    ),
}


def budget(
    model: Model,
    evidence: Evidence,
    *,
    context: int = 0,
    bits_per_token: float = 2.1,
    precision: str = "float32",
    cache_precision: str = "bfloat16",
) -> Budget:
    """What a model's state and cache can hold.

    Args:
        model: entries, shapes and cache, see `hebbsim.answers.models`.
        evidence: the committed results.
        context: tokens that the attention cache has seen.
        bits_per_token: entropy of a token, bits.
        precision, cache_precision: of a stored entry: float32, bfloat16, float16, float8, int8, int4.

    Raises:
        HebbsimError: for an unknown precision, or numbers that are not positive.
    """
    for name, value in (("precision", precision), ("cache_precision", cache_precision)):
        if value not in PRECISIONS:
            raise HebbsimError(f"{name} = {value!r}; allowed: {', '.join(PRECISIONS)}")
    if not 0 < bits_per_token < math.inf:
        raise HebbsimError(f"bits_per_token = {bits_per_token!r}; allowed: a finite number above 0")
    if context < 0:
        raise HebbsimError(f"context = {context!r}; allowed: 0 tokens or more")
    state_bytes = model.entries * PRECISIONS[precision]
    a_token = model.kv_per_token * PRECISIONS[cache_precision]
    terms = tuple(_terms(model, evidence, bits_per_token)) if model.entries else ()
    return Budget(
        model=model,
        state_bytes=state_bytes,
        convolution_bytes=model.convolution * PRECISIONS["bfloat16"],
        cache_bytes=a_token * context,
        context=context,
        bits_per_token=bits_per_token,
        terms=terms,
        same_bytes_tokens=state_bytes / a_token if a_token and model.entries else math.nan,
        outgrown_after=math.ceil(model.entries / model.kv_per_token)
        if model.kv_per_token and model.entries
        else math.nan,
        correlated={f"{p:g}": theory.SOFT_LIMIT * effective_share(model.dim_key, p) for p in POWERS}
        if model.entries
        else {},
    )


def effective_share(dim: int, power: float) -> float:
    """d_eff / d of keys whose covariance has eigenvalues i**-power: 1 / (d sum l_i^2) with sum l_i = 1."""
    return _power_sum(dim, power) ** 2 / (dim * _power_sum(dim, 2 * power))


def _power_sum(dim: int, power: float) -> float:
    """Sum of i**-power for i from 1 to dim; beyond the first 100,000 terms by the Euler-Maclaurin formula."""
    head = min(dim, 100_000)
    total = float(np.sum(np.arange(1, head + 1, dtype=float) ** -power))
    if dim > head:
        ends = [math.log(x) if power == 1 else x ** (1 - power) / (1 - power) for x in (head, dim)]
        total += ends[1] - ends[0] + (dim**-power - head**-power) / 2
    return total


def interpolate(curve: Curve, dim: int) -> tuple[Estimate, str]:
    """Bits per parameter at a dim, linear in 1 / dim between the two nearest measured ones, and how it was got."""
    dims = [at for at, _ in curve]
    if dim in dims:
        return curve[dims.index(dim)][1], f"measured at dim {dim}"
    if not dims[0] < dim < dims[-1]:
        nearest = dims[0] if dim < dims[0] else dims[-1]
        return curve[dims.index(nearest)][
            1
        ], f"beyond the evidence (dims {dims[0]} to {dims[-1]}): measured at dim {nearest}"
    i = next(i for i, at in enumerate(dims) if at > dim)
    (low_dim, a), (high_dim, b) = curve[i - 1], curve[i]
    part = (1 / dim - 1 / low_dim) / (1 / high_dim - 1 / low_dim)
    low, best, high = ((1 - part) * x + part * y for x, y in zip(a[:3], b[:3], strict=True))
    # The straight line is an assumption: the interval reaches at least as far as the nearer of its two ends is away.
    slack = min(abs(best - a.best), abs(best - b.best)) / 2
    made = a._replace(
        low=min(low, best - slack), best=best, high=max(high, best + slack), trials=min(a.trials, b.trials)
    )
    return made, f"between dims {low_dim} and {high_dim}, linear in 1/dim"


def _terms(model: Model, evidence: Evidence, bits_per_token: float) -> Any:
    for name, (source, limit, read) in READERS.items():
        try:
            each, note = interpolate(read(evidence), model.dim_key)
        except (MissingEvidence, Unresolved):
            continue
        yield Term(
            name,
            each,
            _scaled(each, model.entries),
            _scaled(each, model.entries / bits_per_token),
            limit,
            f"{source}, {note}",
        )


def _scaled(estimate: Estimate, factor: float) -> Estimate:
    return estimate._replace(low=estimate.low * factor, best=estimate.best * factor, high=estimate.high * factor)


def _dims(evidence: Evidence, readout: str, capacity: Callable[[Any], Estimate]) -> Curve:
    points = evidence.points("dimension", readout=readout)
    found = []
    for dim in sorted({point.task.dim_key for point in points}):
        try:
            found.append((dim, capacity(evidence.curve("dimension", readout=readout, dim_key=dim))))
        except Unresolved:
            continue
    if not found:
        raise MissingEvidence("results/dimension: no dim decides it")
    return found


def _coded(evidence: Evidence) -> Curve:
    """Blocks of hundreds of thousands of entries, which run over the rows of many heads where one is small."""
    found = []
    for dim in sorted({row["dim"] for row in evidence.table("by_construction") if row["code"] == "1/20"}):
        with contextlib.suppress(MissingEvidence):
            found.append((dim, coded_bits(evidence, "1/20", dim)))
    if not found:
        raise MissingEvidence("results/by_construction: no dim was read back without an error")
    return found


def _without_error(evidence: Evidence) -> Curve:
    found: dict[int, Estimate] = {}
    for point in evidence.points("ladder", retrieval="amp"):
        if point.error_rate.best == 0 and "hard" in point.bits:
            found[point.task.dim_key] = point.bits["hard"]  # ascending loads: the last one stays
    if not found:
        raise MissingEvidence("results/ladder: AMP reads no load without an error")
    return sorted(found.items())
