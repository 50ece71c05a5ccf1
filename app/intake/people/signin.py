"""The cookie side of signing in: reading it, setting it, and finding out who is calling."""

from __future__ import annotations

import sqlalchemy.exc
import structlog
from fastapi import Request
from fastapi.responses import Response

from app.intake.people import callers, service, tables
from app.platform.kernel.actor import Actor
from app.platform.security.throttle import SIGN_IN, address_of
from app.platform.security.tokens import keyed_hash
from app.runtime import Runtime

BY_ITSELF = "Mast-By-Itself"


def cookie_name(runtime: Runtime) -> str:
    """`__Host-` wherever the cookie is Secure: it cannot be set by a neighbour domain or over http."""
    return "__Host-mast" if runtime.settings.cookie_secure else "mast"


def set_cookie(response: Response, runtime: Runtime, secret: str) -> None:
    """Give the browser its session id; out of reach of scripts, gone when the browser closes."""
    response.set_cookie(
        cookie_name(runtime), secret, httponly=True, samesite="lax", secure=runtime.settings.cookie_secure, path="/"
    )


def clear_cookie(response: Response, runtime: Runtime) -> None:
    """Take it back."""
    response.delete_cookie(cookie_name(runtime), path="/", secure=runtime.settings.cookie_secure, httponly=True)


def live_key(request: Request) -> str:
    """How an event names the session or token of this request; see service.ENDED."""
    runtime: Runtime = request.app.state.runtime
    token = _token(request)
    secret = request.cookies.get(cookie_name(runtime), "") if token is None else token
    return tables.live_key(keyed_hash(runtime.pepper, "session" if token is None else "token", secret))


def _token(request: Request) -> str | None:
    scheme, _, credential = request.headers.get("authorization", "").partition(" ")
    return credential.strip() if scheme.lower() == "bearer" else None


def began_by(request: Request) -> tables.Proof | None:
    """How the session of this browser began; None where there is none."""
    runtime: Runtime = request.app.state.runtime
    secret = request.cookies.get(cookie_name(runtime), "")
    with runtime.read() as session:
        row = session.get(tables.StaffSession, keyed_hash(runtime.pepper, "session", secret))
        return row.proof if row is not None else None


def by_itself(request: Request) -> bool:
    """Whether a page asks this without anybody having tapped or typed: a live part, a poll, a stream of events, a page that a
    browser fetches ahead.

    The page says so itself, and is believed, because it can only make a session end sooner.
    """
    ahead = "prefetch" in request.headers.get("sec-purpose", "")
    return ahead or BY_ITSELF in request.headers or request.headers.get("accept") == "text/event-stream"


def identify(request: Request) -> Actor | None:
    """Who is calling: a bearer token if one is sent, else the session cookie."""
    runtime: Runtime = request.app.state.runtime
    token, secret = _token(request), request.cookies.get(cookie_name(runtime))
    if token is None and not secret:
        return None
    with runtime.db.read_once() as session:
        if token is not None:
            return callers.actor_of_token(session, token, runtime.pepper, runtime.now())
        found = callers.actor_of_session(session, secret or "", runtime.session_policy, runtime.now())
    if found is None:
        return None
    actor, touch = found
    if touch is not None and not by_itself(request):
        _touch(runtime, actor, touch)
    return actor


def confirm(request: Request, actor: Actor, password: str) -> None:
    """Ask who is signed in for the password once more; wrong ones count as at signing in, for the same name and address.

    Before a unit of work is begun: checking a password takes long. Raises Invalid, Forbidden (a token), TooMany.
    """
    runtime: Runtime = request.app.state.runtime
    with runtime.read() as session:
        person = service.signed_in(session, actor)
    # with no session open: counting needs a connection too, and checking a password takes long
    with runtime.throttle.trying((SIGN_IN, f"{person.username}|{address_of(request)}")):
        service.password_again(person, password)


def _touch(runtime: Runtime, actor: Actor, id_hash: str) -> None:
    """Note that the browser is in use. When that cannot be written (full disk), reading goes on all the same."""
    try:
        with runtime.begin(actor, vital=True) as uow:
            callers.touch_session(uow, id_hash)
    except (sqlalchemy.exc.SQLAlchemyError, OSError) as error:
        structlog.get_logger(__name__).warning("session_not_touched", error=type(error).__name__)
