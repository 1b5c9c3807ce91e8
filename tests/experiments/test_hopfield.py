"""The Hopfield experiment: what it counts, against NumPy; its laws; and the transition at a small size."""

import jax.numpy as jnp
import numpy as np
import pytest
from repository import load_experiment

import hebbsim
from hebbsim.base import Field, Known, Truth
from hebbsim.readouts import READOUTS
from hebbsim.retrievals import RETRIEVALS
from hebbsim.rules import RULES
from hebbsim.theory import limits as theory_limits

experiment = load_experiment("hopfield")
RNG = np.random.default_rng


def settle(patterns, cues, steps):
    """Synchronous dynamics, float64: (last field, sweeps, moving at the end), all sweeps run one by one."""
    weights = patterns.T @ patterns * (1 - np.eye(patterns.shape[1]))
    sweeps, x, moving = 0, cues, np.ones(len(cues), bool)
    while sweeps < steps and moving.any():
        new = np.where(x @ weights == 0, x, np.sign(x @ weights))
        sweeps, x, moving = sweeps + 1, new, np.any(new != x, axis=1)
    return x @ weights, sweeps, moving


@pytest.mark.parametrize("steps", [30, 31])
def test_dynamics_and_kept_against_numpy(steps):
    """Loads about the transition: some probes rest, some go back and forth, some are lost; 6 of 36 are idle."""
    n, live, probes, survive = 120, 30, 36, 0.7
    patterns = RNG(0).choice([-1.0, 1.0], (live, n))
    index = np.arange(probes) % live
    cues = np.where(RNG(9).random((probes, n)) < 0.1, -1, 1) * patterns[index]
    raw, sweeps, moving = settle(patterns, cues[:live], steps)
    assert 0 < moving.sum() < live  # else the case tests nothing

    rule = RULES["hopfield"]()
    held = jnp.asarray(patterns, jnp.float32)
    retrieval = RETRIEVALS["attractor"](steps=steps)
    known = Known(lambda i: held[i], jnp.int32(live), 0, (), None)
    memory = rule.consolidate(rule.write(rule.init(n, n), held, held))
    found = retrieval.solve(memory, known)
    field = retrieval.field(rule, found, jnp.asarray(cues, jnp.float32), jnp.asarray(index))
    assert np.array_equal(field.value[:live], raw)
    assert (field.counts["iterations"], field.counts["unconverged"]) == (sweeps, moving.sum())

    rows = jnp.asarray(patterns[index], jnp.float32)
    truth = Truth(None, rows, (), None, rows, True, jnp.arange(probes) < live)
    counts = READOUTS["sign"](survive=survive).score(field, truth)
    overlap = np.sum(np.sign(np.asarray(field.value)) * patterns[index], axis=1)
    kept = overlap >= survive * n
    assert 0 < kept[:live].sum() < live
    assert np.array_equal(counts["kept"], kept) and np.array_equal(counts["kept_overlap"], kept * overlap)
    plain = READOUTS["sign"]().score(field, truth)
    assert plain.keys() == counts.keys() - {"kept", "kept_overlap"}
    assert all(np.array_equal(plain[name], counts[name]) for name in plain)
    assert READOUTS["sign"]().label == "sign"


def test_kept_at_the_very_threshold():
    """55 % of 400 entries is 220, though 0.55 * 400 in binary is more."""
    rows = jnp.ones((3, 400))
    value = jnp.stack([jnp.where(jnp.arange(400) < wrong, -1.0, 1.0) for wrong in (89, 90, 91)])
    truth = Truth(None, rows, (), None, rows, False, jnp.ones(3, bool))
    counts = READOUTS["sign"](survive=0.55).score(Field(value, jnp.float32(jnp.nan), {}), truth)
    assert counts["kept"].tolist() == [1, 1, 0] and counts["kept_overlap"].tolist() == [222, 220, 0]
    with pytest.raises(hebbsim.HebbsimError, match="from 0 to 1"):
        READOUTS["sign"](survive=1.5)


def test_patterns_stay_below_the_transition_and_go_above_it():
    below, above = hebbsim.curve(
        rule="hopfield",
        tied=True,
        retrieval="attractor",
        readout="sign",
        readout_options={"survive": 0.7},
        dim=256,
        loads=[0.07, 0.4],
        probes=32,
        trials=4,
    )
    assert experiment.kept_share(below.counts) > 0.98 and experiment.kept_share(above.counts) < 0.1
    assert below.bits == {"hard": below.bits_per_parameter}  # the count of the kept disturbs no bits
    assert below.counts["probes"] == 4 * 18  # of 32: the others are idle


def test_laws_of_the_transition():
    """Unclipped: hopfield_load by another route. Clipped: the published 0.102."""
    assert np.allclose(experiment.transition(False)[0], theory_limits.hopfield_capacity()[0], atol=1e-7)
    y = np.linspace(1, 2.5, 7)
    overlaps = experiment.erf(y)
    assert np.allclose(experiment.load_of(y), theory_limits.hopfield_load(overlaps), rtol=1e-12)
    assert round(experiment.transition(True)[0], 3) == 0.102
    for load, published in ((0.10, 0.0010), (0.12, 0.0034), (0.13, 0.0064)):
        assert round(experiment.wrong_bits(load), 4) == published
