"""hebbsim measures how many bits an associative memory really holds.

Names are loaded when first used, so that reading results needs no JAX.

Example:
    >>> import hebbsim
    >>> point = hebbsim.measure(dim=64, num_patterns=64, trials=4)
    >>> print(point.bits_per_parameter.best < 0.7 < hebbsim.theory.soft_bits(1e4))
    True
"""

import importlib
from typing import TYPE_CHECKING, Any

from hebbsim import moved

if TYPE_CHECKING:
    from hebbsim import plot as plot
    from hebbsim import records as records
    from hebbsim import theory as theory
    from hebbsim.answers import report as report
    from hebbsim.answers.heads import measure_heads as measure_heads
    from hebbsim.base import Ensemble as Ensemble
    from hebbsim.base import Field as Field
    from hebbsim.base import Precision as Precision
    from hebbsim.base import Readout as Readout
    from hebbsim.base import Retrieval as Retrieval
    from hebbsim.base import Rule as Rule
    from hebbsim.base import Side as Side
    from hebbsim.base import sequential as sequential
    from hebbsim.ensembles import ENSEMBLES as ENSEMBLES
    from hebbsim.errors import HebbsimError as HebbsimError
    from hebbsim.errors import Interrupted as Interrupted
    from hebbsim.measuring import curve as curve
    from hebbsim.measuring import measure as measure
    from hebbsim.precisions import PRECISIONS as PRECISIONS
    from hebbsim.readouts import READOUTS as READOUTS
    from hebbsim.records import Results as Results
    from hebbsim.records.task import Task as Task
    from hebbsim.retrievals import RETRIEVALS as RETRIEVALS
    from hebbsim.rules import RULES as RULES
    from hebbsim.simulate.plan import sweep as sweep
    from hebbsim.statistics import fit as fit
    from hebbsim.statistics import information as information
    from hebbsim.statistics.channels import Channel as Channel
    from hebbsim.statistics.estimate import Estimate as Estimate
    from hebbsim.statistics.estimate import Unresolved as Unresolved
    from hebbsim.statistics.measurement import Measurement as Measurement

__version__ = "0.1.0"

_HOMES = {
    "measure": "measuring",
    "curve": "measuring",
    "measure_heads": "answers.heads",
    "sweep": "simulate.plan",
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
    "Field": "base",
    "Channel": "statistics.channels",
    "sequential": "base",
    "Measurement": "statistics.measurement",
    "Estimate": "statistics.estimate",
    "Unresolved": "statistics.estimate",
    "HebbsimError": "errors",
    "Interrupted": "errors",
    "Task": "records.task",
    "Results": "records",
}
_MODULES = {
    "theory": "theory",
    "fit": "statistics.fit",
    "plot": "plot",
    "records": "records",
    "information": "statistics.information",
    "report": "answers.report",
}
__all__ = [*_HOMES, *_MODULES]  # pyright: ignore[reportUnsupportedDunderAll]

moved.install()


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"hebbsim.{_HOMES[name]}"), name)
    if name in _MODULES:
        return importlib.import_module(f"hebbsim.{_MODULES[name]}")
    if name in moved.MOVED:
        return importlib.import_module(f"hebbsim.{moved.MOVED[name]}")
    raise AttributeError(f"module 'hebbsim' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
