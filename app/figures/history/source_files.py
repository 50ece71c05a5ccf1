"""Rows of a delimited file, with the line each stands on as an editor shows it. Nothing is guessed silently.

Single values (dates, figures, CAS numbers) say in words what is wrong with what they were read from.
"""

from __future__ import annotations

import csv
import fnmatch
import hashlib
import itertools
import math
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from app.figures.history.domain import Level, Problem
from app.figures.history.mapping import HistoryMap, SourceFile, one_line
from app.platform.kernel.errors import Invalid
from spectra.exactmass import FormulaError, check_formula

MAX_CELL = 20_000
"""Characters of one cell; more is a broken quotation mark that swallowed the file."""

_NO_TABLES = {
    b"PK\x03\x04": ("is a spreadsheet file or a zip, not text.", "Save the sheet as CSV (UTF-8)."),
    b"\xd0\xcf\x11\xe0": ("is a spreadsheet file, not text.", "Save the sheet as CSV (UTF-8)."),
    b"\xff\xfe": ("is UTF-16.", 'Say encoding = "utf-16" for the file.'),
    b"\xfe\xff": ("is UTF-16.", 'Say encoding = "utf-16" for the file.'),
}
"""By the first bytes of a file that is not what its ending says."""

_NAMES_OF_COUNTS = re.compile(
    r"n|(n|no\.?|#|number|count|total|sum)( of)? (samples|cases|checks|drugs|visits)"
    r"|count|counts|total|totals|sum|sums|samples|tested|checked|analysed|analyzed|positives?|frequency"
    r"|(samples|drugs) (tested|checked|analysed|analyzed|submitted)",
    re.IGNORECASE,
)
FEWEST_ROWS = 3
LARGE = 10
"""A sum of samples passes this somewhere; what people count of one sample hardly does."""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row: the line it begins on (the header is line 1) and its cells by column."""

    line: int
    cells: dict[str, str]


def sorted_out(paths: Sequence[Path], by_map: HistoryMap) -> dict[str, Path]:
    """Which given file is which of the map, by its name. Raises Invalid for one too many, or one missing."""
    found: dict[str, Path] = {}
    for path in paths:
        fits = [f.name for f in by_map.file if fnmatch.fnmatch(path.name.casefold(), f.match.casefold())]
        if len(fits) != 1:
            which = "none" if not fits else " and ".join(fits)
            raise Invalid(
                f"{path.name} fits {which} of the files the map knows ({', '.join(f.match for f in by_map.file)}).",
                hint="Rename it or correct “match” in the map. Nothing was imported.",
            )
        if fits[0] in found:
            raise Invalid(
                f"{path.name} and {found[fits[0]].name} are both “{fits[0]}”: one file of a kind at a time.",
                hint="Import them one after the other. Nothing was imported.",
            )
        found[fits[0]] = path
    missing = [f for f in by_map.file if f.name not in found]
    if missing:
        wanted = ", ".join(f"“{f.name}” ({f.match})" for f in missing)
        raise Invalid(f"The map also needs {wanted}.", hint="Give all files in one call. Nothing was imported.")
    return found


def digest(path: Path) -> str:
    """SHA-256 of the file as it is."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def rows_of(path: Path, kind: SourceFile, wanted: Sequence[str]) -> Iterator[SourceRow]:
    """The rows of a file whose header has every wanted column, wherever it stands.

    Raises Invalid for an empty file, another encoding, a missing or repeated column, a row of another width.
    """
    _check_kind(path, kind)
    encoding = "utf-8-sig" if kind.encoding.casefold() in ("utf-8", "utf8") else kind.encoding
    try:
        with path.open(encoding=encoding, newline="") as file:
            above = sum(1 for _ in itertools.islice(file, kind.header - 1))
            table = csv.reader(file, delimiter=kind.delimiter, strict=True)
            yield from _rows(path.name, table, wanted, above)
    except UnicodeError as error:
        where = "its beginning"
        if isinstance(error, UnicodeDecodeError):
            line = path.read_bytes()[: error.start].count(b"\n") + 1
            where = f"line {line} or near it"
        raise Invalid(
            f"{path.name} is not {kind.encoding}: {where} holds a byte that cannot be read.",
            hint='Often encoding = "cp1252" in the map is right. Nothing was imported.',
        ) from error
    except LookupError as error:
        raise Invalid(f"“{kind.encoding}” is no encoding this machine knows.", hint="Nothing was imported.") from error
    except csv.Error as error:
        raise Invalid(f"{path.name} is not a table as the map says: {error}.", hint="Nothing was imported.") from error


def _check_kind(path: Path, kind: SourceFile) -> None:
    with path.open("rb") as file:
        begins = file.read(4)
    for magic, (what, how) in _NO_TABLES.items():
        if begins.startswith(magic) and not kind.encoding.casefold().replace("_", "-").startswith("utf-16"):
            raise Invalid(f"{path.name} {what}", hint=f"{how} Nothing was imported.")


def _rows(name: str, table: Iterator[list[str]], wanted: Sequence[str], above: int) -> Iterator[SourceRow]:
    """`above`: lines over the header that were passed over."""
    written = next(table, [])
    header = [one_line(cell) for cell in written]
    if not any(header):
        what = f"has nothing in line {above + 1}, where the map says its header is" if above else "is empty"
        raise Invalid(f"{name} {what}.", hint="Nothing was imported.")
    repeated = sorted({c for c in header if c and header.count(c) > 1 and c in wanted})
    if repeated:
        raise Invalid(f"{name} has the column {', '.join(repeated)} twice.", hint="Nothing was imported.")
    absent = sorted(set(wanted) - set(header))
    if absent:
        raise Invalid(
            f"{name} has no column {', '.join(absent)}; it has {', '.join(c for c in header if c)}.",
            hint=f"{_why_absent(written, wanted)} Correct the map. Nothing was imported.",
        )
    begins = above + table.line_num + 1  # type: ignore[attr-defined]
    for cells in table:
        line, begins = begins, above + table.line_num + 1  # type: ignore[attr-defined]
        if not any(cell.strip() for cell in cells):
            continue
        while len(cells) > len(header) and not cells[-1].strip():
            cells.pop()  # a spreadsheet pads some rows
        why, how = _fault_of(cells, len(header))
        if why:
            raise Invalid(f"{name}, line {line}: {why}", hint=f"{how} Nothing was imported.")
        yield SourceRow(line, dict(zip(header, cells, strict=True)))


def _fault_of(cells: Sequence[str], columns: int) -> tuple[str, str]:
    """Why a row cannot be taken, and how to go on; empty where it can."""
    if len(cells) != columns:
        how = "A separator inside a cell needs quotation marks."
        return f"{len(cells)} cells where the header has {columns} columns.", how
    if any("\0" in cell for cell in cells):
        return "a byte of value 0, which no text holds.", 'Perhaps encoding = "utf-16-le" in the map is right.'
    if any(len(cell) > MAX_CELL for cell in cells):
        return f"a cell of over {MAX_CELL:,} characters.", "A quotation mark is not closed."
    return "", ""


def _why_absent(header: Sequence[str], wanted: Sequence[str]) -> str:
    if len(header) == 1 and len(wanted) > 1:
        used = next((mark for mark in ("\t", ";", ",", "|") if mark in header[0]), "")
        if used:
            said = "\\t" if used == "\t" else used
            return f'Perhaps delimiter = "{said}" for the file is right.'
        return "If titles stand above the header, say in the map which line it is: header = 4."
    return "Did a column get another name, or does the header stand lower down (header = 4)?"


class CountWatch:
    """Whether a file seems to hold counts of samples, such as sums by month, where the map takes each row for a sample.

    Looks at the rows as they pass. `known`: columns of which the map says that they are something else.
    """

    def __init__(self, file: str, known: Collection[str]) -> None:
        self.file, self.known = file, frozenset(known)
        self._seen: dict[str, list[int]] = {}
        self._other: set[str] = set()

    def look(self, row: SourceRow) -> None:
        """One row."""
        for column, cell in row.cells.items():
            if column in self.known or column in self._other or not _NAMES_OF_COUNTS.fullmatch(column):
                continue
            text = cell.strip().removesuffix(".0")
            if text.isdecimal():
                self._seen.setdefault(column, []).append(int(text))
            elif text:
                self._other.add(column)

    def told(self) -> Iterator[Problem]:
        """A note for each column of whole numbers that are mostly more than one."""
        for column, numbers in self._seen.items():
            mostly_several = 2 * sum(number > 1 for number in numbers) > len(numbers) >= FEWEST_ROWS
            if column not in self._other and mostly_several and max(numbers) >= LARGE:
                why = (
                    f"these look like counts, not samples: whole numbers up to {max(numbers):,}. Each row is taken for one "
                    "sample. If a row is a sum, such as one of a month, these figures would be wrong: do not import it."
                )
                yield Problem(Level.NOTE, self.file, 0, column, "", why)


_CAS = re.compile(r"(\d{2,7})-(\d{2})-(\d)")
_FIGURE = re.compile(r"[+-]?\d*\.?\d+(?:[eE][+-]?\d+)?")
SPREADSHEET_DAY_0 = date(1899, 12, 30)
FIRST_YEAR = 1990
"""Drug checking services have no older records; an older year is a typing error."""


class Unreadable(ValueError):
    """`why` the value cannot be taken, and `how` to go on."""

    def __init__(self, why: str, how: str = "") -> None:
        super().__init__(why)
        self.why, self.how = why, how


def day_in(text: str, formats: tuple[str, ...], today: date, *, spreadsheet_days: bool = False) -> date:
    """The day. Raises Unreadable for one that does not exist, lies ahead, or is a bare spreadsheet number."""
    said = " ".join(text.split())
    days = _by_formats(said, formats)
    if len(days) > 1:
        either = " or ".join(day.isoformat() for day in sorted(days))
        raise Unreadable(f"is {either}: two formats read it differently.", "Leave the wrong format out of the map.")
    day = next(iter(days), None)
    if day is None and re.fullmatch(r"\d{5}(\.\d+)?", said):
        if not spreadsheet_days:
            raise Unreadable(
                "is a number, perhaps a spreadsheet's count of days.",
                "If it is, say spreadsheet_days = true for this column.",
            )
        day = SPREADSHEET_DAY_0 + timedelta(days=int(float(said)))
    if day is None:
        raise Unreadable(f"is no date written as {' or '.join(formats)}.", f"Correct the row or the formats{_OR}.")
    if day > today:
        raise Unreadable("lies in the future.", f"Correct the row{_OR}.")
    if day.year < FIRST_YEAR:
        raise Unreadable(f"lies before {FIRST_YEAR}.", f"Correct the row, or give years four figures{_OR}.")
    return day


_OR = ", or put the word into missing of this column: then there is no date"


@lru_cache(maxsize=20_000)
def _by_formats(said: str, formats: tuple[str, ...]) -> frozenset[date]:
    """The days the formats read in it: none, one, or several that contradict each other."""
    days = set()
    for form in formats:
        with suppress(ValueError):
            days.add(datetime.strptime(said, form).date())
    return frozenset(days)


def figure(text: str, decimal: str, *, percent: bool = True) -> float:
    """A finite figure of 0 or more. `percent`: a sign for it may stand behind. Raises Unreadable."""
    said = text.strip()
    if percent:
        said = said.removesuffix("%").strip()
    elif said.endswith("%"):
        raise Unreadable(
            "is a percentage, and the unit in the map is another.", "Correct the row, or the unit in the map."
        )
    if decimal == "," and re.fullmatch(r"\d{1,3}\.\d{3}", said):
        raise Unreadable("may be thousands or a decimal point.", _MEANT)
    plain = said.replace(",", ".") if decimal == "," else said
    if not _FIGURE.fullmatch(plain):
        comma = re.fullmatch(r"\d+,\d+", said)
        raise Unreadable("is not a figure.", 'A decimal comma needs decimal = "," for the file.' if comma else _MEANT)
    value = float(plain)
    if not math.isfinite(value) or value < 0:
        raise Unreadable("is not a figure of 0 or more.", _MEANT)
    return value


_MEANT = "Correct the row, or say under words of this amount what it means."


def fault_of_cas(text: str) -> str:
    """What is wrong with a CAS number, or an empty text.

    The last figure is a check digit: the sum of the others, each times its place from the right, modulo 10
    (CAS Registry, “Check Digit Verification”).
    """
    found = _CAS.fullmatch(text.strip())
    if found is None:
        looks_like_a_date = re.fullmatch(r"\d{1,4}[/.]\d{1,2}[/.]\d{1,4}", text.strip())
        return (
            "is a date where a CAS number should be: a spreadsheet turned it into one."
            if looks_like_a_date
            else "is not written as a CAS number."
        )
    digits = found.group(1) + found.group(2)
    right = sum(place * int(digit) for place, digit in enumerate(reversed(digits), start=1)) % 10
    return "" if right == int(found.group(3)) else f"has a wrong check digit: {right} would fit."


def fault_of_formula(text: str) -> str:
    """What is wrong with a molecular formula, or an empty text."""
    try:
        check_formula(text.strip())
    except FormulaError as error:
        return f"cannot be a formula: {error}."
    return ""
