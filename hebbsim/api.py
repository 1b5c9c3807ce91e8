"""API.md: every public name with its arguments and its docstring. `python -m hebbsim.api` writes it, a test compares it."""

import functools
import importlib
import inspect
from pathlib import Path
from typing import Any

import hebbsim

PAGE = Path(__file__).with_name("API.md")
MODULES = ("theory", "fit", "plot", "records")
REGISTRIES = ("RULES", "ENSEMBLES", "RETRIEVALS", "READOUTS", "PRECISIONS")
FIRST = ("measure", "curve", "sweep", "Measurement", "Estimate")


def page() -> str:
    """The page as Markdown."""
    parts = ["# hebbsim's public interface\n\nWritten by `make api` from the docstrings; not to be edited.\n"]
    names = [name for name in hebbsim.__all__ if callable(getattr(hebbsim, name)) and name not in MODULES]
    for name in [*FIRST, *sorted(set(names) - set(FIRST))]:
        parts.append(entry(f"hebbsim.{name}", getattr(hebbsim, name), "##"))
    for registry in REGISTRIES:
        parts.append(f"## hebbsim.{registry}\n")
        for name, factory in getattr(hebbsim, registry).items():
            parts.append(f"- `{name}{arguments(factory)}`: {first_line(factory)}")
        parts.append("")
    for name in MODULES:
        module = importlib.import_module(getattr(hebbsim, name).__name__)
        parts.append(f"## hebbsim.{name}\n\n{first_line(module)}\n")
        parts += [entry(f"{name}.{each}", value, "###") for each, value in public(module)]
    return "\n".join(parts).rstrip() + "\n"


def public(module: Any) -> list[tuple[str, Any]]:
    """The functions and classes that a module offers: its __all__, or else what it defines itself."""
    names = getattr(module, "__all__", [name for name in vars(module) if not name.startswith("_")])
    values = [(name, getattr(module, name)) for name in names]
    own = [(n, v) for n, v in values if inspect.isfunction(v) or inspect.isclass(v)]
    return [(n, v) for n, v in own if hasattr(module, "__all__") or v.__module__ == module.__name__]


def entry(name: str, value: Any, heading: str) -> str:
    """A name with its arguments, and what it says of itself."""
    doc = inspect.getdoc(value) or ""
    head, _, rest = doc.partition("\n\n")
    text = f"{heading} {name}\n\n```text\n{name}{arguments(value)}\n```\n\n{' '.join(head.split())}\n"
    text += f"\n```text\n{rest.strip()}\n```\n" if rest.strip() else ""
    return text + members(value)


def members(value: Any) -> str:
    """A class's own properties and methods, a line each."""
    if not inspect.isclass(value):
        return ""
    lines = []
    for name, member in vars(value).items():
        documented = isinstance(member, property | functools.cached_property) or inspect.isfunction(member)
        if documented and not name.startswith("_") and inspect.getdoc(member):
            lines.append(
                f"- `.{name}{arguments(member) if inspect.isfunction(member) else ''}`: {first_line(member)}\n"
            )
    return "\n" + "".join(lines) if lines else ""


def arguments(value: Any) -> str:
    """The arguments with their defaults, without types, which Python versions write differently."""
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):
        return ""
    bare = [shown(p) for p in signature.parameters.values() if p.name not in ("self", "cls")]
    return str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty))


def shown(parameter: inspect.Parameter) -> inspect.Parameter:
    """The parameter without its type, and with a default that reads the same on every machine."""
    default = parameter.default
    if callable(default) and default is not inspect.Parameter.empty:
        default = Name(getattr(default, "__name__", type(default).__name__))
    return parameter.replace(annotation=inspect.Parameter.empty, default=default)


class Name(str):
    """Text that stands for itself."""

    def __repr__(self) -> str:
        return str(self)


def first_line(value: Any) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((inspect.getdoc(value) or "").partition("\n\n")[0].split())


if __name__ == "__main__":
    PAGE.write_text(page())
    print(PAGE)
