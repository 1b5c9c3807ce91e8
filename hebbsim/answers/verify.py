"""hebbsim verify: run the pre-registered rows, judge them, write the table and one figure."""

import dataclasses
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hebbsim import plot
from hebbsim.answers.claims import LEVEL, Judged, judge, rows, summary, tasks
from hebbsim.answers.report import markdown, write, write_json
from hebbsim.answers.screen import show
from hebbsim.errors import HebbsimError
from hebbsim.records import Results, provenance, read
from hebbsim.records.task import format_label
from hebbsim.statistics.measurement import Measurement, curves, measurements

HEADER = ("", "quantity", "setting", "criterion", "prediction", "measured (95 %)", "trials", "about 0.7?")


def verify(out: Path, size: str, source: Path | None, progress: Callable[[str, float, float], None]) -> int:
    """Exit status: 0 if every row agrees with its prediction, 1 if one does not. Raises HebbsimError.

    Runs afresh each time, but for what an interrupted run of the same size left in `out`/unfinished.
    """
    began = time.monotonic()
    results = read(source) if source else _run(out, size, progress)
    for note in results.notes:
        print(f"note: {note}", file=sys.stderr)
    registered, found = rows(size), _named(results, size)
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
    plot.save(_figure(judged), out / "figure.png")
    for line in closing:
        print(line)
    for item in failed:
        print(f"differs: {item.row.quantity}, {item.row.setting}, {item.row.criterion}: {_why(item)}")
    print(f"{out}/table.md, table.json, figure.png; {time.monotonic() - began:.0f} s")
    return 1 if failed else 0


def _run(out: Path, size: str, progress: Callable[[str, float, float], None]) -> Results:
    from hebbsim.collect import collect
    from hebbsim.simulate.plan import sweep

    plans, trials = [], {}
    for options in tasks(size).values():
        plan = sweep(**{name: value for name, value in options.items() if name != "trials"})
        plans.append(plan)
        trials |= dict.fromkeys(plan.tasks, options["trials"])
    unfinished = out / "unfinished" / "records.jsonl"
    results = collect(plans, trials.__getitem__, unfinished, progress, shared=False)
    wanted = {(task, number) for task, count in trials.items() for number in range(count)}
    try:
        os.replace(unfinished, out / "records.jsonl")
        provenance.append(out, provenance.runs_of(unfinished.parent))
        (unfinished.parent / provenance.NAME).unlink(missing_ok=True)
        unfinished.parent.rmdir()
    except OSError as error:
        raise HebbsimError(f"{out}: cannot write: {error.strerror}") from None
    return Results({at: record for at, record in results.records.items() if at in wanted}, results.notes)


def _named(results: Results, size: str) -> dict[str, list[Measurement]]:
    """The curves by the names that rows call them by; the rule is not asked for, so that a wrong one is judged as well."""
    found = {}
    groups = curves(measurements(results))
    for name, options in tasks(size).items():
        dims = options.get("dim") or options["dim_key"], options.get("dim") or options["dim_value"]
        parts = options.get("retrieval", "matched_filter"), options["readout"]
        ensemble = format_label(options.get("ensemble", "bipolar"), options.get("ensemble_options", {}))
        probes = options.get("probes", 1024)
        fits = {
            first: group
            for first, group in groups.items()
            if (first.dim_key, first.dim_value, first.ensemble, first.probes) == (*dims, ensemble, probes)
            and (first.retrieval.partition("(")[0], first.readout.partition("(")[0]) == parts
            and (first.tied, first.ages, first.seed, first.precision) == (False, (), 0, "float32")
        }
        counts = options.get("num_patterns") or [max(1, round(load * dims[0])) for load in options["loads"]]
        for group in fits.values():
            at = {point.task.num_patterns: point for point in group}
            if all(count in at for count in counts):
                if name in found:
                    both = f"{found[name][0].task.rule} and {group[0].task.rule}"
                    raise HebbsimError(f"two curves are {name!r}: of {both}; allowed: records of one rule")
                found[name] = [dataclasses.replace(at[count]) for count in sorted(set(counts))]
    return found


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


def _figure(judged: Sequence[Judged]) -> Any:
    made, (ax,) = plot.figure(1, width=2 * plot.COLUMN, height=0.17 * len(judged) + 0.9)
    places = list(range(len(judged)))[::-1]
    for i, (verdict, label) in enumerate((("holds", "about 0.7, on a condition"), ("", "not 0.7"))):
        chosen = [
            (y, item)
            for y, item in zip(places, judged, strict=True)
            if item.verdict.startswith("holds") == bool(verdict)
        ]
        best = [item.measured.best for _, item in chosen]
        bars = [[max(0, item.measured.best - item.measured.low) for _, item in chosen],
                [max(0, item.measured.high - item.measured.best) for _, item in chosen]]  # fmt: skip
        ax.errorbar(best, [y for y, _ in chosen], xerr=bars, fmt=plot.MARKERS[i], color=plot.COLOURS[1 - i], ms=4,
                    elinewidth=0.9, capsize=1.5, label=f"measured, 95 %: {label}")  # fmt: skip
    ax.plot([item.row.prediction for item in judged], places, "|", color="k", ms=7, mew=0.9, label="theory", zorder=1)
    ax.axvline(plot.CLAIM, color="0.35", lw=0.9, ls=":", zorder=0)
    ax.annotate(
        "claim: 0.7", (plot.CLAIM, 1.0), xycoords=("data", "axes fraction"), ha="center", va="bottom", fontsize=6.5
    )
    ax.set_yticks(
        places, [f"{item.row.quantity}: {item.row.setting} [{item.row.criterion}]" for item in judged], fontsize=6
    )
    ax.set(xlabel="bits per parameter", xlim=(0, 0.8), ylim=(-0.7, len(judged) - 0.3))
    ax.legend(loc="upper right", bbox_to_anchor=(0.86, 1.0))
    ax.set_title('Which readings of "stores" give 0.7 bits per parameter', pad=12)
    return made
