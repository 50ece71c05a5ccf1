"""Pages of alerts: what is in force, the form, and the banner every staff page shows. One alert: pages_one."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Annotated, TypedDict

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.care.alerts import service
from app.care.alerts import told as telling
from app.care.alerts.detecting_job import look_at_series
from app.care.alerts.domain import BY_ONE, NO_GREEN_LIGHT, PARTNERS, SIGNED, TIER_WORDS, WRITERS, Channel, Tier
from app.care.alerts.new_alert import undecided
from app.care.alerts.tables import Alert
from app.intake.samples import service as samples
from app.intake.samples.lookup import may_be_described
from app.intake.sessions import service as sessions
from app.intake.tasks import service as tasks
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import NotFound
from app.platform.security.policy import SERVICE_STAFF, allow
from app.platform.web.forms import shown_again
from app.platform.web.idempotency import form_once
from app.platform.web.paging import decode_cursor, encode_cursor
from app.results import service as results
from app.runtime import Runtime, RuntimeDep
from app.screens.alerts.forms import AlertForm, filled, key_of, told_words
from app.screens.alerts.shared import form_page, words_of

router = APIRouter(include_in_schema=False)

Reader = Annotated[Actor, allow(*SERVICE_STAFF, Role.CLINICIAN, *PARTNERS)]
Staff = Annotated[Actor, allow(*SERVICE_STAFF, Role.CLINICIAN)]
Writer = Annotated[Actor, allow(*sorted(WRITERS))]
LIMIT = 30
DONE = {
    "raised": "Raised. Staff see it now, and pages of samples that fit warn of it.",
    "drafted": "The draft is kept. Nobody is warned by it: an alert of this tier waits for its sign-off.",
    "retracted": "Retracted. That is told where the alert stood.",
    "discarded": "Discarded.",
    "asked": "All series are looked at now. What is found comes as a draft.",
}


@router.get("/alerts")
def alerts_page(
    request: Request,
    who: Reader,
    rt: RuntimeDep,
    cursor: Annotated[str, Query(max_length=60)] = "",
    done: Annotated[str, Query(max_length=20)] = "",
) -> HTMLResponse:
    """What is in force, drafts, and what is over. Partner agencies: what they were told."""
    if not who.has(*SERVICE_STAFF, Role.CLINICIAN):
        return _told(request, rt)
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
        waiting = [] if cursor else service.waiting(session, who, rt.now())
        runs = service.runs(session, who, 1) if who.has(*WRITERS) else []
    shown = rows[:LIMIT]
    return rt.templates.page(
        request,
        template,
        in_force=[v for v in shown if v.warns],
        waiting=waiting,
        over=[v for v in shown if not v.warns and not v.waits],
        last_run=runs[0] if runs else None,
        older=f"/alerts?cursor={encode_cursor(shown[-1].row.id)}" if len(rows) > LIMIT else None,
        newest="/alerts" if cursor else None,
        done=done,
        may_write=who.has(*WRITERS),
        **words_of(rt),
    )


def _told(request: Request, rt: Runtime) -> HTMLResponse:
    now = rt.now()
    with rt.read() as session:
        rows = telling.told(session, Channel.PARTNERS, rt.pack.register, now)
    return rt.templates.page(request, "alerts/told.html", rows=rows, now=now, public=False, **words_of(rt))


@router.post("/alerts/runs")
def look_again(request: Request, who: Writer, rt: RuntimeDep) -> Response:
    """Look over all series now."""
    with rt.begin(who, request) as uow:
        assert who.agency_id is not None
        look_at_series(uow, who.agency_id)
    return RedirectResponse("/alerts?done=asked", 303)


@router.get("/alerts/banner")
def banner(request: Request, who: Staff, rt: RuntimeDep, session: uuid.UUID | None = None) -> HTMLResponse:
    """What is warned of now, for the head of every staff page."""
    return rt.templates.page(request, "common/alert_banner.html", **banner_of(rt, who, session))


class Banner(TypedDict):
    """What is warned of now, for the head of a page."""

    alert_notices: list[service.AlertView]
    alert_session: uuid.UUID | None
    alert_ends_ms: int | None
    no_green_light: str
    alert_tiers: dict[Tier, str]
    alert_names: Callable[[Alert], list[str]]


def banner_of(rt: Runtime, who: Actor, session_id: uuid.UUID | None = None) -> Banner:
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
            tier = next((one for one in Tier if asked and asked.row.detail.get("tier") == one), Tier.T1)
            described = may_be_described(session, [sample_id])
            present = latest.present if latest else ()
            form = filled(present, row, tier, described=described, detail=asked.row.detail if asked else None)
            if tier in SIGNED and not undecided(session, [sample_id]):
                place = sessions.site_of(session, sessions.get_session(session, who, row.session_id)).region
                names = {one: samples.label_of(rt.pack.register, one) for one in form.about}
                form.told_words = told_words(present, form, names, place, rt.now())
            if asked is not None:
                form.task, form.task_version = str(asked.row.id), str(asked.row.version)
    return form_page(request, rt, who, form)


@router.post("/alerts")
def write_alert(request: Request, who: Writer, rt: RuntimeDep, form: Annotated[AlertForm, Form()]) -> Response:
    """Raise it, or keep the draft; else the form again with what is wrong."""
    with shown_again(lambda error: form_page(request, rt, who, form, error=error), but=NotFound):
        new = form.entered(rt.pack.register, rt.now())
        with rt.begin(who, request) as uow:
            form_once(request, rt.pepper, form.idempotency_key).run(
                uow, lambda: {"id": str(service.propose(uow, new, rt.pack.register).id)}
            )
    return RedirectResponse(f"/alerts?done={'raised' if new.tier in BY_ONE else 'drafted'}", 303)
