"""JSON routes of alerts. Partner agencies have none of them: what they may read comes with sign-off."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from app.alerts import schemas, service
from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import SERVICE_STAFF, allow
from app.platform.web.etags import IfMatch, set_etag
from app.platform.web.idempotency import OnceDep
from app.platform.web.paging import Cursor, Limit, Page, cut, decode_cursor
from app.runtime import RuntimeDep

router = APIRouter(prefix="/api/v1", tags=["alerts"])

Staff = Annotated[Actor, allow(*SERVICE_STAFF)]
Writer = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD)]


@router.get("/alerts")
def list_alerts(who: Staff, rt: RuntimeDep, cursor: Cursor = "", limit: Limit = 50) -> Page[schemas.AlertOut]:
    """Alerts the caller may read, newest first: drafts, those in force, retracted ones and those that are over."""
    before = decode_cursor(cursor)
    with rt.read() as session:
        rows = service.page(session, who, rt.now(), before=before, limit=limit + 1)
    return cut(rows, limit, schemas.AlertOut.of, lambda view: view.row.id)


@router.get("/alerts/now")
def alerts_now(who: Staff, rt: RuntimeDep, session_id: uuid.UUID | None = None) -> list[schemas.AlertOut]:
    """What staff are warned of now, and what was retracted within a day; for one session where named."""
    with rt.read() as session:
        return [schemas.AlertOut.of(view) for view in service.notices(session, who, rt.now(), session_id)]


@router.get("/alerts/{alert_id}")
def read_alert(alert_id: uuid.UUID, who: Staff, rt: RuntimeDep, response: Response) -> schemas.AlertOut:
    """One alert."""
    with rt.read() as session:
        view = service.alert_view(session, who, alert_id, rt.now())
    set_etag(response, view.row.version)
    return schemas.AlertOut.of(view)


@router.post("/alerts", status_code=201, response_model=schemas.AlertOut)
def write_alert(body: schemas.AlertIn, who: Writer, rt: RuntimeDep, once: OnceDep, request: Request) -> JSONResponse:
    """Raise a T0 or T1 at once; write a draft of anything higher."""
    with rt.begin(who, request) as uow:

        def create() -> schemas.AlertOut:
            row = service.propose(uow, body.alert(), rt.pack.register)
            return schemas.AlertOut.of(service.alert_view(uow.session, who, row.id, uow.now))

        return once.run(uow, create)


@router.post("/alerts/{alert_id}/retract")
def retract_alert(
    alert_id: uuid.UUID,
    body: schemas.EndIn,
    who: Writer,
    rt: RuntimeDep,
    if_match: IfMatch,
    request: Request,
    response: Response,
) -> schemas.AlertOut:
    """Take back an alert that is in force; that is shown where it stood."""
    with rt.begin(who, request) as uow:
        row = service.retract(uow, alert_id, if_match, body.reason)
        set_etag(response, row.version)
        return schemas.AlertOut.of(service.alert_view(uow.session, who, row.id, uow.now))


@router.post("/alerts/{alert_id}/discard")
def discard_alert(
    alert_id: uuid.UUID,
    body: schemas.EndIn,
    who: Writer,
    rt: RuntimeDep,
    if_match: IfMatch,
    request: Request,
    response: Response,
) -> schemas.AlertOut:
    """Drop a draft."""
    with rt.begin(who, request) as uow:
        row = service.discard(uow, alert_id, if_match, body.reason)
        set_etag(response, row.version)
        return schemas.AlertOut.of(service.alert_view(uow.session, who, row.id, uow.now))
