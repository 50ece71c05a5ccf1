"""Use cases of a session's report: gather it from the features that hold its parts, give out the version to pass on.

What was given out stays as it was.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from pydantic import TypeAdapter
from sqlmodel import Session, col, select

from app.care.alerts import service as alerts_service
from app.care.alerts.domain import visible
from app.care.consultations import session_facts as talk_facts
from app.figures.session_report import contributors, counting
from app.figures.session_report.contributors import LEAST, Issued, differencing_risks, issued
from app.figures.session_report.counting import OwnAffairs, Report
from app.figures.session_report.external_report import protected_sheets
from app.figures.session_report.sheets import Label, Sheet
from app.figures.session_report.tables import SessionReportIssue
from app.intake.custody import service as ledgers
from app.intake.samples import queue as sample_facts
from app.intake.sessions import service as sessions
from app.laboratory.identification.domain import method_info
from app.laboratory.instrument_checks import service as instrument_checks
from app.laboratory.readings import machines
from app.platform import audit
from app.platform.audit import AuditEntry
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Conflict
from app.results import session_facts as result_facts


@dataclass(frozen=True, slots=True)
class CountedReport:
    """A session, its place and what is reported of it: to its own people, or to be passed on, with whose samples stand
    it (`contributors`)."""

    checking: sessions.CheckingSession
    place: sessions.Site
    report: Report
    own: OwnAffairs | None
    contributors: contributors.Contributors


def report(
    session: Session, actor: Actor, session_id: uuid.UUID, now: datetime, *, to_pass_on: bool = False
) -> CountedReport:
    """The report of a session of the actor's agency. Raises NotFound.

    `to_pass_on`: counts only samples of clients who agreed to aggregate figures, and nothing of staff, custody,
    alerts, pages or quality. It still holds true counts: external_report.py protects them.
    """
    checking = sessions.get_session(session, actor, session_id)
    place = sessions.site_of(session, checking)
    samples = sample_facts.facts_of_session(session, checking.agency_id, checking.id)
    if to_pass_on:
        samples = [s for s in samples if s.may_be_passed_on]
    individual = checking.licence_mode.individual_results
    keys = [s.id for s in samples]
    results = result_facts.facts_of_samples(session, keys, individual_results=individual)
    talks = talk_facts.talks_of_samples(session, [s.id for s in samples if s.withdrawn_at is None])
    whole = Report(
        flow=counting.flow(samples, results),
        expected=counting.expected_rows(samples, results),
        unexpected=counting.unexpected_rows(samples, results),
        talks=counting.talks(talks),
        made_at=now,
    )
    if to_pass_on:
        return CountedReport(checking, place, whole, None, contributors.contributors_of(samples, results, talks))
    return CountedReport(checking, place, whole, _own_affairs(session, actor, checking, samples, now), {})


def _own_affairs(
    session: Session,
    actor: Actor,
    checking: sessions.CheckingSession,
    samples: Sequence[sample_facts.SampleFact],
    now: datetime,
) -> OwnAffairs:
    """Instruments as they stood when the session closed, or as they stand now while it is open."""
    keys, at = [s.id for s in samples], min(now, checking.closed_at or now)
    analyses = machines.facts_of_samples(session, keys)
    used = [a.instrument_id for a in analyses if a.instrument_id is not None]
    views = [v for v in instrument_checks.instrument_views(session, actor, at) if v.row.id in used and not v.in_date]
    staff, people = _staff(session, checking)
    return OwnAffairs(
        custody=counting.custody(samples, ledgers.lines_of_samples(session, keys)),
        alerts=alerts_service.alerts_of_session(session, checking, keys, visible(actor.roles)),
        pages=counting.pages(talk_facts.page_changes(session, keys), talk_facts.urgent_shown(session, checking.id)),
        machines=tuple((v.row.name, v.level.words, used.count(v.row.id)) for v in views),
        held=counting.held(analyses, {a.method.value: method_info(a.method).title for a in analyses}),
        staff=staff,
        staff_people=people,
    )


def _staff(session: Session, checking: sessions.CheckingSession) -> tuple[dict[Role, int], int]:
    """People per role, by the audit log; someone with two roles counts in both, and once among the people."""
    query = (
        select(AuditEntry.actor_id, AuditEntry.actor_roles)
        .where(AuditEntry.session_id == str(checking.id), AuditEntry.agency_id == str(checking.agency_id))
        .distinct()
    )
    people: dict[Role, set[str]] = {}
    for actor_id, roles in session.exec(query):
        for role in filter(None, roles.split(",")):
            people.setdefault(Role(role), set()).add(actor_id)
    persons = set().union(*people.values()) if people else set()
    return {role: len(people[role]) for role in Role if role in people}, len(persons)


About = Callable[[CountedReport], list[tuple[str, str]]]
"""What stands above the tables: pairs of term and words."""


@dataclass(frozen=True, slots=True)
class StoredReport:
    """What a report reads: what stands above its tables, and the tables."""

    about: list[tuple[str, str]]
    tables: list[Sheet]


_STORED, _EVIDENCE = TypeAdapter(StoredReport), TypeAdapter(Issued)
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
            "This session is still open. Its report was not given out.",
            hint="Close the session first. A report given out does not change.",
        )
    made = report(uow.session, uow.actor, session_id, uow.now, to_pass_on=True)
    tables = protected_sheets(made.report, made.contributors, label)
    new, before = issued(tables, made.contributors), _issues_of(uow.session, checking.id)
    earlier = [_EVIDENCE.validate_python(row.evidence) for row in before]
    if earlier and earlier[-1].shown == new.shown:
        return before[-1]
    if held := differencing_risks(earlier, new):
        raise Conflict(
            f"No new issue was made: {len(held)} of its figures differ{'s' if len(held) == 1 else ''} by fewer than "
            f"{LEAST} samples from what was given out. Someone with both could tell who is meant.",
            hint=f"Issue {before[-1].number} stays the one to pass on. All results are in the report for this service.",
        )
    row = SessionReportIssue(
        session_id=checking.id, number=len(before) + 1, issued_at=uow.now, issued_by=uow.actor.person_id,
        content=_STORED.dump_python(StoredReport(about(made), tables), mode="json", by_alias=True, exclude=_MARKS),
        evidence=asdict(new),
    )  # fmt: skip
    uow.session.add(row)
    uow.session.flush()
    audit.record(uow, "give_out", "session_report", row.id, session_id=checking.id, after={"number": row.number})
    return row


def about_of(row: SessionReportIssue) -> list[tuple[str, str]]:
    """What stands above its tables."""
    return [*_STORED.validate_python(row.content).about, ("Issue", f"{row.number}; later results are not in it")]


def tables_of(row: SessionReportIssue) -> list[Sheet]:
    """The tables of an issue as they were given out."""
    return _STORED.validate_python(row.content).tables


def _issues_of(session: Session, session_id: uuid.UUID) -> list[SessionReportIssue]:
    """The first one first."""
    query = select(SessionReportIssue).where(SessionReportIssue.session_id == session_id)
    return list(session.exec(query.order_by(col(SessionReportIssue.number))))
