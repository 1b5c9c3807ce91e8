"""Faults put into the source, one at a time, and the tests that notice: python -m tests.mutants, from the checkout.

Each mutant changes one piece of one module in a copy of the checkout, and tests of that room, those named where the room
has many, are run there until one fails. The table goes to results/mutants/table.md: the room, what was changed, the first
test that failed, and seconds. Exit status 1 if a mutant survives. Names after the command run only those rooms. The rules
have mutants of their own, a term each, in tests/rules/test_mutants.py, which are part of the suite.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "results" / "mutants" / "table.md"
LIMIT = 900  # seconds for the tests of one mutant
HEADER = """# Faults, and the tests that notice them

Written by `make mutants`. Each fault is put alone into a copy of the source, and tests of its room are run until one
fails.

| room | file | fault | first test that fails | seconds |
| --- | --- | --- | --- | --- |
"""


class Mutant(NamedTuple):
    """One fault: `old` becomes `new` in one file of hebbsim/, and the tests to run, those of the room if none are named."""

    file: str
    fault: str
    old: str
    new: str
    tests: str = ""

    @property
    def room(self) -> str:
        return self.file.split("/")[0].removesuffix(".py")


MUTANTS = (
    Mutant(
        "kernels/packed.py",
        "a carry of the full adder forgets one input",
        "(a & b) | (either & c)",
        "(a & b) | (a & c)",
    ),
    Mutant(
        "rules/gates.py",
        "a key's gate is not summed over its entries",
        "jnp.sum(keys, axis=1, keepdims=True)",
        "keys",
        "tests/rules/test_references.py",
    ),
    Mutant(
        "ensembles/cues.py",
        "entries are erased by the numbers that flip them",
        "chance[1] < erase",
        "chance[0] < erase",
        "tests/simulate/test_trial.py -k cue_noise",
    ),
    Mutant(
        "precisions/rounding.py",
        "stochastic rounding is biased upwards",
        "jnp.floor(x + jax.random",
        "jnp.round(x + jax.random",
        "tests/precisions/test_precisions.py",
    ),
    Mutant(
        "retrievals/attractor.py",
        "a cycle of two ends on the wrong of its states",
        "(steps - count) % 2 == 1",
        "(steps - count) % 2 == 0",
        "tests/experiments/test_hopfield.py",
    ),
    Mutant(
        "readouts/argmax.py",
        "words past the codebook's end are compared too",
        "jnp.where(word < vocabulary, scores, -jnp.inf)",
        "scores",
        "tests/readouts/test_argmax.py",
    ),
    Mutant(
        "codes/belief.py",
        "a check tells a bit what the bit told it",
        "(rolled(belief, *edge) - message) / 2",
        "rolled(belief, *edge) / 2",
        "tests/codes/test_codes.py",
    ),
    Mutant(
        "simulate/carried.py",
        "one pair too many is added at each load",
        "jnp.where((at < target)",
        "jnp.where((at <= target)",
        "tests/simulate/test_carried.py -k float64_sum",
    ),
    Mutant(
        "simulate/draws.py",
        "cues differ from load to load where pairs do not",
        "jnp.where(same_pairs, 0, num_patterns)",
        "num_patterns",
        "tests/simulate/test_carried.py -k the_pairs_read",
    ),
    Mutant(
        "collect.py",
        "sums past 2^24 are called exact",
        "plan.exact and bool(largest[i, j] < EXACT_BELOW)",
        "plan.exact",
        "tests/simulate/test_trial.py -k past_what",
    ),
    Mutant(
        "storage/memory_file.py",
        "a damaged memory is read",
        "if hashlib.sha256(data[:-DIGEST]).digest() != data[-DIGEST:]:",
        "if False:",
        "tests/storage/test_store.py -k flipped_byte",
    ),
    Mutant(
        "codes/belief.py",
        "a bit believes its channel a tenth too little",
        "return channel + twice",
        "return 0.9 * channel + twice",
        "tests/codes/test_codes.py",
    ),
    Mutant("records/writer.py", "two writers share a file", "fcntl.LOCK_EX | fcntl.LOCK_NB", "fcntl.LOCK_SH"),
    Mutant(
        "records/writer.py",
        "what was written is not forced to the disk at the end",
        "missing_ok=True)\n            os.fsync(self._fd)",
        "missing_ok=True)",
    ),
    Mutant(
        "records/writer.py",
        "a record after a torn line does not begin a line of its own",
        'self._gap = b"\\n" if size and os.pread',
        'self._gap = b"" if size and os.pread',
    ),
    Mutant(
        "statistics/estimate.py",
        "one degree of freedom too many in Student's interval",
        "quantile(level, len(one) - 1)",
        "quantile(level, len(one))",
    ),
    Mutant(
        "statistics/estimate.py",
        "the jackknife's variance lacks its factor",
        "np.sqrt((count - 1) / count * np.sum(",
        "np.sqrt(1 / count * np.sum(",
    ),
    Mutant(
        "statistics/estimate.py",
        "one degree of freedom too many in the jackknife's interval",
        "quantile(level, count - 1)",
        "quantile(level, count)",
    ),
    Mutant(
        "theory/one_shot.py",
        "logarithms of the Gaussian channel are natural",
        "np.log1p(1 / load) / LN2",
        "np.log1p(1 / load)",
    ),
    Mutant(
        "answers/claims.py",
        "a claim is judged whatever its interval's width",
        "<= high and measured.half <= row.resolution",
        "<= high",
    ),
    Mutant(
        "bench/timing.py",
        "a ratio of medians, not the median of ratios",
        "np.median(slow / fast)",
        "np.median(slow) / np.median(fast)",
        "tests/bench/test_bench.py -k ratios",
    ),
    Mutant(
        "cli.py",
        "bad input ends with status 1",
        "file=sys.stderr)\n        return 2",
        "file=sys.stderr)\n        return 1",
        "tests/test_cli.py",
    ),
    Mutant(
        "plot.py",
        "a figure does not say which records it shows",
        "if digest else None",
        "if not digest else None",
        "tests/test_plot.py",
    ),
)


def copy(folder: Path) -> None:
    """What the tests need of the checkout; results are only linked to."""
    for name in ("hebbsim", "tests", "experiments"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ROOT.iterdir():
        if file.is_file():
            shutil.copy(file, folder / file.name)
    (folder / "results").symlink_to(ROOT / "results")


def first_failure(mutant: Mutant, folder: Path) -> str:
    """The name of the first test that fails with the fault in place, and passes without it; empty if none does."""
    path = folder / "hebbsim" / mutant.file
    source = path.read_text()
    if mutant.old not in source:
        raise SystemExit(f"{mutant.file} no longer says {mutant.old!r}: mend this mutant")
    path.write_text(source.replace(mutant.old, mutant.new))
    try:
        failed = failure(folder, (mutant.tests or f"tests/{mutant.room}").split())
    finally:
        path.write_text(source)
    if failed and failure(folder, [failed]):
        raise SystemExit(f"{failed} fails without the fault too")
    return failed


def failure(folder: Path, tests: list[str]) -> str:
    """The first of the tests that fails."""
    command = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "--tb=no", "-p", "no:cacheprovider", "--timeout=0"]
    environment = os.environ | {"PYTHONPATH": str(folder), "HEBBSIM_TESTS_COMPILED": str(folder / "compiled")}
    done = subprocess.run(
        [*command, *tests], cwd=folder, env=environment, capture_output=True, text=True, timeout=LIMIT
    )
    found = re.findall(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", done.stdout, re.M)
    if done.returncode and not found:
        raise SystemExit(f"{' '.join(tests)}: no test failed, and yet status {done.returncode}:\n{done.stdout[-2000:]}")
    return found[0] if found else ""


def row_of(mutant: Mutant, killed_by: str, seconds: float) -> str:
    """The table's line."""
    test = f"`{killed_by.removeprefix('tests/').replace('::', ' :: ')}`" if killed_by else "**none: it survives**"
    return f"| {mutant.room} | {mutant.file} | {mutant.fault} | {test} | {seconds:.0f} |"


def rows_before() -> dict[str, str]:
    """The lines of the table there is, by how they begin: only those of the rooms that are run change."""
    lines = TABLE.read_text().splitlines() if TABLE.is_file() else []
    return {beginning(line): line for line in lines if line.count(" | ") == 4}


def beginning(line: str) -> str:
    """Room, file and fault."""
    return " | ".join(line.split(" | ")[:3])


def main(rooms: list[str]) -> int:
    rows = rows_before()
    with tempfile.TemporaryDirectory() as folder:
        copy(Path(folder))
        for mutant in MUTANTS:
            if rooms and mutant.room not in rooms:
                continue
            began = time.monotonic()
            killed_by = first_failure(mutant, Path(folder))
            row = row_of(mutant, killed_by, time.monotonic() - began)
            rows[beginning(row)] = row
            print(row, flush=True)
            write_table(rows)
    survivors = [row for row in rows.values() if "it survives" in row]
    return 1 if survivors else 0


def write_table(rows: dict[str, str]) -> None:
    """In the order of MUTANTS; lines of faults that are no longer among them are dropped."""
    order = [beginning(row_of(mutant, "", 0)) for mutant in MUTANTS]
    found = [rows[at] for at in order if at in rows]
    noticed = sum("it survives" not in row for row in found)
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    closing = f"{noticed} of {len(found)} faults are noticed; {len(MUTANTS) - len(found)} more have not been tried yet."
    TABLE.write_text(f"{HEADER}{chr(10).join(found)}\n\n{closing}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
