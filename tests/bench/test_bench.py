"""The benchmark's parts at sizes that take no time: what they say, not how fast."""

import json
import math
import time

import numpy as np
import pytest

import hebbsim
from hebbsim import bench
from hebbsim.bench import curves, devices, exponents, kernels, programs, readers, rules, scans, timing


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    monkeypatch.setattr(timing, "PAUSE", 0.0)
    monkeypatch.setattr(timing, "LEAST", 0.0)


def met(row):
    return (row["asked"] is None and row["met"] is None) or row["met"] == (row["times"] >= row["asked"])


def test_ratios_are_taken_within_a_round():
    slow, fast = np.asarray([2.0, 20.0, 6.0]), np.asarray([1.0, 10.0, 2.0])
    assert timing.faster(slow, fast) == 2.0
    assert timing.spread(fast) == {"low": 1.5, "median": 2.0, "high": 6.0}


def test_calls_are_timed_in_turn_after_they_are_compiled():
    called = []
    took = timing.interleaved({"a": lambda: called.append("a"), "b": lambda: called.append("b")}, rounds=2)
    assert called == list("aabb" + "ab" * 2) and [len(seconds) for seconds in took.values()] == [2, 2]


def test_short_calls_are_repeated_and_each_is_counted_once(monkeypatch):
    monkeypatch.setattr(timing, "LEAST", 0.05)
    called = []
    took = timing.interleaved({"short": lambda: called.append(time.sleep(0.01))}, rounds=2)["short"]
    assert len(called) >= 2 + 2 * 4 and np.all((took > 0.009) & (took < 0.05))


def test_what_picks_the_kernels_is_written_down(monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    assert timing.machine()["environment"]["OPENBLAS_CORETYPE"] == "Haswell"


def test_writes_are_timed_beside_both_products(monkeypatch):
    monkeypatch.setattr(kernels, "ASKED", {64: 4.0})
    monkeypatch.setattr(kernels, "PAIRS", 256)
    monkeypatch.setattr(kernels, "BLOCK", 128)
    dense, sparse = kernels.packed(dims=(64,), sparse_dims=(96,), rounds=1)
    assert (dense["rule"], dense["dim"], sparse["rule"], sparse["dim"]) == ("hebbian", 64, "willshaw", 96)
    for row in (dense, sparse):
        gops = 2e-9 * row["dim"] ** 2 * row["pairs"] / row["seconds"]["median"]
        assert row["gops_write"] == pytest.approx(gops)
        best = max(row["gops_product"], row["gops_product_numpy"])
        assert row["times_product"] == pytest.approx(row["gops_write"] / best)
        assert met(row | {"times": row["times_product"]})
    assert dense["asked"] == 4.0 and sparse["asked"] is None


def test_what_is_timed_writes_the_same_memory(monkeypatch):
    monkeypatch.setattr(kernels, "PAIRS", 256)
    monkeypatch.setattr(kernels, "BLOCK", 128)
    for name, ensemble in (("hebbian", "bipolar"), ("willshaw", "sparse")):
        side = hebbsim.ENSEMBLES[ensemble](**({"active": 3} if ensemble == "sparse" else {})).keys(40)
        found = [np.asarray(call(), np.float64) for call in kernels.writes(name, side, 40).values()]
        assert all(np.array_equal(found[0], other) for other in found[1:]) and found[0].any()


def test_reading_is_timed_with_its_score():
    rows = kernels.read(dims=(32,), probes=64, rounds=1)
    assert [row["readout"] for row in rows] == ["sign", "soft"]
    for row in rows:
        assert row["probes_per_second"] == pytest.approx(64 / row["seconds"]["median"])
        best = max(row["gops_product"], row["gops_product_numpy"])
        assert row["of_product"] == pytest.approx(row[f"gops_{row['readout']}"] / best)


def test_the_form_that_is_chosen_is_the_one_foretold():
    rows = kernels.forms(cases=((1024, 4, 2, 2.0), (256, 2048, 1, 2.0)), rounds=1)
    assert [row["chosen"] for row in rows] == ["carried", "state"]
    assert rows[0]["foretold"] > 1 > rows[1]["foretold"]
    for row in rows:
        formed, carried = row["seconds_formed"]["median"], row["seconds_carried"]["median"]
        assert row["formed_over_carried"] == pytest.approx(formed / carried)
        chosen = carried if row["chosen"] == "carried" else formed
        assert row["over_the_faster"] == pytest.approx(chosen / min(formed, carried))
        assert row["met"] == (row["over_the_faster"] <= row["asked"])


def test_a_curve_is_timed_beside_loops_with_the_same_answer(monkeypatch):
    monkeypatch.setattr(curves, "ASKED", {("numpy, a memory a load", 64, 48): 10.0, ("cold", 64, 48): 2.0})
    rows = curves.curve(probes=(48,), dim=64, trials=4, rounds=1)
    assert [row["what"] for row in rows] == [
        "hebbsim",
        "hebbsim, formed",
        "numpy, a memory a load",
        "numpy, filled on",
        "jax, not packed",
        "cold",
        "its own products",
    ]
    first, formed, *loops, cold, products = rows
    assert first["compilations"] == 1 and formed["bit_error_rate"] == first["bit_error_rate"]
    spread = 5 * math.sqrt(0.25 / (4 * 48 * 64))
    for row in (first, *loops):
        assert row["bit_error_rate"] == pytest.approx(first["theory"], abs=spread + 0.01)
    for row in rows[1:-1]:
        assert met(row | {"times": row["times_faster"]})
    assert cold["asked"] == 2.0 and cold["seconds"]["median"] > first["seconds"]["median"]
    assert products["times_its_products"] == pytest.approx(
        first["seconds"]["median"] / products["seconds"]["median"], rel=0.01
    )


def test_many_loads_are_timed_beside_one():
    rows = curves.many_loads(numbers=(1, 3), probes=(8,), dim=32, rounds=1)
    assert [(row["loads"], row["asked"]) for row in rows] == [(1, None), (3, 1.2)]
    assert rows[0]["times_one"] == 1
    assert rows[1]["times_one"] == pytest.approx(rows[1]["seconds"]["median"] / rows[0]["seconds"]["median"])
    assert rows[1]["met"] == (rows[1]["times_one"] <= 1.2)


def test_chunked_forms_are_timed_beside_the_scan(monkeypatch):
    monkeypatch.setattr(scans, "ASKED", {8: 5.0})
    monkeypatch.setattr(scans, "PAIRS", 128)
    rows = scans.chunked(dims=(8,), rounds=1)
    assert [row["rule"] for row in rows] == ["decay", "delta", "gated_delta"]
    for row in rows:
        times = row["seconds_per_pair"], row["seconds_per_pair_naive"]
        assert all(0 < time["low"] <= time["median"] <= time["high"] for time in times)
        assert row["times_faster"] == pytest.approx(times[1]["median"] / times[0]["median"])
        product = row["seconds_per_pair_product"]["median"]
        assert row["times_the_product"] == pytest.approx(times[0]["median"] / product)
        assert row["asked"] == 5.0 and row["met"] == (row["times_faster"] >= 5.0)


def test_channelwise_forms_are_timed_beside_the_scan(monkeypatch):
    monkeypatch.setattr(scans, "MANY_PAIRS", 128)
    rows = scans.channelwise(dims=(8,), rounds=1)
    assert [row["rule"] for row in rows] == ["kda", "preconditioned_delta"]
    for row in rows:
        assert row["pairs"] == row["pairs_naive"] == 128 and row["asked"] == 5.0
        assert row["times_faster"] > 0 and row["met"] == (row["times_faster"] >= 5.0)


def test_writing_is_timed_for_any_memory(tmp_path):
    mine = hebbsim.RULES["hebbian"]()._replace(label="mine", depth=lambda num_patterns: 3 * num_patterns)
    tasks = [
        dict(rule=mine, dim_key=8, dim_value=6, loads=(1,), trials=2),
        dict(rule=mine, dim_key=8, dim_value=6, loads=(2,), trials=2),  # the same memory
        dict(
            rule="willshaw", ensemble="sparse", ensemble_options={"active": 2}, readout="threshold", dim=8, loads=(1,)
        ),
        dict(rule="lact", rule_options={"hidden": 2, "chunk": 48}, dim=8, loads=(1,)),
        dict(rule="hopfield", tied=True, dim=8, loads=(1,)),
        dict(rule="pseudo_inverse", dim=8, loads=(1,)),
    ]
    rows = dict(bench.bench(["write"], tmp_path, tasks, rounds=1))["write"]
    assert [row["rule"].partition("(")[0].partition("#")[0] for row in rows] == [
        "mine",
        "willshaw",
        "lact",
        "hopfield",
        "pseudo_inverse",
    ]
    first, sparse, chunked, _, solved = rows
    assert first["pairs"] == rules.PAIRS and first["depth"] == 3 * rules.PAIRS
    assert (first["num_parameters"], first["num_state"]) == (48, 48)
    assert (solved["num_parameters"], solved["num_state"]) == (64, 256)
    assert chunked["pairs"] == math.lcm(rules.BLOCK, 48)
    assert first["bits_per_second"] == pytest.approx(6 * first["pairs_per_second"])
    assert sparse["bits_per_second"] == pytest.approx(math.log2(math.comb(8, 2)) * sparse["pairs_per_second"])
    for row in rows:
        assert row["pairs_per_second"] == pytest.approx(row["pairs"] / row["seconds"]["median"])
        assert row["bits_per_second_per_parameter"] * row["num_parameters"] == pytest.approx(row["bits_per_second"])
    saved = json.loads((tmp_path / "write.json").read_text())
    assert saved["rows"][0]["pairs"] == rules.PAIRS and saved["rounds"] == 1
    assert {"jax", "numpy", "device", "cores", "load_average", "load_average_after"} <= saved.keys()


def test_wide_pairs_are_fewer(monkeypatch):
    monkeypatch.setattr(rules, "ENTRIES", 8 * rules.BLOCK)
    rows = rules.write([dict(rule="hebbian", dim_key=3, dim_value=5, loads=(1,))], rounds=1)
    assert rows[0]["pairs"] == rules.BLOCK


def test_every_rule_can_be_timed_by_default():
    for name, made in hebbsim.RULES.items():
        hebbsim.simulate.plan.sweep(rule=name, dim=16, loads=[1.0], **rules.storable(made()))


def test_an_iteration_is_timed_beside_its_products():
    (row,) = readers.amp(dims=(32,), columns=16, rounds=1)
    assert row["num_patterns"] == round(readers.LOAD * 32) and row["columns"] == 16
    whole, products = row["seconds_per_iteration"]["median"], row["seconds_products"]["median"]
    assert row["times_the_products"] == pytest.approx(whole / products)


def test_exponents_are_slopes_of_logarithms():
    sizes = {size: np.asarray([3e-9, 5e-9, 4e-9]) * size**2 for size in (100, 200, 800)}
    found = exponents.exponent(sizes)
    assert found.best == pytest.approx(2) and found.high - found.low == pytest.approx(0, abs=1e-9)
    tilted = {size: seconds * np.asarray([1, size, size**0.5]) for size, seconds in sizes.items()}
    found = exponents.exponent(tilted)
    assert found.best == pytest.approx(2.5) and found.low < 2 < 3 < found.high


def test_growth_is_timed_against_dim_and_load(monkeypatch):
    monkeypatch.setattr(kernels, "PAIRS", 64)
    monkeypatch.setattr(kernels, "BLOCK", 32)
    rows = exponents.growth(dims=(16, 32), loads=(1, 2), load_dim=32, rounds=2)
    assert [(row["what"], row["against"]) for row in rows] == [
        ("write", "dim"),
        ("write_drawn", "dim"),
        ("product", "dim"),
        ("trial", "load"),
    ]
    for row in rows:
        assert row["low"] <= row["exponent"] <= row["high"] and row["met"] == (
            abs(row["exponent"] - row["asked"]) <= 0.1
        )


def test_the_growth_of_a_pass_is_timed_against_load_and_dim_value(monkeypatch):
    short = {name: ([sizes[0], sizes[-1]], options) for name, (sizes, options) in exponents.ONE_PASS.items()}
    monkeypatch.setattr(exponents, "ONE_PASS", short)
    rows = exponents.one_pass(shrink=64, probes=8, rounds=2)
    assert [(row["against"], row["sizes"]) for row in rows] == [("load", "8, 64"), ("dim_value", "1024, 8192")]
    for row in rows:
        assert row["low"] <= row["exponent"] <= row["high"] and row["met"] == (abs(row["exponent"] - 1) <= 0.1)


def test_memory_is_that_of_the_program_not_of_what_started_it():
    held = np.ones(2**27)  # 1 GiB
    (row,) = programs.memory(pairs=(50,), dim=32)
    assert row["num_patterns"] == 50 and 0.05 < row["peak_gib"] < held.nbytes / 2**30
    assert row["met"] == (row["peak_gib"] <= 1) and row["seconds_of_cores"] > 0


def test_programs_are_started_as_a_user_would():
    rows = programs.start(rounds=1)
    assert [row["program"] for row in rows][2:] == ["hebbsim plot", "hebbsim list rules"]
    assert all(row["seconds"]["median"] > 0 for row in rows) and rows[2]["times_as_long"] > 0


def test_forms_are_timed_beside_what_the_device_can_do():
    rows = devices.device(side=32, dims=(33,), blocks=(64,), probes=8, rounds=1)
    assert [(row["what"], row["type"]) for row in rows] == [
        *(("product", kind) for kind in ("float32", "bfloat16", "int8")),
        ("copy", "float32"),
        *((kernel, form) for kernel in ("write", "overlap") for form in ("bits", "bfloat16", "int8")),
    ]
    tops = {row["type"]: row["rate"] for row in rows[:3]}
    for row in rows[4:]:
        assert row["of_product"] == pytest.approx(row["rate"] / tops["int8" if row["type"] == "int8" else "bfloat16"])
        assert row["chosen"] == (row["type"] == "bits")


def test_forms_that_have_no_time_or_do_not_run_are_left_out_and_said(monkeypatch):
    late = devices.device(side=8, dims=(8, devices.BITS_UP_TO + 1), blocks=(8,), seconds=-1, rounds=1)[4:]
    assert len(late) == 12 and {row["left_out"] for row in late} == {"no time"}

    def broken(*given, **options):
        raise ValueError("no such type here\nand more")

    monkeypatch.setitem(devices.packed.FORMS["write"], "int8", broken)
    rows = devices.device(side=8, dims=(8,), blocks=(8,), probes=4, rounds=1)
    assert [row["left_out"] for row in rows if "rate" not in row] == ["no such type here"]


def test_timed_forms_do_what_they_are_timed_for():
    for form in ("bits", "bfloat16", "int8"):
        call = devices.kernel("write", form, 33, 64, 0)
        once, twice = np.asarray(call()).copy(), np.asarray(call())
        assert np.all(np.diag(once) == 64) and np.array_equal(twice, 2 * once)
        assert np.asarray(devices.kernel("overlap", form, 33, 64, 8)()).shape == (8, 64)


def test_bench_on_the_command_line(run_cli, tmp_path, monkeypatch):
    monkeypatch.setitem(
        bench.PARTS, "chunked", lambda rounds: [{"rule": "delta", "times_faster": 7.5, "rounds": rounds}]
    )
    status, out, _ = run_cli("bench", "chunked", "--rounds", "4", "--out", tmp_path)
    assert status == 0 and "7.5" in out and "chunked.json" in out
    assert json.loads((tmp_path / "chunked.json").read_text())["rows"][0]["rounds"] == 4
    status, _, err = run_cli("bench", "chunk", "--out", tmp_path)
    assert status == 2 and "did you mean 'chunked'" in err and not list(tmp_path.glob("chunk.json"))
