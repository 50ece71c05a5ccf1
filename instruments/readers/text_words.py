"""Peak lists with words beside the numbers (formulas, ions, annotations), and rows that a spreadsheet put in quotes.

Before the trial of dialects: such a row is none of numbers alone, and is made one here. Imports sibling text modules only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice

from .. import units
from ..errors import CorruptFile
from .text_dialect import MISSING, SPACE, Dialect

HEADER_WITHIN = 200
_MASS = re.compile(r"m\s*[/.]?\s*z\b|mass|dalton|thom|\bamu\b|\bions?\b", re.I)
_LETTER = re.compile(r"[^\W\d_]")
_QUOTED = re.compile(r'\s*"[^"]*"\s*')


def bare_rows(lines: list[str]) -> list[str]:
    """The lines, as many as before: without quotes round every whole line, and with "-" for the words of a peak list."""
    filled = [line for line in lines if line.strip()]
    if filled and all(map(_QUOTED.fullmatch, filled)):
        lines = [line.strip().strip('"') for line in lines]
    for at, line in enumerate(lines[:HEADER_WITHIN]):
        if not _MASS.search(line):
            continue
        for delimiter in ("\t", ";", ",", "|", SPACE):
            header = Dialect(delimiter, ".").cells(line)
            masses = [i for i, c in enumerate(header) if units.x_unit(c) == "m/z"] if len(header) > 2 else []
            for decimal in ".," if masses else "":
                rows = _without_words(lines, at + 1, len(header), masses, Dialect(delimiter, decimal))
                if rows is not None:
                    return rows
    return lines


def _without_words(
    lines: list[str], start: int, width: int, masses: Sequence[int], dialect: Dialect
) -> list[str] | None:
    """All lines, with "-" in the columns of words below a header; None if it has none. Raises CorruptFile at a row of another length."""
    words = _columns_of_words((dialect.cells(line) for line in islice(lines, start, None)), width, masses, dialect)
    if not words:
        return None
    found = list(lines)
    for at, line in enumerate(islice(lines, start, None), start):
        row = dialect.cells(line)
        if not _is_peak(row, masses, dialect):
            continue
        if len(row) == width:
            cells = ["-" if c in words else cell for c, cell in enumerate(row)]
            found[at] = (" " if dialect.delimiter == SPACE else dialect.delimiter).join(
                f'"{c}"' if dialect.decimal == dialect.delimiter else c for c in cells
            )
        elif sum(_is_number(cell, dialect) for cell in row) > 1:
            raise CorruptFile(
                f"Line {at + 1} has {len(row)} cells where the header names {width}, so the file is damaged there.",
                code="row_length",
                line=at + 1,
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
