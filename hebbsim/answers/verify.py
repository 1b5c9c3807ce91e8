"""hebbsim verify: run the pre-registered rows, judge them, write the table and one figure."""

import dataclasses
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hebbsim import plot
from hebbsim.answers import headline
from hebbsim.answers.claims import CODED, LEVEL, Judged, judge, rows, summary, tasks
from hebbsim.answers.report import markdown, write, write_json
from hebbsim.answers.screen import show
from hebbsim.errors import HebbsimError, printable
from hebbsim.records import Results, digest, provenance, read
from hebbsim.records.curves import FILE as CURVES
from hebbsim.statistics.measurement import Measurement, named

HEADER = ("", "quantity", "setting", "criterion", "prediction", "measured (95 %)", "trials", "about 0.7?")


def verify(out: Path, size: str, source: Path | None, progress: Callable[[str, float, float], None]) -> int:
    """Exit status: 0 if every row agrees with its prediction, 1 if one does not. Raises HebbsimError.

    Runs afresh each time, but for what an interrupted run of the same size left in `out`/unfinished.
    """
    began = time.monotonic()
    results = read(source) if source else _run(out, size, progress)
    for note in results.notes:
        print(f"note: {note}", file=sys.stderr)
    found: dict[str, Any] = _named(results, size) | _coded(source or out, size, afresh=source is None)
    registered = [row for row in rows(size) if row.curve in found or not row.curve.startswith("coded")]
    judged = [judge(row, found, len(registered)) for row in registered]
    failed = [item for item in judged if not item.agrees]
    lines = [_cells(item) for item in judged]
    closing = [summary(judged), f"{len(judged) - len(failed)} of {len(judged)} rows agree with their predictions"]
    closing[1] += f" (joint level {100 * LEVEL:g} %, seed 0, size {size})."
    show(judged)
    text = f"# Does a Hebbian matrix store about 0.7 bits per parameter?\n\n{markdown(HEADER, lines)}\n{closing[0]}\n\n"
    text += f"{closing[1]} Bits are per parameter, an entry of the state. Tolerances and their reasons: table.json.\n"
    write(out / "table.md", text)
    fields = ("quantity", "setting", "criterion", "prediction", "tolerance", "reason", "resolution", "condition")
    write_json(
        out / "table.json",
        {
            "size": size,
            "summary": closing,
            "rows": [
                {name: getattr(item.row, name) for name in fields}
                | {"measured": item.measured, "agrees": item.agrees, "verdict": item.verdict}
                for item in judged
            ],
        },
    )
    plot.save(headline.figure(found), out / "figure.png", digest(results))
    for line in closing:
        print(line)
    for item in failed:
        print(f"differs: {item.row.quantity}, {item.row.setting}, {item.row.criterion}: {_why(item)}")
    print(f"{printable(str(out))}/table.md, table.json, figure.png, figure.svg; {time.monotonic() - began:.0f} s")
    return 1 if failed else 0


def _run(out: Path, size: str, progress: Callable[[str, float, float], None]) -> Results:
    from hebbsim.collect import collect
    from hebbsim.simulate.sweeps import sweeps

    plans, trials = sweeps(tasks(size))
    unfinished = out / "unfinished" / "records.jsonl"
    results = collect(plans, trials.__getitem__, unfinished, progress, shared=False)
    wanted = {(task, number) for task, count in trials.items() for number in range(count)}
    try:
        os.replace(unfinished, out / "records.jsonl")
        provenance.append(out, provenance.runs_of(unfinished.parent))
        (unfinished.parent / provenance.NAME).unlink(missing_ok=True)
        os.replace(unfinished.with_name(CURVES), out / CURVES)
        unfinished.parent.rmdir()
    except OSError as error:
        raise HebbsimError(f"{out}: cannot write: {error.strerror}") from None
    kept = {at: record for at, record in results.records.items() if at in wanted}
    return Results(kept, results.notes, results.curves)


def _named(results: Results, size: str) -> dict[str, list[Measurement]]:
    """The registered curves that the records hold in full.

    curves.json names them. The rule is taken as it is found there, so that a wrong one is judged as well; all else must
    be as registered.
    """
    from hebbsim.simulate.sweeps import sweeps

    names = {}
    for name, plan in sweeps(tasks(size))[0].items():
        recorded = results.curves.get(name, ())
        same = [dataclasses.replace(task, rule=plan.tasks[0].rule) for task in recorded] == list(plan.tasks)
        names[name] = tuple(recorded) if same else plan.tasks
    found = named(Results(results.records, results.notes, names))
    return {name: curve for name, curve in found.items() if len(curve) == len(names[name])}


def _coded(folder: Path, size: str, afresh: bool) -> dict[str, Any]:
    """What was counted of memories read through an outer code, by curve; none where a folder from before them is judged."""
    path = folder / "coded.json"
    if not afresh:
        try:
            counted = json.loads(path.read_text()) if path.is_file() else {}
        except (OSError, ValueError):
            raise HebbsimError(f"{path}: cannot be read; run hebbsim verify without --from") from None
        return {f"coded {dim}": counted[str(dim)] for dim in CODED[size] if str(dim) in counted}
    from hebbsim.storage.coded_trial import one_shot_evidence

    counted = {str(dim): dict(one_shot_evidence(dim).counts) | {"dim": dim} for dim in CODED[size]}
    write_json(path, counted)
    return {f"coded {dim}": counts for dim, counts in counted.items()}


def _cells(item: Judged) -> list[Any]:
    row = item.row
    mark = "ok" if item.agrees else "DIFFERS"
    prediction, measured = f"{row.prediction:.4f}", item.measured.number()
    return [mark, row.quantity, row.setting, row.criterion, prediction, measured, item.measured.trials, item.verdict]


def _why(item: Judged) -> str:
    row, measured = item.row, item.measured
    if measured.half > row.resolution:
        return f"half-width {measured.half:.2g} is over {row.resolution:.2g}"
    return f"predicted {row.prediction:.4f} +/- {row.tolerance:.2g} ({row.reason}), measured {measured.number()}"
