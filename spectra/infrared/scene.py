"""One reading against one library: the range compared, the entries that cover it, scale and noise.

Why: references may cover part of the range only; all sets of components must be judged on the same points. Imports
numpy and `spectra` only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from spectra.confidence.limits import load
from spectra.infrared.baseline import Metric, even
from spectra.infrared.noise import BoolArray, white_noise
from spectra.infrared.warp import IntArray, Ready, References, filled
from spectra.infrared_grid import CO2, grid_of
from spectra.types import FloatArray, SpectrumError

_COVERED = 0.98
_PATTERNS = 64
_LEAST = 100


@dataclass(frozen=True, eq=False)
class FitProblem:
    """What does not change while sets of components are fitted.

    `window` of the grid (M points); `used` (M,) False where the reading, the references or the air leave nothing to
    compare; `y` (M,) the reading divided by `scale` (its largest absorbance there), gaps filled; `sigma` its white
    noise on that scale; `entries` (E,) the library entries that cover the range, `pool` those of them that are searched
    (all, unless the library is very large).
    """

    references: References
    window: slice
    used: BoolArray
    y: FloatArray
    scale: float
    sigma: float
    entries: IntArray
    pool: IntArray

    @cached_property
    def ready(self) -> Ready:
        """The entries of the pool, ready to be compared."""
        return self.references.ready(self.pool)

    def transforms(self, rows: IntArray) -> NDArray[np.complex64]:
        """Fourier transforms of library entries, (…, 973), in the shape of `rows`."""
        if self.references.kept or self.ready.holds(rows):
            return self.ready.transforms(self.ready.at(rows))
        return self.references.transforms(rows)

    @property
    def axis(self) -> FloatArray:
        """Wavenumbers (M,) cm⁻¹."""
        return grid_of(self.references.raman)[self.window]

    @cached_property
    def plain(self) -> Metric:
        """Every used point counts the same: ranking, not likelihood."""
        return even(self.used.tobytes())

    @property
    def noise_share(self) -> float:
        """What white noise `sigma` alone leaves of the reading: M σ²/|P y|², the measure that references are ranked by; 0 to 1."""
        whole = float((self.plain.project(self.y) ** 2).sum())
        return min(1.0, self.plain.n * self.sigma**2 / max(whole, 1e-300))

    @cached_property
    def white(self) -> Metric:
        """Weights of white noise `sigma`."""
        return Metric(self.used / self.sigma)


def scene_of(references: References, query: FloatArray, least_noise: float = 0.0) -> FitProblem:
    """The range where most entries can be compared with `query` (1801,), NaN where not measured.

    `least_noise` in absorbance: the noise is taken to be no smaller.

    Of the references' patterns of measured points (the 64 most frequent) that one for which points in common with the
    query × entries covering them is largest. Raises SpectrumError when fewer than 100 points remain.
    """
    if not (references.sizes > 0).any():
        raise SpectrumError("this library holds no entry with a band; nothing was changed. Choose another library")
    masks, pattern = references.masks, references.pattern
    counts = np.bincount(pattern[references.sizes > 0], minlength=masks.shape[0])
    known = np.isfinite(query) & ~(CO2 & references.air)
    common = np.argsort(-counts, kind="stable")[:_PATTERNS]
    sizes = (masks[common] & known).sum(axis=1)
    overlap = (masks[common] & known).astype(np.float32) @ masks.T.astype(np.float32)
    covers = overlap >= _COVERED * np.maximum(sizes, 1)[:, None]
    worth = sizes * (covers @ counts)
    best = int(np.argmax(np.where(sizes >= _LEAST, worth, -1)))
    if sizes[best] < _LEAST or not worth[best]:
        raise SpectrumError(
            "this spectrum and the library share fewer than 100 points (200 cm⁻¹); nothing was changed. "
            "Measure a wider range or choose another library"
        )
    points = masks[common[best]] & known
    return on_range(references, covering(references, points), points, query, least_noise)


def covering(references: References, points: BoolArray) -> IntArray:
    """Entries measured at 98 % or more of the points (1801,) of the grid, rising."""
    overlap = references.masks[:, points].sum(axis=1)
    return np.flatnonzero((overlap >= _COVERED * points.sum())[references.pattern] & (references.sizes > 0))


def on_range(
    references: References, entries: IntArray, points: BoolArray, query: FloatArray, least_noise: float = 0.0
) -> FitProblem:
    """A scene on the given points (1801,) of the grid."""
    inside = np.flatnonzero(points)
    window = slice(int(inside[0]), int(inside[-1]) + 1)
    used = points[window]
    whole = filled(query, references.air)[window]
    scale = float(np.abs(whole[used]).max())
    if not scale > 0:
        raise SpectrumError(
            "this spectrum is zero everywhere on the compared range; nothing was changed. Measure again"
        )
    y = whole / scale
    least = max(float(load("infrared")["align"]["least_noise"]), least_noise / scale)
    return FitProblem(references, window, used, y, scale, max(white_noise(y, used), least), entries, entries)


def narrowed(scene: FitProblem, scores: FloatArray) -> FitProblem:
    """The scene with a pool of the `shortlist` entries of highest score (N,), where the library is too large to keep."""
    most = int(load("infrared")["align"]["shortlist"])
    if scene.references.kept or scene.entries.size <= most:
        return scene
    best = scene.entries[np.argsort(-scores[scene.entries], kind="stable")[:most]]
    return replace(scene, pool=np.sort(best))
