"""How often the size that a search returns is truly large enough, though the search looks many times."""

import dataclasses

import numpy as np

import hebbsim
from hebbsim import measuring, theory
from hebbsim.answers.size import size
from hebbsim.statistics.measurement import Measurement

PAIRS, ERROR = 20, 0.05


def test_the_size_that_is_found_is_enough_and_the_other_end_too_small(monkeypatch):
    """A Hebbian memory in NumPy, whose true error rate is known, under the search as it is."""
    record = hebbsim.measure(dim=8, num_patterns=PAIRS, trials=2).records[0]

    def measured(num_patterns, trials, dim_key, dim_value, seed):
        task = dataclasses.replace(
            record.task, dim_key=dim_key, dim_value=dim_value, num_patterns=num_patterns, seed=seed
        )
        found = []
        for trial in range(trials):
            rng = np.random.default_rng((seed, dim_key, trial))
            keys, values = (rng.choice(np.float32([-1, 1]), (num_patterns, dim)) for dim in (dim_key, dim_value))
            aligned = keys @ (keys.T @ values) * values
            counts = {"bits": aligned.size, "errors": np.sum(aligned < 0), "ties": np.sum(aligned == 0)}
            counts |= {"probes": num_patterns}
            found.append(record._replace(task=task, trial=trial, counts=counts, num_parameters=dim_key * dim_value))
        return Measurement(task, tuple(found), 0.95)

    monkeypatch.setattr(measuring, "measure", measured)
    found = [size(pairs=PAIRS, error=ERROR, seed=seed) for seed in range(20)]
    enough = [theory.bit_error_exact(one.dim, PAIRS) <= ERROR for one in found]
    short = [theory.bit_error_exact(one.short.task.dim_key, PAIRS) > ERROR for one in found if one.short]
    assert sum(enough) >= 19 and sum(short) >= 19, found
    assert all(one.dim <= 57 for one in found)  # the smallest that is enough is 52
