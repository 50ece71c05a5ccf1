"""Reader of ANDI-MS (AIA) runs in netCDF: scans of a mass spectrometer, centroided or continuum.

Standard: ASTM E2077 and its netCDF template 1.0. Imports nothing above `instruments`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectra.types import FloatArray, MassSpectrum, Reading, ReadingKind, Remark

from .. import units
from ..errors import CorruptFile, TooLarge
from ..limits import Limits
from ..peaks import ScanNotes, peak_list, to_scan
from ..registry import Hints, reader
from ..source import Source
from ..validate import counted, info, warning
from .andi import EXTENSIONS, filled, instrument_of, moment, sniff_template, unread
from .netcdf_guard import NetCdf

IONISATIONS = {
    "electron impact": "EI",
    "electron ionization": "EI",
    "chemical ionization": "CI",
    "fast atom bombardment": "FAB",
    "field desorption": "FD",
    "field ionization": "FI",
    "electrospray ionization": "ESI",
    "thermospray ionization": "TSP",
    "atmospheric pressure ionization": "API",
    "atmospheric pressure chemical ionization": "APCI",
    "plasma desorption": "PD",
    "laser desorption": "LD",
}
# Thresholds take away noise before a total is stored or after, but not nine tenths of the ions.
FAR_APART = 10.0
_SCAN_COUNT = "The file gives {} scans but {} {}."


@reader(
    "andi-ms",
    title="an ANDI-MS file (.cdf)",
    techniques={"MS", "GC-MS", "LC-MS"},
    magic=sniff_template(b"ms_template_revision", b"mass_values", b"scan_acquisition_time"),
    extensions=EXTENSIONS,
    version="9",
)
def read_andi_ms(source: Source, hints: Hints, limits: Limits) -> Iterator[Reading]:
    """One MASS_RUN with x = scan_acquisition_time in its unit, y = summed intensity; a single scan is a spectrum.

    Raises CorruptFile when neither scan_index nor point_count fits the points, or points were never written.
    """
    file = NetCdf(source, limits)
    mass, intensity = (file.series(name, limits.total_points) for name in ("mass_values", "intensity_values"))
    if mass is None or intensity is None:
        what = "m/z values" if mass is None else "intensities"
        raise CorruptFile(f"The file holds no {what}.", code="no_mz" if mass is None else "no_intensity")
    if mass.size != intensity.size:
        raise CorruptFile(f"The file holds {mass.size:,} m/z values but {intensity.size:,} intensities.",
                          code="array_length")  # fmt: skip
    starts, counts, notes = _places(file, mass, limits)
    times, x_unit, time_notes = _times(file, counts.size)
    used = int(counts.sum())
    peaks = mass
    if 0 < used < mass.size:
        peaks = mass[np.repeat(starts + counts - np.cumsum(counts), counts) + np.arange(used)]
    notes += (
        time_notes
        + unread(file)
        + _mass_unit(file)
        + _mass_range(file, peaks)
        + _unused(file, starts, counts, mass.size)
    )
    instrument, meta = instrument_of(file)
    meta |= _facts(file)
    mode = file.text("test_ionization_mode").lower()
    run = _Run(mass, intensity, starts, counts, times, IONISATIONS.get(mode, ""))
    title = file.text("experiment_title")
    if counts.size == 1:
        yield peak_list(
            *run.points(0),
            title=title,
            instrument=instrument,
            y_unit=hints.y_unit or "intensity",
            meta=meta,
            remarks=notes,
            ionisation=run.ionisation,
            retention_time_s=run.seconds(0, x_unit),
        )
        return
    scans, scan_notes = run.scans(x_unit)
    total = np.array([float(s.intensity.sum()) for s in scans])
    meta |= {"points": scan_notes.points, "max_intensity": scan_notes.largest}
    meta |= {"mz_min": float(peaks.min()), "mz_max": float(peaks.max())}
    yield Reading(
        ReadingKind.MASS_RUN,
        np.arange(1.0, len(scans) + 1) if times is None else times,
        total,
        x_unit,
        "total ion current",
        meta=meta,
        title=title,
        instrument=instrument,
        scans=tuple(scans),
        remarks=notes + _total_remark(file, total) + scan_notes.remarks(),
    )


class _Run:
    """The points of all scans in two long arrays, and which of them belong to which scan."""

    def __init__(
        self,
        mass: FloatArray,
        intensity: FloatArray,
        starts: NDArray[np.int64],
        counts: NDArray[np.int64],
        times: FloatArray | None,
        ionisation: str,
    ) -> None:
        self._mass, self._intensity = mass, intensity
        self._starts, self._counts, self._times = starts, counts, times
        self.ionisation = ionisation

    def points(self, scan: int) -> tuple[FloatArray, FloatArray]:
        """m/z and intensity of one scan."""
        place = slice(int(self._starts[scan]), int(self._starts[scan] + self._counts[scan]))
        return self._mass[place], self._intensity[place]

    def seconds(self, scan: int, x_unit: str) -> float | None:
        """Retention time of one scan, None without a time axis."""
        return None if self._times is None else float(self._times[scan]) * (60.0 if x_unit == "min" else 1.0)

    def scans(self, x_unit: str) -> tuple[list[MassSpectrum], ScanNotes]:
        """All scans, and what had to be put right."""
        notes = ScanNotes()
        found = [
            to_scan(*self.points(i), notes, ionisation=self.ionisation, retention_time_s=self.seconds(i, x_unit))
            for i in range(self._counts.size)
        ]
        return found, notes


_Places = tuple[NDArray[np.int64], NDArray[np.int64], tuple[Remark, ...]]


def _places(file: NetCdf, mass: FloatArray, limits: Limits) -> _Places:
    """First point and number of points of every scan. Either variable may be missing, not both.

    A program that cuts a run down may leave the old counts behind (xcms' own example runs): counts that cannot be
    give way to an index that divides all points into scans of rising m/z.
    """
    n_points = mass.size
    starts, counts = _integers(file, "scan_index"), _integers(file, "point_count")
    if counts is None:
        if starts is None:
            raise CorruptFile("The file does not say which points belong to which scan.", code="scan_index")
        counts = np.diff(np.append(starts, n_points))
    elif starts is None:
        starts = np.cumsum(counts) - counts
    if starts.size != counts.size:
        raise CorruptFile(_SCAN_COUNT.format(starts.size, counts.size, "point counts"), code="scan_count")
    if counts.size > limits.spectra:
        raise TooLarge(f"This file holds more than {limits.spectra:,} spectra.", code="too_many_spectra")
    # An empty scan has nothing to point at: writers put −1, the fill value or the next index there.
    wrong = (counts < 0) | ((counts > 0) & ((starts < 0) | (starts + counts > n_points)))
    if wrong.any():
        scan = int(np.argmax(wrong))
        if _divides(starts, mass):
            text = (
                f"The numbers of points that the file gives for its scans do not fit the {n_points:,} points that it "
                "holds; the scans were told apart by where each begins."
            )
            return starts, np.diff(np.append(starts, n_points)), (warning("point_count", text),)
        raise CorruptFile(
            f"Scan {scan + 1} of {counts.size:,} lies outside the {n_points:,} points of the file "
            f"(index {starts[scan]:,}, {counts[scan]:,} points).",
            code="scan_index",
        )
    filled = np.flatnonzero(counts > 0)
    order = filled[np.argsort(starts[filled], kind="stable")]
    if (starts[order[:-1]] + counts[order[:-1]] > starts[order[1:]]).any():
        raise CorruptFile("The scans of this file overlap one another.", code="overlap")
    return starts, counts, ()


def _divides(starts: NDArray[np.int64], mass: FloatArray) -> bool:
    """Whether these beginnings divide all points into scans in each of which m/z rises."""
    if starts[0] != 0 or starts[-1] > mass.size or (np.diff(starts) < 0).any():
        return False
    falls = np.flatnonzero(np.diff(mass) < 0) + 1
    return bool(np.isin(falls, starts).all())


def _integers(file: NetCdf, name: str) -> NDArray[np.int64] | None:
    raw = file.raw(name)
    if raw is None or raw.size == 0:
        return None
    if raw.dtype.kind not in "iu" or raw.ndim > 1:
        raise CorruptFile(f"The variable {name!r} holds no whole numbers.", code="scan_index")
    return raw.reshape(-1).astype(np.int64)


def _times(file: NetCdf, n_scans: int) -> tuple[FloatArray | None, str, tuple[Remark, ...]]:
    """Scan times with their unit; the template has seconds unless the variable says otherwise."""
    times = file.series("scan_acquisition_time")
    if times is None:
        note = warning("no_times", "The file gives no retention times; its scans are numbered instead.")
        return None, "scan", (note,)
    if times.size != n_scans:
        raise CorruptFile(_SCAN_COUNT.format(n_scans, times.size, "times"), code="scan_count")
    stated = units.plain(str(file.variables["scan_acquisition_time"].attributes.get("units", "")))[:40]
    unit = units.x_unit(stated)
    if unit in units.TIMES or not stated:
        return times, unit or "s", ()
    note = warning(
        "time_unit_guessed", f"The file gives retention times in {stated!r}, which is not known; seconds were assumed."
    )
    return times, "s", (note,)


def _mass_unit(file: NetCdf) -> tuple[Remark, ...]:
    """A warning where the file gives its m/z values in a unit of something else."""
    stated = str(file.variables["mass_values"].attributes.get("units", ""))[:40]
    if units.x_unit(stated) in ("", "m/z"):
        return ()
    return (warning("units_differ", f"The file gives its m/z values in {stated!r}."),)


def _unused(file: NetCdf, starts: NDArray[np.int64], counts: NDArray[np.int64], n_points: int) -> tuple[Remark, ...]:
    """A warning of points that are in no scan. Behind the peaks of a scan its flags may stand, which are none."""
    left, flags = n_points - int(counts.sum()), file.raw("flag_count")
    if flags is not None and flags.size == counts.size and flags.dtype.kind in "iuf":
        filled = np.flatnonzero(counts > 0)
        order = filled[np.argsort(starts[filled], kind="stable")]
        behind = np.append(starts[order][1:], n_points) - (starts + counts)[order]  # no more flags than there is room
        left -= int(np.minimum(np.nan_to_num(flags.reshape(-1)[order]).clip(0), behind.clip(0)).sum())
    if left <= 0:
        return ()
    return (
        warning(
            "points_unused",
            f"{counted(left, 'point', 'points')} of the file lie in no scan; peaks of scans may be missing.",
        ),
    )


def _mass_range(file: NetCdf, mass: FloatArray) -> tuple[Remark, ...]:
    """The range that was scanned against itself and the lowest m/z. Of its upper end nothing: a real instrument (Advion) writes
    the highest peak there, and not of the same scan.
    """
    low, high = file.series("mass_range_min"), file.series("mass_range_max")
    if low is None:
        return ()
    if high is not None and high.size == low.size and (wrong := (high > 0) & (low > high)).any():
        at = int(np.argmax(wrong))
        text = (
            f"The file says that scan {at + 1:,} was taken from m/z {low[at]:g} to {high[at]:g}, which is not a range."
        )
        return (warning("mass_range", text),)
    lowest = float(mass.min(initial=np.inf))
    if lowest < float(low.min()) - 1.0:
        text = f"The file says that its scans begin at m/z {low.min():g}, but a scan of it holds an m/z of {lowest:g}."
        return (warning("mass_range", text),)
    return ()


def _facts(file: NetCdf) -> dict[str, Any]:
    """What the template calls the test and the experiment; the operator's name is not kept."""
    polarity = file.text("test_ionization_polarity").partition(" ")[0].lower()
    return filled(
        {
            "acquired": moment(file.text("experiment_date_time_stamp")),
            "experiment_type": file.text("experiment_type"),
            "polarity": polarity if polarity in ("positive", "negative") else "",
            "ionisation_raw": file.text("test_ionization_mode"),
            "inlet": file.text("test_ms_inlet"),
            "detector": file.text("test_detector_type"),
            "comment": file.text("administrative_comments"),
        }
    )


def _total_remark(file: NetCdf, total: FloatArray) -> tuple[Remark, ...]:
    """The stored total ion current against the sum of the points: more than 1 % apart is worth knowing."""
    stored = file.series("total_intensity")
    if stored is None or stored.size != total.size or np.abs(stored - total).max() <= 0.01 * np.abs(stored).max():
        return ()
    ratio = float(stored.sum() / total.sum()) if total.any() else 1.0
    if not 1 / FAR_APART < ratio < FAR_APART:
        text = f"The total ion current stored in the file is {ratio:.3g} times the sum of its points; the scale of one may be wrong: please compare a peak with the instrument's software."
        return (warning("total_differs", text),)
    known = (stored > 0.01 * stored.max()) & (total > 0)
    ratios = stored[known] / total[known] / np.median(stored[known] / total[known]) if known.any() else np.ones(1)
    if not 1 / FAR_APART < float(ratios.min()) <= float(ratios.max()) < FAR_APART:
        text = "The total ion current stored for some scans is far from the sum of their points; these may be damaged or lack peaks."
        return (warning("total_differs", text),)
    return (info("total_differs", "The total ion current stored in the file is not the sum of its points."),)
