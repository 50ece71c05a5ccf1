"""Figures of quality of a reading as they are stored with it. The science stands in spectra.confidence."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue, TypeAdapter

from instruments import InstrumentError, to_absorbance, to_mass_spectrum
from spectra import InfraredSpectrum, Reading, ReadingKind, SpectrumError
from spectra.confidence import figures, figures_infrared, figures_mass
from spectra.confidence.figures import Figure

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_AS_SHOWN = {
    "transmittance": "absorbance", "reflectance": "log(1/R)", "diffuse reflectance": "kubelka-munk",
    "inverted absorbance": "relative absorbance",
}  # fmt: skip


_FIGURES = TypeAdapter(list[Figure])


def quality_json(reading: Reading) -> dict[str, JsonValue]:
    """For the column Reading.quality."""
    return {"figures": [figure.as_json() for figure in figures_of(reading)]}


def figures_in(quality: Mapping[str, JsonValue]) -> list[Figure]:
    """The figures in the column Reading.quality; none for readings made before there were any."""
    return _FIGURES.validate_python(quality.get("figures", []))


def figures_of(reading: Reading) -> list[Figure]:
    """The figures a reading's technique has. Never raises for a reading that left a reader."""
    kind, x, y = reading.kind, reading.x, reading.y
    if kind is ReadingKind.MASS_SPECTRUM and len(reading.scans) == 1:
        return figures_mass.mass_figures(to_mass_spectrum(reading))
    if kind is ReadingKind.MASS_RUN and reading.scans:
        return figures_mass.run_figures(reading.scans, y, x, reading.x_unit)
    if reading.y_unit == "single beam":
        return figures.single_beam_figures(x, y, reading.x_unit)
    if kind is ReadingKind.CHROMATOGRAM:
        return figures.chromatogram_figures(x, y, reading.x_unit, reading.y_unit)
    if kind is ReadingKind.UV:
        return figures.ultraviolet_figures(x, y, reading.x_unit, reading.y_unit)
    spectrum = absorbance_of(reading) if kind in (ReadingKind.IR, ReadingKind.RAMAN) else None
    if spectrum is None:
        return figures.curve_figures(x, y, reading.x_unit, reading.y_unit)
    unit = _AS_SHOWN.get(reading.y_unit.removesuffix(" (%)"), reading.y_unit)
    stated = reading.meta.get("resolution_cm1")
    resolution = float(stated) if isinstance(stated, int | float) and not isinstance(stated, bool) else None
    if kind is ReadingKind.RAMAN:
        return figures_infrared.raman_figures(spectrum, unit=unit, resolution=resolution)
    return figures_infrared.infrared_figures(spectrum, unit=unit, resolution=resolution)


def absorbance_of(reading: Reading) -> InfraredSpectrum | None:
    """The curve in absorbance; None for what cannot be turned into it."""
    try:
        return to_absorbance(reading)
    except (InstrumentError, SpectrumError):
        return None


def shown(value: float | str | None) -> str:
    """A figure's value as it is printed: a power of ten only beyond everyday sizes, a dash where there is none."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value.replace("-", "−", 1) if value.startswith("-") else value
    text = f"{value:,.0f}" if 1000 <= abs(value) < 1e7 and float(value).is_integer() else f"{value:.7g}"
    mantissa, _, power = text.partition("e")
    return mantissa.replace("-", "−") + (f" × 10{str(int(power)).translate(_RAISED)}" if power else "")
