"""The main job: it passes as it is, and a wrong memory makes it fail."""

import json

import jax
import jax.numpy as jnp
import pytest

import hebbsim
from hebbsim.answers import claims, verify
from hebbsim.base import dot
from hebbsim.collect import collect
from hebbsim.parts import factory, identity
from hebbsim.rules import hebbian as right
from hebbsim.simulate.plan import sweep
from hebbsim.statistics.estimate import Estimate


def test_smoke_passes_and_writes_table_and_figure(tmp_path, run_cli):
    status, out, _ = run_cli("verify", "--smoke", "--out", tmp_path / "v")
    assert status == 0, out
    table = json.loads((tmp_path / "v" / "table.json").read_text())
    assert len(table["rows"]) == len(claims.rows("smoke"))
    assert all(row["agrees"] for row in table["rows"])
    assert (tmp_path / "v" / "figure.png").stat().st_size > 10_000
    assert "does not hold" in (tmp_path / "v" / "table.md").read_text()
    # A curve that differs from a registered one in an option alone lies beside it: nothing is taken for anything else.
    options = dict(claims.tasks("smoke")["solved"], retrieval_options={"method": "cg"})
    collect([sweep(**{n: x for n, x in options.items() if n != "trials"})], 2, tmp_path / "v" / "records.jsonl")
    # The same records judged again: the same table, and nothing run.
    again, _, _ = run_cli("verify", "--smoke", "--from", tmp_path / "v", "--out", tmp_path / "w")
    assert again == 0
    assert json.loads((tmp_path / "w" / "table.json").read_text())["rows"] == table["rows"]
    # Nor do the names matter: records from before there were any are found by what was registered.
    (tmp_path / "v" / "curves.json").unlink()
    assert run_cli("verify", "--smoke", "--from", tmp_path / "v", "--out", tmp_path / "x")[0] == 0
    assert (tmp_path / "x" / "table.md").read_text() == (tmp_path / "w" / "table.md").read_text()


def shuffled(weights, keys, values):
    return weights + dot(keys.T, jnp.roll(values, 1, axis=0))


def sometimes_flipped(weights, keys, values):
    """2 % of the writes have their sign flipped; which ones depends on the key alone."""
    bits = (keys[:, :12] < 0).astype(jnp.int32) @ (2 ** jnp.arange(12))
    return weights + dot(keys.T, values * jnp.where(bits < 82, -1.0, 1.0)[:, None])


WRONG = {
    "values shuffled": {"write": shuffled},
    "2 % of writes flipped": {"write": sometimes_flipped},
    "state rounded to one bit": {"consolidate": lambda weights: jnp.where(weights < 0, -1.0, 1.0)},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_rule_turns_verify_to_1(name, tmp_path, run_cli, monkeypatch):
    @factory()
    def hebbian(label):
        return right()._replace(label=label, **WRONG[name])

    monkeypatch.setitem(hebbsim.RULES, "hebbian", hebbian)
    # One curve is enough to be found out by, and a tenth of the work.
    monkeypatch.setattr(verify, "tasks", lambda size: {"dense": claims.tasks(size)["dense"]})
    monkeypatch.setattr(verify, "rows", lambda size: [row for row in claims.rows(size) if row.curve == "dense"])
    status, out, _ = run_cli("verify", "--smoke", "--out", tmp_path)
    assert status == 1
    assert "differs: " in out
    assert identity(hebbian()).startswith("hebbian#")


def test_flipped_writes_are_two_in_a_hundred():
    keys = jax.random.rademacher(jax.random.key(0), (20_000, 16), dtype=jnp.float32)
    field = sometimes_flipped(jnp.zeros((16, 1)), keys, jnp.ones((20_000, 1)))
    bits = (keys[:, :12] < 0).astype(jnp.int32) @ (2 ** jnp.arange(12))
    assert float(jnp.mean((bits < 82).astype(jnp.float32))) == pytest.approx(0.02, abs=0.003)
    assert field.shape == (16, 1)


def row(prediction, tolerance=0.0, resolution=1.0, condition=""):
    return claims.Row("q", "s", "hard", "c", lambda curve: curve, prediction, tolerance, "", resolution, condition)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.1, 0.2, "does not hold"),
        (0.68, 0.72, "holds only if"),
        (0.751, 0.9, "more: 0.83"),
        (1.499, 1.501, "more: 1.50"),
        (0.74, 0.9, "not decided"),
        (0.6, 0.7, "not decided"),
    ],
)
def test_a_verdict_can_come_out_any_way(low, high, verdict):
    measured = Estimate(low, (low + high) / 2, high, 0.95, 10, "")
    judged = claims.judge(row(0.5, condition="so"), {"c": measured}, 1)
    assert judged.verdict.startswith(verdict)
    assert judged.agrees == (low <= 0.5 <= high)


def test_tolerance_resolution_and_joint_level():
    measured = Estimate(0.4, 0.5, 0.6, 0.95, 10, "")
    assert not claims.judge(row(0.61), {"c": measured}, 1).agrees
    assert claims.judge(row(0.61, tolerance=0.02), {"c": measured}, 1).agrees
    assert claims.judge(row(0.61), {"c": measured}, 20).agrees  # twenty rows together: each interval is wider
    assert not claims.judge(row(0.5, resolution=0.05), {"c": measured}, 1).agrees


def test_from_a_folder_without_the_records_is_refused(tmp_path, run_cli):
    (tmp_path / "empty").mkdir()
    status, _, err = run_cli("verify", "--smoke", "--from", tmp_path / "empty", "--out", tmp_path / "v")
    assert status == 2 and "no records of the curve" in err and not (tmp_path / "v").exists()
