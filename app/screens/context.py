"""What every page may use besides its own values: who is signed in, the header, where live events come from."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import TypedDict

from fastapi import Request

from app.platform.kernel.actor import Actor
from app.platform.security.policy import SERVICE_STAFF, current_actor
from app.platform.web.middleware import live_from
from app.screens.alerts.page import Banner, banner_of
from app.screens.navigation import Link, nav_for
from app.settings import Settings


class CommonValues(TypedDict):
    """Names every template may use; no page gives a value under one of them."""

    actor: Actor | None
    nav: list[Link]
    settings_name: str
    demo: bool
    ticket_events: str
    live_url: str
    alert_banner: Callable[[uuid.UUID | None], Banner] | None


def page_context(request: Request, settings: Settings) -> CommonValues:
    """The common values of one request."""
    actor = current_actor(request)
    hears = actor is not None and actor.agency_id is not None and actor.has(*SERVICE_STAFF)
    return {
        "actor": actor,
        "nav": nav_for(actor, request.url.path),
        "settings_name": settings.name if settings.name != "MAST" else "",
        "demo": settings.demo,
        "ticket_events": live_from(request, "/api/v1/tickets/events"),
        "live_url": live_from(request, "/api/v1/events") if hears else "",
        "alert_banner": partial(banner_of, request.app.state.runtime, actor) if hears and actor else None,
    }
