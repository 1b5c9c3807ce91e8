"""A signal ends the program with its own status, wherever it comes in."""

import signal
import subprocess
import sys

import pytest
from repository import ROOT

from hebbsim.lifetime import KEPT

SIGNALS = pytest.mark.parametrize(("name", "status"), [("SIGTERM", 143), ("SIGHUP", 129), ("SIGINT", 130)])
START = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
from hebbsim import lifetime
lifetime.PATIENCE = 1
lifetime.prepare()
"""


def end_of(code, *arguments):
    command = [sys.executable, "-c", START + code, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


@SIGNALS
def test_in_the_middle_of_an_import_it_ends_at_once(name, status, tmp_path):
    (tmp_path / "slow.py").write_text(f"import os, signal, time\nos.kill(os.getpid(), signal.{name})\ntime.sleep(30)\n")
    done = end_of("sys.path.insert(0, sys.argv[1])\nimport slow", tmp_path)
    what = "interrupted" if name == "SIGINT" else name
    assert (done.returncode, done.stderr) == (status, f"hebbsim: {what}; {KEPT}\n")


@SIGNALS
def test_one_that_is_swallowed_ends_the_program_all_the_same(name, status):
    done = end_of(f"""
import gc
sys.unraisablehook = lambda wrong: print("swallowed", flush=True)
def callback(phase, info):
    gc.callbacks.remove(callback)
    os.kill(os.getpid(), signal.{name})
gc.callbacks.append(callback)
gc.collect()
while True: time.sleep(0.01)
""")
    assert done.returncode == status, done
    assert done.stdout == "swallowed\n" and KEPT in done.stderr


@pytest.mark.parametrize("before", [signal.SIG_IGN, signal.SIG_DFL])
def test_one_that_is_ignored_stays_ignored(before):
    code = f"import signal; signal.signal(signal.SIGHUP, {int(before)})\n{START}"
    code += "print(signal.getsignal(signal.SIGHUP) == signal.SIG_IGN)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == f"{before is signal.SIG_IGN}\n"
