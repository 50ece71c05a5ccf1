"""Chromatograms and photodiode-array spectra of an mzML file to readings. Imports numpy and siblings only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from spectra.types import FloatArray, Reading, ReadingKind, Remark

from ..errors import CorruptFile, TooLarge
from ..limits import Limits
from ..validate import counted, info, warning
from .mz_arrays import SENSORS, Encoded, decode
from .mz_run import time_axis, unit_assumed
from .mzml_skeleton import Element
from .mzml_terms import INTENSITY, ISOLATION_TARGET, TIME, WAVELENGTH

SAME_LIGHT = 1e-6  # of a wavelength: numbers of 32 bits
TIME_NAMES = {1.0: "s", 60.0: "min", 3600.0: "h", 1e-3: "ms"}
ORDINATES = {
    "UO:0000269": "absorbance",
    "absorbance unit": "absorbance",
    "MS:1000131": "counts",
    "MS:1000814": "counts per second",
    "MS:1000132": "relative intensity",
}

_TWICE = warning(
    "duplicate_scan",
    "The file holds another chromatogram of the same identifier; it was joined from several or is damaged.",
)


class Traces:
    """Collects what a file holds besides mass scans; `said` as in `mass_scan`. Raises CorruptFile and TooLarge while adding."""

    def __init__(self, limits: Limits, said: float | None = None) -> None:
        self._said = said
        self.count = 0
        self.diode_count = 0
        self._limits = limits
        self._points = 0
        self._chromatograms: list[Reading] = []
        self._ids: set[str] = set()
        self.skipped = 0
        self._times: list[float | None] = []
        self._sums: list[float] = []
        self._highest: tuple[FloatArray, FloatArray, float | None] | None = None
        self._axis: FloatArray | None = None  # of the first diode-array spectrum
        self._unlike = 0
        self._diode_unit = ""
        self._assumed = ""

    def add(self, element: Element) -> None:
        """One stored chromatogram; one without points or without values of its own is counted and left out."""
        self.count += 1
        if self.count > self._limits.spectra:
            raise TooLarge(f"More than {self._limits.spectra:,} chromatograms.", code="too_many_spectra")
        where = f"chromatogram {element.id[:60]!r}"
        found = element.by_quantity(where)
        values = next((found[q] for q in (INTENSITY, *SENSORS) if q in found), None)
        if TIME not in found or values is None or element.length == 0:
            self.skipped += 1
            return
        x, y = self._decode(found[TIME], where), self._decode(values, where)
        if x.size != y.size:
            raise CorruptFile(f"The {where} has {x.size} times but {y.size} values.", code="array_length")
        factor = found[TIME].terms[TIME].seconds or self._said
        twice = (_TWICE,) if element.id and element.id in self._ids else ()
        self._ids.add(element.id)
        self._chromatograms.append(_chromatogram(element, x, y, factor, values, twice))

    def add_diode(self, element: Element, seconds: float | None, assumed: str) -> None:
        """One spectrum with wavelengths: its sum is kept, and of all of them the highest."""
        self.diode_count += 1
        if self.diode_count > self._limits.spectra:
            raise TooLarge(f"More than {self._limits.spectra:,} spectra.", code="too_many_spectra")
        where = f"spectrum {element.id[:60]!r}"
        found = element.by_quantity(where)
        if INTENSITY not in found:
            raise CorruptFile(f"The {where} has no intensities.", code="no_intensity")
        x, y = self._decode(found[WAVELENGTH], where), self._decode(found[INTENSITY], where)
        if x.size != y.size:
            raise CorruptFile(f"The {where} has {x.size} positions but {y.size} intensities.", code="array_length")
        self._diode_unit = ORDINATES.get(found[INTENSITY].unit, self._diode_unit)
        self._assumed = assumed or self._assumed
        if not np.isfinite(x).all():
            raise CorruptFile(f"The {where} holds a wavelength that is not a finite number.", code="not_finite")
        if x.size:
            self._axis = x if self._axis is None else self._axis
            self._unlike += x.size != self._axis.size or not np.allclose(x, self._axis, rtol=SAME_LIGHT, atol=0)
        self._times.append(seconds)
        self._sums.append(float(y.sum()))
        if x.size and (self._highest is None or y.max() > self._highest[1].max()):
            self._highest = (x, y, seconds)

    def _decode(self, array: Encoded, where: str) -> FloatArray:
        values = decode(array, self._limits.points, where)
        self._points += values.size
        if self._points > 2 * self._limits.total_points:
            raise TooLarge("This run holds more points than are allowed.", code="too_many_points")
        return values

    def readings(self, instrument: str, about: Mapping[str, Any], notes: tuple[Remark, ...]) -> Iterator[Reading]:
        """Photodiode readings, then the chromatograms in file order; `notes` go to the first of them."""
        for reading in [*self._diode(), *self._chromatograms]:
            yield Reading(
                reading.kind,
                reading.x,
                reading.y,
                reading.x_unit,
                reading.y_unit,
                meta=dict(reading.meta) | dict(about),
                title=reading.title,
                instrument=instrument,
                remarks=reading.remarks + notes,
            )
            notes = ()

    def _diode(self) -> Iterator[Reading]:
        if self._highest is None:
            return
        x, y, seconds = self._highest
        unit = self._diode_unit or "intensity"
        meta = {"retention_time_s": seconds, "n_spectra": self.diode_count}
        notes: tuple[Remark, ...] = ()
        if self.diode_count > 1:
            notes += (
                info(
                    "diode_spectra",
                    f"Of {self.diode_count:,} photodiode spectra the highest is shown, and the sum of each over time.",
                ),
            )
            if self._assumed:
                notes += (unit_assumed(self._assumed),)
            if self._unlike:
                unlike = counted(self._unlike, "photodiode spectrum has", "photodiode spectra have")
                text = (
                    f"{unlike} other wavelengths than the first, so the sums over time are not all of the same light."
                )
                notes += (warning("axes_differ", text),)
            times, time_unit, timing = time_axis(self._times)
            notes += timing
            yield Reading(
                ReadingKind.CHROMATOGRAM,
                times,
                np.array(self._sums),
                time_unit,
                f"summed {unit}",
                title="photodiode array, sum over wavelengths",
                remarks=notes,
            )
        at = f" at {seconds / 60:.2f} min" if self.diode_count > 1 and seconds is not None else ""
        yield Reading(ReadingKind.UV, x, y, "nm", unit, title=f"photodiode array{at}", meta=meta)


def _chromatogram(
    element: Element, x: FloatArray, y: FloatArray, factor: float | None, values: Encoded, notes: tuple[Remark, ...]
) -> Reading:
    notes += () if factor else (unit_assumed("minutes"),)
    kind = next((t.name for t in element.terms.values() if t.name.endswith("chromatogram")), "")
    unit = SENSORS.get(values.quantity) or ORDINATES.get(values.unit, "")
    meta: dict[str, Any] = {"type": kind, "y_unit_raw": values.unit}
    for key, accession in (("precursor_mz", ISOLATION_TARGET), ("product_mz", f"product {ISOLATION_TARGET}")):
        mass = element.terms[accession].number if accession in element.terms else None
        meta |= {key: mass} if mass else {}
    return Reading(
        ReadingKind.CHROMATOGRAM,
        x,
        y,
        TIME_NAMES[factor or 60.0],
        unit or ("absorption" if "absorption" in kind else "intensity"),
        title=element.id or kind,
        meta=meta,
        remarks=notes,
    )
