"""On one GPU or TPU: are the counts those of a CPU, what can the machine do, does a large file come back, how far does it go?

From a bare checkout: python -m experiments.accelerator. It is meant to take under 9 minutes: after 8 the step that runs
is interrupted, with its records kept, and none is begun. Each step is a command of hebbsim that can be run by itself;
all write into results/accelerator:

load/         two trials of each curve of experiments/load.py, held to the committed ones: exact counts that differ are an error
device.json   what products and a copy do there, and how near writes and overlaps come to it (hebbsim bench device)
              26,250,000 random bytes stored in 300 million parameters and read back by AMP, in a folder of their own
large/        experiments/large.py, held to its committed records likewise
steps.json    how each step ended, and its seconds
"""

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from hebbsim.answers.report import write_json
from hebbsim.errors import HebbsimError

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent / "results"
SECONDS = 480.0
BYTES = 26_250_000  # 210,000,000 bits: 100M tokens of 2.1 bits, at 0.7 a parameter
SMALL_BYTES = 400
# Of --small: one curve of load.py and no large one.
SMALL = """from hebbsim.experiment import load
TASKS = {{"dim 64": load({path!r}).tasks["dim 64"]}}
BUDGET, figure = "seconds", None
"""


def command(*words):
    """Runs a command of hebbsim here. Raises HebbsimError if it ends otherwise than well."""
    from hebbsim.cli import main

    status = main([str(word) for word in words])
    if status == 130:
        raise KeyboardInterrupt
    if status:
        raise HebbsimError(f"hebbsim {words[0]} ended with status {status}")
    return "done"


def same_counts(name, folder):
    """How many trials of a folder the committed results hold too. Raises HebbsimError, naming lines, where two differ."""
    from hebbsim.records import read
    from hebbsim.records.merge import merge

    with tempfile.TemporaryDirectory() as both:
        merged = merge([ROOT / name, folder], both)
    shared = len(read(ROOT / name)) + len(read(folder)) - len(merged.results)
    if not shared:
        raise HebbsimError(f"{folder}: none of its trials is in {ROOT / name}")
    return f"{shared} trials counted alike"


def round_trip(size):
    """Random bytes to a memory at 0.7 bits a parameter and back."""
    with tempfile.TemporaryDirectory() as folder:
        given, memory, found = (Path(folder) / name for name in ("given", "memory", "found"))
        given.write_bytes(np.random.default_rng(0).bytes(size))
        command("store", given, "--out", memory, "--bits-per-parameter", "0.7")
        command("recall", memory, "--out", found)
        if found.read_bytes() != given.read_bytes():
            raise HebbsimError("the bytes that came back are not those stored")
    return f"{8 * size:,} bits came back"


def steps(out, small):
    """(name, what to call) of each step, in order."""
    load, rounds = HERE / "load.py", 1 if small else 5
    if small:
        load = out / "small.py"
        load.write_text(SMALL.format(path=str(HERE / "load.py")))
    found = [
        ("load", lambda: command("collect", load, "--trials", 2, "--out", out / "load")),
        ("load, counts", lambda: same_counts("load", out / "load")),
        ("device", lambda: command("bench", "device", "--rounds", rounds, "--out", out)),
        ("round trip", lambda: round_trip(SMALL_BYTES if small else BYTES)),
    ]
    if small:
        return found
    return [
        *found,
        ("large", lambda: command("collect", HERE / "large.py", "--out", out / "large")),
        ("large, counts", lambda: same_counts("large", out / "large")),
    ]


def run(out, todo, limit=SECONDS):
    """Each step until `limit` seconds are over; a row each in steps.json. Whether none failed."""
    from hebbsim.bench.timing import machine

    began, rows = time.monotonic(), []
    for name, call in todo:
        at = time.monotonic()
        left = limit - (at - began)
        row = {"step": name, "ended": "no time left"}
        if left > 0:
            before = signal.signal(signal.SIGALRM, signal.default_int_handler)
            signal.setitimer(signal.ITIMER_REAL, left)
            try:
                row["ended"] = call()
            except HebbsimError as error:
                row |= {"ended": str(error), "failed": True}
            except KeyboardInterrupt:
                if time.monotonic() - began < limit:  # not by the clock
                    raise
                row["ended"] = "interrupted for lack of time"
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
                signal.signal(signal.SIGALRM, before)
        rows.append(row | {"seconds": time.monotonic() - at})
        write_json(out / "steps.json", {**machine(), "rows": rows})
        print(f"{time.monotonic() - began:4.0f} s  {name}: {row['ended']}", flush=True)
    return not any("failed" in row for row in rows)


def main(given=None):
    """0; 1 if counts or bits were wrong; 2 where there is no accelerator."""
    parser = argparse.ArgumentParser(prog="python -m experiments.accelerator", description="What an accelerator does.")
    parser.add_argument("--out", type=Path, help="default: results/accelerator")
    parser.add_argument(
        "--small", action="store_true", help="tiny sizes on any device, to see that it runs; needs --out"
    )
    arguments = parser.parse_args(given)
    from hebbsim.__main__ import keep_compiled

    keep_compiled()
    import jax

    if arguments.small and not arguments.out:
        parser.error("--small would write over the real results; allowed: --small --out FOLDER")
    if jax.devices()[0].platform == "cpu" and not arguments.small:
        parser.error("no GPU or TPU here, and it would take hours on a CPU; allowed: --small --out FOLDER")
    out = (arguments.out or ROOT / "accelerator").resolve()
    out.mkdir(parents=True, exist_ok=True)
    good = run(out, steps(out, arguments.small))
    print(f"{out}: {'all is well' if good else 'something is wrong'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
