"""Which pages the header offers to which role, and where each role starts. No logic beyond that."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import TypedDict

from fastapi import Request

from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import SERVICE_STAFF, current_actor
from app.platform.web.middleware import live_from
from app.screens.alerts.page import Banner, banner_of
from app.settings import Settings

INFORMED = SERVICE_STAFF - {Role.RECEPTION} | {Role.CLINICIAN}
ENTRIES: tuple[tuple[str, str, frozenset[Role]], ...] = (
    ("Partner", "/partner", frozenset({Role.PUBLIC_HEALTH, Role.POLICE})),
    ("Sessions", "/sessions", frozenset({Role.SESSION_LEAD, Role.RECEPTION, Role.HEALTH_WORKER})),
    ("Reception", "/reception", frozenset({Role.RECEPTION, Role.SESSION_LEAD})),
    ("Bench", "/bench", frozenset({Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD})),
    ("Consultations", "/consultations", frozenset({Role.HEALTH_WORKER, Role.SESSION_LEAD})),
    ("Alerts", "/alerts", INFORMED | {Role.PUBLIC_HEALTH, Role.POLICE}),
    ("Trends", "/trends", frozenset({Role.RESEARCHER, Role.SESSION_LEAD})),
    ("Messages", "/messages", INFORMED),
    ("Standards", "/standards", frozenset({Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD})),
    ("Instruments", "/instruments", frozenset({Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD})),
    ("Libraries", "/libraries", frozenset({Role.CHEMIST, Role.VERIFIER, Role.RESEARCHER, Role.ADMIN})),
    ("Projects", "/projects", frozenset({Role.RESEARCHER, Role.SESSION_LEAD, Role.ADMIN})),
    ("History", "/history", frozenset({Role.ADMIN, Role.RESEARCHER})),
    ("People", "/people", frozenset({Role.ADMIN})),
    ("Audit", "/audit", frozenset({Role.ADMIN})),
)

HOME: tuple[tuple[Role, str], ...] = (
    (Role.SESSION_LEAD, "/sessions"),
    (Role.RECEPTION, "/reception"),
    (Role.CHEMIST, "/bench"),
    (Role.VERIFIER, "/bench"),
    (Role.HEALTH_WORKER, "/consultations"),
    (Role.CLINICIAN, "/messages"),
    (Role.RESEARCHER, "/trends"),
    (Role.PUBLIC_HEALTH, "/partner"),
    (Role.POLICE, "/partner"),
    (Role.ADMIN, "/people"),
)


class CommonValues(TypedDict):
    """Names every template may use; no page gives a value under one of them."""

    actor: Actor | None
    nav: list[Link]
    settings_name: str
    demo: bool
    ticket_events: str
    live_url: str
    alert_banner: Callable[[uuid.UUID | None], Banner] | None


def page_context(request: Request, settings: Settings) -> CommonValues:
    """The common values of one request."""
    actor = current_actor(request)
    hears = actor is not None and actor.agency_id is not None and actor.has(*SERVICE_STAFF)
    return {
        "actor": actor,
        "nav": nav_for(actor, request.url.path),
        "settings_name": settings.name if settings.name != "MAST" else "",
        "demo": settings.demo,
        "ticket_events": live_from(request, "/api/v1/tickets/events"),
        "live_url": live_from(request, "/api/v1/events") if hears else "",
        "alert_banner": partial(banner_of, request.app.state.runtime, actor) if hears and actor else None,
    }


class Link(TypedDict):
    """A link of the header."""

    label: str
    href: str
    current: bool


def nav_for(actor: Actor | None, path: str) -> list[Link]:
    """Header links of this person, the current one marked."""
    if actor is None:
        return []
    if path.startswith("/sessions/") and path.endswith(("/reception", "/samples")):
        path = "/reception"  # a desk of its own, although it belongs to a session
    return [
        {"label": label, "href": href, "current": path == href or path.startswith(href + "/")}
        for label, href, roles in ENTRIES
        if actor.roles & roles
    ]


def home_of(actor: Actor) -> str:
    """Where this person's work begins."""
    return next((href for role, href in HOME if role in actor.roles), "/about")
