"""The identity provider as this server sees it over HTTP: what it says of itself, its keys, and answers to what it is asked.

Straight to https (or to this machine): no redirect is followed, and an answer is small and comes soon or is none.
"""

from __future__ import annotations

import contextlib
import time
import urllib.parse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeGuard

import structlog

from app.platform.kernel.errors import Unavailable

if TYPE_CHECKING:  # it comes with the extra `oidc`
    import httpx2

WAIT_S = 5.0
RESTS_S = 10.0
"""After a silence nobody waits for it again so soon."""
KEPT_S = 3600.0
KEYS_AGAIN_S = 60.0
"""A key nobody knows makes us ask for the keys again, and not more often."""
MOST = 256 * 1024
AT_ONCE = 8
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class Provider:
    """One provider. It is asked by threads of requests, a few at a time."""

    def __init__(self, issuer: str, label: str) -> None:
        self.issuer, self.label = issuer, label
        self._http = _client()
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
        answer = self._answer(self._http.build_request("GET", url, headers=headers))
        try:
            said = answer.json() if answer.status_code == 200 else None
        except (ValueError, RecursionError) as error:
            raise self._silence(url, error) from error
        if not isinstance(said, dict):
            raise self._silence(url, TypeError(f"status {answer.status_code}, no JSON object"))
        return said

    def post(self, url: str, data: Mapping[str, str], headers: Mapping[str, str], auth: Any) -> httpx2.Response:
        """Send a form with the client's credentials, as authlib's client asks its session to. Raises Unavailable."""
        _, filled, body = auth.prepare("POST", url, dict(headers), urllib.parse.urlencode(data))
        return self._answer(self._http.build_request("POST", url, content=str(body).encode(), headers=filled))

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        """The answer with all it says. One of a broken server, or too long a one, is none."""
        import httpx2

        if time.monotonic() < self._silent_until:
            raise self.away()
        body, until = b"", time.monotonic() + WAIT_S
        try:
            found = self._http.send(request, stream=True)
            with contextlib.closing(found):
                for part in found.iter_raw():
                    body += part
                    if len(body) > MOST or time.monotonic() > until:
                        raise httpx2.ReadError("too long or too slow")
            if found.is_server_error:
                raise httpx2.RemoteProtocolError(f"status {found.status_code}")
        except httpx2.PoolTimeout as error:
            raise self.away() from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise self._silence(str(request.url), error) from error
        return httpx2.Response(found.status_code, content=body)

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


def _client() -> httpx2.Client:
    import httpx2

    return httpx2.Client(
        headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        follow_redirects=False,
        timeout=httpx2.Timeout(WAIT_S, pool=WAIT_S / 2),
        limits=httpx2.Limits(max_connections=AT_ONCE, max_keepalive_connections=0),
    )


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
