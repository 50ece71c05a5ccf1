"""Which pages the header offers to which role, and where each role starts. No logic beyond that."""

from __future__ import annotations

from typing import TypedDict

from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import SERVICE_STAFF

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
