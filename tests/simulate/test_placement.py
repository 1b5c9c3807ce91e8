"""Which order a trial takes and where it lies: the cost model by hand, and the choices it leads to."""

import pytest

import hebbsim
from hebbsim.simulate import cost, placement


def test_costs_are_the_counts_of_multiply_adds():
    # 50 pairs in one block of 512, 600 more in two; 10 probes at each of the two loads
    assert cost.written([50, 650], 512) == 3 * (512 + 150)
    assert cost.by_state(8, 4, [50, 650], 10, 512, packed=True) == pytest.approx(8 * 4 * (3 * 662 / 7 + 20))
    # float rows: every pair, and part of a block on a copy at each load
    assert cost.by_state(8, 4, [50, 650], 10, 32, packed=False) == pytest.approx(8 * 4 * (650 + 2 * 32 + 20))
    assert cost.by_pairs(8, 4, [50, 100], 10) == pytest.approx(150 * 10 * (8 / 7 + 4))


def test_blocks_fit_the_steps_from_load_to_load():
    assert cost.packed_block([4096], 1024) == 1024
    assert cost.packed_block([341, 683, 1024], 1024) == 352  # 342 in whole words
    assert cost.packed_block([128 * i for i in range(1, 13)], 1024) == 128
    assert cost.packed_block([600 * i for i in range(1, 4)], 512) == 320  # two of them, not one and a half of 512
    assert cost.packed_block([10, 20], 64) == 32
    assert cost.packed_block([10, 20], 8) == 8  # no word fits


def test_few_pairs_and_probes_are_summed_pair_by_pair():
    few = hebbsim.sweep(dim=2048, loads=[0.1], probes=32)
    assert few.spec.form == "parallel"
    assert few.cost == cost.by_pairs(2048, 2048, [205], 32)
    many = hebbsim.sweep(dim=2048, loads=[0.1, 4.0], probes=2048)
    assert many.spec.form == "state"


@pytest.mark.parametrize(
    "options",
    [
        dict(rule="delta"),
        dict(retrieval="amp"),
        dict(precision="int8"),
        dict(ensemble="gaussian", readout="soft"),
        dict(dim=64),  # one compilation serves all loads of a small memory
    ],
    ids=str,
)
def test_what_is_no_plain_sum_of_signs_is_formed(options):
    assert hebbsim.sweep(**{"dim": 2048, "loads": [0.01], "probes": 1, **options}).spec.form == "state"


def test_order_does_not_enter_the_task():
    few, many = (hebbsim.sweep(dim=1024, loads=loads, probes=16) for loads in ([0.1], [0.1, 20.0]))
    assert few.tasks[0] == many.tasks[0]


def test_a_memory_too_large_for_one_device_is_shared_by_as_few_as_hold_it(monkeypatch):
    spec = hebbsim.sweep(dim=512, loads=[1.0], probes=16).spec
    whole, half, quarter = (placement.memory_needed(spec._replace(num_shards=n), 4) for n in (1, 2, 4))
    assert whole > half > quarter
    for free, split in ((whole, 1), (whole - 1, 2), (half - 1, 4)):
        monkeypatch.setattr(placement, "memory_free", lambda free=free: free)
        placed = hebbsim.sweep(dim=512, loads=[1.0], probes=16).spec
        assert placed.num_shards == split
    monkeypatch.setattr(placement, "memory_free", lambda: quarter - 1)
    with pytest.raises(hebbsim.HebbsimError, match="dims 512 x 512: hebbian needs about"):
        hebbsim.sweep(dim=512, loads=[1.0], probes=16)


def test_a_sum_that_fits_in_no_memory_is_taken_pair_by_pair(monkeypatch):
    options = dict(dim=1024, loads=[4.0], probes=1024)
    spec = hebbsim.sweep(**options).spec
    assert spec.form == "state"
    monkeypatch.setattr(placement, "memory_free", lambda: placement.memory_needed(spec._replace(form="parallel"), 4))
    assert hebbsim.sweep(**options).spec.form == "parallel"
