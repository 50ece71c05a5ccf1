"""Use cases of aggregates: take a released sample in, take it out again, answer a protected table."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor
from app.trends import asking, figures, repository
from app.trends.asked.budget import Budget
from app.trends.asked.service import Draft, answered, check_budget, one_moment, question_of
from app.trends.asked.sets import candidates
from app.trends.asking import audience_of
from app.trends.domain import (
    LONDON,
    Audience,
    FoundFact,
    Measure,
    OutcomeFact,
    Question,
    ReleaseFact,
    Seen,
    TestFact,
    TrendTable,
    only_quick,
)
from app.trends.schemas import TrendOut
from app.trends.selection import Selection
from harm_messages import Register

__all__ = [
    "FoundFact",
    "OutcomeFact",
    "Question",
    "ReleaseFact",
    "Seen",
    "TestFact",
    "answered",
    "as_data",
    "day_of",
    "draft",
    "forget",
    "forget_many",
    "one_moment",
    "only_quick",
    "record",
    "record_outcomes",
    "record_release",
    "unprotected_table",
]


def day_of(at: datetime) -> date:
    """The day a moment belongs to: that of the clock on the wall of the service."""
    return at.astimezone(LONDON).date()


def record_release(uow: UnitOfWork, fact: ReleaseFact) -> None:
    """Take a released sample into the aggregates, replacing what an earlier version said.

    The caller has checked the client's consent to aggregate figures.
    """
    record(uow, [fact])


def record(uow: UnitOfWork, facts: Sequence[ReleaseFact]) -> None:
    """Take many samples in at once, each replacing what was counted of it before."""
    repository.note_changes(uow, [fact.sample_id for fact in facts])
    repository.delete(uow.session, [fact.sample_id for fact in facts])
    repository.insert(uow.session, facts)


def record_outcomes(uow: UnitOfWork, sample_id: uuid.UUID, outcomes: Sequence[OutcomeFact]) -> None:
    """Replace what is counted of the outcomes of a sample, if the sample itself is counted."""
    repository.replace_outcomes(uow.session, sample_id, outcomes)


def forget_many(uow: UnitOfWork, sample_ids: Sequence[uuid.UUID]) -> int:
    """Take samples out without an audit line each: the caller writes one for all."""
    repository.note_changes(uow, sample_ids)
    return repository.delete(uow.session, sample_ids)


def forget(uow: UnitOfWork, sample_id: uuid.UUID) -> None:
    """Take a sample out: its client withdrew, or its result was retracted."""
    if forget_many(uow, [sample_id]):
        audit.record(uow, "remove_from_aggregates", "sample", sample_id)


def draft(session: Session, actor: Actor, now: datetime, asked: Question, register: Register, budget: Budget) -> Draft:
    """A protected table nobody has seen yet: it is given by `answered`, after what this person saw before.

    Raises Invalid for a question that makes no sense, Forbidden for a finer one, BudgetSpent.
    """
    audience, agency_id = audience_of(actor)
    one_moment(session)
    measure, selection = asking.understood(session, asked, register, audience)
    asking.check_fineness(audience, asked)
    asking.check_months(selection)
    answer = _answer(session, asked, (measure, selection), (audience, agency_id), register, now)
    question = question_of(asked, audience, agency_id)
    check_budget(session, actor, question, budget, now)
    asking.check_filters(answer)
    table = TrendTable(
        measure, selection.by, audience, asking.filters_of(asked), asked.found, now, figures.rows_of(answer)
    )
    return Draft(table, question, candidates(answer, asked, table.rows))


def unprotected_table(uow: UnitOfWork, asked: Question, register: Register) -> TrendTable:
    """True counts for the operator on this machine. That somebody looked is in the audit log."""
    measure, selection = asking.understood(uow.session, asked, register, Audience.OPERATOR)
    filters = asking.filters_of(asked)
    audit.record(
        uow,
        "read_unprotected",
        "trends",
        asked.measure,
        after={"by": [d.value for d in selection.by], "where": filters, "found": asked.found},
    )
    audience = Audience.OPERATOR
    answer = _answer(uow.session, asked, (measure, selection), (audience, None), register, uow.now)
    return TrendTable(measure, selection.by, audience, filters, asked.found, uow.now, figures.rows_of(answer))


def _answer(
    session: Session,
    asked: Question,
    what: tuple[Measure, Selection],
    who: tuple[Audience, uuid.UUID | None],
    register: Register,
    now: datetime,
) -> figures.Asking:
    return figures.Asking(session, *what, asked.found, *who, register, now, role=asked.role, baseline=asked.baseline)


def as_data(table: TrendTable) -> dict[str, Any]:
    """The table in the form the API and `mast trends --json` share."""
    return TrendOut.of(table).model_dump(mode="json")
