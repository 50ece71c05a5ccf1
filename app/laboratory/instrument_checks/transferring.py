"""Use cases of transfers: learn how a library looks on one's own instrument, from own standards measured there.

A transfer is never changed; a newer one follows it, or it is retired. Comparisons use the newest that is not retired.
"""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session, col, select

from app.laboratory.identification.substances import SubstanceIndex
from app.laboratory.instrument_checks.tables import InstrumentTransfer
from app.laboratory.library.domain import Opened, OwnEntry, Technique
from app.laboratory.library.registry import LibraryRegistry
from app.laboratory.readings.machines import get_instrument
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.db.rows import row_of
from app.platform.kernel.actor import Actor, agency_of
from app.platform.kernel.errors import Invalid
from app.platform.kernel.versions import check_may_end
from app.platform.live.publish import publish
from spectra import InfraredLibrary, SpectrumError
from spectra.confidence.limits import load
from spectra.infrared.transfer import Transfer, fit
from spectra.infrared_grid import GRID
from spectra.similarity.infrared import InfraredScore

ALIKE = 0.5
"""First-derivative correlation below which an entry is no measurement of the same powder: another form, or technique."""
KEPT = 4
"""Transferred libraries kept in memory."""
NOT_MADE = "No transfer was made."
Curve = NDArray[np.float64]
_BLOCK = re.compile(r"[A-Z]{14}(-[A-Z]{10}-[A-Z])?")


@dataclass(frozen=True, eq=False)
class Pair:
    """One powder on both sides: own run and the library's entry that is most like it, with their correlation."""

    name: str
    own: Curve
    entry: int
    entry_id: str
    likeness: float

    @property
    def fits(self) -> bool:
        """Whether the two are of the same form, as far as a correlation says."""
        return self.likeness >= ALIKE


def pairs_of(
    registry: LibraryRegistry, library_key: str, instrument: str, index: SubstanceIndex
) -> tuple[Opened, list[Pair]]:
    """Own standards of that instrument that the library has too, newest run of each. Raises NotFound, Invalid."""
    library = registry.get(library_key)
    if library.technique is not Technique.IR or library.own:
        raise Invalid(NOT_MADE, fields={"library": "Choose an infrared library from elsewhere."})
    mine = list(_measured_on(registry, instrument))
    wanted = {key: fact.compound for fact, _ in mine for key in _keys(index, fact.compound, fact.name)}
    entries = _entries_of(wanted, library.infrared, index) if wanted else {}
    found = {
        fact.compound: _nearest(fact.name, own, library.infrared, sorted(set(entries[fact.compound])))
        for fact, own in mine
        if fact.compound in entries
    }
    return library, list(found.values())


def _entries_of(wanted: Mapping[str, str], library: InfraredLibrary, index: SubstanceIndex) -> dict[str, list[int]]:
    """Compound of an own standard → entries of the library. Every compound is looked at once, however many entries it has."""
    entries: dict[str, list[int]] = {}
    _, firsts = np.unique(library.codes, return_index=True)
    for number in firsts.tolist():
        compound = library.compounds[number]
        keys = {compound.partition("-")[0]}
        if not _BLOCK.fullmatch(compound):  # the library knows it by name only
            keys |= _keys(index, compound, library.names[number])
        for key in keys & wanted.keys():
            same = np.flatnonzero(library.codes == library.codes[number])
            entries.setdefault(wanted[key], []).extend(same.tolist())
    return entries


def _measured_on(registry: LibraryRegistry, instrument: str) -> Iterator[tuple[OwnEntry, Curve]]:
    """Own infrared standards that count and were run on that instrument, the oldest run first."""
    for one in (book for book in registry.own() if book.technique is Technique.IR):
        places = {key: place for place, key in enumerate(one.infrared.ids)}
        for key, fact in sorted(one.own.items(), key=lambda item: item[1].measured_at):
            if not fact.void and key in places and fact.instrument.casefold() == instrument.casefold():
                yield fact, np.asarray(one.infrared.curves[places[key]], dtype=np.float64)


def _keys(index: SubstanceIndex, compound: str, name: str) -> set[str]:
    known = index.find(compound, name).id
    return {compound.partition("-")[0]} | ({f"register:{known}"} if known else set())


def _nearest(name: str, own: Curve, library: InfraredLibrary, entries: Sequence[int]) -> Pair:
    curves = np.asarray(library.curves[np.array(entries, dtype=np.int64)], dtype=np.float64)
    scores = InfraredScore("first_derivative", 10.0).matrix(own[None, :], curves)[0]
    best = int(np.argmax(scores))
    entry = int(entries[best])
    return Pair(name, own, entry, str(library.ids[entry]), float(scores[best]))


def make_transfer(
    uow: UnitOfWork, registry: LibraryRegistry, index: SubstanceIndex, instrument_id: uuid.UUID, library_key: str
) -> InstrumentTransfer:
    """Learn and keep a transfer. Raises NotFound, Invalid (too few powders, or none that lowers a left-out one's misfit)."""
    machine = get_instrument(uow.session, uow.actor, instrument_id)
    library, pairs = pairs_of(registry, library_key, machine.name, index)
    used = [pair for pair in pairs if pair.fits]
    try:
        made = fit(
            np.array([pair.own for pair in used]).reshape(-1, GRID.size),
            np.array([library.infrared.curves[pair.entry] for pair in used], dtype=np.float64).reshape(-1, GRID.size),
        )
    except SpectrumError as error:
        words = str(error)
        sentence = f"{words[:1].upper()}{words[1:].rstrip('.')}."
        raise Invalid(f"{NOT_MADE} {sentence}", fields={"library": sentence}) from error
    if made.kind == "none":
        sentence = (
            f"A powder left out of the fit misfits by {made.before:.1%} without and by no less with a transfer: the "
            "library fits this instrument as well as a transfer could make it, or the powders differ in form."
        )
        raise Invalid(f"{NOT_MADE} {sentence}", fields={"library": sentence})
    there = transfers_to(uow.session, machine.id)
    row = InstrumentTransfer(
        agency_id=agency_of(uow.actor), instrument_id=machine.id, library_key=library.key, library_name=library.name[:200],
        number=max((r.number for r in there if r.library_key == library.key), default=0) + 1, model=made.as_json(),
        pairs=[
            {"name": p.name, "entry": p.entry_id, "likeness": round(p.likeness, 3), "used": p.fits} for p in pairs
        ],
        figures={"before": round(made.before, 4), "after": round(made.after, 4), "kind": made.kind, "shift": made.shift},
        made_by=uow.actor.person_id, made_at=uow.now,
    )  # fmt: skip
    uow.session.add(row)
    uow.session.flush()
    after = {"library": row.library_key, "number": row.number, **row.figures, "powders": len(used)}
    audit.record(uow, "make", "instrument_transfer", row.id, version=row.version, after=after)
    publish(uow, "instrument", "instrument.transfer_made", agency_id=row.agency_id, payload={"transfer_id": row.id})
    return row


def retire_transfer(uow: UnitOfWork, transfer_id: uuid.UUID, version: int, reason: str) -> InstrumentTransfer:
    """Use a transfer no more; the one before it is used again where there is one. Raises NotFound, Stale, …"""
    row = row_of(uow.session, InstrumentTransfer, agency_of(uow.actor), transfer_id, "transfer", lock=True)
    check_may_end("transfer", "retired", version, row.version, row.retired_at, reason)
    row.retired_by, row.retired_at, row.retired_reason = uow.actor.person_id, uow.now, reason
    row.version += 1
    audit.record(uow, "retire", "instrument_transfer", row.id, version=row.version, reason=reason)
    publish(uow, "instrument", "instrument.transfer_retired", agency_id=row.agency_id, payload={"transfer_id": row.id})
    return row


def transfers_of(session: Session, actor: Actor, instrument_id: uuid.UUID) -> list[InstrumentTransfer]:
    """Transfers to an instrument of the actor's agency, newest first; retired ones too. Raises NotFound."""
    return transfers_to(session, get_instrument(session, actor, instrument_id).id)


def transfers_to(session: Session, instrument_id: uuid.UUID) -> list[InstrumentTransfer]:
    """Transfers made to an instrument, for the reading job, which acts for no agency."""
    query = select(InstrumentTransfer).where(InstrumentTransfer.instrument_id == instrument_id)
    return list(session.exec(query.order_by(col(InstrumentTransfer.id).desc())))


def in_use(rows: Sequence[InstrumentTransfer]) -> dict[str, InstrumentTransfer]:
    """Library key → the newest transfer that was not retired."""
    return {row.library_key: row for row in sorted(rows, key=lambda r: r.number) if row.retired_at is None}


class TransferredLibraries:
    """Libraries as they look on an instrument, kept in memory: `of(books, transfers, instrument)`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[uuid.UUID, InfraredLibrary] = {}

    def of(self, books: Sequence[Opened], transfers: dict[str, InstrumentTransfer], instrument: str) -> list[Opened]:
        """The libraries, those with a transfer seen through it and named so."""
        return [self._one(one, transfers.get(one.key), instrument) for one in books]

    def _one(self, one: Opened, row: InstrumentTransfer | None, instrument: str) -> Opened:
        if row is None or one.own or len(one) > int(load("infrared_instrument")["transfer"]["most_entries"]):
            return one
        with self._lock:
            if row.id not in self._made:
                while len(self._made) >= KEPT:
                    del self._made[next(iter(self._made))]  # the one made first: of another instrument, or followed
                library = one.infrared
                curves = Transfer.from_json(row.model).apply(np.asarray(library.curves, dtype=np.float64))
                self._made[row.id] = InfraredLibrary(curves.astype(np.float32), library.catalogue, library.resolution)
            spectra = self._made[row.id]
        return replace(one, spectra=spectra, name=f"{one.name}, transferred to {instrument} ({row.number})")
