"""The claim taken at its word: 300 million parameters, 210 million bits (100M tokens of 2.1 bits), written and read back.

Run time: about 45 minutes and 12 GiB on 2 cores. One 17,321 x 17,321 +-1 outer-product matrix at 0.7 bits per parameter,
every stored bit probed, by each reader that can; smaller matrices at the same load first; and 512 of the large matrix's
columns, which are read apart from one another, at 1.5 and 1.9. Figure: wrong bits by reader, whole matrices at 0.7.
At load 0.7, under 1, any least-squares solver that is given the keys is exact: nothing here needs message passing.
"""

from typing import NamedTuple

from hebbsim import plot, theory
from hebbsim.records.task import Task

BUDGET = "45 minutes and 12 GiB on 2 cores"
ANSWER = (
    "Of {:,.0f} stored bits AMP gets {:.0f} wrong and least squares {:.0f}, both given every key; a one-shot "
    "reader gets {:.1%} wrong.",
    [
        ({"dim": 17321, "reader": "amp"}, "bits stored there"),
        *(({"dim": 17321, "reader": reader}, "bits wrong") for reader in ("amp", "ridge")),
        ({"dim": 17321, "reader": "matched_filter"}, "share wrong"),
    ],
)
LOAD, DIM = 0.7, 17_321
STORED = 16  # bits of an int16 entry: its integers reach past int8
READERS = {"matched_filter": "one-shot", "ridge": "least squares", "amp": "AMP"}
SIZES = {1024: 4, 4096: 1, DIM: 1}  # dim: trials

TASKS = {
    f"{reader}, dim {dim}": dict(dim=dim, loads=[LOAD], retrieval=reader, probes=round(LOAD * dim), trials=trials)
    for dim, trials in SIZES.items()
    for reader in READERS
}
# Columns are read apart from one another: 512 of the large matrix's show how far up it goes.
SOME, HIGH = 512, (1.5, 1.9)
TASKS |= {
    f"amp, {SOME} columns, load {load:g}": dict(
        dim_key=DIM, dim_value=SOME, loads=[load], retrieval="amp", probes=round(load * DIM), trials=1
    )
    for load in HIGH
}


class Row(NamedTuple):
    """Sums over the trials of a curve, which has one load."""

    task: Task
    reader: str
    bits: int
    wrong: int
    iterations: int
    columns: int
    unconverged: int
    seconds: float


def rows_of(results):
    """A row each curve: whole matrices by size and reader, then the columns. One trial is enough for a row."""
    found = []
    for name in sorted(results.curves, key=lambda name: (f"{SOME} columns" in name, list(TASKS).index(name))):
        (task,) = results.curves[name]
        records = results.trials(task)
        if not records:
            continue
        sums = {key: sum(int(r.counts.get(key, 0)) for r in records) for key in ("bits", "errors", "unconverged")}
        columns = sum(int(r.counts.get("solves", task.dim_value)) for r in records)
        steps = sum(int(r.counts.get("iterations", task.dim_value)) for r in records)
        seconds = sum(record.seconds for record in records)
        reader = name.partition(",")[0]
        found.append(Row(task, reader, sums["bits"], sums["errors"], steps, columns, sums["unconverged"], seconds))
    return found


def table(results):
    header = ["dim", "columns read", "parameters read", "reader", "bits stored there", "bits wrong", "share wrong"]
    header += ["predicted share", "bits/parameter stored", "bits per int16 bit", "iterations a column", "not converged"]
    lines = []
    for row in rows_of(results):
        task, load = row.task, row.task.num_patterns / row.task.dim_key
        one_shot = row.reader == "matched_filter"
        predicted = float(theory.bit_error((task.num_patterns - 1) / task.dim_key)) if one_shot else 0.0
        cells = [task.dim_key, task.dim_value, f"{task.dim_key * task.dim_value:,}", row.reader, f"{row.bits:,}"]
        cells += [f"{row.wrong:,}", f"{row.wrong / row.bits:.6f}", f"{predicted:.6f}", f"{load:.4f}"]
        cells += [f"{load / STORED:.4f}", f"{row.iterations / row.columns:.2f}", row.unconverged, f"{row.seconds:.0f}"]
        lines.append(cells)
    return [*header, "seconds"], lines


def figure(results):
    made, (ax,) = plot.figure(height=2.9)
    rows = [row for row in rows_of(results) if row.task.dim_value == row.task.dim_key]
    for i, (reader, label) in enumerate(READERS.items()):
        chosen = [row for row in rows if row.reader == reader]
        beside = 1.16 ** (i - 1)  # two upper limits of one size would hide one another
        sizes = [row.task.dim_key**2 * beside for row in chosen]
        some = [(x, row.wrong / row.bits) for x, row in zip(sizes, chosen, strict=True) if row.wrong]
        none = [(x, 3 / row.bits) for x, row in zip(sizes, chosen, strict=True) if not row.wrong]
        if some:
            x, y = zip(*some, strict=True)
            ax.plot(x, y, plot.MARKERS[i], color=plot.COLOURS[i], ms=4, label=label)
        if none:
            x, y = zip(*none, strict=True)
            plot.limits(ax, x, y, "" if some else label, i)
    plot.theory(ax, [5e5, 6e8], [float(theory.bit_error(LOAD))] * 2, "one-shot, theory: Q(1/sqrt(0.7))", 0)
    ax.set(xscale="log", yscale="log", ylim=(1e-9, 1), xlim=(4e5, 8e8), xlabel="parameters of one matrix")
    ax.set(ylabel="share of stored bits read wrong")
    plot.title(ax, "0.7 bits per parameter: none wrong by two readers that are given all keys")
    plot.legend(ax, loc="center left", bbox_to_anchor=(0, 0.72))
    plot.note(
        ax,
        "Arrows: no bit wrong, 95 % limit 3 / bits read. 4 memories of 1 million parameters, one of each other size.",
    )
    return made
