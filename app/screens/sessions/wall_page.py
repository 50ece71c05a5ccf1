"""The wall of a session: what anybody in the room may read, by a token that stands in the fragment of the address; and the page
where a session lead makes and ends that token."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.care.alerts import published_alerts
from app.care.alerts.domain import NO_GREEN_LIGHT, Channel
from app.intake.samples import queue
from app.intake.sessions import service, wall
from app.platform.kernel.errors import MastError, NotFound
from app.platform.security.policy import public
from app.platform.web.fields import Text60
from app.platform.web.forms import shown_again
from app.platform.web.problems import status_of
from app.runtime import Runtime, RuntimeDep
from app.screens.visits import Done, Keeper, Lead, Next, Visit, local_path

router = APIRouter(include_in_schema=False)

Token = Annotated[Text60, Form()]
NOTICES = 3
"""So many fit on the wall; the page of public alerts has them all."""


@dataclass(frozen=True, slots=True)
class Wall:
    """What stands on the wall. `more`: alerts that have no room."""

    now: datetime
    waiting: int
    typical: str
    notices: Sequence[published_alerts.PublishedAlert]
    more: int


DONE = {"ended": "The wall screen has ended."}


@router.get("/sessions/{session_id}/wall", dependencies=[public("shows nothing yet: the token is in its fragment")])
def wall_page(session_id: uuid.UUID, request: Request, rt: RuntimeDep) -> HTMLResponse:
    """The empty wall, which a script fills. The same for every session, so that it tells of none."""
    return _wall(request, rt, session_id)


@router.post("/sessions/{session_id}/wall", dependencies=[public("the token stands for the wall of one session")])
def wall_now(session_id: uuid.UUID, request: Request, rt: RuntimeDep, token: Token = "") -> HTMLResponse:
    """What stands on the wall now. No number of a sample, no ticket, nobody's name."""
    now = rt.now()

    def ended(error: MastError) -> Response:
        return _wall(request, rt, session_id, error=error)

    with shown_again(ended), rt.read() as session:
        row = wall.session_of(session, session_id, token, rt.pepper)
        place = service.site_of(session, row)
        waiting, typical = queue.waiting_now(session, row.id), queue.typical_wait(session, row.id)
        told = published_alerts.published(session, Channel.PUBLIC, rt.pack.register, now)
    notices = [one for one in told if (one.in_force or one.retracted_at) and one.region in ("", place.region)]
    said = Wall(now, waiting, _typical(typical), notices[:NOTICES], max(0, len(notices) - NOTICES))
    return _wall(request, rt, session_id, said)


def _wall(
    request: Request, rt: Runtime, session_id: uuid.UUID, said: Wall | None = None, error: MastError | None = None
) -> HTMLResponse:
    return rt.templates.page(
        request,
        "sessions/wall.html",
        status=status_of(error),
        session_id=session_id,
        wall=said,
        ended=error is not None,
        no_green_light=NO_GREEN_LIGHT,
    )


def _typical(found: tuple[timedelta, timedelta] | None) -> str:
    """A typical wait in whole five minutes.

    >>> _typical((timedelta(minutes=29.8), timedelta(minutes=50))), _typical((timedelta(), timedelta(minutes=3)))
    ('30 to 50 min', '5 min')
    """
    if found is None:
        return ""
    low, high = (max(5, 5 * round(wait / timedelta(minutes=5))) for wait in found)
    return f"{low} to {high} min" if high > low else f"{high} min"


@router.get("/sessions/{session_id}/wall-link")
def wall_link_page(session_id: uuid.UUID, visit: Lead, done: Done = "") -> HTMLResponse:
    """Whether a wall is on, and since when."""
    return _link(visit, session_id, said=DONE.get(done, ""))


@router.post("/sessions/{session_id}/wall-link")
def make_wall_link(session_id: uuid.UUID, visit: Lead) -> HTMLResponse:
    """Make a link and show it this once; one that was made before ends."""
    with visit.work(lambda error: _link(visit, session_id, error=error), but=NotFound) as uow:
        secret = wall.make(uow, session_id, visit.rt.pepper)
    return _link(visit, session_id, link=wall.address_of(visit.rt.settings.public_url, session_id, secret))


@router.post("/sessions/{session_id}/wall-link/end")
def end_wall_link(session_id: uuid.UUID, visit: Keeper, onwards: Next = "") -> Response:
    """End the link there is."""
    with visit.begin() as uow:
        wall.end(uow, session_id)
    own = f"/sessions/{session_id}/wall-link?done=ended"
    return RedirectResponse(local_path(onwards) if onwards else own, 303)


def _link(
    visit: Visit, session_id: uuid.UUID, *, link: str = "", said: str = "", error: MastError | None = None
) -> HTMLResponse:
    with visit.rt.read() as session:
        row = service.get_session(session, visit.who, session_id)
    return visit.page("sessions/wall_link.html", checking=row, link=link, said=said, error=error)
