"""JSON routes of alerts for staff: read, write, sign off, end, and the runs of the detection. Partners: api_told."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from app.care.alerts import schemas, service
from app.care.alerts.detecting_job import look_at_series
from app.care.alerts.domain import ALL_STEPS, HEALTH, LEADS, WRITERS, Act
from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import SERVICE_STAFF, allow
from app.platform.web.etags import IfMatch, set_etag
from app.platform.web.idempotency import OnceDep
from app.platform.web.paging import Cursor, Limit, Page, cut, decode_cursor
from app.runtime import RuntimeDep

router = APIRouter(prefix="/api/v1", tags=["alerts"])

Staff = Annotated[Actor, allow(*SERVICE_STAFF, Role.CLINICIAN)]
Writer = Annotated[Actor, allow(*sorted(WRITERS))]
Signer = Annotated[Actor, allow(*sorted(ALL_STEPS))]
Health = Annotated[Actor, allow(*sorted(HEALTH | LEADS))]
Approver = Annotated[Actor, allow(Role.CLINICIAN, Role.SESSION_LEAD)]


@router.get("/alerts")
def list_alerts(who: Staff, rt: RuntimeDep, cursor: Cursor = "", limit: Limit = 50) -> Page[schemas.AlertOut]:
    """Alerts the caller may read, newest first: drafts, those in force, retracted ones and those that are over."""
    before = decode_cursor(cursor)
    with rt.read() as session:
        rows = service.page(session, who, rt.now(), before=before, limit=limit + 1)
    return cut(rows, limit, schemas.AlertOut.of, lambda view: view.row.id)


@router.get("/alerts/now")
def alerts_now(who: Staff, rt: RuntimeDep, session_id: uuid.UUID | None = None) -> list[schemas.AlertOut]:
    """What staff are warned of now, and what was retracted a short while ago; for one session where named."""
    with rt.read() as session:
        return [schemas.AlertOut.of(view) for view in service.notices(session, who, rt.now(), session_id)]


@router.get("/alerts/runs")
def list_runs(who: Signer, rt: RuntimeDep) -> list[schemas.RunOut]:
    """The last looks over all series of the service, newest first."""
    with rt.read() as session:
        return [schemas.RunOut.model_validate(row) for row in service.runs(session, who)]


@router.post("/alerts/runs", status_code=202)
def ask_for_run(who: Writer, rt: RuntimeDep, request: Request) -> schemas.Asked:
    """Look over all series now instead of in the night."""
    with rt.begin(who, request) as uow:
        assert who.agency_id is not None
        look_at_series(uow, who.agency_id)
    return schemas.Asked()


@router.get("/alerts/{alert_id}")
def read_alert(alert_id: uuid.UUID, who: Staff, rt: RuntimeDep, response: Response) -> schemas.AlertDetailOut:
    """One alert with its evidence and its sign-off."""
    with rt.read() as session:
        view = service.alert_view(session, who, alert_id, rt.now())
        found = service.detail(session, who, view.row)
    set_etag(response, view.row.version)
    return schemas.AlertDetailOut.with_detail(view, found)


@router.post("/alerts", status_code=201, response_model=schemas.AlertOut)
def write_alert(body: schemas.AlertIn, who: Writer, rt: RuntimeDep, once: OnceDep, request: Request) -> JSONResponse:
    """Raise a T0 or T1 at once; write a draft of anything higher."""
    with rt.begin(who, request) as uow:

        def create() -> schemas.AlertOut:
            row = service.propose(uow, body.alert(), rt.pack.register)
            return schemas.AlertOut.of(service.alert_view(uow.session, who, row.id, uow.now))

        return once.run(uow, create)


@router.put("/alerts/{alert_id}")
def edit_alert(
    alert_id: uuid.UUID,
    body: schemas.AlertIn,
    who: Writer,
    rt: RuntimeDep,
    if_match: IfMatch,
    request: Request,
    response: Response,
) -> schemas.AlertOut:
    """Write a draft anew. Whoever does is one of its authors, and does not agree to it."""
    with rt.begin(who, request) as uow:
        row = service.edit(uow, alert_id, if_match, body.alert(), rt.pack.register)
        set_etag(response, row.version)
        return schemas.AlertOut.of(service.alert_view(uow.session, who, row.id, uow.now))


def step_with(
    alert_id: uuid.UUID, rt: RuntimeDep, if_match: IfMatch, request: Request, response: Response
) -> Callable[..., schemas.AlertOut]:
    """Dependency: takes a step with the alert of the address, from the version the caller has seen."""

    def take(who: Actor, act: Act, reason: str = "") -> schemas.AlertOut:
        with rt.begin(who, request) as uow:
            row = service.take(uow, alert_id, if_match, act, reason)
            set_etag(response, row.version)
            return schemas.AlertOut.of(service.alert_view(uow.session, who, row.id, uow.now))

    return take


Step = Annotated[Callable[..., schemas.AlertOut], Depends(step_with)]


@router.post("/alerts/{alert_id}/raise")
def raise_alert(who: Writer, take: Step) -> schemas.AlertOut:
    """Put a drafted T0 or T1 in force."""
    return take(who, Act.RAISE)


@router.post("/alerts/{alert_id}/submit")
def submit_alert(who: Writer, take: Step) -> schemas.AlertOut:
    """The laboratory's word for a T2 or higher: the first step of its sign-off."""
    return take(who, Act.SUBMIT)


@router.post("/alerts/{alert_id}/agree")
def agree_to_alert(who: Health, take: Step) -> schemas.AlertOut:
    """The health side agrees."""
    return take(who, Act.AGREE)


@router.post("/alerts/{alert_id}/approve")
def approve_alert(who: Approver, take: Step) -> schemas.AlertOut:
    """Approve it; the last approval its tier needs puts it in force."""
    return take(who, Act.APPROVE)


@router.post("/alerts/{alert_id}/send-back")
def send_back_alert(body: schemas.StepIn, who: Health, take: Step) -> schemas.AlertOut:
    """Make it a draft again; what was signed does not count any more."""
    return take(who, Act.SEND_BACK, body.reason)


@router.post("/alerts/{alert_id}/retract")
def retract_alert(body: schemas.RetractIn, who: Signer, take: Step) -> schemas.AlertOut:
    """Take back an alert that is in force; that is told where it stood."""
    return take(who, Act.RETRACT, body.reason)


@router.post("/alerts/{alert_id}/discard")
def discard_alert(body: schemas.EndIn, who: Writer, take: Step) -> schemas.AlertOut:
    """Drop a draft."""
    return take(who, Act.DISCARD, body.reason)
