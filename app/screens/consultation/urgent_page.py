"""Pages of urgent messages, asked for and approved, and of how often staff take a message off a page."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.care.consultations import override_rates, urgent
from app.care.consultations.adjusting_domain import (
    APPROVERS,
    REFUSED_WORDS,
    URGENT_HOURS,
    URGENT_WORDS,
    WHY_WORDS,
    UrgentReach,
    UrgentState,
    WhyRefused,
)
from app.care.consultations.web_logged import LoggedRoute
from app.intake.sessions import service as sessions
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Invalid, MastError, NotFound
from app.platform.kernel.ids import new_id
from app.platform.security.policy import allow
from app.platform.web.fields import Note200, Text20, Text40, Text80
from app.platform.web.forms import Entered, fields_of, shown_again
from app.platform.web.idempotency import form_once
from app.platform.web.problems import status_of
from app.runtime import Runtime, RuntimeDep
from harm_messages import snippets_of

router = APIRouter(include_in_schema=False, route_class=LoggedRoute)

Approver = Annotated[Actor, allow(*APPROVERS)]
Reviewer = Annotated[Actor, allow(Role.CLINICIAN, Role.SESSION_LEAD)]
DONE = {
    "asked": "Asked for. Two other people approve it before it is on any page.",
    "approved": "Approved by you. A second person still has to.",
    "shown": "Approved by two: it is on pages now, and goes by itself.",
    "stopped": "Stopped. It is on no page any more.",
}


@router.get("/consultations/urgent")
def urgent_page(
    request: Request, who: Approver, rt: RuntimeDep, done: Annotated[str, Query(max_length=20)] = ""
) -> HTMLResponse:
    """Urgent messages: asked for, on pages, over; and the form."""
    return _urgent(request, rt, who, done=DONE.get(done, ""))


@router.post("/consultations/urgent")
def request_urgent(
    request: Request,
    who: Approver,
    rt: RuntimeDep,
    session_id: Annotated[Text40, Form()] = "",
    snippet: Annotated[Text80, Form()] = "",
    reach: Annotated[Text20, Form()] = "session",
    hours: Annotated[Text20, Form()] = "",
    why: Annotated[Note200, Form()] = "",
    idempotency_key: Annotated[str, Form(max_length=120)] = "",
) -> Response:
    """Ask for one."""
    typed = {"session_id": session_id, "snippet": snippet, "reach": reach, "hours": hours, "why": why}
    with shown_again(lambda error: _urgent(request, rt, who, error=error, typed=typed), but=NotFound):
        key = _session_key(session_id)
        pack = rt.pack_of(who.agency_id)
        place = UrgentReach(reach) if reach in set(UrgentReach) else UrgentReach.SESSION
        with rt.begin(who, request) as uow:
            form_once(request, rt.pepper, idempotency_key).run(
                uow,
                lambda: {"id": str(urgent.request(uow, key, snippet, place, _whole(hours), why, pack=pack).id)},
            )
    return RedirectResponse("/consultations/urgent?done=asked", 303)


@router.post("/consultations/urgent/{urgent_id}/approve")
def approve_urgent(
    request: Request, urgent_id: uuid.UUID, who: Approver, rt: RuntimeDep, version: Annotated[int, Form()] = 0
) -> Response:
    """Approve it."""
    with (
        shown_again(lambda error: _urgent(request, rt, who, error=error), but=NotFound),
        rt.begin(who, request) as uow,
    ):
        row = urgent.approve(uow, urgent_id, version)
        done = "shown" if row.until is not None else "approved"
    return RedirectResponse(f"/consultations/urgent?done={done}", 303)


@router.post("/consultations/urgent/{urgent_id}/stop")
def stop_urgent(
    request: Request,
    urgent_id: uuid.UUID,
    who: Approver,
    rt: RuntimeDep,
    version: Annotated[int, Form()] = 0,
    why: Annotated[Note200, Form()] = "",
) -> Response:
    """Stop it."""
    with (
        shown_again(
            lambda error: _urgent(request, rt, who, error=error, wrong={str(urgent_id): error.fields.get("why", "")}),
            but=NotFound,
        ),
        rt.begin(who, request) as uow,
    ):
        urgent.stop(uow, urgent_id, version, why)
    return RedirectResponse("/consultations/urgent?done=stopped", 303)


def _urgent(
    request: Request,
    rt: Runtime,
    who: Actor,
    *,
    done: str = "",
    error: MastError | None = None,
    typed: dict[str, str] | None = None,
    wrong: dict[str, str] | None = None,
) -> HTMLResponse:
    with rt.read() as session:
        pack = rt.packs.current(session, who.agency_id, rt.now())
        rows = urgent.urgents(session, who, rt.now(), pack)
        open_sessions = sessions.sessions_of(session, who, open_only=True)
    texts = [(row, pack.message(row.message, "en")) for row in snippets_of(pack, "urgent")]
    return rt.templates.page(
        request,
        "consultation/urgent.html",
        status=status_of(error),
        rows=rows,
        State=UrgentState,
        state_words=URGENT_WORDS,
        sessions=[(str(s.id), s.name) for s in open_sessions if s.licence_mode.individual_results],
        snippets=[(row.id, f"{text.title}: {text.short}") for row, text in texts],
        reaches=[("session", "Pages of this session"), ("region", "Pages of every session in its region")],
        hours=[(str(h), f"{h} hours") for h in URGENT_HOURS],
        t=Entered(typed or {"reach": "session", "hours": "12"}),
        key=str(new_id()),
        done=done,
        error=error,
        fields=fields_of(error if typed else None),
        wrong=wrong or {},
        now=rt.now(),
    )


@router.get("/consultations/overrides")
def overrides_page(
    request: Request, who: Reviewer, rt: RuntimeDep, days: Annotated[int, Query(ge=1, le=3660)] = 90
) -> HTMLResponse:
    """How often staff took a message off a page, by rule."""
    with rt.read() as session:
        rates = override_rates.override_rates(
            session, who, rt.packs.current(session, who.agency_id, rt.now()), rt.now(), days=days
        )
    return rt.templates.page(
        request,
        "consultation/overrides.html",
        rates=rates,
        days=days,
        why_words=WHY_WORDS,
        refused_words=REFUSED_WORDS,
        definition=override_rates.DEFINITION,
        fewest=override_rates.FEWEST,
    )


def _session_key(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise Invalid(
            urgent.NOT_ASKED, fields={"session_id": "Choose the session."}, reason_code=WhyRefused.NO_SESSION
        ) from None


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
