"""Results on disk: one line of JSON for each trial of a task, appended and never changed."""

from hebbsim.records.curves import read_names, union, write_names
from hebbsim.records.line import APPROXIMATE_COUNTS, Record, from_line, to_line
from hebbsim.records.results import Results, digest, missing, read
from hebbsim.records.writer import Writer

__all__ = [
    "APPROXIMATE_COUNTS",
    "Record",
    "Results",
    "Writer",
    "digest",
    "from_line",
    "missing",
    "read",
    "read_names",
    "to_line",
    "union",
    "write_names",
]
