"""JSON routes of sites and sessions."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response

from app.intake.sessions import schemas, service
from app.intake.sessions.tables import SiteOut
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.versions import check_version
from app.platform.security.policy import SERVICE_STAFF, allow
from app.platform.web.etags import tagged
from app.platform.web.paging import Cursor, Limit, Page, cut, decode_cursor
from app.runtime import ChangeDep, CreationDep, RuntimeDep

router = APIRouter(prefix="/api/v1", tags=["sessions"])

Staff = Annotated[Actor, allow(*SERVICE_STAFF)]
Lead = Annotated[Actor, allow(Role.SESSION_LEAD)]


@router.get("/sites")
def list_sites(who: Staff, rt: RuntimeDep) -> list[SiteOut]:
    """Places of the caller's agency."""
    with rt.read() as session:
        return [SiteOut.model_validate(site) for site in service.sites(session, who)]


@router.get("/sessions")
def list_sessions(
    who: Staff, rt: RuntimeDep, cursor: Cursor = "", limit: Limit = 50, open: Annotated[bool, Query()] = False
) -> Page[schemas.SessionOut]:
    """Sessions of the caller's agency, newest first."""
    before = decode_cursor(cursor)
    with rt.read() as session:
        rows = service.sessions_of(session, who, open, before=before, limit=limit + 1)
        places = service.sites_of(session, rows)
    now = rt.now()
    return cut(rows, limit, lambda row: schemas.SessionOut.of(row, places[row.site_id], now), lambda row: row.id)


@router.get("/sessions/{session_id}")
def read_session(session_id: uuid.UUID, who: Staff, rt: RuntimeDep, response: Response) -> schemas.SessionOut:
    """One session."""
    with rt.read() as session:
        row = service.get_session(session, who, session_id)
        return tagged(response, schemas.SessionOut.of(row, service.site_of(session, row), rt.now()))


@router.post("/sessions", status_code=201, response_model=schemas.SessionOut)
def create_session(body: schemas.NewSession, who: Lead, creation: CreationDep) -> JSONResponse:
    """Plan a session at a known site or at a new one."""

    def create(uow: UnitOfWork) -> schemas.SessionOut:
        row = service.create_session(uow, body)
        return schemas.SessionOut.of(row, service.site_of(uow.session, row), uow.now)

    return creation.made(who, create)


@router.post("/sessions/{session_id}/close")
def close_session(session_id: uuid.UUID, who: Lead, change: ChangeDep) -> schemas.SessionOut:
    """Close a session: nothing more is registered in it."""

    def closed(uow: UnitOfWork) -> schemas.SessionOut:
        row = service.lock_session(uow, session_id)
        check_version("session", change.version, row.version)
        service.close_session(uow, row)
        return schemas.SessionOut.of(row, service.site_of(uow.session, row), uow.now)

    return change.made(who, closed)
