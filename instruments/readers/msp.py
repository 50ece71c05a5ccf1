"""Reader of NIST MSP text and AMDIS MSL libraries, in all the shapes their peak lists take.

There is no standard; the forms are those of NIST MS Search, MoNA, GOLM, MS-DIAL and AMDIS exports. Imports
nothing above `instruments`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

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

_FIELD = re.compile(r"\s*([A-Za-z][\w #$/\-().]{0,60}?)\s*:\s?(.*)$")
_COUNT = re.compile(r"^[ \t]*num[ _]?peaks?[ \t]*:", re.I | re.M)
_NAME = re.compile(r"^[ \t]*name[ \t]*:", re.I | re.M)
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?|[+-]?(?:nan|inf(?:inity)?)"
_PAIR = re.compile(rf"({_NUMBER})[\s:,]+({_NUMBER})(?![\w.])", re.I)
_PAIR_COMMA = re.compile(r"([+-]?\d+(?:,\d+)?)[\s:]+([+-]?\d+(?:,\d+)?)(?![\w,])")
_PLAIN = re.compile(r"[\s\d.;eE+\-]*")
_ANNOTATION = re.compile(r'"[^"]*"?|\{[^}]*\}|\[[^\]]*\]')
MAX_FIELDS = 200


@dataclass(slots=True)
class _Record:
    line: int
    fields: dict[str, Any] = field(default_factory=dict)
    declared: int | None = None
    rows: list[tuple[int, str]] = field(default_factory=list)

    def text(self, *keys: str) -> str:
        found = next((v for k in keys if (v := self.fields.get(k))), "")
        return str(found[0] if isinstance(found, list) else found)

    def number(self, *keys: str) -> float | None:
        match = re.match(r"\s*(\d+(?:[.,]\d+)?)", self.text(*keys))
        return float(match[1].replace(",", ".")) if match else None


def sniff_msp(probe: Probe) -> Guess | None:
    """A NAME: and a NUM PEAKS: line; MSL is told by its peaks in round brackets."""
    head = re.sub(r"\r\n?", "\n", text.decode_head(probe.head))
    if not (_NAME.search(head) and text.looks_like_text(probe.head)):
        return None
    if not _COUNT.search(head):
        return Guess(30, "Name: without Num Peaks:") if probe.extension in ("msp", "msl") else None
    return Guess(92, "Name: and Num Peaks:")


@reader("msp", title="an MSP or MSL library", techniques={"MS"}, magic=sniff_msp, extensions=("msp", "msl"))
def read_msp(source: Source, hints: Hints, limits: Limits) -> Iterator[Reading]:
    """One MASS_SPECTRUM per record, x = m/z and y = intensity as written; every field stays in meta["fields"].

    Repeated fields (Synon) become lists. Raises CorruptFile with a line on values that are no numbers, on a
    record without peaks, on an impossible count, and on a last record cut short.
    """
    waiting: _Record | None = None
    for record in _records(text.lines(source, limits)):
        if waiting is not None:
            yield _reading(waiting, limits, last=False, cut=False)
        waiting = record
    if waiting is not None:
        yield _reading(waiting, limits, last=True, cut=not text.ends_with_line_end(source))


def _records(lines: Iterator[tuple[int, str]]) -> Iterator[_Record]:
    """Records begin at NAME: or, after peaks and a blank line, at any field."""
    record: _Record | None = None
    for number, line in lines:
        if not line.strip():
            continue
        match = _FIELD.match(line) if not line.lstrip()[:1].isdigit() else None
        if match and (match[1].lower() == "name" or (record and record.rows)):
            if record is not None:
                yield record
            record = _Record(number)
        if record is None:
            if match is None:
                raise CorruptFile(f"Line {number} stands before the first Name:.", code="bad_row", line=number)
            record = _Record(number)
        if match and record.declared is None:
            _add_field(record, match[1].strip().lower(), match[2].strip(), number)
        elif record.declared is not None:
            record.rows.append((number, line))
        else:
            _add_field(record, "continued", line.strip()[:500], number)
    if record is not None:
        yield record


def _add_field(record: _Record, key: str, value: str, number: int) -> None:
    if re.fullmatch(r"num[ _]?peaks?", key):
        count, _, rest = value.partition(";")
        if not count.strip().isdecimal() or len(count.strip()) > 15:
            raise CorruptFile(f"Num Peaks on line {number} is no count.", code="bad_header", line=number)
        record.declared = int(count)
        if rest.strip():
            record.rows.append((number, rest))
        return
    known = record.fields.get(key)
    if known is None:
        if len(record.fields) < MAX_FIELDS:
            record.fields[key] = value
    elif isinstance(known, list):
        if len(known) < MAX_FIELDS:
            known.append(value)
    else:
        record.fields[key] = [known, value]


def _reading(record: _Record, limits: Limits, *, last: bool, cut: bool) -> Reading:
    name = record.text("name") or f"record at line {record.line}"
    if record.declared is None or (record.declared > 0 and not record.rows):
        raise CorruptFile(f"The record {name[:60]!r} has no peaks.", code="truncated", line=record.line)
    if record.declared > limits.points:
        raise CorruptFile(
            f"Num Peaks of {name[:60]!r} is {record.declared:,}, which is impossible.",
            code="bad_header",
            line=record.line,
        )
    mz, intensity = _peaks(record)
    if last and cut and mz.size < record.declared:
        raise CorruptFile(
            f"The last record {name[:60]!r} holds {mz.size} of {record.declared} peaks.",
            code="truncated",
            line=record.rows[-1][0],
            hint="The file is cut short; copy it again.",
        )
    level, ionisation = _level(record), _ionisation(record)
    return peak_list(
        mz,
        intensity,
        title=name,
        instrument=record.text("instrument"),
        meta={"fields": record.fields},
        remarks=_remarks(record, mz.size, cut=cut),
        ms_level=level,
        ionisation=ionisation,
        precursor_mz=record.number("precursormz", "precursor mz", "pepmass", "precursor_mz") or None,
        retention_time_s=None,
    )


def _remarks(record: _Record, found: int, *, cut: bool) -> tuple[Remark, ...]:
    mismatch = count_remark(float(record.declared or 0), found, "peaks")
    remarks: tuple[Remark, ...] = (mismatch,) if mismatch else ()
    if cut and len(record.rows) == record.declared:  # one peak per line and no line end: the last may be cut
        remarks += (warning("may_be_cut", "The file ends in the middle of a line; its last peak may be cut."),)
    return remarks


def _level(record: _Record) -> int | None:
    match = re.search(r"\bMS(\d)", record.text("spectrum_type", "spectrum type", "ms_level", "ms level"), re.I)
    return int(match[1]) if match else None


def _ionisation(record: _Record) -> str:
    """As the record says; EI where it says nothing and names no precursor, as such libraries are of GC-MS."""
    stated = record.text("ionization", "ionisation", "ionization method")
    kind = re.match(r"(?:GC|LC|DI)?-?(EI|CI|ESI|APCI|DART|MALDI)\b", record.text("instrument_type", "source"), re.I)
    if stated or kind:
        return stated or (kind[1].upper() if kind else "")
    return "EI" if not record.number("precursormz", "precursor mz", "pepmass") else ""


def _peaks(record: _Record) -> tuple[FloatArray, FloatArray]:
    """All pairs of a record. One pair per line may be followed by notes; several per line are separated anyhow."""
    body = "\n".join(line for _, line in record.rows)
    if _PLAIN.fullmatch(body):  # the common case: bare numbers
        flat = np.array(re.findall(_NUMBER, body), dtype=np.float64)
        if flat.size == 2 * (record.declared or 0):
            return flat[0::2].copy(), flat[1::2].copy()
    one_per_line = len(record.rows) == record.declared
    found: list[tuple[float, float]] = []
    for number, line in record.rows:
        pairs = _pairs(_ANNOTATION.sub(" ", line), number)
        found.extend(pairs[:1] if one_per_line else pairs)
    flat = np.array(found, dtype=np.float64).reshape(-1, 2)
    return flat[:, 0].copy(), flat[:, 1].copy()


def _pairs(line: str, number: int) -> list[tuple[float, float]]:
    bare = line.replace("(", " ").replace(")", "; ")
    comma = re.search(r"\d,\d", bare) and not re.search(r"\d\.\d", bare) and re.search(r"[;\s]", bare.strip())
    pattern = _PAIR_COMMA if comma else _PAIR
    pairs = [(float(a.replace(",", ".")), float(b.replace(",", "."))) for a, b in pattern.findall(bare)]
    if not pairs and bare.strip(" ;,\t"):
        shown = "".join(c if c.isprintable() else "?" for c in line.strip()[:40])
        raise CorruptFile(f"Line {number} ({shown!r}) holds no peak.", code="bad_row", line=number)
    return pairs
