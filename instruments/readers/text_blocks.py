"""Where the tables are in a text export: runs of rows, the header above each, the section it stands in.

Imports numpy and sibling text modules only.
"""

from __future__ import annotations

import re
from array import array
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from spectra.types import FloatArray, Remark

from ..errors import UNCHANGED, CorruptFile, TooLarge
from ..limits import Limits
from ..validate import direction, warning
from .text_dialect import Dialect
from .text_header import header_of, named_by_numbers, names_axis, wavelengths_of

WIDEST_STEP = 3  # of the usual one, from the last row of a part to the first of the next
# Rows are taken by the thousand once a table has shown its width; a slab with anything odd in it goes row by row.
SLAB, SLAB_AFTER = 2_000, 8
MOSTLY_DIGITS, NEARLY_ALL_DIGITS = 0.7, 0.9  # of a line
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")
# A row that lost its separator, or has another one: 41.0386120.00; a number of its own has one mark, or groups of three.
_GROWN = re.compile(
    r'(?![\s"+-]*\d{1,3}(?:[.,\s]\d{3})++(?:[.,]\d*)?[\s"]*$)[\s"]*+[+-]?\d*(?:[.,;|\s"]+[+-]?\d+){2,}[\s"]*'
)
# No row: the name of a compound with the places of its groups (3,4-MDMA; 1,1' diethyl); "Time: 1690844337.9"
_NO_ROW = re.compile(r"""[\s"]*+(?:\d{1,2}'?(?:,\d{1,2}'?)+(?:-[A-Za-z(]|\s+[a-z]{3})|[A-Za-z][\w .]{0,40}[:=])""")
_FIRST = re.compile(r'[\s"]*([+-]?\d{1,9})')
# [Chromatogram (Ch1)], <Spectrum>, ===== Spectrum 2 =====
SECTION = re.compile(r"\s*(?:\[([^\]]{1,80})\]|<([^<>/]{1,80})>|[=*#-]{2,}\s*([^\W\d_][^=*#]{0,79}?)\s*[=*#-]{2,})\s*$")


@dataclass(slots=True, eq=False)
class Block:
    """One table. `table` is (rows, columns), NaN where a cell was left empty; `header` has one text per column.

    `words` are the filled lines since the block before, `lines` the line number of every row, `after` the next filled
    line that is none. `parts` counts the pages that were joined.
    """

    section: str
    words: list[str]
    width: int
    values: array[float] = field(default_factory=lambda: array("d"))
    lines: array[int] = field(default_factory=lambda: array("q"))
    header: list[str] = field(default_factory=list)
    after: str = ""
    parts: int = 1
    recent: deque[str] = field(default_factory=lambda: deque(maxlen=20))
    numbered: list[str] = field(default_factory=list)  # the header, where its names are numbers

    def join(self, later: Block, *, page: bool) -> None:
        """Take over the rows of the table that goes on where this one ends."""
        self.values.extend(later.values)
        self.lines.extend(later.lines)
        self.recent.extend(later.recent)
        self.after, self.parts = later.after, self.parts + page

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.lines)

    @property
    def table(self) -> FloatArray:
        """The numbers, (rows, columns)."""
        return np.frombuffer(self.values, dtype=np.float64).reshape(self.rows, self.width)


def find_blocks(lines: Sequence[tuple[int, str]], dialect: Dialect, limits: Limits) -> list[Block]:
    """All tables of the text in order. Raises TooLarge on more columns or tables than allowed."""
    blocks: list[Block] = []
    current: Block | None = None
    wavelengths = wavelengths_of(lines, dialect)
    section, words, position, odd_until = "", [lines[0][1]] if wavelengths else [], int(bool(wavelengths)), 0
    while position < len(lines):
        if current is not None and current.rows >= SLAB_AFTER and position >= odd_until:
            slab = lines[position : position + SLAB]
            numbers, texts = zip(*slab, strict=True)
            flat = dialect.rows(texts, current.width)
            if flat is not None:
                current.values.extend(flat)
                current.lines.extend(array("q", numbers))
                current.recent.extend(texts[-20:])
                position += len(slab)
                continue
            odd_until = position + len(slab)
        number, line = lines[position]
        position += 1
        if not line.strip():
            if "#GR" in words[-2:]:  # a unit of PerkinElmer ASCII that is left empty
                words.append("")
            continue
        values = dialect.row(line, number)
        if values is None:
            if current is not None:
                current.after, current = line, None
            named = SECTION.match(line)
            section = next(g for g in named.groups() if g).strip() if named else section
            words.append(line)
            continue
        if current is None or len(values) != current.width:
            if len(values) > limits.columns:
                raise TooLarge(
                    f"Line {number} has {len(values)} columns; {limits.columns} are allowed.",
                    code="too_many_columns",
                    line=number,
                )
            if len(blocks) >= limits.blocks:
                raise TooLarge(
                    f"This text holds more than {limits.blocks:,} tables.", code="too_many_blocks", line=number
                )
            current = Block(section, words, len(values))
            current.header = header_of(words, len(values), dialect, counted=values[0] in (0, 1))
            if not blocks and len(wavelengths) == len(values):
                current.header = wavelengths
                del words[0]
            blocks.append(current)
            words = []
        current.values.extend(values)
        current.lines.append(number)
        current.recent.append(line)
    for block in blocks:
        if block.words and not any(map(names_axis, block.header)):  # else a row of conditions, below the names
            block.numbered = named_by_numbers(block.words[-1], block.table, dialect)
            block.header = block.numbered or block.header
    return blocks


def refuse_not_finite(block: Block, columns: Sequence[int]) -> None:
    """Raise CorruptFile with the line of the first value that calls itself NaN or infinite, or overflows."""
    bad = np.isinf(block.table[:, list(columns)]).any(axis=1)
    if bad.any():
        line = block.lines[int(np.argmax(bad))]
        raise CorruptFile(
            f"A value on line {line} is not a finite number.",
            code="not_finite",
            line=line,
            hint="Remove or correct that row and export again.",
        )


def refuse_broken(block: Block, blocks: Sequence[Block], dialect: Dialect) -> None:
    """Raise CorruptFile when a table is interrupted, or begun, by a line that was a row before it was damaged.

    Without this a flipped bit in the middle of a spectrum would quietly return its longest piece.
    """
    place = blocks.index(block)
    for earlier, later in zip([None, *blocks][place : place + 2], blocks[place : place + 2], strict=False):
        if not later.words:
            continue
        words = later.words[:-1] if later.numbered else later.words
        beside = words if earlier else [line for line in words[-1:] if line.strip() != str(later.rows)]
        if earlier and (earlier.width != later.width or earlier.section != later.section or len(beside) > 3):
            continue
        if any(was_row(line, later.width if earlier else 0, dialect) for line in beside):
            line = later.lines[0] - 1
            raise CorruptFile(
                f"Line {line} or one just before looks like part of the table, but is not a row of numbers; the file may be damaged there.",
                code="bad_row",
                line=line,
                hint=f"{UNCHANGED} Export x and y again, as two columns.",
            )


def was_row(line: str, width: int, dialect: Dialect) -> bool:
    """Mostly digits, and a number in it or as many cells as the table has columns (0: not known); or nothing but digits."""
    if _NO_ROW.match(line):
        return False
    cells = [c for c in dialect.cells(line) if c]
    numeric = any(dialect.number(c) is not None for c in cells)
    share = _digits(line)
    if (numeric or len(cells) == width) and share >= MOSTLY_DIGITS:
        return True
    if width and share == 1 and not _DATE.fullmatch(line.strip('" ')):  # 182.11764000.0: two cells that grew together
        return True
    return len(cells) == width > 0 and dialect.number(cells[0]) is not None  # 3590.0,*****


def _digits(line: str) -> float:
    """The share of a line that is digits and marks of numbers, blanks and quotes not counted."""
    solid = re.sub(r'[\s"]', "", line)
    return sum(c.isdigit() or c in ".,;+-" for c in solid) / len(solid) if re.search(r"\d", solid) else 0.0


def uneven(block: Block, blocks: Sequence[Block], dialect: Dialect) -> tuple[Remark, ...]:
    """A warning when a row of another length stands right before or behind the table.

    Raises CorruptFile when it stands within: then the table is only its longest piece.
    """
    place = blocks.index(block)
    before, behind = blocks[place - 1] if place else None, blocks[place + 1] if place + 1 < len(blocks) else None
    odd = [(b.lines[-1], b.width) for b in (before,) if b is not None and _adjoin(b, block)]
    odd += [(b.lines[0], b.width) for b in (behind,) if b is not None and _adjoin(block, b)]
    for line, width in odd:
        pieces = [b for b in blocks if b is not block and b.width == block.width and abs(blocks.index(b) - place) == 2]
        if any(_adjoin(*sorted((b, blocks[(blocks.index(b) + place) // 2]), key=blocks.index)) for b in pieces):
            raise CorruptFile(
                f"Line {line} has {width} values where the rows around it have {block.width}, so the file is damaged there.",
                code="row_length",
                line=line,
            )
    if not odd and block.after and _is_short(block.after, dialect):
        odd = [(block.lines[-1] + 1, 1)]
    return _damaged_ends(block, dialect) + tuple(
        warning(
            "row_length",
            f"Line {line} has {width} values where the table beside it has {block.width}; it was left out.",
        )
        for line, width in odd[:1]
    )


def _damaged_ends(block: Block, dialect: Dialect) -> tuple[Remark, ...]:
    """A warning where the line before or behind the table was a row of it, but holds a cell that is no number."""
    before = block.words[-1] if block.words else ""
    ends = [line for line in (block.after, before) if line]
    lost = next((line for line in ends if _was_end(line, block, dialect)), "")
    grown = next((line for line in ends if _has_grown(line, block)), "")
    if not lost and not grown:
        return ()
    shown = "".join(c if c.isprintable() else "?" for c in (lost or grown).strip()[:40])
    why = "looks like a row of it, but a value is no number" if lost else "may be a row of it that lost its separator"
    return (warning("row_damaged", f"The line {shown!r} beside the table {why}; it was left out."),)


def _has_grown(line: str, block: Block) -> bool:
    """Whether a line goes on with the axis of the table, but its numbers grew together or have another separator."""
    first = _FIRST.match(line)
    return bool(
        _GROWN.fullmatch(line)
        and first
        and not _DATE.match(line.strip('" '))
        and _goes_on(float(first[1]), line, block)
    )


def _goes_on(value: float, line: str, block: Block) -> bool:
    """Whether a value lies beyond the end of the axis where the line stands, by no more than some steps."""
    axis, way = block.table[:, 0], direction(block.table[:, 0])
    onward = (value - axis[-1]) * way if line is block.after else (axis[0] - value) * way
    return bool(0 < onward <= WIDEST_STEP * np.median(np.abs(np.diff(axis))))


def _was_end(line: str, block: Block, dialect: Dialect) -> bool:
    """Whether a line goes on with the axis of the table, or stands behind it with as many cells, mostly digits."""
    cells = dialect.cells(line)
    while len(cells) > block.width and not cells[-1]:
        cells.pop()
    if len(cells) != block.width:  # two rows that grew together
        return (
            line is block.after and len(cells) > 1 and _digits(line) >= NEARLY_ALL_DIGITS and was_row(line, 0, dialect)
        )
    if line is block.after and _digits(line) >= MOSTLY_DIGITS:
        return True
    value = dialect.number(cells[0])
    return value is not None and block.rows >= SLAB_AFTER and _goes_on(value, line, block)


def _adjoin(earlier: Block, later: Block) -> bool:
    """Whether one table follows the other without a line between."""
    return later.lines[0] == earlier.lines[-1] + 1


def _is_short(line: str, dialect: Dialect) -> bool:
    """Whether a line is a single number, as a row that lost the others."""
    cells = [c for c in dialect.cells(line) if c]
    return len(cells) == 1 and dialect.number(cells[0]) is not None


def looks_cut(block: Block, dialect: Dialect) -> bool:
    """Whether the last row, known to lack its line end, may be incomplete.

    Not if the rows before have a fixed number of decimals and the last row has it too, and a whole number at its end has as many digits as another.
    """
    *before, last = block.recent
    decimals = {_decimals(line, dialect) for line in before}
    return len(before) < 2 or decimals != {_decimals(last, dialect)} or _is_shortest(last, before, dialect)


def _is_shortest(last: str, before: Sequence[str], dialect: Dialect) -> bool:
    """Whether a row ends in a whole number of fewer digits than every row before."""
    value = dialect.cells(last)[-1]
    return value.isdecimal() and all(len(dialect.cells(line)[-1]) > len(value) for line in before)


def _decimals(line: str, dialect: Dialect) -> tuple[int, ...]:
    return tuple(len(c.partition(dialect.decimal)[2]) for c in dialect.cells(line))
