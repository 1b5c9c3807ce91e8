"""Tokens by reader: one-shot argmax, the whitened one-shot read, and AMP over whole code words.

Run time: about half an hour on 2 cores, most of it the last two tasks. Figure: token errors against stored bits per
parameter, by reader and vocabulary.
Lines: theory of the whitened read; thresholds of AMP as dim grows (dotted). Table: every point. For V < dim only
dim (V - 1) numbers of the matrix are free: thresholds scale with (V - 1) / dim.
"""

import numpy as np

from hebbsim import plot, theory
from hebbsim.records.task import parse_label
from hebbsim.statistics.measurement import measurements

BUDGET = "half an hour on 2 cores"
DIM = 256


def tokens(vocabulary, stored, retrieval, dim=DIM, trials=2, **options):
    """A square memory holding `stored` bits per parameter in tokens."""
    patterns = [round(bits * dim * dim / np.log2(vocabulary)) for bits in stored]
    return dict(
        ensemble="tokens", ensemble_options={"vocabulary": vocabulary}, readout="argmax", retrieval=retrieval, dim=dim,
        num_patterns=patterns, probes=2048, trials=trials, **options,
    )  # fmt: skip


TASKS = []
for vocabulary in (64, 256, 1024, 4096):  # V / dim = 1/4, 1, 4, 16
    low = [0.04, 0.1, 0.2, 0.28, 0.4, 0.6] if vocabulary >= DIM else [0.04, 0.1, 0.2, 0.3]
    TASKS += [tokens(vocabulary, low, reader, trials=3) for reader in ("matched_filter", "whitened")]
TASKS += [
    tokens(16, [0.08, 0.1, 0.11, 0.12], "amp"),
    tokens(64, [0.3, 0.36, 0.41, 0.45], "amp"),
    tokens(256, [0.7, 1.1, 1.3, 1.45, 1.6], "amp"),
    tokens(1024, [0.7, 1.1, 1.3, 1.45, 1.6], "amp"),
    tokens(4096, [1.1, 1.3, 1.4, 1.5], "amp"),
    tokens(1024, [1.2], "amp", dim=512),
    tokens(4096, [1.2], "amp", dim=512),
    *(tokens(1024, [1.2], "amp", dim=1024, retrieval_options={"damping": damping}) for damping in (0.3, 0.5)),
    tokens(4096, [1.2], "amp", dim=1024),
]


def name_of(point):
    return parse_label(point.task.retrieval)[0]


def reader_of(point):
    """As the table says it: the damping too, where there is any."""
    name, options = parse_label(point.task.retrieval)
    return f"{name}, damping {options['damping']:g}" if options.get("damping") else name


def stored(point):
    """Bits of tokens written an entry."""
    return point.task.num_patterns * np.log2(point.vocabulary) / point.num_parameters


def table(results):
    header = ["V", "dim", "V / dim", "reader", "patterns", "bits/parameter stored", "token error", "hard", "soft",
              "iterations", "not converged", "trials"]  # fmt: skip
    lines = []
    for point in sorted(measurements(results), key=lambda p: (p.vocabulary, p.task.dim_key, name_of(p), p.load)):
        counts = point.counts
        known = "solves" in counts
        lines.append([
            point.vocabulary, point.task.dim_key, f"{point.vocabulary / point.task.dim_value:g}", reader_of(point),
            point.task.num_patterns, f"{stored(point):.4f}", point.error_rate, point.bits["hard"], point.bits["soft"],
            f"{counts['iterations'] / counts['solves']:.1f}" if known else "",
            int(counts["unconverged"]) if known else "", len(point.trials),
        ])  # fmt: skip
    return header, lines


def figure(results):
    made, axes = plot.figure(2)
    points = [point for point in measurements(results) if point.task.dim_key == DIM]
    for ax, name in ((axes[0], "whitened"), (axes[1], "amp")):
        for i, vocabulary in enumerate(sorted({point.vocabulary for point in points})):
            for reader, hollow in ((name, False), ("matched_filter", True)):
                if hollow and ax is axes[1]:
                    continue
                chosen = [p for p in points if p.vocabulary == vocabulary and name_of(p) == reader]
                chosen.sort(key=stored)
                if not chosen:
                    continue
                label = f"V = {vocabulary}" + (", plain" if hollow else "")
                x, rates = [stored(p) for p in chosen], [p.error_rate for p in chosen]
                plot.points(ax, x, rates, label, i, hollow)
                style = "--" if hollow else "-"
                ax.plot(x, [rate.best for rate in rates], style, color=plot.COLOURS[i], lw=0.4)
            if ax is axes[1]:
                ax.axvline(theory.token_capacity(vocabulary, DIM), color=plot.COLOURS[i], lw=0.8, ls=":")
            elif vocabulary <= DIM and chosen:
                patterns = np.linspace(0.02, 0.3 if vocabulary < DIM else 0.6, 30) * DIM * DIM / np.log2(vocabulary)
                law = theory.whitened_error(DIM, DIM, vocabulary, np.round(patterns))
                plot.theory(ax, patterns * np.log2(vocabulary) / DIM**2, law, "", i)
        ax.set(xlabel=f"bits of tokens stored per parameter, dim {DIM}", ylabel="token error", ylim=(-0.02, 1.02))
        ax.legend(loc="upper left")
    axes[0].set_title("One shot: whitening by the words' covariance")
    axes[1].set_title("AMP over words: every token back, then none")
    return made
