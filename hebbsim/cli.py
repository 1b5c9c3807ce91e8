"""The command line: what each command is called and which arguments it takes. commands.py has what it does.

Bad input is one line on stderr and exit status 2.
"""

import argparse
import importlib
import json
import os
import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import hebbsim
from hebbsim import commands, commands_answers, commands_curve, commands_records
from hebbsim.commands import PARTS, REGISTRIES
from hebbsim.errors import HebbsimError, Interrupted, brief, printable
from hebbsim.lifetime import KEPT

DEFAULTS = {
    "rule": "hebbian",
    "ensemble": "bipolar",
    "retrieval": "matched_filter",
    "readout": "sign",
    "precision": "float32",
}
PART_EXAMPLES = {
    "rule": "delta:rate=0.5",
    "ensemble": "correlated:power=1, or a file of keys k.npy",
    "retrieval": "whitened_query",
    "readout": "soft",
    "precision": "int8:tile=16",
}


class Parser(argparse.ArgumentParser):
    """argparse, but an error is one line, and a command's help ends with an example that runs."""

    def __init__(self, *args: Any, **options: Any) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(*args, **options)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"hebbsim: {brief(printable(message))}; see {self.prog} --help\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 a check failed, 2 bad input, 130 interrupted."""
    top = parser()
    if "_ARGCOMPLETE" in os.environ:  # set by a shell that asks what may come next
        importlib.import_module("argcomplete").autocomplete(top)
    arguments = top.parse_args(argv)
    try:
        return run(arguments)
    except HebbsimError as error:
        print(f"hebbsim: {error}", file=sys.stderr)
        return 2
    except Interrupted as stop:
        print(f"hebbsim: {str(stop).partition(';')[0]}", file=sys.stderr)
        for point in stop.measurements:
            print(point)
        return 130
    except KeyboardInterrupt:
        print(f"hebbsim: interrupted; {KEPT}", file=sys.stderr)
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


def run(arguments: argparse.Namespace) -> int:
    """The command; with --verbose, what it compiled is said at the end."""
    if not arguments.verbose:
        return arguments.command(arguments)
    from hebbsim.compiled import Compiled

    compiled = Compiled()
    try:
        return arguments.command(arguments)
    finally:
        print(f"hebbsim: {compiled}", file=sys.stderr)


def parser() -> Parser:
    """Every command and its arguments."""
    top = Parser(prog="hebbsim", description="Measures how many bits an associative memory really holds.")
    top.add_argument("--version", action="version", version=f"hebbsim {hebbsim.__version__}")
    names = top.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)

    def add(name: str, call: Callable[[argparse.Namespace], int], text: str, example: str) -> Parser:
        about = textwrap.fill(text, 78)
        command = names.add_parser(name, help=text, description=about, epilog=f"example:\n  hebbsim {example}")
        command.add_argument("--verbose", action="store_true", help="say at the end how many programs were compiled")
        command.set_defaults(command=call, example=example)
        return command

    for arguments in (
        _verify,
        _measure,
        _collect,
        commands_curve.add_parsers,
        commands_records.add_commands,
        commands_answers.add_commands,
        _store,
        _fit,
        _plot,
        _report,
        _bench,
        _list,
    ):
        arguments(add)
    return top


def _verify(add: Callable[..., Parser]) -> None:
    text = "put the claim of 0.7 bits per parameter to pre-registered checks"
    verify = add("verify", commands.run_verify, text, "verify --from results/verify")
    size = verify.add_mutually_exclusive_group()
    size.add_argument("--full", action="store_true", help="the thorough version")
    size.add_argument("--smoke", action="store_true", help="a quick version for tests; it decides fewer rows")
    verify.add_argument(
        "--from",
        dest="source",
        metavar="RESULTS",
        help="judge the records there and run nothing; of a whole folder of results, the ledger too",
    )
    verify.add_argument(
        "--out", default="build/verify", help="where records, table and figure go (default: %(default)s)"
    )


def _measure(add: Callable[..., Parser]) -> None:
    text = "store random pairs, read them back, and say how many bits came back"
    measure = add("measure", commands.run_measure, text, "measure --rule delta --dim 64 --num-patterns 32 --trials 4")
    for part in PARTS:
        measure.add_argument(
            f"--{part}",
            default=DEFAULTS[part],
            metavar="NAME[:OPTIONS]",
            help=f"one of `hebbsim list`, such as {PART_EXAMPLES[part]} (default: {DEFAULTS[part]})",
        )
        measure.add_argument(f"--{part}-options", type=json_object, metavar="JSON", help='such as {"rate": 0.5}')
    measure.add_argument("--dim", type=int, help="entries of a key and of a value")
    measure.add_argument("--dim-key", type=int, help="entries of a key, where the two differ")
    measure.add_argument("--dim-value", type=int, help="entries of a value")
    count = measure.add_mutually_exclusive_group(required=True)
    count.add_argument("--num-patterns", type=int, help="pairs stored")
    count.add_argument("--load", type=float, help="pairs stored over dim_key")
    measure.add_argument("--tied", action="store_true", help="the values are the keys")
    measure.add_argument("--ages", type=int, nargs="*", default=[], help="edges, in pairs since writing, to count by")
    measure.add_argument("--probes", type=int, default=1024, help="pairs read back, at most (default: %(default)s)")
    measure.add_argument("--trials", type=int, default=8, help="independent memories (default: %(default)s)")
    measure.add_argument("--seed", type=int, default=0, help="of the random pairs (default: %(default)s)")
    measure.add_argument("--level", type=float, default=0.95, help="of the intervals (default: %(default)s)")
    measure.add_argument("--form", default="", help=commands_curve.FORM_HELP)
    measure.add_argument("--json", action="store_true", help="one JSON object instead of text")


def _collect(add: Callable[..., Parser]) -> None:
    text = "run what is missing of an experiment's trials; an interrupted run goes on where it stopped"
    collect = add("collect", commands.run_collect, text, "collect experiments/load.py --smoke")
    collect.add_argument("experiment", help="a Python file with TASKS, BUDGET and figure(results)")
    collect.add_argument("--out", help="folder of the records (default: results/NAME beside the file)")
    collect.add_argument("--trials", type=int, help="trials of every curve, in place of the file's numbers")
    collect.add_argument("--smoke", action="store_true", help="a few cheap curves, two trials, to results/NAME-smoke")

    commands_records.collect_arguments(collect)


def _store(add: Callable[..., Parser]) -> None:
    text = "write a file into one outer-product matrix"
    store = add("store", commands.run_store, text, "store README.md --out readme.memory")
    store.add_argument("file", help="the file to store")
    store.add_argument("--out", required=True, metavar="MEMORY", help="the memory file to write")
    store.add_argument("--bits-per-parameter", type=float, help="default: 0.7; coded: 0.89 of the code's threshold")
    store.add_argument("--code", metavar="RATE", help="outer code of rate 1/10, 1/20 or 1/50: recall reads one-shot")
    store.add_argument("--code-length", type=int, help="entries of a block, a multiple of 1600 (default: by the file)")
    store.add_argument("--dim", type=int, help="of the matrix, with --code (default: as small as fits)")
    store.add_argument("--force", action="store_true", help="with --code: try a load past the code's threshold")
    store.add_argument("--bits", type=int, default=0, help="round weights to 2^BITS levels, 1 to 8 (default: exact)")
    store.add_argument("--seed", type=int, default=0, help="of the keys (default: %(default)s)")
    text = "read a file back out of a memory; exit status 1 if bits are wrong"
    recall = add("recall", commands.run_recall, text, "recall readme.memory --out readme_again.md")
    recall.add_argument("memory", metavar="MEMORY", help="what `hebbsim store` wrote")
    recall.add_argument("--out", required=True, metavar="FILE", help="the file to write")
    recall.add_argument("--retrieval", help="amp, box, ridge, matched_filter (default: amp; coded: one-shot)")
    recall.add_argument("--retrieval-options", type=json_object, metavar="JSON", help='such as {"steps": 50}')
    recall.add_argument("--force", action="store_true", help="write the file even if bits are wrong")


def _fit(add: Callable[..., Parser]) -> None:
    fit = add("fit", commands.run_fit, "tables of points and capacities from records", "fit results/load")
    fit.add_argument("results", help="a folder of records")
    fit.add_argument("--csv", action="store_true", help="print every point as a row of CSV, and write nothing")


def _plot(add: Callable[..., Parser]) -> None:
    text = "draw an experiment's figure and table from its records"
    plot = add("plot", commands.run_plot, text, "plot experiments/load.py")
    plot.add_argument("experiment", help="the Python file whose records were collected")
    plot.add_argument("--out", help="folder of the records (default: results/NAME beside the file)")
    text = "formats of the figure (default: png svg)"
    plot.add_argument("--format", nargs="+", choices=("png", "svg", "pdf"), default=("png", "svg"), help=text)


def _report(add: Callable[..., Parser]) -> None:
    report = add("report", commands.run_report, "say what each folder of results holds", "report results")
    report.add_argument("results", nargs="?", default="results", help="a folder of results (default: %(default)s)")
    report.add_argument("--readme", metavar="FILE", help="fill this file's marked tables from the results")
    report.add_argument("--html", metavar="FILE", help="write the results there as one static page")


def _bench(add: Callable[..., Parser]) -> None:
    text = "time what the code does; writes a table, and one JSON file for each part"
    bench = add("bench", commands.run_bench, text, "bench write --experiment experiments/load.py")
    bench.add_argument("part", nargs="*", help="a part, or several (default: all, 20 minutes); a wrong name lists them")
    bench.add_argument("--out", default="results/bench", help="folder of the JSON files (default: %(default)s)")
    bench.add_argument("--experiment", metavar="FILE", help="write: time the memories of its TASKS")
    text = "interleaved rounds, at most (default: %(default)s)"
    bench.add_argument("--rounds", type=int, default=9, choices=range(1, 100), metavar="N", help=text)


def _list(add: Callable[..., Parser]) -> None:
    listing = add("list", commands.run_list, "the parts there are, and what they do", "list rules --dim 128")
    listing.add_argument("kind", nargs="?", choices=REGISTRIES, help="one kind only")
    listing.add_argument("--dim", type=int, default=64, help="count parameters at this dim (default: %(default)s)")
    text = "count depth at this many (default: %(default)s)"
    listing.add_argument("--num-patterns", type=int, default=1000, help=text)


def json_object(text: str) -> dict[str, Any]:
    """Options on the command line."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"""{text[:200]!r} is not a JSON object such as '{{"rate": 0.5}}'""")
    return value
