"""Use cases of the custody ledger. Who calls has already found the sample as its own agency's.

Knows no other feature but people: samples write to the ledger, not the other way round.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from app.intake.custody.domain import Balance, CustodyKind, balance, problems
from app.intake.custody.tables import CustodyEvent
from app.intake.people import service as people
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.errors import Invalid
from app.platform.live.publish import publish


@dataclass(frozen=True, slots=True)
class CustodyLine:
    """A line of the ledger with the names of who did it and who watched."""

    id: uuid.UUID
    kind: CustodyKind
    mg: float | None
    at: datetime
    by: str
    witness: str
    place: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger of one sample."""

    lines: tuple[CustodyLine, ...]
    balance: Balance


def ledger(session: Session, sample_id: uuid.UUID) -> Ledger:
    """The ledger of a sample, oldest line first."""
    events = _events_of(session, [sample_id])
    names = people.display_names(session, [p for e in events for p in (e.by_id, e.witness_id)])

    def name(person_id: uuid.UUID | None) -> str:
        return names.get(person_id, "") if person_id else ""

    lines = (CustodyLine(e.id, e.kind, e.mg, e.at, name(e.by_id), name(e.witness_id), e.place) for e in events)
    return Ledger(tuple(lines), balance((e.kind, e.mg) for e in events))


def _events_of(session: Session, sample_ids: Iterable[uuid.UUID]) -> Sequence[CustodyEvent]:
    query = select(CustodyEvent).where(col(CustodyEvent.sample_id).in_(list(sample_ids)))
    return session.exec(query.order_by(col(CustodyEvent.at), col(CustodyEvent.id))).all()


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One line for a session's report. `witnessed`: somebody else than whoever wrote it is named as having watched. Weights in mg."""

    sample_id: uuid.UUID
    kind: CustodyKind
    mg: float | None
    witnessed: bool


def lines_of_samples(session: Session, sample_ids: Iterable[uuid.UUID]) -> list[LedgerLine]:
    """Every line about these samples in one query, oldest first."""
    return [
        LedgerLine(row.sample_id, row.kind, row.mg, row.witness_id is not None and row.witness_id != row.by_id)
        for row in _events_of(session, sample_ids)
    ]


def add_event(
    uow: UnitOfWork,
    *,
    session_id: uuid.UUID,
    sample_id: uuid.UUID,
    kind: CustodyKind,
    mg: float | None = None,
    witness_id: uuid.UUID | None = None,
    place: str = "",
) -> CustodyEvent:
    """Write one line. Raises Invalid when it does not add up or a destruction had no second person."""
    now = balance((e.kind, e.mg) for e in _events_of(uow.session, [sample_id]))
    wrong = problems(kind, mg, place, now)
    if sentence := _witness_problem(uow, kind, witness_id):
        wrong["witness_id"] = sentence
    if wrong:
        raise Invalid("Nothing was written into the ledger. " + " ".join(wrong.values()), fields=wrong)
    event = CustodyEvent(
        sample_id=sample_id,
        kind=kind,
        mg=None if kind is CustodyKind.MOVED else mg,
        at=uow.now,
        by_id=uow.actor.person_id,
        witness_id=witness_id,
        place=place.strip(),
    )
    uow.session.add(event)
    uow.session.flush()
    after = {"kind": kind.value, "mg": event.mg, "witness": str(witness_id or "")}
    audit.record(uow, "custody", "sample", sample_id, after=after, session_id=session_id)
    publish(uow, "sample", "custody.added", agency_id=uow.actor.agency_id, session_id=session_id, sample_id=sample_id)
    return event


def _witness_problem(uow: UnitOfWork, kind: CustodyKind, witness_id: uuid.UUID | None) -> str | None:
    if witness_id is None:
        return "Destruction needs a witness. Choose who watched it." if kind is CustodyKind.DESTROYED else None
    if witness_id == uow.actor.person_id:
        return "You cannot witness your own act. Choose the other person who watched it."
    if not any(p.id == witness_id and p.disabled_at is None for p, _ in people.people(uow.session, uow.actor)):
        return "This person does not work here. Choose somebody from the list."
    return None
