"""A key comes again with a new value: is the new one recalled, and how much of the old one leaks?

Run time: about 1 minute on 2 cores. Figure: for each rule the error rate of the newest values and of the overwritten ones,
of which .5 means that nothing is left. Table: the same numbers. 32 +-1 pairs at dim 64, the second 16 with the keys of the
first 16. A sum of outer products recalls both alike; error correction takes the old value out as it writes the new one.
"""

from typing import Any

import numpy as np

from hebbsim import plot
from hebbsim.records.task import parse_label
from hebbsim.statistics.measurement import measurements

GAP, DIM, TRIALS = 16, 64, 24
BUDGET = "1 minute on 2 cores"
RULES = {
    "delta": {"rate": 1.0},
    "preconditioned_delta": {"rate": 1.0},
    "gated_delta": {"rate": 1.0, "decay": 0.99},
    "kda": {"rate": 1.0, "decay": 0.99},
    "rwkv7": {"rate": 1.0, "removal": 1.0, "decay": 0.99},
    "titans": {"rate": 0.5, "momentum": 0.5},
    "pseudo_inverse": {},
    "hebbian": {},
    "decay": {"decay": 0.95},
    "mamba3": {"decay": 0.95},
    "mlstm": {"decay": 0.95},
    "log_linear": {"weight": 0.5},
    "linear_attention": {},
    "softmax_attention": {"window": 32},
    "lact": {"chunk": 16, "rate": 1.0},
}
TASKS = [
    dict(
        rule=rule, rule_options=options, ensemble_options={"rewrite": 0.5, "gap": GAP}, readout="sign", dim=DIM,
        num_patterns=[2 * GAP], ages=[GAP], probes=2 * GAP, trials=TRIALS,
    )
    for rule, options in RULES.items()
]  # fmt: skip


def rows_of(results) -> list[tuple[Any, ...]]:
    """(rule, error rate of the newest values, of the overwritten ones), in the order of RULES."""
    found = {parse_label(p.task.rule)[0]: (p.task.rule, *p.age_error_rate) for p in measurements(results)}
    return [found[name] for name in RULES]


def table(results):
    rows = [
        [label, newest, old, f"{100 * (1 - 2 * old.best):+.0f} %"] for label, newest, old in rows_of(results)
    ]  # fmt: skip
    return ["rule", "error rate, newest value", "error rate, overwritten value", "overlap left of the old value"], rows


def figure(results):
    made, axes = plot.figure(1, height=3.9)
    rows = rows_of(results)
    places = np.arange(len(rows))[::-1]
    for i, text in enumerate(("newest value", "overwritten value")):
        rates = [row[1 + i] for row in rows]
        best = np.array([rate.best for rate in rates])
        bars = [[max(r.best - r.low, 0) for r in rates], [max(r.high - r.best, 0) for r in rates]]
        axes[0].errorbar(best, places, xerr=bars, fmt=plot.MARKERS[i], ms=3.5, color=plot.COLOURS[i], label=text)
    axes[0].axvline(0.5, color="0.5", lw=0.8, ls=":")
    axes[0].set_yticks(places, list(RULES), fontsize=6.3)
    axes[0].set(xlabel="error rate (0.5: nothing is left)", xlim=(-0.03, 0.65), ylim=(-0.7, len(rows) + 0.8))
    plot.title(axes[0], "Of a key written twice, the delta rules forget the old value", 32)
    plot.note(axes[0], f"Bars: 95 % intervals over {TRIALS} trials.")
    plot.legend(axes[0], loc="upper center", ncols=2)
    return made
