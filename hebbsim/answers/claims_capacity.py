"""Claim C2: 210 million bits, or 100 million tokens, in 300 million parameters. No JAX."""

import math

from hebbsim.answers.claims_readings import BITS, MILLIONS, coded_bits, stored_whole, words_curve
from hebbsim.answers.evidence import Evidence
from hebbsim.answers.ledger import FAILS, HOLDS, OPEN, Answer, Claim, Number, Numbers, given, measured, one_that_fails
from hebbsim.statistics.estimate import Estimate, share
from hebbsim.statistics.fit import load_at_error

TOKENS, ENTROPY = 100e6, 2.1  # that the state is to hold, and bits each


def read_whole(evidence: Evidence) -> dict[str, Number]:
    """C2: bits of the 300-million-parameter matrix that came back wrong, by reader."""
    found = {}
    for reader, name in (("matched_filter", "one-shot"), ("ridge", "least squares"), ("amp", "AMP")):
        bits, wrong, parameters = stored_whole(evidence, reader)
        interval = share(round(wrong), round(bits), 0.95)
        source = "results/three_hundred_million"
        found[f"{name}: bits wrong"] = Number(
            wrong, bits * interval.low, bits * interval.high, f"of {bits:,.0f}", source, f"{wrong:,.0f}"
        )
        found["parameters"] = given(parameters, "entries", source, f"{parameters:,}")
        found["bits stored"] = given(bits, "bits", source, f"{bits:,.0f}")
    coded = one_that_fails(lambda: measured(coded_bits(evidence, "1/20", 17_321), BITS, "by_construction"))
    if coded:
        found["one-shot with an outer code, no bit wrong"] = coded
    return found


def decide_whole(numbers: Numbers) -> Answer:
    """C2: holds if the one-shot reader gets every bit back; on a condition if only a reader that knows the keys does."""
    wrong = {name.partition(":")[0]: number for name, number in numbers.items() if name.endswith("bits wrong")}
    enough = numbers["bits stored"].value >= TOKENS * ENTROPY and numbers["parameters"].value <= 1.01 * MILLIONS
    if not enough:
        return Answer(OPEN, "The matrix that was measured is not that of the claim.")
    parts = ", ".join(f"{name} {number}" for name, number in wrong.items())
    sentence = f"{numbers['bits stored']} in {numbers['parameters']}; wrong when read back: {parts}."
    coded = numbers.get("one-shot with an outer code, no bit wrong")
    if coded:
        held = coded.value * MILLIONS / ENTROPY / 1e6
        sentence += (
            f" Filled through an outer code, this matrix gives a one-shot reader {coded} without an error in the blocks that "
            f"were read: {held:.0f}M tokens of 2.1 bits."
        )
    if wrong["one-shot"].value == 0 or (coded and coded.value * MILLIONS >= TOKENS * ENTROPY):
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
        one = load_at_error(words_curve(evidence, vocabulary)).bits
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
        "C2",
        "So a state of 300M parameters can encode 100M tokens at 2.1 bits of entropy each (210M bits).",
        "simulation",
        "One 17,321 x 17,321 Hebbian matrix with 210 million bits written, every one read back, by each reader.",
        "No bit may be wrong: a bit error rate of 1e-8 would already be two wrong bits, and a single one shows.",
        ("three_hundred_million", "by_construction"),
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
