"""Finding samples: by key for staff of the agency, by ticket for a client, by looks for jobs. Everything else in this feature uses it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.intake.samples import tickets
from app.intake.samples.domain import HARMED, ConsentAnswer, ConsentKind, SubmitterType
from app.intake.samples.tables import Consent, Sample, SampleExpected, TicketSession
from app.intake.sessions import service as sessions
from app.platform.db import UnitOfWork
from app.platform.db.rows import row_of
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import NotFound
from app.platform.security.tokens import keyed_hash, new_secret

TICKET_SESSION = timedelta(hours=24)
BROWSERS_OF_A_TICKET = 50
"""Who has a ticket may open it as often as they like, and must not be able to fill the disk with that."""
AT_ONCE = 500
"""Keys in one statement: SQLite of old takes 999 values."""


def get_sample(session: Session, actor: Actor, sample_id: uuid.UUID) -> Sample:
    """One sample of the actor's agency. Raises NotFound for a foreign one, or one of a session that is over for reception,
    as for an absent one."""
    return _seen(session, actor, session.get(Sample, sample_id))


def _seen(session: Session, actor: Actor, found: Sample | None) -> Sample:
    if (
        found is None
        or found.agency_id != actor.agency_id
        or not sessions.sees_samples_of(session, actor, found.session_id)
    ):
        raise NotFound("sample")
    return found


def keys_of_agency(session: Session, actor: Actor) -> list[uuid.UUID]:
    """Keys of all samples of the actor's agency, the oldest first."""
    return list(session.exec(select(Sample.id).where(Sample.agency_id == actor.agency_id).order_by(col(Sample.id))))


def lock_sample(uow: UnitOfWork, sample_id: uuid.UUID) -> Sample:
    """A sample that is about to be changed: its row is read as it is now, and held until the transaction ends."""
    row = row_of(uow.session, Sample, uow.actor.agency_id, sample_id, "sample", lock=True)
    return _seen(uow.session, uow.actor, row)


def lock_those_of(uow: UnitOfWork, session_id: uuid.UUID, keys: Collection[uuid.UUID]) -> list[uuid.UUID]:
    """Those of these samples that are of this session of the actor's agency, held until the transaction ends. Always taken in one
    order, so that two who hand over the same bags wait for each other instead of both failing."""
    found = []
    for key in sorted(keys):
        try:
            row = lock_sample(uow, key)
        except NotFound:
            continue
        if row.session_id == session_id:
            found.append(key)
    return found


def sample_for_system(session: Session, sample_id: uuid.UUID) -> Sample | None:
    """A sample by its key, for jobs, which act for no agency. Never for a request."""
    return session.get(Sample, sample_id)


def look_alikes(session: Session, sample: Sample) -> list[uuid.UUID]:
    """Samples that were declared to look like this one: handed in at the same session in the same form and colours, with the
    same logo, or without one by the same people. There is no other link between samples of one batch."""
    if not sample.logo and not sample.group_ref:
        return []
    alike = _others_of_session(sample).where(Sample.form == sample.form)
    if sample.logo:
        alike = alike.where(sa.func.lower(Sample.logo) == sample.logo.lower())
    else:
        alike = alike.where(Sample.logo == "", Sample.group_ref == sample.group_ref)
    colours = sorted(sample.colours)
    return [row.id for row in session.exec(alike) if sorted(row.colours) == colours]


def of_the_same_visit(session: Session, sample: Sample) -> list[uuid.UUID]:
    """Other samples the same people brought to the same session; a group is a word of one session only."""
    if not sample.group_ref:
        return []
    others = _others_of_session(sample).where(Sample.group_ref == sample.group_ref)
    return [row.id for row in session.exec(others.order_by(col(Sample.id)))]


def _others_of_session(sample: Sample) -> SelectOfScalar[Sample]:
    """Withdrawn ones are left out."""
    return select(Sample).where(
        Sample.session_id == sample.session_id, Sample.id != sample.id, col(Sample.withdrawn_at).is_(None)
    )


def is_harmed(sample: Sample) -> bool:
    """Whether someone was harmed: medical help, an overdose, a death, or a batch that is linked to an incident."""
    return sample.harm_event in HARMED or bool(sample.batch_linked_to_incident)


def expected_of(session: Session, sample_id: uuid.UUID) -> list[str]:
    """Register ids of what the client expected."""
    return expected_of_each(session, [sample_id])[sample_id]


def expected_of_each(session: Session, sample_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[str]]:
    """What was expected of each sample, in the order it was said."""
    found: dict[uuid.UUID, list[str]] = {sample_id: [] for sample_id in sample_ids}
    if sample_ids:
        query = select(SampleExpected).where(col(SampleExpected.sample_id).in_(sample_ids))
        for row in session.exec(query.order_by(col(SampleExpected.position))):
            found[row.sample_id].append(row.substance_id)
    return found


def last_expected(session: Session, session_id: uuid.UUID, limit: int) -> list[str]:
    """Register ids of what was last expected at a session, the latest first, each once."""
    latest = sa.func.max(Sample.number)
    query = select(SampleExpected.substance_id).join(Sample, col(Sample.id) == col(SampleExpected.sample_id))
    of_session = query.where(Sample.session_id == session_id).group_by(SampleExpected.substance_id)
    return list(session.exec(of_session.order_by(latest.desc(), SampleExpected.substance_id).limit(limit)))


def consents_of(session: Session, sample_id: uuid.UUID) -> dict[ConsentKind, ConsentAnswer]:
    """The answer in force to each question; not_asked where nobody asked."""
    rows = consent_rows(session, sample_id)
    return {kind: rows[kind].answer if kind in rows else ConsentAnswer.NOT_ASKED for kind in ConsentKind}


def consent_rows(session: Session, sample_id: uuid.UUID) -> dict[ConsentKind, Consent]:
    """The latest answers with wording version, time and who recorded them."""
    query = select(Consent).where(Consent.sample_id == sample_id).order_by(col(Consent.at), col(Consent.id))
    return {row.kind: row for row in session.exec(query)}


def ticket_hash(pepper: bytes, code: str) -> str:
    """The only form in which a ticket code is stored."""
    return keyed_hash(pepper, "ticket", code)


def sample_by_ticket(session: Session, code: str, pepper: bytes, now: datetime) -> Sample | None:
    """The sample of a ticket that still works. Wrong, expired and unknown codes: None, after the same work."""
    try:
        well_formed = tickets.parse(code)
    except tickets.NotACodeError:
        well_formed = tickets.NOBODY
    hashed = ticket_hash(pepper, well_formed)
    return _with_live_ticket(session.exec(select(Sample).where(Sample.ticket_hmac == hashed)).first(), now)


def _with_live_ticket(found: Sample | None, now: datetime) -> Sample | None:
    expires_at = found.ticket_expires_at if found is not None else None
    return found if expires_at is not None and now < expires_at else None


def open_ticket_session(uow: UnitOfWork, sample: Sample, pepper: bytes) -> tuple[str, datetime] | None:
    """Let a browser that showed the right ticket follow live events without the code: (secret, until when).

    None where the ticket was replaced since `sample` was read. Of one ticket the newest BROWSERS_OF_A_TICKET go on.
    """
    there = uow.session.get(Sample, sample.id, populate_existing=True, with_for_update=True)
    if there is None or there.ticket_hmac != sample.ticket_hmac:
        return None
    newest = (
        select(TicketSession.id_hash)
        .where(TicketSession.sample_id == sample.id)
        .order_by(col(TicketSession.created_at).desc(), col(TicketSession.id_hash))
        .limit(BROWSERS_OF_A_TICKET - 1)
    )
    crowded_out = sa.and_(col(TicketSession.sample_id) == sample.id, col(TicketSession.id_hash).not_in(newest))
    uow.session.execute(sa.delete(TicketSession).where(sa.or_(col(TicketSession.expires_at) <= uow.now, crowded_out)))
    until = min(uow.now + TICKET_SESSION, sample.ticket_expires_at or uow.now)
    secret = new_secret()
    id_hash = keyed_hash(pepper, "ticket session", secret)
    uow.session.add(TicketSession(id_hash=id_hash, sample_id=sample.id, created_at=uow.now, expires_at=until))
    return secret, until


def sample_by_ticket_session(session: Session, secret: str, pepper: bytes, now: datetime) -> Sample | None:
    """The sample of a browser that showed its ticket; None once the ticket died or was replaced."""
    row = session.get(TicketSession, keyed_hash(pepper, "ticket session", secret))
    if row is None or now >= row.expires_at:
        return None
    return _with_live_ticket(session.get(Sample, row.sample_id), now)


@dataclass(frozen=True, slots=True)
class SampleLook:
    """One sample by how it looks. `number`: of its session, for staff of its agency."""

    sample_id: uuid.UUID
    session_id: uuid.UUID
    number: int
    form: str
    logo: str
    colours: tuple[str, ...]
    group: str
    withdrawn: bool


def looks_of(session: Session, agency_id: uuid.UUID, sample_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, SampleLook]:
    """Those of these samples that are this agency's."""
    wanted = list(sample_ids)
    found: dict[uuid.UUID, SampleLook] = {}
    for start in range(0, len(wanted), AT_ONCE):
        part = wanted[start : start + AT_ONCE]
        for row in session.exec(select(Sample).where(col(Sample.id).in_(part), Sample.agency_id == agency_id)):
            found[row.id] = SampleLook(
                row.id, row.session_id, row.number, row.form.value, row.logo, tuple(row.colours), row.group_ref,
                row.withdrawn_at is not None,
            )  # fmt: skip
    return found


@dataclass(frozen=True, slots=True)
class Appearance:
    """What someone sees of a sample, without its number; sizes in mm, weight in mg."""

    colours: tuple[str, ...]
    logo: str
    shape: str
    width_mm: float | None
    height_mm: float | None
    thickness_mm: float | None
    weight_mg: float | None


def appearances(session: Session, sample_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Appearance]:
    """Of every sample of ours among these, for files about many at once. The caller answers for whose they are."""
    keys = sorted(sample_ids)
    columns = [col(getattr(Sample, name)) for name in ("id", *(one.name for one in fields(Appearance)))]
    found: dict[uuid.UUID, Appearance] = {}
    for start in range(0, len(keys), AT_ONCE):
        query = sa.select(*columns).where(col(Sample.id).in_(keys[start : start + AT_ONCE]))
        for key, colours, *rest in session.connection().execute(query):
            found[key] = Appearance(tuple(colours), *rest)
    return found


def may_be_described(session: Session, sample_ids: Sequence[uuid.UUID]) -> bool:
    """Whether how all of these look may be said in an alert: their clients said yes, and none is withdrawn.

    Where staff, police or a partner handed something in there is no client to ask; a no is a no there too.
    """
    rows = {row.id: row for row in session.exec(select(Sample).where(col(Sample.id).in_(list(sample_ids))))}
    if len(rows) < len(set(sample_ids)):
        return False
    for row in rows.values():
        answer = consents_of(session, row.id)[ConsentKind.SHARE_IN_ALERT]
        asked = row.submitter_type is SubmitterType.PUBLIC
        if row.withdrawn_at is not None or answer is ConsentAnswer.NO or (asked and answer is not ConsentAnswer.YES):
            return False
    return True
