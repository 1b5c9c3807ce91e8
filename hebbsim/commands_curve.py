"""The commands `curve` and `size`: several memories on the same axes, and how large one must be."""

import argparse
import ast
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hebbsim.errors import HebbsimError, printable

LOADS = "0.1:8:12"
FORM_HELP = "state, parallel or carried: how the fields come about (default: the fastest, by forecast)"
PARTS = (("ensemble", "bipolar"), ("retrieval", "matched_filter"), ("readout", "soft"), ("precision", "float32"))


def add_parsers(add: Callable[..., argparse.ArgumentParser]) -> None:
    """Add both commands; add(name, run, text, example) makes one."""
    text = "several memories on the same axes: one table, one figure, one CSV, with intervals"
    curve = add("curve", run_curve, text, "curve --rule hebbian --rule delta:rate=0.5 --dim 32 --loads 0.1:2:4")
    help_rule = "NAME or NAME:option=value,...; may be given several times (default: hebbian)"
    curve.add_argument("--rule", action="append", metavar="NAME[:OPTIONS]", help=help_rule)
    text = f"first:last:count, a list 0.1,1,8, or all: 200 to load 4 (default: {LOADS}, or up to all pairs of a file)"
    curve.add_argument("--loads", help=text)
    curve.add_argument("--out", metavar="DIR", help="write curve.csv, .png, .svg, .pdf there (default: the table only)")
    curve.add_argument("--equal", action="store_true", help="refuse rules whose states have not as many entries")
    _add_rest(curve, dict(PARTS), 256)
    size = add("size", run_size, "the smallest dim, entries and bytes that hold so many pairs", "size --pairs 30")
    size.add_argument("--rule", default="hebbian", metavar="NAME[:OPTIONS]", help="default: %(default)s")
    size.add_argument("--pairs", type=int, required=True, help="to be stored")
    size.add_argument("--error", type=float, default=0.01, help="error rate allowed (default: %(default)s)")
    size.add_argument("--resolution", type=float, default=0.02, help="of the dim (default: %(default)s)")
    _add_rest(size, dict(PARTS) | {"readout": "sign"}, 1024)


def _add_rest(command: argparse.ArgumentParser, parts: dict[str, str], probes: int) -> None:
    for name, default in parts.items():
        command.add_argument(f"--{name}", default=default, metavar="NAME[:OPTIONS]", help="default: %(default)s")
    if "curve" in (command.prog or "").split():
        command.add_argument("--dim", type=int, help="entries of a key and of a value")
        command.add_argument("--dim-key", type=int, help="entries of a key, where the two differ")
    command.add_argument("--dim-value", type=int, help="entries of a value")
    command.add_argument("--probes", type=int, default=probes, help="pairs read back, at most (default: %(default)s)")
    command.add_argument("--trials", type=int, default=8, help="independent memories (default: %(default)s)")
    command.add_argument("--seed", type=int, default=0, help="of the random pairs (default: %(default)s)")
    command.add_argument("--level", type=float, default=0.95, help="of the intervals (default: %(default)s)")
    if "curve" in (command.prog or "").split():
        command.add_argument("--form", default="", help=FORM_HELP)


def parse_part(text: str) -> tuple[str, dict[str, Any]]:
    """("delta", {"rate": 0.5}) of "delta:rate=0.5"; values are numbers, true, false or text. Raises HebbsimError.

    A file k.npy is ("arrays", {"keys": "k.npy"}): pairs with these keys.
    """
    name, _, rest = text.partition(":")
    options: dict[str, Any] = {}
    if name.endswith(".npy"):
        name, options = "arrays", {"keys": name}
    for pair in filter(None, rest.split(",")):
        option, sign, value = pair.partition("=")
        if not sign or not option:
            raise HebbsimError(f"{text!r}: {pair!r} is not option=value; allowed: such as delta:rate=0.5")
        try:
            options[option] = {"true": True, "false": False}[value.lower()]
        except KeyError:
            try:
                options[option] = ast.literal_eval(value)
            except (ValueError, SyntaxError):
                options[option] = value
    return name, options


def parse_loads(text: str) -> list[float] | str:
    """first:last:count, evenly spaced in the logarithm, or numbers with commas, or "all". Raises HebbsimError."""
    if text == "all":
        return text
    parts = text.split(":")
    try:
        numbers = [float(part) for part in (parts if len(parts) > 1 else text.split(","))]
    except ValueError:
        numbers = []
    ranged = len(parts) == 3 and len(numbers) == 3
    if not numbers or len(parts) == 2 or len(parts) > 3 or not all(math.isfinite(n) and n > 0 for n in numbers):
        raise HebbsimError(
            f"loads = {text!r}; allowed: first:last:count such as {LOADS}, numbers such as 0.1,1,8, or all"
        )
    if not ranged:
        return numbers
    first, last, count = numbers
    if count != int(count) or not 2 <= count <= 1000 or last <= first:
        raise HebbsimError(f"loads = {text!r}; allowed: a last above the first, and a count from 2 to 1000")
    return [first * (last / first) ** (i / (count - 1)) for i in range(int(count))]


def _loads_that_fit(shared: Mapping[str, Any]) -> list[float] | str:
    """LOADS, or as many of that range as a file of keys has pairs for."""
    from hebbsim.ensembles import ENSEMBLES
    from hebbsim.parts import look_up

    made = look_up(ENSEMBLES, "ensemble", shared["ensemble"], shared["ensemble_options"])
    first, last, count = LOADS.split(":")
    most = made.most_patterns / made.dims[0] if made.dims else math.inf
    return parse_loads(LOADS if most >= float(last) or most <= float(first) else f"{first}:{most}:{count}")


def _parts(arguments: argparse.Namespace) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part, _ in PARTS:
        name, options = parse_part(getattr(arguments, part))
        found |= {part: name, f"{part}_options": options}
    return found | {name: getattr(arguments, name) for name in ("dim_value", "probes", "seed", "level")}


def run_curve(arguments: argparse.Namespace) -> int:
    from hebbsim.measuring import curve
    from hebbsim.simulate.plan import sweep
    from hebbsim.simulate.settings import use_every_core

    use_every_core()
    rules = [parse_part(text) for text in arguments.rule or ["hebbian"]]
    shared = _parts(arguments) | {"dim": arguments.dim, "dim_key": arguments.dim_key, "form": arguments.form}
    loads = parse_loads(arguments.loads) if arguments.loads is not None else _loads_that_fit(shared)
    plain = {name: value for name, value in shared.items() if name != "level"}
    plans = [sweep(rule=name, rule_options=options, loads=loads, **plain) for name, options in rules]
    sizes = {plan.tasks[0].rule: plan.num_parameters for plan in plans}
    if len(sizes) < len(plans):
        raise HebbsimError("two rules are the same; allowed: each rule once, or with other options")
    if len(set(sizes.values())) > 1:
        said = ", ".join(f"{rule} {count:,}" for rule, count in sizes.items())
        if arguments.equal:
            raise HebbsimError(f"states differ in entries: {said}; allowed with --equal: as many in each")
        print(f"note: states differ in entries: {said}; bits are per entry", file=sys.stderr)
    if arguments.out:  # before the work, so that a place that cannot be written costs none
        Path(arguments.out).mkdir(parents=True, exist_ok=True)
    curves = {}
    for name, options in rules:
        points = curve(rule=name, rule_options=options, loads=loads, trials=arguments.trials, **shared)
        curves[points[0].task.rule] = points
        print(f"{points[0].task.rule}: {len(points)} loads, {len(points[0].records)} trials", file=sys.stderr)
    print(table_of(curves))
    if arguments.out:
        for path in write_curves(curves, Path(arguments.out)):
            print(printable(str(path)))
    return 0


def table_of(curves: dict[str, Sequence[Any]]) -> str:
    """A row a load, and for each memory its error rate and its bits per parameter."""
    from hebbsim.answers.report import markdown

    header, rows = ["load"], []
    for rule, points in curves.items():
        header += [f"{rule} {points[0].criteria[0]} bits/parameter", "error rate"]
    for i, point in enumerate(next(iter(curves.values()))):
        row = [f"{point.load:.4g}"]
        for points in curves.values():
            row += [points[i].bits_per_parameter.number(), points[i].error_rate.number()]
        rows.append(row)
    return markdown(header, rows)


def write_curves(curves: dict[str, Sequence[Any]], folder: Path) -> list[Path]:
    """curve.csv, and the figure in three formats. Raises HebbsimError if one cannot be written."""
    from hebbsim import plot
    from hebbsim.answers.report import write
    from hebbsim.statistics.rows import csv_text, rows

    every = [point for points in curves.values() for point in points]
    paths = [write(folder / "curve.csv", csv_text(rows(every)).rstrip("\n"))]
    made, axes = plot.figure(2 if not math.isnan(every[0].error_rate.best) else 1)
    plot.plot_curves(axes[0], curves)
    if len(axes) > 1:
        plot.plot_curves(axes[1], curves, "error_rate")
        axes[1].legend().remove()
    task, trials = every[0].task, len(every[0].records)
    said = f"{task.ensemble}, {task.dim_key} x {task.dim_value}: mean and {100 * every[0].level:g} % of {trials} trials"
    plot.title(axes[0], said)
    for ending in ("png", "svg", "pdf"):
        path = folder / f"curve.{ending}"
        try:
            made.savefig(path, dpi=200, metadata={"Software": None} if ending == "png" else None)
        except OSError as error:
            raise HebbsimError(f"{path}: cannot write: {error.strerror}") from None
        paths.append(path)
    return paths


def run_size(arguments: argparse.Namespace) -> int:
    from hebbsim.answers.size import size
    from hebbsim.simulate.settings import use_every_core

    use_every_core()

    def tell(point: Any) -> None:
        print(f"dim {point.task.dim_key}: error rate {point.error_rate}", file=sys.stderr, flush=True)

    name, options = parse_part(arguments.rule)
    found = size(
        rule=name,
        rule_options=options,
        pairs=arguments.pairs,
        error=arguments.error,
        trials=arguments.trials,
        resolution=arguments.resolution,
        tell=tell,
        **_parts(arguments),
    )
    print(found)
    print(json.dumps({"dim": found.dim, "entries": found.num_parameters, "bytes": found.num_bytes}))
    return 0
