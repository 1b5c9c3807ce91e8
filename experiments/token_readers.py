"""Tokens by reader: one-shot argmax, the whitened one-shot read, and AMP over whole code words.

Run time: about half an hour on 2 cores, most of it the last two tasks. Figure: token errors against stored bits per
parameter at dim 256, one-shot and by AMP, for two vocabularies; then where each reader passes 1 % error, against V / dim,
with theory's threshold of AMP as dim grows. Table: every point. For V < dim only dim (V - 1) numbers of the matrix are
free: thresholds scale with (V - 1) / dim.
"""

import itertools

import numpy as np

from hebbsim import plot, theory
from hebbsim.statistics.measurement import named

BUDGET = "half an hour on 2 cores"
DIM = 256


VOCABULARIES = (64, 256, 1024, 4096)  # V / dim = 1/4, 1, 4, 16
PLAIN, WHITE, AMP = "matched_filter", "whitened", "amp"
ANSWER = (
    "At V = dim = 256 and 0.4 bits stored per parameter {:.0%} of the tokens are wrong one-shot and {:.0%} "
    "whitened; by AMP {:.0%} at 1.45 bits and {:.0%} at 1.6.",
    [
        *(
            ({"V": 256, "reader": reader, "bits/parameter stored": bits}, "token error")
            for reader, bits in ((PLAIN, "0.4000"), (WHITE, "0.4000"), (AMP, "1.4500"), (AMP, "1.6000"))
        )
    ],
)
PASSED = {16: [0.08, 0.1, 0.11, 0.12], 64: [0.3, 0.36, 0.41, 0.45], 4096: [1.1, 1.3, 1.4, 1.5]}
PASSED |= {256: [0.7, 1.1, 1.3, 1.45, 1.6], 1024: [0.7, 1.1, 1.3, 1.45, 1.6]}


def tokens(vocabulary, stored, retrieval, dim=DIM, trials=2, **options):
    """A square memory holding `stored` bits per parameter in tokens."""
    patterns = [round(bits * dim * dim / np.log2(vocabulary)) for bits in stored]
    words = dict(ensemble="tokens", ensemble_options={"vocabulary": vocabulary}, readout="argmax")
    return dict(words, retrieval=retrieval, dim=dim, num_patterns=patterns, probes=2048, trials=trials, **options)


# (reader, V, dim, damping): the arguments of the curve
CURVES = {
    (reader, v, DIM, 0): tokens(
        v, (0.04, 0.1, 0.2, 0.28, 0.4, 0.6) if v >= DIM else (0.04, 0.1, 0.2, 0.3), reader, trials=3
    )
    for v in VOCABULARIES
    for reader in (PLAIN, WHITE)
}
CURVES |= {(AMP, v, DIM, 0): tokens(v, PASSED[v], AMP) for v in sorted(PASSED)}
CURVES |= {(AMP, v, 512, 0): tokens(v, [1.2], AMP, dim=512) for v in (1024, 4096)}
CURVES |= {
    (AMP, 1024, 1024, damping): tokens(1024, [1.2], AMP, dim=1024, retrieval_options={"damping": damping})
    for damping in (0.3, 0.5)
}
CURVES[AMP, 4096, 1024, 0] = tokens(4096, [1.2], AMP, dim=1024)


def name_of(reader, vocabulary, dim, damping):
    return f"{reader}, V = {vocabulary}, dim {dim}" + (f", damping {damping:g}" if damping else "")


TASKS = {name_of(*key): options for key, options in CURVES.items()}


def split(results):
    """{(reader, V, dim, damping): curve}."""
    found = named(results)
    return {key: found[name_of(*key)] for key in CURVES if name_of(*key) in found}


def stored(point):
    """Bits of tokens written an entry."""
    return point.task.num_patterns * np.log2(point.vocabulary) / point.num_parameters


def told(estimate):
    """The estimate, unless two trials leave it open by more than a quarter of a bit or of the tokens."""
    return estimate if estimate.trials > 2 or estimate.half < 0.25 else f"not decided by {estimate.trials} trials"


def table(results):
    header = ["V", "dim", "V / dim", "reader", "patterns", "bits/parameter stored", "token error", "hard", "soft"]
    lines = []
    for (reader, v, dim, damping), curve in sorted(split(results).items(), key=lambda item: (*item[0][1:3], *item[0])):
        for point in curve:
            counts, steps = point.counts, ["", ""]
            if "solves" in counts:
                steps = [f"{counts['iterations'] / counts['solves']:.1f}", int(counts["unconverged"])]
            line = [v, dim, f"{v / dim:g}", f"{reader}, damping {damping:g}" if damping else reader]
            line += [point.task.num_patterns, f"{stored(point):.4f}"]
            line += [told(e) for e in (point.error_rate, point.bits["hard"], point.bits["soft"])]
            lines.append([*line, *steps, len(point.trials)])
    return [*header, "iterations", "not converged", "trials"], lines


def crossing(curve):
    """Bits per parameter stored where the token error passes 1 %: the last point below and the first above; None."""
    pairs = list(itertools.pairwise(curve))
    return next(((stored(a), stored(b)) for a, b in pairs if a.error_rate.best <= 0.01 < b.error_rate.best), None)


def figure(results):
    made, (top, bottom) = plot.figure(2, height=2.5)
    found = split(results)
    readers = ((PLAIN, "plain"), (WHITE, "whitened"), (AMP, "AMP"))
    for i, (reader, label) in enumerate(readers):
        for v, hollow in ((256, False), (4096, True)):
            curve = found.get((reader, v, DIM, 0), [])
            x, rates = [stored(p) for p in curve], [p.error_rate for p in curve]
            plot.points(top, x, rates, f"{label}, V = {v:,}", i, hollow, joined=True)
    top.set(
        xlabel=f"bits of tokens stored per parameter, dim {DIM}",
        ylabel="token error",
        xlim=(0, 1.65),
        ylim=(-0.03, 1.06),
    )
    plot.ticks(top, [0, 0.25, 0.5, 0.75, 1], axis="y")
    plot.legend(top, loc="upper left", ncols=2)
    plot.title(top, "AMP over whole words returns every token far beyond what one-shot reads return")
    for i, (reader, label) in enumerate(readers):
        ends = {v: crossing(found.get((reader, v, DIM, 0), [])) for v in sorted(PASSED)}
        for v, both in ends.items():
            if both:
                shift = 1.12 ** (i - 1)
                bottom.plot([v / DIM * shift] * 2, both, "-", color=plot.COLOURS[i], lw=1.5, solid_capstyle="butt")
                bottom.plot(
                    [v / DIM * shift] * 2,
                    both,
                    plot.MARKERS[i],
                    color=plot.COLOURS[i],
                    ms=3.2,
                    label="_" if v != 1024 else label,
                )
    words = np.geomspace(12, 5500, 40)
    limits = [theory.token_capacity(int(v), DIM) for v in words]
    plot.theory(bottom, words / DIM, limits, "threshold of AMP", 2)
    plot.claim(bottom, right=False)
    bottom.set(
        xscale="log", xlabel=f"V / dim, dim {DIM}", ylabel="bits stored per parameter", ylim=(0, 1.75), xlim=(0.04, 25)
    )
    plot.ticks(bottom, [v / DIM for v in sorted(PASSED)], ["1/16", "1/4", "1", "4", "16"])
    plot.legend(bottom, loc="center right", bbox_to_anchor=(1, 0.6))
    plot.title(bottom, "1 % of tokens wrong: AMP passes 0.7 from V = dim on, no one-shot read does")
    plot.note(
        bottom,
        "Below: from the last load under 1 % error to the first above it. Plain and whitened reads are one-shot.",
    )
    return made
