"""The calculator: public counts reproduced, measurements met, and nothing said beyond the evidence without saying so."""

import json
import math

import pytest
from repository import RESULTS, ROOT

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


# Public configurations (the fields that tell the architecture), and the model of the table that each must be.
CONFIGS = {
    "qwen3_next": "Qwen3-Next 80B-A3B",
    "mamba2_2.7b": "Mamba-2 2.7B",
    "rwkv7_2.9b": "RWKV-7 2.9B",
    "falcon_h1_7b": "Falcon-H1 7B",
    "jamba_v0.1": "Jamba v0.1",
    "kimi_linear": "Kimi Linear 48B-A3B",
    "deepseek_v3": "DeepSeek V3",
}


@pytest.mark.parametrize(("file", "name"), CONFIGS.items())
def test_a_public_configuration_is_the_model_of_the_table(file, name, run_cli):
    path = ROOT / "tests" / "data" / "configs" / f"{file}.json"
    model, known = read_config(path), MODELS[name]
    shape = "layers", "heads", "dim_key", "dim_value", "entries", "kv_per_token"
    assert [getattr(model, field) for field in shape] == [getattr(known, field) for field in shape]
    assert model.group == known.group or not known.key_heads
    status, out, _ = run_cli("budget", "--config", path, "--context", "1000", "--results", ROOT / "tests" / "data")
    assert status == 0 and (f"{known.entries:,} entries" in out or not known.entries)
    assert not known.kv_per_token or f"{known.kv_per_token:,} values a token" in out


CONFIG = json.loads((ROOT / "tests/data/configs/qwen3_next.json").read_text())


@pytest.mark.parametrize("field", sorted(CONFIG))
@pytest.mark.parametrize("value", [-1, 0, 1.5, 1e300, 10**30, True, "8", "\x1b[2J", [], {}, [[1]]])
def test_a_field_that_cannot_be_is_one_line_or_says_nothing(field, value, tmp_path):
    """A field that the state does not depend on may hold anything."""
    path = tmp_path / "config.json"
    path.write_text(json.dumps(CONFIG | {field: value}))
    try:
        model = read_config(path)
        assert (model.entries, model.kv_per_token) == (18_874_368, 12_288)
    except HebbsimError as error:
        assert str(error).startswith(f"{path}: ") and field in str(error) and "\n" not in str(error)


def test_other_forms_of_a_configuration_are_read(tmp_path):
    path = tmp_path / "config.json"

    def read(**fields):
        path.write_text(json.dumps(fields))
        return read_config(path)

    assert read(model_type="qwen3_5", text_config=CONFIG).entries == 18_874_368  # of a model that also sees
    llama = read(num_hidden_layers=32, num_attention_heads=32, num_key_value_heads=8, hidden_size=4096)
    assert llama.kv_per_token == 65_536 and llama.entries == 0
    second = read(
        model_type="mamba2", hidden_size=2560, num_heads=80, head_dim=64, state_size=128, num_hidden_layers=64
    )
    assert (second.heads, second.dim_value, second.entries) == (80, 64, 41_943_040)
    falcon = read(
        model_type="falcon_mamba", hidden_size=4096, intermediate_size=8192, state_size=16, num_hidden_layers=64
    )
    assert falcon.entries == MODELS["Falcon-Mamba-7B"].entries
    first = read(d_model=2560, n_layer=64, ssm_cfg={})
    assert (first.heads, first.dim_key, first.dim_value) == (5120, 16, 1)
    for hybrid in ({"lightning_heads": 4}, {"mamba_layers": [1]}, {"linear_attention_alpha": 1}):
        with pytest.raises(HebbsimError, match="is not known"):
            read(num_hidden_layers=32, num_attention_heads=32, hidden_size=4096, **hybrid)


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
