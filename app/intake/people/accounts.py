"""Looking after accounts: name and roles, on and off, a new password, and what is signed in for someone.

Whatever takes rights away ends what was signed in with them, in the same transaction.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.intake.people import identities, passkeys, service
from app.intake.people.domain import account_problems
from app.intake.people.tables import ApiToken, Identity, Passkey, Person, PersonRole, StaffSession
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.db.rows import row_of
from app.platform.kernel.actor import Actor, Role, agency_of
from app.platform.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from app.platform.live.publish import publish
from app.platform.security.tokens import keyed_hash, new_secret

LINK_LASTS = timedelta(hours=24)


class Access(NamedTuple):
    """What a person gets in with: browsers, the one used last first, tokens, newest first, passkeys, oldest first, and an identity."""

    browsers: list[StaffSession]
    tokens: list[ApiToken]
    passkeys: list[Passkey]
    identity: Identity | None


def account(uow: UnitOfWork, person_id: uuid.UUID) -> Person:
    """An account of the actor's agency, to be changed. Raises NotFound, also for a foreign one."""
    return row_of(uow.session, Person, uow.actor.agency_id, person_id, "person", lock=True)


def invite(
    uow: UnitOfWork, username: str, display_name: str, roles: Iterable[Role], pepper: bytes
) -> tuple[Person, str]:
    """A new account in the actor's agency, and the secret of the link by which the person sets a password.

    There is none for an instrument's computer, which has a token and no screen.
    """
    service.by_a_person(uow.actor)
    held = set(roles)
    person = service.add_person(uow, agency_of(uow.actor), username, display_name, None, held)
    return person, "" if held == {Role.INSTRUMENT} else new_link(uow, person, pepper)


def change(
    uow: UnitOfWork, person: Person, display_name: str, roles: Iterable[Role], *, version: int | None = None
) -> None:
    """Change the name or the roles of an account. New roles sign the person out and end tokens for roles that were lost.

    Raises Stale when someone was faster, Conflict and Forbidden for what would leave nobody to look after accounts.
    """
    service.by_a_person(uow.actor)
    if version not in (None, person.version):
        raise Stale("account")
    before, after = service.roles_of(uow.session, person.id), frozenset(roles)
    service.raise_for(account_problems(display_name, after))
    if Role.ADMIN in before - after:
        _keep_an_administrator(uow, person, "give up the role of administrator")
    said = {"display_name": person.display_name, "roles": sorted(before)}
    person.display_name = display_name.strip()
    person.version += 1
    if after != before:
        _hold(uow, person, before, after)
    now = {"display_name": person.display_name, "roles": sorted(after)}
    audit.record(
        uow, "change", "person", person.id, agency_id=person.agency_id, version=person.version, before=said, after=now
    )


def _hold(uow: UnitOfWork, person: Person, before: frozenset[Role], after: frozenset[Role]) -> None:
    for role in before - after:
        uow.session.delete(uow.session.get_one(PersonRole, (person.id, role)))
    uow.session.add_all(PersonRole(person_id=person.id, role=role) for role in after - before)
    too_much = [t for t in service.tokens_of(uow.session, person.id, uow.now) if (before - after).intersection(t.roles)]
    service.end(uow, person.agency_id, [*_browsers(uow.session, person.id), *too_much])


def disable(uow: UnitOfWork, person: Person) -> None:
    """Turn an account off; every browser, token and link of it stops working at once."""
    service.by_a_person(uow.actor)
    _keep_an_administrator(uow, person, "turn off your own account")
    person.disabled_at, person.link_hash = uow.now, None
    person.version += 1
    service.end(
        uow, person.agency_id, [*_browsers(uow.session, person.id), *service.tokens_of(uow.session, person.id, uow.now)]
    )
    # The person too: a browser that signed in at this moment is not among these rows yet.
    publish(uow, service.ENDED, "disabled", agency_id=person.agency_id, payload={"key": str(person.id)})
    audit.record(uow, "disable", "person", person.id, agency_id=person.agency_id, version=person.version)


def enable(uow: UnitOfWork, person: Person) -> None:
    """Turn an account on again. What was signed in with it stays ended; the password is the one it had."""
    service.by_a_person(uow.actor)
    person.disabled_at = None
    person.version += 1
    audit.record(uow, "enable", "person", person.id, agency_id=person.agency_id, version=person.version)


def end_sessions(uow: UnitOfWork, person: Person) -> None:
    """Sign a person out of every browser at once."""
    service.by_a_person(uow.actor)
    browsers = _browsers(uow.session, person.id)
    service.end(uow, person.agency_id, browsers)
    after = {"sessions": len(browsers)}
    audit.record(uow, "end_sessions", "person", person.id, agency_id=person.agency_id, after=after)


def remove_passkeys(uow: UnitOfWork, person: Person) -> None:
    """Forget every passkey of a person who has lost them."""
    for row in passkeys.of_person(uow.session, person.id):
        passkeys.remove(uow, person, row)


def unlink(uow: UnitOfWork, person: Person) -> None:
    """Whom the identity provider vouches for signs in to this account no more."""
    service.by_a_person(uow.actor)
    identity = identities.of_person(uow.session, person.id)
    if identity is None:
        raise NotFound("identity")
    identities.unlink(uow, person, identity)


ACTS: dict[str, Callable[[UnitOfWork, Person], None]] = {
    "disable": disable, "enable": enable, "end-sessions": end_sessions, "remove-passkeys": remove_passkeys,
    "unlink": unlink,
}  # fmt: skip
"""What can be done to an account without saying more."""


def _keep_an_administrator(uow: UnitOfWork, person: Person, what: str) -> None:
    """Refuse what would leave an agency without anybody who can look after its accounts, or is done to oneself."""
    if person.id == uow.actor.person_id:
        raise Forbidden(f"You cannot {what}. Nothing was changed.", hint="Ask another administrator.")
    if Role.ADMIN not in service.roles_of(uow.session, person.id):
        return
    uow.one_at_a_time(f"administrators|{person.agency_id}".encode())  # two may each take the other for the one left
    others = (
        sa.select(col(Person.id))
        .join(PersonRole, col(PersonRole.person_id) == Person.id)
        .where(col(PersonRole.role) == Role.ADMIN, col(Person.agency_id) == person.agency_id)
        .where(col(Person.id) != person.id, col(Person.disabled_at).is_(None), col(Person.password_hash) != "")
    )
    if uow.session.execute(others).first() is None:
        raise Conflict(
            f"{person.display_name} is the last administrator who can sign in. Nothing was changed.",
            hint="Make someone else an administrator first.",
        )


def access_of(session: Session, person_id: uuid.UUID, now: datetime, idle: timedelta) -> Access:
    """Browsers and tokens that work for a person now."""
    browsers = [b for b in _browsers(session, person_id) if b.expires_at > now and b.last_seen_at >= now - idle]
    tokens, keys = service.tokens_of(session, person_id, now), passkeys.of_person(session, person_id)
    return Access(browsers, tokens, keys, identities.of_person(session, person_id))


def signed_in_of_agency(session: Session, actor: Actor, now: datetime, idle: timedelta) -> list[tuple[Person, Access]]:
    """What is signed in for everyone of the actor's agency, by name; nobody for whom nothing is."""
    found = [(person, access_of(session, person.id, now, idle)) for person, _ in service.people(session, actor)]
    return [(person, access) for person, access in found if access.browsers or access.tokens]


def _browsers(session: Session, person_id: uuid.UUID) -> list[StaffSession]:
    live = select(StaffSession).where(StaffSession.person_id == person_id, col(StaffSession.revoked_at).is_(None))
    return list(session.exec(live.order_by(col(StaffSession.last_seen_at).desc())))


def end_one(uow: UnitOfWork, person: Person, key: str) -> None:
    """End one browser, token, passkey or identity of a person, by its `live_key`."""
    service.by_a_person(uow.actor)
    for passkey in passkeys.of_person(uow.session, person.id):
        if passkey.live_key == key:
            passkeys.remove(uow, person, passkey)
            return
    identity = identities.of_person(uow.session, person.id)
    if identity is not None and identity.live_key == key:
        unlink(uow, person)
        return
    found: list[StaffSession | ApiToken] = [*_browsers(uow.session, person.id)]
    for row in (*found, *service.tokens_of(uow.session, person.id, uow.now)):
        if row.live_key == key:
            service.end(uow, person.agency_id, [row])
            kind = "api_token" if isinstance(row, ApiToken) else "staff_session"
            audit.record(uow, "revoke", kind, key, agency_id=person.agency_id, after={"person": str(person.id)})
            return
    raise NotFound("browser, token or passkey")


def new_link(uow: UnitOfWork, person: Person, pepper: bytes) -> str:
    """The secret of a link with which this person may set a new password once; one that was given out before ends.

    The password the person has goes on working until then.
    """
    service.by_a_person(uow.actor)
    if service.roles_of(uow.session, person.id) == {Role.INSTRUMENT}:
        raise Conflict(service.NO_SCREEN, hint="Make its token on the server: mast people token.")
    if person.disabled_at is not None:
        raise Conflict(f"The account {person.username} is turned off. No link was made.", hint="Turn it on first.")
    if person.id == uow.actor.person_id:
        raise Forbidden(
            "You change your own password with the one you have.", hint="Open Your account, at the foot of every page."
        )
    secret = new_secret()
    person.link_hash, person.link_expires_at = _hash_of(secret, pepper), uow.now + LINK_LASTS
    audit.record(uow, "link", "person", person.id, agency_id=person.agency_id)
    return secret


def address_of(public_url: str, secret: str) -> str:
    """The link itself. Browsers send no fragment, so the secret is in no log and no Referer."""
    return f"{public_url.rstrip('/')}/password#{secret}"


def holder_of_link(session: Session, secret: str, pepper: bytes, now: datetime) -> Person:
    """Whose link this is. Raises Invalid: one answer for every way not to work."""
    person = session.exec(select(Person).where(Person.link_hash == _hash_of(secret.strip(), pepper))).first()
    if person is None or person.link_expires_at is None or person.link_expires_at <= now:
        raise Invalid(
            "This link does not work. It was used, replaced or is older than 24 hours. No password was changed.",
            hint="Ask your administrator for a new one.",
        )
    return person


def use_link(uow: UnitOfWork, secret: str, pepper: bytes, password_hash: str) -> Person:
    """Set the password of anyone who holds the link, which is used up with that."""
    uow.one_at_a_time(_hash_of(secret.strip(), pepper).encode())
    person = holder_of_link(uow.session, secret, pepper, uow.now)
    set_password(uow, person, password_hash)
    return person


def set_password(uow: UnitOfWork, person: Person, password_hash: str) -> None:
    """A new password, hashed before the transaction began: that takes its time. The person is signed out everywhere."""
    person.password_hash, person.link_hash, person.link_expires_at = password_hash, None, None
    person.version += 1
    service.end(uow, person.agency_id, _browsers(uow.session, person.id))
    audit.record(uow, "set_password", "person", person.id, agency_id=person.agency_id, version=person.version)


def _hash_of(secret: str, pepper: bytes) -> str:
    return keyed_hash(pepper, "password-link", secret)
