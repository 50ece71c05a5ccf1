"""Signing in by the identity provider of a university or hospital (OpenID Connect Core 1.0: the code flow, with PKCE), and out.

Nothing is asked of the provider before someone wants to sign in by it, so that a server starts and works without it. The attempt lies
sealed in the browser that began it. The library is an extra (`mast-lims[oidc]`).
"""

from __future__ import annotations

import hmac
import importlib.util
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.intake.people.provider import Provider
from app.platform.kernel.errors import Invalid, MastError, Unauthenticated, Unavailable
from app.platform.kernel.extras import IDENTITIES, how_to_add
from app.platform.kernel.place import local
from app.platform.security.tokens import new_secret

LEEWAY = timedelta(minutes=2)
"""How far the provider's clock may differ from ours."""
LASTS = timedelta(minutes=10)
"""To the provider and back: long enough to type a password and a code there."""
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519")
"""Signatures of a key pair. `none`, and HMAC, for which a public key would pass as the secret, are not among them."""
MFA = "https://refeds.org/profile/mfa"
"""What universities call a sign-in by two factors (REFEDS). Others say `mfa` among the methods (RFC 8176)."""
SCOPES = {"sub": "openid", "email": "openid email", "preferred_username": "openid profile"}
"""What is asked for, by the claim an invitation names."""
LONGEST = 255
BACK = "/sign-in/oidc/back"
"""Where the provider sends browsers back to, under the address of this service; it is told so when the service is registered."""
ENDED = "/sign-out/oidc"
"""Where the provider says that someone signed out there (OpenID Connect Back-Channel Logout 1.0)."""
SIGN_IN = "/sign-in"
"""Where it sends browsers that signed out there (OpenID Connect RP-Initiated Logout 1.0)."""
EVENT = "http://schemas.openid.net/event/backchannel-logout"
LONGEST_TOKEN = 16 * 1024
_NONCE = 12


@dataclass(frozen=True, slots=True)
class Registered:
    """This service as its provider knows it, what people call the provider, and the claim by which an invitation finds someone."""

    issuer: str
    client_id: str
    client_secret: str
    label: str
    claim: str
    public_url: str

    def here(self, path: str) -> str:
        """A path of this service, as it is registered there."""
        return f"{self.public_url.rstrip('/')}{path}"


@dataclass(frozen=True, slots=True)
class Attempt:
    """Someone on the way to the provider and back. `proves`: the person who is signed in already and shows it once more."""

    state: str
    nonce: str
    verifier: str
    began: float
    next: str = "/"
    proves: str = ""

    @property
    def began_at(self) -> datetime:
        """When, by our clock."""
        return datetime.fromtimestamp(self.began, UTC)

    def sealed(self, pepper: bytes) -> str:
        """For the cookie."""
        nonce = os.urandom(_NONCE)
        return (nonce + _cipher(pepper).encrypt(nonce, json.dumps(asdict(self)).encode(), None)).hex()


def opened(pepper: bytes, cookie: str, now: datetime) -> Attempt | None:
    """The attempt this browser began; None where there is none, it is not ours, or it began too long ago."""
    try:
        held = bytes.fromhex(cookie)
        attempt = Attempt(**json.loads(_cipher(pepper).decrypt(held[:_NONCE], held[_NONCE:], None)))
    except (ValueError, TypeError, InvalidTag):
        return None
    return attempt if timedelta() <= now - attempt.began_at <= LASTS else None


def _cipher(pepper: bytes) -> AESGCM:
    return AESGCM(hmac.digest(pepper, b"seal|oidc-attempt", "sha256"))


class Proven(NamedTuple):
    """Whom the provider vouches for. `claim`: the value by which an invitation finds them; it is not kept. `session`: its name for
    the session there, where it says one.
    """

    issuer: str
    subject: str
    claim: str
    by_two: bool
    began_at: datetime
    session: str = ""


class SignedOut(NamedTuple):
    """What ended at the provider: a session of someone, or all of theirs where `session` is empty. One of the two is said.

    `token`: what it calls this message.
    """

    issuer: str
    subject: str
    session: str
    token: str


class NotBelieved(MastError):
    """What came in the provider's name cannot be its word."""

    code = "not_believed"


class IdentityProvider:
    """The provider of this service: where people are sent, and what is believed of what comes back."""

    def __init__(self, registered: Registered) -> None:
        if importlib.util.find_spec("authlib") is None:
            raise Invalid(
                "MAST_OIDC_ISSUER is set, and the part that speaks with it is not installed. Nothing was started.",
                hint=f"{how_to_add(IDENTITIES)}. Or leave the setting out.",
            )
        self.registered = registered
        self.there = Provider(registered.issuer, registered.label)

    @property
    def label(self) -> str:
        """What people call it."""
        return self.registered.label

    def begin(self, now: datetime, *, next: str = "/", proves: str = "") -> tuple[str, Attempt]:
        """Where the browser goes, and what it keeps until it is back. Raises Unavailable.

        The password is asked for there even if another person is still signed in, because tablets are shared. `proves`: the answer must also say
        that this person was asked for it just now.
        """
        attempt = Attempt(new_secret(), new_secret(), new_secret(), now.timestamp(), next, proves)
        just_now: dict[str, Any] = {"max_age": 0} if proves else {}
        address, _ = self._client().create_authorization_url(
            self.there.document()["authorization_endpoint"], state=attempt.state, nonce=attempt.nonce,
            code_verifier=attempt.verifier, prompt="login", **just_now,
        )  # fmt: skip
        return str(address), attempt

    def finish(self, attempt: Attempt | None, said: Mapping[str, str], now: datetime) -> Proven:
        """Whom the provider vouches for, once all it said has been checked. Raises Unauthenticated, Unavailable."""
        if attempt is None or not hmac.compare_digest(attempt.state.encode(), said.get("state", "").encode()):
            raise _refused("state", "This sign-in began in another browser, or took longer than ten minutes.")
        if "error" in said or not said.get("code"):
            raise _refused("declined", f"{self.label} signed nobody in.")
        if said.get("iss", self._issuer_expected()) != self.registered.issuer:
            raise _refused("mix-up", "The answer came from another provider than the one that was asked.")
        token = self._token(said["code"], attempt)
        try:
            header, claims = self._signed(token.get("id_token"))
        except ValueError as error:
            raise _refused("signature", f"What {self.label} sent is not signed as it has to be.", str(error)) from error
        self._in_time(claims, now)
        self._checked(header, claims, attempt, token.get("access_token"), now)
        methods = claims.get("amr") or []
        by_two = "mfa" in methods or claims.get("acr") == MFA
        claim = self._claim(claims, token.get("access_token"))
        there = claims.get("sid")
        session = there if isinstance(there, str) else ""
        return Proven(self.registered.issuer, claims["sub"], claim, by_two, attempt.began_at, session)

    def way_out(self) -> str:
        """Where someone ends the session at the provider too, and is led back; nothing where it has no such page, or does not answer."""
        try:
            page = self.there.document().get("end_session_endpoint")
        except Unavailable:
            return ""
        if not self.there.may_be_asked(page):
            return ""
        mine = self.registered
        said = {"client_id": mine.client_id, "post_logout_redirect_uri": mine.here(SIGN_IN)}
        return f"{page}{'&' if '?' in page else '?'}{urlencode(said)}"

    def signed_out(self, logout_token: str, now: datetime) -> SignedOut:
        """Who signed out at the provider, once all it said has been checked. Raises NotBelieved, and Unavailable where its keys are."""
        if len(logout_token) > LONGEST_TOKEN:
            raise not_believed("length")
        try:
            header, claims = self._signed(logout_token)
        except ValueError as error:
            raise not_believed("signature", str(error)) from error
        if wrong := self._wrong(header, claims, now.timestamp()):
            raise not_believed(wrong)
        return SignedOut(self.registered.issuer, claims.get("sub", ""), claims.get("sid", ""), claims["jti"])

    def _wrong(self, header: Mapping[str, Any], claims: Mapping[str, Any], now: float) -> str:
        """What is wrong with a signed message that someone signed out, if anything is."""
        events, mine, leeway = claims.get("events"), self.registered, LEEWAY.total_seconds()
        made, until = claims.get("iat"), claims.get("exp", now)
        named = [claims[name] for name in ("sub", "sid") if name in claims]
        holds = {
            "typ": str(header.get("typ", "JWT")).lower() in ("jwt", "logout+jwt", "application/logout+jwt"),
            "iss": claims.get("iss") == mine.issuer,
            "aud": claims.get("aud") in (mine.client_id, [mine.client_id]),
            "iat": isinstance(made, int | float) and now - leeway <= made <= now + leeway,
            "exp": isinstance(until, int | float) and until >= now - leeway,
            "events": isinstance(events, dict) and isinstance(events.get(EVENT), dict),
            "nonce": "nonce" not in claims,  # an ID token has one, and ends nothing
            "whom": bool(named) and all(isinstance(one, str) and one for one in named),
            "jti": isinstance(claims.get("jti"), str) and claims["jti"] != "",
        }
        return next((what for what, it_does in holds.items() if not it_does), "")

    def _issuer_expected(self) -> str:
        """What an answer without `iss` is taken for: nothing, where the provider promised to say it (RFC 9207)."""
        promised = self.there.document().get("authorization_response_iss_parameter_supported") is True
        return "" if promised else self.registered.issuer

    def _client(self) -> Any:
        from authlib.oauth2.client import OAuth2Client

        mine = self.registered
        taken = self.there.document().get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        method = "client_secret_basic" if "client_secret_basic" in taken else "client_secret_post"
        return OAuth2Client(
            self.there, mine.client_id, mine.client_secret or None, redirect_uri=mine.here(BACK),
            scope=SCOPES[mine.claim], code_challenge_method="S256",
            token_endpoint_auth_method=method if mine.client_secret else "none",
        )  # fmt: skip

    def _token(self, code: str, attempt: Attempt) -> Mapping[str, Any]:
        from authlib.oauth2 import OAuth2Error

        try:
            token: Mapping[str, Any] = self._client().fetch_token(
                self.there.document()["token_endpoint"], grant_type="authorization_code", code=code,
                code_verifier=attempt.verifier,
            )  # fmt: skip
        except OAuth2Error as error:
            raise _refused("code", f"{self.label} did not take back the answer it gave.", str(error.error)) from error
        except (ValueError, RecursionError) as error:
            raise self.there.away("gave an answer that cannot be read.") from error
        return token

    def _signed(self, id_token: object) -> tuple[dict[str, Any], dict[str, Any]]:
        """Header and claims of a token that a key of the provider has signed. Raises ValueError where none has."""
        from joserfc import jws, jwt
        from joserfc.errors import JoseError

        try:
            header = jws.extract_compact(str(id_token).encode()).headers()
            for key in self.there.keys(header.get("kid")):
                try:
                    found = jwt.decode(str(id_token), key, algorithms=list(ALGORITHMS))
                except (JoseError, ValueError, TypeError):
                    continue
                return dict(found.header), dict(found.claims)
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            raise ValueError(repr(error)) from error
        raise ValueError("no key of the provider has signed it")

    def _in_time(self, claims: Mapping[str, Any], now: datetime) -> None:
        """A token is made while we wait for it: one of another time tells of a clock that is wrong."""
        try:
            made = datetime.fromtimestamp(claims["iat"], UTC)
        except (KeyError, TypeError, ValueError, OverflowError, OSError) as error:
            raise _refused("iat", f"What {self.label} sent does not say when it was made.") from error
        if abs(now - made) > LEEWAY:
            raise _refused(
                "clock",
                f"The clock of this server says {local(now):%d %b %Y %H:%M}, that of {self.label} {local(made):%d %b %Y %H:%M}.",
                hint="Tell the operator that one of the two clocks is wrong. Sign in with your password or a passkey.",
            )

    def _checked(
        self, header: dict[str, Any], claims: dict[str, Any], attempt: Attempt, access_token: object, now: datetime
    ) -> None:
        from authlib.oidc.core import CodeIDToken
        from joserfc.errors import JoseError

        mine = self.registered
        wanted = {
            "iss": {"essential": True, "value": mine.issuer},
            "aud": {"essential": True, "value": mine.client_id},
        }
        said = {"nonce": attempt.nonce, "client_id": mine.client_id, "access_token": access_token}
        try:
            CodeIDToken(claims, header, wanted, said).validate(int(now.timestamp()), int(LEEWAY.total_seconds()))
        except (JoseError, ValueError, TypeError) as error:
            raise _refused("claims", f"What {self.label} sent is not for this sign-in.", repr(error)) from error
        subject, at = claims["sub"], claims.get("auth_time")
        if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST:
            raise _refused("subject", f"What {self.label} sent names nobody.")
        # authlib takes a max_age of 0 for none
        if attempt.proves and not (isinstance(at, int | float) and at >= attempt.began - LEEWAY.total_seconds()):
            raise _refused("auth_time", f"{self.label} did not ask for your password again.")

    def _claim(self, claims: Mapping[str, Any], access_token: object) -> str:
        """The value by which an invitation finds this person; nothing for an address that nobody verified."""
        name = self.registered.claim
        said = claims
        if name not in claims and access_token:
            said = self.there.about(str(access_token))
            if said.get("sub") != claims["sub"]:
                return ""
        value = said.get(name)
        if not isinstance(value, str) or (name == "email" and said.get("email_verified") is not True):
            return ""
        return as_invited(name, value)


def as_invited(claim: str, value: str) -> str:
    """A value of this claim as invitations are compared: subjects to the letter, the others whatever their case."""
    return value.strip() if claim == "sub" else value.strip().casefold()


def _refused(reason: str, sentence: str, error: str = "", *, hint: str = "") -> Unauthenticated:
    """One line of log with the reason and nothing of the person, and the sentence for the page."""
    structlog.get_logger(__name__).warning("oidc_refused", reason=reason, error=error[:200])
    return Unauthenticated(
        f"{sentence} Nobody was signed in.", hint=hint or "Try again, or sign in with your password or a passkey."
    )


def not_believed(reason: str, error: str = "") -> NotBelieved:
    """One line of log with the reason, and the sentence for the sender."""
    structlog.get_logger(__name__).warning("oidc_logout_refused", reason=reason, error=error[:200])
    return NotBelieved("This is no word of the identity provider that someone signed out. Nobody was signed out.")
