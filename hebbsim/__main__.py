"""The program: python -m hebbsim, or hebbsim."""

import os
import sys
from typing import NoReturn

from hebbsim import lifetime
from hebbsim.cli import main
from hebbsim.lifetime import keep_compiled


def entry() -> NoReturn:
    """Run one command. A signal ends it at once: the compiler's threads may be at work, and do not stop for an exit."""
    lifetime.prepare()
    keep_compiled()
    try:
        status = main()
        sys.stdout.flush()
    except lifetime.Stopped as stop:
        status = stop.status
        print(f"hebbsim: {stop}; finished records are kept, the same command goes on from them", file=sys.stderr)
    except OSError as error:
        if error.filename is not None:
            raise
        status = 2
        print(f"hebbsim: cannot write the output: {error.strerror}", file=sys.stderr)
    sys.stderr.flush()
    if status > 128 or status == 2:
        os._exit(status)
    raise SystemExit(status)


if __name__ == "__main__":
    entry()
