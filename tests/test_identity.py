"""Custom parts that differ have identities that differ; one part has the same identity in every process."""

import dataclasses
import functools
import os
import subprocess
import sys
import textwrap
import threading
import types
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import hebbsim
from hebbsim.parts import identity

SCALE = 1.0
TABLE = {"gain": [1.0, 2.0]}


def rule(write, **fields):
    """A rule that is custom in how it writes."""
    return hebbsim.Rule(
        "mine", lambda a, b: jnp.zeros((a, b)), write, lambda memory, queries: queries @ memory, **fields
    )


def scaled(by):
    return lambda state, keys, values: state + by * keys.T @ values


def with_default(by):
    def write(state, keys, values, by=by):
        return state + by * keys.T @ values

    return write


def with_keyword_default(by):
    def write(state, keys, values, *, by=by):
        return state + by * keys.T @ values

    return write


def plain(by, state, keys, values):
    return state + by * keys.T @ values


class Gain:
    def __init__(self, gain):
        self.gain = gain

    def __call__(self, state, keys, values):
        return state + self.gain * keys.T @ values

    def write(self, state, keys, values):
        return state + self.gain * keys.T @ values


class Slotted:
    __slots__ = ("gain",)

    def __init__(self, gain):
        self.gain = gain

    def __call__(self, state, keys, values):
        return state + self.gain * keys.T @ values


@dataclasses.dataclass(frozen=True)
class Holder:
    inner: object

    def __call__(self, state, keys, values):
        return self.inner(state, keys, values)


def nested(by):
    """The constant is three partials, a jit and a vmap deep."""
    inside = functools.partial(functools.partial(jax.jit(functools.partial(plain, by))))
    return jax.vmap(inside, in_axes=(None, 0, 0))


def in_a_module(constant):
    """A function of a user's module that refers to the module's own function, which refers to the constant."""
    module = types.ModuleType("users")
    helper = f"GAIN = {constant}\ndef helper(x):\n    return GAIN * x\n"
    exec(helper + "def write(s, k, v):\n    return s + helper(k).T @ v\n", vars(module))
    return module.write


def through_a_module(constant):
    """A function that uses an attribute of another module of the user's."""
    module = types.ModuleType("others")
    exec(f"GAIN = {constant}\ndef helper(x):\n    return GAIN * x\n", vars(module))
    space = {"others": module}
    exec("def write(s, k, v):\n    return s + others.helper(k).T @ v\n", space)
    return space["write"]


def recursive(constant):
    """Two functions that refer to each other."""
    space = {}
    exec(
        f"def even(n):\n    return {constant} if n == 0 else odd(n - 1)\ndef odd(n):\n    return even(n - 1)\n"
        "def write(s, k, v):\n    return s + even(2) * k.T @ v\n",
        space,
    )
    return space["write"]


ENTRIES = np.random.default_rng(0).standard_normal((60, 60)).astype(np.float32)


def array(by):
    """Two arrays that differ in one entry of 3,600."""
    out = ENTRIES.copy()
    out[30, 30] = by
    return out


def method_patched(by):
    class Mine:
        def __call__(self, state, keys, values):
            return state + self.gain() * keys.T @ values

        def gain(self):
            return by

    return Mine()


MAKERS = {
    "closure": scaled,
    "closure over NumPy": lambda by: scaled(array(by)),
    "closure over JAX": lambda by: scaled(jnp.asarray(array(by))),
    "closure over a list": lambda by: scaled([1, {"a": (by,)}]),
    "closure over a set": lambda by: scaled({"a", "b", by}),
    "closure over a random key": lambda by: scaled(jax.random.key(int(by))),
    "closure over a generator's state": lambda by: scaled(np.random.default_rng(int(by))),
    "default": with_default,
    "keyword-only default": with_keyword_default,
    "partial": lambda by: functools.partial(plain, by),
    "partial of partials": nested,
    "jit": lambda by: jax.jit(scaled(by)),
    "checkpoint of grad": lambda by: jax.checkpoint(jax.grad(scaled(by))),
    "cached": lambda by: functools.lru_cache(scaled(by)),
    "bound method": lambda by: Gain(by).write,
    "callable object": Gain,
    "slots": Slotted,
    "an object in an object": lambda by: Holder(Gain(by)),
    "an object that holds an array": lambda by: Gain(array(by)),
    "an object whose method differs": method_patched,
    "sequential": lambda by: hebbsim.sequential(lambda s, k, v: s + by * k[:, None] * v[None, :]),
    "global constant": in_a_module,
    "global of another module": through_a_module,
    "functions that call each other": recursive,
}


@pytest.mark.parametrize("name", MAKERS)
def test_what_differs_in_one_number_has_another_identity_and_what_does_not_has_the_same(name):
    one, again, other = (identity(rule(MAKERS[name](by))) for by in (1.0, 1.0, 2.0))
    assert one.startswith("mine#")
    assert one == again != other


def test_every_field_of_a_part_counts_not_only_its_functions():
    base = rule(scaled(1.0))
    changed = [base._replace(chunk=2), base._replace(requires={"tied"}), base._replace(provides={"exact"})]
    assert len({identity(part) for part in [base, *changed]}) == 4
    widths = [hebbsim.Precision("mine", lambda rule: rule, bits) for bits in (1.0, 2.0)]
    assert identity(widths[0]) != identity(widths[1])
    assert identity(hebbsim.RULES["delta"]()._replace(chunk=2)).startswith("delta#")


def test_ensembles_readouts_and_retrievals_are_told_apart_too():
    def ensemble(shift):
        side = hebbsim.ENSEMBLES["bipolar"]().values
        moved = lambda dim: side(dim)._replace(draw=lambda key, index: side(dim).draw(key, index + shift))  # noqa: E731
        return hebbsim.Ensemble("mine", "bipolar", moved, side, moved)

    assert identity(ensemble(0)) == identity(ensemble(0)) != identity(ensemble(1))
    scores = [hebbsim.Readout("mine", lambda field, truth, by=by: {"probes": by}, {"bipolar"}) for by in (1, 1, 2)]
    one, again, other = map(identity, scores)
    assert one == again != other


def test_comments_and_docstrings_do_not_count_but_a_constant_does():
    def of(text):
        space = {}
        exec(text, space)
        return identity(rule(space["write"]))

    base = of("def write(s, k, v):\n    return s + 2.0 * k.T @ v\n")
    assert base == of(
        'def write(s, k, v):\n    """Says what it does."""\n    # a comment\n\n    return s + 2.0 * k.T @ v\n'
    )
    assert base != of("def write(s, k, v):\n    return s + 2.5 * k.T @ v\n")
    assert base != of("def write(s, k, v):\n    return s - 2.0 * k.T @ v\n")
    assert of("def write(s, k, v):\n    return s + 1 * k.T @ v\n") != of(
        "def write(s, k, v):\n    return s + True * k.T @ v\n"
    )
    assert of("def write(s, k, v):\n    return s + k.min()\n") != of("def write(s, k, v):\n    return s + k.max()\n")


PROGRAM = """
    import functools, jax, jax.numpy as jnp, numpy as np, hebbsim
    from hebbsim.parts import identity
    NAMES = {"b", "a", "c"}
    class Gain:
        def __init__(self): self.gain, self.names = np.arange(2000.0), frozenset(NAMES)
        def __call__(self, s, k, v): return s + self.gain[0] * helper(k).T @ v
    def helper(x): return x * len(NAMES)
    wrapped = jax.vmap(jax.jit(functools.partial(Gain(), k=None)), in_axes=0)
    print(identity(hebbsim.Rule("mine", lambda a, b: jnp.zeros((a, b)), Gain(), wrapped)))
"""


def test_one_part_has_one_identity_in_every_process(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(textwrap.dedent(PROGRAM))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "mine.py").write_text("\n\n# moved down\n" + textwrap.dedent(PROGRAM))
    runs = [([], "0", file), (["-O"], "1", file), ([], "2", tmp_path / "elsewhere" / "mine.py")]
    found = {
        subprocess.run(
            [sys.executable, *flags, str(path)],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(hebbsim.__file__).parent.parent)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for flags, seed, path in runs
    }
    assert len(found) == 1 and found.pop().startswith("mine#")


UNKNOWN = {
    "lock": threading.Lock(),
    "file": sys.__stdout__,
    "generator": (i for i in range(3)),
    "frame": sys._getframe(),
}


@pytest.mark.parametrize("held", UNKNOWN.values(), ids=UNKNOWN)
def test_what_cannot_be_known_is_refused_in_one_line(held):
    with pytest.raises(hebbsim.HebbsimError, match="could not be told from others") as refused:
        identity(rule(scaled(held)))
    assert "\n" not in str(refused.value)
    with pytest.raises(hebbsim.HebbsimError):
        identity(rule(Gain(held)))


def test_a_part_that_does_not_hash_is_refused_in_one_line():
    class Unhashable(Gain):
        __hash__ = None

    with pytest.raises(hebbsim.HebbsimError, match="unhashable type"):
        identity(rule(Unhashable(1.0)))


def test_an_object_that_changes_between_two_measures_is_another_part_and_is_run_as_it_is_now():
    gain = Gain(1.0)
    points = []
    for sign in (1.0, -1.0):
        gain.gain = sign
        points.append(hebbsim.measure(rule=rule(gain, provides={"exact"}), dim=16, num_patterns=8, trials=2))
    assert points[0].task.rule != points[1].task.rule
    assert (
        points[0].counts["errors"] + points[0].counts["ties"] + points[1].counts["errors"] == points[0].counts["bits"]
    )


def test_a_label_that_cannot_be_read_back_is_refused_before_anything_runs():
    with pytest.raises(hebbsim.HebbsimError, match="label"):
        hebbsim.measure(rule=rule(scaled(1.0))._replace(label="my rule"), dim=8, num_patterns=4, trials=2)


def test_what_installed_packages_define_is_known_by_name():
    assert identity(rule(jax.nn.relu)) == identity(rule(jax.nn.relu)) != identity(rule(jax.nn.gelu))
    assert identity(rule(np.add)) != identity(rule(np.subtract))
    assert identity(rule(jnp.dot)) != identity(rule(jnp.add))


def test_a_field_that_is_at_its_default_is_left_out_so_that_later_fields_change_no_identity():
    base = rule(scaled(1.0))
    assert identity(base) == identity(base._replace(chunk=1, requires=set()))
    assert identity(base) != identity(base._replace(chunk=2))
