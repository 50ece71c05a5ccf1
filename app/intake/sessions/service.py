"""Use cases of sessions: plan one at a site, find it, give out sample numbers, close it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from app.intake.sessions import repository
from app.intake.sessions.domain import Phase, ServiceType, phase, timing_problems
from app.intake.sessions.tables import CheckingSession, Site
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Conflict, Invalid, NotFound
from app.platform.live.publish import publish
from harm_messages.vocabulary import LicenceMode

__all__ = [
    "CheckingSession",
    "Place",
    "SessionPlan",
    "Site",
    "add_site",
    "close_session",
    "create_session",
    "get_session",
    "lock_session",
    "next_number",
    "phase_of",
    "session_for_system",
    "sessions_now",
    "sessions_of",
    "site_of",
    "sites",
    "sites_of",
]


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """Everything about a session but its place."""

    name: str
    service_type: ServiceType
    licence_mode: LicenceMode
    opens_at: datetime
    closes_at: datetime
    client_lookup: bool = True
    screening_single: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A site to find by its names, or to add."""

    name: str
    region: str
    aliases: tuple[str, ...] = ()


def get_session(session: Session, actor: Actor, session_id: uuid.UUID) -> CheckingSession:
    """One session of the actor's agency. Raises NotFound for a foreign one as for an absent one."""
    found = repository.session_of_agency(session, actor.agency_id, session_id) if actor.agency_id else None
    if found is None:
        raise NotFound("session")
    return found


def session_for_system(session: Session, session_id: uuid.UUID) -> CheckingSession | None:
    """A session by its key, for jobs and for the client of a ticket, who act for no agency."""
    return repository.session_by_key(session, session_id)


def lock_session(uow: UnitOfWork, session_id: uuid.UUID) -> CheckingSession:
    """A session whose row is held until the transaction ends: who registers at one session does so one by one.

    A form sent twice at the same instant therefore finds the answer of the first, also on PostgreSQL.
    """
    agency_id = uow.actor.agency_id
    found = repository.session_of_agency(uow.session, agency_id, session_id, lock=True) if agency_id else None
    if found is None:
        raise NotFound("session")
    return found


def sessions_of(
    session: Session,
    actor: Actor,
    open_only: bool = False,
    *,
    before: uuid.UUID | None = None,
    limit: int = 200,
) -> list[CheckingSession]:
    """Sessions of the actor's agency, newest first. `open_only`: those nobody has closed."""
    if actor.agency_id is None:
        return []
    return repository.sessions_of_agency(session, actor.agency_id, open_only=open_only, before=before, limit=limit)


def sessions_now(session: Session, actor: Actor, now: datetime) -> list[CheckingSession]:
    """Sessions where a sample may be handed in today, the one that opened last first."""
    rows = [s for s in sessions_of(session, actor, open_only=True) if phase_of(s, now) is not Phase.PLANNED]
    return sorted(rows, key=lambda s: s.opens_at, reverse=True)


def phase_of(row: CheckingSession, now: datetime) -> Phase:
    """Where a session stands."""
    return phase(row.opens_at, row.closes_at, row.closed_at, now)


def site_of(session: Session, checking_session: CheckingSession) -> Site:
    """Where a session takes place."""
    found = repository.site(session, checking_session.site_id)
    if found is None:
        raise NotFound("site")
    return found


def sites_of(session: Session, rows: Sequence[CheckingSession]) -> dict[uuid.UUID, Site]:
    """Sites of several sessions by site id, in one query."""
    return repository.sites_by_id(session, {row.site_id for row in rows})


def sites(session: Session, actor: Actor) -> list[Site]:
    """Every site of the actor's agency."""
    return repository.sites_of_agency(session, actor.agency_id) if actor.agency_id else []


def create_session(
    uow: UnitOfWork, plan: SessionPlan, *, site_id: uuid.UUID | None = None, place: Place | None = None
) -> CheckingSession:
    """Plan a session. Raises Invalid for impossible times, NotFound for a foreign site."""
    assert uow.actor.agency_id is not None
    if problems := timing_problems(plan.opens_at, plan.closes_at):
        raise Invalid(" ".join(problems.values()), fields=problems)
    site = _known_site(uow, site_id) if place is None else add_site(uow, place)
    row = CheckingSession(
        agency_id=uow.actor.agency_id,
        site_id=site.id,
        name=plan.name,
        service_type=plan.service_type,
        licence_mode=plan.licence_mode,
        # back of house no client page may open, whatever was ticked
        client_lookup=plan.client_lookup and plan.licence_mode.individual_results,
        screening_single=plan.screening_single,
        opens_at=plan.opens_at,
        closes_at=plan.closes_at,
        created_at=uow.now,
    )
    uow.session.add(row)
    uow.session.flush()
    after = {
        "name": row.name,
        "site": str(site.id),
        "licence_mode": row.licence_mode.value,
        "client_lookup": row.client_lookup,
        "screening_single": row.screening_single,
    }
    audit.record(uow, "create", "session", row.id, version=row.version, after=after, session_id=row.id)
    publish(uow, "queue", "session.created", agency_id=row.agency_id, session_id=row.id)
    return row


def _known_site(uow: UnitOfWork, site_id: uuid.UUID | None) -> Site:
    found = repository.site(uow.session, site_id) if site_id else None
    if found is None or found.agency_id != uow.actor.agency_id:
        raise NotFound("site")
    return found


def add_site(uow: UnitOfWork, place: Place) -> Site:
    """A site of the actor's agency: the one that already goes by this name or alias, else a new one.

    The same name in another agency is another site.
    """
    assert uow.actor.agency_id is not None
    wanted = _folded(place.name)
    for known in repository.sites_of_agency(uow.session, uow.actor.agency_id):
        if wanted in {_folded(known.name), *map(_folded, known.aliases)}:
            return known
    site = Site(
        agency_id=uow.actor.agency_id,
        name=place.name.strip(),
        region=place.region.strip(),
        aliases=[a for a in dict.fromkeys(alias.strip() for alias in place.aliases) if a and _folded(a) != wanted],
    )
    uow.session.add(site)
    uow.session.flush()
    audit.record(uow, "add", "site", site.id, after={"name": site.name, "region": site.region})
    return site


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


def next_number(uow: UnitOfWork, checking_session: CheckingSession) -> int:
    """Take the next sample number. Raises Conflict once the session is closed."""
    number = repository.take_number(uow.session, checking_session.id)
    if number is None:
        raise Conflict(
            f"The session {checking_session.name} is closed, so this sample was not registered. "
            "What was registered before is unharmed.",
            hint="Choose the open session, or ask the session lead to open a new one.",
        )
    return number


def close_session(uow: UnitOfWork, checking_session: CheckingSession) -> CheckingSession:
    """Close it: nothing more is registered; results and tickets go on working."""
    if checking_session.closed_at is not None:
        raise Conflict(f"The session {checking_session.name} is already closed.", hint="Nothing more is to be done.")
    checking_session.closed_at = uow.now
    checking_session.version += 1
    audit.record(
        uow, "close", "session", checking_session.id, version=checking_session.version, session_id=checking_session.id
    )
    publish(uow, "queue", "session.closed", agency_id=checking_session.agency_id, session_id=checking_session.id)
    return checking_session
