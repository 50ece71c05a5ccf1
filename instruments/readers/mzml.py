"""Reader of mzML: the XML skeleton through pyteomics, the arrays decoded by ourselves with caps.

Standard: Martens et al. 2011 (doi:10.1074/mcp.R110.000133). Imports nothing above `instruments`; pyteomics and
lxml are imported on first use. The ontology download of psims is switched off.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from spectra.types import FloatArray, MassSpectrum, Reading, ReadingKind, Remark

from ..errors import CorruptFile, TooLarge
from ..limits import Limits
from ..peaks import ScanNotes, peak_list, to_scan
from ..probe import Guess, Probe
from ..registry import Hints, reader
from ..source import Source
from ..validate import count_remark, info, warning
from .mz_arrays import INTENSITY, MZ, TIME, WAVELENGTH, Encoded, decode
from .xml_guard import declared_count, guard

if TYPE_CHECKING:
    from .mzml_skeleton import Skeleton

SECONDS = {
    "UO:0000010": 1.0,
    "second": 1.0,
    "UO:0000031": 60.0,
    "minute": 60.0,
    "UO:0000032": 3600.0,
    "hour": 3600.0,
    "UO:0000028": 1e-3,
    "millisecond": 1e-3,
}
TIME_NAMES = {1.0: "s", 60.0: "min", 3600.0: "h", 1e-3: "ms"}


def sniff_mzml(probe: Probe) -> Guess | None:
    """The root element, or a doctype that names it; by extension only for XML whose root is far away."""
    head = probe.head
    if any(tag in head for tag in (b"<mzML", b"<indexedmzML", b"<!DOCTYPE mzML", b"<!DOCTYPE indexedmzML", b":mzML ")):
        return Guess(98, "mzML root element")
    if head.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"<?xml") and probe.extension == "mzml":
        return Guess(60, "XML named .mzML")
    return None


@reader("mzml", title="mzML", techniques={"MS", "GC-MS", "LC-MS"}, magic=sniff_mzml, extensions=("mzml",))
def read_mzml(source: Source, hints: Hints, limits: Limits) -> Iterator[Reading]:
    """One MASS_RUN of all mass scans (one scan: MASS_SPECTRUM) and one CHROMATOGRAM per stored chromatogram.

    A run has x = retention time in seconds (converted from the unit in the file) and y = summed intensity per
    scan; chromatograms keep their unit. Photodiode spectra become one UV reading or a chromatogram of sums.
    """
    from .mzml_skeleton import Skeleton

    guard(source, b"mzML")
    skeleton = Skeleton(source)
    run = _Run(limits)
    for index, spectrum in enumerate(skeleton.spectra()):
        run.add(spectrum, index)
    declared = declared_count(source, b"spectrumList")
    mismatch = count_remark(declared, run.count, "spectra") if declared is not None else None
    notes = (mismatch,) if mismatch else ()
    yield from run.readings(skeleton, notes)
    yield from _chromatograms(skeleton, limits)


def arrays_of(
    element: dict[str, Any], wanted: str, limit: int, where: str
) -> tuple[FloatArray, FloatArray, Encoded] | None:
    """The `wanted` array and the intensities of a spectrum or chromatogram; None if it has no such array."""
    found = {a.quantity: a for a in element.get("arrays", ()) if a.quantity}
    if wanted not in found:
        return None
    length = int(element.get("defaultArrayLength", 0))
    first = decode(found[wanted], length, limit, where)
    if INTENSITY not in found:
        raise CorruptFile(f"The {where} has no intensities.", code="no_intensity")
    second = decode(found[INTENSITY], length, limit, where)
    if first.size != second.size:
        raise CorruptFile(f"The {where} has {first.size} positions but {second.size} intensities.", code="array_length")
    return first, second, found[wanted]


class _Run:
    """Collects the scans of one file, bounded."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._notes = ScanNotes()
        self.count = 0
        self._scans: list[MassSpectrum] = []
        self._times: list[float] = []
        self._levels: set[int] = set()
        self._raw: tuple[FloatArray, FloatArray] | None = None
        self._title = ""
        self._diode: list[tuple[float, FloatArray, FloatArray]] = []
        self._stored = 0
        self._without_unit = 0
        self._untimed = 0

    def add(self, spectrum: dict[str, Any], index: int) -> None:
        """Decode one spectrum element. Raises TooLarge beyond the limits."""
        self.count += 1
        if self.count > self._limits.spectra:
            raise TooLarge(f"This file holds more than {self._limits.spectra:,} spectra.", code="too_many_spectra")
        where = f"spectrum {index + 1}"
        seconds = self._seconds(spectrum)
        mass = arrays_of(spectrum, MZ, self._limits.points, where)
        if mass is None:
            diode = arrays_of(spectrum, WAVELENGTH, self._limits.points, where)
            if diode is not None:
                self._diode.append((seconds or 0.0, diode[0], diode[1]))
                return
            if int(spectrum.get("defaultArrayLength", 0)) > 0:
                raise CorruptFile(f"The {where} has no m/z array.", code="no_mz")
            mass = np.empty(0), np.empty(0), Encoded("", frozenset(), 0)
        level = spectrum.get("ms level")
        level = int(level) if isinstance(level, (int, float)) else None
        if level is not None:
            self._levels.add(level)
        self._raw, self._title = (mass[0], mass[1]), str(spectrum.get("id", ""))
        scan = to_scan(
            mass[0],
            mass[1],
            self._notes,
            precursor_mz=_precursor(spectrum),
            ionisation="",
            retention_time_s=seconds,
            ms_level=level,
        )
        self._stored += scan.mz.size
        if self._stored > self._limits.total_points:
            raise TooLarge("This run holds more points than are allowed.", code="too_many_points")
        self._scans.append(scan)
        self._untimed += seconds is None
        self._times.append((self._times[-1] if self._times else 0.0) if seconds is None else seconds)

    def _seconds(self, spectrum: dict[str, Any]) -> float | None:
        try:
            value = spectrum["scanList"]["scan"][0]["scan start time"]
        except (KeyError, IndexError, TypeError):
            return None
        if not isinstance(value, float):
            return None
        factor = SECONDS.get(str(getattr(value, "unit_info", "") or ""))
        if factor is None:
            self._without_unit += 1
            factor = 60.0
        return float(value) * factor

    def readings(self, skeleton: Skeleton, notes: tuple[Remark, ...]) -> Iterator[Reading]:
        """The run or single spectrum, then what a diode array recorded."""
        if self._without_unit:
            notes += (warning("time_unit_guessed", "Retention times have no unit; minutes were assumed."),)
        level = next(iter(self._levels)) if len(self._levels) == 1 else None
        meta = {"points": self._notes.points, "max_intensity": self._notes.largest, "ms_levels": sorted(self._levels)}
        meta |= skeleton.instrument_meta()
        if len(self._scans) == 1 and self._raw is not None and self._raw[0].size:
            scan = self._scans[0]
            yield peak_list(
                *self._raw,
                title=self._title,
                instrument=skeleton.instrument(),
                meta=meta,
                remarks=notes,
                precursor_mz=scan.precursor_mz,
                ionisation="",
                ms_level=level,
                retention_time_s=scan.retention_time_s,
            )
        elif self._scans:
            times, unit, timing = self._axis()
            total = np.array([float(s.intensity.sum()) for s in self._scans])
            yield Reading(
                ReadingKind.MASS_RUN,
                times,
                total,
                unit,
                "total ion current",
                meta=meta,
                instrument=skeleton.instrument(),
                ms_level=level,
                scans=tuple(self._scans),
                remarks=notes + timing + self._notes.remarks(),
            )
        if len(self._diode) == 1:
            _, x, y = self._diode[0]
            yield Reading(ReadingKind.UV, x, y, "nm", "absorbance", instrument=skeleton.instrument())
        elif self._diode:
            times = np.array([t for t, _, _ in self._diode])
            sums = np.array([float(y.sum()) for _, _, y in self._diode])
            yield Reading(
                ReadingKind.CHROMATOGRAM,
                times,
                sums,
                "s",
                "summed absorption",
                title="photodiode array, sum over wavelengths",
                instrument=skeleton.instrument(),
            )

    def _axis(self) -> tuple[FloatArray, str, tuple[Remark, ...]]:
        """Times in seconds; scan numbers when the file gives no time at all."""
        if self._untimed == len(self._scans):
            note = info("no_times", "The file gives no retention times; its scans are numbered instead.")
            return np.arange(1.0, len(self._scans) + 1), "scan", (note,)
        if self._untimed:
            note = warning("times_missing", f"{self._untimed} scans have no retention time; they keep the one before.")
            return np.array(self._times), "s", (note,)
        return np.array(self._times), "s", ()


def _precursor(spectrum: dict[str, Any]) -> float | None:
    """Selected ion m/z of the first precursor, None if there is none or it is 0."""
    try:
        ion = spectrum["precursorList"]["precursor"][0]["selectedIonList"]["selectedIon"][0]
        return float(ion["selected ion m/z"]) or None
    except (KeyError, IndexError, TypeError, ValueError):
        return None


def _chromatograms(skeleton: Skeleton, limits: Limits) -> Iterator[Reading]:
    for index, element in enumerate(skeleton.chromatograms()):
        if index >= limits.spectra:
            raise TooLarge(f"More than {limits.spectra:,} chromatograms.", code="too_many_spectra")
        name = str(element.get("id", f"chromatogram {index + 1}"))
        found = arrays_of(element, TIME, limits.points, f"chromatogram {name[:60]!r}")
        if found is None or found[0].size == 0:
            continue
        x, y, array = found
        factor = SECONDS.get(array.time_unit)
        notes = () if factor else (warning("time_unit_guessed", "The time array has no unit; minutes were assumed."),)
        kind = next((str(k) for k in element if str(k).endswith("chromatogram")), str(element.get("name", "")))
        unit = "absorption" if "absorption" in kind else "intensity"
        yield Reading(
            ReadingKind.CHROMATOGRAM,
            x,
            y,
            TIME_NAMES[factor or 60.0],
            unit,
            title=name,
            meta={"type": kind},
            instrument=skeleton.instrument(),
            remarks=notes,
        )
