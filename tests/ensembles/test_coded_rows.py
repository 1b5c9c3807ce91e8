"""Code words as value rows: ensemble coded, readout decode, and the criterion that counts error-free bits."""

import os
import subprocess
import sys
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hebbsim import HebbsimError, measure
from hebbsim.codes import polar
from hebbsim.ensembles import ENSEMBLES
from hebbsim.statistics.channels import CHANNELS, contents

POINT: dict[str, Any] = dict(
    ensemble="coded", ensemble_options={"paths": 8}, dim_key=128, dim_value=256, probes=64, trials=3
)


def test_rows_are_code_words_of_messages_that_differ():
    side = ENSEMBLES["coded"](paths=8).values(256)
    code = polar(length=256, paths=8)
    rows = np.asarray(side.rows((), side.draw(jax.random.key(3), jnp.arange(20))))
    messages = code.decode(4.0 * rows)
    assert messages.ok.all() and np.array_equal(code.encode(messages.bits), rows)
    assert len(np.unique(messages.bits, axis=0)) == 20 and abs(rows.mean()) < 0.1
    again = np.asarray(side.rows((), side.draw(jax.random.key(3), jnp.arange(5, 8))))
    assert np.array_equal(again, rows[5:8])
    assert code.traced is not None
    given = np.asarray(code.traced.message_of(jnp.asarray(rows < 0, jnp.uint8)))
    assert np.array_equal(given, messages.bits)


def test_at_a_low_load_every_message_comes_back_and_far_above_none():
    low = measure(**POINT, readout="decode", num_patterns=64)
    code = polar(length=256, paths=8)
    assert low.counts["errors"] == low.counts["wrong_blocks"] == low.counts["unnoticed"] == 0
    assert low.counts["message_bits"] == 3 * 64 * code.message and low.counts["blocks"] == 3 * 64
    assert low.bits["decoded"].best == pytest.approx(64 * code.message / (128 * 256))
    high = measure(**POINT, readout="decode", num_patterns=600)
    assert high.counts["wrong_blocks"] == high.counts["blocks"] and high.bits["decoded"].best == 0
    assert 0.3 < high.error_rate.best < 0.6 and high.counts["unnoticed"] == 0


def test_the_readout_decodes_what_a_reference_decodes():
    """The field of a small memory, formed again in float64, decoded outside of the trial: the same blocks are wrong."""
    found = measure(**POINT | {"trials": 2}, readout="decode", num_patterns=150)
    load = 149 / 128
    rng, code = np.random.default_rng(0), polar(length=256, paths=8)
    messages = rng.integers(0, 2, (400, code.message))
    noisy = code.encode(messages) + rng.normal(0, np.sqrt(load), (400, 256))
    wrong = np.any(code.decode(2 * noisy / load).bits != messages, axis=1).mean()
    share = found.counts["wrong_blocks"] / found.counts["blocks"]
    assert share == pytest.approx(wrong, abs=4 * np.sqrt(wrong * (1 - wrong) / 128) + 0.01)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs the affinity of processes")
def test_one_core_is_enough():
    """Decoding is a callback; with one thread XLA would have none left to copy what the callback waits for."""
    code = """
import os
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
import hebbsim
found = hebbsim.measure(ensemble="coded", ensemble_options={"paths": 8}, readout="decode", dim_key=256, dim_value=512,
                        load=0.5, probes=1024, trials=2)
print(int(found.counts["blocks"]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.stdout == "256\n", done.stderr


def test_the_channel_counts_the_message_bits_of_right_blocks():
    numbers = {"probes": 10, "blocks": 10, "message_bits": 500, "errors": 30, "wrong_blocks": 2, "unnoticed": 0}
    counts = {name: np.asarray(n) for name, n in numbers.items()}
    found = contents(CHANNELS["decoded"], counts)["decoded"]
    assert found.bits() == pytest.approx(40.0) and found.stored == 50 and (found.events, found.of) == (2, 10)
    assert CHANNELS["decoded"].errors(counts) == (30, 500)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ensemble": "bipolar", "ensemble_options": {}}, "does not score ensemble bipolar; allowed: coded"),
        ({"ensemble_options": {"code": "polr"}}, "'polar' or 'repetition'"),
        ({"ensemble_options": {"code": "repetition", "times": 200}}, "allowed: 3400 or more"),
        ({"dim_value": 16}, "length of polar"),
        ({"readout": "soft"}, "does not score ensemble coded"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(change, words):
    with pytest.raises(HebbsimError, match=words) as raised:
        measure(**POINT | {"readout": "decode"} | change, num_patterns=64)
    assert "\n" not in str(raised.value)
