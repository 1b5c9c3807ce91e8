"""Whatever ends a collection, the same command again ends with an uninterrupted run's records."""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from made_records import SIGN, record
from repository import ROOT

from hebbsim.errors import HebbsimError
from hebbsim.records import Writer, digest, missing, read
from hebbsim.records.provenance import append, name_of
from hebbsim.records.writer import Busy, free_writer

CACHE = str(Path(tempfile.gettempdir()) / "hebbsim-test-cache")
EXPERIMENT = """
BUDGET = ""
TASKS = [dict(dim=8, num_patterns=[4, 8], probes=8, trials={trials}), dict(rule="decay", dim=8, num_patterns=[6], trials=6)]
def figure(results): ...
"""
ONE_TASK = "BUDGET = ''\nTASKS = [dict(dim=8, num_patterns=[4], probes=8, trials=4)]\ndef figure(results): ...\n"
# What collect does with records, without the second that importing JAX takes.
CHILD = """
import sys, time
from hebbsim.records import Results, Writer, missing, read
sys.path.insert(0, "tests")
from made_records import SIGN, record
from pathlib import Path
path = Path(sys.argv[1])
have = read(path.parent) if path.parent.exists() else Results({})
with Writer(path, fsync_every=0.02) as writer:
    for trial in missing(have, SIGN, 400):
        writer.write(record(SIGN, {"errors": trial % 7}, trial=trial))
        time.sleep(0.0005)
"""

# A child that sets its own limits is forked, of which JAX warns; it does nothing but start another program.
pytestmark = pytest.mark.filterwarnings("ignore:os.fork", "ignore::pytest.PytestUnraisableExceptionWarning")


def environment(**more):
    return os.environ | {"JAX_COMPILATION_CACHE_DIR": CACHE, "PYTHONPATH": str(ROOT)} | more


def command(file, out):
    return [sys.executable, "-m", "hebbsim", "collect", str(file), "--out", str(out)]


@pytest.fixture
def tiny(tmp_path):
    file = tmp_path / "tiny.py"
    file.write_text(EXPERIMENT.format(trials=8))
    return file


def test_fifty_kills_lose_at_most_the_record_that_was_being_written(tmp_path):
    path = tmp_path / "killed" / "records.jsonl"
    dice, kills = random.Random(5), 0
    while kills < 50:
        with subprocess.Popen([sys.executable, "-c", CHILD, str(path)], cwd=ROOT, env=environment()) as process:
            while not path.exists() and process.poll() is None:
                time.sleep(0.001)
            time.sleep(dice.random() * 0.02)
            process.kill()
            kills += 1
    subprocess.run([sys.executable, "-c", CHILD, str(path)], cwd=ROOT, env=environment(), check=True)
    with Writer(tmp_path / "whole.jsonl") as writer:
        for trial in range(400):
            writer.write(record(SIGN, {"errors": trial % 7}, trial=trial))
    assert digest(read(path.parent)) == digest(read(tmp_path / "whole.jsonl"))
    assert len(path.read_text().splitlines()) <= 400 + kills


def test_a_few_ends_at_any_moment_of_its_life_change_no_record(tmp_path):
    """results/soak/kills.md is the long form: 50 kills, and 15 of each signal."""
    out = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-m", "experiments._kills", "4", "0", str(out)],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    ended = json.loads((out / "kills.json").read_text())["ended"]["SIGKILL"]
    assert sum(ended.values()) == 4 and ended["while writing"] >= 1


@pytest.mark.parametrize(("name", "status"), [("SIGTERM", 143), ("SIGHUP", 129), ("SIGINT", 130)])
def test_a_signal_keeps_what_is_finished_and_says_so(name, status, tmp_path):
    file = tmp_path / "long.py"
    file.write_text(EXPERIMENT.format(trials=100_000))
    records = tmp_path / "out" / "records.jsonl"
    with subprocess.Popen(
        command(file, records.parent), env=environment(), stderr=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + 60
        while not (records.exists() and records.stat().st_size > 3000) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(getattr(signal, name))
        _, err = process.communicate(timeout=60)
    assert process.returncode == status
    assert "finished records are kept" in err.splitlines()[-1] and "Traceback" not in err
    kept = read(records.parent)
    assert len(kept) > 3 and not kept.notes


def test_two_processes_share_one_experiment(tiny, tmp_path):
    tiny.write_text(EXPERIMENT.format(trials=60))
    subprocess.run(command(tiny, tmp_path / "whole"), env=environment(), check=True, capture_output=True)
    both = [
        subprocess.Popen(command(tiny, tmp_path / "both"), env=environment(), stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=100)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    results = read(tmp_path / "both")
    assert digest(results) == digest(read(tmp_path / "whole")) and not results.notes


def test_a_second_writer_is_told_who_writes_and_may_take_a_file_of_its_own(tmp_path):
    path = tmp_path / "records.jsonl"
    with Writer(path) as first:
        with pytest.raises(Busy, match=f"process {os.getpid()} on "), Writer(path):
            pass
        with free_writer(path) as (second, rank), free_writer(path) as (third, _):
            assert (second.path.name, third.path.name, rank) == ("records-2.jsonl", "records-3.jsonl", 2)
            for trial, writer in enumerate((first, second, third)):
                writer.write(record(SIGN, trial=trial))
    assert missing(read(tmp_path), SIGN, 3) == []
    assert sorted(file.name for file in tmp_path.iterdir()) == ["records-2.jsonl", "records-3.jsonl", "records.jsonl"]
    with free_writer(path) as (writer, rank):
        assert (writer.path, rank) == (path, 1)


def test_a_full_disk_is_said_and_what_was_written_stays(tmp_path):
    path = tmp_path / "a.jsonl"
    with pytest.raises(HebbsimError, match="No space left"), Writer(path) as writer:
        writer.write(record(SIGN))
        writer.write(record(SIGN, trial=1))
        full = os.open("/dev/full", os.O_WRONLY)
        os.dup2(full, writer._fd)
        os.close(full)
        writer.write(record(SIGN, trial=2))
    assert len(read(path)) == 2
    with Writer(path) as writer:
        writer.write(record(SIGN, trial=2))
    assert len(read(path)) == 3


def test_a_size_limit_ends_the_command_and_the_rerun_completes(tiny, tmp_path):
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))  # noqa: E731
    out = tmp_path / "out"
    done = subprocess.run(
        command(tiny, out), env=environment(), preexec_fn=limit, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith(f"hebbsim: {out}/records.jsonl: ")
    before = len(read(out))
    assert 0 < before < 22
    subprocess.run(command(tiny, out), env=environment(), check=True, capture_output=True)
    assert len(read(out)) == 22


def test_a_full_disk_for_the_output_is_one_line():
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "hebbsim", "list"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
            check=False,
        )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1) and "No space left" in done.stderr


def test_a_folder_that_may_not_be_written_is_said(tmp_path):
    os.chmod(tmp_path, 0o555)
    me = os.geteuid()
    try:
        if me == 0:
            os.seteuid(65534)
        with pytest.raises(HebbsimError, match="Permission denied"), Writer(tmp_path / "new" / "a.jsonl"):
            pass
    finally:
        os.seteuid(me)


def test_a_terminal_that_goes_away_does_not_end_the_work(tiny, tmp_path):
    reads, writes = os.pipe()
    os.close(reads)
    done = subprocess.run(command(tiny, tmp_path / "out"), env=environment(), stderr=writes, check=False)
    os.close(writes)
    assert done.returncode == 0
    assert len(read(tmp_path / "out")) == 22


def test_a_cache_that_cannot_be_written_is_said_once(tiny, tmp_path):
    tiny.write_text(ONE_TASK)
    shell = environment(JAX_COMPILATION_CACHE_DIR="/proc/nowhere")
    done = subprocess.run(command(tiny, tmp_path / "out"), env=shell, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stderr.count("/proc/nowhere") == 1
    assert "Warning" not in done.stderr


def test_provenance_names_versions_and_no_machine(tiny, tmp_path, monkeypatch, run_cli):
    tiny.write_text(ONE_TASK)
    out = tmp_path / "out"
    monkeypatch.setattr(sys, "argv", [f"{ROOT}/hebbsim/__main__.py", "collect", str(tiny), f"--out={out}"])
    monkeypatch.setenv("XLA_FLAGS", "--xla_dump_to=/home/someone --xla_cpu_enable_fast_math=false")
    assert run_cli("collect", tiny, "--out", out)[0] == 0
    tiny.write_text(ONE_TASK.replace("trials=4", "trials=5"))
    assert run_cli("collect", tiny, "--out", out)[0] == 0
    lines = (out / "provenance.ndjson").read_text().splitlines()
    run, later = map(json.loads, lines)
    assert {"hebbsim", "jax", "jaxlib", "numpy", "python"} <= run["versions"].keys()
    assert run["command"] == ["hebbsim", "collect", "tiny.py", "--out=out"] and run["experiment"]["file"] == "tiny.py"
    assert run["environment"]["XLA_FLAGS"] == "--xla_cpu_enable_fast_math=false"
    assert run["commit"] is None or (len(run["commit"]) == 40 and isinstance(run["dirty"], bool))
    assert str(tmp_path) not in lines[0] and os.uname().nodename not in lines[0]
    assert run["experiment"]["sha256"] != later["experiment"]["sha256"]
    ends = [one.run.split()[-1] for one in read(out).records.values()]
    assert ends == [name_of(run)] * 4 + [name_of(later)]
    append(out, [run, later, run])
    assert (out / "provenance.ndjson").read_text().splitlines() == lines
