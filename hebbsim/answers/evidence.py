"""What the claims are judged by: committed records and tables, found by what was measured. No JAX."""

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hebbsim.errors import HebbsimError
from hebbsim.records import Results, read
from hebbsim.statistics.estimate import Estimate
from hebbsim.statistics.measurement import Measurement, curves, measurements


class MissingEvidence(HebbsimError):
    """There is no record that decides it: the claim is not decided."""


class Evidence:
    """The folders of results below `results`, read when first asked for.

    Args:
        results: the folder that holds one folder for each experiment.
    """

    def __init__(self, results: Path) -> None:
        self.results = Path(results)
        self._points: dict[str, list[Measurement]] = {}

    def records(self, experiment: str) -> Results:
        """All records of an experiment. Raises MissingEvidence where there are none."""
        return self._read(experiment)

    @functools.cache  # noqa: B019 - one Evidence lives as long as the judgement
    def _read(self, experiment: str) -> Results:
        folder = self.results / experiment
        if not folder.is_dir():
            raise MissingEvidence(
                f"{folder}: no such folder of records; run hebbsim collect experiments/{experiment}.py"
            )
        found = read(folder)
        if not len(found):
            raise MissingEvidence(f"{folder}: no records; run hebbsim collect experiments/{experiment}.py")
        return found

    def points(self, experiment: str, **fields: Any) -> list[Measurement]:
        """The measured points whose task has these fields, by load.

        A label is matched whole (`"delta(rate=0.5)"`), or by its name alone (`"delta"`) where none is the same. Raises
        MissingEvidence where no point matches.
        """
        if experiment not in self._points:
            self._points[experiment] = measurements(self.records(experiment))
        chosen = self._points[experiment]
        for name, wanted in fields.items():
            same = [point for point in chosen if getattr(point.task, name) == wanted]
            by_name = [point for point in chosen if str(getattr(point.task, name)).partition("(")[0] == wanted]
            chosen = same or by_name
        if not chosen:
            asked = ", ".join(f"{name} = {value}" for name, value in fields.items())
            raise MissingEvidence(f"{self.results / experiment}: no point with {asked} has two trials")
        return sorted(chosen, key=lambda point: point.load)

    def curve(self, experiment: str, **fields: Any) -> list[Measurement]:
        """The points of the one curve whose task has these fields. Raises HebbsimError where several curves match."""
        found = curves(self.points(experiment, **fields))
        if len(found) > 1:
            raise HebbsimError(f"{experiment}: {len(found)} curves have {fields}; allowed: fields that tell them apart")
        return next(iter(found.values()))

    def table(self, experiment: str) -> list[Mapping[str, Any]]:
        """The rows of an experiment's table, as `hebbsim plot` wrote them. Raises MissingEvidence."""
        path = self.results / experiment / "table.json"
        try:
            rows = json.loads(path.read_text())
        except OSError:
            raise MissingEvidence(f"{path}: no table; run hebbsim plot experiments/{experiment}.py") from None
        except (ValueError, RecursionError):
            rows = None
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            raise HebbsimError(f"{path}: not a table of JSON; run hebbsim plot experiments/{experiment}.py again")
        return rows


def coded_bits(evidence: Evidence, rate: str, dim: int) -> Estimate:
    """The most bits per parameter of coded memories in exact weights, of 10^6 message bits or more and none wrong."""
    found = [
        float(row["bits/parameter"])
        for row in evidence.table("by_construction")
        if (row["code"], row["dim"], row["weights"], row["bits wrong"]) == (rate, dim, "exact", "0")
        and int(row["message bits"].replace(",", "")) >= 10**6
    ]
    if not found:
        raise MissingEvidence(f"results/by_construction: no rate {rate} at dim {dim} was read back without an error")
    return Estimate(max(found), max(found), max(found), 0.95, 1, "no bit wrong")
