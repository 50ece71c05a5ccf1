"""Builds scans and mass-spectrum readings for every reader, the same way. Imports numpy and spectra.types only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from spectra.types import FloatArray, MassSpectrum, Reading, ReadingKind, Remark

from .errors import CorruptFile
from .validate import LARGEST_MZ, counted, info, warning

# An empty scan cannot be a MassSpectrum; one point without intensity keeps scans and times aligned.
PLACEHOLDER_MZ = 1.0
LEAST_RELATIVE, RELATIVE_APART = 0.1, 0.02  # of the largest
SMALLEST_MZ = 0.1  # the lightest ion, the proton, is at 1; bytes in the wrong order give 1e-300


@dataclass(slots=True)
class ScanNotes:
    """Counts what had to be put right while building scans; `remarks()` says it once per file."""

    empty: int = 0
    zero_mz: int = 0
    negative: int = 0
    duplicate: int = 0
    points: int = 0
    largest: float = 0.0
    tiny: int = 0
    unordered: int = 0
    heavy: int = 0

    def remarks(self) -> tuple[Remark, ...]:
        """One remark per kind of repair."""
        found = []
        if self.empty:
            found.append(
                info(
                    "empty_scans",
                    f"{counted(self.empty, 'scan holds', 'scans hold')} no peaks; one point "
                    "without intensity stands for each, so that scans and times stay aligned.",
                )
            )
        if self.zero_mz:
            found.append(warning("zero_mz", f"{self.zero_mz} points at m/z 0 were left out."))
        if self.tiny:
            text = f"{counted(self.tiny, 'scan holds', 'scans hold')} only m/z below {SMALLEST_MZ:g}, which no ion has; their numbers may be read the wrong way round."
            found.append(warning("implausible_mz", text))
        if self.heavy:
            text = f"{counted(self.heavy, 'scan holds', 'scans hold')} an m/z above {LARGEST_MZ:,.0f}; are these mass spectra?"
            found.append(warning("implausible_mz", text))
        if self.negative:
            found.append(
                warning("negative_intensity_cut", f"{self.negative} negative intensities were set to 0 in the scans.")
            )
        if self.unordered:
            text = f"The m/z of {counted(self.unordered, 'scan', 'scans')} neither rise nor fall from point to point; they were put in order."
            found.append(warning("unsorted_mz", text))
        if self.duplicate:
            text = f"{counted(self.duplicate, 'scan holds', 'scans hold')} an m/z more than once; each was kept. That is usual where ions were selected or scans were merged. Otherwise the file may be damaged."
            found.append(warning("duplicate_mz", text))
        return tuple(found)


def to_scan(
    mz: FloatArray,
    intensity: FloatArray,
    notes: ScanNotes,
    *,
    precursor_mz: float | None = None,
    ionisation: str = "EI",
    retention_time_s: float | None = None,
    ms_level: int | None = None,
    where: str = "A scan",
) -> MassSpectrum:
    """One scan from arrays (P,) in m/z and any intensity unit; a scan without peaks becomes one point of intensity 0.

    Raises CorruptFile on NaN, infinite or negative m/z and on arrays of different lengths; `where` begins its
    sentence. Intensities below 0 and points at m/z 0 are put right and counted in `notes`.
    """
    if mz.size != intensity.size:
        raise CorruptFile(f"{where} has {mz.size} m/z but {intensity.size} intensities.", code="array_length")
    notes.points += int(mz.size)
    if mz.size:
        mz, intensity = _put_right(mz, intensity, notes, where)
        steps = np.diff(mz)
        notes.unordered += bool(steps.size) and float(steps.min()) < 0 < float(steps.max())
    if mz.size == 0:
        notes.empty += 1
        mz, intensity = np.array([PLACEHOLDER_MZ]), np.zeros(1)
    scan = MassSpectrum(mz, intensity, precursor_mz, ionisation, retention_time_s, ms_level)
    notes.duplicate += bool((scan.mz[1:] == scan.mz[:-1]).any())
    return scan


def _put_right(mz: FloatArray, intensity: FloatArray, notes: ScanNotes, where: str) -> tuple[FloatArray, FloatArray]:
    """Judged by the extremes alone, which are NaN as soon as one value is: a run has ten thousands of scans."""
    lowest, highest = float(mz.min()), float(mz.max())
    least, largest = float(intensity.min()), float(intensity.max())
    if not all(map(isfinite, (lowest, highest, least, largest))):
        raise CorruptFile(f"{where} holds a value that is not a finite number.", code="not_finite")
    if lowest < 0:
        raise CorruptFile(f"{where} holds a negative m/z.", code="negative_mz")
    notes.largest = max(notes.largest, largest)
    notes.heavy += highest > LARGEST_MZ
    if 0 < highest < SMALLEST_MZ:
        notes.tiny += 1
    if lowest == 0:
        keep = mz > 0
        notes.zero_mz += int(mz.size - keep.sum())
        mz, intensity = mz[keep], intensity[keep]
    if least < 0:
        notes.negative += int((intensity < 0).sum())
        intensity = np.maximum(intensity, 0.0)
    return mz, intensity


def relative_differs(intensity: FloatArray, relative: FloatArray) -> bool:
    """Whether relative intensities (P,) are not the intensities beside them on another scale; NaN stands for none."""
    known = np.isfinite(relative) & np.isfinite(intensity) & (intensity > 0)
    large = np.zeros_like(known)
    for values in (intensity, relative):
        large |= known & (values >= LEAST_RELATIVE * np.max(values, initial=0.0, where=known))
    if large.sum() < 2:
        return False
    y, relative = intensity[large], relative[large]
    return bool(np.abs(relative - y * np.median(relative / y)).max() > RELATIVE_APART * relative.max())


def peak_list(
    mz: FloatArray,
    intensity: FloatArray,
    *,
    title: str = "",
    instrument: str = "",
    y_unit: str = "intensity",
    meta: Mapping[str, Any] | None = None,
    remarks: tuple[Remark, ...] = (),
    precursor_mz: float | None = None,
    ionisation: str = "EI",
    retention_time_s: float | None = None,
    ms_level: int | None = None,
) -> Reading:
    """A MASS_SPECTRUM reading: x = m/z and y = intensity as recorded, `scans` holds the one spectrum.

    Raises CorruptFile on an empty list, on NaN or infinite values, and on negative m/z or intensity.
    """
    if mz.size == 0:
        raise CorruptFile(f"The spectrum {title[:80]!r} holds no peaks.", code="no_points")
    if (intensity < 0).any():
        raise CorruptFile(f"The spectrum {title[:80]!r} holds a negative intensity.", code="negative_intensity")
    notes = ScanNotes()
    scan = to_scan(
        mz,
        intensity,
        notes,
        precursor_mz=precursor_mz,
        ionisation=ionisation,
        retention_time_s=retention_time_s,
        ms_level=ms_level,
    )
    notes.duplicate = notes.heavy = notes.unordered = 0  # said by validate for a single spectrum
    return Reading(
        ReadingKind.MASS_SPECTRUM,
        mz,
        intensity,
        "m/z",
        y_unit,
        meta=meta or {},
        title=title,
        instrument=instrument,
        ms_level=ms_level,
        scans=(scan,),
        remarks=remarks + notes.remarks(),
    )
