"""The experiments on codes: what they run in small, and figures and tables that are drawn from what is committed."""

import json

import numpy as np
import pytest
from scipy.stats import binom

from experiments import block_length, by_construction
from hebbsim import plot
from hebbsim.records import read


def test_runs_are_resumed_and_a_torn_line_is_run_again(tmp_path):
    out, runs = tmp_path / "decoded.ndjson", [("1/20", 32, 0, 0.4, 3)]
    by_construction.run(runs, out)
    whole = by_construction.read(out)
    assert [row["trial"] for row in whole] == [0, 1, 2] and all(row["unnoticed"] == 0 for row in whole)
    lines = out.read_text().splitlines()
    out.write_text(lines[0] + "\n" + lines[1][:40] + "\n")
    by_construction.run(runs, out)
    again = {row["trial"]: row | {"seconds": 0} for row in by_construction.read(out)}
    assert again == {row["trial"]: row | {"seconds": 0} for row in whole}
    ((at, point),) = by_construction.points(out).items()
    assert at[:4] == ("1/20", 32, 0, 0.4) and point["memories"] == 3
    assert by_construction.stored(at, point) == pytest.approx(0.4 - 32 / 1024, abs=0.02)


@pytest.mark.parametrize(("wrong", "of"), [(0, 10), (1, 50), (7, 9), (10, 10)])
def test_the_interval_is_clopper_and_pearsons(wrong, of):
    low, high = by_construction.interval(wrong, of)
    tail = 0.05 if wrong in (0, of) else 0.025
    assert low == 0 or binom.sf(wrong - 1, of, low) == pytest.approx(tail, rel=1e-6)
    assert high == 1 or binom.cdf(wrong, of, high) == pytest.approx(tail, rel=1e-6)


def test_committed_runs_hold_what_is_claimed():
    rows = by_construction.read(by_construction.OUT / "decoded.ndjson")
    assert sum(row["unnoticed"] for row in rows) == 0
    for dim in (256, 1024):
        chosen = [row for row in rows if row["rate"] == "1/20" and row["dim"] == dim and row["per"] == 0.622]
        bits = sum(row["message_bits"] for row in chosen)
        assert bits >= 10**7 and sum(row["errors"] for row in chosen) == 0
        assert bits / len(chosen) / dim**2 >= 0.62
    for row in rows:
        assert row["entries"] == row["length"] * row["blocks"] and row["wrong_blocks"] <= row["blocks"]
        assert (row["errors"] > 0) == (row["wrong_blocks"] > 0)


def test_committed_figures_keep_to_their_axes_and_tables_to_their_headers():
    for experiment, folder in ((by_construction, "by_construction"), (block_length, "block_length")):
        results = read(by_construction.OUT.parent / folder)
        header, rows = experiment.table(results)
        assert rows and all(len(row) == len(header) for row in rows)
        made = experiment.figure(results)
        for ax in made.axes:
            (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
            for line in ax.get_lines():
                if line.get_marker() in plot.MARKERS:
                    x, y = np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)
                    assert np.all((x >= left) & (x <= right) & (y >= low) & (y <= high)), folder


def test_thresholds_in_the_table_are_those_of_the_theory():
    from hebbsim import theory

    table = json.loads((by_construction.OUT.parent / "density_evolution" / "table.json").read_text())
    chain = {row["rate"]: float(row["load there"]) for row in table if row["form"] == "chain"}
    assert chain == {rate: theory.code_threshold(rate) for rate in chain} and len(chain) == 3
