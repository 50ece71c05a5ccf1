"""Pages of what was shown of a sample, of one page shown again, and the forms by which staff change its page; of urgent
messages, asked for and approved, and of how often staff take a message off a page. What is refused here is logged."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import partial
from typing import Annotated, TypedDict

from fastapi import APIRouter, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, Field

from app.care.consultations import adjusting, domain, service, urgent, web
from app.care.consultations.client_view import ClientView, client_view
from app.care.consultations.web_logged import LoggedRoute
from app.care.consultations.words import WORDS
from app.intake.people.web_proving import proven_lately
from app.intake.samples import lookup
from app.intake.samples import service as samples
from app.intake.sessions import service as sessions
from app.intake.tasks import service as tasks
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Invalid, MastError, NotFound
from app.platform.kernel.ids import new_id
from app.platform.kernel.place import local
from app.platform.web.fields import Note200, Text20, Text40, Text80
from app.platform.web.forms import fields_of, shown_again
from app.platform.web.typed import key_of
from app.runtime import Runtime
from app.screens.visits import Visit, visitor
from harm_messages import snippets_of

router = APIRouter(include_in_schema=False, route_class=LoggedRoute)

Teller = Annotated[Visit, visitor(Role.HEALTH_WORKER, Role.SESSION_LEAD)]
Approver = Annotated[Visit, visitor(*domain.APPROVERS)]
Reviewer = Annotated[Visit, visitor(Role.CLINICIAN, Role.SESSION_LEAD)]
Version = Annotated[int, Form()]
LANGUAGES = {code: words.name for code, words in WORDS.items()}
DONE = {
    "asked": "Requested. Two other people must approve it before it appears on any page.",
    "approved": "Approved by you. A second person must approve it too.",
    "shown": "Approved by two people. It is on pages now and ends automatically.",
    "stopped": "Stopped. No page shows it any more.",
}


@router.get("/consultations/samples/{sample_id}/shown")
def shown_page(visit: Teller, sample_id: uuid.UUID) -> HTMLResponse:
    """What was shown of this sample, when, to whom, in which language, with which message pack."""
    with visit.rt.read() as session:
        sample = lookup.get_sample(session, visit.who, sample_id)
        shown = service.shown_of(session, visit.who, sample_id)
    return visit.page("consultation/shown.html", sample=sample, shown=shown, languages=LANGUAGES)


@router.get("/consultations/samples/{sample_id}/shown/{shown_id}")
def replay_page(visit: Teller, sample_id: uuid.UUID, shown_id: uuid.UUID) -> HTMLResponse:
    """One of these pages again, as it was."""
    rt, who = visit.rt, visit.who
    with rt.read() as session:
        sample = lookup.get_sample(session, who, sample_id)
        found = service.replay(session, who, sample_id, shown_id, partial(rt.packs.by_digest, session))
    return visit.page(
        "consultation/replay.html",
        sample=sample,
        found=found,
        view=found.view,
        now=found.shown.row.at,
        languages=LANGUAGES,
    )


class AdjustForm(BaseModel):
    """What is done to the page, to which message of it, and why. `seen`: the keys of what stood on the page when it was opened;
    `instead` and `take`: someone else's change to the same message, and which of the two was chosen."""

    kind: Text20 = ""
    target: Text80 = ""
    reason: Text40 = ""
    seen: Annotated[str | None, Field(max_length=8000)] = None
    instead: Text40 = ""
    take: Text20 = ""

    @property
    def seen_keys(self) -> list[uuid.UUID] | None:
        """As keys; None where the form did not say."""
        if self.seen is None:
            return None
        return [key for one in self.seen.split() if (key := key_of(one)) is not None]


@router.get("/consultations/samples/{sample_id}/adjust")
def adjust_page(visit: Teller, sample_id: uuid.UUID) -> HTMLResponse:
    """The client's page, with what may be added to it, pinned or taken off."""
    return _adjust(visit, sample_id)


@router.post("/consultations/samples/{sample_id}/adjust")
def adjust(visit: Teller, sample_id: uuid.UUID, form: Annotated[AdjustForm, Form()]) -> Response:
    """Add, pin or take out; back to the page."""
    with shown_again(lambda error: _adjust(visit, sample_id, error, form), but=NotFound):
        if form.kind not in set(domain.AdjustmentKind):
            raise Invalid(
                "The page stays as it is. Choose what to do.", fields={"target": "Choose from the list."},
                reason_code=domain.WhyRefused.UNKNOWN_KIND,
            )  # fmt: skip
        if form.take != "theirs":
            _do(visit, sample_id, form)
    return RedirectResponse(f"/consultations/samples/{sample_id}/adjust", 303)


def _do(visit: Visit, sample_id: uuid.UUID, form: AdjustForm) -> None:
    """What the form asks for, in place of someone else's change where that was chosen."""
    why = domain.WhyNotRelevant(form.reason) if form.reason in set(domain.WhyNotRelevant) else None
    pack, kind = visit.rt.pack_of(visit.who.agency_id), domain.AdjustmentKind(form.kind)
    theirs = key_of(form.instead) if form.take == "yours" else None
    with visit.begin() as uow:
        if theirs is not None:
            adjusting.adjust_instead(uow, sample_id, theirs, kind, form.target, pack=pack, reason=why)
        else:
            adjusting.adjust(uow, sample_id, kind, form.target, pack=pack, reason=why, seen=form.seen_keys)


@router.post("/consultations/samples/{sample_id}/adjust/undo")
def undo(visit: Teller, sample_id: uuid.UUID, adjustment: Annotated[Text40, Form()] = "") -> Response:
    """Take an adjustment of the page back, and return to it."""
    if (key := key_of(adjustment)) is None:
        raise NotFound("adjustment")
    with visit.work(lambda error: _adjust(visit, sample_id, error), but=NotFound) as uow:
        adjusting.undo(uow, sample_id, key)
    return RedirectResponse(f"/consultations/samples/{sample_id}/adjust", 303)


def _adjust(
    visit: Visit, sample_id: uuid.UUID, error: MastError | None = None, form: AdjustForm | None = None
) -> HTMLResponse:
    rt, who = visit.rt, visit.who
    sample, view = web.view_for_staff(rt, visit.request, who, sample_id)
    with rt.read() as session:
        todo = tasks.of_sample(session, who, sample_id)
    return visit.page(
        "consultation/adjust.html",
        sample=sample,
        view=view,
        seen="",
        said_in="",
        sample_tasks=todo,
        error=error,
        fields=fields_of(error),
        chosen=form or AdjustForm(),
        choice=_choice_of(error, form),
        now=rt.now(),
        **adjusting_of(rt, who, sample, view),
    )


@dataclass(frozen=True, slots=True)
class PageChoice:
    """Two changes to one message of a page: someone else's, which stands, and your own."""

    theirs_id: uuid.UUID
    title: str
    theirs: str
    yours: str


def _choice_of(error: MastError | None, form: AdjustForm | None) -> PageChoice | None:
    if not isinstance(error, adjusting.PageClash) or form is None:
        return None
    row = error.theirs.row
    theirs = f"{_words(row.kind, row.reason)}, by {error.theirs.by} at {local(row.at):%H:%M}"
    why = domain.WhyNotRelevant(form.reason) if form.reason in set(domain.WhyNotRelevant) else None
    return PageChoice(row.id, row.title, theirs, _words(domain.AdjustmentKind(form.kind), why))


def _words(kind: domain.AdjustmentKind, why: domain.WhyNotRelevant | None) -> str:
    """“Marked not relevant: they know it already”."""
    reason = f": {why.words[:1].lower()}{why.words[1:]}" if why and kind is domain.AdjustmentKind.NOT_RELEVANT else ""
    return f"{kind.words[:1].upper()}{kind.words[1:]}{reason}"


class Adjusting(TypedDict):
    """What the part of the consultation needs where staff change the page."""

    adjusted: list[adjusting.AdjustmentView]
    offer: adjusting.Offer | None
    whys: list[tuple[str, str]]


def adjusting_of(rt: Runtime, who: Actor, sample: samples.Sample, view: ClientView | None = None) -> Adjusting:
    """What the part of the consultation needs where staff change the page. Knows nothing of a self-report."""
    with rt.read() as session:
        pack = rt.packs.current(session, sample.agency_id, rt.now())
        shown = view or client_view(session, pack, sample, rt.now())
        done = adjusting.adjustments_of(session, who, sample.id, shown.result_id) if shown.result_id else []
    return {
        "adjusted": done,
        "offer": adjusting.offer(pack, shown.page, done) if shown.page else None,
        "whys": [(why.value, why.words) for why in domain.WhyNotRelevant],
    }


class UrgentForm(BaseModel):
    """The fields of an urgent message that is asked for."""

    session_id: Text40 = ""
    snippet: Text80 = ""
    reach: Text20 = "session"
    hours: Text20 = ""
    why: Note200 = ""
    idempotency_key: Annotated[str, Field(max_length=120)] = ""


@router.get("/consultations/urgent")
def urgent_page(visit: Approver, done: Annotated[str, Query(max_length=20)] = "") -> HTMLResponse:
    """Urgent messages: asked for, on pages, over; and the form."""
    return _urgent(visit, done=DONE.get(done, ""))


@router.post("/consultations/urgent")
def request_urgent(visit: Approver, form: Annotated[UrgentForm, Form()]) -> Response:
    """Ask for one."""
    with shown_again(lambda error: _urgent(visit, error=error, typed=form), but=NotFound):
        if (key := key_of(form.session_id)) is None:
            wrong = {"session_id": "Choose the session."}
            raise Invalid(urgent.NOT_ASKED, fields=wrong, reason_code=domain.WhyRefused.NO_SESSION)
        pack = visit.rt.pack_of(visit.who.agency_id)
        place = domain.UrgentReach(form.reach) if form.reach in set(domain.UrgentReach) else domain.UrgentReach.SESSION
        typed = form.hours
        hours = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 4 else 0
        with visit.begin() as uow:
            visit.once(
                uow,
                form.idempotency_key,
                lambda: urgent.request(uow, key, form.snippet, place, hours, form.why, pack=pack),
            )
    return RedirectResponse("/consultations/urgent?done=asked", 303)


@router.post("/consultations/urgent/{urgent_id}/approve", dependencies=[proven_lately()])
def approve_urgent(visit: Approver, urgent_id: uuid.UUID, version: Version = 0) -> Response:
    """Approve it."""
    with visit.work(lambda error: _urgent(visit, error=error), but=NotFound) as uow:
        row = urgent.approve(uow, urgent_id, version)
        done = "shown" if row.until is not None else "approved"
    return RedirectResponse(f"/consultations/urgent?done={done}", 303)


@router.post("/consultations/urgent/{urgent_id}/stop")
def stop_urgent(
    visit: Approver, urgent_id: uuid.UUID, version: Version = 0, why: Annotated[Note200, Form()] = ""
) -> Response:
    """Stop it."""

    def again(error: MastError) -> HTMLResponse:
        return _urgent(visit, error=error, wrong={str(urgent_id): error.fields.get("why", "")})

    with visit.work(again, but=NotFound) as uow:
        urgent.stop(uow, urgent_id, version, why)
    return RedirectResponse("/consultations/urgent?done=stopped", 303)


def _urgent(
    visit: Visit,
    *,
    done: str = "",
    error: MastError | None = None,
    typed: UrgentForm | None = None,
    wrong: dict[str, str] | None = None,
) -> HTMLResponse:
    rt, who, now = visit.rt, visit.who, visit.rt.now()
    with rt.read() as session:
        pack = rt.packs.current(session, who.agency_id, now)
        rows = urgent.urgents(session, who, now, pack)
        open_sessions = sessions.sessions_of(session, who, open_only=True)
    texts = [(row, pack.message(row.message, "en")) for row in snippets_of(pack, "urgent")]
    return visit.page(
        "consultation/urgent.html",
        rows=rows,
        State=domain.UrgentState,
        sessions=[(str(s.id), s.name) for s in open_sessions if s.licence_mode.individual_results],
        snippets=[(row.id, text.title, text.short) for row, text in texts],
        reaches=[("session", "Pages of this session"), ("region", "Pages of every session in its region")],
        hours=[(str(h), f"{h} hours") for h in domain.URGENT_HOURS],
        t=typed or UrgentForm(hours="12"),
        key=str(new_id()),
        done=done,
        error=error,
        fields=fields_of(error if typed else None),
        wrong=wrong or {},
        now=now,
    )


@router.get("/consultations/overrides")
def overrides_page(visit: Reviewer, days: Annotated[int, Query(ge=1, le=3660)] = 90) -> HTMLResponse:
    """How often staff took a message off a page, by rule."""
    rt, who, now = visit.rt, visit.who, visit.rt.now()
    with rt.read() as session:
        pack = rt.packs.current(session, who.agency_id, now)
        rates = adjusting.override_rates(session, who, pack, now, days=days)
    return visit.page(
        "consultation/overrides.html",
        rates=rates,
        days=days,
        definition=adjusting.DEFINITION,
        fewest=adjusting.FEWEST,
    )
