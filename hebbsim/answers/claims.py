"""The claim under test, as rows fixed before measuring: what is predicted, how near it must come, and why. No JAX.

C1: "A Hebbian associative matrix, one of the simplest and weakest memories, can store about 0.7 bits per parameter."
Each row is one reading of "stores". A row is checked against theory first (is the instrument right?), then the claim is
checked against the row (does this reading give about 0.7?). Both can come out either way.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from hebbsim import theory
from hebbsim.errors import HebbsimError
from hebbsim.statistics.estimate import Estimate, Unresolved, joint_level, quantile
from hebbsim.statistics.fit import best_load, exact_load, load_at_error, load_limit
from hebbsim.statistics.measurement import Measurement

ABOUT = (0.65, 0.75)  # what rounds to 0.7 in one figure
LEVEL = 0.95  # of all rows together: one false alarm in twenty runs with fresh seeds
SIZES = ("smoke", "default", "full")

Curve = Sequence[Measurement]


class Row(NamedTuple):
    """One reading of "stores", pre-registered."""

    quantity: str
    setting: str
    criterion: str
    curve: str  # name of the curve it is read from
    read: Callable[[Curve], Estimate]
    prediction: float
    tolerance: float  # how far theory itself may be off
    reason: str  # of the tolerance
    resolution: float  # the 95 % interval must be no wider than this to either side
    condition: str = ""  # what must be granted for this reading to count as storing


class Judged(NamedTuple):
    """A row with what was measured."""

    row: Row
    measured: Estimate
    agrees: bool
    verdict: str


def judge(row: Row, curves: Mapping[str, Curve], rows: int) -> Judged:
    """Measure a row and judge it, at the level at which all `rows` hold together."""
    try:
        measured = row.read(curves[row.curve])
    except Unresolved as error:
        nothing = Estimate(float("-inf"), float("nan"), float("inf"), LEVEL, 0, "none")
        return Judged(row, error.estimate or nothing, False, f"not decided: {error}")
    except KeyError:
        raise HebbsimError(f"no records of the curve {row.curve!r}; run hebbsim verify without --from") from None
    wider = quantile(joint_level(LEVEL, rows), measured.trials - 1) / quantile(measured.level, measured.trials - 1)
    low = measured.best - wider * (measured.best - measured.low) - row.tolerance
    high = measured.best + wider * (measured.high - measured.best) + row.tolerance
    agrees = low <= row.prediction <= high and measured.half <= row.resolution
    if measured.low > ABOUT[1]:
        verdict = f"more: {measured.best:.2f}"
    elif measured.high < ABOUT[0]:
        verdict = "does not hold"
    elif ABOUT[0] <= measured.low and measured.high <= ABOUT[1]:
        verdict = f"holds only if {row.condition}" if row.condition else "holds"
    else:
        verdict = "not decided: the interval reaches past 0.65 to 0.75; add trials"
    return Judged(row, measured, agrees, verdict)


def at(index: int, criterion: str) -> Callable[[Curve], Estimate]:
    """Bits at the curve's load of that index."""
    return lambda curve: curve[index].bits[criterion]


class Scale(NamedTuple):
    """How much work a size of `verify` is."""

    dim: int
    loads: tuple[float, ...]
    trials: int
    limit_dim: int
    limit_probes: int
    limit_trials: int
    limit_half: tuple[float, float]  # resolution of the soft and the hard limit
    token_trials: int
    sparse_trials: int
    solver_dim: int  # of the readers that are given all keys


SCALES = {
    "smoke": Scale(256, (0.138, 0.185, 0.25, 1.0, 4.0), 8, 64, 1024, 12, (0.05, 0.04), 12, 6, 256),
    "default": Scale(1024, (0.105, 0.185, 0.25, 0.61, 1.0, 4.0, 16.0), 36, 256, 4096, 120, (0.005, 0.004), 72, 30, 512),
    "full": Scale(
        1024,
        (0.105, 0.138, 0.185, 0.25, 0.37, 0.61, 1.0, 2.0, 4.0, 16.0, 64.0, 256.0),
        64,
        256,
        4096,
        320,
        (0.0025, 0.002),
        120,
        60,
        1024,
    ),
}
# Outer codes: dim -> message bits a parameter that must come back one-shot, every one right.
CODED = {"smoke": {64: 0.539}, "default": {256: 0.62, 1024: 0.62}, "full": {256: 0.62, 1024: 0.62}}
LIMIT_LOADS = (4, 8, 16, 32, 64)
EXACT_LOADS = tuple(0.03 * 1.12**i for i in range(16))
WORDS, ONE_HOT, UNITS = 4096, 256, {"smoke": 256, "default": 1024, "full": 1024}


def tasks(size: str) -> dict[str, dict[str, Any]]:
    """The curves to run, as arguments of hebbsim.curve, by name."""
    scale, units = SCALES[size], UNITS[size]
    active, patterns, _ = theory.willshaw_best(units)
    high = dict(dim=scale.limit_dim, loads=LIMIT_LOADS, probes=scale.limit_probes, readout="soft")
    words = dict(ensemble="tokens", readout="argmax", dim=256, probes=512, trials=scale.token_trials)
    sparse = dict(rule="willshaw", ensemble="sparse", readout="threshold", dim=units, trials=scale.sparse_trials)
    solver = dict(readout="sign", dim_key=scale.solver_dim, dim_value=64, probes=2048, trials=scale.sparse_trials)
    best = theory.best_token_load(256, 256, WORDS)[0]
    one_hot = theory.best_token_load(256, ONE_HOT, ONE_HOT, "orthogonal")[0]
    few = theory.token_load_at_error(256, ONE_HOT, ONE_HOT, codes="orthogonal")[0]
    return {
        "dense": dict(readout="soft", dim=scale.dim, loads=scale.loads, trials=scale.trials),
        "high load": dict(trials=scale.limit_trials, **high),
        "gaussian": dict(ensemble="gaussian", trials=scale.limit_trials, **high),
        "no error": dict(readout="sign", dim=256, loads=EXACT_LOADS, trials=4 * scale.trials),
        "tokens": dict(
            ensemble_options={"vocabulary": WORDS},
            num_patterns=[round(best * p) for p in (0.6, 0.8, 1, 1.25, 1.6)],
            **words,
        ),
        "one-hot": dict(
            ensemble_options={"vocabulary": ONE_HOT, "one_hot": True},
            num_patterns=[round(few * 0.9), round(few * 1.1), *(round(one_hot * p) for p in (0.7, 1, 1.4))],
            **words,
        ),
        "solved": dict(retrieval="ridge", loads=(0.7,), **solver),
        "passed": dict(retrieval="amp", loads=(0.7, 1.5), **solver),
        "sparse": dict(ensemble_options={"active": active}, num_patterns=[patterns], **sparse),
        "pairs of units": dict(
            ensemble_options={"active": 2}, num_patterns=[round(units**2 * theory.LN2 / 4)], **sparse
        ),
    }


def rows(size: str) -> list[Row]:
    """Every row of a size, in the order of the table."""
    scale, units = SCALES[size], UNITS[size]
    found = []
    bins = "the histogram's bins lose up to 0.1 % of the bits"
    for i, load in enumerate(scale.loads):
        patterns = max(1, round(load * scale.dim))
        for name, law in (("hard", theory.hard_bits_exact), ("soft", theory.soft_bits_exact)):
            value = law(scale.dim, patterns)
            what = "sign of the field" if name == "hard" else "the field itself"
            rough = 0.04 if size == "smoke" or load > 100 else 0.02
            wrong = 100 * theory.bit_error_exact(scale.dim, patterns)
            where = f"+-1, dim {scale.dim}, load {load:g}"
            grant = f"the field is kept undecided, its sign being wrong for {wrong:.0f} % of the bits"
            half = rough * value
            found.append(Row(what, where, name, "dense", at(i, name), value, 0.001 * value, bins, half, grant))
    cut = "what is left of the polynomial in 1/load beyond its square"
    grant = "the field is kept undecided and the load grows without end"
    limits = f"load to infinity (from {LIMIT_LOADS[0]} to {LIMIT_LOADS[-1]}, dim {scale.limit_dim})"
    soft_half, hard_half = scale.limit_half
    slope = "a line in log load between the two loads that bracket 1 %"
    one, many = theory.load_at_error(0.01), theory.zero_error_load(256, 256)
    token_best = theory.best_token_load(256, 256, WORDS, "refined")
    hot = theory.best_token_load(256, ONE_HOT, ONE_HOT, "orthogonal")[1]
    hot_few = theory.token_load_at_error(256, ONE_HOT, ONE_HOT, codes="orthogonal")[1]
    active, patterns, _ = theory.willshaw_best(units)

    def code_bits(k: int, m: int, exact_code: bool) -> float:
        ratio = (units - k) / k
        return theory.sparse_bits(
            m, units, units, k, ratio * theory.willshaw_false(m, units, units, k, k), 0, exact_code
        )

    rough = 3.0 if size == "smoke" else 1.0
    dim = scale.dim
    found += [
        Row("sign of the field", f"+-1, {limits}", "hard", "high load", lambda c: load_limit(c, "hard").limit,
            theory.HARD_LIMIT, 0.0005, cut, hard_half),
        Row("the field itself", f"+-1, {limits}", "soft", "high load", lambda c: load_limit(c, "soft").limit,
            theory.SOFT_LIMIT, 0.0005, cut, soft_half, grant),
        Row("the field itself", f"N(0, 1), {limits}", "soft", "gaussian", lambda c: load_limit(c, "soft").limit,
            theory.SOFT_LIMIT, 0.0005, cut, soft_half, grant),
        Row("sign of the field", f"+-1, dim {dim}, 1 % of bits wrong", "epsilon", "dense",
            lambda c: load_at_error(c).bits, float(theory.hard_bits(one)), 0.005, slope + "; load counts M, not M - 1",
            0.004 * rough),
        Row("sign of the field", "+-1, dim 256, no bit wrong", "exact", "no error", lambda c: exact_load(c).bits, many,
            0.1 * many, "mean over trials on a grid 12 % apart, against the median with independent bits", 0.012),
        *(
            Row(what, f"+-1, dim {scale.solver_dim}, load {load:g}, all keys known", "hard", curve, at(i, "hard"),
                round(load * scale.solver_dim) / scale.solver_dim, 0.0005, "exact; the interval is of no error in so many rows",
                0.006 * rough, "the reader is given every key and solves for all values at once")
            for what, curve, i, load in (
                ("least squares", "solved", 0, 0.7), ("AMP", "passed", 0, 0.7), ("AMP", "passed", 1, 1.5)
            )
        ),
        Row("token by argmax", f"random words, V = {WORDS}, dim 256, best load", "hard", "tokens",
            lambda c: best_load(c, "hard").bits, token_best[1], 0.01, "the formula at dim 256", 0.01 * rough),
        Row("token by argmax", f"one-hot words, V = {ONE_HOT}, best load", "hard", "one-hot",
            lambda c: best_load(c[2:], "hard").bits, hot, 0.01, "parabola through three loads, dim_key 256",
            0.01 * rough),
        Row("token by argmax", f"one-hot words, V = {ONE_HOT}, 1 % wrong", "epsilon", "one-hot",
            lambda c: load_at_error(c).bits, hot_few, 0.01, slope + ", dim_key 256", 0.015 * rough),
        Row("Willshaw matrix", f"{active} of {units} units, 1 % design", "hard", "sparse", at(0, "hard"),
            code_bits(active, patterns, True), 0.002, "the false rate enters the entropy as its mean", 0.006),
        Row("Willshaw matrix", f"{active} of {units} units, 1 % design", "hard, units apart", "sparse", at(0, "unit"),
            code_bits(active, patterns, False), 0.002, "the false rate enters the entropy as its mean", 0.006),
        Row("Willshaw matrix", f"2 of {units} units, half of the weights on", "hard, units apart", "pairs of units",
            at(0, "unit"), code_bits(2, round(units**2 * theory.LN2 / 4), False), 0.002, "as above", 0.01,
            f"{units // 8} false ones for each true one are no error"),
        Row("Willshaw matrix", f"2 of {units} units, half of the weights on", "hard", "pairs of units",
            at(0, "hard"), code_bits(2, round(units**2 * theory.LN2 / 4), True), 0.002, "as above", 0.01),
    ]  # fmt: skip
    found += [
        Row(
            "one-shot, outer code of rate 1/20",
            f"±1, dim {dim}, no bit wrong",
            "decoded",
            f"coded {dim}",
            decoded,
            asked,
            0.005,
            "whole blocks: what is stored is asked for to a fraction of a block",
            0.001,
            "an outer code spreads each message over a block of many entries",
        )
        for dim, asked in CODED[size].items()
    ]
    return found


def decoded(counts: Any) -> Estimate:
    """Message bits per parameter of the blocks that came back whole, from what one_shot_evidence counted."""
    best = counts["stored_bits"] / counts["dim"] ** 2 * (1 - counts["wrong_blocks"] / counts["blocks"])
    return Estimate(
        best, best, best, LEVEL, 1, f"{counts['message_bits']:,} message bits read, {counts['errors']} wrong"
    )


def summary(judged: Sequence[Judged]) -> str:
    """The claim in one sentence, from the rows."""
    right = [item for item in judged if item.verdict.startswith("holds")]
    others = [item for item in judged if not item.verdict.startswith("holds") and item.measured.trials]
    if not others:
        return f"{len(right)} of {len(judged)} readings of 'stores' give about 0.7 bits per parameter."
    best = max(others, key=lambda item: item.measured.best)
    return (
        f"{len(right)} of {len(judged)} readings of 'stores' give about 0.7 bits per parameter, each on a condition; the "
        f"most that any other gives is {best.measured.best:.3f} ({best.row.quantity}, {best.row.setting}, {best.row.criterion})."
    )
