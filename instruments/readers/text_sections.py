"""Which tables of a text export are curves: one, all sections that hold one, or all that stand under the same header.

Imports sibling modules, units, validate and numpy only.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from spectra.types import Remark

from .. import units
from ..validate import direction, info, warning
from .text_blocks import WIDEST_STEP, Block, was_row
from .text_dialect import Dialect

SMALL_TABLE = 3
MOST_WORDS = 6  # lines between two parts of a table
_CURVE = re.compile(
    r"chromatogram|spectr|\bpda\b|\buv\b|\btic\b|\bxic\b|trace|signal|raman|infrared|\bir\b|curve|scan", re.I
)
_NO_CURVE = re.compile(
    r"peak|compound|result|group|calibration|header|configuration|information|parameter|report", re.I
)
_POINTS = re.compile(
    r"(number|#|no\.?|nr\.?) ?of (data )?points|n ?points|number of pixels( in spectrum)?|data points|points|anzahl (der )?(daten|mess)?punkte|nombre de points"
)


_ENDS = {"firstx": 0, "lastx": -1}  # of JASCO, after JCAMP-DX


class Chosen(NamedTuple):
    """A table that is read, its name among several ('' if it is the only one), and what is to be said of it."""

    block: Block
    name: str = ""
    remarks: tuple[Remark, ...] = ()


def joined(blocks: Sequence[Block], dialect: Dialect) -> list[Block]:
    """The tables, with those made one that a comment or the head of a page parts: where the axis goes on as before."""
    found: list[Block] = []
    for block in blocks:
        if found and _goes_on(found[-1], block, dialect):
            found[-1].join(block, page=not _is_comment(block.words))
        else:
            found.append(block)
    return found


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
        found = [b for b in blocks if b is longest or _is_curve(b)]
        rest = [b for b in blocks if b.section and b not in found and b.rows >= SMALL_TABLE]
        notes = _left_out(rest)
    else:
        found = [b for b in blocks if b is longest or _is_sibling(b, longest)]
        others = [b for b in blocks if b not in found and not b.section and b.rows >= max(10, longest.rows // 10)]
        notes = _other_tables(others)
    notes += _parts(found)
    names = _numbered([b.section or _caption(b) for b in found]) if len(found) > 1 else [""]
    return [Chosen(b, name, notes + _declared(b)) for b, name in zip(found, names, strict=True)]


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
    if block.rows < SMALL_TABLE or not longest.header or block.header != longest.header or block.section:
        return False
    way = direction(longest.table[:, 0])
    if way == 0 or direction(block.table[:, 0]) != way:
        return False
    first, second = sorted((block, longest), key=lambda b: b.lines[0])
    return bool((second.table[0, 0] - first.table[-1, 0]) * way <= 0)


def _caption(block: Block) -> str:
    """The line above the header that names the table."""
    heads = {units.plain("".join(block.header))}
    lines = [w.strip("#;:,* \t") for w in block.words]
    return next((w for w in reversed(lines) if re.search(r"[^\W\d_]", w) and not _is_header(w, heads)), "table")[:80]


def _is_header(line: str, heads: set[str]) -> bool:
    bare = re.sub(r"[\s,;|\"]", "", units.plain(line))
    return any(bare in re.sub(r"[\s,;|\"]", "", head) for head in heads)


def _numbered(names: list[str]) -> list[str]:
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


def _declared(block: Block) -> tuple[Remark, ...]:
    """The number of points and the ends of x that lines above the table announce, against its rows."""
    found: tuple[Remark, ...] = ()
    for line in block.words:
        key, _, value = re.sub(r"^[\s#;,\"]+(?=\w)(?!of )", "", line).partition(_mark(line))
        name, stated = units.plain(key).strip(" :="), value.strip(" \t\"';,=:")
        if _POINTS.fullmatch(name) and stated.isascii() and stated.isdecimal() and len(stated) < 10:
            if int(stated) != block.rows:
                text = f"The file announces {int(stated):,} points, its table holds {block.rows:,}."
                found += (warning("count_mismatch", text),)
        elif name in _ENDS and re.fullmatch(r"[+-]?\d{1,9}([.,]\d{1,9})?", stated):
            found += _end(block, name, float(stated.replace(",", ".")))
    return found


def _end(block: Block, name: str, stated: float) -> tuple[Remark, ...]:
    x = block.table[:, 0]
    value = float(x[_ENDS[name]])
    if abs(stated - value) <= 1e-3 * max(float(np.ptp(x)), abs(value)):
        return ()
    return (warning("first_x", f"The file announces {name.upper()} = {stated:g}, its table has {value:g} there."),)


def _mark(line: str) -> str:
    """What stands between a word and its value in a line above a table."""
    return next((m for m in ("\t", ";", ":", "=", ",") if m in line), "\t")
