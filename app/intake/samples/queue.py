"""Who waits and for how long: the queue of a session, the figures of its board, and what its report counts of samples.

Knows no result: the part that counts puts the two together by the sample's key.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.intake.samples import domain as d
from app.intake.samples.lookup import expected_of_each
from app.intake.samples.tables import Consent, Sample
from app.intake.sessions import service as sessions
from app.platform.kernel.actor import Actor
from app.platform.kernel.sample_numbers import sample_number
from harm_messages.vocabulary import Form


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A sample that waits. No ticket, nothing about a person. `label`: its number as it is written; `state`: its stage in words."""

    id: uuid.UUID
    number: int
    label: str
    form: Form
    intent: d.Intent
    expected: tuple[str, ...]
    words_spoken: str
    stage: d.Stage
    state: str
    received_at: datetime
    waited_s: float
    late: bool
    group_ref: str
    version: int
    told_at: datetime | None = None


_AS_IT_IS = {"id", "number", "form", "intent", "words_spoken", "received_at", "group_ref", "version", "told_at"}


RECENT = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Board:
    """A session in figures. Waits are from received to released, in seconds; None until there is one. `recent…`: of results
    released in the last two hours."""

    received: int
    queue: int
    oldest_wait_s: float | None
    released: int
    received_last_hour: int
    released_last_hour: int
    wait_p50_s: float | None
    wait_p90_s: float | None
    recent: int
    recent_p50_s: float | None
    recent_p90_s: float | None
    states: dict[d.Stage, int]


def state_words(found: d.Stage, checking_session: sessions.CheckingSession) -> str:
    """The stage in words; back of house nothing is ever released."""
    if found is d.Stage.VERIFIED and not checking_session.licence_mode.individual_results:
        return "verified, no individual results"
    return found.words


def queue(
    session: Session,
    actor: Actor,
    session_id: uuid.UUID,
    *,
    now: datetime | None = None,
    everything: bool = False,
    also: Collection[uuid.UUID] = (),
) -> list[QueueRow]:
    """Samples of a session that are neither told nor withdrawn, and `also` these, oldest first; `everything`: all of them.

    Waiting is counted to `now`, or for a sample whose result is out, to its release.
    """
    checking_session = sessions.get_session(session, actor, session_id)
    agency_id = checking_session.agency_id
    rows = samples_of_session(session, agency_id, checking_session.id, in_queue=not everything, also=also)
    return _rows(session, checking_session, rows, now)


def samples_of_session(
    session: Session,
    agency_id: uuid.UUID,
    session_id: uuid.UUID,
    *,
    in_queue: bool,
    also: Collection[uuid.UUID] = (),
) -> Sequence[Sample]:
    """Samples of a session in the order they came; `in_queue`: neither told nor withdrawn, and `also` these."""
    query = select(Sample).where(Sample.agency_id == agency_id, Sample.session_id == session_id)
    if in_queue:
        waiting = sa.or_(col(Sample.told_at).is_(None), col(Sample.id).in_(also))
        query = query.where(waiting, col(Sample.withdrawn_at).is_(None))
    return session.exec(query.order_by(col(Sample.received_at), col(Sample.number))).all()


def told_sample_ids(session: Session, actor: Actor, session_ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """Samples of these sessions whose client was told the result."""
    mine = (col(Sample.agency_id) == actor.agency_id, col(Sample.session_id).in_(session_ids))
    return list(session.exec(select(Sample.id).where(*mine, col(Sample.told_at).is_not(None))))


def have_a_result(
    session: Session, actor: Actor, session_ids: Sequence[uuid.UUID], among: Sequence[uuid.UUID]
) -> list[uuid.UUID]:
    """Of these samples those of these sessions that have been given a result, the oldest first."""
    mine = (col(Sample.agency_id) == actor.agency_id, col(Sample.session_id).in_(session_ids))
    given = (col(Sample.id).in_(among), col(Sample.released_at).is_not(None), col(Sample.withdrawn_at).is_(None))
    return list(session.exec(select(Sample.id).where(*mine, *given).order_by(col(Sample.received_at), col(Sample.id))))


def _rows(
    session: Session, checking_session: sessions.CheckingSession, samples: Sequence[Sample], now: datetime | None
) -> list[QueueRow]:
    expected = expected_of_each(session, [s.id for s in samples])
    return [_row(s, checking_session, expected[s.id], now) for s in samples]


def _row(s: Sample, checking_session: sessions.CheckingSession, expected: list[str], now: datetime | None) -> QueueRow:
    found = d.stage(s)
    until = s.released_at or s.withdrawn_at or now or s.received_at
    waited = max(0.0, (until - s.received_at).total_seconds())
    return QueueRow(
        **s.model_dump(include=_AS_IT_IS),
        label=sample_number(s.number),
        expected=tuple(expected),
        stage=found,
        state=state_words(found, checking_session),
        waited_s=waited,
        late=s.released_at is None and s.withdrawn_at is None and waited > d.LATE_AFTER_S,
    )


def before_in_queue(session: Session, sample: Sample) -> int:
    """How many samples of the same session came earlier and still wait for their result."""
    same_time = sa.and_(col(Sample.received_at) == sample.received_at, col(Sample.number) < sample.number)
    came_before = sa.or_(col(Sample.received_at) < sample.received_at, same_time)
    earlier = (Sample.session_id == sample.session_id, came_before)
    waiting = (col(Sample.released_at).is_(None), col(Sample.withdrawn_at).is_(None))
    return session.exec(select(sa.func.count()).where(*earlier, *waiting)).one()


def stages_now(session: Session, actor: Actor, session_ids: Sequence[uuid.UUID]) -> dict[d.Stage, int]:
    """How many samples of these sessions stand at each stage that still needs someone."""
    if not session_ids:
        return {}
    open_ones = (col(Sample.told_at).is_(None), col(Sample.withdrawn_at).is_(None))
    stage = sa.case(
        (col(Sample.released_at).is_not(None), d.Stage.RELEASED.value),
        (col(Sample.verified_at).is_not(None), d.Stage.VERIFIED.value),
        (col(Sample.analysed_at).is_not(None), d.Stage.ANALYSED.value),
        else_=d.Stage.RECEIVED.value,
    )
    mine = (col(Sample.agency_id) == actor.agency_id, col(Sample.session_id).in_(session_ids))
    query = sa.select(stage, sa.func.count()).where(*mine, *open_ones).group_by(stage)
    return {d.Stage(found): count for found, count in session.connection().execute(query)}


def first_at(session: Session, actor: Actor, session_ids: Sequence[uuid.UUID], stage: d.Stage) -> uuid.UUID | None:
    """The sample of these sessions that has been longest at this stage of waiting; none where nothing waits."""
    reached, next_step = {
        d.Stage.RECEIVED: (col(Sample.received_at), col(Sample.analysed_at)),
        d.Stage.ANALYSED: (col(Sample.analysed_at), col(Sample.verified_at)),
        d.Stage.VERIFIED: (col(Sample.verified_at), col(Sample.released_at)),
    }[stage]
    query = select(Sample.id).where(
        col(Sample.agency_id) == actor.agency_id,
        col(Sample.session_id).in_(session_ids),
        reached.is_not(None),
        next_step.is_(None),
        col(Sample.withdrawn_at).is_(None),
    )
    return session.exec(query.order_by(col(Sample.received_at), col(Sample.id)).limit(1)).first()


ENOUGH_RESULTS = 10
"""Below this many results of a session nothing is said about how long results take there."""


def typical_wait(session: Session, session_id: uuid.UUID) -> tuple[timedelta, timedelta] | None:
    """Between which waits half of the released results of this session lie; None while there are too few."""
    released = col(Sample.released_at)
    query = sa.select(col(Sample.received_at), released).where(col(Sample.session_id) == session_id)
    times = session.connection().execute(query.where(released.is_not(None))).all()
    if len(times) < ENOUGH_RESULTS:
        return None
    waits = [(t.released_at - t.received_at).total_seconds() for t in times]
    quarter, three = d.percentile(waits, 0.25), d.percentile(waits, 0.75)
    assert quarter is not None
    assert three is not None
    return timedelta(seconds=quarter), timedelta(seconds=three)


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
    columns = (col(getattr(Sample, name)) for name in ("received_at", *d.STAMPS, "withdrawn_at"))
    query = sa.select(*columns).where(col(Sample.agency_id) == checking_session.agency_id)
    times = session.connection().execute(query.where(col(Sample.session_id) == checking_session.id)).all()
    counted = Counter(d.stage(t) for t in times)
    waiting = [(now - t.received_at).total_seconds() for t in times if t.released_at is None and t.withdrawn_at is None]
    waits = [_wait(t.received_at, t.released_at) for t in times if t.released_at is not None]
    recent = [
        _wait(t.received_at, t.released_at) for t in times if t.released_at is not None and t.released_at > now - RECENT
    ]
    hour_ago = now - timedelta(hours=1)
    return Board(
        received=len(times),
        queue=len(waiting),
        oldest_wait_s=max(waiting, default=None),
        released=len(waits),
        received_last_hour=sum(t.received_at > hour_ago for t in times),
        released_last_hour=sum(t.released_at is not None and t.released_at > hour_ago for t in times),
        wait_p50_s=d.percentile(waits, 0.5),
        wait_p90_s=d.percentile(waits, 0.9),
        recent=len(recent),
        recent_p50_s=d.percentile(recent, 0.5),
        recent_p90_s=d.percentile(recent, 0.9),
        states={s: counted.get(s, 0) for s in d.Stage},
    )


def _wait(received: datetime, released: datetime) -> float:
    return (released - received).total_seconds()


def waiting_now(session: Session, session_id: uuid.UUID) -> int:
    """How many samples of a session have no released result, for everybody in the room."""
    waiting = (col(Sample.released_at).is_(None), col(Sample.withdrawn_at).is_(None))
    return session.exec(select(sa.func.count()).where(Sample.session_id == session_id, *waiting)).one()


@dataclass(frozen=True, slots=True)
class SampleFact:
    """One sample of a session. `expected`: a register id or class, "mixture" for several things, "unknown" for none."""

    id: uuid.UUID
    number: int
    expected: str
    received_at: datetime
    analysed_at: datetime | None
    released_at: datetime | None
    told_at: datetime | None
    withdrawn_at: datetime | None
    may_be_passed_on: bool


def facts_of_session(session: Session, agency_id: uuid.UUID, session_id: uuid.UUID) -> list[SampleFact]:
    """Every sample of a session in the order they came, withdrawn ones too."""
    rows = samples_of_session(session, agency_id, session_id, in_queue=False)
    expected = expected_of_each(session, [row.id for row in rows])
    agreed = _agreed(session, session_id)
    return [
        SampleFact(
            row.id, row.number, expectation(row.intent, expected[row.id]), row.received_at, row.analysed_at,
            row.released_at, row.told_at, row.withdrawn_at,
            row.withdrawn_at is None and row.id in agreed and row.submitter_type not in d.NEVER_CLIENTS,
        )
        for row in rows
    ]  # fmt: skip


def expectation(intent: d.Intent, named: list[str]) -> str:
    """The one thing a sample is counted under, as published figures count it."""
    if intent is d.Intent.MIXTURE or len(named) > 1:
        return "mixture"
    return "unknown" if intent is d.Intent.UNKNOWN or not named else named[0]


def _agreed(session: Session, session_id: uuid.UUID) -> set[uuid.UUID]:
    """Samples whose last answer to “count it in figures” is yes."""
    query = (
        select(Consent.sample_id, Consent.answer)
        .join(Sample, col(Sample.id) == col(Consent.sample_id))
        .where(Sample.session_id == session_id, Consent.kind == d.ConsentKind.AGGREGATE_DATA)
        .order_by(col(Consent.at), col(Consent.id))
    )
    last = dict(session.exec(query).all())
    return {key for key, answer in last.items() if answer is d.ConsentAnswer.YES}
