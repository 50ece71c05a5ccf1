"""Gathers the report of one session from the features that hold its parts. Writes nothing."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, select

from app.care.alerts import service as alerts_service
from app.care.alerts.domain import visible
from app.care.consultations import session_facts as talk_facts
from app.figures.session_report import behind, counting
from app.figures.session_report.counting import OwnAffairs
from app.figures.session_report.domain import Report
from app.intake.custody import session_facts as ledgers
from app.intake.samples import session_facts as sample_facts
from app.intake.sessions import service as sessions
from app.laboratory.identification.methods import method_info
from app.laboratory.instrument_checks import service as instrument_checks
from app.laboratory.readings import service as readings
from app.platform.audit import AuditEntry
from app.platform.kernel.actor import Actor, Role
from app.results import session_facts as result_facts


@dataclass(frozen=True, slots=True)
class Made:
    """A session, its place and what is reported of it: to its own people, or to be passed on, with whose samples stand
    `behind` it."""

    checking: sessions.CheckingSession
    place: sessions.Site
    report: Report
    own: OwnAffairs | None
    behind: behind.Behind


def report(session: Session, actor: Actor, session_id: uuid.UUID, now: datetime, *, to_pass_on: bool = False) -> Made:
    """The report of a session of the actor's agency. Raises NotFound.

    `to_pass_on`: counts only samples of clients who agreed to aggregate figures, and nothing of staff, custody,
    alerts, pages or quality. It still holds true counts: passing_on.py protects them.
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
        return Made(checking, place, whole, None, behind.behind(samples, results, talks))
    return Made(checking, place, whole, _own_affairs(session, actor, checking, samples, now), {})


def _own_affairs(
    session: Session,
    actor: Actor,
    checking: sessions.CheckingSession,
    samples: Sequence[sample_facts.SampleFact],
    now: datetime,
) -> OwnAffairs:
    """Instruments as they stood when the session closed, or as they stand now while it is open."""
    keys, at = [s.id for s in samples], min(now, checking.closed_at or now)
    analyses = readings.facts_of_samples(session, keys)
    used = [a.instrument_id for a in analyses if a.instrument_id is not None]
    views = [v for v in instrument_checks.instrument_views(session, actor, at) if v.row.id in used and not v.in_date]
    levels = instrument_checks.LEVEL_WORDS
    staff, people = _staff(session, checking)
    return OwnAffairs(
        custody=counting.custody(samples, ledgers.lines_of_samples(session, keys)),
        alerts=alerts_service.alerts_of_session(session, checking, keys, visible(actor.roles)),
        pages=counting.pages(talk_facts.page_changes(session, keys), talk_facts.urgent_shown(session, checking.id)),
        machines=tuple((v.row.name, levels[v.level], used.count(v.row.id)) for v in views),
        held=counting.held(analyses, {a.method.value: method_info(a.method).title for a in analyses}),
        staff=staff,
        staff_people=people,
    )


def _staff(session: Session, checking: sessions.CheckingSession) -> tuple[dict[Role, int], int]:
    """People per role, by the audit log; somebody with two roles counts in both, and once among the people."""
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
