"""The benchmark's parts at sizes that take no time: what they say, not how fast."""

import json
import math
from pathlib import Path

import pytest

import hebbsim
from hebbsim import bench

ROOT = Path(__file__).parent.parent


def test_chunked_forms_are_timed_beside_the_scan(monkeypatch):
    monkeypatch.setattr(bench, "ASKED", {8: 5.0})
    monkeypatch.setattr(bench, "CHUNKED_PAIRS", 128)
    rows = bench.chunked(dims=(8,), rounds=1)
    assert [row["rule"] for row in rows] == ["decay", "delta", "gated_delta"]
    for row in rows:
        times = row["seconds_per_pair"], row["seconds_per_pair_naive"]
        assert all(0 < time["low"] <= time["median"] <= time["high"] for time in times)
        assert row["times_faster"] == pytest.approx(times[1]["median"] / times[0]["median"])
        assert row["asked"] == 5.0 and row["met"] == (row["times_faster"] >= 5.0)


def test_writing_is_timed_for_any_memory(tmp_path):
    mine = hebbsim.RULES["hebbian"]()._replace(label="mine", depth=lambda num_patterns: 3 * num_patterns)
    tasks = [
        dict(rule=mine, dim_key=8, dim_value=6, loads=(1,), trials=2),
        dict(rule=mine, dim_key=8, dim_value=6, loads=(2,), trials=2),  # the same memory
        dict(rule="willshaw", ensemble="sparse", ensemble_options={"active": 2}, readout="threshold", dim=8, loads=(1,)),
        dict(rule="lact", rule_options={"hidden": 2, "chunk": 48}, dim=8, loads=(1,)),
        dict(rule="hopfield", tied=True, dim=8, loads=(1,)),
        dict(rule="pseudo_inverse", dim=8, loads=(1,)),
    ]  # fmt: skip
    rows = bench.bench(["write"], tmp_path, tasks, rounds=1)["write"]
    assert [row["rule"].partition("(")[0].partition("#")[0] for row in rows] == [
        "mine", "willshaw", "lact", "hopfield", "pseudo_inverse",
    ]  # fmt: skip
    first, sparse, chunked, _, solved = rows
    assert first["pairs"] == bench.PAIRS and first["depth"] == 3 * bench.PAIRS
    assert (first["num_parameters"], first["num_state"]) == (48, 48)
    assert (solved["num_parameters"], solved["num_state"]) == (64, 128)
    assert chunked["pairs"] == math.lcm(bench.BLOCK, 48)
    assert first["bits_per_second"] == pytest.approx(6 * first["pairs_per_second"])
    assert sparse["bits_per_second"] == pytest.approx(math.log2(math.comb(8, 2)) * sparse["pairs_per_second"])
    for row in rows:
        assert row["pairs_per_second"] == pytest.approx(row["pairs"] / row["seconds"]["median"])
        assert row["bits_per_second_per_parameter"] * row["num_parameters"] == pytest.approx(row["bits_per_second"])
    saved = json.loads((tmp_path / "write.json").read_text())
    assert saved["rows"][0]["pairs"] == bench.PAIRS and saved["rounds"] == 1
    assert {"jax", "numpy", "device", "cores", "load_average", "load_average_after"} <= saved.keys()


def test_wide_pairs_are_fewer(monkeypatch):
    monkeypatch.setattr(bench, "ENTRIES", 8 * bench.BLOCK)
    rows = bench.write([dict(rule="hebbian", dim_key=3, dim_value=5, loads=(1,))], rounds=1)
    assert rows[0]["pairs"] == bench.BLOCK


def test_every_rule_can_be_timed_by_default():
    for name, made in hebbsim.RULES.items():
        hebbsim.plan.sweep(rule=name, dim=16, loads=[1.0], **bench.storable(made()))


def test_bench_on_the_command_line(run_cli, tmp_path, monkeypatch):
    monkeypatch.setitem(bench.PARTS, "chunked", lambda rounds: [{"rule": "delta", "times_faster": 7.5, "met": True}])
    status, out, _ = run_cli("bench", "chunked", "--out", tmp_path)
    assert status == 0 and "7.5" in out and "chunked.json" in out
    status, _, err = run_cli("bench", "chunk", "--out", tmp_path)
    assert status == 2 and "did you mean 'chunked'" in err
