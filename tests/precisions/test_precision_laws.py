"""Laws of precisions, over the registry: a new one is held to them as it is added."""

import jax
import numpy as np
import pytest
from examples import DIM

import hebbsim

CHOICES = [
    *((name, {}) for name in hebbsim.PRECISIONS),
    *(("lloyd_max", {"bits": bits}) for bits in (1, 3, 8)),
    ("float8", {"format": "e5m2"}),
    ("int8", {"step": 0.5}),
    ("int4", {"step": 2.0}),
]


@pytest.mark.parametrize(("name", "options"), CHOICES, ids=str)
class TestPrecisions:
    @pytest.fixture(autouse=True)
    def memories(self, name, options):
        self.made = hebbsim.PRECISIONS[name](**options)
        self.wrapped = self.made.wrap(hebbsim.RULES["hebbian"]())
        self.weights = np.float32(9 * np.random.default_rng(7).standard_normal((48, 40)))
        self.rounded = jax.jit(self.wrapped.consolidate)

    def test_structure_is_kept(self, name, options):
        for rule in (made() for made in hebbsim.RULES.values()):
            try:
                wrapped = self.made.wrap(rule)
                plain, rounded = (jax.eval_shape(lambda r=r: r.consolidate(r.init(DIM, DIM))) for r in (rule, wrapped))
            except hebbsim.HebbsimError:
                continue  # binary entries are not rounded
            assert jax.tree.structure(plain) == jax.tree.structure(rounded), rule.label
            assert jax.tree.map(lambda x: (x.shape, x.dtype), plain) == jax.tree.map(
                lambda x: (x.shape, x.dtype), rounded
            )

    def test_there_are_no_more_levels_than_its_bits_allow(self, name, options):
        levels = len(np.unique(np.asarray(self.rounded(self.weights))))
        assert 1 < levels <= 2.0**self.made.bits

    def test_rounding_again_leaves_every_weight_at_its_level(self, name, options):
        once = np.asarray(self.rounded(self.weights))
        twice = np.asarray(self.rounded(once))
        assert np.array_equal(np.unique(once, return_inverse=True)[1], np.unique(twice, return_inverse=True)[1])

    def test_order_and_sign_are_kept(self, name, options):
        weights, rounded = np.ravel(self.weights), np.ravel(self.rounded(self.weights))
        assert np.all(np.diff(rounded[np.argsort(weights)]) >= 0)
        assert np.all(weights * rounded >= 0)
