"""What stands around every staff page: the session that is open, the places someone works in with what waits there, and who
is signed in. Asked for by the layout alone, once per page; a part of a page has no frame."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypedDict

from fastapi import Request
from sqlmodel import Session

from app.care.alerts import service as alerts
from app.care.consultations import urgent
from app.intake.people import hints as hiding
from app.intake.samples import queue
from app.intake.samples.domain import Stage
from app.intake.sessions import service as sessions
from app.intake.sessions.domain import LICENCE_MEANING, LICENCE_WORDS
from app.intake.tasks import service as tasks
from app.laboratory.incoming import service as incoming
from app.laboratory.instrument_checks import service as instrument_checks
from app.laboratory.instrument_checks.domain import Level
from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import SERVICE_STAFF, current_actor
from app.platform.web.middleware import live_from
from app.results.bench import amended_at
from app.results.domain import State
from app.runtime import Runtime
from app.screens import navigation
from app.screens.alerts.page import Banner, banner_of
from app.screens.hints import HINTS
from app.settings import Settings

FINDERS = SERVICE_STAFF | {Role.RESEARCHER, Role.ADMIN}
"""Who may look for samples or in libraries."""


class Area(TypedDict):
    """A word of the header: `count` of what waits there, `late` where that is trouble."""

    label: str
    href: str
    current: bool
    count: int
    late: str


class OpenSession(TypedDict):
    """A session that is open, as the header names it."""

    label: str
    href: str
    current: bool
    licence: str
    meaning: str


class Hints(TypedDict):
    """The hints of the area a page belongs to; no `sentences` once this person has hidden them."""

    area: str
    sentences: tuple[str, ...]


class Frame(TypedDict):
    """The header of a staff page, and the hints under it; no hints where a page belongs to no area that has some."""

    session: OpenSession | None
    sessions: list[OpenSession]
    in_sessions: bool
    may_plan: bool
    areas: list[Area]
    more: list[Area]
    initials: str
    may_find: bool
    several_roles: bool
    hints: Hints | None


class CommonValues(TypedDict):
    """Names every template may use; no page gives a value under one of them."""

    actor: Actor | None
    frame_of: Callable[[], Frame | None]
    settings_name: str
    demo: bool
    ticket_events: str
    live_url: str
    alert_banner: Callable[[uuid.UUID | None], Banner] | None


def page_context(request: Request, settings: Settings) -> CommonValues:
    """The common values of one request."""
    # a page that a tablet keeps is nobody's: no name, no counts, nothing that is going on
    actor = None if getattr(request.state, "kept", False) else current_actor(request)
    hears = actor is not None and actor.agency_id is not None and actor.has(*SERVICE_STAFF)
    return {
        "actor": actor,
        "frame_of": partial(_frame_or_none, request, actor),
        "settings_name": settings.name if settings.name != "MAST" else "",
        "demo": settings.demo,
        "ticket_events": live_from(request, "/api/v1/tickets/events"),
        "live_url": live_from(request, "/api/v1/events") if hears else "",
        "alert_banner": partial(banner_of, request.app.state.runtime, actor) if hears and actor else None,
    }


def _frame_or_none(request: Request, actor: Actor | None) -> Frame | None:
    return None if actor is None else frame_of(request.app.state.runtime, actor, request.url.path)


@dataclass(frozen=True, slots=True)
class Count:
    """How much waits at a place."""

    count: int = 0
    late: str = ""


Counts = dict[str, Count]


def frame_of(rt: Runtime, actor: Actor, path: str) -> Frame:
    """The header for this person on this page."""
    areas, more = navigation.offered(actor.roles)
    in_sessions = actor.agency_id is not None and actor.has(*SERVICE_STAFF)
    with rt.read() as session:
        at_work = sessions.sessions_at_work(session, actor, rt.now()) if in_sessions else []
        open_now = [s for s in at_work if s.closed_at is None]
        open_ids, closed_ids = [s.id for s in open_now], [s.id for s in at_work if s.closed_at is not None]
        here = session_here(open_now, path)
        named = _named(session, open_now, here)
        counts = counted(session, actor, rt.now(), open_ids, {p.label for p in areas}, closed_ids)
        hrefs = {navigation.address(place, here.id if here else None): place.label for place in (*more, *areas)}
        nearest = navigation.nearest(path, hrefs)
        hints = hints_of(session, actor, hrefs.get(nearest, ""))

    def shown(places: Iterable[navigation.Place]) -> list[Area]:
        found = [(place, navigation.address(place, here.id if here else None)) for place in places]
        return [_area(place.label, href, nearest, counts.get(place.label, Count())) for place, href in found if href]

    return {
        "session": next((one for one in named if one["current"]), None),
        "sessions": named,
        "in_sessions": in_sessions,
        "may_plan": actor.has(Role.SESSION_LEAD),
        "areas": shown(areas),
        "more": shown(more),
        "initials": navigation.initials_of(actor.display_name),
        "may_find": actor.has(*FINDERS),
        "several_roles": len(actor.roles) > 1,
        "hints": hints,
    }


def hints_of(session: Session, actor: Actor, area: str) -> Hints | None:
    """The hints of an area for this person."""
    if area not in HINTS:
        return None
    return {"area": area, "sentences": () if hiding.hidden(session, actor, area) else HINTS[area]}


def _area(label: str, href: str, nearest: str, found: Count) -> Area:
    return {
        "label": label,
        "href": href,
        "current": href == nearest,
        "count": found.count,
        "late": found.late,
    }


_OF_SESSION = re.compile(r"/sessions/([0-9a-f-]{36})(/|$)")


def session_here(open_now: list[sessions.CheckingSession], path: str) -> sessions.CheckingSession | None:
    """The open session a page is about; else the one that opened last."""
    found = _OF_SESSION.match(path)
    about = next((s for s in open_now if found and str(s.id) == found[1]), None)
    return about or (open_now[0] if open_now else None)


def _named(
    session: Session, open_now: list[sessions.CheckingSession], here: sessions.CheckingSession | None
) -> list[OpenSession]:
    places = sessions.sites_of(session, open_now)
    return [
        {
            "label": f"{row.name} · {places[row.site_id].name}",
            "href": f"/sessions/{row.id}",
            "current": row is here,
            "licence": LICENCE_WORDS[row.licence_mode],
            "meaning": LICENCE_MEANING[row.licence_mode],
        }
        for row in open_now
    ]


def counted(
    session: Session,
    actor: Actor,
    now: datetime,
    open_ids: list[uuid.UUID],
    labels: set[str],
    closed_ids: Sequence[uuid.UUID] = (),
) -> Counts:
    """What waits at the areas of these labels; each costs a small query or two. `closed_ids`: sessions whose results may follow."""
    stages = queue.stages_now(session, actor, open_ids)
    later = queue.stages_now(session, actor, closed_ids)
    bench = {stage: Count(stages.get(stage, 0) + later.get(stage, 0)) for stage in Stage}
    found: Counts = {
        "Queue": Count(sum(stages.values())),
        "Bench": bench[Stage.RECEIVED],
        "To verify": bench[Stage.ANALYSED],
        "To release": bench[Stage.VERIFIED],
        "Consultations": Count(stages.get(Stage.RELEASED, 0)),
    }
    for label, state in (("To verify", State.SUBMITTED), ("To release", State.VERIFIED)):
        if label in labels:
            amended = amended_at(session, actor, [*open_ids, *closed_ids], state)
            found[label] = Count(found[label].count + len(amended))
    if actor.has(*SERVICE_STAFF, Role.CLINICIAN):
        found["Alerts"] = Count(sum(view.warns for view in alerts.notices(session, actor, now)))
    if "Files" in labels:
        found["Files"] = Count(incoming.counts(session, actor)[incoming.IncomingState.WAITING])
    if "Instruments" in labels:
        found["Instruments"] = Count(late=_out_of_order(session, actor, now))
    if waiting := urgent.to_approve(session, actor, now):
        found["Urgent"] = Count(late=f"{waiting} to approve")
    if "Tasks" in labels and open_ids:
        found["Tasks"] = Count(tasks.open_count(session, actor, open_ids))
    return found


_LATE = {Level.DRIFTED: "drifted", Level.OUT_OF_RANGE: "out of range", Level.OVERDUE: "overdue"}


def _out_of_order(session: Session, actor: Actor, now: datetime) -> str:
    """How many instruments should not be used as they are, named after the worst of them; empty where there is none."""
    levels = [view.level for view in instrument_checks.instrument_views(session, actor, now) if view.level in _LATE]
    return f"{len(levels)} {_LATE[max(levels, key=list(Level).index)]}" if levels else ""
