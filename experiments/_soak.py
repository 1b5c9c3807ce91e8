"""A soak: collect the same experiment over and over while it is killed, told to stop, and denied disk space.

    python experiments/_soak.py [MINUTES] [FOLDER]     30 minutes and results/soak unless given

Each round the plan asks for more trials. A round ends when one run was let alone; its records must then be those of a
run that nobody disturbed, count for count. Beside it one process collects all the time, whose memory and open files are
watched. Writes FOLDER/soak.json and table.md; exit status 1 if a record was lost, doubled or changed, or if it grows.
"""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hebbsim.records import digest, read
from hebbsim.records.check import HARMLESS, check
from hebbsim.records.provenance import describe

PLAN = """
BUDGET = ""
TASKS = dict(
    hebbian=dict(dim=16, loads=[0.5, 1.0], probes=16, trials={trials}),
    decay=dict(rule="decay", rule_options=dict(decay=0.9), dim=16, num_patterns=[8], probes=8, ages=[4], trials={trials}),
    tokens=dict(
        ensemble="tokens", ensemble_options=dict(vocabulary=16), readout="argmax", dim=16, num_patterns=[12], trials={trials}
    ),
)
def figure(results): ...
"""
# One process that collects anew all the time, its folder emptied each round.
STEADY = """
import shutil, sys
from pathlib import Path
from hebbsim.collect import collect
from hebbsim.experiment import load
from hebbsim.simulate.sweeps import sweeps
plans, _ = sweeps(load(sys.argv[1]).tasks)
folder = Path(sys.argv[2])
while True:
    collect(plans, 8, folder / "records.jsonl")
    shutil.rmtree(folder)
"""
STEP = 40  # trials a round
DISTURBANCES = ("SIGKILL", "SIGKILL", "SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "full disk", "full disk", "two at once")


class Soak:
    """The state of a soak: what was done, what went wrong, and how large the steady process is."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file = folder, folder / "plan.py"
        self.dice = random.Random(7)
        self.done: dict[str, int] = {}
        self.wrong: list[str] = []
        self.samples: list[tuple[float, float, int]] = []  # minutes, MiB, open files

    def command(self, out: str) -> list[str]:
        return [sys.executable, "-m", "hebbsim", "collect", str(self.file), "--out", str(self.folder / out)]

    def start(self, out: str, limit: int | None = None) -> subprocess.Popen:
        def prepare() -> None:
            for ignored in ("SIGINT", "SIGHUP"):  # by nohup and a shell's &
                signal.signal(getattr(signal, ignored), signal.SIG_DFL)
            if limit is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        return subprocess.Popen(
            self.command(out), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, preexec_fn=prepare
        )

    def disturb(self, kind: str) -> None:
        records = self.folder / "disturbed" / "records.jsonl"
        size = records.stat().st_size if records.exists() else 0
        limit = size + self.dice.randrange(20, 4000) if kind == "full disk" else None
        process = self.start("disturbed", limit)
        other = self.start("disturbed") if kind == "two at once" else None
        if kind.startswith("SIG"):
            until = size + self.dice.randrange(1, 12_000)
            while process.poll() is None and (not records.exists() or records.stat().st_size < until):
                time.sleep(0.002)
            process.send_signal(getattr(signal, kind))
        error = process.communicate()[1]
        number = getattr(signal, kind, 0)
        if number and process.returncode not in (0, 128 + number, -number):
            self.wrong.append(f"{kind}: exit status {process.returncode}")
        if other is not None:
            error += other.communicate()[1]
        if "Traceback" in error:
            self.wrong.append(f"{kind}: {error.strip().splitlines()[-1]}")
        if kind == "full disk" and process.returncode not in (0, 2):
            self.wrong.append(f"full disk: exit status {process.returncode}")
        self.done[kind] = self.done.get(kind, 0) + 1
        kinds = {finding.kind for finding in check(self.folder / "disturbed")} if records.parent.exists() else set()
        if kinds - HARMLESS - {"torn", "missing"}:
            self.wrong.append(f"{kind}: check says {sorted(kinds)}")

    def round(self, number: int) -> None:
        self.file.write_text(PLAN.format(trials=STEP * number))
        for kind in self.dice.sample(DISTURBANCES, 5):
            self.disturb(kind)
        for out in ("disturbed", "alone"):
            if self.start(out).wait():
                self.wrong.append(f"round {number}: {out} failed")
        if digest(read(self.folder / "disturbed")) != digest(read(self.folder / "alone")):
            self.wrong.append(f"round {number}: records differ from an undisturbed run's")

    def sample(self, process: subprocess.Popen, began: float) -> None:
        pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
        size = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
        files = len(os.listdir(f"/proc/{process.pid}/fd"))
        self.samples.append((round((time.monotonic() - began) / 60, 2), round(size, 1), files))

    def growth(self) -> tuple[float, int]:
        """MiB and open files between the first and the last third of the samples, medians, warm-up left out."""
        kept = self.samples[len(self.samples) // 5 :]
        third = max(1, len(kept) // 3)
        early, late = kept[:third], kept[-third:]
        middle = lambda samples, at: sorted(one[at] for one in samples)[len(samples) // 2]  # noqa: E731
        return round(middle(late, 1) - middle(early, 1), 1), int(middle(late, 2) - middle(early, 2))


def main(minutes: float, out: Path) -> int:
    """Run for so long; returns the exit status."""
    began, number = time.monotonic(), 0
    with tempfile.TemporaryDirectory() as place:
        soak = Soak(Path(place))
        soak.file.write_text(PLAN.format(trials=8))
        steady_plan = Path(place) / "steady.py"
        steady_plan.write_text(PLAN.format(trials=8))
        steady = subprocess.Popen([sys.executable, "-c", STEADY, str(steady_plan), f"{place}/steady"])
        try:
            while time.monotonic() - began < 60 * minutes:
                number += 1
                soak.round(number)
                soak.sample(steady, began)
                if steady.poll() is not None:
                    soak.wrong.append("the steady process ended")
                    break
        finally:
            steady.kill()
            steady.wait()
        records = len(read(Path(place) / "disturbed"))
    size, files = soak.growth()
    if files > 2 or size > 50:
        soak.wrong.append(f"grew by {size} MiB and {files} open files")
    result = {"minutes": round((time.monotonic() - began) / 60, 1), "rounds": number, "records": records}
    result |= {"disturbances": soak.done, "wrong": soak.wrong, "growth_mib": size, "growth_files": files}
    result |= {"samples": soak.samples, "made by": describe(["_soak.py", f"{minutes:g}"], "cpu", 1)}
    out.mkdir(parents=True, exist_ok=True)
    (out / "soak.json").write_text(json.dumps(result) + "\n")
    lines = [["rounds", number], ["records", records], *soak.done.items(), ["records lost or changed", len(soak.wrong)]]
    lines += [["growth of memory, MiB", size], ["growth of open files", files], ["minutes", result["minutes"]]]
    (out / "table.md").write_text(
        "| what | how many |\n| --- | --- |\n" + "".join(f"| {a} | {b} |\n" for a, b in lines)
    )
    print(json.dumps({name: value for name, value in result.items() if name not in ("samples", "made by")}))
    return 1 if soak.wrong else 0


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(main(float(given[0]) if given else 30.0, Path(given[1]) if given[1:] else Path("results/soak")))
