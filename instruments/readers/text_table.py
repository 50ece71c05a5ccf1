"""Reader of CSV, TXT and other text exports: IR, Raman, UV, chromatograms and peak lists, the commonest upload.

Imports nothing above `instruments`; the dialect, the tables and the axes each have a module of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from math import isfinite
from typing import Any, overload

import numpy as np

from spectra.types import FloatArray, Reading, ReadingKind, Remark

from .. import text, units
from ..errors import TooLarge, UnknownFormat
from ..limits import Limits
from ..peaks import peak_list
from ..probe import Guess, Probe
from ..registry import Hints, reader
from ..source import Source
from ..validate import info, warning
from .text_axes import Curve, axis_of, curves, ordinate
from .text_blocks import Block, find_blocks, looks_cut, refuse_broken, refuse_not_finite, uneven
from .text_declared import perkin_elmer_model
from .text_dialect import Dialect, find_dialect, plain_numbers
from .text_doubts import doubts, refuse_library
from .text_header import HEADER_REACH
from .text_sections import SMALL_TABLE, choose, joined, numbered, quoted
from .text_words import bare_rows

EXTENSIONS = ("csv", "txt", "tsv", "asc", "dat", "arw", "prn", "xy", "tab", "dpt")
_NUMBERS = re.compile(  # no number is longer; without bounds a long line of digits costs its square
    r"^[ \t\"]*+[+-]?[\d.,]{0,40}\d[\d.,eE+\-]{0,40}\"?[ \t;,|]+\"?[+-]?[\d.,]", re.M
)
_TITLE = re.compile(r"^(sample ?name|sample|title|probe|echantillon|muestra|injection|samplename|#title=)$")
_INSTRUMENT = re.compile(
    r"^(instrument( name| model)?|#instrument=|spectrometer(/data system)?|messgerat|model|appareil|equipo|detector name)$"
)
_RAMAN = re.compile(rf"{units.OF_RAMAN.pattern}|\blaser\b")
KEPT_WORDS = 400
# A quoted name of a column may be broken over two lines (RFC 4180); numbers never are.
WRAPPED_WITHIN = 200
_OPEN = re.compile(r'(?:^|[,;|\t])\s*"[^"\d][^"]*$')
_CLOSE = re.compile(r'[^"]*"\s*(?:[,;|\t]|$)')


def sniff_table(probe: Probe) -> Guess | None:
    """Text with at least one line of numbers; weaker for text without, so that the reader can explain."""
    head = text.head_lines(probe.head)
    if not head or head.lstrip().startswith("<?xml"):
        return None
    if _NUMBERS.search(head) or (not head.isascii() and _NUMBERS.search(plain_numbers(head))):
        return Guess(45, "text with rows of numbers")
    return Guess(15, "plain text with the extension of a table") if probe.extension in EXTENSIONS else None


@reader(
    "text",
    title="a text table (CSV, TXT)",
    techniques={"IR", "Raman", "UV", "MS", "GC", "LC"},
    magic=sniff_table,
    extensions=EXTENSIONS,
    confidence="high",
    version="11",
)
def read_table(source: Source, hints: Hints, limits: Limits) -> Iterator[Reading]:
    """One Reading per curve of the largest table and of every section or table beside it that is a curve too.

    x and y are as written; a unit the file does not name is guessed and said so by a warning. Raises
    AmbiguousText, CorruptFile (not finite, unclosed quote), TooLarge and UnknownFormat (no table).
    """
    lines = _lines(source, limits)
    dialect = find_dialect(lines, hints.decimal, hints.delimiter, limits.columns)
    blocks = joined(find_blocks(lines, dialect, limits), dialect) if dialect else []
    if not dialect or not blocks:
        raise UnknownFormat(
            "This is text, but it holds no table of numbers in two columns.",
            code="no_table",
            hint="Export the spectrum or chromatogram itself, not a list of what was found or a table with a row per sample: x and y as two columns with a header line that names the units.",
        )
    refuse_library(blocks)
    cut, half = not text.ends_with_line_end(source), source.tail.endswith(b"\r")  # half of a line end of two
    for block, name, said in choose(blocks):
        refuse_broken(block, blocks, dialect)
        extra = said + uneven(block, blocks, dialect)
        if cut and block is blocks[-1] and (half or lines[-1][0] != block.lines[-1] or looks_cut(block, dialect)):
            extra += (warning("may_be_cut", "The file ends in the middle of a line; its last row may be cut."),)
        yield from _readings(block, name, dialect, source, hints, extra)


class Numbered(Sequence[tuple[int, str]]):
    """Lines with their numbers from 1; the numbers are made when asked for, which halves the memory of a long file."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, index: int) -> tuple[int, str]: ...
    @overload
    def __getitem__(self, index: slice) -> list[tuple[int, str]]: ...
    def __getitem__(self, index: int | slice) -> tuple[int, str] | list[tuple[int, str]]:
        numbers = range(1, len(self._lines) + 1)
        if isinstance(index, slice):
            return list(zip(numbers[index], self._lines[index], strict=True))
        return numbers[index], self._lines[index]

    def __iter__(self) -> Iterator[tuple[int, str]]:
        return enumerate(self._lines, start=1)


def _lines(source: Source, limits: Limits) -> Numbered:
    kept = [plain_numbers(line) for _, line in islice(text.lines(source, limits), limits.text_rows + 1)]
    if len(kept) > limits.text_rows:
        raise TooLarge(f"This text has more than {limits.text_rows:,} lines.", code="too_many_rows", line=len(kept))
    for at in range(min(len(kept) - 1, WRAPPED_WITHIN)):
        if _OPEN.search(kept[at]) and _CLOSE.match(kept[at + 1]):
            kept[at], kept[at + 1] = f"{kept[at]} {kept[at + 1]}", ""
    return Numbered(bare_rows(kept))


def _readings(
    block: Block, name: str, dialect: Dialect, source: Source, hints: Hints, extra: tuple[Remark, ...]
) -> Iterator[Reading]:
    table, found = block.table, curves(block.table, block.header)
    refuse_not_finite(block, sorted({c.x for c in found} | {c.y for c in found}))
    if block.rows < SMALL_TABLE and not block.header and len(block.words) > block.rows:
        raise UnknownFormat("This is text with hardly any numbers in it, and no two columns of them.", code="no_table")
    meta = _meta(block, dialect)
    extra += doubts(block, found)
    factor, unit, notes = _intensity(meta["header"], dialect)
    found = [replace(c, y_text=f"{c.y_text} ({unit})") for c in found] if unit else found
    labels = _labels(block, found, dialect)
    for curve, label in zip(found, labels, strict=True):
        keep = np.isfinite(table[:, curve.x]) & np.isfinite(table[:, curve.y])
        if not keep.any():
            continue
        left = int((~keep).sum())
        gaps = (info("empty_cells", f"{left} rows without a value were left out."),) if left else ()
        x, y = table[keep, curve.x], factor * table[keep, curve.y]
        yield _reading(curve, x, y, block, meta, source, hints, extra + notes + gaps, name, label)


def _reading(
    curve: Curve,
    x: FloatArray,
    y: FloatArray,
    block: Block,
    meta: dict[str, Any],
    source: Source,
    hints: Hints,
    remarks: tuple[Remark, ...],
    name: str,
    label: str,
) -> Reading:
    words = "\n".join([block.section, *block.words])
    axis = axis_of(curve, x, y, words, hints)
    y_unit, notes = ordinate(curve.y_text, axis.kind, y, hints)
    remarks += notes
    if axis.guessed:
        text = f"The file does not name its x axis; it was taken as {axis.guessed}. Please correct the unit if that is wrong."
        remarks += (warning("axis_guessed", text),)
    elif not hints.x_unit and units.two_units(curve.x_text):
        text = f"The file gives two units for its x axis ({curve.x_text[:60]}); it was read as {axis.unit}."
        remarks += (warning("units_differ", text),)
    elif axis.kind is ReadingKind.RAMAN and not _RAMAN.search(units.plain(words + curve.x_text)) and not hints.kind:
        remarks += (warning("technique_guessed", "Taken as a Raman spectrum, because y is an intensity."),)
    fields = meta | {"x_label": curve.x_text, "y_label": curve.y_text, "section": block.section}
    title = _named(meta["header"], _TITLE) or source.name.rpartition(".")[0] or source.name
    title = f"{title}: {name}" if name and not name.endswith(title) else title
    title = f"{title}: {label}" if label and label != title else title
    instrument = _named(meta["header"], _INSTRUMENT) or perkin_elmer_model(block.words)
    if axis.kind is ReadingKind.MASS_SPECTRUM:
        return peak_list(
            x,
            y,
            title=title,
            instrument=instrument,
            y_unit=y_unit,
            meta=fields,
            remarks=remarks,
            ionisation="",
            retention_time_s=axis.recorded_s,
        )
    return Reading(axis.kind, x, y, axis.unit, y_unit, meta=fields, title=title, instrument=instrument, remarks=remarks)


def _labels(block: Block, found: Sequence[Curve], dialect: Dialect) -> list[str]:
    """What to call each of several curves, no two alike: the name above its pair of columns (Cary, UNICORN), or that of its column.

    A single one has a name where nothing but that stands above the names of its columns: no "sep=,", "Date: …" or unit.
    """
    if len(found) == 1:
        alone = dialect.cells(block.words[0]) if len(block.words) == 2 else []
        named = len(alone) > 1 and not any(alone[1:]) and alone[0][:1].isalnum()
        return [alone[0] if named and not re.search("[:=]", alone[0]) and not units.x_unit(alone[0]) else ""]
    for line in block.words[: -HEADER_REACH - 1 : -1]:
        cells = [*dialect.cells(line), *[""] * block.width]
        samples = [cells[c.x] for c in found]
        if all(samples) and not any(cells[c.y].strip("0") for c in found) and found[0].x != found[1].x:
            return numbered(samples)
    return numbered([c.y_text or f"column {c.y + 1}" for c in found])


def _intensity(header: dict[str, str], dialect: Dialect) -> tuple[float, str, tuple[Remark, ...]]:
    """What LabSolutions says above whole numbers: by what to multiply them, and the unit they have then."""
    stated = header.get("Intensity Multiplier", "1")
    factor = dialect.number(stated)
    if factor is not None and isfinite(factor) and factor > 0:
        return factor, header.get("Intensity Units", ""), ()
    text = f"The file gives {stated[:30]!r} as the multiplier of its intensities, which is not a number above 0; they were read as they stand."
    return 1.0, "", (warning("bad_factor", text),)


def _meta(block: Block, dialect: Dialect) -> dict[str, Any]:
    """The words above the table as key and value where a line has two parts."""
    header: dict[str, str] = {}
    name = quoted(block)
    for line in block.words[:KEPT_WORDS]:
        if name and name in line:  # whatever marks are in it
            continue
        cells = [c for c in dialect.cells(line) if c] if dialect.delimiter != "space" else []
        if len(cells) < 2:
            cells = [p.strip() for p in re.split(r"[:=]", line.strip("#; ,"), maxsplit=1)]
        if len(cells) == 2 and cells[0]:
            header.setdefault(cells[0][:80], cells[1][:300])
    return {"header": header, "dialect": str(dialect)}


def _named(header: dict[str, str], pattern: re.Pattern[str]) -> str:
    return next((v for k, v in header.items() if v and pattern.match(units.plain(k).strip(" :"))), "")
