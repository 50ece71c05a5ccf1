"""JSON routes of own standards and of the controls of batches. A file is read before anything is stored of it."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response

from app.laboratory.incoming import service as incoming
from app.laboratory.standards import controlling, schemas, service, web
from app.laboratory.standards.domain import ControlKind, NewControl, NewReplicate, NewStandard
from app.laboratory.standards.tables import Standard
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Conflict
from app.platform.security.policy import allow
from app.platform.storage import Held, Received
from app.platform.web.bodies import BINARY, FileName, looked_at
from app.platform.web.etags import tagged
from app.platform.web.fields import Moment, Text40, Text60, Text80, Text140
from app.platform.web.paging import Cursor, Limit, Page, cut, decode_cursor
from app.runtime import ChangeDep, CreationDep, Runtime, RuntimeDep

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
        return tagged(response, schemas.StandardOut.of(service.standard_view(session, who, standard_id, rt.now())))


@router.post("/standards", status_code=201, response_model=schemas.StandardOut)
def enrol(body: schemas.EnrolIn, who: Chemist, rt: RuntimeDep, creation: CreationDep) -> JSONResponse:
    """Enrol a reading of a sample, or one peak of a run, as an own standard; or as another run of one there is."""

    def create(uow: UnitOfWork) -> schemas.StandardOut:
        source, said = service.from_reading(uow.session, who, web.arrays_of(rt), body.reading_id, body.peak)
        return _enrolled(uow, rt, source, body.standard(), body.run(said), body.standard_id)

    return creation.made(who, create)


@router.post("/standards/uploads", status_code=201, response_model=schemas.StandardOut, openapi_extra=BINARY)
async def enrol_file(
    who: Chemist,
    rt: RuntimeDep,
    creation: CreationDep,
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
    """Enrol a file, sent as the raw body, as a standard or another run of one: its first spectrum, or the highest peak of its run."""
    new = NewStandard(name, inchikey, substance, lot, supplier, purity_percent, expires_on, form)
    run = NewReplicate(instrument, measured_at, None, retention_index)

    def commit(held: Held) -> Response:
        source = web.source_of(rt, held, filename or "unnamed file")
        return creation.made(who, lambda uow: _enrolled(uow, rt, source, new, run, standard_id), sha256=held.sha256)

    return await looked_at(creation.request, rt.blobs, commit)


def _enrolled(
    uow: UnitOfWork,
    rt: Runtime,
    source: service.Source,
    new: NewStandard,
    run: NewReplicate,
    another_of: uuid.UUID | None,
) -> schemas.StandardOut:
    """Another run of a standard there is, else a new one, with the name and keys the register has for it."""
    store = web.arrays_of(rt)
    if another_of is not None:
        return _out(uow, service.add_run(uow, store, source, another_of, run))
    name, key, substance = web.named(rt.pack.substances, new.substance_id, new.name, new.inchikey)
    new = replace(new, name=name, inchikey=key, substance_id=substance)
    return _out(uow, service.enrol(uow, store, source, new, run))


@router.post("/standards/{standard_id}/retire")
def retire(standard_id: uuid.UUID, body: schemas.RetireIn, who: Chemist, change: ChangeDep) -> schemas.StandardOut:
    """Take a standard out of every comparison to come. It stays on record with the reason."""
    return change.made(who, lambda uow: _out(uow, service.retire(uow, standard_id, change.version, body.reason)))


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
        rows = controlling.controls_page(session, who, batch=batch, before=before, limit=limit + 1)
    return cut(rows, limit, schemas.ControlOut.of, lambda row: row.id)


@router.get("/controls/{control_id}")
def show_control(control_id: uuid.UUID, who: Bench, rt: RuntimeDep, response: Response) -> schemas.ControlOut:
    """One control."""
    with rt.read() as session:
        return tagged(response, schemas.ControlOut.of(controlling.get_control(session, who, control_id)))


@router.post("/controls/uploads", status_code=201, response_model=schemas.ControlOut, openapi_extra=BINARY)
async def keep_control(
    who: Chemist,
    rt: RuntimeDep,
    creation: CreationDep,
    kind: ControlKind,
    batch: Annotated[Text60, Query(max_length=40)],
    filename: FileName = "",
    instrument: Annotated[Text80, Query(description="Its name, as with the samples' analyses")] = "",
    measured_at: Annotated[Moment | None, Query()] = None,
    first_carbon: Annotated[int | None, Query(description="Carbons of a ladder's first peak")] = None,
) -> Response:
    """Keep a control run of a batch as the raw body; runs of the batch are compared again."""
    new = NewControl(kind, batch, instrument, measured_at, first_carbon)

    def commit(held: Held) -> Response:
        run = web.control_run_of(rt, held, filename or "unnamed file", new)
        return creation.made(
            who, lambda uow: schemas.ControlOut.of(controlling.add_control(uow, run, new)), sha256=held.sha256
        )

    return await looked_at(creation.request, rt.blobs, commit)


@router.post("/controls/from-incoming", status_code=201)
def control_from_incoming(
    body: schemas.FromIncomingIn, who: Chemist, rt: RuntimeDep, change: ChangeDep
) -> schemas.ControlOut:
    """Keep a waiting file from an instrument as a control. If-Match is the version of that file."""
    new = NewControl(body.kind, body.batch, body.instrument, body.measured_at, body.first_carbon)
    with rt.read() as session:
        file = incoming.get_incoming(session, who, body.incoming_id)
        where, size, name = file.blob_sha256, file.size, file.file_name
    if where is None:
        raise Conflict("The bytes of this file were deleted, so it cannot be a control.", hint="Send it again.")
    run = web.control_run_of(rt, Received(where, size), name, new)
    return change.made(
        who,
        lambda uow: schemas.ControlOut.of(controlling.from_incoming(uow, body.incoming_id, change.version, run, new)),
    )


@router.post("/controls/{control_id}/withdraw")
def withdraw(control_id: uuid.UUID, body: schemas.RetireIn, who: Chemist, change: ChangeDep) -> schemas.ControlOut:
    """Use a control no more; runs of its batch are compared again without it."""
    return change.made(
        who, lambda uow: schemas.ControlOut.of(controlling.withdraw(uow, control_id, change.version, body.reason))
    )


def _out(uow: UnitOfWork, row: Standard) -> schemas.StandardOut:
    return schemas.StandardOut.of(service.standard_view(uow.session, uow.actor, row.id, uow.now))
