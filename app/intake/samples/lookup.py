"""Finding samples: by key for staff of the agency, by ticket for a client, by looks for jobs. Everything else in this feature uses it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from app.intake.samples import repository, tickets
from app.intake.samples.domain import HARMED, ConsentAnswer, ConsentKind, Stage, SubmitterType, stage_of
from app.intake.samples.tables import Consent, Sample, TicketSession
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import NotFound
from app.platform.security.tokens import keyed_hash, new_secret

TICKET_SESSION = timedelta(hours=24)
AT_ONCE = 500
"""Keys in one statement: SQLite of old takes 999 values."""


def get_sample(session: Session, actor: Actor, sample_id: uuid.UUID) -> Sample:
    """One sample of the actor's agency. Raises NotFound for a foreign one as for an absent one."""
    found = repository.sample_of_agency(session, actor.agency_id, sample_id) if actor.agency_id else None
    if found is None:
        raise NotFound("sample")
    return found


def keys_of_agency(session: Session, actor: Actor) -> list[uuid.UUID]:
    """Keys of all samples of the actor's agency, the oldest first."""
    return repository.keys_of_agency(session, actor.agency_id) if actor.agency_id else []


def lock_sample(uow: UnitOfWork, sample_id: uuid.UUID) -> Sample:
    """A sample that is about to be changed: its row is held until the transaction ends."""
    agency_id = uow.actor.agency_id
    found = repository.sample_of_agency(uow.session, agency_id, sample_id, lock=True) if agency_id else None
    if found is None:
        raise NotFound("sample")
    return found


def sample_for_system(session: Session, sample_id: uuid.UUID) -> Sample | None:
    """A sample by its key, for jobs, which act for no agency. Never for a request."""
    return repository.sample(session, sample_id)


def look_alikes(session: Session, sample: Sample) -> list[uuid.UUID]:
    """Samples that were declared to look like this one: handed in at the same session in the same form and colours, with the
    same logo, or without one by the same people. There is no other link between samples of one batch."""
    if not sample.logo and not sample.group_ref:
        return []
    colours = sorted(sample.colours)
    return [row.id for row in repository.looking_like(session, sample) if sorted(row.colours) == colours]


def of_the_same_visit(session: Session, sample: Sample) -> list[uuid.UUID]:
    """Other samples the same people brought to the same session; withdrawn ones are left out."""
    return repository.others_of_group(session, sample)


def is_harmed(sample: Sample) -> bool:
    """Whether somebody was harmed: medical help, an overdose, a death, or a batch that is linked to an incident."""
    return sample.harm_event in HARMED or bool(sample.batch_linked_to_incident)


def stage(sample: Sample) -> Stage:
    """How far a sample has come."""
    return stage_of(
        analysed_at=sample.analysed_at,
        verified_at=sample.verified_at,
        released_at=sample.released_at,
        told_at=sample.told_at,
        withdrawn_at=sample.withdrawn_at,
    )


def expected_of(session: Session, sample_id: uuid.UUID) -> list[str]:
    """Register ids of what the client expected."""
    return repository.expected_of(session, [sample_id])[sample_id]


def consents_of(session: Session, sample_id: uuid.UUID) -> dict[ConsentKind, ConsentAnswer]:
    """The answer in force to each question; not_asked where nobody asked."""
    rows = repository.consents_of(session, sample_id)
    return {kind: rows[kind].answer if kind in rows else ConsentAnswer.NOT_ASKED for kind in ConsentKind}


def consent_rows(session: Session, sample_id: uuid.UUID) -> dict[ConsentKind, Consent]:
    """The answers in force with wording version, time and who recorded them."""
    return repository.consents_of(session, sample_id)


def ticket_hash(pepper: bytes, code: str) -> str:
    """The only form in which a ticket code is stored."""
    return keyed_hash(pepper, "ticket", code)


def sample_by_ticket(session: Session, code: str, pepper: bytes, now: datetime) -> Sample | None:
    """The sample of a ticket that still works. Wrong, expired and unknown codes: None, after the same work."""
    try:
        well_formed = tickets.parse(code)
    except tickets.NotACodeError:
        well_formed = tickets.NOBODY
    found = repository.sample_by_ticket(session, ticket_hash(pepper, well_formed))
    expires_at = found.ticket_expires_at if found is not None else None
    return found if expires_at is not None and now < expires_at else None


def open_ticket_session(uow: UnitOfWork, sample: Sample, pepper: bytes) -> tuple[str, datetime]:
    """Let a browser that showed the right ticket follow live events without the code: (secret, until when)."""
    repository.end_expired_ticket_sessions(uow.session, uow.now)
    until = min(uow.now + TICKET_SESSION, sample.ticket_expires_at or uow.now)
    secret = new_secret()
    id_hash = keyed_hash(pepper, "ticket session", secret)
    uow.session.add(TicketSession(id_hash=id_hash, sample_id=sample.id, created_at=uow.now, expires_at=until))
    return secret, until


def sample_by_ticket_session(session: Session, secret: str, pepper: bytes, now: datetime) -> Sample | None:
    """The sample of a browser that showed its ticket; None once the ticket died or was replaced."""
    row = repository.ticket_session(session, keyed_hash(pepper, "ticket session", secret))
    if row is None or now >= row.expires_at:
        return None
    found = repository.sample(session, row.sample_id)
    expires_at = found.ticket_expires_at if found is not None else None
    return found if expires_at is not None and now < expires_at else None


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
