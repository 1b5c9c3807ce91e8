"""How fast the machine at hand does what cost.py counts: timed once, and kept in the folder of what is compiled.

Only a choice between forms that are close, of a trial that is worth it, is made by these rates; and only of exact counts,
which come out the same in every form.
"""

import contextlib
import functools
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from hebbsim.base import dot
from hebbsim.ensembles.bipolar import draw_bits, unpack
from hebbsim.kernels import packed
from hebbsim.simulate.cost import Rates

DIM, PAIRS, QUERIES = 1024, 512, 256  # of the kernels that are timed
ROUNDS = 7
FILE = "rates.json"


@functools.cache
def measured() -> Rates:
    """The rates of the default device: kept from an earlier process, or timed now in about two seconds."""
    kept = _kept().get(_device(), {})
    with contextlib.suppress(KeyError, TypeError, ValueError):
        found = Rates(*(float(kept[name]) for name in Rates._fields))
        if all(1e-6 < rate < 1e6 for rate in found):
            return found
    found = time_kernels()
    _keep(_device(), found._asdict())
    return found


@functools.cache
def choose_forms() -> None:
    """On an accelerator: let each kernel on bits be compiled in the form that is fastest there, timed once and kept.

    Several processes must compile alike: they leave the forms as they are.
    """
    if jax.devices()[0].platform == "cpu" or jax.process_count() > 1:
        return
    name = f"forms on {_device()}"
    found = _kept().get(name)
    if not isinstance(found, dict) or any(found.get(kernel) not in forms for kernel, forms in packed.FORMS.items()):
        found = time_forms()
        _keep(name, found)
    packed.ON_ACCELERATOR.update({kernel: found[kernel] for kernel in packed.FORMS})


def _device() -> str:
    device = jax.devices()[0]
    return f"{device.platform} {device.device_kind}, {os.cpu_count()} cores, jax {jax.__version__}"


def _file() -> Path | None:
    """Where rates are kept: beside what is compiled, or nowhere."""
    folder = jax.config.values.get("jax_compilation_cache_dir") or os.environ.get("JAX_COMPILATION_CACHE_DIR")
    return Path(folder) / FILE if folder and "://" not in folder and Path(folder).is_dir() else None


def _kept() -> dict[str, Any]:
    file = _file()
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(file.read_text()) if file else {}
        return found if isinstance(found, dict) else {}
    return {}


def _keep(name: str, found: dict[str, Any]) -> None:
    file = _file()
    if file:
        with contextlib.suppress(OSError):
            part = file.with_suffix(f".{os.getpid()}")
            part.write_text(json.dumps({**_kept(), name: found}, indent=1))
            part.replace(file)


def time_forms(dim: int = 4096, pairs: int = 2048, queries: int = 1024) -> dict[str, str]:
    """The fastest form of each kernel on bits; one that this device does not do is not taken."""
    codes = draw_bits(-(-dim // 32), jax.random.key(0, impl="threefry2x32"), jnp.arange(max(pairs, queries)))
    given = {
        "write": (jnp.zeros((dim, dim)), codes[:pairs], codes[:pairs], jnp.int32(pairs)),
        "overlap": (codes[:queries], codes[:pairs]),
    }
    fastest = {}
    for kernel, forms in packed.FORMS.items():
        calls = {}
        for form, step in forms.items():
            run = jax.jit(functools.partial(step, dim=dim) if kernel == "overlap" else step)
            with contextlib.suppress(Exception):
                calls[form] = run.lower(*given[kernel]).compile(), given[kernel]
        took = _medians(calls)
        fastest[kernel] = min(took, key=lambda form, took=took: took[form])
    return fastest


def time_kernels() -> Rates:
    """Each kernel's time over that of the same multiply-adds in a product: the medians of interleaved rounds."""
    rng_key = jax.random.key(0, impl="threefry2x32")
    words = DIM // 32
    codes = draw_bits(words, rng_key, jnp.arange(PAIRS))
    rows, queries = unpack(DIM, codes), unpack(DIM, codes[:QUERIES])
    state = jnp.zeros((DIM, DIM))
    # name -> (kernel, arguments, how many of its units it does)
    calls: dict[str, tuple[Callable[..., Any], tuple[Any, ...], float]] = {
        "product": (dot, (queries @ rows.T, rows), QUERIES * PAIRS * DIM),
        "packed": (packed.signed_sum, (state, codes, codes, jnp.int32(PAIRS)), PAIRS * DIM * DIM),
        "overlap": (functools.partial(packed.overlaps, dim=DIM), (codes[:QUERIES], codes), QUERIES * PAIRS * DIM),
        "row": (lambda key: unpack(DIM, draw_bits(words, key, jnp.arange(PAIRS))), (rng_key,), PAIRS * DIM),
    }
    compiled = {name: (jax.jit(kernel).lower(*given).compile(), given) for name, (kernel, given, _) in calls.items()}
    unit = {name: seconds / calls[name][2] for name, seconds in _medians(compiled).items()}
    return Rates(*(unit[name] / unit["product"] for name in Rates._fields))


def _medians(calls: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]]) -> dict[str, float]:
    """Seconds of each call, the median of interleaved rounds; the first is not counted."""
    took: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS + 1):
        for name, (call, given) in calls.items():
            began = time.perf_counter()
            jax.block_until_ready(call(*given))
            took[name].append(time.perf_counter() - began)
    return {name: sorted(seconds[1:])[ROUNDS // 2] for name, seconds in took.items()}
