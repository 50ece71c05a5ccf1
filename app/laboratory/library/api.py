"""JSON routes of reference libraries. Importing one is an administrator's act: libraries belong to the installation."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, BeforeValidator

from app.laboratory.library import declaring, import_job, importing, service
from app.laboratory.library.domain import Holds, Refusal
from app.laboratory.library.service import EntryView, LibraryOut
from app.laboratory.library.tables import ImportShown, LibraryImport
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import allow
from app.platform.web.bodies import BINARY
from app.platform.web.fields import Text40, Text80, Text140, Text200
from app.runtime import CreationDep, Runtime, RuntimeDep

router = APIRouter(prefix="/api/v1/libraries", tags=["libraries"])

Reader = Annotated[
    Actor, allow(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD, Role.HEALTH_WORKER, Role.RESEARCHER, Role.ADMIN)
]
Admin = Annotated[Actor, allow(Role.ADMIN)]
Key = Annotated[str, Path(max_length=80, description="Key or name of a library")]
Number = Annotated[int, Path(ge=0, lt=2**31)]


class RawFileOut(BaseModel):
    """One file a library was made from, kept byte for byte. `y_unit`: what a person said its y axis is."""

    name: str
    sha256: str
    size: int
    reader: str
    reader_version: str
    y_unit: str = ""


class LibraryFullOut(LibraryOut):
    """One library with what was refused at its import (the first 5,000) and its raw files."""

    refusals: list[Refusal]
    files: list[RawFileOut]


class EntriesOut(BaseModel):
    """A page of entries; `next` is the number to ask for `after`, none at the end."""

    rows: list[EntryView]
    next: int | None


class ImportOut(ImportShown):
    """One import asked for over HTTP: how far it is, what became of it, and the library it made."""

    problem: Annotated[dict[str, str] | None, BeforeValidator(lambda problem: problem or None)]


@router.get("", response_model=list[LibraryOut])
def list_libraries(who: Reader, rt: RuntimeDep) -> list[service.LibraryView]:
    """Every installed library with licence and source; starters come last."""
    with rt.read() as session:
        return service.list_libraries(session, rt.registry)


@router.post("/imports/uploads", status_code=202, response_model=ImportOut, openapi_extra=BINARY)
async def import_library(
    who: Admin,
    rt: RuntimeDep,
    creation: CreationDep,
    name: Annotated[Text140, Query(description="What the library is to be called")],
    licence: Annotated[Text200, Query(description="Terms under which it may be used")],
    source: Annotated[Text200, Query(description="Publisher, edition, address")],
    filename: Annotated[Text200, Query()] = "",
    y_unit: Annotated[
        Text40, Query(description="What the y axis of infrared files is, where they say it wrongly")
    ] = "",
    holds: Annotated[Holds, Query(description="What its compounds are: drugs, or chemicals of any kind")] = Holds.DRUGS,
) -> Response:
    """Take a file or a zip of thousands in as the raw body; a job makes the library, whole or not at all."""
    await to_thread.run_sync(partial(_check_importer, rt, who))
    importing.check_words(name, licence, source, y_unit)  # before the file: what is refused leaves no bytes
    store = import_job.arrivals(rt.settings.blob_dir, rt.settings.upload_max_bytes)
    received = await store.receive(creation.request.stream())

    def create(uow: UnitOfWork) -> ImportOut:
        row = import_job.ask_for_import(uow, received, filename, name, licence, source, y_unit, holds)
        return ImportOut.model_validate(row)

    return await to_thread.run_sync(partial(creation.made, who, create, sha256=received.sha256, status=202))


def _check_importer(rt: Runtime, who: Actor) -> None:
    with rt.read() as session:
        import_job.check_importer(session, who)


@router.get("/imports", response_model=list[ImportOut])
def list_imports(who: Admin, rt: RuntimeDep) -> list[LibraryImport]:
    """The latest imports, newest first."""
    with rt.read() as session:
        return import_job.imports(session)


@router.get("/imports/{import_id}", response_model=ImportOut)
def show_import(import_id: uuid.UUID, who: Admin, rt: RuntimeDep) -> LibraryImport:
    """One import: how far it is, or what became of it."""
    with rt.read() as session:
        return import_job.get_import(session, import_id)


@router.get("/{key}", response_model=LibraryFullOut)
def show_library(key: Key, who: Reader, rt: RuntimeDep) -> service.LibraryView:
    """One library, with what was refused when it was imported."""
    with rt.read() as session:
        return service.get_library(session, rt.registry, key)


class Declared(BaseModel):
    """What a library is declared to hold."""

    holds: Holds


@router.put("/{key}/holds", response_model=LibraryFullOut)
def declare_holds(key: Key, body: Declared, who: Admin, rt: RuntimeDep, request: Request) -> service.LibraryView:
    """Declare what an imported library holds. Answers made before stay as they are."""
    with rt.begin(who, request) as uow:
        row = declaring.declare(uow, key, body.holds)
        folder = row.folder
    with rt.read() as session:
        return service.get_library(session, rt.registry, folder)


@router.get("/{key}/entries")
def list_entries(
    key: Key,
    who: Reader,
    rt: RuntimeDep,
    q: Annotated[Text80, Query(description="Part of a name, formula or key")] = "",
    after: Annotated[int, Query(ge=-1, lt=2**31)] = -1,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> EntriesOut:
    """Entries in the order of the library."""
    rows, more = service.entries(rt.registry, key, q, after, limit)
    return EntriesOut(rows=rows, next=rows[-1].number if more else None)


@router.get("/{key}/entries/{number}")
def show_entry(key: Key, number: Number, who: Reader, rt: RuntimeDep) -> service.EntryView:
    """One entry with its own provenance."""
    return service.entry(rt.registry, key, number)
