"""The command line: thin, one function a command. Bad input is one line on stderr and exit status 2."""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from hebbsim import commands_records
from hebbsim.errors import HebbsimError, printable

REGISTRIES = ("rules", "ensembles", "retrievals", "readouts", "precisions")
PARTS = ("rule", "ensemble", "retrieval", "readout", "precision")


class Parser(argparse.ArgumentParser):
    """argparse, but with one line an error."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"hebbsim: {printable(message)}; see {self.prog} --help\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 a check failed, 2 bad input, 130 interrupted."""
    arguments = parser().parse_args(argv)
    try:
        return arguments.command(arguments)
    except HebbsimError as error:
        print(f"hebbsim: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("hebbsim: interrupted; finished records are kept, the same command goes on from them", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Nobody reads on, as in `hebbsim list | head`; what Python still wants to flush at exit must go somewhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.filename is None:
            raise
        print(f"hebbsim: {printable(str(error.filename))[:200]}: {error.strerror}", file=sys.stderr)
        return 2


def parser() -> Parser:
    """Every command and its arguments."""
    top = Parser(prog="hebbsim", description="Measures how many bits an associative memory really holds.")
    commands = top.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)

    def add(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(command=run)
        return command

    verify = add("verify", run_verify, "put the claim of 0.7 bits per parameter to pre-registered checks")
    size = verify.add_mutually_exclusive_group()
    size.add_argument("--full", action="store_true", help="the thorough version")
    size.add_argument("--smoke", action="store_true", help="a quick version for tests; decides less")
    verify.add_argument("--from", dest="source", metavar="RESULTS", help="judge the records there; run nothing")
    verify.add_argument("--out", default="results/verify", help="where table and figure go (default: %(default)s)")

    measure = add("measure", run_measure, "store random pairs, read them back, say how many bits came back")
    for part in PARTS:
        default = dict(zip(PARTS, ("hebbian", "bipolar", "matched_filter", "sign", "float32"), strict=True))[part]
        measure.add_argument(f"--{part}", default=default, help="default: %(default)s")
        measure.add_argument(f"--{part}-options", type=json_object, metavar="JSON", help='such as {"rate": 0.5}')
    for name in ("dim", "dim-key", "dim-value"):
        measure.add_argument(f"--{name}", type=int)
    measure.add_argument("--num-patterns", type=int, required=True)
    measure.add_argument("--tied", action="store_true", help="the values are the keys")
    measure.add_argument("--ages", type=int, nargs="*", default=[], help="edges, in pairs since writing")
    for name, default in (("probes", 1024), ("trials", 8), ("seed", 0)):
        measure.add_argument(f"--{name}", type=int, default=default, help="default: %(default)s")
    measure.add_argument("--level", type=float, default=0.95, help="of the intervals (default: %(default)s)")
    measure.add_argument("--json", action="store_true", help="one JSON object instead of text")

    collect = add("collect", run_collect, "run what is missing of an experiment's trials; resumable")
    collect.add_argument("experiment", help="a Python file with TASKS, BUDGET and figure(results)")
    collect.add_argument("--out", help="folder of the records (default: results/NAME)")
    collect.add_argument("--smoke", action="store_true", help="a few cheap curves, two trials, to results/NAME-smoke")

    commands_records.collect_arguments(collect)
    commands_records.add_commands(add)
    store = add("store", run_store, "write a file into one outer-product matrix")
    store.add_argument("file")
    store.add_argument("--out", required=True, metavar="MEMORY")
    store.add_argument("--bits-per-parameter", type=float, default=0.7, help="default: %(default)s")
    store.add_argument("--bits", type=int, default=0, help="round weights to 2^BITS levels, 1 to 8 (default: exact)")
    store.add_argument("--seed", type=int, default=0, help="of the keys (default: %(default)s)")
    recall = add("recall", run_recall, "read a file back out of a memory; exit status 1 if bits are wrong")
    recall.add_argument("memory", metavar="MEMORY")
    recall.add_argument("--out", required=True, metavar="FILE")
    recall.add_argument("--retrieval", default="amp", help="amp, box, ridge, matched_filter (default: %(default)s)")
    recall.add_argument("--retrieval-options", type=json_object, metavar="JSON", help='such as {"steps": 50}')
    recall.add_argument("--force", action="store_true", help="write the file even if bits are wrong")

    fit = add("fit", run_fit, "tables of points and capacities from records")
    fit.add_argument("results", help="a folder of records")
    plot = add("plot", run_plot, "draw an experiment's figure from its records")
    plot.add_argument("experiment")
    plot.add_argument("--out", help="folder of the records (default: results/NAME)")
    report = add("report", run_report, "what each folder of results holds")
    report.add_argument("results", nargs="?", default="results")
    report.add_argument("--readme", metavar="FILE", help="fill this file's marked tables from results/verify")
    bench = add("bench", run_bench, "time what the code does; a table, and one JSON file a part")
    bench.add_argument("part", nargs="*", help="a part, or several (default: all, 20 minutes); a wrong name lists them")
    bench.add_argument("--out", default="results/bench", help="folder of the JSON files (default: %(default)s)")
    bench.add_argument("--experiment", metavar="FILE", help="write: time the memories of its TASKS")
    listing = add("list", run_list, "the parts there are, and what they do")
    listing.add_argument("kind", nargs="?", choices=REGISTRIES)
    listing.add_argument("--dim", type=int, default=64, help="count parameters at this dim (default: %(default)s)")
    listing.add_argument(
        "--num-patterns", type=int, default=1000, help="count depth at this many (default: %(default)s)"
    )
    return top


def json_object(text: str) -> dict[str, Any]:
    """Options on the command line."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"""{text[:200]!r} is not a JSON object such as '{{"rate": 0.5}}'""")
    return value


def progress(every: float = 5.0) -> Callable[[str, float, float], None]:
    """Live progress: one line rewritten on a terminal, a plain line every few seconds elsewhere. ETA by cost."""
    began, last = time.monotonic(), [0.0]
    live = sys.stderr.isatty()

    def tell(text: str, done: float, total: float) -> None:
        now = time.monotonic()
        finished = done >= total
        if now - last[0] < (0.2 if live else every) and not finished:
            return
        last[0] = now
        spent = now - began
        left = f", about {spent * (total - done) / done:.0f} s left" if 0 < done < total else ""
        line = f"{100 * done / max(total, 1):3.0f} %  {spent:.0f} s{left}  {text}"
        print(
            f"\r\033[K{line}" if live else line, end="" if live and not finished else "\n", file=sys.stderr, flush=True
        )

    return tell


def run_verify(arguments: argparse.Namespace) -> int:
    from hebbsim.answers.verify import verify

    size = "full" if arguments.full else "smoke" if arguments.smoke else "default"
    return verify(
        Path(arguments.out), size, Path(arguments.source) if arguments.source is not None else None, progress()
    )


def run_measure(arguments: argparse.Namespace) -> int:
    from hebbsim.answers.report import plain
    from hebbsim.collect import measure

    names = [f"{part}{end}" for part in PARTS for end in ("", "_options")]
    names += ["dim", "dim_key", "dim_value", "num_patterns", "tied", "ages", "probes", "trials", "seed", "level"]
    found = measure(**{name: getattr(arguments, name) for name in names})
    stored = {"bits_per_stored_bit": found.bits_per_stored_bit, "stored_bits": found.stored_bits}
    if not arguments.json:
        print(
            f"{found}; {found.stored_bits:g} bits stored an entry: {found.bits_per_stored_bit.number()} bits per stored bit"
        )
        return 0
    said = {"task": found.task.to_json(), "load": found.load, "num_parameters": found.num_parameters}
    said |= {"bits": found.bits, "error_rate": found.error_rate, "counts": found.counts, "exact": found.exact}
    print(json.dumps(plain(said | stored)))
    return 0


def run_collect(arguments: argparse.Namespace) -> int:
    from hebbsim.experiment import load

    with commands_records.workers(arguments) as executor:
        from hebbsim.collect import collect, planned

        experiment = load(arguments.experiment)
        experiment = experiment.smoke() if arguments.smoke else experiment
        folder = Path(arguments.out) if arguments.out else experiment.results
        plans, trials = planned(experiment)
        print(f"{experiment.path.stem}: {len(trials)} tasks; the whole takes {experiment.budget}", file=sys.stderr)
        more = {"experiment": experiment.path, "executor": executor}
        results = collect(plans, trials.__getitem__, folder / "records.jsonl", progress(), **more)
    for note in results.notes:
        print(f"note: {note}", file=sys.stderr)
    broken = [record for record in results.records.values() if not record.finite]
    for record in broken[:3]:
        print(f"not finite: {record.task.rule} at {record.task.num_patterns} patterns, trial {record.trial}")
    print(f"{printable(str(folder))}: {len(results)} records")
    return 0


def run_store(arguments: argparse.Namespace) -> int:
    from hebbsim.storage.store import store_file

    out = Path(arguments.out)
    return store_file(Path(arguments.file), out, arguments.bits_per_parameter, arguments.seed, arguments.bits)


def run_recall(arguments: argparse.Namespace) -> int:
    from hebbsim.storage.store import recall_file

    out, options, force = Path(arguments.out), arguments.retrieval_options, arguments.force
    return recall_file(Path(arguments.memory), out, arguments.retrieval, options, force, progress())


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
    from hebbsim.records import read

    experiment = load(arguments.experiment)
    folder = Path(arguments.out) if arguments.out else experiment.results
    results = read(folder)
    for note in results.notes:
        print(f"note: {note}", file=sys.stderr)
    if not len(results):
        raise HebbsimError(f"{folder}: no records; run hebbsim collect {arguments.experiment} first")
    print(printable(str(save(experiment.figure(results), folder / "figure.png"))))
    if experiment.table:
        header, rows = experiment.table(results)
        write_json(folder / "table.json", [dict(zip(header, row, strict=True)) for row in rows])
        print(printable(str(write(folder / "table.md", markdown(header, rows)))))
    return 0


def run_report(arguments: argparse.Namespace) -> int:
    from hebbsim.answers.catalogue import rule_rows
    from hebbsim.answers.report import fill_file
    from hebbsim.records import read

    folder = Path(arguments.results)
    if not folder.is_dir():
        raise HebbsimError(f"{folder}: no such folder of results")
    if arguments.readme:
        fill_file(Path(arguments.readme), folder / "verify" / "table.json", rule_rows(64, 1000))
        print(arguments.readme)
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

    tasks = load(arguments.experiment).tasks if arguments.experiment else ()
    for name, rows in bench(arguments.part, Path(arguments.out), tasks):
        show(name, rows)
        print(Path(arguments.out) / f"{name}.json")
    return 0


def run_list(arguments: argparse.Namespace) -> int:
    from hebbsim.answers.catalogue import show

    return show([arguments.kind] if arguments.kind else REGISTRIES, arguments.dim, arguments.num_patterns)
