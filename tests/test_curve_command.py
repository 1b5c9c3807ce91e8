"""hebbsim curve and size: one table, one figure, one CSV; and the smallest memory, tested at both ends."""

import csv
import json

import matplotlib.pyplot as plt
import numpy as np
import pytest

import hebbsim
from hebbsim.answers.size import _narrow, size
from hebbsim.commands_curve import parse_loads, parse_part
from hebbsim.errors import HebbsimError
from hebbsim.plot import plot_curves
from hebbsim.records import Results
from hebbsim.statistics.rows import csv_text, rows


@pytest.mark.parametrize(
    "text, name, options",
    [
        ("hebbian", "hebbian", {}),
        ("delta:rate=0.5", "delta", {"rate": 0.5}),
        ("kda:rate=1,gate=key", "kda", {"rate": 1, "gate": "key"}),
        ("linear_attention:normalise=false", "linear_attention", {"normalise": False}),
        ("arrays:keys=/tmp/k.npy,head=2", "arrays", {"keys": "/tmp/k.npy", "head": 2}),
        ("/tmp/k.npy", "arrays", {"keys": "/tmp/k.npy"}),
        ("/tmp/k.npy:head=2,values=gaussian", "arrays", {"keys": "/tmp/k.npy", "head": 2, "values": "gaussian"}),
    ],
)
def test_a_part_is_a_name_and_options(text, name, options):
    assert parse_part(text) == (name, options)


def test_loads_are_a_range_or_a_list():
    assert np.allclose(parse_loads("0.1:8:3"), [0.1, 0.8**0.5, 8])
    assert parse_loads("0.5,2") == [0.5, 2.0] and parse_loads("1") == [1.0]
    for wrong in ("", "0:8:3", "8:1:3", "1:2", "1:2:3:4", "a", "0.1:8:1", "0.1:8:2.5", "nan", "-1"):
        with pytest.raises(HebbsimError, match="allowed"):
            parse_loads(wrong)


def test_curve_writes_a_table_a_figure_and_a_csv_with_the_identity(run_cli, tmp_path):
    rules = ("--rule", "hebbian", "--rule", "delta:rate=0.5")
    sizes = ("--dim", 16, "--loads", "0.5,1", "--trials", 3)
    status, out, error = run_cli("curve", *rules, *sizes, "--out", tmp_path / "out")
    assert status == 0 and "note" not in error
    assert {path.name for path in (tmp_path / "out").iterdir()} == {f"curve.{e}" for e in ("csv", "png", "svg", "pdf")}
    with (tmp_path / "out" / "curve.csv").open() as file:
        found = list(csv.DictReader(file))
    assert [row["rule"] for row in found] == ["hebbian", "hebbian", "delta(rate=0.5)", "delta(rate=0.5)"]
    point = hebbsim.measure(rule="delta", rule_options={"rate": 0.5}, readout="soft", dim=16, num_patterns=16, trials=3)
    assert float(found[3]["soft_bits_per_parameter"]) == pytest.approx(point.bits["soft"].best)
    assert float(found[3]["error_rate_low"]) <= float(found[3]["error_rate"]) <= float(found[3]["error_rate_high"])
    assert json.loads(found[3]["task"])["num_patterns"] == 16
    assert "| 0.5 |" in out


def test_from_a_file_of_keys_to_the_figure_in_one_command(run_cli, tmp_path):
    """The default loads end where the file's pairs end: 50 pairs of 16 entries, load 3.1."""
    file = tmp_path / "k.npy"
    np.save(file, np.random.default_rng(0).standard_normal((50, 16)))
    status, out, error = run_cli("curve", "--ensemble", file, "--trials", 2, "--out", tmp_path / "mine")
    assert status == 0 and "| 3.125 |" in out, error
    assert (tmp_path / "mine" / "curve.png").stat().st_size > 0
    assert run_cli("curve", "--ensemble", file, "--loads", "4", "--trials", 2)[0] == 2


def test_measure_takes_options_in_the_name_too(run_cli):
    given = ("measure", "--dim", 16, "--num-patterns", 8, "--trials", 2)
    short = run_cli(*given, "--rule", "delta:rate=0.5")
    assert short == run_cli(*given, "--rule", "delta", "--rule-options", '{"rate": 0.5}')
    assert short == run_cli(*given, "--rule", "delta:rate=1", "--rule-options", '{"rate": 0.5}')
    assert short[0] == 0 and "delta(rate=0.5)" in short[1]


def test_states_of_unlike_size_are_said_or_refused(run_cli):
    given = ("curve", "--rule", "hebbian", "--rule", "mlstm", "--dim", 8, "--loads", "1", "--trials", 2)
    status, _, error = run_cli(*given, "--equal")
    assert status == 2 and "hebbian 64, mlstm(decay=1.0, gate='key') 72" in error
    status, _, error = run_cli(*given)
    assert status == 0 and "note: states differ in entries" in error


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--rule", "kdaa"], "unknown rule 'kdaa'"),
        (["--rule", "delta:rate"], "is not option=value"),
        (["--rule", "delta:rate=3"], "above 0, under 2"),
        (["--rule", "hebbian", "--rule", "hebbian"], "two rules are the same"),
        (["--loads", "8:1:3"], "a last above the first"),
    ],
)
def test_what_is_wrong_is_one_line_and_status_2(run_cli, arguments, words):
    status, out, error = run_cli("curve", "--dim", 8, "--trials", 2, *arguments)
    assert status == 2 and not out and words in error and error.count("\n") == 1


def test_size_is_bracketed_by_measured_dims_on_both_sides():
    """60 pairs at 5 % errors: the law of crosstalk says dim 160; a fresh seed agrees at the answer and below it."""
    found = size(pairs=60, error=0.05, trials=8)
    assert 150 <= found.dim <= 172
    assert found.enough.error_rate.high <= 0.05 < found.short.error_rate.low
    assert all(p.error_rate.low <= 0.05 < p.error_rate.high for p in found.undecided)
    fresh = hebbsim.measure(dim=found.dim, num_patterns=60, trials=24, seed=9)
    assert fresh.error_rate.best < 0.05
    assert found.num_parameters == found.dim**2 and found.num_bytes == 4 * found.dim**2
    assert "too small" in str(found)


def test_the_search_finds_the_step_whatever_lies_between():
    for step in (1, 2, 17, 63, 64):
        assert _narrow(0, 64, 1e-9, lambda dim, step=step: dim >= step) == (step - 1, step)


def test_size_refuses_what_decides_nothing():
    with pytest.raises(HebbsimError, match="decides nothing"):
        size(pairs=4, ensemble="gaussian", readout="soft", trials=2)
    with pytest.raises(HebbsimError, match="above 0, under"):
        size(pairs=4, error=0.7)


def test_rows_are_what_a_csv_and_pandas_take():
    points = [hebbsim.measure(readout=r, dim=8, num_patterns=4, trials=2) for r in ("sign", "soft")]
    table = rows(points)
    assert list(table[0]) == list(table[1]) and table[0]["soft_bits_per_parameter"] is None
    assert csv_text(table).count("\n") == 3 and csv_text([]) == ""
    records = {(record.task, record.trial): record for point in points for record in point.records}
    found = Results(records).rows()
    assert len(found) == 4 and found[0]["trial"] == 0 and found[0]["num_patterns"] == 4
    assert isinstance(found[0]["errors"], int) and found[2]["histogram"].ndim == 1


def test_curves_are_drawn_on_axes_of_ones_own():
    points = hebbsim.curve(dim=8, loads=[0.5, 1.0], readout="soft", trials=2)
    made, ax = plt.subplots()
    plot_curves(ax, {"mine": points})
    plot_curves(ax, [points], "error_rate")
    assert [text.get_text() for text in ax.get_legend().get_texts()][:2] == ["mine", "hebbian"]
    assert ax.get_ylabel() == "error rate"
    plt.close(made)
