"""What turns a readout's counts into bits and into (errors, of how many). No JAX.

A readout names its channel, an entry of CHANNELS, and the record keeps the name: nothing is guessed from counts.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from hebbsim.errors import HebbsimError, one_of
from hebbsim.records import Record
from hebbsim.records.task import Task, parse_label
from hebbsim.statistics.content import (
    Content,
    block_errors,
    decoded_bits,
    field_bits,
    field_errors,
    gaussian_bits,
    rows_read,
    sign_bits,
    sign_errors,
    token_bits,
    token_errors,
    unit_bits,
    unit_errors,
    unit_field_bits,
)
from hebbsim.statistics.information import Counts


class Channel(NamedTuple):
    """bits(counts, vocabulary) -> {criterion: Content, or plain bits}, its own criterion first; errors(counts).

    vocabulary: words of the codebook that the readout compared with, else 0. errors: (errors, of how many), a tie being
    half an error; `of` names these.
    """

    name: str
    bits: Callable[[Counts, int], Mapping[str, Content | float]]
    errors: Callable[[Counts], tuple[float, float]] = lambda counts: (np.nan, np.nan)
    of: str = "decisions"


CHANNELS = {
    channel.name: channel
    for channel in (
        Channel("sign", sign_bits, sign_errors, "bits"),
        Channel("field", field_bits, field_errors, "bits"),
        Channel("gaussian", gaussian_bits),
        Channel("units", unit_bits, unit_errors, "active units"),
        Channel("unit_field", unit_field_bits),
        Channel("tokens", token_bits, token_errors, "tokens"),
        Channel("decoded", decoded_bits, block_errors, "message bits"),
    )
}

# Records from before the channel was kept: by readout, then by ensemble.
OLD = {
    "sign": {"": "sign"},
    "soft": {"": "field", "gaussian": "gaussian", "sparse": "unit_field"},
    "argmax": {"": "tokens"},
    "decode": {"": "decoded"},
    "threshold": {"": "units"},
}


def find(name: str, task: Task) -> Channel | None:
    """The channel of a record; None for a readout that has none. Raises HebbsimError for a name that is not registered."""
    if not name:
        by_ensemble = OLD.get(parse_label(task.readout)[0], {"": ""})
        name = by_ensemble.get(parse_label(task.ensemble)[0], by_ensemble[""])
    if name and name not in CHANNELS:
        raise one_of("channel", name, CHANNELS)
    return CHANNELS[name] if name else None


def vocabulary_of(records: Sequence[Record]) -> int:
    """How many words the values were drawn from, as the records of a task say; 0 for values that are no words."""
    kept = max(record.vocabulary for record in records)
    # Records from before it was kept name it in the label of their ensemble.
    return kept or int(parse_label(records[0].task.ensemble)[1].get("vocabulary", 0))


def register(channel: str | Channel) -> str:
    """The channel's name, by which CHANNELS finds it from now on. Raises HebbsimError if the name is another channel's."""
    if isinstance(channel, str):
        if channel and channel not in CHANNELS:
            raise one_of("channel", channel, CHANNELS)
        return channel
    if not isinstance(channel, Channel):
        raise HebbsimError(f"channel = {channel!r}; allowed: a name in CHANNELS or a Channel")
    if CHANNELS.setdefault(channel.name, channel) != channel:
        raise HebbsimError(f"channel {channel.name!r} is another one already; allowed: a name that is free")
    return channel.name


def contents(channel: Channel, counts: Counts, vocabulary: int = 0) -> dict[str, Content]:
    """What was recovered of one value, by criterion; nan where nothing was probed. Plain bits have no known ceiling."""
    if rows_read(counts) == 0:
        return dict.fromkeys(("hard", "soft", "unit"), Content(np.nan, np.nan))
    found = channel.bits(counts, vocabulary).items()
    return {
        name: x if isinstance(x, Content) else Content(np.inf, -float(x), recovered=lambda q: -q) for name, x in found
    }


def pair_bits(counts: Counts, channel: str, vocabulary: int = 0) -> dict[str, float]:
    """Bits recovered of one stored value, by criterion; nan where nothing was probed."""
    return {name: content.bits() for name, content in contents(CHANNELS[channel], counts, vocabulary).items()}
