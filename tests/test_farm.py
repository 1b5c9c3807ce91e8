"""Trials that other processes run: the same records, whoever runs them and whoever is lost on the way."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor

import jax
import pytest
from repository import ROOT

from hebbsim import farm
from hebbsim.collect import collect, engine
from hebbsim.errors import HebbsimError
from hebbsim.experiment import load
from hebbsim.records import Results, digest, read
from hebbsim.records.merge import merge
from hebbsim.rules import RULES
from hebbsim.simulate.plan import sweep
from hebbsim.simulate.sweeps import sweeps

CUSTOM = """
import hebbsim
BUDGET = ""
plain = hebbsim.RULES["hebbian"]()
def read(memory, queries):
    return 2.0 * (queries @ memory)
mine = plain._replace(label="mine", recall=read, gives=frozenset(), fast=())
TASKS = [dict(rule=mine, dim=8, num_patterns=[4, 6], probes=8, trials=5)]
def figure(results): ...
"""


class Here(Executor):
    """Runs a job when it is submitted, on nothing but the text that another machine would get."""

    def __init__(self):
        self.sent = []

    def submit(self, fn, /, *args, **kwargs):
        (text,) = args
        json.loads(text)
        self.sent.append(text)
        future = Future()
        try:
            future.set_result(fn(text))
        except Exception as error:
            future.set_exception(error)
        return future


def plans():
    return [
        sweep(dim=8, num_patterns=[4, 8], probes=8),
        sweep(rule="decay", rule_options={"decay": 0.9}, dim=8, num_patterns=[6], probes=8, ages=[2], seed=3),
        sweep(
            ensemble="tokens", ensemble_options={"vocabulary": 16}, readout="argmax", dim=8, num_patterns=[6], probes=8
        ),
    ]


def test_a_farm_gives_the_same_records(tmp_path):
    collect(plans(), 5, tmp_path / "here" / "records.jsonl")
    executor = Here()
    collect(plans(), 5, tmp_path / "there" / "records.jsonl", executor=executor)
    assert digest(read(tmp_path / "there")) == digest(read(tmp_path / "here"))
    assert len(executor.sent) == 3
    collect(plans(), 5, tmp_path / "there" / "records.jsonl", executor=executor)
    assert len(executor.sent) == 3  # nothing lacks


def test_one_hash_whoever_counts(tmp_path):
    plan = sweep(dim=16, loads=[0.5, 1.0], probes=16)
    hashes = set()

    def count(plan, devices=1):
        batches = engine([(plan, dict.fromkeys(plan.tasks, range(6)))], devices)
        hashes.add(digest(Results({(one.task, one.trial): one for batch in batches for one in batch})))

    for devices in (1, 2, 4):
        count(plan, devices)
    for form in ("state", "parallel", "carried"):
        count(sweep(dim=16, loads=[0.5, 1.0], probes=16, form=form))
    for wide in (True, False):
        with jax.enable_x64(wide):
            count(plan)
    collect([plan], 2, tmp_path / "a" / "records.jsonl")
    collect([plan], 6, tmp_path / "a" / "records.jsonl", executor=Here())
    collect([plan], 4, tmp_path / "b" / "records.jsonl")
    hashes |= {digest(read(tmp_path / "a")), digest(merge([tmp_path / "b", tmp_path / "a"], tmp_path / "c").results)}
    assert len(hashes) == 1


def test_a_process_pool_gives_the_same_records_and_a_lost_worker_loses_none(tmp_path):
    collect(plans()[:1], 12, tmp_path / "here" / "records.jsonl")
    path = tmp_path / "there" / "records.jsonl"
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as executor:
        collect(plans()[:1], 2, path, executor=executor)
        before = path.read_bytes()
        for process in executor._processes.values():
            os.kill(process.pid, signal.SIGKILL)
        with pytest.raises(HebbsimError, match="worker was lost"):
            collect(plans()[:1], 12, path, executor=executor)
    assert path.read_bytes().startswith(before)
    collect(plans()[:1], 12, path)
    assert digest(read(path.parent)) == digest(read(tmp_path / "here"))


def test_custom_parts_are_refused_or_made_from_the_experiment_file(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(CUSTOM)
    made, trials = sweeps(load(str(file)).tasks)
    executor = Here()
    with pytest.raises(HebbsimError, match=r"mine#\w+ is custom, and cannot be sent"):
        collect(made, trials.__getitem__, tmp_path / "a" / "records.jsonl", executor=executor)
    assert executor.sent == []
    collect(made, trials.__getitem__, tmp_path / "a" / "records.jsonl", executor=executor, experiment=file)
    collect(made, trials.__getitem__, tmp_path / "b" / "records.jsonl")
    assert len(executor.sent) == 1 and digest(read(tmp_path / "a")) == digest(read(tmp_path / "b"))
    file.write_text(CUSTOM.replace("2.0", "3.0"))
    farm._plan.cache_clear()
    with pytest.raises(HebbsimError, match="does not plan mine"):
        farm.run_job(executor.sent[0])


def test_a_worker_of_another_version_is_refused(tmp_path):
    plan = plans()[0]
    text = farm.job(farm.Unit(plan, {plan.tasks[0]: [0]}, 1.0))
    with pytest.raises(HebbsimError, match="another version"):
        farm.run_job(text.replace('"version": 2', '"version": 99'))


@pytest.mark.parametrize("rule", sorted(RULES))
def test_every_rule_is_rebuilt_from_its_label(rule):
    accepts = RULES[rule]().accepts
    given = {"ensemble": "sparse", "readout": "threshold"} if "bipolar" not in accepts else {}
    if RULES[rule]().tied_only:
        given["tied"] = True
    plan = sweep(rule=rule, dim=16, num_patterns=[64, 128], **given)
    text = json.dumps([task.to_json() for task in plan.tasks])
    assert farm._plan(text, None).spec == plan.spec


def test_dask_without_dask_or_without_a_scheduler_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(HebbsimError, match=r"pip install 'hebbsim\[cluster\]'"), farm.dask_executor("tcp://nowhere:1"):
        pass


def test_a_dask_cluster_gives_the_same_records_though_a_worker_is_killed(tmp_path):
    import distributed

    file = tmp_path / "tiny.py"
    file.write_text("BUDGET = ''\nTASKS = [dict(dim=64, loads=[1.0, 2.0], trials=200)]\ndef figure(results): ...\n")
    made, trials = sweeps(load(str(file)).tasks)
    whole = collect(made, trials.__getitem__, tmp_path / "here" / "records.jsonl")
    names = {"JAX_COMPILATION_CACHE_DIR": "", "PYTHONPATH": str(ROOT), "JAX_NUM_CPU_DEVICES": "1"}
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1", env=names
    ) as cluster:
        command = [sys.executable, "-m", "hebbsim", "collect", str(file), "--out", str(tmp_path / "there")]
        process = subprocess.Popen([*command, "--dask", cluster.scheduler_address], env=os.environ | names)
        records = tmp_path / "there" / "records.jsonl"
        deadline = time.monotonic() + 60
        while not (records.exists() and records.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
        assert process.wait(200) == 0
    assert digest(read(records.parent)) == digest(whole)
