"""Error correction: what is already recalled is not written again."""

from jaxtyping import Array

from hebbsim.base import Rule
from hebbsim.kernels.chunked import CHUNK, corrected_sum
from hebbsim.parts import factory
from hebbsim.rules.hebbian import init, recall

RATE = (lambda b: 0 < b < 2, "above 0, under 2: the stream is stable there")


def depth(num_patterns: int) -> int:
    """Chunks follow one another; before them the halvings of their triangular matrices, all chunks at once."""
    return -(-num_patterns // CHUNK) + (min(num_patterns, CHUNK) - 1).bit_length()


@factory(rate=RATE)
def delta(label: str, *, rate: float = 1.0) -> Rule:
    """S <- S + rate k^T (v - k S) / (k.k); field = queries @ S. At rate 1 the newest pair is recalled exactly.

    Keys of any length (they are divided by k.k); weights S (dim_key, dim_value), parameters dim_key * dim_value.
    Written a chunk at a time in matrix products. Also: DeltaNet, LMS, Widrow-Hoff, fast weights with error correction.
    Source: Widrow & Hoff 1960; Schlag et al. 2021; Yang et al. 2024.
    """

    def write(weights: Array, keys: Array, values: Array) -> Array:
        return corrected_sum(weights, keys, values, rate, 1.0)

    return Rule(label, init, write, recall, depth=depth)


@factory(rate=RATE, decay=(lambda a: 0 < a <= 1, "above 0, up to 1"))
def gated_delta(label: str, *, rate: float = 1.0, decay: float = 0.99) -> Rule:
    """S <- decay S, then S <- S + rate k^T (v - k S) / (k.k); field = queries @ S.

    The delta rule on a state that forgets; shapes, parameters and depth as for delta. Also: Gated DeltaNet.
    Source: Yang, Kautz & Hatamizadeh 2025.
    """

    def write(weights: Array, keys: Array, values: Array) -> Array:
        return corrected_sum(weights, keys, values, rate, decay)

    return Rule(label, init, write, recall, depth=depth)
