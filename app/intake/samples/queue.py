"""Who waits and for how long: the queue of a session, and the figures of its board."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from app.intake.samples import repository
from app.intake.samples.domain import LATE_AFTER_S, STAGE_WORDS, Intent, Stage, percentile, stage_of
from app.intake.samples.lookup import stage
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
    rows = repository.samples_of_session(
        session, checking_session.agency_id, checking_session.id, in_queue=not everything
    )
    return rows_of(session, checking_session, rows, now)


def rows_of(
    session: Session, checking_session: sessions.CheckingSession, samples: list[Sample], now: datetime | None
) -> list[QueueRow]:
    """Rows of the queue for chosen samples only."""
    expected = repository.expected_of(session, [s.id for s in samples])
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
    return repository.count_before(session, sample)


def page(
    session: Session, actor: Actor, session_id: uuid.UUID, *, after: uuid.UUID | None, limit: int, now: datetime
) -> list[QueueRow]:
    """All samples of a session by key, for the API's pages."""
    checking_session = sessions.get_session(session, actor, session_id)
    samples = repository.page_of_session(
        session, checking_session.agency_id, checking_session.id, after=after, limit=limit
    )
    return rows_of(session, checking_session, samples, now)


def board(session: Session, actor: Actor, session_id: uuid.UUID, now: datetime) -> Board:
    """Throughput and waits of one session."""
    checking_session = sessions.get_session(session, actor, session_id)
    times = repository.times_of_session(session, checking_session.agency_id, checking_session.id)
    stages = [
        stage_of(
            analysed_at=t.analysed_at,
            verified_at=t.verified_at,
            released_at=t.released_at,
            told_at=t.told_at,
            withdrawn_at=t.withdrawn_at,
        )
        for t in times
    ]
    counted = Counter(stages)
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
