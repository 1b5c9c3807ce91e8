"""Keys that are hard on float32, by name: KEYS[name](rng, pairs, dim) -> keys (pairs, dim).

All but the two of `codes` are for rules that take any real key; those two are for rules of 0/1 codes.
"""

import numpy as np

CONDITION = 1e5  # of "ill-conditioned": the largest singular value of the keys over the smallest


def signs(rng, pairs, dim):
    return rng.choice([-1.0, 1.0], (pairs, dim))


def with_zeros(rng, pairs, dim):
    """Zero keys in the middle, beside the edges of chunks of 64, and last."""
    keys = signs(rng, pairs, dim)
    keys[[row for row in (2, 62, 63, 64, 65, 127, 128, pairs - 1) if row < pairs]] = 0.0
    return keys


def duplicates(rng, pairs, dim):
    """Six different keys, each written again and again with new values."""
    return signs(rng, 6, dim)[rng.integers(0, 6, pairs)]


def ill_conditioned(rng, pairs, dim, condition=CONDITION):
    """Gaussian keys whose directions have strengths from 1 down to 1 / condition."""
    left, _, right = np.linalg.svd(rng.standard_normal((pairs, dim)), full_matrices=False)
    return (left * np.logspace(0, -np.log10(condition), left.shape[1])) @ right * np.sqrt(pairs)


def correlated(rng, pairs, dim):
    """Nearly one and the same key: 99.995 % of the power is shared."""
    base = rng.standard_normal(dim)
    return np.sqrt(0.99995) * base + np.sqrt(0.00005) * rng.standard_normal((pairs, dim))


KEYS = {
    "signs": signs,
    "zero keys": with_zeros,
    "only zeros": lambda rng, pairs, dim: np.zeros((pairs, dim)),
    "duplicates": duplicates,
    "gaussian": lambda rng, pairs, dim: rng.standard_normal((pairs, dim)),
    "times 100": lambda rng, pairs, dim: 100 * rng.standard_normal((pairs, dim)),
    "times 1e4": lambda rng, pairs, dim: 1e4 * rng.standard_normal((pairs, dim)),
    "times 1e-4": lambda rng, pairs, dim: 1e-4 * rng.standard_normal((pairs, dim)),
    "mixed scales": lambda rng, pairs, dim: rng.standard_normal((pairs, dim)) * 10 ** rng.uniform(-3, 3, (pairs, 1)),
    "correlated": correlated,
    "ill-conditioned": ill_conditioned,
}


def codes(rng, pairs, dim, active=4):
    """0/1 rows with `active` ones."""
    return np.argsort(rng.random((pairs, dim)), axis=1) < active


CODES = {
    "codes": lambda rng, pairs, dim: 1.0 * codes(rng, pairs, dim),
    "zero keys": lambda rng, pairs, dim: codes(rng, pairs, dim) * (rng.random((pairs, 1)) < 0.7),
    "only zeros": KEYS["only zeros"],
    "duplicates": lambda rng, pairs, dim: 1.0 * codes(rng, 6, dim)[rng.integers(0, 6, pairs)],
    "all ones": lambda rng, pairs, dim: np.ones((pairs, dim)),
    "graded": lambda rng, pairs, dim: codes(rng, pairs, dim) * rng.uniform(0.01, 1, (pairs, dim)),
}


def hard_pairs(rule, kind, pairs, dim, seed=0):
    """(keys, values, queries) in float32 of the named kind, as the rule takes them; the queries are some of the keys."""
    rng = np.random.default_rng(seed)
    keys = (KEYS if "bipolar" in rule.accepts else CODES)[kind](rng, pairs, dim)
    values = signs(rng, pairs, dim) if "bipolar" in rule.accepts else 1.0 * codes(rng, pairs, dim)
    queries = keys[rng.integers(0, pairs, 9)]
    return np.float32(keys), np.float32(keys if rule.tied_only else values), np.float32(queries)


def kinds(rule):
    """The names of the hard inputs that a rule takes."""
    return list(KEYS if "bipolar" in rule.accepts else CODES)
