"""What made the records of a folder: one line of JSON a run in provenance.ndjson beside them.

No name of a machine or of a person's folder is in it. A run that is like one that is there already adds nothing.
"""

import functools
import hashlib
import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from hebbsim.errors import HebbsimError

NAME = "provenance.ndjson"  # no *.jsonl: it holds no records
PACKAGES = ("hebbsim", "jax", "jaxlib", "numpy")
# Variables that can change what is computed, or how it is rounded.
VARIABLES = (
    "JAX_ENABLE_X64",
    "JAX_DEFAULT_MATMUL_PRECISION",
    "JAX_THREEFRY_PARTITIONABLE",
    "JAX_DEFAULT_PRNG_IMPL",
    "JAX_NUMPY_DTYPE_PROMOTION",
    "JAX_PLATFORMS",
    "JAX_NUM_CPU_DEVICES",
    "XLA_FLAGS",
    "LIBTPU_INIT_ARGS",
    "NVIDIA_TF32_OVERRIDE",
    "PYTHONOPTIMIZE",
)


def describe(
    command: Sequence[str], device: str, devices: int, processes: int = 1, experiment: Path | None = None
) -> dict[str, Any]:
    """A run as JSON takes it. device: its kind; devices: how many. Paths are cut to their last part."""
    commit, dirty = _commit()
    return {
        "versions": {name: _version(name) for name in PACKAGES} | {"python": platform.python_version()},
        "system": f"{platform.system()} {platform.machine()}",
        "device": device,
        "devices": devices,
        "processes": processes,
        "commit": commit,
        "dirty": dirty,
        "command": [_short(word) for word in (["hebbsim", *command[1:]] if _is_program(command) else command)],
        "experiment": _content(experiment),
        "environment": {name: _flags(os.environ[name]) for name in VARIABLES if os.environ.get(name)},
    }


def name_of(run: Mapping[str, Any]) -> str:
    """Eight hexadecimal digits by which records say which run made them."""
    return hashlib.sha256(json.dumps(run, sort_keys=True).encode()).hexdigest()[:8]


def append(folder: Path, runs: Sequence[Mapping[str, Any]]) -> None:
    """Append the runs that the folder does not name yet. Raises HebbsimError if its file cannot be written."""
    path = folder / NAME
    have = {json.dumps(run, sort_keys=True) for run in runs_of(folder)}
    new = [line for line in dict.fromkeys(json.dumps(run, sort_keys=True) for run in runs) if line not in have]
    if not new:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 1))
            gap = b"\n" if file.read(1) not in (b"", b"\n") else b""
            file.write(gap + "".join(f"{line}\n" for line in new).encode())
    except OSError as error:
        raise HebbsimError(f"{path}: cannot write: {error.strerror}") from None


def runs_of(folder: Path) -> list[dict[str, Any]]:
    """The runs that a folder names; lines that are torn are left out, for nothing is counted by them."""
    try:
        lines = (folder / NAME).read_text(errors="replace").splitlines()
    except OSError:
        return []
    runs = []
    for line in lines:
        try:
            run = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(run, dict):
            runs.append(run)
    return runs


def _is_program(command: Sequence[str]) -> bool:
    return command[:1] != [] and Path(command[0]).name in ("__main__.py", "hebbsim")


def _version(package: str) -> str | None:
    loaded = getattr(sys.modules.get(package), "__version__", None)
    try:
        return loaded or metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


@functools.cache
def _commit() -> tuple[str | None, bool | None]:
    """Of the checkout that this code runs from, and whether the code in it was changed; None where there is none."""
    package = Path(__file__).parents[1]

    def git(*arguments: str) -> str:
        # status would lock the index to refresh it, and leave the lock there if a signal ends this program meanwhile.
        command = ["git", "--no-optional-locks", "-C", str(package), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.strip()

    try:
        if not git("ls-files", "--", "errors.py"):
            return None, None
        return git("rev-parse", "HEAD"), bool(git("status", "--porcelain", "--", "."))
    except (OSError, subprocess.SubprocessError):
        return None, None


def _content(file: Path | None) -> dict[str, str] | None:
    if file is None:
        return None
    try:
        return {"file": file.name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()[:16]}
    except OSError:
        return None


def _short(word: str) -> str:
    flag, equals, value = word.partition("=") if word.startswith("-") else ("", "", word)
    return flag + equals + (value.rstrip("/").rpartition("/")[2] if "/" in value else value)


def _flags(value: str) -> str:
    """Without those that name a place on this machine."""
    return " ".join(word for word in value.split() if "/" not in word)
