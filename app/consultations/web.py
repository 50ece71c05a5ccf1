"""The web side of a client's ticket: throttles, the cookie, live events, and the part of the page that changes."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from app.consultations import service
from app.consultations.service import ClientView, ShownTo
from app.platform.kernel.actor import CLIENT
from app.platform.kernel.errors import MastError, TooMany
from app.platform.live import LiveEvent
from app.platform.security.policy import ticket_holder
from app.platform.security.tokens import keyed_hash
from app.platform.web.problems import STATUS
from app.runtime import Runtime
from app.samples import service as samples


class TicketUnknown(MastError):
    """One answer for a code that is wrong, expired, replaced, withdrawn, back of house or was never issued."""

    code = "ticket_unknown"

    def __init__(self) -> None:
        super().__init__(
            "There is no result for this code. It may be mistyped, or it is no longer valid.",
            hint="Check the code on your ticket. If it still does not work, ask at the service.",
        )


class TicketEnded(MastError):
    """The browser's own session for its ticket has ended."""

    code = "ticket_ended"

    def __init__(self, what: str = "Show your ticket code again to go on.") -> None:
        super().__init__(what, hint="Scan it or type it.")


STATUS[TicketUnknown] = 404
STATUS[TicketEnded] = 401


def cookie_name(runtime: Runtime) -> str:
    """`__Host-` wherever cookies are Secure."""
    return "__Host-mast-ticket" if runtime.settings.cookie_secure else "mast-ticket"


def remember(response: Response, runtime: Runtime, request: Request, sample: samples.Sample) -> None:
    """Give this browser a secret of its own for the sample, so that the code is not needed again."""
    with runtime.begin(CLIENT, request) as uow:
        secret, until = samples.open_ticket_session(uow, sample, runtime.pepper)
    response.set_cookie(
        cookie_name(runtime),
        secret,
        max_age=int((until - runtime.now()).total_seconds()),  # not a date: clocks of phones are wrong
        httponly=True,
        samesite="lax",
        secure=runtime.settings.cookie_secure,
        path="/",
    )


def forget(response: Response, runtime: Runtime) -> None:
    """Take the cookie back."""
    response.delete_cookie(cookie_name(runtime), path="/", secure=runtime.settings.cookie_secure, httponly=True)


def look_up(runtime: Runtime, request: Request, code: str) -> samples.Sample:
    """The sample of a code. A right code is always served; wrong ones are counted per address and for the site.

    Raises TicketUnknown, the same for every way to be wrong, or TooMany.
    """
    with runtime.read() as session:
        sample = service.sample_of_code(session, code, runtime.pepper, runtime.now())
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


def mark_of(runtime: Runtime, sample: samples.Sample) -> str:
    """Stands for the sample in the addresses its page asks: opens nothing, and tells nobody which sample it is."""
    return keyed_hash(runtime.pepper, "ticket page", str(sample.id))[:16]


def held_sample(request: Request) -> samples.Sample:
    """Dependency: the sample of the browser's ticket cookie. Raises TicketEnded.

    The tabs of a browser share the cookie, and the last ticket opened has it. A tab says by `?of=` whose page it
    shows, so that it never follows, or is given, the sample of another.
    """
    runtime: Runtime = request.app.state.runtime
    secret = request.cookies.get(cookie_name(runtime), "")
    if secret:
        with runtime.read() as session:
            sample = service.sample_of_browser(session, secret, runtime.pepper, runtime.now())
        if sample is not None:
            if request.query_params.get("of") not in (None, mark_of(runtime, sample)):
                raise TicketEnded(
                    "Another ticket was opened in this browser. Show the code of this one again to go on."
                )
            return sample
    raise TicketEnded


Held = ticket_holder(held_sample)


def holds(request: Request, sample: samples.Sample) -> bool:
    """Whether this browser showed the ticket of this sample before."""
    try:
        return held_sample(request).id == sample.id
    except TicketEnded:
        return False


def concerns(sample: samples.Sample) -> Callable[[LiveEvent], bool]:
    """Which events change the page of this sample: its own, and those that shorten the queue before it."""
    sample_id, session_id, number = sample.id, sample.session_id, sample.number

    def accepts(event: LiveEvent) -> bool:
        if event.sample_id == sample_id:
            return event.topic in ("client", "sample")
        return (
            event.session_id == session_id
            and event.kind in ("sample.released", "sample.withdrawn")
            and event.payload.get("number", number) < number
        )

    return accepts


def view_for_client(runtime: Runtime, request: Request, sample: samples.Sample) -> ClientView:
    """What this client sees now; noted in the display log the first time. The page learns the sample's mark."""
    request.state.ticket_mark = mark_of(runtime, sample)
    with runtime.read() as session:
        view = service.own_view(session, runtime.pack, sample, runtime.now())
        noting = service.needs_noting(session, sample, view, ShownTo.CLIENT)
    if noting:
        with runtime.begin(CLIENT, request) as uow:
            row = samples.sample_for_system(uow.session, sample.id)
            if row is not None:
                service.note_shown(uow, row, view, ShownTo.CLIENT)
    return view


def page_part(runtime: Runtime, request: Request, view: ClientView, *, code: str = "") -> HTMLResponse:
    """The part of the client's page that changes live."""
    return runtime.templates.page(request, "client/part.html", view=view, code=code, now=runtime.now())
