"""JSON routes of own standards and of the controls of batches. A file is read before anything is stored of it."""

from __future__ import annotations

import uuid
from dataclasses import fields, replace
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field, computed_field

from app.laboratory.standards import controlling, service, web
from app.laboratory.standards.domain import ControlKind, NewControl, NewReplicate, NewStandard
from app.laboratory.standards.service import StandardView
from app.laboratory.standards.tables import ControlShown, ReplicateOut, Standard, StandardShown
from app.laboratory.standards.web import named
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import allow
from app.platform.storage import Held
from app.platform.web.bodies import BINARY, FileName, looked_at
from app.platform.web.etags import tagged
from app.platform.web.fields import FreeText, Moment, Note200, Text40, Text60, Text80, Text140
from app.platform.web.paging import Cursor, Limit, Page, cut, decode_cursor
from app.runtime import ChangeDep, CreationDep, Runtime, RuntimeDep

router = APIRouter(prefix="/api/v1", tags=["standards"])

Chemist = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER)]
Bench = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD)]


InChIKey = Annotated[str, Field(max_length=27, pattern=r"^([A-Z]{14}-[A-Z]{10}-[A-Z])?$")]

Finite = Annotated[float | None, Field(allow_inf_nan=False)]


class EnrolIn(BaseModel, extra="forbid"):
    """A reading of a sample (of a run: one peak) that becomes a standard, or with `standard_id` another run of one.

    The reference material is a substance of the register, or a free name with its InChIKey where there is one.
    """

    substance: Text60 = ""
    name: Annotated[Text140, Field(max_length=120)] = ""
    inchikey: InChIKey = ""
    form: Text40 = Field("", description="Salt, base or polymorph, as the certificate says")
    lot: Text60 = ""
    supplier: Text80 = ""
    purity_percent: Finite = None
    expires_on: date | None = None
    reading_id: uuid.UUID
    peak: Annotated[int | None, Field(ge=1, le=200)] = None
    standard_id: uuid.UUID | None = None
    instrument: Annotated[Text140, Field(max_length=120)] | None = None
    measured_at: Moment | None = None
    retention_time_s: Finite = None
    retention_index: Finite = None

    def standard(self) -> NewStandard:
        """The reference material."""
        return NewStandard(
            self.name, self.inchikey, self.substance, self.lot, self.supplier, self.purity_percent, self.expires_on,
            self.form,
        )  # fmt: skip

    def run(self, said: NewReplicate) -> NewReplicate:
        """What is said here, else what the reading says of itself."""
        mine = {known.name: getattr(self, known.name) for known in fields(said)}
        return replace(said, **{name: value for name, value in mine.items() if value is not None})


class RetireIn(FreeText, extra="forbid"):
    """Why."""

    reason: Note200


class StandardOut(StandardShown):
    """A standard. `counts`: whether it is evidence now; expired and retired ones are not."""

    counts: bool
    state: str
    replicates: list[ReplicateOut]
    href: str

    @classmethod
    def of(cls, view: StandardView) -> StandardOut:
        """The JSON shape of what the service shows."""
        around = {"counts": view.counts, "state": view.state, "replicates": view.replicates}
        return cls.model_validate({**view.row.model_dump(), **around, "href": f"/standards/{view.row.id}"})


class FromIncomingIn(BaseModel, extra="forbid"):
    """A file from an instrument, as it is in the list of incoming files, what control run it is and of which batch.

    A ladder says how many carbons its first peak has.
    """

    kind: ControlKind
    batch: Annotated[Text60, Field(max_length=40)]
    instrument: Text80 = ""
    measured_at: Moment | None = None
    first_carbon: int | None = None
    incoming_id: uuid.UUID


class ControlOut(ControlShown):
    """A control run. `message` is for the screen, `href` where to look."""

    href: str = "/standards/controls"

    @computed_field
    def message(self) -> str:
        """What became of it."""
        return "Kept. Runs of its batch are compared again." if self.withdrawn_at is None else "Withdrawn."


@router.get("/standards")
def list_standards(who: Bench, rt: RuntimeDep, cursor: Cursor = "", limit: Limit = 50) -> Page[StandardOut]:
    """Own standards, newest first; expired and retired ones too, marked."""
    with rt.read() as session:
        rows = service.standards_page(session, who, rt.now(), before=decode_cursor(cursor), limit=limit + 1)
    return cut(rows, limit, StandardOut.of, lambda view: view.row.id)


@router.get("/standards/{standard_id}")
def show_standard(standard_id: uuid.UUID, who: Bench, rt: RuntimeDep, response: Response) -> StandardOut:
    """One standard with its runs."""
    with rt.read() as session:
        return tagged(response, StandardOut.of(service.standard_view(session, who, standard_id, rt.now())))


@router.post("/standards", status_code=201, response_model=StandardOut)
def enrol(body: EnrolIn, who: Chemist, rt: RuntimeDep, creation: CreationDep) -> JSONResponse:
    """Enrol a reading of a sample, or one peak of a run, as an own standard; or as another run of one there is."""

    def create(uow: UnitOfWork) -> StandardOut:
        source, said = service.from_reading(uow.session, who, web.arrays_of(rt), body.reading_id, body.peak)
        return _enrolled(uow, rt, source, body.standard(), body.run(said), body.standard_id)

    return creation.made(who, create)


@router.post("/standards/uploads", status_code=201, response_model=StandardOut, openapi_extra=BINARY)
async def enrol_file(
    who: Chemist,
    rt: RuntimeDep,
    creation: CreationDep,
    filename: FileName = "",
    substance: Annotated[Text60, Query(description="Register id")] = "",
    name: Annotated[Text140, Query(max_length=120)] = "",
    inchikey: Annotated[InChIKey, Query()] = "",
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
) -> StandardOut:
    """Another run of a standard there is, else a new one, with the name and keys the register has for it."""
    store = web.arrays_of(rt)
    if another_of is not None:
        return _out(uow, service.add_run(uow, store, source, another_of, run))
    name, key, substance = named(rt.pack.substances, new.substance_id, new.name, new.inchikey)
    new = replace(new, name=name, inchikey=key, substance_id=substance)
    return _out(uow, service.enrol(uow, store, source, new, run))


@router.post("/standards/{standard_id}/retire")
def retire(standard_id: uuid.UUID, body: RetireIn, who: Chemist, change: ChangeDep) -> StandardOut:
    """Take a standard out of every comparison to come. It stays on record with the reason."""
    return change.made(who, lambda uow: _out(uow, service.retire(uow, standard_id, change.version, body.reason)))


@router.get("/controls")
def list_controls(
    who: Bench,
    rt: RuntimeDep,
    batch: Annotated[Text60, Query(max_length=40, description="Of this batch only")] = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Page[ControlOut]:
    """Blank runs, ladders and QC runs, newest first."""
    with rt.read() as session:
        rows = controlling.controls_page(session, who, batch=batch, before=decode_cursor(cursor), limit=limit + 1)
    return cut(rows, limit, ControlOut.model_validate, lambda row: row.id)


@router.get("/controls/{control_id}")
def show_control(control_id: uuid.UUID, who: Bench, rt: RuntimeDep, response: Response) -> ControlOut:
    """One control."""
    with rt.read() as session:
        return tagged(response, ControlOut.model_validate(controlling.get_control(session, who, control_id)))


@router.post("/controls/uploads", status_code=201, response_model=ControlOut, openapi_extra=BINARY)
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
            who, lambda uow: ControlOut.model_validate(controlling.add_control(uow, run, new)), sha256=held.sha256
        )

    return await looked_at(creation.request, rt.blobs, commit)


@router.post("/controls/from-incoming", status_code=201)
def control_from_incoming(body: FromIncomingIn, who: Chemist, rt: RuntimeDep, change: ChangeDep) -> ControlOut:
    """Keep a waiting file from an instrument as a control. If-Match is the version of that file."""
    new = NewControl(body.kind, body.batch, body.instrument, body.measured_at, body.first_carbon)
    run = web.control_run_waiting(rt, who, body.incoming_id, new)
    return change.made(
        who,
        lambda uow: ControlOut.model_validate(
            controlling.from_incoming(uow, body.incoming_id, change.version, run, new)
        ),
    )


@router.post("/controls/{control_id}/withdraw")
def withdraw(control_id: uuid.UUID, body: RetireIn, who: Chemist, change: ChangeDep) -> ControlOut:
    """Use a control no more; runs of its batch are compared again without it."""
    return change.made(
        who, lambda uow: ControlOut.model_validate(controlling.withdraw(uow, control_id, change.version, body.reason))
    )


def _out(uow: UnitOfWork, row: Standard) -> StandardOut:
    return StandardOut.of(service.standard_view(uow.session, uow.actor, row.id, uow.now))
