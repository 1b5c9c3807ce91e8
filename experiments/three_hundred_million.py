"""The claim taken at its word: 300 million parameters, 210 million bits (100M tokens of 2.1 bits), written and read back.

Run time: about 45 minutes and 12 GiB on 2 cores. One 17,321 x 17,321 +-1 outer-product matrix at 0.7 bits per parameter,
every stored bit probed, by each reader that can; smaller matrices at the same load first; and 512 of the large matrix's
columns, which are read apart from one another, at 1.5 and 1.9. Figure: wrong bits by reader, whole matrices at 0.7.
At load 0.7, under 1, any least-squares solver that is given the keys is exact: nothing here needs message passing.
"""

import numpy as np

from hebbsim import plot, theory
from hebbsim.records.task import parse_label

BUDGET = "45 minutes and 12 GiB on 2 cores"
LOAD, DIM = 0.7, 17_321
STORED = 16  # bits of an int16 entry: the whole numbers of this matrix reach past int8
READERS = ("matched_filter", "ridge", "amp")

TASKS = [
    dict(dim=dim, loads=[LOAD], retrieval=reader, probes=round(LOAD * dim), trials=trials)
    for dim, trials in ((1024, 4), (4096, 1), (DIM, 1))
    for reader in READERS
]
# Columns are read apart from one another: 512 of the large matrix's show how far up it goes.
SOME, HIGH = 512, (1.5, 1.9)
TASKS += [
    dict(dim_key=DIM, dim_value=SOME, loads=[load], retrieval="amp", probes=round(load * DIM), trials=1)
    for load in HIGH
]


def rows_of(results):
    """(task, reader, sums over trials of: bits stored, bits wrong, iterations, columns, unconverged columns, seconds)."""
    found = {}
    for (task, _), record in sorted(results.records.items(), key=lambda item: item[0][1]):
        counts = record.counts
        solves = int(counts.get("solves", task.dim_value))
        row = found.setdefault(task, np.zeros(6))
        row += [int(counts["bits"]), int(counts["errors"]), int(counts.get("iterations", solves)), solves,
                int(counts.get("unconverged", 0)), record.seconds]  # fmt: skip
    rows = [(task, parse_label(task.retrieval)[0], row) for task, row in found.items()]
    return sorted(
        rows, key=lambda row: (row[0].dim_value != row[0].dim_key, row[0].dim_key, row[1], row[0].num_patterns)
    )


def table(results):
    header = ["dim", "columns read", "parameters read", "reader", "bits stored there", "bits wrong", "share wrong",
              "predicted share", "bits/parameter stored", "bits per int16 bit", "iterations a column", "not converged",
              "seconds"]  # fmt: skip
    lines = []
    for task, reader, (bits, wrong, steps, solves, moving, seconds) in rows_of(results):
        load = task.num_patterns / task.dim_key
        predicted = (
            float(theory.bit_error((task.num_patterns - 1) / task.dim_key)) if reader == "matched_filter" else 0.0
        )
        lines.append([
            task.dim_key, task.dim_value, f"{task.dim_key * task.dim_value:,}", reader, f"{bits:,.0f}", f"{wrong:,.0f}",
            f"{wrong / bits:.6f}", f"{predicted:.6f}", f"{load:.4f}", f"{load / STORED:.4f}", f"{steps / solves:.2f}",
            f"{moving:.0f}", f"{seconds:.0f}",
        ])  # fmt: skip
    return header, lines


def figure(results):
    made, axes = plot.figure(1)
    ax = axes[0]
    rows = [row for row in rows_of(results) if row[0].dim_value == row[0].dim_key]
    floor = 1e-9  # where a count of zero is drawn
    for i, reader in enumerate(READERS):
        chosen = [row for row in rows if row[1] == reader]
        sizes = [row[0].dim_key ** 2 for row in chosen]
        shares = [max(row[2][1] / row[2][0], floor) for row in chosen]
        ax.plot(sizes, shares, plot.MARKERS[i], color=plot.COLOURS[i], ms=4, mfc=("white" if i == 1 else plot.COLOURS[i]),
                label={"matched_filter": "one-shot", "ridge": "least squares", "amp": "AMP"}[reader])  # fmt: skip
    plot.theory(ax, [5e5, 6e8], [float(theory.bit_error(LOAD))] * 2, "Q(1/sqrt(0.7))", 0)
    ax.axhline(floor, color="0.6", lw=0.7, ls=":")
    ax.text(7e5, floor * 1.6, "0 wrong", fontsize=7)
    ax.set(xscale="log", yscale="log", ylim=(floor / 3, 1), xlabel="parameters of one matrix",
           ylabel="share of stored bits read wrong",
           title="0.7 bits/parameter: 0 wrong, given the keys")  # fmt: skip
    ax.legend(loc="center left")
    return made
