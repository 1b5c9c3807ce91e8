"""Measurements by the names that an experiment gives its curves. No JAX."""

from hebbsim.errors import HebbsimError
from hebbsim.records import Results
from hebbsim.statistics.measurement import Measurement, measurements


def named(results: Results, level: float = 0.95) -> dict[str, list[Measurement]]:
    """The measured curves by name, in the order of TASKS, each by load.

    A point takes two finite trials, as in `measurements`; a curve without any point yet is left out.
    Raises HebbsimError where the records have no names: their folder lacks curves.json, which `hebbsim collect` writes.
    """
    if not results.curves:
        raise HebbsimError("the records have no curves.json; hebbsim collect writes it, and runs nothing twice")
    points = {point.task: point for point in measurements(results, level)}
    found = {name: [points[task] for task in tasks if task in points] for name, tasks in results.curves.items()}
    return {name: curve for name, curve in found.items() if curve}
