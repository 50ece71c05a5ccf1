"""The identity provider as this server sees it over HTTP: what it says of itself, its keys, and answers to what it is asked.

urllib, straight to https (or to this machine): no redirect is followed, and an answer is small and comes soon or is none.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

import structlog

from app.platform.kernel.errors import Unavailable

WAIT_S = 5.0
RESTS_S = 10.0
"""After a silence nobody waits for it again so soon."""
KEPT_S = 3600.0
KEYS_AGAIN_S = 60.0
"""A key nobody knows makes us ask for the keys again, and not more often."""
MOST = 256 * 1024
AT_ONCE = 8
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, under the names by which authlib reads one."""

    status_code: int
    body: bytes

    def json(self) -> Any:
        """What it says. Raises ValueError."""
        if len(self.body) > MOST:
            raise ValueError("too long")
        return json.loads(self.body)

    def raise_for_status(self) -> None:
        """Raise ValueError for anything but an answer that says what was asked for."""
        if self.status_code != 200:
            raise ValueError(f"status {self.status_code}")


class _Straight(urllib.request.HTTPRedirectHandler):
    """Who is sent elsewhere by a server stays: what was asked for lies at the address it has said before."""

    def redirect_request(self, *_: Any) -> None:
        """To nowhere."""
        return None


class Provider:
    """One provider. It is asked by threads of requests, a few at a time."""

    def __init__(self, issuer: str, label: str) -> None:
        self.issuer, self.label = issuer, label
        self._opener = urllib.request.build_opener(_Straight)
        self._places = threading.BoundedSemaphore(AT_ONCE)
        self._silent_until = 0.0
        self._document: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, list[Any]] | None = None

    def document(self) -> dict[str, Any]:
        """What it says of itself (OpenID Connect Discovery 1.0). Raises Unavailable."""
        kept = self._document
        if kept is None or time.monotonic() - kept[0] > KEPT_S:
            said = self._said(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
            wrong = [name for name in ENDPOINTS if not self.may_be_asked(said.get(name))]
            if said.get("issuer") != self.issuer or wrong:
                structlog.get_logger(__name__).error("oidc_settings", issuer=said.get("issuer"), wrong=wrong)
                raise self.away("is not set up as this service expects it. Tell the operator.")
            self._document = kept = (time.monotonic(), said)
        return kept[1]

    def may_be_asked(self, url: object) -> TypeGuard[str]:
        """Whether an address it names may be used: https everywhere; without it only where the provider itself is on this machine, as in tests."""
        schemes = ("https", "http") if self.issuer.startswith("http:") else ("https",)
        return isinstance(url, str) and urllib.parse.urlsplit(url).scheme in schemes

    def keys(self, kid: str | None) -> list[Any]:
        """Its public keys that may have signed under this name. Raises Unavailable."""
        found = self._named(kid, KEPT_S)
        return found or self._named(kid, KEYS_AGAIN_S)  # it may have changed its keys

    def _named(self, kid: str | None, at_most: float) -> list[Any]:
        kept = self._keys
        if kept is None or time.monotonic() - kept[0] > at_most:
            said = self._said(self.document()["jwks_uri"]).get("keys")
            self._keys = kept = (time.monotonic(), _public(said if isinstance(said, list) else []))
        return [key for key in kept[1] if kid is None or key.kid == kid]

    def about(self, access_token: str) -> dict[str, Any]:
        """What it says of the person (userinfo); nothing where it has no such endpoint. Raises Unavailable."""
        url = self.document().get("userinfo_endpoint")
        return self._said(url, {"Authorization": f"Bearer {access_token}"}) if self.may_be_asked(url) else {}

    def _said(self, url: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        answer = self._answer(urllib.request.Request(url, headers={"Accept": "application/json", **(headers or {})}))  # noqa: S310
        try:
            answer.raise_for_status()
            said = answer.json()
        except (ValueError, RecursionError) as error:
            raise self._silence(url, error) from error
        if not isinstance(said, dict):
            raise self._silence(url, TypeError())
        return said

    def post(self, url: str, data: Mapping[str, str], headers: Mapping[str, str], auth: Any) -> Answer:
        """Send a form with the client's credentials, as authlib's client asks its session to. Raises Unavailable."""
        _, filled, body = auth.prepare("POST", url, dict(headers), urllib.parse.urlencode(data))
        return self._answer(urllib.request.Request(url, str(body).encode(), filled))  # noqa: S310

    def _answer(self, request: urllib.request.Request) -> Answer:
        if time.monotonic() < self._silent_until:
            raise self.away()
        if not self._places.acquire(timeout=WAIT_S / 2):
            raise self.away()
        try:
            with self._opener.open(request, timeout=WAIT_S) as found:
                return Answer(found.status, found.read(MOST + 1))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read(MOST + 1))
        except (OSError, http.client.HTTPException) as error:
            raise self._silence(request.full_url, error) from error
        finally:
            self._places.release()

    def _silence(self, url: str, error: Exception) -> Unavailable:
        structlog.get_logger(__name__).warning(
            "oidc_away", path=urllib.parse.urlsplit(url).path, error=repr(error)[:200]
        )
        self._silent_until = time.monotonic() + RESTS_S
        return self.away()

    def away(self, how: str = "does not answer at the moment.") -> Unavailable:
        """What is said where it cannot be used."""
        error = Unavailable(f"{self.label} {how} Nobody was signed in.")
        error.hint = "Sign in with your password or a passkey, or try again in a minute."
        return error


def _public(keys: list[Any]) -> list[Any]:
    """Public keys that can be used; one of a kind nobody knows does not spoil the others."""
    from joserfc.errors import JoseError
    from joserfc.jwk import import_key

    found = []
    for one in keys:
        try:
            if one.get("kty") != "oct" and one.get("use", "sig") == "sig":
                found.append(import_key(one))
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            continue
    return found
