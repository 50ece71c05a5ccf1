"""Peak lists with words beside the numbers (formulas, ions, annotations), rows that a spreadsheet put in quotes, and %.

Before the trial of dialects: such a row is not one of numbers, and is made one here. Imports sibling text modules only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count, islice
from math import isnan, nan
from operator import itemgetter
from typing import NamedTuple

from .. import units
from ..errors import CorruptFile, UnsupportedVariant
from .text_dialect import MISSING, SPACE, Dialect

HEADER_WITHIN, WIDEST = 200, 256
MOST_TRIES = 2  # each may go through the whole file
JUDGED = 100  # peaks that show whether a column holds words, before all are gone through
_MASS = re.compile(r"m\s*+[/.]?+\s*+z\b|mass|dalton|thom|\bamu\b|\bions?\b", re.I)
_INTENSITY = re.compile(r"intens|\bint\b|abund|height|counts|\brel\b|^\W*%\W*$", re.I)
_TIME = re.compile(r"\brt\b|retention|\btime\b", re.I)  # of a list of compounds, each with its mass
_EVENTS, _VOLUMES = re.compile(r"\([^()]{2,40}\)"), {"min", "ml", "CV"}
_EVERY = [Dialect(SPACE, *marks) for marks in ((".",), (",",), (".", ","), (",", "."))]
_LETTER = re.compile(r"[^\W\d_]")
_PER_CENT = re.compile(r'([\s"]*+[+-]?\d[\d.,;|eE+\-"\s]*\d[.,]?)\s?%("?\s*)')
_BEGINS_WITH_NUMBER = re.compile(r'[\s"]*[+-]?[.,]?\d')
_QUOTED = re.compile(r'\s*"[^"]*"\s*')


class _Header(NamedTuple):
    """A line that may name the columns of a peak list: its place, the names, the columns of m/z, how to read the rows."""

    at: int
    names: list[str]
    masses: tuple[int, ...]
    dialect: Dialect

    @property
    def width(self) -> int:
        return len(self.names)

    def with_intensity(self, columns: Iterable[int]) -> bool:
        """Whether one of the columns beside the m/z is an intensity by name."""
        return any(c not in self.masses and _INTENSITY.search(self.names[c]) for c in columns)


def bare_rows(lines: list[str]) -> list[str]:
    """The lines, as many as before: without quotes round every whole line, % behind every one, the words of a peak list or beside a run."""
    filled = [line for line in lines if line.strip()]
    if filled and all(map(_QUOTED.fullmatch, filled)):
        lines = [line.strip().strip('"') for line in lines]
    lines = _without_labels(_without_events(_without_per_cent(lines)))
    for header in _headers(lines):
        rows = _without_words(lines, header)
        if rows is not None:
            return rows
    return lines


def _without_events(lines: list[str]) -> list[str]:
    """The lines of a UNICORN export without the pairs of columns that hold words, whose unit is their name: (Fractions)."""
    bare = Dialect("\t", ".")
    for at, line in enumerate(lines[:HEADER_WITHIN]):
        cells = [c.strip() for c in line.split("\t")]
        named = {i for i, c in enumerate(cells) if i % 2 and _EVENTS.fullmatch(c)}
        if named and set(cells[::2]) <= _VOLUMES | {""} and cells[0]:
            events = set[int]()
            for number, below in enumerate(islice(lines, at + 1, None), start=at + 2):
                row = bare.cells(below, number)
                events |= {i for i in named - events if i < len(row) and _is_label(row[i])}
                if events == named:  # at the first row of most tables
                    break
            kept = [i for i in range(len(cells)) if not events & {i, i + 1}]
            if not events or not kept:
                return lines
            rows = map(bare.cells, lines, count(1))
            return [
                _joined([row[i] for i in kept if i < len(row)], bare) if len(row) > 1 else "".join(row) for row in rows
            ]
    return lines


def _without_labels(lines: list[str]) -> list[str]:
    """The lines of a table over time or wavelength without columns that hold the same words in every row.

    Raises UnsupportedVariant where the axis begins again whenever the words change: then several curves stand below each other.
    """
    filled = ((number, line) for number, line in enumerate(lines, start=1) if line.strip())
    top = list(islice(filled, 2))
    for delimiter in ("\t", ";", ",") if len(top) > 1 else ():
        dialect = Dialect(delimiter, ".")
        names = dialect.cells(top[0][1])
        axis = next((i for i, name in enumerate(names) if _is_axis(name)), 0)
        first = dialect.cells(top[1][1], top[1][0]) if len(names) > 2 and _is_axis(names[axis]) else []
        labels = [i for i, c in enumerate(first) if i != axis and _is_label(c)]
        kept = [i for i in range(len(first)) if i not in set(labels)]
        if not labels or len(kept) < 2:
            continue
        rows = chain([first], (dialect.cells(line, number) for number, line in filled))
        most = (sum(bool(line.strip()) for line in lines) - 1) // JUDGED
        changes = _changes(rows, labels, axis, len(names), most)
        if changes is None:
            return lines
        if not changes:
            cells = (dialect.cells(line, number) for number, line in enumerate(lines, start=1))
            return [_joined([row[i] for i in kept], dialect) if any(row) else "" for row in cells]
        raise UnsupportedVariant(
            f"By its column {names[changes[0]][:40]!r}, this table holds {len(changes) + 1:,} curves one below the other.",
            code="several_curves",
            hint="Export each curve as a table of its own.",
        )
    return lines


def _changes(rows: Iterable[list[str]], labels: Sequence[int], axis: int, width: int, most: int) -> list[int] | None:
    """The column of words that changes, for every row at which one does and the axis begins again.

    None where the axis goes on at such a row, at `most` of them, or where a row has another width; no row is kept.
    """
    words, found, said = itemgetter(*labels), list[int](), None
    start = before = list[str]()
    for row in rows:
        if len(row) != width:
            return None
        if (now := words(row)) != said:
            if before:
                found.append(next(i for i in labels if row[i] != before[i]))
                if len(found) >= most or not _begins_again(*(_value(r[axis]) for r in (start, before, row))):
                    return None
            start, said = row, now
        before = row
    return found


def _begins_again(start: float, before: float, value: float) -> bool:
    """Whether an axis that came from `start` to `before` goes back."""
    return (before - start) * (value - before) < 0


def _value(cell: str) -> float:
    return next((v for d in _EVERY if (v := d.number(cell)) is not None), nan)


def _is_label(cell: str) -> bool:
    """Whether a filled cell is a word, whatever its decimal mark would be."""
    return cell.lower() not in MISSING and all(_is_word(cell, dialect) for dialect in _EVERY)


def _is_axis(name: str) -> bool:
    return units.is_time(name) or units.x_unit(name) in ("cm-1", "nm", "um")


def _without_per_cent(lines: list[str]) -> list[str]:
    """The lines without the % behind every row down to the end, which the names of columns above them have instead."""
    changed: dict[int, str] = {}
    for at in range(len(lines) - 1, -1, -1):
        row = _PER_CENT.fullmatch(lines[at])
        if row:
            changed[at] = row[1] + row[2]
        elif lines[at].strip():
            if not changed or _BEGINS_WITH_NUMBER.match(lines[at]):
                break
            names = lines[at].rstrip()
            bare = names.removesuffix('"')
            if "%" not in names and _name_columns(names, changed[min(changed)]):
                changed[at] = f"{bare} (%){names[len(bare) :]}"
            return [changed.get(i, line) for i, line in enumerate(lines)]
    return lines


def _name_columns(line: str, row: str) -> bool:
    """Whether a line has as many cells as a row of the table below it, and gives no value."""
    mark = next((m for m in "\t;|," if m in line), None)
    return not re.search("[:=]", line) and len(line.split(mark)) == len(row.split(mark)) > 1


def _headers(lines: Sequence[str]) -> Iterator[_Header]:
    seen = set[tuple[str, int, tuple[int, ...]]]()
    for at, line in enumerate(lines[:HEADER_WITHIN]):
        if not _MASS.search(line):
            continue
        for delimiter in ("\t", ";", ",", "|", SPACE):
            cells = Dialect(delimiter, ".").cells(line)
            if not 2 < len(cells) <= WIDEST or any(map(_TIME.search, cells)):
                continue
            masses = tuple(i for i, c in enumerate(cells) if _is_mass(c))
            header, key = _Header(at, cells, masses, Dialect(delimiter, ".")), (delimiter, len(cells), masses)
            if masses and key not in seen and header.with_intensity(range(len(cells))):
                seen.add(key)
                yield from (header, header._replace(dialect=Dialect(delimiter, ",")))
                if len(seen) == MOST_TRIES:
                    return


def _is_mass(name: str) -> bool:
    return bool(_MASS.search(name)) and units.x_unit(name) == "m/z"


def _without_words(lines: list[str], header: _Header) -> list[str] | None:
    """All lines, those from the header on without the columns of words; None if there are none.

    Raises CorruptFile at a row of another length, up to the first empty line behind the peaks.
    """
    words = _columns_of_words(islice(_peaks(lines, header), JUDGED), header)
    while words:
        found = _without(lines, header, words)
        if not isinstance(found, int):
            return found
        words = words - {found}  # it holds a number further down
    return None


def _without(lines: list[str], header: _Header, words: set[int]) -> list[str] | int | None:
    """As `_without_words`, without these columns; the first of them that holds another thing than words, None if nothing is left."""
    kept = [c for c in range(header.width) if c not in words]
    if len(kept) < 2 or not header.with_intensity(kept):
        return None
    dialect, width = header.dialect, header.width
    lacking = range(max(kept) + 1, width)  # cells of a row without its last words
    found, begun, ended = list(lines), False, False
    found[header.at] = _joined([header.names[c] for c in kept], dialect)
    for number, line in enumerate(islice(lines, header.at + 1, None), header.at + 1):
        row = dialect.cells(line)
        row = row if len(row) == width else _fitted(row, header)
        peak = _is_peak(row, header)
        begun, ended = begun or peak, ended or (begun and not any(row))
        if line == lines[header.at]:
            found[number] = found[header.at]
        elif peak and (len(row) == width or (not ended and len(row) in lacking)):
            row += [""] * (width - len(row))
            for c in words if not ended else ():
                if not _is_word(row[c], dialect) and row[c].lower() not in MISSING:
                    return c
            found[number] = _joined([row[c] for c in kept], dialect)
        elif peak and not ended and sum(_is_number(cell, dialect) for cell in row) > 1:
            raise CorruptFile(
                f"Line {number + 1} has {len(row)} cells where the header names {header.width}, so the file is damaged there.",
                code="row_length",
                line=number + 1,
            )
    return found


def _joined(cells: Iterable[str], dialect: Dialect) -> str:
    """A line of these cells, in quotes where they hold the delimiter."""
    mark, cells = " " if dialect.delimiter == SPACE else dialect.delimiter, list(cells)
    if not any(mark in c for c in cells):
        return mark.join(cells)
    return mark.join([f'"{c.replace(chr(34), chr(34) * 2)}"' if mark in c else c for c in cells])


def _peaks(lines: Sequence[str], header: _Header) -> Iterator[list[str]]:
    """The whole rows of the peaks below a header, up to the first empty line; none if they do not begin soon."""
    begun = False
    for number, line in enumerate(islice(lines, header.at + 1, None)):
        row = _fitted(header.dialect.cells(line), header)
        if _is_peak(row, header):
            begun = True
            if len(row) == header.width:
                yield row
        elif (begun and not any(row)) or (not begun and number > HEADER_WITHIN):
            return


def _fitted(row: list[str], header: _Header) -> list[str]:
    """A row with its last cells as one where they are words that blanks separate, and not another peak."""
    more = row[header.width :]
    if header.dialect.delimiter != SPACE or not more or sum(_is_number(c, header.dialect) for c in more) > 1:
        return row
    return [*row[: header.width - 1], " ".join(row[header.width - 1 :])]


def _columns_of_words(rows: Iterable[list[str]], header: _Header) -> set[int]:
    """The columns of words and empty cells in the peaks of a table; none where all of those are empty."""
    left, seen = set(range(header.width)), set[int]()
    for row in rows:
        filled = {c for c in left if row[c].lower() not in MISSING}
        left -= {c for c in filled if not _is_word(row[c], header.dialect)}
        seen |= filled & left
        if not left:  # at the first row of most tables
            break
    return left if left & seen else set()


def _is_peak(row: Sequence[str], header: _Header) -> bool:
    return any(m < len(row) and _is_number(row[m], header.dialect) for m in header.masses)


def _is_number(cell: str, dialect: Dialect) -> bool:
    value = dialect.number(cell)
    return value is not None and (not isnan(value) or cell.lower() not in MISSING)


def _is_word(cell: str, dialect: Dialect) -> bool:
    return dialect.number(cell) is None and _LETTER.search(cell) is not None
