"""The web side of a client's ticket: throttles, the cookie, and which part of the page is rendered."""

from __future__ import annotations

from datetime import datetime

from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from app.consultations import service
from app.consultations.service import ClientView, ViewKind
from app.platform.kernel.actor import CLIENT
from app.platform.kernel.errors import MastError, TooMany
from app.platform.security.policy import ticket_holder
from app.platform.web.problems import STATUS
from app.runtime import Runtime
from app.samples import service as samples


class TicketUnknown(MastError):
    """One answer for a wrong, expired, replaced or never issued code."""

    code = "ticket_unknown"

    def __init__(self) -> None:
        super().__init__(
            "There is no result for this code. It may be mistyped, or it is no longer valid.",
            hint="Check the code on your ticket. If it still does not work, ask at the service.",
        )


class TicketEnded(MastError):
    """The browser's own session for its ticket has ended."""

    code = "ticket_ended"

    def __init__(self) -> None:
        super().__init__("Show your ticket code again to go on.", hint="Scan it or type it.")


STATUS[TicketUnknown] = 404
STATUS[TicketEnded] = 401


def cookie_name(runtime: Runtime) -> str:
    """`__Host-` wherever cookies are Secure."""
    return "__Host-mast-ticket" if runtime.settings.cookie_secure else "mast-ticket"


def set_cookie(response: Response, runtime: Runtime, secret: str, until: datetime) -> None:
    """The browser's own secret until its time is over; no script can read it."""
    response.set_cookie(
        cookie_name(runtime),
        secret,
        expires=until,
        httponly=True,
        samesite="lax",
        secure=runtime.settings.cookie_secure,
        path="/",
    )


def look_up(runtime: Runtime, request: Request, code: str) -> samples.Sample:
    """The sample of a code. A right code is always served; wrong ones are counted per address and for the site.

    Raises TicketUnknown, the same for every way to be wrong, or TooMany.
    """
    with runtime.read() as session:
        sample = samples.sample_by_ticket(session, code, runtime.pepper, runtime.now())
    if sample is not None:
        return sample
    address = request.client.host if request.client else "?"
    for throttle, key in ((runtime.ticket_throttle, address), (runtime.site_ticket_throttle, "site")):
        try:
            throttle.check(key)
        except TooMany as error:
            raise TooMany("Too many wrong codes were tried in a short time.", retry_after_s=60) from error
        throttle.count(key)
    raise TicketUnknown


def held_sample(request: Request) -> samples.Sample:
    """Dependency: the sample of the browser's ticket cookie. Raises TicketEnded."""
    runtime: Runtime = request.app.state.runtime
    secret = request.cookies.get(cookie_name(runtime), "")
    if secret:
        with runtime.read() as session:
            sample = samples.sample_by_ticket_session(session, secret, runtime.pepper, runtime.now())
        if sample is not None:
            return sample
    raise TicketEnded


Held = ticket_holder(held_sample)


def view_for_client(runtime: Runtime, request: Request, sample: samples.Sample) -> ClientView:
    """What this client sees now; noted in the display log the first time."""
    with runtime.read() as session:
        view = service.client_view(session, runtime.pack, sample, runtime.now())
        if not service.client_lookup_allowed(session, sample):
            view = ClientView(
                ViewKind.IN_PERSON, view.place, why="At this session a worker tells you your result in person."
            )
        noting = service.needs_noting(session, sample, view, "client")
    if noting:
        with runtime.begin(CLIENT, request) as uow:
            row = samples.sample_for_system(uow.session, sample.id)
            if row is not None:
                service.note_shown(uow, row, view, "client")
    return view


def page_part(runtime: Runtime, request: Request, view: ClientView, *, template: str, code: str = "") -> HTMLResponse:
    """The part of the client's page that changes live."""
    return runtime.templates.page(request, template, view=view, code=code, now=runtime.now())
