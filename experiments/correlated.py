"""What do correlated keys cost, and which rule pays least? Gaussian keys whose variances fall off as i^-power.

Run time: about 3 minutes on 2 cores. Figure: soft bits per parameter against the power for six memories at dims 128 and
1024, measured as markers and laws as lines. Table: the same numbers. Values are N(0, 1). Rules that forget are measured
on a long stream and summed over all ages but the newest pair's; the others at load 32, the pseudo-inverse at 1.25.
"""

import functools

import numpy as np

from hebbsim import plot, theory
from hebbsim.records.task import parse_label
from hebbsim.statistics.channels import pair_bits
from hebbsim.statistics.estimate import jackknife
from hebbsim.statistics.measurement import measurements

POWERS = (0.0, 0.5, 1.0, 1.5)
RATE = 0.2
BUDGET = "3 minutes on 2 cores"
TRIALS = {128: 6, 1024: 3}
STREAM = {128: 8192, 1024: 24576}  # pairs: all but the rarest directions are stationary
BINS = 20
STREAMS = {
    "delta": {"rate": RATE},
    "kda": {"rate": RATE, "decay": 0.99999},
    "preconditioned_delta": {"rate": RATE},
}
FEW = (1.0,)  # powers at which a stream is run at dim 1024, where it costs most, and of the delta rule only


def task(dim, power, **options):
    return dict(
        ensemble="correlated", ensemble_options={"power": power}, readout="soft", dim=dim, trials=TRIALS[dim],
        probes=1024, **options,
    )  # fmt: skip


TASKS = []
for dim in (128, 1024):
    edges = [1, *sorted({round(e) for e in np.geomspace(8, STREAM[dim], BINS)})][:-1]
    for power in POWERS if dim == 128 else POWERS[:3]:
        TASKS.append(task(dim, power, rule="hebbian", num_patterns=[32 * dim]))
        TASKS.append(task(dim, power, rule="hebbian", retrieval="whitened_query", num_patterns=[32 * dim]))
        TASKS.append(task(dim, power, rule="pseudo_inverse", num_patterns=[round(1.25 * dim)]))
        for rule, options in STREAMS.items():
            if dim == 128 or (rule == "delta" and power in FEW):
                TASKS.append(task(dim, power, rule=rule, rule_options=options, num_patterns=[STREAM[dim]], ages=edges))


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
    if name == "delta":
        return theory.correlated_delta_bits(spectrum, RATE, STREAM[dim])
    return None


def rows_of(results):
    """(dim, memory, power, estimate), in that order."""
    found = []
    for point in measurements(results):
        name = parse_label(point.task.rule)[0]
        name = "whitened query" if point.task.retrieval != "matched_filter" else name
        found.append((point.task.dim_key, name, parse_label(point.task.ensemble)[1].get("power", 0.0), total(point)))
    return sorted(found, key=lambda row: row[:3])


def table(results):
    rows = []
    for dim, name, power, measured in rows_of(results):
        law = law_of(name, dim, power)
        apart = "" if law is None else f"{100 * (measured.best / law - 1):+.1f} %"
        rows.append([dim, name, power, "" if law is None else f"{law:.4f}", measured, apart])
    return ["dim", "memory", "power", "law", "measured", "apart"], rows


NAMES = ("hebbian", "whitened query", "delta", "kda", "preconditioned_delta", "pseudo_inverse")


def figure(results):
    made, axes = plot.figure(2)
    rows = rows_of(results)
    for ax, dim in zip(axes, (128, 1024), strict=True):
        for i, name in enumerate(NAMES):
            chosen = [row for row in rows if row[:2] == (dim, name)]
            plot.points(ax, [row[2] for row in chosen], [row[3] for row in chosen], name.replace("_", " "), i)
            if name in ("hebbian", "whitened query", "delta"):
                powers = POWERS if dim == 128 else POWERS[:3]
                plot.theory(ax, powers, [law_of(name, dim, power) or 0.0 for power in powers], "", i)
        ax.axhline(theory.SOFT_LIMIT, color="0.6", lw=0.8)
        ax.set(
            xlabel="power p of the keys' spectrum, l_i ~ i^-p", yscale="log", ylim=(2e-3, 2),
            ylabel="soft bits per parameter",
        )  # fmt: skip
        ax.set_title(f"dim {dim}: mean and 95 % of {TRIALS[dim]} trials")
    axes[0].legend(loc="lower left")
    return made
