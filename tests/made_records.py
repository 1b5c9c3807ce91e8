"""Tasks and records for tests: right ones, lines that another program would write, and strategies that draw tasks."""

import dataclasses
import json
import zlib

import numpy as np
from hypothesis import strategies as st

from hebbsim.records import Record, Writer, counts
from hebbsim.records.task import Task, format_label

SIGN = Task(dim_key=64, dim_value=32, num_patterns=16, probes=8)
SOFT = dataclasses.replace(SIGN, readout="soft")
TIED = dataclasses.replace(SIGN, dim_value=64, tied=True)
GAUSSIAN = dataclasses.replace(SOFT, ensemble="gaussian")
TOKENS = dataclasses.replace(SIGN, ensemble="tokens(vocabulary=64)", readout="argmax")
SPARSE = dataclasses.replace(
    SIGN, rule="willshaw", ensemble="sparse(active=4)", readout="threshold(select='winners')", dim_key=32
)
AGES = dataclasses.replace(SIGN, ages=(4,))
AMP = dataclasses.replace(SIGN, retrieval="amp")


def histogram(*cells):
    out = np.zeros(counts.NUM_BINS, np.int64)
    out[: len(cells)] = cells
    return out


TRUE = {
    SIGN: {"probes": 8, "bits": 256, "errors": 3, "ties": 1},
    SOFT: {"probes": 8, "histogram": histogram(200, 56)},
    TIED: {"probes": 8, "bits": [12, 0, 500], "errors": [3, 0, 1], "ties": [1, 0, 0]},
    GAUSSIAN: {"probes": 8, "entries": 256, "vv": 260.0, "vr": -200.0, "rr": 300.0},
    TOKENS: {"items": 8, "errors": 2, "ties": 1, "log_posterior": [-300, -200, -100, -150, -9]},
    SPARSE: {"probes": 8, "ones": 32, "zeros": 224, "misses": 3, "false": 5},
    AGES: {"probes": [2, 6], "bits": [64, 192], "errors": [1, 9], "ties": [0, 0]},
    AMP: {"probes": 8, "bits": 256, "errors": 3, "ties": 1, "solves": 32, "iterations": 300, "unconverged": 2},
}


def record(task, change=(), **fields):
    given = {name: count for name, count in (TRUE[task] | dict(change)).items() if count is not None}
    size = task.dim_key * task.dim_value
    return Record(task, 0, given, size, True, True, 0.25, "here")._replace(**fields)


def sealed(one, **change):
    """The line that another program would write, right in its checksum whatever it holds."""
    given = {name: np.asarray(count).tolist() for name, count in one.counts.items()}
    fields = one._asdict() | {"task": one.task.to_json(), "counts": given, "schema": 1} | change
    body = json.dumps(fields, separators=(",", ":"))[:-1]
    return f'{body},"crc":"{zlib.crc32(body.encode()):08x}"}}'


TASK = Task(dim_key=64, dim_value=32, num_patterns=16, probes=16)


def one_trial(trial=0, errors=3, exact=True, **counts):
    counts = {"probes": 16, "bits": 512, "errors": errors, "ties": 1, **counts}
    return Record(TASK, trial, counts, 2048, exact, True, 0.25, "0.1 cpu 1")


def write(path, *written):
    with Writer(path) as writer:
        for one in written:
            writer.write(one)


literals = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=5,
)
options = st.dictionaries(st.from_regex(r"[a-z_][a-zA-Z0-9_]{0,8}x", fullmatch=True), literals, max_size=4)
names = st.sampled_from(["hebbian", "gated_delta", "lambda", "mine#1a2b3c4d", "my-rule.v2"])
labels = st.builds(format_label, names, options)
tasks = st.builds(
    Task,
    rule=labels,
    ensemble=labels,
    dim_key=st.integers(1, 10**6),
    dim_value=st.integers(1, 10**6),
    num_patterns=st.integers(1, 10**9),
    probes=st.integers(1, 10**6),
    readout=st.just("mine#1a2b3c4d"),  # counts what it likes
    precision=st.just("bfloat16"),
    ages=st.lists(st.integers(0, 10**9), max_size=4, unique=True).map(sorted).map(tuple),
    tied=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
