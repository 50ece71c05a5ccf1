"""Tables that are no spectrum: damaged libraries of spectra, lists of compounds or scans, runs one spectrum below the other.

Imports sibling modules, units, peaks, errors and validate only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from spectra.types import FloatArray, Remark

from .. import units
from ..errors import CorruptFile, UnsupportedVariant
from ..peaks import relative_differs
from ..validate import direction, warning
from .text_axes import Curve, is_relative
from .text_blocks import Block

# Lines between the spectra of MSP, MGF, MassBank and JCAMP-DX; the first also with one letter damaged.
_COUNT = "|".join("num peaks"[:i] + "." + "num peaks"[i + 1 :] for i in range(9))
_OF_LIBRARY = re.compile(
    rf"\s*+(?:(?:{_COUNT}|num ?peaks?)\s*+:?\s*+\d++\s*+$|(?:begin|end)\s++ions\b|pepmass\s*+=|pk\$peak|##(?:xydata|xypoints|peak ?table)\s*+=)",
    re.I,
)
LONGEST_MARK = 200  # characters
_OF_ONE = re.compile(r"\s*+pepmass", re.I)  # which a person may note beside a single spectrum
_WHOLE = re.compile(r"\s*+num ?peaks\s*+:?\s*+(\d{1,9})\s*+", re.I)
_SCAN = re.compile(r"(?:ms ?)?(?:scan|spectrum)s? ?(?:no|num|number|id|index|#)?\.?|#? ?scan")
_AREA, _ION = re.compile(r"\barea\b"), re.compile(r"\d")  # a mass in the name of a column is that of its trace
EVEN = 0.5  # how far steps may differ, of their mean
NO_ORDER = 0.4  # of the steps go back; half do where the order is none
ENOUGH_ROWS = 30  # to judge by their order or their steps


def refuse_library(blocks: Sequence[Block]) -> None:
    """Raise CorruptFile where the words are those of a library whose own marks are damaged: spectra would be lost."""
    marks = [line for block in blocks for line in _marks(block, last=block is blocks[-1], alone=len(blocks) == 1)]
    if marks and not (len(blocks) == len(marks) == 1 and _OF_ONE.match(marks[0])):
        raise CorruptFile(
            f"The line {marks[0].strip()[:40]!r} belongs to a library of spectra (MSP, MGF, MassBank or JCAMP-DX), but the file "
            "lacks other marks of one; it is damaged.",
            code="damaged_library",
        )


def _marks(block: Block, *, last: bool, alone: bool) -> Iterator[str]:
    """The lines of a library beside a table, without a true count of the only one, or of one whose columns have names.

    Columns that are named right above their rows after something else than m/z are of no library.
    """
    headed = block.words and not _is_mark(block.words[-1]) and not re.search("[=:]", block.words[-1])
    axes = {units.x_unit(name) or units.is_time(name) for name in block.header if headed} - {False}
    if axes and "m/z" not in axes:
        return
    for line in (*block.words, block.after) if last else block.words:  # else it is a word of the next
        whole = _WHOLE.fullmatch(line) if alone or axes else None
        if _is_mark(line) and not (whole and int(whole[1]) == block.rows):
            yield line


def _is_mark(line: str) -> bool:
    return len(line) <= LONGEST_MARK and _OF_LIBRARY.match(line) is not None


def doubts(block: Block, found: Sequence[Curve]) -> tuple[Remark, ...]:
    """What other columns say against the curves of a table. Raises UnsupportedVariant on several spectra in one table."""
    return _relative_differs(block, found) + _listed(block, found)


def _listed(block: Block, found: Sequence[Curve]) -> tuple[Remark, ...]:
    """A warning where each row seems to be a compound or a scan of its own."""
    if not found or block.width < 3 or not block.header:
        return ()
    table, x = block.table, block.table[:, found[0].x]
    of_peaks = units.x_unit(found[0].x_text) == "m/z"
    if not of_peaks:
        areas = [name for name in block.header if _AREA.search(units.plain(name)) and not _is_even(x)]
        named = {i for i, name in enumerate(block.header) if units.x_unit(name) == "m/z" and not _ION.search(name)}
        masses = sorted(named - {c.y for c in found})
        beside = areas + [block.header[i] for i in masses if np.ptp(table[:, i]) > 0]
        if not units.is_time(found[0].x_text) or not beside:
            return ()
        text = f"The table has the column {beside[0][:40]!r} beside its times; each of its rows may be a compound, a peak or a scan."
        return (warning("list_of_compounds", text),)
    for i, name in enumerate(block.header):
        if _SCAN.fullmatch(units.plain(name)) or units.is_time(name):
            _refuse_several(name, table[:, i], x)
    falls = float((np.diff(x) < 0).mean()) if x.size >= ENOUGH_ROWS else 0.0
    if falls < NO_ORDER or direction(x) != 0 or direction(-table[:, found[0].y]) != 0:
        return ()
    text = "The m/z of the table are in no order; it may be a list of compounds, not the peaks of one spectrum."
    return (warning("list_of_compounds", text),)


def _is_even(x: FloatArray) -> bool:
    """Whether the steps of many rows are alike, as those of a detector; compounds come as they please."""
    steps = np.diff(x[np.isfinite(x)])
    return steps.size >= ENOUGH_ROWS and float(steps.std()) <= EVEN * abs(float(steps.mean()))


def _refuse_several(name: str, column: FloatArray, mz: FloatArray) -> None:
    """Raise UnsupportedVariant where the m/z begin again each time a scan number or a time changes."""
    changes, falls = np.flatnonzero(np.diff(column)), np.flatnonzero(np.diff(mz) < 0)
    if 0 < changes.size < mz.size / 2 and changes.size <= 2 * falls.size and np.isin(falls, changes).all():
        raise UnsupportedVariant(
            f"By its column {name[:40]!r}, this table holds the peaks of {changes.size + 1:,} spectra one below the other.",
            code="several_spectra",
            hint="Export one spectrum, or the run as mzML.",
        )


def _relative_differs(block: Block, found: Sequence[Curve]) -> tuple[Remark, ...]:
    """A warning where a column of relative intensities is not the one curve of its table on another scale."""
    beside = [i for i, name in enumerate(block.header) if is_relative(name)]
    if len(found) != 1 or not beside or found[0].y in beside:
        return ()
    if not relative_differs(block.table[:, found[0].y], block.table[:, beside[0]]):
        return ()
    text = (
        f"The column {block.header[beside[0]][:40]!r} does not fit the intensities beside it; a value may be damaged."
    )
    return (warning("relative_differs", text),)
