"""A key comes again with a new value: is the new one recalled, and how much of the old one leaks?

Run time: about 1 minute on 2 cores. Figure: for each rule the error rate of the newest values and of the overwritten ones,
of which .5 means that nothing is left. Table: the same numbers. 32 +-1 pairs at dim 64, the second 16 with the keys of the
first 16. A sum of outer products recalls both alike; error correction takes the old value out as it writes the new one.
"""

import numpy as np

from hebbsim import plot
from hebbsim.statistics.measurement import named

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
COMMON = dict(ensemble_options={"rewrite": 0.5, "gap": GAP}, readout="sign", dim=DIM, trials=TRIALS)
COMMON |= dict(num_patterns=[2 * GAP], ages=[GAP], probes=2 * GAP)
TASKS = {rule: dict(rule=rule, rule_options=options) | COMMON for rule, options in RULES.items()}


def table(results):
    rows = []
    for (point,) in named(results).values():
        newest, old = point.age_error_rate
        rows.append([point.task.rule, newest, old, f"{100 * (1 - 2 * old.best):+.0f} %"])
    return ["rule", "error rate, newest value", "error rate, overwritten value", "overlap left of the old value"], rows


def figure(results):
    made, axes = plot.figure(1, height=3.9)
    found = {name: point.age_error_rate for name, (point,) in named(results).items()}
    places = np.arange(len(found))[::-1]
    for i, text in enumerate(("newest value", "overwritten value")):
        rates = [pair[i] for pair in found.values()]
        best = np.array([rate.best for rate in rates])
        bars = [[max(r.best - r.low, 0) for r in rates], [max(r.high - r.best, 0) for r in rates]]
        axes[0].errorbar(best, places, xerr=bars, fmt=plot.MARKERS[i], ms=3.5, color=plot.COLOURS[i], label=text)
    axes[0].axvline(0.5, color="0.5", lw=0.8, ls=":")
    axes[0].set_yticks(places, list(found), fontsize=6.3)
    axes[0].set(xlabel="error rate (0.5: nothing is left)", xlim=(-0.03, 0.65), ylim=(-0.7, len(found) + 0.8))
    plot.title(axes[0], "Of a key written twice, the delta rules forget the old value", 32)
    plot.note(axes[0], f"Bars: 95 % intervals over {TRIALS} trials.")
    plot.legend(axes[0], loc="upper center", ncols=2)
    return made
