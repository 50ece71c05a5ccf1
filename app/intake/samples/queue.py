"""Who waits and for how long: the queue of a session, and the figures of its board."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.intake.samples.domain import LATE_AFTER_S, STAGE_WORDS, STAMPS, Intent, Stage, percentile, stage
from app.intake.samples.lookup import expected_of_each
from app.intake.samples.tables import Sample
from app.intake.sessions import service as sessions
from app.platform.kernel.actor import Actor
from harm_messages.vocabulary import Form


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A sample that waits. No ticket, nothing about a person."""

    sample_id: uuid.UUID
    number: int
    form: Form
    intent: Intent
    expected: tuple[str, ...]
    words_spoken: str
    stage: Stage
    state_words: str
    received_at: datetime
    waited_s: float
    late: bool
    group_ref: str
    version: int


@dataclass(frozen=True, slots=True)
class Board:
    """A session in figures. Waits are from received to released, in seconds; None until there is one."""

    received: int
    queue: int
    oldest_wait_s: float | None
    released: int
    received_last_hour: int
    released_last_hour: int
    wait_p50_s: float | None
    wait_p90_s: float | None
    states: dict[Stage, int]


def state_words(found: Stage, checking_session: sessions.CheckingSession) -> str:
    """The stage in words; back of house nothing is ever released."""
    if found is Stage.VERIFIED and not checking_session.licence_mode.individual_results:
        return "verified; no individual result here"
    return STAGE_WORDS[found]


def queue(
    session: Session, actor: Actor, session_id: uuid.UUID, *, now: datetime | None = None, everything: bool = False
) -> list[QueueRow]:
    """Samples of a session that are neither told nor withdrawn, oldest first; `everything`: all of them.

    Waiting is counted to `now`, or for a sample whose result is out, to its release.
    """
    checking_session = sessions.get_session(session, actor, session_id)
    rows = samples_of_session(session, checking_session.agency_id, checking_session.id, in_queue=not everything)
    return _rows(session, checking_session, rows, now)


def samples_of_session(
    session: Session, agency_id: uuid.UUID, session_id: uuid.UUID, *, in_queue: bool
) -> Sequence[Sample]:
    """Samples of a session in the order they came; `in_queue`: neither told nor withdrawn."""
    query = select(Sample).where(Sample.agency_id == agency_id, Sample.session_id == session_id)
    if in_queue:
        query = query.where(col(Sample.told_at).is_(None), col(Sample.withdrawn_at).is_(None))
    return session.exec(query.order_by(col(Sample.number))).all()


def _rows(
    session: Session, checking_session: sessions.CheckingSession, samples: Sequence[Sample], now: datetime | None
) -> list[QueueRow]:
    expected = expected_of_each(session, [s.id for s in samples])
    return [_row(s, checking_session, expected[s.id], now) for s in samples]


def _row(s: Sample, checking_session: sessions.CheckingSession, expected: list[str], now: datetime | None) -> QueueRow:
    found = stage(s)
    until = s.released_at or s.withdrawn_at or now or s.received_at
    waited = max(0.0, (until - s.received_at).total_seconds())
    return QueueRow(
        sample_id=s.id,
        number=s.number,
        form=s.form,
        intent=s.intent,
        expected=tuple(expected),
        words_spoken=s.words_spoken,
        stage=found,
        state_words=state_words(found, checking_session),
        received_at=s.received_at,
        waited_s=waited,
        late=s.released_at is None and s.withdrawn_at is None and waited > LATE_AFTER_S,
        group_ref=s.group_ref,
        version=s.version,
    )


def before_in_queue(session: Session, sample: Sample) -> int:
    """How many samples of the same session came earlier and still wait for their result."""
    earlier = (Sample.session_id == sample.session_id, col(Sample.number) < sample.number)
    waiting = (col(Sample.released_at).is_(None), col(Sample.withdrawn_at).is_(None))
    return session.exec(select(sa.func.count()).where(*earlier, *waiting)).one()


def page(
    session: Session, actor: Actor, session_id: uuid.UUID, *, after: uuid.UUID | None, limit: int, now: datetime
) -> list[QueueRow]:
    """All samples of a session by key, for the API's pages."""
    checking_session = sessions.get_session(session, actor, session_id)
    query = select(Sample).where(
        Sample.agency_id == checking_session.agency_id, Sample.session_id == checking_session.id
    )
    if after is not None:
        query = query.where(col(Sample.id) > after)
    samples = session.exec(query.order_by(col(Sample.id)).limit(limit)).all()
    return _rows(session, checking_session, samples, now)


def board(session: Session, actor: Actor, session_id: uuid.UUID, now: datetime) -> Board:
    """Throughput and waits of one session, from the times of its samples and nothing else of them."""
    checking_session = sessions.get_session(session, actor, session_id)
    columns = (col(getattr(Sample, name)) for name in ("received_at", *STAMPS, "withdrawn_at"))
    query = sa.select(*columns).where(col(Sample.agency_id) == checking_session.agency_id)
    times = session.connection().execute(query.where(col(Sample.session_id) == checking_session.id)).all()
    counted = Counter(stage(t) for t in times)
    waiting = [(now - t.received_at).total_seconds() for t in times if t.released_at is None and t.withdrawn_at is None]
    waits = [(t.released_at - t.received_at).total_seconds() for t in times if t.released_at is not None]
    hour_ago = now - timedelta(hours=1)
    return Board(
        received=len(times),
        queue=len(waiting),
        oldest_wait_s=max(waiting, default=None),
        released=len(waits),
        received_last_hour=sum(t.received_at > hour_ago for t in times),
        released_last_hour=sum(t.released_at is not None and t.released_at > hour_ago for t in times),
        wait_p50_s=percentile(waits, 0.5),
        wait_p90_s=percentile(waits, 0.9),
        states={s: counted.get(s, 0) for s in Stage},
    )
