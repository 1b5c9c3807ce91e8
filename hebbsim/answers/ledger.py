"""The ledger: every claim under test, what decides it, and the verdict that committed evidence gives. No JAX.

A claim is judged in two steps. `read` takes named numbers from the evidence, each with its interval; `decide` turns the
numbers into a verdict and a sentence, and knows nothing else, so that other numbers give another verdict. The rule by
which it decides, and the tolerance in it, were written before the measurement.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from hebbsim.answers.evidence import Evidence, MissingEvidence
from hebbsim.answers.report import markdown
from hebbsim.errors import HebbsimError
from hebbsim.statistics.estimate import Estimate, Unresolved

HOLDS, FAILS, OPEN = "holds", "does not hold", "not decided"

Numbers = Mapping[str, "Number"]


class Number(NamedTuple):
    """One number that a claim rests on: what it is, its interval (or none), its unit, and where it was read."""

    value: float
    low: float
    high: float
    unit: str
    source: str  # an experiment of results/, "theory", or a cited source
    shown: str = ""  # as it is printed; empty: best +/- half

    def __str__(self) -> str:
        return f"{self.shown or f'{self.value:.4g}'} {self.unit}".strip()


class Answer(NamedTuple):
    """A verdict (`holds`, `holds only if ...`, `does not hold`, `not decided`) and the sentence that explains it."""

    verdict: str
    sentence: str


class Claim(NamedTuple):
    """A statement that somebody made, and how it is decided."""

    name: str
    statement: str
    kind: str  # "simulation" or "arithmetic"
    decides: str  # what decides it, in words
    rule: str  # the rule and its tolerance, and why that tolerance; fixed before measuring
    experiments: tuple[str, ...]  # folders of results/ that it reads
    read: Callable[[Evidence], dict[str, Number]]
    decide: Callable[[Numbers], Answer]

    @property
    def command(self) -> str:
        """What regenerates the evidence."""
        steps = [f"hebbsim collect experiments/{name}.py" for name in self.experiments]
        return "; ".join(steps) or "hebbsim ledger"


class Judgement(NamedTuple):
    """A claim with its numbers and its verdict."""

    claim: Claim
    numbers: dict[str, Number]
    answer: Answer


def measured(estimate: Estimate, unit: str, source: str) -> Number:
    """A measured number with its interval."""
    return Number(estimate.best, estimate.low, estimate.high, unit, f"results/{source}", estimate.number())


def given(value: float, unit: str, source: str, shown: str = "") -> Number:
    """A number from theory or from a cited source: it has no interval of its own."""
    return Number(value, value, value, unit, source, shown)


def one_that_fails(read: Callable[[], Number]) -> Number | None:
    """The number, or None where the evidence is missing or does not decide it."""
    try:
        return read()
    except (MissingEvidence, Unresolved):
        return None


def judge(claim: Claim, evidence: Evidence) -> Judgement:
    """Read a claim's numbers and decide it; `not decided` where its evidence is missing or does not resolve it."""
    try:
        numbers = claim.read(evidence)
    except (MissingEvidence, Unresolved) as error:
        return Judgement(claim, {}, Answer(OPEN, f"{error}."))
    except KeyError as error:
        tables = ", ".join(f"experiments/{name}.py" for name in claim.experiments)
        raise HebbsimError(f"{claim.name}: a table has no {error}; run hebbsim plot again: {tables}") from None
    return Judgement(claim, numbers, claim.decide(numbers))


def every_claim() -> list[Claim]:
    """The claims of every file, those of the discussion (C1, C2, ...) first."""
    from hebbsim.answers import claims_capacity, claims_compared, claims_computed, claims_practice, claims_readings

    files = (claims_readings, claims_capacity, claims_compared, claims_practice, claims_computed)
    found = (claim for file in files for claim in file.CLAIMS)
    return sorted(found, key=lambda claim: (claim.name[0] != "C", claim.name))


def ledger(results: Path, claims: Sequence[Claim] | None = None) -> list[Judgement]:
    """Every claim, judged by the records and tables below `results`.

    Example:
        >>> from pathlib import Path
        >>> from hebbsim.answers.ledger import ledger
        >>> [row.answer.verdict for row in ledger(Path("results")) if row.claim.name == "A2"]
        ['holds']
    """
    evidence = Evidence(results)
    return [judge(claim, evidence) for claim in (every_claim() if claims is None else claims)]


def to_markdown(rows: Sequence[Judgement]) -> str:
    """The ledger as a page: a table of verdicts, then each claim with its rule, its numbers and its evidence."""
    head = ["claim", "statement", "verdict", "why"]
    parts = [
        "# The claims and their verdicts\n\n",
        "Written by `hebbsim ledger` from the records and tables in this folder.\n\n",
        markdown(head, [[r.claim.name, r.claim.statement, r.answer.verdict, r.answer.sentence] for r in rows]),
    ]
    for row in rows:
        claim = row.claim
        parts.append(f"\n## {claim.name}: {row.answer.verdict}\n\n> {claim.statement}\n\n")
        parts.append(f"{row.answer.sentence}\n\n")
        parts.append(f"What decides it ({claim.kind}): {claim.decides}\n\nThe rule, fixed beforehand: {claim.rule}\n\n")
        links = ", ".join(f"[{name}]({name}/table.md), [figure]({name}/figure.png)" for name in claim.experiments)
        if links:
            parts.append(f"Evidence: {links}. Regenerate: `{claim.command}`.\n\n")
        if row.numbers:
            lines = [[name, str(number), number.source] for name, number in row.numbers.items()]
            parts.append(markdown(["number", "value", "source"], lines))
    return "".join(parts)
