"""Who is calling: the holder of a session or of a token, with the roles held now."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

import sqlalchemy as sa
from sqlmodel import Session, col

from app.intake.people.service import SessionPolicy
from app.intake.people.tables import Agency, ApiToken, Person, PersonRole, StaffSession
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.security.tokens import keyed_hash

Credential = TypeVar("Credential", StaffSession, ApiToken)
TOUCH_AFTER = timedelta(minutes=1)


def actor_of_session(
    session: Session, secret: str, policy: SessionPolicy, now: datetime
) -> tuple[Actor, str | None] | None:
    """Who this browser belongs to, and the id hash to touch when it was last seen a while ago."""
    id_hash = keyed_hash(policy.pepper, "session", secret)
    found = _holder(session, StaffSession, col(StaffSession.id_hash) == id_hash, now)
    if found is None or now - found[0].last_seen_at > policy.idle:
        return None
    row, actor = found
    actor = replace(actor, proven_at=row.proven_at)
    if policy.administrators_by_two and Role.ADMIN in actor.roles and not row.by_two:
        actor = replace(actor, roles=frozenset(), waits=True)
    return actor, id_hash if now - row.last_seen_at > TOUCH_AFTER else None


def touch_session(uow: UnitOfWork, id_hash: str) -> None:
    """Note that the browser is still in use."""
    row = uow.session.get(StaffSession, id_hash)
    if row is not None:
        row.last_seen_at = max(row.last_seen_at, uow.now)


def actor_of_token(session: Session, token: str, pepper: bytes, now: datetime) -> Actor | None:
    """Who this bearer token speaks for; never with more roles than its owner holds today."""
    found = _holder(session, ApiToken, col(ApiToken.token_hash) == keyed_hash(pepper, "token", token), now)
    if found is None:
        return None
    row, actor = found
    return replace(actor, roles=actor.roles & {Role(r) for r in row.roles}, via="token")


def _holder(
    session: Session, credential: type[Credential], this_one: sa.ColumnElement[bool], now: datetime
) -> tuple[Credential, Actor] | None:
    """A session or token that works, and its holder with the roles held now; one statement, because every request asks it."""
    query = (
        sa.select(credential, Person, col(Agency.name), col(PersonRole.role))
        .join(Person, col(Person.id) == credential.person_id)
        .join(Agency, col(Agency.id) == Person.agency_id)
        .outerjoin(PersonRole, col(PersonRole.person_id) == Person.id)  # a row also for who has no role
    )
    rows = session.execute(query.where(this_one)).all()
    if not rows:
        return None
    row, person, agency, _ = rows[0]
    if row.revoked_at is not None or now >= row.expires_at or person.disabled_at is not None:
        return None
    roles = frozenset(role for *_, role in rows if role is not None)
    return row, Actor(person.id, person.display_name, roles, person.agency_id, agency, asked_at=now)
