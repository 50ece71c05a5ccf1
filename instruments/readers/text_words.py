"""Peak lists with words beside the numbers (formulas, ions, annotations), and rows that a spreadsheet put in quotes.

Before the trial of dialects: such a row is none of numbers alone, and is made one here. Imports sibling text modules only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .. import units
from ..errors import CorruptFile
from .text_dialect import MISSING, SPACE, Dialect

HEADER_WITHIN = 200
SMALL_TABLE = 2
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
    split = {i: dialect.cells(line) for i, line in enumerate(lines[start:], start) if line.strip()}
    table = {i: row for i, row in split.items() if any(_is_number(row, m, dialect) for m in masses)}
    fitting = [row for row in table.values() if len(row) == width]
    words = [c for c in range(width) if _holds_words([row[c] for row in fitting], dialect)]
    if not words or len(fitting) < SMALL_TABLE:
        return None
    found = list(lines)
    for i, row in table.items():
        if len(row) == width:
            cells = ["-" if c in words else cell for c, cell in enumerate(row)]
            found[i] = (" " if dialect.delimiter == SPACE else dialect.delimiter).join(
                f'"{c}"' if dialect.decimal == dialect.delimiter else c for c in cells
            )
        elif sum(_is_number(row, c, dialect) for c in range(len(row))) > 1:
            raise CorruptFile(
                f"Line {i + 1} has {len(row)} cells where the header names {width}, so the file is damaged there.",
                code="row_length",
                line=i + 1,
            )
    return found


def _is_number(row: Sequence[str], column: int, dialect: Dialect) -> bool:
    return column < len(row) and row[column].lower() not in MISSING and dialect.number(row[column]) is not None


def _holds_words(cells: Sequence[str], dialect: Dialect) -> bool:
    """Whether a column holds a word, and nothing but words and empty cells."""
    filled = [c for c in cells if c.lower() not in MISSING]
    return bool(filled) and all(dialect.number(c) is None and _LETTER.search(c) for c in filled)
