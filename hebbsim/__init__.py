"""hebbsim measures how many bits an associative memory really holds.

Names are loaded when first used, so that reading results needs no JAX.
"""

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "measure": "collect",
    "curve": "collect",
    "sweep": "plan",
    "RULES": "rules",
    "ENSEMBLES": "ensembles",
    "RETRIEVALS": "retrievals",
    "READOUTS": "readouts",
    "PRECISIONS": "precisions",
    "Rule": "base",
    "Ensemble": "base",
    "Side": "base",
    "Retrieval": "base",
    "Readout": "base",
    "Precision": "base",
    "sequential": "base",
    "Measurement": "measurement",
    "Estimate": "estimate",
    "Unresolved": "estimate",
    "HebbsimError": "errors",
    "Task": "task",
    "Results": "records",
}
_MODULES = ("theory", "fit", "plot", "records", "information", "report")
__all__ = [*_HOMES, *_MODULES]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"hebbsim.{_HOMES[name]}"), name)
    if name in _MODULES:
        return importlib.import_module(f"hebbsim.{name}")
    raise AttributeError(f"module 'hebbsim' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
