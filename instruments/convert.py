"""Views of a reading in the units that searching needs. Pure; the reading itself is never altered.

Imports numpy and spectra.types only.
"""

from __future__ import annotations

import numpy as np

from spectra.types import FloatArray, InfraredSpectrum, MassSpectrum, Reading, ReadingKind

from .errors import UnsupportedVariant

# Below a transmittance of 0.1 % (absorbance 3) a benchtop FTIR records noise; the logarithm would blow it up.
LOWEST_TRANSMITTANCE = 1e-3
# A 0–1 scale may overshoot by baseline drift; a 0–100 scale always has a point above this.
LARGEST_FRACTION = 2.0


def to_wavenumber(x: FloatArray, unit: str) -> FloatArray:
    """An axis in cm⁻¹ from "cm-1", "nm" (1e7/x) or "um" (1e4/x). Raises UnsupportedVariant for others."""
    if unit == "cm-1":
        return np.asarray(x, dtype=np.float64)
    scale = {"nm": 1e7, "um": 1e4}.get(unit)
    if scale is None or (np.asarray(x) <= 0).any():
        raise UnsupportedVariant(
            f"An axis in {unit or 'an unknown unit'} cannot be turned into wavenumbers.",
            code="axis_not_convertible",
            hint="Say whether the axis is cm-1 or nm.",
        )
    return scale / np.asarray(x, dtype=np.float64)


def to_seconds(x: FloatArray, unit: str) -> FloatArray:
    """A time axis in seconds from "s" or "min". Raises UnsupportedVariant for others."""
    scale = {"s": 1.0, "min": 60.0}.get(unit)
    if scale is None:
        raise UnsupportedVariant(
            f"An axis in {unit or 'an unknown unit'} is no time.",
            code="axis_not_convertible",
            hint="Say whether the axis is in minutes or seconds.",
        )
    return np.asarray(x, dtype=np.float64) * scale


def to_absorbance(reading: Reading) -> InfraredSpectrum:
    """An IR or Raman reading as wavenumber (N,) in cm⁻¹ rising and absorbance (N,); repeated x are averaged.

    Transmittance becomes −log10(max(T, 0.001)), with T on a 0–1 or 0–100 scale told apart by its largest
    value; reflectance likewise gives log(1/R). Absorbance, log(1/R) and Kubelka–Munk are taken as they are,
    Raman intensities too. Raises UnsupportedVariant for a single beam and for anything that is no spectrum.
    """
    if reading.kind not in (ReadingKind.IR, ReadingKind.RAMAN, ReadingKind.UV, ReadingKind.OTHER):
        raise UnsupportedVariant(
            f"A {reading.kind.value} reading has no absorbance.",
            code="no_absorbance",
            hint="Choose an infrared reading.",
        )
    if reading.y_unit == "single beam":
        raise UnsupportedVariant(
            "This is a single-beam spectrum, not yet divided by its background.",
            code="single_beam",
            hint="Save the ratioed spectrum (absorbance or %T) instead.",
        )
    y = reading.y
    if reading.y_unit.startswith(("transmittance", "reflectance")):
        y = -np.log10(np.maximum(_as_fraction(y, reading.y_unit), LOWEST_TRANSMITTANCE))
    return InfraredSpectrum(*_averaged(to_wavenumber(reading.x, reading.x_unit), y))


def _as_fraction(y: FloatArray, unit: str) -> FloatArray:
    """0–1 from either scale. A "(%)" in the unit is not trusted alone: some exports label fractions so."""
    return y / 100.0 if float(np.max(y)) > LARGEST_FRACTION else y


def _averaged(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    values, inverse, counts = np.unique(x, return_inverse=True, return_counts=True)
    return values, np.bincount(inverse, weights=y) / counts


def to_mass_spectrum(reading: Reading) -> MassSpectrum:
    """The one spectrum of a MASS_SPECTRUM reading. Raises UnsupportedVariant for a run or another technique."""
    if reading.kind is ReadingKind.MASS_SPECTRUM and len(reading.scans) == 1:
        return reading.scans[0]
    raise UnsupportedVariant(
        f"This {reading.kind.value} reading is not one mass spectrum.",
        code="not_one_spectrum",
        hint="Choose one scan of the run.",
    )
