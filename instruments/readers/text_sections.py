"""Which tables of a text export are curves: one, all sections that hold one, or all that stand under the same header.

Imports sibling modules, units, errors, validate and numpy only.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from spectra.types import FloatArray, Remark

from .. import units
from ..errors import UnsupportedVariant
from ..validate import direction, info, warning
from .text_blocks import SECTION, WIDEST_STEP, Block, was_row
from .text_declared import declared, stated
from .text_dialect import Dialect

SMALL_TABLE = 3
_NUMBERS = re.compile(r"\d[\d.,]*")
_OF_PEAKS = re.compile(r"\barea\b|\bheight\b|\bwidth\b|\bname\b|\bcompound\b|\bconc|\bamount\b")
_QUOTED = re.compile(r'#\s*"([^"]{1,300})"\s*')
_TRACE = re.compile(r"m/z|name|trace|signal|ion")
# "TIC: run.D\\data.ms", "Signal: run.D\\FID1A.ch" (MassHunter); a title may hold more than a date
_OF_SIGNAL = re.compile(r'\s*"?(?:signal|[tebx]ic|bpc|ion \S{1,20}(?: \([^)]{1,60}\))?): ?\S', re.I)
_OF_RESULTS = re.compile(r"(?:peak|compound|group|quantitative) ?(?:table|results?)")
_DATED = re.compile(r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}[ T,]+\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?(?: ?[AP]M)?", re.I)
MOST_WORDS = 6  # lines between two parts of a table
_CURVE = re.compile(
    r"chromatogram|spectr|\bpda\b|\buv\b|\btic\b|\bxic\b|trace|signal|raman|infrared|\bir\b|curve|scan", re.I
)
_NO_CURVE = re.compile(
    r"peak|compound|result|group|calibration|header|configuration|information|parameter|report", re.I
)


class Chosen(NamedTuple):
    """A table that is read, its name among several ('' if it is the only one), and what is to be said of it."""

    block: Block
    name: str = ""
    remarks: tuple[Remark, ...] = ()


def joined(blocks: Sequence[Block], dialect: Dialect) -> list[Block]:
    """The tables, with those made one that a comment or the head of a page parts: where the axis goes on as before."""
    found: list[Block] = []
    for block in _unfolded(blocks):
        if found and _goes_on(found[-1], block, dialect):
            found[-1].join(block, page=not _is_comment(block.words))
        else:
            found.append(block)
    return found


def _unfolded(blocks: Sequence[Block]) -> list[Block]:
    """The tables, with a list of peaks that was set in several pairs of columns, to save paper, as one pair."""
    found, rest = list[Block](), list(blocks)
    while rest:
        block = rest.pop(0)
        names = [units.plain(name) for name in block.header]
        pairs = len(names) // 2
        if pairs > 1 and names == names[:2] * pairs and units.x_unit(names[0]) == "m/z":
            short = 0  # the last rows may lack their last pairs
            while short < len(rest) and not rest[short].words and not rest[short].width % 2:
                short += 1
            peaks = _in_order([block, *rest[:short]])
            if peaks is not None:
                rows = [line for part in (block, *rest[:short]) for line in part.lines for _ in range(part.width // 2)]
                values, lines = array("d", peaks.ravel()), array("q", rows)
                block = replace(block, width=2, header=block.header[:2], values=values, lines=lines)
                rest = rest[short:]
        found.append(block)
    return found


def _in_order(parts: Sequence[Block]) -> FloatArray | None:
    """Pairs (P, 2) down the columns or along the rows, whichever rises; None where neither does."""
    rows = [row.reshape(-1, 2) for part in parts for row in part.table]
    down = [row[i] for i in range(parts[0].width // 2) for row in rows if i < len(row)]
    for peaks in (np.array(down), np.concatenate(rows)):
        if (np.diff(peaks[:, 0]) > 0).all():
            return peaks
    return None


def _goes_on(before: Block, block: Block, dialect: Dialect) -> bool:
    if before.width != block.width or before.section != block.section or not 0 < len(block.words) <= MOST_WORDS:
        return False
    if any(was_row(line, block.width, dialect) for line in block.words):
        return False
    if not _is_comment(block.words) and block.header not in ([], before.header):
        return False
    first, second = before.table[:, 0], block.table[:, 0]
    way = direction(first)
    if before.rows < SMALL_TABLE or way == 0 or (block.rows > 1 and direction(second) != way):
        return False
    return bool(0 < (second[0] - first[-1]) * way <= WIDEST_STEP * np.median(np.abs(np.diff(first))))


def _is_comment(words: Sequence[str]) -> bool:
    return all(re.match(r"\s*(#|%|//|!)", line) for line in words)


def choose(blocks: Sequence[Block]) -> list[Chosen]:
    """The tables to read, in order. What is left out is named by a remark."""
    longest = max(blocks, key=lambda b: b.rows)
    if longest.section:
        _refuse_results(longest, blocks)
        found = [b for b in blocks if b is longest or _is_curve(b)]
        rest = [b for b in blocks if b.section and b not in found and b.rows >= SMALL_TABLE]
        notes = _left_out(rest)
    else:
        found = [b for b in blocks if b is longest or _is_sibling(b, longest) or _has_axes_of_its_own(b, longest)]
        others = [b for b in blocks if b not in found and not b.section and b.rows >= max(10, longest.rows // 10)]
        notes = _other_tables(others)
    notes += _twice(found) + _parts(found)
    names = _names(found) if len(found) > 1 else [quoted(found[0])]
    return [Chosen(b, name, notes + declared(b)) for b, name in zip(found, names, strict=True)]


def _refuse_results(longest: Block, blocks: Sequence[Block]) -> None:
    """Raise UnsupportedVariant where an export holds what was found in a curve, and no curve."""
    of_peaks = any(units.x_unit(name) == "m/z" for name in longest.header)
    if _OF_RESULTS.search(units.plain(longest.section)) and not of_peaks and not any(map(_is_curve, blocks)):
        raise UnsupportedVariant(
            f"This export holds results, such as [{longest.section[:40]}], but no chromatogram and no spectrum.",
            code="no_curve",
            hint="Export it again with the curve.",
        )


def _names(found: Sequence[Block]) -> list[str]:
    """What to call several tables: by their section, of several under one name by what that says of each ("m/z", "Name")."""
    names = [b.section or _caption(b) for b in found]
    more = [
        f"{name} {_trace(b)}".strip() if b.section and names.count(name) > 1 else name
        for b, name in zip(found, names, strict=True)
    ]
    return numbered(more)


def _trace(block: Block) -> str:
    """The ion or the like that a section states of its curve; '' if it states none."""
    head = max((at for at, line in enumerate(block.words) if SECTION.match(line)), default=0)
    lines = stated(block.words[head : -1 if block.header else None])
    return next((value[:60] for name, value in lines if value and _TRACE.fullmatch(name)), "")


def _twice(found: Sequence[Block]) -> tuple[Remark, ...]:
    """A warning where a table repeats one before it."""
    alike = defaultdict[tuple[bytes, str], list[Block]](list)
    for block in found if len(found) > 1 else ():
        alike[block.values.tobytes(), "".join(block.words[-1:])].append(block)
    if not any(_repeats(b, before) for group in alike.values() for i, b in enumerate(group) for before in group[:i]):
        return ()
    return (warning("table_twice", "A table stands in this file more than once, with the same numbers."),)


def _repeats(block: Block, before: Block) -> bool:
    """Whether the same rows stand below the same words again."""
    above = before.words[len(before.words) - len(block.words) :]
    return block.words == above and block.width == before.width and block.values == before.values


def _has_axes_of_its_own(block: Block, longest: Block) -> bool:
    """A small table beside the longest whose header names another axis, in order, and an ordinate, as a spectrum behind a run."""
    if block.rows < SMALL_TABLE or block.section or not block.header or block.header == longest.header:
        return False
    axes = [i for i, name in enumerate(block.header) if units.x_unit(name) or units.is_time(name)]
    others = [name for i, name in enumerate(block.header) if i not in axes]
    if len(axes) != 1 or units.x_unit(block.header[axes[0]]) in map(units.x_unit, longest.header):
        return False
    if any(map(_OF_PEAKS.search, map(units.plain, block.header))):
        return False
    return direction(block.table[:, axes[0]]) != 0 and any(map(units.y_unit, others))


def _parts(found: Sequence[Block]) -> tuple[Remark, ...]:
    """A warning where a table was put together from pages."""
    if all(b.parts == 1 for b in found):
        return ()
    return (warning("parts_joined", f"The table stands in {max(b.parts for b in found)} parts, which were joined."),)


def _is_curve(block: Block) -> bool:
    """A section by its name, or else by an axis in order that no name speaks against."""
    if block.rows < SMALL_TABLE or not block.section or _NO_CURVE.search(block.section):
        return False
    return bool(_CURVE.search(block.section)) or direction(block.table[:, 0]) != 0


def _is_sibling(block: Block, longest: Block) -> bool:
    """A table under the same header that does not go on where the other ended."""
    alike = block.header == longest.header if longest.header else _below_the_same_words(block, longest)
    if block.rows < SMALL_TABLE or not alike or block.section:
        return False
    way = direction(longest.table[:, 0])
    if way == 0 or direction(block.table[:, 0]) != way:
        return False
    first, second = sorted((block, longest), key=lambda b: b.lines[0])
    return bool((second.table[0, 0] - first.table[-1, 0]) * way <= 0)


def _below_the_same_words(block: Block, longest: Block) -> bool:
    """Whether tables without a header stand below the same words with other numbers, as the scans of a run do, or below signals."""
    n = min(len(block.words), len(longest.words), MOST_WORDS)
    if n and block.width == longest.width and all(_OF_SIGNAL.match(b.words[-1]) for b in (block, longest)):
        return True
    words, others = ([_NUMBERS.sub("", line) for line in b.words[-n:]] for b in (block, longest))
    return n > 0 and block.width == longest.width and words == others


def quoted(block: Block) -> str:
    """The line behind a # that names a table of MassHunter, '' if there is none."""
    found = (
        [m[1].strip() for line in block.words if (m := _QUOTED.fullmatch(line))]
        if block.header[:1] == ["Point"]
        else []
    )
    return found[-1] if found else ""


def _caption(block: Block) -> str:
    """The line above the header that names the table."""
    heads = {units.plain("".join(block.header))}
    lines = [w.strip('#;:,*" \t') for w in block.words]
    said = [w for w in reversed(lines) if re.search(r"[^\W\d_]", w) and not _is_header(w, heads)]
    name = next((w for w in said if not _DATED.fullmatch(w)), said[0] if said else "table")
    return " ".join(name.split())[:80]


def _is_header(line: str, heads: set[str]) -> bool:
    bare = re.sub(r"[\s,;|\"]", "", units.plain(line))
    return any(bare in re.sub(r"[\s,;|\"]", "", head) for head in heads)


def numbered(names: list[str]) -> list[str]:
    """Names, those that occur again with a number behind them."""
    total, seen, found = Counter(names), Counter[str](), []
    for name in names:
        seen[name] += 1
        found.append(f"{name} ({seen[name]})" if total[name] > 1 else name)
    return found


def _left_out(rest: list[Block]) -> tuple[Remark, ...]:
    names = ", ".join(dict.fromkeys(b.section[:40] for b in rest[:8]))
    if not rest:
        return ()
    if all(_NO_CURVE.search(b.section) for b in rest):
        return (info("sections_left_out", f"Tables that are no curves were not read ({names})."),)
    return (warning("sections_left_out", f"Further sections of the file were not read ({names})."),)


def _other_tables(others: list[Block]) -> tuple[Remark, ...]:
    """A warning when another table of some size was left out or the table is in two parts."""
    if not others:
        return ()
    where = ", ".join(str(b.lines[0]) for b in others[:5])
    return (warning("other_tables", f"The file holds further tables (from line {where}); they were not read."),)
