"""A result on paper, for the client who holds the ticket and for the health worker: large type, nothing folded away.

What a person says they also take is never asked for here, so no printer and no queue of one ever sees it; nor is a
ticket's code on the sheet.
"""

from __future__ import annotations

import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from app.care.consultations import web
from app.intake.samples import service as samples
from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import allow
from app.runtime import RuntimeDep

router = APIRouter(include_in_schema=False)

Teller = Annotated[Actor, allow(Role.HEALTH_WORKER, Role.SESSION_LEAD)]
Held = Annotated[samples.Sample, web.Held]
Paper = Literal["a4", "receipt"]


@router.get("/t/print")
def print_ticket(request: Request, sample: Held, rt: RuntimeDep, paper: Paper = "a4") -> Response:
    """The client's result. Where there is none to print, their page."""
    view = web.view_for_client(rt, request, sample)
    if view.page is None:
        return RedirectResponse("/t", 303)
    address = f"/t/print?of={request.state.ticket_mark}&lang={view.locale}&"
    return web.client_page(rt, request, "ticket/print.html", view=view, paper_size=paper, address=address, back="/t")


@router.get("/consultations/samples/{sample_id}/print")
def print_consultation(
    request: Request, sample_id: uuid.UUID, who: Teller, rt: RuntimeDep, paper: Paper = "a4"
) -> Response:
    """The client's printed sheet, from the health worker's screen."""
    back, asked = f"/consultations/samples/{sample_id}", web.asked_for(request, rt)
    kept = f"{web.ASKED}={asked}&" if asked else ""
    _, view = web.view_for_staff(rt, request, who, sample_id)
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
