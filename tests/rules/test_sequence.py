"""Rules taken from sequence models: the gated long convolution and the fast-weight network."""

import math

import numpy as np
import pytest
from references import all_options, lact_weights, network

import hebbsim
from hebbsim.rules.hyena import filter_of
from hebbsim.rules.lact import gradient

RULES = hebbsim.RULES


def draw(seed, *shape):
    return np.random.default_rng(seed).choice(np.float32([-1, 1]), shape)


def written(rule, keys, values):
    return rule.write(rule.init(keys.shape[1], values.shape[1]), keys, values)


class TestHyena:
    @pytest.mark.parametrize("count", [7, 40])
    def test_without_a_filter_it_is_the_holographic_memory(self, count):
        keys, values, queries = draw(0, count, 24), draw(1, count, 24), draw(2, 5, 24)
        plain, long = RULES["holographic"](), RULES["hyena"](window=40)
        field = long.read(written(long, keys, values), queries)
        assert np.allclose(field, plain.read(written(plain, keys, values), queries), atol=2e-5)
        assert long.num_parameters(24, 24) == long.num_state(24, 24) == 40 * 24

    @pytest.mark.parametrize("spread", [0.0, 1.5])
    def test_an_exponential_filter_is_a_decay_in_each_channel(self, spread):
        """s <- a_c s + k v, and y = q s: the same memory held in one number a channel."""
        keys, values, queries = draw(0, 50, 16), draw(1, 50, 16), draw(2, 5, 16)
        across = (2 * np.arange(16) + 1) / 16 - 1
        decays = 0.9 ** np.exp(spread * across)
        s = np.zeros(16)
        for key, value in zip(keys, values, strict=True):
            s = decays * s + key * value
        rule = RULES["hyena"](filter="exponential", decay=0.9, spread=spread, window=64)
        assert np.allclose(rule.read(written(rule, keys, values), queries), queries * s, atol=1e-5)

    def test_every_filter_reads_the_weighted_sum_of_its_window_and_nothing_older(self):
        keys, values, queries = draw(4, 30, 12), draw(5, 30, 12), draw(6, 3, 12)
        options = {"decay": 0.8, "spread": 0.5, "seed": 7}
        for name, given in {"ones": {}, "exponential": {"decay": 0.8}, "modulated": options}.items():
            rule = RULES["hyena"](filter=name, window=10, **given)
            h = np.asarray(filter_of(name, 10, 12, **({"decay": 1.0, "spread": 0.0, "seed": 0} | given)), np.float64)
            field = queries * sum(h[n] * keys[29 - n] * values[29 - n] for n in range(10))
            assert np.allclose(rule.read(written(rule, keys, values), queries), field, atol=1e-5)
            assert np.array_equal(written(rule, keys, values), keys[20:] * values[20:])

    def test_a_modulated_filter_turns_its_sign_and_keeps_its_size(self):
        h = np.asarray(filter_of("modulated", 200, 50, 1.0, 0.0, 0))
        assert np.mean(h**2) == pytest.approx(1, rel=0.05)
        assert 0.4 < np.mean(h > 0) < 0.6
        assert not np.allclose(h, filter_of("modulated", 200, 50, 1.0, 0.0, 1))
        damped = np.asarray(filter_of("modulated", 200, 50, 0.9, 0.0, 0))
        assert np.allclose(damped, h * 0.9 ** np.arange(200)[:, None], atol=1e-5)

    def test_the_newest_pairs_come_back_and_evicted_ones_do_not(self):
        """Each of the newest 8 is met by 7 signs of crosstalk: wrong when 5 of them or more are against it, a tie at 4."""
        point = hebbsim.measure(
            rule="hyena", rule_options={"window": 8}, dim=64, num_patterns=24, probes=24, ages=[8], trials=40
        )
        against = [math.comb(7, n) / 2**7 for n in range(8)]
        wrong = (point.counts["errors"] + point.counts["ties"] / 2) / point.counts["bits"]
        assert wrong[0] == pytest.approx(sum(against[5:]) + against[4] / 2, abs=0.01)
        assert wrong[1] == pytest.approx(0.5, abs=0.01)

    @pytest.mark.parametrize(
        "options, words",
        [
            ({"filter": "box"}, "one of ones, exponential, modulated"),
            ({"window": 0}, "1 or more"),
            ({"filter": "exponential", "decay": 1.5}, "above 0, up to 1"),
            ({"decay": 0.9}, "filter ones at decay 0.9 has no decay"),
            ({"filter": "exponential", "decay": 0.9, "seed": 3}, "filter exponential at decay 0.9 has no seed"),
            ({"filter": "modulated", "spread": 1.0}, "at decay 1 has no spread"),
        ],
    )
    def test_what_does_not_fit_is_refused_in_one_line(self, options, words):
        with pytest.raises(hebbsim.HebbsimError, match=words) as caught:
            RULES["hyena"](**options)
        assert "\n" not in str(caught.value)

    def test_it_is_square(self):
        with pytest.raises(hebbsim.HebbsimError, match="dim_key = dim_value"):
            hebbsim.measure(rule="hyena", dim_key=8, dim_value=9, num_patterns=4)


class TestLact:
    @pytest.mark.parametrize("renormalise", [True, False])
    def test_its_weights_equal_the_update_written_out_in_float64(self, renormalise):
        keys, values = draw(0, 24, 10), draw(1, 24, 6)
        options = {"chunk": 8, "hidden": 7, "rate": 0.5, "seed": 4}
        rule = RULES["lact"](renormalise=renormalise, **options)
        right, other = (
            lact_weights(all_options("lact", {**options, "renormalise": length}), keys, values)
            for length in (renormalise, not renormalise)
        )
        after = written(rule, keys, values)
        assert all(np.allclose(a, b, rtol=1e-4, atol=1e-5) for a, b in zip(after, right, strict=True))
        assert max(np.abs(a - b).max() for a, b in zip(right, other, strict=True)) > 0.1
        assert rule.num_parameters(10, 6) == 7 * (2 * 10 + 6)

    def test_its_gradient_is_the_slope_of_the_stated_loss(self):
        rng = np.random.default_rng(5)
        rule = RULES["lact"](chunk=8, hidden=7)
        weights, keys, values = rule.init(10, 6), draw(6, 8, 10), draw(7, 8, 6)
        moves = gradient(weights, keys, values)
        ways = [rng.normal(size=w.shape) for w in weights]

        def gain(step):
            return np.sum(
                network([np.float64(w) + step * d for w, d in zip(weights, ways, strict=True)], keys) * values
            )

        slope = sum(np.sum(np.float64(m) * d) for m, d in zip(moves, ways, strict=True))
        assert slope == pytest.approx((gain(1e-4) - gain(-1e-4)) / 2e-4, rel=1e-5)

    def test_columns_keep_their_length_however_much_is_written(self):
        keys, values = draw(8, 400, 12), draw(9, 400, 12)
        for renormalise in (True, False):
            rule = RULES["lact"](chunk=20, hidden=16, rate=0.2, renormalise=renormalise)
            after = written(rule, keys, values)
            pairs = zip(rule.init(12, 12), after, strict=True)
            grown = [np.linalg.norm(b, axis=0) / np.linalg.norm(a, axis=0) for a, b in pairs]
            assert all(np.allclose(g, 1, atol=1e-5) for g in grown) == renormalise
            assert renormalise or max(g.max() for g in grown) > 1.2

    def test_the_gate_is_there(self):
        """Without silu the network is odd in its gate and even in k; without the product it is linear in W3."""
        weights, queries = RULES["lact"](hidden=9).init(10, 6), draw(10, 4, 10)
        read = RULES["lact"](hidden=9).recall
        assert np.allclose(read(weights, queries), network([np.float64(w) for w in weights], queries), atol=1e-5)
        turned = read(weights._replace(w1=-weights.w1), queries)
        assert np.abs(read(weights, queries) + turned).max() > 0.1  # silu(-g) is not -silu(g)
        assert np.abs(read(weights, queries) - read(weights._replace(w3=0 * weights.w3), queries)).max() > 0.1

    def test_it_remembers(self):
        """A third of the bits come back wrong, not half; far too high a rate keeps the last chunk only."""
        keys, values = draw(11, 96, 32), draw(12, 96, 32)
        wrong = {}
        for rate in (1e-6, 1.0, 100.0):
            rule = RULES["lact"](chunk=32, hidden=32, rate=rate)
            wrong[rate] = np.mean(np.sign(rule.read(written(rule, keys, values), keys)) != values, axis=1)
        assert np.mean(wrong[1e-6]) == pytest.approx(0.5, abs=0.05)
        assert np.mean(wrong[1.0]) < 0.35
        assert np.mean(wrong[100.0][:64]) > 0.44 and np.mean(wrong[100.0][64:]) < 0.4

    def test_pairs_come_in_whole_chunks(self):
        rule = RULES["lact"](chunk=16)
        assert rule.chunk == 16 and rule.depth(160) == 10
        with pytest.raises(hebbsim.HebbsimError, match="multiple of 16"):
            hebbsim.measure(rule=rule, dim=8, num_patterns=40)
        with pytest.raises(hebbsim.HebbsimError, match="multiples of chunk = 16"):
            written(rule, draw(0, 40, 8), draw(1, 40, 8))

    def test_first_weights_come_from_the_seed(self):
        first, same, other = (RULES["lact"](seed=s).init(6, 5) for s in (1, 1, 2))
        assert all(np.array_equal(a, b) for a, b in zip(first, same, strict=True))
        assert not any(np.allclose(a, b) for a, b in zip(first, other, strict=True))

    @pytest.mark.parametrize("options", [{"chunk": 0}, {"hidden": 0}, {"rate": 0.0}, {"seed": -1}, {"hidden": 2.5}])
    def test_what_does_not_fit_is_refused_in_one_line(self, options):
        with pytest.raises(hebbsim.HebbsimError, match="allowed: ") as caught:
            RULES["lact"](**options)
        assert "\n" not in str(caught.value)
