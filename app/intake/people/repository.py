"""Queries about people. Everything about a person starts from their agency or their key."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.intake.people.tables import Agency, ApiToken, Person, PersonRole, StaffSession
from app.platform.kernel.actor import Role


def person_by_username(session: Session, username: str) -> Person | None:
    """The person who signs in with this name (names are compared in lower case)."""
    return session.exec(select(Person).where(Person.username == username.strip().lower())).first()


def roles_of(session: Session, person_id: uuid.UUID) -> frozenset[Role]:
    """Roles a person holds now."""
    held = session.exec(select(PersonRole).where(PersonRole.person_id == person_id))
    return frozenset(Role(row.role) for row in held)


def staff_session(session: Session, id_hash: str) -> StaffSession | None:
    """A signed-in browser by the hash of its id."""
    return session.get(StaffSession, id_hash)


def live_sessions_of(session: Session, person_id: uuid.UUID) -> list[StaffSession]:
    """Sessions of a person that were not ended."""
    rows = select(StaffSession).where(StaffSession.person_id == person_id, col(StaffSession.revoked_at).is_(None))
    return list(session.exec(rows))


def holder_of_session(session: Session, id_hash: str) -> tuple[StaffSession, Holder] | None:
    """A signed-in browser by the hash of its id, and whose it is; one statement, because every request asks it."""
    found = session.execute(_with_holder(StaffSession).where(col(StaffSession.id_hash) == id_hash)).all()
    return (found[0][0], _holder(found)) if found else None


def holder_of_token(session: Session, token_hash: str) -> tuple[ApiToken, Holder] | None:
    """An API token by its hash, and who it speaks for."""
    found = session.execute(_with_holder(ApiToken).where(col(ApiToken.token_hash) == token_hash)).all()
    return (found[0][0], _holder(found)) if found else None


@dataclass(frozen=True, slots=True)
class Holder:
    """Who a session or token belongs to, with the roles held now."""

    person: Person
    agency: str
    roles: frozenset[Role]


def _with_holder(credential: type[StaffSession | ApiToken]) -> sa.Select[Any, Person, str, Role]:
    """A row for each role of the holder, one also for who has none."""
    return (
        sa.select(credential, Person, col(Agency.name), col(PersonRole.role))
        .join(Person, col(Person.id) == credential.person_id)
        .join(Agency, col(Agency.id) == Person.agency_id)
        .outerjoin(PersonRole, col(PersonRole.person_id) == Person.id)
    )


def _holder(rows: Sequence[sa.Row[Any, Person, str, Role]]) -> Holder:
    person, agency = rows[0][1], rows[0][2]
    return Holder(person, agency, frozenset(Role(row[3]) for row in rows if row[3] is not None))


def tokens_of(session: Session, person_id: uuid.UUID, now: datetime) -> list[ApiToken]:
    """A person's tokens that still work, newest first."""
    rows = (
        select(ApiToken)
        .where(ApiToken.person_id == person_id, ApiToken.expires_at > now, col(ApiToken.revoked_at).is_(None))
        .order_by(col(ApiToken.id).desc())
    )
    return list(session.exec(rows))


def people_of(session: Session, agency_id: uuid.UUID) -> list[Person]:
    """Everybody of one agency, by name."""
    return list(session.exec(select(Person).where(Person.agency_id == agency_id).order_by(Person.display_name)))


def agency_by_name(session: Session, name: str) -> Agency | None:
    """An agency by its exact name."""
    return session.exec(select(Agency).where(Agency.name == name)).first()


def names_of(session: Session, person_ids: set[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Display names for screens that show who did something."""
    if not person_ids:
        return {}
    rows = session.exec(select(Person.id, Person.display_name).where(col(Person.id).in_(person_ids)))
    return dict(rows.all())


def agency_names(session: Session) -> list[str]:
    """Names of all agencies on this server."""
    return list(session.exec(select(Agency.name).order_by(Agency.name)))
