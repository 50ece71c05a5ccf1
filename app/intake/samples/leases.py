"""Samples registered without the server: the codes a tablet is lent beforehand, and the samples it sends afterwards.

A tablet is a browser that chose a key for itself. For each session it gets a letter, and 60 numbers of its own with a ticket code
each, so that bag and ticket can be written while nobody answers. The codes are told once and kept here as keyed hashes, as those
of every ticket.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.intake.people import service as people
from app.intake.samples import service, tickets
from app.intake.samples.lookup import ticket_hash
from app.intake.samples.schemas import NewSample
from app.intake.samples.tables import LeasedCode, OfflineRegistration, Sample, Tablet
from app.intake.sessions import service as sessions
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.db.rows import row_of
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Conflict, Invalid, NotFound
from app.platform.kernel.sample_numbers import letters, of_tablet, sample_number
from harm_messages.register import Register

LENT = 60
"""Codes a tablet has after it was in contact: a long evening of one desk."""
CLOCK_OFF = timedelta(minutes=5)
VOIDED = "ticket_voided"
CLOSED = "session_closed"
"""Why a sample is not taken, for the tablet that shows it: the ticket was cancelled, or it came too late."""


@dataclass(frozen=True, slots=True)
class Lent:
    """A number with its ticket code, told this once."""

    number: int
    code: str


@dataclass(frozen=True, slots=True)
class Lease:
    """What a tablet may use. `kept`: numbers it has already and may go on using; `codes`: those it gets now."""

    letter: str
    kept: list[int]
    codes: list[Lent]
    expires_at: datetime


def lease(
    uow: UnitOfWork,
    session_id: uuid.UUID,
    device: uuid.UUID,
    *,
    unused: Collection[int],
    waiting: Collection[int],
    pepper: bytes,
    ticket_days: int = service.TICKET_DAYS,
) -> Lease:
    """Fill a tablet up to 60 codes. What it was lent and neither has `unused` nor `waiting` to be sent never reached it, and is
    voided. Raises NotFound for a foreign session, Conflict for a closed one."""
    checking = sessions.lock_session(uow, session_id)  # one by one: no two tablets get one letter
    if checking.closed_at is not None:
        raise Conflict(f"The session {checking.name} is closed. This tablet gets no more numbers for it.")
    tablet = _tablet(uow, checking, device)
    rows = _codes(uow.session, tablet)
    for row in rows:
        if row.voided_at is None and row.number not in {*unused, *waiting}:
            row.voided_at = uow.now
    kept = sorted(row.number for row in rows if row.voided_at is None and row.number in unused)
    expires_at = max(checking.closes_at, uow.now) + timedelta(days=ticket_days)
    codes = [_lend(uow, tablet, expires_at, pepper) for _ in range(LENT - len(kept))]
    if codes:
        said = {"tablet": letters(tablet.place), "count": len(codes), "from": sample_number(codes[0].number)}
        audit.record(uow, "lend", "ticket_codes", tablet.id, after=said, session_id=checking.id)
    return Lease(letters(tablet.place), kept, codes, expires_at)


def _tablet(uow: UnitOfWork, checking: sessions.CheckingSession, device: uuid.UUID) -> Tablet:
    found = _tablet_of(uow.session, checking.id, device)
    if found is None:
        last = sa.select(sa.func.max(Tablet.place)).where(col(Tablet.session_id) == checking.id)
        place = (uow.session.execute(last).scalar() or 0) + 1
        found = Tablet(
            agency_id=checking.agency_id, session_id=checking.id, device=device, place=place, seen_at=uow.now
        )
        uow.session.add(found)
        uow.session.flush()
    found.seen_at = uow.now
    return found


def _tablet_of(session: Session, session_id: uuid.UUID, device: uuid.UUID) -> Tablet | None:
    return session.exec(select(Tablet).where(Tablet.session_id == session_id, Tablet.device == device)).first()


def _codes(session: Session, tablet: Tablet) -> list[LeasedCode]:
    return list(session.exec(select(LeasedCode).where(LeasedCode.tablet_id == tablet.id)))


def _lend(uow: UnitOfWork, tablet: Tablet, expires_at: datetime, pepper: bytes) -> Lent:
    tablet.last_count += 1
    lent = Lent(of_tablet(tablet.place, tablet.last_count), tickets.mint())
    hashed = ticket_hash(pepper, lent.code)
    row = LeasedCode(
        tablet_id=tablet.id, number=lent.number, ticket_hmac=hashed, leased_at=uow.now, expires_at=expires_at
    )
    uow.session.add(row)
    return lent


@dataclass(frozen=True, slots=True)
class Offline:
    """What a tablet says of a sample it registered. `offset_s`: the server's time less its own, as it measured last.

    `wording`: the version of the consent questions it showed. `request_hash`: of all that was sent. `without_ticket`: the ticket
    was voided and the sample is to be taken all the same.
    """

    device: uuid.UUID
    number: int
    code: str
    device_time: datetime
    offset_s: float
    wording: str
    request_hash: str
    without_ticket: bool = False


@dataclass(frozen=True, slots=True)
class Arrived:
    """A sample that came from a tablet. `again`: it had come before, and was not registered twice."""

    sample_id: uuid.UUID
    number: int
    after_close: bool
    clock_off: bool
    again: bool


def register_offline(
    uow: UnitOfWork, session_id: uuid.UUID, new: NewSample, said: Offline, pepper: bytes, *, substances: Register
) -> Arrived:
    """Take a sample that a tablet registered, with the number and the ticket it already has; once for its key, `new.id`.

    Raises Conflict for a code that was used or voided, and for a sample registered after its session was closed.
    """
    checking = sessions.lock_session(uow, session_id)
    if (before := _sent_before(uow.session, checking, new, said)) is not None:
        return before
    row, tablet = _lent(uow.session, checking, said, pepper)
    at = min(max(said.device_time + timedelta(seconds=said.offset_s), row.leased_at), uow.now)
    if checking.closed_at is not None and at > checking.closed_at:
        raise Conflict(
            f"The session {checking.name} was closed before this sample was registered, so it was not saved.",
            hint="Register it in the open session, or ask the session lead.",
            reason_code=CLOSED,
        )
    hashed = ticket_hash(pepper, tickets.mint()) if said.without_ticket else row.ticket_hmac  # one nobody holds
    ready = service.Ready(said.number, hashed, row.expires_at, at, said.wording)
    uow.session.delete(row)
    uow.session.flush()  # the hash moves to the sample
    sample = service.register(uow, session_id, new, pepper, substances=substances, ready=ready).sample
    came = OfflineRegistration(
        sample_id=sample.id, tablet_id=tablet.id, device_time=said.device_time, offset_s=said.offset_s,
        arrived_at=uow.now, after_close=checking.closed_at is not None, request_hash=said.request_hash,
    )  # fmt: skip
    uow.session.add(came)
    sent = came.model_dump(mode="json", include={"device_time", "offset_s", "after_close"})
    after = {"number": sample_number(said.number), "without_ticket": said.without_ticket, **sent}
    audit.record(uow, "send_offline", "sample", sample.id, after=after, session_id=checking.id)
    return _arrived(sample, came, again=False)


def _sent_before(session: Session, checking: sessions.CheckingSession, new: NewSample, said: Offline) -> Arrived | None:
    came = session.get(OfflineRegistration, new.id) if new.id is not None else None
    sample = session.get(Sample, new.id) if came is not None else None
    if came is None or sample is None or sample.session_id != checking.id:
        return None
    if came.request_hash != said.request_hash:
        raise Conflict(
            f"Sample {sample_number(sample.number)} was already sent with other details. They were not changed.",
            hint="Open the sample and edit its details there.",
        )
    return _arrived(sample, came, again=True)


def _lent(
    session: Session, checking: sessions.CheckingSession, said: Offline, pepper: bytes
) -> tuple[LeasedCode, Tablet]:
    try:
        hashed = ticket_hash(pepper, tickets.parse(said.code))
    except tickets.NotACodeError as error:
        raise Invalid(str(error)) from None
    tablet = _tablet_of(session, checking.id, said.device)
    wanted = (LeasedCode.ticket_hmac == hashed, LeasedCode.number == said.number)
    query = select(LeasedCode).where(LeasedCode.tablet_id == (tablet.id if tablet else None), *wanted)
    row = session.exec(query).first()
    number = sample_number(said.number)
    if row is None or tablet is None:
        raise Conflict(
            f"Number {number} and its ticket do not belong to this tablet, were used before, or have expired.",
            hint="Register the sample again. It gets a new number and a new ticket.",
        )
    if row.voided_at is not None and not said.without_ticket:
        raise Conflict(
            f"The tickets of this tablet were cancelled, so the ticket of {number} does not work.",
            hint="Register the sample without its ticket, then give the client a new one.",
            reason_code=VOIDED,
        )
    return row, tablet


def _arrived(sample: Sample, came: OfflineRegistration, *, again: bool) -> Arrived:
    return Arrived(sample.id, sample.number, came.after_close, clock_off(sample, came), again)


def clock_off(sample: Sample, came: OfflineRegistration) -> bool:
    """Whether the time of the sample and the time by its tablet's clock are more than five minutes apart."""
    return abs(sample.received_at - came.device_time) > CLOCK_OFF


@dataclass(frozen=True, slots=True)
class Came:
    """How a sample came that was registered without the server. `device_time`: what the tablet's clock showed then."""

    letter: str
    device_time: datetime
    arrived_at: datetime
    after_close: bool
    clock_off: bool


def how_it_came(session: Session, sample: Sample) -> Came | None:
    """None for a sample that was registered with the server."""
    came = session.get(OfflineRegistration, sample.id)
    if came is None:
        return None
    letter = letters(session.get_one(Tablet, came.tablet_id).place)
    return Came(letter, came.device_time, came.arrived_at, came.after_close, clock_off(sample, came))


@dataclass(frozen=True, slots=True)
class TabletRow:
    """A tablet of a session. `lent_to`: who was signed in on it when it got tickets last; `unused`: codes it may still use;
    `registered`: samples it sent."""

    id: uuid.UUID
    letter: str
    lent_to: str
    seen_at: datetime
    unused: int
    registered: int


def tablets_of(session: Session, actor: Actor, session_id: uuid.UUID) -> list[TabletRow]:
    """The tablets of a session of the actor's agency, by letter. Raises NotFound for a foreign session."""
    checking = sessions.get_session(session, actor, session_id)
    tablets = session.exec(select(Tablet).where(Tablet.session_id == checking.id).order_by(col(Tablet.place))).all()
    keys = [tablet.id for tablet in tablets]
    unused = select(LeasedCode.tablet_id).where(col(LeasedCode.voided_at).is_(None))
    left = _counted(session, unused.where(col(LeasedCode.tablet_id).in_(keys)))
    sent = select(OfflineRegistration.tablet_id).where(col(OfflineRegistration.tablet_id).in_(keys))
    came = _counted(session, sent)
    names = _lent_to(session, actor, checking.id)
    return [
        TabletRow(t.id, letters(t.place), names.get(str(t.id), ""), t.seen_at, left[t.id], came[t.id]) for t in tablets
    ]


def _lent_to(session: Session, actor: Actor, session_id: uuid.UUID) -> dict[str, str]:
    """Who got the last tickets of each tablet of a session, by the tablet's key: the log of what was done knows."""
    query = select(audit.AuditEntry.object_id, audit.AuditEntry.actor_id).where(
        audit.AuditEntry.agency_id == str(actor.agency_id), audit.AuditEntry.session_id == str(session_id),
        audit.AuditEntry.verb == "lend", audit.AuditEntry.object_type == "ticket_codes",
    )  # fmt: skip
    last = dict(session.exec(query.order_by(col(audit.AuditEntry.seq))).all())
    people_of = {key: uuid.UUID(person) for key, person in last.items()}
    names = people.display_names(session, people_of.values())
    return {key: names.get(person, "") for key, person in people_of.items()}


def sessions_with_tablets(session: Session, actor: Actor) -> list[tuple[sessions.CheckingSession, list[TabletRow]]]:
    """Sessions of the actor's agency whose tablets still hold tickets, newest first, with their tablets."""
    held = select(Tablet.session_id).join(LeasedCode, col(LeasedCode.tablet_id) == Tablet.id).distinct()
    held = held.where(Tablet.agency_id == actor.agency_id, col(LeasedCode.voided_at).is_(None))
    found = [sessions.get_session(session, actor, key) for key in session.exec(held)]
    found.sort(key=lambda row: row.opens_at, reverse=True)
    return [(row, tablets_of(session, actor, row.id)) for row in found]


def _counted(session: Session, tablets: SelectOfScalar[uuid.UUID]) -> Counter[uuid.UUID]:
    return Counter(session.exec(tablets))


def void(uow: UnitOfWork, session_id: uuid.UUID, tablet_id: uuid.UUID) -> int:
    """Void the codes a lost tablet has not used; says how many. What it sends later is not taken with these tickets."""
    checking = sessions.lock_session(uow, session_id)
    tablet = row_of(uow.session, Tablet, checking.agency_id, tablet_id, "tablet")
    if tablet.session_id != checking.id:
        raise NotFound("tablet")
    open_ones = [row for row in _codes(uow.session, tablet) if row.voided_at is None]
    if not open_ones:
        raise Conflict(f"Tablet {letters(tablet.place)} has no unused tickets.", hint="There is nothing more to do.")
    for row in open_ones:
        row.voided_at = uow.now
    said = {"tablet": letters(tablet.place), "count": len(open_ones)}
    audit.record(uow, "void", "ticket_codes", tablet.id, after=said, session_id=checking.id)
    return len(open_ones)
