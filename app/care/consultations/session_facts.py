"""What a session's report and figures count of consultations and of pages staff changed. Reads only; nothing about a person."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from sqlmodel import Session, col, select

from app.care.consultations import repository
from app.care.consultations.domain import AdjustmentKind, Intention, Moment, WhyNotRelevant
from app.care.consultations.tables import Consultation, PageAdjustment, UrgentMessage


@dataclass(frozen=True, slots=True)
class TalkFact:
    """One talk. `ticks`: (person of the group, before or after the result, what they intend); each once."""

    sample_id: uuid.UUID
    minutes: int | None
    people: int
    naloxone_given: bool | None
    referral: str
    disposal_mg: float | None
    ticks: tuple[tuple[int, Moment, Intention], ...]


def talks_of_samples(session: Session, sample_ids: Iterable[uuid.UUID]) -> list[TalkFact]:
    """Every talk about these samples, oldest first."""
    query = select(Consultation).where(col(Consultation.sample_id).in_(list(sample_ids)))
    rows = list(session.exec(query.order_by(col(Consultation.id))))
    ticks = repository.outcomes_of(session, [row.id for row in rows])
    return [
        TalkFact(
            row.sample_id, row.minutes, row.group_size or 1, row.naloxone_given, row.referral, row.disposal_mg,
            tuple((t.person_index, t.moment, t.intention) for t in ticks[row.id]),
        )
        for row in rows
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class PageChange:
    """One change of a client's page that was not undone."""

    kind: AdjustmentKind
    reason: WhyNotRelevant | None


def page_changes(session: Session, sample_ids: Iterable[uuid.UUID]) -> list[PageChange]:
    """What staff did to pages of these samples and left so."""
    query = select(PageAdjustment.kind, PageAdjustment.reason).where(
        col(PageAdjustment.sample_id).in_(list(sample_ids)), col(PageAdjustment.undone_at).is_(None)
    )
    return [
        PageChange(AdjustmentKind(kind), WhyNotRelevant(reason) if reason else None)
        for kind, reason in session.exec(query)
    ]


def urgent_shown(session: Session, session_id: uuid.UUID) -> int:
    """Urgent messages of this session that two people approved."""
    query = select(UrgentMessage.id).where(
        UrgentMessage.session_id == session_id, col(UrgentMessage.second_at).is_not(None)
    )
    return len(session.exec(query).all())


def outcomes_of(session: Session, sample_id: uuid.UUID) -> tuple[tuple[str, str, int], ...]:
    """Moment, intention and how many people of the group ticked it, in whatever talk.

    Person 2 of two talks is taken for one person: a group may be counted too small, never larger than it was.
    """
    talks = [row.id for row in repository.of_sample(session, sample_id)]
    people: dict[tuple[str, str], set[int]] = {}
    for ticks in repository.outcomes_of(session, talks).values():
        for tick in ticks:
            people.setdefault((tick.moment.value, tick.intention.value), set()).add(tick.person_index)
    return tuple((*said, len(who)) for said, who in sorted(people.items()))
