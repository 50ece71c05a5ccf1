"""The report of a session as a page to be printed, and as CSV: for its own lead, or as it was given out to be passed on."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.figures.session_report import issues, service
from app.figures.session_report.csv import to_csv
from app.figures.session_report.sheets import Cell, Label, Sheet, Withheld, hours_open, sheets
from app.intake.samples import service as samples
from app.intake.sessions.domain import LICENCE_WORDS, PHASE_WORDS, SERVICE_WORDS
from app.intake.sessions.service import phase_of
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Conflict, MastError, NotFound
from app.platform.security.policy import allow
from app.platform.web.forms import shown_again
from app.platform.web.problems import status_of
from app.platform.web.templates import clock_time, day
from app.runtime import Runtime, RuntimeDep

router = APIRouter(include_in_schema=False)

Lead = Annotated[Actor, allow(Role.SESSION_LEAD)]


class Edition(StrEnum):
    """Which of the two versions."""

    OWN = "own"
    OTHERS = "pass-on"


Which = Annotated[Edition, Query(alias="version")]


@router.get("/sessions/{session_id}/report")
def report_page(
    session_id: uuid.UUID, request: Request, who: Lead, rt: RuntimeDep, which: Which = Edition.OWN
) -> HTMLResponse:
    """The page: on the screen with its choices, on paper without."""
    return _page(request, rt, who, session_id, which)


@router.get("/sessions/{session_id}/report.csv")
def report_csv(session_id: uuid.UUID, who: Lead, rt: RuntimeDep, which: Which = Edition.OWN) -> Response:
    """The tables of the report as CSV, a line per cell."""
    if which is Edition.OWN:
        made = _counted(rt, who, session_id, to_pass_on=False)
        text, name = to_csv(_about(made, Edition.OWN), _sheets(made, rt)), "session-report"
    else:
        with rt.read() as session:
            row = issues.newest(session, who, session_id)
        if row is None:
            raise Conflict(
                "The report of this session was not given out yet, so there is none to pass on.",
                hint="Give it out on its page, once the session is closed and late results are in.",
            )
        text, name = to_csv(issues.about_of(row), issues.tables_of(row)), f"session-report-to-pass-on-{row.number}"
    return Response(
        text,
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


@router.post("/sessions/{session_id}/report/issues")
def give_out(session_id: uuid.UUID, request: Request, who: Lead, rt: RuntimeDep) -> Response:
    """Count the report as it may be passed on, and keep it so."""
    with (
        shown_again(lambda error: _page(request, rt, who, session_id, Edition.OTHERS, error=error), but=NotFound),
        rt.begin(who, request) as uow,
    ):
        issues.give_out(uow, session_id, _label(rt), lambda made: _about(made, Edition.OTHERS))
    return RedirectResponse(f"/sessions/{session_id}/report?version={Edition.OTHERS.value}", 303)


def _page(
    request: Request,
    rt: Runtime,
    who: Actor,
    session_id: uuid.UUID,
    which: Edition,
    *,
    error: MastError | None = None,
) -> HTMLResponse:
    to_pass_on = which is Edition.OTHERS
    made = _counted(rt, who, session_id, to_pass_on=to_pass_on)
    row, facts, tables = None, _about(made, which), list[Sheet]()
    if to_pass_on:
        with rt.read() as session:
            row = issues.newest(session, who, session_id)
        if row is not None:
            facts, tables = issues.about_of(row), issues.tables_of(row)
    else:
        tables = _sheets(made, rt)
    flow, released_here = made.report.flow, made.checking.licence_mode.individual_results
    return rt.templates.page(
        request,
        "session_report/report.html",
        status=status_of(error),
        error=error,
        checking=made.checking,
        about=facts,
        tables=[(table, [[_cell(cell) for cell in row] for row in table.rows]) for table in tables],
        to_pass_on=to_pass_on,
        issue=row,
        open_results=flow.received - flow.released if released_here else 0,
        address=f"/sessions/{session_id}/report",
        agency=who.agency_name,
    )


def _counted(rt: Runtime, who: Actor, session_id: uuid.UUID, *, to_pass_on: bool) -> service.Made:
    with rt.read() as session:
        return service.report(session, who, session_id, rt.now(), to_pass_on=to_pass_on)


def _sheets(made: service.Made, rt: Runtime) -> list[Sheet]:
    return sheets(made.report, made.own, _label(rt)) if made.own else []


def _label(rt: Runtime) -> Label:
    def label(key: str) -> str:
        return samples.label_of(rt.pack.register, key)

    return label


def _cell(cell: Cell) -> object:
    """As the table macro wants it: what is withheld is hatched and says why."""
    return {"suppressed": cell.why} if isinstance(cell, Withheld) else cell


def _about(made: service.Made, which: Edition) -> list[tuple[str, str]]:
    row, now = made.checking, made.report.made_at
    hours = hours_open(row.opens_at, row.closed_at, now).total_seconds() / 3600
    facts = [
        ("Place", f"{made.place.name}, {made.place.region}"),
        ("Date", day(row.opens_at)),
        ("Kind of service", SERVICE_WORDS[row.service_type]),
        ("Opened", _moment(row.opens_at)),
        ("Closed", _moment(row.closed_at) if row.closed_at else f"not yet ({PHASE_WORDS[phase_of(row, now)]})"),
        ("Hours open", f"{hours:.1f}" + ("" if row.closed_at else " so far")),
    ]
    if which is Edition.OWN:
        facts.append(("Licence", LICENCE_WORDS[row.licence_mode]))
    return [*facts, ("Counted", _moment(now))]


def _moment(at: datetime) -> str:
    return f"{day(at)} {clock_time(at)}"
