"""Up to which load do the multi-edge codes decode, if blocks are infinitely long?

From a checkout: python -m experiments.density_evolution; about 5 minutes on 2 cores. Density evolution follows the
distribution of the messages of belief propagation from pass to pass. Messages on the core's edges are densities on a
grid, kept consistent: p(-x) = p(x) exp(-x). The 20 to 57 messages that a core bit gets from the sums are bounded and
small, so that their total is taken as Gaussian with their exact mean, and twice that as its variance. Two forms of each
code: "tree" is the ensemble as it is published, with all core edges alike; "chain" is the one that hebbsim.codes builds,
with two edges of every check to its parity bits. Writes results/density_evolution/table.json and table.md, beside the
values that were known before.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hebbsim.answers.report import markdown, write, write_json
from hebbsim.codes.graph import BASE, ENSEMBLES
from hebbsim.theory.quadrature import NORMAL, WEIGHT

OUT = Path(__file__).parent.parent / "results" / "density_evolution"
PUBLISHED = {"1/10": 2.53, "1/20": 3.67, "1/50": 5.93}  # thresholds as standard deviations of the noise

STEP, POINTS = 0.025, 8192  # of log-likelihood ratios
LARGEST = 20.0
RATIOS = STEP * (np.arange(POINTS) - POINTS // 2)
FINE, DEEPEST = 0.004, 7.0  # of -ln tanh(|ratio| / 2)
POWERS = np.arange(1, 160, 2)  # artanh(x) = sum of x^k / k over odd k
TANH_POWERS = np.tanh(RATIOS / 2) ** POWERS[:, None]


class Form(NamedTuple):
    """Nodes of a base graph: degrees are numbers of edges of each type of core edge."""

    bits: tuple[tuple[int, tuple[int, ...], int], ...]  # (columns, degrees, edges to sums)
    checks: tuple[tuple[int, tuple[int, ...]], ...]
    sums: tuple[tuple[int, int], ...]


def form(rate: str, structure: str) -> Form:
    """The ensemble of hebbsim.codes, or the published one."""
    of = ENSEMBLES[rate]
    if structure == "chain":
        bits = [(count, (0, edges), more) for count, edges, more in of.info] + [(of.rows, (2, 0), of.parity)]
        return Form(tuple(bits), tuple((rows, (2, degree - 2)) for rows, degree in of.checks), of.sums)
    if rate == "1/10":
        return Form(((160, (3,), 20), (40, (3,), 25)), ((40, (15,)),), of.sums)
    bits = [(count, (edges,), more) for count, edges, more in of.info] + [(of.rows, (2,), of.parity)]
    return Form(tuple(bits), tuple((rows, (degree,)) for rows, degree in of.checks), of.sums)


def gaussian(mean: float) -> np.ndarray:
    """The transform of a consistent normal density of that mean: variance 2 mean."""
    if mean < STEP**2:
        return transform(np.eye(1, POINTS, POINTS // 2)[0])
    return transform(consistent(np.exp(-((RATIOS - mean) ** 2) / (4 * mean))))


def transform(density: np.ndarray) -> np.ndarray:
    return np.fft.rfft(np.fft.ifftshift(density))


POSITIVE = 1 / (1 + np.exp(-RATIOS[POINTS // 2 :]))  # chance that a ratio of this size has the right sign


def consistent(density: np.ndarray) -> np.ndarray:
    """The consistent density whose sizes are as in the one given; what lies beyond LARGEST is put there."""
    size = density[POINTS // 2 :].copy()
    size[1:] += density[POINTS // 2 - 1 : 0 : -1]
    size = np.maximum(size, 0.0)
    edge = round(LARGEST / STEP)
    size[edge] += size[edge + 1 :].sum()
    size[edge + 1 :] = 0.0
    return signed(size / size.sum())


def signed(size: np.ndarray) -> np.ndarray:
    """The consistent density of a density of sizes."""
    out = np.zeros(POINTS)
    out[POINTS // 2 :] = size * POSITIVE
    out[POINTS // 2 - 1 : 0 : -1] += (size * (1 - POSITIVE))[1:]
    out[POINTS // 2] = size[0]
    return out


def back(transformed: np.ndarray) -> np.ndarray:
    """A consistent density again."""
    return consistent(np.fft.fftshift(np.fft.irfft(transformed, POINTS)))


SIZES = RATIOS[POINTS // 2 :]
DEPTH = np.minimum(-np.log(np.maximum(np.tanh(SIZES / 2), 1e-30)), DEEPEST) / FINE
CELL = np.minimum(DEPTH.astype(int), round(DEEPEST / FINE) - 1)
PART = DEPTH - CELL


def in_depth(density: np.ndarray, points: int) -> np.ndarray:
    """The transform of the density of -ln tanh(|ratio| / 2), which adds up at a check; signs follow from the sizes."""
    size = density[POINTS // 2 :].copy()
    size[1:] += density[POINTS // 2 - 1 : 0 : -1]
    spread = np.bincount(CELL, size * (1 - PART), points) + np.bincount(CELL + 1, size * PART, points)
    return np.fft.rfft(spread, points)


def from_depth(transformed: np.ndarray, points: int) -> np.ndarray:
    """The density of ratios again."""
    weights = np.maximum(np.fft.irfft(transformed, points), 0.0)
    ratio = 2 * np.arctanh(np.exp(-np.maximum(FINE * np.arange(points), 4e-9)))
    place = np.minimum(ratio, LARGEST) / STEP
    cell = place.astype(int)
    part = place - cell
    size = np.bincount(cell, weights * (1 - part), POINTS // 2)
    return signed((size + np.bincount(cell + 1, weights * part, POINTS // 2)) / weights.sum())


def decodes(code: Form, noise: float, passes: int = 3000) -> bool:
    """Whether belief propagation leaves no error at this standard deviation of the noise."""
    mean = 2 / noise**2
    channel = gaussian(mean)
    leaf = np.tanh((mean + np.sqrt(2 * mean) * NORMAL) / 2) ** POWERS[:, None] @ WEIGHT
    types = len(code.checks[0][1])
    points = 1 << int(np.ceil(np.log2(max(sum(d) - 1 for _, d in code.checks) * DEEPEST / FINE + 2)))
    core, from_sums = [gaussian(0.0)] * types, 0.0
    last = 1.0
    for step in range(passes):
        to_core, weight = [np.zeros(POINTS) for _ in range(types)], np.zeros(types)
        to_sums, sums_weight, wrong, columns = np.zeros(len(POWERS)), 0.0, 0.0, 0
        for count, degrees, more in code.bits:
            parts = [transformed**degree for transformed, degree in zip(core, degrees, strict=True)]
            product, whole = channel * np.prod(parts, axis=0), gaussian(more * from_sums)
            belief = back(product * whole)
            wrong += count * (belief[: POINTS // 2].sum() + belief[POINTS // 2] / 2)
            columns += count
            to_sums += count * more * (TANH_POWERS @ back(product * gaussian((more - 1) * from_sums)))
            sums_weight += count * more
            for kind, degree in enumerate(degrees):
                if degree:
                    less = np.prod([*(p for k, p in enumerate(parts) if k != kind), core[kind] ** (degree - 1)], axis=0)
                    to_core[kind] += count * degree * back(channel * less * whole)
                    weight[kind] += count * degree
        error = wrong / columns
        if error < 1e-5:
            return True
        if step > 50 and error > last * (1 - 2e-6):
            return False
        last = error
        depths = [in_depth(density / total, points) for density, total in zip(to_core, weight, strict=True)]
        fresh = [np.zeros(POINTS) for _ in range(types)]
        for rows, degrees in code.checks:
            for kind, degree in enumerate(degrees):
                left = [depths[k] ** (d - (k == kind)) for k, d in enumerate(degrees)]
                fresh[kind] += rows * degree * from_depth(np.prod(left, axis=0), points)
        core = [transform(density / density.sum()) for density in fresh]
        moments = to_sums / sums_weight
        edges = sum(rows * degree for rows, degree in code.sums)
        from_sums = 0.0
        for rows, degree in code.sums:
            from_sums += rows * degree / edges * 2 * float(np.sum(leaf * moments ** (degree - 1) / POWERS))
    return False


def threshold(code: Form, low: float, high: float, digits: float = 0.002) -> float:
    """The largest noise at which it decodes, between low and high; nan if it lies elsewhere."""
    if not decodes(code, low) or decodes(code, high):
        return float("nan")
    while high - low > digits:
        middle = (low + high) / 2
        low, high = (middle, high) if decodes(code, middle) else (low, middle)
    return (low + high) / 2


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", default=OUT, type=Path)
    out = parser.parse_args().out
    header = ["rate", "form", "threshold sigma", "known before", "load there", "bits/parameter there"]
    rows = []
    for rate in ENSEMBLES:
        for structure in ("tree", "chain"):
            found = threshold(form(rate, structure), 0.95 * PUBLISHED[rate], 1.05 * PUBLISHED[rate])
            exact = ENSEMBLES[rate].columns / BASE
            known = f"{PUBLISHED[rate]:.2f}" if structure == "tree" else ""
            rows.append([rate, structure, f"{found:.3f}", known, f"{found**2:.2f}", f"{exact * found**2:.4f}"])
            print(rows[-1], flush=True)
    write_json(out / "table.json", [dict(zip(header, row, strict=True)) for row in rows])
    write(out / "table.md", markdown(header, rows))


if __name__ == "__main__":
    main()
