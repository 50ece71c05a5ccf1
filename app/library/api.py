"""JSON routes of reference libraries. Importing one is the operator's act on the command line, not a route."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from app.library import schemas, service
from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import allow
from app.platform.web.fields import Text80
from app.runtime import RuntimeDep

router = APIRouter(prefix="/api/v1/libraries", tags=["libraries"])

Reader = Annotated[
    Actor, allow(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD, Role.HEALTH_WORKER, Role.RESEARCHER, Role.ADMIN)
]
Key = Annotated[str, Path(max_length=80, description="Key or name of a library")]
Number = Annotated[int, Path(ge=0, lt=2**31)]


@router.get("")
def list_libraries(who: Reader, rt: RuntimeDep) -> list[schemas.LibraryOut]:
    """Every library on the shelf with licence and source; starters come last."""
    with rt.read() as session:
        return [schemas.LibraryOut.of(view) for view in service.list_libraries(session, rt.shelf)]


@router.get("/{key}")
def show_library(key: Key, who: Reader, rt: RuntimeDep) -> schemas.LibraryFullOut:
    """One library, with what was refused when it was imported."""
    with rt.read() as session:
        return schemas.LibraryFullOut.of(service.get_library(session, rt.shelf, key))


@router.get("/{key}/entries")
def list_entries(
    key: Key,
    who: Reader,
    rt: RuntimeDep,
    q: Annotated[Text80, Query(description="Part of a name, formula or key")] = "",
    after: Annotated[int, Query(ge=-1, lt=2**31)] = -1,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> schemas.EntriesOut:
    """Entries in the order of the library."""
    rows, more = service.entries(rt.shelf, key, q, after, limit)
    return schemas.EntriesOut(rows=[schemas.EntryOut.of(row) for row in rows], next=rows[-1].number if more else None)


@router.get("/{key}/entries/{number}")
def show_entry(key: Key, number: Number, who: Reader, rt: RuntimeDep) -> schemas.EntryOut:
    """One entry with its own provenance."""
    return schemas.EntryOut.of(service.entry(rt.shelf, key, number))
