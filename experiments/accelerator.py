"""On one GPU or TPU: are the counts those of a CPU, how near are the writes to what the machine can do, how far does it go?

From a bare checkout: python -m experiments.accelerator. It is meant to take under 9 minutes (it begins nothing after 8),
and writes results/accelerator part by part, so that a stop loses one part at most:

records.jsonl    results/load's memories again, two trials each, and capacity curves at dim 16,384 to 65,536
counts.json      whether those counts equal the committed ones of a CPU
ceilings.json    products and a copy: what there is to reach
write.json       +-1 pairs written at dim 4096 to 65,536 from bits, and by products of bfloat16 and int8 rows
round_trip.json  210,000,000 random bits stored in 300 million parameters, and read back by AMP

Figure: bits per parameter against load at the largest dims, and write rates by dim and form.
"""

import argparse
import functools
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from hebbsim import plot, theory
from hebbsim.answers.report import write_json
from hebbsim.errors import HebbsimError
from hebbsim.experiment import load
from hebbsim.records import APPROXIMATE_COUNTS, read, write_names
from hebbsim.statistics.measurement import named

BUDGET = "under 9 minutes on one GPU or TPU; hours on a CPU"
ROOT = Path(__file__).parent.parent / "results"
OUT = ROOT / "accelerator"
SECONDS = 480.0  # no part, and no row of one, is begun later
LOAD = load(str(Path(__file__).with_name("load.py"))).tasks  # counted on a CPU too
KNOWN = {name: {**task, "trials": 2} for name, task in LOAD.items()}
CHECKED = {task["dim"] for task in KNOWN.values()}
LARGE = {16_384: 4, 32_768: 4, 65_536: 2}  # dim -> trials
TASKS = KNOWN | {
    f"dim {dim}": dict(readout="soft", dim=dim, loads=(0.02, 0.0435, 0.105, 0.185, 0.37, 1), trials=trials)
    for dim, trials in LARGE.items()
}
SIDE = 16_384  # of the products that make the ceilings
DIMS = (4096, 8192, 16_384, 32_768, 65_536)
BLOCKS = (1024, 8192)  # pairs written at once
FORMS = {"bits": None, "bfloat16": "bfloat16", "int8": "int8"}  # None: by exclusive or and population count
BYTES = 26_250_000  # 210,000,000 bits: 100M tokens of 2.1 bits, at 0.7 a parameter


def seconds_of(call, rounds=5):
    """Median of some rounds, after one that compiles; each repeats a short call (bench.timing)."""
    from hebbsim.bench.timing import interleaved

    return float(np.median(interleaved({"": call}, rounds)[""]))


def ceilings(side=SIDE):
    """What the machine does: 10^9 operations a second of square products, by type; 10^9 bytes a second of a copy."""
    import jax
    import jax.numpy as jnp

    rows = []
    for kind, total in (("float32", "float32"), ("bfloat16", "float32"), ("int8", "int32")):
        a, b = (jax.random.randint(jax.random.key(i), (side, side), -1, 2).astype(kind) for i in range(2))
        how = {"precision": jax.lax.Precision.HIGHEST} if kind == "float32" else {}
        product = jax.jit(functools.partial(jnp.dot, preferred_element_type=jnp.dtype(total), **how))
        rate = 2e-9 * side**3 / seconds_of(functools.partial(product, a, b))
        rows.append({"what": "product", "type": kind, "side": side, "rate": rate})
    x = jnp.zeros((4 * side, side), jnp.float32)
    copy = jax.jit(lambda x: x + 1)
    rows.append(
        {"what": "copy", "type": "float32", "side": side, "rate": 2e-9 * x.nbytes / seconds_of(lambda: copy(x))}
    )
    return rows


def writes(dims=DIMS, blocks=BLOCKS, tops=None, over=lambda: False):
    """10^9 operations a second (2 an entry and pair) of a block of +-1 pairs added to a memory, by form."""
    import jax
    import jax.numpy as jnp

    from hebbsim.kernels import packed

    tops = tops or {}
    rows = []
    for dim in dims:
        for block in blocks:
            codes = [jax.random.bits(jax.random.key(i), (block, -(-dim // 32)), jnp.uint32) for i in range(2)]
            for form, kind in FORMS.items():
                row = {"dim": dim, "block": block, "form": form}
                if over() or (form == "bits" and dim > SIDE):
                    rows.append(row | {"left_out": "no time" if over() else "bits are timed at smaller dims"})
                    continue
                step = packed.signed_sum_product if kind else packed.signed_sum_bits
                options = {"kind": jnp.dtype(kind)} if kind else {}
                # The memory is given away and comes back, as within a trial: no copy of it is made.
                add = jax.jit(functools.partial(step, count=block, **options), donate_argnums=0)
                held = [jnp.zeros((dim, dim))]

                def call(held=held, add=add, codes=codes):
                    held[0] = add(held[0], *codes)
                    return held[0]

                try:
                    rate = 2e-9 * dim**2 * block / seconds_of(call)
                except Exception as error:  # a type or a size that this machine does not do
                    rows.append(row | {"left_out": str(error).splitlines()[0][:200]})
                    continue
                top = tops.get(kind or "bfloat16")
                rows.append(row | {"rate": rate, "of_product": rate / top if top else None})
    return rows


def equal_counts(known, found):
    """How many trials two folders share, and those that do not agree in every integer."""
    shared = [key for key in found.records if key in known.records]
    differ = []
    for task, trial in shared:
        one, other = (results.records[task, trial].counts for results in (known, found))
        names = [name for name in one if name not in APPROXIMATE_COUNTS]
        if one.keys() != other.keys() or not all(np.array_equal(one[name], other[name]) for name in names):
            differ.append({"dim": task.dim_key, "num_patterns": task.num_patterns, "trial": trial})
    return {"trials": len(shared), "equal": len(shared) - len(differ), "differ": differ}


def round_trip(size=BYTES):
    """Random bytes into one matrix at 0.7 bits a parameter, to a file, and back out by AMP."""
    from hebbsim.storage import memory_file, store

    data = np.random.default_rng(0).bytes(size)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "memory"
        memory_file.save(store.write(data), path)
        stored = time.perf_counter() - began
        memory = memory_file.load(path)
        found = store.read(memory)
    took = time.perf_counter() - began
    wrong = int(np.unpackbits(np.frombuffer(data, np.uint8) ^ np.frombuffer(found.data, np.uint8)).sum())
    held = {"bits": 8 * size, "parameters": memory.dim_key * memory.dim_value, "wrong": wrong, "right": found.right}
    held |= {"bits_per_parameter": memory.bits_per_parameter, "iterations": found.iterations}
    return held | {"unconverged": found.unconverged, "seconds_stored": stored, "seconds": took}


def run(out, tasks, known, sizes, limit=SECONDS):
    """All parts, each written as it ends. tasks: by the curve's name. sizes: side, dims, blocks, bytes."""
    from hebbsim.bench.timing import machine
    from hebbsim.collect import collect
    from hebbsim.simulate.sweeps import sweeps

    began = time.monotonic()
    plans, trials = sweeps(tasks)
    write_names(out, {name: plan.tasks for name, plan in plans.items()})

    def over():
        return time.monotonic() - began > limit

    def keep(name, rows):
        write_json(out / f"{name}.json", {"part": name, **machine(), "rows": rows})
        print(f"{time.monotonic() - began:4.0f} s  {name}: {json.dumps(rows)}", flush=True)

    def collected(checked):
        for name, plan in plans.items():
            dim = plan.tasks[0].dim_key
            if (dim in CHECKED) != checked:
                continue
            if over():
                print(f"no time left for dim {dim:,}", flush=True)
                continue
            collect([plan], trials.__getitem__, out / "records.jsonl")
            print(f"{time.monotonic() - began:4.0f} s  curve {name}", flush=True)

    collected(True)
    keep("counts", [equal_counts(known, read(out))])
    top = ceilings(sizes["side"])
    keep("ceilings", top)
    keep("round_trip", [round_trip(sizes["bytes"])])
    keep(
        "write",
        writes(sizes["dims"], sizes["blocks"], {r["type"]: r["rate"] for r in top if r["what"] == "product"}, over),
    )
    collected(False)


def figure(results):
    path = OUT / "write.json"
    if not path.is_file():
        raise HebbsimError(f"{path}: missing; run python -m experiments.accelerator first, on a GPU or TPU")
    rows = [row for row in json.loads(path.read_text())["rows"] if "rate" in row]
    made, (top, bottom) = plot.figure(2, height=2.8)
    for i, curve in enumerate(large_curves(results)):
        loads = [point.load for point in curve]
        for hollow, name in ((False, "soft"), (True, "hard")):
            label = f"dim {curve[0].task.dim_key:,}, {name}"
            plot.points(top, loads, [p.bits[name] for p in curve], label, i, hollow)
    loads = np.geomspace(0.018, 1.1, 100)
    plot.theory(top, loads, theory.soft_bits, "soft, large dim", 0)
    plot.theory(top, loads, theory.hard_bits, "hard, large dim", 1)
    top.set(xscale="log", yscale="log", xlabel="load, pairs per dim", ylabel="bits per parameter")
    for i, form in enumerate(FORMS):
        for block, line in zip(sorted({row["block"] for row in rows}), ("--", "-"), strict=False):
            chosen = [row for row in rows if (row["form"], row["block"]) == (form, block)]
            x, rates = [row["dim"] for row in chosen], [row["rate"] / 1e3 for row in chosen]
            style = {"marker": plot.MARKERS[i], "color": plot.COLOURS[i], "ms": 3.5}
            bottom.plot(x, rates, line, label=f"{form}, {block:,} pairs at once", **style)
    bottom.set(xscale="log", yscale="log", xlabel="dim", ylabel="10$^{12}$ operations a second")
    plot.title(top, "The largest memories follow the closed forms")
    plot.title(bottom, "Writes by form")
    for ax in (top, bottom):
        plot.legend(ax)
    return made


def large_curves(results):
    """The curves that are not counted on a CPU too."""
    return [curve for curve in named(results).values() if curve[0].task.dim_key not in CHECKED]


def table(results):
    rows = []
    for p in (point for curve in large_curves(results) for point in curve):
        soft, hard = float(theory.soft_bits(p.load)), float(theory.hard_bits(p.load))
        row = [f"{p.task.dim_key:,}", f"{p.load:.4g}", p.bits["soft"].number(), f"{soft:.4f}"]
        rows.append([*row, p.bits["hard"].number(), f"{hard:.4f}"])
    return ["dim", "load", "soft bits/parameter", "theory", "hard bits/parameter", "theory "], rows


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
    out = arguments.out or OUT
    tasks, sizes = TASKS, {"side": SIDE, "dims": DIMS, "blocks": BLOCKS, "bytes": BYTES}
    if arguments.small:
        first, last = next(iter(TASKS.values())), list(TASKS.values())[-1]
        tasks = {f"dim {dim}": {**task, "dim": dim} for task, dim in ((first, 64), (last, 96))}
        sizes = {"side": 64, "dims": (64, 96), "blocks": (64,), "bytes": 400}
    run(out, tasks, read(ROOT / "load"), sizes)
    counts, back = (json.loads((out / f"{name}.json").read_text())["rows"][0] for name in ("counts", "round_trip"))
    good = counts["trials"] > 0 and not counts["differ"] and back["right"]
    print(
        f"counts equal in {counts['equal']} of {counts['trials']} trials; {back['wrong']} of {back['bits']:,} bits wrong"
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
