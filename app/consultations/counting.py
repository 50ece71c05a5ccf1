"""Outcomes as aggregates count them: how many people ticked each intention, before and after the result.

Asked by app.results when a sample is counted. Imports nothing that imports app.results.service.
"""

from __future__ import annotations

import uuid

from sqlmodel import Session

from app.consultations import repository
from app.platform.db import UnitOfWork
from app.trends import service as trends


def outcomes_of(session: Session, sample_id: uuid.UUID) -> tuple[trends.OutcomeFact, ...]:
    """Per moment and intention the people of the group who ticked it, in whatever talk.

    Person 2 of two talks is taken for one person: a group may be counted too small, never larger than it was.
    """
    talks = [row.id for row in repository.of_sample(session, sample_id)]
    people: dict[tuple[str, str], set[int]] = {}
    for ticks in repository.outcomes_of(session, talks).values():
        for tick in ticks:
            people.setdefault((tick.moment.value, tick.intention.value), set()).add(tick.person_index)
    return tuple(trends.OutcomeFact(*said, len(who)) for said, who in sorted(people.items()))


def count_outcomes(uow: UnitOfWork, sample_id: uuid.UUID) -> None:
    """Count the outcomes of a sample anew, after a talk. Nothing happens where the sample itself is not counted."""
    uow.session.flush()
    trends.record_outcomes(uow, sample_id, outcomes_of(uow.session, sample_id))
