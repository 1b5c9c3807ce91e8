"""The recurrent states and caches of released models: shapes as data. No JAX."""

from typing import NamedTuple

from hebbsim.errors import one_of

DATE = "2026-11-30"  # when the shapes were last compared with their sources


class Model(NamedTuple):
    """The state of every recurrent layer is `heads` matrices of dim_key x dim_value; convolution states are apart.

    key_heads: keys that the heads of a layer share, in groups of heads / key_heads; 0 where the source does not say.
    kv_per_token: values that the attention layers cache for each token, all layers together. extra: entries of the state
    besides the matrices, all layers together. rule: the update, by its name in RULES, "" where none fits.
    convolution: entries of the short convolutions' states, all layers together, which are kept in 16 bits; 0 where not known.
    """

    name: str
    layers: int
    heads: int
    dim_key: int
    dim_value: int
    key_heads: int = 0
    kv_per_token: int = 0
    extra: int = 0
    rule: str = ""
    convolution: int = 0
    source: str = "the model's public configuration"
    date: str = DATE

    @property
    def entries(self) -> int:
        """Entries of the recurrent state, all layers together."""
        return self.layers * self.heads * self.dim_key * self.dim_value + self.extra

    @property
    def group(self) -> int:
        """Heads that share a key: what is stored under one key is group * dim_value wide. 1 where it is not said."""
        return self.heads // self.key_heads if self.key_heads else 1


_ALL = (
    Model("Mamba-2 2.7B", 64, 80, 128, 64, key_heads=1, rule="decay"),
    Model("Gated DeltaNet 1.3B", 21, 6, 256, 512, key_heads=6, rule="gated_delta"),
    Model("RetNet 1.3B", 24, 8, 256, 512, key_heads=8, rule="decay"),
    Model("RWKV-7 2.9B", 32, 40, 64, 64, key_heads=40, rule="rwkv7"),
    Model("RWKV-7 7.2B", 32, 64, 64, 64, key_heads=64, rule="rwkv7"),
    Model("xLSTM-7B", 32, 8, 256, 512, key_heads=8, extra=65_536, rule="mlstm"),
    Model("Falcon-Mamba-7B", 64, 8192, 16, 1, rule="decay"),
    Model("Jamba v0.1", 28, 8192, 16, 1, kv_per_token=8_192, rule="decay"),
    Model("Falcon-H1 7B", 44, 24, 256, 128, kv_per_token=22_528, rule="decay"),
    Model("Falcon-H1 34B", 72, 32, 256, 128, kv_per_token=73_728, rule="decay"),
    Model("MiniMax-M1", 70, 64, 128, 128, kv_per_token=20_480, rule="decay"),
    Model("Qwen3-Next 80B-A3B", 36, 32, 128, 128, key_heads=16, kv_per_token=12_288, rule="gated_delta"),
    Model("Qwen3.5 0.8B", 18, 16, 128, 128, kv_per_token=6_144, rule="gated_delta"),
    Model("Qwen3.5 35B-A3B", 30, 32, 128, 128, kv_per_token=10_240, rule="gated_delta"),
    Model("Qwen3.5 397B", 45, 64, 128, 128, kv_per_token=15_360, rule="gated_delta"),
    # A short convolution keeps 3 entries of each of 2 x 16 x 128 + 48 x 128 channels.
    Model("Qwen3.6-27B", 48, 48, 128, 128, kv_per_token=32_768, rule="gated_delta", convolution=48 * 3 * 10_240),
    Model("Qwen3.8-27B", 48, 48, 128, 128, kv_per_token=32_768, rule="gated_delta", convolution=48 * 3 * 10_240),
    Model("Kimi Linear 48B-A3B", 20, 32, 128, 128, key_heads=32, kv_per_token=4_032, rule="kda"),
    Model("Kimi K3", 69, 96, 128, 128, kv_per_token=13_824, rule="kda"),
    # Three matrices of width x width a head.
    Model("LaCT 760M", 24, 4, 384, 3 * 384, rule="lact"),
    Model("LaCT 3B", 24, 4, 768, 3 * 768, rule="lact"),
    Model("Llama 3 8B", 0, 0, 0, 0, kv_per_token=65_536, rule="softmax_attention"),
    Model("Llama 3 70B", 0, 0, 0, 0, kv_per_token=163_840, rule="softmax_attention"),
    Model("Llama 3 405B", 0, 0, 0, 0, kv_per_token=258_048, rule="softmax_attention"),
    Model("DeepSeek V3", 0, 0, 0, 0, kv_per_token=35_136, rule="softmax_attention"),
)
MODELS = {model.name: model for model in _ALL}


def model_of(name: str) -> Model:
    """The model of that name. Raises HebbsimError, naming the nearest, for a name that is not in the table."""
    if name not in MODELS:
        raise one_of("model", name, MODELS)
    return MODELS[name]
