"""Reader of NIST MSP text and AMDIS MSL libraries. Their peak lists have a module of their own.

After "NIST Text Format of Individual Spectra" in the manual of NIST MS Search, and what MoNA, GOLM, MS-DIAL and AMDIS
make of it. Imports nothing above `instruments`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from spectra.types import FloatArray, Reading, Remark

from .. import text
from ..errors import COPY, CorruptFile
from ..limits import Limits
from ..peaks import peak_list
from ..probe import Guess, Probe
from ..registry import Hints, reader
from ..source import Source
from ..validate import LONGEST_RUN_MIN, count_remark, info, warning
from .msp_peaks import last_row_may_be_cut, peaks_of
from .peak_libraries import doubtful_time, impossible, ionisation_in, leave_out_empty, positive, stated_twice
from .record_facts import StatedFacts

_FIELD = re.compile(r"\s*([A-Za-z][\w #$/\-().]{0,60}?)\s*:\s?(.*)$")
_COUNT = re.compile(r"^[ \t]*num[ _.]{0,2}peaks?[ \t]*:", re.I | re.M)
_NAME = re.compile(r"^[ \t]*name[ \t]*:", re.I | re.M)
_PEAKS = re.compile(_COUNT.pattern + r"[ \t]*\d+[ \t]*\n[ \t]*[(\d]", re.I | re.M)
NAMES = ("name", "compoundname", "title")  # matchms writes COMPOUND_NAME
_OTHER_NAME = re.compile(r"^\s*(?:compound[_ ]?name|title|precursor[_ ]?(?:mz|type))\s*:", re.I | re.M)
_COUNT_KEY = re.compile(r"num[ _.]{0,2}peaks?")
# MoNA writes "key=value", NIST key="value" into the comment.
_COMMENTED = re.compile(r'"([^"=]{1,60})=([^"]*)"|([\w#.\-]{1,60})="([^"]*)"')
_BESIDE = re.compile(r"([^;]*?)\s*;\s*(NIST#|DB#)\s*:\s*(.*)", re.I)
_FORMULA = re.compile(r"(?:[A-Z][a-z]?\d*)+")
_SPACING = str.maketrans("", "", " _-./()$#")
_OF_AMDIS = frozenset({"rw", "rf", "rsn"})  # fields beside RT
MAX_FIELDS = 200


@dataclass(slots=True)
class _Record:
    """One record as text: `fields` under their own names, `plain` under names without blanks and dashes."""

    line: int
    fields: dict[str, Any] = field(default_factory=dict)
    plain: dict[str, Any] = field(default_factory=dict)
    declared: int | None = None
    rows: list[tuple[int, str]] = field(default_factory=list)
    of_msdial: bool = False

    def text(self, *keys: str) -> str:
        """The first value of these fields, given without case, blanks and dashes; '' if there is none."""
        found = next((v for k in keys if (v := self.plain.get(k))), "")
        return str(found[0] if isinstance(found, list) else found)

    def number(self, *keys: str) -> float | None:
        """As `text`, as a number; too many digits make it infinite."""
        match = re.match(r"\s*(\d+(?:[.,]\d+)?)", self.text(*keys))
        return float(match[1].replace(",", ".")) if match else None

    def ends_before(self, key: str, leading: str, *, blank: bool) -> bool:
        """Whether a field of this name begins the next record.

        NAME: does, unless this record has none yet. Behind the peaks every field does after a blank line, and without
        one the field that begins the first record (`leading`); any other still belongs to this record.
        """
        done = bool(self.rows) or self.declared == 0
        if key == "name":
            return done or key in self.fields
        return done and (blank or key == leading)

    @property
    def bracketed(self) -> bool:
        """Whether its peaks are in round brackets, as AMDIS writes them."""
        return self.rows[0][1].lstrip().startswith("(")

    @property
    def name(self) -> str:
        """What to call the record in a sentence."""
        return (self.text(*NAMES) or f"record at line {self.line}")[:60]


def sniff_msp(probe: Probe) -> Guess | None:
    """A NUM PEAKS: line with a NAME: or with peaks below it; MSL is told by its peaks in round brackets."""
    head = text.head_lines(probe.head)
    if not _NAME.search(head):
        begins = _FIELD.match(head.lstrip().partition("\n")[0])
        if not begins or not _PEAKS.search(head):
            return None
        sure = probe.extension in ("msp", "msl") or _OTHER_NAME.search(head)
        return Guess(85 if sure else 40, "Num Peaks: and peaks")
    if not _COUNT.search(head):
        return Guess(30, "Name: without Num Peaks:") if probe.extension in ("msp", "msl") else None
    return Guess(92, "Name: and Num Peaks:")


@reader(
    "msp", title="an MSP or MSL library", techniques={"MS"}, magic=sniff_msp, extensions=("msp", "msl"), version="11"
)
def read_msp(source: Source, hints: Hints, limits: Limits) -> Iterator[Reading]:
    """One MASS_SPECTRUM per record, x = m/z and y = intensity as written; every field stays in meta["fields"].

    Repeated fields (Synon) become lists, quoted pairs of a comment meta["comment"]. Records that announce no peaks
    are left out with a warning. Raises CorruptFile with a line on values that are no numbers, on a record that lost
    its peaks, on an impossible count, and on a last record cut short.
    """
    yield from leave_out_empty(_readings(source, limits))


def _readings(source: Source, limits: Limits) -> Iterator[Reading | None]:
    waiting: _Record | None = None
    for record in _records(text.lines(source, limits)):
        if waiting is not None:
            yield _reading(waiting, limits, last=False, cut=False)
        waiting = record
    if waiting is not None:
        yield _reading(waiting, limits, last=True, cut=not text.ends_with_line_end(source))


def _records(lines: Iterator[tuple[int, str]]) -> Iterator[_Record]:
    """Records as NIST writes them, NAME: first, and as others do: see `_Record.ends_before`."""
    record: _Record | None = None
    in_peaks = blank = False
    leading = ""
    for number, line in lines:
        if in_peaks and record is not None and line[:1].isdigit():  # most lines of a library
            record.rows.append((number, line))
            blank = False
            continue
        bare = line.strip()
        if not bare:
            blank = True
            continue
        match = _FIELD.match(line) if bare[0].isalpha() else None
        key = match[1].strip().lower() if match else ""
        if record is not None and match and record.ends_before(key, leading, blank=blank):
            yield record
            record = None
        if record is None:
            if match is None:
                raise CorruptFile(f"Line {number} stands before the first Name:.", code="bad_row", line=number)
            record, leading = _Record(number), leading or key
        if match:
            # RAMClustR, which means seconds, writes no blank behind the colon
            record.of_msdial |= match[1] == "RETENTIONTIME" and line[match.start(2) - 1].isspace()
            _add_field(record, key, match[2].strip(), number)
        elif record.declared is not None:
            record.rows.append((number, line))
        else:
            _add_field(record, "continued", bare[:500], number)
        in_peaks, blank = record.declared is not None, False
    if record is not None:
        yield record


def _add_field(record: _Record, key: str, value: str, number: int) -> None:
    if _COUNT_KEY.fullmatch(key):
        _announce(record, value, number)
        return
    beside = _BESIDE.fullmatch(value)
    if beside:  # CAS#: 58-08-2;  NIST#: 229063
        value = beside[1]
        _add_field(record, beside[2].lower(), beside[3], number)
    known = record.fields.get(key)
    if known is None:
        if len(record.fields) < MAX_FIELDS:
            record.fields[key] = value
            record.plain.setdefault(key.translate(_SPACING), value)
    elif isinstance(known, list):
        if len(known) < MAX_FIELDS:
            known.append(value)
    else:
        record.fields[key] = [known, value]


def _announce(record: _Record, value: str, number: int) -> None:
    """Num Peaks, which some programs follow with the first peaks on its own line."""
    count, _, rest = value.partition(";")
    if not (count.strip().isascii() and count.strip().isdecimal()) or len(count.strip()) > 15:
        raise CorruptFile(f"Num Peaks on line {number} is no count.", code="bad_header", line=number)
    if record.declared is not None:
        raise CorruptFile(f"Line {number} announces the peaks of a record again.", code="bad_header", line=number)
    record.declared = int(count)
    if rest.strip():
        record.rows.append((number, rest))


def _reading(record: _Record, limits: Limits, *, last: bool, cut: bool) -> Reading | None:
    name = record.name
    if record.declared is None or (record.declared > 0 and not record.rows):
        raise CorruptFile(f"The record {name!r} has no peaks.", code="truncated", line=record.line)
    if record.declared > limits.points:
        raise CorruptFile(
            f"Num Peaks of {name!r} is {record.declared:,}, which is impossible.", code="bad_header", line=record.line
        )
    mz, intensity = peaks_of(record.rows, record.declared)
    if mz.size == 0:
        return None
    if last and cut and mz.size < record.declared:
        raise CorruptFile(
            f"The last record {name!r} holds {mz.size} of {record.declared} peaks, so the file is cut short.",
            code="truncated",
            line=record.rows[-1][0],
            hint=COPY,
        )
    cut = last and cut and last_row_may_be_cut(record.rows)
    return peak_list(
        mz,
        intensity,
        title=record.text(*NAMES) or name,
        instrument=record.text("instrument"),
        ms_level=_level(record),
        meta=_meta(record),
        remarks=_remarks(record, mz, cut) + _stated(record).contradictions(mz, intensity),
        precursor_mz=positive(str(record.number("precursormz", "pepmass") or "")),
        ionisation=_ionisation(record),
        retention_time_s=_seconds(record),
    )


def _meta(record: _Record) -> dict[str, Any]:
    """All fields, and the pairs in the comment. FORM of an AMDIS record is the formula, elsewhere the salt form."""
    fields = dict(record.fields)
    if record.bracketed and _FORMULA.fullmatch(record.text("form")):
        fields.setdefault("formula", record.text("form"))
        fields.pop("form", None)
    pairs = _COMMENTED.findall(record.text("comments", "comment"))
    comment: dict[str, str] = {}
    for a, b, c, d in pairs[:MAX_FIELDS]:
        comment.setdefault((a or c).strip().lower(), (b or d).strip())
    return {"fields": fields} | ({"comment": comment} if comment else {})


def _stated(record: _Record) -> StatedFacts:
    return StatedFacts(
        record.text("formula"),
        record.text("exactmass", "monoisotopicmass"),
        record.text("mw", "molecularweight"),
        record.text("precursortype", "adduct", "iontype"),
        record.text("ionmode", "polarity"),
        record.number("precursormz", "pepmass"),
        record.text("cas", "casno", "casnumber"),
        record.text("charge"),
        record.text("nominalmass"),
    )


def _remarks(record: _Record, mz: FloatArray, cut: bool) -> tuple[Remark, ...]:
    mismatch = count_remark(record.declared or 0, mz.size, "peaks")
    found: tuple[Remark, ...] = (mismatch,) if mismatch else ()
    found += impossible(record.text("precursormz", "pepmass"))
    found += doubtful_time(record.text("rtinseconds", "retentiontime", "rt"))
    masses = record.fields.get("precursormz", "")
    found += stated_twice("precursor", masses if isinstance(masses, list) else ())
    if not record.text(*NAMES):
        text = f"The record at line {record.line} has no name; it may be the rest of another one."
        found += (warning("no_name", text),)
    if cut:
        text = "The file ends without a line end, as many programs write it; its last intensity may lack digits."
        found += (info("may_be_cut", text),)  # all announced peaks are there
    return found


def _level(record: _Record) -> int | None:
    match = re.search(r"\b(?:MS)?(\d)\b", record.text("spectrumtype", "mslevel"), re.I)
    return int(match[1]) if match else None


def _ionisation(record: _Record) -> str:
    """As the record says; EI where it says nothing and names no precursor, as such libraries are of GC-MS."""
    stated = record.text("ionization", "ionisation", "ionizationmethod", "ionisationmethod")
    stated = stated or ionisation_in(record.text("instrumenttype", "source"))
    return stated or ("" if record.number("precursormz", "pepmass") else "EI")


def _seconds(record: _Record) -> float | None:
    """Retention time where its unit is written beside it or in the name of its field, or is that of the program that names
    its fields so: MS-DIAL and AMDIS write minutes. Else it stays in the fields.
    """
    seconds = record.number("rtinseconds")
    if seconds is not None:
        return seconds if isfinite(seconds) else None
    match = re.match(
        r"\s*(\d+(?:[.,]\d+)?)\s*(s|sec|seconds|min|minutes)?\s*$", record.text("retentiontime", "rt"), re.I
    )
    if match is None:
        return None
    bare = "min" if record.of_msdial or record.bracketed or not _OF_AMDIS.isdisjoint(record.fields) else ""
    value, unit = float(match[1].replace(",", ".")), (match[2] or bare).lower()
    if not unit or (not match[2] and value > LONGEST_RUN_MIN) or not isfinite(value):
        return None
    return value * (60.0 if unit.startswith("min") else 1.0)
