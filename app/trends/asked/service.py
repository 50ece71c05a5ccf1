"""Answers on their way out: compared with what the same person was shown before, counted, and written down.

An answer is drafted while reading and leaves through `answered`, in one short transaction under the lock of whoever asks:
two requests at once are one after the other there. Nothing is shown that is not written down: when the transaction
fails, so does the answer.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlmodel import Session

from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor
from app.platform.kernel.ids import new_id
from app.trends.asked import repository
from app.trends.asked.budget import SEASON, Budget
from app.trends.asked.canonical import NAMING, digest_of, question_data
from app.trends.asked.checking import Candidate, Verdict, judged
from app.trends.asked.repository import Given
from app.trends.asked.sketch import packed
from app.trends.asked.tables import TrendQuestion
from app.trends.domain import LONDON, Audience, Question, Row, TrendTable, withheld
from app.trends.figures import left_out

_NOTED = timedelta(days=1)
"""A row given again notes so at most once a day: it only has to outlive its retention."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A protected table that nobody has seen yet, with the samples behind its rows."""

    table: TrendTable
    question: dict[str, Any]
    candidates: Sequence[Candidate] = field(repr=False)


def pool_of(actor: Actor) -> str:
    """Whose answers are compared: a person's, by browser and by token alike; else those of one way in."""
    return f"person {actor.person_id}" if actor.person_id else actor.via


def question_of(asked: Question, audience: Audience, scope: uuid.UUID | None) -> dict[str, Any]:
    """The question as it is written down: with for whom it is answered and whose samples are seen."""
    return {**question_data(asked), "audience": audience.value} | ({"agency": str(scope)} if scope else {})


def one_moment(session: Session) -> None:
    """See one state of the data in every query to come: figures and the sets behind them must be of the same samples.

    SQLite does so by itself. Must come before the first query.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def check_budget(session: Session, actor: Actor, question: dict[str, Any], budget: Budget, now: datetime) -> None:
    """Raises BudgetSpent for a new question when none is left, before anything is computed for it."""
    pool = pool_of(actor)
    if repository.question(session, pool, digest_of(question)) is None:
        budget.check(repository.asked_since(session, pool, now - SEASON), now)


def answered(uow: UnitOfWork, draft: Draft, budget: Budget) -> TrendTable:
    """The table as this person may see it after all they saw before. Raises BudgetSpent."""
    session, pool, now = uow.session, pool_of(uow.actor), uow.now
    repository.lock(session, pool)
    verdicts = judged(draft.candidates, repository.earlier(session, pool), _least(session, pool, draft.table.audience))
    again = [c.predicate for c, verdict in zip(draft.candidates, verdicts, strict=True) if verdict is Verdict.AGAIN]
    given = repository.given(session, pool, again)
    rows = [
        _row(row, verdict, given.get(candidate.predicate))
        for row, candidate, verdict in zip(draft.table.rows, draft.candidates, verdicts, strict=True)
    ]
    table = draft.table
    gone = left_out(table.measure.kind, table.dimensions, rows)
    stay = [row for row, out in zip(rows, gone, strict=True) if not out]
    asked = repository.asked_since(session, pool, now - SEASON)
    known = repository.question(session, pool, digest_of(draft.question))
    if known is not None and Verdict.NEW not in verdicts:
        known.repeats, known.last_at = known.repeats + 1, now
        session.add(known)
    else:
        budget.check(asked, now)
        asked.append(now)
        _write(uow, draft, rows, verdicts, stay)
    repository.touch(session, [one.answer_id for one in given.values() if one.last_at < now - _NOTED], now)
    return replace(table, rows=tuple(_in_order(stay)), questions_left=budget.left(asked, now))


def _least(session: Session, pool: str, audience: Audience) -> int:
    """The widest threshold this person was ever answered by: a session lead who is a researcher too could subtract their own
    agency from all of them, by 5 samples of another one."""
    return max(Audience(one).threshold for one in (audience, *repository.audiences(session, pool)))


def _row(row: Row, verdict: Verdict, given: Given | None) -> Row:
    if verdict in (Verdict.NEW, Verdict.HIDDEN):
        return row
    if verdict is Verdict.WITHHELD or given is None:
        return replace(withheld(row), more={name: row.more[name] for name in NAMING if name in row.more})
    figures = dict(given.figures)
    more = figures.pop("more")
    more = {name: more[name] for name in row.more if name in more} | more  # JSONB keeps no order of its own
    more["as_of"] = given.given_at.astimezone(LONDON).date().isoformat()
    return replace(row, **figures, more=more)


def _in_order(rows: Sequence[Row]) -> Sequence[Row]:
    """Rows that come the commonest first, by what is shown: the place of a withheld one would tell its figure."""
    name = next((n for n in ("with", "outcome") if rows and n in rows[0].more), "")
    if not name:
        return rows
    return sorted(rows, key=lambda row: (*row.key.values(), -(row.numerator or 0), str(row.more.get(name))))


def _figures(row: Row) -> dict[str, Any]:
    return {part.name: getattr(row, part.name) for part in fields(row) if part.name != "key"} | {"more": dict(row.more)}


def _write(
    uow: UnitOfWork, draft: Draft, rows: Sequence[Row], verdicts: Sequence[Verdict], stay: Sequence[Row]
) -> None:
    shown = sum(row.n is not None or row.denominator is not None for row in stay)
    question = TrendQuestion(
        pool=pool_of(uow.actor), person_id=uow.actor.person_id,
        agency_id=uow.actor.agency_id, via=uow.actor.via,
        audience=draft.table.audience.value, question=draft.question, digest=digest_of(draft.question),
        rows_shown=shown, rows_withheld=len(stay) - shown, asked_at=uow.now, last_at=uow.now,
    )  # fmt: skip
    uow.session.add(question)
    uow.session.flush()
    news = (
        (row, candidate)
        for row, candidate, verdict in zip(rows, draft.candidates, verdicts, strict=True)
        if verdict is Verdict.NEW
    )
    repository.add_answers(
        uow.session,
        [
            {
                "id": new_id(), "question_id": question.id, "pool": question.pool, "predicate": candidate.predicate,
                "labels": " ".join(labels := sorted(candidate.shown)),
                "sketches": packed(np.stack([candidate.sets[label] for label in labels])),
                "figures": _figures(row), "given_at": uow.now, "last_at": uow.now,
            }
            for row, candidate in news
        ],
    )  # fmt: skip
