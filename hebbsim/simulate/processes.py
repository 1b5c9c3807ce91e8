"""One JAX runtime over several processes: how it starts, and how arrays go in and come out of it.

Every process runs the same program on one global mesh; the arrays that go in are the same everywhere, what comes out is
gathered everywhere. With one process none of this is used.
"""

import json
import os
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from hebbsim.errors import HebbsimError

# What a launcher says of how many processes it started: SLURM, Open MPI, PMI.
LAUNCHERS = ("SLURM_NTASKS", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE")


def start(coordinator: str | None = None, num_processes: int | None = None, process_id: int | None = None) -> str:
    """Join the others; returns "N processes, M devices".

    Without arguments JAX asks the launcher (SLURM, Kubernetes, Open MPI, a TPU pod) who they are.
    Raises HebbsimError if that is not known, if they do not answer, or if fewer came than were asked for.
    """
    given = coordinator, num_processes, process_id
    if any(x is None for x in given) and any(x is not None for x in given):
        raise HebbsimError("--coordinator, --num-processes and --process-id go together: give all three or none")
    if num_processes is not None and not 0 <= (process_id or 0) < num_processes:
        raise HebbsimError(f"process_id = {process_id}; allowed: from 0 to {num_processes - 1}")
    asked = num_processes or next((int(os.environ[n]) for n in LAUNCHERS if os.environ.get(n, "").isdigit()), 1)
    try:
        jax.distributed.initialize(coordinator, num_processes, process_id)
    except (ValueError, RuntimeError, KeyError, OSError) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        hint = "" if coordinator else "; outside of SLURM, Kubernetes and TPU pods give --coordinator HOST:PORT as well"
        raise HebbsimError(f"--distributed: no other processes found ({why}){hint}") from None
    if jax.process_count() < asked:
        raise HebbsimError(f"--distributed: {jax.process_count()} processes came, {asked} were asked for")
    return f"{jax.process_count()} processes, {len(jax.devices())} devices"


def call(run: Callable[..., Any], spec: Any, devices: int, draws: Any, *rest: Any) -> dict[str, np.ndarray]:
    """run(spec, devices, draws, ...) on all devices of all processes; its results, whole, on each of them."""
    from jax.experimental import multihost_utils

    out = run(spec, devices, jax.tree.map(_plain, draws), *(np.asarray(x) for x in rest))
    return {name: np.asarray(multihost_utils.process_allgather(array, tiled=True)) for name, array in out.items()}


def is_first() -> bool:
    """Whether this is the process that writes; the only one, where there is one."""
    return jax.process_index() == 0


def from_first(value: Any) -> Any:
    """What the first process holds, JSON, on all of them."""
    if jax.process_count() == 1:
        return value
    from jax.experimental import multihost_utils

    data = np.frombuffer(json.dumps(value).encode() if is_first() else b"", np.uint8)
    size = int(multihost_utils.broadcast_one_to_all(np.int32(len(data))))
    padded = np.zeros(size, np.uint8)
    padded[: len(data) if is_first() else 0] = data
    return json.loads(bytes(np.asarray(multihost_utils.broadcast_one_to_all(padded), np.uint8)))


def _plain(leaf: Any) -> Any:
    """Arrays of one device as arrays of none; a key as its words, since a key cannot leave its device."""
    if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        return np.asarray(jax.random.key_data(leaf))
    return np.asarray(leaf)
