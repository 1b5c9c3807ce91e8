"""Rows from .npy files: read, checked and hashed."""

import hashlib
from pathlib import Path

import numpy as np

from hebbsim.errors import HebbsimError

MOST_BYTES = 2**30  # of one file: its rows become part of the compiled program


def hash_of(*files: str) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of the files' contents, one after the other."""
    found = hashlib.sha256()
    for file in files:
        try:
            found.update(Path(file).read_bytes())
        except OSError as error:
            raise HebbsimError(f"{file}: cannot be read: {error.strerror}") from None
    return found.hexdigest()[:16]


def load_rows(file: str, head: int = 0) -> np.ndarray:
    """Rows (pairs, dim) of a .npy file, float32; of head `head`, the first being 1, if it holds (heads, pairs, dim).

    Raises HebbsimError, naming the file and the place, for anything that is not an array of finite numbers, floats or
    +-1.
    """
    found = load_array(file)
    place = f"head {head}, row" if head else "row"
    if found.ndim == 3 and not head:
        every = "or all of them by `hebbsim measure` or measure_heads"
        raise HebbsimError(f"{file} holds {len(found)} heads; allowed: head = 1 to {len(found)}, {every}")
    if found.ndim == 2 and head:
        raise HebbsimError(f"{file} has no heads, its shape is {found.shape}; allowed: no head option")
    if found.ndim == 3:
        if head > len(found):
            raise HebbsimError(f"{file} holds {len(found)} heads; allowed: head = 1 to {len(found)}")
        found = found[head - 1]
    if found.dtype.kind in "iu" and not np.all(np.abs(found.astype(np.int64)) == 1):
        row, column = np.argwhere(np.abs(found.astype(np.int64)) != 1)[0]
        raise HebbsimError(
            f"{file}: {found[row, column]} at {place} {row}, entry {column}; allowed: floats, or integers +-1"
        )
    with np.errstate(over="ignore"):
        rows = found.astype(np.float32)
    bad = np.argwhere(~np.isfinite(rows))
    if len(bad):
        row, column = bad[0]
        raise HebbsimError(
            f"{file}: {found[row, column]} at {place} {row}, entry {column}; allowed: finite float32 numbers"
        )
    return rows


def load_array(file: str) -> np.ndarray:
    """The array of a .npy file, (pairs, dim) or (heads, pairs, dim), of floats or integers. Raises HebbsimError."""
    if not file or Path(file).suffix != ".npy":
        raise HebbsimError(f"{file!r} is not a .npy file; allowed: a file that numpy.save wrote")
    try:
        size = Path(file).stat().st_size
        if size > MOST_BYTES:
            raise HebbsimError(f"{file}: {size / 2**30:.1f} GiB; allowed: up to {MOST_BYTES / 2**30:.0f} GiB a file")
        found = np.load(file, allow_pickle=False)
    except OSError as error:
        raise HebbsimError(f"{file}: cannot be read: {error.strerror or error}") from None
    except (ValueError, EOFError) as error:
        # numpy takes whatever it does not know for a pickle: the first bytes tell.
        objects = Path(file).read_bytes()[:6] == b"\x93NUMPY" and "allow_pickle" in str(error)
        reason = "it holds Python objects" if objects else "it is not in numpy's format"
        raise HebbsimError(f"{file}: {reason}; allowed: an array of floats or +-1 that numpy.save wrote") from None
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "fiu":
        raise HebbsimError(f"{file}: entries are {getattr(found, 'dtype', 'none')}; allowed: floats, or integers +-1")
    if found.ndim not in (2, 3) or 0 in found.shape:
        raise HebbsimError(f"{file}: its shape is {found.shape}; allowed: (pairs, dim) or (heads, pairs, dim)")
    return found
