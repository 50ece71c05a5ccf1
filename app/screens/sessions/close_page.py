"""Closing a session: what is still open, the reason where something is, and the report right after."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlmodel import Session

from app.figures.session_report import service as reports
from app.intake.samples import queue
from app.intake.samples.domain import Stage
from app.intake.sessions import service
from app.intake.tasks import service as tasks
from app.platform.kernel.errors import Invalid, MastError, NotFound
from app.platform.kernel.sample_numbers import sample_number
from app.platform.kernel.versions import check_version
from app.platform.kernel.worded import Worded
from app.platform.web.forms import fields_of
from app.screens.visits import Lead, Visit

router = APIRouter(include_in_schema=False)


class LeftOpen(Worded):
    """Why a session is closed with something open. Chosen and never typed: nothing about a person gets in."""

    LATER = "later", "The results follow after the session"
    LABORATORY = "laboratory", "Samples go on to another laboratory"
    NOBODY_CAME = "nobody_came", "Nobody came back for the results"
    TROUBLE = "trouble", "The service had to stop early"
    MISTAKE = "mistake", "The session was opened by mistake"


class StillOpen(Worded):
    """What may be open when a session closes."""

    NO_RESULT = "no_result", "Samples without a result"
    TO_VERIFY = "to_verify", "Results to verify"
    TO_RELEASE = "to_release", "Results to release"
    CUSTODY = "custody", "Chain of custody"
    TASKS = "tasks", "Tasks"


_OF_STAGE = {
    Stage.RECEIVED: StillOpen.NO_RESULT,
    Stage.ANALYSED: StillOpen.TO_VERIFY,
    Stage.VERIFIED: StillOpen.TO_RELEASE,
}

Open = dict[StillOpen, list[tuple[str, str, str]]]
"""What is open: number of the sample, what about it, and where it is looked at."""


@router.get("/sessions/{session_id}/close")
def close_form(session_id: uuid.UUID, visit: Lead) -> HTMLResponse:
    """What is still open; once it is closed, where its report stands."""
    return _page(visit, session_id)


@router.post("/sessions/{session_id}/close")
def close_session(
    session_id: uuid.UUID,
    visit: Lead,
    version: Annotated[int, Form()],
    reason: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Close it, with a reason where something is open, and go on to its report."""
    with visit.work(lambda error: _page(visit, session_id, reason, error), but=NotFound) as uow:
        row = service.lock_session(uow, session_id)
        check_version("session", version, row.version)
        known = reason in set(LeftOpen)
        if row.closed_at is None and not known and any(_open(uow.session, visit, row).values()):
            raise Invalid("The session is still open.", fields={"reason": "Choose why it closes with something open."})
        service.close_session(uow, row, LeftOpen(reason).words if known else "")
    return RedirectResponse(f"/sessions/{session_id}/close", 303)


def _open(session: Session, visit: Visit, row: service.CheckingSession) -> Open:
    """What is open now; back of house nothing is released."""
    now, individual = visit.rt.now(), row.licence_mode.individual_results
    found: Open = {kind: [] for kind in StillOpen}
    everything = queue.queue(session, visit.who, row.id, now=now, everything=True)
    for one in everything:
        kind = _OF_STAGE.get(one.stage)
        if kind is not None and (individual or kind is not StillOpen.TO_RELEASE):
            found[kind].append((sample_number(one.number), "", f"/bench/samples/{one.id}"))
    keys = {one.number: one.id for one in everything}
    own = reports.report(session, visit.who, row.id, now).own
    for number, words in own.custody.gaps if own else ():
        found[StillOpen.CUSTODY].append((sample_number(number), words, f"/samples/{keys[number]}"))
    for task in tasks.of_session(session, visit.who, row.id):
        if task.is_open:
            what = "Urgent finding" if task.row.kind is tasks.TaskKind.TELL_LEAD else task.title
            found[StillOpen.TASKS].append((sample_number(task.number), what, f"/sessions/{row.id}#tasks"))
    return found


def _page(visit: Visit, session_id: uuid.UUID, reason: str = "", error: MastError | None = None) -> HTMLResponse:
    with visit.rt.read() as session:
        row = service.get_session(session, visit.who, session_id)
        place = service.site_of(session, row)
        issue = reports.newest(session, visit.who, session_id)
        found = _open(session, visit, row)
    return visit.page(
        "sessions/close.html",
        checking=row,
        place=place,
        still_open=[(kind, rows) for kind, rows in found.items() if rows],
        reasons=[(one.value, one.words) for one in LeftOpen],
        reason=reason,
        issue=issue,
        error=error,
        errors=fields_of(error),
    )
