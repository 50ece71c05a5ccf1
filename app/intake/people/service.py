"""Use cases of people: sign in and out, accounts and API tokens."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from app.intake.people.domain import account_problems, username_problem
from app.intake.people.tables import Agency, AgencyKind, ApiToken, Person, PersonRole, Proof, StaffSession
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import OPERATOR, Actor, Role
from app.platform.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from app.platform.live.publish import publish
from app.platform.security.passwords import hash_password, verify_password
from app.platform.security.tokens import keyed_hash, new_secret

NO_SCREEN = "This account is for an instrument's computer. Mast watch sends files with its token. It has no screen."
ENDED = "session-ended"
"""Topic of the event that silences the open live screens of a session, a token or a person."""


@dataclass(frozen=True, slots=True)
class SessionPolicy:
    """How long a browser stays signed in."""

    idle: timedelta
    absolute: timedelta
    pepper: bytes
    administrators_by_two: bool = False
    """Whether administrators show two factors: those who showed one can only show or add a passkey."""


def check_password(read: Callable[[], Session], username: str, password: str) -> Person:
    """The person, if name and password fit and the account is on. One answer for every way to be wrong.

    The session of `read` is closed before the password is checked: many that wait for it would hold every connection.
    Raises Unauthenticated, and Forbidden for an account of an instrument's computer: it has a token and no screen.
    """
    with read() as session:
        person = _by_username(session, username)
        roles = roles_of(session, person.id) if person else frozenset()
    fits = verify_password(password, (person.password_hash or None) if person else None)
    if not fits or person is None or person.disabled_at is not None:
        raise Unauthenticated("User name and password do not match.", hint="Check both, or ask your administrator.")
    if roles == {Role.INSTRUMENT}:
        raise Forbidden(NO_SCREEN, hint="To work in MAST, sign in with an account of your own.")
    return person


def signed_in(session: Session, actor: Actor) -> Person:
    """The person who is signed in with a password. Raises Forbidden for a token, which has none."""
    person = session.get(Person, actor.person_id) if actor.via == "session" else None
    if person is None:
        raise Forbidden(
            "A token has no password to confirm with. Nothing was changed.",
            hint="Sign in with a browser and do it there.",
        )
    return person


def password_again(person: Person, password: str) -> None:
    """Check the password of the person who is signed in once more, before a step that a stolen tablet must not take.

    Raises Invalid where it is another one.
    """
    if not verify_password(password, person.password_hash):
        raise Invalid(
            "This is not your password. Nothing was changed.", fields={"password": "This is not your password."}
        )


def sign_in(
    uow: UnitOfWork,
    person: Person,
    policy: SessionPolicy,
    *,
    previous: str = "",
    proof: Proof = Proof.PASSWORD,
    by_two: bool = False,
    session_there: str | None = None,
) -> str:
    """Start a fresh session and return its secret id; a session the browser already had is ended (rotation).

    `person`: as it was when the password was checked, which takes long. `session_there`: hash of that at the provider.
    Raises Unauthenticated where the account has been changed since: a session that begins after the old password died would outlive it.
    """
    uow.session.flush()
    there = uow.session.get_one(Person, person.id, populate_existing=True, with_for_update=True)
    if there.version != person.version:
        raise Unauthenticated("This account was changed a moment ago.", hint="Sign in again.")
    if previous:
        _end_browser(uow, previous, policy)
    secret = new_secret()
    uow.session.add(
        StaffSession(
            id_hash=keyed_hash(policy.pepper, "session", secret),
            person_id=person.id,
            created_at=uow.now,
            last_seen_at=uow.now,
            expires_at=uow.now + policy.absolute,
            proof=proof,
            by_two=by_two,
            proven_at=uow.now,
            session_there=session_there,
        )
    )
    audit.record(uow, "sign_in", "person", person.id, after={"by": proof.value})
    return secret


def sign_out(uow: UnitOfWork, secret: str, policy: SessionPolicy) -> None:
    """End this browser's session at once."""
    _end_browser(uow, secret, policy)
    if uow.actor.person_id:
        audit.record(uow, "sign_out", "person", uow.actor.person_id)


def _end_browser(uow: UnitOfWork, secret: str, policy: SessionPolicy) -> None:
    row = uow.session.get(StaffSession, keyed_hash(policy.pepper, "session", secret))
    end(uow, uow.actor.agency_id, [row] if row is not None and row.revoked_at is None else [])


def end(uow: UnitOfWork, agency_id: uuid.UUID | None, access: Iterable[StaffSession | ApiToken]) -> None:
    """End browsers and tokens at once; live screens that are open with them fall silent."""
    for row in access:
        row.revoked_at = uow.now
        publish(uow, ENDED, "ended", agency_id=agency_id, payload={"key": row.live_key})


def prove(
    uow: UnitOfWork, secret: str, policy: SessionPolicy, proof: Proof, *, by_two: bool = False, there: str | None = None
) -> None:
    """Note that who is signed in showed once more who they are. Raises Unauthenticated where the session has ended."""
    row = uow.session.get(StaffSession, keyed_hash(policy.pepper, "session", secret))
    if row is None or row.revoked_at is not None or row.person_id != uow.actor.person_id:
        raise Unauthenticated("Your session has ended. Nothing was done.", hint="Sign in and do it again.")
    row.proven_at, row.by_two = uow.now, row.by_two or by_two
    if row.proof is Proof.IDENTITY and there:  # asked again, the provider may have begun another one
        row.session_there = there
    audit.record(uow, "prove", "person", row.person_id, after={"by": proof.value})


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


def of_a_service(session: Session, actor: Actor) -> bool:
    """Whether someone belongs to an agency that checks drugs, and not to a partner that reads."""
    agency = session.get(Agency, actor.agency_id)
    return agency is not None and agency.kind is AgencyKind.SERVICE


def agency_name(session: Session, agency_id: uuid.UUID) -> str:
    """The name of an agency."""
    agency = session.get(Agency, agency_id)
    return agency.name if agency else ""


def operator_for(session: Session, agency: str = "") -> Actor:
    """The operator, acting for an agency: the one named or, without a name, the only service here. Raises Invalid."""
    this = Agency.name == agency if agency else Agency.kind == AgencyKind.SERVICE
    found = session.exec(select(Agency).where(this)).all()
    if len(found) == 1:
        return replace(OPERATOR, agency_id=found[0].id, agency_name=found[0].name)
    if agency:
        said = f"There is no agency “{agency}” here."
    else:
        said = "There are several services here. Name one with --agency." if found else "There is no service here yet."
    known = ", ".join(agency_names(session))
    raise Invalid(
        f"{said} Nothing was done.", hint=f"Known: {known}." if known else "mast people add makes its first account."
    )


def add_person(
    uow: UnitOfWork,
    agency_id: uuid.UUID,
    username: str,
    display_name: str,
    password: str | None,
    roles: Iterable[Role],
) -> Person:
    """A new account; without a password nobody can sign in to it until one is set by a link.

    Raises Conflict when the user name is taken, Invalid for everything that is wrong at once and for a short password.
    """
    username, held = username.strip().lower(), sorted(set(roles))
    wrong = account_problems(display_name, held)
    if said := username_problem(username):
        wrong["username"] = said
    taken = not said and _by_username(uow.session, username) is not None
    if taken and wrong:
        wrong["username"] = _taken(username)
    raise_for(wrong)
    if taken:
        raise Conflict(_taken(username))
    person = Person(
        agency_id=agency_id,
        username=username,
        display_name=display_name.strip(),
        password_hash="" if password is None else hash_password(password),
        created_at=uow.now,
    )
    uow.session.add(person)
    uow.session.flush()
    uow.session.add_all(PersonRole(person_id=person.id, role=role) for role in held)
    after = {"username": username, "roles": held}
    audit.record(uow, "add", "person", person.id, agency_id=agency_id, after=after)
    return person


def _taken(username: str) -> str:
    return f"The user name {username} is taken. Choose another."


def raise_for(wrong: dict[str, str]) -> None:
    """Raise Invalid for what is wrong with an account, if anything is."""
    if wrong:
        raise Invalid(" ".join([*wrong.values(), "Nothing was saved."]), fields=wrong)


def people(session: Session, actor: Actor) -> list[tuple[Person, frozenset[Role]]]:
    """Everyone of the actor's agency by name, with their roles."""
    found = session.exec(select(Person).where(Person.agency_id == actor.agency_id).order_by(Person.display_name))
    return [(person, roles_of(session, person.id)) for person in found]


def everybody(session: Session) -> list[tuple[str, Person, frozenset[Role]]]:
    """Every account of every agency with the agency's name, for the operator's command line."""
    query = select(Agency.name, Person).join(Person, col(Person.agency_id) == Agency.id)
    found = session.exec(query.order_by(Agency.name, Person.display_name))
    return [(agency, person, roles_of(session, person.id)) for agency, person in found]


def state_of(person: Person, roles: frozenset[Role]) -> str:
    """Whether someone may sign in, or why not."""
    if person.disabled_at is not None:
        return "turned off"
    if roles == {Role.INSTRUMENT}:
        return "token only"
    return "active" if person.password_hash else "has no password yet"


def by_a_person(actor: Actor) -> None:
    """Refuse a token where a credential is given out: anyone who found one could make others that outlive it."""
    if actor.via == "token":
        raise Forbidden(
            "A token cannot give out tokens, links or accounts, or change them. Nothing was done.",
            hint="Sign in with your password and do it there.",
        )


def issue_token(
    uow: UnitOfWork, label: str, roles: Iterable[Role], days: int, pepper: bytes, *, person_id: uuid.UUID | None = None
) -> tuple[ApiToken, str]:
    """A token for the actor (or for `person_id`, from the command line), shown once. Never asked for by a token."""
    by_a_person(uow.actor)
    key = person_id or uow.actor.person_id
    owner = uow.session.get(Person, key) if key else None
    if owner is None:
        raise NotFound("person")
    if owner.disabled_at is not None:
        raise Conflict(f"The account {owner.username} is turned off. No token was made.", hint="Turn it on first.")
    held = roles_of(uow.session, owner.id)
    wanted = frozenset(roles) or held
    if not wanted <= held:
        raise Forbidden("A token cannot have a role its owner does not hold.", hint="Leave that role out.")
    secret = "mast_" + new_secret()
    token = ApiToken(
        person_id=owner.id,
        label=label.strip() or "token",
        token_hash=keyed_hash(pepper, "token", secret),
        roles=sorted(r.value for r in wanted),
        created_at=uow.now,
        expires_at=uow.now + timedelta(days=days),
    )
    uow.session.add(token)
    uow.session.flush()
    after = {"label": token.label, "roles": token.roles}
    audit.record(uow, "issue", "api_token", token.id, agency_id=owner.agency_id, after=after)
    return token, secret


def revoke_token(uow: UnitOfWork, owner_id: uuid.UUID | None, token_id: uuid.UUID) -> None:
    """End a token of this person."""
    token = uow.session.get(ApiToken, token_id)
    if token is None or token.person_id != owner_id:
        raise NotFound("token")
    agency_id = uow.session.get_one(Person, token.person_id).agency_id
    end(uow, agency_id, [token])
    audit.record(uow, "revoke", "api_token", token_id, agency_id=agency_id)


def tokens_of(session: Session, person_id: uuid.UUID | None, now: datetime) -> list[ApiToken]:
    """The tokens of a person that still work, newest first."""
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
