"""The worksheet of an open session: samples down, tests across, one letter for each result, saved all together."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlmodel import Session

from app.intake.sessions import service as sessions
from app.laboratory.readings.strip_targets import strip_targets
from app.laboratory.worksheets import service
from app.laboratory.worksheets.domain import MOST_COLUMNS, MOST_ROWS, STRIP, Column
from app.platform.kernel.errors import MastError, NotFound
from app.platform.kernel.ids import new_id
from app.platform.kernel.place import local
from app.platform.web.forms import Entered, fields_of
from app.results.bench import Row, worklist
from app.results.domain import State
from app.results.service import STANDS
from app.screens.visits import Chemist, Visit
from app.screens.worksheet.forms import WorksheetForm, tests

router = APIRouter(include_in_schema=False)

FIRST_STRIPS = 4
"""So many strips stand in the first worksheet of a session; the lots of the others are remembered."""


@dataclass(frozen=True, slots=True)
class Grid:
    """What the page shows: the head of every column and the samples. `letters` is what was typed, row by row."""

    session: sessions.CheckingSession
    columns: tuple[Column | None, ...]
    rows: tuple[Row, ...]
    waiting: int
    batch: str
    letters: tuple[str, ...] = ()

    def letter(self, row: int, column: int) -> str:
        """What was typed into a cell."""
        place = row * len(self.columns) + column
        return self.letters[place] if place < len(self.letters) else ""


@router.get("/bench/worksheet")
def worksheet_page(
    visit: Chemist,
    session: uuid.UUID | None = None,
    saved: Annotated[int | None, Query(ge=0, le=1000)] = None,
    failed: Annotated[int, Query(ge=0, le=10)] = 0,
) -> HTMLResponse:
    """An empty worksheet of a session that is open now."""
    return _page(visit, session, saved=saved, failed=failed)


@router.post("/bench/worksheet")
def save_worksheet(visit: Chemist, form: Annotated[WorksheetForm, Form()]) -> Response:
    """Save every result of the grid, or none of them."""
    register = visit.rt.pack.substances

    def again(error: MastError) -> HTMLResponse:
        return _page(visit, form.session, error=error, typed=form)

    with visit.work(again, but=NotFound) as uow:
        new = form.entered(strip_targets(register))
        visit.once(uow, form.idempotency_key, lambda: service.save(uow, form.session, new, register))
    results, failed = len(list(new.cells())), sum(column.failed for column in new.columns)
    return RedirectResponse(f"/bench/worksheet?session={form.session}&saved={results}&failed={failed}", 303)


def _page(
    visit: Visit,
    session_id: uuid.UUID | None,
    *,
    saved: int | None = None,
    failed: int = 0,
    error: MastError | None = None,
    typed: WorksheetForm | None = None,
) -> HTMLResponse:
    with visit.rt.read() as session:
        open_now = sessions.sessions_now(session, visit.who, visit.rt.now())
        chosen = next((one for one in open_now if one.id == session_id), None)
        if session_id is not None and chosen is None:
            raise NotFound("open session")
        chosen = chosen or next(iter(open_now), None)
        grid = _grid(visit, session, chosen, typed) if chosen is not None else None
    return visit.page(
        "worksheet/worksheet.html",
        grid=grid,
        open_now=open_now,
        tests=tests(strip_targets(visit.rt.pack.substances)),
        key=new_id(),
        error=error,
        fields=fields_of(error) if error else Entered(),
        saved=saved,
        failed=failed,
    )


def _grid(visit: Visit, session: Session, chosen: sessions.CheckingSession, typed: WorksheetForm | None) -> Grid:
    now = visit.rt.now()
    every = [r for r in worklist(session, visit.who, now, visit.rt.pack.substances).rows if _may_be_tested(r.state)]
    rows = _in_order([r for r in every if r.session_id == chosen.id], typed)
    if typed is not None:
        return Grid(chosen, _typed_columns(typed), rows, len(rows), typed.batch, tuple(typed.cell))
    columns = service.last_columns(session, chosen.id) or tuple(
        Column(STRIP, key) for key, _ in strip_targets(visit.rt.pack.substances)[:FIRST_STRIPS]
    )
    head = (*columns, *(None,) * MOST_COLUMNS)[:MOST_COLUMNS]
    batch = f"{local(now):%d%b}-{service.number_of(session, chosen.id) + 1}"
    return Grid(chosen, head, rows[:MOST_ROWS], len(rows), batch)


def _may_be_tested(state: State | None) -> bool:
    return state not in STANDS


def _in_order(rows: Sequence[Row], typed: WorksheetForm | None) -> tuple[Row, ...]:
    """The longest waiting first; where something was typed, as it was typed."""
    if typed is None:
        return tuple(rows)
    there = {row.queued.id: row for row in rows}
    return tuple(there[key] for key in typed.sample if key in there)


def _typed_columns(typed: WorksheetForm) -> tuple[Column | None, ...]:
    return tuple(
        Column(*test.partition(":")[::2], lot, blank, control)
        for test, lot, blank, control in zip(typed.test, typed.lot, typed.blank, typed.control, strict=False)
    )
