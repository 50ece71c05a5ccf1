"""The references an infrared or Raman reading is compared with, for features that work on them by hand."""

from __future__ import annotations

from app.laboratory.library.shelf import Opened, Shelf
from app.laboratory.readings.tables import Reading as ReadingRow
from app.platform.kernel.errors import NotFound
from spectra import ReadingKind


def vibrational_books(row: ReadingRow, shelf: Shelf) -> list[Opened]:
    """The libraries a reading of this kind is compared with, own standards first."""
    return shelf.raman() if row.kind == ReadingKind.RAMAN.value else shelf.infrared()


def entry_in(row: ReadingRow, shelf: Shelf, library: str, entry: str) -> tuple[Opened, int]:
    """A reference by library key and entry id. Raises NotFound."""
    one = next((book for book in vibrational_books(row, shelf) if book.key == library), None)
    if one is None:
        raise NotFound("library")
    number = one.infrared.ids.find(entry)
    if number < 0:
        raise NotFound("reference")
    return one, number
