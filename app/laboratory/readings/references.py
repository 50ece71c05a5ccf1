"""What of a reading can stand as a laboratory's own reference or control: one spectrum with its time, or a whole run;
and the references of the libraries it is compared with, for features that work on them by hand.

Knows no standard and no batch; app.laboratory.standards asks here, so that a reference is made as a peak of a sample is made.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.laboratory.identification.answer import Answer
from app.laboratory.identification.identify import is_accurate, seconds_of
from app.laboratory.identification.runs import components_of
from app.laboratory.library.domain import Opened
from app.laboratory.library.registry import LibraryRegistry
from app.laboratory.readings import arrays
from app.laboratory.readings.tables import Reading as ReadingRow
from app.platform.kernel.errors import Invalid, NotFound
from app.platform.storage import BlobStore
from instruments import InstrumentError, to_absorbance, to_mass_spectrum, to_seconds
from spectra import InfraredSpectrum, MassRun, MassSpectrum, Reading, ReadingKind, SpectrumError

ONLY_THESE = "In-house standards are mass spectra, runs with mass spectra, and infrared or Raman spectra."
_CURVES = {ReadingKind.IR: "IR", ReadingKind.RAMAN: "RAMAN"}


@dataclass(frozen=True, slots=True)
class Reference:
    """One spectrum fit to be a reference, with its retention time in seconds where it came from a run."""

    spectrum: MassSpectrum | InfraredSpectrum
    retention_time_s: float | None = None
    peak: int | None = None
    retention_index: float | None = None
    technique: str = "MS"

    @property
    def accurate(self) -> bool:
        """Whether masses were measured to three places or better."""
        return isinstance(self.spectrum, MassSpectrum) and is_accurate(self.spectrum)

    @property
    def n_points(self) -> int:
        """Peaks of a mass spectrum, points of a curve."""
        return int(self.spectrum.mz.size if isinstance(self.spectrum, MassSpectrum) else self.spectrum.wavenumber.size)


def reference_of(row: ReadingRow, answer: Answer | None, store: BlobStore, peak: int | None) -> Reference:
    """The spectrum of a stored reading, or of one peak of a run. Raises Invalid, NotFound, Unavailable."""
    if row.kind == ReadingKind.MASS_SPECTRUM.value:
        return Reference(arrays.single_spectrum(store, row.arrays_sha256))
    if row.kind in {kind.value for kind in _CURVES}:
        return Reference(infrared_of(row, store), technique=_CURVES[ReadingKind(row.kind)])
    if row.kind != ReadingKind.MASS_RUN.value:
        raise Invalid(ONLY_THESE, fields={"reading_id": ONLY_THESE})
    found = answer.peak_at(peak or 1) if answer is not None else None
    if found is None:
        raise NotFound("peak")
    spectrum = MassSpectrum(found.mz, found.intensity)
    return Reference(spectrum, found.retention_time_s, found.peak, found.retention_index)


def infrared_of(row: ReadingRow, store: BlobStore) -> InfraredSpectrum:
    """The curve of a stored infrared or Raman reading in absorbance. Raises Invalid, Unavailable."""
    if row.kind not in {kind.value for kind in _CURVES}:
        words = "This reading is no infrared spectrum."
        raise Invalid(words, fields={"reading_id": words})
    x, y = arrays.points(store, row.arrays_sha256)
    return _absorbance(Reading(ReadingKind(row.kind), x, y, row.x_unit, row.y_unit))


def infrared_in(readings: list[Reading]) -> InfraredSpectrum:
    """The first infrared or Raman spectrum of a file, in absorbance. Raises Invalid."""
    for reading in readings:
        if reading.kind in _CURVES:
            return _absorbance(reading)
    raise Invalid(
        "This file holds no infrared spectrum, so nothing was kept.", hint="Export the spectrum as JCAMP-DX or SPC."
    )


def _absorbance(reading: Reading) -> InfraredSpectrum:
    try:
        return to_absorbance(reading)
    except (InstrumentError, SpectrumError) as error:
        raise Invalid(f"This spectrum cannot be used: {str(error).rstrip('.')}.") from error


def curve_of(store: BlobStore, sha256: str) -> InfraredSpectrum:
    """The curve of a reference kept before (`kept`). Raises Unavailable."""
    return InfraredSpectrum(*arrays.points(store, sha256))


def reference_in(readings: list[Reading]) -> Reference:
    """The first mass spectrum of a file, the highest peak of its first run, or its first curve. Raises Invalid."""
    for reading in readings:
        try:
            if reading.kind is ReadingKind.MASS_SPECTRUM:
                return Reference(to_mass_spectrum(reading))
            if reading.kind is ReadingKind.MASS_RUN:
                return _highest(reading)
            if reading.kind in _CURVES:
                return Reference(_absorbance(reading), technique=_CURVES[reading.kind])
        except (InstrumentError, SpectrumError) as error:
            raise Invalid(f"This file cannot be a reference: {str(error).rstrip('.')}.") from error
    raise Invalid(ONLY_THESE, hint="Export the run of the standard as netCDF, mzML, MSP or JCAMP-DX.")


def _highest(reading: Reading) -> Reference:
    strongest = max(reading.scans, key=lambda s: float(s.intensity.sum()), default=None)
    accurate = strongest is not None and is_accurate(strongest)
    peaks = components_of(reading.scans, to_seconds(reading.x, reading.x_unit), accurate=accurate)
    if not peaks:
        raise Invalid("No scan of this run holds any signal, so there is nothing to keep.")
    return Reference(peaks[0].spectrum, peaks[0].retention_time_s, peaks[0].number)


def kept(store: BlobStore, spectrum: MassSpectrum | InfraredSpectrum) -> str:
    """Write the spectrum of a reference durably; its sha-256."""
    if isinstance(spectrum, InfraredSpectrum):
        curve = Reading(ReadingKind.IR, spectrum.wavenumber, spectrum.absorbance, "cm-1", "absorbance")
        return arrays.keep(store, curve)
    reading = Reading(ReadingKind.MASS_SPECTRUM, spectrum.mz, spectrum.intensity, "m/z", "intensity")
    return arrays.keep(store, replace(reading, scans=(spectrum,)))


def run_in(readings: list[Reading]) -> Reading:
    """The first run of a file, its times in seconds. Raises Invalid when there is none."""
    for reading in readings:
        if reading.kind is ReadingKind.MASS_RUN and reading.scans:
            return replace(reading, x=seconds_of(reading), x_unit="s")
    raise Invalid(
        "This file holds no run with mass spectra, so it cannot be a control of a batch. Nothing was kept.",
        hint="Export the whole run, as netCDF or mzML.",
    )


def run_of(store: BlobStore, sha256: str, x_unit: str = "s") -> MassRun:
    """A run again, its times in seconds. Raises Unavailable."""
    run = arrays.run(store, sha256)
    try:
        return MassRun(run.scans, to_seconds(run.retention_time, x_unit))
    except InstrumentError:
        return run


# -- references of the libraries -----------------------------------------------------------------------------------


def vibrational_books(row: ReadingRow, registry: LibraryRegistry) -> list[Opened]:
    """The libraries a reading of this kind is compared with, own standards first."""
    return registry.raman() if row.kind == ReadingKind.RAMAN.value else registry.infrared()


def entry_in(row: ReadingRow, registry: LibraryRegistry, library: str, entry: str) -> tuple[Opened, int]:
    """A reference by library key and entry id. Raises NotFound."""
    one = next((book for book in vibrational_books(row, registry) if book.key == library), None)
    if one is None:
        raise NotFound("library")
    number = one.infrared.ids.find(entry)
    if number < 0:
        raise NotFound("reference")
    return one, number
