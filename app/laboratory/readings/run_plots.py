"""What the bench draws of a run: its chromatogram with the traces of chosen ions, the spectrum of a peak as it was taken apart or as it
was measured, and the mean spectrum of a stretch of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.laboratory.identification.answer import Answer, Peak
from app.laboratory.identification.identify import is_accurate
from app.laboratory.identification.parts import Candidate
from app.laboratory.identification.runs import averaged
from app.laboratory.readings import arrays
from app.laboratory.readings.comparison import ACCURATE_DA
from app.laboratory.readings.plot_range import PlotContent
from app.laboratory.readings.tables import Reading as ReadingRow
from app.platform.kernel.errors import NotFound
from app.platform.plots import Line, Mark, Plot
from app.platform.storage import BlobStore
from instruments import InstrumentError, to_seconds
from spectra import MassSpectrum, ReadingKind
from spectra.preprocess import NOMINAL_BOUNDARY, nominal_mass
from spectra.types import FloatArray

ION = "ion"
"""The role of the trace of an ion."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A spectrum of a run, what it is called, and the candidate that is drawn below it."""

    spectrum: MassSpectrum
    label: str
    chosen: Candidate | None = None


def candidate_at(rows: Sequence[Candidate], place: int | None) -> Candidate | None:
    """The candidate at its place in the list, from 1. Raises NotFound."""
    if place is None:
        return None
    if not 1 <= place <= len(rows):
        raise NotFound("candidate")
    return rows[place - 1]


def mz_words(mz: float) -> str:
    """58, 58.0651: as it is typed and written."""
    return f"{mz:.4f}".rstrip("0").rstrip(".")


# -- spectra -----------------------------------------------------------------------------------------


def spectrum_in(row: ReadingRow, answer: Answer | None, store: BlobStore, wanted: PlotContent) -> Found | None:
    """The spectrum that is wanted of a run; None where its chromatogram is. Raises NotFound."""
    if wanted.mean is not None:
        return _mean(row, store, wanted.mean)
    if wanted.peak is None and wanted.candidate is None:
        return None
    number = wanted.peak or 1
    found = answer.peak_at(number) if answer is not None else None
    if found is None or answer is None:
        raise NotFound("peak")
    chosen = candidate_at(answer.candidates if number == 1 else found.candidates, wanted.candidate)
    minutes = found.retention_time_s / 60
    if not wanted.raw:
        return Found(MassSpectrum(found.mz, found.intensity), f"Peak {number} at {minutes:.2f} min", chosen)
    scans = arrays.scans(store, row.arrays_sha256)
    time = _minutes(row, scans.x)
    place = int(np.argmin(np.abs(time - minutes)))
    return Found(scans.spectrum(place), f"Raw scan at {time[place]:.2f} min", chosen)


def _mean(row: ReadingRow, store: BlobStore, stretch: tuple[float, float]) -> Found:
    """The mean of all scans of a stretch; of a stretch between two scans the nearest one."""
    scans = arrays.scans(store, row.arrays_sha256)
    time = _minutes(row, scans.x)
    low, high = stretch
    inside = np.flatnonzero((low <= time) & (time <= high))
    if inside.size == 0:
        inside = np.array([int(np.argmin(np.abs(time - (low + high) / 2)))])
    some = [scans.spectrum(int(k)) for k in inside]
    mean = averaged(some, [], accurate=is_accurate(max(some, key=lambda one: float(one.intensity.sum()))))
    span = f"{time[inside].min():.2f}–{time[inside].max():.2f} min"
    label = f"Mean of {inside.size} scans, {span}" if inside.size > 1 else f"Scan at {time[inside[0]]:.2f} min"
    return Found(mean or some[0], label)


# -- the chromatogram --------------------------------------------------------------------------------


def chromatogram(row: ReadingRow, peaks: Sequence[Peak], store: BlobStore, wanted: PlotContent) -> Plot:
    """The run over time, its peaks numbered, with the traces of the ions that are wanted."""
    x, y = arrays.points(store, row.arrays_sha256)
    minutes = _minutes(row, x)
    is_run = row.kind == ReadingKind.MASS_RUN.value
    traces = _traces(row, store, wanted.ions) if is_run and wanted.ions else []
    order = np.argsort(minutes, kind="stable")
    marks: list[Mark] = [
        {"x": round(p.retention_time_s / 60, 3), "label": str(p.peak), "href": f"?reading={row.id}&peak={p.peak}"}
        for p in peaks
    ]
    lines: list[Line] = [
        wanted.plot_range.line("TIC" if is_run else row.title or "This reading", "query", minutes[order], y[order])
    ]
    lines += [wanted.plot_range.line(one.label, ION, one.time, one.height) for one in traces]
    span, top = f"{minutes.min():.2f} to {minutes.max():.2f}", minutes[int(np.argmax(y))]
    words = [f"{row.n_points:,} points from {span}; highest at {top:.2f}."]
    words += [f"{len(peaks)} peaks were compared."] if peaks else []
    return {
        "kind": "chromatogram",
        "x_label": _time_label(row),
        "y_label": ("Ion current" if traces else "Total ion current") if is_run else (row.y_unit or "Signal"),
        "series": lines,
        "marks": marks,
        "summary": " ".join([*words, *(one.words for one in traces)]),
        "table": {
            "head": ["Peak", "Retention time / min", "Area / %", "S/N", "Index", "Best candidate", "Remarks",
                     *(one.label for one in traces)],
            "rows": [[*_peak_row(p), *(f"{one.at(p.retention_time_s / 60):.3g}" for one in traces)] for p in peaks],
        },
    }  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Trace:
    """An extracted ion chromatogram: what each scan holds within a window of m/z, over rising time."""

    label: str
    time: FloatArray
    height: FloatArray

    @property
    def words(self) -> str:
        """Where it is highest."""
        if not self.height.any():
            return f"{self.label} was not seen."
        return f"{self.label} is highest at {self.time[int(np.argmax(self.height))]:.2f} min."

    def at(self, minutes: float) -> float:
        """Its height in the nearest scan."""
        return float(self.height[int(np.argmin(np.abs(self.time - minutes)))])


def _traces(row: ReadingRow, store: BlobStore, ions: Sequence[float]) -> list[_Trace]:
    scans = arrays.scans(store, row.arrays_sha256)
    time = _minutes(row, scans.x)
    order = np.argsort(time, kind="stable")
    accurate = is_accurate(scans.spectrum(int(np.argmax(scans.total))))
    out: list[_Trace] = []
    for mz in ions:
        if accurate:
            window, label = (mz - ACCURATE_DA, mz + ACCURATE_DA), f"m/z {mz_words(mz)} ± {ACCURATE_DA}"
        else:
            whole = float(nominal_mass(np.array([mz]))[0])
            window, label = (whole - 1 + NOMINAL_BOUNDARY, whole + NOMINAL_BOUNDARY), f"m/z {whole:.0f}"
        if label not in [one.label for one in out]:
            out.append(_Trace(label, time[order], scans.within(*window)[order]))
    return out


def _minutes(row: ReadingRow, x: FloatArray) -> FloatArray:
    """Times in minutes; as they are where their unit is none of time."""
    try:
        return to_seconds(x, row.x_unit) / 60
    except InstrumentError:
        return x


def _time_label(row: ReadingRow) -> str:
    try:
        to_seconds(np.zeros(1), row.x_unit)
    except InstrumentError:
        return row.x_unit or "x"
    return "Retention time / min"


def _peak_row(peak: Peak) -> list[str]:
    area, noise, index = peak.area_percent, peak.signal_to_noise, peak.retention_index
    return [
        str(peak.peak), f"{peak.retention_time_s / 60:.2f}", "" if area is None else f"{area:.1f}",
        "" if noise is None else f"{noise:.0f}", "" if index is None else f"{index:.0f}", peak.headline,
        " ".join(peak.remarks),
    ]  # fmt: skip
