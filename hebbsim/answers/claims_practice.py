"""Claims C5, C7, C8 and C9: what models do with such a memory. No JAX."""

from hebbsim.answers.claims_readings import BITS
from hebbsim.answers.evidence import Evidence, MissingEvidence
from hebbsim.answers.ledger import FAILS, HOLDS, OPEN, Answer, Claim, Number, Numbers, measured
from hebbsim.statistics.fit import load_at_error


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
    sentence = (
        f"A layer reads one-shot: at 1 % error it gets at most {one}; the same matrix gives {all_keys} to a reader that is "
        "given every key."
    )
    if one.high < all_keys.low / 2:
        return Answer(HOLDS, sentence)
    if one.low > all_keys.high / 2:
        return Answer(FAILS, sentence)
    return Answer(OPEN, sentence + " The intervals do not tell whether that is half.")


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
        point = next((p for p in evidence.points("ages", rule=rule) if "channel" not in p.task.rule), None)
        if point is None:
            raise MissingEvidence(f"results/ages: no {rule} that forgets all channels alike")
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
        "C5",
        "Real models cannot operate at the limit.",
        "simulation",
        "What a one-shot reader gets at 1 % error at head sizes 64 to 256, against what the same matrix holds.",
        "Half: a factor of two is far outside every interval here, and nobody would call less than half the limit.",
        ("dimension", "ladder"),
        read_limit,
        decide_limit,
    ),
    Claim(
        "C7",
        "It pays to retrieve token ids rather than hidden vectors.",
        "simulation",
        "Bits per parameter of the same matrix read as token ids and as vectors, each at 1 % error, at dim 512.",
        "The 95 % intervals must be apart.",
        ("tokens", "dimension"),
        read_ids,
        decide_ids,
    ),
    Claim(
        "C8",
        "A cache can be compressed, truncated, evicted or streamed, and one mostly gets away with it.",
        "simulation",
        "Bits of a pair that come back against its age, of a window and of decayed and corrected states of equal size.",
        "Getting away with it means that nine tenths of the oldest pairs' bits come back from a memory that keeps its newest.",
        ("ages",),
        read_ages,
        decide_ages,
    ),
    Claim(
        "C9",
        "Projections can be shared, so that keys equal values.",
        "simulation",
        "The most bits that tied patterns add, beside untied ones, by rule and cue.",
        "Nine tenths of the untied bits: the loss that sharing may cost without being worth a mention.",
        ("tied",),
        read_tied,
        decide_tied,
    ),
)
