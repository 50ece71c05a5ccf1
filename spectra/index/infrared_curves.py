"""From what a caller gives to curves on the grid with their resolution, or a refusal in one sentence.

Imports numpy and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spectra.index.infrared_peaks import PEAK_SCORES
from spectra.index.infrared_resolution import class_from_spacing, class_of, resolution_of
from spectra.infrared_grid import GRID, STEP, curve, grid_of, on_grid
from spectra.types import FloatArray, InfraredSpectrum, LibraryEntry, SpectrumError

_FIRST_POINTS = 20


def curves_on_grid(
    wavenumber: ArrayLike, absorbance: ArrayLike, n: int, resolution: float | None, raman: bool = False
) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Curves (n, 1801) and resolution classes (n,) of `absorbance` (n, M) on one axis (M,), NaN where masked.

    On the grid of infrared or, with `raman`, of Raman curves.

    Raises SpectrumError on shapes that do not fit, an axis that repeats a value, infinite values, fewer than 20
    usable points, or a resolution that cannot be used.
    """
    x, y = np.asarray(wavenumber, dtype=np.float64), np.asarray(absorbance)
    if x.ndim != 1 or y.ndim != 2 or y.shape != (n, x.size):
        raise SpectrumError(f"absorbance must be ({n}, {x.size}): one curve per name, got {y.shape}")
    order = np.argsort(x)
    x = x[order]
    if not np.isfinite(x).all() or (np.diff(x) <= 0).any():
        raise SpectrumError(
            "wavenumber must be finite and must not repeat a value; nothing was taken: average such points"
        )
    spacing = float(np.median(np.diff(x))) if x.size > 1 else STEP
    out = np.full((n, GRID.size), np.nan, dtype=np.float32)
    straight = _places(x, spacing, grid_of(raman))
    for k in range(n):
        row = np.asarray(y[k], dtype=np.float64)[order]
        if np.isinf(row).any():
            raise SpectrumError("absorbance holds an infinite value; mark missing points as NaN")
        if straight is not None and np.isfinite(row).all():
            out[k, straight[1]] = row[straight[0]]
        else:
            out[k] = on_grid(x, row, raman)
    known = class_from_spacing(spacing) if resolution is None else class_of(resolution)
    return out, np.full(n, known, dtype=np.int8)


def _places(x: FloatArray, spacing: float, grid: FloatArray) -> tuple[NDArray[np.bool_], NDArray[np.int64]] | None:
    """Where the points of an axis that already lies on the grid go; None for any other axis."""
    if spacing != STEP or x.size < _FIRST_POINTS or ((x - grid[0]) % STEP).any():
        return None
    index = np.rint((x - grid[0]) / STEP).astype(np.int64)
    inside = (index >= 0) & (index < grid.size)
    return (inside, index[inside]) if inside.any() else None


def curves_of_entries(entries: Sequence[LibraryEntry]) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Curves (N, 1801) and resolution classes (N,) of entries; `meta["resolution_cm1"]` where the spectrum says none.

    Raises SpectrumError when there is none, when one holds no infrared spectrum, or infrared and Raman are mixed.
    """
    spectra = [e.spectrum for e in entries if isinstance(e.spectrum, InfraredSpectrum)]
    if len(spectra) != len(entries) or not entries:
        raise SpectrumError("an infrared library needs at least one entry, and an infrared spectrum in every entry")
    if len({is_raman(e.technique) for e in entries}) > 1:
        raise SpectrumError("infrared and Raman spectra cannot be compared: build one library of each")
    out = np.empty((len(spectra), GRID.size), dtype=np.float32)
    classes = np.empty(len(spectra), dtype=np.int8)
    for k, (entry, spectrum) in enumerate(zip(entries, spectra, strict=True)):
        out[k] = curve(spectrum, is_raman(entry.technique))
        stated = None if spectrum.resolution else entry.meta.get("resolution_cm1")
        classes[k] = class_of(float(stated)) if stated else resolution_of(spectrum)
    return out, classes


def is_raman(technique: str) -> bool:
    """Whether this technique is Raman, however it is spelt.

    >>> is_raman("Raman 785 nm"), is_raman("FTIR-ATR")
    (True, False)
    """
    return "raman" in technique.casefold()


def refuse_other_technique(query: InfraredSpectrum, score: str, raman: bool) -> None:
    """Raise SpectrumError when a Raman spectrum meets an infrared library or the reverse, or Raman a score of heights.

    A spectrum that does not say its technique is taken for what the library holds.
    """
    if query.technique and is_raman(query.technique) != raman:
        held, asked = ("Raman", "infrared") if raman else ("infrared", "Raman")
        raise SpectrumError(
            f"this library holds {held} spectra and the reading is {asked}: the same bond absorbs and scatters "
            f"differently, so nothing was compared; choose a library whose technique is {asked}"
        )
    if raman and "derivative" not in score and score not in (*PEAK_SCORES, "aligned"):
        raise SpectrumError(
            f"Raman spectra lie on fluorescence, which would decide the score {score}; nothing was compared: use "
            "first_derivative, second_derivative or peaks"
        )
