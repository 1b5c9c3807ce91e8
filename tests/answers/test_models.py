"""The table of released models: entries, caches and public byte counts."""

import pytest

from hebbsim.answers.models import MODELS, model_of
from hebbsim.errors import HebbsimError

ENTRIES = {
    "Mamba-2 2.7B": 41_943_040,
    "Gated DeltaNet 1.3B": 16_515_072,
    "RetNet 1.3B": 25_165_824,
    "RWKV-7 2.9B": 5_242_880,
    "RWKV-7 7.2B": 8_388_608,
    "xLSTM-7B": 33_554_432 + 65_536,
    "Falcon-Mamba-7B": 8_388_608,
    "Jamba v0.1": 3_670_016,
    "Falcon-H1 7B": 34_603_008,
    "Falcon-H1 34B": 75_497_472,
    "MiniMax-M1": 73_400_320,
    "Qwen3-Next 80B-A3B": 18_874_368,
    "Qwen3.5 0.8B": 4_718_592,
    "Qwen3.5 35B-A3B": 15_728_640,
    "Qwen3.5 397B": 47_185_920,
    "Qwen3.6-27B": 37_748_736,
    "Qwen3.8-27B": 37_748_736,
    "Kimi Linear 48B-A3B": 10_485_760,
    "Kimi K3": 108_527_616,
    "LaCT 760M": 42_467_328,
    "LaCT 3B": 169_869_312,
    "Llama 3 8B": 0,
    "Llama 3 70B": 0,
    "Llama 3 405B": 0,
    "DeepSeek V3": 0,
}

CACHE = {  # values that the attention layers keep for a token
    "Jamba v0.1": 8_192,
    "Falcon-H1 7B": 22_528,
    "Falcon-H1 34B": 73_728,
    "MiniMax-M1": 20_480,
    "Qwen3-Next 80B-A3B": 12_288,
    "Qwen3.5 0.8B": 6_144,
    "Qwen3.5 35B-A3B": 10_240,
    "Qwen3.5 397B": 15_360,
    "Qwen3.6-27B": 32_768,
    "Qwen3.8-27B": 32_768,
    "Kimi Linear 48B-A3B": 4_032,
    "Kimi K3": 13_824,
    "Llama 3 8B": 65_536,
    "Llama 3 70B": 163_840,
    "Llama 3 405B": 258_048,
    "DeepSeek V3": 35_136,
}


def test_caches_have_the_published_values():
    assert {name: model.kv_per_token for name, model in MODELS.items() if model.kv_per_token} == CACHE


def test_states_have_the_published_entries():
    assert {name: model.entries for name, model in MODELS.items()} == ENTRIES


def test_public_byte_counts_and_crossovers_come_out():
    assert 4 * MODELS["Qwen3.5 0.8B"].entries == 18_874_368
    assert 2 * 262_144 * MODELS["Qwen3.6-27B"].kv_per_token == 16_384 * 2**20
    assert 2 * 10**6 * MODELS["DeepSeek V3"].kv_per_token / 2**30 == pytest.approx(65.4, abs=0.05)
    assert 2 * 10**6 * MODELS["Llama 3 405B"].kv_per_token / 2**30 == pytest.approx(480.7, abs=0.05)
    for name, tokens in {"Kimi K3": 7_851, "Qwen3.6-27B": 1_152, "Qwen3-Next 80B-A3B": 1_536}.items():
        model = MODELS[name]
        assert -(-model.entries // model.kv_per_token) == pytest.approx(tokens, abs=1)


def test_groups_share_keys_and_a_wrong_name_is_refused():
    assert MODELS["Qwen3-Next 80B-A3B"].group == 2 and MODELS["Mamba-2 2.7B"].group == 80
    assert all(model.source and model.date for model in MODELS.values())
    with pytest.raises(HebbsimError, match="Kimi K3"):
        model_of("Kimi K2")
