"""Pages of one alert: its evidence, its sign-off with what is missing, every step, and the sheet to print."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.care.alerts import service
from app.care.alerts.domain import ALL_STEPS, CHANNELS, HEALTH, LEADS, SIGNED, WRITERS, Act, AlertState
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import MastError, NotFound
from app.platform.security.policy import SERVICE_STAFF, allow
from app.platform.web.fields import Note200, Told200
from app.platform.web.forms import Entered, fields_of, shown_again
from app.platform.web.problems import status_of
from app.runtime import Runtime, RuntimeDep
from app.screens.alerts.forms import AlertForm, of_draft
from app.screens.alerts.shared import form_page, words_of

router = APIRouter(include_in_schema=False)

Staff = Annotated[Actor, allow(*SERVICE_STAFF, Role.CLINICIAN)]
Writer = Annotated[Actor, allow(*sorted(WRITERS))]
Signer = Annotated[Actor, allow(*sorted(ALL_STEPS))]
Health = Annotated[Actor, allow(*sorted(HEALTH | LEADS))]
Approver = Annotated[Actor, allow(Role.CLINICIAN, Role.SESSION_LEAD)]
Version = Annotated[int, Form()]
Reason = Annotated[Note200, Form()]
ToldReason = Annotated[Told200, Form()]
ENDS = {Act.RETRACT: "retracted", Act.DISCARD: "discarded"}


@router.get("/alerts/{alert_id}")
def alert_page(request: Request, alert_id: uuid.UUID, who: Staff, rt: RuntimeDep) -> HTMLResponse:
    """One alert with everything that was done to it."""
    return _one(request, rt, who, alert_id)


@router.get("/alerts/{alert_id}/sheet")
def alert_sheet(request: Request, alert_id: uuid.UUID, who: Staff, rt: RuntimeDep) -> Response:
    """An alert on a sheet of A4, as it may hang where people pass: no session, no sample, no evidence. From T2 on, once
    it was in force; back to its page else."""
    with rt.read() as session:
        view = service.alert_view(session, who, alert_id, rt.now())
    if view.row.tier not in SIGNED or view.waits:
        return RedirectResponse(f"/alerts/{alert_id}", 303)
    return rt.templates.page(request, "alerts/sheet.html", v=view, back=f"/alerts/{alert_id}", **words_of(rt))


@router.get("/alerts/{alert_id}/edit")
def edit_page(request: Request, alert_id: uuid.UUID, who: Writer, rt: RuntimeDep) -> Response:
    """A draft as a form; back to its page once it is none."""
    with rt.read() as session:
        view = service.alert_view(session, who, alert_id, rt.now())
    if view.row.state is not AlertState.DRAFT:
        return RedirectResponse(f"/alerts/{alert_id}", 303)
    return form_page(request, rt, who, of_draft(view.row), editing=alert_id)


@router.post("/alerts/{alert_id}/edit")
def edit(
    request: Request, alert_id: uuid.UUID, who: Writer, rt: RuntimeDep, form: Annotated[AlertForm, Form()]
) -> Response:
    """Keep it as it is written now; else the form again with what is wrong."""
    with rt.read() as session:
        service.alert_view(
            session, who, alert_id, rt.now()
        )  # a foreign one answers like an absent one, before all else
    with shown_again(lambda error: form_page(request, rt, who, form, error=error, editing=alert_id), but=NotFound):
        new = form.entered(rt.pack.register, rt.now())
        with rt.begin(who, request) as uow:
            service.edit(uow, alert_id, form.version, new, rt.pack.register)
    return RedirectResponse(f"/alerts/{alert_id}", 303)


@router.post("/alerts/{alert_id}/raise")
def raise_it(request: Request, alert_id: uuid.UUID, who: Writer, rt: RuntimeDep, version: Version = 0) -> Response:
    """Put a drafted T0 or T1 in force."""
    return _taken(request, rt, who, alert_id, version, Act.RAISE)


@router.post("/alerts/{alert_id}/submit")
def submit(request: Request, alert_id: uuid.UUID, who: Writer, rt: RuntimeDep, version: Version = 0) -> Response:
    """The laboratory's word."""
    return _taken(request, rt, who, alert_id, version, Act.SUBMIT)


@router.post("/alerts/{alert_id}/agree")
def agree(request: Request, alert_id: uuid.UUID, who: Health, rt: RuntimeDep, version: Version = 0) -> Response:
    """The health side agrees."""
    return _taken(request, rt, who, alert_id, version, Act.AGREE)


@router.post("/alerts/{alert_id}/approve")
def approve(request: Request, alert_id: uuid.UUID, who: Approver, rt: RuntimeDep, version: Version = 0) -> Response:
    """Approve it."""
    return _taken(request, rt, who, alert_id, version, Act.APPROVE)


@router.post("/alerts/{alert_id}/send-back")
def send_back(
    request: Request, alert_id: uuid.UUID, who: Health, rt: RuntimeDep, version: Version = 0, reason: Reason = ""
) -> Response:
    """Make it a draft again."""
    return _taken(request, rt, who, alert_id, version, Act.SEND_BACK, reason)


@router.post("/alerts/{alert_id}/retract")
def retract(
    request: Request, alert_id: uuid.UUID, who: Signer, rt: RuntimeDep, version: Version = 0, reason: ToldReason = ""
) -> Response:
    """Take it back."""
    return _taken(request, rt, who, alert_id, version, Act.RETRACT, reason)


@router.post("/alerts/{alert_id}/discard")
def discard(
    request: Request, alert_id: uuid.UUID, who: Writer, rt: RuntimeDep, version: Version = 0, reason: Reason = ""
) -> Response:
    """Drop the draft."""
    return _taken(request, rt, who, alert_id, version, Act.DISCARD, reason)


def _taken(
    request: Request, rt: Runtime, who: Actor, alert_id: uuid.UUID, version: int, act: Act, reason: str = ""
) -> Response:
    with (
        shown_again(lambda error: _one(request, rt, who, alert_id, error=error, tried=act), but=NotFound),
        rt.begin(who, request) as uow,
    ):
        service.take(uow, alert_id, version, act, reason)
    return RedirectResponse(f"/alerts?done={ENDS[act]}" if act in ENDS else f"/alerts/{alert_id}", 303)


def _one(
    request: Request,
    rt: Runtime,
    who: Actor,
    alert_id: uuid.UUID,
    *,
    error: MastError | None = None,
    tried: Act | None = None,
) -> HTMLResponse:
    with rt.read() as session:
        view = service.alert_view(session, who, alert_id, rt.now())
        found = service.detail(session, who, view.row)
    return rt.templates.page(
        request,
        "alerts/alert.html",
        status=status_of(error),
        v=view,
        d=found,
        error=error,
        fields=Entered({f"reason-{tried}" if k == "reason" else k: said for k, said in fields_of(error).items()}),
        signed=view.row.tier in SIGNED,
        will_tell=CHANNELS[view.row.tier],
        **words_of(rt),
    )
