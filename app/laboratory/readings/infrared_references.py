"""The references an infrared or Raman reading is compared with, for features that work on them by hand."""

from __future__ import annotations

from app.laboratory.library.opened import Opened
from app.laboratory.library.registry import LibraryRegistry
from app.laboratory.readings.tables import Reading as ReadingRow
from app.platform.kernel.errors import NotFound
from spectra import ReadingKind


def vibrational_books(row: ReadingRow, registry: LibraryRegistry) -> list[Opened]:
    """The libraries a reading of this kind is compared with, own standards first."""
    return registry.raman() if row.kind == ReadingKind.RAMAN.value else registry.infrared()


def entry_in(row: ReadingRow, registry: LibraryRegistry, library: str, entry: str) -> tuple[Opened, int]:
    """A reference by library key and entry id. Raises NotFound."""
    one = next((book for book in vibrational_books(row, registry) if book.key == library), None)
    if one is None:
        raise NotFound("library")
    number = one.infrared.ids.find(entry)
    if number < 0:
        raise NotFound("reference")
    return one, number
