"""Progress of long work, told on stderr. No JAX."""

import sys
import time
from collections.abc import Callable


def progress(every: float = 5.0) -> Callable[[str, float, float], None]:
    """Live progress: one line rewritten on a terminal, a plain line every few seconds elsewhere. ETA by cost."""
    began, last = time.monotonic(), [0.0]
    live = sys.stderr.isatty()

    def tell(text: str, done: float, total: float) -> None:
        now = time.monotonic()
        finished = done >= total
        if now - last[0] < (0.2 if live else every) and not finished:
            return
        last[0] = now
        spent = now - began
        left = f", about {spent * (total - done) / done:.0f} s left" if 0 < done < total else ""
        line = f"{100 * done / max(total, 1):3.0f} %  {spent:.0f} s{left}  {text}"
        print(
            f"\r\033[K{line}" if live else line, end="" if live and not finished else "\n", file=sys.stderr, flush=True
        )

    return tell
