"""Use cases of aggregates: answer a question."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from pydantic import JsonValue
from sqlmodel import Session

from app.figures.trends import asking, true_figures
from app.figures.trends.domain import Audience, Question, TrendTable
from app.figures.trends.protection import answering
from app.figures.trends.protection.noise import Strength
from app.figures.trends.protection.striking import book, late_days, told_as_of
from app.figures.trends.repository_snapshot import columns
from app.figures.trends.schemas import TrendOut
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.place import local
from harm_messages import Register

__all__ = [
    "Question", "as_data", "audience_of", "imported_sources", "one_moment", "protected_table", "strength_of", "unprotected_table",
]  # fmt: skip


def one_moment(session: Session) -> None:
    """See one state of the data in every query to come.

    SQLite does so by itself. Must come before the first query.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def audience_of(actor: Actor) -> Audience:
    """Researchers see figures at their strength; everybody else who may ask sees what partners see."""
    return Audience.RESEARCHER if actor.has(Role.RESEARCHER) else Audience.PARTNER


def strength_of(audience: Audience) -> Strength:
    """How much the figures of a reader are moved."""
    return Strength.RESEARCHER if audience is Audience.RESEARCHER else Strength.PUBLIC


def protected_table(
    session: Session, audience: Audience, now: datetime, asked: Question, register: Register, until: str = ""
) -> TrendTable:
    """A table of what was struck; `until`: the last month that is in it. Raises Invalid and Forbidden."""
    measure, asked = asking.understood(None, asked, register)
    there = book(session, strength_of(audience)).until(until)
    rows = answering.rows_of(there, measure, asked, lambda name: class_of(register, name))
    as_of, later = told_as_of(session, there)
    filters = asking.filters_of(asked)
    return TrendTable(measure, asked.by, audience, filters, asked.found, now, tuple(rows), as_of, later)


def imported_sources(session: Session) -> list[str]:
    """The sources whose imported samples count in the figures, with their licences."""
    standing = sa.text("SELECT DISTINCT source, licence FROM history_import WHERE undone_at IS NULL ORDER BY source")
    return [
        f"{source} ({licence})" if licence else str(source)
        for source, licence in session.connection().execute(standing)
    ]


def class_of(register: Register, name: str) -> str:
    """The class of a substance of the register; any other name is its own."""
    row = register.get(name)
    return row.drug_class if row is not None else name


def unprotected_table(uow: UnitOfWork, asked: Question, register: Register) -> TrendTable:
    """True counts for the operator on this machine. That somebody looked is in the audit log."""
    facts = columns(uow.session)
    measure, asked = asking.understood(facts, asked, register)
    filters = asking.filters_of(asked)
    audit.record(
        uow,
        "read_unprotected",
        "trends",
        asked.measure,
        after={"by": [d.value for d in asked.by], "where": filters, "found": asked.found},
    )
    today, late = local(uow.now).date(), late_days(uow.session, uow.now)
    rows = true_figures.rows_of(true_figures.Asking(facts, measure, asked, register, today, late))
    return TrendTable(measure, asked.by, Audience.OPERATOR, filters, asked.found, uow.now, rows)


def as_data(table: TrendTable) -> dict[str, JsonValue]:
    """The table in the form the API and `mast trends --json` share."""
    return TrendOut.of(table).model_dump(mode="json")
