"""Reading the file that is to be stored: regular files only, and no more of them than fits into memory."""

import os
import stat
from pathlib import Path

from hebbsim.errors import HebbsimError

KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)


def available_memory() -> int:
    """Bytes of memory that can still be taken, about: Linux's own estimate, or the free pages elsewhere."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return 1024 * int(line.split()[1])
    except OSError:
        pass
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def read_file(path: Path, longest: int) -> bytes:
    """The bytes of a regular file of at most `longest` bytes.

    Raises HebbsimError for a folder, pipe, device or socket, none of which is opened, and for a file that is longer:
    what a file says of its own length is not believed, since some of /proc say 0 and go on for ever.
    """
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            kind = next((words for test, words in KINDS if test(mode)), "not a regular file")
            raise HebbsimError(f"{path}: {kind}; allowed: a regular file, whose length is known before it is stored")
        with path.open("rb") as file:
            data = file.read(longest + 1)
            size = max(os.fstat(file.fileno()).st_size, len(data))
    except HebbsimError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte in it
        raise HebbsimError(f"{path}: cannot read: {getattr(error, 'strerror', error)}") from None
    if size > longest:
        raise HebbsimError(f"{path}: {size:,} bytes or more; allowed: {longest:,} bytes, which is what fits here")
    return data


def check_target(path: Path, source: Path) -> None:
    """Raise HebbsimError if writing `path` would replace the file it comes from, a folder or a device."""
    try:
        if path.exists() and not stat.S_ISREG(path.stat().st_mode):
            raise HebbsimError(f"{path}: cannot write: not a regular file")
        if path.exists() and path.samefile(source):
            raise HebbsimError(f"{path}: is the file that is read; choose another --out")
    except HebbsimError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte in it
        raise HebbsimError(f"{path}: cannot write: {getattr(error, 'strerror', error)}") from None
