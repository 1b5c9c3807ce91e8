"""What holds for every function of theory: bad input is one line, everything is explained, and no JAX is loaded."""

import subprocess
import sys

import numpy as np
import pytest

from hebbsim import theory
from hebbsim.errors import HebbsimError


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: theory.bit_error(0), "load = 0"),
        (lambda: theory.soft_bits(np.nan), "load = nan"),
        (lambda: theory.gaussian_bits([1, -1]), "load ="),
        (lambda: theory.load_at_error(0.5), "error = 0.5"),
        (lambda: theory.bit_error_exact(64, 0), "num_patterns = 0"),
        (lambda: theory.soft_bits_exact(2.5, 3), "dim_key = 2.5"),
        (lambda: theory.zero_error_load(64, 64, 1.0), "probability = 1.0"),
        (lambda: theory.decay_bits(-1), "c = -1"),
        (lambda: theory.decay_bits(1, "soft"), "unknown values 'soft'.*bipolar, gaussian, hard"),
        (lambda: theory.delta_bits(2.0), "rate = 2.0.*below 2"),
        (lambda: theory.gated_delta_bits(0.5, -1), "c = -1"),
        (lambda: theory.ridge_sinr(-1), "load = -1"),
        (lambda: theory.entropy_ceiling(3), "dim_key = 3"),
        (lambda: theory.lloyd_max(9), "bits = 9"),
        (lambda: theory.hopfield_load(1.0), "overlap = 1.0"),
        (lambda: theory.argmax_error(64, 64, 256, 0), "num_patterns = 0"),
        (lambda: theory.argmax_error(64, 64, 1, 5), "vocabulary = 1"),
        (lambda: theory.argmax_error(64, 64, 256, 5, "refind"), "did you mean 'refined'"),
        (lambda: theory.argmax_error(64, 4, 256, 5, "refined"), "dim_value = 4"),
        (lambda: theory.argmax_soft_bits(64, 64, 256, 5, "random"), "unknown codes"),
        (lambda: theory.token_load_at_error(64, 64, 256, 1.0), "error = 1.0"),
        (lambda: theory.willshaw_ones(5, 10, 10, 11, 2), "active_key = 11"),
        (lambda: theory.willshaw_false(0, 10, 10, 2, 2), "num_patterns = 0"),
        (lambda: theory.sparse_bits(5, 10, 10, 2, 5.0), "false_per_one = 5.0"),
        (lambda: theory.willshaw_best(256, 0), "error = 0"),
        (lambda: theory.binary_entropy(1.5), "p = 1.5"),
        (lambda: theory.snr_bits(-1), "snr"),
    ],
)
def test_bad_input_is_one_line(call, said):
    with pytest.raises(ValueError, match=said) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_everything_public_is_explained():
    for name in theory.__all__:
        thing = getattr(theory, name)
        assert not callable(thing) or len(thing.__doc__) > 40, name


def test_no_jax_and_no_scipy_stats_are_loaded():
    script = "import sys, hebbsim.theory; print([m for m in ('jax', 'scipy.stats', 'rich') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "call",
    [
        lambda bad: theory.bit_error(bad),
        lambda bad: theory.delta_bits(bad),
        lambda bad: theory.argmax_error(64, 64, 256, bad),
        lambda bad: theory.willshaw_ones(bad, 64, 64, 4, 4),
        lambda bad: theory.sign_bits(bad),
        lambda bad: theory.binary_entropy(bad),
    ],
)
def test_a_long_bad_array_is_one_line(call):
    with pytest.raises(HebbsimError) as caught:
        call(-np.arange(200.0))
    assert "\n" not in str(caught.value)
