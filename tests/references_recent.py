"""Float64 NumPy references for the rules of 2024 to 2026, one pair at a time, as tests/references.py has them.

Each takes `drop`, the name of a term to leave out or to get wrong: MUTANTS lists them, and a test demands that every
mutant is told from the rule. Share no code with the rules.
"""

import numpy as np


def sigmoid(x):
    return 0.5 * (1 + np.tanh(x / 2))


def gates_of(options, key):
    """One decay a key channel."""
    ones, decay = np.ones(len(key)), options["decay"]
    if options.get("gate", "constant") == "constant":
        return decay * ones
    if options["gate"] == "key":
        return decay ** (2 * sigmoid(key.sum() / np.sqrt(len(key)))) * ones
    return decay ** (2 * sigmoid(key))


def over_length(key):
    return key / (key @ key) if key @ key else 0 * key


def kda(options, keys, values, queries, drop=""):
    weights = np.zeros((keys.shape[1], values.shape[1]))
    for key, value in zip(keys, values, strict=True):
        gates = gates_of(options, key)
        if drop == "channels":
            gates = gates.mean() * np.ones(len(gates))
        decayed = gates[:, None] * weights
        read = key @ (weights if drop == "decay before the correction" else decayed)
        weights = decayed + options["rate"] * np.outer(over_length(key), value - (0 if drop == "correction" else read))
    return queries @ weights


def rwkv7(options, keys, values, queries, drop=""):
    weights = np.zeros((keys.shape[1], values.shape[1]))
    across = np.linspace(-1, 1, keys.shape[1])
    for key, value in zip(keys, values, strict=True):
        erase = key if drop == "removal key" else key * np.exp(options["spread"] * across)
        unit = erase / np.linalg.norm(erase) if erase @ erase else erase
        gates = gates_of(options, key)
        erased_from = gates[:, None] * weights if drop == "undecayed" else weights
        removal = 0 if drop == "removal" else options["removal"]
        written = options["rate"] * np.outer(over_length(key), value)
        weights = gates[:, None] * weights - removal * np.outer(unit, unit @ erased_from) + written
    return queries @ weights


def mlstm(options, keys, values, queries, drop=""):
    """As the equations stand, no stabiliser: float64 has the room for the tests' gates."""
    weights, normaliser = np.zeros((keys.shape[1], values.shape[1])), np.zeros(keys.shape[1])
    for key, value in zip(keys, values, strict=True):
        log_gate = key.sum() / np.sqrt(len(key)) if options["gate"] == "key" and drop != "input gate" else 0.0
        weights = options["decay"] * weights + np.exp(log_gate) * np.outer(key, value)
        kept = 1.0 if drop == "decay of the normaliser" else options["decay"]
        normaliser = kept * normaliser + np.exp(log_gate) * key
    whole = np.abs(queries @ normaliser)
    return (
        queries
        @ weights
        / (np.ones_like(whole) if drop == "normaliser" else np.maximum(whole, 0 if drop == "least" else 1))[:, None]
    )


def mamba3(options, keys, values, queries, drop=""):
    weights = np.zeros((keys.shape[1], values.shape[1]))
    before = np.zeros_like(weights)
    for key, value in zip(keys, values, strict=True):
        step = 2 * sigmoid(key.sum() / np.sqrt(len(key))) if options["gate"] == "key" else 1.0
        decay, share = options["decay"] ** step, options["share"]
        faded = 1.0 if drop == "decay of the previous pair" else decay
        width = 1.0 if drop == "step" else step
        earlier = 0 if drop == "previous pair" else (1 - share) * width * faded * before
        weights = decay * weights + earlier + share * width * np.outer(key, value)
        before = np.outer(key, value)
    return queries @ weights


def titans(options, keys, values, queries, drop=""):
    weights = np.zeros((keys.shape[1], values.shape[1]))
    velocity = np.zeros_like(weights)
    for key, value in zip(keys, values, strict=True):
        read_from = options["decay"] * weights if drop == "undecayed" else weights
        gradient = -np.outer(over_length(key), value - (0 if drop == "correction" else key @ read_from))
        velocity = (0 if drop == "momentum" else options["momentum"]) * velocity - options["rate"] * gradient
        weights = (1 if drop == "decay" else options["decay"]) * weights + velocity
    return queries @ weights


def preconditioned_delta(options, keys, values, queries, drop=""):
    weights, moment = np.zeros((keys.shape[1], values.shape[1])), np.zeros(keys.shape[1])
    for key, value in zip(keys, values, strict=True):
        before = moment
        moment = (1 if drop == "decay of the moment" else options["moment_decay"]) * moment + key * key
        used = before if drop == "newest key" else moment
        if not key @ key:
            continue
        scale = (used + options["floor"] * used.mean()) ** (0 if drop == "preconditioner" else options["power"])
        write = key / np.where(scale > 0, scale, 1)
        erase = write * (key @ key) / (key @ write) if drop == "erase along the key" else key
        weights = weights + options["rate"] * np.outer(write, value - erase @ weights) / (key @ write)
    return queries @ weights


def log_linear(options, keys, values, queries, drop=""):
    """The recurrence of the paper: at pair t the levels up to the lowest set bit of t join in the one above it."""
    last = options["levels"] - 1
    tree = {}
    for t, (key, value) in enumerate(zip(keys, values, strict=True)):
        if t:
            lowest = (t & -t).bit_length() - 1
            joined = [level for level in tree if level <= lowest]
            target = lowest + 1
            total = sum((tree.pop(level) for level in joined), np.zeros((keys.shape[1], values.shape[1])))
            tree[target] = tree.get(target, 0) + total
        tree[0] = np.outer(key, value)
    field = np.zeros((len(queries), values.shape[1]))
    for level, state in tree.items():
        power = level + 1 if drop == "level" else level if drop == "last level" else min(level, last)
        field += (1 if drop == "weight" else options["weight"] ** power) * (queries @ state)
    return field


def softmax_attention(options, keys, values, queries, drop=""):
    """The first `sinks` pairs are kept besides the newest `window`."""
    sinks, window = options["sinks"], options["window"]
    first = min(max(0, len(keys) - window), 0 if drop == "sinks" else sinks)
    rows = [*range(first), *range(max(0, len(keys) - window), len(keys))]
    fields = []
    for query in queries:
        scores = options["inverse_temperature"] * (keys[rows] @ query)
        shares = np.exp(scores - scores.max())
        fields.append(shares @ values[rows] / shares.sum())
    return np.array(fields)


REFERENCES = {
    "kda": kda,
    "rwkv7": rwkv7,
    "mlstm": mlstm,
    "mamba3": mamba3,
    "titans": titans,
    "preconditioned_delta": preconditioned_delta,
    "log_linear": log_linear,
}

VARIANTS = {
    "kda": [
        {"rate": 0.3, "decay": 0.8},
        {"gate": "key", "decay": 0.7},
        {"gate": "constant", "rate": 1.7},
        {"rate": 1.999, "decay": 1e-6},
        {"decay": 1 - 1e-6},
        {"decay": 1.0},
    ],
    "rwkv7": [
        {"rate": 0.3, "removal": 0.6, "decay": 0.8},
        {"gate": "key", "decay": 0.7},
        {"gate": "constant", "removal": 1.8, "decay": 0.9},
        {"spread": 0.8, "decay": 0.95},
        {"removal": 1.0, "decay": 1e-6},
        {"removal": 1.999, "decay": 1.0},
    ],
    "mlstm": [{"decay": 0.9}, {"gate": "constant"}, {"gate": "constant", "decay": 1e-6}, {"decay": 1 - 1e-6}],
    "mamba3": [
        {"decay": 0.7, "share": 0.8},
        {"gate": "key", "decay": 0.9},
        {"decay": 1e-6},
        {"decay": 1 - 1e-6},
        {"share": 1.0},
    ],
    "titans": [
        {"rate": 0.3, "momentum": 0.8},
        {"momentum": 0.0, "rate": 1.999},
        {"decay": 0.9},
        {"decay": 1e-6, "rate": 0.9},
    ],
    "preconditioned_delta": [
        {"rate": 0.3},
        {"rate": 1.999, "power": 0.3},
        {"moment_decay": 0.9, "power": 0.5},
        {"moment_decay": 1e-6, "floor": 0.3},
        {"floor": 1.0},
    ],
    "log_linear": [{"levels": 1}, {"levels": 3, "weight": 0.5}, {"levels": 12, "weight": 0.9}],
}

# (rule, options under which the term counts, the terms)
MUTANTS = [
    ("kda", {"decay": 0.8}, ["channels", "decay before the correction", "correction"]),
    ("rwkv7", {"decay": 0.8, "spread": 0.8}, ["removal key", "undecayed", "removal"]),
    ("mlstm", {"decay": 0.8}, ["input gate", "decay of the normaliser", "normaliser", "least"]),
    (
        "mamba3",
        {"decay": 0.8, "share": 0.4, "gate": "key"},
        ["previous pair", "decay of the previous pair", "step"],
    ),
    ("titans", {"decay": 0.8}, ["momentum", "undecayed", "correction", "decay"]),
    (
        "preconditioned_delta",
        {"moment_decay": 0.8},
        ["decay of the moment", "newest key", "preconditioner", "erase along the key"],
    ),
    ("log_linear", {"levels": 4, "weight": 0.5}, ["level", "last level", "weight"]),
]
