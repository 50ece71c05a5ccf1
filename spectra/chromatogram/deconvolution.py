"""Components of a run: which substances left the column, when, and the spectrum of each without its neighbours.

After AMDIS (Stein 1999, doi:10.1016/S1044-0305(99)00047-1): ions that peak together make a component; then a window of
neighbours is explained by one shape and one spectrum each. Imports numpy and `spectra` only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from spectra.chromatogram.background import Trace, baseline, noise_factor, noise_floor, number, variance
from spectra.chromatogram.clusters import Clusters, clusters
from spectra.chromatogram.peaks import Apexes, apexes, peak_sigma
from spectra.chromatogram.skew import skew_of, without_skew
from spectra.chromatogram.traces import Traces
from spectra.chromatogram.unmix import line_free, shapes_of, spectra_of
from spectra.types import FloatArray

SHAPE_STEPS = 8
"""Points per scan of the run's peak shape."""
_BLOCKS = (61, 601)
"""Shortest and longest block of scans whose low quantile is the baseline."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """A run ready to be taken apart.

    `traces` without the sweep of the scans, `recorded` (S, M) with it; `baseline`, `signal` (S, M) above it and its
    variance `spread`; `floor` (M,) the part of it that does not depend on intensity; `sigma` of a peak in scans.
    """

    traces: Traces
    recorded: Trace
    baseline: Trace
    signal: Trace
    floor: FloatArray
    spread: Trace
    sigma: float
    found: Apexes
    groups: Clusters
    shape: FloatArray
    factor: float
    skew: float


@dataclass(frozen=True, eq=False)
class Raw:
    """One component: `place` of its maximum in scans, `first` scan of its `shape` (T,), `spectrum` (M,) at the maximum,
    `error` (M,) its standard error, `gain` chi-square it explains."""

    place: float
    first: int
    shape: FloatArray
    spectrum: FloatArray
    error: FloatArray
    gain: float
    neighbours: int


def prepared(traces: Traces) -> Prepared:
    """Baseline, noise, width and maxima of a run."""
    recorded = traces.height
    factor = noise_factor(recorded)
    floor = noise_floor(recorded)
    spread = variance(recorded, factor, floor)
    sigma = peak_sigma(recorded - baseline(recorded, int(number("background", "wide_scans"))), spread)
    skew = skew_of(apexes(recorded, spread, sigma), traces.mass, traces.time.size)
    traces = replace(traces, height=without_skew(recorded, traces.mass, skew))
    block = int(np.clip(number("background", "block_sigma") * sigma, *_BLOCKS))
    under = baseline(traces.height, block)
    signal = traces.height - under
    found = apexes(traces.height, spread, sigma)
    groups = clusters(found, traces.time.size, sigma)
    shape = _run_shape(signal, found, sigma)
    return Prepared(
        traces, recorded, under, signal, floor.astype(np.float64), spread, sigma, found, groups, shape, factor, skew
    )  # fmt: skip


def _run_shape(signal: Trace, found: Apexes, sigma: float) -> FloatArray:
    """Shape of the run's peaks, from −5 σ to +9 σ in steps of ⅛ scan: a low quantile of strong, lonely ion traces."""
    grid = np.arange(-int(5 * sigma * SHAPE_STEPS), int(9 * sigma * SHAPE_STEPS) + 1) / SHAPE_STEPS
    gauss = np.exp(-0.5 * (grid / sigma) ** 2)
    rows = _lonely(found, 9 * sigma)
    rows = rows[np.argsort(-found.signal[rows], kind="stable")[:400]]
    scans = signal.shape[0]
    inside = (found.place[rows] - 5 * sigma >= 0) & (found.place[rows] + 9 * sigma <= scans - 1)
    rows = rows[inside & (found.signal[rows] > 25)]
    if rows.size < 5:
        return gauss
    at = found.place[rows][:, None] + grid
    left = np.floor(at).astype(int)
    part = at - left
    column = found.column[rows][:, None]
    curve = signal[left, column] * (1 - part) + signal[np.minimum(left + 1, scans - 1), column] * part
    middle = curve[:, np.abs(grid) <= 0.26].max(axis=1)
    usable = middle > 0
    shape = np.quantile(curve[usable] / middle[usable, None], 0.4, axis=0) if usable.sum() >= 5 else gauss
    shape = np.maximum(shape - np.quantile(shape, 0.05), 0)
    top = int(np.argmin(np.abs(grid)))
    shape[top:] = np.minimum.accumulate(shape[top:])
    shape[: top + 1] = np.minimum.accumulate(shape[: top + 1][::-1])[::-1]
    return np.asarray(shape / shape[top]) if shape[top] > 0 else gauss


def _lonely(found: Apexes, distance: float) -> NDArray[np.int64]:
    """Maxima without another one of the same trace within `distance` scans that is a twentieth as high."""
    order = np.lexsort((found.place, found.column))
    place, column, height = found.place[order], found.column[order], found.height[order]
    alone = np.ones(order.size, dtype=bool)
    for step in (1, 2):
        near = (column[step:] == column[:-step]) & (place[step:] - place[:-step] < distance)
        alone[:-step] &= ~(near & (height[step:] > 0.05 * height[:-step]))
        alone[step:] &= ~(near & (height[:-step] > 0.05 * height[step:]))
    return order[alone]


def components(run: Prepared) -> list[Raw]:
    """Components of a prepared run in order of time."""
    strong = np.flatnonzero(run.groups.weight >= number("components", "least_gain"))
    out: list[Raw] = []
    windows = sorted(_windows(run.groups.place[strong], strong, run.sigma), key=lambda rows: int(rows[0]))
    cuts = [0, *(_valley(run, a, b) for a, b in pairwise(windows)), run.signal.shape[0] - 1]
    for k, window in enumerate(windows):
        out += _unmixed(run, window, cuts[k], cuts[k + 1])
    return sorted(out, key=lambda c: c.place)


def _valley(run: Prepared, one: NDArray[np.int64], two: NDArray[np.int64]) -> int:
    """The scan of least signal between two windows: neither may see the peaks of the other."""
    first, last = round(run.groups.place[one[-1]]), round(run.groups.place[two[0]])
    return int(first + np.argmin(run.signal[first : last + 1].sum(axis=1)))


def _windows(place: FloatArray, rows: NDArray[np.int64], sigma: float) -> list[NDArray[np.int64]]:
    """Groups of clusters that disturb each other, cut at the widest gap while they are too many."""
    if rows.size == 0:
        return []
    cuts = np.flatnonzero(np.diff(place) > number("components", "window_sigma") * sigma) + 1
    todo = list(np.split(np.arange(rows.size), cuts))
    out, most = [], int(number("components", "most_in_window"))
    while todo:
        part = todo.pop()
        if part.size <= most:
            out.append(rows[part])
            continue
        middle = np.diff(place[part])
        middle[: part.size // 4] = 0
        middle[-(part.size // 4) :] = 0
        cut = int(np.argmax(middle)) + 1
        todo += [part[:cut], part[cut:]]
    return out


def _unmixed(run: Prepared, window: NDArray[np.int64], left: int, right: int) -> list[Raw]:
    place = run.groups.place[window]
    first = max(left, int(place.min() - 5 * run.sigma))
    last = min(right, int(place.max() + 8 * run.sigma)) + 1
    data = run.signal[first:last].astype(np.float64)
    spread = run.spread[first:last].astype(np.float64) + (number("noise", "model_error") * data) ** 2
    project = line_free(last - first)
    mine = np.isin(run.groups.owner, window)
    lit = np.unique(run.found.column[mine])
    shapes = np.stack([_at(run, p - first, last - first) for p in place])
    keep = _needed(data[:, lit], spread[:, lit], shapes, project)
    if not keep:
        return []
    while True:
        fitted, spectra, error = _factored(data, shapes[keep], spread, project)
        empty = ~(spectra > 0).any(axis=1)
        if len(keep) == 1 or not empty.any():
            return _as_components(fitted, spectra, error, first)
        # Two that only together explain their ions hide each other: the one with less to explain goes.
        del keep[int(np.argmin(_explained(data, spread, shapes[keep], project)))]


def _factored(
    data: FloatArray, shapes: FloatArray, spread: FloatArray, project: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Shapes (K, T), spectra (K, M) and their errors after rounds of alternating least squares."""
    rounds, sure = int(number("components", "rounds")), number("components", "sure_ion")
    kept = number("components", "kept_ion")
    weight = 1.0 / spread.mean(axis=0)
    spectra, error = _significant(data, shapes, project, spread, sure)
    for k in range(rounds):
        rest = data - shapes.T @ spectra
        shapes = shapes_of(data, shapes, spectra, rest - project @ rest, weight)
        spectra, error = _significant(data, shapes, project, spread, sure + (kept - sure) * (k + 1) / rounds)
    return shapes, spectra, error


def _significant(
    data: FloatArray, shapes: FloatArray, project: FloatArray, spread: FloatArray, least: float
) -> tuple[FloatArray, FloatArray]:
    """Spectra (K, M) with what is not `least` standard errors high set to zero, and these errors.

    Why inside the rounds: what a wrong shape of a large neighbour leaves in a small component would else never be
    given back.
    """
    spectra = spectra_of(data, shapes, project)
    seen = shapes @ project
    gram = seen @ seen.T
    lever = np.linalg.solve(gram + 1e-9 * np.trace(gram) * np.eye(gram.shape[0]), seen)
    error = np.sqrt((lever**2) @ spread)
    return np.where(spectra > least * error, spectra, 0.0), error


def _at(run: Prepared, place: float, rows: int) -> FloatArray:
    """The run's shape with its maximum at `place` of `rows` scans, (T,)."""
    grid = (np.arange(run.shape.size) - int(5 * run.sigma * SHAPE_STEPS)) / SHAPE_STEPS
    return np.asarray(np.interp(np.arange(rows), grid + place, run.shape, left=0.0, right=0.0))


def _needed(data: FloatArray, spread: FloatArray, shapes: FloatArray, project: FloatArray) -> list[int]:
    """Numbers of the shapes that explain something the others cannot, the least needed one dropped at a time."""
    keep = list(range(shapes.shape[0]))
    while keep:
        gains = _explained(data, spread, shapes[keep], project)
        worst = int(np.argmin(gains))
        if gains[worst] > 0:
            return keep
        del keep[worst]
    return keep


def _explained(data: FloatArray, spread: FloatArray, shapes: FloatArray, project: FloatArray) -> list[float]:
    """What each shape explains that the others cannot, above what it must."""
    full = _chi(data, spread, shapes, project)
    rows = np.arange(shapes.shape[0])
    return [_gain(_chi(data, spread, shapes[rows != k], project) - full) for k in rows]


def _chi(data: FloatArray, spread: FloatArray, shapes: FloatArray, project: FloatArray) -> FloatArray:
    """Chi-square per ion that is left by these shapes and a line, (M,)."""
    rest = data if shapes.shape[0] == 0 else data - shapes.T @ spectra_of(data, shapes, project)
    return np.asarray(((project @ rest) ** 2 / spread).sum(axis=0))


def _gain(by_ion: FloatArray) -> float:
    """How far a component is above what it must explain; below zero: not needed."""
    least, ion = number("components", "least_gain"), number("components", "ion_gain")
    strong = by_ion[by_ion > ion]
    total = float(strong.sum())
    if strong.size >= number("components", "least_ions"):
        return total - least
    return total - number("components", "lone_gain")


def _as_components(shapes: FloatArray, spectra: FloatArray, error: FloatArray, first: int) -> list[Raw]:
    out = []
    for k in range(shapes.shape[0]):
        top = int(np.argmax(shapes[k]))
        shift = 0.0
        if 0 < top < shapes.shape[1] - 1:
            a, b, c = shapes[k, top - 1 : top + 2]
            shift = 0.5 * (a - c) / (a - 2 * b + c) if a - 2 * b + c < 0 else 0.0
        gain = float((spectra[k] ** 2 / np.maximum(error[k], 1e-30) ** 2).sum())
        if gain > 0:
            out.append(Raw(first + top + shift, first, shapes[k], spectra[k], error[k], gain, shapes.shape[0] - 1))
    return out
