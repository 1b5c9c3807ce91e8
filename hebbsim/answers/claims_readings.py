"""Claim C1: what one Hebbian matrix stores, reading by reading. No JAX."""

from collections.abc import Callable

from hebbsim import theory
from hebbsim.answers.claims import ABOUT
from hebbsim.answers.evidence import Evidence, MissingEvidence, coded_bits
from hebbsim.answers.ledger import FAILS, HOLDS, OPEN, Answer, Claim, Number, Numbers, measured, one_that_fails
from hebbsim.statistics.estimate import Estimate
from hebbsim.statistics.fit import best_load, exact_load, load_at_error, load_limit
from hebbsim.statistics.measurement import Measurement

BITS = "bits/parameter"
MILLIONS = 300e6  # parameters of the state in the claim

# Each reading of "stores": how it is read, and what must be granted for it to count as storing.
READINGS: dict[str, tuple[str, Callable[[Evidence], Estimate], str]] = {
    "sign of the field, load to infinity (hard)": (
        "dimension",
        lambda e: load_limit(_dense(e, "soft"), "hard").limit,
        "",
    ),
    "the field itself, load to infinity (soft)": (
        "dimension",
        lambda e: load_limit(_dense(e, "soft"), "soft").limit,
        "the field is kept undecided and the load grows without end",
    ),
    "the field itself, load 16 (soft)": (
        "dimension",
        lambda e: _at_load(_dense(e, "soft"), 16).bits["soft"],
        "the field is kept undecided at a load where its sign is wrong for 40 % of the bits",
    ),
    "sign of the field, 1 % of the bits wrong": ("dimension", lambda e: load_at_error(_dense(e, "sign")).bits, ""),
    "sign of the field, no bit wrong, dim 1024": ("dimension", lambda e: exact_load(_dense(e, "sign")).bits, ""),
    "least squares, every key known, no bit wrong, 300M parameters": (
        "three_hundred_million",
        lambda e: _stored(stored_whole(e, "ridge")),
        "the reader is given every key and solves for all values at once",
    ),
    "outer code of rate 1/20, one-shot, no bit wrong, dim 17,321, 42 of 3,732 blocks read": (
        "by_construction",
        lambda e: coded_bits(e, "1/20", 17_321),
        "",
    ),
    "outer code of rate 1/20, one-shot, no bit wrong, dim 1024": (
        "by_construction",
        lambda e: coded_bits(e, "1/20", 1024),
        "",
    ),
    "outer code of rate 1/20, one-shot, no bit wrong, dim 256": (
        "by_construction",
        lambda e: coded_bits(e, "1/20", 256),
        "an outer code spreads each message over a block of hundreds of thousands of entries",
    ),
    "outer code of rate 1/50, one-shot, no bit wrong, dim 1024": (
        "by_construction",
        lambda e: coded_bits(e, "1/50", 1024),
        "one of lower rate over a block of 8.8 million entries",
    ),
    "correlated keys of spectrum 1/i, field itself, load 32, dim 128 (soft)": (
        "correlated",
        lambda e: _correlated(e, "matched_filter"),
        "",
    ),
    "the same keys, read by whitened queries": (
        "correlated",
        lambda e: _correlated(e, "whitened_query"),
        "the reader whitens its query by the covariance of the keys, and keeps the field undecided",
    ),
    "AMP, every key known, no bit wrong, dim 2048": (
        "ladder",
        lambda e: _most_without_error(e.points("ladder", retrieval="amp", dim_key=2048)),
        "",
    ),
    "box-constrained, every key known, no bit wrong, dim 256": (
        "ladder",
        lambda e: _most_without_error(e.points("ladder", retrieval="box", dim_key=256)),
        "",
    ),
    "token by argmax, V = 65,536, best load": (
        "tokens",
        lambda e: best_load(words_curve(e, 65536), "hard").bits,
        "",
    ),
    "token by argmax, V = 65,536, 1 % wrong": ("tokens", lambda e: load_at_error(words_curve(e, 65536)).bits, ""),
    "Willshaw matrix, n = 4096, 1 % design, exact entropy of the code": (
        "willshaw",
        lambda e: _units(e).bits["hard"],
        "",
    ),
    "Willshaw matrix, n = 4096, 1 % design, units counted apart": (
        "willshaw",
        lambda e: _units(e).bits["unit"],
        "",
    ),
}


def _dense(evidence: Evidence, readout: str, dim: int = 1024) -> list[Measurement]:
    return evidence.curve("dimension", readout=readout, dim_key=dim)


def words_curve(evidence: Evidence, vocabulary: int) -> list[Measurement]:
    return evidence.curve("tokens", ensemble=f"tokens(vocabulary={vocabulary})", dim_key=512)


def _units(evidence: Evidence) -> Measurement:
    active, patterns, _ = theory.willshaw_best(4096)
    points = evidence.points("willshaw", dim_key=4096, ensemble=f"sparse(active={active})")
    return min(points, key=lambda point: abs(point.task.num_patterns - patterns))


def _at_load(curve: list[Measurement], load: float) -> Measurement:
    for point in curve:
        if abs(point.load - load) < 1e-9 * load:
            return point
    raise MissingEvidence(f"no point at load {load:g}")


def _stored(record_bits: tuple[float, float, int]) -> Estimate:
    """Bits per parameter stored and read back; the interval is that of the errors. Not decided where bits are wrong."""
    stored, wrong, parameters = record_bits
    if wrong:
        raise MissingEvidence("bits came back wrong, so nothing was stored without error")
    return Estimate(stored / parameters, stored / parameters, stored / parameters, 0.95, 1, "no bit wrong")


def stored_whole(evidence: Evidence, reader: str, dim: int = 17_321) -> tuple[float, float, int]:
    """(bits stored, bits wrong, parameters) of the whole large matrix, by one reader; every pair was probed."""
    for record in evidence.records("three_hundred_million").records.values():
        task = record.task
        if task.retrieval.partition("(")[0] == reader and task.dim_key == task.dim_value == dim:
            wrong = float(record.counts["errors"]) + float(record.counts["ties"]) / 2
            return float(record.counts["bits"]), wrong, record.num_parameters
    raise MissingEvidence(f"results/three_hundred_million: no record of {reader} at dim {dim}")


def _most_without_error(points: list[Measurement]) -> Estimate:
    clean = [point for point in points if point.error_rate.best == 0 and "hard" in point.bits]
    if not clean:
        raise MissingEvidence("no load was read without an error")
    return clean[-1].bits["hard"]


def _correlated(evidence: Evidence, retrieval: str) -> Estimate:
    keys = "correlated(power=1.0, values='gaussian')"
    points = evidence.points("correlated", rule="hebbian", retrieval=retrieval, ensemble=keys, dim_key=128)
    return points[0].bits["soft"]


def about(number: Number) -> bool:
    """Whether a reading gives about 0.7: its whole interval rounds to 0.7 in one figure."""
    return ABOUT[0] <= number.low and number.high <= ABOUT[1]


def read_readings(evidence: Evidence) -> dict[str, Number]:
    """C1: every reading of "stores" that the records decide."""
    found = {}
    for name, (experiment, reading, _) in READINGS.items():
        number = one_that_fails(
            lambda reading=reading, experiment=experiment: measured(reading(evidence), BITS, experiment)
        )
        if number is not None:
            found[name] = number
    if not found:
        raise MissingEvidence("no reading of 'stores' has records")
    return found


def decide_readings(numbers: Numbers) -> Answer:
    """C1: holds if every reading gives about 0.7, on conditions if some do; not decided while a missing one could tell."""
    right = [name for name, number in numbers.items() if about(number)]
    missing = [name for name in READINGS if name not in numbers]
    least = min(numbers, key=lambda name: numbers[name].value)
    most = max(numbers, key=lambda name: numbers[name].value)
    sentence = (
        f"{len(right)} of {len(numbers)} readings of 'stores' give about 0.7; they run from {numbers[least]} ({least}) "
        f"to {numbers[most]} ({most})."
    )
    if missing:
        sentence += f" Not decided by the records there are: {'; '.join(missing)}."
    if 0 < len(right) < len(numbers):
        conditions = dict.fromkeys(READINGS[name][2] or f"'stores' means this: {name}" for name in right)
        return Answer("holds only if " + ", or ".join(conditions), sentence)
    return Answer(OPEN if missing else HOLDS if right else FAILS, sentence)


CLAIMS = (
    Claim(
        "C1",
        "A Hebbian associative matrix, among the simplest and weakest memories, stores about 0.7 bits per parameter.",
        "simulation",
        "Every reading of 'stores': reader and criterion, of the dense matrix, the token matrix and the Willshaw matrix.",
        "A reading gives about 0.7 if its whole 95 % interval lies in 0.65 to 0.75, which is what rounds to 0.7. The claim "
        "holds if every reading does, and on a condition if some do.",
        ("dimension", "by_construction", "correlated", "ladder", "three_hundred_million", "tokens", "willshaw"),
        read_readings,
        decide_readings,
    ),
)
