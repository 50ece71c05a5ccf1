"""Use cases of people: sign in and out, who is calling, accounts and API tokens."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.intake.people.tables import Agency, AgencyKind, ApiToken, Person, PersonRole, StaffSession
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.db.rows import row_of
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from app.platform.live.publish import publish
from app.platform.security.passwords import hash_password, verify_password
from app.platform.security.tokens import keyed_hash, new_secret

Credential = TypeVar("Credential", StaffSession, ApiToken)
TOUCH_AFTER = timedelta(minutes=1)
NO_SCREEN = "This account is for an instrument's computer: mast watch sends files with its token. It has no screen."
ENDED = "session-ended"
"""Topic of the event that silences the open live screens of a session, a token or a person."""


@dataclass(frozen=True, slots=True)
class SessionPolicy:
    """How long a browser stays signed in."""

    idle: timedelta
    absolute: timedelta
    pepper: bytes


def check_password(session: Session, username: str, password: str) -> Person:
    """The person, if name and password fit and the account is on. One answer for every way to be wrong.

    Raises Unauthenticated, and Forbidden for an account of an instrument's computer: it has a token and no screen.
    """
    person = _by_username(session, username)
    fits = verify_password(password, person.password_hash if person else None)
    if not fits or person is None or person.disabled_at is not None:
        raise Unauthenticated(
            "User name and password do not fit together.", hint="Check both, or ask your administrator."
        )
    if roles_of(session, person.id) == {Role.INSTRUMENT}:
        raise Forbidden(NO_SCREEN, hint="To work in MAST, sign in with an account of your own.")
    return person


def sign_in(uow: UnitOfWork, person: Person, policy: SessionPolicy, *, previous: str = "") -> str:
    """Start a fresh session and return its secret id; a session the browser already had is ended (rotation)."""
    if previous:
        _revoke(uow, keyed_hash(policy.pepper, "session", previous))
    secret = new_secret()
    uow.session.add(
        StaffSession(
            id_hash=keyed_hash(policy.pepper, "session", secret),
            person_id=person.id,
            created_at=uow.now,
            last_seen_at=uow.now,
            expires_at=uow.now + policy.absolute,
        )
    )
    audit.record(uow, "sign_in", "person", person.id)
    return secret


def sign_out(uow: UnitOfWork, secret: str, policy: SessionPolicy) -> None:
    """End this browser's session at once."""
    id_hash = keyed_hash(policy.pepper, "session", secret)
    _revoke(uow, id_hash)
    publish(uow, ENDED, "signed_out", agency_id=uow.actor.agency_id, payload={"key": live_key(id_hash)})
    if uow.actor.person_id:
        audit.record(uow, "sign_out", "person", uow.actor.person_id)


def live_key(id_hash: str) -> str:
    """What names a session in an event: too little of its hash to be of use to anybody."""
    return id_hash[:16]


def _revoke(uow: UnitOfWork, id_hash: str) -> None:
    row = uow.session.get(StaffSession, id_hash)
    if row is not None and row.revoked_at is None:
        row.revoked_at = uow.now


def actor_of_session(
    session: Session, secret: str, policy: SessionPolicy, now: datetime
) -> tuple[Actor, str | None] | None:
    """Who this browser belongs to, and the id hash to touch when it was last seen a while ago."""
    id_hash = keyed_hash(policy.pepper, "session", secret)
    found = _holder(session, StaffSession, col(StaffSession.id_hash) == id_hash, now)
    if found is None or now - found[0].last_seen_at > policy.idle:
        return None
    row, actor = found
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
    return row, Actor(person.id, person.display_name, roles, person.agency_id, agency)


def add_agency(uow: UnitOfWork, name: str, kind: AgencyKind) -> Agency:
    """A new agency, or the one that already has this name."""
    existing = agency_named(uow.session, name)
    if existing is not None:
        return existing
    agency = Agency(name=name, kind=kind, created_at=uow.now)
    uow.session.add(agency)
    uow.session.flush()
    audit.record(uow, "add", "agency", agency.id, agency_id=agency.id, after={"name": name, "kind": kind.value})
    return agency


def agency_name(session: Session, agency_id: uuid.UUID) -> str:
    """The name of an agency."""
    agency = session.get(Agency, agency_id)
    return agency.name if agency else ""


def agency_id_of(session: Session, name: str) -> uuid.UUID | None:
    """The agency of this server that has this name, if there is one."""
    agency = agency_named(session, name)
    return agency.id if agency else None


def add_person(
    uow: UnitOfWork, agency_id: uuid.UUID, username: str, display_name: str, password: str, roles: Iterable[Role]
) -> Person:
    """A new account. Raises Conflict when the user name is taken, Invalid for a short password."""
    username = username.strip().lower()
    if not username or not display_name.strip():
        raise Invalid("A person needs a user name and a name to show.", fields={"username": "missing"})
    if _by_username(uow.session, username) is not None:
        raise Conflict(f"The user name {username} is taken.", hint="Choose another.")
    held = sorted(set(roles))
    if not held:
        raise Invalid("A person needs at least one role.", fields={"roles": "none given"})
    person = Person(
        agency_id=agency_id,
        username=username,
        display_name=display_name.strip(),
        password_hash=hash_password(password),
        created_at=uow.now,
    )
    uow.session.add(person)
    uow.session.flush()
    uow.session.add_all(PersonRole(person_id=person.id, role=role) for role in held)
    after = {"username": username, "roles": [r.value for r in held]}
    audit.record(uow, "add", "person", person.id, agency_id=agency_id, after=after)
    return person


def disable_person(uow: UnitOfWork, person_id: uuid.UUID) -> None:
    """Turn an account off; every browser and token of it stops working at once."""
    person = row_of(uow.session, Person, uow.actor.agency_id, person_id, "person")
    if person.id == uow.actor.person_id:
        raise Forbidden("You cannot turn off your own account.", hint="Ask another administrator.")
    person.disabled_at = uow.now
    person.version += 1
    live = select(StaffSession).where(StaffSession.person_id == person_id, col(StaffSession.revoked_at).is_(None))
    for row in uow.session.exec(live):
        row.revoked_at = uow.now
    for token in _tokens_of(uow.session, person_id, uow.now):
        token.revoked_at = uow.now
    publish(uow, ENDED, "disabled", agency_id=person.agency_id, payload={"key": str(person_id)})
    audit.record(uow, "disable", "person", person_id, version=person.version)


def people(session: Session, actor: Actor) -> list[tuple[Person, frozenset[Role]]]:
    """Everybody of the actor's agency by name, with their roles."""
    found = session.exec(select(Person).where(Person.agency_id == actor.agency_id).order_by(Person.display_name))
    return [(person, roles_of(session, person.id)) for person in found]


def issue_token(
    uow: UnitOfWork, label: str, roles: Iterable[Role], days: int, pepper: bytes, *, person_id: uuid.UUID | None = None
) -> tuple[ApiToken, str]:
    """A token for the actor (or for `person_id`, from the command line), shown once."""
    owner = person_id or uow.actor.person_id
    if owner is None:
        raise NotFound("person")
    # Never more than whoever asks holds: a token for one role must not beget one for all of its owner's.
    held = roles_of(uow.session, owner) if person_id else uow.actor.roles
    wanted = frozenset(roles) or held
    if not wanted <= held:
        raise Forbidden("A token cannot have a role its owner does not hold.", hint="Leave that role out.")
    secret = "mast_" + new_secret()
    token = ApiToken(
        person_id=owner,
        label=label.strip() or "token",
        token_hash=keyed_hash(pepper, "token", secret),
        roles=sorted(r.value for r in wanted),
        created_at=uow.now,
        expires_at=uow.now + timedelta(days=days),
    )
    uow.session.add(token)
    uow.session.flush()
    audit.record(uow, "issue", "api_token", token.id, after={"label": token.label, "roles": token.roles})
    return token, secret


def revoke_token(uow: UnitOfWork, token_id: uuid.UUID) -> None:
    """End one of the actor's tokens."""
    token = uow.session.get(ApiToken, token_id)
    if token is None or token.person_id != uow.actor.person_id:
        raise NotFound("token")
    token.revoked_at = uow.now
    publish(uow, ENDED, "revoked", agency_id=uow.actor.agency_id, payload={"key": live_key(token.token_hash)})
    audit.record(uow, "revoke", "api_token", token_id)


def own_tokens(session: Session, actor: Actor, now: datetime) -> list[ApiToken]:
    """The actor's tokens that still work, newest first."""
    return _tokens_of(session, actor.person_id, now)


def _tokens_of(session: Session, person_id: uuid.UUID | None, now: datetime) -> list[ApiToken]:
    works = (ApiToken.person_id == person_id, ApiToken.expires_at > now, col(ApiToken.revoked_at).is_(None))
    return list(session.exec(select(ApiToken).where(*works).order_by(col(ApiToken.id).desc())))


def display_names(session: Session, person_ids: Iterable[uuid.UUID | None]) -> dict[uuid.UUID, str]:
    """Names for screens: person id → display name."""
    wanted = {p for p in person_ids if p is not None}
    if not wanted:
        return {}
    return dict(session.exec(select(Person.id, Person.display_name).where(col(Person.id).in_(wanted))).all())


def find_person(session: Session, username: str) -> Person:
    """The account with this user name, for the operator's command line. Raises NotFound."""
    person = _by_username(session, username)
    if person is None:
        raise NotFound("person")
    return person


def _by_username(session: Session, username: str) -> Person | None:
    """Names are compared in lower case."""
    return session.exec(select(Person).where(Person.username == username.strip().lower())).first()


def roles_of(session: Session, person_id: uuid.UUID) -> frozenset[Role]:
    """Roles a person holds now."""
    return frozenset(row.role for row in session.exec(select(PersonRole).where(PersonRole.person_id == person_id)))


def agency_named(session: Session, name: str) -> Agency | None:
    """An agency by its exact name."""
    return session.exec(select(Agency).where(Agency.name == name)).first()


def agency_names(session: Session) -> list[str]:
    """Names of all agencies on this server."""
    return list(session.exec(select(Agency.name).order_by(Agency.name)))
