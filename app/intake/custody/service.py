"""Use cases of the custody ledger. Who calls has already found the sample as its own agency's.

Knows no other feature but people: samples write to the ledger, not the other way round.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from app.intake.custody.domain import TAKERS, Balance, CustodyKind, balance, handing_lines, handing_problem, problems
from app.intake.custody.tables import CustodyEvent
from app.intake.people import service as people
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
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
    """One line for a session's report. `witnessed`: someone else than the person who wrote it is named as having watched. Weights in mg."""

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


def balances(session: Session, sample_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Balance]:
    """What the ledgers of these samples add up to."""
    lines: dict[uuid.UUID, list[tuple[CustodyKind, float | None]]] = {key: [] for key in sample_ids}
    for event in _events_of(session, lines):
        lines[event.sample_id].append((event.kind, event.mg))
    return {key: balance(of_sample) for key, of_sample in lines.items()}


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
        raise Invalid("No custody entry was added. " + " ".join(wrong.values()), fields=wrong)
    return _write(uow, session_id, sample_id, kind, mg, witness_id, place)


def _write(
    uow: UnitOfWork,
    session_id: uuid.UUID,
    sample_id: uuid.UUID,
    kind: CustodyKind,
    mg: float | None,
    witness_id: uuid.UUID | None,
    place: str,
) -> CustodyEvent:
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


@dataclass(frozen=True, slots=True)
class Bag:
    """A sample to hand over, all that is left of it. `weighed`: in mg, where it was put on a scale."""

    sample_id: uuid.UUID
    session_id: uuid.UUID
    weighed: float | None = None


def hand_over(
    uow: UnitOfWork,
    bags: Sequence[Bag],
    kind: CustodyKind | None,
    *,
    witness_id: uuid.UUID | None,
    place: str = "",
    wrong: Mapping[str, str] | None = None,
) -> None:
    """Write into the ledger of each sample that it was handed over, or into none. `wrong`: what is known to be wrong already.

    Raises Invalid with everything that is wrong: of a sample under `bag-` and its key.
    """
    now = balances(uow.session, [bag.sample_id for bag in bags])
    found = {**(wrong or {}), **_handing_problems(uow, kind, witness_id, place)}
    for bag in bags:
        if kind is not None and (why := handing_problem(kind, bag.weighed, now[bag.sample_id])):
            found[f"bag-{bag.sample_id}"] = why
    if found or kind is None:
        raise Invalid("Nothing was handed over.", fields=found)
    for bag in bags:
        for line, mg in handing_lines(kind, bag.weighed, now[bag.sample_id]):
            _write(uow, bag.session_id, bag.sample_id, line, mg, witness_id, place)


def _handing_problems(
    uow: UnitOfWork, kind: CustodyKind | None, witness_id: uuid.UUID | None, place: str
) -> dict[str, str]:
    found: dict[str, str] = {}
    if kind not in TAKERS:
        found["to"] = "Choose who takes the samples."
    if kind is CustodyKind.MOVED and not place.strip():
        found["place"] = "Enter where the samples go, for example safe 2."
    if witness_id is None:
        found["witness_id"] = "Choose the person who watched."
    elif sentence := _witness_problem(uow, CustodyKind.DESTROYED, witness_id):
        found["witness_id"] = sentence
    return found


def witnesses(session: Session, actor: Actor) -> dict[uuid.UUID, str]:
    """Who may have watched, by name: everyone else who works here now. An instrument's computer sees nothing."""
    return {
        person.id: person.display_name
        for person, roles in people.people(session, actor)
        if person.id != actor.person_id and person.disabled_at is None and roles != {Role.INSTRUMENT}
    }


def _witness_problem(uow: UnitOfWork, kind: CustodyKind, witness_id: uuid.UUID | None) -> str | None:
    if witness_id is None:
        return "A destruction needs a witness. Choose who watched it." if kind is CustodyKind.DESTROYED else None
    if witness_id == uow.actor.person_id:
        return "You cannot be your own witness. Choose someone else who watched."
    if witness_id not in witnesses(uow.session, uow.actor):
        return "This person does not work here. Choose someone from the list."
    return None
