"""store keeps its word: what it writes can be read, and what is not a regular file that fits is refused."""

import os
import subprocess
import sys

import numpy as np
import pytest

from hebbsim.errors import HebbsimError
from hebbsim.storage import source, store
from hebbsim.storage.memory_file import load, save


def hebbsim(*words, **options):
    return subprocess.run(
        [sys.executable, "-m", "hebbsim", *map(str, words)], capture_output=True, text=True, timeout=100, **options
    )


@pytest.mark.parametrize("size", [0, 1, 2, 4, 6, 8, 24, 48])
@pytest.mark.parametrize("load", [0.7, 1.9])
def test_small_files_come_back_from_every_seed(size, load):
    for seed in range(3):
        for data in (np.random.default_rng(size + seed).bytes(size), bytes(size), b"\xff" * size):
            memory = store.write(data, load, seed=seed)
            found = store.read(memory)
            assert found.right and found.data == data and found.wrong == 0
            assert memory.bits_per_parameter <= load


@pytest.mark.parametrize(("bits", "share"), [(1, 0.6), (2, 1.1), (4, 1.6)])
def test_few_bit_matrices_grow_until_they_give_the_file_back(bits, share, tmp_path):
    data = np.random.default_rng(bits).bytes(60)
    memory = store.write(data, share, bits=bits)
    assert memory.dim_key > store.sizes(60, share)[0]
    save(memory, tmp_path / "memory")
    assert store.read(load(tmp_path / "memory")).data == data


def test_a_matrix_that_fails_is_replaced_by_another_seed_or_a_larger_one(monkeypatch):
    tried = []
    read = store.read

    def failing(memory, **options):
        tried.append((memory.dim_key, memory.seed))
        found = read(memory, **options)
        return found if memory.dim_key > 10 else found._replace(right=False)

    monkeypatch.setattr(store, "read", failing)
    memory = store.write(b"hebb", seed=7)
    assert [dim for dim, _ in tried[:5]] == [8, 8, 8, 8, 9] and [seed for _, seed in tried[:4]] == [7, 8, 9, 10]
    assert memory.dim_key == 11 and read(memory).data == b"hebb"
    monkeypatch.setattr(store, "read", lambda memory, **options: read(memory, **options)._replace(right=False))
    with pytest.raises(HebbsimError, match="did not come back from any matrix up to"):
        store.write(b"hebb")


def test_twenty_kilobytes_and_an_empty_file_by_the_command(tmp_path):
    for data in (np.random.default_rng(3).bytes(20_000), b""):
        (tmp_path / "file").write_bytes(data)
        done = hebbsim("store", tmp_path / "file", "--out", tmp_path / "memory")
        assert done.returncode == 0, done.stderr
        assert f"read back by amp, which is given all keys: 0 of {8 * len(data):,} bits wrong" in done.stdout
        size = (tmp_path / "memory").stat().st_size
        assert f"memory has {size:,} bytes" in done.stdout and "load" in done.stdout
        assert not data or f"{size / len(data):.1f} times the file" in done.stdout
        back = hebbsim("recall", tmp_path / "memory", "--out", tmp_path / "back")
        assert back.returncode == 0 and (tmp_path / "back").read_bytes() == data


def test_streams_devices_and_folders_are_refused_unopened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    os.symlink("/dev/zero", tmp_path / "link")
    for path, words in (
        ("/dev/zero", "a device"),
        (tmp_path / "link", "a device"),
        (tmp_path / "pipe", "a pipe"),
        (tmp_path, "a folder"),
        (tmp_path / "none", "cannot read"),
        ("/proc/kcore", "cannot read|bytes"),
    ):
        with pytest.raises(HebbsimError, match=f"^{path}: (cannot read: [A-Z]|{words})"):
            source.read_file(type(tmp_path)(path), 1000)
    done = hebbsim("store", "/dev/zero", "--out", tmp_path / "memory")
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and not (tmp_path / "memory").exists()


def test_a_file_that_does_not_fit_is_refused_with_both_sizes(tmp_path):
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(2**42)  # no disk is used
    done = hebbsim("store", tmp_path / "sparse", "--out", tmp_path / "memory")
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and not (tmp_path / "memory").exists()
    assert f"{2**42:,} bytes" in done.stderr and "which is what fits" in done.stderr
    assert 10**6 < store.longest_file(0.7) < source.available_memory()
    assert store.longest_file(0.7) < store.longest_file(1.9)


def test_neither_command_replaces_what_it_reads_or_a_device(tmp_path):
    (tmp_path / "file").write_bytes(b"hebb")
    before = (tmp_path / "file").read_bytes()
    done = hebbsim("store", tmp_path / "file", "--out", tmp_path / "file")
    assert done.returncode == 2 and (tmp_path / "file").read_bytes() == before
    for out in ("/dev/null", tmp_path):
        done = hebbsim("store", tmp_path / "file", "--out", out)
        assert done.returncode == 2 and "not a regular file" in done.stderr
    assert not os.path.isfile("/dev/null")
    save(store.write(b"hebb"), tmp_path / "memory")
    done = hebbsim("recall", tmp_path / "memory", "--out", tmp_path / "memory")
    assert done.returncode == 2 and "choose another" in done.stderr and load(tmp_path / "memory").length == 4
