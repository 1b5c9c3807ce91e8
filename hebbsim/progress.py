"""Progress of long work, reported on stderr: how much is done, how long the rest will take, and when it will end. No JAX."""

import shutil
import sys
import time
from collections.abc import Callable

CENTURY = 100 * 365 * 86400.0  # seconds; the end of what takes longer has no useful date, and later none at all
Report = Callable[[str, float, float], None]  # (what is running, work done, work in all), in any unit


def progress(every: float = 5.0) -> Report:
    """A reporter: one line rewritten on a terminal, a plain line every few seconds elsewhere.

    What is done at the first call was done by an earlier run: it counts for the percentage, not for the speed.
    """
    began, last, first = time.monotonic(), -every, None
    live = sys.stderr.isatty()

    def report_progress(text: str, done: float, total: float) -> None:
        nonlocal last, first
        first = done if first is None else first
        now = time.monotonic()
        finished = done >= total
        if now - last < (0.2 if live else every) and not finished:
            return
        last = now
        line = progress_line(text, done, total, now - began, first, time.time())
        line = line[: shutil.get_terminal_size((80, 24)).columns - 1]
        end = "" if live and not finished else "\n"
        print(f"\r\033[K{line}" if live else line, end=end, file=sys.stderr, flush=True)

    return report_progress


def progress_line(text: str, done: float, total: float, spent: float, first: float, now: float) -> str:
    """The line: percentage, time left and time of day at the end, from the speed since `first`, and what is running.

    >>> progress_line("delta 64x64", 30, 40, 100, 20, 0.0).partition(", ends")[0]
    ' 75 %  100 s left'
    >>> progress_line("delta 64x64", 40, 40, 300, 20, 0.0)
    '100 %  took 5.0 min  delta 64x64'
    """
    part = f"{int(100 * done / total) if total else 100:3d} %"
    if done >= total:
        return f"{part}  took {duration(spent)}  {text}"
    if done <= first:
        return f"{part}  {text}"
    left = spent * (total - done) / (done - first)
    end = f", ends {clock(now + left, now)}" if left < CENTURY else ""
    return f"{part}  {duration(left)} left{end}  {text}"


def duration(seconds: float) -> str:
    """Seconds in the unit that a reader would choose.

    >>> duration(4.2), duration(200), duration(9000), duration(3e6)
    ('4 s', '3.3 min', '2.5 h', '35 days')
    """
    if seconds < 1:
        return "1 s"
    if seconds < 119.5:
        return f"{seconds:.0f} s"
    for unit, size, most in (("min", 60, 90), ("h", 3600, 48), ("days", 86400, float("inf"))):
        count = seconds / size
        if count < most:
            return f"{count:.1f} {unit}" if count < 10 else f"{count:.0f} {unit}"
    raise ValueError(f"{seconds} seconds")


def memory(size: float) -> str:
    """Bytes in MiB or GiB.

    >>> memory(3e6), memory(5e10)
    ('3 MiB', '47 GiB')
    """
    return f"{max(size / 2**20, 1):.0f} MiB" if size < 2**30 else f"{size / 2**30:.2g} GiB"


def clock(at: float, now: float) -> str:
    """The local time of day of a Unix time, with the date unless it is today."""
    there, here = time.localtime(at), time.localtime(now)
    return time.strftime("%H:%M" if there[:3] == here[:3] else "%a %d %b %H:%M", there)
