"""Old import paths: each module that moved is found under its former name too, as the same module."""

import importlib
import importlib.util
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

MOVED = {
    "plan": "simulate.plan",
    "draws": "simulate.draws",
    "trial": "simulate.trial",
    "placement": "simulate.placement",
    "cost": "simulate.cost",
    "task": "records.task",
    "estimate": "statistics.estimate",
    "information": "statistics.information",
    "measurement": "statistics.measurement",
    "fit": "statistics.fit",
    "claims": "answers.claims",
    "verify": "answers.verify",
    "report": "answers.report",
    "catalogue": "answers.catalogue",
    "store": "storage.store",
    "memory_file": "storage.memory_file",
    "theory_limits": "theory.limits",
    "theory_quantised": "theory.quantised",
    "theory_readers": "theory.state_evolution",
    "theory_rows": "theory.token_amp",
    "theory_sparse": "theory.sparse",
    "theory_tokens": "theory.tokens",
}


class _Finder(MetaPathFinder, Loader):
    """Finds `hebbsim.<old name>` by importing the module it has become."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        package, _, name = fullname.rpartition(".")
        if package != "hebbsim" or name not in MOVED:
            return None
        return ModuleSpec(fullname, self)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(f"hebbsim.{MOVED[spec.name.rpartition('.')[2]]}")
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # The import system has put the old name's specification on the module: put its own back.
        if module.__spec__ is not None:
            module.__spec__ = module.__spec__.loader_state


def install() -> None:
    """Look for old names when nothing else is found."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())
