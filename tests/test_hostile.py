"""What a stranger may type, or put into a file: one line, no traceback, nothing written elsewhere, nothing obeyed."""

import hashlib
import json
import math

import numpy as np
import pytest
from made_records import SIGN, record, sealed

import hebbsim
from hebbsim.answers.report import markdown
from hebbsim.errors import HebbsimError
from hebbsim.records import from_line, read
from hebbsim.simulate.plan import sweep

TEXTS = {
    "a path out": "../../../etc/passwd",
    "a terminal's command": "\x1b[31mred\x1b[0m\x07",
    "HTML": "<script>alert(1)</script>",
    "two lines": "one\ntwo",
    "text turned round": "abc\u202ecba",
    "very long": "A" * 20_000,
    "deep lists": "[" * 5000 + "]" * 5000,
    "deep objects": '{"a":' * 3000 + "1" + "}" * 3000,
    "not a number": "NaN",
    "too large": "1e999",
    "a huge integer": "9" * 5000,
    "a shell's command": "$(touch pwned); `touch pwned`",
    "Python": "__import__('os').system('touch pwned')",
    "a format": "%s{0.__class__}%n",
    "nothing": "",
    "a Markdown cell": "| a | [x](javascript:alert(1)) |",
}
SMALL = ["measure", "--dim", "8", "--num-patterns", "4", "--trials", "2"]
SLOTS = {
    "rule": lambda text: [*SMALL, f"--rule={text}"],
    "ensemble": lambda text: [*SMALL, f"--ensemble={text}"],
    "readout": lambda text: [*SMALL, f"--readout={text}"],
    "options": lambda text: [*SMALL, f"--rule-options={text}"],
    "option name": lambda text: [*SMALL, "--rule=delta", "--rule-options", json.dumps({text: 1})],
    "option value": lambda text: [*SMALL, "--rule=delta", "--rule-options", json.dumps({"rate": text})],
    "dim": lambda text: ["measure", f"--dim={text}", "--num-patterns", "4"],
    "patterns": lambda text: ["measure", "--dim", "8", f"--num-patterns={text}"],
    "level": lambda text: [*SMALL, f"--level={text}"],
    "kind": lambda text: ["list", text],
    "fit": lambda text: ["fit", text],
    "collect": lambda text: ["collect", text],
    "plot": lambda text: ["plot", text],
    "report": lambda text: ["report", text],
    "check": lambda text: ["check", text],
    "merge": lambda text: ["merge", text, "--out", "merged"],
    "recall": lambda text: ["recall", text, "--out", "back"],
    "verify": lambda text: ["verify", "--from", text],
    "command": lambda text: [text],
}


def harmless(text):
    """Lines of characters that show: no terminal obeys them."""
    return all(line.isprintable() for line in text.splitlines()) and "\x85" not in text and "\u2028" not in text


@pytest.mark.parametrize("slot", SLOTS)
def test_arguments_of_the_command_line(slot, run_cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in TEXTS.items():
        given = SLOTS[slot](text)
        if slot in ("report", "check", "merge") and not text:
            continue  # this folder
        status, out, err = run_cli(*given)
        assert status in (1, 2) and "Traceback" not in err, (name, status)
        assert err.count("\n") == 1 and harmless(err + out), (name, err[:300])
    assert list(tmp_path.iterdir()) == []


VALUES = [
    10**30,
    -(10**30),
    math.nan,
    math.inf,
    -1,
    0,
    1.5,
    "x" * 9999,
    "../x",
    {},
    {"a": {"b": []}},
    object(),
    b"\0",
    1j,
    [[[[]]]],
    np.zeros((2, 2)),
    lambda: 0,
    True,
    "\x1b[2J",
]
OPTIONS = [
    "rule",
    "ensemble",
    "retrieval",
    "readout",
    "precision",
    "rule_options",
    "ensemble_options",
    "dim",
    "dim_key",
    "num_patterns",
    "loads",
    "tied",
    "probes",
    "ages",
    "seed",
]


@pytest.mark.parametrize("option", OPTIONS)
def test_options_of_an_experiment(option):
    for value in VALUES:
        given = {"dim": 8, "num_patterns": [4]}
        if option == "loads":
            del given["num_patterns"]
        if option == "dim_key":
            given = {"dim_value": 8, "num_patterns": [4]}
        try:
            sweep(**(given | {option: value}))
        except HebbsimError as error:
            assert harmless(str(error)) and "\n" not in str(error)
    for value in ([10**30], [math.nan], [None], ["4"], [[4]], [True], [-1]):
        if option in ("num_patterns", "loads", "ages"):
            with pytest.raises(HebbsimError):
                sweep(**({"dim": 8, "num_patterns": [4]} | {"num_patterns": None} | {"loads": None} | {option: value}))


FIELDS = ["trial", "counts", "num_parameters", "exact", "finite", "seconds", "run", "schema", "task"]
JSON_VALUES = [
    10**40,
    -1,
    1.5,
    math.nan,
    math.inf,
    None,
    True,
    "x",
    "\x1b[31m",
    "<b>",
    [],
    {},
    [[[[[]]]]],
    {"shape": [10**12]},
    {"shape": [10**12], "dtype": "int64", "at": [0], "is": [1]},
    {"shape": [-1], "dtype": "int64", "at": [], "is": []},
]


@pytest.mark.parametrize("field", FIELDS)
def test_fields_of_a_record(field, tmp_path):
    path = tmp_path / "a.jsonl"
    for value in JSON_VALUES:
        lines = [sealed(record(SIGN)), sealed(record(SIGN), **{"trial": 1, field: value})]
        path.write_text("".join(f"{line}\n" for line in (lines[1:] if field == "trial" else lines)))
        try:
            read(path)
        except HebbsimError as error:
            assert str(error).startswith(f"{path}:") and harmless(str(error)) and "\n" not in str(error)


@pytest.mark.parametrize("count", ["probes", "bits", "errors", "ties", "anything"])
def test_counts_of_a_record(count):
    for value in JSON_VALUES:
        counts = {"probes": 8, "bits": 256, "errors": 3, "ties": 1} | {count: value}
        try:
            from_line(sealed(record(SIGN), counts=counts))
            assert count == "anything"
        except HebbsimError as error:
            assert harmless(str(error)) and "\n" not in str(error)


@pytest.mark.parametrize("part", ["rule", "ensemble", "retrieval", "readout", "precision"])
def test_labels_of_a_record(part):
    for text in TEXTS.values():
        task = SIGN.to_json() | {part: text}
        try:
            from_line(sealed(record(SIGN), task=task))
            assert text in ("../../../etc/passwd", "NaN", "1e999", "%s{0.__class__}%n")  # names like others
        except HebbsimError as error:
            assert harmless(str(error)) and "\n" not in str(error)


def test_names_of_files_are_escaped(tmp_path, run_cli):
    folder = tmp_path / "\x1b[31mred\n"
    folder.mkdir()
    (folder / "a.jsonl").write_text(sealed(record(SIGN)) + "\n" + sealed(record(SIGN))[:50])
    (tmp_path / "empty\x1b[2J").mkdir()
    assert harmless("".join(run_cli("check", tmp_path / "empty\x1b[2J")[1:]))
    for command in ("fit", "report", "check"):
        _, out, err = run_cli(command, folder)
        assert harmless(out + err), command


def test_a_table_shows_what_a_cell_holds_and_obeys_none_of_it():
    table = markdown(["a"], [["<script>x</script> | \x1b[31m\nnext"]])
    assert len(table.splitlines()) == 3 and harmless(table)
    assert "<script" not in table and "\\|" in table


@pytest.fixture(scope="module")
def memory(tmp_path_factory):
    from hebbsim.cli import main

    folder = tmp_path_factory.mktemp("memory")
    (folder / "file").write_bytes(bytes(range(64)))
    assert main(["store", str(folder / "file"), "--out", str(folder / "memory")]) == 0
    return (folder / "memory").read_bytes()


NUMBERS = [10**30, 2**31, -1, 0, 1.5, math.nan, math.inf, None, True, "8", [], {}]


@pytest.mark.parametrize(
    ("field", "values"),
    [(name, NUMBERS) for name in ("dim_key", "dim_value", "num_patterns", "length", "seed", "bits", "scale")]
    + [("type", ["int64", "codes", "object", "O", "<f8", 3, [], None]), ("format", ["pickle", 3, None])]
    + [("sha256", ["", "x" * 64, "../x", 3, None]), ("extra", ["__reduce__"])],
)
def test_memory_files(field, values, memory, tmp_path, run_cli):
    line, _, rest = memory.partition(b"\n")
    body = rest[:-32]
    for value in values:
        head = json.loads(line) | {field: value}
        data = json.dumps(head).encode() + b"\n" + body
        path = tmp_path / "memory"
        path.write_bytes(data + hashlib.sha256(data).digest())
        if json.dumps(head) == json.dumps(json.loads(line)):
            continue
        status, out, err = run_cli("recall", path, "--out", tmp_path / "back", "--retrieval", "matched_filter")
        assert status in (1, 2) and harmless(out + err.replace("\r\x1b[K", "")), (value, err)
        assert not (tmp_path / "back").exists()


def test_memory_files_cut_or_changed(memory, tmp_path, run_cli):
    path = tmp_path / "memory"
    for data in (b"", b"\n", memory[:-1], memory[: len(memory) // 2], b"[" * 4000 + b"\n" + b"x" * 40, memory + b"x"):
        path.write_bytes(data)
        status, _, err = run_cli("recall", path, "--out", tmp_path / "back")
        assert status == 2 and err.count("\n") == 1
    assert not (tmp_path / "back").exists()


def test_nothing_above_is_code(monkeypatch):
    with pytest.raises(HebbsimError):
        hebbsim.measure(rule="delta(rate=__import__('os').getpid())", dim=8, num_patterns=4)
