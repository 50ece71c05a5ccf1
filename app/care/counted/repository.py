"""Writing facts and taking them out again."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from app.care.counted.domain import OutcomeFact, ReleaseFact
from app.care.counted.tables import TrendChange, TrendFinding, TrendOutcome, TrendSample, TrendTest
from app.platform.audit.log import ADVISORY_LOCK
from app.platform.db import UnitOfWork

AT_ONCE = 500
"""Keys in one statement: SQLite of old takes 999 values."""
_PENDING = "trends.changed"


def note_changes(uow: UnitOfWork, sample_ids: Iterable[uuid.UUID]) -> None:
    """Note that facts of these samples are others now, or gone."""
    info = uow.session.info
    if _PENDING not in info:
        info[_PENDING] = set()
        uow.before_commit(_write_changes)
    info[_PENDING].update(sample_ids)


def _write_changes(uow: UnitOfWork) -> None:
    changed = uow.session.info.pop(_PENDING, set())
    connection = uow.session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
    if changed:
        connection.execute(sa.insert(TrendChange), [{"sample_id": key} for key in sorted(changed)])


def changing(session: Session) -> bool:
    """Whether this transaction has changes of its own, which nobody else sees yet."""
    return _PENDING in session.info


def delete(session: Session, sample_ids: Sequence[uuid.UUID]) -> int:
    """Take samples out of every later aggregate. How many were counted."""
    session.flush()
    gone = 0
    for part in _parts(sample_ids):
        counted = sa.select(col(TrendSample.sample_id)).where(col(TrendSample.sample_id).in_(part)).limit(1)
        if session.connection().execute(counted).first() is None:
            continue  # released for the first time: nothing to take out
        for table in (TrendOutcome, TrendTest, TrendFinding):
            session.connection().execute(sa.delete(table).where(col(table.sample_id).in_(part)))
        gone += (
            session.connection().execute(sa.delete(TrendSample).where(col(TrendSample.sample_id).in_(part))).rowcount
        )
    return gone


def insert(session: Session, facts: Sequence[ReleaseFact]) -> None:
    """Write the facts of samples that are not counted yet. A substance named twice is counted once."""
    rows: dict[type, list[dict[str, Any]]] = {TrendSample: [], TrendFinding: [], TrendTest: [], TrendOutcome: []}
    for fact in facts:
        rows[TrendSample].append(_sample_row(fact))
        named = {item.found: item for item in reversed(fact.found)}
        rows[TrendFinding] += [
            {"sample_id": fact.sample_id, **asdict(item), "methods": "".join(f" {m}" for m in item.methods) + " "}
            for item in named.values()
        ]
        asked = {(test.method, test.target): test for test in fact.tests}
        rows[TrendTest] += [{"sample_id": fact.sample_id, **asdict(test)} for test in asked.values()]
        rows[TrendOutcome] += [{"sample_id": fact.sample_id, **asdict(outcome)} for outcome in fact.outcomes]
    for table, values in rows.items():
        if values:
            session.connection().execute(sa.insert(table), values)


def replace_outcomes(session: Session, sample_id: uuid.UUID, outcomes: Sequence[OutcomeFact]) -> None:
    """Write the outcomes of a sample anew; of one that is not counted none are kept."""
    session.flush()
    counted = sa.select(col(TrendSample.sample_id)).where(col(TrendSample.sample_id) == sample_id)
    if session.connection().execute(counted).first() is None:
        return
    session.connection().execute(sa.delete(TrendOutcome).where(col(TrendOutcome.sample_id) == sample_id))
    if outcomes:
        rows = [{"sample_id": sample_id, **asdict(outcome)} for outcome in outcomes]
        session.connection().execute(sa.insert(TrendOutcome), rows)


def _sample_row(fact: ReleaseFact) -> dict[str, Any]:
    return {
        "sample_id": fact.sample_id,
        "own_sample_id": None if fact.import_id else fact.sample_id,
        "import_id": fact.import_id,
        "agency_id": fact.agency_id,
        "agency": fact.agency,
        "session_id": fact.session_id,
        "day": fact.day,
        **periods_of(fact.day),
        "region": fact.region,
        "site": fact.site,
        "service_type": fact.service_type,
        "submitter_group": "client" if fact.client else "other",
        "submitter_type": fact.submitter_type,
        "form": fact.form,
        "expected": fact.expected,
        "expected_class": fact.expected_class,
        "verdict": fact.verdict,
        "outcome": fact.outcome,
        "grade": fact.grade,
        "turnaround_min": fact.turnaround_min,
        "released_at": fact.released_at,
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


def _parts(keys: Sequence[uuid.UUID]) -> Iterator[Sequence[uuid.UUID]]:
    for start in range(0, len(keys), AT_ONCE):
        yield keys[start : start + AT_ONCE]
