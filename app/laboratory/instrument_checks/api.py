"""JSON routes of instruments: how they stand, daily checks and the tasks these open, and what instruments are taught."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from app.laboratory.identification.domain import Method
from app.laboratory.identification.substances import SubstanceIndex
from app.laboratory.instrument_checks import responding, service, tables, transferring, web
from app.laboratory.instrument_checks.domain import Level, NewCheck, NewMixture
from app.laboratory.instrument_checks.responding import Factors
from app.laboratory.instrument_checks.tables import CheckOut, MixtureOut, TaskOut
from app.laboratory.readings import machines
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import SERVICE_STAFF, allow
from app.platform.storage import Held
from app.platform.web.bodies import BINARY, FileName, looked_at
from app.platform.web.etags import tagged
from app.platform.web.fields import FreeText, Moment, Note200, Text40, Text60, Text80
from app.platform.web.paging import Cursor, Limit, Page, cut, decode_cursor
from app.runtime import ChangeDep, CreationDep, RuntimeDep
from spectra.infrared.check import Material, materials


class InstrumentIn(BaseModel, extra="forbid"):
    """A machine to add."""

    name: Text80
    method: Method
    serial: Text60 = ""
    certificate_due: Moment | None = None


class CheckIn(BaseModel, extra="forbid"):
    """A reading of a known material that was measured as a sample is."""

    reading_id: uuid.UUID
    material: Text40
    measured_at: Moment | None = Field(None, description="The time of its analysis where left out")


class ReasonIn(FreeText, extra="forbid"):
    """Why."""

    reason: Note200


class DoneIn(FreeText, extra="forbid"):
    """What was done."""

    words: Note200


class MaterialOut(BaseModel, from_attributes=True):
    """What an instrument can be checked with. Positions in cm⁻¹."""

    key: str
    title: str
    bands: list[float]
    source: str
    note: str


class InstrumentOut(BaseModel):
    """An instrument and how it stands now."""

    id: uuid.UUID
    name: str
    method: Method
    serial: str
    certificate_due: datetime | None
    level: Level
    level_words: str
    in_date: bool
    check: CheckOut | None
    task: TaskOut | None

    @classmethod
    def of(cls, view: service.InstrumentView) -> InstrumentOut:
        """From a view."""
        stands = {"level": view.level, "level_words": view.level.words, "in_date": view.in_date}
        return cls.model_validate({**view.row.model_dump(), **stands, "check": view.check, "task": view.task})


class TransferIn(BaseModel, extra="forbid"):
    """Which library is to be transferred, by its key or name."""

    library: Annotated[str, Field(max_length=200)]


Milligrams = Annotated[float, Field(allow_inf_nan=False, gt=0, lt=1e6)]


class MixtureIn(BaseModel, extra="forbid"):
    """A reading of two substances weighed together. `first` and `second`: register ids, or the keys of its parts."""

    reading_id: uuid.UUID
    first: Annotated[str, Field(max_length=160)]
    second: Annotated[str, Field(max_length=160)]
    first_mg: Milligrams
    second_mg: Milligrams
    balance_u_mg: Annotated[
        float, Field(ge=0, lt=1e6, allow_inf_nan=False, description="Standard uncertainty of one weighing")
    ] = 0.0


class FactorOut(BaseModel):
    """How many times the signal per weight of `first` is that of `second`."""

    first: str
    first_name: str
    second: str
    second_name: str
    factor: float
    relative_u: Annotated[float, Field(description="Relative standard uncertainty")]
    mixtures: int


class ResponsesOut(BaseModel):
    """Response factors of an instrument, and the weighed mixtures they come from, oldest first."""

    factors: list[FactorOut]
    mixtures: list[MixtureOut]

    @classmethod
    def of(cls, found: Factors) -> ResponsesOut:
        """The JSON shape of an instrument's response factors."""
        factors = [
            FactorOut(**asdict(p), first_name=found.names[str(p.first)], second_name=found.names[str(p.second)])
            for p in found.pairs
        ]
        return cls(factors=factors, mixtures=found.mixtures)


router = APIRouter(prefix="/api/v1", tags=["instruments"])

Staff = Annotated[Actor, allow(*SERVICE_STAFF)]
Chemist = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER)]
Bench = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD)]


@router.get("/instruments")
def list_instruments(who: Staff, rt: RuntimeDep) -> list[InstrumentOut]:
    """Instruments of the agency and how they stand now: in date, not checked today, drifted, out of range, overdue."""
    with rt.read() as session:
        return [InstrumentOut.of(view) for view in service.instrument_views(session, who, rt.now())]


@router.post("/instruments", status_code=201, response_model=InstrumentOut)
def add_instrument(body: InstrumentIn, who: Bench, creation: CreationDep) -> JSONResponse:
    """Add a machine. Analyses may name it from then on."""

    def create(uow: UnitOfWork) -> InstrumentOut:
        row = machines.add_instrument(uow, machines.NewInstrument(**body.model_dump()))
        views = service.instrument_views(uow.session, who, uow.now)
        return InstrumentOut.of(next(view for view in views if view.row.id == row.id))

    return creation.made(who, create)


@router.get("/instruments/materials", response_model=list[MaterialOut])
def list_materials(who: Bench) -> list[Material]:
    """What an infrared instrument can be checked with, with the positions of its bands and where they are from."""
    return list(materials().values())


@router.get("/instruments/checks")
def list_checks(
    who: Bench, rt: RuntimeDep, instrument_id: uuid.UUID | None = None, cursor: Cursor = "", limit: Limit = 50
) -> Page[tables.CheckOut]:
    """Checks, newest first; withdrawn ones too, marked."""
    with rt.read() as session:
        rows = service.checks_page(
            session, who, instrument_id=instrument_id, before=decode_cursor(cursor), limit=limit + 1
        )
    return cut(rows, limit, tables.CheckOut.model_validate, lambda row: row.id)


@router.get("/instruments/checks/{check_id}", response_model=tables.CheckOut)
def show_check(check_id: uuid.UUID, who: Bench, rt: RuntimeDep, response: Response) -> tables.InstrumentCheck:
    """One check."""
    with rt.read() as session:
        return tagged(response, service.get_check(session, who, check_id))


@router.post("/instruments/{instrument_id}/checks", status_code=201, response_model=tables.CheckOut)
def check_with_reading(
    instrument_id: uuid.UUID, body: CheckIn, who: Chemist, rt: RuntimeDep, creation: CreationDep
) -> JSONResponse:
    """Check an instrument with a reading there is. Out of range opens a task for the bench."""

    def create(uow: UnitOfWork) -> tables.CheckOut:
        source, _, at = service.source_of_reading(uow.session, who, web.arrays_of(rt), body.reading_id)
        new = NewCheck(instrument_id, body.material, body.measured_at or at)
        return tables.CheckOut.model_validate(service.record(uow, new, source))

    return creation.made(who, create)


@router.post(
    "/instruments/{instrument_id}/checks/uploads", status_code=201, response_model=tables.CheckOut,
    openapi_extra=BINARY,
)  # fmt: skip
async def check_with_file(
    instrument_id: uuid.UUID,
    who: Chemist,
    rt: RuntimeDep,
    creation: CreationDep,
    material: Annotated[Text40, Query()],
    filename: FileName = "",
    measured_at: Annotated[Moment | None, Query()] = None,
) -> Response:
    """Check an instrument with a file as the raw body: its first infrared spectrum is taken. A refused file leaves no bytes."""

    def commit(held: Held) -> Response:
        with rt.read() as session:
            machines.get_instrument(session, who, instrument_id)
        source = web.source_of_file(rt, held, filename or "unnamed file")
        new = NewCheck(instrument_id, material, measured_at)
        return creation.made(
            who, lambda uow: tables.CheckOut.model_validate(service.record(uow, new, source)), sha256=held.sha256
        )

    return await looked_at(creation.request, rt.blobs, commit)


@router.post("/instruments/checks/{check_id}/withdraw", response_model=tables.CheckOut)
def withdraw_check(check_id: uuid.UUID, body: ReasonIn, who: Chemist, change: ChangeDep) -> tables.InstrumentCheck:
    """Take a check back; readings of its day are compared again without it."""
    return change.made(who, lambda uow: service.withdraw(uow, check_id, change.version, body.reason))


@router.get("/instruments/tasks", response_model=list[tables.TaskOut])
def list_tasks(who: Bench, rt: RuntimeDep) -> list[tables.InstrumentTask]:
    """What the bench has to do about instruments, oldest first."""
    with rt.read() as session:
        return service.open_tasks(session, who)


@router.post("/instruments/tasks/{task_id}/close", response_model=tables.TaskOut)
def close_task(task_id: uuid.UUID, body: DoneIn, who: Bench, change: ChangeDep) -> tables.InstrumentTask:
    """Say what was done. The instrument stays out of range until a check says otherwise."""
    return change.made(who, lambda uow: service.close_task(uow, task_id, change.version, body.words))


# -- what an instrument is taught: transfers of libraries, and response factors from weighed mixtures


@router.get("/instruments/{instrument_id}/transfers", response_model=list[tables.TransferOut])
def list_transfers(instrument_id: uuid.UUID, who: Bench, rt: RuntimeDep) -> list[tables.InstrumentTransfer]:
    """Transfers of libraries to an instrument, newest first; retired ones too."""
    with rt.read() as session:
        return transferring.transfers_of(session, who, instrument_id)


@router.post("/instruments/{instrument_id}/transfers", status_code=201, response_model=tables.TransferOut)
def make_transfer(
    instrument_id: uuid.UUID, body: TransferIn, who: Chemist, rt: RuntimeDep, creation: CreationDep
) -> JSONResponse:
    """Learn how a library looks on an instrument, from own standards measured there (five powders and more).

    It is refused where it would not lower the misfit of a powder left out of the fit.
    """
    registry, index = rt.registry.of(who.agency_id), SubstanceIndex(rt.pack.substances)

    def create(uow: UnitOfWork) -> tables.TransferOut:
        row = transferring.make_transfer(uow, registry, index, instrument_id, body.library)
        return tables.TransferOut.model_validate(row)

    return creation.made(who, create)


@router.post("/instruments/transfers/{transfer_id}/retire", response_model=tables.TransferOut)
def retire_transfer(
    transfer_id: uuid.UUID, body: ReasonIn, who: Chemist, change: ChangeDep
) -> tables.InstrumentTransfer:
    """Use a transfer no more; the one before it is used again where there is one."""
    return change.made(who, lambda uow: transferring.retire_transfer(uow, transfer_id, change.version, body.reason))


@router.get("/instruments/{instrument_id}/responses")
def list_responses(instrument_id: uuid.UUID, who: Bench, rt: RuntimeDep) -> ResponsesOut:
    """Response factors of an instrument, with the weighed mixtures behind them."""
    with rt.read() as session:
        return ResponsesOut.of(responding.factors_of(session, who, instrument_id))


@router.post("/instruments/{instrument_id}/mixtures", status_code=201, response_model=tables.MixtureOut)
def add_mixture(instrument_id: uuid.UUID, body: MixtureIn, who: Chemist, creation: CreationDep) -> JSONResponse:
    """Keep a reading of two substances weighed together. Three of a pair give its factor."""
    new = NewMixture(instrument_id, **body.model_dump())
    return creation.made(who, lambda uow: tables.MixtureOut.model_validate(responding.add_mixture(uow, new)))


@router.post("/instruments/mixtures/{mixture_id}/withdraw", response_model=tables.MixtureOut)
def withdraw_mixture(mixture_id: uuid.UUID, body: ReasonIn, who: Chemist, change: ChangeDep) -> tables.WeighedMixture:
    """Take a weighed mixture back; factors are made without it."""
    return change.made(who, lambda uow: responding.withdraw_mixture(uow, mixture_id, change.version, body.reason))
