"""What the columns of a text table are: axis, ordinate, technique; named by the file or marked as a guess.

Imports numpy, spectra.types and the unit names only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spectra.types import FloatArray, ReadingKind, Remark

from .. import units
from ..registry import Hints
from ..validate import LONGEST_RUN_MIN, ORDINATE_UNKNOWN, direction, warning

# Columns that accompany a measurement and are no curve of their own.
_ASIDE = re.compile(
    r"#$|(#|no|nr|index|pixels?|point(?:[ _]index)?|peak(?! ?(?:height|int|abund))|row|step|dark|reference|flag|name|id|charge"
    r"|(?:type|number|(?:ms ?)?scan(?:[ _]?(?:no\.?|num(?:ber)?|id|#))?|resol(?:ution|ving power)|s/n|snr|signal.to.noise|z)(?=\s*$)"
    r"|num[ _]\w+|unnamed: \d+)(?!\w)\.?",
    re.I,
)
# A trace over time is named after its wavelength or ion: "254 nm", "EIC m/z 182.1".
_TRACE = re.compile(r"\d\s*nm\b|\bm/?z\W{0,3}\d")
# When a spectrum was recorded: beside the name, or in brackets behind its scan (ChemStation), or before them (Shimadzu).
_RECORDED = re.compile(
    r"(?:(?:\brt|\br\.?time|\bret(?:ention|\.)?s? ?(?:time|zeit)) *+(?:[(\[](min|s|sec)\w*+[)\]])? *+[:=;,\t][ \t\"]*+"
    r"|\bscan[ :#\d]*+\((?=[\d.,]++ ?(?:min|s))|\bspectrum (?=[\d.]++ *+\(scan))"
    r"(\d+(?:[.,]\d+)?)(?: ?- ?(\d+(?:[.,]\d+)?))?[ \t]?(min|sec|s(?![a-z]))?"
)
_X_OF_PAIR = re.compile(r"\bx(?=\d*\b)")
_X_AXIS = re.compile("x[- ]axis", re.I)
_OF_LABSPEC = re.compile(r"#spectro ?\((cm-1|nm)\)\s*=")  # where its spectrograph stood, in the unit of x
_OF_WIRE = re.compile(r"#wave\s+#intensity")
_SPAN = re.compile(r"\b(?:start|end) time ?[(\[](min|s)(?:utes?|ec|econds?)?[)\]]")
_SPECTRUM = re.compile(r"\bscan|\bm/z|\bn?esi\b|\bei\b|\bapci\b|mass spectr")
_CHROMATOGRAM = re.compile(r"chromatogra|injection|retention|vial|(?m:^\"?|\t\"?)channel|instrument method|signal:")
_WEIGHED = re.compile(r"\b(?:mass|weight)\b.*[/(\[] ?(?:%|[kmun]?g\b)")  # by a thermobalance
# Of the decay of a fluorescence: Time[ns], also behind a bracket as in ( Time[ns] No_of_photons ). Detectors have other times.
_DECAY = re.compile(r"(?:^|\()\s*time ?[\[(/] ?([npu]s)\b")
_DEVICE = re.compile(r"detector")  # spectrometers have one too
_LASTING = re.compile(r"[\[(]\s*(ms|s|sec|min)\s*[\])]\s*$", re.I)  # "Step (s)" beside the values of a chromatogram
_ABSOLUTE, _RELATIVE = (
    re.compile(r"\babs(olute|\.)? ?int"),
    re.compile(r"rel(ative|\.)?( ?int.*| ?abund.*)?|i ?%|% ?bpi|%"),
)
_SCALED = re.compile(
    "(?<![\\d.])10 ?(?:\\^|\\*\\*|[\u207a\u207b]?[\u00b9\u00b2\u00b3\u2074-\u2079])"
)  # Intensity / 10³ counts
# Bare, AU is absorbance.
_DETECTOR = re.compile("[munp\u00b5\u03bc]?(?:V|RIU)|[munp\u00b5\u03bc](?:A|AU|S|S/cm)|kcounts")
_BEFORE_RESULT = re.compile(r"(dark|ref(erence)?)\b", re.I)  # a result beside it was calculated from them
_RESULTS = ("absorbance", "transmittance", "transmittance (%)", "reflectance", "reflectance (%)")
LONGEST_SUM_S = 60.0  # of the scans of one spectrum
ENOUGH_POINTS = 10  # for an axis to speak for itself
_RANK = ("cm-1", "m/z", "nm", "um")


@dataclass(frozen=True, slots=True)
class Axis:
    """`unit` is canonical or ''; `guessed` tells that no word of the file supports it; `recorded_s` when the spectrum was taken."""

    unit: str
    kind: ReadingKind
    guessed: str = ""
    recorded_s: float | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """One x column with one y column, and the header text of each ('' if none)."""

    x: int
    y: int
    x_text: str = ""
    y_text: str = ""


def curves(table: FloatArray, header: Sequence[str]) -> list[Curve]:
    """Which columns belong together. `table` is (rows, columns); `header` is empty or one text per column."""
    filled = [i for i in range(table.shape[1]) if np.isfinite(table[:, i]).any() or np.isinf(table[:, i]).any()]
    filled = [i for i in filled if not (header and _counts_rows(header, table, i))] if len(filled) > 2 else filled
    if not header:
        first = filled[0]
        return [Curve(first, i) for i in filled[1:]]
    axes = [
        i
        for i in filled
        if (units.x_unit(header[i]) in _RANK or units.is_time(header[i]) or units.foreign_unit(header[i]))
        and not _TRACE.search(units.plain(header[i]))
    ]
    pairs = _paired(header, axes, filled)
    if pairs:
        return [Curve(i, i + 1, header[i], header[i + 1]) for i in pairs]
    named_so = [i for i in filled if _X_AXIS.fullmatch(header[i].strip())]
    axes = named_so[:1] or axes  # of WITec, whose curves may be called "Time Series"
    leading = _timed(table, header, axes) or axes
    named = [i for i in filled if not _ASIDE.match(header[i].strip())]
    x = min(leading, key=lambda i: _axis_rank(header[i])) if axes else (named if len(named) > 1 else filled)[0]
    if table.shape[1] == 2 and x == 1 and direction(table[:, 1]) == 0 and direction(table[:, 0]) != 0:
        return [Curve(0, 1)]  # no names of columns, but a line such as "Resolution;4 cm-1"
    rest = [i for i in filled if i != x and i not in axes and not _is_aside(header[i])]
    if any(_ABSOLUTE.search(units.plain(header[i])) for i in rest):
        rest = [i for i in rest if not is_relative(header[i])]
    rest = rest or [i for i in filled if i not in (x, *axes)] or [i for i in filled if i != x]
    rest.sort(key=lambda i: units.y_unit(header[i]) not in _RESULTS)
    if any(units.y_unit(header[i]) in _RESULTS for i in rest) and any(_BEFORE_RESULT.match(header[i]) for i in filled):
        rest = [i for i in rest if units.y_unit(header[i]) != "counts"]  # AvaSoft writes counts before their result
    rest = [i for i in filled if re.search(r"dark\W*subtracted", header[i], re.I)] or rest  # B&W Tek BWRam
    if axes and units.x_unit(header[x]) == "m/z":  # further columns of a peak list describe the peaks
        rest = [i for i in rest if units.y_unit(header[i])][:1] or rest[:1]
    return [Curve(x, i, header[x], header[i]) for i in rest]


def _paired(header: Sequence[str], axes: Sequence[int], filled: Sequence[int]) -> list[int]:
    """The axes of a table in which each stands before its one curve (Agilent Cary, UNICORN, x1 y1 x2 y2); else none."""
    names = [units.plain(name) for name in header]
    if len(names) > 2 and [_X_OF_PAIR.sub("y", name) for name in names[::2]] == names[1::2] != names[::2]:
        return [i for i in range(0, len(names), 2) if {i, i + 1} <= {*filled}]
    alike = len({names[i] for i in axes}) == 1
    if len(axes) < 2 or not (alike or len({(units.x_unit(header[i]), units.is_time(header[i])) for i in axes}) == 1):
        return []
    found = [i for i in axes if i + 1 in filled and i + 1 not in axes]
    curves_beside = {i for i in filled if i not in axes and not _is_aside(header[i])}
    own = len(found) == len(axes) and curves_beside <= {i + 1 for i in found} and units.x_unit(header[axes[0]]) != "m/z"
    return found if alike or own else []


def _timed(table: FloatArray, header: Sequence[str], axes: Sequence[int]) -> list[int]:
    """The times among the axes, where they rise from row to row and nothing else is in order: a run, not a spectrum."""
    times = [i for i in axes if units.is_time(header[i]) and _rises(table[:, i])]
    return times if not any(direction(table[:, i]) for i in axes if i not in times) else []


def _rises(column: FloatArray) -> bool:
    """Whether values rise, but for the few that rounding made the same."""
    steps = np.diff(column[np.isfinite(column)])
    return bool((steps >= 0).all()) and float((steps > 0).sum()) > steps.size / 2


def _is_aside(name: str) -> bool:
    return bool(_ASIDE.match(name.strip()) or _LASTING.search(name))


def is_relative(name: str) -> bool:
    """Whether a column is called the same intensities in per cent of the largest."""
    return _RELATIVE.fullmatch(units.plain(name)) is not None


def _counts_rows(header: Sequence[str], table: FloatArray, column: int) -> bool:
    """Whether a column without a name, beside columns that have one, only numbers the rows (pandas, spreadsheets)."""
    first = table[0, column]
    unnamed = not header[column].strip() and sum(bool(h.strip()) for h in header) > 1
    return unnamed and first in (0, 1) and np.array_equal(table[:, column], first + np.arange(table.shape[0]))


def _axis_rank(text: str) -> int:
    """A Raman shift before a wavenumber before a wavelength: instruments that export all three mean the first."""
    if "raman" in units.plain(text):
        return -1
    unit = units.x_unit(text)
    return _RANK.index(unit) if unit in _RANK else len(_RANK) + bool(units.foreign_unit(text))


def axis_of(curve: Curve, x: FloatArray, y: FloatArray, words: str, hints: Hints) -> Axis:
    """Unit and technique of a curve: the person's hint, else the header, else a guess from the numbers."""
    foreign = "" if hints.x_unit else units.foreign_unit(curve.x_text)
    decay = _DECAY.search(units.plain(curve.x_text))
    if decay and not foreign and not hints.x_unit:
        return Axis(decay[1], ReadingKind(hints.kind) if hints.kind else ReadingKind.OTHER)
    if foreign:  # kept as it is spelled, and not mistaken for nm because the header says wavelength
        timed = ReadingKind.CHROMATOGRAM if units.is_time(curve.x_text) else ReadingKind.OTHER
        return Axis(foreign, ReadingKind(hints.kind) if hints.kind else timed)
    said, guessed = units.plain(words), ""
    of_labspec = _OF_LABSPEC.search(said)
    unit = hints.x_unit or units.x_unit(curve.x_text) or (of_labspec[1] if of_labspec else "")
    by_numbers = _guess_unit(x)
    of_one, seconds = _recorded(said)
    uneven = x.size < ENOUGH_POINTS or _uneven(x)
    peaks = of_one and uneven and "chromatogra" not in said  # one time speaks of a spectrum
    if peaks or (of_one and (by_numbers[0] or _SPECTRUM.search(said))):
        said = _RECORDED.sub(" ", said)
    device = _DEVICE.search(said) and by_numbers[0] not in ("cm-1", "nm")
    if not unit and units.is_time(curve.x_text) and (span := _SPAN.search(said)):
        unit = span[1]
    if not unit and (units.is_time(curve.x_text) or (not peaks and (_CHROMATOGRAM.search(said) or device))):
        unit, guessed = "min", "minutes, because the words above it are those of a chromatogram"
    if not unit:
        unit, guessed = by_numbers
    if unit == "cm-1" and _OF_WIRE.search(said):
        guessed = ""  # WiRE names x so in any unit, and the numbers tell which
    if not unit and of_one and (_SPECTRUM.search(said) or (peaks and x.size > 2)):
        unit, guessed = "m/z", "m/z, because the file gives one retention time, as of a mass spectrum"
    kind = units.kind_of(unit, hints.y_unit or units.y_unit(curve.y_text), words + " " + curve.x_text)
    if kind is ReadingKind.CHROMATOGRAM and _WEIGHED.search(units.plain(curve.y_text)):
        kind = ReadingKind.OTHER
    if guessed and kind is ReadingKind.IR and _counts(y):
        kind, guessed = ReadingKind.RAMAN, guessed + ", a Raman spectrum because of its counts"
    return Axis(unit, ReadingKind(hints.kind) if hints.kind else kind, guessed, seconds)


def _recorded(said: str) -> tuple[bool, float | None]:
    """Whether the words give one time at which a spectrum was recorded; and it in seconds where its unit is clear.

    The programs that number scans and give no unit (Xcalibur, DataBridge, GCMSsolution) mean minutes.
    """
    found = {(first, last, before or behind) for before, first, last, behind in _RECORDED.findall(said)}
    if len(found) != 1:
        return False, None
    first, last, unit = found.pop()
    time, end = (float(number.replace(",", ".")) for number in (first, last or first))
    factor = 1.0 if unit.startswith("s") else 60.0
    if (end - time) * factor > LONGEST_SUM_S:  # RT: 0.00 - 30.00 of a chromatogram
        return False, None
    return True, time * factor if unit or ("scan" in said and time <= LONGEST_RUN_MIN) else None


def _counts(y: FloatArray) -> bool:
    """Detector counts are in the hundreds; absorbance and transmittance stay below 150."""
    return float(np.max(y)) > 150


def _uneven(x: FloatArray) -> bool:
    steps = np.abs(np.diff(x))
    return bool(steps.any()) and float(steps.std() / steps.mean()) > 0.5


def _guess_unit(x: FloatArray) -> tuple[str, str]:
    """A unit from the numbers alone and the reason; ('', '') when they do not speak clearly."""
    low, high, steps = float(x.min()), float(x.max()), np.abs(np.diff(x))
    if x.size < ENOUGH_POINTS or not steps.any():
        return "", ""
    uneven = _uneven(x)
    if uneven and low > 0 and high < 5_000:
        return "m/z", "m/z, because the x values are unevenly spaced like a peak list"
    if uneven:
        return "", ""
    if high > 1_300 and high < 15_000 and (low > 25 or low < 0):
        return "cm-1", "wavenumbers in cm-1, because of its range"
    if low >= 170 and high <= 1_200:
        return "nm", "wavelengths in nm, because of its range"
    if 0 <= low < 5 and high <= 300:
        return "min", "minutes, because it begins near 0"
    return "", ""


def _of_detector(text: str, bracket: str) -> str:
    """A detector's own unit, which says more than the word beside it: Signal (pA), intensity_mV, mAU; '' if there is none."""
    last = re.split(r"[\s_]", text.strip())[-1]
    return next((u for u in (bracket.strip(), last) if _DETECTOR.fullmatch(u) and (u != "V" or u in bracket)), "")


def ordinate(text: str, kind: ReadingKind, y: FloatArray, hints: Hints) -> tuple[str, tuple[Remark, ...]]:
    """Canonical y unit and what to say about it."""
    unit = hints.y_unit or units.y_unit(text)
    bracket = re.search(r"[\[(]([^\])]{1,30})[\])]\s*$", text)
    if kind in (ReadingKind.CHROMATOGRAM, ReadingKind.OTHER) and not hints.y_unit:
        unit = _of_detector(text, bracket[1] if bracket else "") or unit
    letter = bracket[1] if bracket and kind is ReadingKind.IR else text  # in brackets beside nm it may be amperes
    unit = unit or units.y_unit(letter, kind)
    remarks: tuple[Remark, ...] = ()
    if not unit and kind is ReadingKind.IR:
        remarks = (ORDINATE_UNKNOWN,)
    if not unit and kind is ReadingKind.MASS_SPECTRUM:
        unit = "intensity"
    if not unit and kind is ReadingKind.RAMAN:
        unit = "intensity"
    if _SCALED.search(text):
        scale = f"The header of the y values ({text[:60]}) names a power of ten; they were read as they stand."
        remarks += (warning("scaled_label", scale),)
    scaled, note = units.scaled(unit or (bracket.group(1) if bracket else ""), float(np.max(y)))
    return scaled, remarks + note
