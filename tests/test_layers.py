"""Who imports whom: downwards only, and reading results needs no JAX."""

import ast
import subprocess
import sys
import time

import pytest
from repository import ROOT

PACKAGE = ROOT / "hebbsim"
# Each floor may import the floors before it, and itself. What is above the line needs no JAX.
FLOORS = {
    "names": ("moved", "errors", "checks", "progress"),
    "records": ("records",),
    "statistics": ("statistics",),
    "theory": ("theory",),
    "drawing": ("plot", "experiment"),
    "answers": ("answers",),
    "types": ("words", "base", "identity", "parts"),
    "kernels": ("kernels",),
    "codes": ("codes",),
    "parts": ("ensembles", "rules", "precisions", "retrievals", "readouts"),
    "simulation": ("simulate",),
    "storage": ("storage",),
    "bridge": ("farm", "collect", "measuring"),
    "benchmark": ("bench",),
    "program": (
        "lifetime",
        "compiled",
        "commands_answers",
        "commands_curve",
        "commands_records",
        "commands",
        "cli",
        "__main__",
        "api",
    ),
}
ORDER = tuple(room for floor in FLOORS.values() for room in floor)
FIRST_WITH_JAX = ORDER.index("base")
# verify runs what it judges, and the catalogue lists the parts: both import what they need when called.


def imports(file):
    """(room, at top level) of every import of hebbsim in a file."""
    tree = ast.parse(file.read_text())
    top = set(map(id, tree.body))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "hebbsim":
            parts = node.module.split(".")[1:]
            for room in [parts[0]] if parts else [alias.name for alias in node.names]:
                yield room, id(node) in top


def room_of(file):
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


FILES = [file for file in sorted(PACKAGE.rglob("*.py")) if room_of(file) != "__init__"]


def floor_of(room):
    return next(i for i, rooms in enumerate(FLOORS.values()) if room in rooms)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_imports_go_downwards_only(file):
    here = floor_of(room_of(file))
    for room, top in imports(file):
        if top:
            assert floor_of(room) <= here, f"{file} imports {room}"


@pytest.mark.parametrize(
    "file", [f for f in FILES if ORDER.index(room_of(f)) < FIRST_WITH_JAX], ids=lambda f: str(f.relative_to(PACKAGE))
)
def test_the_half_that_reads_results_names_no_jax(file):
    for node in ast.parse(file.read_text()).body:
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        assert not any(name.split(".")[0] in ("jax", "jaxlib", "jaxtyping") or name == "scipy.stats" for name in names)


def test_reading_and_plotting_imports_neither_jax_nor_scipy_stats():
    code = (
        "import sys, hebbsim\n"
        "from hebbsim import plot, fit, report, theory, records, claims, experiment, task\n"
        "experiment.load('experiments/load.py')\n"
        "bad = [m for m in ('jax', 'jaxlib', 'scipy.stats') if m in sys.modules]\n"
        "assert not bad, bad\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=PACKAGE.parent, check=True)


def test_reading_starts_within_seven_tenths_of_matplotlib():
    def best(code):
        took = []
        for _ in range(5):
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], cwd=PACKAGE.parent, check=True)
            took.append(time.perf_counter() - began)
        return min(took)

    alone = best("import matplotlib; matplotlib.use('Agg'); import matplotlib.pyplot")
    assert best("from hebbsim import plot, fit, report, theory, records") < alone + 0.7


SOURCES = [file for folder in ("hebbsim", "experiments", "tests") for file in (ROOT / folder).rglob("*.py")]


def test_no_file_is_over_300_lines():
    assert [str(file) for file in SOURCES if len(file.read_text().splitlines()) > 300] == []


def test_the_formatter_lays_out_all_but_a_few_tables():
    opted_out = "# fmt: " + "skip"
    assert sum(file.read_text().count(opted_out) for file in SOURCES) <= 8


def test_the_tests_have_the_tree_of_the_package():
    wings = {file.parent.name for file in PACKAGE.glob("*/__init__.py")}
    assert wings | {"experiments"} == {file.parent.name for file in (ROOT / "tests").glob("*/test_*.py")}
