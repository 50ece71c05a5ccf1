"""Scans of mzML and mzXML to readings: one run, or one spectrum where the file holds a single scan.

Imports numpy, spectra.types and the modules above `readers` only; knows no file format.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from spectra.types import FloatArray, MassSpectrum, Reading, ReadingKind, Remark

from ..errors import TooLarge
from ..limits import Limits
from ..peaks import ScanNotes, peak_list, to_scan
from ..validate import counted, info, warning

SECONDS = {"s": 1.0, "min": 60.0}
SAME_PEAK, FAR_HEIGHT, FAR_TOTAL = 1.0, 2.0, 10.0  # in m/z, and as factors
# What a file says of a scan and cannot be, by the code of its remark.
DOUBTS = {
    "two_levels": "states two MS levels; the first was used",
    "no_level": "states no MS level",
    "level_zero": "states the MS level 0, but levels count from 1",
    "level_type": "states MS level 1 and calls it an MSn spectrum, or a higher level and an MS1 spectrum; the level was used",
    "two_polarities": "states both polarities; positive was used",
    "polarity_name": "gives the accession of one polarity and the name of the other; the accession was used",
    "polarity": "states a polarity that is neither + nor -",
    "profile_and_centroid": "states both peaks (centroid) and curves (profile); curves were assumed",
    "precursor_window": "states a precursor far outside the window in which it isolated ions",
    "scan_number": "gives a scan number that is not a number",
    "bad_time": "gives a retention time that is not a number; it was left out",
    "several_precursors": "gives more than one precursor; the first was kept",
}
USUAL = frozenset({"several_precursors"})  # where several ions are isolated for one scan
# A file may hold so many points, and beyond them in proportion to its size: an m/z and its intensity are 16 bytes.
FREE_POINTS, POINTS_PER_BYTE = 8_000_000, 12


def in_proportion(limits: Limits, size: int) -> Limits:
    """The limits for a file of `size` bytes: many arrays that each unpack a little may be a bomb together."""
    return replace(limits, total_points=min(limits.total_points, max(FREE_POINTS, POINTS_PER_BYTE * size)))


class Stated(NamedTuple):
    """What a file says of the points of a scan: base peak, total, lowest and highest m/z, the range that was scanned; None
    where it does not.
    """

    base_mz: float | None = None
    base_intensity: float | None = None
    total: float | None = None
    lowest: float | None = None
    highest: float | None = None
    scanned_from: float | None = None
    scanned_to: float | None = None

    def contradicts(self, mz: FloatArray, intensity: FloatArray, *, profile: bool) -> bool:
        """Whether the points (P,) cannot be those. Vendors state what they recorded before peaks were picked and scans
        cut, so only what lies far apart counts, and of a total of curves nothing.
        """
        if mz.size == 0:
            return False
        largest, around = float(intensity.max()), SAME_PEAK
        if self.base_mz is not None and self.base_mz > 0:
            near = intensity[np.abs(mz - self.base_mz) <= around]
            if float(near.max(initial=0.0)) < largest / FAR_HEIGHT:
                return True
        outside = (self.lowest is not None and float(mz.min()) < self.lowest - around) or (
            bool(self.highest) and float(mz.max()) > (self.highest or 0.0) + around
        )
        low, high = (self.scanned_from or 0.0) - around, (self.scanned_to or np.inf) + around
        outside |= 2 * int(((mz < low) | (mz > high)).sum()) > mz.size
        total = None if profile else self.total
        return (
            outside or _far(self.base_intensity, largest, FAR_HEIGHT) or _far(total, float(intensity.sum()), FAR_TOTAL)
        )


def _far(stated: float | None, found: float, factor: float) -> bool:
    return bool(stated) and found > 0 and not 1 / factor <= (stated or 0.0) / found <= factor


class RawScan(NamedTuple):
    """One scan as the file has it: `mz` and `intensity` (P,), `seconds` or None where it gives no time.

    `assumed` is the unit of time that had to be assumed, '' if it is stated; `profile` is None where the file does
    not say; `stated` is what it says of its points, `doubts` are keys of DOUBTS.
    """

    id: str
    mz: FloatArray
    intensity: FloatArray
    seconds: float | None = None
    ms_level: int | None = None
    precursor_mz: float | None = None
    assumed: str = ""
    profile: bool | None = None
    polarity: str = ""
    stated: Stated = Stated()
    doubts: tuple[str, ...] = ()

    def spectrum(self, ionisation: str, notes: ScanNotes) -> MassSpectrum:
        """The scan as a spectrum. Raises CorruptFile on values that cannot be."""
        return to_scan(
            self.mz,
            self.intensity,
            notes,
            precursor_mz=self.precursor_mz,
            ionisation=ionisation,
            retention_time_s=self.seconds,
            ms_level=self.ms_level,
            where=f"The scan {self.id[-60:]!r}" if self.id else "A scan",
        )


class Run:
    """Collects the scans of one file. Raises TooLarge beyond the limits."""

    def __init__(self, limits: Limits) -> None:
        self.count = 0
        self._limits = limits
        self._notes = ScanNotes()
        self._scans: list[MassSpectrum] = []
        self._times: list[float | None] = []
        self._first: RawScan | None = None
        self._levels: set[int] = set()
        self._polarities: set[str] = set()
        self._assumed: set[str] = set()
        self._doubts: Counter[str] = Counter()
        self._stored = self._profile = self._centroid = self._twice = self._unlike = 0
        self._ids: set[str] = set()

    def add(self, scan: RawScan, ionisation: str) -> None:
        """Keep one scan."""
        self.count += 1
        if self.count > self._limits.spectra:
            raise TooLarge(f"This file holds more than {self._limits.spectra:,} spectra.", code="too_many_spectra")
        self._stored += scan.mz.size
        if self._stored > self._limits.total_points:
            raise TooLarge("This run holds more points than are allowed.", code="too_many_points")
        self._first = self._first or scan
        self._twice += bool(scan.id) and scan.id in self._ids
        self._ids.add(scan.id)
        self._scans.append(scan.spectrum(ionisation, self._notes))
        if scan.doubts:
            self._doubts.update(scan.doubts)
        stated = scan.stated
        if scan.id.startswith("merged="):  # msConvert states base peak and total of the whole frame (timsTOF)
            stated = stated._replace(base_mz=None, base_intensity=None, total=None)
        self._unlike += stated.contradicts(scan.mz, scan.intensity, profile=scan.profile is True)
        self._times.append(scan.seconds)
        self._levels |= {scan.ms_level} if scan.ms_level is not None else set()
        self._polarities |= {scan.polarity} if scan.polarity else set()
        self._assumed |= {scan.assumed} if scan.assumed else set()
        self._profile += scan.profile is True
        self._centroid += scan.profile is False

    def readings(self, instrument: str, about: Mapping[str, Any], remarks: tuple[Remark, ...]) -> Iterator[Reading]:
        """One MASS_RUN with x in seconds (scan numbers where the file has no time), or one MASS_SPECTRUM."""
        first = self._first
        if first is None:
            return
        remarks += self._said()
        meta = self._meta() | dict(about)
        level = next(iter(self._levels)) if len(self._levels) == 1 else None
        if self.count == 1 and first.mz.size:
            yield peak_list(
                first.mz,
                first.intensity,
                title=first.id,
                instrument=instrument,
                meta=meta,
                remarks=remarks,
                precursor_mz=first.precursor_mz,
                ionisation=self._scans[0].ionisation,
                ms_level=level,
                retention_time_s=first.seconds,
            )
            return
        times, unit, timing = time_axis(self._times)
        yield Reading(
            ReadingKind.MASS_RUN,
            times,
            np.array([float(s.intensity.sum()) for s in self._scans]),
            unit,
            "total ion current",
            meta=meta,
            instrument=instrument,
            ms_level=level,
            scans=tuple(self._scans),
            remarks=remarks + timing + self._notes.remarks(),
        )

    def _meta(self) -> dict[str, Any]:
        meta: dict[str, Any] = {
            "points": self._notes.points,
            "max_intensity": self._notes.largest,
            "ms_levels": sorted(self._levels),
            "n_profile": self._profile,
            "n_centroid": self._centroid,
        }
        if self._polarities:
            meta["polarity"] = " and ".join(sorted(self._polarities))
        return meta

    def _said(self) -> tuple[Remark, ...]:
        found = []
        if self._assumed:
            found.append(unit_assumed(" and ".join(sorted(self._assumed))))
        if self._twice:
            text = f"{counted(self._twice, 'scan has', 'scans have')} the identifier of another; the file was joined from several or is damaged."
            found.append(warning("duplicate_scan", text))
        if self._unlike:
            text = f"The points of {counted(self._unlike, 'scan', 'scans')} do not fit the base peak, total or range that the file states."
            found.append(warning("scan_differs", text))
        for code, n in self._doubts.items():
            text = f"For {counted(n, 'scan', 'scans')} the file {DOUBTS[code]}."
            found.append((info if code in USUAL else warning)(code, text))
        if self._profile:
            found.append(
                warning(
                    "profile",
                    f"{self._profile} of {self.count} scans are curves (profile), not peaks; a library search needs "
                    "peaks. Convert the run with peak picking.",
                )
            )
        return tuple(found)


def unit_assumed(unit: str) -> Remark:
    """The warning that a file gives times without their unit."""
    return warning("time_unit_guessed", f"Retention times have no unit; {unit} were assumed.")


def time_axis(times: list[float | None]) -> tuple[FloatArray, str, tuple[Remark, ...]]:
    """Times in seconds; scan numbers when the file gives no time at all. A missing one repeats the time before."""
    missing = sum(t is None for t in times)
    if missing == len(times):
        note = info("no_times", "The file gives no retention time that could be used; its scans are numbered instead.")
        return np.arange(1.0, len(times) + 1), "scan", (note,)
    filled, last = [], 0.0
    for time in times:
        last = last if time is None else time
        filled.append(last)
    if missing:
        note = warning(
            "times_missing",
            f"{counted(missing, 'scan has', 'scans have')} no retention time; each keeps the one before.",
        )
        return np.array(filled), "s", (note,)
    return np.array(filled), "s", ()
