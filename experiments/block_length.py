"""What does an error-free bit cost? Bits per parameter that come back without error, against the length of a code block.

Run time: about 12 minutes on 2 cores. One-row blocks: value rows are words of a polar code and one read of one key is a
block; 64 or 256 keys, loads at shares of the best one by the normal approximation at block error 1e-3. Longer blocks run over
rows and are those of experiments/by_construction.py. Figure: the measured codes beside the normal approximation, and
what other criteria give: 1 % error, the sign of the field, the field itself, no error without a code.
"""

from hebbsim import plot, theory
from hebbsim.statistics.measurement import measurements

BUDGET = "12 minutes on 2 cores"
PATHS, BLOCK_ERROR = 256, 1e-3
SHOWN = 3e-3  # share of wrong blocks up to which a point is drawn
# entries of a row: (keys, shares of the best load, trials)
ROWS = {
    256: (256, (0.6, 0.7), 6),
    512: (256, (0.65, 0.75), 6),
    1024: (256, (0.7, 0.78), 6),
    2048: (256, (0.75, 0.82), 4),
    4096: (256, (0.8, 0.85), 2),
    17_321: (64, (0.8, 0.85), 2),
}


def loads(length):
    """Loads at the shares of the best one."""
    return [share * theory.best_block(length, BLOCK_ERROR).load for share in ROWS[length][1]]


CODED = dict(ensemble="coded", ensemble_options={"paths": PATHS}, readout="decode", probes=1024)
TASKS = {
    f"{length} entries of a row": dict(dim_key=keys, dim_value=length, loads=loads(length), trials=trials) | CODED
    for length, (keys, _, trials) in ROWS.items()
}


def blocks_of(measurement):
    """(wrong, of, unnoticed)"""
    counts = measurement.counts
    return int(counts["wrong_blocks"]), int(counts["blocks"]), int(counts["unnoticed"])


def table(results):
    from experiments.by_construction import interval

    header = ["entries of a block", "load", "message bits", "bits/parameter decoded", "of the normal approximation"]
    header += ["blocks", "wrong", "unnoticed", "95 % interval of block error", "trials"]
    lines = []
    for m in sorted(measurements(results), key=lambda m: (m.task.dim_value, m.load)):
        length, (wrong, of, unnoticed) = m.task.dim_value, blocks_of(m)
        low, high = interval(wrong, of)
        best, bits = theory.best_block(length, BLOCK_ERROR).bits_per_parameter, m.bits["decoded"].best
        line = [f"{length:,}", f"{m.load:.3f}", f"{int(m.counts['message_bits']) // of:,}", f"{bits:.4f}"]
        line += [f"{bits / best:.3f}", f"{of:,}", wrong, unnoticed, f"{low:.2g} to {high:.2g}", len(m.trials)]
        lines.append(line)
    return header, lines


def figure(results):
    import numpy as np

    from experiments.by_construction import points, stored

    made, axes = plot.figure(1)
    ax = axes[0]
    lengths = np.geomspace(256, 1e7, 30)
    limit = [theory.best_block(n, BLOCK_ERROR).bits_per_parameter for n in lengths]
    plot.theory(ax, lengths, limit, "best code, normal approximation", 0)
    found = {}
    for m in measurements(results):
        wrong, of, _ = blocks_of(m)
        if wrong <= SHOWN * of:
            found[m.task.dim_value] = max(found.get(m.task.dim_value, 0.0), m.bits["decoded"].best)
    ax.plot(list(found), list(found.values()), "s", ms=3.5, color=plot.COLOURS[1], label="polar code, one row")
    long = {}
    for at, p in points().items():
        if at[2] == 0 and not p["wrong_blocks"]:
            long[at[4]] = max(long.get(at[4], 0.0), stored(at, p))
    best = {n: per for n, per in long.items() if per >= max((q for m, q in long.items() if m <= n), default=0)}
    ax.plot(list(best), list(best.values()), "^", ms=3.5, color=plot.COLOURS[2], label="multi-edge code, many rows")
    ax.set(xscale="log", xlim=(200, 1.2e7), ylim=(0, 0.8))
    ax.set(xlabel="entries of a code block", ylabel="error-free bits per parameter")
    others = {
        theory.SOFT_LIMIT: "0.72: the undecided field",
        theory.HARD_LIMIT: "0.46: its sign",
        0.17: "0.17: 1 % of bits wrong",
        0.056: "0.06: none wrong, no code, dim 1024",
    }
    for height, text in others.items():
        plot.level(ax, height, text, right=height > 0.4, ls=":")
    plot.title(ax, "Bits without error: 0.62 per parameter takes code blocks of 800,000 entries")
    plot.legend(ax, loc="upper left", bbox_to_anchor=(0.36, 0.54))
    plot.note(
        ax,
        "Polar: at most 0.3 % of blocks wrong, not counted as bits; 95 % intervals over trials are in the table. "
        "Multi-edge: none wrong.",
    )
    return made
