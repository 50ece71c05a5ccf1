"""HTML of the client's ticket and of the health worker's consultation. The same use cases as the API."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.consultations import service, web
from app.consultations.domain import INTENTION_WORDS, Intention
from app.platform.kernel.actor import CLIENT, Actor, Role
from app.platform.kernel.errors import Invalid, MastError, TooMany
from app.platform.kernel.ids import new_id
from app.platform.security.policy import allow, public
from app.platform.web.idempotency import form_once
from app.runtime import Runtime, RuntimeDep
from app.samples import service as samples
from app.samples.domain import Stage
from app.sessions import service as sessions

router = APIRouter(include_in_schema=False)

Teller = Annotated[Actor, allow(Role.HEALTH_WORKER, Role.SESSION_LEAD)]
Held = Annotated[samples.Sample, web.Held]


@router.get("/t", dependencies=[public("the page where a ticket is scanned or typed")])
def ticket_page(request: Request, rt: RuntimeDep) -> HTMLResponse:
    """The entry. A browser that still holds its ticket sees its page, also without JavaScript."""
    try:
        sample = web.held_sample(request)
    except web.TicketEnded:
        return rt.templates.page(request, "client/ticket.html", view=None, code="", error=None, now=rt.now())
    view = web.view_for_client(rt, request, sample)
    return rt.templates.page(request, "client/ticket.html", view=view, code="", error=None, now=rt.now())


@router.post("/t", dependencies=[public("a typed code, for browsers without JavaScript")])
def open_ticket(request: Request, rt: RuntimeDep, code: Annotated[str, Form(max_length=40)] = "") -> Response:
    """Check the code, remember the browser, show the page under an address without the code."""
    try:
        sample = web.look_up(rt, request, code)
    except (web.TicketUnknown, TooMany) as error:
        status = 429 if isinstance(error, TooMany) else 404
        return rt.templates.page(
            request, "client/ticket.html", status=status, view=None, code=code, error=error, now=rt.now()
        )
    with rt.begin(CLIENT, request) as uow:
        secret, until = samples.open_ticket_session(uow, sample, rt.pepper)
    response = RedirectResponse("/t", 303)
    web.set_cookie(response, rt, secret, until)
    return response


@router.get("/t/part")
def ticket_part(request: Request, sample: Held, rt: RuntimeDep) -> HTMLResponse:
    """The changing part of the page, for whoever holds the ticket cookie."""
    return web.page_part(rt, request, web.view_for_client(rt, request, sample), template="client/part.html")


@router.post("/t/forget", dependencies=[public("a shared phone or tablet lets go of its ticket")])
def forget_ticket(request: Request, rt: RuntimeDep) -> Response:
    """Take the cookie back, for screens that several people use."""
    response = RedirectResponse("/t", 303)
    response.delete_cookie(web.cookie_name(rt), path="/", secure=rt.settings.cookie_secure, httponly=True)
    return response


@router.get("/consultations")
def consultations_page(request: Request, who: Teller, rt: RuntimeDep) -> HTMLResponse:
    """Released results nobody has talked about yet come first; then those still waiting."""
    return _list(request, who, rt, "consultations/list.html")


@router.get("/consultations/queue")
def consultations_queue(request: Request, who: Teller, rt: RuntimeDep) -> HTMLResponse:
    """The live part of the list."""
    return _list(request, who, rt, "consultations/queue.html")


def _list(request: Request, who: Actor, rt: Runtime, template: str) -> HTMLResponse:
    with rt.read() as session:
        open_sessions = sessions.sessions_of(session, who, open_only=True)
        rows = [row for s in open_sessions for row in samples.queue(session, who, s.id, now=rt.now(), everything=True)]
    ready = [r for r in rows if r.stage is Stage.RELEASED]
    told = [r for r in rows if r.stage is Stage.TOLD]
    waiting = [r for r in rows if r.stage in (Stage.RECEIVED, Stage.ANALYSED, Stage.VERIFIED)]
    return rt.templates.page(
        request, template, sessions=open_sessions, ready=ready, told=told, waiting=waiting, now=rt.now()
    )


@router.get("/consultations/samples/{sample_id}")
def consultation_page(request: Request, sample_id: uuid.UUID, who: Teller, rt: RuntimeDep) -> HTMLResponse:
    """The client's page with what staff may do beside it."""
    return _page(request, sample_id, who, rt)


@router.get("/consultations/samples/{sample_id}/part")
def consultation_part(request: Request, sample_id: uuid.UUID, who: Teller, rt: RuntimeDep) -> HTMLResponse:
    """The client's page alone, refreshed live."""
    with rt.read() as session:
        sample = samples.get_sample(session, who, sample_id)
        view = service.client_view(session, rt.pack, sample, rt.now())
    return rt.templates.page(request, "consultations/part.html", view=view, sample=sample, now=rt.now())


@router.post("/consultations/samples/{sample_id}/with")
def consultation_with(
    request: Request,
    sample_id: uuid.UUID,
    who: Teller,
    rt: RuntimeDep,
    also: Annotated[list[str] | None, Form()] = None,
) -> HTMLResponse:
    """The page with what the person says they also take: rendered from memory, written nowhere, not in the address."""
    known = rt.pack.co_use
    return _page(request, sample_id, who, rt, also=tuple(a for a in also or () if a in known))


def _page(
    request: Request,
    sample_id: uuid.UUID,
    who: Actor,
    rt: Runtime,
    *,
    also: tuple[str, ...] = (),
    error: MastError | None = None,
    values: Mapping[str, object] | None = None,
) -> HTMLResponse:
    with rt.read() as session:
        sample = samples.get_sample(session, who, sample_id)
        checking = sessions.get_session(session, who, sample.session_id)
        view = service.client_view(session, rt.pack, sample, rt.now(), also_taking=also)
        past = service.consultations_of(session, who, sample_id)
        noting = service.needs_noting(session, sample, view, "staff")
    if noting:
        with rt.begin(who, request) as uow:
            service.note_shown(uow, samples.get_sample(uow.session, who, sample_id), view, "staff")
    return rt.templates.page(
        request,
        "consultations/sample.html",
        status=200 if error is None else 422,
        sample=sample,
        checking=checking,
        view=view,
        past=past,
        also=also,
        co_use=list(rt.pack.co_use.values()),
        intentions=INTENTION_WORDS,
        error=error,
        values=values or {},
        idempotency_key=str(new_id()),
        now=rt.now(),
    )


@router.post("/consultations/samples/{sample_id}")
def record(
    request: Request,
    sample_id: uuid.UUID,
    who: Teller,
    rt: RuntimeDep,
    intention: Annotated[list[Intention] | None, Form()] = None,
    minutes: Annotated[str, Form(max_length=4)] = "",
    naloxone: Annotated[str, Form(max_length=3)] = "",
    referral: Annotated[str, Form(max_length=60)] = "",
    dependent_adult: Annotated[str, Form(max_length=3)] = "",
    idempotency_key: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    """Record what the person intends; sent twice, it is recorded once."""
    try:
        whole = _minutes(minutes)
        with rt.begin(who, request) as uow:
            form_once(request, rt.pepper, idempotency_key).run(
                uow,
                lambda: (
                    service.record_consultation(
                        uow,
                        sample_id,
                        [service.Tick(i) for i in intention or ()],
                        minutes=whole,
                        naloxone_given={"yes": True, "no": False}.get(naloxone),
                        referral=referral,
                        dependent_adult_confirmed=dependent_adult == "yes",
                    ).id
                ),
            )
    except MastError as error:
        chosen = {"intention": [i.value for i in intention or ()], "minutes": minutes, "referral": referral}
        return _page(request, sample_id, who, rt, error=error, values=chosen)
    return RedirectResponse(f"/consultations/samples/{sample_id}?recorded=1", 303)


def _minutes(typed: str) -> int | None:
    if not typed.strip():
        return None
    if not typed.strip().isdigit():
        raise Invalid("Minutes are a whole number, such as 12.", fields={"minutes": "not a whole number"})
    return int(typed)
