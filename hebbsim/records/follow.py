"""What other processes append to the files of a folder while this one works."""

import time
from pathlib import Path

from hebbsim.errors import HebbsimError, printable
from hebbsim.records.line import Record, Torn, from_line, text_of

EVERY = 0.3  # seconds between looks


class Follow:
    """Records that appear in the *.jsonl of a folder after it was read, but for this process's own file.

    Only files directly in the folder are followed, which is where processes that share an experiment write.
    """

    def __init__(self, own: Path) -> None:
        self.own = own
        self._next = 0.0
        self._read: dict[Path, int] = {}  # bytes of each file that were looked at

    def new(self) -> list[Record]:
        """The records since the last call, all of them at the first; none if that was a moment ago.

        Raises HebbsimError for a line that cannot be.
        """
        found = []
        if time.monotonic() < self._next:
            return found
        self._next = time.monotonic() + EVERY
        for file in sorted(self.own.parent.glob("*.jsonl")):
            if file == self.own:
                continue
            try:
                start = self._read.get(file, 0)
                if file.stat().st_size <= start:
                    continue
                with file.open("rb") as lines:
                    lines.seek(start)
                    data = lines.read()
            except OSError as error:
                raise HebbsimError(f"{file}: cannot read: {error.strerror}") from None
            whole = data[: data.rfind(b"\n") + 1]  # the rest is being written
            self._read[file] = start + len(whole)
            for raw in whole.split(b"\n"):
                text = text_of(raw)
                try:
                    found += [from_line(text)] if text else []
                except Torn:
                    continue
                except HebbsimError as error:
                    raise HebbsimError(f"{printable(str(file))}: {error}; run hebbsim check") from None
        return found
