"""Which order a trial takes and where it lies: the cost model by hand, and the choices it leads to."""

import functools
import types

import jax
import jax.numpy as jnp
import pytest

import hebbsim
from hebbsim.kernels import packed
from hebbsim.simulate import cost, placement, rates


def test_costs_are_the_counts_of_multiply_adds():
    row, step, touch = cost.RATES.row, cost.STEP, cost.TOUCH
    read = 2 * (10 * (8 * 4 + 12 * row) + step)  # 10 probes drawn and read at each of two loads
    # 50 pairs in one block of 512, 600 more in two
    packed = 8 * 4 * 3 * 662 / 7 + 3 * step
    assert cost.by_state(8, 4, [50, 650], 10, 512, packed=True) == pytest.approx(packed + read)
    # float rows: every pair, and part of a block on a copy at each load
    rows = 8 * 4 * (650 + 2 * 32) + 2 * step
    assert cost.by_state(8, 4, [50, 650], 10, 32, packed=False) == pytest.approx(rows + read)
    # sums over pairs, in blocks of 32: 2 + 19 carried on; 2 + 21 anew; 20 + 2 copies completed where they are not exact
    each = 32 * (10 * (8 / 4 + 4) + 12 * row) + touch * 10 * 4 + step
    assert cost.by_sums(8, 4, [50, 650], 10, 32, True, True, True) == pytest.approx(21 * each)
    assert cost.by_sums(8, 4, [50, 650], 10, 32, True, True, False) == pytest.approx(23 * each)
    assert cost.by_sums(8, 4, [50, 650], 10, 32, True, False, True) == pytest.approx(22 * each)


def test_blocks_fit_the_steps_from_load_to_load():
    assert cost.packed_block([4096], 1024) == 1024
    assert cost.packed_block([341, 683, 1024], 1024) == 352  # 342 in whole words
    assert cost.packed_block([128 * i for i in range(1, 13)], 1024) == 128
    assert cost.packed_block([600 * i for i in range(1, 4)], 512) == 320  # two of them, not one and a half of 512
    assert cost.packed_block([10, 20], 64) == 32
    assert cost.packed_block([10, 20], 8) == 8  # no word fits


def test_the_cheaper_form_is_taken():
    few = hebbsim.sweep(dim=2048, loads=[0.1], probes=32)
    assert few.spec.form == "carried"
    many = hebbsim.sweep(dim=1024, loads=[4.0], probes=4096)
    assert many.spec.form == "state"
    ages = hebbsim.sweep(dim=2048, loads=[0.1], probes=32, ages=[10])  # other pairs are read at each load
    assert ages.spec.form == "parallel" and ages.tasks[0].version == 1


@pytest.mark.parametrize(
    "options",
    [
        dict(rule="delta"),
        dict(retrieval="amp"),
        dict(precision="int8"),
        dict(ensemble="bipolar", ensemble_options={"rewrite": 0.1, "gap": 2}, ages=[1], rule="decay"),
    ],
    ids=str,
)
def test_what_is_no_sum_over_pairs_is_formed(options):
    plan = hebbsim.sweep(**{"dim": 2048, "loads": [0.01], "probes": 1, **options})
    assert plan.spec.form == "state" and plan.tasks[0].version == 1


def test_a_form_can_be_asked_for_and_one_that_there_is_not_is_refused():
    for form in ("state", "carried", "parallel"):
        assert hebbsim.sweep(dim=32, loads=[1], form=form).spec.form == form
    with pytest.raises(hebbsim.HebbsimError, match=r"form = 'carried'; allowed for delta.* read so: state$"):
        hebbsim.sweep(rule="delta", dim=32, loads=[1], form="carried")
    with pytest.raises(hebbsim.HebbsimError, match=r"form = 'carried'; allowed for hebbian read so: state, parallel$"):
        hebbsim.sweep(dim=32, loads=[1], ages=[3], form="carried")


def test_rates_are_timed_once_and_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(rates, "_file", lambda: tmp_path / "rates.json")
    timed = []
    monkeypatch.setattr(rates, "time_kernels", lambda: timed.append(1) or cost.Rates(0.5, 0.25, 20.0))
    for _ in range(2):
        rates.measured.cache_clear()
        assert rates.measured() == cost.Rates(0.5, 0.25, 20.0)
    assert len(timed) == 1
    for damaged in ("{", "[]", '{"x": 1}', (tmp_path / "rates.json").read_text().replace("0.5", '"much"')):
        (tmp_path / "rates.json").write_text(damaged)
        rates.measured.cache_clear()
        rates.measured()
    assert len(timed) == 5
    rates.measured.cache_clear()


def test_forms_are_timed_once_on_an_accelerator_and_kept(tmp_path, monkeypatch):
    class Device:
        platform, device_kind = "gpu", "any"

    monkeypatch.setattr(rates, "_file", lambda: tmp_path / "rates.json")
    monkeypatch.setattr(rates, "packed", types.SimpleNamespace(FORMS=packed.FORMS, ON_ACCELERATOR={}))
    timed = []
    monkeypatch.setattr(rates, "time_forms", lambda: timed.append(1) or {"write": "int8", "overlap": "bits"})
    rates.choose_forms.__wrapped__()
    assert not timed and not rates.packed.ON_ACCELERATOR  # a CPU has no choice
    monkeypatch.setattr(rates.jax, "devices", lambda: [Device()])
    for _ in range(2):
        rates.choose_forms.__wrapped__()
        assert rates.packed.ON_ACCELERATOR == {"write": "int8", "overlap": "bits"}
    assert len(timed) == 1
    text = (tmp_path / "rates.json").read_text()
    (tmp_path / "rates.json").write_text(text.replace("int8", "float99"))
    rates.choose_forms.__wrapped__()
    assert len(timed) == 2


def test_the_fastest_form_that_runs_is_chosen(monkeypatch):
    def broken(*given, **options):
        raise ValueError("not here")

    for kernel in packed.FORMS:
        monkeypatch.setitem(packed.FORMS[kernel], "bits", broken)
    took = {"bfloat16": 2.0, "int8": 1.0}
    monkeypatch.setattr(rates, "_medians", lambda calls: {form: took[form] for form in calls})
    assert rates.time_forms(dim=33, pairs=64, queries=8) == {"write": "int8", "overlap": "int8"}


def test_what_is_compiled_for_an_accelerator_is_the_form_chosen(monkeypatch):
    codes = jnp.zeros((8, 1), jnp.uint32)
    lowered = functools.partial(jax.jit(packed.overlaps, static_argnums=2).trace, codes, codes, 8)
    assert [packed.form_on(platform, "overlap") for platform in ("cpu", "gpu")] == ["bits", "bfloat16"]
    assert "bf16" in lowered().lower(lowering_platforms=("cuda",)).as_text()
    monkeypatch.setitem(packed.ON_ACCELERATOR, "overlap", "int8")
    jax.clear_caches()
    text = lowered().lower(lowering_platforms=("cuda",)).as_text()
    assert "bf16" not in text and "i8" in text
    assert "i8" not in lowered().lower(lowering_platforms=("cpu",)).as_text()


def test_the_kernels_that_are_timed_run():
    found = rates.time_kernels()
    assert all(1e-3 < rate < 1e4 for rate in found)


def test_close_forms_are_settled_by_the_rates_of_this_machine(monkeypatch):
    options = dict(dim=2048, loads=[4.0], probes=1024)
    slow, fast = cost.Rates(packed=10.0), cost.Rates(packed=0.01)
    for found, form in ((slow, "carried"), (fast, "state")):
        monkeypatch.setattr(placement, "measured", lambda found=found: found)
        assert hebbsim.sweep(**options).spec.form == form


def test_order_does_not_enter_the_task():
    few, many = (hebbsim.sweep(dim=1024, loads=loads, probes=16) for loads in ([0.1], [0.1, 20.0]))
    assert few.tasks[0] == many.tasks[0]


def test_a_memory_too_large_for_one_device_is_shared_by_as_few_as_hold_it(monkeypatch):
    options = dict(dim=512, loads=[1.0], probes=16, form="state")
    spec = hebbsim.sweep(**options).spec
    whole, half, quarter = (placement.memory_needed(spec._replace(num_shards=n), 4) for n in (1, 2, 4))
    assert whole > half > quarter
    for free, split in ((whole, 1), (whole - 1, 2), (half - 1, 4)):
        monkeypatch.setattr(placement, "memory_free", lambda free=free: free)
        placed = hebbsim.sweep(**options).spec
        assert placed.num_shards == split
    monkeypatch.setattr(placement, "memory_free", lambda: quarter - 1)
    with pytest.raises(hebbsim.HebbsimError, match="dims 512 x 512: hebbian needs about") as caught:
        hebbsim.sweep(**options)
    alone = placement.memory_needed(spec, 1)
    assert alone < quarter and str(caught.value).endswith("smaller dims, or one device (JAX_NUM_CPU_DEVICES=1)")
    monkeypatch.setattr(placement, "memory_free", lambda: alone - 1)
    with pytest.raises(hebbsim.HebbsimError, match=r"allowed: smaller dims$"):
        hebbsim.sweep(**options)


def test_a_sum_that_fits_in_no_memory_is_taken_pair_by_pair(monkeypatch):
    options = dict(dim=1024, loads=[4.0], probes=4096)
    spec = hebbsim.sweep(**options).spec
    assert spec.form == "state"
    need = placement.memory_needed(spec._replace(form="carried", block=cost.CARRIED_BLOCK), 4)
    monkeypatch.setattr(placement, "memory_free", lambda: need)
    assert hebbsim.sweep(**options).spec.form == "carried"
