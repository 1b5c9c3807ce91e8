"""0.7 without errors: how many bits per parameter come back one-shot, every one right, through an outer code?

Collecting TASKS (a minute on 2 cores) measures what an undecided reader gets from the same matrices. The coded memories
are run by python -m experiments.by_construction, about an hour and a half on one core; it appends one line a memory to
results/by_construction/decoded.ndjson, and goes on from there when it is started again. --large adds a matrix of dim 4096,
all of it read, 3 minutes, and one of dim 17,321, 300 million parameters, of which 42 of 3,732 blocks are read, 15 minutes
and 5 GiB. Each memory is one matrix filled with code words of random messages; a block is one code word. Figure: share of
blocks read wrong against bits per parameter, by code and dim.

A block of rate 1/50 has a core of 1 entry in 25 only, so that it must be long. In a matrix of dim 256 it cannot be longer
than the matrix, 2.2 million entries at .67 bits per parameter, and that is on the slope where blocks begin to fail; dim
1024 is measured at the same load with blocks of 2.5, 4.4 and 8.8 million entries. The one block that was decoded
on after it failed stayed at its error.
"""

import argparse
import json
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.special import betaincinv

from hebbsim import plot, theory

COUNTED = "bits wrong", "message bits", "bits/parameter"
BUDGET = "90 minutes on one core, of which TASKS take 1"
ANSWER = (
    "At dim 256, {:,.0f} of {:,.0f} message bits are wrong at {:.3f} bits per parameter through the code of rate 1/20, and "
    "{:,.0f} of {:,.0f} at {:.3f} through that of rate 1/50; {:.3f} takes blocks of {:,.0f} entries.",
    [
        *(({"code": "1/20", "dim": 256, "block": 859_200}, name) for name in COUNTED),
        *(({"code": "1/50", "dim": 256, "block": 2_179_200}, name) for name in COUNTED),
        *(({"code": "1/50", "dim": 1024, "block": 8_795_200}, name) for name in ("bits/parameter", "block")),
    ],
)
SUMMED = (
    "message_bits",
    "errors",
    "blocks",
    "wrong_blocks",
    "unnoticed",
    "iterations",
    "entries",
    "sign_errors",
    "seconds",
)
OUT = Path(__file__).parent.parent / "results" / "by_construction"
TASKS = {"soft": dict(readout="soft", dim=256, loads=[4, 6, 8, 12.5, 20, 33.6, 50], probes=512, trials=8)}

# Entries of a block where nothing else is asked for: what one matrix of dim 256 holds is a block, or little less.
LONGEST = {"1/10": 1_000_000, "1/20": 1_000_000, "1/50": 2_500_000}


class Run(NamedTuple):
    """Memories of one kind.

    `read`: blocks of each that are read back, the first ones; all unless given. `longest`: entries of a block, about, in
    place of LONGEST.
    """

    rate: str
    dim: int
    bits: int  # of a weight; 0 for exact ones
    per: float  # bits per parameter aimed at
    memories: int
    read: int | None = None
    longest: int = 0


FULL = [Run("1/20", 256, 0, 0.622, 250), Run("1/20", 1024, 0, 0.622, 16)]
FULL += [Run("1/50", 256, 0, 0.665, 48), Run("1/50", 256, 0, 0.671, 24), Run("1/50", 1024, 0, 0.671, 2)]
# Rate 1/50 has a core of 1 entry in 25, so that its blocks must be long: the same load in blocks of 2 and 4 times that.
LONG = [Run("1/50", 1024, 0, 0.671, 3, longest=4_400_000), Run("1/50", 1024, 0, 0.671, 6, longest=8_800_000)]
LONG += [Run("1/50", 1024, 0, 0.68, 2, longest=12_000_000)]
WATERFALL = [Run("1/10", 256, 0, per, 40) for per in (0.58, 0.61, 0.62, 0.63)]
WATERFALL += [Run("1/20", 64, 0, per, 60) for per in (0.5, 0.54, 0.58, 0.6, 0.62)]
WATERFALL += [Run("1/20", 256, 0, 0.6, 12)]
WATERFALL += [Run("1/20", 256, 0, per, 25) for per in (0.64, 0.645, 0.65, 0.665, 0.67)]
WATERFALL += [Run("1/20", 256, 0, per, 100) for per in (0.655, 0.66)]  # where blocks begin to fail
WATERFALL += [Run("1/50", 256, 0, per, 24) for per in (0.66, 0.6715, 0.675, 0.68)]
FEW_BITS = [
    Run("1/20", 256, bits, per, 25)
    for bits, loads in ((1, (0.39, 0.41, 0.42)), (2, (0.54, 0.58)), (3, (0.59, 0.635)), (4, (0.61, 0.65)))
    for per in loads
]
DIMS = [Run("1/20", dim, 0, 0.622, memories) for dim, memories in ((128, 100), (512, 8), (2048, 1))]
# The matrix of 300 million parameters is filled; of its 3,732 blocks 42 are read, 2 million message bits.
LARGE = [Run("1/20", 4096, 0, 0.622, 1), Run("1/20", 17_321, 0, 0.622, 1, read=42)]
RUNS = FULL + WATERFALL + FEW_BITS + DIMS + LONG


def layout(rate, dim, per, longest=0):
    """(length, blocks) nearest to these bits per parameter, in blocks of about `longest` entries."""
    from hebbsim.codes.graph import BASE, ENSEMBLES

    entries = per * dim * dim * BASE / ENSEMBLES[rate].columns
    blocks = max(1, round(entries / (longest or LONGEST[rate])))
    return BASE * round(entries / blocks / BASE), blocks


def run(runs, out):
    """Append what is missing, one line a memory."""
    from hebbsim.codes import multi_edge
    from hebbsim.storage.coded_trial import coded_trial

    identity = ("rate", "dim", "bits", "per", "trial", "digest")
    done = {tuple(row[name] for name in identity) for row in read(out)}
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("a") as file:
        for rate, dim, bits, per, memories, some, longest in (Run(*each) for each in runs):
            length, blocks = layout(rate, dim, per, longest)
            code = multi_edge(rate=rate, length=length)
            for trial in range(memories):
                if (rate, dim, bits, per, trial, code.digest) in done:
                    continue
                counts = coded_trial(code, dim, blocks, trial, bits=bits, read=some)
                line = {"rate": rate, "dim": dim, "bits": bits, "per": per, "length": length, "trial": trial}
                file.write(json.dumps(line | {"digest": code.digest} | counts) + "\n")
                file.flush()


def read(path):
    """The lines that are whole."""
    rows = []
    for line in path.read_text().splitlines() if path.exists() else ():
        try:
            rows.append(json.loads(line))
        except ValueError:
            continue  # cut off while it was written: run again
    return rows


def points(path=OUT / "decoded.ndjson"):
    """Sums over memories, one a (rate, dim, bits, per)."""
    found = defaultdict(lambda: defaultdict(int))
    for row in read(path):
        point = found[row["rate"], row["dim"], row["bits"], row["per"], row["length"]]
        point["memories"] += 1
        for name in SUMMED:
            point[name] += row[name]
        point["stored_bits"] += row.get("stored_bits", row["message_bits"])  # older lines: all blocks were read
    return {at: dict(point) for at, point in sorted(found.items())}


def interval(wrong, of, level=0.95):
    """Clopper-Pearson: exact limits of a share, or one limit of the whole level where none or all are wrong."""
    tail = (1 - level) / (1 if wrong in (0, of) else 2)
    low = 0.0 if wrong == 0 else float(betaincinv(wrong, of - wrong + 1, tail))
    return low, 1.0 if wrong == of else float(betaincinv(wrong + 1, of - wrong, 1 - tail))


def stored(at, point):
    """Message bits a parameter, of all blocks, read or not, right or wrong."""
    return point["stored_bits"] / point["memories"] / at[1] ** 2


def table(results):
    header = ["code", "dim", "weights", "block", "load", "signs wrong", "bits/parameter", "bits per stored bit"]
    header += ["memories", "read", "message bits", "bits wrong", "blocks", "blocks wrong", "unnoticed"]
    header += ["95 % limit of block error", "passes"]
    lines = []
    for at, p in points().items():
        rate, dim, bits, _, length = at
        share = p["message_bits"] / p["stored_bits"]
        per, load = stored(at, p), np.ceil(p["entries"] / share / p["memories"] / dim - 1e-6) / dim
        low, high = interval(p["wrong_blocks"], p["blocks"])
        limit = f"< {high:.2g}" if not p["wrong_blocks"] else f"{low:.2g} to {high:.2g}"
        line = [rate, dim, f"{bits} bits" if bits else "exact", f"{length:,}", f"{load:.3f}"]
        line += [f"{p['sign_errors'] / p['entries']:.4f}", f"{per:.4f}", f"{per / bits:.3f}" if bits else ""]
        line += [p["memories"], "all" if share == 1 else f"{share:.1%}", f"{p['message_bits']:,}", f"{p['errors']:,}"]
        line += [f"{p['blocks']:,}", p["wrong_blocks"], p["unnoticed"], limit, f"{p['iterations'] / p['blocks']:.1f}"]
        lines.append(line)
    return header, lines


def figure(results):
    made, axes = plot.figure(1)
    ax = axes[0]
    curves = [("1/10", 256), ("1/20", 64), ("1/20", 256), ("1/50", 256)]  # one block a memory
    for i, (rate, dim) in enumerate(curves):
        found = {stored(at, p): p for at, p in points().items() if at[:3] == (rate, dim, 0)}
        if not found:
            continue
        shares = {
            per: (p["wrong_blocks"] / p["blocks"], interval(p["wrong_blocks"], p["blocks"])) for per, p in found.items()
        }
        some = {per: share for per, share in shares.items() if share[0] > 0}
        none = {per: high for per, (share, (_, high)) in shares.items() if share == 0}
        colour, label = plot.COLOURS[i], f"rate {rate}, dim {dim}"
        if some:
            best = np.array([share for share, _ in some.values()])
            ends = np.array([end for _, end in some.values()]).T
            bars = np.abs(ends - best)
            marker = plot.MARKERS[i]
            ax.errorbar(
                list(some), best, bars, fmt=marker, ms=3.2, color=colour, elinewidth=0.8, capsize=1.5, label=label
            )
        if none:
            plot.limits(ax, list(none), list(none.values()), "" if some else label, i)
        share = {"1/10": 0.1, "1/20": 0.05, "1/50": 0.02}[rate]
        if dim == 256:
            ax.axvline(share * theory.code_threshold(rate), color=colour, lw=0.8, ls=plot.LINES[1])
    ax.set(yscale="log", ylim=(2e-4, 1.3), xlim=(0.48, 0.71))
    ax.set(xlabel="bits per parameter stored", ylabel="share of blocks read wrong")
    plot.title(ax, "One-shot and without error up to 0.65 bits per parameter; above that, blocks begin to fail")
    plot.legend(ax, loc="lower left")
    plot.note(
        ax,
        "Bars: 95 % Clopper-Pearson over the blocks of all memories; arrows: upper limits, no block wrong. "
        "Dashed: thresholds.",
    )
    return made


def main():
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", default=OUT / "decoded.ndjson", type=Path)
    parser.add_argument("--large", action="store_true", help="matrices of dim 4096 and 17,321 too: 20 minutes more")
    given = parser.parse_args()
    run(RUNS + (LARGE if given.large else []), given.out)


if __name__ == "__main__":
    main()
