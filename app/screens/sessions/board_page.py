"""The board of a session: what stands where, who has it, turnaround, instruments, tasks, live."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from app.intake.samples import queue
from app.intake.samples.domain import LATE_AFTER_S
from app.intake.sessions import service
from app.intake.sessions.domain import LICENCE_MEANING, LICENCE_WORDS, Phase
from app.intake.tasks import service as tasks
from app.laboratory.instrument_checks import service as instrument_checks
from app.platform.kernel.actor import Role
from app.screens.sessions.board import changed, columns, seen_of
from app.screens.visits import Staff, Visit

router = APIRouter(include_in_schema=False)

Seen = Annotated[str, Query(max_length=80)]


@router.get("/sessions/{session_id}")
def board_page(session_id: uuid.UUID, visit: Staff) -> HTMLResponse:
    """One session as columns of samples."""
    return _board(session_id, visit, "sessions/board.html")


@router.get("/sessions/{session_id}/board")
def board_part(session_id: uuid.UUID, visit: Staff, seen: Seen = "") -> HTMLResponse:
    """The live part: figures, and the columns that are not as the page has `seen` them."""
    return _board(session_id, visit, "sessions/board_part.html", seen)


def _board(session_id: uuid.UUID, visit: Visit, template: str, seen: str | None = None) -> HTMLResponse:
    now, who, register = visit.rt.now(), visit.who, visit.rt.pack.register
    with visit.rt.read() as session:
        row = service.get_session(session, who, session_id)
        place = service.site_of(session, row)
        board = queue.board(session, who, session_id, now)
        found = columns(session, who, row, register, now)
        machines = instrument_checks.instrument_views(session, who, now)
        todo = tasks.of_session(session, who, session_id)
    phase = service.phase_of(row, now)
    return visit.page(
        template,
        checking=row,
        place=place,
        phase=phase.words,
        closed=phase is Phase.CLOSED,
        overrunning=phase is Phase.OVERRUNNING,
        licence=LICENCE_WORDS[row.licence_mode],
        licence_meaning=LICENCE_MEANING[row.licence_mode],
        service_words=row.service_type.words,
        board=board,
        columns=found,
        changed=[] if seen is None else changed(found, seen),
        seen=seen_of(found),
        late_after_s=LATE_AFTER_S,
        may_register=who.has(Role.RECEPTION, Role.SESSION_LEAD, Role.HEALTH_WORKER) and phase is not Phase.CLOSED,
        may_report=who.has(Role.SESSION_LEAD),
        now=now,
        instruments=machines,
        session_id=session_id,
        session_tasks=todo,
        session_closed=row.closed_at is not None,
    )
