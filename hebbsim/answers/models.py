"""The recurrent states and caches of released models, as their public configurations give them. No JAX.

Entries are counted without the states of short convolutions, which `convolution` counts apart; `cache` is the number of
values that the attention layers keep for each token.
"""

from typing import NamedTuple

DATE = "2026-11"


class Model(NamedTuple):
    """What a model keeps while it reads.

    Args:
        layers: recurrent layers.
        heads: states in each layer.
        dim_key, dim_value: the shape of one state.
        key_heads: heads of keys in each layer; heads / key_heads states share their keys. 0: as many as heads.
        extra: further entries in each layer (a normaliser, an inner state), apart from heads x dim_key x dim_value.
        convolution: entries of convolution states in all layers, which are kept in 16 bits.
        cache: values kept for each token by the attention layers.
        source: where the shape was read.
    """

    name: str
    layers: int
    heads: int
    dim_key: int
    dim_value: int
    key_heads: int = 0
    extra: int = 0
    convolution: int = 0
    cache: int = 0
    source: str = ""

    @property
    def entries(self) -> int:
        """Array entries of the recurrent state: layers x (heads x dim_key x dim_value + extra)."""
        return self.layers * (self.heads * self.dim_key * self.dim_value + self.extra)

    @property
    def shared(self) -> int:
        """States that share one key: they are one memory of dim_key x (shared dim_value)."""
        return self.heads // self.key_heads if self.key_heads else 1


def _public(name: str) -> str:
    return f"{name}'s public configuration, {DATE}"


_ROWS = (
    Model("Mamba-2 2.7B", 64, 80, 128, 64, key_heads=1),
    Model("Gated DeltaNet 1.3B", 21, 6, 256, 512),
    Model("RetNet 1.3B", 24, 8, 256, 512),
    Model("RWKV-7 2.9B", 32, 40, 64, 64),
    Model("RWKV-7 7.2B", 32, 64, 64, 64),
    Model("xLSTM-7B", 32, 8, 256, 512, extra=8 * 256),
    Model("Falcon-Mamba-7B", 64, 8192, 16, 1, key_heads=1),
    Model("Jamba v0.1", 28, 8192, 16, 1, key_heads=1, cache=8_192),
    Model("Falcon-H1 7B", 44, 24, 256, 128, cache=22_528),
    Model("Falcon-H1 34B", 72, 32, 256, 128, cache=73_728),
    Model("MiniMax-M1", 70, 64, 128, 128, cache=20_480),
    Model("Qwen3-Next 80B-A3B", 36, 32, 128, 128, key_heads=16, cache=12_288),
    Model("Qwen3.5 0.8B", 18, 16, 128, 128, cache=6_144),
    Model("Qwen3.5 35B-A3B", 30, 32, 128, 128, key_heads=16, cache=10_240),
    Model("Qwen3.5 397B", 45, 64, 128, 128, key_heads=16, cache=15_360),
    Model("Qwen3.6-27B", 48, 48, 128, 128, key_heads=16, convolution=48 * 3 * 10_240, cache=32_768),
    Model("Qwen3.8-27B", 48, 48, 128, 128, key_heads=16, convolution=48 * 3 * 10_240, cache=32_768),
    Model("Kimi Linear 48B-A3B", 20, 32, 128, 128, cache=4_032),
    Model("Kimi K3", 69, 96, 128, 128, cache=13_824),
    Model("LaCT 760M", 24, 4, 384, 3 * 384),
    Model("LaCT 3B", 24, 4, 768, 3 * 768),
    Model("Llama 3 8B", 0, 0, 0, 0, cache=65_536),
    Model("Llama 3 70B", 0, 0, 0, 0, cache=163_840),
    Model("Llama 3 405B", 0, 0, 0, 0, cache=258_048),
    Model("DeepSeek V3", 0, 0, 0, 0, cache=35_136),
)
MODELS = {row.name: row._replace(source=_public(row.name)) for row in _ROWS}
