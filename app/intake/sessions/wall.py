"""The wall of a session: a screen in the room that anybody may read. Its token is made by a session lead and ends by hand or with
the session; it opens nothing else."""

from __future__ import annotations

import hmac
import uuid

from sqlmodel import Session

from app.intake.sessions import service
from app.intake.sessions.tables import CheckingSession
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Conflict, NotFound
from app.platform.security.tokens import keyed_hash, new_secret


def make(uow: UnitOfWork, session_id: uuid.UUID, pepper: bytes) -> str:
    """A token for the wall; one that was made before ends. Raises NotFound, Conflict (the session is closed)."""
    row = service.lock_session(uow, session_id)
    if row.closed_at is not None:
        raise Conflict(f"The session {row.name} is closed. No wall link was made.")
    secret = new_secret()
    row.wall_hash, row.wall_made_at = _hash_of(secret, pepper), uow.now
    audit.record(uow, "make", "wall", row.id, session_id=row.id)
    return secret


def end(uow: UnitOfWork, session_id: uuid.UUID) -> None:
    """End the token there is; none is as well. Raises NotFound."""
    row = service.lock_session(uow, session_id)
    if row.wall_hash is not None:
        row.wall_hash = row.wall_made_at = None
        audit.record(uow, "end", "wall", row.id, session_id=row.id)


def open_walls(session: Session, actor: Actor) -> list[CheckingSession]:
    """Sessions of the actor's agency that have a wall, newest first."""
    return [row for row in service.sessions_of(session, actor, open_only=True) if row.wall_hash is not None]


def session_of(session: Session, session_id: uuid.UUID, secret: str, pepper: bytes) -> CheckingSession:
    """The session whose wall this is. Raises NotFound: one answer for every way not to work."""
    row = session.get(CheckingSession, session_id)
    known = row.wall_hash if row is not None else None
    if row is None or known is None or not hmac.compare_digest(known, _hash_of(secret.strip(), pepper)):
        raise NotFound("wall")
    return row


def address_of(public_url: str, session_id: uuid.UUID, secret: str) -> str:
    """The link itself. Browsers send no fragment, so the token is in no log and no Referer, and a reload finds it again."""
    return f"{public_url.rstrip('/')}/sessions/{session_id}/wall#{secret}"


def _hash_of(secret: str, pepper: bytes) -> str:
    return keyed_hash(pepper, "wall", secret)
