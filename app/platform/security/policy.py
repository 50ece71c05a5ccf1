"""Who may call a route: declared on the route itself, denied by default (a start-up check and a test walk all).

who: Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER)]      staff with one of these roles
who: Annotated[Actor, allow()]                                 any staff; never an instrument's computer alone
dependencies=[public("the sign-in form must open for anybody")]  nobody in particular
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

from fastapi import Depends, FastAPI, Request
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from fastapi.staticfiles import StaticFiles
from starlette.routing import Mount

from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Forbidden, SecondFactorNeeded, Unauthenticated

# An instrument's computer is nobody's colleague: a route it needs names its role.
STAFF = frozenset(Role) - {Role.INSTRUMENT}
SERVICE_STAFF = frozenset({Role.RECEPTION, Role.CHEMIST, Role.VERIFIER, Role.HEALTH_WORKER, Role.SESSION_LEAD})


Identify = Callable[[Request], Actor | None]
"""Finds out who is calling, or that nobody is signed in; wired to the people feature in app.main."""


def current_actor(request: Request) -> Actor | None:
    """Who is calling, or None. Asked once per request."""
    if not hasattr(request.state, "actor"):
        identify = cast(Identify, request.app.state.identify)
        request.state.actor = identify(request)
    return cast("Actor | None", request.state.actor)


def allow(*roles: Role, also_waiting: bool = False) -> Any:
    """Dependency: the actor, if signed in with one of `roles` (any of STAFF when none is named).

    `also_waiting`: and who has yet to show a second factor.
    """
    needed = frozenset(roles) or STAFF

    def policy(request: Request) -> Actor:
        actor = current_actor(request)
        if actor is None:
            raise Unauthenticated(
                "You are not signed in, or your session has ended. Nothing you saved before is lost.",
                hint="Sign in and do it again.",
            )
        if actor.waits:
            if also_waiting:
                return actor
            raise SecondFactorNeeded
        if not actor.roles & needed:
            raise Forbidden("Your role does not include this.", hint="Ask a session lead if you think it should.")
        return actor

    _declare(policy, "roles: " + ", ".join(sorted(needed)))
    policy.mast_roles = needed  # type: ignore[attr-defined]
    return Depends(policy)


def public(reason: str) -> Any:
    """Dependency: open to anybody, and says why."""

    def policy() -> None:
        return None

    _declare(policy, f"public: {reason}")
    return Depends(policy)


def ticket_holder(check: Callable[..., Any]) -> Any:
    """Dependency: anyone who showed a right ticket, as found by `check`."""
    _declare(check, "ticket holder")
    return Depends(check)


def _declare(call: Callable[..., Any], words: str) -> None:
    call.mast_policy = words  # type: ignore[attr-defined]


def declared_policy(route: RouteContext) -> str | None:
    """The policy a route declares, itself or through the router it stands in; None when there is none."""
    call = _policy_of(route)
    return None if call is None else str(call.mast_policy)  # type: ignore[attr-defined]


def roles_of(route: APIRoute) -> frozenset[Role]:
    """The roles a route is for; none where it asks for no role."""
    return getattr(_policy_of(route), "mast_roles", frozenset())


def _policy_of(route: RouteContext | APIRoute) -> Callable[..., Any] | None:
    pending = [route.dependant]
    while pending:
        dependant = pending.pop()
        if hasattr(dependant.call, "mast_policy"):
            return dependant.call
        pending.extend(dependant.dependencies)
    return None


def api_routes(app: FastAPI) -> Iterator[RouteContext]:
    """Every route that runs our code. `app.routes` alone shows an included router as one opaque entry."""
    for route in iter_route_contexts(app.routes):
        if isinstance(route.original_route, APIRoute):
            yield route


def check_policies(app: FastAPI) -> None:
    """Refuse to start with a route nobody declared a policy for, or with a kind that cannot declare one."""
    missing = [f"{sorted(r.methods or ())} {r.path}" for r in api_routes(app) if declared_policy(r) is None]
    for route in iter_route_contexts(app.routes):
        found = route.original_route
        files = isinstance(found, Mount) and isinstance(found.app, StaticFiles)
        if not (isinstance(found, APIRoute) or files or route.path == app.openapi_url):
            missing.append(f"{type(found).__name__} {route.path}")
    if missing:
        raise RuntimeError(f"routes without a policy: {', '.join(missing)}")
