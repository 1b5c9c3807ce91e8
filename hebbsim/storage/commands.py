"""`hebbsim store` and `hebbsim recall`: files in, files out, and what is said about them."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hebbsim.errors import HebbsimError, printable
from hebbsim.storage.coded import (
    RecalledBlocks,
    kept_power,
    lay_out,
    read_coded,
    recall_memory,
    write_coded,
)
from hebbsim.storage.memory_file import Memory, load, replace, save
from hebbsim.storage.source import available_memory, check_target, read_file
from hebbsim.storage.store import longest_file, read, write
from hebbsim.theory.limits import amp_capacity
from hebbsim.theory.one_shot import soft_bits

Progress = Callable[[str, float, float], None]
USUAL = 0.7  # bits per parameter, where none are asked for


def store_file(
    path: Path,
    out: Path,
    bits_per_parameter: float | None,
    seed: int,
    bits: int,
    progress: Progress = lambda *_: None,
) -> int:
    """`hebbsim store` without a code: exit status 0 once the file has been read back. Raises HebbsimError."""
    most = amp_capacity()
    asked = USUAL if bits_per_parameter is None else bits_per_parameter
    data = read_file(path, longest_file(min(asked, most) if asked > 0 else most))
    check_target(out, path)
    memory = write(data, asked, seed, bits, progress)
    save(memory, out)
    print(f"{printable(str(out))}: {memory.length:,} bytes in {said(memory)}")
    print(f"read back by amp, which is given all keys: 0 of {8 * memory.length:,} bits wrong; {size_said(memory, out)}")
    if memory.seed != seed:
        print(f"seed {seed} did not give the file back; seed {memory.seed} does")
    return 0


def store_coded(
    path: Path,
    out: Path,
    rate: str,
    bits_per_parameter: float | None,
    seed: int,
    bits: int,
    length: int | None,
    dim: int | None,
    force: bool,
    progress: Progress = lambda *_: None,
) -> int:
    """`hebbsim store --code`: exit status 0 once the file has been read back one-shot. Raises HebbsimError."""
    lay_out(0, rate, bits_per_parameter, seed, bits, length, force=True)  # what there is not is refused before reading
    most = available_memory() // 40  # the matrix as floats, integers and levels, and the messages
    data = read_file(path, most)
    check_target(out, path)
    memory, found = write_coded(data, rate, bits_per_parameter, seed, bits, length, dim, force, progress)
    save(memory, out)
    print(f"{printable(str(out))}: {memory.length:,} bytes in {said(memory)}")
    print(f"read back one-shot: {blocks_said(memory, found)}; {size_said(memory, out)}")
    if memory.type == "codes":
        load = memory.num_patterns / memory.dim_key / kept_power(memory.bits)
        limit = float(soft_bits(load)) * kept_power(memory.bits) / memory.bits
        print(
            f"a one-shot reader of {memory.bits}-bit weights at this load gets at most {limit:.3f} bits per stored bit"
        )
    return 0


def recall_coded(memory: Memory, out: Path, force: bool, progress: Progress) -> int:
    """`hebbsim recall` of a coded memory: exit status 0 if the file came back whole, 1 if not. Raises HebbsimError."""
    print(
        f"reading takes about {recall_memory(memory) / 2**20:,.0f} MiB: the matrix, one block's keys and fields, its graph"
    )
    found = read_coded(memory, progress)
    print(f"one-shot: {blocks_said(memory, found)}")
    if found.right:
        replace(out, found.data)
        print(f"{printable(str(out))}: {memory.length:,} bytes, 0 of {8 * memory.length:,} bits wrong, SHA-256 equal")
        return 0
    print(f"SHA-256 differs; {found.failed:,} of {found.blocks:,} blocks are known to be wrong")
    if not force:
        print(f"hebbsim: {printable(str(out))} not written; --force writes it with its errors", file=sys.stderr)
        return 1
    replace(out, found.data)
    print(f"{printable(str(out))}: written with its errors")
    return 1


def blocks_said(memory: Memory, found: RecalledBlocks) -> str:
    """Code, raw error and what decoding took, in words."""
    assert memory.code is not None
    name, blocks = memory.code.label, f"{found.blocks:,} block{'s' if found.blocks > 1 else ''}"
    return (
        f"{100 * found.raw_error:.1f} % of the signs wrong, {found.failed:,} of {blocks} after decoding by {name}, "
        f"{found.iterations:.1f} passes a block"
    )


def size_said(memory: Memory, out: Path) -> str:
    """How large MEMORY is, and how much larger than the file."""
    size = out.stat().st_size
    ratio = f", {size / memory.length:.1f} times the file" if memory.length else ""
    return f"{out.name} has {size:,} bytes{ratio}"


def said(memory: Memory) -> str:
    """Sizes and loads, in words."""
    stored = memory.bits_per_parameter / memory.bits
    kind = f"{memory.bits}-bit levels" if memory.type == "codes" else memory.type
    return (
        f"{memory.dim_key:,} x {memory.dim_value:,} {kind}, {memory.num_patterns:,} pairs, load "
        f"{memory.num_patterns / memory.dim_key:.3f}: {memory.bits_per_parameter:.4f} bits/parameter, "
        f"{stored:.4f} bits per stored bit"
    )


def recall_file(
    path: Path,
    out: Path,
    retrieval: str | None,
    options: dict[str, Any] | None,
    force: bool,
    progress: Progress,
) -> int:
    """`hebbsim recall`: exit status 0 if the file came back whole, 1 if not. Raises HebbsimError."""
    memory = load(path)
    check_target(out, path)
    print(f"{printable(str(path))}: {said(memory)}")
    if memory.code is not None:
        if retrieval is not None or options:
            raise HebbsimError(f"{path} holds code words, which are read one-shot: it takes no --retrieval")
        return recall_coded(memory, out, force, progress)
    found = read(memory, retrieval or "amp", options, progress)
    effort = (
        f"{found.iterations:.1f} iterations a column, {found.unconverged:,} of {found.columns:,} columns unconverged"
    )
    if found.right:
        replace(out, found.data)
        print(
            f"{printable(str(out))}: {memory.length:,} bytes, 0 of {8 * memory.length:,} bits wrong, SHA-256 equal; {effort}"
        )
        return 0
    share = 100 * found.wrong / max(8 * memory.length, 1)
    wrong = (
        f"about {found.wrong:,.0f} of {8 * memory.length:,} bits wrong ({share:.3g} %, by the reader's own noise level)"
    )
    print(f"{wrong}; SHA-256 differs; {effort}")
    if not force:
        print(f"hebbsim: {printable(str(out))} not written; --force writes it with its errors", file=sys.stderr)
        return 1
    replace(out, found.data)
    print(f"{printable(str(out))}: written with its errors")
    return 1
