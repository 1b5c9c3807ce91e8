"""`make results` says how long it takes: the sum of what its parts say."""

import re

import pytest
from repository import ROOT, load_experiment

APART = {"accelerator"}  # needs a device
SCRIPTS = {"by_construction": 20, "density_evolution": 5}  # minutes beyond a BUDGET: --large; a script alone
WORDS = {"half an hour": 30}


def minutes(budget):
    return WORDS.get(budget.partition(" on ")[0]) or int(re.match(r"(\d+) minutes?\b", budget).group(1))


def test_the_time_of_make_results_is_the_sum_of_the_budgets():
    names = [file.stem for file in sorted((ROOT / "experiments").glob("[!_]*.py"))]
    budgets = {name: load_experiment(name) for name in names if name not in APART}
    total = sum(minutes(made.BUDGET) for made in budgets.values() if hasattr(made, "BUDGET")) + sum(SCRIPTS.values())
    said = int(re.search(r"about (\d+) hours\n", (ROOT / "Makefile").read_text()).group(1))
    assert said == pytest.approx(
        total / 60 + 0.2, abs=0.6
    )  # verify, verify --full and the pages take a fifth of an hour


def test_make_results_runs_every_script_that_has_one():
    text = (ROOT / "Makefile").read_text()
    for file in (ROOT / "experiments").glob("[!_]*.py"):
        if "__main__" in file.read_text() and file.stem not in APART:
            assert f"$(BIN)/python -m experiments.{file.stem}" in text
