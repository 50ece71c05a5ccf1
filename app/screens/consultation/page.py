"""Pages of the health worker's consultation. They call the same use cases as the API."""

from __future__ import annotations

import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.care.consultations import service, web
from app.care.consultations.client_view import client_view
from app.care.consultations.domain import INTENTION_WORDS, REFERRAL_WORDS, Intention, Referral, Tick
from app.care.consultations.schemas import LONGEST_TALK
from app.care.consultations.words import ENGLISH
from app.intake.samples import service as samples
from app.intake.samples.domain import Stage
from app.intake.sessions import service as sessions
from app.intake.tasks import service as tasks
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Conflict, Invalid, MastError
from app.platform.kernel.ids import new_id
from app.platform.security.policy import allow
from app.platform.web.forms import Entered
from app.platform.web.idempotency import form_once
from app.platform.web.problems import status_of
from app.runtime import Runtime, RuntimeDep
from app.screens.consultation import also_taking, log_page

router = APIRouter(include_in_schema=False)

Teller = Annotated[Actor, allow(Role.HEALTH_WORKER, Role.SESSION_LEAD)]


@router.get("/consultations")
def consultations_page(request: Request, who: Teller, rt: RuntimeDep) -> HTMLResponse:
    """Released results nobody has talked about yet come first; then those still waiting."""
    return _list(request, who, rt, "consultation/list.html")


@router.get("/consultations/queue")
def consultations_queue(request: Request, who: Teller, rt: RuntimeDep) -> HTMLResponse:
    """The live part of the list."""
    return _list(request, who, rt, "consultation/queue.html")


def _list(request: Request, who: Actor, rt: Runtime, template: str) -> HTMLResponse:
    with rt.read() as session:
        found = sessions.sessions_of(session, who, open_only=True)
        open_sessions = [s for s in found if s.licence_mode.individual_results]  # elsewhere there is nobody to tell
        rows = [row for s in open_sessions for row in samples.queue(session, who, s.id, now=rt.now(), everything=True)]
    ready = [r for r in rows if r.stage is Stage.RELEASED]
    told = [r for r in rows if r.stage is Stage.TOLD]
    waiting = [r for r in rows if r.stage in (Stage.RECEIVED, Stage.ANALYSED, Stage.VERIFIED)]
    return rt.templates.page(
        request, template, sessions=open_sessions, ready=ready, told=told, waiting=waiting, now=rt.now()
    )


@router.get("/consultations/samples/{sample_id}")
def consultation_page(request: Request, sample_id: uuid.UUID, who: Teller, rt: RuntimeDep) -> HTMLResponse:
    """The client's page with what staff may do beside it."""
    return _page(request, sample_id, who, rt)


@router.get("/consultations/samples/{sample_id}/part")
def consultation_part(request: Request, sample_id: uuid.UUID, who: Teller, rt: RuntimeDep) -> HTMLResponse:
    """The client's page alone, refreshed live."""
    with rt.read() as session:
        sample = samples.get_sample(session, who, sample_id)
        pack = rt.packs.current(session, sample.agency_id, rt.now())
        locale = web.asked_for(request, rt) or "en"
        view = client_view(session, pack, sample, rt.now(), locale=locale)
        todo = tasks.of_sample(session, who, sample_id)
    return rt.templates.page(
        request,
        "consultation/part.html",
        view=view,
        sample=sample,
        sample_tasks=todo,
        said_in=_said_in(request, rt),
        now=rt.now(),
    )


def _said_in(request: Request, rt: Runtime) -> str:
    """The end of an address that keeps the language the client's page is shown in; nothing where it is English."""
    asked = web.asked_for(request, rt)
    return f"?{web.ASKED}={asked}" if asked else ""


@router.post("/consultations/samples/{sample_id}/with")
def consultation_with(
    request: Request,
    sample_id: uuid.UUID,
    who: Teller,
    rt: RuntimeDep,
    also: Annotated[list[str] | None, Form()] = None,
) -> HTMLResponse:
    """The client's page alone, with what the person says they also take: made from memory, written nowhere, not in the
    address, and no page of its own, so that no browser's history holds what was sent."""
    known = also_taking.known(rt.pack_of(who.agency_id), also or ())
    dropped = not set(also or ()) <= set(known)
    sample, view = web.view_for_staff(rt, request, who, sample_id, known)
    with rt.read() as session:
        pack = rt.packs.current(session, sample.agency_id, rt.now())
        todo = tasks.of_sample(session, who, sample_id)
    return rt.templates.page(
        request,
        "consultation/with.html" if known or dropped else "consultation/part.html",
        view=view,
        sample=sample,
        sample_tasks=todo,
        said_in=_said_in(request, rt),
        taken=also_taking.labels(pack, known, "taken"),
        about=also_taking.labels(pack, known, "about_you"),
        dropped=dropped,
        now=rt.now(),
    )


def _page(
    request: Request,
    sample_id: uuid.UUID,
    who: Actor,
    rt: Runtime,
    *,
    error: MastError | None = None,
    values: Entered | None = None,
) -> HTMLResponse:
    sample, view = web.view_for_staff(rt, request, who, sample_id)
    with rt.read() as session:
        checking = sessions.get_session(session, who, sample.session_id)
        past = service.consultations_of(session, who, sample_id)
        todo = tasks.of_sample(session, who, sample_id)
        pack = rt.packs.current(session, sample.agency_id, rt.now())
    return rt.templates.page(
        request,
        "consultation/sample.html",
        status=status_of(error),
        sample=sample,
        checking=checking,
        view=view,
        said_in=_said_in(request, rt),
        languages=web.choices(rt, f"/consultations/samples/{sample_id}", view.locale),
        w=ENGLISH,
        past=past,
        to_tap=also_taking.short_list(pack, "taken"),
        about_them=also_taking.short_list(pack, "about_you"),
        mixing=also_taking.mixing_table(pack),
        to_find=also_taking.to_find(pack),
        intentions=INTENTION_WORDS,
        referrals=REFERRAL_WORDS,
        error=error,
        values=values or Entered(),
        idempotency_key=str(new_id()),
        now=rt.now(),
        sample_id=sample_id,
        sample_tasks=todo,
        task_back="consultation",
        **log_page.adjusting_of(rt, who, sample, view),
    )


@router.post("/consultations/samples/{sample_id}")
def record(
    request: Request,
    sample_id: uuid.UUID,
    who: Teller,
    rt: RuntimeDep,
    intention: Annotated[list[Intention] | None, Form()] = None,
    minutes: Annotated[str, Form(max_length=4)] = "",
    naloxone: Annotated[str, Form(max_length=3)] = "",
    referral: Annotated[Referral | Literal[""], Form()] = "",
    dependent_adult: Annotated[str, Form(max_length=3)] = "",
    idempotency_key: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    """Record what the person intends; sent twice, it is recorded once."""
    ticks = [Tick(i) for i in intention or ()]
    try:
        whole = _minutes(minutes)
        with rt.begin(who, request) as uow:
            samples.lock_sample(uow, sample_id)  # pressed twice at once: the second finds that it is done

            def create() -> uuid.UUID:
                recorded = service.record_consultation(
                    uow,
                    sample_id,
                    ticks,
                    minutes=whole,
                    naloxone_given={"yes": True, "no": False}.get(naloxone),
                    referral=referral or None,
                    dependent_adult_confirmed=dependent_adult == "yes",
                )
                return recorded.row.id

            form_once(request, rt.pepper, idempotency_key).run(uow, create)
    except (Invalid, Conflict) as error:
        chosen = Entered(
            intention=[i.value for i in intention or ()],
            minutes=minutes,
            naloxone=naloxone,
            referral=str(referral),
            dependent_adult=dependent_adult,
        )
        return _page(request, sample_id, who, rt, error=error, values=chosen)
    said_in = _said_in(request, rt).replace("?", "&")
    return RedirectResponse(f"/consultations/samples/{sample_id}?recorded=1{said_in}", 303)


def _minutes(typed: str) -> int | None:
    text = typed.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or int(text) > LONGEST_TALK:
        raise Invalid(
            f"Minutes are a whole number up to {LONGEST_TALK}, such as 12. Nothing was recorded.",
            fields={"minutes": "not a whole number of minutes"},
        )
    return int(text)
