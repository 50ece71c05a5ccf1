"""Outcomes as figures count them: how many people ticked each intention, before and after the result."""

from __future__ import annotations

import uuid

from sqlmodel import Session

from app.care.consultations import repository


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
