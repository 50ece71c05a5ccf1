"""The cookie side of signing in: reading it, setting it, and finding out who is calling."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from app.people import service
from app.platform.kernel.actor import Actor
from app.runtime import Runtime


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


def identify(request: Request) -> Actor | None:
    """Who is calling: a bearer token if one is sent, else the session cookie."""
    runtime: Runtime = request.app.state.runtime
    scheme, _, credential = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        with runtime.read() as session:
            return service.actor_of_token(session, credential.strip(), runtime.pepper, runtime.now())
    secret = request.cookies.get(cookie_name(runtime))
    if not secret:
        return None
    with runtime.read() as session:
        found = service.actor_of_session(session, secret, runtime.session_policy, runtime.now())
    if found is None:
        return None
    actor, touch = found
    if touch is not None:
        with runtime.db.begin(actor) as uow:
            service.touch_session(uow, touch)
    return actor
