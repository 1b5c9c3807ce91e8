"""The readout threshold chooses what fits the rule, and the record says what ran."""

import pytest

import hebbsim

SPARSE = dict(ensemble="sparse", ensemble_options={"active": 6}, dim=120, num_patterns=150, probes=256, trials=2)


@pytest.mark.parametrize(
    ("rule", "select"), [("willshaw", "cue"), ("covariance", "winners"), ("bcpnn", "winners"), ("hebbian", "winners")]
)
def test_the_default_fits_the_rule(rule, select):
    default = hebbsim.measure(rule=rule, readout="threshold", **SPARSE)
    assert default.task.readout == f"threshold(select='{select}')"
    other = "cue" if select == "winners" else "winners"
    chosen, unfit = (
        hebbsim.measure(rule=rule, readout="threshold", readout_options={"select": s}, **SPARSE)
        for s in (select, other)
    )
    assert default.task == chosen.task
    assert all((default.counts[name] == chosen.counts[name]).all() for name in chosen.counts)
    if rule in ("covariance", "bcpnn"):  # a field of another scale; that of hebbian counts units too, and more of them
        assert default.bits_per_parameter.best > unfit.bits_per_parameter.best + 0.05


def test_covariance_with_the_obvious_command_gives_its_bits():
    of = dict(ensemble="sparse", ensemble_options={"active": 25}, dim=500, num_patterns=1000, trials=2)
    for rule, least in (("covariance", 0.3), ("bcpnn", 0.3)):
        assert hebbsim.measure(rule=rule, readout="threshold", **of).bits_per_parameter.best > least


def test_a_custom_rule_declares_that_its_fields_count_units():
    mine = hebbsim.RULES["willshaw"]()._replace(label="mine")
    assert hebbsim.measure(rule=mine, readout="threshold", **SPARSE).task.readout == "threshold(select='cue')"
    plain = mine._replace(provides=mine.provides - {"binary"})
    assert hebbsim.measure(rule=plain, readout="threshold", **SPARSE).task.readout == "threshold(select='winners')"


def test_other_selections_are_refused():
    with pytest.raises(hebbsim.HebbsimError, match="'auto', 'cue' or 'winners'"):
        hebbsim.READOUTS["threshold"](select="best")
