"""The program: python -m hebbsim, or hebbsim."""

import os
import sys
from typing import NoReturn

from hebbsim import lifetime
from hebbsim.lifetime import keep_compiled


def entry() -> NoReturn:
    """Run one command. A signal ends it at once: the compiler's threads may be at work, and do not stop for an exit."""
    lifetime.prepare()
    keep_compiled()
    try:
        from hebbsim.cli import main  # by now a signal is one line

        status = main()
        sys.stdout.flush()
    except lifetime.Stopped as stop:
        status = stop.status
        print(f"hebbsim: {stop}; {lifetime.KEPT}", file=sys.stderr)
    except ImportError as error:
        status = explain(f"{error}", "run make, or pip install .")
    except ValueError as error:
        if not broken_import("jax"):
            raise
        status = explain(str(error).splitlines()[0], "JAX does not start under this environment")
    except OSError as error:
        if error.filename is not None:
            raise
        status = explain("cannot write the output", error.strerror or "no reason was given")
    sys.stderr.flush()
    if status > 128 or status == 2:
        os._exit(status)
    raise SystemExit(status)


def explain(what: str, remedy: str) -> int:
    """One line on stderr; exit status 2."""
    print(f"hebbsim: {what}; {remedy}", file=sys.stderr)
    return 2


def broken_import(package: str) -> bool:
    """Whether the package was begun to be imported and is not there: its settings in the shell are not valid, say."""
    return package not in sys.modules and any(name.startswith(f"{package}.") for name in sys.modules)


if __name__ == "__main__":
    entry()
