"""Many tables in one JCAMP-DX block: NTUPLES pages, and GC-MS files with one ##SCAN_NUMBER per scan.

Lampen et al. 1994, JCAMP-DX for mass spectrometry (doi:10.1366/0003702944027840). Imports JCAMP siblings, and of runs how times become an axis.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from spectra.types import FloatArray, MassSpectrum, Reading, ReadingKind, Remark

from .. import units
from ..errors import CorruptFile, TooLarge
from ..limits import Limits
from ..peaks import ScanNotes, peak_list, to_scan
from ..registry import Hints
from ..validate import ORDINATE_UNKNOWN, counted, info, warning
from .jcamp_asdf import columns_of, decode, decode_pairs
from .jcamp_axis import Numbers, axis, check_numbers, number, remarks, stated_number
from .jcamp_blocks import Block, Table
from .mz_run import time_axis

TOTAL_APART, TIME_APART = 0.02, 0.005  # of a sum, of a time
_COEFFICIENT = re.compile(r"(?<![ck])m-1|absorptivity|coeff", re.I)  # of gases: (micromol/mol)-1m-1 (base 10)


class Variables:
    """The columns of the NTUPLES header by symbol: factor, first, last, units, dimension."""

    def __init__(self, block: Block) -> None:
        self._line = block.line
        names = {
            k: [c.strip() for c in block.header.get(k, "").split(",")]
            for k in ("SYMBOL", "FACTOR", "FIRST", "LAST", "UNITS", "VARDIM", "VARNAME")
        }
        self.symbols = [s.upper() for s in names.pop("SYMBOL") if s]
        self._columns = names

    def text(self, symbol: str, column: str) -> str:
        """The entry of a symbol in a column, '' if absent."""
        cells = self._columns[column]
        index = self.symbols.index(symbol) if symbol in self.symbols else len(cells)
        return cells[index] if index < len(cells) else ""

    def number(self, symbol: str, column: str) -> float | None:
        """As `text`, as a number."""
        return number(self.text(symbol, column), column, self._line)


class _Page(NamedTuple):
    """Positions and values (N,) of one page, and what did not fit in it."""

    x: FloatArray
    y: FloatArray
    remarks: tuple[Remark, ...] = ()


def read_pages(
    block: Block, kind: ReadingKind, meta: dict[str, Any], hints: Hints, limits: Limits
) -> Iterator[Reading]:
    """Mass-spectral pages or scans as one MASS_RUN (one page: MASS_SPECTRUM); others one Reading per page.

    A run has x = retention time in seconds and y = sum of intensities per scan.
    """
    if len(block.tables) > limits.spectra:
        raise TooLarge(f"More than {limits.spectra:,} scans.", code="too_many_spectra", line=block.line)
    if not block.ended and block.ntuples:
        raise CorruptFile(
            "The pages are not closed by ##END, so the file is cut short.", code="truncated", line=block.tables[-1].line
        )
    variables = Variables(block)
    title, instrument = block.text("TITLE"), block.text("SPECTROMETERDATASYSTEM", "SPECTROMETERSYSTEM")
    pages = [_page(t, variables, limits, first=i == 0) for i, t in enumerate(block.tables)]
    _refuse_short_pages(pages, block.tables)
    notes = _dimensions(pages, block.tables, variables)
    if kind is ReadingKind.MASS_SPECTRUM and not (
        hints.kind or hints.x_unit or block.text("DATATYPE", "NTUPLES", "XUNITS")
    ):
        text = "The file names neither its technique nor its x axis; its scans were taken as mass spectra."
        notes += (warning("axis_guessed", text),)
    if kind is ReadingKind.MASS_SPECTRUM and len(pages) > 1:
        said = tuple(remark for page in pages for remark in page.remarks)
        yield _run(block, pages, variables, meta, hints, notes + said)
        return
    for table, (x, y, said) in zip(block.tables, pages, strict=True):
        numbered = len(pages) > 1 or _page_symbol(table) in variables.symbols
        name = f"{title} {table.local.get('PAGE', '')}".strip() if numbered else title
        if kind is ReadingKind.MASS_SPECTRUM:
            time, timing = retention(block, table, hints)
            timing += tuple(_two_times([table], variables))
            yield peak_list(
                x,
                y,
                title=name,
                instrument=instrument,
                meta=meta,
                remarks=notes + said + timing,
                retention_time_s=time,
            )
            continue
        if not y.size:
            raise CorruptFile(f"The page at line {table.line} holds no points.", code="no_points", line=table.line)
        x_raw, y_raw = (variables.text(s, "UNITS") for s in _symbols(table, variables))
        y_unit, scale = ordinate(kind, y_raw, y, hints)
        yield Reading(
            kind,
            x,
            y,
            hints.x_unit or units.x_unit(x_raw) or x_raw,
            y_unit,
            meta=meta,
            title=name,
            instrument=instrument,
            remarks=notes + said + scale,
        )


def ordinate(kind: ReadingKind, raw: str, y: FloatArray, hints: Hints) -> tuple[str, tuple[Remark, ...]]:
    """The unit of y that a person or the file gives, with the scale of its values, and what to say of it."""
    known = hints.y_unit or units.y_unit(raw, kind)
    unit, said = units.scaled(known or raw, float(np.max(y)))
    if known or kind is not ReadingKind.IR or _COEFFICIENT.search(raw):
        return unit, said
    if not raw.strip():
        return unit, (ORDINATE_UNKNOWN, *said)
    text = f"The file gives y in {raw.strip()[:30]!r}, which is neither absorbance nor transmittance."
    return unit, (warning("ordinate_unknown", text), *said)


def _refuse_short_pages(pages: list[_Page], tables: list[Table]) -> None:
    """Raise CorruptFile where pages that share first and last x have other numbers of points: one would be stretched."""
    shared = [
        (p.x.size, t)
        for p, t in zip(pages, tables, strict=True)
        if "++" in t.form and not {"FIRSTX", "LASTX"} & set(t.local)
    ]
    most = max((size for size, _ in shared), default=0)
    short = next(((size, table) for size, table in shared if size < most), None)
    if short is not None:
        raise CorruptFile(
            f"The page at line {short[1].line} holds {short[0]:,} points where others have {most:,}, so a line is lost there.",
            code="point_count",
            line=short[1].line,
        )


def _symbols(table: Table, variables: Variables) -> tuple[str, str]:
    """The x and y symbol of a form such as (XY..XY), (X++(R..R)) or (F2++(Y..Y))."""
    match = re.match(r"\((\w+)\+\+\((\w+)\.\.\2\)\)|\((\w)(\w)\.\.", table.form)
    if not match:
        return "X", "Y"
    return (match[1] or match[3]), (match[2] or match[4])


def _page(table: Table, variables: Variables, limits: Limits, *, first: bool) -> _Page:
    x_symbol, y_symbol = _symbols(table, variables)
    if variables.symbols and not {x_symbol, y_symbol} <= set(variables.symbols):
        raise CorruptFile(
            f"The table at line {table.line} has the form {table.form[:40]}, whose symbols the header does not explain.",
            code="unknown_symbol",
            line=table.line,
        )

    def value(label: str, symbol: str, column: str) -> float | None:
        local = number(table.local.get(label, ""), label, table.line)
        return local if local is not None else variables.number(symbol, column)

    x_factor, y_factor = value("XFACTOR", x_symbol, "FACTOR"), value("YFACTOR", y_symbol, "FACTOR")
    points = number(table.local.get("NPOINTS", ""), "NPOINTS", table.line)
    found = Numbers(
        value("FIRSTX", x_symbol, "FIRST"),
        value("LASTX", x_symbol, "LAST"),
        None,
        value("FIRSTY", y_symbol, "FIRST") if first else None,
        1.0 if x_factor is None else x_factor,
        1.0 if y_factor is None else y_factor,
        points,
    )
    check_numbers(found, table.line, limits.points)
    if "++" in table.form:
        ordinates = decode(table.rows, limits.points)
        if not ordinates.y:
            raise CorruptFile(f"The page at line {table.line} holds no points.", code="no_points", line=table.line)
        x, y = axis(ordinates, found, table.line), ordinates.values() * found.y_factor
        return _Page(x, y, tuple(remarks(ordinates, found, x, y)))
    x, y = decode_pairs(table.rows, limits.points, columns_of(table.form, table.line))
    if points is not None and points != x.size:
        raise CorruptFile(
            f"The scan at line {table.line} promises {points:,.0f} peaks and holds {x.size:,}, so the file is cut short or damaged.",
            code="point_count",
            line=table.line,
        )
    return _Page(x * found.x_factor, y * found.y_factor)


def _dimensions(pages: list[_Page], tables: list[Table], variables: Variables) -> tuple[Remark, ...]:
    """VAR_DIM against the points of the largest page, and against the number of pages, and what numbers those."""
    if not variables.symbols:
        return ()
    counts = (
        (_symbols(tables[0], variables)[0], max(p.x.size for p in pages), "points per page, the largest page holds"),
        (_page_symbol(tables[0]), len(pages), "pages, the file holds"),
    )
    found: tuple[Remark, ...] = ()
    for symbol, held, words in counts:
        declared = variables.number(symbol, "VARDIM")
        if declared is not None and declared != held:
            found += (warning("count_mismatch", f"The header announces {declared:,.0f} {words} {held:,}."),)
    numbered = [t for t in tables if "=" in t.local.get("PAGE", "")]
    strange = next((t for t in numbered if _page_symbol(t) not in ("", *variables.symbols)), None)
    if strange is not None and len(pages) > 1:
        text = f"The page before line {strange.line} is numbered by {_page_symbol(strange)[:20]}, which the header does not explain; it was read like the others."
        found += (warning("unknown_symbol", text),)
    return found


def _page_symbol(table: Table) -> str:
    """The variable that numbers the pages: N of ##PAGE=N=1."""
    return table.local.get("PAGE", "").partition("=")[0].strip().upper()


def _run(
    block: Block,
    pages: list[_Page],
    variables: Variables,
    meta: dict[str, Any],
    hints: Hints,
    notes: tuple[Remark, ...],
) -> Reading:
    x, unit, remark = _times(block, variables, hints.x_unit)
    notes += tuple(_two_times(block.tables, variables)) + tuple(_of_the_scans(block.tables, pages))
    times = x if unit == "s" else [None] * x.size
    troubles, scans = ScanNotes(), list[MassSpectrum]()
    mode = re.match(r"[A-Za-z]+", block.text(".IONIZATIONMODE", "IONIZATIONMODE"))
    for (mz, y, _), time in zip(pages, times, strict=True):
        ionisation = mode[0].upper() if mode else "EI"
        scans.append(to_scan(mz, y, troubles, ionisation=ionisation, retention_time_s=time, ms_level=1))
    total = np.array([float(s.intensity.sum()) for s in scans])
    meta = meta | {"points": troubles.points, "max_intensity": troubles.largest}
    return Reading(
        ReadingKind.MASS_RUN,
        x,
        total,
        unit,
        "total ion current",
        meta=meta,
        ms_level=1,
        title=block.text("TITLE"),
        instrument=block.text("SPECTROMETERDATASYSTEM", "SPECTROMETERSYSTEM"),
        scans=tuple(scans),
        remarks=notes + remark + troubles.remarks(),
    )


def _of_the_scans(tables: list[Table], pages: list[_Page]) -> Iterator[Remark]:
    """Numbers that two scans share; and totals (TIC) beside those of other scans, where most are the sum of their peaks."""
    numbers = [number.strip().lstrip("0") for table in tables if (number := _local(table, "SCANNUMBER"))]
    twice = len(numbers) - len(set(numbers))
    if twice:
        text = f"{counted(twice, 'scan has', 'scans have')} the number of another; the file was joined from several or is damaged."
        yield warning("duplicate_scan", text)
    total = np.array([stated_number(_local(table, "TIC")) for table in tables], dtype=np.float64)
    held = np.array([float(page.y.sum()) for page in pages])
    known = np.isfinite(total) & np.isfinite(held)
    fits = np.abs(total - held) <= TOTAL_APART * np.abs(held)
    if 2 * int(fits.sum()) > int(known.sum()) > int(fits.sum()):
        at = int(np.argmax(known & ~fits))
        many = counted(int((known & ~fits).sum()), "scan is", "scans are")
        text = f"The TIC of {many} not the sum of its peaks, as that of the others is; the first is {total[at]:g} and the sum {held[at]:g}."
        yield warning("scan_differs", text)


def _two_times(tables: list[Table], variables: Variables) -> Iterator[Remark]:
    """Tables whose page is numbered by another time than they state; one of the two may be in minutes."""
    differ = []
    for table in tables:
        said = _local(table, "RETENTIONTIME")
        page, own = stated_number(_page_time(table, variables)), stated_number(said)
        if page is None or own is None:
            continue
        rounded = 0.5 * 10.0 ** -len(said.partition(".")[2].strip())
        if all(abs(page - own * scale) > TIME_APART * max(page, 1.0) + rounded * scale for scale in (1, 60, 1 / 60)):
            differ.append((page, own))
    if differ:
        page, own = differ[0]
        scans = counted(len(differ), "scan", "scans")
        text = f"For {scans} the file gives two retention times, such as {page:g} (PAGE) and {own:g} (RETENTION_TIME); the first was taken."
        yield warning("stated_twice", text)


def _times(block: Block, variables: Variables, said: str | None) -> tuple[FloatArray, str, tuple[Remark, ...]]:
    """Retention times per scan in seconds, or their numbers, with the unit."""
    found = [number(_time_text(table, variables), "RETENTION TIME", table.line) for table in block.tables]
    symbol = _page_symbol(block.tables[0])
    unit, notes = _time_unit(said, variables.text(symbol, "UNITS"), block.text("SCANDELAYUNITS"))
    factor = 60.0 if unit == "min" else 1.0
    x, unit, missing = time_axis([None if time is None else factor * time for time in found])
    return x, unit, missing + (notes if unit == "s" else ())


_TIME = re.compile(r"\s*+(\d{1,9}(?:[.,]\d{1,9})?)\s*+[(\[]?([a-zA-Z]*)[)\]]?\s*+")


def retention(block: Block, table: Table, hints: Hints) -> tuple[float | None, tuple[Remark, ...]]:
    """Retention time in seconds of a spectrum that is none of a run, None where the file gives none, and what to say of it."""
    variables = Variables(block)
    stated = _TIME.fullmatch(_time_text(table, variables))
    if stated is None:  # a side fact refuses no spectrum
        return None, ()
    of_page = variables.text(_page_symbol(table), "UNITS")
    unit, said = _time_unit(hints.x_unit, stated[2], of_page, block.text("SCANDELAYUNITS"))
    return float(stated[1].replace(",", ".")) * (60.0 if unit == "min" else 1.0), said


def _time_text(table: Table, variables: Variables) -> str:
    """The number of its page where pages are numbered by time, else what a table states as its time."""
    return _page_time(table, variables) or _local(table, "RETENTIONTIME")


def _page_time(table: Table, variables: Variables) -> str:
    symbol, page = _page_symbol(table), table.local.get("PAGE", "").partition("=")[2].strip()
    named = symbol == "T" or any(map(units.is_time, (symbol, variables.text(symbol, "VARNAME"))))
    if page and (named or units.x_unit(variables.text(symbol, "UNITS")) in units.TIMES):
        return page
    return ""


def _local(table: Table, label: str) -> str:
    """What a scan says of itself; labels of mass spectra may begin with a point (JCAMP-DX for mass spectrometry)."""
    return table.local.get(label, "") or table.local.get(f".{label}", "")


def _time_unit(said: str | None, *stated: str) -> tuple[str, tuple[Remark, ...]]:
    """The unit of retention times: what a person `said`, the first of those stated that is one, else seconds."""
    if said in units.TIMES:
        return str(said), ()
    unit = next((u for u in map(units.x_unit, stated) if u in units.TIMES), "")
    if unit:
        return unit, (info("time_unit", f"Retention times are in {unit}, as the file says."),)
    text = "The file does not give the unit of its retention times; seconds were assumed."
    return "s", (warning("time_unit_guessed", text),)
