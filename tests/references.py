"""One float64 NumPy reference for each rule, written from its equation and one pair at a time.

REFERENCES[name](options, keys, values, queries) returns the field (queries, dim_value) that the rule's docstring
promises after the pairs (pairs, dim) were written in order to an empty memory. `options` holds every option of the
rule; `expected` fills in the defaults. VARIANTS lists the options that the laws try besides the defaults: together they
must take every option away from its default once.

To add a rule, add one function, one line in REFERENCES and one line in VARIANTS. Share no code with the rule: of
hebbsim, only the random constants that a rule draws from its `seed` may be drawn in the same way.
"""

import inspect

import jax
import numpy as np
import references_recent

import hebbsim


def outer_products(options, keys, values, queries):
    weights = np.zeros((keys.shape[1], values.shape[1]))
    for key, value in zip(keys, values, strict=True):
        weights += np.outer(key, value)
    return queries @ weights


def willshaw(options, keys, values, queries):
    weights = np.zeros((keys.shape[1], values.shape[1]), bool)
    for key, value in zip(keys, values, strict=True):
        weights |= np.outer(key > 0, value > 0)
    return queries @ weights


def covariance(options, keys, values, queries):
    weights = np.zeros((keys.shape[1], values.shape[1]))
    for key, value in zip(keys, values, strict=True):
        weights += np.outer(key - keys.mean(), value - values.mean())
    return queries @ weights


def hopfield(options, keys, values, queries):
    weights = np.zeros((keys.shape[1], keys.shape[1]))
    for pattern in keys:
        weights += np.outer(pattern, pattern)
    np.fill_diagonal(weights, 0.0)
    return queries @ (np.sign(weights) if options["clipped"] else weights)


def bcpnn(options, keys, values, queries):
    """Counts of pairs, and of `prior` pairs more in which the units are independent; one weight at a time."""
    prior, total = options["prior"], len(keys) + options["prior"]
    rates = []
    for side in (keys, values):
        activity = (side.sum() + prior / 2) / (side.size + prior)
        rates.append([(column.sum() + prior * activity) / total for column in side.T])
    weights = np.zeros((keys.shape[1], values.shape[1]))
    for i, p_key in enumerate(rates[0]):
        for j, p_value in enumerate(rates[1]):
            # p_ij / (p_i p_j) = 1 + (n_ij - pairs p_i p_j) / (total p_i p_j), which keeps its digits near 1.
            excess = (keys[:, i] @ values[:, j] - len(keys) * p_key * p_value) / (total * p_key * p_value)
            weights[i, j] = np.log1p(excess)
    return np.log(rates[1]) + queries @ weights


def gates_of(options, key):
    """How much of each row of the weights is left when `key` comes."""
    if options["gate"] == "constant":
        return np.full(len(key), options["decay"])
    drive = np.full(len(key), key.sum() / np.sqrt(len(key))) if options["gate"] == "key" else key
    with np.errstate(over="ignore"):
        return options["decay"] ** (2 / (1 + np.exp(-drive)))


def decay(options, keys, values, queries):
    weights = np.zeros((keys.shape[1], values.shape[1]))
    for key, value in zip(keys, values, strict=True):
        weights = gates_of(options, key)[:, None] * weights + np.outer(key, value)
    return queries @ weights


def delta(options, keys, values, queries):
    """Also the gated form: the memory decays first, then what it recalls at the key is corrected."""
    weights = np.zeros((keys.shape[1], values.shape[1]))
    for key, value in zip(keys, values, strict=True):
        weights *= options.get("decay", 1.0)
        if key.any():
            weights += options["rate"] * np.outer(key, value - key @ weights) / (key @ key)
    return queries @ weights


def features_of(options, x):
    """The feature map of one key or query."""
    name, dim = options["feature_map"], len(x)
    count = options["features"]
    if name == "identity":
        return x
    if name == "elu":
        return np.where(x > 0, x + 1, np.exp(np.minimum(x, 0.0)))
    if name == "relu":
        return x * (x > 0)
    if name == "dpfp":
        both = np.array([max(entry, 0.0) for entry in [*x, *-x]])
        return np.array([both[j] * both[j - shift] for shift in range(1, max(count, 1) + 1) for j in range(2 * dim)])
    x = x / dim**0.25
    if name == "taylor":
        return np.concatenate([[1.0], x, np.outer(x, x).ravel() / np.sqrt(2)])
    normal = np.float64(jax.random.normal(jax.random.key(options["seed"]), (dim, count or 256)))
    return np.exp(x @ normal - x @ x / 2) / np.sqrt(count or 256)


def linear_attention(options, keys, values, queries):
    fields = []
    mapped_keys = [features_of(options, key) for key in keys]
    for query in queries:
        mapped, field, total = features_of(options, query), np.zeros(values.shape[1]), 0.0
        for mapped_key, value in zip(mapped_keys, values, strict=True):
            field, total = field + (mapped @ mapped_key) * value, total + mapped @ mapped_key
        fields.append((field / total if total else field * 0) if options["normalise"] else field)
    return np.array(fields)


def pseudo_inverse(options, keys, values, queries):
    """Least squares by the singular values of the keys themselves, with sqrt(ridge) times the identity as further keys."""
    dim_key = keys.shape[1]
    rows = np.concatenate([keys, np.sqrt(options["ridge"]) * np.eye(dim_key)])
    goals = np.concatenate([values, np.zeros((dim_key, values.shape[1]))])
    return queries @ np.linalg.lstsq(rows, goals, rcond=1e-13)[0]


def perceptron(options, keys, values, queries):
    """Alternating directions, one column at a time, on the newest pairs."""
    keys, values = keys[-options["window"] :], values[-options["window"] :]
    gram = keys.T @ keys
    solver = np.linalg.inv(gram + max(1e-3 * np.mean(np.diag(gram)), 1e-30) * np.eye(len(gram))) @ keys.T
    columns = []
    for value in values.T:
        target, price = value, np.zeros(len(value))
        for _ in range(options["steps"]):
            weights = solver @ (target - price)
            field = keys @ weights
            if np.all((value * field > options["margin"] * np.linalg.norm(weights)) | (value == 0)):
                break
            relaxed = 1.6 * field - 0.6 * target
            target = value * np.maximum(1.0, value * (relaxed + price))
            price = price + relaxed - target
        columns.append(queries @ weights)
    return np.array(columns).T


def holographic(options, keys, values, queries):
    weights = np.zeros(keys.shape[1])
    for key, value in zip(keys, values, strict=True):
        weights += key * value
    return queries * weights


def hyena(options, keys, values, queries):
    dim, window, name = keys.shape[1], options["window"], options["filter"]
    across = (2 * np.arange(dim) + 1) / dim - 1
    turn = 2 * np.pi * np.float64(jax.random.uniform(jax.random.key(options["seed"]), (2, 8, dim)))
    total = np.zeros(dim)
    for age, (key, value) in enumerate(zip(keys[::-1], values[::-1], strict=True)):
        if age == window:
            break
        tap = options["decay"] ** (age * np.exp(options["spread"] * across))
        if name == "modulated":
            tap = tap * sum(np.cos(age * turn[0, n] / 2 + turn[1, n]) for n in range(8)) / 2
        total += tap * key * value
    return queries * total


def silu(x):
    with np.errstate(over="ignore"):  # exp(1e4): the sigmoid is 0
        return x / (1 + np.exp(-x))


def network(weights, x):
    """What the fast weights of lact answer."""
    w1, w2, w3 = weights
    x = x / np.sqrt(len(w1))
    return silu(x @ w1) * (x @ w3) @ w2 / np.sqrt(len(w2))


def lact_weights(options, keys, values):
    """First weights from the seed; then one step a chunk, pair by pair, the slope of silu by differences."""
    hidden = options["hidden"]
    shapes = (keys.shape[1], hidden), (hidden, values.shape[1]), (keys.shape[1], hidden)
    rng_keys = jax.random.split(jax.random.key(options["seed"]), 3)
    weights = [np.float64(jax.random.normal(k, shape)) for k, shape in zip(rng_keys, shapes, strict=True)]
    weights = [w / np.sqrt(np.mean(w * w, axis=0)) for w in weights]
    for start in range(0, len(keys), options["chunk"]):
        w1, w2, w3 = weights
        moves = [np.zeros_like(w) for w in weights]
        for key, value in zip(*(side[start : start + options["chunk"]] for side in (keys, values)), strict=True):
            x, v = key / np.sqrt(len(w1)), value / np.sqrt(hidden)
            gate, up, back = x @ w1, x @ w3, w2 @ v
            slope = (silu(gate + 1e-5) - silu(gate - 1e-5)) / 2e-5
            moves[0] += np.outer(x, back * up * slope)
            moves[1] += np.outer(silu(gate) * up, v)
            moves[2] += np.outer(x, back * silu(gate))
        weights = [w + options["rate"] * move for w, move in zip(weights, moves, strict=True)]
        if options["renormalise"]:
            weights = [w / np.sqrt(np.mean(w * w, axis=0)) for w in weights]
    return weights


def lact(options, keys, values, queries):
    return network(lact_weights(options, keys, values), queries)


def softmax_attention(options, keys, values, queries):
    kept = [i for i in range(len(keys)) if i < options["sinks"] or i >= len(keys) - options["window"]]
    keys, values = keys[kept], values[kept]
    fields = []
    for query in queries:
        scores = options["inverse_temperature"] * (keys @ query)
        shares = np.exp(scores - scores.max())
        fields.append(shares @ values / shares.sum())
    return np.array(fields)


REFERENCES = {
    "hebbian": outer_products,
    "willshaw": willshaw,
    "covariance": covariance,
    "bcpnn": bcpnn,
    "hopfield": hopfield,
    "decay": decay,
    "linear_attention": linear_attention,
    "delta": delta,
    "gated_delta": delta,
    "pseudo_inverse": pseudo_inverse,
    "perceptron": perceptron,
    "holographic": holographic,
    "hyena": hyena,
    "lact": lact,
    "softmax_attention": softmax_attention,
    **references_recent.REFERENCES,
}

VARIANTS = {
    "bcpnn": [{"prior": 7.5}, {"prior": 1e6}],
    "hopfield": [{"clipped": True}],
    "decay": [{"decay": 0.8}, {"decay": 0.7, "gate": "key"}, {"decay": 0.7, "gate": "channel"}],
    "linear_attention": [
        {"feature_map": name, "normalise": normalise, **more}
        for name, more in {
            "identity": {},
            "elu": {},
            "relu": {},
            "dpfp": {"features": 3},
            "taylor": {},
            "favor": {"features": 40, "seed": 5},
        }.items()
        for normalise in (True, False)
    ],
    "delta": [{"rate": 0.3}, {"rate": 1.9}],
    "gated_delta": [{"rate": 0.3}, {"decay": 0.8}, {"rate": 1.7, "decay": 0.9}],
    "pseudo_inverse": [{"ridge": 0.5}, {"online": True}, {"online": True, "ridge": 0.5}],
    "perceptron": [{"window": 9}, {"steps": 4}, {"margin": 0.2, "steps": 50}],
    "hyena": [
        {"window": 9},
        {"filter": "exponential", "decay": 0.8, "spread": 0.7},
        {"filter": "modulated", "decay": 0.9, "spread": 0.3, "seed": 3},
    ],
    "lact": [{"chunk": 8, "hidden": 7, "rate": 0.5, "seed": 4}, {"chunk": 8, "rate": 0.3, "renormalise": False}],
    "softmax_attention": [{"window": 9}, {"inverse_temperature": 0.2}, {"window": 9, "sinks": 3}],
    **references_recent.VARIANTS,
}


def all_options(name, options):
    """The options of the rule `name`, the defaults filled in."""
    defaults = inspect.signature(hebbsim.RULES[name]).parameters
    return {option: options.get(option, parameter.default) for option, parameter in defaults.items()}


def expected(name, options, keys, values, queries):
    """The field in float64 that the rule `name` must give. Raises AssertionError for a rule without a reference."""
    assert name in REFERENCES, f"rule {name} has no float64 reference; add one to REFERENCES in tests/references.py"
    arrays = (np.asarray(array, np.float64) for array in (keys, values, queries))
    return REFERENCES[name](all_options(name, options), *arrays)


def relative_error(field, right):
    """The largest error over the largest entry of the right answer; not finite if any entry is not."""
    field, right = np.asarray(field, np.float64), np.asarray(right, np.float64)
    assert field.shape == right.shape
    return float(np.abs(field - right).max() / max(np.abs(right).max(), 1e-30))
