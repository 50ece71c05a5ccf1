"""An identity provider in a process of its own: it checks the client, PKCE, redirect and codes as a real one does, and is crooked where
a test says so. It signs in one person, whoever `behave` names, without asking. It shares no code with the client under test.

`python -m tests.support.identity_provider PORT`, or `running()` in a test.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "mast", "a secret of the client"
ASKS = ("openid", "openid email", "openid profile")


@dataclass
class Ways:
    """Who is there, and what is crooked."""

    wrong: list[str] = field(default_factory=list)
    user: dict[str, Any] = field(
        default_factory=lambda: {"sub": "a-17", "email": "chemist@example.ac.uk", "email_verified": True}
    )
    extra: dict[str, Any] = field(default_factory=dict)
    now: float = 0
    redirect: str = "https://testserver/sign-in/oidc/back"
    way_out: str = "https://login.example.ac.uk/out?of=all"


@dataclass(frozen=True)
class Code:
    """What a browser was sent back with: what was asked then, and when."""

    scope: str
    nonce: str
    challenge: str
    at: float


def authorized(asked: dict[str, str]) -> str:
    """A code for what a browser was sent here with. Raises ValueError with what is wrong about it."""
    wanted = {
        "client_id": CLIENT,
        "redirect_uri": WAYS.redirect,
        "response_type": "code",
        "code_challenge_method": "S256",
    }
    for name, value in wanted.items():
        if asked.get(name) != value:
            raise ValueError(name)
    for name in ("state", "nonce", "code_challenge"):
        if not asked.get(name):
            raise ValueError(name)
    if asked.get("scope") not in ASKS:
        raise ValueError("scope")
    code = secrets.token_urlsafe(32)
    CODES[code] = Code(asked["scope"], asked["nonce"], asked["code_challenge"], now())
    return code


def exchanged(sent: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
    """The tokens for a code, for the client that knows its secret and what its challenge was made of."""
    credentials = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
    if authorization != f"Basic {credentials}":
        return 401, {"error": "invalid_client"}
    code, verifier = CODES.get(sent.get("code", "")), sent.get("code_verifier", "")
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    if sent.get("grant_type") != "authorization_code" or sent.get("redirect_uri") != WAYS.redirect or code is None:
        return 400, {"error": "invalid_grant"}
    if challenge != code.challenge:
        return 400, {"error": "invalid_grant", "error_description": "another verifier"}
    if "codes_again" not in WAYS.wrong:
        del CODES[sent["code"]]
    access = secrets.token_urlsafe(30)
    TOKENS.add(access)
    token = {"token_type": "Bearer", "access_token": access, "scope": code.scope, "expires_in": 300}
    return 200, {**token, "id_token": identity(code)}


def identity(code: Code) -> str:
    """The token that says who signed in."""
    made = int(now())
    claims = {
        "iss": ISSUER, "aud": [CLIENT], "iat": made, "exp": made + 300, "nonce": code.nonce, "auth_time": code.at,
    }  # fmt: skip
    claims |= {"sub": WAYS.user["sub"]} if "claims_elsewhere" in WAYS.wrong else WAYS.user
    return signed({name: value for name, value in (claims | WAYS.extra).items() if value is not None})


def now() -> float:
    return WAYS.now or time.time()


def signed(claims: dict[str, Any], typ: str | None = None) -> str:
    public = KEYS["one"].as_pem(private=False)
    if "none" in WAYS.wrong:
        head = {"alg": "none", "kid": "one"}
        return (
            ".".join(
                base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (head, claims)
            )
            + "."
        )
    if "hs256" in WAYS.wrong:  # whoever takes the public key for a secret is taken in
        return by_hand({"alg": "HS256", "kid": "one"}, claims, public)
    kid = "two" if "new_key" in WAYS.wrong else "one"
    key = RSAKey.generate_key(2048, {"kid": "one"}) if "other_key" in WAYS.wrong else KEYS[kid]
    made = jwt.encode({"alg": "RS256", "kid": kid} | ({"typ": typ} if typ else {}), claims, key)
    return made.rpartition(".")[0] + "." if "unsigned" in WAYS.wrong else made


def by_hand(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    mark = hmac.digest(secret, b".".join(parts), "sha256")
    return b".".join([*parts, base64.urlsafe_b64encode(mark).rstrip(b"=")]).decode()


class Door(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        there = urlsplit(self.path)
        if there.path == "/.well-known/openid-configuration":
            return self._document()
        if there.path == "/keys":
            names = ["two"] if "new_key" in WAYS.wrong else ["one"]
            return self._say(
                200,
                {"keys": [{"kty": "odd"}, *({**KEYS[name].as_dict(private=False), "use": "sig"} for name in names)]},
            )
        if there.path == "/authorize":
            return self._authorize()
        if there.path == "/about":
            known = self.headers.get("Authorization", "").removeprefix("Bearer ") in TOKENS
            someone = {**WAYS.user, "sub": "someone else"} if "claims_of_another" in WAYS.wrong else WAYS.user
            return self._say(200 if known else 401, someone)
        return self._say(404, {})

    def _document(self) -> None:
        if "moved" in WAYS.wrong:
            return self._go(f"{ISSUER}/elsewhere")
        if "broken" in WAYS.wrong:
            return self._bytes(200, b"[" * 200_000, {})
        issuer = "https://login.example.com" if "other_issuer" in WAYS.wrong else ISSUER
        said = {
            "issuer": issuer, "authorization_endpoint": f"{ISSUER}/authorize", "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys", "userinfo_endpoint": f"{ISSUER}/about",
            "authorization_response_iss_parameter_supported": True, "end_session_endpoint": WAYS.way_out,
        }  # fmt: skip
        if "ftp" in WAYS.wrong:
            said["token_endpoint"] = "file:///etc/passwd"
        if "endless" in WAYS.wrong:
            said["more"] = "and so on " * 30_000
        return self._say(200, said)

    def _authorize(self) -> None:
        asked = dict(parse_qsl(urlsplit(self.path).query))
        if "declines" in WAYS.wrong:
            said = {"error": "access_denied", "state": asked["state"], "iss": ISSUER}
        else:
            try:
                said = {"code": authorized(asked), "state": asked["state"]}
            except ValueError as wrong:
                return self._say(400, {"error": "invalid_request", "why": str(wrong)})
            if "no_iss" not in WAYS.wrong:
                said["iss"] = "https://evil.example.com" if "mix_up" in WAYS.wrong else ISSUER
        return self._go(f"{WAYS.redirect}?{urlencode(said)}")

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/behave":
            for name, value in json.loads(sent).items():
                setattr(WAYS, name, value)
            return self._say(200, {})
        if self.path == "/sign":
            return self._bytes(200, signed(*json.loads(sent)).encode(), {})
        if "token_away" in WAYS.wrong:
            return self._bytes(502, b"<h1>Bad gateway</h1>", {})
        return self._say(*exchanged(dict(parse_qsl(sent.decode())), self.headers.get("Authorization", "")))

    def _say(self, status: int, said: Any) -> None:
        self._bytes(status, json.dumps(said).encode(), {"Content-Type": "application/json"})

    def _go(self, where: str) -> None:
        self._bytes(302, b"", {"Location": where})

    def _bytes(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        drops = 20 if "slow" in WAYS.wrong else 1
        with contextlib.suppress(OSError):
            for at in range(drops):
                self.wfile.write(body[at * len(body) // drops : (at + 1) * len(body) // drops])
                time.sleep(0.05 if drops > 1 else 0)

    def log_message(self, *_: Any) -> None:
        return None


WAYS, CODES, TOKENS, ISSUER = Ways(), dict[str, Code](), set[str](), ""
KEYS = {name: RSAKey.generate_key(2048, {"kid": name}) for name in ("one", "two")} if __name__ == "__main__" else {}


@dataclass
class Running:
    """A provider that runs."""

    issuer: str

    def behave(self, **ways: Any) -> None:
        """Be like this from now on; what is not named is as it is at first."""
        fresh = Ways()
        httpx2.post(f"{self.issuer}/behave", json={**vars(fresh), **ways}, timeout=30).raise_for_status()

    def sign(self, claims: dict[str, Any], typ: str | None = None) -> str:
        """A token of its own making, such as it sends when someone signs out there."""
        return httpx2.post(f"{self.issuer}/sign", json=[claims, typ], timeout=30).text

    def visit(self, address: str) -> httpx2.Response:
        """What it answers a browser that was sent there."""
        return httpx2.get(address, timeout=30)


@contextlib.contextmanager
def running(port: int) -> Iterator[Running]:
    """A provider on this port, until the block ends."""
    command = [sys.executable, "-m", "tests.support.identity_provider", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == b"ready\n"
            yield Running(f"http://127.0.0.1:{port}")
        finally:
            process.kill()  # it keeps nothing, and a worker of the tests may have been told to ignore the gentler signal


if __name__ == "__main__":
    ISSUER = f"http://127.0.0.1:{sys.argv[1]}"
    serving = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Door)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    serving.serve_forever()
