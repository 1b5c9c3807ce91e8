"""The settings that change what JAX computes: pinned around hebbsim's own work, and left to the user everywhere else.

They come from the shell (JAX_ENABLE_X64=1) or from jax.config. What cannot be pinned for one computation, since it holds
for the whole process, is refused in one line.
"""

import contextlib
import os
from collections.abc import Iterator

import jax

from hebbsim.errors import HebbsimError

# Context managers of JAX, and what each is set to: JAX's own defaults.
PINNED = {
    "enable_x64": False,
    "threefry_partitionable": True,
    "default_prng_impl": "threefry2x32",
    "default_matmul_precision": None,
    "disable_jit": False,
    "debug_nans": False,  # nan stands for "not known" in Field.noise
    "debug_infs": False,
}
MOST_DEVICES = 4  # made of the cores: more would each compile a larger program, and hold a memory of its own
LOOSE = ("fast_math", "fast_min_max")  # XLA flags under which floats need not be what they are


@contextlib.contextmanager
def pinned() -> Iterator[None]:
    """Inside, on this thread, JAX computes as hebbsim's counts are defined; usable as a decorator too.

    Not to be held over a `yield` of ours: what runs between two records is the user's.
    """
    with contextlib.ExitStack() as stack:
        for name, value in PINNED.items():
            stack.enter_context(getattr(jax, name)(value))
        yield


def use_every_core() -> None:
    """Before JAX has started: let it see up to MOST_DEVICES of the cores as a device each, and so run as many trials at once.

    Products use all cores of one device, drawing and scoring do not. Nothing is changed where the shell or jax.config says
    how many devices there are, or JAX has started already.
    """
    said = jax.config.values.get("jax_num_cpu_devices", -1) > 0  # from the shell too
    told = said or "host_platform_device_count" in os.environ.get("XLA_FLAGS", "")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not told:
        with contextlib.suppress(RuntimeError):
            jax.config.update("jax_num_cpu_devices", min(cores, MOST_DEVICES))


def check_settings() -> None:
    """Raise HebbsimError for settings of the whole process under which an exact count may change, and without a device."""
    for flag in os.environ.get("XLA_FLAGS", "").split():
        name, _, value = flag.lstrip("-").partition("=")
        if any(word in name for word in LOOSE) and "honor" not in name and value.lower() not in ("false", "0"):
            raise HebbsimError(f"XLA_FLAGS has {flag}: counts could change; allowed: {name}=false, or none")
    offset = jax.config.values.get("jax_random_seed_offset", 0)
    if offset:
        raise HebbsimError(f"JAX_RANDOM_SEED_OFFSET = {offset}: other patterns would be drawn; allowed: 0")
    try:
        jax.devices()
    except Exception as error:  # a RuntimeError, or an AssertionError without a word where a plug-in is missing
        what = (str(error).splitlines() or [type(error).__name__])[0]
        platforms = os.environ.get("JAX_PLATFORMS")
        remedy = (
            f"JAX_PLATFORMS is {platforms!r}, leave it out to use what there is" if platforms else "is jax installed?"
        )
        raise HebbsimError(f"JAX finds no device ({what}); {remedy}") from None
