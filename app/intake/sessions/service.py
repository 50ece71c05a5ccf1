"""Use cases of sessions: plan one at a site, find it, give out sample numbers, close it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.intake.sessions.domain import Phase, phase, timing_problems
from app.intake.sessions.schemas import NewSession, NewSite
from app.intake.sessions.tables import CheckingSession, Site
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.db.rows import newest, row_of
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Conflict, Invalid, NotFound
from app.platform.live.publish import publish
from app.platform.security.policy import SERVICE_STAFF

__all__ = ["CheckingSession", "NewSession", "NewSite", "Site"]


RESULTS_FOLLOW = timedelta(days=14)
"""How long after it was closed the bench still lists what has no result: as long as a ticket works, unless that is set."""

RECEPTION_SEES = timedelta(days=1)
"""How long after it was closed a session is seen at reception, whose tablets are the ones that get stolen."""


def _seen_from(actor: Actor) -> datetime | None:
    """Sessions closed until then are over for this person; None where none ever is."""
    if actor.asked_at is None or actor.roles & SERVICE_STAFF != {Role.RECEPTION}:
        return None
    return actor.asked_at - RECEPTION_SEES


def _sees(row: CheckingSession, actor: Actor) -> bool:
    since = _seen_from(actor)
    return row.agency_id == actor.agency_id and (since is None or row.closed_at is None or row.closed_at > since)


def sees_samples_of(session: Session, actor: Actor, session_id: uuid.UUID) -> bool:
    """Whether samples of a session of the actor's agency are shown to the actor."""
    return _seen_from(actor) is None or _sees(session.get_one(CheckingSession, session_id), actor)


def get_session(session: Session, actor: Actor, session_id: uuid.UUID) -> CheckingSession:
    """One session of the actor's agency. Raises NotFound for a foreign one, or one that is over for reception, as for an
    absent one."""
    found = session.get(CheckingSession, session_id)
    if found is None or not _sees(found, actor):
        raise NotFound("session")
    return found


def session_for_system(session: Session, session_id: uuid.UUID) -> CheckingSession | None:
    """A session by its key, for jobs and for the client of a ticket, who act for no agency."""
    return session.get(CheckingSession, session_id)


def lock_session(uow: UnitOfWork, session_id: uuid.UUID) -> CheckingSession:
    """A session whose row is held until the transaction ends: who registers at one session does so one by one.

    A form sent twice at the same instant therefore finds the answer of the first, also on PostgreSQL.
    """
    row = row_of(uow.session, CheckingSession, uow.actor.agency_id, session_id, "session", lock=True)
    return get_session(uow.session, uow.actor, row.id)


def sessions_of(
    session: Session,
    actor: Actor,
    open_only: bool = False,
    *,
    before: uuid.UUID | None = None,
    limit: int = 200,
) -> list[CheckingSession]:
    """Sessions of the actor's agency, newest first by key. `open_only`: those nobody has closed."""
    since, closed_at = _seen_from(actor), col(CheckingSession.closed_at)
    wanted: list[sa.ColumnElement[bool]] = [col(CheckingSession.agency_id) == actor.agency_id]
    if since is not None:
        wanted.append(sa.or_(closed_at.is_(None), closed_at > since))
    if open_only:
        wanted.append(closed_at.is_(None))
    return newest(session, CheckingSession, *wanted, before=before, limit=limit)


def sessions_now(session: Session, actor: Actor, now: datetime) -> list[CheckingSession]:
    """Sessions where a sample may be handed in today, the one that opened last first."""
    rows = [s for s in sessions_of(session, actor, open_only=True) if phase_of(s, now) is not Phase.PLANNED]
    return sorted(rows, key=lambda s: s.opens_at, reverse=True)


def sessions_at_work(session: Session, actor: Actor, now: datetime) -> list[CheckingSession]:
    """The sessions of now, then those closed lately, whose results may still follow, the one closed last first."""
    over = [s for s in sessions_of(session, actor) if s.closed_at is not None and now - s.closed_at < RESULTS_FOLLOW]
    return sessions_now(session, actor, now) + sorted(over, key=lambda s: s.closed_at or now, reverse=True)


def phase_of(row: CheckingSession, now: datetime) -> Phase:
    """Where a session stands."""
    return phase(row.opens_at, row.closes_at, row.closed_at, now)


def site_of(session: Session, checking_session: CheckingSession) -> Site:
    """Where a session takes place."""
    found = session.get(Site, checking_session.site_id)
    if found is None:
        raise NotFound("site")
    return found


def sites_of(session: Session, rows: Sequence[CheckingSession]) -> dict[uuid.UUID, Site]:
    """Sites of several sessions by site id, in one query."""
    keys = {row.site_id for row in rows}
    return {row.id: row for row in session.exec(select(Site).where(col(Site.id).in_(keys)))} if keys else {}


def sites(session: Session, actor: Actor) -> list[Site]:
    """Every site of the actor's agency, by name."""
    return list(session.exec(select(Site).where(Site.agency_id == actor.agency_id).order_by(Site.name)))


def create_session(uow: UnitOfWork, new: NewSession) -> CheckingSession:
    """Plan a session. Raises Invalid for impossible times, NotFound for a foreign site."""
    assert uow.actor.agency_id is not None
    if problems := timing_problems(new.opens_at, new.closes_at):
        raise Invalid(" ".join(problems.values()), fields=problems)
    if new.site is None:
        assert new.site_id is not None
        site = row_of(uow.session, Site, uow.actor.agency_id, new.site_id, "site")
    else:
        site = _site_called(uow, new.site)
    row = CheckingSession(
        **new.model_dump(exclude={"site", "site_id", "client_lookup"}),
        agency_id=uow.actor.agency_id,
        site_id=site.id,
        # back of house no client page may open, whatever was ticked
        client_lookup=new.client_lookup and new.licence_mode.individual_results,
        created_at=uow.now,
    )
    uow.session.add(row)
    uow.session.flush()
    said = row.model_dump(mode="json", include={"name", "licence_mode", "client_lookup", "screening_single"})
    after = {**said, "site": str(site.id)}
    audit.record(uow, "create", "session", row.id, version=row.version, after=after, session_id=row.id)
    publish(uow, "queue", "session.created", agency_id=row.agency_id, session_id=row.id)
    return row


def _site_called(uow: UnitOfWork, place: NewSite) -> Site:
    """A site of the actor's agency: the one that already goes by this name or alias, else a new one.

    The same name in another agency is another site.
    """
    assert uow.actor.agency_id is not None
    wanted = _folded(place.name)
    for known in sites(uow.session, uow.actor):
        if wanted in {_folded(known.name), *map(_folded, known.aliases)}:
            return known
    site = Site(
        agency_id=uow.actor.agency_id,
        name=place.name,
        region=place.region,
        aliases=[alias for alias in dict.fromkeys(place.aliases) if _folded(alias) != wanted],
    )
    uow.session.add(site)
    uow.session.flush()
    audit.record(uow, "add", "site", site.id, after={"name": site.name, "region": site.region})
    return site


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


def next_number(uow: UnitOfWork, checking_session: CheckingSession) -> int:
    """Take the next sample number, in one statement: two desks never get the same one. Raises Conflict once it is closed."""
    statement = (
        sa.update(CheckingSession)
        .where(col(CheckingSession.id) == checking_session.id, col(CheckingSession.closed_at).is_(None))
        .values(next_number=CheckingSession.next_number + 1)
        .returning(col(CheckingSession.next_number))
        .execution_options(synchronize_session=False)
    )
    after: int | None = uow.session.execute(statement).scalar_one_or_none()
    if after is None:
        raise Conflict(
            f"The session {checking_session.name} is closed. This sample was not registered. Earlier samples are kept.",
            hint="Choose the open session, or ask the session lead to open a new one.",
        )
    return after - 1


def close_session(uow: UnitOfWork, checking_session: CheckingSession, reason: str = "") -> CheckingSession:
    """Close it: nothing more is registered and the wall ends; results and tickets go on working. `reason`: why something is
    left open."""
    if checking_session.closed_at is not None:
        raise Conflict(f"The session {checking_session.name} is already closed.", hint="There is nothing more to do.")
    checking_session.closed_at = uow.now
    checking_session.wall_hash = checking_session.wall_made_at = None
    checking_session.version += 1
    audit.record(
        uow, "close", "session", checking_session.id, version=checking_session.version, reason=reason,
        session_id=checking_session.id,
    )  # fmt: skip
    publish(uow, "queue", "session.closed", agency_id=checking_session.agency_id, session_id=checking_session.id)
    return checking_session
