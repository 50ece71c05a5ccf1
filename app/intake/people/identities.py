"""Identities: which account belongs to whom the identity provider vouches for.

An administrator links them, by a value the provider says of the person; no account is made by itself. From the first sign-in on the
provider's own name for the person (issuer and subject) stands there instead, and nothing else of what it says.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.intake.people import service
from app.intake.people.oidc import LONGEST, Proven, Registered, SignedOut, as_invited, not_believed
from app.intake.people.tables import Identity, Person, Proof, StaffSession
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Role
from app.platform.kernel.errors import Conflict, Forbidden, Invalid, Unauthenticated
from app.platform.security.throttle import first_time
from app.platform.security.tokens import keyed_hash

INVITED_FOR = timedelta(days=14)
"""An address may be given to someone else one day: an invitation by it does not wait for ever."""
CLAIM_WORDS = {"sub": "subject", "email": "e-mail address", "preferred_username": "user name"}
_ASK = "Ask your administrator."


def of_person(session: Session, person_id: uuid.UUID) -> Identity | None:
    """The identity of a person, also one that has not been used yet."""
    return session.exec(select(Identity).where(Identity.person_id == person_id)).first()


def link(uow: UnitOfWork, person: Person, registered: Registered, value: str) -> Identity:
    """Let whom the provider calls so sign in to this account; one that was linked before is not linked any more."""
    service.by_a_person(uow.actor)
    named = as_invited(registered.claim, value)
    words = CLAIM_WORDS[registered.claim]
    if not 0 < len(named) <= LONGEST:
        raise Invalid("Nothing was linked.", fields={"identity": f"Enter the {words} there."})
    if person.id == uow.actor.person_id:
        raise Forbidden("You cannot link your own account. Nothing was changed.", hint="Ask another administrator.")
    if person.disabled_at is not None or service.roles_of(uow.session, person.id) == {Role.INSTRUMENT}:
        raise Conflict("This account signs in to no page. Nothing was linked.", hint="Turn it on first.")
    uow.one_at_a_time(f"identity|{registered.issuer}|{named}".encode())
    if uow.session.exec(select(Identity).where(Identity.issuer == registered.issuer, _called(named))).first():
        raise Conflict("This identity is linked to an account already. Nothing was changed.", hint="Unlink it there.")
    if (old := of_person(uow.session, person.id)) is not None:
        unlink(uow, person, old)
        uow.session.flush()
    row = Identity(person_id=person.id, issuer=registered.issuer, invited=named, created_at=uow.now)
    if registered.claim == "sub":
        row.subject, row.invited = named, None
    uow.session.add(row)
    audit.record(uow, "link", "identity", row.id, agency_id=person.agency_id, after={"person": str(person.id)})
    return row


def _called(named: str) -> sa.ColumnElement[bool]:
    return (col(Identity.subject) == named) | (col(Identity.invited) == named)


def unlink(uow: UnitOfWork, person: Person, row: Identity) -> None:
    """Nobody signs in by it from now on, and what it signed in ends."""
    uow.session.delete(row)
    begun = select(StaffSession).where(
        StaffSession.person_id == person.id,
        StaffSession.proof == Proof.IDENTITY,
        col(StaffSession.revoked_at).is_(None),
    )
    service.end(uow, person.agency_id, uow.session.exec(begun).all())
    audit.record(uow, "unlink", "identity", row.id, agency_id=person.agency_id, before={"person": str(person.id)})


def session_there(pepper: bytes, issuer: str, session: str) -> str | None:
    """What is kept of the provider's name for a session there; nothing where it says none."""
    return keyed_hash(pepper, "session at a provider", f"{issuer}|{session}") if session else None


def end_there(uow: UnitOfWork, ended: SignedOut, pepper: bytes) -> None:
    """End what an identity signed in here, because the person signed out at the provider.

    Of a session there that is named, what began with it, and what began with none the provider named. Raises NotBelieved where the
    same message has come before: it would end what began since.
    """
    if not first_time(uow, pepper, "message of a provider", f"{ended.issuer}|{ended.token}"):
        raise not_believed("again")
    begun = (
        select(StaffSession, Person)
        .join(Person, col(Person.id) == StaffSession.person_id)
        .join(Identity, col(Identity.person_id) == StaffSession.person_id)
        .where(Identity.issuer == ended.issuer, StaffSession.proof == Proof.IDENTITY)
        .where(col(StaffSession.revoked_at).is_(None))
    )
    if ended.subject:
        begun = begun.where(Identity.subject == ended.subject)
    if ended.session:
        there = col(StaffSession.session_there)
        this_one = there == session_there(pepper, ended.issuer, ended.session)
        begun = begun.where(this_one | there.is_(None) if ended.subject else this_one)
    for row, person in uow.session.exec(begun).all():
        service.end(uow, person.agency_id, [row])
        after = {"person": str(person.id), "by": "provider"}
        audit.record(uow, "revoke", "staff_session", row.live_key, agency_id=person.agency_id, after=after)


def holder(session: Session, proven: Proven, now: datetime) -> tuple[Person, Identity]:
    """The account of whom the provider vouches for. Raises Unauthenticated, and Forbidden for an instrument's computer."""
    at_home = select(Identity).where(Identity.issuer == proven.issuer)
    row = session.exec(at_home.where(Identity.subject == proven.subject)).first()
    if row is None and proven.claim:
        since = now - INVITED_FOR
        row = session.exec(at_home.where(Identity.invited == proven.claim, Identity.created_at >= since)).first()
    if row is None:
        raise Unauthenticated("No account here belongs to this identity. Nobody was signed in.", hint=_ASK)
    person = session.get_one(Person, row.person_id)
    if person.disabled_at is not None:
        raise Unauthenticated("Your account is turned off. Nobody was signed in.", hint=_ASK)
    if service.roles_of(session, person.id) == {Role.INSTRUMENT}:
        raise Forbidden(service.NO_SCREEN)
    return person, row


def used(uow: UnitOfWork, row: Identity, proven: Proven) -> None:
    """Note the use of an identity, and from the first one on its subject, in the transaction that signs the person in.

    Raises Unauthenticated where it has been unlinked since, or an answer to an attempt as old as the last one comes again.
    """
    there = uow.session.get(Identity, row.id, with_for_update=True, populate_existing=True)
    if there is None or (there.last_used_at is not None and there.last_used_at >= proven.began_at):
        raise Unauthenticated(
            "This answer was used already, or the link was ended. Nobody was signed in.", hint="Try again."
        )
    if there.subject is None:
        there.subject, there.invited = proven.subject, None
        audit.record(
            uow, "bind", "identity", there.id, agency_id=uow.actor.agency_id, after={"person": str(there.person_id)}
        )
    elif there.subject != proven.subject:
        raise Unauthenticated("This identity was linked by someone else a moment ago. Nobody was signed in.", hint=_ASK)
    there.last_used_at = uow.now
