"""Claims C3, C4 and C6: the Hebbian matrix beside other memories and beside its own ceiling. No JAX."""

import itertools

from hebbsim import theory
from hebbsim.answers.claims_readings import BITS
from hebbsim.answers.evidence import Evidence, MissingEvidence
from hebbsim.answers.ledger import FAILS, HOLDS, OPEN, Answer, Claim, Number, Numbers, given, measured
from hebbsim.statistics.measurement import Measurement, curves

# The five families that the spectrum is said to span, as the rules and options that stand for them in the spectrum.
FAMILIES = {
    "linear attention": ("hebbian", {}),
    "Hyena": ("hyena", {}),
    "state-space model": ("decay", {}),
    "DeltaNet": ("delta(rate=1.0)", {}),
    "LaCT": ("lact", {}),
}


def _best(curve: list[Measurement], criterion: str) -> Number:
    point = max(curve, key=lambda point: point.bits[criterion].best)
    return measured(point.bits[criterion], BITS, "spectrum")


def _memories(evidence: Evidence) -> dict[str, list[Measurement]]:
    """The dense curves of the spectrum by what they are: the rule, and the reader where it is not the plain one."""
    found = {}
    for task, curve in curves(evidence.points("spectrum", readout="soft")).items():
        if "hard" in curve[0].criteria:
            reader = "" if task.retrieval == "matched_filter" else f", {task.retrieval.partition('(')[0]}"
            found[f"{task.rule}{reader}"] = curve
    return found


def read_weakest(evidence: Evidence) -> dict[str, Number]:
    """C3: the most hard bits per parameter of every dense memory of the spectrum."""
    return {name: _best(curve, "hard") for name, curve in _memories(evidence).items()}


def decide_weakest(numbers: Numbers) -> Answer:
    """C3: holds if at most a quarter of the other memories hold fewer bits, intervals apart."""
    mine = numbers.get("hebbian")
    others = {name: number for name, number in numbers.items() if name != "hebbian"}
    if mine is None or len(others) < 4:
        return Answer(OPEN, "The spectrum has fewer than four memories beside the Hebbian one.")
    weaker = [name for name, number in others.items() if number.high < mine.low]
    stronger = [name for name, number in others.items() if number.low > mine.high]
    sentence = (
        f"Read one-shot by the sign, the Hebbian matrix holds at most {mine}; of {len(others)} other memories of the same "
        f"size {len(weaker)} hold fewer and {len(stronger)} hold more."
    )
    if len(weaker) <= len(others) / 4:
        return Answer(HOLDS, sentence)
    return Answer(FAILS, sentence)


def read_regions(evidence: Evidence) -> dict[str, Number]:
    """C4: the most soft bits per parameter of the five families, and their sequential depth from the spectrum's table."""
    memories = _memories(evidence)
    depths = {row["memory"]: float(row["depth"]) for row in evidence.table("spectrum")}
    rows = {
        "linear attention": "Hebbian",
        "Hyena": "Hyena",
        "state-space model": "decay",
        "DeltaNet": "delta, rate 1",
        "LaCT": "LaCT",
    }
    found = {}
    for family, (rule, _) in FAMILIES.items():
        named = [curve for name, curve in memories.items() if name == rule or name.partition("(")[0] == rule]
        depth = [depth for name, depth in depths.items() if name.startswith(rows[family])]
        if not named or not depth:
            raise MissingEvidence(f"results/spectrum: no {family}")
        found[f"{family}: bits"] = _best(named[0], "soft")
        found[f"{family}: depth"] = given(depth[0], "steps", "results/spectrum", f"{depth[0]:g}")
    return found


def decide_regions(numbers: Numbers) -> Answer:
    """C4: holds if every two families differ in bits (intervals apart) or in depth (a factor of two)."""
    alike = []
    for one, other in itertools.combinations(FAMILIES, 2):
        a, b = numbers[f"{one}: bits"], numbers[f"{other}: bits"]
        near = not (a.high < b.low or b.high < a.low)
        deep, shallow = sorted((numbers[f"{one}: depth"].value, numbers[f"{other}: depth"].value), reverse=True)
        if near and deep < 2 * shallow:
            alike.append(f"{one} and {other}")
    parts = ", ".join(
        f"{name} {numbers[f'{name}: bits'].value:.3f} at depth {numbers[f'{name}: depth']}" for name in FAMILIES
    )
    sentence = f"Most soft bits per parameter and sequential depth: {parts}."
    if not alike:
        return Answer(HOLDS, sentence)
    pairs = len(FAMILIES) * (len(FAMILIES) - 1) // 2
    if len(alike) == pairs:
        return Answer(FAILS, f"{sentence} No two are told apart.")
    return Answer(f"holds only if {', '.join(alike)} count as one region", sentence)


def read_ceiling(evidence: Evidence) -> dict[str, Number]:
    """C6: the most that was read back without an error, and the entropy of the weights."""
    clean = [p for p in evidence.points("ladder", retrieval="amp", dim_key=2048) if p.error_rate.best == 0]
    if not clean:
        raise MissingEvidence("results/ladder: AMP reads no load of dim 2048 without an error")
    top = clean[-1]
    return {
        "AMP with every key known, none wrong, dim 2048": measured(top.bits["hard"], BITS, "ladder"),
        "entropy of the weights, dim 2048": given(float(theory.entropy_ceiling(2048)), BITS, "theory"),
        "claimed": given(0.7, BITS, "the claim"),
    }


def decide_ceiling(numbers: Numbers) -> Answer:
    """C6: holds if what is read back is below the entropy of the weights and above twice the claim's 0.7."""
    read, ceiling, claimed = numbers.values()
    sentence = f"{read} were read back without an error, under the entropy of the weights, {ceiling.value:.2f} {BITS}."
    if read.high > ceiling.value:
        return Answer(FAILS, sentence + " More was read than the weights can hold.")
    return Answer(HOLDS if read.low > 2 * claimed.value else FAILS, sentence)


CLAIMS = (
    Claim(
        "C3",
        "It is one of the weakest constructions.",
        "simulation",
        "The most hard bits per parameter of every dense memory of the spectrum, at equal size, read one-shot.",
        "Weakest means that at most a quarter of the other memories hold fewer bits, 95 % intervals apart.",
        ("spectrum",),
        read_weakest,
        decide_weakest,
    ),
    Claim(
        "C4",
        "Linear attention, Hyena, state-space models, DeltaNet and LaCT lie in different regions of one "
        "performance-parallelisability spectrum of fixed-size memories.",
        "simulation",
        "The most soft bits per parameter of each, at equal size, and the steps that cannot run in parallel.",
        "Two families lie apart if their 95 % intervals of bits do not touch or their depths differ by a factor of two.",
        ("spectrum",),
        read_regions,
        decide_regions,
    ),
    Claim(
        "C6",
        "A fixed-size state has an information ceiling, but a high one.",
        "simulation",
        "The ladder of readers, up to the entropy of the weights.",
        "High means more than twice the 0.7 that was claimed, read back without an error; a ceiling, that the entropy of "
        "the weights is not passed.",
        ("ladder",),
        read_ceiling,
        decide_ceiling,
    ),
)
