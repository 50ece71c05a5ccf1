"""The client's page: a ticket is scanned or typed, and its browser is remembered. And the same on paper, for the client who
holds the ticket and for the health worker: large type, nothing folded away.

What a person says they also take is never asked for where something is printed, so no printer and no queue of one ever sees
it; nor is a ticket's code on the sheet.
"""

from __future__ import annotations

import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.care.consultations import web
from app.care.consultations.client_view import ClientView
from app.intake.samples import service as samples
from app.platform.kernel.actor import Role
from app.platform.kernel.errors import MastError, TooMany
from app.platform.security.policy import public
from app.platform.web.problems import headers_of, status_of
from app.runtime import Runtime, RuntimeDep
from app.screens.visits import Visit, visitor

router = APIRouter(include_in_schema=False)

Teller = Annotated[Visit, visitor(Role.HEALTH_WORKER, Role.SESSION_LEAD)]
Held = Annotated[samples.Sample, web.Held]
Paper = Literal["a4", "receipt"]


@router.get("/t", dependencies=[public("the page where a ticket is scanned or typed")])
def ticket_page(request: Request, rt: RuntimeDep) -> HTMLResponse:
    """The entry. A browser that still holds its ticket sees its page, also without JavaScript."""
    try:
        sample = web.held_sample(request)
    except web.TicketEnded:
        return _ticket(request, rt)
    return _ticket(request, rt, view=web.view_for_client(rt, request, sample))


@router.post("/t", dependencies=[public("a typed code, for browsers without JavaScript")])
def open_ticket(request: Request, rt: RuntimeDep, code: Annotated[str, Form(max_length=40)] = "") -> Response:
    """Check the code, remember the browser, show the page under an address without the code."""
    response = RedirectResponse("/t", 303)
    try:
        sample = web.look_up(rt, request, code)
        if not web.remember(response, rt, request, sample):
            return _ticket(request, rt, view=web.view_for_client(rt, request, sample))
    except (web.TicketUnknown, TooMany) as error:
        return _ticket(request, rt, code=code, error=error)
    return response


def _ticket(
    request: Request, rt: Runtime, *, view: ClientView | None = None, code: str = "", error: MastError | None = None
) -> HTMLResponse:
    response = web.client_page(
        rt, request, "ticket/ticket.html", view=view, status=status_of(error), code=code, error=error
    )
    web.keep_language(response, request, rt)
    response.headers.update(headers_of(error))
    return response


@router.get("/t/part")
def ticket_part(request: Request, sample: Held, rt: RuntimeDep) -> HTMLResponse:
    """The changing part of the page, for anyone who holds the ticket cookie."""
    return web.client_page(rt, request, "ticket/part.html", view=web.view_for_client(rt, request, sample), code="")


@router.post("/t/forget", dependencies=[public("a shared phone or tablet lets go of its ticket")])
def forget_ticket(rt: RuntimeDep) -> Response:
    """Take the cookie back, for screens that several people use."""
    response = RedirectResponse("/t", 303)
    web.forget(response, rt)
    return response


@router.get("/t/print")
def print_ticket(request: Request, sample: Held, rt: RuntimeDep, paper: Paper = "a4") -> Response:
    """The client's result. Where there is none to print, their page."""
    view = web.view_for_client(rt, request, sample)
    if view.page is None:
        return RedirectResponse("/t", 303)
    address = f"/t/print?of={request.state.ticket_mark}&lang={view.locale}&"
    return web.client_page(rt, request, "ticket/print.html", view=view, paper_size=paper, address=address, back="/t")


@router.get("/consultations/samples/{sample_id}/print")
def print_consultation(visit: Teller, sample_id: uuid.UUID, paper: Paper = "a4") -> Response:
    """The client's printed sheet, from the health worker's screen."""
    rt, request = visit.rt, visit.request
    back, locale = f"/consultations/samples/{sample_id}", web.asked_for(request, rt)
    kept = f"{web.ASKED}={locale}&" if locale else ""
    _, view = web.view_for_staff(rt, request, visit.who, sample_id)
    if view.page is None:
        return RedirectResponse(back, 303)
    return web.client_page(
        rt,
        request,
        "ticket/print.html",
        view=view,
        paper_size=paper,
        address=f"{back}/print?{kept}",
        back=f"{back}?{kept}".rstrip("?&"),
    )
