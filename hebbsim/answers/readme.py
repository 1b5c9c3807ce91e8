"""The marked parts of the README, filled from committed results. No JAX, but for the list of rules."""

import json
from collections.abc import Mapping
from pathlib import Path

from hebbsim.answers.claims_readings import CLAIMS
from hebbsim.answers.evidence import Evidence
from hebbsim.answers.ledger import judge
from hebbsim.answers.report import markdown, write
from hebbsim.errors import HebbsimError

# What the first table says: the reading of the ledger, and how the README puts it.
ANSWERS = {
    "the field itself, load to infinity (soft)": "the reader keeps the raw field, at loads that grow without end",
    "outer code of rate 1/20, one-shot, no bit wrong, dim 1024": "code words are stored; every bit comes back, one-shot",
    "sign of the field, load to infinity (hard)": "the reader decides each bit, at loads that grow without end",
    "sign of the field, 1 % of the bits wrong": "the reader decides each bit, at most 1 % of them wrong",
    "sign of the field, no bit wrong, dim 1024": "the reader decides each bit, none of them wrong, dim 1024",
    "AMP, every key known, no bit wrong, dim 2048": "the reader knows every key and solves for all values, none wrong",
}


def parts(results: Path) -> dict[str, str]:
    """Each marked part by name: the answer in six rows, the closing lines of `verify`, and the rules."""
    from hebbsim.answers.catalogue import rule_rows

    path = results / "verify" / "table.json"
    try:
        closing = json.loads(path.read_text())["summary"]
    except (OSError, ValueError, KeyError):
        raise HebbsimError(f"{path}: cannot be read; run hebbsim verify --out {path.parent} first") from None
    numbers = judge(CLAIMS[0], Evidence(results)).numbers
    rows = []
    for reading, words in ANSWERS.items():
        if reading in numbers:
            number = numbers[reading]
            folder = number.source.removeprefix("results/")
            rows.append([words, str(number).removesuffix(number.unit).strip(), f"[{folder}]({number.source}/table.md)"])
    return {
        "table: answer": markdown(["what counts as stored", "bits per parameter", "measured in"], rows),
        "text: verify": "```text\n" + "\n".join(closing) + "\n```\n",
        "table: rules": markdown(["rule", "equation", "parameters", "depth", "source"], rule_rows(64, 1000)),
    }


def fill(text: str, found: Mapping[str, str]) -> str:
    """The text with what stands between <!-- name --> and <!-- end --> replaced. Raises HebbsimError for a missing place."""
    for name, part in found.items():
        start, end = f"<!-- {name} -->\n", "<!-- end -->"
        if start not in text or end not in text.partition(start)[2]:
            raise HebbsimError(
                f"there is no place for it: {start.strip()} and {end} after it are needed; nothing was written"
            )
        before, _, rest = text.partition(start)
        text = before + start + part + end + rest.partition(end)[2]
    return text


def fill_file(path: Path, results: Path) -> None:
    """`fill` on a file, from a folder of results. Raises HebbsimError if one of the two cannot be read."""
    try:
        text = path.read_text()
    except OSError as error:
        raise HebbsimError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise HebbsimError(f"{path}: not a file of text") from None
    write(path, fill(text, parts(results)))
