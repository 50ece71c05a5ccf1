"""Pages of alerts: what is in force, the form, and the banner every staff page shows; and of one alert: its evidence, its
sign-off with what is missing, every step, and the sheet to print.

Public alerts need no sign-in: the page, one alert, and the Atom feed (RFC 4287). A retraction stands where the alert stood,
with the same weight. They come first: their addresses are fixed, before those with a key in them.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypedDict
from xml.etree import ElementTree as Xml

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.care.alerts import domain, published_alerts, service, signing
from app.care.alerts.detecting_job import look_at_series
from app.care.alerts.new_alert import undecided
from app.care.alerts.published_alerts import PublishedAlert
from app.care.alerts.tables import Alert
from app.intake.people.web_proving import proven_lately
from app.intake.samples import lookup, substances
from app.intake.samples.domain import Colour
from app.intake.samples.lookup import may_be_described
from app.intake.sessions import service as sessions
from app.intake.tasks import service as tasks
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import MastError, NotFound
from app.platform.kernel.ids import new_id
from app.platform.security.policy import SERVICE_STAFF, allow, public
from app.platform.web.fields import Note200, Told200
from app.platform.web.forms import Entered, fields_of, shown_again
from app.platform.web.paging import decode_cursor, encode_cursor
from app.platform.web.templates import day, words
from app.platform.web.typed import key_of
from app.results import service as results
from app.runtime import Runtime, RuntimeDep
from app.screens.alerts.forms import AlertForm, filled, of_draft, told_words, words_of
from app.screens.reception.forms import options
from app.screens.visits import Visit, visitor
from harm_messages.vocabulary import Form as Shape

router = APIRouter(include_in_schema=False)

ATOM = "http://www.w3.org/2005/Atom"
FOR_EVERYBODY = "public alerts are for everybody"
Partner = Annotated[Actor, allow(*sorted(domain.PARTNERS))]


@router.get("/alerts/public", dependencies=[public(FOR_EVERYBODY)])
def public_page(request: Request, rt: RuntimeDep) -> HTMLResponse:
    """What everybody is warned of now."""
    return told_page(request, rt, domain.Channel.PUBLIC)


def told_page(request: Request, rt: Runtime, channel: domain.Channel) -> HTMLResponse:
    """What is told on a channel now."""
    now = rt.now()
    with rt.read() as session:
        rows = published_alerts.published(session, channel, rt.pack.register, now)
    is_public = channel is domain.Channel.PUBLIC
    return rt.templates.page(request, "alerts/told.html", rows=rows, now=now, public=is_public, **words_of(rt))


@router.get("/alerts/public/{public_id}", dependencies=[public(FOR_EVERYBODY)])
def public_alert(request: Request, public_id: uuid.UUID, rt: RuntimeDep) -> HTMLResponse:
    """One public alert; after its end it says that it is over."""
    return _told_one(request, rt, domain.Channel.PUBLIC, public_id)


@router.get("/alerts/told/{public_id}")
def told_alert(request: Request, public_id: uuid.UUID, who: Partner, rt: RuntimeDep) -> HTMLResponse:
    """One alert as partner agencies read it."""
    return _told_one(request, rt, domain.Channel.PARTNERS, public_id)


def _told_one(request: Request, rt: Runtime, channel: domain.Channel, public_id: uuid.UUID) -> HTMLResponse:
    now = rt.now()
    with rt.read() as session:
        one = published_alerts.published_one(session, channel, rt.pack.register, public_id, now)
    return rt.templates.page(
        request, "alerts/told_one.html", v=one, now=now, public=channel is domain.Channel.PUBLIC, **words_of(rt)
    )


@router.get("/alerts/feed.atom", dependencies=[public(FOR_EVERYBODY)])
def feed(request: Request, rt: RuntimeDep) -> Response:
    """The public alerts for feed readers: an entry per alert, changed when it is retracted."""
    now = rt.now()
    with rt.read() as session:
        rows = published_alerts.published(session, domain.Channel.PUBLIC, rt.pack.register, now)
    base = str(request.base_url).rstrip("/")
    return Response(atom(rows, base, rt.settings.name, now), media_type="application/atom+xml")


def atom(rows: list[PublishedAlert], base: str, service: str, now: datetime) -> bytes:
    """The feed as bytes."""
    Xml.register_namespace("", ATOM)
    root = Xml.Element(f"{{{ATOM}}}feed")
    _text(root, "id", f"{base}/alerts/feed.atom")
    _text(root, "title", f"Alerts of {service}")
    _text(root, "subtitle", domain.NO_GREEN_LIGHT)
    _text(root, "updated", max(map(_changed, rows), default=f"{now:%Y-%m-%d}T00:00:00Z"))
    _link(root, "self", f"{base}/alerts/feed.atom")
    _link(root, "alternate", f"{base}/alerts/public")
    for one in rows:
        entry = Xml.SubElement(root, f"{{{ATOM}}}entry")
        _text(entry, "id", f"urn:uuid:{one.id}")
        _text(entry, "title", one.title)
        _text(entry, "published", f"{one.from_at}T00:00:00Z")
        _text(entry, "updated", _changed(one))
        _text(Xml.SubElement(entry, f"{{{ATOM}}}author"), "name", one.service)
        _link(entry, "alternate", f"{base}/alerts/public/{one.id}")
        _text(entry, "content", _content(one)).set("type", "text")
    return bytes(Xml.tostring(root, encoding="utf-8", xml_declaration=True))


def _content(one: PublishedAlert) -> str:
    looks = " · ".join([*map(words, one.forms), *map(words, one.colours), *one.logos])
    said = [f"Retracted: {one.reason}", f"It said: {one.words}"] if one.retracted_at else [one.words]
    said += [*([f"Looks like: {looks}"] if looks else []), f"Until {day(one.until)}.", domain.NO_GREEN_LIGHT]
    return "\n".join(said)


def _text(parent: Any, name: str, text: str) -> Any:
    child = Xml.SubElement(parent, f"{{{ATOM}}}{name}")
    child.text = text
    return child


def _link(parent: Any, rel: str, href: str) -> None:
    Xml.SubElement(parent, f"{{{ATOM}}}link", {"rel": rel, "href": href})


def _changed(one: PublishedAlert) -> str:
    """The day, as a moment: the feed's format knows no days. One second in where it was retracted, also on its first day: a
    reader shows an entry again only when this moved."""
    return f"{one.changed_at}T00:00:0{1 if one.retracted_at else 0}Z"


Reader = Annotated[Visit, visitor(*SERVICE_STAFF, Role.CLINICIAN, *domain.PARTNERS)]
Staff = Annotated[Visit, visitor(*SERVICE_STAFF, Role.CLINICIAN)]
Writer = Annotated[Visit, visitor(*sorted(domain.WRITERS))]
Signer = Annotated[Visit, visitor(*sorted(domain.ALL_STEPS))]
Version = Annotated[int, Form()]
Reason = Annotated[Note200, Form()]
ToldReason = Annotated[Told200, Form()]
LIMIT = 30
ENDS = {domain.Act.RETRACT: "retracted", domain.Act.DISCARD: "discarded"}
DONE = {
    "raised": "Alert raised. Staff and result pages of matching samples show it now.",
    "drafted": "Draft saved. Nobody has been told yet. This tier needs sign-off.",
    "retracted": "Alert retracted. This shows wherever the alert did.",
    "discarded": "Draft discarded.",
    "asked": "Checking all trends now. Anything found appears as a draft.",
}


@router.get("/alerts")
def alerts_page(
    visit: Reader,
    cursor: Annotated[str, Query(max_length=60)] = "",
    done: Annotated[str, Query(max_length=20)] = "",
) -> HTMLResponse:
    """What is in force, drafts, and what is over. Partner agencies: what they were told."""
    if visit.who.has(*SERVICE_STAFF, Role.CLINICIAN):
        return _list(visit, "alerts/alerts.html", cursor=cursor, done=DONE.get(done, ""))
    return told_page(visit.request, visit.rt, domain.Channel.PARTNERS)


@router.get("/alerts/part")
def alerts_part(visit: Staff) -> HTMLResponse:
    """The list alone."""
    return _list(visit, "alerts/_list.html")


def _list(visit: Visit, template: str, *, cursor: str = "", done: str = "") -> HTMLResponse:
    rt, who, may_write = visit.rt, visit.who, visit.who.has(*domain.WRITERS)
    with rt.read() as session:
        rows = service.page(session, who, rt.now(), before=decode_cursor(cursor), limit=LIMIT + 1)
        waiting = [] if cursor else service.waiting(session, who, rt.now())
        runs = service.runs(session, who, 1) if may_write else []
    shown = rows[:LIMIT]
    return visit.page(
        template,
        in_force=[v for v in shown if v.warns],
        waiting=waiting,
        over=[v for v in shown if not v.warns and not v.waits],
        last_run=runs[0] if runs else None,
        older=f"/alerts?cursor={encode_cursor(shown[-1].row.id)}" if len(rows) > LIMIT else None,
        newest="/alerts" if cursor else None,
        done=done,
        may_write=may_write,
        **words_of(rt),
    )


@router.post("/alerts/runs")
def look_again(visit: Writer) -> Response:
    """Look over all series now."""
    with visit.begin() as uow:
        assert visit.who.agency_id is not None
        look_at_series(uow, visit.who.agency_id)
    return RedirectResponse("/alerts?done=asked", 303)


@router.get("/alerts/banner")
def banner(visit: Staff, session: uuid.UUID | None = None) -> HTMLResponse:
    """What is warned of now, for the head of every staff page."""
    return visit.page("common/alert_banner.html", **banner_of(visit.rt, visit.who, session))


class Banner(TypedDict):
    """What is warned of now, for the head of a page."""

    alert_notices: list[service.AlertView]
    alert_session: uuid.UUID | None
    alert_ends_ms: int | None
    no_green_light: str
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
        "no_green_light": domain.NO_GREEN_LIGHT,
        "alert_names": lambda row: [substances.label_of(rt.pack.register, i) for i in (*row.substances, *row.classes)],
    }


@router.get("/alerts/new")
def new_alert(
    visit: Writer,
    sample: Annotated[str, Query(max_length=40)] = "",
    task: Annotated[str, Query(max_length=40)] = "",
) -> HTMLResponse:
    """The form; about a sample, with what its result says filled in."""
    rt, who = visit.rt, visit.who
    form = AlertForm(tier=domain.Tier.T1.value, reach="session", hours="12")
    with rt.read() as session:
        if (sample_id := key_of(sample)) is not None:
            row = lookup.get_sample(session, who, sample_id)
            latest = results.latest(session, sample_id)
            wanted = tasks.get_task(session, who, key) if (key := key_of(task)) is not None else None
            tier = next((one for one in domain.Tier if wanted and wanted.row.detail.get("tier") == one), domain.Tier.T1)
            described = may_be_described(session, [sample_id])
            present = latest.present if latest else ()
            form = filled(present, row, tier, described=described, detail=wanted.row.detail if wanted else None)
            if tier in domain.SIGNED and not undecided(session, [sample_id]):
                place = sessions.site_of(session, sessions.get_session(session, who, row.session_id)).region
                names = {one: substances.label_of(rt.pack.register, one) for one in form.about}
                form.told_words = told_words(present, form, names, place, rt.now())
            if wanted is not None:
                form.task, form.task_version = str(wanted.row.id), str(wanted.row.version)
    return form_page(visit, form)


@router.post("/alerts")
def write_alert(visit: Writer, form: Annotated[AlertForm, Form()]) -> Response:
    """Raise it, or keep the draft; else the form again with what is wrong."""
    with shown_again(lambda error: form_page(visit, form, error=error), but=NotFound):
        register = visit.rt.pack.register
        new = form.entered(register, visit.rt.now())
        with visit.begin() as uow:
            visit.once(uow, form.idempotency_key, lambda: service.propose(uow, new, register, form.asked_by()))
    return RedirectResponse(f"/alerts?done={'raised' if new.tier in domain.BY_ONE else 'drafted'}", 303)


def form_page(
    visit: Visit, form: AlertForm, *, error: MastError | None = None, editing: uuid.UUID | None = None
) -> HTMLResponse:
    """The form, empty, filled in, or with what is wrong; for a new alert, or for a draft that is written again."""
    rt = visit.rt
    with rt.read() as session:
        found = sessions.sessions_of(session, visit.who, open_only=True)
        kept = key_of(form.session_id) if editing else None
        if kept is not None and kept not in {s.id for s in found}:
            found.append(sessions.get_session(session, visit.who, kept))
    register = rt.pack.register
    chosen, free = substances.chosen_as(register, form.about, form.about_words)
    return visit.page(
        "alerts/new.html",
        t=form,
        key=form.idempotency_key or str(new_id()),
        editing=editing,
        sessions=[(str(s.id), s.name) for s in found],
        chosen=chosen,
        free=free,
        shapes=options(Shape, lower=True),
        colours=options(Colour, lower=True),
        tiers=[(t.value, f"{t.value}: {t.words}") for t in domain.Tier],
        error=error,
        fields=fields_of(error),
        **words_of(rt),
    )


@router.get("/alerts/{alert_id}")
def alert_page(visit: Staff, alert_id: uuid.UUID) -> HTMLResponse:
    """One alert with everything that was done to it."""
    return _one(visit, alert_id)


@router.get("/alerts/{alert_id}/sheet")
def alert_sheet(visit: Staff, alert_id: uuid.UUID) -> Response:
    """An alert on a sheet of A4, as it may hang where people pass: no session, no sample, no evidence. From T2 on, once
    it was in force; back to its page else."""
    view = _view(visit, alert_id)
    if view.row.tier not in domain.SIGNED or view.waits:
        return RedirectResponse(f"/alerts/{alert_id}", 303)
    return visit.page("alerts/sheet.html", v=view, back=f"/alerts/{alert_id}", **words_of(visit.rt))


@router.get("/alerts/{alert_id}/edit")
def edit_page(visit: Writer, alert_id: uuid.UUID) -> Response:
    """A draft as a form; back to its page once it is none."""
    view = _view(visit, alert_id)
    if view.row.state is not domain.AlertState.DRAFT:
        return RedirectResponse(f"/alerts/{alert_id}", 303)
    return form_page(visit, of_draft(view.row), editing=alert_id)


@router.post("/alerts/{alert_id}/edit")
def edit(visit: Writer, alert_id: uuid.UUID, form: Annotated[AlertForm, Form()]) -> Response:
    """Keep it as it is written now; else the form again with what is wrong."""
    _view(visit, alert_id)  # a foreign one answers like an absent one, before all else
    with shown_again(lambda error: form_page(visit, form, error=error, editing=alert_id), but=NotFound):
        register = visit.rt.pack.register
        new = form.entered(register, visit.rt.now())
        with visit.begin() as uow:
            signing.edit(uow, alert_id, form.version, new, register)
    return RedirectResponse(f"/alerts/{alert_id}", 303)


@router.post("/alerts/{alert_id}/retract")
def retract(visit: Signer, alert_id: uuid.UUID, version: Version = 0, reason: ToldReason = "") -> Response:
    """Take it back."""
    return _taken(visit, alert_id, version, domain.Act.RETRACT, reason)


@router.post("/alerts/{alert_id}/{step}", dependencies=[proven_lately(*domain.SIGNATURES)])
def take_step(
    visit: Signer, alert_id: uuid.UUID, step: domain.Step, version: Version = 0, reason: Reason = ""
) -> Response:
    """One step of its sign-off, or the end of a draft; else the alert with every reason why not."""
    return _taken(visit, alert_id, version, step, reason)


def _taken(visit: Visit, alert_id: uuid.UUID, version: int, act: domain.Act, reason: str) -> Response:
    with visit.work(lambda error: _one(visit, alert_id, error=error, tried=act), but=NotFound) as uow:
        signing.take(uow, alert_id, version, act, reason)
    return RedirectResponse(f"/alerts?done={ENDS[act]}" if act in ENDS else f"/alerts/{alert_id}", 303)


def _view(visit: Visit, alert_id: uuid.UUID) -> service.AlertView:
    with visit.rt.read() as session:
        return service.alert_view(session, visit.who, alert_id, visit.rt.now())


def _one(
    visit: Visit, alert_id: uuid.UUID, *, error: MastError | None = None, tried: domain.Act | None = None
) -> HTMLResponse:
    rt = visit.rt
    with rt.read() as session:
        view = service.alert_view(session, visit.who, alert_id, rt.now())
        found = service.detail(session, visit.who, view.row)
    return visit.page(
        "alerts/alert.html",
        v=view,
        d=found,
        error=error,
        fields=Entered({f"reason-{tried}" if k == "reason" else k: said for k, said in fields_of(error).items()}),
        signed=view.row.tier in domain.SIGNED,
        will_tell=domain.CHANNELS[view.row.tier],
        **words_of(rt),
    )
