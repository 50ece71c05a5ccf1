"""Gathers the report of one session from the features that hold its parts. Writes nothing."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from app.care.alerts import session_facts as alert_facts
from app.care.alerts.domain import visible
from app.care.consultations import session_facts as talk_facts
from app.figures.session_report import behind, counting, repository
from app.figures.session_report.domain import Machine, Quality, Report
from app.intake.custody import session_facts as ledgers
from app.intake.samples import session_facts as sample_facts
from app.intake.sessions import service as sessions
from app.laboratory.identification.methods import method_info
from app.laboratory.instrument_checks import service as instrument_checks
from app.laboratory.readings import session_facts as analysis_facts
from app.platform.kernel.actor import Actor, Role
from app.results import session_facts as result_facts


@dataclass(frozen=True, slots=True)
class Made:
    """A session, its place and what is reported of it. `behind`: whose samples, where it is to be passed on."""

    checking: sessions.CheckingSession
    place: sessions.Site
    report: Report
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
        custody=counting.custody([], []),
        alerts=counting.alerts([]),
        pages=counting.pages([], 0),
        quality=Quality(now, (), ()),
        staff={},
        staff_people=0,
        made_at=now,
    )
    if not to_pass_on:
        whole = _with_own_affairs(session, actor, checking, samples, whole)
    return Made(checking, place, whole, behind.behind(samples, results, talks) if to_pass_on else {})


def _with_own_affairs(
    session: Session,
    actor: Actor,
    checking: sessions.CheckingSession,
    samples: Sequence[sample_facts.SampleFact],
    counted: Report,
) -> Report:
    keys = [s.id for s in samples]
    alerts = alert_facts.alerts_of_session(session, checking.agency_id, checking.id, keys, visible(actor.roles))
    staff, people = _staff(session, checking)
    return replace(
        counted,
        custody=counting.custody(samples, ledgers.lines_of_samples(session, keys)),
        alerts=counting.alerts(alerts),
        pages=counting.pages(talk_facts.page_changes(session, keys), talk_facts.urgent_shown(session, checking.id)),
        quality=_quality(session, actor, checking, keys, counted.made_at),
        staff=staff,
        staff_people=people,
    )


def _staff(session: Session, checking: sessions.CheckingSession) -> tuple[dict[Role, int], int]:
    """People per role; somebody with two roles counts in both, and once among the people."""
    people: dict[Role, set[str]] = {}
    for actor_id, roles in repository.actors_of_session(session, checking.agency_id, checking.id):
        for role in roles.split(","):
            people.setdefault(Role(role), set()).add(actor_id)
    persons = set().union(*people.values()) if people else set()
    return {role: len(people[role]) for role in Role if role in people}, len(persons)


def _quality(
    session: Session, actor: Actor, checking: sessions.CheckingSession, keys: list[uuid.UUID], now: datetime
) -> Quality:
    """Instruments as they stood when the session closed, or as they stand now while it is open."""
    at = min(now, checking.closed_at or now)
    analyses = analysis_facts.facts_of_samples(session, keys)
    used = [a.instrument_id for a in analyses if a.instrument_id is not None]
    views = [v for v in instrument_checks.instrument_views(session, actor, at) if v.row.id in used and not v.in_date]
    machines = (Machine(v.row.name, instrument_checks.LEVEL_WORDS[v.level], used.count(v.row.id)) for v in views)
    titles = {a.method.value: method_info(a.method).title for a in analyses}
    return Quality(at, tuple(machines), counting.held(analyses, titles))
