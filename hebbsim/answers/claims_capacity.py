"""Claims C1 and C2: what one Hebbian matrix stores, reading by reading. No JAX."""

import math
from collections.abc import Callable

from hebbsim import theory
from hebbsim.answers.claims import ABOUT
from hebbsim.answers.evidence import Evidence, MissingEvidence
from hebbsim.answers.ledger import FAILS, HOLDS, OPEN, Answer, Claim, Number, Numbers, given, measured, one_that_fails
from hebbsim.statistics.estimate import Estimate, share
from hebbsim.statistics.fit import best_load, exact_load, load_at_error, load_limit
from hebbsim.statistics.measurement import Measurement

BITS = "bits/parameter"
MILLIONS = 300e6  # parameters of the state in the claim
TOKENS, ENTROPY = 100e6, 2.1  # that it is to hold, and bits each

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
        lambda e: _stored(_whole(e, "ridge")),
        "the reader is given every key and solves for all values at once",
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
        lambda e: best_load(_words(e, 65536), "hard").bits,
        "",
    ),
    "token by argmax, V = 65,536, 1 % wrong": ("tokens", lambda e: load_at_error(_words(e, 65536)).bits, ""),
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


def _words(evidence: Evidence, vocabulary: int) -> list[Measurement]:
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


def _whole(evidence: Evidence, reader: str, dim: int = 17_321) -> tuple[float, float, int]:
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
    """C1: holds if every reading gives about 0.7, on conditions if some do."""
    right = [name for name, number in numbers.items() if about(number)]
    least = min(numbers, key=lambda name: numbers[name].value)
    most = max(numbers, key=lambda name: numbers[name].value)
    range_ = (
        f"{len(right)} of {len(numbers)} readings of 'stores' give about 0.7; they run from {numbers[least]} ({least}) "
        f"to {numbers[most]} ({most})."
    )
    if not right:
        return Answer(FAILS, range_)
    conditions = list(dict.fromkeys(READINGS[name][2] for name in right if name in READINGS and READINGS[name][2]))
    if len(right) == len(numbers) or not conditions:
        return Answer(HOLDS, range_)
    return Answer("holds only if " + ", or ".join(conditions), range_)


def read_whole(evidence: Evidence) -> dict[str, Number]:
    """C2: bits of the 300-million-parameter matrix that came back wrong, by reader."""
    found = {}
    for reader, name in (("matched_filter", "one-shot"), ("ridge", "least squares"), ("amp", "AMP")):
        bits, wrong, parameters = _whole(evidence, reader)
        interval = share(round(wrong), round(bits), 0.95)
        source = "results/three_hundred_million"
        found[f"{name}: bits wrong"] = Number(
            wrong, bits * interval.low, bits * interval.high, f"of {bits:,.0f}", source, f"{wrong:,.0f}"
        )
        found["parameters"] = given(parameters, "entries", source, f"{parameters:,}")
        found["bits stored"] = given(bits, "bits", source, f"{bits:,.0f}")
    return found


def decide_whole(numbers: Numbers) -> Answer:
    """C2: holds if the one-shot reader gets every bit back; on a condition if only a reader that knows the keys does."""
    wrong = {name.partition(":")[0]: number for name, number in numbers.items() if name.endswith("bits wrong")}
    enough = numbers["bits stored"].value >= TOKENS * ENTROPY and numbers["parameters"].value <= 1.01 * MILLIONS
    if not enough:
        return Answer(OPEN, "The matrix that was measured is not that of the claim.")
    parts = ", ".join(f"{name} {number}" for name, number in wrong.items())
    sentence = f"{numbers['bits stored']} in {numbers['parameters']}; wrong when read back: {parts}."
    if wrong["one-shot"].value == 0:
        return Answer(HOLDS, sentence)
    solvers = [name for name in ("least squares", "AMP") if wrong[name].value == 0]
    if solvers:
        return Answer(
            f"holds only if the reader is given every key and solves for all values at once ({', '.join(solvers)})",
            sentence,
        )
    return Answer(FAILS, sentence)


def read_tokens_held(evidence: Evidence) -> dict[str, Number]:
    """C2, as token ids: how many a 300M-parameter matrix holds, by vocabulary and reader."""
    found = {}
    for vocabulary in (256, 4096, 65536):
        one = load_at_error(_words(evidence, vocabulary)).bits
        found[f"V = {vocabulary:,}, one-shot argmax, 1 % wrong"] = _token_count(one, vocabulary, "tokens")
    for vocabulary in (256, 1024):
        points = [
            p
            for p in evidence.points("token_readers", retrieval="amp")
            if p.vocabulary == vocabulary and not p.counts["errors"]
        ]
        if points:
            best = max((p.bits["hard"] for p in points), key=lambda bits: bits.best)
            found[f"V = {vocabulary:,}, AMP with every key known, none wrong"] = _token_count(
                best, vocabulary, "token_readers"
            )
    return found


def _token_count(bits: Estimate, vocabulary: int, experiment: str) -> Number:
    scale = MILLIONS / math.log2(vocabulary) / 1e6
    low, best, high = bits.low * scale, bits.best * scale, bits.high * scale
    shown = f"{best:.1f} [{low:.1f}, {high:.1f}]"
    return Number(
        best, low, high, f"million tokens of log2 V = {math.log2(vocabulary):g} bits", f"results/{experiment}", shown
    )


def decide_tokens_held(numbers: Numbers) -> Answer:
    """C2, as token ids: holds if some reader holds 100 million ids."""
    most = max(numbers, key=lambda name: numbers[name].value)
    sentence = f"Read as token ids, the matrix holds at most {numbers[most]} ({most})."
    if numbers[most].low >= TOKENS / 1e6:
        return Answer(HOLDS, sentence)
    if numbers[most].high < TOKENS / 1e6:
        return Answer(
            "holds only if the tokens are compressed to 2.1 bits each by a predictor that the reader shares, and the bits "
            "are read without error",
            sentence + " The 2.1 bits are what a good predictor leaves of a token.",
        )
    return Answer(OPEN, sentence)


CLAIMS = (
    Claim(
        "C1",
        "A Hebbian associative matrix, among the simplest and weakest memories, stores about 0.7 bits per parameter.",
        "simulation",
        "Every reading of 'stores': reader and criterion, of the dense matrix, the token matrix and the Willshaw matrix.",
        "A reading gives about 0.7 if its whole 95 % interval lies in 0.65 to 0.75, which is what rounds to 0.7. The claim "
        "holds if every reading does, and on a condition if some do.",
        ("dimension", "ladder", "three_hundred_million", "tokens", "willshaw"),
        read_readings,
        decide_readings,
    ),
    Claim(
        "C2",
        "So a state of 300M parameters can encode 100M tokens at 2.1 bits of entropy each (210M bits).",
        "simulation",
        "One 17,321 x 17,321 Hebbian matrix with 210 million bits written, every one read back, by each reader.",
        "No bit may be wrong: a bit error rate of 1e-8 would already be two wrong bits, and a single one shows.",
        ("three_hundred_million",),
        read_whole,
        decide_whole,
    ),
    Claim(
        "C2, as token ids",
        "A state of 300M parameters holds 100M tokens.",
        "simulation",
        "How many token ids the matrix gives back: bits per parameter of token codes, times 300M, over log2 V bits a token.",
        "The whole 95 % interval of the best reading must reach 100 million; bits per parameter are taken to carry over from "
        "the dims measured to 300M parameters.",
        ("tokens", "token_readers"),
        read_tokens_held,
        decide_tokens_held,
    ),
)
