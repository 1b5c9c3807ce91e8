"""Settings for every test: several CPU devices, no silent promotion, and compilers in a hurry."""

import atexit
import gc
import os
import shutil
import signal
import tempfile
from pathlib import Path

from repository import quick_compiler

# Tests compile much and compute little. What is exact must come out the same however it is compiled.
os.environ["XLA_FLAGS"] = (
    os.environ.get("XLA_FLAGS", "")
    + " --xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
    + quick_compiler()
)

# Two test processes with two threads of NumPy's products each wait for one another on two cores: a table with
# eigenvalues took 15 s in place of 2.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# What one test compiles the others read from the disk, in the other workers and in programs that tests start too; nothing
# is left of it for a later run. The first process names the folder, and its workers inherit it.
os.environ.setdefault("HEBBSIM_TESTS_COMPILED", str(Path(tempfile.gettempdir()) / f"hebbsim-tests-{os.getpid()}"))
os.environ["JAX_COMPILATION_CACHE_DIR"] = os.environ["HEBBSIM_TESTS_COMPILED"]
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"

import jax
import pytest

if os.environ["HEBBSIM_TESTS_COMPILED"].endswith(f"-{os.getpid()}"):
    atexit.register(shutil.rmtree, os.environ["HEBBSIM_TESTS_COMPILED"], ignore_errors=True)

# A suite that runs in the background, or under nohup, inherits that these are ignored, and so would what it starts.
for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

gc.set_threshold(50_000, 50, 50)  # tracing makes many objects that stay, and looking through them is 5 % of the time

jax.config.update("jax_num_cpu_devices", 4)
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")


MOST_MAPS = 20_000  # of the 65,530 memory maps that Linux grants a process; every compiled program holds a few


@pytest.fixture(autouse=True, scope="module")
def room_for_programs():
    """Between test files, let go of compiled programs before the process runs out of memory maps and is killed."""
    yield
    maps = Path("/proc/self/maps")
    if maps.exists() and maps.read_bytes().count(b"\n") > MOST_MAPS:
        from hebbsim.simulate import trial

        trial.program.cache_clear()
        jax.clear_caches()
        gc.collect()


@pytest.fixture
def run_cli(capsys):
    """run_cli("measure", ...) -> (status, stdout, stderr)."""
    from hebbsim.cli import main

    def run(*arguments):
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as stop:  # argparse
            status = stop.code
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run
