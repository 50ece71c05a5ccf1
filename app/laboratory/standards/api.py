"""JSON routes of own standards and of the controls of batches. A file is read before anything is stored of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from app.laboratory.incoming import service as incoming
from app.laboratory.standards import schemas, service, web
from app.laboratory.standards.domain import ControlKind, NewReplicate
from app.laboratory.standards.tables import Control, Standard
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Conflict
from app.platform.security.policy import allow
from app.platform.storage import Held, Received
from app.platform.web.bodies import BINARY, FileName, looked_at
from app.platform.web.etags import IfMatch, set_etag
from app.platform.web.fields import Moment, Text40, Text60, Text80, Text140
from app.platform.web.idempotency import Once, OnceDep
from app.platform.web.paging import Cursor, Limit, Page, cut, decode_cursor
from app.runtime import Runtime, RuntimeDep

router = APIRouter(prefix="/api/v1", tags=["standards"])

Chemist = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER)]
Bench = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD)]


@router.get("/standards")
def list_standards(who: Bench, rt: RuntimeDep, cursor: Cursor = "", limit: Limit = 50) -> Page[schemas.StandardOut]:
    """Own standards, newest first; expired and retired ones too, marked."""
    before = decode_cursor(cursor)
    with rt.read() as session:
        rows = service.standards_page(session, who, rt.now(), before=before, limit=limit + 1)
    return cut(rows, limit, schemas.StandardOut.of, lambda view: view.row.id)


@router.get("/standards/{standard_id}")
def show_standard(standard_id: uuid.UUID, who: Bench, rt: RuntimeDep, response: Response) -> schemas.StandardOut:
    """One standard with its runs."""
    with rt.read() as session:
        view = service.standard_view(session, who, standard_id, rt.now())
    set_etag(response, view.row.version)
    return schemas.StandardOut.of(view)


@router.post("/standards", status_code=201, response_model=schemas.StandardOut)
def enrol(body: schemas.EnrolIn, who: Chemist, rt: RuntimeDep, once: OnceDep, request: Request) -> JSONResponse:
    """Enrol a reading of a sample, or one peak of a run, as an own standard; or as another run of one there is."""
    store = web.arrays_of(rt)
    with rt.begin(who, request) as uow:

        def create() -> schemas.StandardOut:
            source, said = service.from_reading(uow.session, who, store, body.reading_id, body.peak)
            run = body.run(said)
            if body.standard_id is not None:
                return _out(uow, service.add_run(uow, store, source, body.standard_id, run))
            name, key, substance = web.named(rt.pack.substances, body.substance, body.name, body.inchikey)
            new = replace(body.entered(name, key), substance_id=substance)
            return _out(uow, service.enrol(uow, store, source, new, run))

        answer = once.run(uow, create)
    return answer


@router.post("/standards/uploads", status_code=201, response_model=schemas.StandardOut, openapi_extra=BINARY)
async def enrol_file(
    who: Chemist,
    rt: RuntimeDep,
    once: OnceDep,
    request: Request,
    filename: FileName = "",
    substance: Annotated[Text60, Query(description="Register id")] = "",
    name: Annotated[Text140, Query(max_length=120)] = "",
    inchikey: Annotated[schemas.InChIKey, Query()] = "",
    form: Annotated[Text40, Query(description="Salt, base or polymorph")] = "",
    lot: Annotated[Text60, Query()] = "",
    supplier: Annotated[Text80, Query()] = "",
    purity_percent: Annotated[float | None, Query(allow_inf_nan=False)] = None,
    expires_on: Annotated[date | None, Query()] = None,
    standard_id: Annotated[uuid.UUID | None, Query(description="Another run of this standard")] = None,
    instrument: Annotated[Text80, Query()] = "",
    measured_at: Annotated[Moment | None, Query()] = None,
    retention_index: Annotated[float | None, Query(allow_inf_nan=False)] = None,
) -> Response:
    """The same with a file as the raw body: its first spectrum, or the highest peak of its run."""
    said = schemas.StandardIn(
        substance=substance, name=name, inchikey=inchikey, form=form, lot=lot, supplier=supplier,
        purity_percent=purity_percent, expires_on=expires_on,
    )  # fmt: skip
    run = NewReplicate(instrument, measured_at, None, retention_index)
    store = web.arrays_of(rt)

    def make(uow: UnitOfWork, source: service.Source) -> schemas.StandardOut:
        if standard_id is not None:
            return _out(uow, service.add_run(uow, store, source, standard_id, run))
        known, key, found = web.named(rt.pack.substances, substance, name, inchikey)
        new = replace(said.entered(known, key), substance_id=found)
        return _out(uow, service.enrol(uow, store, source, new, run))

    return await _take_in(
        rt, who, request, once, lambda held: web.source_of(rt, held, filename or "unnamed file"), make
    )


@router.post("/standards/{standard_id}/retire")
def retire(
    standard_id: uuid.UUID,
    body: schemas.RetireIn,
    who: Chemist,
    rt: RuntimeDep,
    if_match: IfMatch,
    request: Request,
    response: Response,
) -> schemas.StandardOut:
    """Take a standard out of every comparison to come. It stays on record with the reason."""
    with rt.begin(who, request) as uow:
        row = service.retire(uow, standard_id, if_match, body.reason)
        set_etag(response, row.version)
        return _out(uow, row)


@router.get("/controls")
def list_controls(
    who: Bench,
    rt: RuntimeDep,
    batch: Annotated[Text60, Query(max_length=40, description="Of this batch only")] = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Page[schemas.ControlOut]:
    """Blank runs, ladders and QC runs, newest first."""
    before = decode_cursor(cursor)
    with rt.read() as session:
        rows = service.controls_page(session, who, batch=batch, before=before, limit=limit + 1)
    return cut(rows, limit, schemas.ControlOut.of, lambda row: row.id)


@router.get("/controls/{control_id}")
def show_control(control_id: uuid.UUID, who: Bench, rt: RuntimeDep, response: Response) -> schemas.ControlOut:
    """One control."""
    with rt.read() as session:
        row = service.get_control(session, who, control_id)
    set_etag(response, row.version)
    return schemas.ControlOut.of(row)


@router.post("/controls/uploads", status_code=201, response_model=schemas.ControlOut, openapi_extra=BINARY)
async def keep_control(
    who: Chemist,
    rt: RuntimeDep,
    once: OnceDep,
    request: Request,
    kind: ControlKind,
    batch: Annotated[Text60, Query(max_length=40)],
    filename: FileName = "",
    instrument: Annotated[Text80, Query(description="Its name, as with the samples' analyses")] = "",
    measured_at: Annotated[Moment | None, Query()] = None,
    first_carbon: Annotated[int | None, Query(description="Carbons of a ladder's first peak")] = None,
) -> Response:
    """Keep a control run of a batch as the raw body; runs of the batch are compared again."""
    said = schemas.ControlIn(
        kind=kind, batch=batch, instrument=instrument, measured_at=measured_at, first_carbon=first_carbon
    )

    def make(uow: UnitOfWork, run: service.ControlRun) -> schemas.ControlOut:
        return schemas.ControlOut.of(service.add_control(uow, run, said.entered()))

    return await _take_in(
        rt,
        who,
        request,
        once,
        lambda held: web.control_run_of(rt, held, filename or "unnamed file", said.entered()),
        make,
    )


@router.post("/controls/from-incoming", status_code=201)
def control_from_incoming(
    body: schemas.FromIncomingIn, who: Chemist, rt: RuntimeDep, if_match: IfMatch, request: Request, response: Response
) -> schemas.ControlOut:
    """Keep a waiting file from an instrument as a control. If-Match is the version of that file."""
    with rt.read() as session:
        file = incoming.get_incoming(session, who, body.incoming_id)
        where, size, name = file.blob_sha256, file.size, file.file_name
    if where is None:
        raise Conflict("The bytes of this file were deleted, so it cannot be a control.", hint="Send it again.")
    run = web.control_run_of(rt, Received(where, size), name, body.entered())
    with rt.begin(who, request) as uow:
        row = service.from_incoming(uow, body.incoming_id, if_match, run, body.entered())
        set_etag(response, row.version)
        return schemas.ControlOut.of(row)


@router.post("/controls/{control_id}/withdraw")
def withdraw(
    control_id: uuid.UUID,
    body: schemas.RetireIn,
    who: Chemist,
    rt: RuntimeDep,
    if_match: IfMatch,
    request: Request,
    response: Response,
) -> schemas.ControlOut:
    """Use a control no more; runs of its batch are compared again without it."""
    with rt.begin(who, request) as uow:
        row: Control = service.withdraw(uow, control_id, if_match, body.reason)
        set_etag(response, row.version)
        return schemas.ControlOut.of(row)


def _out(uow: UnitOfWork, row: Standard) -> schemas.StandardOut:
    return schemas.StandardOut.of(service.standard_view(uow.session, uow.actor, row.id, uow.now))


async def _take_in(
    rt: Runtime,
    who: Actor,
    request: Request,
    once: Once,
    look: Callable[[Held], Any],
    make: Callable[[UnitOfWork, Any], Any],
) -> Response:
    """Read first (no database held meanwhile), then bytes and row, then the answer; a refused file leaves no bytes."""

    def commit(held: Held) -> Response:
        looked = look(held)
        with rt.begin(who, request) as uow:
            return once.of_bytes(held.sha256).run(uow, lambda: make(uow, looked))

    return await looked_at(request, rt.blobs, commit)
