"""Folders of records from anywhere, brought together in one."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from hebbsim.records.line import Record, to_line
from hebbsim.records.provenance import append, runs_of
from hebbsim.records.results import Results, Union, bare_line, records_in
from hebbsim.records.task import Task
from hebbsim.records.writer import Writer

NAME = "records.jsonl"


class Merged(NamedTuple):
    """What the folder holds now, and how many of its records are new."""

    results: Results
    added: int


def merge(sources: Sequence[str | os.PathLike[str]], out: str | os.PathLike[str]) -> Merged:
    """Append to out/records.jsonl every record of the sources that `out` lacks, sorted by task and trial.

    What a new folder holds afterwards depends only on the set of records: not on the order of the sources, on how the
    records are spread over them, or on repeats. Of two records of one task and trial that are not exact and differ,
    one is kept, always the same one, and a note says so; what `out` holds already stays.
    Raises HebbsimError, naming file and line of both, if two exact records differ; nothing is written then.
    """
    out = Path(out)
    union = Union()
    if out.exists():
        for record, place in records_in(out, union.notes):
            union.add(record, place)
    have = union.results().records
    new: dict[tuple[Task, int], Record] = {}
    for source in sources:
        for record, place in records_in(source, union.notes):
            union.add(record, place)
            at = record.task, record.trial
            if at not in have:
                rival = new.get(at)
                new[at] = record if rival is None or rival is record else min(rival, record, key=_rank)
    added = dict(sorted(new.items(), key=lambda item: (item[0][0].identity(), item[0][1])))
    with Writer(out / NAME) as writer:
        for record in added.values():
            writer.write(record)
    folders = [Path(source) for source in sources if Path(source).is_dir()]
    append(out, [run for folder in folders for run in runs_of(folder)])
    return Merged(Results(have | added, union.notes), len(added))


def _rank(record: Record) -> tuple[bool, str, str]:
    """An order of the records of one task and trial in which only equal lines are equal; exact ones come first."""
    return not record.exact, bare_line(record), to_line(record)
