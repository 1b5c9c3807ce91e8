"""Commands about records themselves: merge and check. No JAX, unless an experiment is named to check against."""

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from pathlib import Path

from hebbsim.errors import HebbsimError, printable


def add_commands(add: Callable[..., argparse.ArgumentParser]) -> None:
    """add(name, run, help, example) -> parser, as in cli.parser."""
    merging = add(
        "merge",
        run_merge,
        "bring folders of records together in one; repeats count once",
        "merge results/load results/dimension --out /tmp/both",
    )
    merging.add_argument("folders", nargs="+", metavar="DIR")
    merging.add_argument("--out", required=True, metavar="DIR", help="what it lacks is appended to its records.jsonl")
    checking = add(
        "check",
        run_check,
        "find torn, damaged, foreign, conflicting and missing records; exit status 1 if any",
        "check results/load --experiment experiments/load.py",
    )
    checking.add_argument("folder", metavar="DIR")
    checking.add_argument("--experiment", metavar="FILE", help="also name its planned trials that are not recorded")
    checking.add_argument("--repair", action="store_true", help="move bad lines to FILE.bad beside their file")


def collect_arguments(collect: argparse.ArgumentParser) -> None:
    """Where collect runs its trials, if not in this process alone."""
    collect.add_argument("--distributed", action="store_true", help="one JAX runtime over several processes or hosts")
    collect.add_argument("--coordinator", metavar="HOST:PORT", help="of process 0, where no launcher says so")
    collect.add_argument("--num-processes", type=int, help="how many there are")
    collect.add_argument("--process-id", type=int, help="which of them this is, from 0")
    collect.add_argument("--dask", metavar="ADDRESS|SCHEDULER_FILE", help="let a Dask cluster's workers run the trials")


@contextlib.contextmanager
def workers(arguments: argparse.Namespace) -> Iterator[Executor | None]:
    """The executor that collect's arguments ask for. With --distributed, processes are joined and all but one silent.

    To be entered before anything else touches JAX.
    """
    named = [name for name in ("coordinator", "num_processes", "process_id") if getattr(arguments, name) is not None]
    if named and not arguments.distributed:
        raise HebbsimError(f"--{named[0].replace('_', '-')} goes with --distributed")
    if arguments.distributed:
        if arguments.dask is not None:
            raise HebbsimError("--distributed and --dask: allowed: one of the two")
        from hebbsim.simulate import processes

        together = processes.start(arguments.coordinator, arguments.num_processes, arguments.process_id)
        if processes.is_first():
            print(together, file=sys.stderr)
        else:
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    if arguments.dask is None:
        yield None
        return
    from hebbsim.farm import dask_executor

    with dask_executor(arguments.dask) as executor:
        yield executor


def run_merge(arguments: argparse.Namespace) -> int:
    from hebbsim.records import digest
    from hebbsim.records.merge import merge

    merged = merge(arguments.folders, arguments.out)
    for note in merged.results.notes:
        print(f"note: {note}", file=sys.stderr)
    print(f"{printable(arguments.out)}: {len(merged.results)} records, {merged.added} of them new")
    print(f"records {digest(merged.results)}")
    return 0


def run_check(arguments: argparse.Namespace) -> int:
    from hebbsim.records.check import HARMLESS, check

    wanted = None
    if arguments.experiment:
        from hebbsim.experiment import load
        from hebbsim.simulate.sweeps import sweeps

        wanted = sweeps(load(arguments.experiment).tasks)[1]
    findings = check(Path(arguments.folder), wanted, arguments.repair)
    for finding in findings:
        print(f"{finding.place}: {finding.kind}: {printable(finding.text)}")
    aside = arguments.repair and ("torn", "damaged", "impossible", "conflict")
    wrong = [finding for finding in findings if finding.kind not in HARMLESS | set(aside or ())]
    print(f"{printable(arguments.folder)}: " + (f"{len(findings)} findings" if findings else "all is well"))
    return 1 if wrong else 0
