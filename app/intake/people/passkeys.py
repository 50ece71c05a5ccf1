"""Passkeys: signing in with what a device holds, by WebAuthn level 2 (https://www.w3.org/TR/webauthn-2/). No internet is needed for it.

A challenge proves itself: it says when it was made, and carries a keyed hash of that and of what it is for, so that no server keeps
one. It lasts five minutes. One that was made before a passkey was last used does not sign in with it again, so nothing works twice.
The library is an extra (`mast-lims[passkeys]`); without it nobody is offered one.
"""

from __future__ import annotations

import hashlib
import hmac
import importlib.util
import json
import secrets
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from pydantic import JsonValue
from sqlmodel import Session, col, select

from app.intake.people import service
from app.intake.people.tables import Passkey, Person
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from app.platform.security.tokens import keyed_hash

LASTS = timedelta(minutes=5)
MOST = 10
"""Passkeys of one person: a laptop, a tablet, a phone and a key at home are four."""
ANSWER_MAX = 20_000
_SIGN_IN = "sign-in"
_STAMP, _NONCE = 8, 16
_NO = "This passkey does not work here. Nobody was signed in."
_OTHERWISE = "Sign in with your password, or ask your administrator."


class Site(NamedTuple):
    """Whom a passkey is made for: the name people read, the host it is bound to, and the address of its pages."""

    name: str
    host: str
    origin: str


class Shown(NamedTuple):
    """A passkey that was shown with a true signature: whose it is, and what has to be noted about it."""

    person: Person
    passkey_id: uuid.UUID
    sign_count: int
    challenged_at: datetime


def available(public_url: str) -> bool:
    """Whether passkeys can be used on this server. They are bound to a name: a bare IP address has none."""
    host = urlsplit(public_url).hostname or ""
    bare = ":" in host or host.replace(".", "").isdigit()
    return bool(host) and not bare and importlib.util.find_spec("webauthn") is not None


def site_of(name: str, public_url: str) -> Site:
    """The site of a service.

    >>> site_of("Durham", "https://mast.example.org/")
    Site(name='Durham', host='mast.example.org', origin='https://mast.example.org')
    """
    there = urlsplit(public_url)
    return Site(name, there.hostname or "", f"{there.scheme}://{there.netloc}")


def challenge(pepper: bytes, purpose: str, now: datetime) -> bytes:
    """A fresh challenge: when, something random, and a keyed hash of both and of what it is for."""
    head = int(now.timestamp() * 1000).to_bytes(_STAMP, "big") + secrets.token_bytes(_NONCE)
    return head + _mark(pepper, purpose, head)


def _mark(pepper: bytes, purpose: str, head: bytes) -> bytes:
    return bytes.fromhex(keyed_hash(pepper, f"passkey-{purpose}", head.hex()))


def challenged_at(pepper: bytes, purpose: str, given: bytes, now: datetime) -> datetime | None:
    """When a challenge was made; None for one that is not ours, of another purpose, or too old."""
    head, mark = given[: _STAMP + _NONCE], given[_STAMP + _NONCE :]
    if not hmac.compare_digest(mark, _mark(pepper, purpose, head)):
        return None
    at = datetime.fromtimestamp(int.from_bytes(head[:_STAMP], "big") / 1000, UTC)
    return at if timedelta() <= now - at <= LASTS else None


def of_person(session: Session, person_id: uuid.UUID) -> list[Passkey]:
    """The passkeys of a person, oldest first."""
    return list(session.exec(select(Passkey).where(Passkey.person_id == person_id).order_by(col(Passkey.created_at))))


def options_to_add(session: Session, actor: Actor, site: Site, pepper: bytes, now: datetime) -> JsonValue:
    """What the browser is asked for when a passkey is added."""
    webauthn, structs = _library()
    person = service.signed_in(session, actor)
    known = [
        structs.PublicKeyCredentialDescriptor(id=webauthn.base64url_to_bytes(one.credential_id))
        for one in of_person(session, person.id)
    ]
    options = webauthn.generate_registration_options(
        rp_id=site.host,
        rp_name=site.name,
        user_id=person.id.bytes,
        user_name=person.username,
        user_display_name=person.display_name,
        challenge=challenge(pepper, str(person.id), now),
        exclude_credentials=known,
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.REQUIRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
    )
    return _json(webauthn.options_to_json(options))


def add(uow: UnitOfWork, site: Site, pepper: bytes, answer: str, label: str) -> Passkey:
    """Keep a passkey that the browser of the person who is signed in just made. Raises Invalid, Conflict, Forbidden."""
    webauthn, _ = _library()
    person = service.signed_in(uow.session, uow.actor)
    if not label.strip():
        raise Invalid("No passkey was added.", fields={"label": "Give it a name you will recognise."})
    there = of_person(uow.session, person.id)
    if uow.actor.waits and there:  # or who knows the password alone would add their own
        raise Forbidden(
            "You have a passkey. None was added.", hint="Show it, or ask another administrator to remove it."
        )
    if len(there) >= MOST:
        raise Conflict(f"You have {MOST} passkeys already. None was added.", hint="Remove one you no longer use.")
    given = _challenge_in(answer)
    if challenged_at(pepper, str(person.id), given, uow.now) is None:
        raise Invalid("This took longer than five minutes. No passkey was added.", hint="Try again.")
    try:
        found = webauthn.verify_registration_response(
            credential=answer, expected_challenge=given, expected_rp_id=site.host, expected_origin=site.origin,
            require_user_verification=True,
        )  # fmt: skip
    except _refusals() as error:
        raise Invalid("The browser’s answer cannot be used. No passkey was added.", hint="Try again.") from error
    row = Passkey(
        person_id=person.id,
        credential_hash=_hash(found.credential_id),
        credential_id=_text(found.credential_id),
        public_key=_text(found.credential_public_key),
        sign_count=found.sign_count,
        label=label.strip(),
        created_at=uow.now,
    )
    if uow.session.exec(select(Passkey).where(Passkey.credential_hash == row.credential_hash)).first() is not None:
        raise Conflict("This passkey is known already. Nothing was changed.")
    uow.session.add(row)
    audit.record(
        uow, "add", "passkey", row.id, agency_id=person.agency_id, after={"person": str(person.id), "label": row.label}
    )
    return row


def remove(uow: UnitOfWork, person: Person, row: Passkey) -> None:
    """Forget a passkey of a person: nobody signs in with it from now on. What it signed in goes on until it is ended."""
    uow.session.delete(row)
    audit.record(
        uow,
        "remove",
        "passkey",
        row.id,
        agency_id=person.agency_id,
        before={"person": str(person.id), "label": row.label},
    )


def options_to_sign_in(site: Site, pepper: bytes, now: datetime) -> JsonValue:
    """What the browser is asked for when someone signs in: any passkey it holds for this site."""
    webauthn, structs = _library()
    options = webauthn.generate_authentication_options(
        rp_id=site.host,
        challenge=challenge(pepper, _SIGN_IN, now),
        user_verification=structs.UserVerificationRequirement.REQUIRED,
    )
    return _json(webauthn.options_to_json(options))


def shown(session: Session, site: Site, pepper: bytes, answer: str, now: datetime) -> Shown:
    """Whose passkey a browser has shown. Raises Unauthenticated: one answer for every way to be wrong; and Forbidden."""
    webauthn, _ = _library()
    try:
        given = _challenge_in(answer)
        row = session.exec(select(Passkey).where(Passkey.credential_hash == _hash(_credential_in(answer)))).first()
    except Invalid as error:
        raise Unauthenticated(_NO, hint=_OTHERWISE) from error
    at = challenged_at(pepper, _SIGN_IN, given, now)
    if row is None or at is None:
        raise Unauthenticated(_NO, hint=_OTHERWISE)
    try:
        found = webauthn.verify_authentication_response(
            credential=answer, expected_challenge=given, expected_rp_id=site.host, expected_origin=site.origin,
            credential_public_key=webauthn.base64url_to_bytes(row.public_key),
            credential_current_sign_count=row.sign_count, require_user_verification=True,
        )  # fmt: skip
    except _refusals() as error:
        raise Unauthenticated(_NO, hint=_OTHERWISE) from error
    person = session.get_one(Person, row.person_id)
    if person.disabled_at is not None:
        raise Unauthenticated(_NO, hint=_OTHERWISE)
    if service.roles_of(session, person.id) == {Role.INSTRUMENT}:
        raise Forbidden(service.NO_SCREEN)
    return Shown(person, row.id, found.new_sign_count, at)


def used(uow: UnitOfWork, found: Shown) -> None:
    """Note the use of a passkey, in the transaction that signs the person in. Raises Unauthenticated where it was removed, or its
    answer used, in the meantime."""
    row = uow.session.get(Passkey, found.passkey_id, with_for_update=True, populate_existing=True)
    if row is None or (row.last_used_at is not None and row.last_used_at >= found.challenged_at):
        raise Unauthenticated(_NO, hint="Try again.")
    row.last_used_at, row.sign_count = uow.now, found.sign_count
    uow.session.add(row)


def _library() -> tuple[Any, Any]:
    try:
        import webauthn
        from webauthn.helpers import structs
    except ImportError:
        raise NotFound("page") from None
    return webauthn, structs


def _refusals() -> tuple[type[Exception], ...]:
    from webauthn.helpers.exceptions import WebAuthnException

    return (WebAuthnException, ValueError, TypeError, KeyError)


def _challenge_in(answer: str) -> bytes:
    """The challenge that a browser's answer is to. Raises Invalid."""
    webauthn, _ = _library()
    try:
        data = json.loads(webauthn.base64url_to_bytes(json.loads(answer)["response"]["clientDataJSON"]))
        return bytes(webauthn.base64url_to_bytes(data["challenge"]))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Invalid("The browser’s answer cannot be read. Nothing was changed.", hint="Try again.") from error


def _credential_in(answer: str) -> bytes:
    webauthn, _ = _library()
    try:
        return bytes(webauthn.base64url_to_bytes(json.loads(answer)["rawId"]))
    except (ValueError, TypeError, KeyError) as error:
        raise Invalid("The browser’s answer cannot be read. Nothing was changed.") from error


def _hash(credential: bytes) -> str:
    return hashlib.sha256(credential).hexdigest()


def _text(value: bytes) -> str:
    webauthn, _ = _library()
    return str(webauthn.helpers.bytes_to_base64url(value))


def _json(text: str) -> JsonValue:
    found: JsonValue = json.loads(text)
    return found
