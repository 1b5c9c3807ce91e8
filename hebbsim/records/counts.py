"""Which counts a record can hold: for each readout the names, shapes and sums that hold whatever was measured.

A record that breaks one of these rules was not written by a trial, although its checksum may be right. A readout that
is not named here (a custom one) may count what it likes. So may every readout beside its own names, as long as further
integers are not negative: add a name to SIGNED if it can be, and to EXTRA if it has a bound of its own.
"""

import functools
import itertools
import operator
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from hebbsim.errors import HebbsimError
from hebbsim.records.task import Task, parse_label

NUM_BINS = 1025  # of a histogram of the field, as in statistics.information
SIGNED = frozenset({"log_posterior", "cue_log_posterior", "vr", "aligned"})
# The memory of these rules, kept in float32, is one dim_key x dim_value matrix.
ONE_MATRIX = frozenset(
    {"hebbian", "willshaw", "covariance", "hopfield", "decay", "delta", "gated_delta", "pseudo_inverse"}
)
# Leading axes of the histogram: of what the values are, untied and tied (split by what the cue says).
HISTOGRAMS = {"bipolar": ((), (3,)), "sparse": ((2,), (2, 2))}
SUMS = ("vv", "vr", "rr")  # what `soft` adds up of Gaussian values in place of a histogram
SLACK, TINY = 1e-3, 1e-30  # of float32 sums, relative and absolute

Counts = Mapping[str, np.ndarray]
Numbers = Mapping[str, Any]  # the same, a number in place of an array without axes, which is quicker to compare
Shapes = dict[str, tuple[str, tuple[int, ...]]]  # count -> kind ("i", "f"), shape after the axis of ages


class Expected(NamedTuple):
    """What a task says about the counts of each of its trials."""

    rules: "Rules | None"  # of its readout; None for a custom one
    ages: tuple[int, ...]  # the leading axis of ages, () where none were asked for
    stored: tuple[int, ...]  # pairs in each bin of age
    read: int  # pairs read back in all
    dim_value: int
    tied: bool
    values: str  # name of the ensemble
    active: int  # ones in a sparse value; 0: not known
    num_parameters: int  # 0: not known
    custom_retrieval: bool


class Rules(NamedTuple):
    """What holds for the counts of a readout: `shapes` always, `sums` where the field was finite."""

    shapes: Callable[[Expected, Counts], Shapes]
    sums: Callable[[Expected, Numbers], None]


def expected(task: Task) -> Expected:
    """What the counts of a task must be like. Raises HebbsimError for ages that no trial can have."""
    if list(task.ages) != sorted(set(task.ages)) or any(not 0 <= age < 2**31 for age in task.ages):
        raise HebbsimError("task: ages; allowed: ascending edges from 0 to 2**31 - 1")
    edges = [0, *(min(age, task.num_patterns) for age in task.ages), task.num_patterns]
    ensemble, options = parse_label(task.ensemble)
    for label in (task.retrieval, task.precision):
        parse_label(label)
    plain = parse_label(task.rule)[0] in ONE_MATRIX and task.precision == "float32"
    active = options.get("active", 0)
    return Expected(
        rules=READOUTS.get(parse_label(task.readout)[0]),
        ages=(len(task.ages) + 1,) if task.ages else (),
        stored=tuple(high - low for low, high in itertools.pairwise(edges)),
        read=min(task.probes, task.num_patterns),
        dim_value=task.dim_value,
        tied=task.tied,
        values=ensemble,
        active=active if ensemble == "sparse" and type(active) is int else 0,
        num_parameters=task.dim_key * task.dim_value if plain else 0,
        custom_retrieval="#" in task.retrieval,
    )


def check(given: Expected, counts: Counts, num_parameters: int, finite: bool) -> None:
    """Raise HebbsimError, in one line, if no trial of such a task can have these counts."""
    if num_parameters < 1 or (given.num_parameters and num_parameters != given.num_parameters):
        allowed = given.num_parameters or "1 or more"
        raise HebbsimError(f"num_parameters = {num_parameters}; allowed: {allowed}, the entries of the memory")
    if given.rules is None:
        return
    for name, (kind, tail) in given.rules.shapes(given, counts).items():
        if name not in counts:
            raise HebbsimError(f"count {name} is missing")
        count = counts[name]
        if count.shape != given.ages + tail:
            raise HebbsimError(f"count {name} has shape {count.shape}; allowed: {given.ages + tail}")
        if count.dtype.kind != kind:
            raise HebbsimError(f"count {name} holds fractions; allowed: {'integers' if kind == 'i' else 'floats'}")
    if not finite:
        return
    numbers = {name: count if count.ndim else count.item() for name, count in counts.items()}
    for name, count in numbers.items():
        if name not in SIGNED and (count < 0 if type(count) is int else _any(count < 0)):
            raise HebbsimError(f"count {name} = {np.min(count)}; allowed: 0 or more")
    given.rules.sums(given, numbers)
    if not given.custom_retrieval:
        whole = "solves" if "solves" in numbers else "probes"
        for name in ("unconverged", "rewritten"):
            if name in numbers and whole in numbers:
                _part_of(name, numbers[name], whole, numbers[whole] if whole == "solves" else given.read)


def _sign_shapes(given: Expected, counts: Counts) -> Shapes:
    by_cue = ("i", (3,) if given.tied else ())
    return {"probes": ("i", ()), "bits": by_cue, "errors": by_cue, "ties": by_cue}


def _sign_sums(given: Expected, counts: Numbers) -> None:
    _all_read(given, counts, "probes")
    _all_entries(given, counts["bits"], counts["probes"], "bits", 1 if given.tied else 0)
    _parts_of(counts, ("errors", "ties"), "bits")
    if "kept" in counts:
        _parts_of(counts, ("kept",), "probes")
        if "kept_overlap" in counts:
            _part_of("kept_overlap", counts["kept_overlap"], "kept entries", counts["kept"] * given.dim_value)


def _soft_shapes(given: Expected, counts: Counts) -> Shapes:
    if given.values == "gaussian" or (given.values not in HISTOGRAMS and "vv" in counts):
        return {"probes": ("i", ()), "entries": ("i", ())} | {name: ("f", ()) for name in SUMS}
    allowed = [HISTOGRAMS[given.values]] if given.values in HISTOGRAMS else HISTOGRAMS.values()
    tails = [(*axes[given.tied], NUM_BINS) for axes in allowed]
    found = counts["histogram"].shape[len(given.ages) :] if "histogram" in counts else ()
    return {"probes": ("i", ()), "histogram": ("i", found if found in tails else tails[0])}


def _soft_sums(given: Expected, counts: Numbers) -> None:
    _all_read(given, counts, "probes")
    if "histogram" in counts:
        axes = counts["histogram"].ndim - len(given.ages)
        _all_entries(given, counts["histogram"], counts["probes"], "histogram", axes)
        return
    _part_of("entries", counts["entries"], "entries", counts["probes"] * given.dim_value)
    vv, vr, rr = (np.asarray(counts[name]) for name in SUMS)
    if not np.all(np.isfinite(vv + rr) & (np.abs(vr) <= np.sqrt(vv) * np.sqrt(rr) * (1 + SLACK) + TINY)):
        raise HebbsimError("counts vv, vr, rr; allowed: finite sums with vr^2 <= vv rr")


def _argmax_shapes(given: Expected, counts: Counts) -> Shapes:
    rungs = counts["log_posterior"].shape[-1:] if "log_posterior" in counts else ()
    shapes = {"items": ("i", ()), "errors": ("i", ()), "ties": ("i", ()), "log_posterior": ("i", rungs or (1,))}
    return shapes | {"cue_log_posterior": ("i", ())} if given.tied else shapes


def _argmax_sums(given: Expected, counts: Numbers) -> None:
    _all_read(given, counts, "items")
    _parts_of(counts, ("errors", "ties"), "items")
    for name in ("log_posterior", "cue_log_posterior"):
        if name in counts and (np.size(counts[name]) == 0 or _any(counts[name] > 0)):
            raise HebbsimError(f"count {name}; allowed: 0 or less, being sums of logarithms of a probability")


def _threshold_shapes(given: Expected, counts: Counts) -> Shapes:
    by_cue = ("i", (2,) if given.tied else ())
    return {"probes": ("i", ()), "ones": by_cue, "zeros": by_cue, "misses": by_cue, "false": by_cue}


def _threshold_sums(given: Expected, counts: Numbers) -> None:
    _all_read(given, counts, "probes")
    axes, entries = (1 if given.tied else 0), given.read * given.dim_value
    for name in ("ones", "zeros"):
        _part_of(name, counts[name], "entries", entries)
    _all_entries(given, counts["ones"] + counts["zeros"], counts["probes"], "ones + zeros", axes)
    _parts_of(counts, ("misses",), "ones")
    _parts_of(counts, ("false",), "zeros")
    if given.active and _any(_over(counts["ones"], axes) != counts["probes"] * given.active):
        raise HebbsimError(f"count ones = {_text(counts['ones'])}; allowed: {given.active} a probe")


READOUTS = {
    "sign": Rules(_sign_shapes, _sign_sums),
    "soft": Rules(_soft_shapes, _soft_sums),
    "argmax": Rules(_argmax_shapes, _argmax_sums),
    "threshold": Rules(_threshold_shapes, _threshold_sums),
}


def _all_read(given: Expected, counts: Numbers, name: str) -> None:
    """The pairs read are those that the task asks for, and of no age more than are stored."""
    found = counts[name]
    if given.ages:
        _part_of(name, found, "stored pairs", np.asarray(given.stored))
        found = int(found.sum())
    if found != given.read:
        raise HebbsimError(f"count {name} = {found} pairs read; allowed: {given.read}")


def _all_entries(given: Expected, count: Any, probes: Any, name: str, axes: int) -> None:
    """Every entry of every value read is counted once. No cell is above the whole: so no sum overflows."""
    if _any(count > given.read * given.dim_value) or _any(_over(count, axes) != probes * given.dim_value):
        raise HebbsimError(f"count {name} does not add up to {given.dim_value} entries a probe")


def _parts_of(counts: Numbers, names: tuple[str, ...], whole: str) -> None:
    """These counts are parts of another one, and share nothing."""
    for name in names:
        _part_of(name, counts[name], whole, counts[whole])
    if len(names) > 1:
        total = functools.reduce(operator.add, (counts[name] for name in names))
        _part_of(" + ".join(names), total, whole, counts[whole])


def _part_of(name: str, part: Any, whole_name: str, whole: Any) -> None:
    if type(part) is int and type(whole) is int:
        wrong = part > whole
    else:
        wrong = np.shape(part) not in ((), np.shape(whole)) or _any(part > whole)
    if wrong:
        raise HebbsimError(f"count {name} = {_text(part)} of {_text(whole)} {whole_name}")


def _over(count: Any, axes: int) -> Any:
    return count.sum(tuple(range(-axes, 0))) if axes else count


def _any(flags: Any) -> bool:
    return flags if flags is True or flags is False else bool(flags.any())


def _text(count: Any) -> str:
    return str(count.tolist() if isinstance(count, np.ndarray) else count)
