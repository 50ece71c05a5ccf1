"""The curve of an infrared reading and of a reference as they are compared, for features that work on them by hand."""

from __future__ import annotations

from app.library.shelf import Opened, Shelf
from app.platform.kernel.errors import Conflict, NotFound
from app.platform.storage import BlobStore
from app.readings import arrays
from app.readings.tables import Reading as ReadingRow
from instruments import InstrumentError, to_absorbance
from spectra import InfraredSpectrum, Reading, ReadingKind, SpectrumError

VIBRATIONAL = frozenset({ReadingKind.IR.value, ReadingKind.RAMAN.value})


def absorbance_of(row: ReadingRow, store: BlobStore) -> InfraredSpectrum:
    """An infrared or Raman reading as it is compared. Raises Conflict for any other kind, Unavailable without its points."""
    if row.kind not in VIBRATIONAL:
        raise Conflict("This works on infrared and Raman spectra only. The reading is unharmed.")
    x, y = arrays.points(store, row.arrays_sha256)
    try:
        return to_absorbance(Reading(ReadingKind(row.kind), x, y, row.x_unit, row.y_unit))
    except (InstrumentError, SpectrumError) as error:
        raise Conflict(f"This reading cannot be compared: {error}. It is unharmed.") from error


def vibrational_books(row: ReadingRow, shelf: Shelf) -> list[Opened]:
    """The libraries a reading of this kind is compared with, own standards first."""
    return shelf.raman() if row.kind == ReadingKind.RAMAN.value else shelf.infrared()


def entry_in(row: ReadingRow, shelf: Shelf, library: str, entry: str) -> tuple[Opened, int]:
    """A reference by library key and entry id. Raises NotFound."""
    one = next((book for book in vibrational_books(row, shelf) if book.key == library), None)
    if one is None:
        raise NotFound("library")
    ids = list(one.infrared.ids)
    if entry not in ids:
        raise NotFound("reference")
    return one, ids.index(entry)
