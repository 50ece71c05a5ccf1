"""JSON routes of instruments: how they stand, daily checks, and the tasks these open."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from app.laboratory.instrument_checks import schemas, service, web
from app.laboratory.readings import service as readings
from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import SERVICE_STAFF, allow
from app.platform.storage import Held
from app.platform.web.bodies import BINARY, FileName, looked_at
from app.platform.web.etags import IfMatch, set_etag
from app.platform.web.fields import Moment, Text40
from app.platform.web.idempotency import OnceDep
from app.platform.web.paging import Cursor, Limit, Page, cut, decode_cursor
from app.runtime import RuntimeDep
from spectra.infrared.check import materials

router = APIRouter(prefix="/api/v1", tags=["instruments"])

Staff = Annotated[Actor, allow(*SERVICE_STAFF)]
Chemist = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER)]
Bench = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD)]


@router.get("/instruments")
def list_instruments(who: Staff, rt: RuntimeDep) -> list[schemas.InstrumentOut]:
    """Instruments of the agency and how they stand now: in date, not checked today, drifted, out of range, overdue."""
    with rt.read() as session:
        return [schemas.InstrumentOut.of(view) for view in service.instrument_views(session, who, rt.now())]


@router.post("/instruments", status_code=201, response_model=schemas.InstrumentOut)
def add_instrument(
    body: schemas.InstrumentIn, who: Bench, rt: RuntimeDep, once: OnceDep, request: Request
) -> JSONResponse:
    """Add a machine. Analyses may name it from then on."""
    with rt.begin(who, request) as uow:

        def create() -> schemas.InstrumentOut:
            row = readings.add_instrument(uow, readings.NewInstrument(**body.model_dump()))
            views = service.instrument_views(uow.session, who, uow.now)
            return schemas.InstrumentOut.of(next(view for view in views if view.row.id == row.id))

        return once.run(uow, create)


@router.get("/instruments/materials")
def list_materials(who: Bench) -> list[schemas.MaterialOut]:
    """What an infrared instrument can be checked with, with the positions of its bands and where they are from."""
    return [schemas.MaterialOut.of(row) for row in materials().values()]


@router.get("/instruments/checks")
def list_checks(
    who: Bench, rt: RuntimeDep, instrument_id: uuid.UUID | None = None, cursor: Cursor = "", limit: Limit = 50
) -> Page[schemas.CheckOut]:
    """Checks, newest first; withdrawn ones too, marked."""
    before = decode_cursor(cursor)
    with rt.read() as session:
        rows = service.checks_page(session, who, instrument_id=instrument_id, before=before, limit=limit + 1)
    return cut(rows, limit, schemas.CheckOut.of, lambda row: row.id)


@router.get("/instruments/checks/{check_id}")
def show_check(check_id: uuid.UUID, who: Bench, rt: RuntimeDep, response: Response) -> schemas.CheckOut:
    """One check."""
    with rt.read() as session:
        row = service.get_check(session, who, check_id)
    set_etag(response, row.version)
    return schemas.CheckOut.of(row)


@router.post("/instruments/{instrument_id}/checks", status_code=201, response_model=schemas.CheckOut)
def check_with_reading(
    instrument_id: uuid.UUID, body: schemas.CheckIn, who: Chemist, rt: RuntimeDep, once: OnceDep, request: Request
) -> JSONResponse:
    """Check an instrument with a reading there is. Out of range opens a task for the bench."""
    with rt.begin(who, request) as uow:

        def create() -> schemas.CheckOut:
            source, _, at = service.source_of_reading(uow.session, who, web.arrays_of(rt), body.reading_id)
            new = service.NewCheck(instrument_id, body.material, body.measured_at or at)
            return schemas.CheckOut.of(service.record(uow, new, source))

        return once.run(uow, create)


@router.post(
    "/instruments/{instrument_id}/checks/uploads", status_code=201, response_model=schemas.CheckOut,
    openapi_extra=BINARY,
)  # fmt: skip
async def check_with_file(
    instrument_id: uuid.UUID,
    who: Chemist,
    rt: RuntimeDep,
    once: OnceDep,
    request: Request,
    material: Annotated[Text40, Query()],
    filename: FileName = "",
    measured_at: Annotated[Moment | None, Query()] = None,
) -> Response:
    """The same with a file as the raw body: its first infrared spectrum. A refused file leaves no bytes."""

    def commit(held: Held) -> Response:
        with rt.read() as session:
            service.get_instrument(session, who, instrument_id)
        source = web.source_of_file(rt, held, filename or "unnamed file")
        new = service.NewCheck(instrument_id, material, measured_at)
        with rt.begin(who, request) as uow:
            return once.of_bytes(held.sha256).run(uow, lambda: schemas.CheckOut.of(service.record(uow, new, source)))

    return await looked_at(request, rt.blobs, commit)


@router.post("/instruments/checks/{check_id}/withdraw")
def withdraw_check(
    check_id: uuid.UUID,
    body: schemas.ReasonIn,
    who: Chemist,
    rt: RuntimeDep,
    if_match: IfMatch,
    request: Request,
    response: Response,
) -> schemas.CheckOut:
    """Take a check back; readings of its day are compared again without it."""
    with rt.begin(who, request) as uow:
        row = service.withdraw(uow, check_id, if_match, body.reason)
        set_etag(response, row.version)
        return schemas.CheckOut.of(row)


@router.get("/instruments/tasks")
def list_tasks(who: Bench, rt: RuntimeDep) -> list[schemas.TaskOut]:
    """What the bench has to do about instruments, oldest first."""
    with rt.read() as session:
        return [schemas.TaskOut.of(row) for row in service.open_tasks(session, who)]


@router.post("/instruments/tasks/{task_id}/close")
def close_task(
    task_id: uuid.UUID,
    body: schemas.DoneIn,
    who: Bench,
    rt: RuntimeDep,
    if_match: IfMatch,
    request: Request,
    response: Response,
) -> schemas.TaskOut:
    """Say what was done. The instrument stays out of range until a check says otherwise."""
    with rt.begin(who, request) as uow:
        row = service.close_task(uow, task_id, if_match, body.words)
        set_etag(response, row.version)
        return schemas.TaskOut.of(row)
