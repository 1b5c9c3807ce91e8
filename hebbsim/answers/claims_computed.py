"""Claims A1 to A7, which arithmetic and a cited source decide. No JAX."""

import math
from collections.abc import Callable, Mapping

from hebbsim.answers.evidence import Evidence
from hebbsim.answers.ledger import FAILS, HOLDS, Answer, Claim, Number, Numbers, given, measured

LLAMA = "Llama 3 8B's public configuration"
SHEET = "80 g/m2 paper, ISO 216 office stock"


def stated(numbers: Mapping[str, tuple[float, str, str]]) -> Callable[[Evidence], dict[str, Number]]:
    """A reader that gives the same cited numbers whatever was measured: name -> (value, unit, source)."""
    return lambda evidence: {
        name: given(value, unit, source, f"{value:,.10g}") for name, (value, unit, source) in numbers.items()
    }


def decide_cache(numbers: Numbers) -> Answer:
    """A1: layers x heads x head_dim x 2 values a token."""
    n = {name: number.value for name, number in numbers.items()}
    a_token = 2 * n["layers"] * n["key-value heads"] * n["head dimension"]
    whole = a_token * n["tokens"]
    sentence = (
        f"{n['layers']:g} x {n['key-value heads']:g} x {n['head dimension']:g} x 2 = {a_token:,.0f} values a token, "
        f"{whole / 1e6:,.0f}M at {n['tokens']:,.0f} tokens. "
        f"About 300M are the keys or the values alone ({whole / 2e6:,.0f}M), or both after "
        f"{n['claimed parameters'] / a_token:,.0f} tokens."
    )
    return Answer(HOLDS if abs(whole / n["claimed parameters"] - 1) <= 0.1 else FAILS, sentence)


def decide_count(numbers: Numbers) -> Answer:
    """A2: parameters x bits a parameter / bits a token."""
    n = {name: number.value for name, number in numbers.items()}
    tokens = n["parameters"] * n["bits a parameter"] / n["bits a token"]
    sentence = f"{n['parameters']:,.0f} x {n['bits a parameter']:g} / {n['bits a token']:g} = {tokens:,.0f} tokens."
    return Answer(HOLDS if abs(tokens / n["claimed tokens"] - 1) <= 0.01 else FAILS, sentence)


def decide_entropy(numbers: Numbers) -> Answer:
    """A3: nats to bits; a cross-entropy is an upper bound on the entropy."""
    n = {name: number.value for name, number in numbers.items()}
    bits = n["cross-entropy"] / math.log(2)
    fitted = n["fit's constant"] * n["compute"] ** n["fit's exponent"] / math.log(2)
    agrees = abs(bits - 2.5) <= 0.05 and abs(fitted - bits) <= 0.05
    gap = bits - n["claimed entropy"]
    sentence = (
        f"{n['cross-entropy']:g} nats are {bits:.2f} bits, and the published fit gives {fitted:.2f} bits. A cross-entropy is an "
        f"upper bound, so {n['claimed entropy']:g} bits are {abs(gap):.2f} {'below' if gap > 0 else 'above'} it."
    )
    if not agrees or gap < 0:
        return Answer(FAILS, sentence)
    if gap <= 0.05:
        return Answer(HOLDS, sentence)
    return Answer(f"holds only if the text's entropy is {gap:.1f} bits a token below what GPT-3 reached", sentence)


def decide_book(numbers: Numbers) -> Answer:
    """A4: words to pages to sheets to feet."""
    n = {name: number.value for name, number in numbers.items()}
    pages = [n["words"] / per for per in (n["most words a page"], n["fewest words a page"])]
    feet = [count / 2 * n["thickness of a sheet"] / 0.3048 for count in pages]
    sentence = (
        f"At {n['fewest words a page']:g} to {n['most words a page']:g} words a page {n['words']:,.0f} words are "
        f"{pages[0]:,.0f} to {pages[1]:,.0f} pages, "
        f"{feet[0]:.0f} to {feet[1]:.0f} feet of sheets {1000 * n['thickness of a sheet']:g} mm thick."
    )
    inside = pages[0] <= n["claimed pages"] <= pages[1] and feet[0] <= n["claimed feet"] <= feet[1]
    return Answer(HOLDS if inside else FAILS, sentence)


def decide_wikipedia(numbers: Numbers) -> Answer:
    """A5: words x tokens a word, against 100 times 100M tokens."""
    n = {name: number.value for name, number in numbers.items()}
    needed, held = n["words of Wikipedia"] * n["tokens a word"], n["times larger"] * n["tokens of the smaller state"]
    sentence = f"English Wikipedia is about {needed / 1e9:.1f}B tokens; the state is said to hold {held / 1e9:.0f}B."
    return Answer(HOLDS if held >= needed else FAILS, sentence)


def decide_training(numbers: Numbers) -> Answer:
    """A6: tokens against 20 a parameter, and against what such models see today."""
    n = {name: number.value for name, number in numbers.items()}
    optimal = n["optimal tokens a parameter"] * n["parameters"]
    part, ratio = n["tokens"] / optimal, n["tokens of a modern model"] / n["tokens"]
    sentence = (
        f"Compute-optimal is {optimal / 1e9:.0f}B tokens, so {n['tokens'] / 1e9:.0f}B are {part:.2f} of it; modern models "
        f"see {ratio:,.0f} times as many."
    )
    return Answer(HOLDS if part < 0.5 and 300 <= ratio <= 3000 else FAILS, sentence)


def read_processing(evidence: Evidence) -> dict[str, Number]:
    """A7: bits recovered of a token over its entropy log2 V, as its code word is made wider."""
    found = {}
    for dim in (64, 128, 256, 512, 1024):
        point = evidence.points("tokens", ensemble="tokens(vocabulary=256)", dim_key=dim)[0]
        a_token = point.num_parameters / point.task.num_patterns / 8.0
        bits = point.bits["soft"]
        found[f"V = 256, words of {dim} bits"] = measured(
            bits._replace(low=bits.low * a_token, best=bits.best * a_token, high=bits.high * a_token),
            "of the token's 8 bits",
            "tokens",
        )
    return found


def decide_processing(numbers: Numbers) -> Answer:
    """A7: holds if no width recovers more than the token's own entropy."""
    most = max(numbers, key=lambda name: numbers[name].value)
    sentence = (
        f"Words from 64 to 1024 bits wide carry 8 bits each; the most that comes back is {numbers[most]} ({most})."
    )
    return Answer(HOLDS if all(number.low <= 1 + 1e-9 for number in numbers.values()) else FAILS, sentence)


CLAIMS = (
    Claim(
        "A1",
        "A Llama 3 8B key-value cache at 10K tokens of context is about 300M parameters.",
        "arithmetic",
        "layers x key-value heads x head dimension x 2 x tokens.",
        "Within 10 %: 'about' said of one figure.",
        (),
        stated(
            {
                "layers": (32, "", LLAMA),
                "key-value heads": (8, "", LLAMA),
                "head dimension": (128, "", LLAMA),
                "tokens": (10_000, "", "the claim"),
                "claimed parameters": (300e6, "", "the claim"),
            }
        ),
        decide_cache,
    ),
    Claim(
        "A2",
        "300M x 0.7 / 2.1 = 100M tokens.",
        "arithmetic",
        "The arithmetic.",
        "Within 1 %: it is exact.",
        (),
        stated(
            {
                "parameters": (300e6, "", "the claim"),
                "bits a parameter": (0.7, "", "the claim"),
                "bits a token": (2.1, "", "the claim"),
                "claimed tokens": (100e6, "", "the claim"),
            }
        ),
        decide_count,
    ),
    Claim(
        "A3",
        "About 2.1 bits of entropy a token is reasonable; GPT-3's cross-entropy reached 1.75 nats = 2.5 bits.",
        "arithmetic",
        "Nats over ln 2, and the published scaling fit at GPT-3's compute.",
        "0.05 bits: the last figure given.",
        (),
        stated(
            {
                "cross-entropy": (1.75, "nats a token", "the claim"),
                "claimed entropy": (2.1, "bits a token", "the claim"),
                "fit's constant": (2.57, "nats", "Brown et al. 2020, figure 3.1"),
                "fit's exponent": (-0.048, "", "Brown et al. 2020, figure 3.1"),
                "compute": (3640, "PF-days", "Brown et al. 2020, table D.1"),
            }
        ),
        decide_entropy,
    ),
    Claim(
        "A4",
        "100M words are like a 300,000-page novel, a book 50 feet thick.",
        "arithmetic",
        "Words a page, two pages a sheet, the thickness of a sheet.",
        "Anywhere within the range that usual pages give.",
        (),
        stated(
            {
                "words": (100e6, "", "the claim"),
                "claimed pages": (300_000, "", "the claim"),
                "claimed feet": (50, "", "the claim"),
                "fewest words a page": (250, "", "manuscript format"),
                "most words a page": (500, "", "dense print"),
                "thickness of a sheet": (1e-4, "m", SHEET),
            }
        ),
        decide_book,
    ),
    Claim(
        "A5",
        "A state 100 times bigger holds 10B tokens, all of English Wikipedia.",
        "arithmetic",
        "Words of English Wikipedia times tokens a word.",
        "The state must hold at least as many tokens.",
        (),
        stated(
            {
                "words of Wikipedia": (5.0e9, "", "Wikipedia:Size of Wikipedia, 2025"),
                "tokens a word": (1.3, "", "usual for English text"),
                "times larger": (100, "", "the claim"),
                "tokens of the smaller state": (100e6, "", "the claim"),
            }
        ),
        decide_wikipedia,
    ),
    Claim(
        "A6",
        "1.2B parameters on 10B tokens is under half of compute-optimal; modern 1B models see about 10T (1000 times more).",
        "arithmetic",
        "20 tokens a parameter, and the ratio of 10T to 10B.",
        "Under 0.5, and 1000 within a factor of three: an order of magnitude is what is said.",
        (),
        stated(
            {
                "parameters": (1.2e9, "", "the claim"),
                "tokens": (10e9, "", "the claim"),
                "optimal tokens a parameter": (20, "", "Hoffmann et al. 2022"),
                "tokens of a modern model": (10e12, "", "the claim"),
            }
        ),
        decide_training,
    ),
    Claim(
        "A7",
        "Vectors computed deterministically from the tokens add no entropy (data processing).",
        "arithmetic",
        "An inequality, shown by simulation: wider code words of the same tokens give back no more than the tokens' entropy.",
        "None: an inequality has no tolerance but its interval.",
        ("tokens",),
        read_processing,
        decide_processing,
    ),
)
