"""Pages of reference libraries: which are installed, what is in one, one entry with where it comes from."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse

from app.laboratory.library import service
from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import allow
from app.platform.web.fields import Text80
from app.runtime import RuntimeDep
from app.screens.libraries import import_page

router = APIRouter(include_in_schema=False)
router.include_router(import_page.router)  # before the key of a library, which "import" is not

Reader = Annotated[
    Actor, allow(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD, Role.HEALTH_WORKER, Role.RESEARCHER, Role.ADMIN)
]
Key = Annotated[str, Path(max_length=80)]
PAGE = 50


@router.get("/libraries")
def libraries_page(request: Request, who: Reader, rt: RuntimeDep) -> HTMLResponse:
    """Every library with licence and source."""
    with rt.read() as session:
        rows = service.list_libraries(session, rt.registry)
    return rt.templates.page(request, "libraries/libraries.html", rows=rows, may_import=who.has(Role.ADMIN))


@router.get("/libraries/part")
def libraries_part(request: Request, who: Reader, rt: RuntimeDep) -> HTMLResponse:
    """The list alone, for the page that is open while a library is imported."""
    with rt.read() as session:
        rows = service.list_libraries(session, rt.registry)
    return rt.templates.page(request, "libraries/_list.html", rows=rows)


@router.get("/libraries/{key}")
def library_page(
    request: Request,
    key: Key,
    who: Reader,
    rt: RuntimeDep,
    q: Annotated[Text80, Query()] = "",
    after: Annotated[int, Query(ge=-1, lt=2**31)] = -1,
) -> HTMLResponse:
    """One library: provenance, what was refused, entries to browse and search."""
    with rt.read() as session:
        view = service.get_library(session, rt.registry, key)
    rows, more = ([], False) if view.broken else service.entries(rt.registry, view.key, q, after, PAGE)
    older = None
    if more:
        older = f"/libraries/{quote(view.key)}?{urlencode({'q': q, 'after': rows[-1].number})}"
    first = None if after < 0 else f"/libraries/{quote(view.key)}?{urlencode({'q': q})}"
    return rt.templates.page(
        request, "libraries/library.html", library=view, rows=rows, q=q, older=older, first=first
    )  # fmt: skip


@router.get("/libraries/{key}/entries/{number}")
def entry_page(
    request: Request, key: Key, number: Annotated[int, Path(ge=0, lt=2**31)], who: Reader, rt: RuntimeDep
) -> HTMLResponse:
    """One entry: its spectrum, its names, its licence."""
    with rt.read() as session:
        view = service.get_library(session, rt.registry, key)
    row = service.entry(rt.registry, view.key, number)
    plot = service.entry_plot(rt.registry.get(view.key), number)
    return rt.templates.page(request, "libraries/entry.html", library=view, entry=row, plot=plot)
