"""The one error of the package, and what an interrupt leaves behind."""

import difflib
from collections.abc import Iterable, Sequence
from typing import Any


class HebbsimError(ValueError):
    """Bad input, said in one line that a terminal shows as it is.

    Example:
        >>> import hebbsim
        >>> try:
        ...     hebbsim.measure(rule="hebian", dim=8, num_patterns=4)
        ... except hebbsim.HebbsimError as error:
        ...     print(str(error).partition("?")[0])
        unknown rule 'hebian': did you mean 'hebbian'
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(brief(printable(str(message))))


def printable(text: str) -> str:
    """The text with whatever does not show (line ends, terminal commands, marks that turn the text round) escaped.

    >>> printable("a\\x1b[31mb")
    'a\\\\x1b[31mb'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def brief(text: str, most: int = 1200) -> str:
    """The text, or its two ends if it is longer: what was given may be of any length, and what is allowed stands last.

    >>> brief("rate = 999999999999; allowed: 0 to 1", 24)
    'rate = 99999 ... : 0 to 1'
    """
    return text if len(text) <= most else f"{text[: most // 2]} ... {text[-most // 3 :]}"


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during `measure` or `curve`: `measurements` holds what the finished trials give.

    One Measurement for each load that has two finished trials; empty before that. Being a KeyboardInterrupt, it stops
    a script like one. After it has ended a cell or a line at the prompt, it is `sys.last_value`.
    """

    def __init__(self, message: str, measurements: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.measurements = list(measurements)


def one_of(kind: str, name: str, allowed: Iterable[str]) -> HebbsimError:
    """The error for a `name` that is not among the `allowed` names of a `kind` ("rule"): with the nearest, if any."""
    names = sorted(allowed)
    nearest = difflib.get_close_matches(str(name), names, n=1)
    hint = f"did you mean {nearest[0]!r}? " if nearest else ""
    return HebbsimError(f"unknown {kind} {name!r}: {hint}allowed: {', '.join(names) or 'none'}")
