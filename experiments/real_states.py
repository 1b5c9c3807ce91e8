"""How many bits does the recurrent state of a released model hold? Heads at their own finite size, keys shared by groups.

Run time: about 2 minutes on 2 cores. Figure: megabits of the whole state by reader, for four models. Table: the same
with bits per parameter. A head is one memory of dim_key x (group * dim_value). Pairs are +-1; the outer-product sum is
read one-shot (the field itself; at 1 % errors) and by AMP with all keys known; the model's own update, its gates held
constant, is a long stream read one-shot and summed over ages. Numbers of a trained model depend on its keys and gates.
"""

import numpy as np

from hebbsim import fit, plot
from hebbsim.answers.models import MODELS
from hebbsim.errors import HebbsimError
from hebbsim.statistics.measurement import named

NAMES = ("Qwen3-Next 80B-A3B", "Kimi Linear 48B-A3B", "Mamba-2 2.7B", "RWKV-7 2.9B")
GATES = {
    "gated_delta": {"rate": 0.5, "decay": 0.998},
    "kda": {"rate": 0.5, "decay": 0.998},
    "decay": {"decay": 0.998, "gate": "key"},
    "rwkv7": {"rate": 0.5, "removal": 0.5, "decay": 0.998},
}
STREAM = 12  # load of a stream; older pairs carry next to nothing at these gates
BUDGET = "2 minutes on 2 cores"


def shape(name):
    """(dim_key, dim_value) of the memory under one key head."""
    model = MODELS[name]
    return model.dim_key, model.group * model.dim_value


def own(name):
    """The arguments of a long stream through the model's own update, read by age."""
    rule, (key, value) = MODELS[name].rule, shape(name)
    ages = sorted({1, *(round(STREAM * key * (i / 12) ** 2) for i in range(1, 12))})
    stream = dict(num_patterns=[STREAM * key], ages=ages, probes=STREAM * key, trials=4)
    return dict(rule=rule, rule_options=GATES[rule], readout="soft", dim_key=key, dim_value=value) | stream


def plain(key, value):
    return f"outer products, {key} x {value}"


TASKS = {}
for key, value in sorted({shape(name) for name in NAMES}):
    sized = {"rule": "hebbian", "dim_key": key, "dim_value": value, "probes": 256, "trials": 6}
    TASKS[plain(key, value)] = dict(readout="soft", loads=[0.125, 0.1875, 0.25, 1, 4, 16], **sized)
    if value < 1024:
        loads = [1.4, 1.6, 1.8, 2.0, 2.2]
        TASKS[f"{plain(key, value)}, AMP"] = dict(readout="sign", retrieval="amp", loads=loads, **sized)
TASKS |= {f"{name}, its own rule": own(name) for name in NAMES}

READERS = (
    ("soft", "outer products, the field itself"),
    ("hard", "outer products, signs at 1 % errors"),
    ("amp", "outer products, AMP with all keys, 1 % errors"),
    ("own", "the model's own rule, the field itself"),
)


def at_one_percent(points):
    """Bits per parameter where the error rate crosses 1 %, or None if it does not between the loads measured."""
    try:
        return fit.load_at_error(sorted(points, key=lambda point: point.load)).bits
    except HebbsimError:
        return None


def rows_of(results):
    """(model, reader, Estimate or None of bits per parameter)."""
    curves, found = named(results), []
    for name in NAMES:
        outer = plain(*shape(name))
        known = curves.get(f"{outer}, AMP")
        found.append((name, "soft", max((p.bits_per_parameter for p in curves[outer]), key=lambda bits: bits.best)))
        found.append((name, "hard", at_one_percent(curves[outer])))
        found.append((name, "amp", at_one_percent(known) if known else None))
        found.append((name, "own", curves[f"{name}, its own rule"][0].bits_per_parameter))
    return found


def scaled(estimate, by):
    return estimate._replace(low=by * estimate.low, best=by * estimate.best, high=by * estimate.high)


def table(results):
    words, rows = dict(READERS), []
    for name, reader, bits in rows_of(results):
        model, (key, value) = MODELS[name], shape(name)
        state = f"{model.layers} x {model.heads * model.dim_value // value} x {key} x {value}"
        said = ["not measured", "", ""] if bits is None else [bits, scaled(bits, model.entries / 1e6).number(), ""]
        if bits is not None:
            said[2] = f"{bits.best * model.entries / 8e6:.3f}"
        rows.append([name, state, f"{model.entries:,}", words[reader], *said])
    return ["model", "memories", "entries", "reader", "bits per parameter", "megabits", "megabytes"], rows


def figure(results):
    made, axes = plot.figure(1, height=3.2)
    rows = rows_of(results)
    for i, (reader, text) in enumerate(READERS):
        chosen = [(name, bits) for name, kind, bits in rows if kind == reader and bits is not None]
        places = [NAMES.index(name) + 0.16 * (i - 1.5) for name, _ in chosen]
        plot.points(axes[0], places, [scaled(bits, MODELS[name].entries / 1e6) for name, bits in chosen], text, i)
    axes[0].set_xticks(
        np.arange(len(NAMES)), [name.rsplit(" ", 1)[0].replace(" ", "\n") for name in NAMES], fontsize=6.5
    )
    axes[0].set(ylabel="megabits in the whole state", yscale="log", ylim=(0.5, 1500), xlim=(-0.5, len(NAMES) - 0.5))
    plot.title(axes[0], "What the recurrent states of four models hold, by reader")
    plot.legend(axes[0], loc="upper left")
    return made
