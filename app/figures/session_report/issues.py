"""Use cases of the report to pass on: give it out, read what was given out. What was given out stays as it was."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass

from pydantic import TypeAdapter
from sqlmodel import Session, col, select

from app.figures.session_report import service
from app.figures.session_report.behind import LEAST
from app.figures.session_report.following import Issued, in_the_way, issued
from app.figures.session_report.passing_on import protected_sheets
from app.figures.session_report.sheets import Label, Sheet
from app.figures.session_report.tables import SessionReportIssue
from app.intake.sessions import service as sessions
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Conflict

About = Callable[[service.Made], list[tuple[str, str]]]
"""What stands above the tables: pairs of term and words."""

__all__ = ["SessionReportIssue", "about_of", "give_out", "newest", "tables_of"]


@dataclass(frozen=True, slots=True)
class Given:
    """What a report reads: what stands above its tables, and the tables."""

    about: list[tuple[str, str]]
    tables: list[Sheet]


_GIVEN, _EVIDENCE = TypeAdapter(Given), TypeAdapter(Issued)
_MARKS = {"tables": {"__all__": {"marks"}}}
"""Which figure a cell is stands in the evidence, which never leaves the server."""


def newest(session: Session, actor: Actor, session_id: uuid.UUID) -> SessionReportIssue | None:
    """The report to pass on, or None while none was given out. Raises NotFound."""
    every = _issues_of(session, sessions.get_session(session, actor, session_id).id)
    return every[-1] if every else None


def give_out(uow: UnitOfWork, session_id: uuid.UUID, label: Label, about: About) -> SessionReportIssue:
    """Count and keep the report as it may be passed on; the newest one where it would read the same.

    Raises NotFound, and Conflict while the session is open or where it could be subtracted from an earlier one.
    """
    checking = sessions.lock_session(uow, session_id)
    if checking.closed_at is None:
        raise Conflict(
            "This session is still open, so its report was not given out.",
            hint="Close the session first: what was given out stays as it is.",
        )
    made = service.report(uow.session, uow.actor, session_id, uow.now, to_pass_on=True)
    tables = protected_sheets(made.report, made.behind, label)
    new, before = issued(tables, made.behind), _issues_of(uow.session, checking.id)
    earlier = [_EVIDENCE.validate_python(row.evidence) for row in before]
    if earlier and earlier[-1].shown == new.shown:
        return before[-1]
    if held := in_the_way(earlier, new):
        raise Conflict(
            f"No new issue was made: {len(held)} of its figures differ{'s' if len(held) == 1 else ''} by fewer than "
            f"{LEAST} samples from what was given out. Whoever has both could tell who is meant.",
            hint=f"Issue {before[-1].number} stays the one to pass on. All results are in the report for this service.",
        )
    row = SessionReportIssue(
        session_id=checking.id, number=len(before) + 1, issued_at=uow.now, issued_by=uow.actor.person_id,
        content=_GIVEN.dump_python(Given(about(made), tables), mode="json", by_alias=True, exclude=_MARKS),
        evidence=asdict(new),
    )  # fmt: skip
    uow.session.add(row)
    uow.session.flush()
    audit.record(uow, "give_out", "session_report", row.id, session_id=checking.id, after={"number": row.number})
    return row


def about_of(row: SessionReportIssue) -> list[tuple[str, str]]:
    """What stands above its tables."""
    return [*_GIVEN.validate_python(row.content).about, ("Issue", f"{row.number}; later results are not in it")]


def tables_of(row: SessionReportIssue) -> list[Sheet]:
    """The tables of an issue as they were given out."""
    return _GIVEN.validate_python(row.content).tables


def _issues_of(session: Session, session_id: uuid.UUID) -> list[SessionReportIssue]:
    """The first one first."""
    query = select(SessionReportIssue).where(SessionReportIssue.session_id == session_id)
    return list(session.exec(query.order_by(col(SessionReportIssue.number))))
