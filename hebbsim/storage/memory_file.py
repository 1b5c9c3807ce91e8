"""MEMORY, a matrix in a file: one line of JSON (sizes, seed, the stored file's length and SHA-256), the matrix, a SHA-256.

Loading runs nothing of it and believes nothing before the checksum holds.
"""

import hashlib
import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hebbsim.errors import HebbsimError
from hebbsim.precisions.lloyd_max import table

FORMAT = "hebbsim memory 1"
FIELDS = {"format", "dim_key", "dim_value", "num_patterns", "length", "seed", "type", "bits", "scale", "sha256"}
TYPES = ("int8", "int16", "int32", "codes")
LONGEST = 4096  # bytes of the first line
DIGEST = 32


class CodeUse(NamedTuple):
    """The outer code of a memory whose value rows are code words."""

    label: str
    length: int  # entries of a block
    blocks: int
    seed: int
    digest: str  # of the graph and the signs


class Memory(NamedTuple):
    """What MEMORY holds. type codes: numbers of Lloyd-Max levels, `bits` each, packed; else the integer weights."""

    dim_key: int
    dim_value: int
    num_patterns: int
    length: int  # bytes of the file
    seed: int
    type: str
    bits: int  # stored bits a weight
    scale: float  # rms of the weights before rounding; 0 where they are integers
    sha256: str  # of the file
    matrix: np.ndarray  # (dim_key, dim_value), int8 to int32, or level numbers in uint8
    code: CodeUse | None = None

    @property
    def bits_per_parameter(self) -> float:
        """Bits of the file an entry of the matrix."""
        return 8 * self.length / (self.dim_key * self.dim_value)

    def weights(self, columns: slice = slice(None)) -> np.ndarray:
        """Float32 weights of some columns."""
        part = self.matrix[:, columns]
        if self.type == "codes":
            return table(self.bits)[0][part] * np.float32(self.scale)
        return part.astype(np.float32)


def save(memory: Memory, path: Path) -> None:
    """Write MEMORY whole or not at all. Raises HebbsimError."""
    plain = ("matrix", "code")
    head = {"format": FORMAT} | {name: value for name, value in memory._asdict().items() if name not in plain}
    if memory.code is not None:
        head["code"] = memory.code._asdict()
    body = (json.dumps(head) + "\n").encode()
    if memory.type == "codes":
        body += packed(memory.matrix, memory.bits)
    else:
        body += memory.matrix.astype(f"<i{memory.bits // 8}").tobytes()
    replace(path, body + hashlib.sha256(body).digest())


def packed(levels: np.ndarray, bits: int) -> bytes:
    """Level numbers, `bits` bits each."""
    shifts = np.arange(bits - 1, -1, -1, dtype=np.uint8)
    return b"".join(np.packbits((row[:, None] >> shifts) & 1).tobytes() for row in levels)


def unpacked(data: bytes, rows: int, width: int, bits: int) -> np.ndarray:
    """The level numbers that `packed` packed, row by row."""
    each = np.frombuffer(data, np.uint8).reshape(rows, -1)
    weigh = (1 << np.arange(bits - 1, -1, -1)).astype(np.uint8)
    out = np.empty((rows, width), np.uint8)
    for i, row in enumerate(each):
        out[i] = np.unpackbits(row)[: width * bits].reshape(width, bits) @ weigh
    return out


def load(path: Path) -> Memory:
    """Read MEMORY; nothing of it is executed. Raises HebbsimError for what is damaged or something else."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise HebbsimError(f"{path}: cannot read: {error.strerror}") from None
    line, found, _ = data[:LONGEST].partition(b"\n")
    try:
        head = json.loads(line) if found else None
    except (ValueError, RecursionError):
        head = None
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise HebbsimError(f"{path}: not a memory that hebbsim store wrote")
    if hashlib.sha256(data[:-DIGEST]).digest() != data[-DIGEST:]:
        raise HebbsimError(f"{path}: damaged: its own checksum does not match; nothing was read")
    body = data[len(line) + 1 : -DIGEST]
    numbers = ("dim_key", "dim_value", "num_patterns", "length", "seed", "bits")
    named, use = head.pop("code", None), None
    good = named is None or (isinstance(named, dict) and set(named) == set(CodeUse._fields))
    if good and named is not None:
        use = CodeUse(**named)
        good = isinstance(use.label, str) and isinstance(use.digest, str)
        good = good and all(type(n) is int and n >= 0 for n in (use.length, use.blocks, use.seed)) and use.blocks > 0
    good = good and set(head) == FIELDS and all(type(head[name]) is int and head[name] >= 0 for name in numbers)
    good = good and head["type"] in TYPES and isinstance(head["sha256"], str)
    good = good and _possible(head)
    if good:
        rows, width, bits = head["dim_key"], head["dim_value"], head["bits"]
        size = rows * -(-width * bits // 8) if head["type"] == "codes" else rows * width * bits // 8
        good = len(body) == size and 0 <= head["length"] <= head["num_patterns"] * width / 8
        good = good and (use is None or use.length * use.blocks <= head["num_patterns"] * width)
    if not good:
        raise HebbsimError(f"{path}: sizes and matrix do not fit together; nothing was read")
    if head["type"] == "codes":
        matrix = unpacked(body, rows, width, bits)
    else:
        matrix = np.frombuffer(body, f"<i{bits // 8}").reshape(rows, width)
    return Memory(**{name: head[name] for name in head if name != "format"}, matrix=matrix, code=use)


def _possible(head: dict[str, Any]) -> bool:
    """Whether a memory of ours can say so of itself: whatever the matrix is, before any of it is unpacked."""
    bits, scale = head["bits"], head["scale"]
    fits = 1 <= bits <= 8 if head["type"] == "codes" else head["type"] == f"int{bits}"
    fits = fits and type(scale) in (int, float) and 0 <= scale < 1e30 and (scale > 1e-30 or head["type"] != "codes")
    fits = fits and head["seed"] < 2**32 and 1 <= head["num_patterns"] < 2**31 - 2048
    fits = fits and all(1 <= head[name] <= 2**24 for name in ("dim_key", "dim_value"))
    return fits and re.fullmatch("[0-9a-f]{64}", head["sha256"]) is not None


def replace(path: Path, data: bytes) -> None:
    """Write a file whole or not at all. Raises HebbsimError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.chmod(name, 0o644)
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise HebbsimError(f"{path}: cannot write: {error.strerror}") from None
