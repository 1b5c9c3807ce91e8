"""Several processes with one JAX runtime: the same counts as one process, written by one of them."""

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from repository import ROOT

from hebbsim.errors import HebbsimError
from hebbsim.records import digest, read
from hebbsim.simulate import processes

EXPERIMENT = """
BUDGET = ""
TASKS = [
    dict(dim=16, loads=[0.5, 1.0], probes=16, trials=6),
    dict(ensemble="sparse", readout="threshold", rule="willshaw", dim=16, num_patterns=[4], probes=4, trials=3),
]
def figure(results): ...
"""
# A memory that two devices share, though each could hold it.
SHARED = """
import sys
from hebbsim.commands_records import workers
from hebbsim.simulate import processes, trial
processes.start(sys.argv[1], 2, int(sys.argv[2]))
from hebbsim.simulate.plan import sweep
plan = sweep(dim=16, num_patterns=[8, 16], probes=16)
counts = trial.run(plan.spec._replace(num_shards=4), 0, [0, 1], [8, 16], 4)
print({name: array.tolist() for name, array in sorted(counts.items())})
"""


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def environment(**more):
    cache = str(Path(tempfile.gettempdir()) / "hebbsim-test-cache")
    flags = {"JAX_NUM_CPU_DEVICES": "2", "JAX_PLATFORMS": "cpu", "JAX_COMPILATION_CACHE_DIR": cache}
    return os.environ | flags | {"PYTHONPATH": str(ROOT)} | more


def together(commands, environments):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    started = [subprocess.Popen(c, env=e, **pipes) for c, e in zip(commands, environments, strict=True)]
    try:
        return [(*process.communicate(timeout=150), process.returncode) for process in started]
    finally:
        for process in started:
            process.kill()


def collect(file, out, *more):
    return [sys.executable, "-m", "hebbsim", "collect", str(file), "--out", str(out), *map(str, more)]


def test_two_processes_with_two_devices_count_what_one_process_counts(tmp_path, port):
    file = tmp_path / "tiny.py"
    file.write_text(EXPERIMENT)
    subprocess.run(collect(file, tmp_path / "one"), env=environment(), check=True, capture_output=True)
    given = ["--distributed", "--coordinator", f"127.0.0.1:{port}", "--num-processes", 2, "--process-id"]
    (out, err, status), (out2, _, status2) = together(
        [collect(file, tmp_path / "two", *given, i) for i in range(2)], [environment()] * 2
    )
    assert (status, status2) == (0, 0), err
    assert "2 processes, 4 devices" in err and "15 records" in out
    assert not [line for line in out2.splitlines() if not line.startswith("[Gloo]")]
    assert digest(read(tmp_path / "two")) == digest(read(tmp_path / "one"))
    assert sorted(f.name for f in (tmp_path / "two").iterdir()) == [
        "curves.json",
        "provenance.ndjson",
        "records.jsonl",
    ]
    assert len((tmp_path / "two" / "records.jsonl").read_text().splitlines()) == 15


def test_a_memory_shared_by_two_processes_holds_what_one_device_holds(port):
    from hebbsim.simulate import trial
    from hebbsim.simulate.plan import sweep

    plan = sweep(dim=16, num_patterns=[8, 16], probes=16)
    alone = trial.run(plan.spec._replace(num_shards=1), 0, [0, 1], [8, 16], 1)
    said = together(
        [[sys.executable, "-c", SHARED, f"127.0.0.1:{port}", str(i)] for i in range(2)], [environment()] * 2
    )
    expected = str({name: array.tolist() for name, array in sorted(alone.items())})
    assert [out.splitlines()[-1] for out, _, _ in said] == [expected] * 2, said


def test_slurm_tells_the_processes_who_they_are(tmp_path, port):
    file = tmp_path / "tiny.py"
    file.write_text(EXPERIMENT)
    # JAX makes the port of the job's number.
    job = {
        "SLURM_JOB_ID": str(port),
        "SLURM_STEP_NODELIST": "127.0.0.1",
        "SLURM_NTASKS": "2",
        "SLURM_STEP_NUM_NODES": "1",
    }
    each = [environment(**job, SLURM_PROCID=str(i), SLURM_LOCALID=str(i)) for i in range(2)]
    said = together([collect(file, tmp_path / "two", "--distributed")] * 2, each)
    assert [status for *_, status in said] == [0, 0], said
    assert "2 processes, 4 devices" in said[0][1]
    assert len(read(tmp_path / "two")) == 15


def test_arguments_that_do_not_go_together_are_refused(run_cli, tmp_path):
    file = tmp_path / "tiny.py"
    file.write_text(EXPERIMENT)
    for words, said in (
        (["--coordinator", "x:1"], "goes with --distributed"),
        (["--distributed", "--coordinator", "x:1"], "go together"),
        (["--distributed", "--dask", "tcp://x:1"], "one of the two"),
        (["--distributed", "--coordinator", "x:1", "--num-processes", "2", "--process-id", "2"], "process_id = 2"),
    ):
        status, _, err = run_cli("collect", file, "--out", tmp_path / "out", *words)
        assert status == 2 and said in err and err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_fewer_processes_than_asked_for_are_refused(monkeypatch):
    monkeypatch.setattr(processes.jax.distributed, "initialize", lambda *given: None)
    monkeypatch.setenv("SLURM_NTASKS", "4")
    with pytest.raises(HebbsimError, match="1 processes came, 4 were asked for"):
        processes.start()


def test_no_launcher_is_one_line(monkeypatch):
    def initialize(*given):
        raise ValueError("coordinator_address should be defined.")

    monkeypatch.setattr(processes.jax.distributed, "initialize", initialize)
    with pytest.raises(HebbsimError, match="give --coordinator HOST:PORT"):
        processes.start()
