"""A model's state from its public configuration file, read offline. No JAX."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hebbsim.answers.models import Model
from hebbsim.errors import HebbsimError

FULL = ("full_attention", "attention")  # names of attention layers in `layer_types`
# In names of fields, what tells of a state: a model that has one and is not known must not pass for attention alone.
STATE = ("linear_", "lightning", "mamba", "recurrent", "retention", "rwkv", "ssm")


def read_config(path: Path) -> Model:
    """The model of a config.json: gated-delta, KDA and Mamba hybrids, Mamba, RWKV-7 and attention-only transformers.

    Raises HebbsimError, naming the field, for a file that is not such a configuration.
    """
    try:
        fields = json.loads(Path(path).read_text())
    except OSError as error:
        raise HebbsimError(f"{path}: cannot read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise HebbsimError(f"{path}: not JSON; allowed: a model's config.json") from None
    if not isinstance(fields, Mapping):
        raise HebbsimError(f"{path}: not an object of fields; allowed: a model's config.json")
    if isinstance(fields.get("text_config"), Mapping):
        fields = {**fields, **fields["text_config"]}
    config = _Config(path, fields)
    if isinstance(fields.get("linear_attn_config"), Mapping):
        return _kimi_linear(config, _Config(path, fields["linear_attn_config"]))
    if "mamba_d_state" in fields:
        return _mamba_hybrid(config)
    if "linear_num_value_heads" in fields:
        return _gated_delta(config)
    if {"state_size", "ssm_state_size", "ssm_cfg"} & fields.keys():
        return _mamba(config)
    if str(fields.get("model_type", "")).startswith("rwkv7"):
        dim = config("head_dim", default=64)
        width = config("hidden_size")
        return Model(config.name, config("num_hidden_layers"), width // dim, dim, dim, source=str(path))
    unknown = [name for name in fields if any(word in name for word in STATE)]
    if "num_attention_heads" in fields and not unknown:
        layers = config("num_hidden_layers")
        return Model(config.name, 0, 0, 0, 0, kv_per_token=layers * _cache_of_a_layer(config), source=str(path))
    raise HebbsimError(
        f"{path}: no field tells what state the model keeps{f' ({str(unknown[0])[:40]} is not known)' if unknown else ''}; "
        "allowed: linear_num_value_heads, linear_attn_config, mamba_d_state, state_size, model_type rwkv7, "
        "num_attention_heads; or give --layers --heads --key-dim --value-dim"
    )


class _Config:
    """Integer fields of a configuration, checked when they are asked for."""

    def __init__(self, path: Path, fields: Mapping[str, Any], name: str = "") -> None:
        self.path, self.fields = path, fields
        self.name = name or str(fields.get("_name_or_path") or fields.get("model_type") or Path(path).stem)[:60]

    def __call__(self, *names: str, default: int | None = None) -> int:
        for name in names:
            value = self.fields.get(name)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**40:
                raise HebbsimError(f"{self.path}: {name} = {str(value)[:40]!r}; allowed: a positive integer")
            return value
        if default is None:
            raise HebbsimError(f"{self.path}: the field {names[0]} is missing")
        return default


def _cache_of_a_layer(config: _Config) -> int:
    if config.fields.get("kv_lora_rank") is not None:  # latent attention: one vector and its rotary part, for all heads
        return config("kv_lora_rank") + config("qk_rope_head_dim")
    heads = config("num_attention_heads")
    dim = config("head_dim", default=config("hidden_size") // heads)
    return 2 * config("num_key_value_heads", default=heads) * dim


def _gated_delta(config: _Config) -> Model:
    layers = config("num_hidden_layers")
    types = config.fields.get("layer_types")
    if isinstance(types, list):
        full = sum(str(kind) in FULL for kind in types)
    else:
        full = layers // config("full_attention_interval", default=4)
    keys, values = config("linear_num_key_heads"), config("linear_num_value_heads")
    dim_key, dim_value = config("linear_key_head_dim"), config("linear_value_head_dim")
    kept = config("linear_conv_kernel_dim", default=4) - 1
    width = 2 * keys * dim_key + values * dim_value
    recurrent = layers - full
    return Model(
        config.name,
        recurrent,
        values,
        dim_key,
        dim_value,
        key_heads=keys,
        convolution=recurrent * kept * width,
        kv_per_token=full * _cache_of_a_layer(config),
        source=str(config.path),
    )


def _kimi_linear(config: _Config, linear: _Config) -> Model:
    layers, full = (linear.fields.get(name) for name in ("kda_layers", "full_attn_layers"))
    if not isinstance(layers, list) or not isinstance(full, list) or not layers:
        raise HebbsimError(f"{config.path}: linear_attn_config has no lists kda_layers and full_attn_layers")
    heads, dim = linear("num_heads"), linear("head_dim")
    cache = len(full) * _cache_of_a_layer(config)
    return Model(
        config.name, len(layers), heads, dim, dim, key_heads=heads, kv_per_token=cache, source=str(config.path)
    )


def _mamba_hybrid(config: _Config) -> Model:
    """Falcon-H1, whose every layer has both, and Jamba, where one layer in each period is attention."""
    layers, size = config("num_hidden_layers"), config("mamba_d_state")
    width = config("mamba_d_ssm", default=config("mamba_expand", default=2) * config("hidden_size"))
    heads = config("mamba_n_heads", default=width)
    full = recurrent = layers
    if "attn_layer_period" in config.fields:
        period, first = config("attn_layer_period"), config.fields.get("attn_layer_offset")
        if isinstance(first, bool) or not isinstance(first, int) or not 0 <= first < period:
            raise HebbsimError(f"{config.path}: attn_layer_offset = {str(first)[:40]!r}; allowed: 0 to {period - 1}")
        full = len(range(first, layers, period))
        recurrent = layers - full
    dim_value = config("mamba_d_head", default=1) if "mamba_n_heads" in config.fields else 1
    cache = full * _cache_of_a_layer(config)
    return Model(config.name, recurrent, heads, size, dim_value, kv_per_token=cache, source=str(config.path))


def _mamba(config: _Config) -> Model:
    layers, width = config("num_hidden_layers", "n_layer"), 2 * config("hidden_size", "d_model")
    inner = config.fields.get("ssm_cfg")
    if isinstance(inner, Mapping):  # the authors' own format, which leaves the defaults of the code out
        second = inner.get("layer") == "Mamba2"
        config = _Config(config.path, {"num_heads": width // 64, **inner} if second else inner, config.name)
        size, groups = config("d_state", default=128 if second else 16), config("ngroups", default=1)
    else:
        width = config("intermediate_size", "d_inner", default=width)
        size, groups = config("state_size", "ssm_state_size"), config("n_groups", default=1)
    heads = config("num_heads", default=width)  # Mamba-1: a state for every channel
    return Model(config.name, layers, heads, size, width // heads, key_heads=groups, source=str(config.path))
