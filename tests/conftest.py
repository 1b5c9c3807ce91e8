"""Settings for every test: several CPU devices, no silent promotion, and compilers in a hurry."""

import os

# Tests compile much and compute little. What is exact must come out the same however it is compiled.
os.environ["XLA_FLAGS"] = (
    os.environ.get("XLA_FLAGS", "") + " --xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
)

os.environ["JAX_COMPILATION_CACHE_DIR"] = ""  # nothing from earlier runs, in programs that tests start either

import jax
import pytest

jax.config.update("jax_num_cpu_devices", 4)
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")


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
