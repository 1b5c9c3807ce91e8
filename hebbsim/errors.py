"""The one error of the package."""

import difflib
from collections.abc import Iterable


class HebbsimError(ValueError):
    """Bad input, said in one line that a terminal shows as it is."""

    def __init__(self, message: object = "") -> None:
        super().__init__(printable(str(message)))


def printable(text: str) -> str:
    """The text with whatever does not show (line ends, terminal commands, marks that turn the text round) escaped.

    >>> printable("a\\x1b[31mb")
    'a\\\\x1b[31mb'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def one_of(kind: str, name: str, allowed: Iterable[str]) -> HebbsimError:
    """The error for a `name` that is not among the `allowed` names of a `kind` ("rule"): with the nearest, if any."""
    names = sorted(allowed)
    nearest = difflib.get_close_matches(str(name), names, n=1)
    hint = f"did you mean {nearest[0]!r}? " if nearest else ""
    return HebbsimError(f"unknown {kind} {name!r}: {hint}allowed: {', '.join(names) or 'none'}")
