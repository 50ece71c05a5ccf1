"""Pages of reference libraries: which are installed, what is in one, one entry with where it comes from; and importing one: a
form, how far each import has come, and what it refused."""

from __future__ import annotations

import json
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form, Path, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel

from app.intake.people import service as people
from app.laboratory.library import import_job, importing, service
from app.laboratory.library.declaring import declare
from app.laboratory.library.domain import Holds
from app.platform.kernel.actor import Role
from app.platform.kernel.errors import MastError
from app.platform.kernel.ids import new_id
from app.platform.web import bodies
from app.platform.web.csv_text import csv_text
from app.platform.web.fields import Text40, Text80, Text140, Text200
from app.platform.web.forms import fields_of, shown_again
from app.screens.visits import Admin, Keyed, Sent, Visit, visitor
from instruments import Y_UNITS

router = APIRouter(include_in_schema=False)

Reader = Annotated[
    Visit, visitor(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD, Role.HEALTH_WORKER, Role.RESEARCHER, Role.ADMIN)
]
Key = Annotated[str, Path(max_length=80)]
PAGE = 50
UNITS = tuple(
    (unit, unit) for unit in Y_UNITS if unit not in ("counts", "intensity", "relative intensity", "single beam")
)
HOLDS = (
    (Holds.DRUGS.value, Holds.DRUGS.words, "Such as SWGDRUG or ENFSI."),
    (
        Holds.GENERAL.value,
        Holds.GENERAL.words,
        "Such as MassBank. In mixtures, a compound found only here counts less.",
    ),
)


@router.get("/libraries")
def libraries_page(visit: Reader) -> HTMLResponse:
    """Every library with licence and source."""
    with visit.rt.read() as session:
        rows = service.list_libraries(session, visit.rt.registry)
        may_import = visit.who.has(Role.ADMIN) and people.of_a_service(session, visit.who)
    return visit.page("libraries/libraries.html", rows=rows, may_import=may_import)


@router.get("/libraries/part")
def libraries_part(visit: Reader) -> HTMLResponse:
    """The list alone, for the page that is open while a library is imported."""
    with visit.rt.read() as session:
        return visit.page("libraries/_list.html", rows=service.list_libraries(session, visit.rt.registry))


class ImportForm(BaseModel):
    """Name, licence and source of a library to be. What is wrong with them is said by the use case, field by field."""

    name: Text140 = ""
    licence: Text200 = ""
    source: Text200 = ""
    y_unit: Text40 = ""
    holds: Holds = Holds.DRUGS
    idempotency_key: Text140 = ""


@router.get("/libraries/import")
def import_page(visit: Admin) -> HTMLResponse:
    """The form, and the latest imports."""
    with visit.rt.read() as session:
        import_job.check_importer(session, visit.who)
    return _page(visit, ImportForm())


@router.get("/libraries/import/part")
def import_part(visit: Admin) -> HTMLResponse:
    """The latest imports alone, asked for every two seconds while one is under way."""
    with visit.rt.read() as session:
        return visit.page("libraries/_imports.html", imports=import_job.imports(session))


@router.post("/libraries/import/files")
def import_file(visit: Admin, form: Annotated[ImportForm, Form()], file: Sent = None) -> Response:
    """Take a file in; the library is made of it by a job."""
    with shown_again(lambda error: _page(visit, form, error)):
        name, sent = bodies.chosen(file)
        with visit.rt.read() as session:
            import_job.check_importer(session, visit.who)
        importing.check_words(form.name, form.licence, form.source, form.y_unit)
        received = import_job.arrivals(visit.rt.settings.blob_dir, visit.rt.settings.upload_max_bytes).put(
            bodies.pieces(sent)
        )

        def create() -> Keyed:
            return import_job.ask_for_import(
                uow, received, name, form.name, form.licence, form.source, form.y_unit, form.holds
            )

        with visit.begin() as uow:
            visit.once(uow, form.idempotency_key, create, sha256=received.sha256)
    return RedirectResponse("/libraries/import", 303)


@router.get("/libraries/{key}/refusals.csv")
def refusals_csv(key: Key, visit: Reader) -> Response:
    """What an import refused (the first 5,000), as a table: file, spectrum, reason."""
    with visit.rt.read() as session:
        view = service.get_library(session, visit.rt.registry, key)
    return bodies.download(csv_text(service.refusal_lines(view.refusals)), "refusals.csv")


@router.get("/libraries/{key}/refusals.json")
def refusals_json(key: Key, visit: Reader) -> Response:
    """What was refused at import, as JSON for a script."""
    with visit.rt.read() as session:
        view = service.get_library(session, visit.rt.registry, key)
    body = json.dumps({"library": view.name, "refused": view.n_refused, "refusals": list(view.refusals)})
    return bodies.download(body, "refusals.json", "application/json")


@router.get("/libraries/{key}")
def library_page(
    visit: Reader, key: Key, q: Annotated[Text80, Query()] = "", after: Annotated[int, Query(ge=-1, lt=2**31)] = -1
) -> HTMLResponse:
    """One library: provenance, what was refused, entries to browse and search."""
    with visit.rt.read() as session:
        view = service.get_library(session, visit.rt.registry, key)
        may_import = visit.who.has(Role.ADMIN) and people.of_a_service(session, visit.who)
    rows, more = ([], False) if view.broken else service.entries(visit.rt.registry, view.key, q, after, PAGE)
    here = f"/libraries/{quote(view.key)}"
    older = f"{here}?{urlencode({'q': q, 'after': rows[-1].number})}" if more else None
    first = None if after < 0 else f"{here}?{urlencode({'q': q})}"
    return visit.page(
        "libraries/library.html", library=view, rows=rows, q=q, older=older, first=first, may_import=may_import,
        holds=HOLDS,
    )  # fmt: skip


@router.post("/libraries/{key}/holds")
def declare_holds(visit: Admin, key: Key, holds: Annotated[Holds, Form()]) -> RedirectResponse:
    """Declare what a library holds."""
    with visit.begin() as uow:
        row = declare(uow, key, holds)
        here = f"/libraries/{quote(row.folder)}"
    return RedirectResponse(here, 303)


@router.get("/libraries/{key}/entries/{number}")
def entry_page(visit: Reader, key: Key, number: Annotated[int, Path(ge=0, lt=2**31)]) -> HTMLResponse:
    """One entry: its spectrum, its names, its licence."""
    registry = visit.rt.registry
    with visit.rt.read() as session:
        view = service.get_library(session, registry, key)
    row, plot = service.entry(registry, view.key, number), service.entry_plot(registry.get(view.key), number)
    return visit.page("libraries/entry.html", library=view, entry=row, plot=plot)


def _page(visit: Visit, form: ImportForm, error: MastError | None = None) -> HTMLResponse:
    with visit.rt.read() as session:
        rows = import_job.imports(session)
    return visit.page(
        "libraries/import.html", imports=rows, typed=form, error=error, units=UNITS, holds=HOLDS, fields=fields_of(error),
        key=form.idempotency_key or str(new_id()),
    )  # fmt: skip
