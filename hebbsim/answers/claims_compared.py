"""Claims C3 to C9: the Hebbian matrix beside other memories, other readers, other precisions. No JAX."""

import itertools

from hebbsim import theory
from hebbsim.answers.claims_capacity import BITS
from hebbsim.answers.evidence import Evidence, MissingEvidence
from hebbsim.answers.ledger import FAILS, HOLDS, OPEN, Answer, Claim, Number, Numbers, given, measured
from hebbsim.statistics.fit import load_at_error
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


def read_limit(evidence: Evidence) -> dict[str, Number]:
    """C5: what a one-shot reader gets at 1 % error at head sizes, and what the same matrix gives a reader of all keys."""
    found = {}
    for dim in (64, 128, 256):
        one = load_at_error(evidence.curve("dimension", readout="sign", dim_key=dim)).bits
        found[f"one-shot, 1 % wrong, dim {dim}"] = measured(one, BITS, "dimension")
    clean = [p for p in evidence.points("ladder", retrieval="amp", dim_key=256) if p.error_rate.best == 0]
    if not clean:
        raise MissingEvidence("results/ladder: AMP reads no load of dim 256 without an error")
    found["AMP with every key known, none wrong, dim 256"] = measured(clean[-1].bits["hard"], BITS, "ladder")
    return found


def decide_limit(numbers: Numbers) -> Answer:
    """C5: holds if one-shot readers get less than half of what the same state holds."""
    one = max((n for name, n in numbers.items() if name.startswith("one-shot")), key=lambda n: n.value)
    all_keys = next(n for name, n in numbers.items() if name.startswith("AMP"))
    sentence = f"A layer reads one-shot: at 1 % error it gets at most {one}, the same matrix gives {all_keys} to a reader of all keys."
    if one.high < all_keys.low / 2:
        return Answer(HOLDS, sentence)
    if one.low > all_keys.high / 2:
        return Answer(FAILS, sentence)
    return Answer(OPEN, sentence + " The intervals do not tell whether that is half.")


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


def read_ids(evidence: Evidence) -> dict[str, Number]:
    """C7: bits per parameter at 1 % error of token ids and of +-1 vectors, at dim 512."""
    words = evidence.curve("tokens", ensemble="tokens(vocabulary=65536)", dim_key=512)
    vectors = evidence.curve("dimension", readout="sign", dim_key=512)
    return {
        "token ids, V = 65,536, 1 % of the tokens wrong": measured(load_at_error(words).bits, BITS, "tokens"),
        "vectors, 1 % of the bits wrong": measured(load_at_error(vectors).bits, BITS, "dimension"),
    }


def decide_ids(numbers: Numbers) -> Answer:
    """C7: holds if token ids give more bits per parameter at 1 % error, intervals apart."""
    ids, vectors = numbers.values()
    sentence = f"At 1 % error a one-shot reader gets {ids} as token ids and {vectors} as vectors."
    if ids.low > vectors.high:
        return Answer(HOLDS, sentence)
    return Answer(FAILS if ids.high < vectors.low else OPEN, sentence)


def read_ages(evidence: Evidence) -> dict[str, Number]:
    """C8: share of a pair's bits that come back, newest and oldest, of memories that forget."""
    found = {}
    rules = {
        "softmax_attention": "cache, newest 128",
        "decay": "decay",
        "delta(rate=0.5)": "delta, rate 0.5",
        "hebbian": "Hebbian",
    }
    for rule, name in rules.items():
        point = next(p for p in evidence.points("ages", rule=rule) if "channel" not in p.task.rule)
        for end, at in (("newest", 0), ("oldest", -1)):
            bits, most = point.age_bits[at], point.task.dim_value
            number = Number(
                bits.best / most,
                bits.low / most,
                bits.high / most,
                "of the bits",
                "results/ages",
                f"{bits.best / most:.3f}",
            )
            found[f"{name}: {end}"] = number
    return found


def decide_ages(numbers: Numbers) -> Answer:
    """C8: holds if some memory that forgets keeps nine tenths of its oldest pairs; fails if none keeps its newest."""
    newest = {name[:-8]: n for name, n in numbers.items() if name.endswith(": newest")}
    oldest = {name[:-8]: n for name, n in numbers.items() if name.endswith(": oldest")}
    kept = [name for name, n in newest.items() if n.value >= 0.8]
    parts = ", ".join(f"{name} {newest[name]} and {oldest[name].value:.3f}" for name in newest)
    sentence = f"Share of a pair's bits that comes back of the newest and of the oldest pairs: {parts}."
    if not kept:
        return Answer(FAILS, sentence)
    if any(oldest[name].low >= 0.9 for name in kept):
        return Answer(HOLDS, sentence)
    return Answer(f"holds only if what is asked for is recent ({', '.join(kept)})", sentence)


def read_tied(evidence: Evidence) -> dict[str, Number]:
    """C9: the most soft bits an entry, values tied to keys and not, with a full cue and with half of it erased."""
    found = {}
    for cue, ensemble in (("full cue", "bipolar"), ("half of the cue erased", "bipolar(erase=0.5)")):
        for tied in (False, True):
            curve = evidence.curve("tied", rule="hebbian", ensemble=ensemble, tied=tied)
            point = max(curve, key=lambda point: point.bits["soft"].best)
            found[f"{cue}, {'tied' if tied else 'untied'}"] = measured(point.bits["soft"], BITS, "tied")
    return found


def decide_tied(numbers: Numbers) -> Answer:
    """C9: holds if tied patterns give nine tenths of the untied bits per entry; on a condition if they do per free weight."""
    share_of = {
        cue: numbers[f"{cue}, tied"].value / max(numbers[f"{cue}, untied"].value, 1e-12)
        for cue in ("full cue", "half of the cue erased")
    }
    sentence = (
        f"Tied patterns give {share_of['full cue']:.2f} of the untied bits per entry with a full cue, which says all there is "
        f"to say, and {share_of['half of the cue erased']:.2f} with half of the cue erased; a symmetric matrix has half as many "
        "free weights as entries."
    )
    if min(share_of.values()) >= 0.9:
        return Answer(HOLDS, sentence)
    if 2 * share_of["half of the cue erased"] >= 0.9:
        return Answer("holds only if the cue is a part of the pattern and only free weights are counted", sentence)
    return Answer(FAILS, sentence)


CLAIMS = (
    Claim(
        "C3", "It is one of the weakest constructions.", "simulation",
        "The most hard bits per parameter of every dense memory of the spectrum, at equal size, read one-shot.",
        "Weakest means that at most a quarter of the other memories hold fewer bits, 95 % intervals apart.",
        ("spectrum",), read_weakest, decide_weakest,
    ),
    Claim(
        "C4",
        "Linear attention, Hyena, state-space models, DeltaNet and LaCT lie in different regions of one "
        "performance-parallelisability spectrum of fixed-size memories.",
        "simulation",
        "The most soft bits per parameter of each, at equal size, and the steps that cannot run in parallel.",
        "Two families lie apart if their 95 % intervals of bits do not touch or their depths differ by a factor of two.",
        ("spectrum",), read_regions, decide_regions,
    ),
    Claim(
        "C5", "Real models cannot operate at the limit.", "simulation",
        "What a one-shot reader gets at 1 % error at head sizes 64 to 256, against what the same matrix holds.",
        "Half: a factor of two is far outside every interval here, and nobody would call less than half the limit.",
        ("dimension", "ladder"), read_limit, decide_limit,
    ),
    Claim(
        "C6", "A fixed-size state has an information ceiling, but a high one.", "simulation",
        "The ladder of readers, up to the entropy of the weights.",
        "High means more than twice the 0.7 that was claimed, read back without an error; a ceiling, that the entropy of "
        "the weights is not passed.",
        ("ladder",), read_ceiling, decide_ceiling,
    ),
    Claim(
        "C7", "It pays to retrieve token ids rather than hidden vectors.", "simulation",
        "Bits per parameter of the same matrix read as token ids and as vectors, each at 1 % error, at dim 512.",
        "The 95 % intervals must be apart.",
        ("tokens", "dimension"), read_ids, decide_ids,
    ),
    Claim(
        "C8", "A cache can be compressed, truncated, evicted or streamed, and one mostly gets away with it.", "simulation",
        "Bits of a pair that come back against its age, of a window and of decayed and corrected states of equal size.",
        "Getting away with it means that nine tenths of the oldest pairs' bits come back from a memory that keeps its newest.",
        ("ages",), read_ages, decide_ages,
    ),
    Claim(
        "C9", "Projections can be shared, so that keys equal values.", "simulation",
        "The most bits that tied patterns add, beside untied ones, by rule and cue.",
        "Nine tenths of the untied bits: the loss that sharing may cost without being worth a mention.",
        ("tied",), read_tied, decide_tied,
    ),
)  # fmt: skip
