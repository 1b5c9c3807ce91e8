"""What was measured: the identity of one point, and the labels of the parts it names."""

import ast
import dataclasses
import json
import keyword
import math
import operator
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from hebbsim.errors import HebbsimError, one_of

# Of the kernels, raised when the same task would give other counts: 1, some of all pairs are read at each load; 2, of
# pairs that are alike the first ones are read, at every load the same.
VERSION, SAME_PAIRS = 1, 2

STORED_BITS = {"float32": 32, "bfloat16": 16, "float8": 8, "int8": 8, "int4": 4}  # an entry; lloyd_max: its option
SCALE_BITS = {"float8": 8, "int8": 16, "int4": 16}  # of the scale that a tile's entries share: an exponent, a bfloat16
BINARY_RULES = frozenset({"willshaw"})  # their entries are one bit, which no precision rounds

# Options that are on by default and that labels once left out where they were off: what such a label means.
LEFT_OUT: dict[str, dict[str, Any]] = {
    "linear_attention": {"normalise": False},
    "lact": {"renormalise": False},
    "perceptron": {"margin": 0.0},
    "ridge": {"tolerance": 0.0},
    "box": {"tolerance": 0.0},
    "amp": {"tolerance": 0.0},
    "correlated": {"power": 0.0},
}

# Wider than an identifier, for custom parts such as mine#1a2b3c4d; nothing that a terminal, HTML or Markdown would obey.
_NAME = re.compile(
    r"[^\s()=,'\"<>&|`\\\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]{1,200}"
)
_OPTION = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
PARTS = ("rule", "ensemble", "retrieval", "readout", "precision")
_SCALARS = (bool, int, float, str, type(None))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Task:
    """The identity of one measured point.

    rule, ensemble, retrieval, readout, precision: labels, see `format_label`. ages: edges, in pairs since writing.
    seed: 0 <= seed < 2**32. version: of the kernels. Dims, num_patterns, probes and version are 1 or more.
    Raises HebbsimError, naming the field, for a wrong type or value. NumPy integers become Python's.
    """

    rule: str = "hebbian"
    ensemble: str = "bipolar"
    retrieval: str = "matched_filter"
    readout: str = "sign"
    precision: str = "float32"
    dim_key: int
    dim_value: int
    num_patterns: int
    probes: int
    ages: tuple[int, ...] = ()
    tied: bool = False
    seed: int = 0
    version: int = VERSION

    def __post_init__(self) -> None:
        for name in PARTS:
            label = getattr(self, name)
            if not isinstance(label, str) or not label:
                raise HebbsimError(f"task: {name} = {label!r}; allowed: a label such as 'delta(rate=0.5)'")
        for name in ("dim_key", "dim_value", "num_patterns", "probes", "version"):
            self._set_integer(name, 1, 2**31 - 1, "an integer from 1 to 2**31 - 1")
        self._set_integer("seed", 0, 2**32 - 1, "an integer from 0 to 2**32 - 1")
        if not isinstance(self.ages, (tuple, list)) or any(_integer(age) is None for age in self.ages):
            raise HebbsimError(f"task: ages = {self.ages!r}; allowed: a tuple of integers")
        object.__setattr__(self, "ages", tuple(map(_integer, self.ages)))
        if not isinstance(self.tied, bool):
            raise HebbsimError(f"task: tied = {self.tied!r}; allowed: True, False")

    def _set_integer(self, name: str, low: float, high: float, allowed: str) -> None:
        value = _integer(getattr(self, name))
        if value is None or not low <= value <= high:
            raise HebbsimError(f"task: {name} = {getattr(self, name)!r}; allowed: {allowed}")
        object.__setattr__(self, name, value)

    @property
    def load(self) -> float:
        """num_patterns / dim_key."""
        return self.num_patterns / self.dim_key

    def to_json(self) -> dict[str, Any]:
        """Every field, as json.dumps takes it; ages as a list."""
        return {name: getattr(self, name) for name in FIELDS} | {"ages": list(self.ages)}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> "Task":
        """The task that `to_json` gave. Raises HebbsimError for unknown, missing or wrong fields."""
        if not isinstance(fields, Mapping):
            raise HebbsimError(f"task: {type(fields).__name__}; allowed: an object with fields {', '.join(FIELDS)}")
        for name in fields:
            if name not in FIELDS:
                raise one_of("task field", name, FIELDS)
        missing = [name for name in FIELDS if name not in fields]
        if missing:
            raise HebbsimError(f"task: missing {', '.join(missing)}")
        parts = {name: current_label(fields[name]) for name in PARTS if isinstance(fields[name], str)}
        return cls(**{**fields, **parts})

    def identity(self) -> str:
        """Canonical JSON: the same text for the same task, on any machine."""
        return json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"))


FIELDS = tuple(field.name for field in dataclasses.fields(Task))


def format_label(name: str, options: Mapping[str, Any]) -> str:
    """name, or "name(a=1, b='x')": the options sorted by name, their values as Python literals.

    Values: numbers (finite), strings, booleans, None, and tuples of them; a list is written as a tuple, so that
    options from JSON and from Python are one label. Raises HebbsimError for anything else.

    Example:
        >>> from hebbsim.records.task import format_label
        >>> format_label("delta", {"rate": 0.5})
        'delta(rate=0.5)'
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise HebbsimError(f"label: name {name!r}; allowed: text without spaces, quotes, brackets, '=' or ','")
    for option in options:
        if not isinstance(option, str) or not _OPTION.fullmatch(option) or keyword.iskeyword(option):
            raise HebbsimError(f"label: option {option!r} of {name}; allowed: a Python name")
    pairs = ", ".join(f"{option}={_literal(name, options[option])!r}" for option in sorted(options))
    return f"{name}({pairs})" if pairs else name


def parse_label(text: str) -> tuple[str, dict[str, Any]]:
    """(name, options) of a label that `format_label` made. Raises HebbsimError for any other text.

    Example:
        >>> from hebbsim.records.task import parse_label
        >>> parse_label("delta(rate=0.5)")
        ('delta', {'rate': 0.5})
    """
    name, bracket, rest = text.partition("(")
    try:
        if not _NAME.fullmatch(name):
            raise ValueError
        if not bracket:
            return name, {}
        # A stand-in for the name: to Python mine#1a2b would be a comment, and a rule may be called lambda.
        call = ast.parse(f"label({rest}", mode="eval").body
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.args:
            raise ValueError
        options = {word.arg: _literal(name, ast.literal_eval(word.value)) for word in call.keywords if word.arg}
        if len(options) != len(call.keywords):
            raise ValueError
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        raise HebbsimError(f'label {text!r}; allowed: a name, or a call such as "delta(rate=0.5)"') from None
    return name, options


def current_label(text: str) -> str:
    """The label as it would be written today: with the options that older labels left out. Any other text as it is."""
    name = text.partition("(")[0]
    if name not in LEFT_OUT:
        return text
    options = parse_label(text)[1]
    return format_label(name, {**LEFT_OUT[name], **options})


def stored_bits(precision: str, rule: str = "") -> float:
    """Bits that one stored entry takes, by the labels of precision and rule, for records that do not keep the number.

    Raises HebbsimError where it is not known.
    """
    name, options = parse_label(precision)
    if rule and parse_label(rule)[0] in BINARY_RULES:
        return 1.0
    if name == "lloyd_max":
        return float(options["bits"])
    if name not in STORED_BITS:
        raise HebbsimError(f"bits of an entry stored as {name!r} are not known; known: {', '.join(STORED_BITS)}")
    tile, parts = options.get("tile", 0), 2 if options.get("feedback") else 1
    return parts * (STORED_BITS[name] + (SCALE_BITS[name] / tile if tile else 0.0))


def _literal(name: str, value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (tuple, list)):
        return tuple(_literal(name, item) for item in value)
    if type(value) not in _SCALARS or (isinstance(value, float) and not math.isfinite(value)):
        raise HebbsimError(f"label: option {value!r} of {name}; allowed: numbers, strings, booleans, None, tuples")
    return value


def _integer(value: Any) -> int | None:
    if isinstance(value, (bool, np.bool_)):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None
