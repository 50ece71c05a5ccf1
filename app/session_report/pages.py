"""The report of a session as a page to be printed, and as CSV: for its own lead, or a version that may be passed on."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import allow
from app.platform.web.templates import clock_time, day
from app.runtime import Runtime, RuntimeDep
from app.samples import service as samples
from app.session_report import service
from app.session_report.csv import to_csv
from app.session_report.passing_on import protected_sheets
from app.session_report.sheets import Cell, Sheet, Withheld, hours_open, sheets
from app.sessions.domain import LICENCE_WORDS, PHASE_WORDS, SERVICE_WORDS
from app.sessions.service import phase_of

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
    made, tables = _made(rt, who, session_id, which)
    return rt.templates.page(
        request,
        "session_report/report.html",
        checking=made.checking,
        place=made.place,
        about=_about(made, which),
        tables=[(table, [[_cell(cell) for cell in row] for row in table.rows]) for table in tables],
        to_pass_on=which is Edition.OTHERS,
        address=f"/sessions/{session_id}/report",
        made_at=made.report.made_at,
        agency=who.agency_name,
    )


@router.get("/sessions/{session_id}/report.csv")
def report_csv(session_id: uuid.UUID, who: Lead, rt: RuntimeDep, which: Which = Edition.OWN) -> Response:
    """The same tables, a line per cell."""
    made, tables = _made(rt, who, session_id, which)
    name = "session-report-to-pass-on" if which is Edition.OTHERS else "session-report"
    return Response(
        to_csv(_about(made, which), tables),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


def _cell(cell: Cell) -> object:
    """As the table macro wants it: what is withheld is hatched and says why."""
    return {"suppressed": cell.why} if isinstance(cell, Withheld) else cell


def _made(rt: Runtime, who: Actor, session_id: uuid.UUID, which: Edition) -> tuple[service.Made, list[Sheet]]:
    with rt.read() as session:
        made = service.report(session, who, session_id, rt.now(), to_pass_on=which is Edition.OTHERS)

    def label(key: str) -> str:
        return samples.label_of(rt.pack.register, key)

    tables = protected_sheets(made.report, label) if which is Edition.OTHERS else sheets(made.report, label)
    return made, tables


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
