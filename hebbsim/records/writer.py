"""Appends records to a file: whole lines only, one writer a file."""

import contextlib
import fcntl
import itertools
import os
import platform
import time
from collections.abc import Iterator
from pathlib import Path

from hebbsim.errors import HebbsimError
from hebbsim.records.line import START, Record, text_of, to_line


class Busy(HebbsimError):
    """The file has a writer."""


class Writer:
    """Appends records to one file; a context manager.

    path: the file; it and its folder are made if need be. fsync_every: seconds between calls of fsync while writing
    (there is one more at the end); only a crash of the whole machine can lose what was written since.
    Raises HebbsimError if the file cannot be written, is not one of records, or has a writer already.
    """

    def __init__(self, path: str | os.PathLike[str], fsync_every: float = 1.0) -> None:
        self.path = Path(path)
        self.fsync_every = fsync_every
        self._fd = -1
        self._synced = 0.0
        self._gap = b""

    def __enter__(self) -> "Writer":
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.path.exists() and not self.path.is_file():
                raise HebbsimError(f"{self.path}: cannot write records there: not a file")
            self._lock()
            with self.path.open("rb") as lines:
                first = next((line for line in map(text_of, lines) if not START.startswith(line)), START)
            size = os.fstat(self._fd).st_size
            # A record after a torn line needs a line of its own.
            self._gap = b"\n" if size and os.pread(self._fd, 1, size - 1) != b"\n" else b""
            if not first.startswith(START):
                raise HebbsimError(f"{self.path}: a foreign file, not one of hebbsim records; nothing was written")
        except (OSError, HebbsimError) as error:
            self._close()
            if isinstance(error, HebbsimError):
                raise
            if isinstance(error, BlockingIOError):
                raise Busy(f"{self.path}: one writer a file, and {self._holder()} is writing to it") from None
            raise HebbsimError(f"{self.path}: cannot write records there: {error.strerror}") from None
        # Whose lock it is, for the message that another process prints. The lock itself goes with the process.
        with contextlib.suppress(OSError):
            self._sign.write_text(f"process {os.getpid()} on {platform.node()}")
        return self

    @property
    def _sign(self) -> Path:
        return self.path.with_name(f".{self.path.name}.lock")

    def _holder(self) -> str:
        with contextlib.suppress(OSError, ValueError):
            return self._sign.read_text()[:200] or "another process"
        return "another process"

    def _lock(self) -> None:
        """Open the file and lock it, until what is locked is the file that has the name (a repair replaces it)."""
        while True:
            self._fd = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self.path.exists() and os.path.samestat(os.fstat(self._fd), self.path.stat()):
                return
            self._close()

    def write(self, record: Record) -> None:
        """Append one record, whole. Raises HebbsimError if it is not on the disk (full, say) or not as in Record."""
        data = self._gap + to_line(record).encode() + b"\n"
        try:
            written = os.write(self._fd, data)
            self._gap = b"" if written == len(data) else b"\n"
            if self._gap:
                raise HebbsimError(f"{self.path}: the disk took only a part of a record; that record is lost")
            if time.monotonic() - self._synced >= self.fsync_every:
                os.fsync(self._fd)
                self._synced = time.monotonic()
        except OSError as error:
            raise HebbsimError(f"{self.path}: cannot write: {error.strerror}") from None

    def __exit__(self, kind: object = None, *rest: object) -> None:
        try:
            self._sign.unlink(missing_ok=True)
            os.fsync(self._fd)
        except OSError as error:
            if kind is None:  # else what went wrong first is on its way
                raise HebbsimError(f"{self.path}: cannot write: {error.strerror}") from None
        finally:
            self._close()

    def _close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1


@contextlib.contextmanager
def free_writer(path: Path) -> Iterator[tuple[Writer, int]]:
    """A writer of `path`; or, where others write already, of NAME-2.jsonl, NAME-3.jsonl, ... beside it; and which of them."""
    for number in itertools.count(1):
        place = path if number == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")
        with contextlib.ExitStack() as stack:
            try:
                writer = stack.enter_context(Writer(place))
            except Busy:
                continue
            yield writer, number
        return
