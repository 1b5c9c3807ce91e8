"""The one error of the package."""

import difflib
from collections.abc import Iterable


class HebbsimError(ValueError):
    """Bad input, said in one line."""


def one_of(kind: str, name: str, allowed: Iterable[str]) -> HebbsimError:
    """The error for a `name` that is not among the `allowed` names of a `kind` ("rule"): with the nearest, if any."""
    names = sorted(allowed)
    nearest = difflib.get_close_matches(str(name), names, n=1)
    hint = f"did you mean {nearest[0]!r}? " if nearest else ""
    return HebbsimError(f"unknown {kind} {name!r}: {hint}allowed: {', '.join(names) or 'none'}")
