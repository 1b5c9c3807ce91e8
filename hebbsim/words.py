"""The words in which parts say what they can do and what they rely on: `provides` and `requires`. No JAX.

Every word of `requires` must be provided by another part or by how the trial is set up; the KINDS among them are
alternatives, since an ensemble is of one kind. A part may use words of its own: they are compared, nothing else.
"""

import functools
from collections.abc import Iterable
from typing import Any, TypeVar

T = TypeVar("T")

KINDS = frozenset({"bipolar", "coded", "gaussian", "sparse", "tokens"})
WORDS = {
    "bipolar": "values are +1 or -1",
    "coded": "each value row is a word of an outer code, which Side.rows holds",
    "gaussian": "values are real numbers",
    "sparse": "values are 0 or 1",
    "tokens": "each value is a word of a codebook",
    "exact": "counts are sums of integers, so that every machine finds the same ones",
    "prior": "the value side says what a value may be: Side.denoise, or the codebook",
    "fair": "values are drawn with the frequencies that their entropy assumes, such as those of a fair coin",
    "exchangeable": "every pair is drawn alike, whatever its number, so that any of them may be read for all",
    "as_recalled": "the field is what the memory recalls of the query, unchanged",
    "paired": "key i and value i belong together, such as rows of two files",
    "spectrum": "the covariance of the keys is known, and a reader may be told it",
    "codebook": "values are words of a codebook that a reader may know",
    "noisy_cue": "the cue may differ from the key that was stored",
    "outer_product": "the memory is the sum of k^T v over the pairs",
    "symmetric": "the memory is a symmetric matrix, of which n (n - 1) / 2 entries are free",
    "binary": "each stored entry takes one bit, whatever the precision",
    "tied": "the values are the keys",
    "square": "dim_key = dim_value",
    "keys": "the reader is given all keys, and no cue",
}

# Older words for the two sets, still understood as keyword arguments, in _replace and as attributes.
OLDER = {
    "accepts": lambda part: part.requires & KINDS or KINDS,
    "needs": lambda part: part.requires - {"keys"},
    "knows": lambda part: part.requires & {"keys"},
    "tied_only": lambda part: "tied" in part.requires,
    "square": lambda part: "square" in part.requires,
    "gives": lambda part: part.provides,
    "symmetric": lambda part: "symmetric" in part.provides,
}


def in_new_words(requires: Iterable[str], provides: Iterable[str], old: dict[str, Any]) -> dict[str, frozenset[str]]:
    """`requires` and `provides` with what the older words say put in."""
    requires, provides = frozenset(requires), frozenset(provides)
    if "accepts" in old:
        requires = requires - KINDS | (frozenset() if frozenset(old["accepts"]) == KINDS else frozenset(old["accepts"]))
    if "needs" in old:
        requires = requires & {"keys"} | frozenset(old["needs"])
    if "knows" in old:
        requires = requires - {"keys"} | frozenset(old["knows"])
    if "gives" in old:
        provides = frozenset(old["gives"])
    for word, name in (("tied", "tied_only"), ("square", "square")):
        if name in old:
            requires = requires - {word} | ({word} if old[name] else frozenset())
    if "symmetric" in old:
        provides = provides - {"symmetric"} | ({"symmetric"} if old["symmetric"] else frozenset())
    return {"requires": requires, "provides": provides}


def part(made: type[T]) -> type[T]:
    """Let a NamedTuple with the fields `requires` and `provides` understand the older words too."""
    new, replace = made.__new__, made._replace  # pyright: ignore[reportAttributeAccessIssue]

    def _replace(self: T, **changes: Any) -> T:
        old = {word: changes.pop(word) for word in OLDER if word in changes}
        both = {name: changes.pop(name, getattr(self, name)) for name in ("requires", "provides")}
        return replace(self, **changes, **in_new_words(**both, old=old))

    @functools.wraps(new)
    def create(cls: type[T], *values: Any, **named: Any) -> T:
        old = {word: named.pop(word) for word in OLDER if word in named}
        return _replace(new(cls, *values, **named), **old)

    made.__new__, made._replace = staticmethod(create), _replace  # pyright: ignore
    for word, value in OLDER.items():
        setattr(made, word, property(value, doc=f"Older word, see hebbsim.words: {word}."))
    return made
