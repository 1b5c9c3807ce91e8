"""What do correlated keys cost, and which rule pays least? Gaussian keys whose variances fall off as i^-power.

The Hebbian sum pays most: at power 1 and dim 1024 it holds 0.024 bits per parameter where delta holds 0.24, and both lose
more the larger the dim. A query whitened by the told variances (0.72), and a delta rule that learns them channel by channel
(preconditioned_delta, 0.70 to 0.71), lose nothing at any power tried. The second does so only because the keys' own basis
is that of the channels: on rotated keys it holds 0.62, 0.365 and 0.158 at powers 0.5, 1 and 1.5 (delta: 0.62, 0.350, 0.133).
kda, whose channels decay apart, holds what delta does in either basis, and somewhat less at dim 1024 and power 1.

Run time: about 20 minutes on 2 cores. Figure: soft bits per parameter against the power for six memories at dims 128 and
1024, measured as markers and laws as lines. Table: the same numbers, with delta at two more rates, its law to first order
in the rate, and two rules on rotated keys. Values are N(0, 1). Rules that forget are measured on a long stream and summed
over all ages but the newest pair's; the others at load 32, the pseudo-inverse at 1.25.
"""

import functools
from typing import Any

import numpy as np

from hebbsim import plot, theory
from hebbsim.statistics.channels import pair_bits
from hebbsim.statistics.estimate import jackknife
from hebbsim.statistics.measurement import named

POWERS = (0.0, 0.5, 1.0, 1.5)
RATE = 0.2
BUDGET = "20 minutes on 2 cores"
TRIALS = {128: 6, 1024: 3}
STREAM = {128: 8192, 1024: 24576}  # pairs: all but the rarest directions are stationary
BINS = 20
STREAMS = {
    "delta": {"rate": RATE},
    "delta, rate 0.05": {"rate": 0.05},
    "delta, rate 1": {"rate": 1.0},
    "kda": {"rate": RATE, "decay": 0.99999},
    "preconditioned_delta": {"rate": RATE},
}
ROTATED = ("kda", "preconditioned_delta")  # rules with a number for each channel, tried in another basis too


def memories(dim, power):
    """{memory: what is asked of it} at this dim and power."""
    found: dict[str, dict[str, Any]] = {
        "hebbian": dict(rule="hebbian", num_patterns=[32 * dim]),
        "whitened query": dict(rule="hebbian", retrieval="whitened_query", num_patterns=[32 * dim]),
        "pseudo_inverse": dict(rule="pseudo_inverse", num_patterns=[round(1.25 * dim)]),
    }
    edges = [1, *sorted({round(e) for e in np.geomspace(8, STREAM[dim], BINS)})][:-1]
    for name, options in STREAMS.items():
        if dim == 128 or "," not in name:
            asked = dict(rule=name.partition(",")[0], rule_options=options, num_patterns=[STREAM[dim]], ages=edges)
            found[name] = asked
            if name in ROTATED and power and dim == 128:
                turned = {"power": power, "rotated": True}
                found[f"{name}, rotated"] = asked | {"ensemble_options": turned}
    return found


def name_of(dim, memory, power):
    return f"{memory}, dim {dim}, power {power:g}"


# (dim, memory, power): the arguments of the curve
CURVES = {
    (dim, memory, power): dict(ensemble="correlated", ensemble_options={"power": power}, readout="soft", dim=dim)
    | dict(probes=1024, trials=TRIALS[dim])
    | asked
    for dim in TRIALS
    for power in POWERS
    for memory, asked in memories(dim, power).items()
}
TASKS = {name_of(*key): options for key, options in CURVES.items()}


def total(point):
    """Bits per parameter over all ages but the newest pair's."""
    if not point.task.ages:
        return point.bits_per_parameter

    # Neighbouring ages are pooled until a few probes of each trial fall among them.
    least = 4 * point.task.num_patterns / min(point.task.probes, point.task.num_patterns)
    groups, group = [], []
    for age in range(1, len(point.age_pairs)):
        group.append(age)
        if sum(point.age_pairs[group]) >= least:
            groups.append(group)
            group = []
    groups[-1] += group

    def bits(counts):
        found = 0.0
        for group in groups:
            summed = {name: count[group].sum(0) for name, count in counts.items() if np.ndim(count)}
            found += sum(point.age_pairs[group]) * pair_bits(summed, point.channel.name)["soft"]
        return found / point.num_parameters

    return jackknife(bits, point.trials, point.level)


@functools.cache
def law_of(name, dim, power):
    """The closed form of a memory that has one, else None."""
    spectrum = theory.power_spectrum(dim, power)
    if name == "hebbian":
        return theory.correlated_bits(32 * dim, spectrum)
    if name == "whitened query":
        return theory.whitened_query_bits(32 * dim, dim)
    if name.startswith("delta"):
        return theory.correlated_delta_bits(spectrum, STREAMS[name]["rate"], STREAM[dim])
    return None


@functools.cache
def first_order(name, dim, power):
    """The law of the delta rule to first order in its rate, else None."""
    if not name.startswith("delta"):
        return None
    spectrum = theory.power_spectrum(dim, power)
    return theory.correlated_delta_first_order(spectrum, STREAMS[name]["rate"], STREAM[dim])


def rows_of(results):
    """(dim, memory, power, estimate), in that order."""
    found = named(results)
    return [(*key, total(found[name_of(*key)][0])) for key in sorted(CURVES) if name_of(*key) in found]


def table(results):
    rows = []
    for dim, name, power, measured in rows_of(results):
        laws = law_of(name, dim, power), first_order(name, dim, power)
        law, first = ("" if law is None else f"{law:.4f}" for law in laws)
        apart, first_apart = ("" if law is None else f"{100 * (measured.best / law - 1):+.1f} %" for law in laws)
        rows.append([dim, name, power, measured, law, apart, first, first_apart])
    return ["dim", "memory", "power", "measured", "law", "apart", "first order in the rate", "apart from it"], rows


MESSAGES = {
    128: "similar keys cost the sum most, a whitened query nothing",
    1024: "the larger the dim, the more they cost",
}
NAMES = ("hebbian", "whitened query", "delta", "kda", "preconditioned_delta", "pseudo_inverse")


def figure(results):
    made, axes = plot.figure(2)
    rows = rows_of(results)
    for ax, dim in zip(axes, (128, 1024), strict=True):
        for i, name in enumerate(NAMES):
            chosen = [row for row in rows if row[:2] == (dim, name)]
            plot.points(ax, [row[2] for row in chosen], [row[3] for row in chosen], name.replace("_", " "), i)
            if name in ("hebbian", "whitened query", "delta"):
                plot.theory(ax, POWERS, [law_of(name, dim, power) or 0.0 for power in POWERS], "", i)
        ax.axhline(theory.SOFT_LIMIT, color="0.6", lw=0.8)
        ax.set(yscale="log", ylim=(2e-3, 2), ylabel="soft bits per parameter")
        ax.set(xlabel="power p of the keys' spectrum, l_i ~ i^-p")
        plot.title(ax, f"dim {dim}: {MESSAGES[dim]}")
    axes[0].legend(loc="lower left")
    return made
