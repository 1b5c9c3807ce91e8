"""The program: python -m hebbsim, or hebbsim."""

import os
import sys
from pathlib import Path
from typing import NoReturn

from hebbsim.cli import main


def entry() -> NoReturn:
    """Run one command. An interrupt ends it at once: the compiler's threads may be at work, and do not stop for an exit."""
    keep_compiled()
    try:
        status = main()
    except ImportError as error:
        status = explain(f"{error}", "run make, or pip install .")
    except ValueError as error:
        if not broken_import("jax"):
            raise
        status = explain(str(error).splitlines()[0], "JAX does not start under this environment")
    sys.stdout.flush()
    sys.stderr.flush()
    if status == 130:
        os._exit(status)
    raise SystemExit(status)


def explain(what: str, remedy: str) -> int:
    """One line on stderr; exit status 2."""
    print(f"hebbsim: {what}; {remedy}", file=sys.stderr)
    return 2


def broken_import(package: str) -> bool:
    """Whether the package was begun to be imported and is not there: its settings in the shell are not valid, say."""
    return package not in sys.modules and any(name.startswith(f"{package}.") for name in sys.modules)


def keep_compiled() -> None:
    """Let JAX keep what it compiles on disk, for the next run. JAX_COMPILATION_CACHE_DIR= (empty) turns it off."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(home) / "hebbsim"))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.2")


if __name__ == "__main__":
    entry()
