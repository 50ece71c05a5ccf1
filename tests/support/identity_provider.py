"""An identity provider in a process of its own, of authlib's server classes: it checks the client, PKCE, redirect and codes as a real
one does, and is crooked where a test says so. It signs in one person, whoever `behave` names, without asking.

`python -m tests.support.identity_provider PORT`, or `running()` in a test.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
from authlib.common.security import generate_token
from authlib.oauth2 import OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, AuthorizationServer, ClientMixin, InvalidRequestError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import OpenIDCode
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


class Client(ClientMixin):
    def get_client_id(self) -> str:
        return CLIENT

    def get_default_redirect_uri(self) -> str:
        return WAYS.redirect

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == WAYS.redirect

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass
class Code(AuthorizationCodeMixin):
    redirect_uri: str
    scope: str
    nonce: str
    code_challenge: str
    code_challenge_method: str
    at: float

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str:
        return self.nonce

    def get_auth_time(self) -> float:
        return self.at

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


class Grant(AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

    def save_authorization_code(self, code: str, request: Any) -> None:
        said = request.payload.data
        if said.get("code_challenge_method") != "S256" or said.get("scope") not in ASKS or not said.get("state"):
            raise InvalidRequestError("this provider wants PKCE, a state and a scope it knows")
        CODES[code] = Code(WAYS.redirect, said["scope"], said["nonce"], said["code_challenge"], "S256", now())

    def query_authorization_code(self, code: str, client: Any) -> Code | None:
        return CODES.get(code)

    def delete_authorization_code(self, authorization_code: Code) -> None:
        if "codes_again" not in WAYS.wrong:
            CODES.update({code: None for code, row in list(CODES.items()) if row is authorization_code})

    def authenticate_user(self, authorization_code: Code) -> dict[str, Any]:
        return WAYS.user


class IdToken(OpenIDCode):
    def exists_nonce(self, nonce: str, request: Any) -> bool:
        return False

    def encode_id_token(self, token: dict[str, Any], request: Any) -> str:
        made = int(now())
        claims = {
            "iss": ISSUER,
            "aud": [CLIENT],
            "iat": made,
            "exp": made + 300,
            **self.get_authorization_code_claims(request.authorization_code),
        }
        if "claims_elsewhere" in WAYS.wrong:
            claims["sub"] = WAYS.user["sub"]
        else:
            claims |= WAYS.user
        claims = {name: value for name, value in (claims | WAYS.extra).items() if value is not None}
        return signed(claims)


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
    import hmac

    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    mark = hmac.digest(secret, b".".join(parts), "sha256")
    return b".".join([*parts, base64.urlsafe_b64encode(mark).rstrip(b"=")]).decode()


class Payload:
    """What was sent, as authlib reads it."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self.data = dict(pairs)
        self.datalist: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in pairs:
            self.datalist[name].append(value)

    def __getattr__(self, name: str) -> str | None:
        return self.data.get(name)


class Request(OAuth2Request):
    def __init__(self, method: str, url: str, sent: bytes, headers: dict[str, str]) -> None:
        super().__init__(method, url, headers=headers)
        self._asked = dict(parse_qsl(urlsplit(url).query))
        self._sent = dict(parse_qsl(sent.decode()))
        self.payload = Payload([*self._asked.items(), *self._sent.items()])

    @property
    def args(self) -> dict[str, str]:
        return self._asked

    @property
    def form(self) -> dict[str, str]:
        return self._sent


class Server(AuthorizationServer):
    def query_client(self, client_id: str) -> Client | None:
        return Client() if client_id == CLIENT else None

    def save_token(self, token: dict[str, Any], request: Any) -> None:
        TOKENS.add(token["access_token"])

    def send_signal(self, *_: Any, **__: Any) -> None:
        return None

    def create_oauth2_request(self, request: Any) -> Any:
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> tuple[int, Any, dict[str, str]]:
        return status, body, dict(headers)


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
        request = Request("GET", f"{ISSUER}{self.path}", b"", {})
        said = request.payload.data
        if "declines" in WAYS.wrong:
            return self._go(
                f"{WAYS.redirect}?{urlencode({'error': 'access_denied', 'state': said['state'], 'iss': ISSUER})}"
            )
        try:
            grant = SERVER.get_consent_grant(request, WAYS.user)
            status, body, headers = SERVER.create_authorization_response(request, WAYS.user, grant)
        except OAuth2Error as error:
            return self._say(400, {"error": error.error, "why": error.description})
        if "Location" in headers:
            iss = "https://evil.example.com" if "mix_up" in WAYS.wrong else ISSUER
            more = "" if "no_iss" in WAYS.wrong else f"&{urlencode({'iss': iss})}"
            return self._go(headers["Location"] + more)
        return self._say(status, body)

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
        status, body, headers = SERVER.create_token_response(
            Request("POST", f"{ISSUER}{self.path}", sent, dict(self.headers))
        )
        return self._bytes(status, json.dumps(body).encode() if isinstance(body, dict) else str(body).encode(), headers)

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


WAYS, CODES, TOKENS, ISSUER = Ways(), {}, set(), ""
KEYS = {name: RSAKey.generate_key(2048, {"kid": name}) for name in ("one", "two")} if __name__ == "__main__" else {}
SERVER = Server()
SERVER.register_grant(Grant, [IdToken(require_nonce=True), CodeChallenge(required=True)])
SERVER.register_token_generator(
    "default",
    lambda **said: {
        "token_type": "Bearer",
        "access_token": generate_token(40),
        "scope": said["scope"],
        "expires_in": 300,
    },
)


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
    here = {**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1"}
    command = [sys.executable, "-m", "tests.support.identity_provider", str(port)]
    with subprocess.Popen(command, env=here, stdout=subprocess.PIPE) as process:
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
