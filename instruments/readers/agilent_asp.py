"""Reader of .asp text files: the ASCII export of Agilent (Varian) infrared software and of GRAMS.

Six numbers (points, first x, last x, type of x, type of y, resolution), perhaps a comment behind an apostrophe,
then the ordinates. Source: Thermo, "GRAMS Instrument: ASCII with header"; the types are those of SPC.H, which
files of two Agilent instruments bear out (1 and 2 with absorbance, 1 and 128 with %T). Imports nothing above
`instruments`.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from math import isfinite
from typing import NamedTuple

import numpy as np

from spectra.types import Reading, Remark

from .. import text
from ..errors import CorruptFile, TooLarge
from ..limits import Limits
from ..probe import Guess, Probe
from ..registry import Hints, reader
from ..source import Source
from ..validate import info, warning
from .spc_codes import Codes, axes, known

HEADER = 6
# Six numbers take less than this. They are split and not matched: one pattern over them takes minutes for a
# row of commas.
_HEADER_CHARS = 500
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"\s*\d+\s+[+-]?\d+,\d+\s+[+-]?\d+,\d+\s+\d+\s+\d+\s+\d")


def sniff_asp(probe: Probe) -> Guess | None:
    """The six numbers with known type codes; surest when the first of them is the number of values that follow."""
    count, codes = _header(text.decode_head(probe.head[: 4 * _HEADER_CHARS]))
    if not known(*codes):
        return None
    if len(probe.head) == probe.size and count == len(text.decode_head(probe.head).split()) - HEADER:
        return Guess(92, "six numbers and as many values as they say")
    return Guess(90, "six numbers and extension") if probe.extension == "asp" else Guess(60, "six numbers")


def _header(head: str) -> tuple[int, tuple[int, int]]:
    """Number of points and type codes; (0, (-1, -1)) when this is no beginning of such a file."""
    nothing = 0, (-1, -1)
    comma, start = bool(_DECIMAL_COMMA.match(head)), head.lstrip()[:_HEADER_CHARS]
    words = _words(start, comma)
    if len(words) <= HEADER or words[HEADER][0] not in "'+-.0123456789":
        return nothing
    first = (start.splitlines() or [""])[0]
    if 1 < len(_words(first, comma)) < HEADER or "\t\t" in first:  # the rows of a table, or the names of its columns
        return nothing
    whole = [words[i] for i in (0, 3, 4)]
    if not all(_NUMBER.fullmatch(w) for w in words[:HEADER]) or not all(w.isdecimal() and len(w) < 10 for w in whole):
        return nothing
    return int(whole[0]), (int(whole[1]), int(whole[2]))


def _words(row: str, decimal_comma: bool) -> list[str]:
    return (row.replace(",", ".") if decimal_comma else row.replace(",", " ")).split()


@reader(
    "agilent-asp",
    title="an Agilent or GRAMS .asp file",
    techniques={"IR"},
    magic=sniff_asp,
    extensions=("asp",),
    version="2",
)
def read_asp(source: Source, hints: Hints, limits: Limits) -> Iterator[Reading]:
    """One Reading on an even axis, units by the type codes of the file.

    Raises CorruptFile with a line when a number cannot be read or when there are not as many as the file says.
    """
    content = _content(source, hints, limits)
    count, first, last, x_code, y_code, resolution = content.numbers[:HEADER]
    y = np.array(content.numbers[HEADER:], dtype=np.float64)
    if y.size == 0:
        raise CorruptFile("The file ends before its first value.", code="truncated", line=content.lines)
    if not isfinite(resolution):
        raise CorruptFile("The sixth number of the file is beyond all numbers.", code="bad_header", line=HEADER)
    if count not in (0, y.size):
        end = "; it is cut short" if y.size < count else ""
        raise CorruptFile(f"The file announces {count:,.0f} points but holds {y.size:,}{end}.", code="point_count")
    if first == last and y.size > 1:
        raise CorruptFile("The first and the last x value are the same.", code="no_axis", line=2)
    remarks = content.remarks
    if not text.ends_with_line_end(source) and not source.tail.endswith((b" ", b",", b"\f")):
        remarks += (warning("may_be_cut", "The file ends in the middle of a line; its last value may be cut."),)
    found = axes(Codes(_code(x_code), _code(y_code)), hints, float(y.max()))
    name = "resolution_cm1" if found.x_unit == "cm-1" else "resolution"
    yield Reading(
        found.kind,
        np.linspace(first, last, y.size),
        y,
        found.x_unit,
        found.y_unit,
        meta={"x_unit_raw": found.x_raw, "y_unit_raw": found.y_raw} | ({name: resolution} if resolution > 0 else {}),
        title=content.comment,
        remarks=remarks + found.remarks,
    )


class _Content(NamedTuple):
    """All numbers of a file, header included, its comment and how many lines it has."""

    numbers: array[float]
    comment: str
    lines: int
    remarks: tuple[Remark, ...]


def _content(source: Source, hints: Hints, limits: Limits) -> _Content:
    comma = hints.decimal == "," or (
        hints.decimal is None and bool(_DECIMAL_COMMA.match(text.decode_head(source.head)))
    )
    numbers, comment, number = array("d"), "", 0
    for number, line in text.lines(source, limits):
        row = line
        if len(numbers) <= HEADER and not comment:
            row, _, words = line.partition("'")
            comment = words[:80].strip()
        for word in _words(row, comma):
            if not _NUMBER.fullmatch(word):
                raise CorruptFile(f"Line {number} holds no number.", code="bad_row", line=number)
            numbers.append(float(word))
        if len(numbers) > min(limits.points, limits.text_rows) + HEADER:
            raise TooLarge("This file holds more points than are allowed.", code="too_many_points", line=number)
    if len(numbers) < HEADER:
        raise CorruptFile("The file ends within its first six numbers.", code="truncated", line=number)
    note = info("decimal_comma", "The numbers are written with a decimal comma.")
    return _Content(numbers, comment, number, (note,) if comma else ())


def _code(value: float) -> int:
    """A type code; a value that is none becomes one that means nothing."""
    return int(value) if value in range(256) else -1
