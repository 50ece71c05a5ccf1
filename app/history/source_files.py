"""Rows of a delimited file, with the line each stands on as an editor shows it. Nothing is guessed silently."""

from __future__ import annotations

import csv
import fnmatch
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.history.mapping import HistoryMap, SourceFile
from app.platform.kernel.errors import Invalid

MAX_CELL = 20_000
"""Characters of one cell; more is a broken quotation mark that swallowed the file."""


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
                hint="Rename it or mend “match” in the map. Nothing was imported.",
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
    encoding = "utf-8-sig" if kind.encoding.casefold() in ("utf-8", "utf8") else kind.encoding
    try:
        with path.open(encoding=encoding, newline="") as file:
            yield from _rows(path.name, csv.reader(file, delimiter=kind.delimiter, strict=True), wanted)
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise Invalid(
            f"{path.name} is not {kind.encoding}: line {line} or near it holds a byte that cannot be read.",
            hint='Often encoding = "cp1252" in the map is right. Nothing was imported.',
        ) from error
    except LookupError as error:
        raise Invalid(f"“{kind.encoding}” is no encoding this machine knows.", hint="Nothing was imported.") from error
    except csv.Error as error:
        raise Invalid(f"{path.name} is not a table as the map says: {error}.", hint="Nothing was imported.") from error


def _rows(name: str, table: Iterator[list[str]], wanted: Sequence[str]) -> Iterator[SourceRow]:
    header = [cell.strip() for cell in next(table, [])]
    if not any(header):
        raise Invalid(f"{name} is empty.", hint="Nothing was imported.")
    repeated = sorted({c for c in header if c and header.count(c) > 1 and c in wanted})
    if repeated:
        raise Invalid(f"{name} has the column {', '.join(repeated)} twice.", hint="Nothing was imported.")
    absent = sorted(set(wanted) - set(header))
    if absent:
        raise Invalid(
            f"{name} has no column {', '.join(absent)}; it has {', '.join(c for c in header if c)}.",
            hint="Did a column get another name? Mend the map. Nothing was imported.",
        )
    begins = table.line_num + 1  # type: ignore[attr-defined]
    for cells in table:
        line, begins = begins, table.line_num + 1  # type: ignore[attr-defined]
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            raise Invalid(
                f"{name}, line {line}: {len(cells)} cells where the header has {len(header)} columns.",
                hint="A separator inside a cell needs quotation marks. Nothing was imported.",
            )
        if any(len(cell) > MAX_CELL for cell in cells):
            raise Invalid(
                f"{name}, line {line}: a cell of over {MAX_CELL:,} characters.",
                hint="A quotation mark is not closed. Nothing was imported.",
            )
        yield SourceRow(line, dict(zip(header, cells, strict=True)))
