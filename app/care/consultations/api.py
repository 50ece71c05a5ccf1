"""JSON and live routes of tickets and consultations."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import JsonValue
from sse_starlette.sse import EventSourceResponse

from app.care.consultations import schemas, service, web
from app.intake.samples import service as samples
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.live.sse import event_stream
from app.platform.security.policy import allow, public
from app.runtime import CreationDep, RuntimeDep

router = APIRouter(prefix="/api/v1", tags=["consultations"])

Teller = Annotated[Actor, allow(Role.HEALTH_WORKER, Role.SESSION_LEAD)]
Held = Annotated[samples.Sample, web.Held]

_STATE: dict[int | str, dict[str, JsonValue]] = {
    200: {"content": {"text/html": {}}, "description": "The client's page as data; as HTML when Accept asks for it"},
    404: {"description": "One answer for wrong, expired and unknown codes"},
    429: {"description": "Too many wrong codes"},
}


@router.post(
    "/tickets/view",
    response_model=schemas.TicketState,
    responses=_STATE,
    dependencies=[public("anyone who holds the code may see its sample; wrong codes are throttled")],
)
def view_ticket(
    body: schemas.TicketCode, request: Request, rt: RuntimeDep, lang: Annotated[str, Query(max_length=10)] = ""
) -> Response:
    """Open a ticket. Sets a cookie, so that the page can follow live events without the code.

    `lang`: a language of the message pack, such as `cy`; else the browser's choice or Accept-Language decides.
    """
    sample = web.look_up(rt, request, body.code)
    view = web.view_for_client(rt, request, sample)
    response: Response
    if "text/html" in request.headers.get("accept", ""):
        response = web.client_page(rt, request, "ticket/part.html", view=view, code=body.code)
    else:
        response = JSONResponse(schemas.TicketState.of(view).model_dump(mode="json"))
    if not web.holds(request, sample):
        web.remember(response, rt, request, sample)
    return response


@router.get(
    "/tickets/events",
    response_class=EventSourceResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "That something about your sample changed"}},
)
async def ticket_events(request: Request, sample: Held, rt: RuntimeDep) -> EventSourceResponse:
    """Says that the holder's page may have changed, and nothing else. Holds no database session."""
    return event_stream(rt.hub, web.concerns(sample), request, contents=False)


@router.get("/samples/{sample_id}/consultations")
def list_consultations(sample_id: uuid.UUID, who: Teller, rt: RuntimeDep) -> list[schemas.ConsultationOut]:
    """Talks about a sample, newest first."""
    with rt.read() as session:
        return [schemas.ConsultationOut.of(v) for v in service.consultations_of(session, who, sample_id)]


@router.post("/samples/{sample_id}/consultations", status_code=201, response_model=schemas.ConsultationOut)
def record_consultation(
    sample_id: uuid.UUID, body: schemas.NewConsultation, who: Teller, creation: CreationDep
) -> JSONResponse:
    """Record a talk and what the people intend."""

    def create(uow: UnitOfWork) -> schemas.ConsultationOut:
        talk = body.model_dump(exclude={"outcomes"})
        return schemas.ConsultationOut.of(service.record_consultation(uow, sample_id, body.outcomes, **talk))

    return creation.made(who, create)
