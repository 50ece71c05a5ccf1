"""Which places the header offers to which role, and where each role starts. Tables, and what follows from them alone."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypedDict

from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import SERVICE_STAFF

READS_MESSAGES = SERVICE_STAFF - {Role.RECEPTION} | {Role.CLINICIAN}
PARTNERS = frozenset({Role.PUBLIC_HEALTH, Role.POLICE})
BENCH = frozenset({Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD})
HERE = "{session}"
"""In an address: the session that is open."""


class Link(TypedDict):
    """A link among others, one of which is where one is."""

    label: str
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class Place:
    """One word of the header. `otherwise`: where it leads while no session is open; nowhere where that is empty."""

    label: str
    href: str
    roles: frozenset[Role]
    otherwise: str = ""


PLACES: tuple[Place, ...] = (
    Place("Reception", "/reception", frozenset({Role.RECEPTION, Role.SESSION_LEAD})),
    Place("Queue", "/sessions/{session}/samples", frozenset({Role.RECEPTION})),
    Place("Board", "/sessions/{session}", SERVICE_STAFF, otherwise="/sessions"),
    Place("Bench", "/bench", BENCH),
    Place("Files", "/bench/incoming", BENCH),
    Place("To verify", "/to-verify", frozenset({Role.VERIFIER})),
    Place("To release", "/to-release", frozenset({Role.SESSION_LEAD})),
    Place("Tasks", "/sessions/{session}#tasks", SERVICE_STAFF),
    Place("Consultations", "/consultations", frozenset({Role.HEALTH_WORKER, Role.SESSION_LEAD})),
    Place("To sign", "/to-sign", frozenset({Role.CLINICIAN})),
    Place("Figures", "/partner", PARTNERS),
    Place("Alerts", "/alerts", READS_MESSAGES | PARTNERS),
    Place("Instruments", "/instruments", BENCH),
    Place("Quantification", "/quantification", BENCH),
    Place("In-house standards", "/standards", BENCH),
    Place("Messages", "/messages", READS_MESSAGES),
    Place("Urgent", "/consultations/urgent", frozenset({Role.CLINICIAN, Role.HEALTH_WORKER, Role.SESSION_LEAD})),
    Place("Removals", "/consultations/overrides", frozenset({Role.CLINICIAN, Role.SESSION_LEAD})),
    Place("Sessions", "/sessions", SERVICE_STAFF),
    Place("Reports", "/sessions/{session}/report", frozenset({Role.SESSION_LEAD})),
    Place("Trends", "/trends", frozenset({Role.RESEARCHER, Role.SESSION_LEAD})),
    Place("Projects", "/projects", frozenset({Role.RESEARCHER, Role.SESSION_LEAD, Role.ADMIN})),
    Place("Releases", "/figures", frozenset({Role.RESEARCHER})),
    Place("Libraries", "/libraries", frozenset({Role.CHEMIST, Role.VERIFIER, Role.RESEARCHER, Role.ADMIN})),
    Place("Imported history", "/history", frozenset({Role.ADMIN, Role.RESEARCHER})),
    Place("People", "/people", frozenset({Role.ADMIN})),
    Place("Devices", "/devices", frozenset({Role.ADMIN})),
    Place("Retention", "/retention", frozenset({Role.ADMIN})),
    Place("Audit", "/audit", frozenset({Role.ADMIN})),
)
BY_LABEL = {place.label: place for place in PLACES}

AREAS = 4
"""As many words as a phone has room for."""
_LABORATORY = ("Quantification", "In-house standards", "Libraries", "Messages")
OFFERS: tuple[tuple[Role, tuple[str, ...], tuple[str, ...]], ...] = (
    (Role.RECEPTION, ("Reception", "Queue", "Board"), ()),
    (Role.CHEMIST, ("Bench", "Files", "Alerts", "Instruments"), _LABORATORY),
    (Role.VERIFIER, ("To verify", "Bench", "Alerts"), ("Files", "Instruments", *_LABORATORY)),
    (
        Role.SESSION_LEAD,
        ("Board", "To release", "Tasks", "Alerts"),
        (
            "Reception", "Bench", "Consultations", "Sessions", "Reports", "Trends", "Messages", "Urgent", "Removals",
            "Instruments", "Quantification", "In-house standards", "Projects",
        ),
    ),
    (Role.HEALTH_WORKER, ("Consultations", "Alerts", "Board"), ("Messages", "Urgent")),
    (Role.CLINICIAN, ("To sign", "Messages", "Urgent", "Alerts"), ("Removals",)),
    (Role.RESEARCHER, ("Trends", "Projects", "Releases"), ("Libraries", "Imported history")),
    (Role.PUBLIC_HEALTH, ("Figures", "Alerts"), ()),
    (Role.POLICE, ("Figures", "Alerts"), ()),
    (Role.ADMIN, ("People", "Devices", "Retention", "Audit"), ("Libraries", "Projects", "Imported history")),
)  # fmt: skip
"""Areas of each role, the first one where its work begins, and what stands under More. Several roles: in this order."""


def offered(roles: Iterable[Role]) -> tuple[list[Place], list[Place]]:
    """Areas and the rest for someone with these roles: the fifth area and further ones stand first under More."""
    mine = [(areas, more) for role, areas, more in OFFERS if role in set(roles)]
    areas = list(dict.fromkeys(label for own, _ in mine for label in own))
    more = dict.fromkeys(label for _, rest in mine for label in rest)
    later = [*areas[AREAS:], *(label for label in more if label not in areas)]
    return [BY_LABEL[label] for label in areas[:AREAS]], [BY_LABEL[label] for label in later]


def address(place: Place, session_id: uuid.UUID | None) -> str:
    """Where a place is now; empty where it is nowhere."""
    if HERE not in place.href:
        return place.href
    return place.href.replace(HERE, str(session_id)) if session_id else place.otherwise


def is_at(path: str, href: str) -> bool:
    """Whether a page belongs to the place of this address."""
    return bool(href) and "#" not in href and (path == href or path.startswith(href + "/"))


def nearest(path: str, hrefs: Iterable[str]) -> str:
    """The address a page belongs to most closely; empty where it belongs to none."""
    if path.startswith("/sessions/") and path.endswith("/reception"):
        path = "/reception"  # a desk of its own, although it belongs to a session
    if path.startswith("/sessions/") and path.endswith("/hand-over"):
        path = path.removesuffix("/hand-over") + "/samples"  # a step from the queue
    return max((href for href in hrefs if is_at(path, href)), key=len, default="")


def begins_at(actor: Actor, last: str = "") -> Place | None:
    """Where this person's work begins: with several roles, where they were last, if that is one of their places."""
    areas, more = offered(actor.roles)
    if not areas:
        return None
    mine = len([role for role, _, _ in OFFERS if role in actor.roles])
    return next((place for place in (*areas, *more) if mine > 1 and place.label == last), areas[0])


def initials_of(name: str) -> str:
    """Two letters for the corner of the header: CC for Chris Chemist."""
    words = [word for word in name.split() if word[0].isalnum()]
    both = words[0][0] + words[-1][0] if len(words) > 1 else name.strip()[:2]
    return both.upper()
