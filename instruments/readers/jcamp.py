"""Reader of JCAMP-DX: IR, Raman, UV, mass spectra, GC-MS runs, compound files. Numbers, blocks, axis are siblings.

Standards: McDonald and Wilks 1988 (doi:10.1366/0003702884428734); Lampen et al. 1994, JCAMP-DX for mass
spectrometry (doi:10.1366/0003702944027840). Imports nothing above `instruments`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from spectra.types import FloatArray, Reading, ReadingKind, Remark

from .. import text, units
from ..errors import CorruptFile
from ..limits import Limits
from ..peaks import peak_list
from ..probe import Guess, Probe
from ..registry import Hints, reader
from ..source import Source
from ..validate import info, warning
from .jcamp_asdf import columns_of, decode, decode_pairs
from .jcamp_axis import (
    Numbers,
    axis,
    check_numbers,
    factor_remark,
    not_ended,
    number,
    pair_remarks,
    remarks,
    stated_number,
)
from .jcamp_blocks import DATA_LABELS, Block, Table, blocks, normal
from .jcamp_pages import ordinate, read_pages, retention
from .record_facts import StatedFacts

EXTENSIONS = ("jdx", "dx", "jcm", "jca", "jcamp")
_TITLE = re.compile(r"^[ \t]*##[ \t]*TITLE[ \t]*=", re.M | re.I)
# A plain number, with the unit of the axis if any: gratings state several ("4 at 1000, 10 at 3000"), which is none of one.
_RESOLUTION = re.compile(r"\s*(\d{1,3}(?:\.\d{1,6})?)\s*(?:cm\s*\^?-?\s*\^?1|1/cm)?\s*$", re.I)
ASSIGNMENTS = ("PEAKASSIGNMENTS", "ASSIGNMENTS")
X_UNITS, Y_UNITS = ("XUNITS", "RUNITS"), ("YUNITS", "AUNITS")  # R and A are of interferograms
COARSEST_CM1 = 64.0
_TWICE = warning("reading_twice", "This block stands in the file more than once, with the same title and numbers.")
_ASSIGNMENTS = info("peak_assignments", "A block of the file assigns peaks of another block; it was not read.")
_NAMED = re.compile(r"^[ \t]*##[ \t]*JCAMP[ \-_]?DX[ \t]*=", re.M | re.I)
_JCAMP = re.compile(r"^[ \t]*##[ \t]*(JCAMP[ \-_]?DX|DATA[ _]?TYPE|XYDATA|NPOINTS|PEAK ?TABLE)[ \t]*=", re.M | re.I)
KINDS = (
    (r"INTERFEROGRAM", ReadingKind.OTHER),
    (r"RAMAN", ReadingKind.RAMAN),
    (r"INFRA|\bF?T?-?IR\b|\bNIR\b", ReadingKind.IR),
    (r"\bUV|ULTRAVIOLET|VISIBLE", ReadingKind.UV),
    (r"MASS", ReadingKind.MASS_SPECTRUM),
    (r"CHROMATOGRA", ReadingKind.CHROMATOGRAM),
    (r"\S", ReadingKind.OTHER),
)


def sniff_jcamp(probe: Probe) -> Guess | None:
    """A ##TITLE= record; surer with another record of the standard (RRUFF text files also begin with ##)."""
    head = text.head_lines(probe.head)
    if not _TITLE.search(head):
        return Guess(97, "##JCAMP-DX= without ##TITLE=") if _NAMED.search(head) else None
    return Guess(97, "##TITLE= and further records") if _JCAMP.search(head) else Guess(70, "##TITLE= only")


@reader(
    "jcamp",
    title="JCAMP-DX",
    techniques={"IR", "Raman", "UV", "MS", "GC-MS"},
    magic=sniff_jcamp,
    extensions=EXTENSIONS,
    version="12",
)
def read_jcamp(source: Source, hints: Hints, limits: Limits) -> Iterator[Reading]:
    """One Reading per data block; a block of scans or mass-spectral pages is one MASS_RUN.

    x in XUNITS, y in YUNITS after XFACTOR and YFACTOR. Raises CorruptFile with a line on counts, checks and
    numbers that do not fit.
    """
    waiting: Reading | None = None
    ended, seen = True, set[int]()
    for block in _assigned_last(blocks(text.lines(source, limits), limits)):
        if not block.tables or (waiting is not None and _only_assigns(block)):
            note = _ASSIGNMENTS if block.tables else _without_data(block)
            if note is not None and waiting is not None and note not in waiting.remarks:
                waiting = replace(waiting, remarks=(*waiting.remarks, note))
            continue
        for reading in _block(block, hints, limits):
            key = hash((reading.title, reading.x.tobytes(), reading.y.tobytes()))
            if waiting is not None:
                yield waiting
            twice = (_TWICE,) if key in seen else ()
            waiting, ended = replace(reading, remarks=(*reading.remarks, *twice)), block.ended
            seen.add(key)
    if waiting is not None:
        yield waiting if ended or text.ends_with_line_end(source) else _cut(waiting)


def _assigned_last(found: Iterator[Block]) -> Iterator[Block]:
    """The blocks in an order in which assignments of peaks follow the first block with data, so that they can be noted on its reading."""
    first, begun = list[Block](), False
    for block in found:
        if not begun and _only_assigns(block):
            first.append(block)
            continue
        yield block
        if block.tables and not begun:
            begun = True
            yield from first
    if not begun:
        yield from first


def _only_assigns(block: Block) -> bool:
    """Whether a block of a compound file calls itself assignments and holds no other table."""
    named = "ASSIGNMENT" in block.text("DATATYPE").upper()
    return named and block.depth > 0 and all(table.label in ASSIGNMENTS for table in block.tables)


def _cut(reading: Reading) -> Reading:
    """With a warning of its last value: the count of points fits also where that lost its last digits."""
    note = warning("may_be_cut", "The file ends in the middle of a line without ##END; its last value may be cut.")
    return replace(reading, remarks=(*reading.remarks, note))


def _without_data(block: Block) -> Remark | None:
    """What a block without a table leaves to say of the whole file. Raises CorruptFile where the file was cut short."""
    if not block.ended and not block.is_link:
        raise CorruptFile(f"The block at line {block.line} ends before its data.", code="truncated", line=block.line)
    if not block.ended and block.depth == 0 and not block.children:
        raise CorruptFile("The file ends before its first block.", code="truncated", line=block.line)
    if block.promised is None:
        return None
    text = f"The file announces {block.promised:,} blocks but holds {block.within:,}"
    if not block.ended:
        raise CorruptFile(f"{text} and no end.", code="truncated", line=block.line)
    return warning("count_mismatch", f"{text}.")


def _block(block: Block, hints: Hints, limits: Limits) -> Iterator[Reading]:
    if block.ntuples or any("SCANNUMBER" in t.local or "PAGE" in t.local for t in block.tables[1:]):
        yield from read_pages(block, _kind_of_pages(block, hints), meta_of(block), hints, limits)
        return
    for table in block.tables:
        if table.label not in ASSIGNMENTS or len(block.tables) == 1:
            yield _reading(block, table, hints, limits)


def _reading(block: Block, table: Table, hints: Hints, limits: Limits) -> Reading:
    found = _numbers(block, table)
    check_numbers(found, block.line, limits.points)
    if "++" in table.form:
        x, y, notes = _stepped(table, found, limits, ended=block.ended)
    else:
        x, y = decode_pairs(table.rows, limits.points, columns_of(table.form, table.line))
        x, y = x * found.x_factor, y * found.y_factor
        notes = tuple(pair_remarks(found, x, y, table.line, ended=block.ended))
    if x.size == 0:
        raise CorruptFile(f"The table at line {table.line} holds no points.", code="no_points", line=table.line)
    keep = ~np.isnan(y)
    return _finish(block, table, x[keep], y[keep], hints, (*notes, *factor_remark(found), *_of_the_block(block, table)))


def _of_the_block(block: Block, table: Table) -> Iterator[Remark]:
    """A beginning or an end that the block lacks, and another kind of table than it announces."""
    if "TITLE" not in block.header:
        yield warning("no_title", "The file does not begin with ##TITLE; records of its beginning may be lost.")
    if not block.ended and block.depth:
        text = f"The block at line {block.line} has no ##END of its own, as every block of a compound file should."
        yield warning("no_end", text)
    stated = normal(block.text("DATACLASS"))
    if stated in DATA_LABELS and stated != table.label and len(block.tables) == 1:
        yield info(
            "data_class", f"The file announces a table called {stated} (DATA CLASS), but it is called {table.label}."
        )


def _stepped(
    table: Table, found: Numbers, limits: Limits, *, ended: bool
) -> tuple[FloatArray, FloatArray, tuple[Remark, ...]]:
    ordinates = decode(table.rows, limits.points)
    if not ordinates.y:
        raise CorruptFile(f"The table at line {table.line} holds no points.", code="no_points", line=table.line)
    y = ordinates.values() * found.y_factor
    x = axis(ordinates, found, table.line)
    said = tuple(remarks(ordinates, found, x, y))
    return x, y, said if ended else (*said, *not_ended(found, x))


def _numbers(block: Block, table: Table) -> Numbers:
    """The records of the table's own axes: those of interferograms (RADATA) are called R and A."""
    x, y = ("R", "A") if table.label == "RADATA" else ("X", "Y")

    def value(label: str) -> float | None:
        return number(table.local.get(label) or block.header.get(label, ""), label, block.line)

    x_factor, y_factor = value(f"{x}FACTOR"), value(f"{y}FACTOR")
    return Numbers(
        value(f"FIRST{x}"),
        value(f"LAST{x}"),
        value(f"DELTA{x}"),
        value(f"FIRST{y}"),
        1.0 if x_factor is None else x_factor,
        1.0 if y_factor is None else y_factor,
        value("NPOINTS"),
        stated_number(block.text(f"MIN{y}")),
        stated_number(block.text(f"MAX{y}")),
        stated_number(block.text(f"MIN{x}")),
        stated_number(block.text(f"MAX{x}")),
        "" if (x_factor is None) == (y_factor is None) else f"{x if x_factor is None else y}FACTOR",
    )


def kind_of(block: Block, hints: Hints) -> ReadingKind:
    """Technique by the person's hint, by DATA TYPE, or by the units where DATA TYPE is empty."""
    if hints.kind:
        kind = ReadingKind(hints.kind)
        return ReadingKind.MASS_SPECTRUM if kind is ReadingKind.MASS_RUN else kind  # one block, one spectrum
    declared = block.text("DATATYPE", "NTUPLES").upper()
    found = next((kind for pattern, kind in KINDS if re.search(pattern, declared)), None)
    if found is not None and not hints.x_unit:
        if found is ReadingKind.UV and units.x_unit(block.text(*X_UNITS)) in units.TIMES:
            return ReadingKind.CHROMATOGRAM  # a detector behind a column
        return found
    unit = hints.x_unit or units.x_unit(block.text(*X_UNITS))
    return units.kind_of(unit, units.y_unit(block.text(*Y_UNITS)), declared)


def _kind_of_pages(block: Block, hints: Hints) -> ReadingKind:
    """As `kind_of`; of pages of mass spectra a person may say the unit of time, and they stay mass spectra."""
    kind, known = kind_of(block, Hints()), block.text("DATATYPE", "NTUPLES", *X_UNITS)
    about = {*block.tables[0].local, *block.header}
    if not known and "SCANNUMBER" in about and about & {"TIC", "IONIZATIONMODE"}:
        kind = ReadingKind.MASS_SPECTRUM  # as PyMassSpec writes runs
    if kind is ReadingKind.MASS_SPECTRUM and (hints.x_unit in units.TIMES or not (hints.kind or hints.x_unit)):
        return kind
    return kind_of(block, hints)


def meta_of(block: Block) -> dict[str, Any]:
    """What the block says about itself, under normalised labels."""
    header = {k: v[:500] for k, v in list(block.header.items())[:400] if v}
    found: dict[str, Any] = {
        "header": header,
        "x_unit_raw": block.text(*X_UNITS),
        "y_unit_raw": block.text(*Y_UNITS),
        "data_type": block.text("DATATYPE"),
    }
    if re.search("INTERFEROGRAM", found["data_type"], re.I):
        found["role"] = "interferogram"
    resolution = _RESOLUTION.match(block.text("RESOLUTION"))
    if resolution and units.x_unit(block.text(*X_UNITS)) == "cm-1" and 0 < float(resolution[1]) <= COARSEST_CM1:
        found["resolution_cm1"] = float(resolution[1])
    return found


def _finish(
    block: Block, table: Table, x: FloatArray, y: FloatArray, hints: Hints, notes: tuple[Remark, ...]
) -> Reading:
    kind, meta = kind_of(block, hints), meta_of(block)
    title, instrument = block.text("TITLE"), block.text("SPECTROMETERDATASYSTEM", "SPECTROMETERSYSTEM")
    raw_x, raw_y = block.text(*X_UNITS), block.text(*Y_UNITS)
    unit = hints.x_unit or units.x_unit(raw_x) or raw_x
    if not unit and kind in (ReadingKind.IR, ReadingKind.RAMAN):
        unit = "cm-1"
        notes += (warning("axis_guessed", "The file does not name its x axis; it was taken as wavenumbers in cm-1."),)
    y_unit, said = ordinate(kind, raw_y, y, hints)
    notes += said
    if kind is ReadingKind.MASS_SPECTRUM:
        if unit in units.X_UNITS and unit != "m/z" and not hints.x_unit:
            text = f"The file calls itself a mass spectrum, but its x axis is in {raw_x[:40]!r}."
            notes += (warning("units_differ", text),)
        time, timing = retention(block, table, hints)
        stated = StatedFacts(re.sub(r"\s", "", block.text("MOLFORM")), weight=block.text("MW"))
        return peak_list(
            x,
            y,
            title=title,
            instrument=instrument,
            y_unit=y_unit or "intensity",
            meta=meta,
            remarks=notes + timing + _chromatogram_in_disguise(x) + stated.contradictions(x, y),
            ionisation=ionisation_of(block),
            retention_time_s=time,
        )
    if not block.text("DATATYPE"):
        notes += (info("no_data_type", "The file does not name its technique; it was inferred from the units."),)
    return Reading(kind, x, y, unit, y_unit, meta=meta, title=title, instrument=instrument, remarks=notes)


def ionisation_of(block: Block) -> str:
    """EI, CI, ESI … from IONIZATION MODE without its sign; EI where the file is silent (JCAMP-MS is a GC format)."""
    mode = re.match(r"[A-Za-z]+", block.text(".IONIZATIONMODE", "IONIZATIONMODE", "$IONIZATIONMODE"))
    return mode[0].upper() if mode else "EI"


def _chromatogram_in_disguise(x: FloatArray) -> tuple[Remark, ...]:
    """Some programs write a chromatogram under DATA TYPE=MASS SPECTRUM: thousands of points below m/z 100."""
    if x.size > 1_000 and x.max() < 100 and (np.diff(x) > 0).all():
        return (
            warning(
                "looks_like_chromatogram",
                "The file calls itself a mass spectrum, but its points lie as in a "
                "chromatogram; give x_unit='min' if it is one.",
            ),
        )
    return ()
