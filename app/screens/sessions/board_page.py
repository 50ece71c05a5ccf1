"""The board of a session: throughput, waits, whether its instruments are fit, live."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.intake.samples import service
from app.intake.samples.domain import STAGE_WORDS
from app.intake.sessions import service as sessions
from app.intake.sessions.domain import LICENCE_MEANING, LICENCE_WORDS, PHASE_WORDS, SERVICE_WORDS, Phase
from app.intake.tasks import service as tasks
from app.laboratory.instrument_checks import service as instrument_checks
from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import SERVICE_STAFF, allow
from app.runtime import RuntimeDep
from app.screens.reception import forms

router = APIRouter(include_in_schema=False)

Staff = Annotated[Actor, allow(*SERVICE_STAFF)]


@router.get("/sessions/{session_id}")
def board_page(session_id: uuid.UUID, request: Request, who: Staff, rt: RuntimeDep) -> HTMLResponse:
    """One session: what its licence allows, its figures, its queue."""
    return _board(session_id, request, who, rt, "sessions/board.html")


@router.get("/sessions/{session_id}/board")
def board_part(session_id: uuid.UUID, request: Request, who: Staff, rt: RuntimeDep) -> HTMLResponse:
    """The live part of the board."""
    return _board(session_id, request, who, rt, "sessions/board_part.html")


def _board(session_id: uuid.UUID, request: Request, who: Actor, rt: RuntimeDep, template: str) -> HTMLResponse:
    now = rt.now()
    with rt.read() as session:
        row = sessions.get_session(session, who, session_id)
        place = sessions.site_of(session, row)
        board = service.board(session, who, session_id, now)
        waiting = service.queue(session, who, session_id, now=now)
        machines = instrument_checks.instrument_views(session, who, now)
        todo = tasks.of_session(session, who, session_id)
    phase = sessions.phase_of(row, now)
    return rt.templates.page(
        request,
        template,
        checking=row,
        place=place,
        phase=PHASE_WORDS[phase],
        overrunning=phase is Phase.OVERRUNNING,
        licence=LICENCE_WORDS[row.licence_mode],
        licence_meaning=LICENCE_MEANING[row.licence_mode],
        service_words=SERVICE_WORDS[row.service_type],
        board=board,
        state_words={stage: service.state_words(stage, row) for stage in STAGE_WORDS},
        queue=forms.queue_view(waiting, rt.pack.register, now),
        may_close=who.has(Role.SESSION_LEAD) and phase is not Phase.CLOSED,
        may_register=who.has(Role.RECEPTION, Role.SESSION_LEAD, Role.HEALTH_WORKER) and phase is not Phase.CLOSED,
        may_report=who.has(Role.SESSION_LEAD),
        now=now,
        instruments=machines,
        session_id=session_id,
        session_tasks=todo,
        level_words=instrument_checks.LEVEL_WORDS,
    )
