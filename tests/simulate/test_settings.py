"""Settings of the user's shell or process change no exact count, or are refused in one line."""

import contextlib
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import hebbsim
from hebbsim.collect import engine
from hebbsim.simulate import settings
from hebbsim.simulate.settings import MOST_DEVICES, PINNED, check_settings, use_every_core
from hebbsim.storage import store

SPECS = {
    "noisy cue": dict(dim=40, ensemble_options={"flip": 0.2}),
    "soft": dict(dim_key=24, dim_value=40, readout="soft"),
    "willshaw": dict(
        dim=40, rule="willshaw", ensemble="sparse", readout="threshold", ensemble_options={"active": 4, "flip": 0.25}
    ),
    "stochastic": dict(dim=24, precision="bfloat16", precision_options={"every": 2, "stochastic": True, "seed": 3}),
}
SETTINGS = {
    "x64": ("jax_enable_x64", True),
    "threefry as before": ("jax_threefry_partitionable", False),
    "rbg": ("jax_default_prng_impl", "rbg"),
    "unsafe_rbg": ("jax_default_prng_impl", "unsafe_rbg"),
    "bfloat16 products": ("jax_default_matmul_precision", "bfloat16"),
    "highest products": ("jax_default_matmul_precision", "highest"),
    "nans raise": ("jax_debug_nans", True),
    "infinities raise": ("jax_debug_infs", True),
    "standard promotion": ("jax_numpy_dtype_promotion", "standard"),
    "rank promotion": ("jax_numpy_rank_promotion", "allow"),
    "no jit": ("jax_disable_jit", True),
    "old keys": ("jax_legacy_prng_key", "error"),
}
OF_DRAWS = ("x64", "threefry as before", "rbg", "unsafe_rbg")  # all specs are tried; with others those that sum


@contextlib.contextmanager
def config(name, value):
    before = jax.config.values[name]
    jax.config.update(name, value)
    try:
        yield
    finally:
        jax.config.update(name, before)


def hash_of(options, devices=1):
    """Of every exact count of three trials at two loads."""
    plan = hebbsim.sweep(num_patterns=[30, 46], probes=16, seed=5, **options)
    assert plan.exact
    digest = hashlib.sha256()
    records = [r for batch in engine([(plan, dict.fromkeys(plan.tasks, range(3)))], devices) for r in batch]
    for record in sorted(records, key=lambda record: (record.task.num_patterns, record.trial)):
        for name in sorted(record.counts):
            digest.update(name.encode() + np.ascontiguousarray(record.counts[name]).tobytes())
    return digest.hexdigest()


@pytest.fixture(scope="module")
def plain():
    return {name: hash_of(options) for name, options in SPECS.items()}


@pytest.mark.parametrize("setting", SETTINGS)
def test_counts_are_the_same_under_every_setting_of_the_process(setting, plain):
    with config(*SETTINGS[setting]):
        jax.clear_caches()
        hebbsim.simulate.trial.program.cache_clear()
        for name in SPECS if setting in OF_DRAWS else ["noisy cue", "soft"]:
            assert hash_of(SPECS[name]) == plain[name], name
        assert jax.config.values[SETTINGS[setting][0]] == SETTINGS[setting][1]  # the user's own work keeps it


@pytest.mark.parametrize("devices", [2, 4])
def test_counts_are_the_same_on_several_devices(devices, plain):
    for name, options in SPECS.items():
        assert hash_of(options, devices) == plain[name], name


def test_the_users_settings_are_theirs_between_two_records():
    plan = hebbsim.sweep(num_patterns=[8], dim=16)
    with config("jax_enable_x64", True):
        for _ in engine([(plan, dict.fromkeys(plan.tasks, range(2)))], 1):
            assert jnp.zeros(1).dtype == jnp.float64
        with contextlib.suppress(hebbsim.HebbsimError):
            hebbsim.sweep(dim=0)
        assert jnp.zeros(1).dtype == jnp.float64


def test_every_pinned_setting_is_one_that_jax_has():
    for name, value in PINNED.items():
        with getattr(jax, name)(value):
            pass


def test_a_file_stored_under_one_setting_is_recalled_under_another():
    data = bytes(range(60))
    memory = store.write(data, 0.2)
    for name in ("x64", "threefry as before", "rbg"):
        with config(*SETTINGS[name]):
            jax.clear_caches()
            assert np.array_equal(store.write(data, 0.2).matrix, memory.matrix)
            assert store.read(memory, "ridge").right


def test_rules_that_draw_constants_draw_the_same_under_another_generator():
    for name in ("lact", "linear_attention"):
        options = {"feature_map": "favor", "features": 8} if name == "linear_attention" else {}
        rule = hebbsim.RULES[name](**options)
        ones = jnp.ones((64, 8))
        first = rule.read(rule.write(rule.init(8, 8), ones, ones), ones)
        with config("jax_default_prng_impl", "rbg"):
            jax.clear_caches()
            assert np.allclose(rule.read(rule.write(rule.init(8, 8), ones, ones), ones), first)


@pytest.mark.parametrize(
    "flags",
    ["--xla_cpu_enable_fast_math=true", "--xla_cpu_enable_fast_math", "--a=1 --xla_cpu_enable_fast_min_max=true"],
)
def test_flags_that_loosen_arithmetic_are_refused(flags, monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", flags)
    with pytest.raises(hebbsim.HebbsimError, match="XLA_FLAGS has --xla_cpu_enable_fast_m"):
        hebbsim.measure(dim=16, num_patterns=8, trials=2)
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_enable_fast_math=false --xla_cpu_fast_math_honor_nans=true")
    check_settings()


@pytest.mark.parametrize(
    ("said", "flags", "asked"),
    [(-1, "", [3]), (1, "", []), (-1, "--xla_force_host_platform_device_count=2", [])],
)
def test_every_core_is_a_device_unless_it_is_said_how_many(said, flags, asked, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 2, 5}, raising=False)
    monkeypatch.setenv("XLA_FLAGS", flags)
    use_every_core()  # the tests say 4
    assert len(jax.devices()) == jax.config.values["jax_num_cpu_devices"] == 4
    called = []
    config = SimpleNamespace(values={"jax_num_cpu_devices": said}, update=lambda *given: called.append(given))
    monkeypatch.setattr(settings, "jax", SimpleNamespace(config=config))
    use_every_core()
    assert called == [("jax_num_cpu_devices", number) for number in asked]


def test_the_commands_use_every_core_and_the_shell_may_say_otherwise():
    cores = min(len(os.sched_getaffinity(0)), MOST_DEVICES) if hasattr(os, "sched_getaffinity") else 1
    code = "from hebbsim.cli import main; import jax; main({!r}.split()); print(len(jax.devices()))"
    code = code.format("measure --dim 8 --num-patterns 4 --trials 2 --probes 4")
    shell = {name: text for name, text in os.environ.items() if name != "JAX_NUM_CPU_DEVICES"}
    for more, devices in (({}, cores), ({"JAX_NUM_CPU_DEVICES": "3"}, 3)):
        done = subprocess.run([sys.executable, "-c", code], env=shell | more, capture_output=True, text=True)
        assert done.stdout.splitlines()[-1:] == [str(devices)], done.stderr


def test_an_offset_of_every_seed_is_refused():
    with config("jax_random_seed_offset", 3), pytest.raises(hebbsim.HebbsimError, match="JAX_RANDOM_SEED_OFFSET = 3"):
        hebbsim.measure(dim=16, num_patterns=8, trials=2)


def run(*arguments, flags=(), **environment):
    """(status, stdout, stderr) of the program in a shell of its own."""
    where = {"PYTHONPATH": str(Path(hebbsim.__file__).parent.parent)} | environment
    done = subprocess.run(
        [sys.executable, *flags, "-m", "hebbsim", *arguments], env=os.environ | where, capture_output=True, text=True
    )
    return done.returncode, done.stdout, done.stderr


MEASURE = ("measure", "--dim", "32", "--num-patterns", "16", "--trials", "2", "--readout", "soft", "--json")


def test_shells_that_differ_give_the_same_counts():
    shells = [
        {},
        {"JAX_ENABLE_X64": "1", "JAX_DISABLE_JIT": "1"},
        {"JAX_NUM_CPU_DEVICES": "3", "JAX_THREEFRY_PARTITIONABLE": "0", "flags": ["-O"]},
    ]
    found = [run(*MEASURE, **shell) for shell in shells]
    assert [status for status, _, _ in found] == [0, 0, 0], found
    counts = [json.loads(out)["counts"] for _, out, _ in found]
    assert counts[0] == counts[1] == counts[2]


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"JAX_PLATFORMS": "cuda"}, "JAX finds no device"),
        ({"JAX_PLATFORMS": "none_such"}, "JAX finds no device"),
        ({"JAX_ENABLE_X64": "perhaps"}, "JAX_ENABLE_X64"),
    ],
)
def test_what_cannot_start_is_said_in_one_line(environment, words):
    status, out, err = run(*MEASURE, **environment)
    assert (status, out) == (2, "") and words in err and err.count("\n") == 1 and err.startswith("hebbsim: ")


def test_a_bare_checkout_without_jax_says_what_to_do(tmp_path):
    (tmp_path / "jax").mkdir()
    (tmp_path / "jax" / "__init__.py").write_text("raise ModuleNotFoundError(\"No module named 'jax'\", name='jax')\n")
    path = os.pathsep.join([str(tmp_path), str(Path(hebbsim.__file__).parent.parent)])
    status, out, err = run(*MEASURE, PYTHONPATH=path)
    assert (status, out) == (2, "") and err == "hebbsim: No module named 'jax'; run make, or pip install .\n"
