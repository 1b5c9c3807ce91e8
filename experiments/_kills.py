"""Kills: collect an experiment while it is killed or told to stop, each time at a moment drawn over its whole life.

    python experiments/_kills.py [KILLS] [EACH] [FOLDER]     50 kill -9, 15 of each other signal, results/soak

One collection is let alone first. Half of the moments are drawn from its whole life, from the start of Python over the
imports and the compiling to the last record; the others come after a run's first record. The same command is given again
and again and ended each time, until a run ends by itself before its moment. Its records must then be the undisturbed
run's, byte for byte once sorted and without the seconds that a trial took; then a new folder is begun. Whatever ends a run
must keep every line that was whole at that moment; a signal that can be handled leaves no torn line and gives its own
exit status.
Writes FOLDER/kills.json and kills.md; exit status 1 if anything was lost, doubled or changed.
"""

import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hebbsim.records import read, to_line
from hebbsim.records.provenance import describe

PLAN = """
BUDGET = ""
TASKS = dict(
    hebbian=dict(dim=16, loads=[0.5, 1.0], probes=16, trials={trials}),
    decay=dict(rule="decay", rule_options=dict(decay=0.9), dim=16, num_patterns=[8], probes=8, ages=[4], trials={trials}),
)
def figure(results): ...
"""
OTHERS = ("SIGTERM", "SIGHUP", "SIGINT")


class Kills:
    """A folder to collect in, and what was seen there."""

    def __init__(self, place: Path, trials: int, seed: int = 7) -> None:
        self.place, self.file = place, place / "plan.py"
        self.file.write_text(PLAN.format(trials=trials))
        self.dice = random.Random(seed)
        self.ended: dict[str, dict[str, int]] = {}  # signal -> when it came -> how often
        self.wrong: list[str] = []
        self.collect(place / "alone" / "out").communicate()  # compiles, which later runs need not
        self.whole = lines(place / "alone" / "out")
        began = time.monotonic()
        process = self.collect(place / "timed" / "out")
        wait_for_records(process, place / "timed" / "out", 0)
        first = time.monotonic()
        process.communicate()
        self.life, self.writing = time.monotonic() - began, time.monotonic() - first
        self.compare("timed", place / "timed" / "out")

    def collect(self, out: Path) -> subprocess.Popen:
        command = [sys.executable, "-m", "hebbsim", "collect", str(self.file), "--out", str(out)]

        def heed() -> None:  # what nohup and a shell's & ignore
            for kind in OTHERS:
                signal.signal(getattr(signal, kind), signal.SIG_DFL)

        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, preexec_fn=heed, **quiet)

    def compare(self, what: str, out: Path) -> None:
        if lines(out) != self.whole:
            self.wrong.append(f"{what}: records differ from an undisturbed run's")

    def end(self, kind: str, number: int) -> None:
        """End that many runs by a signal."""
        when = self.ended[kind] = {"before the first record": 0, "while writing": 0}
        if not number:
            return
        folders, out = 0, self.place / kind / "0" / "out"
        while sum(when.values()) < number:
            process = self.collect(out)
            before, moment = size(out), self.dice.uniform(0, self.life)
            if sum(when.values()) % 2:
                wait_for_records(process, out, before)
                moment = self.dice.uniform(0, self.writing)
            try:
                error = process.communicate(timeout=moment)[1]
            except subprocess.TimeoutExpired:
                kept = whole_lines(out)
                process.send_signal(getattr(signal, kind))
                error = process.communicate()[1]
                if process.returncode != 0:  # it had not ended in between
                    when["while writing" if size(out) > before else "before the first record"] += 1
                    self.judge(kind, out, kept, process.returncode, error)
                    continue
            if process.returncode:
                self.wrong.append(f"{kind}: a run let alone ended with {process.returncode}: {error.strip()[-200:]}")
            self.compare(kind, out)
            folders += 1
            out = self.place / kind / str(folders) / "out"
        process = self.collect(out)
        error = process.communicate()[1]
        if process.returncode:
            self.wrong.append(f"{kind}: the last run ended with {process.returncode}: {error.strip()[-300:]}")
        self.compare(kind, out)

    def judge(self, kind: str, out: Path, kept: list[bytes], status: int, error: str) -> None:
        number = getattr(signal, kind)
        if status not in (128 + number, -number):
            self.wrong.append(f"{kind}: exit status {status}: {error.strip()[-200:]}")
        if "Traceback" in error:
            self.wrong.append(f"{kind}: {error.strip()[-200:]}")
        now = whole_lines(out)
        if now[: len(kept)] != kept:
            self.wrong.append(f"{kind}: lost a record")
        if kind != "SIGKILL" and size(out) != sum(map(len, now)):
            self.wrong.append(f"{kind}: a torn line")


def wait_for_records(process: subprocess.Popen, out: Path, before: int) -> None:
    """Until a folder has more than so many bytes of records, or the process ends."""
    while process.poll() is None and size(out) <= before:
        time.sleep(0.005)


def lines(out: Path) -> list[str]:
    """The records as they are read, sorted, without the seconds; one that was written twice comes twice."""
    if not out.exists():
        return []
    results = read(out)
    found = sorted(to_line(record._replace(seconds=0.0)) for record in results.records.values())
    twice = sum(1 for line in whole_lines(out) if line.strip()) - len(results)
    return found + [f"{twice} lines more than records"] * (twice > 0)


def whole_lines(out: Path) -> list[bytes]:
    """The lines of a folder's records that end as they should."""
    files = sorted(out.glob("*.jsonl")) if out.exists() else []
    return [line for file in files for line in file.read_bytes().splitlines(keepends=True) if line.endswith(b"}\n")]


def size(out: Path) -> int:
    """Bytes of a folder's records."""
    return sum(file.stat().st_size for file in out.glob("*.jsonl")) if out.exists() else 0


def main(kills: int, each: int, out: Path, trials: int = 250) -> int:
    """Kill so often; returns the exit status."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        state = Kills(Path(place), trials)
        for kind, number in (("SIGKILL", kills), *((kind, each) for kind in OTHERS)):
            state.end(kind, number)
            print(
                f"{(time.monotonic() - began) / 60:.1f} min  {kind}: {state.ended[kind]}, wrong: {state.wrong}",
                file=sys.stderr,
                flush=True,
            )
    result = {
        "records": len(state.whole),
        "life_seconds": round(state.life, 1),
        "writing_seconds": round(state.writing, 1),
        "ended": state.ended,
    }
    result |= {"wrong": state.wrong, "minutes": round((time.monotonic() - began) / 60, 1)}
    result |= {"made by": describe(["_kills.py", str(kills), str(each)], "cpu", 1)}
    out.mkdir(parents=True, exist_ok=True)
    (out / "kills.json").write_text(json.dumps(result) + "\n")
    head = "| ended by | before the first record | while writing |\n| --- | --- | --- |\n"
    rows = "".join(f"| {kind} | {' | '.join(map(str, when.values()))} |\n" for kind, when in state.ended.items())
    last = f"\nRecords lost, doubled or changed, or another exit status than the signal's: {len(state.wrong)}.\n"
    (out / "kills.md").write_text(head + rows + last)
    print(json.dumps({name: value for name, value in result.items() if name != "made by"}))
    return 1 if state.wrong else 0


if __name__ == "__main__":
    given = sys.argv[1:]
    counts = [int(word) for word in given[:2]] or [50]
    sys.exit(main(counts[0], counts[1] if counts[1:] else 15, Path(given[2]) if given[2:] else Path("results/soak")))
