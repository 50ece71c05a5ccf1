"""The in-house libraries of an agency, made of its rows: unit mass, accurate mass, infrared and Raman, as they are now.

Kept in memory between searches and grown by what was added; a retired standard leaves, one out of date stays, marked.
"""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from app.laboratory.library.domain import Opened, OwnEntry, Technique
from app.laboratory.readings import arrays, references
from app.laboratory.standards.domain import compound_of
from app.laboratory.standards.tables import Standard, StandardReplicate
from app.platform.db import Database
from app.platform.kernel.errors import MastError
from app.platform.storage import BlobStore
from spectra import InfraredLibrary, InfraredSpectrum, LibraryEntry, MassLibrary, MassSpectrum, Provenance

NAME = "In-house standards"
KEY = "own"


_Kind = tuple[str, bool]  # technique, accurate
KINDS: dict[_Kind, tuple[str, Technique]] = {
    ("MS", False): (KEY, Technique.MS), ("MS", True): (f"{KEY}-accurate", Technique.MS),
    ("IR", False): (f"{KEY}-ir", Technique.IR), ("RAMAN", False): (f"{KEY}-raman", Technique.RAMAN),
}  # fmt: skip


class InHouseLibrary:
    """`InHouseLibrary(database, arrays).books(agency_id)`: for `LibraryRegistry(…, own=books)`."""

    def __init__(self, database: Database, store: BlobStore) -> None:
        self._database, self._store = database, store
        self._lock = threading.Lock()
        self._built: dict[tuple[uuid.UUID, _Kind], tuple[tuple[uuid.UUID, ...], MassLibrary | InfraredLibrary]] = {}

    def books(self, agency_id: uuid.UUID) -> list[Opened]:
        """Own libraries of this agency; none without a standard that is not retired."""
        with self._database.read() as session:
            standards = {s.id: s for s in standards_of(session, agency_id) if s.retired_at is None}
            rows = replicates_of(session, list(standards))
        now = self._database.clock()
        out = []
        for kind, (key, technique) in KINDS.items():
            chosen = [row for row in rows if (row.technique, row.accurate) == kind]
            spectra = self._library(agency_id, kind, chosen, standards)
            if spectra is not None:
                facts = {str(row.id): own_entry(standards[row.standard_id], row, now) for row in chosen}
                source = "the laboratory's own measurements"
                out.append(Opened(key, NAME, technique, kind[1], False, "", "own", source, spectra, facts))
        return out

    def _library(
        self,
        agency_id: uuid.UUID,
        kind: _Kind,
        rows: Sequence[StandardReplicate],
        standards: dict[uuid.UUID, Standard],
    ) -> MassLibrary | InfraredLibrary | None:
        ids, key = tuple(row.id for row in rows), (agency_id, kind)
        with self._lock:
            known, base = self._built.get(key, ((), None))
            if base is not None and known == ids:
                return base
            if known != ids[: len(known)] or not isinstance(base, MassLibrary):  # keys rise: what is new comes last
                known, base = (), None
            added = rows[len(known) :]
            stored = spectra_of(self._store, added)
            fresh = [entry_of(standards[row.standard_id], row, stored[row.id]) for row in added if row.id in stored]
            if base is None and not fresh:
                self._built.pop(key, None)
                return None
            made = _library_of(fresh, kind) if base is None else base.add(fresh) if fresh else base
            self._built[key] = (ids, made)
            return made


def standards_of(session: Session, agency_id: uuid.UUID) -> list[Standard]:
    """Every standard of an agency, newest first; retired ones too."""
    return list(session.exec(select(Standard).where(Standard.agency_id == agency_id).order_by(col(Standard.id).desc())))


def replicates_of(session: Session, standard_ids: Sequence[uuid.UUID]) -> list[StandardReplicate]:
    """Runs of these standards, oldest first."""
    if not standard_ids:
        return []
    query = select(StandardReplicate).where(col(StandardReplicate.standard_id).in_(standard_ids))
    return list(session.exec(query.order_by(col(StandardReplicate.id))))


def spectra_of(store: BlobStore, rows: Iterable[StandardReplicate]) -> dict[uuid.UUID, MassSpectrum | InfraredSpectrum]:
    """Spectra of these runs by their keys; those whose arrays are not on this disk are left out."""
    out: dict[uuid.UUID, MassSpectrum | InfraredSpectrum] = {}
    for row in rows:
        read = arrays.single_spectrum if row.technique == "MS" else references.curve_of
        with contextlib.suppress(MastError):
            out[row.id] = read(store, row.arrays_sha256)
    return out


def _library_of(entries: Sequence[LibraryEntry], kind: _Kind) -> MassLibrary | InfraredLibrary:
    info = {"source": "the laboratory's own measurements", "licence": "own", "notice": ""}
    if kind[0] == "MS":
        return MassLibrary.build(entries, NAME, kind[1], info)
    return InfraredLibrary.build(entries, NAME, info)


def entry_of(standard: Standard, row: StandardReplicate, stored: MassSpectrum | InfraredSpectrum) -> LibraryEntry:
    """One replicate as a library entry; its id is the replicate's own."""
    spectrum: MassSpectrum | InfraredSpectrum = stored
    if isinstance(stored, MassSpectrum):
        spectrum = MassSpectrum(stored.mz, stored.intensity, row.precursor_mz, row.ionisation or "EI")
    about = Provenance("own standard", "own", f"lot {standard.lot}" if standard.lot else "")
    compound = compound_of(standard.name, standard.inchikey, standard.substance_id)
    meta = {"day": row.measured_at.date().isoformat(), "instrument": row.instrument, "standard": str(standard.id)}
    technique = "Raman" if row.technique == "RAMAN" else row.technique
    return LibraryEntry(str(row.id), standard.name, compound, technique, spectrum, about, form=standard.form, meta=meta)


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
