"""The report of a session as a page to be printed, and as CSV: for its own lead, or as it was given out to be passed on."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.figures.session_report import service
from app.figures.session_report.sheets import Cell, Sheet, Withheld, hours_open, sheets
from app.intake.samples import substances
from app.intake.sessions.domain import LICENCE_WORDS
from app.intake.sessions.service import phase_of
from app.platform.kernel.errors import Conflict, MastError, NotFound
from app.platform.web import bodies
from app.platform.web.csv_text import csv_text
from app.platform.web.templates import clock_time, day
from app.runtime import Runtime
from app.screens.visits import Lead, Visit

router = APIRouter(include_in_schema=False)


class Edition(StrEnum):
    """Which of the two versions."""

    OWN = "own"
    OTHERS = "pass-on"


Which = Annotated[Edition, Query(alias="version")]


@router.get("/sessions/{session_id}/report")
def report_page(session_id: uuid.UUID, visit: Lead, which: Which = Edition.OWN) -> HTMLResponse:
    """The page: on the screen with its choices, on paper without."""
    return _page(visit, session_id, which)


@router.get("/sessions/{session_id}/report.csv")
def report_csv(session_id: uuid.UUID, visit: Lead, which: Which = Edition.OWN) -> Response:
    """The tables of the report as CSV, a line per cell."""
    if which is Edition.OWN:
        made = _counted(visit, session_id, to_pass_on=False)
        text, name = to_csv(_about(made, Edition.OWN), _sheets(made, visit.rt)), "session-report"
    else:
        with visit.rt.read() as session:
            row = service.newest(session, visit.who, session_id)
        if row is None:
            raise Conflict(
                "The report of this session has not been given out yet.",
                hint="Give it out on its page, once the session is closed and late results are in.",
            )
        text, name = to_csv(service.about_of(row), service.tables_of(row)), f"session-report-to-pass-on-{row.number}"
    return bodies.download(text, f"{name}.csv")


def to_csv(about: Iterable[tuple[str, str]], tables: Iterable[Sheet]) -> str:
    """UTF-8 CSV, a line per cell, so that no table's columns get in another's way: table, row, column, value, withheld."""
    head = ("table", "row", "column", "value", "withheld")
    return csv_text([head, *(("Session", term, "", value, "") for term, value in about), *_cells(tables)])


def _cells(tables: Iterable[Sheet]) -> Iterator[tuple[object, ...]]:
    for table in tables:
        for number, row in enumerate(table.rows, start=1):
            head = row[0] if table.numbers else f"{row[0]} ({number})"
            for column, cell in zip(table.columns[1:], row[1:], strict=True):
                value, why = ("", cell.why) if isinstance(cell, Withheld) else (cell, "")
                yield table.title, head, column, value, why


@router.post("/sessions/{session_id}/report/issues")
def give_out(session_id: uuid.UUID, visit: Lead) -> Response:
    """Count the report as it may be passed on, and keep it so."""
    with visit.work(lambda error: _page(visit, session_id, Edition.OTHERS, error), but=NotFound) as uow:
        label = partial(substances.label_of, visit.rt.pack.register)
        service.give_out(uow, session_id, label, lambda made: _about(made, Edition.OTHERS))
    return RedirectResponse(f"/sessions/{session_id}/report?version={Edition.OTHERS.value}", 303)


def _page(visit: Visit, session_id: uuid.UUID, which: Edition, error: MastError | None = None) -> HTMLResponse:
    to_pass_on = which is Edition.OTHERS
    made = _counted(visit, session_id, to_pass_on=to_pass_on)
    row, facts, tables = None, _about(made, which), list[Sheet]()
    if to_pass_on:
        with visit.rt.read() as session:
            row = service.newest(session, visit.who, session_id)
        if row is not None:
            facts, tables = service.about_of(row), service.tables_of(row)
    else:
        tables = _sheets(made, visit.rt)
    flow, released_here = made.report.flow, made.checking.licence_mode.individual_results
    return visit.page(
        "session_report/report.html",
        error=error,
        checking=made.checking,
        about=facts,
        tables=[(table, [[_cell(cell) for cell in row] for row in table.rows]) for table in tables],
        to_pass_on=to_pass_on,
        issue=row,
        open_results=flow.received - flow.released if released_here else 0,
        address=f"/sessions/{session_id}/report",
        agency=visit.who.agency_name,
    )


def _counted(visit: Visit, session_id: uuid.UUID, *, to_pass_on: bool) -> service.CountedReport:
    with visit.rt.read() as session:
        return service.report(session, visit.who, session_id, visit.rt.now(), to_pass_on=to_pass_on)


def _sheets(made: service.CountedReport, rt: Runtime) -> list[Sheet]:
    return sheets(made.report, made.own, partial(substances.label_of, rt.pack.register)) if made.own else []


def _cell(cell: Cell) -> object:
    """A cell for the table macro: a figure that is withheld is hatched and says why."""
    return {"suppressed": cell.why} if isinstance(cell, Withheld) else cell


def _about(made: service.CountedReport, which: Edition) -> list[tuple[str, str]]:
    row, now = made.checking, made.report.made_at
    hours = hours_open(row.opens_at, row.closed_at, now).total_seconds() / 3600
    facts = [
        ("Place", f"{made.place.name}, {made.place.region}"),
        ("Date", day(row.opens_at)),
        ("Kind of service", row.service_type.words),
        ("Opened", _moment(row.opens_at)),
        ("Closed", _moment(row.closed_at) if row.closed_at else f"not yet ({phase_of(row, now).words})"),
        ("Hours open", f"{hours:.1f}" + ("" if row.closed_at else " so far")),
    ]
    if which is Edition.OWN:
        facts.append(("Licence", LICENCE_WORDS[row.licence_mode]))
    return [*facts, ("Counted", _moment(now))]


def _moment(at: datetime) -> str:
    return f"{day(at)} {clock_time(at)}"
