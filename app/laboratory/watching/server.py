"""The server as this computer sees it: send an upload, ask whether it arrived. http.client; every answer becomes a row or
a Trouble with a sentence. Certificates are checked; redirects are not followed, so that a token goes nowhere else.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import ipaddress
import json
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from app.laboratory.watching.upload import CHUNK, Upload

CONNECT_S = 15.0
ANSWER_S = 120.0
MOST_ANSWER = 4 * 1024 * 1024
LONGEST_NAME = 900  # characters of the path the server is told
_MAY_SEND = {"instrument", "chemist", "verifier"}


class Kind(StrEnum):
    """What a trouble is about, and so who waits: everything, or one file."""

    AWAY = "away"
    SENDER = "token"
    SETTING = "setting"
    FILE_LATER = "file_later"
    FILE_NEVER = "file_never"


class Trouble(Exception):
    """Something did not arrive. `sentence` is for a person; `retry_after_s` is what the server asked for."""

    def __init__(self, kind: Kind, sentence: str, retry_after_s: float = 0.0) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.sentence = sentence
        self.retry_after_s = retry_after_s


class Stopped(Exception):
    """The watcher was asked to end in the middle of sending."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The server's row. `message` is its sentence."""

    id: str
    sha256: str
    message: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server is, and how it is trusted. `context` is None for plain http."""

    host: str
    port: int
    prefix: str
    context: ssl.SSLContext | None

    @classmethod
    def of(cls, url: str, ca_file: str = "") -> Address:
        """From what was typed. Raises ValueError with a sentence."""
        parts = urlsplit(url if "://" in url else f"https://{url}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url} is not an address such as https://mast.example.org.")
        if parts.username or parts.query or parts.fragment:
            raise ValueError("The address holds more than host, port and path.")
        try:
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            raise ValueError(f"{url} has no port that can be used.") from None
        context = ssl.create_default_context(cafile=ca_file or None) if parts.scheme == "https" else None
        return cls(parts.hostname, port, parts.path.rstrip("/"), context)

    @property
    def is_local(self) -> bool:
        """On this very computer."""
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:  # a name, such as 127.0.0.1.example.org, is anybody's
            return False

    @property
    def text(self) -> str:
        """In one spelling, whatever was typed."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.context else 'http'}://{host}:{self.port}{self.prefix}"

    def connection(self) -> http.client.HTTPConnection:
        """Not yet connected."""
        if self.context is None:
            return http.client.HTTPConnection(self.host, self.port, timeout=CONNECT_S)
        return http.client.HTTPSConnection(self.host, self.port, timeout=CONNECT_S, context=self.context)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: http.client.HTTPMessage
    data: Any


class Server:
    """Speaks for one token, which is read again for every request: it may be replaced while the watcher runs."""

    def __init__(
        self,
        address: Address,
        token: Callable[[], str],
        *,
        session: str = "",
        attach: bool = False,
        stopping: Callable[[], bool] = lambda: False,
        answer_s: float = ANSWER_S,
    ) -> None:
        self.address = address
        self._token = token
        self._more = {k: v for k, v in (("session", session), ("attach", "true" if attach else "")) if v}
        self._stopping = stopping
        self._answer_s = answer_s

    def check(self) -> str:
        """Who the token speaks for. Raises Trouble."""
        data = self._got("/api/v1/me")
        if not isinstance(data, dict) or "display_name" not in data:
            raise self._no_mast()
        if not _MAY_SEND & set(data.get("roles") or ()):
            raise _not_allowed()
        return f"{data['display_name']}, {data.get('agency') or 'no service'}"

    def find(self, arrival: str) -> Receipt | None:
        """What arrived under this key, if anything did. Raises Trouble."""
        data = self._got(f"/api/v1/incoming?{urlencode({'arrival': arrival})}")
        if not isinstance(data, dict) or not isinstance(data.get("rows"), list):
            raise self._no_mast()
        return self._receipt(data["rows"][0], is_new=False) if data["rows"] else None

    def send(self, upload: Upload, arrival: str, origin: str) -> Receipt:
        """Send an upload. Raises Trouble, Stopped, and OSError when the file itself cannot be read."""
        query = {"filename": upload.name[-LONGEST_NAME:], "origin": origin, "arrival": arrival, **self._more}
        digest = base64.b64encode(bytes.fromhex(upload.sha256)).decode()
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Length": str(upload.size),
            "Repr-Digest": f"sha-256=:{digest}:",
        }
        if upload.size > CHUNK:
            self.check()  # so that a token that ended costs no transfer
        path = f"/api/v1/incoming?{urlencode(query, quote_via=quote)}"
        answer = self._talk("POST", path, headers, self._pieces(upload))
        receipt = self._receipt(self._judged(answer).data, is_new=answer.status == 201)
        if receipt.sha256 != upload.sha256:
            raise Trouble(Kind.FILE_LATER, "The server confirmed other bytes than were sent; it is sent again.")
        return receipt

    def _got(self, path: str) -> Any:
        return self._judged(self._talk("GET", path, {})).data

    def _talk(self, method: str, path: str, headers: dict[str, str], body: Iterator[bytes] | None = None) -> _Answer:
        always = {"Authorization": f"Bearer {self._token()}", "Accept": "application/json", "Connection": "close"}
        with contextlib.closing(self.address.connection()) as connection:
            try:
                connection.connect()
            except (OSError, http.client.HTTPException) as error:
                raise self._away(error) from error
            connection.sock.settimeout(self._answer_s)
            try:
                with contextlib.suppress(ConnectionError):  # the server stopped listening, and may have said why
                    connection.request(method, self.address.prefix + path, body, always | headers)
                return _answer_of(connection.getresponse())
            except (OSError, http.client.HTTPException) as error:
                said = f"The connection broke before the server confirmed it ({_cause(error)})."
                raise Trouble(Kind.FILE_LATER if body else Kind.AWAY, said) from error

    def _pieces(self, upload: Upload) -> Iterator[bytes]:
        left = upload.size
        while left:
            if self._stopping():
                raise Stopped
            try:
                piece = upload.stream.read(min(CHUNK, left))
            except OSError as error:
                raise Trouble(Kind.FILE_LATER, f"It could not be read any more ({_cause(error)}).") from error
            if not piece:
                raise Trouble(Kind.FILE_LATER, "It became shorter while it was sent.")
            left -= len(piece)
            yield piece

    def _judged(self, answer: _Answer) -> _Answer:
        """The answer if it is a good one. Raises Trouble."""
        status, code = answer.status, _code(answer)
        if 200 <= status < 300:
            return answer
        if 300 <= status < 400:
            there = answer.headers.get("Location", "another address")
            raise Trouble(Kind.SETTING, f"{self.address.text} sends on to {there}. Give that address as --server.")
        if not code and status in (400, 401, 403, 404, 405, 409):
            raise self._no_mast()
        said = " ".join(f"{answer.data.get('detail', '')} {answer.data.get('hint', '')}".split())[:600] if code else ""
        if status == 401:
            raise Trouble(
                Kind.SENDER,
                "The server does not accept this token: it was revoked, has expired, or its owner's account was turned "
                "off. Nothing is lost; the files wait in their folder. Put a new token into the token file.",
            )
        if status == 403:
            raise _not_allowed()
        if status == 404 and "session" not in self._more:
            raise self._no_mast()
        if status == 404:
            raise Trouble(Kind.SETTING, "The server knows no such session for this token. Check --session.")
        if status in (408, 425, 429, 502, 503, 504, 507):
            raise Trouble(Kind.AWAY, said or f"The server answers {status}.", _retry_after(answer))
        if status >= 500 or code in ("digest_mismatch", "conflict"):
            raise Trouble(Kind.FILE_LATER, said or f"The server answers {status}.", _retry_after(answer))
        why = (
            "it is too large for the server or a proxy before it"
            if status == 413
            else f"the server refuses it ({status})"
        )
        raise Trouble(Kind.FILE_NEVER, said or f"{why.capitalize()}.")

    def _receipt(self, data: Any, *, is_new: bool) -> Receipt:
        try:
            return Receipt(str(data["id"]), str(data["sha256"]), str(data["message"]), is_new)
        except (KeyError, TypeError):
            raise self._no_mast() from None

    def _no_mast(self) -> Trouble:
        return Trouble(
            Kind.SETTING,
            f"What answers at {self.address.text} is not a MAST server, or an older one. Check --server; a network that "
            "asks for a sign-in of its own answers like this too.",
        )

    def _away(self, error: Exception) -> Trouble:
        if isinstance(error, ssl.SSLCertVerificationError):
            return Trouble(
                Kind.SETTING,
                f"The certificate of {self.address.text} is not trusted here ({error.verify_message}), so nothing was "
                "sent. If your service has an authority of its own, give its certificate as --ca-file.",
            )
        return Trouble(Kind.AWAY, f"{self.address.text} does not answer ({_cause(error)}).")


def _answer_of(response: http.client.HTTPResponse) -> _Answer:
    raw = response.read(MOST_ANSWER)
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):
        data = None
    return _Answer(response.status, response.headers, data)


def _code(answer: _Answer) -> str:
    """The last part of the problem's type, "" for an answer that is none of MAST's."""
    given = answer.data.get("type") if isinstance(answer.data, dict) else None
    return given.removeprefix("urn:mast:problem:") if isinstance(given, str) and "urn:mast:" in given else ""


def _retry_after(answer: _Answer) -> float:
    given = (answer.headers.get("Retry-After") or "").strip()
    return float(given) if given.isdigit() and len(given) < 7 else 0.0


def _cause(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).strip().rstrip(".")


def _not_allowed() -> Trouble:
    return Trouble(
        Kind.SENDER,
        "This token may not send files. Nothing is lost; the files wait in their folder. Put a token with the role "
        "instrument into the token file.",
    )
