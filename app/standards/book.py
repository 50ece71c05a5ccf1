"""The in-house libraries of an agency, made of its rows: one of unit and one of accurate mass, as they are now.

Kept in memory between searches and grown by what was added; a retired standard leaves, one out of date stays, marked.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.library.domain import Technique
from app.library.shelf import Opened, OwnEntry
from app.platform.db import Database
from app.platform.kernel.errors import MastError
from app.platform.storage import BlobStore
from app.readings import service as readings
from app.standards import repository
from app.standards.domain import compound_of
from app.standards.tables import Standard, StandardReplicate
from spectra import LibraryEntry, MassLibrary, MassSpectrum, Provenance

NAME = "Own standards"
KEY = "own"


@dataclass(frozen=True, slots=True)
class _Built:
    ids: tuple[uuid.UUID, ...]
    spectra: MassLibrary


class Book:
    """`Book(database, arrays).books(agency_id)`: for `Shelf(…, own=book)`."""

    def __init__(self, database: Database, store: BlobStore) -> None:
        self._database, self._store = database, store
        self._lock = threading.Lock()
        self._built: dict[tuple[uuid.UUID, bool], _Built] = {}

    def books(self, agency_id: uuid.UUID) -> list[Opened]:
        """Own libraries of this agency; none without a standard that is not retired."""
        with self._database.read() as session:
            standards = {s.id: s for s in repository.standards_of(session, agency_id) if s.retired_at is None}
            rows = repository.replicates_of(session, list(standards))
        now = self._database.clock()
        out = []
        for accurate in (False, True):
            chosen = [row for row in rows if row.accurate is accurate]
            built = self._library(agency_id, accurate, chosen, standards)
            if built is not None:
                facts = {str(row.id): own_entry(standards[row.standard_id], row, now) for row in chosen}
                out.append(_opened(built.spectra, accurate, facts))
        return out

    def _library(
        self,
        agency_id: uuid.UUID,
        accurate: bool,
        rows: Sequence[StandardReplicate],
        standards: dict[uuid.UUID, Standard],
    ) -> _Built | None:
        ids = tuple(row.id for row in rows)
        key = (agency_id, accurate)
        with self._lock:
            known = self._built.get(key)
            if known is not None and known.ids == ids:
                return known
            grown = known is not None and known.ids == ids[: len(known.ids)]  # keys rise: what is new comes last
            fresh = list(self._entries(rows[len(known.ids) :] if known is not None and grown else rows, standards))
            if known is not None and grown:
                spectra = known.spectra.add(fresh) if fresh else known.spectra
            elif fresh:
                spectra = _library_of(fresh, accurate)
            else:
                self._built.pop(key, None)
                return None
            built = self._built[key] = _Built(ids, spectra)
            return built

    def _entries(
        self, rows: Iterable[StandardReplicate], standards: dict[uuid.UUID, Standard]
    ) -> Iterable[LibraryEntry]:
        for row in rows:
            try:
                stored = readings.single_spectrum(self._store, row.arrays_sha256)
            except MastError:  # gone from this disk: the others still count
                continue
            yield entry_of(standards[row.standard_id], row, stored)


def _library_of(entries: Sequence[LibraryEntry], accurate: bool) -> MassLibrary:
    info = {"source": "the laboratory's own measurements", "licence": "own", "notice": ""}
    return MassLibrary.build(entries, NAME, accurate, info)


def _opened(spectra: MassLibrary, accurate: bool, own: dict[str, OwnEntry]) -> Opened:
    key = f"{KEY}-accurate" if accurate else KEY
    return Opened(
        key, NAME, Technique.MS, accurate, False, "", "own", "the laboratory's own measurements", spectra, own
    )


def entry_of(standard: Standard, row: StandardReplicate, stored: MassSpectrum) -> LibraryEntry:
    """One replicate as a library entry; its id is the replicate's own."""
    spectrum = MassSpectrum(stored.mz, stored.intensity, row.precursor_mz, row.ionisation or "EI")
    about = Provenance("own standard", "own", f"lot {standard.lot}" if standard.lot else "")
    compound = compound_of(standard.name, standard.inchikey, standard.substance_id)
    meta = {"day": row.measured_at.date().isoformat(), "instrument": row.instrument, "standard": str(standard.id)}
    return LibraryEntry(str(row.id), standard.name, compound, "MS", spectrum, about, meta=meta)


def own_entry(standard: Standard, row: StandardReplicate, now: datetime) -> OwnEntry:
    """What the comparison must know of one run beside its spectrum."""
    void = ""
    if standard.expires_at is not None and standard.expires_at < now:
        void = f"the standard’s certificate ran out on {standard.expires_at:%-d %B %Y}"
    return OwnEntry(
        compound=compound_of(standard.name, standard.inchikey, standard.substance_id), name=standard.name,
        standard_id=standard.id, instrument=row.instrument, measured_at=row.measured_at, lot=standard.lot,
        retention_time_s=row.retention_time_s, retention_index=row.retention_index, void=void,
    )  # fmt: skip
