"""Where the tables are in a text export: runs of rows, the header above each, the section it stands in.

Imports numpy and sibling text modules only.
"""

from __future__ import annotations

import re
from array import array
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite

import numpy as np

from spectra.types import FloatArray, Remark

from .. import units
from ..errors import UNCHANGED, CorruptFile, TooLarge
from ..limits import Limits
from ..validate import direction, warning
from .text_dialect import SPACE, Dialect

LONGEST_HEADER = 8_192  # characters
WIDEST_STEP = 3  # of the usual one, from the last row of a part to the first of the next
# Rows are taken by the thousand once a table has shown its width; a slab with anything odd in it goes row by row.
SLAB, SLAB_AFTER = 2_000, 8
_AXIS = re.compile(r"([xy])[ _-]?(?:units?|label|axis(?: ?(?:units?|title|label|mode))?)|axisunit\[([01])\]", re.I)
_AXES_OF_LABSPEC = {"0": "y", "1": "x"}
_TIME = re.compile(r"[mun\u00b5\u03bc]?s|secs?|seconds?|mins?|minutes?|h|hours?", re.I)
_SETTING = re.compile(r"(exposure|integration|dwell)[ -]?time\b")  # of a detector; no axis is called so
MOSTLY_DIGITS, NEARLY_ALL_DIGITS = 0.7, 0.9  # of a line
_BRACKETED = re.compile(r"\[[^\]]*\]")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")
# A row that lost its separator, or has another one: 41.0386120.00; a number of its own has one mark, or groups of three.
_GROWN = re.compile(
    r'(?![\s"+-]*\d{1,3}(?:[.,\s]\d{3})++(?:[.,]\d*)?[\s"]*$)[\s"]*+[+-]?\d*(?:[.,;|\s"]+[+-]?\d+){2,}[\s"]*'
)
_FIRST = re.compile(r'[\s"]*([+-]?\d{1,9})')
LOWEST_NM, HIGHEST_NM = 150, 1_200  # of detectors behind a column
HEADER_REACH = 4  # a header stands at most so many filled lines above its table
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
    wavelengths = _wavelengths(lines, dialect)
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
    return blocks


def _wavelengths(lines: Sequence[tuple[int, str]], dialect: Dialect) -> list[str]:
    """The names of columns where a first line has only wavelengths in nm above them and times below, as ChemStation writes; else none."""
    cells = dialect.cells(lines[0][1])
    values = [dialect.number(c) or 0.0 for c in cells[1:] if c]
    if cells[:1] != [""] or not values or len(lines) < 2 or not all(LOWEST_NM <= v <= HIGHEST_NM for v in values):
        return []
    row = dialect.row(lines[1][1], lines[1][0])
    if row is None or row[0] >= LOWEST_NM or len(values) != sum(map(isfinite, row)) - 1:
        return []
    names = ["time", *(f"{v:g} nm" for v in values)]
    return [*names, *[""] * (len(row) - len(names))]


def header_of(words: Sequence[str], width: int, dialect: Dialect, *, counted: bool = False) -> list[str]:
    """Column names from the lines above a table: the nearest that fits in width, joined with a line of units.

    Empty if no line fits. A line that names a known axis wins over a nearer one that does not. Lines such as XUNITS and
    YUNITS (JASCO), or the two below #GR (PerkinElmer), name the axes of a table of two columns one by one. Where rows may be `counted` from 0 or 1, a "#" may
    be the name of that column (Bruker Compass), elsewhere it marks a comment.
    """
    stated = {key: value for key, value in (_axis_line(line, dialect) for line in words) if key}
    if width == 2 and "x" in stated:
        named = next((c for line in words[:-3:-1] if (c := _header_cells(line, 2, dialect, counted))), ["", ""])
        other = units.x_unit(named[0]) not in ("", units.x_unit(stated["x"]))
        return [f"{named[0]} {stated['x']}" if other else stated["x"], stated.get("y", named[1])]
    if width == 2 and "#GR" in words:  # PerkinElmer ASCII: the units stand in the two lines below
        return [*words[words.index("#GR") + 1 :], "", ""][:2]
    fitting = [c for line in words[: -HEADER_REACH - 1 : -1] if (c := _header_cells(line, width, dialect, counted))]
    if not fitting:
        return []
    for i, cells in enumerate(fitting):
        if any(units.x_unit(c) or units.is_time(c) for c in cells):
            above = fitting[i + 1] if i + 1 < len(fitting) else []
            units_only = all(len(c) <= 8 or _BRACKETED.fullmatch(c) for c in cells) and not any(":" in c for c in above)
            units_only &= any(units.x_unit(c) or units.is_time(c) or units.y_unit(c) for c in above)
            return [f"{a} {c}".strip() for a, c in zip(above, cells, strict=True)] if units_only else cells
    nearest = _header_cells(words[-1], width, dialect, counted)
    return nearest if all(nearest) else []


def _axis_line(line: str, dialect: Dialect) -> tuple[str, str]:
    """("x" or "y", its name and unit) of a line that states one of the two axes; ("", "") of any other."""
    cells = dialect.cells(line) if dialect.delimiter != SPACE else line.strip().split(None, 1)
    if len(cells) == 1:  # XUNITS=1/CM above columns of tabs
        cells = re.split("[=:]", cells[0], maxsplit=1)
    match = _AXIS.fullmatch(cells[0].strip(" #:=")) if len(cells) == 2 else None
    if match is None or not cells[1].strip() or "Spec.Data" in cells[1]:  # of WITec, a name beside X-Axis
        return "", ""
    return _AXES_OF_LABSPEC.get(match[2], match[1]).lower(), cells[1].strip()


def _header_cells(line: str, width: int, dialect: Dialect, counted: bool) -> list[str]:
    bare = re.sub(r"^\s*(#|%|//|;|!)+\s*", "", line[:LONGEST_HEADER])
    attempts = [dialect.cells(bare)] if dialect.delimiter != SPACE else []
    if dialect.delimiter == SPACE:
        attempts = [re.split(r"\s{2,}|\t", bare.strip()), bare.split(), re.split("[,;]", bare.strip())]
        attempts.append(re.split(r"\s++(?![(\[])", bare.strip()))  # Wavenumber (cm-1) Absorbance
    numbered = (
        [["#", *c[bool(c) and not c[0] :]] for c in attempts] if counted and line.lstrip().startswith("#") else []
    )
    for short in (0, 1):  # first with a name for every column, then without one for the last
        for cells in (*numbered, *attempts) if not short else attempts:
            filled = [c.strip() for c in cells]
            while len(filled) > width and not filled[-1]:
                filled.pop()
            filled += [""] * short
            if len(filled) != width or not any(filled) or _states_a_value(filled):
                continue
            if all(not c or dialect.number(c) is None for c in filled):
                return filled
    return []


def _states_a_value(cells: Sequence[str]) -> bool:
    """Whether a line such as "Exposure (s): auto" or "Laser wavelength;785 nm" gives a value, and names no columns."""
    name, value = cells[0], cells[1] if len(cells) == 2 else ""
    if len(cells) == 2 and _SETTING.match(units.plain(name)):
        return True
    if not any(cells[1:]) and re.search(r"[:=]\s*\S|\d\s*(?:min|sec|s)\b", name):  # Scan 300 (5.12 min)
        return True
    if name.endswith((":", "=")) and not cells[-1].endswith((":", "=")):
        return True
    measured = re.fullmatch(r"[+-]?\d[\d.,]*\s*([^\W\d][\w/^-]*)", value)
    if measured is None:
        return False
    unit = units.x_unit(measured[1])
    return bool(unit and unit == units.x_unit(name)) or (units.is_time(name) and bool(_TIME.fullmatch(measured[1])))


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
        beside = later.words if earlier else [line for line in later.words[-1:] if line.strip() != str(later.rows)]
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
