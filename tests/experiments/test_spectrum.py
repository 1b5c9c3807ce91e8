"""The spectrum in small: every memory of it, two trials each at its lightest load, on one ruler."""

import importlib.util
import json
import re

import pytest
from repository import ROOT, load_experiment

import hebbsim
from hebbsim.collect import collect
from hebbsim.records import Results, read
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


def test_a_rule_of_your_own_joins_the_others_as_the_readme_says(small, tmp_path, monkeypatch):
    spectrum, results = small[0], read(small[0].TIMES.parent)
    readme = (ROOT / "README.md").read_text()
    code = re.search(r"```python\n(import jax.numpy.*?)print\(", readme, re.S).group(1)
    assert '`hebbsim.RULES["mine"] = lambda: mine`' in readme and '`"mine": one("mine"),`' in readme
    (tmp_path / "own.py").write_text(code)
    made = importlib.util.spec_from_file_location("own", tmp_path / "own.py")
    own = importlib.util.module_from_spec(made)
    made.loader.exec_module(own)
    monkeypatch.setitem(hebbsim.RULES, "mine", lambda: own.mine)
    monkeypatch.setitem(spectrum.MEMORIES, "mine", spectrum.one("mine"))
    plan = {"mine": sweep(rule="mine", dim=spectrum.DIM, loads=[0.02], probes=64, readout="soft")}
    mine = collect(plan, 2, tmp_path / "records.jsonl")
    both = Results(results.records | mine.records, (), results.curves | mine.curves)
    _, rows = spectrum.table(both)
    assert rows[-1][:2] == ["mine", "65,536"] and len(rows) == len(spectrum.MEMORIES)
    assert ["not timed" in row for row in rows] == [False] * (len(rows) - 1) + [True]
    labels = [text.get_text() for ax in spectrum.figure(both).axes for text in ax.get_yticklabels()]
    assert labels.count("mine") == 1 and labels.count("Hebbian") == 2
