"""Meaning of the axis and technique codes that Galactic software writes, shared by the SPC and ASP readers.

Source: SPC.H of the Galactic SPC file developer's kit (1997). Imports nothing above `instruments`, no other reader.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from spectra.types import ReadingKind, Remark

from .. import units
from ..registry import Hints
from ..validate import warning

RAMAN_SHIFT = 13
# Code → our unit, and the words of the specification. "" is "the file does not say".
X_CODES: dict[int, tuple[str, str]] = {
    0: ("", "Arbitrary"),
    1: ("cm-1", "Wavenumber (cm-1)"),
    2: ("um", "Micrometers (um)"),
    3: ("nm", "Nanometers (nm)"),
    4: ("s", "Seconds"),
    5: ("min", "Minutes"),
    6: ("Hz", "Hertz (Hz)"),
    7: ("kHz", "Kilohertz (KHz)"),
    8: ("MHz", "Megahertz (MHz)"),
    9: ("m/z", "Mass (M/z)"),
    10: ("ppm", "Parts per million (PPM)"),
    11: ("d", "Days"),
    12: ("a", "Years"),
    RAMAN_SHIFT: ("cm-1", "Raman Shift (cm-1)"),
    14: ("eV", "Electron Volt (eV)"),
    15: ("", "XYZ text labels"),
    16: ("diode number", "Diode Number"),
    17: ("channel", "Channel"),
    18: ("degrees", "Degrees"),
    19: ("\u00b0F", "Temperature (F)"),
    20: ("\u00b0C", "Temperature (C)"),
    21: ("K", "Temperature (K)"),
    22: ("data points", "Data Points"),
    23: ("ms", "Milliseconds (mSec)"),
    24: ("us", "Microseconds (uSec)"),
    25: ("ns", "Nanoseconds (nSec)"),
    26: ("GHz", "Gigahertz (GHz)"),
    27: ("cm", "Centimeters (cm)"),
    28: ("m", "Meters (m)"),
    29: ("mm", "Millimeters (mm)"),
    30: ("h", "Hours"),
    255: ("interferogram points", "Double interferogram"),
}
Y_CODES: dict[int, tuple[str, str]] = {
    0: ("", "Arbitrary Intensity"),
    1: ("interferogram", "Interferogram"),
    2: ("absorbance", "Absorbance"),
    3: ("kubelka-munk", "Kubelka-Munk"),
    4: ("counts", "Counts"),
    5: ("V", "Volts"),
    6: ("degrees", "Degrees"),
    7: ("mA", "Milliamps"),
    8: ("mm", "Millimeters"),
    9: ("mV", "Millivolts"),
    10: ("log(1/R)", "Log(1/R)"),
    11: ("percent", "Percent"),
    12: ("intensity", "Intensity"),
    13: ("relative intensity", "Relative Intensity"),
    14: ("energy", "Energy"),
    16: ("dB", "Decibel"),
    19: ("\u00b0F", "Temperature (F)"),
    20: ("\u00b0C", "Temperature (C)"),
    21: ("K", "Temperature (K)"),
    22: ("refractive index", "Index of Refraction [N]"),
    23: ("extinction coefficient", "Extinction Coeff. [K]"),
    24: ("real part", "Real"),
    25: ("imaginary part", "Imaginary"),
    26: ("complex", "Complex"),
    128: ("transmittance", "Transmission"),
    129: ("reflectance", "Reflectance"),
    130: ("single beam", "Arbitrary or Single Beam with Valley Peaks"),
    131: ("emission", "Emission"),
}
# fexper: the instrument technique. 1 to 3 and 14 are chromatography, 9 is mass spectrometry: their axes say it too.
TECHNIQUES = {
    4: ReadingKind.IR,
    5: ReadingKind.IR,
    7: ReadingKind.UV,
    8: ReadingKind.OTHER,
    10: ReadingKind.OTHER,
    11: ReadingKind.RAMAN,
    12: ReadingKind.OTHER,
    13: ReadingKind.OTHER,
}
LARGEST_TECHNIQUE = 14
TIMES = {"s": 1.0, "min": 60.0, "h": 3600.0, "ms": 1e-3}
# What absorbs: on a wavelength axis these mean UV-Vis; counts could as well be Raman or fluorescence.
_ABSORPTION = frozenset({"absorbance", "transmittance", "reflectance", "log(1/R)", "kubelka-munk", "single beam"})


@dataclass(frozen=True, slots=True)
class Codes:
    """What a header says about its axes. `labels` are the file's own words for x, y, z, which win over the codes."""

    x: int
    y: int
    technique: int = 0
    labels: tuple[str, str, str] = ("", "", "")


@dataclass(frozen=True, slots=True)
class Axes:
    """Canonical units, the file's words for them, what the reading is, and what was not certain about it."""

    x_unit: str
    y_unit: str
    x_raw: str
    y_raw: str
    kind: ReadingKind
    remarks: tuple[Remark, ...]


def known(x: int, y: int) -> bool:
    """Whether both codes are of the specification: the best sign that bytes are of this format at all."""
    return x in X_CODES and y in Y_CODES


def x_unit_of(code: int, label: str = "") -> str:
    """Unit of an axis of abscissa type (x or z): by the label if it names one, else by the code, else the label."""
    return units.x_unit(label) or X_CODES.get(code, ("", ""))[0] or label


def axes(codes: Codes, hints: Hints, largest: float) -> Axes:
    """Units and kind of the readings of a file whose largest ordinate is `largest`. Hints of a person win."""
    x_raw = codes.labels[0] or X_CODES.get(codes.x, ("", f"type {codes.x}"))[1]
    y_raw = codes.labels[1] or Y_CODES.get(codes.y, ("", f"type {codes.y}"))[1]
    x_unit = hints.x_unit or x_unit_of(codes.x, codes.labels[0])
    declared = units.y_unit(codes.labels[1]) or Y_CODES.get(codes.y, ("", ""))[0] or codes.labels[1]
    y_unit, scale = units.scaled(hints.y_unit or declared, largest)
    kind, doubt = _kind(codes, x_unit, y_unit, x_raw, hints)
    remarks = scale + doubt + tuple(_conflicts(codes, hints))
    if not y_unit:
        if kind in (ReadingKind.IR, ReadingKind.UV):
            text = "The file does not say what its values are (absorbance, transmittance …); please give the y unit."
            remarks += (warning("y_unit_unknown", text),)
        else:
            y_unit = "intensity"
    return Axes(x_unit, y_unit, x_raw, y_raw, kind, remarks)


def _kind(codes: Codes, x_unit: str, y_unit: str, x_words: str, hints: Hints) -> tuple[ReadingKind, tuple[Remark, ...]]:
    if hints.kind:
        return ReadingKind(hints.kind), ()
    if x_unit == "m/z":
        return ReadingKind.MASS_SPECTRUM, ()
    if x_unit in TIMES:
        return ReadingKind.CHROMATOGRAM, ()
    if x_unit == "cm-1" and (codes.x == RAMAN_SHIFT or re.search(r"\braman\b", x_words, re.I)):
        return ReadingKind.RAMAN, ()
    if codes.technique in TECHNIQUES:
        return TECHNIQUES[codes.technique], ()
    absorption = y_unit.removesuffix(" (%)") in _ABSORPTION
    if x_unit == "nm":
        return (ReadingKind.UV if absorption else ReadingKind.OTHER), ()
    if x_unit in ("cm-1", "um"):
        if absorption or y_unit in ("interferogram", "emission"):
            return ReadingKind.IR, ()
        text = "The file does not say whether it is Raman or infrared; by its units it was taken as Raman."
        return ReadingKind.RAMAN, (warning("kind_guessed", text),)
    return ReadingKind.OTHER, ()


def _conflicts(codes: Codes, hints: Hints) -> list[Remark]:
    """A label and a code that name different units: the label is used, and a person should know. So with an unknown code."""
    found = []
    axes = (
        ("x", hints.x_unit, codes.labels[0], units.x_unit, codes.x, X_CODES),
        ("y", hints.y_unit, codes.labels[1], units.y_unit, codes.y, Y_CODES),
    )
    for axis, answered, words, unit, number, meanings in axes:
        label, code = unit(words), meanings.get(number, ("", ""))[0]
        if not answered and label and code and label.removesuffix(" (%)") != code:
            text = f"The label of the {axis} axis says {label}, its type code says {code}; the label was used."
            found.append(warning("unit_conflict", text))
        if not answered and not words and number not in meanings:
            text = f"The file gives its {axis} axis the type code {number}, which does not exist."
            found.append(warning("unknown_code", text))
    return found
