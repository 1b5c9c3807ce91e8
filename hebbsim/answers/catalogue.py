"""What parts there are: names, equations, sizes, sources, all from the registries and their docstrings."""

import importlib
import inspect
from collections.abc import Iterable

from hebbsim.checks import check_integer


def show(kinds: Iterable[str], dim: int, num_patterns: int) -> int:
    """Print the parts of these registries; exit status 0. Raises HebbsimError."""
    check_integer("dim", dim, 1, 2**16)
    check_integer("num_patterns", num_patterns, 1, 2**31 - 1)
    for kind in kinds:
        registry = getattr(importlib.import_module(f"hebbsim.{kind}"), kind.upper())
        print(kind)
        facts = {row[0]: row[2:] for row in rule_rows(dim, num_patterns)} if kind == "rules" else {}
        for name, made in registry.items():
            options = ", ".join(f"{p.name}={p.default!r}" for p in inspect.signature(made).parameters.values())
            print(f"  {name}({options})\n      {(made.__doc__ or '').strip().splitlines()[0]}")
            if name in facts:
                parameters, depth, source = facts[name]
                print(f"      {parameters} parameters, depth {depth}; {source}")
    return 0


def rule_rows(dim: int, num_patterns: int) -> list[list[str]]:
    """name, one line, parameters at dim x dim, steps that cannot run in parallel, source: of every rule, at its defaults."""
    from hebbsim.rules import RULES

    rows = []
    for name, made in RULES.items():
        text, rule = " ".join((made.__doc__ or "").split()), made()
        line = (made.__doc__ or "").strip().splitlines()[0]
        source = text.partition("Source: ")[2].rstrip(".")
        rows.append([name, line, f"{rule.num_parameters(dim, dim):,}", f"{rule.depth(num_patterns):,}", source])
    return rows
