"""All heads of a file on the command line: a row each and the total, and one line for every file that does not fit."""

import json

import numpy as np
import pytest
from repository import PATCHES

import hebbsim

TRIED = ("--num-patterns", 32, "--trials", 2)


def measured(run_cli, *more, **options):
    return run_cli("measure", "--ensemble", "arrays", "--ensemble-options", json.dumps(options), *TRIED, *more)


def test_a_file_of_heads_gives_a_row_each_and_the_total(run_cli):
    heads = hebbsim.measure_heads(keys=PATCHES, num_patterns=32, trials=2)
    status, out, _ = measured(run_cli, keys=PATCHES)
    assert status == 0 and out.rstrip("\n") == str(heads)
    first, second, total = out.splitlines()
    assert first.startswith("head 1: ") and second.startswith("head 2: ") and total.startswith("all 2: ")


def test_heads_as_json(run_cli):
    heads = hebbsim.measure_heads(keys=PATCHES, num_patterns=32, trials=2)
    status, out, _ = measured(run_cli, "--json", keys=PATCHES)
    said = json.loads(out)
    assert status == 0
    assert [head["counts"]["errors"] for head in said["heads"]] == [head.counts["errors"] for head in heads.heads]
    assert said["all"]["num_parameters"] == heads.num_parameters
    assert said["all"]["bits"]["best"] == pytest.approx(heads.bits.best)


def test_one_head_is_still_one_line(run_cli):
    status, out, _ = measured(run_cli, keys=PATCHES, head=2)
    assert status == 0 and out.count("\n") == 1 and "head=2" in out


def refused(run_cli, words, *more, **options):
    status, out, error = measured(run_cli, *more, **options)
    assert (status, out) == (2, "") and words in error and error.count("\n") == 1, error


def test_a_bad_entry_is_named_by_head_row_and_entry_before_anything_is_measured(run_cli, tmp_path):
    file = str(tmp_path / "k.npy")
    keys = np.random.default_rng(0).standard_normal((4, 40, 8))
    keys[2, 17, 5] = np.nan
    np.save(file, keys)
    refused(run_cli, f"{file}: nan at head 3, row 17, entry 5", keys=file)
    np.save(file, np.where(np.isnan(keys), 2, np.sign(keys)).astype(np.int8))
    refused(run_cli, f"{file}: 2 at head 3, row 17, entry 5", keys=file)
    keys[2] = 0
    np.save(file, keys)
    refused(run_cli, "k.npy, head 3: every entry is 0", keys=file)


def test_heads_that_do_not_match_and_heads_that_are_not_there(run_cli, tmp_path):
    keys, values = str(tmp_path / "k.npy"), str(tmp_path / "v.npy")
    np.save(keys, np.ones((4, 40, 8)))
    np.save(values, np.ones((3, 40, 8)))
    refused(run_cli, "k.npy holds 4 heads and", keys=keys, values=values)
    np.save(values, np.ones((4, 39, 8)))
    refused(run_cli, "holds 40 pairs and v.npy 39", keys=keys, values=values)
    refused(run_cli, "holds 4 heads; allowed: head = 1 to 4", keys=keys, head=5)
    refused(run_cli, "num_patterns = 41;", "--num-patterns", 41, keys=keys)
    refused(run_cli, "did you mean 'head'", keys=keys, heads=1)
