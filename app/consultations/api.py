"""JSON and live routes of tickets and consultations."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from sse_starlette.sse import EventSourceResponse

from app.consultations import schemas, service, web
from app.consultations.service import ClientView
from app.platform.kernel.actor import CLIENT, Actor, Role
from app.platform.live import LiveEvent, event_stream
from app.platform.security.policy import allow, public
from app.platform.web.idempotency import OnceDep
from app.runtime import RuntimeDep
from app.samples import service as samples

router = APIRouter(prefix="/api/v1", tags=["consultations"])

Teller = Annotated[Actor, allow(Role.HEALTH_WORKER, Role.SESSION_LEAD)]
Held = Annotated[samples.Sample, web.Held]

_STATE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/html": {}}, "description": "The client's page as data; as HTML when Accept asks for it"},
    404: {"description": "One answer for wrong, expired and unknown codes"},
    429: {"description": "Too many wrong codes"},
}


@router.post(
    "/tickets/view",
    response_model=schemas.TicketState,
    responses=_STATE,
    dependencies=[public("whoever holds the code may see its sample; wrong codes are throttled")],
)
def view_ticket(body: schemas.TicketCode, request: Request, rt: RuntimeDep) -> Response:
    """Open a ticket. Sets a cookie, so that the page can follow live events without the code."""
    sample = web.look_up(rt, request, body.code)
    view = web.view_for_client(rt, request, sample)
    response: Response
    if "text/html" in request.headers.get("accept", ""):
        response = web.page_part(rt, request, view, template="client/part.html", code=body.code)
    else:
        response = JSONResponse(_state(view).model_dump(mode="json"))
    if _held(request, rt) != sample.id:
        with rt.begin(CLIENT, request) as uow:
            secret, until = samples.open_ticket_session(uow, sample, rt.pepper)
        web.set_cookie(response, rt, secret, until)
    return response


def _held(request: Request, rt: RuntimeDep) -> uuid.UUID | None:
    try:
        return web.held_sample(request).id
    except web.TicketEnded:
        return None


def _state(view: ClientView) -> schemas.TicketState:
    page = view.page
    shown = page.loggable().messages() if page else ()
    return schemas.TicketState(
        kind=view.kind,
        place=view.place,
        stage=view.stage,
        before=view.before,
        headline=page.headline if page else "",
        told_us=page.told_us if page else "",
        messages=[
            schemas.ResultMessage(id=m.id, version=m.version, severity=m.severity, slot=m.slot, text=m.text)
            for m in shown
        ],
        under_review=view.under_review,
        changed_at=view.changed_at,
    )


@router.get(
    "/tickets/events",
    response_class=EventSourceResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "That something about your sample changed"}},
)
async def ticket_events(request: Request, sample: Held, rt: RuntimeDep) -> EventSourceResponse:
    """Live events of the holder's own sample. Holds no database session."""
    sample_id, session_id = sample.id, sample.session_id

    def mine(event: LiveEvent) -> bool:
        if event.sample_id == sample_id:
            return event.topic in ("client", "result", "sample")
        return event.topic == "queue" and event.session_id == session_id  # the number waiting before changed

    return event_stream(rt.hub, mine, request)


@router.get("/samples/{sample_id}/consultations")
def list_consultations(sample_id: uuid.UUID, who: Teller, rt: RuntimeDep) -> list[schemas.ConsultationOut]:
    """Talks about a sample, newest first."""
    with rt.read() as session:
        return [schemas.ConsultationOut.of(v) for v in service.consultations_of(session, who, sample_id)]


@router.post("/samples/{sample_id}/consultations", status_code=201, response_model=schemas.ConsultationOut)
def record_consultation(
    sample_id: uuid.UUID,
    body: schemas.NewConsultation,
    who: Teller,
    rt: RuntimeDep,
    once: OnceDep,
    request: Request,
) -> JSONResponse:
    """Record a talk and what the people intend."""
    with rt.begin(who, request) as uow:

        def create() -> schemas.ConsultationOut:
            row = service.record_consultation(
                uow,
                sample_id,
                [service.Tick(t.intention, t.moment, t.person_index) for t in body.outcomes],
                minutes=body.minutes,
                group_size=body.group_size,
                naloxone_given=body.naloxone_given,
                referral=body.referral,
                dependent_adult_confirmed=body.dependent_adult_confirmed,
            )
            found = service.consultations_of(uow.session, who, sample_id)
            return schemas.ConsultationOut.of(next(v for v in found if v.row.id == row.id))

        return once.run(uow, create)


@router.get("/samples/{sample_id}/page", response_class=HTMLResponse, include_in_schema=False)
def preview_page(sample_id: uuid.UUID, who: Teller, rt: RuntimeDep, request: Request) -> HTMLResponse:
    """The client's page as its client would see it, for whoever tells them."""
    with rt.read() as session:
        sample = samples.get_sample(session, who, sample_id)
        view = service.client_view(session, rt.pack, sample, rt.now())
    return web.page_part(rt, request, view, template="client/part.html")
