"""A model's state from its public configuration file, read offline. No JAX."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hebbsim.answers.models import Model
from hebbsim.errors import HebbsimError

FULL = ("full_attention", "attention")  # names of attention layers in `layer_types`


def read_config(path: Path) -> Model:
    """The model of a config.json: gated-delta hybrids, Mamba-2, RWKV-7 and attention-only transformers.

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
    if "linear_num_value_heads" in fields:
        return _gated_delta(config)
    if "state_size" in fields or "ssm_state_size" in fields:
        return _mamba(config)
    if str(fields.get("model_type", "")).startswith("rwkv7"):
        dim = config("head_dim", default=64)
        width = config("hidden_size")
        return Model(config.name, config("num_hidden_layers"), width // dim, dim, dim, source=str(path))
    if "num_attention_heads" in fields:
        layers = config("num_hidden_layers")
        return Model(config.name, 0, 0, 0, 0, kv_per_token=layers * _cache_of_a_layer(config), source=str(path))
    raise HebbsimError(
        f"{path}: no field tells what state the model keeps; allowed: linear_num_value_heads, state_size, "
        "model_type rwkv7, num_attention_heads; or give --layers --heads --key-dim --value-dim"
    )


class _Config:
    """Integer fields of a configuration, checked when they are asked for."""

    def __init__(self, path: Path, fields: Mapping[str, Any]) -> None:
        self.path, self.fields = path, fields
        self.name = str(fields.get("_name_or_path") or fields.get("model_type") or Path(path).stem)[:60]

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


def _mamba(config: _Config) -> Model:
    layers, size = config("num_hidden_layers", "n_layer"), config("state_size", "ssm_state_size")
    width = config("intermediate_size", "d_inner", default=2 * config("hidden_size", "d_model"))
    heads = config("num_heads", default=width)  # Mamba-1: a state for every channel
    groups = config("n_groups", default=1)
    return Model(config.name, layers, heads, size, width // heads, key_heads=groups, source=str(config.path))
