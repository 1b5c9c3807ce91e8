"""Memory is foretold before any is allocated, and where a device has none left the counts stay the same."""

import jax
import pytest

from hebbsim import collect as collecting
from hebbsim.collect import collect
from hebbsim.errors import HebbsimError
from hebbsim.records import digest, read
from hebbsim.simulate import memory, placement, trial
from hebbsim.simulate.plan import sweep

SPECS = {
    "an outer product": {"dim": 256, "loads": [1.0]},
    "many probes read softly": {"dim": 128, "loads": [32.0], "probes": 4096, "readout": "soft"},
    "and by age": {"dim": 128, "loads": [8.0], "probes": 1024, "readout": "soft", "ages": (3, 9)},
    "a solver given keys": {"retrieval": "amp", "dim": 256, "loads": [1.0]},
    "a codebook": {
        "ensemble": "tokens",
        "ensemble_options": {"vocabulary": 16384},
        "readout": "argmax",
        "dim": 64,
        "loads": [4.0],
    },
    "a decomposition": {"rule": "pseudo_inverse", "dim_key": 512, "dim_value": 64, "loads": [0.5]},
    "a rule that trains": {"rule": "perceptron", "dim": 128, "loads": [1.5]},
    "chunks with gates for each channel": {"rule": "kda", "dim": 256, "loads": [1.0]},
    "many levels": {"rule": "log_linear", "dim": 128, "loads": [1.0]},
    "features": {
        "rule": "linear_attention",
        "rule_options": {"feature_map": "taylor"},
        "dim": 64,
        "loads": [1.0],
        "probes": 64,
    },
    "least squares": {"retrieval": "ridge", "dim": 128, "loads": [4.0], "readout": "soft"},
    "a box": {"retrieval": "box", "dim": 128, "loads": [4.0]},
    "a covariance that is told": {
        "retrieval": "whitened_query",
        "ensemble": "correlated",
        "dim": 256,
        "loads": [1.0],
        "readout": "soft",
    },
    "running sums in few bits": {
        "rule": "delta",
        "precision": "bfloat16",
        "precision_options": {"every": 8},
        "dim": 256,
        "loads": [1.0],
    },
    "stored rows": {"rule": "softmax_attention", "dim": 64, "loads": [4.0], "readout": "soft"},
}


@pytest.mark.parametrize("name", SPECS)
def test_what_is_foretold_is_what_the_compiler_needs(name):
    plan = sweep(**{"probes": 128} | SPECS[name])
    needed = memory.needed_by(trial.program(plan.spec, 1, 16), 1)
    assert needed > 0
    assert 0.5 * needed < placement.memory_needed(plan.spec, 1) < 5 * needed


def test_a_compiled_trial_that_does_not_fit_is_refused_with_figures(monkeypatch):
    plan = sweep(dim=24, num_patterns=[8])
    monkeypatch.setattr(placement, "memory_free", lambda: 1000.0)
    trial.program.cache_clear()
    with pytest.raises(HebbsimError, match=r"hebbian, dims 24 x 24: needs .* GiB, 0\.00 GiB are free"):
        trial.program(plan.spec, 1, 16)


def full_above(most, monkeypatch):
    """A device without memory for blocks of more pairs than this."""
    true_run, tried = trial.run, []

    def run(spec, *rest):
        tried.append(spec.block)
        if spec.block > most:
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 123 bytes")
        return true_run(spec, *rest)

    monkeypatch.setattr(collecting.trial, "run", run)
    monkeypatch.setattr(collecting, "_SMALLER", {})
    return tried


def test_where_a_device_is_full_blocks_are_halved_and_counts_stay(tmp_path, monkeypatch):
    plan = sweep(dim_key=128, dim_value=8, num_patterns=[200], probes=32)
    plan = plan._replace(spec=plan.spec._replace(block=128))
    collect([plan], 4, tmp_path / "a" / "records.jsonl")
    tried = full_above(40, monkeypatch)
    collect([plan], 4, tmp_path / "b" / "records.jsonl")
    assert digest(read(tmp_path / "a")) == digest(read(tmp_path / "b"))
    assert tried[:3] == [128, 64, 32] and set(tried[3:]) <= {32}


def test_where_counts_could_change_it_ends_with_the_figure(tmp_path, monkeypatch):
    plan = sweep(rule="decay", dim=16, num_patterns=[8])
    full_above(1, monkeypatch)
    with pytest.raises(HebbsimError, match=r"decay.*16 x 16: out of memory, needs about 0\.\d\d GiB"):
        collect([plan], 2, tmp_path / "a" / "records.jsonl")
    assert len(read(tmp_path / "a")) == 0


def test_another_error_is_not_taken_for_a_full_device(tmp_path, monkeypatch):
    def run(*given):
        raise jax.errors.JaxRuntimeError("INTERNAL: broken")

    monkeypatch.setattr(collecting.trial, "run", run)
    with pytest.raises(jax.errors.JaxRuntimeError, match="broken"):
        collect([sweep(dim=16, num_patterns=[8])], 2, tmp_path / "a" / "records.jsonl")
