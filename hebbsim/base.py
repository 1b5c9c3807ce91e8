"""The types every part is made of.

    draw -> write -> store -> retrieve -> read out -> count
    Ensemble  Rule   Precision  Retrieval  Readout    counts

Each part is a NamedTuple of pure functions, batch-first: keys (pairs, dim_key), values (pairs, dim_value). It is built
by a factory with keyword-only options; the same options give the same object, so that jit does not trace twice. What a
part can do and what it relies on it says in `provides` and `requires` (see words.py): nothing is guessed from a label, a
type or the name of a count.
"""

import functools
from collections.abc import Callable, Set
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PyTree

from hebbsim.errors import HebbsimError
from hebbsim.words import KINDS as KINDS
from hebbsim.words import part

ENDLESS = 2**31 - 1  # most_patterns of an ensemble whose every row is drawn afresh
NONE: Set[str] = frozenset()
T = TypeVar("T")


class Side(NamedTuple):
    """One side (keys or values) of the pairs: row i is a pure function of (rng_key, i)."""

    draw: Callable[
        ..., Array
    ]  # (rng_key, index[n]) -> code[n ...], the compact form: packed bits, active units, token ids
    rows: Callable[..., Array]  # (book, code[n ...]) -> rows[n dim], float32
    cue: Callable[..., tuple[Any, Array]]  # (rng_key, book, code) -> (noisy code or None, noisy rows[n dim])
    book: Callable[..., Any] = lambda rng_key: ()  # rng_key -> the codebook a reader may know; () where there is none
    code: str = "rows"  # name of the compact form: finds a rule's fast form
    # (field, its noise variance) -> mean and variance of the entries given it; None where they are not independent
    denoise: Callable[..., tuple[Array, Array]] | None = None
    spectrum: tuple[float, ...] = ()  # variances of the entries of a key, of which readers may be told; (): not stated


def write_batch(write: Callable[..., PyTree], state: PyTree, keys: Any, values: Any, /) -> PyTree:
    """write(state, keys, values). Raises HebbsimError unless both are batches of the same number of rows."""
    shapes = jnp.shape(keys), jnp.shape(values)
    if len(shapes[0]) != 2 or len(shapes[1]) != 2 or shapes[0][0] != shapes[1][0]:
        raise HebbsimError(
            f"write: keys of shape {shapes[0]} and values of shape {shapes[1]}; allowed: a batch, (pairs, dim_key) and "
            "(pairs, dim_value); hebbsim.sequential lifts an update of one pair to a batch"
        )
    return write(state, keys, values)


def recall_batch(recall: Callable[..., Array], memory: PyTree, queries: Any, /) -> Array:
    """recall(memory, queries). Raises HebbsimError unless the queries are a batch, or whatever codes a reader passes."""
    if jnp.ndim(queries) != 2:
        raise HebbsimError(
            f"recall: queries of shape {jnp.shape(queries)}; allowed: a batch, (queries, dim_key), such as query[None, :]"
        )
    return recall(memory, queries)


@functools.lru_cache(maxsize=4096)
def bound(check: Callable[..., Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """One object for one function, so that jit does not trace again; a partial, so that identities see the function."""
    return functools.partial(check, function)


def batches(rule: type[T]) -> type[T]:
    """Check the shapes of what a rule, built-in or custom, is given to write and recall: when traced, at no other cost."""
    fields = rule._fields  # pyright: ignore[reportAttributeAccessIssue]
    for name, check in (("write", write_batch), ("recall", recall_batch)):
        at = fields.index(name)
        setattr(rule, name, property(lambda self, at=at, check=check: bound(check, tuple.__getitem__(self, at))))
    return rule


@part
class Ensemble(NamedTuple):
    """What is random: how the keys and the values of the pairs are drawn. `keys` and `values` take a dim, give a Side."""

    label: str
    kind: str  # of the values, a word that rules and readouts may require
    keys: Callable[[int], Side]
    values: Callable[[int], Side]
    tied_keys: Callable[[int], Side]  # the keys of tied patterns: drawn and cued as the values are
    # "paired": both sides are drawn with one rng_key, since row i of one belongs to row i of the other
    provides: Set[str] = NONE
    requires: Set[str] = NONE
    most_patterns: int = 0  # pairs that it has; ENDLESS: rows are drawn afresh; 0, not stated: its rows are compared
    dims: tuple[int, int] | None = None  # (dim_key, dim_value) unless others are given


@batches
@part
class Rule(NamedTuple):
    """A memory: state = write(init(dk, dv), keys, values); memory = consolidate(state); field = recall(memory, queries)."""

    label: str
    init: Callable[[int, int], PyTree]  # (dim_key, dim_value) -> state
    write: Callable[..., PyTree]  # (state, keys[b dk], values[b dv]) -> state, the pairs in order
    recall: Callable[..., Array]  # (memory, queries[p dk]) -> field[p dv]
    consolidate: Callable[[PyTree], PyTree] = lambda state: (
        state
    )  # state -> memory: the arrays that are read and counted
    chunk: int = 1  # pairs a write must come in multiples of
    depth: Callable[[int], int] = lambda num_patterns: 1  # num_patterns -> steps that cannot run in parallel
    fast: tuple["Fast", ...] = ()
    sum: "Sum | None" = None
    requires: Set[str] = NONE  # kinds of ensembles, "tied", "square"
    provides: Set[str] = NONE  # "outer_product", "symmetric", "exact": for retrievals and the promise

    def read(self, state: PyTree, queries: Float[Array, "p dk"]) -> Float[Array, "p dv"]:
        """recall(consolidate(state), queries)."""
        return self.recall(self.consolidate(state), queries)

    def num_state(self, dim_key: int, dim_value: int) -> int:
        """Array entries of the state that is carried while writing, scalars apart."""
        return _entries(jax.eval_shape(lambda: self.init(dim_key, dim_value)))

    def num_parameters(self, dim_key: int, dim_value: int) -> int:
        """Array entries of the memory that is read, scalars apart: the denominator of bits per parameter."""
        return _entries(jax.eval_shape(lambda: self.consolidate(self.init(dim_key, dim_value))))


class Fast(NamedTuple):
    """A rule's form on compact codes; it must equal the form on rows exactly."""

    keys: str  # Side.code of the keys
    values: str
    of: Callable[..., PyTree]  # the rule's `write` that it equals: a rule with another one does not use it
    write: Callable[..., PyTree]  # (state, key_codes, value_codes, count) -> state with the first `count` pairs written
    recall: Callable[..., Array] | None = None  # (memory, cue codes) -> field; None: recall on rows


class Sum(NamedTuple):
    """A rule's field as a sum over its pairs in any order: field = sum of (f(query) . f(key)) value.

    Where many loads of few queries are read, the fields are carried on from load to load and no memory is formed.
    """

    of: tuple[
        Callable[..., PyTree], Callable[..., Array]
    ]  # the rule's (write, recall): one with others has no such sum
    features: Callable[[Array], Array] | None = None  # f, of rows; None: the rows themselves
    normalise: bool = False  # whether the field is divided by the sum of f(query) . f(key)


@part
class Precision(NamedTuple):
    """What each stored weight keeps: `wrap` turns a rule into one whose memory is rounded; `bits` a stored entry."""

    label: str
    wrap: Callable[[Rule], Rule]
    bits: float
    provides: Set[str] = NONE
    requires: Set[str] = NONE


class Known(NamedTuple):
    """All that a reader may use besides the memory and its query: never the values."""

    keys: Callable[..., Array]  # (index[n]) -> keys[n dk], regenerated; zero from num_patterns on
    num_patterns: Int[Array, ""]
    max_patterns: int  # no less than num_patterns, for the shapes of arrays; 0 for a reader that knows no keys
    book: Any
    values: Side  # the prior: what a value may be. It draws nothing without the trial's rng_key
    spectrum: tuple[float, ...] = ()  # of the keys' Side


class Field(NamedTuple):
    """What came back, before any decision."""

    value: Float[Array, "p dv"]
    noise: Float[Array, "..."]  # its standard deviation about signal * value, broadcastable to value; nan: not known
    counts: dict[str, Array]  # of the retrieval: additive, but for "largest", see trial.py
    # Tokens: (V,) added to the words' scores, field . word + offset being log-likelihoods then; None: plain products
    offset: Array | None = None


@part
class Retrieval(NamedTuple):
    """How a raw field is read: found = solve(memory, known) once a load, then field(rule, found, queries, index)."""

    label: str
    solve: Callable[..., PyTree]
    field: Callable[..., Field]
    requires: Set[str] = NONE  # of what rules and ensembles provide; "keys": it is given all keys
    provides: Set[str] = NONE
    columns: Any = None  # retrievals.columns.Columns, if an outer-product memory can be read by it column by column
    num_state: Callable[[int], int] = lambda dim_key: 0  # entries that it keeps besides the memory: parameters too


class Truth(NamedTuple):
    """What was stored at the probed pairs, and the cue that each was read with."""

    code: Array
    rows: Float[Array, "p dv"]
    book: Any
    expand: Callable[..., Array]  # Side.rows of the values
    queries: Float[Array, "p dk"]
    tied: bool  # the cue is a noisy form of the value: what it says by itself does not count as recalled
    live: Bool[Array, "p"]  # False: an idle probe, not to be counted
    kind: str = "bipolar"  # of the values: Ensemble.kind
    fair: bool = True  # the ensemble promises independent values, each as likely as another: it gives "fair"
    apart: bool = True  # a row of counts a probe is needed; if not, a count may be one row, the sum over live probes


@part
class Readout(NamedTuple):
    """How the field becomes a decision. `score` gives counts, one row a probe; the channel turns their sums into bits.

    channel: a name in statistics.channels.CHANNELS, or a Channel, or pairs of (ensemble kind, name); without one the
    counts are kept and no bits are made of them.
    """

    label: str
    score: Callable[[Field, Truth], dict[str, Array]]
    requires: Set[str] = NONE  # the kinds of values that it scores, at least
    provides: Set[str] = NONE
    channel: Any = ""
    choose: Callable[[Rule], "Readout"] | None = None  # the readout that fits a rule, where that depends on the rule

    def channel_for(self, kind: str) -> Any:
        """The channel of what is counted of values of this kind."""
        return dict(self.channel).get(kind, "") if type(self.channel) is tuple else self.channel


def sequential(write_one: Callable[..., PyTree]) -> Callable[..., PyTree]:
    """Lift write_one(state, key[dk], value[dv]) -> state to a block of pairs, one after the other.

    Example:
        >>> import jax.numpy as jnp, hebbsim
        >>> write = hebbsim.sequential(lambda state, key, value: 0.9 * state + jnp.outer(key, value))
        >>> write(jnp.zeros((2, 1)), jnp.eye(2), jnp.ones((2, 1))).tolist()
        [[0.8999999761581421], [1.0]]
    """

    def write(state: PyTree, keys: Float[Array, "b dk"], values: Float[Array, "b dv"]) -> PyTree:
        return jax.lax.scan(lambda s, pair: (write_one(s, *pair), None), state, (keys, values))[0]

    return write


def dot(a: Array, b: Array) -> Array:
    """a @ b in full float32: a TPU's default product is bf16 and a GPU's may be TF32, wrong for entries past 256."""
    return jnp.dot(a, b, precision=jax.lax.Precision.HIGHEST)


def normalised(field: Float[Array, "p dv"], whole: Float[Array, "p 1"]) -> Float[Array, "p dv"]:
    """field / whole; zero where whole is, since an empty memory, or a query that meets no key, is asked for nothing."""
    return jnp.where(whole != 0, field / jnp.where(whole != 0, whole, 1.0), 0.0)


def _entries(arrays: PyTree) -> int:
    return sum(leaf.size for leaf in jax.tree.leaves(arrays) if leaf.ndim)
