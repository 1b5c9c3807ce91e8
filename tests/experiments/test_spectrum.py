"""The spectrum in small: every memory of it, two trials each at its lightest load, on one ruler."""

import json

import pytest
from repository import load_experiment

from hebbsim.collect import collect
from hebbsim.records import read
from hebbsim.simulate.plan import sweep

TWINS = {"channel decay (GLA, Mamba)", "delta, rate 1"}  # others by an option alone, and each takes seconds to compile


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The experiment, and records of its memories."""
    path, spectrum = tmp_path_factory.mktemp("spectrum") / "records.jsonl", load_experiment("spectrum")
    plans = {}
    for label, task in ((label, tasks[-1]) for label, tasks in spectrum.MEMORIES.items() if label not in TWINS):
        least = {name: task[name][:1] for name in ("loads", "num_patterns") if name in task}
        wide = {} if "dim_key" in task else {"dim": spectrum.DIM}
        plans[spectrum.names_of(label)[-1]] = sweep(**wide | task | least | {"readout": "soft", "probes": 64})
    collect(plans, 2, path)
    return spectrum, read(path.parent)


def test_every_memory_is_measured_and_gives_something_back(small):
    spectrum, results = small
    found = spectrum.split(results)
    assert list(found) == [label for label in spectrum.MEMORIES if label not in TWINS]
    for label, both in found.items():
        point = spectrum.most(both, "soft")
        # 65,536 parameters but for LaCT's 85 hidden units, and never more than is stored
        assert 65_000 < point.num_parameters <= 65_536, label
        assert (
            0 < point.bits["soft"].best <= 1.01 * point.task.num_patterns * point.task.dim_value / point.num_parameters
        )


def test_the_committed_table_is_that_of_the_committed_records(small):
    spectrum, _ = small
    header, rows = spectrum.table(read(spectrum.TIMES.parent))
    assert [row[0] for row in rows] == list(spectrum.MEMORIES)
    shown = json.loads((spectrum.TIMES.parent / "table.json").read_text())
    assert shown == [dict(zip(header, row, strict=True)) for row in rows]
