"""The command line: what each command is called and takes; commands.py has what it does. Bad input is one line on stderr
and exit status 2."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from hebbsim import commands
from hebbsim.commands import PARTS, REGISTRIES
from hebbsim.errors import HebbsimError


class Parser(argparse.ArgumentParser):
    """argparse, but with one line an error."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"hebbsim: {message}; see {self.prog} --help\n")


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


def parser() -> Parser:
    """Every command and its arguments."""
    top = Parser(prog="hebbsim", description="Measures how many bits an associative memory really holds.")
    names = top.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)

    def add(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        command = names.add_parser(name, help=text, description=text)
        command.set_defaults(command=run)
        return command

    verify = add("verify", commands.run_verify, "put the claim of 0.7 bits per parameter to pre-registered checks")
    size = verify.add_mutually_exclusive_group()
    size.add_argument("--full", action="store_true", help="the thorough version")
    size.add_argument("--smoke", action="store_true", help="a quick version for tests; decides less")
    verify.add_argument("--from", dest="source", metavar="RESULTS", help="judge the records there; run nothing")
    verify.add_argument("--out", default="results/verify", help="where table and figure go (default: %(default)s)")

    measure = add("measure", commands.run_measure, "store random pairs, read them back, say how many bits came back")
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

    collect = add("collect", commands.run_collect, "run what is missing of an experiment's trials; resumable")
    collect.add_argument("experiment", help="a Python file with TASKS, BUDGET and figure(results)")
    collect.add_argument("--out", help="folder of the records (default: results/NAME)")
    collect.add_argument("--smoke", action="store_true", help="a few cheap curves, two trials, to results/NAME-smoke")

    store = add("store", commands.run_store, "write a file into one outer-product matrix")
    store.add_argument("file")
    store.add_argument("--out", required=True, metavar="MEMORY")
    store.add_argument("--bits-per-parameter", type=float, default=0.7, help="default: %(default)s")
    store.add_argument("--bits", type=int, default=0, help="round weights to 2^BITS levels, 1 to 8 (default: exact)")
    store.add_argument("--seed", type=int, default=0, help="of the keys (default: %(default)s)")
    recall = add("recall", commands.run_recall, "read a file back out of a memory; exit status 1 if bits are wrong")
    recall.add_argument("memory", metavar="MEMORY")
    recall.add_argument("--out", required=True, metavar="FILE")
    recall.add_argument("--retrieval", default="amp", help="amp, box, ridge, matched_filter (default: %(default)s)")
    recall.add_argument("--retrieval-options", type=json_object, metavar="JSON", help='such as {"steps": 50}')
    recall.add_argument("--force", action="store_true", help="write the file even if bits are wrong")

    fit = add("fit", commands.run_fit, "tables of points and capacities from records")
    fit.add_argument("results", help="a folder of records")
    plot = add("plot", commands.run_plot, "draw an experiment's figure from its records")
    plot.add_argument("experiment")
    plot.add_argument("--out", help="folder of the records (default: results/NAME)")
    report = add("report", commands.run_report, "what each folder of results holds")
    report.add_argument("results", nargs="?", default="results")
    report.add_argument("--readme", metavar="FILE", help="fill this file's marked tables from results/verify")
    bench = add("bench", commands.run_bench, "time what the code does; a table, and one JSON file a part")
    bench.add_argument("part", nargs="*", help="a part, or several (default: all, 20 minutes); a wrong name lists them")
    bench.add_argument("--out", default="results/bench", help="folder of the JSON files (default: %(default)s)")
    bench.add_argument("--experiment", metavar="FILE", help="write: time the memories of its TASKS")
    listing = add("list", commands.run_list, "the parts there are, and what they do")
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
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"""{text!r} is not a JSON object such as '{{"rate": 0.5}}'""")
    return value
