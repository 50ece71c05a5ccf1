"""Reader of Mascot generic format: one spectrum between BEGIN IONS and END IONS, nothing passed over in silence.

Format: Matrix Science, "Data file format". pyteomics is not used: it skips peaks of one column and a last spectrum
without END IONS, and after checking both nothing is left for it to do. Imports nothing above `instruments`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from math import isfinite

import numpy as np

from spectra.types import FloatArray, Reading, Remark

from .. import text
from ..errors import CorruptFile
from ..limits import Limits
from ..peaks import peak_list
from ..probe import Guess, Probe
from ..registry import Hints, reader
from ..source import Source
from ..validate import count_remark, warning
from .peak_libraries import doubtful_time, ionisation_in, leave_out_empty, precursor, stated_twice
from .record_facts import StatedFacts

_BEGIN = re.compile(r"^[ \t]*BEGIN IONS[ \t]*$", re.M | re.I)
_FIELD = re.compile(r"([A-Za-z][\w \[\]()+.*/-]{0,60})\s*=\s*(.*)")  # COMPUTED_[M+H]+ among them
_MASS = re.compile(r"(\d++\.?+\d*+(?:[eE][+-]?\d{1,3}+)?+)(?:\s++\S++){0,3}")
_PAIRS = re.compile(r"(?:[\d.eE+\-]++[ \t]++[\d.eE+\-]++[ \t]*+\n?+)*+")  # nothing but two numbers on every line
_NO_CHARGE = re.compile(r"\d+\.\d*\S*|\.\d+|\d{2,}|0")  # of a third column; no fragment has ten charges
_CHARGE_AND_MORE = re.compile(r"\d+[+-]\d\S*")
_SECONDS = re.compile(r"\s*+(\d++\.?+\d*+(?:[eE][+-]?\d{1,3}+)?+)(?:\s*+[-,;]\s*+[\d.]++)*+\s*+(?:s|sec)?\s*+")
# A decimal mark; where it parts a list of whole numbers, the time is less than one off.
_COMMA = re.compile(r"(\s*\d+),(\d+\s*(?:s|sec)?\s*)")
# A time with marks for thousands, or with what may be one: 1,234.5 and 1.234,5 and 1,234.
_GROUPED = re.compile(r"\s*[1-9]\d{0,2}(?:(?:,\d{3})+(?:\.\d*)?|(?:\.\d{3})+,\d*)\s*(?:s|sec)?\s*")
_LEVEL = re.compile(r"\s*(?:MS)?(\d)(?:\.0)?\s*", re.I)
COMMENTS = "#;!/"
MAX_FIELDS = 200
COUNTS = ("NUM PEAKS", "NUM_PEAKS", "NUMPEAKS", "PEAKSCOUNT")  # not Mascot's; mzmine, GNPS and SIRIUS write one of them
TIMES = {"RTINSECONDS": 1.0, "RTINMINUTES": 60.0}  # the second is MS-DIAL's; in seconds
TIMES_APART = 3.0  # of minutes with one decimal
IONS, LEVELS = ("PEPMASS", "PRECURSOR_MZ"), ("MSLEVEL", "MS_LEVEL")  # Mascot's, and those of matchms
IONS_APART = 0.6  # m/z; one of the two may be rounded to whole numbers
SINGLE = dict.fromkeys(IONS, "precursor") | dict.fromkeys(TIMES, "retention time")
_NOT_SAID = re.compile(r"n/?a|none|null|unknown|[-+?]+", re.I)
TITLES = ("TITLE", "NAME", "COMPOUND_NAME")
_READABLE = (
    *((level, _LEVEL.fullmatch) for level in LEVELS),
    ("CHARGE", re.compile(r"\d").search),
    ("PRECURSOR_MZ", _MASS.fullmatch),
)


@dataclass(slots=True)
class _Spectrum:
    line: int
    fields: dict[str, str] = field(default_factory=dict)
    rows: list[tuple[int, str]] = field(default_factory=list)
    again: dict[str, list[str]] = field(default_factory=dict)  # fields that were given before
    late: int = 0  # the line of a field among the peaks


def sniff_mgf(probe: Probe) -> Guess | None:
    """A BEGIN IONS line."""
    return Guess(95, "BEGIN IONS") if _BEGIN.search(text.head_lines(probe.head)) else None


@reader(
    "mgf", title="Mascot generic format (MGF)", techniques={"MS"}, magic=sniff_mgf, extensions=("mgf",), version="11"
)
def read_mgf(source: Source, hints: Hints, limits: Limits) -> Iterator[Reading]:
    """One MASS_SPECTRUM per BEGIN IONS; PEPMASS is the precursor in m/z, RTINSECONDS or RTINMINUTES the time.

    Further columns of a peak (its charge) are left out; so are spectra without peaks, with a warning. Raises
    CorruptFile with a line on a spectrum without END IONS or a peak that is not two numbers.
    """
    spectra = _spectra(text.lines(source, limits))
    yield from leave_out_empty(_reading(s) if s.rows else None for s in spectra)


def _spectra(lines: Iterator[tuple[int, str]]) -> Iterator[_Spectrum]:
    current: _Spectrum | None = None
    ended = False
    for number, line in lines:
        if current is not None and line[:1].isdigit():  # most lines of a file
            current.rows.append((number, line))
            continue
        bare = line.strip()
        words = bare.upper()
        if words == "BEGIN IONS":
            if current is not None:
                raise _unended(current, f" before line {number}", number)
            current = _Spectrum(number)
        elif words == "END IONS":
            if current is None:
                raise CorruptFile(f"END IONS on line {number} without BEGIN IONS.", code="bad_row", line=number)
            yield current
            current, ended = None, True
        elif current is not None and bare and bare[0] not in COMMENTS:
            match = _FIELD.fullmatch(bare) if bare[0].isalpha() else None
            if match is None:
                current.rows.append((number, bare))
            else:
                _add_field(current, match[1].strip().upper(), match[2], number)
        elif ended and current is None and len(bare) > 1 and "BEGIN IONS".startswith(words):
            raise CorruptFile(
                f"Line {number} begins a spectrum that is missing, so the file is cut short.",
                code="truncated",
                line=number,
            )
        elif current is None and bare[:1].isdigit() and _are_numbers(bare.split(None, 2)[:2]):
            raise CorruptFile(
                f"Line {number} holds a peak outside BEGIN IONS and END IONS.", code="bad_row", line=number
            )
    if current is not None:
        raise _unended(current, "; the file is cut short", current.line)


def _add_field(spectrum: _Spectrum, key: str, value: str, number: int) -> None:
    if spectrum.rows:
        spectrum.late = spectrum.late or number
    if key in spectrum.fields and key in SINGLE:
        spectrum.again.setdefault(key, [spectrum.fields[key]]).append(value)
    elif len(spectrum.fields) < MAX_FIELDS:
        spectrum.fields.setdefault(key, value)


def _unended(spectrum: _Spectrum, where: str, line: int) -> CorruptFile:
    return CorruptFile(f"The spectrum of line {spectrum.line} has no END IONS{where}.", code="truncated", line=line)


def _reading(spectrum: _Spectrum) -> Reading:
    fields = spectrum.fields
    mz, intensity = _peaks(spectrum.rows)
    stated = next((fields[k] for k in COUNTS if fields.get(k, "").isdecimal() and len(fields[k]) < 10), None)
    mismatch = count_remark(int(stated), mz.size, "peaks") if stated is not None else None
    level = _LEVEL.fullmatch(_first(fields, LEVELS))
    ion = _precursor(spectrum)
    adduct = fields.get("ADDUCT") or fields.get("ION", "")
    said = StatedFacts(
        fields.get("FORMULA", ""),
        fields.get("EXACTMASS", ""),
        "",
        adduct,
        fields.get("IONMODE", ""),
        ion,
        charge=fields.get("CHARGE", ""),
    )
    return peak_list(
        mz,
        intensity,
        title=next((fields[k] for k in TITLES if fields.get(k)), ""),
        instrument=fields.get("SOURCE_INSTRUMENT", ""),
        meta={"fields": {k.lower(): v for k, v in fields.items()}},
        remarks=((mismatch,) if mismatch else ()) + _doubts(spectrum) + said.contradictions(mz, intensity),
        precursor_mz=ion,
        ionisation=ionisation_in(f"{fields.get('ION_SOURCE', '')} {fields.get('SOURCE_INSTRUMENT', '')}"),
        retention_time_s=next(iter(_seconds(fields).values()), None),
        ms_level=int(level[1]) if level else None,
    )


def _doubts(spectrum: _Spectrum) -> tuple[Remark, ...]:
    """What its fields leave open: one given twice, one among the peaks, a level or a charge that is none."""
    found: tuple[Remark, ...] = ()
    for key, what in SINGLE.items():
        found += stated_twice(what, spectrum.again.get(key, ()))
    ions = _ions(spectrum.fields)
    if ions and max(map(float, ions)) - min(map(float, ions)) > IONS_APART:
        found += stated_twice("precursor", ions)
    if spectrum.late:
        text = (
            f"Line {spectrum.late} is a field among the peaks of a spectrum; two spectra may have grown together there."
        )
        found += (warning("field_among_peaks", text),)
    times = _seconds(spectrum.fields)
    if times and max(times.values()) - min(times.values()) > TIMES_APART:
        found += stated_twice("retention time", map(str, times.values()))
    for key in TIMES:
        time = spectrum.fields.get(key, "")
        found += doubtful_time(str(times[key]) if key in times else time)
        if re.search(r"\d", time) and not time.strip().startswith("-") and key not in times:
            text = f"{key} of the spectrum at line {spectrum.line} is {time[:30]!r}, which is no number of {key[4:].lower()}; it was left out."
            found += (warning("bad_retention_time", text),)
    if spectrum.fields.get("PEPMASS", "?") == "":
        found += (warning("bad_field", f"PEPMASS of the spectrum at line {spectrum.line} is empty."),)
    for key, readable in _READABLE:
        value = spectrum.fields.get(key, "").strip()
        if value and not _NOT_SAID.fullmatch(value) and not readable(value):
            found += (
                warning(
                    "bad_field", f"{key} of the spectrum at line {spectrum.line} is {value[:30]!r}, which is none."
                ),
            )
    return found


def _peaks(rows: list[tuple[int, str]]) -> tuple[FloatArray, FloatArray]:
    """m/z and intensity (P,). Raises CorruptFile at a row that does not begin with two numbers."""
    joined = "\n".join([line for _, line in rows])
    bare = _PAIRS.fullmatch(joined) is not None
    if not bare:
        _refuse_grown(rows)
    cells = [] if bare else [line.split(None, 2)[:2] for _, line in rows]
    try:
        flat = np.array(list(map(float, joined.split() if bare else chain.from_iterable(cells))), dtype=np.float64)
    except ValueError:
        flat = np.empty(0)
    if flat.size == 2 * len(rows) and "_" not in joined:  # float("1_0") is 10 to Python
        return flat[0::2], flat[1::2]
    number = next((n for n, line in rows if not _are_numbers(line.split(None, 2)[:2])), None)
    if number is None:  # the low line stands in a further column
        return flat[0::2], flat[1::2]
    raise CorruptFile(f"Line {number} holds no peak of two numbers.", code="bad_row", line=number)


def _refuse_grown(rows: list[tuple[int, str]]) -> None:
    """Raise CorruptFile at a row with a third number that is no charge, where others have none, or with a pair behind its
    charge: two rows grew together, or a number broke in two.
    """
    third = [(n, cells) for n, line in rows if len(cells := line.split(None, 5)) > 2]
    grown = [
        n
        for n, cells in third
        if (len(third) < len(rows) and _NO_CHARGE.fullmatch(cells[2]))
        or _CHARGE_AND_MORE.fullmatch(cells[2])
        or (len(cells) > 4 and _are_numbers(cells[3:5]))
    ]
    if 0 < len(grown) < len(rows):
        raise CorruptFile(
            f"Line {grown[0]} holds more numbers than other peaks of its spectrum.", code="row_length", line=grown[0]
        )


def _are_numbers(pair: list[str]) -> bool:
    try:
        return len([float(cell) for cell in pair if "_" not in cell]) == 2
    except ValueError:
        return False


def _first(fields: dict[str, str], keys: tuple[str, ...]) -> str:
    return next((value for key in keys if (value := fields.get(key, "").strip())), "")


def _ions(fields: dict[str, str]) -> list[str]:
    """The first number of PEPMASS and that of PRECURSOR_MZ, where they give one above 0."""
    found = (_MASS.fullmatch(fields.get(key, "").strip()) for key in IONS)
    return [match[1] for match in found if match and float(match[1]) > 0]


def _precursor(spectrum: _Spectrum) -> float | None:
    """The precursor, None where it is empty or 0. Raises CorruptFile where PEPMASS, which every MGF has, is no mass."""
    value = spectrum.fields.get("PEPMASS", "").strip()
    if value and not _MASS.fullmatch(value):
        raise CorruptFile(
            f"PEPMASS of the spectrum at line {spectrum.line} is no mass.", code="bad_header", line=spectrum.line
        )
    ions = _ions(spectrum.fields)
    return precursor(ions[0], spectrum.line) if ions else None


def _seconds(fields: dict[str, str]) -> dict[str, float]:
    """The times that can be read, by field; of a range, as a sum of scans has it, the first number."""
    stated = {key: value for key in TIMES if not _GROUPED.fullmatch(value := fields.get(key, ""))}
    comma = {key: match.expand(r"\1.\2") for key, value in stated.items() if (match := _COMMA.fullmatch(value))}
    found = {key: _SECONDS.fullmatch(value) for key, value in (stated | comma).items()}
    times = {key: float(match[1]) * TIMES[key] for key, match in found.items() if match}
    return {key: seconds for key, seconds in times.items() if isfinite(seconds)}
