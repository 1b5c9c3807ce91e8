"""The calculator: public counts reproduced, measurements met, and nothing said beyond the evidence without saying so."""

import json
import math

import pytest
from repository import RESULTS

import hebbsim
from hebbsim.answers.budget import READERS, budget, effective_share, interpolate
from hebbsim.answers.evidence import Evidence
from hebbsim.answers.model_config import read_config
from hebbsim.answers.models import MODELS, Model
from hebbsim.errors import HebbsimError


@pytest.fixture(scope="module")
def evidence():
    return Evidence(RESULTS)


def test_public_byte_counts_are_reproduced(evidence):
    slot = budget(MODELS["Qwen3.8-27B"], evidence, context=262_144)
    assert round((slot.state_bytes + slot.convolution_bytes) / 1e6, 3) == 153.944
    assert slot.cache_bytes == 16_384 * 2**20
    assert budget(MODELS["Qwen3.5 0.8B"], evidence).state_bytes == 18_874_368
    gib = {n: budget(MODELS[n], evidence, context=10**6).cache_bytes / 2**30 for n in ("DeepSeek V3", "Llama 3 405B")}
    assert gib == {"DeepSeek V3": pytest.approx(65.4, abs=0.05), "Llama 3 405B": pytest.approx(480.7, abs=0.05)}


@pytest.mark.parametrize(("name", "tokens"), [("Kimi K3", 7851), ("Qwen3.6-27B", 1152), ("Qwen3-Next 80B-A3B", 1536)])
def test_the_cache_outgrows_the_state_when_it_should(evidence, name, tokens):
    assert budget(MODELS[name], evidence).outgrown_after == tokens


@pytest.mark.parametrize("dim", [64, 96, 128, 192, 256])
def test_a_fresh_measurement_agrees_with_the_budget(evidence, dim):
    found = budget(Model("one head", 1, 1, dim, dim), evidence)
    term = next(term for term in found.terms if "1 %" in term.reader)
    loads = [0.15, 0.17, 0.19, 0.21, 0.24]
    curve = hebbsim.curve(dim=dim, loads=loads, trials=24, seed=77, probes=256)
    fresh = hebbsim.fit.load_at_error(curve).bits
    assert fresh.low <= term.bits_per_parameter.high and term.bits_per_parameter.low <= fresh.high


def test_beyond_the_measured_dims_it_says_so(evidence):
    curve = READERS["one-shot, field kept undecided (soft)"][2](evidence)
    dims = [dim for dim, _ in curve]
    assert interpolate(curve, dims[0] // 2)[1].startswith("beyond the evidence")
    assert interpolate(curve, dims[-1] * 2)[1].startswith("beyond the evidence")
    inside, note = interpolate(curve, (dims[0] + dims[1]) // 2)
    assert "between dims" in note and min(curve[0][1].low, curve[1][1].low) <= inside.best


def test_correlated_keys_cost_what_their_spectrum_says():
    assert effective_share(128, 0.0) == pytest.approx(1)
    assert [effective_share(128, p) for p in (0.5, 1.0, 1.5)] == pytest.approx([0.647, 0.141, 0.039], abs=5e-4)
    assert [effective_share(1024, p) for p in (0.5, 1.0, 1.5)] == pytest.approx([0.509, 0.033, 0.005], abs=6e-4)


def test_without_results_the_sizes_are_still_right(tmp_path):
    found = budget(MODELS["Kimi K3"], Evidence(tmp_path))
    assert found.terms == () and found.model.entries == 108_527_616


QWEN = {
    "model_type": "qwen3_next",
    "num_hidden_layers": 48,
    "full_attention_interval": 4,
    "linear_num_value_heads": 32,
    "linear_num_key_heads": 16,
    "linear_key_head_dim": 128,
    "linear_value_head_dim": 128,
    "linear_conv_kernel_dim": 4,
    "num_attention_heads": 16,
    "num_key_value_heads": 2,
    "head_dim": 256,
    "hidden_size": 2048,
}


def test_a_public_configuration_is_read(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(QWEN))
    model = read_config(path)
    assert (model.entries, model.kv_per_token, model.group) == (18_874_368, 12_288, 2)
    path.write_text(
        json.dumps({"num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "hidden_size": 4096})
    )
    assert read_config(path).kv_per_token == 65_536
    path.write_text(json.dumps({"model_type": "rwkv7", "hidden_size": 2560, "num_hidden_layers": 32}))
    assert read_config(path).entries == 5_242_880


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1]",
        "{}",
        '{"state_size": -1, "num_hidden_layers": 2, "hidden_size": 8}',
        '{"linear_num_value_heads": 1e400}',
        "[" * 100_000,
    ],
)
def test_a_file_that_is_no_configuration_is_one_line(tmp_path, text):
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(HebbsimError) as error:
        read_config(path)
    assert "\n" not in str(error.value)


def test_wrong_numbers_are_refused(evidence):
    for wrong in (dict(precision="int3"), dict(bits_per_token=0.0), dict(bits_per_token=math.nan), dict(context=-1)):
        with pytest.raises(HebbsimError):
            budget(MODELS["Kimi K3"], evidence, **wrong)
