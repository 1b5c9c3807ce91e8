"""Writes experiments/README.md, the gallery: each experiment's question, its answer, its figure and its run time.

    python -m experiments._gallery

The answer is the experiment's ANSWER: a sentence with places for numbers, and for each place the row and the column of
results/NAME/table.json where the number stands. So no number in the gallery can differ from the tables.
"""

import json
import re
import runpy
from pathlib import Path

HERE = Path(__file__).parent
TITLE = """# The experiments

Each is one Python file: what to measure (`TASKS`), how long it takes (`BUDGET`), a figure and a table. Its records, from
which figure and table are drawn again, lie in `results/NAME`. To run one and to draw it:

```sh
hebbsim collect experiments/load.py   # resumable; what is recorded already is not run again
hebbsim plot experiments/load.py
```

The run times are for 2 cores. This page is written by `python -m experiments._gallery` from the files and their tables.
"""


def experiments():
    return [file for file in sorted(HERE.glob("*.py")) if not file.name.startswith("_") and file.stem != "accelerator"]


def number(cell):
    """The number in a cell of table.json: an estimate's best value, or what a text begins with."""
    if isinstance(cell, dict):
        return float(cell["best"])
    return float(str(cell).split()[0].replace(",", ""))


def same(cell, value):
    """Whether a cell is this value; "best load*" is any text that begins so."""
    text, wanted = str(cell), str(value)
    if wanted.endswith("*"):
        return text.startswith(wanted[:-1])
    try:
        return number(cell) == number(value)
    except ValueError:
        return text == wanted


def look_up(rows, where, column):
    """The number in `column` of the first row whose cells are as in `where`. Raises LookupError."""
    for row in rows:
        if all(same(row[name], value) for name, value in where.items()):
            return number(row[column])
    raise LookupError(f"no row with {where}")


def answer(said, rows):
    """The sentence with its numbers."""
    sentence, places = said
    text = sentence.format(*(look_up(rows, where, column) for where, column in places))
    return re.sub(r"(?<=\d)%", " %", text)


def entry(file):
    """One experiment's part of the page."""
    name, made = file.stem, runpy.run_path(str(file))
    question = " ".join(made["__doc__"].split("\n\n")[0].split()).replace("+-1", "±1")
    lines = [f"## {name}", f"**{question}**"]
    folder = HERE.parent / "results" / name
    if "ANSWER" in made:
        lines.append(answer(made["ANSWER"], json.loads((folder / "table.json").read_text())))
    where = f"../results/{name}"
    if (folder / "figure.svg").exists():
        lines.append(f"![{name}: {question}]({where}/figure.svg)")
    links = f"[Table]({where}/table.md), [the file]({name}.py)"
    command = f"hebbsim collect experiments/{name}.py" if "TASKS" in made else f"python -m experiments.{name}"
    budget = f" Run time: {made['BUDGET']}." if "BUDGET" in made else ""
    lines.append(f"{links}.{budget} `{command}`")
    return "\n\n".join(lines)


def gallery():
    """The page."""
    return "\n\n".join([TITLE.rstrip("\n"), *map(entry, experiments())]) + "\n"


if __name__ == "__main__":
    (HERE / "README.md").write_text(gallery())
    print(HERE / "README.md")
