"""Reads and writes the log of questions. Whoever writes holds the pool's lock."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.trends.asked.checking import Earlier
from app.trends.asked.sketch import Pile, unpacked
from app.trends.asked.tables import TrendAnswer, TrendQuestion

_LOCK = 0x4D415351
AT_ONCE = 500
"""Values in one statement: SQLite of old takes 999."""


def lock(session: Session, pool: str) -> None:
    """Nobody else answers this pool until the transaction ends. On SQLite whoever writes is alone anyway."""
    if session.get_bind().dialect.name == "postgresql":
        which = int.from_bytes(hashlib.sha256(pool.encode()).digest()[:4], "big", signed=True)
        session.connection().execute(
            sa.text("SELECT pg_advisory_xact_lock(:kind, :which)"), {"kind": _LOCK, "which": which}
        )


def question(session: Session, pool: str, digest: str) -> TrendQuestion | None:
    """The latest time this was asked, if it was."""
    query = select(TrendQuestion).where(TrendQuestion.pool == pool, TrendQuestion.digest == digest)
    return session.exec(query.order_by(col(TrendQuestion.asked_at).desc(), col(TrendQuestion.id).desc())).first()


def asked_since(session: Session, pool: str, start: datetime) -> list[datetime]:
    """When the questions that count were asked."""
    query = select(TrendQuestion.asked_at).where(TrendQuestion.pool == pool, TrendQuestion.asked_at > start)
    return list(session.exec(query))


def audiences(session: Session, pool: str) -> list[str]:
    """As whom this pool was answered."""
    query = select(TrendQuestion.audience).where(TrendQuestion.pool == pool).distinct()
    return list(session.exec(query))


def earlier(session: Session, pool: str) -> Earlier:
    """Everything this pool was shown, in one query."""
    table = sa.inspect(TrendAnswer).local_table
    query = (
        sa.select(table.c.predicate, table.c.labels, table.c.sketches)
        .where(table.c.pool == pool)
        .order_by(table.c.given_at, table.c.id)
    )
    parts, latest = [], {}
    for predicate, labels, sketches in session.connection().execute(query):
        matrix = unpacked(sketches)
        parts.append(matrix)
        latest[predicate] = dict(zip(labels.split(), matrix, strict=True))
    return Earlier(Pile.of(np.concatenate(parts)), latest) if parts else Earlier()


@dataclass(frozen=True, slots=True)
class Given:
    """What was said of a row, and when for the first time."""

    answer_id: uuid.UUID
    figures: dict[str, Any]
    given_at: datetime
    last_at: datetime


def given(session: Session, pool: str, predicates: Collection[str]) -> dict[str, Given]:
    """The latest answer to each of these that was answered."""
    found: dict[str, Given] = {}
    wanted = sorted(predicates)
    columns = (TrendAnswer.predicate, TrendAnswer.id, TrendAnswer.figures, TrendAnswer.given_at, TrendAnswer.last_at)
    for start in range(0, len(wanted), AT_ONCE):
        query = (
            sa.select(*(col(column) for column in columns))
            .where(col(TrendAnswer.pool) == pool, col(TrendAnswer.predicate).in_(wanted[start : start + AT_ONCE]))
            .order_by(col(TrendAnswer.given_at), col(TrendAnswer.id))
        )
        found |= {row[0]: Given(*row[1:]) for row in session.connection().execute(query)}
    return found


def touch(session: Session, answers: Collection[uuid.UUID], now: datetime) -> None:
    """Note that these were given again, so that they are kept as long as somebody may still hold them."""
    wanted = sorted(answers)
    for start in range(0, len(wanted), AT_ONCE):
        which = col(TrendAnswer.id).in_(wanted[start : start + AT_ONCE])
        session.connection().execute(sa.update(TrendAnswer).where(which).values(last_at=now))


def add_answers(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Write the rows that were given."""
    if rows:
        session.connection().execute(sa.insert(TrendAnswer), rows)


def questions(
    session: Session,
    *,
    agency_id: uuid.UUID | None = None,
    person_id: uuid.UUID | None = None,
    after: uuid.UUID | None = None,
    limit: int = 100,
) -> list[TrendQuestion]:
    """The log, newest first, after this key; of one agency or one person where they are named."""
    query = select(TrendQuestion).order_by(col(TrendQuestion.id).desc())
    if agency_id is not None:
        query = query.where(TrendQuestion.agency_id == agency_id)
    if person_id is not None:
        query = query.where(TrendQuestion.person_id == person_id)
    if after is not None:
        query = query.where(col(TrendQuestion.id) < after)
    return list(session.exec(query.limit(limit)))
