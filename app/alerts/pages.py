"""Pages of alerts: what is in force, the form, one alert, and the banner every staff page shows."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.alerts import service
from app.alerts.domain import (
    BY_ONE,
    LONGEST,
    NO_GREEN_LIGHT,
    REACH_WORDS,
    STATE_WORDS,
    TIER_WORDS,
    WRITERS,
    AlertState,
    Tier,
)
from app.alerts.forms import AlertForm, filled, key_of
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import MastError, NotFound
from app.platform.kernel.ids import new_id
from app.platform.security.policy import SERVICE_STAFF, allow
from app.platform.web.fields import Text200
from app.platform.web.idempotency import form_once
from app.platform.web.paging import decode_cursor, encode_cursor
from app.platform.web.problems import status_of
from app.results import service as results
from app.runtime import Runtime, RuntimeDep
from app.samples import service as samples
from app.samples.domain import Colour
from app.samples.domain import Form as Shape
from app.samples.web import options
from app.sessions import service as sessions
from app.tasks import service as tasks

router = APIRouter(include_in_schema=False)

Staff = Annotated[Actor, allow(*SERVICE_STAFF)]
Writer = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD)]
LIMIT = 30
DONE = {
    "raised": "Raised. Staff see it now, and pages of samples that fit warn of it.",
    "drafted": "The draft is kept. Nobody is warned by it: an alert of this tier waits for its sign-off.",
    "retracted": "Retracted. That is shown where the alert stood.",
    "discarded": "Discarded.",
}


@router.get("/alerts")
def alerts_page(
    request: Request,
    who: Staff,
    rt: RuntimeDep,
    cursor: Annotated[str, Query(max_length=60)] = "",
    done: Annotated[str, Query(max_length=20)] = "",
) -> HTMLResponse:
    """What is in force, drafts, and what is over."""
    return _list(request, rt, who, "alerts/alerts.html", cursor=cursor, done=DONE.get(done, ""))


@router.get("/alerts/part")
def alerts_part(request: Request, who: Staff, rt: RuntimeDep) -> HTMLResponse:
    """The list alone."""
    return _list(request, rt, who, "alerts/_list.html")


def _list(
    request: Request, rt: Runtime, who: Actor, template: str, *, cursor: str = "", done: str = ""
) -> HTMLResponse:
    with rt.read() as session:
        rows = service.page(session, who, rt.now(), before=decode_cursor(cursor), limit=LIMIT + 1)
    shown = rows[:LIMIT]
    return rt.templates.page(
        request,
        template,
        in_force=[v for v in shown if v.warns],
        drafts=[v for v in shown if v.row.state is AlertState.DRAFT],
        over=[v for v in shown if not v.warns and v.row.state is not AlertState.DRAFT],
        older=f"/alerts?cursor={encode_cursor(shown[-1].row.id)}" if len(rows) > LIMIT else None,
        newest="/alerts" if cursor else None,
        done=done,
        may_write=who.has(*WRITERS),
        **_words(rt),
    )


@router.get("/alerts/banner")
def banner(request: Request, who: Staff, rt: RuntimeDep, session: uuid.UUID | None = None) -> HTMLResponse:
    """What is warned of now, for the head of every staff page."""
    return rt.templates.page(request, "alerts/_banner.html", **banner_of(rt, who, session))


def banner_of(rt: Runtime, who: Actor, session_id: uuid.UUID | None = None) -> dict[str, Any]:
    """What the banner needs, for pages that hold it."""
    now = rt.now()
    with rt.read() as session:
        found = service.notices(session, who, now, session_id)
    ends = min((v.row.until for v in found), default=None)
    return {
        "alert_notices": found,
        "alert_session": session_id,
        "alert_ends_ms": None if ends is None else min(int((ends - now).total_seconds() * 1000) + 500, 2**31 - 1),
        "no_green_light": NO_GREEN_LIGHT,
        "alert_tiers": TIER_WORDS,
        "alert_names": lambda row: [samples.label_of(rt.pack.register, i) for i in (*row.substances, *row.classes)],
    }


@router.get("/alerts/new")
def new_alert(
    request: Request,
    who: Writer,
    rt: RuntimeDep,
    sample: Annotated[str, Query(max_length=40)] = "",
    task: Annotated[str, Query(max_length=40)] = "",
) -> HTMLResponse:
    """The form; about a sample, with what its result says filled in."""
    form = AlertForm(tier=Tier.T1.value, reach="session", hours="12")
    with rt.read() as session:
        if (sample_id := key_of(sample)) is not None:
            row = samples.get_sample(session, who, sample_id)
            latest = results.latest(session, sample_id)
            asked = tasks.get_task(session, who, key) if (key := key_of(task)) is not None else None
            tier = Tier(asked.row.detail["tier"]) if asked and asked.row.detail.get("tier") in set(Tier) else Tier.T1
            form = filled(latest.present if latest else (), row, tier)
            if asked is not None:
                form.task, form.task_version = str(asked.row.id), str(asked.row.version)
    return _form(request, rt, who, form)


@router.post("/alerts")
def write_alert(request: Request, who: Writer, rt: RuntimeDep, form: Annotated[AlertForm, Form()]) -> Response:
    """Raise it, or keep the draft; else the form again with what is wrong."""
    try:
        new = form.entered(rt.pack.register, rt.now())
        with rt.begin(who, request) as uow:
            form_once(request, rt.pepper, form.idempotency_key).run(
                uow, lambda: {"id": str(service.propose(uow, new, rt.pack.register).id)}
            )
    except NotFound:
        raise
    except MastError as error:
        return _form(request, rt, who, form, error=error)
    return RedirectResponse(f"/alerts?done={'raised' if new.tier in BY_ONE else 'drafted'}", 303)


def _form(
    request: Request, rt: Runtime, who: Actor, form: AlertForm, *, error: MastError | None = None
) -> HTMLResponse:
    with rt.read() as session:
        found = sessions.sessions_of(session, who, open_only=True)
    register = rt.pack.register
    known = [one for one in form.about if one in register or register.is_class(one)]
    return rt.templates.page(
        request,
        "alerts/new.html",
        status=status_of(error),
        t=form,
        key=form.idempotency_key or str(new_id()),
        sessions=[(str(s.id), s.name) for s in found],
        chosen=[{"id": one, "label": samples.label_of(register, one)} for one in known],
        free=[w for w in form.about_words if w],
        shapes=options(Shape, lower=True),
        colours=options(Colour, lower=True),
        tiers=[(t.value, f"{t.value}: {words}") for t, words in TIER_WORDS.items()],
        longest={t.value: LONGEST[t] for t in Tier},
        error=error,
        fields=getattr(error, "fields", {}),
        **_words(rt),
    )


@router.get("/alerts/{alert_id}")
def alert_page(request: Request, alert_id: uuid.UUID, who: Staff, rt: RuntimeDep) -> HTMLResponse:
    """One alert with everything that was done to it."""
    return _one(request, rt, who, alert_id)


@router.post("/alerts/{alert_id}/retract")
def retract(
    request: Request,
    alert_id: uuid.UUID,
    who: Writer,
    rt: RuntimeDep,
    version: Annotated[int, Form()] = 0,
    reason: Annotated[Text200, Form()] = "",
) -> Response:
    """Take it back."""
    return _ended(request, rt, who, alert_id, version, reason, "retracted")


@router.post("/alerts/{alert_id}/discard")
def discard(
    request: Request,
    alert_id: uuid.UUID,
    who: Writer,
    rt: RuntimeDep,
    version: Annotated[int, Form()] = 0,
    reason: Annotated[Text200, Form()] = "",
) -> Response:
    """Drop the draft."""
    return _ended(request, rt, who, alert_id, version, reason, "discarded")


def _ended(
    request: Request, rt: Runtime, who: Actor, alert_id: uuid.UUID, version: int, reason: str, done: str
) -> Response:
    end = service.retract if done == "retracted" else service.discard
    try:
        with rt.begin(who, request) as uow:
            end(uow, alert_id, version, reason)
    except NotFound:
        raise
    except MastError as error:
        return _one(request, rt, who, alert_id, error=error)
    return RedirectResponse(f"/alerts?done={done}", 303)


def _one(
    request: Request, rt: Runtime, who: Actor, alert_id: uuid.UUID, *, error: MastError | None = None
) -> HTMLResponse:
    with rt.read() as session:
        view = service.alert_view(session, who, alert_id, rt.now())
    return rt.templates.page(
        request,
        "alerts/alert.html",
        status=status_of(error),
        v=view,
        error=error,
        fields=getattr(error, "fields", {}),
        may_write=who.has(*WRITERS),
        **_words(rt),
    )


def _words(rt: Runtime) -> dict[str, Any]:
    return {
        "tier_words": TIER_WORDS,
        "state_words": STATE_WORDS,
        "reach_words": REACH_WORDS,
        "reaches": [(reach.value, words) for reach, words in REACH_WORDS.items()],
        "no_green_light": NO_GREEN_LIGHT,
        "names_of": lambda row: [samples.label_of(rt.pack.register, i) for i in (*row.substances, *row.classes)],
    }
