"""How a part is named, built from options, found in its registry and identified in a record."""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from hebbsim.base import Ensemble, Precision, Readout, Retrieval, Rule
from hebbsim.errors import HebbsimError, one_of
from hebbsim.identity import fingerprint
from hebbsim.records.task import format_label, parse_label

BUILT_IN: set[Any] = set()  # every part that a factory of hebbsim has made: its label says all of it


def factory(**checks: tuple[Callable[[Any], bool], str]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Turn make(label, *, options) into a cached, checked factory(**options).

    `checks` name for an option a predicate and the words that say what is allowed. The label is a call that makes the
    same part again: it leaves out only options that are off (None, 0, False, "") and are so by default, so that an option
    added later, off by default, leaves old labels as they were. An option added later that is on by default needs an
    entry in records.task.LEFT_OUT. Raises HebbsimError for an unknown option or a value that is not allowed.
    """

    def wrap(make: Callable) -> Callable:
        defaults = {p.name: p.default for p in inspect.signature(make).parameters.values() if p.name != "label"}
        name = make.__name__

        @functools.cache
        def build(options: tuple[tuple[str, Any], ...]) -> Any:
            part = make(format_label(name, {k: v for k, v in options if v or defaults[k]}), **dict(options))
            if make.__module__.startswith("hebbsim."):
                BUILT_IN.add(part)
            return part

        @functools.wraps(make)
        def made(**options: Any) -> Any:
            for option in options:
                if option not in defaults:
                    raise one_of(f"option of {name}", option, defaults)
            full = {}
            for option, default in defaults.items():
                value = options.get(option, default)
                value = value.item() if isinstance(value, np.generic) else value
                if type(default) is float and type(value) is int:
                    value = float(value)
                allowed, words = checks.get(option, (lambda _: True, ""))
                if type(value) is not type(default) or not allowed(value):
                    raise HebbsimError(f"{name}: {option} = {value!r}; allowed: {words or type(default).__name__}")
                full[option] = value
            return build(tuple(sorted(full.items())))

        made.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [p for p in inspect.signature(make).parameters.values() if p.name != "label"]
        )
        return made

    return wrap


PARTS = {"rule": Rule, "ensemble": Ensemble, "retrieval": Retrieval, "readout": Readout, "precision": Precision}


def look_up(registry: Mapping[str, Callable], kind: str, part: Any, options: Mapping[str, Any] | None = None) -> Any:
    """The part itself if it is one already, else registry[name](**options). Raises HebbsimError."""
    if not isinstance(part, str):
        if not isinstance(part, PARTS[kind]):
            raise HebbsimError(f"{kind} = {part!r}; allowed: a name or a hebbsim.{PARTS[kind].__name__}")
        if options:
            raise HebbsimError(
                f"{kind}_options go with a name; this {kind} is an instance that has its options already"
            )
        return part
    if part not in registry:
        raise one_of(kind, part, registry)
    options = {} if options is None else options
    if not isinstance(options, Mapping) or any(not isinstance(name, str) for name in options):
        raise HebbsimError(f"{kind}_options = {options!r}; allowed: a dict of options by name")
    return registry[part](**options)


def identity(part: Any) -> str:
    """The part's label; with a fingerprint of all that it computes with unless it is one of hebbsim's own.

    Raises HebbsimError for a label that is not one, and for a part whose state cannot be known.
    """
    name, bracket, options = part.label.partition("(")
    parse_label(part.label)
    try:
        if part in BUILT_IN:
            return part.label
    except TypeError as error:
        raise HebbsimError(
            f"{part.label}: {error}; allowed: parts that hash, such as a dataclass with eq=False"
        ) from None
    defaults = part._field_defaults
    fields = [(field, value) for field, value in part._asdict().items() if field != "label"]
    # A field that is at its default is left out, so that one added later changes no identity.
    said = [(field, value) for field, value in fields if field not in defaults or not _same(value, defaults[field])]
    return f"{name}#{fingerprint(*said)}{bracket}{options}"


def _same(value: Any, default: Any) -> bool:
    return value is default or (isinstance(value, int | str | frozenset | tuple) and value == default)
