"""Queries about samples. Every lookup for staff starts from the agency; a ticket from its keyed hash."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.intake.samples.domain import ConsentAnswer, ConsentKind
from app.intake.samples.tables import Consent, Sample, SampleExpected, TicketSession


def sample_of_agency(
    session: Session, agency_id: uuid.UUID, sample_id: uuid.UUID, *, lock: bool = False
) -> Sample | None:
    """One sample of this agency, read once in a transaction; `lock` reads its row as it is now and holds it to the end."""
    if lock:
        query = select(Sample).where(Sample.id == sample_id, Sample.agency_id == agency_id).with_for_update()
        return session.exec(query.execution_options(populate_existing=True)).first()
    found = session.get(Sample, sample_id)
    return found if found is not None and found.agency_id == agency_id else None


def keys_of_agency(session: Session, agency_id: uuid.UUID) -> list[uuid.UUID]:
    """Keys of all samples of an agency, the oldest first."""
    return list(session.exec(select(Sample.id).where(Sample.agency_id == agency_id).order_by(col(Sample.id))))


def sample(session: Session, sample_id: uuid.UUID) -> Sample | None:
    """A sample by its key, for code that has no actor."""
    return session.get(Sample, sample_id)


def sample_by_ticket(session: Session, ticket_hmac: str) -> Sample | None:
    """The sample a ticket belongs to."""
    return session.exec(select(Sample).where(Sample.ticket_hmac == ticket_hmac)).first()


def samples_of_session(
    session: Session, agency_id: uuid.UUID, session_id: uuid.UUID, *, in_queue: bool
) -> list[Sample]:
    """Samples of a session in the order they came; `in_queue`: neither told nor withdrawn."""
    query = select(Sample).where(Sample.agency_id == agency_id, Sample.session_id == session_id)
    if in_queue:
        query = query.where(col(Sample.told_at).is_(None), col(Sample.withdrawn_at).is_(None))
    return list(session.exec(query.order_by(col(Sample.number))))


def page_of_session(
    session: Session, agency_id: uuid.UUID, session_id: uuid.UUID, *, after: uuid.UUID | None, limit: int
) -> list[Sample]:
    """Samples of a session by key, for keyset pages."""
    query = select(Sample).where(Sample.agency_id == agency_id, Sample.session_id == session_id)
    if after is not None:
        query = query.where(col(Sample.id) > after)
    return list(session.exec(query.order_by(col(Sample.id)).limit(limit)))


def looking_like(session: Session, row: Sample) -> list[Sample]:
    """Other samples of its session with the same form and logo; without a logo, of the same people."""
    query = select(Sample).where(
        Sample.session_id == row.session_id,
        Sample.id != row.id,
        Sample.form == row.form,
        col(Sample.withdrawn_at).is_(None),
    )
    if row.logo:
        query = query.where(sa.func.lower(Sample.logo) == row.logo.lower())
    else:
        query = query.where(Sample.logo == "", Sample.group_ref == row.group_ref)
    return list(session.exec(query))


def others_of_group(session: Session, row: Sample) -> list[uuid.UUID]:
    """Keys of the other samples of its group at its session; a group is a word of one session only."""
    query = select(Sample.id).where(
        Sample.session_id == row.session_id, Sample.group_ref == row.group_ref, Sample.id != row.id,
        col(Sample.withdrawn_at).is_(None),
    )  # fmt: skip
    return list(session.exec(query.order_by(col(Sample.id)))) if row.group_ref else []


def count_before(session: Session, row: Sample) -> int:
    """Samples of the same session that came earlier and still wait for their result."""
    query = select(sa.func.count()).where(
        Sample.session_id == row.session_id,
        col(Sample.number) < row.number,
        col(Sample.released_at).is_(None),
        col(Sample.withdrawn_at).is_(None),
    )
    return int(session.exec(query).one())


def times_of_session(session: Session, agency_id: uuid.UUID, session_id: uuid.UUID) -> list[Any]:
    """The times of every sample of a session and nothing else, for the board."""
    query = sa.select(
        col(Sample.received_at),
        col(Sample.analysed_at),
        col(Sample.verified_at),
        col(Sample.released_at),
        col(Sample.told_at),
        col(Sample.withdrawn_at),
    ).where(col(Sample.agency_id) == agency_id, col(Sample.session_id) == session_id)
    return list(session.execute(query))


def expected_of(session: Session, sample_ids: list[uuid.UUID]) -> dict[uuid.UUID, list[str]]:
    """What was expected of each sample, in the order it was said."""
    found: dict[uuid.UUID, list[str]] = {sample_id: [] for sample_id in sample_ids}
    if sample_ids:
        query = select(SampleExpected).where(col(SampleExpected.sample_id).in_(sample_ids))
        for row in session.exec(query.order_by(col(SampleExpected.position))):
            found[row.sample_id].append(row.substance_id)
    return found


def replace_expected(session: Session, sample_id: uuid.UUID, expected: list[str]) -> None:
    """Write down what is expected now, in order."""
    session.execute(sa.delete(SampleExpected).where(col(SampleExpected.sample_id) == sample_id))
    add_expected(session, sample_id, expected)


def add_expected(session: Session, sample_id: uuid.UUID, expected: list[str]) -> None:
    """Write down what is expected of a sample of which nothing is written down yet."""
    session.add_all(
        SampleExpected(sample_id=sample_id, substance_id=substance_id, position=position)
        for position, substance_id in enumerate(expected)
    )


def consents_of(session: Session, sample_id: uuid.UUID) -> dict[ConsentKind, Consent]:
    """The latest answer to each question."""
    query = select(Consent).where(Consent.sample_id == sample_id).order_by(col(Consent.at), col(Consent.id))
    return {row.kind: row for row in session.exec(query)}


def add_consents(
    session: Session,
    sample_id: uuid.UUID,
    answers: dict[ConsentKind, ConsentAnswer],
    wording_version: str,
    at: datetime,
    recorded_by: uuid.UUID | None,
    *,
    earlier: Mapping[ConsentKind, Consent],
) -> None:
    """Add answers; the earlier ones stay. A later answer has the later time, also after a clock was set back."""
    session.add_all(
        Consent(
            sample_id=sample_id,
            kind=kind,
            answer=answer,
            wording_version=wording_version,
            at=max(at, earlier[kind].at + timedelta(microseconds=1)) if kind in earlier else at,
            recorded_by=recorded_by,
        )
        for kind, answer in answers.items()
    )


def ticket_session(session: Session, id_hash: str) -> TicketSession | None:
    """A client's browser by the hash of its id."""
    return session.get(TicketSession, id_hash)


def end_ticket_sessions(session: Session, sample_id: uuid.UUID) -> None:
    """Every browser that opened this sample's ticket has to show it again."""
    session.execute(sa.delete(TicketSession).where(col(TicketSession.sample_id) == sample_id))


def end_expired_ticket_sessions(session: Session, now: datetime) -> None:
    """Sweep what has run out."""
    session.execute(sa.delete(TicketSession).where(col(TicketSession.expires_at) <= now))
