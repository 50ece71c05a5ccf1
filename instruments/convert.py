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
# Units no file gives and a person says: 100 (1 − A/Amax), an absorbance turned over and called transmittance by the
# program that wrote it; and reflectance that was collected from a powder in all directions.
INVERTED, DIFFUSE = "inverted absorbance", "diffuse reflectance"
REFLECTANCE_AS = ("log(1/R)", "kubelka-munk")


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


def to_absorbance(reading: Reading, *, reflectance: str = "log(1/R)") -> InfraredSpectrum:
    """An IR or Raman reading as wavenumber (N,) in cm⁻¹ rising and absorbance (N,); repeated x are averaged.

    Transmittance becomes −log10(max(T, 0.001)), with T on a 0–1 or 0–100 scale told apart by its largest value.
    Reflectance becomes log10(1/R), which is right for attenuated total reflection, or with
    `reflectance="kubelka-munk"` and where a person says that it is diffuse (1 − R)²/2R (Kubelka and Munk 1931, Z. Tech.
    Phys. 12, 593); a file does not tell which it was. 100 (1 − A/Amax) becomes A/Amax, a relative absorbance.
    Absorbance, log(1/R) and Kubelka–Munk are taken as they are, Raman intensities too. Raises UnsupportedVariant for a
    single beam, an interferogram and anything that is no spectrum, ValueError for another `reflectance`.

    >>> to_absorbance(Reading(ReadingKind.IR, [1000.0, 1002.0], [100.0, 10.0], "cm-1", "transmittance (%)")).absorbance
    array([-0.,  1.])
    """
    if reflectance not in REFLECTANCE_AS:
        raise ValueError(f"there is no conversion of reflectance called {reflectance!r}; use log(1/R) or kubelka-munk")
    _refuse_what_has_none(reading)
    y, unit = reading.y, reading.y_unit
    if unit.startswith(("transmittance", "reflectance", DIFFUSE)):
        fraction = np.maximum(_as_fraction(y, unit), LOWEST_TRANSMITTANCE)
        munk = unit.startswith(DIFFUSE) or (unit.startswith("reflectance") and reflectance == "kubelka-munk")
        y = (1.0 - fraction) ** 2 / (2.0 * fraction) if munk else -np.log10(fraction)
    elif unit.startswith(INVERTED):
        y = 1.0 - _as_fraction(y, unit)
    stated, technique = reading.meta.get("resolution_cm1"), {"ir": "IR", "raman": "Raman"}.get(reading.kind.value, "")
    resolution = float(stated) if isinstance(stated, int | float) and stated > 0 else None
    return InfraredSpectrum(*_averaged(to_wavenumber(reading.x, reading.x_unit), y), resolution, technique)


def _refuse_what_has_none(reading: Reading) -> None:
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
    if "interferogram" in (reading.meta.get("role"), reading.y_unit):
        raise UnsupportedVariant(
            "This is an interferogram, which is no spectrum yet.",
            code="interferogram",
            hint="Save the spectrum (absorbance or %T) from the instrument's program instead.",
        )


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
