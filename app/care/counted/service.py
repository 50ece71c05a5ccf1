"""The facts that figures and alerts count: those of a released sample are taken in here, and out again. Figures read these
tables; nobody else writes them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from app.care.counted.domain import Detection, FoundFact, OutcomeFact, ReleaseFact, TestFact
from app.care.counted.tables import TrendChange, TrendFinding, TrendOutcome, TrendSample, TrendTest
from app.platform import audit
from app.platform.audit.log import append
from app.platform.db import UnitOfWork

__all__ = [
    "Detection", "FoundFact", "OutcomeFact", "ReleaseFact", "TestFact", "TrendChange", "TrendFinding", "TrendOutcome",
    "TrendSample", "TrendTest", "changing", "forget", "forget_many", "periods_of", "record", "record_outcomes",
]  # fmt: skip

AT_ONCE = 500
"""Keys in one statement: SQLite of old takes 999 values."""
_PENDING = "trends.changed"
_AS_THEY_ARE = {one.name for one in fields(ReleaseFact)} & TrendSample.model_fields.keys()
Row = dict[str, str | int | float | date | datetime | uuid.UUID | None]


def record(uow: UnitOfWork, facts: Sequence[ReleaseFact]) -> None:
    """Take samples into the aggregates, each replacing what was counted of it before.

    The caller has checked the client's consent to aggregate figures.
    """
    keys = [fact.sample_id for fact in facts]
    _note_changes(uow, keys)
    _delete(uow.session, keys)
    _insert(uow.session, facts)


def record_outcomes(uow: UnitOfWork, sample_id: uuid.UUID, outcomes: Sequence[OutcomeFact]) -> None:
    """Write the outcomes of a sample again; of one that is not counted none are kept."""
    uow.session.flush()
    connection = uow.session.connection()
    if connection.execute(sa.select(1).where(col(TrendSample.sample_id) == sample_id)).first() is None:
        return
    connection.execute(sa.delete(TrendOutcome).where(col(TrendOutcome.sample_id) == sample_id))
    if outcomes:
        rows = [{"sample_id": sample_id, **asdict(outcome)} for outcome in outcomes]
        connection.execute(sa.insert(TrendOutcome), rows)


def forget_many(uow: UnitOfWork, sample_ids: Sequence[uuid.UUID]) -> int:
    """Take samples out without an audit line each: the caller writes one for all. How many were counted."""
    _note_changes(uow, sample_ids)
    return _delete(uow.session, sample_ids)


def forget(uow: UnitOfWork, sample_id: uuid.UUID) -> None:
    """Take a sample out: its client withdrew, or its result was retracted."""
    if forget_many(uow, [sample_id]):
        audit.record(uow, "remove_from_aggregates", "sample", sample_id)


def changing(session: Session) -> bool:
    """Whether this transaction has changes of its own, which nobody else sees yet."""
    return _PENDING in session.info


def _note_changes(uow: UnitOfWork, sample_ids: Iterable[uuid.UUID]) -> None:
    """Note that facts of these samples are others now, or gone."""
    noted: set[uuid.UUID] = uow.session.info.setdefault(_PENDING, set())
    for key in sorted(set(sample_ids) - noted):
        append(uow, TrendChange(sample_id=key))
    noted.update(sample_ids)


def _delete(session: Session, sample_ids: Sequence[uuid.UUID]) -> int:
    session.flush()
    connection, gone = session.connection(), 0
    for start in range(0, len(sample_ids), AT_ONCE):
        part = sample_ids[start : start + AT_ONCE]
        if connection.execute(sa.select(1).where(col(TrendSample.sample_id).in_(part)).limit(1)).first() is None:
            continue  # released for the first time: nothing to take out
        for table in (TrendOutcome, TrendTest, TrendFinding):
            connection.execute(sa.delete(table).where(col(table.sample_id).in_(part)))
        gone += connection.execute(sa.delete(TrendSample).where(col(TrendSample.sample_id).in_(part))).rowcount
    return gone


def _insert(session: Session, facts: Sequence[ReleaseFact]) -> None:
    """Write the facts of samples that are not counted yet. A substance named twice is counted once."""
    rows: dict[type, list[Row]] = {TrendSample: [], TrendFinding: [], TrendTest: [], TrendOutcome: []}
    for fact in facts:
        key: Row = {"sample_id": fact.sample_id}
        rows[TrendSample].append(_sample_row(fact))
        named = {item.found: item for item in reversed(fact.found)}.values()
        rows[TrendFinding] += [
            {**key, **asdict(item), "methods": "".join(f" {m}" for m in item.methods) + " "} for item in named
        ]
        asked = {(test.method, test.target): test for test in fact.tests}.values()
        rows[TrendTest] += [{**key, **asdict(test)} for test in asked]
        rows[TrendOutcome] += [{**key, **asdict(outcome)} for outcome in fact.outcomes]
    for table, values in rows.items():
        if values:
            session.connection().execute(sa.insert(table), values)


def _sample_row(fact: ReleaseFact) -> Row:
    return {
        **{name: getattr(fact, name) for name in _AS_THEY_ARE},
        **periods_of(fact.day),
        "own_sample_id": None if fact.import_id else fact.sample_id,
        "submitter_group": "client" if fact.client else "other",
    }


def periods_of(day: date | None) -> dict[str, str]:
    """The week, month, quarter and year of a day; empty without one. A week belongs to the year that holds its Thursday (ISO 8601)."""
    if day is None:
        return dict.fromkeys(("week", "month", "quarter", "year"), "")
    year, week, _ = day.isocalendar()
    return {
        "week": f"{year}-W{week:02d}",
        "month": f"{day:%Y-%m}",
        "quarter": f"{day.year}-Q{(day.month + 2) // 3}",
        "year": f"{day.year}",
    }
