"""What lines above a text table announce (points, ends and steps of x, extremes of y, unit, base peak), against its rows.

Imports sibling modules, units, validate and numpy only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from spectra.types import FloatArray, Remark

from .. import units
from ..validate import warning
from .text_axes import curves
from .text_blocks import SECTION, Block

_COUNTED = re.compile(
    r"(number|#|no\.?|nr\.?) ?of (data )?points|n ?points|number of pixels( in (processed )?spectrum)?|data points|points|anzahl (der )?(daten|mess)?punkte|nombre de points"
)
_PEAKS = re.compile(r"(number|#|no\.?) ?of peaks")  # of the very section: a table of peaks may stand above it
_BASE_PEAK = re.compile(r"(?:m/z\s*)?(\d[\d.]*)\s*\(\s*inten\w*\s*:\s*([\d,.]+)\s*\)", re.I)  # LabSolutions
_X_UNIT, _Y_UNIT = re.compile(r"x[ _-]?(axis ?)?units?"), re.compile(r"y[ _-]?(units?|label|axis)")
_UNCLEAR = re.compile(r"0+(?:[.,]0*)?|\d{1,3},\d{3}")  # not known; 9,000 may be nine or nine thousand
_IN_BRACKETS = re.compile(r"[\[(]([^\[\]()]{1,20})[\])]\s*$")
_ROW_NUMBER = re.compile(r"#?\s*point", re.I)  # MassHunter
_NUMBER = re.compile(r"[+-]?\d{1,12}(?:[.,]\d{1,12})?(?:[eE][+-]?\d{1,2})?")
_LASER = re.compile(r"(laser|excitation)( wave ?length)?( ?\(nm\))?")
_LASER_APART = 1.0  # nm
_TIMES_OF_PEDS = 6  # the line of the last of them
_PEDS = re.compile(r"PE [A-Z]{2}\b.*\bASCII\s+PEDS\b")
_OPENED, _CLOSES = re.compile(r">>>>>Begin [\w ]{1,30}<<<<<"), re.compile("OOIBase|SpectraSuite")
_EXACT, _ROUNDED = 0.1, 0.75  # of a step: start and end of a run are written with few decimals
_RELATIVE = 0.01  # of the largest value


class _Fact(NamedTuple):
    """A number a line may announce: by which names, what it is of a table (x, y), and how far the two may lie apart."""

    names: re.Pattern[str]
    found: Callable[[FloatArray, FloatArray], float]
    apart: Callable[[FloatArray, FloatArray], float]
    code: str = "first_x"
    timed: bool = False  # of x in minutes, whatever its column is in


def _step(x: FloatArray) -> float:
    return float(np.median(np.abs(np.diff(x))))


def _fact(names: str, found: Callable[[FloatArray, FloatArray], float], steps: float, *, timed: bool = False) -> _Fact:
    return _Fact(re.compile(names), found, lambda x, y: steps * _step(x), timed=timed)


def _interval(names: str, per_minute: float) -> _Fact:
    def found(x: FloatArray, y: FloatArray) -> float:
        return per_minute * float(np.ptp(x)) / (x.size - 1)

    return _Fact(re.compile(names), found, lambda x, y: _RELATIVE * found(x, y), "interval", timed=True)


def _height(names: str, found: Callable[[FloatArray, FloatArray], float]) -> _Fact:
    return _Fact(re.compile(names), found, lambda x, y: _RELATIVE * float(np.abs(y).max()), "ordinate_differs")


_FACTS = (  # JASCO after JCAMP-DX, ABB, LabSolutions, Chromeleon
    _fact(r"first ?x( point)?", lambda x, y: float(x[0]), _EXACT),
    _fact(r"last ?x( point)?", lambda x, y: float(x[-1]), _EXACT),
    _fact(r"delta ?x", lambda x, y: float(x[-1] - x[0]) / (x.size - 1), _RELATIVE),
    _fact(r"start time ?\(min\)|time min\.? ?\(min\)", lambda x, y: float(x.min()), _ROUNDED, timed=True),
    _fact(r"end time ?\(min\)|time max\.? ?\(min\)", lambda x, y: float(x.max()), _ROUNDED, timed=True),
    _interval(r"(sampling |data |time )?interval ?\((msec|ms)\)", 60_000),
    _interval(r"(average step|(sampling |data |time )interval|sampling period) ?\((s|sec)\)", 60),
    _height(r"first ?y", lambda x, y: float(y[0])),
    _height(r"max ?y|signal max\.?", lambda x, y: float(y.max())),
    _height(r"min ?y|signal min\.?", lambda x, y: float(y.min())),
)


def declared(block: Block) -> tuple[Remark, ...]:
    """A warning for each number announced above the table that is another in it."""
    checks = (_counts, _units, _numbers, _perkin_elmer, _row_numbers, _laser, _end_mark)
    return tuple(remark for check in checks for remark in check(block))


def stated(words: list[str]) -> Iterator[tuple[str, str]]:
    """Name and value of every line that has both."""
    for line in words:
        mark = next((m for m in ("\t", ";", ":", "=", ",") if m in line), "\t")
        key, _, value = re.sub(r"^[\s#;,\"]+(?=\w)(?!of )", "", line).partition(mark)
        yield units.plain(key).strip(" :="), value.strip(" \t\"';,=:")


def _counts(block: Block) -> Iterator[Remark]:
    heads = [at for at, line in enumerate(block.words) if SECTION.match(line)]
    of_peaks = bool(block.header) and units.x_unit(block.header[0]) == "m/z"
    own = list(stated(block.words[heads[-1] :] if heads else block.words)) if heads or of_peaks else []
    announced = [v for k, v in stated(block.words) if _COUNTED.fullmatch(k)] + [
        v for k, v in own if _PEAKS.fullmatch(k)
    ]
    for value in announced:
        if value.isascii() and value.isdecimal() and len(value) < 10 and int(value) != block.rows:
            text = f"The file announces {int(value):,} points, its table holds {block.rows:,}."
            yield warning("count_mismatch", text)


def _units(block: Block) -> Iterator[Remark]:
    """Lines such as YUNITS against the name of the second column, a detector's unit against that of the last, XUNITS against the first."""
    x_named = units.x_unit(block.header[0]) if block.header else ""
    named = units.y_unit(block.header[1]) if len(block.header) == 2 else ""
    bracket = _IN_BRACKETS.search(block.header[-1]) if block.header else None
    for name, value in stated(block.words):
        if name == "signal unit" and value and bracket and units.plain(value) != units.plain(bracket[1]):
            text = f"The file announces {value[:40]!r} as the unit of its signal, but its column is called {block.header[-1][:40]!r}."
            yield warning("units_differ", text)
        x_stated = units.x_unit(value) if _X_UNIT.fullmatch(name) else ""
        if x_named and x_stated and x_named != x_stated and not units.two_units(block.header[0]):
            called = block.header[0].removesuffix(value).strip()[:40]
            text = f"The file announces {value[:40]!r} for its x axis, but its column is called {called!r}."
            yield warning("units_differ", text)
        y_stated = units.y_unit(value) if _Y_UNIT.fullmatch(name) else ""
        if named and y_stated and named.removesuffix(" (%)") != y_stated.removesuffix(" (%)"):
            text = (
                f"The file announces {value[:40]!r} for its y axis, but its column is called {block.header[1][:40]!r}."
            )
            yield warning("units_differ", text)


def _numbers(block: Block) -> Iterator[Remark]:
    if block.rows < 2 or block.width < 2:
        return
    curve = next(iter(curves(block.table, block.header)), None)
    pair = block.table[:, [curve.x, curve.y] if curve else [0, 1]]
    if not np.isfinite(pair).all():
        return
    x, y = pair.T
    unit = units.x_unit(curve.x_text) if curve else ""
    minutes = x / 60 if unit == "s" else x
    for name, value in stated(block.words):
        peak = _BASE_PEAK.match(value) if name == "base peak" else None
        if peak:
            yield from _base_peak(float(peak[1]), float(peak[2].replace(",", "")), x, y)
        fact = next((f for f in _FACTS if f.names.fullmatch(name)), None)
        if fact and fact.timed and unit and unit not in units.TIMES:
            continue
        if fact and _NUMBER.fullmatch(value) and not _UNCLEAR.fullmatch(value):
            yield from _compared(name, value, fact, minutes if fact.timed else x, y)


def _row_numbers(block: Block) -> Iterator[Remark]:
    """A first column that numbers the points, one by one."""
    if not block.header or not _ROW_NUMBER.fullmatch(block.header[0].strip()):
        return
    numbers = block.table[:, 0]
    odd = np.flatnonzero(np.diff(numbers) != 1)
    if odd.size:
        before, behind = numbers[odd[0] : odd[0] + 2]
        text = f"The file numbers its points, but {before:g} is followed by {behind:g}; points may be missing or damaged there."
        yield warning("row_numbers", text)


def _laser(block: Block) -> Iterator[Remark]:
    """The wavelength of a laser, where a column of wavelengths beside one of Raman shifts says which it was."""
    light = next((i for i, name in enumerate(block.header) if units.x_unit(name) == "nm"), None)
    shift = next((i for i, name in enumerate(block.header) if units.plain(name).startswith("raman shift")), None)
    if light is None or shift is None:
        return
    found = float(np.nanmedian(1e7 / (1e7 / block.table[:, light] + block.table[:, shift])))
    for name, value in stated(block.words):
        if _LASER.fullmatch(name) and _NUMBER.fullmatch(value) and (laser := float(value.replace(",", "."))):
            if abs(laser - found) > _LASER_APART:
                text = f"The file gives the wavelength of its laser as {laser:g} nm; by its wavelengths and Raman shifts it is {found:.1f} nm."
                yield warning("laser", text)
            return


def _end_mark(block: Block) -> Iterator[Remark]:
    """OOIBase and SpectraSuite close what they open; OceanView does not."""
    opened = _OPENED.match(block.words[-1]) if block.words else None
    if opened and any(map(_CLOSES.match, block.words)) and not block.after.lstrip().startswith(">>>>>End"):
        yield warning(
            "may_be_cut", f"The line {opened[0]!r} opens the table, but none closes it; rows may be lost at its end."
        )


def _compared(name: str, value: str, fact: _Fact, x: FloatArray, y: FloatArray) -> Iterator[Remark]:
    stated, found = float(value.replace(",", ".")), fact.found(x, y)
    rounded = 0.5 * 10.0 ** -len(re.split("[.,]", re.split("[eE]", value)[0] + ".")[1])
    if abs(stated - found) > fact.apart(x, y) + rounded + 1e-6 * abs(found):
        yield warning(fact.code, f"The file announces {name.upper()} = {stated:g}, its table has {found:g} there.")


def _base_peak(mz: float, height: float, x: FloatArray, y: FloatArray) -> Iterator[Remark]:
    at = int(np.argmin(np.abs(x - mz)))
    largest = float(y.max())
    if y[at] < largest or abs(height - largest) > _RELATIVE * largest:
        text = f"The file announces a base peak of {height:g} at m/z {mz:g}; the largest of its table is {largest:g} at {x[int(np.argmax(y))]:g}."
        yield warning("base_peak", text)


def _perkin_elmer(block: Block) -> Iterator[Remark]:
    """Below #GR stand the units, scale, offset, first x, step, number of points, digits, highest and lowest y (PEDS 4.00)."""
    below = block.words[block.words.index("#GR") + 1 :] if "#GR" in block.words else []
    if len(below) < 7 or not (_NUMBER.fullmatch(below[4].strip()) and below[6].strip().isdecimal()):
        return
    if int(below[6]) != block.rows:
        yield warning("count_mismatch", f"The file announces {int(below[6]):,} points, its table holds {block.rows:,}.")
    if block.rows > 1:
        names = {"firstx": 4, "deltax": 5, "maxy": 8, "miny": 9}
        for name, value in ((name, below[at]) for name, at in names.items() if at < len(below)):
            fact = next(f for f in _FACTS if f.names.fullmatch(name))
            if _NUMBER.fullmatch(value.strip()):
                yield from _compared(name, value.strip(), fact, block.table[:, 0], block.table[:, 1])


def perkin_elmer_model(words: list[str]) -> str:
    """The instrument of PerkinElmer ASCII, below two numbers that follow the names and times; '' where it is left empty."""
    if not words or not _PEDS.match(words[0]):
        return ""
    at = next((i for i, line in enumerate(words[:-2]) if i > _TIMES_OF_PEDS and _NUMBER.fullmatch(line.strip())), None)
    model = words[at + 2].strip() if at is not None else ""
    return model if model[:1].isalpha() else ""
