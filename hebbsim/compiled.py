"""What was compiled, and how long it took: told by JAX's own monitoring."""

from collections import Counter, defaultdict
from typing import Any

TRACED = "/jax/core/compile/jaxpr_trace_duration"
LOWERED = "/jax/core/compile/jaxpr_to_mlir_module_duration"
COMPILED = "/jax/core/compile/backend_compile_duration"
FROM_DISK = "/jax/compilation_cache/cache_hits"


class Compiled:
    """Counts the programs compiled from now on; str() says how many, and the seconds by part."""

    def __init__(self) -> None:
        import jax

        self.count: Counter[str] = Counter()
        self.seconds: defaultdict[str, float] = defaultdict(float)
        jax.monitoring.register_event_duration_secs_listener(self._took)
        jax.monitoring.register_event_listener(self._happened)

    def _took(self, event: str, duration_secs: float, **_: Any) -> None:
        self.count[event] += 1
        self.seconds[event] += duration_secs

    def _happened(self, event: str, **_: Any) -> None:
        self.count[event] += 1

    def __str__(self) -> str:
        """Programs that run beside each other are added up. What is read from the disk counts as compiled."""
        traced, lowered, compiled = (self.seconds[event] for event in (TRACED, LOWERED, COMPILED))
        return (
            f"programs compiled: {self.count[COMPILED]}, {traced + lowered + compiled:.1f} s (traced {traced:.1f}, lowered "
            f"{lowered:.1f}, compiled {compiled:.1f}; {self.count[FROM_DISK]} of them read from the disk)"
        )
