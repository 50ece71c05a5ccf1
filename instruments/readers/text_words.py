"""Peak lists with words beside the numbers (formulas, ions, annotations), and rows that a spreadsheet put in quotes.

Before the trial of dialects: such a row is not one of numbers, and is made one here. Imports sibling text modules only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from .. import units
from ..errors import CorruptFile
from .text_dialect import MISSING, SPACE, Dialect

HEADER_WITHIN, WIDEST = 200, 256
MOST_TRIES = 8  # each may go through the whole file
_MASS = re.compile(r"m\s*[/.]?\s*z\b|mass|dalton|thom|\bamu\b|\bions?\b", re.I)
_LETTER = re.compile(r"[^\W\d_]")
_QUOTED = re.compile(r'\s*"[^"]*"\s*')


def bare_rows(lines: list[str]) -> list[str]:
    """The lines, as many as before: without quotes round every whole line, and without the words of a peak list."""
    filled = [line for line in lines if line.strip()]
    if filled and all(map(_QUOTED.fullmatch, filled)):
        lines = [line.strip().strip('"') for line in lines]
    for at, masses, width, dialect in islice(_headers(lines), MOST_TRIES):
        rows = _without_words(lines, at, width, masses, dialect)
        if rows is not None:
            return rows
    return lines


def _headers(lines: Sequence[str]) -> Iterator[tuple[int, list[int], int, Dialect]]:
    """Lines that may name the columns of a peak list: their place, the columns of m/z, all columns, how to read the rows."""
    for at, line in enumerate(lines[:HEADER_WITHIN]):
        if not _MASS.search(line):
            continue
        for delimiter in ("\t", ";", ",", "|", SPACE):
            cells = Dialect(delimiter, ".").cells(line)
            if 2 < len(cells) <= WIDEST:
                masses = [i for i, c in enumerate(cells) if _MASS.search(c) and units.x_unit(c) == "m/z"]
                yield from ((at, masses, len(cells), Dialect(delimiter, mark)) for mark in ".," if masses)


def _without_words(lines: list[str], at: int, width: int, masses: Sequence[int], dialect: Dialect) -> list[str] | None:
    """All lines, those from the header `at` on without the columns of words; None if there are none.

    Raises CorruptFile at a row of another length.
    """
    words = _columns_of_words((dialect.cells(line) for line in islice(lines, at + 1, None)), width, masses, dialect)
    kept = [c for c in range(width) if c not in words]
    if not words or len(kept) < 2:
        return None
    found = list(lines)
    mark = " " if dialect.delimiter == SPACE else dialect.delimiter
    quote = '"' if dialect.decimal == dialect.delimiter else ""
    for number, line in enumerate(islice(lines, at, None), at):
        row = dialect.cells(line)
        if len(row) == width and (number == at or _is_peak(row, masses, dialect)):
            found[number] = mark.join([f"{quote}{row[c]}{quote}" for c in kept])
        elif _is_peak(row, masses, dialect) and sum(_is_number(cell, dialect) for cell in row) > 1:
            raise CorruptFile(
                f"Line {number + 1} has {len(row)} cells where the header names {width}, so the file is damaged there.",
                code="row_length",
                line=number + 1,
            )
    return found


def _columns_of_words(rows: Iterable[list[str]], width: int, masses: Sequence[int], dialect: Dialect) -> set[int]:
    """The columns that hold words, and nothing but words and empty cells, in the peaks of a table."""
    left, seen = set(range(width)), set[int]()
    for row in rows:
        if len(row) == width and _is_peak(row, masses, dialect):
            left = {c for c in left if row[c].lower() in MISSING or _is_word(row[c], dialect)}
            seen |= {c for c in left if row[c].lower() not in MISSING}
            if not left:  # at the first row of most tables
                break
    return left & seen


def _is_peak(row: Sequence[str], masses: Sequence[int], dialect: Dialect) -> bool:
    return any(m < len(row) and _is_number(row[m], dialect) for m in masses)


def _is_number(cell: str, dialect: Dialect) -> bool:
    return cell.lower() not in MISSING and dialect.number(cell) is not None


def _is_word(cell: str, dialect: Dialect) -> bool:
    return dialect.number(cell) is None and _LETTER.search(cell) is not None
