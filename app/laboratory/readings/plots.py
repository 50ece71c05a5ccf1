"""What the bench draws of a reading, in the form app/static/common/spectrum.js wants (docs/look.md, "Plots").

Beside the points stands a summary in words and a small table, for screen readers and without JavaScript. Runs are in run_plots.py.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.laboratory.identification.answer import Answer
from app.laboratory.identification.parts import Candidate, Curves
from app.laboratory.library.domain import Opened
from app.laboratory.library.registry import LibraryRegistry
from app.laboratory.readings import arrays, run_plots
from app.laboratory.readings.comparison import figures, home_of, sticks
from app.laboratory.readings.figures import absorbance_of
from app.laboratory.readings.plot_range import PlotContent, PlotRange
from app.laboratory.readings.tables import Reading as ReadingRow
from app.platform.plots import Line, Plot
from app.platform.storage import BlobStore
from instruments import InstrumentError, to_seconds
from spectra import InfraredSpectrum, Reading, ReadingKind, SpectrumError
from spectra.infrared.sentences import percent
from spectra.infrared.subtraction import optimum, shifted
from spectra.infrared_grid import curve, grid_of
from spectra.types import FloatArray

LEAST_SHIFT = 0.05  # cm⁻¹, the least that is told
Home = tuple[Opened, int]
"""A library, and the place of an entry in it."""
OVERLAY = "overlay"
"""The role of a curve someone laid over a reading."""
_DRAWN_AS = {
    "absorbance": "Absorbance", "transmittance": "Absorbance", "reflectance": "log(1/R)", "log(1/R)": "log(1/R)",
    "kubelka-munk": "Kubelka–Munk", "diffuse reflectance": "Kubelka–Munk",
    "inverted absorbance": "Absorbance, relative",
}  # fmt: skip
"""Recorded as → drawn as, after `to_absorbance`."""


def plot_of(
    row: ReadingRow, answer: Answer | None, store: BlobStore, registry: LibraryRegistry, wanted: PlotContent
) -> Plot:
    """The plot of one reading, with what is `wanted` of it.

    Raises NotFound for a candidate or peak that is not there, Unavailable when the points are gone.
    """
    kind = ReadingKind(row.kind)
    if kind is ReadingKind.MASS_RUN and (found := run_plots.spectrum_in(row, answer, store, wanted)) is not None:
        return sticks(found.spectrum, found.label, found.chosen, registry)
    chosen = run_plots.candidate_at(answer.candidates if answer else (), wanted.candidate)
    if kind is ReadingKind.MASS_SPECTRUM:
        return sticks(arrays.single_spectrum(store, row.arrays_sha256), _label(row), chosen, registry)
    if kind in (ReadingKind.MASS_RUN, ReadingKind.CHROMATOGRAM):
        return run_plots.chromatogram(row, answer.peaks if answer else (), store, wanted)
    x, y = arrays.points(store, row.arrays_sha256)
    return _curve(row, kind, x, y, chosen, registry, answer or Answer(), wanted.plot_range)


def _label(row: ReadingRow) -> str:
    return row.title or "This reading"


# -- curves ----------------------------------------------------------------------------------------


def _curve(
    row: ReadingRow,
    kind: ReadingKind,
    x: FloatArray,
    y: FloatArray,
    chosen: Candidate | None,
    registry: LibraryRegistry,
    answer: Answer,
    plot_range: PlotRange,
) -> Plot:
    spectrum = absorbance_of(Reading(kind, x, y, row.x_unit, row.y_unit))
    if spectrum is None or kind is ReadingKind.UV:
        return _plain(row, kind, x, y, plot_range)
    label = "Intensity"
    if kind is ReadingKind.IR:  # never called absorbance where the file does not say what it is
        name, comma, rest = row.y_unit.partition(",")
        label = _DRAWN_AS.get(name.removesuffix(" (%)"), name or "Value, unit not known") + comma + rest
    plot: Plot = {
        "kind": "raman" if kind is ReadingKind.RAMAN else "ir",
        "x_label": "Raman shift / cm⁻¹" if kind is ReadingKind.RAMAN else "Wavenumber / cm⁻¹",
        "y_label": label,
        "series": [plot_range.line(_label(row), "query", spectrum.wavenumber, spectrum.absorbance)],
        "marks": [],
    }
    bands = _bands(spectrum)
    low, high = spectrum.wavenumber[0], spectrum.wavenumber[-1]
    words = [f"{_label(row)}, {row.n_points:,} points from {high:.0f} to {low:.0f} cm⁻¹."]
    words.append(f"Strongest bands: {', '.join(f'{b:.0f}' for b, _ in bands)} cm⁻¹.")
    words.append(_draw_fit(plot, answer, row.id) if chosen is None else _overlay(plot, spectrum, chosen, registry))
    plot["summary"] = " ".join(word for word in words if word)
    plot["table"] = {"head": ["Band / cm⁻¹", label], "rows": [[f"{b:.0f}", f"{h:.3g}"] for b, h in bands]}
    return plot


def _plain(row: ReadingRow, kind: ReadingKind, x: FloatArray, y: FloatArray, plot_range: PlotRange) -> Plot:
    """The curve as recorded, rising x, in the file's own units: nothing is compared, so nothing is converted."""
    order = np.argsort(x, kind="stable")
    top = int(np.argmax(y))
    names = {"cm-1": "Wavenumber / cm⁻¹", "nm": "Wavelength / nm"}
    return {
        "kind": "ir" if row.x_unit == "cm-1" else "chromatogram",
        "x_label": names.get(row.x_unit, row.x_unit or "x"),
        "y_label": row.y_unit or "y",
        "series": [plot_range.line(_label(row), "query", x[order], y[order])],
        "marks": [],
        "summary": f"{row.n_points:,} points from {x.min():.5g} to {x.max():.5g} {row.x_unit}; "
        f"highest value {y[top]:.4g} at {x[top]:.5g}. Shown only, not searched.",
        "table": {"head": [], "rows": []},
    }


def _bands(spectrum: InfraredSpectrum) -> list[tuple[float, float]]:
    """The eight strongest bands, strongest first."""
    from scipy.signal import find_peaks

    y = spectrum.absorbance
    span = float(np.ptp(y))
    if span <= 0:
        return []
    found, about = find_peaks(y, prominence=0.05 * span)
    best = found[np.argsort(-about["prominences"])[:8]]
    return [(float(spectrum.wavenumber[k]), float(y[k])) for k in best]


@dataclass(frozen=True, slots=True, eq=False)
class _Scaled:
    """An entry at the factor that leaves the smoothest rest of a reading, and what it leaves. All on one grid."""

    grid: FloatArray
    own: FloatArray
    reference: FloatArray
    level: float
    shift: float
    low: float
    high: float

    def line(self, label: str, role: str) -> Line:
        """The entry over the reading."""
        drawn = np.isfinite(self.reference) & (self.low <= self.grid) & (self.high >= self.grid)
        y = figures(self.reference[drawn] + self.level)
        return {"label": label, "role": role, "x": figures(self.grid[drawn]), "y": y}

    def rest(self, label: str) -> Line:
        """What is left of the reading without it."""
        rest = self.own - self.reference - self.level
        seen = np.isfinite(rest)
        return {"label": label, "role": "residual", "x": figures(self.grid[seen]), "y": figures(rest[seen])}


def _scaled(query: InfraredSpectrum, home: Home, *, raman: bool) -> _Scaled | None:
    """None where they have no band in common."""
    reference = np.asarray(home[0].infrared.curves[home[1]], dtype=np.float64)
    try:
        own = curve(query, raman)
        best = optimum(own, reference, air=not raman)
    except SpectrumError:  # too few points in common, or none of its bands among them
        return None
    if best.factor <= 0:
        return None
    reference = best.factor * shifted(reference, best.shift)
    level = float(np.nanmedian(own - reference))
    low, high = float(query.wavenumber[0]) - 2, float(query.wavenumber[-1]) + 2
    return _Scaled(grid_of(raman), own, reference, level, best.shift, low, high)


def entry_over(row: ReadingRow, store: BlobStore, home: Home, label: str) -> Line | None:
    """An entry of a library as one more curve over a reading of bands; None where they have no band in common."""
    spectrum = _bands_of(row, store)
    found = _scaled(spectrum, home, raman=row.kind == ReadingKind.RAMAN) if spectrum is not None else None
    return found.line(label, OVERLAY) if found is not None else None


def reading_over(row: ReadingRow, store: BlobStore, label: str, plot_range: PlotRange) -> Line | None:
    """Another reading as one more curve, as it was recorded: bands in absorbance, a run by its total ion current."""
    spectrum = _bands_of(row, store)
    if spectrum is not None:
        return plot_range.line(label, OVERLAY, spectrum.wavenumber, spectrum.absorbance)
    if row.kind not in (ReadingKind.MASS_RUN, ReadingKind.CHROMATOGRAM):
        return None
    return run_over(*arrays.points(store, row.arrays_sha256), row.x_unit, label, plot_range)


def run_over(x: FloatArray, y: FloatArray, x_unit: str, label: str, plot_range: PlotRange) -> Line:
    """A run as one more curve over a chromatogram, its times in minutes where they are known."""
    with contextlib.suppress(InstrumentError):
        x = to_seconds(x, x_unit) / 60
    order = np.argsort(x, kind="stable")
    return plot_range.line(label, OVERLAY, x[order], y[order])


def _bands_of(row: ReadingRow, store: BlobStore) -> InfraredSpectrum | None:
    if row.kind not in (ReadingKind.IR, ReadingKind.RAMAN):
        return None
    return absorbance_of(
        Reading(ReadingKind(row.kind), *arrays.points(store, row.arrays_sha256), row.x_unit, row.y_unit)
    )


def _overlay(plot: Plot, query: InfraredSpectrum, chosen: Candidate, registry: LibraryRegistry) -> str:
    """Adds the entry at the factor that leaves the smoothest rest, and what is left of the query without it."""
    home = home_of(registry, chosen)
    if home is None:
        return "The library of this candidate is no longer installed here, so it is not drawn."
    one, _ = home
    name = f"{chosen.substance} ({one.name}, scaled)"
    found = _scaled(query, home, raman=plot["kind"] == "raman")
    if found is None:
        return f"{chosen.substance} has no band in common with this reading."
    plot["series"].append(found.line(name, "reference"))
    plot["series"].append(found.rest(f"Without {chosen.substance}"))
    shift = f", bands shifted by {found.shift:+.0f} cm⁻¹" if found.shift else ""
    words = f"Dashed line: {name}, correlation {chosen.score:.2f}{shift}."
    alike = ", ".join(chosen.ambiguous_with)
    return words + (f" This method does not tell it from {alike}." if alike else "")


# -- the fit over its reading: all parts, what is left over, and where to look, in a picture and in words -----------


def _draw_fit(plot: Plot, answer: Answer, reading_id: uuid.UUID) -> str:
    """Adds fit, parts, residual with the band it should lie in, unexplained bands and difference windows; words about it."""
    found = answer.infrared
    if found is None or found.curves is None:
        return ""
    curves, parts, lines = found.curves, answer.components, plot["series"]
    if len(parts) != 1:
        lines.append(_line("Fit", "reference", curves, curves.fitted))
    for part, values in zip(parts, curves.parts, strict=False):
        role = "component" if len(parts) > 1 else "reference"
        lines.append(_line(f"{part.substance}, {percent(part.share)}", role, curves, values))
    lines.append(_line("Unexplained", "residual", curves, curves.residual))
    if curves.expected:
        line = _line("Noise", "", curves, curves.expected)
        plot["expected"] = {"label": line["label"], "x": line["x"], "y": line["y"]}
    plot["residual_marks"] = [
        {"x": band, "label": f"{band:.0f}", "href": f"?reading={reading_id}&tab=matches&left={band:.0f}"}
        for band in _residual_bands(answer)
    ]
    plot["regions"] = {
        "label": "Best two differ",
        "at": [{"low": window.low, "high": window.high} for window in found.differences],
    }
    return fit_words(answer)


def _line(label: str, role: str, curves: Curves, values: Sequence[int]) -> Line:
    y = figures(np.array(values, dtype=np.float64) * curves.unit)
    return {"label": label, "role": role, "x": list(curves.x), "y": y}


def _residual_bands(answer: Answer) -> tuple[float, ...]:
    return answer.fit.residual_bands if answer.fit is not None else ()


def fit_words(answer: Answer) -> str:
    """What the picture of a fit shows, in words; empty where no fit is drawn."""
    found, parts, out = answer.infrared, answer.components, []
    if found is None or found.curves is None:
        return ""
    if parts:
        shares = ", ".join(f"{p.substance} {p.share * 100:.0f} %" for p in parts)
        out.append(f"Fit: {shares} of the signal.")
    if residual := _residual_bands(answer):
        out.append(f"Unexplained bands: {', '.join(f'{band:.0f}' for band in residual[:6])} cm⁻¹.")
    if found.alignment is not None and abs(found.alignment.shift) >= LEAST_SHIFT:
        shift = f"{found.alignment.shift:+.1f}".replace("-", "−")
        out.append(f"The spectrum is shifted by {shift} cm⁻¹ against the library.")
    return " ".join(out)
