"""What each command does: one function a command, which returns the exit status. JAX is imported by those that simulate."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from hebbsim import commands_records
from hebbsim.errors import HebbsimError, printable
from hebbsim.progress import progress

QUIET_BELOW = 3.0  # seconds: shorter work is not announced
REGISTRIES = ("rules", "ensembles", "retrievals", "readouts", "precisions")
PARTS = ("rule", "ensemble", "retrieval", "readout", "precision")


def run_verify(arguments: argparse.Namespace) -> int:
    from hebbsim.answers.verify import verify
    from hebbsim.simulate.settings import use_every_core

    use_every_core()
    size = "full" if arguments.full else "smoke" if arguments.smoke else "default"
    source = Path(arguments.source) if arguments.source is not None else None
    whole = source is not None and (source / "verify").is_dir()
    status = verify(Path(arguments.out), size, source / "verify" if source and whole else source, progress())
    if source and whole:
        from hebbsim.answers.ledger import ledger

        print("\nThe ledger, from the committed records:")
        for row in ledger(source):
            print(f"{row.claim.name}: {row.answer.verdict}. {row.answer.sentence}")
    return status


def run_measure(arguments: argparse.Namespace) -> int:
    from hebbsim.answers.heads import holds_heads
    from hebbsim.commands_curve import parse_part
    from hebbsim.measuring import run_plan
    from hebbsim.simulate.plan import sweep
    from hebbsim.simulate.settings import use_every_core

    use_every_core()
    names = [f"{part}{end}" for part in PARTS for end in ("", "_options")]
    names += ["dim", "dim_key", "dim_value", "tied", "ages", "probes", "seed", "form"]
    given = {name: getattr(arguments, name) for name in names}
    for part in PARTS:
        name, options = parse_part(given[part])
        given |= {part: name, f"{part}_options": {**options, **(given[f"{part}_options"] or {})}}
    if given["ensemble"] == "arrays" and holds_heads(given["ensemble_options"]):
        return _measure_heads(arguments, given)
    patterns = [arguments.num_patterns] if arguments.load is None else None
    loads = None if arguments.load is None else [arguments.load]
    plan = sweep(num_patterns=patterns, loads=loads, **given)
    found = run_plan(plan, arguments.trials, arguments.level, progress(), quiet_below=QUIET_BELOW)[0]
    if arguments.json:
        print(json.dumps(_measured(found)))
    else:
        per = found.bits_per_stored_bit.number()
        print(f"{found}; {found.stored_bits:g} bits stored an entry: {per} bits per stored bit")
    return 0


def _measure_heads(arguments: argparse.Namespace, given: dict[str, Any]) -> int:
    """A row for each head of the files, as it ends, and the total."""
    from hebbsim.answers.heads import measure_heads
    from hebbsim.answers.report import to_json

    files = dict(given.pop("ensemble_options"))
    del given["ensemble"]
    given |= {name: getattr(arguments, name) for name in ("num_patterns", "load", "trials", "level")}
    sides = {name: files.pop(name) for name in ("keys", "values") if name in files}

    def tell(head: int, point: Any) -> None:
        if not arguments.json:
            print(f"head {head}: {point}", flush=True)

    found = measure_heads(**sides, ensemble_options=files, tell=tell, **given)
    if not arguments.json:
        print(found.total)
        return 0
    total = {"num_parameters": found.num_parameters, "bits_per_parameter": found.bits_per_parameter, "bits": found.bits}
    print(json.dumps({"heads": [_measured(head) for head in found.heads], "all": to_json(total)}))
    return 0


def _measured(found: Any) -> Any:
    """A Measurement as JSON takes it."""
    from hebbsim.answers.report import to_json

    said = {"task": found.task.to_json(), "load": found.load, "num_parameters": found.num_parameters}
    said |= {"bits": found.bits, "error_rate": found.error_rate, "counts": found.counts, "exact": found.exact}
    return to_json(said | {"bits_per_stored_bit": found.bits_per_stored_bit, "stored_bits": found.stored_bits})


def run_collect(arguments: argparse.Namespace) -> int:
    from hebbsim.checks import check_integer
    from hebbsim.experiment import load, with_trials

    with commands_records.workers(arguments) as executor:
        # What starts JAX comes after the processes have found one another.
        from hebbsim.collect import collect
        from hebbsim.simulate.sweeps import sweeps

        experiment = load(arguments.experiment)
        experiment = experiment.smoke() if arguments.smoke else experiment
        if arguments.trials is not None:
            experiment = with_trials(experiment, check_integer("trials", arguments.trials, 1, 2**31 - 1))
        folder = Path(arguments.out) if arguments.out else experiment.results
        plans, trials = sweeps(experiment.tasks)
        budget = "" if arguments.smoke else f"; its author's budget for the whole: {experiment.budget}"
        print(f"{experiment.path.stem}: {len(trials)} tasks{budget}", file=sys.stderr)
        more = {"experiment": experiment.path, "executor": executor, "announce": announce}
        results = collect(plans, trials.__getitem__, folder / "records.jsonl", progress(), **more)
    for note in results.notes:
        print(f"note: {note}", file=sys.stderr)
    broken = [record for record in results.records.values() if not record.finite]
    for record in broken[:3]:
        print(f"not finite: {record.task.rule} at {record.task.num_patterns} patterns, trial {record.trial}")
    print(f"{printable(str(folder))}: {len(results)} records")
    return 0


def announce(text: str) -> None:
    """Say on stderr what is to come."""
    print(f"hebbsim: {text}", file=sys.stderr, flush=True)


def run_store(arguments: argparse.Namespace) -> int:
    from hebbsim.storage.commands import store_coded, store_file

    file, out, a = Path(arguments.file), Path(arguments.out), arguments
    if not a.code:
        if a.dim is not None or a.code_length is not None or a.force:
            raise HebbsimError("--dim, --code-length and --force go with --code")
        return store_file(file, out, a.bits_per_parameter, a.seed, a.bits, progress())
    options = a.code, a.bits_per_parameter, a.seed, a.bits, a.code_length, a.dim, a.force
    return store_coded(file, out, *options, progress())


def run_recall(arguments: argparse.Namespace) -> int:
    from hebbsim.storage.commands import recall_file

    out, options = Path(arguments.out), arguments.retrieval_options
    return recall_file(Path(arguments.memory), out, arguments.retrieval, options, arguments.force, progress())


def run_fit(arguments: argparse.Namespace) -> int:
    from hebbsim.answers.report import fit_tables, write, write_json
    from hebbsim.records import read
    from hebbsim.statistics.measurement import measurements

    folder = Path(arguments.results)
    results = read(folder)
    for note in results.notes:
        print(f"note: {note}", file=sys.stderr)
    points = measurements(results)
    if not points:
        raise HebbsimError(f"{folder}: no task has two trials yet; run hebbsim collect first")
    data, text = fit_tables(points)
    write_json(folder / "fit.json", data)
    print(printable(str(write(folder / "fit.md", text))))
    return 0


def run_plot(arguments: argparse.Namespace) -> int:
    from hebbsim.answers.report import markdown, write, write_json
    from hebbsim.experiment import load
    from hebbsim.plot import save
    from hebbsim.records import digest, read

    experiment = load(arguments.experiment)
    folder = Path(arguments.out) if arguments.out else experiment.results
    results = read(folder)
    for note in results.notes:
        print(f"note: {note}", file=sys.stderr)
    if not len(results):
        raise HebbsimError(f"{folder}: no records; run hebbsim collect {arguments.experiment} first")
    saved = save(experiment.figure(results), folder / "figure.png", digest(results), arguments.format)
    print(printable(str(saved)))
    if experiment.table:
        header, rows = experiment.table(results)
        write_json(folder / "table.json", [dict(zip(header, row, strict=True)) for row in rows])
        print(printable(str(write(folder / "table.md", markdown(header, rows)))))
    return 0


def run_report(arguments: argparse.Namespace) -> int:
    from hebbsim.records import read

    folder = Path(arguments.results)
    if not folder.is_dir():
        raise HebbsimError(f"{folder}: there is no such folder of results")
    if arguments.readme:
        from hebbsim.answers.readme import fill_file

        fill_file(Path(arguments.readme), folder)
        print(printable(arguments.readme))
        return 0
    if arguments.html:
        from hebbsim.answers.page import page
        from hebbsim.answers.report import write

        print(printable(str(write(Path(arguments.html), page(folder)))))
        return 0
    for place in sorted({file.parent for file in folder.rglob("*.jsonl")}):
        results = read(place)
        trials = sum(record.seconds for record in results.records.values())
        print(
            f"{printable(str(place))}: {len(results.tasks())} tasks, {len(results)} records, {trials / 60:.1f} minutes of work"
        )
        for note in results.notes:
            print(f"  note: {note}")
    return 0


def run_bench(arguments: argparse.Namespace) -> int:
    from hebbsim.bench import bench, show
    from hebbsim.experiment import load
    from hebbsim.simulate.settings import use_every_core

    use_every_core()
    tasks = list(load(arguments.experiment).tasks.values()) if arguments.experiment else ()
    for name, rows in bench(arguments.part, Path(arguments.out), tasks, arguments.rounds):
        show(name, rows)
        print(printable(str(Path(arguments.out) / f"{name}.json")))
    return 0


def run_list(arguments: argparse.Namespace) -> int:
    from hebbsim.answers.catalogue import show

    return show([arguments.kind] if arguments.kind else REGISTRIES, arguments.dim, arguments.num_patterns)
