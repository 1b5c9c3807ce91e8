"""The examples in the docstrings run, as they stand, from the project's root."""

import doctest
import importlib

import pytest
from repository import ROOT

import hebbsim

FILES = [file for file in sorted((ROOT / "hebbsim").rglob("*.py")) if ">>> " in file.read_text()]


def module_of(file):
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("file", FILES, ids=module_of)
def test_examples_run(file, monkeypatch):
    monkeypatch.chdir(ROOT)
    failed, tried = doctest.testmod(importlib.import_module(module_of(file)), extraglobs={"hebbsim": hebbsim})
    assert tried and not failed


def test_there_are_examples_for_the_main_functions():
    finder = doctest.DocTestFinder(exclude_empty=True)
    named = set()
    for file in FILES:
        named |= {test.name for test in finder.find(importlib.import_module(module_of(file))) if test.examples}
    assert len(named) >= 25, sorted(named)
