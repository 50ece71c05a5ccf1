"""Who is acting: a person with roles in one agency, or the system itself."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.platform.kernel.errors import NotFound


class Role(StrEnum):
    """The roles of docs/trust: what each may do is declared on every route."""

    RECEPTION = "reception"
    CHEMIST = "chemist"
    VERIFIER = "verifier"
    HEALTH_WORKER = "health_worker"
    CLINICIAN = "clinician"
    SESSION_LEAD = "session_lead"
    RESEARCHER = "researcher"
    PUBLIC_HEALTH = "public_health"
    POLICE = "police"
    ADMIN = "admin"
    INSTRUMENT = "instrument"


ROLE_WORDS: dict[Role, str] = {role: role.value.replace("_", " ").capitalize() for role in Role} | {
    Role.ADMIN: "Administrator",
    Role.INSTRUMENT: "Instrument's computer",
}


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person. `via` says how: `session` (browser) or `token` (API); `asked_at` when, for a request.

    `proven_at`: when who is signed in last showed who they are; a token shows nobody. `waits`: one factor was
    shown where two are asked for, so that the person holds no role yet.
    """

    person_id: uuid.UUID | None
    display_name: str
    roles: frozenset[Role]
    agency_id: uuid.UUID | None
    agency_name: str = ""
    via: str = "session"
    asked_at: datetime | None = None
    proven_at: datetime | None = None
    waits: bool = False

    def has(self, *roles: Role) -> bool:
        """True when the person holds at least one of the roles."""
        return bool(self.roles.intersection(roles))


def agency_of(actor: Actor) -> uuid.UUID:
    """The agency someone acts for. Raises NotFound for someone without one."""
    if actor.agency_id is None:
        raise NotFound("agency")
    return actor.agency_id


SYSTEM = Actor(None, "system", frozenset(), None, via="system")
OPERATOR = Actor(None, "operator", frozenset({Role.ADMIN}), None, via="command line")
CLIENT = Actor(None, "client", frozenset(), None, via="ticket")
