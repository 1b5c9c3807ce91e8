"""How a part is named, built from options, found in its registry and identified in a record."""

import contextlib
import functools
import hashlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from hebbsim.base import Ensemble, Precision, Readout, Retrieval, Rule
from hebbsim.errors import HebbsimError, one_of
from hebbsim.records.task import format_label


def factory(**checks: tuple[Callable[[Any], bool], str]) -> Callable:
    """Turn make(label, *, options) into a cached, checked factory(**options).

    `checks` name for an option a predicate and the words that say what is allowed. The label holds every option that
    is not off (None, 0, False, ""), so that an option added later, off by default, leaves old labels as they were.
    Raises HebbsimError for an unknown option or a value that is not allowed.
    """

    def wrap(make: Callable) -> Callable:
        defaults = {p.name: p.default for p in inspect.signature(make).parameters.values() if p.name != "label"}
        name = make.__name__

        @functools.cache
        def build(options: tuple[tuple[str, Any], ...]) -> Any:
            return make(format_label(name, {k: v for k, v in options if v}), **dict(options))

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


def require(what: str, needs: Iterable[str], given: frozenset[str]) -> None:
    """Raise HebbsimError naming what is missing."""
    missing = sorted(set(needs) - given)
    if missing:
        raise HebbsimError(
            f"{what} needs {', '.join(missing)}; this memory gives {', '.join(sorted(given)) or 'nothing'}"
        )


def identity(part: Any) -> str:
    """The part's label; with a hash of its source behind it unless the part is one of hebbsim's own."""
    texts = [text for f in part if callable(f) for text in _foreign(f)]
    if not texts or "#" in part.label:
        return part.label
    source = "".join(texts)
    name, _, options = part.label.partition("(")
    return f"{name}#{hashlib.sha256(source.encode()).hexdigest()[:8]}" + (f"({options}" if options else "")


def _foreign(function: Any) -> list[str]:
    """What tells a callable that is not hebbsim's own from others: source, and what a partial or a closure holds."""
    if isinstance(function, functools.partial):
        inside = _foreign(function.func)
        return inside and [*inside, repr((function.args, sorted(function.keywords.items())))]
    function = inspect.unwrap(function)  # jax.jit, functools.wraps
    if not inspect.isfunction(function):
        return [] if getattr(function, "__module__", "").startswith("hebbsim.") else [repr(function)]
    if function.__module__.startswith("hebbsim."):
        return []
    held = [cell.cell_contents for cell in function.__closure__ or ()]
    inside = [text for value in held for text in (_foreign(value) if callable(value) else [repr(value)])]
    with contextlib.suppress(OSError, TypeError):
        return [inspect.getsource(function), *inside]
    return [repr((function.__code__.co_code, function.__code__.co_consts)), *inside]
