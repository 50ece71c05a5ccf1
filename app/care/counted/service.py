"""Use cases of what is counted: take a released sample in, take it out again. Figures read its tables; nobody else writes them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from app.care.counted import repository
from app.care.counted.domain import FoundFact, OutcomeFact, ReleaseFact, Seen, TestFact
from app.care.counted.repository import changing
from app.care.counted.tables import TrendChange, TrendFinding, TrendOutcome, TrendSample, TrendTest
from app.platform import audit
from app.platform.db import UnitOfWork

__all__ = [
    "FoundFact", "OutcomeFact", "ReleaseFact", "Seen", "TestFact", "TrendChange", "TrendFinding", "TrendOutcome",
    "TrendSample", "TrendTest", "changing", "forget", "forget_many", "record", "record_outcomes", "record_release",
]  # fmt: skip


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
