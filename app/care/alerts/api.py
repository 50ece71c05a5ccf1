"""JSON routes of alerts: what is told to partner agencies and to everybody; and for staff: read, write, sign off, end, the
runs of the detection."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from app.care.alerts import schemas, service, told
from app.care.alerts.detecting_job import look_at_series
from app.care.alerts.domain import ALL_STEPS, HEALTH, LEADS, PARTNERS, WRITERS, Act, Channel
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import SERVICE_STAFF, allow, public
from app.platform.web.etags import tagged
from app.platform.web.paging import Cursor, Limit, Page, cut, decode_cursor
from app.runtime import Change, ChangeDep, CreationDep, RuntimeDep

router = APIRouter(prefix="/api/v1", tags=["alerts"])

Staff = Annotated[Actor, allow(*SERVICE_STAFF, Role.CLINICIAN)]
Writer = Annotated[Actor, allow(*sorted(WRITERS))]
Signer = Annotated[Actor, allow(*sorted(ALL_STEPS))]
Health = Annotated[Actor, allow(*sorted(HEALTH | LEADS))]
Approver = Annotated[Actor, allow(Role.CLINICIAN, Role.SESSION_LEAD)]
Partner = Annotated[Actor, allow(*sorted(PARTNERS))]


@router.get("/alerts/told")
def alerts_told(who: Partner, rt: RuntimeDep) -> list[told.Told]:
    """What partner agencies are told: alerts from T2 on that are in force, and retractions."""
    with rt.read() as session:
        return told.told(session, Channel.PARTNERS, rt.pack.register, rt.now())


@router.get("/alerts/public", dependencies=[public("public alerts are for everybody")])
def alerts_public(rt: RuntimeDep) -> list[told.Told]:
    """What everybody is told: public alerts (T3) that are in force, and retractions."""
    with rt.read() as session:
        return told.told(session, Channel.PUBLIC, rt.pack.register, rt.now())


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
    return tagged(response, schemas.AlertDetailOut.with_detail(view, found))


@router.post("/alerts", status_code=201, response_model=schemas.AlertOut)
def write_alert(body: schemas.AlertIn, who: Writer, rt: RuntimeDep, creation: CreationDep) -> JSONResponse:
    """Raise a T0 or T1 at once; write a draft of anything higher."""
    return creation.made(who, lambda uow: _out(uow, service.propose(uow, body.alert(), rt.pack.register)))


@router.put("/alerts/{alert_id}")
def edit_alert(
    alert_id: uuid.UUID, body: schemas.AlertIn, who: Writer, rt: RuntimeDep, change: ChangeDep
) -> schemas.AlertOut:
    """Write a draft anew. Whoever does is one of its authors, and does not agree to it."""
    register = rt.pack.register
    return change.made(who, lambda uow: _out(uow, service.edit(uow, alert_id, change.version, body.alert(), register)))


def _take(alert_id: uuid.UUID, who: Actor, change: Change, act: Act, reason: str = "") -> schemas.AlertOut:
    return change.made(who, lambda uow: _out(uow, service.take(uow, alert_id, change.version, act, reason)))


def _out(uow: UnitOfWork, row: service.Alert) -> schemas.AlertOut:
    return schemas.AlertOut.of(service.alert_view(uow.session, uow.actor, row.id, uow.now))


@router.post("/alerts/{alert_id}/raise")
def raise_alert(alert_id: uuid.UUID, who: Writer, change: ChangeDep) -> schemas.AlertOut:
    """Put a drafted T0 or T1 in force."""
    return _take(alert_id, who, change, Act.RAISE)


@router.post("/alerts/{alert_id}/submit")
def submit_alert(alert_id: uuid.UUID, who: Writer, change: ChangeDep) -> schemas.AlertOut:
    """The laboratory's word for a T2 or higher: the first step of its sign-off."""
    return _take(alert_id, who, change, Act.SUBMIT)


@router.post("/alerts/{alert_id}/agree")
def agree_to_alert(alert_id: uuid.UUID, who: Health, change: ChangeDep) -> schemas.AlertOut:
    """The health side agrees."""
    return _take(alert_id, who, change, Act.AGREE)


@router.post("/alerts/{alert_id}/approve")
def approve_alert(alert_id: uuid.UUID, who: Approver, change: ChangeDep) -> schemas.AlertOut:
    """Approve it; the last approval its tier needs puts it in force."""
    return _take(alert_id, who, change, Act.APPROVE)


@router.post("/alerts/{alert_id}/send-back")
def send_back_alert(alert_id: uuid.UUID, body: schemas.StepIn, who: Health, change: ChangeDep) -> schemas.AlertOut:
    """Make it a draft again; what was signed does not count any more."""
    return _take(alert_id, who, change, Act.SEND_BACK, body.reason)


@router.post("/alerts/{alert_id}/retract")
def retract_alert(alert_id: uuid.UUID, body: schemas.RetractIn, who: Signer, change: ChangeDep) -> schemas.AlertOut:
    """Take back an alert that is in force; that is told where it stood."""
    return _take(alert_id, who, change, Act.RETRACT, body.reason)


@router.post("/alerts/{alert_id}/discard")
def discard_alert(alert_id: uuid.UUID, body: schemas.EndIn, who: Writer, change: ChangeDep) -> schemas.AlertOut:
    """Drop a draft."""
    return _take(alert_id, who, change, Act.DISCARD, body.reason)
