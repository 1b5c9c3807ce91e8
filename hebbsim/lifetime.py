"""How the program ends when it is told to, and what it does without: signals, a terminal that went away, a cache."""

import contextlib
import os
import signal
import sys
import warnings
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, TextIO

ENDING = {name: getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGINT") if hasattr(signal, name)}
KEPT = "finished records are kept, the same command goes on from them"
PATIENCE = 10  # seconds from a signal until the program ends without closing anything


class Stopped(BaseException):
    """A signal told the program to end. Like KeyboardInterrupt it passes through whatever catches errors."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.status = 128 + number


def prepare() -> None:
    """End by an exception on SIGTERM, SIGHUP and SIGINT, so that files are closed; go on where stderr is gone."""
    for number in ENDING.values():
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup: to be ignored
            signal.signal(number, _stop)
    if sys.stderr is not None:
        sys.stderr = Forgiving(sys.stderr)  # type: ignore[assignment]
    warnings.filterwarnings("ignore", message="Error (writing|reading) persistent compilation cache")


def keep_compiled() -> None:
    """Let JAX keep what it compiles on disk, for the next run. JAX_COMPILATION_CACHE_DIR= (empty) turns it off."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(home) / "hebbsim"))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.2")
    if "://" in folder or not folder:
        return
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK | os.X_OK)
    except OSError:
        writable = False
    if not writable:
        os.environ["JAX_COMPILATION_CACHE_DIR"] = ""
        print(f"hebbsim: {folder!r} cannot be written; what is compiled is not kept", file=sys.stderr)


class Forgiving:
    """A stream whose reader may go away: what is written then is lost, and no error."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except (OSError, ValueError):
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except (OSError, ValueError):
            return

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _stop(number: int, frame: FrameType | None) -> None:
    """Raise what ends the program, or end it at once where that would not do.

    An exception in the middle of an import can crash the module being loaded, which is often a compiled one; one in a
    callback of the garbage collector is swallowed, so that an alarm is set beside it. Ending without closing a file
    loses no more than a kill does.
    """
    while frame is not None and not frame.f_code.co_filename.startswith("<frozen importlib"):
        frame = frame.f_back
    if frame is not None:
        _end(number)
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, lambda *_: _end(number))
        signal.alarm(PATIENCE)
    raise KeyboardInterrupt if number == signal.SIGINT else Stopped(number)


def _end(number: int) -> NoReturn:
    what = "interrupted" if number == signal.SIGINT else signal.Signals(number).name
    with contextlib.suppress(OSError):
        os.write(2, f"hebbsim: {what}; {KEPT}\n".encode())  # print may have been interrupted itself
    os._exit(128 + number)
