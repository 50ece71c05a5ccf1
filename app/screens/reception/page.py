"""Reception: the form of one sample, registering it, and the queue.

The ticket code is on one page only, for who registered the sample or replaced its ticket (`ticket_page.py`).
"""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Sequence
from typing import TypedDict

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.intake.samples import lookup, queue, service, substances
from app.intake.samples.domain import ConsentKind
from app.intake.samples.schemas import NewSample
from app.intake.sessions import service as sessions
from app.intake.sessions.domain import LICENCE_MEANING, LICENCE_WORDS, Phase
from app.platform.kernel.actor import Role
from app.platform.kernel.errors import Invalid, MastError, NotFound
from app.platform.web.forms import shown_again
from app.screens.reception import forms
from app.screens.reception.photo_page import StoredPhoto, attach, received
from app.screens.reception.ticket_page import take_back, to_ticket
from app.screens.visits import Registrar, Sent, Staff, Visit
from harm_messages.register import Register

router = APIRouter(include_in_schema=False)

CHIPS = 5
USUAL = ("mdma", "cocaine", "ketamine", "heroin", "diazepam")
"""Offered first until a session has names of its own."""


@router.get("/reception")
def choose_session(visit: Registrar) -> Response:
    """To the session that is open; a choice when several are; what to do when none is."""
    now, who = visit.rt.now(), visit.who
    with visit.rt.read() as session:
        rows = sessions.sessions_now(session, who, now)
        planned = [s for s in sessions.sessions_of(session, who, True) if s not in rows]
        places = sessions.sites_of(session, [*rows, *planned])
    if len(rows) == 1:
        return RedirectResponse(f"/sessions/{rows[0].id}/reception", 303)
    return visit.page(
        "reception/choose.html",
        rows=[(s, places[s.site_id], sessions.phase_of(s, now).words) for s in rows],
        planned=[(s, places[s.site_id]) for s in sorted(planned, key=lambda s: s.opens_at)],
        may_create=who.has(Role.SESSION_LEAD),
        licence_words=LICENCE_WORDS,
    )


@router.get("/sessions/{session_id}/reception")
def reception(
    session_id: uuid.UUID, visit: Registrar, same: uuid.UUID | None = None, after: uuid.UUID | None = None
) -> HTMLResponse:
    """The form of the next sample; `same`: a sample of the same people, whose answers are carried over; `after`: one whose ticket was
    given out."""
    form = forms.Filled()
    if same is not None:
        with visit.rt.read() as session:
            row = lookup.get_sample(session, visit.who, same)
            if row.session_id != session_id:
                raise NotFound("sample")
            form = forms.of_the_same_group(row, lookup.consents_of(session, same))
    answer = shown(visit, session_id, form)
    if after is not None:
        take_back(answer, visit, after)
    return answer


def shown(
    visit: Visit, session_id: uuid.UUID, form: forms.Filled, error: MastError | None = None, *, kept: bool = False
) -> HTMLResponse:
    """The form, with what is wrong and what typed words may mean. `kept`: as a tablet keeps it, without anything of any sample and
    without a key that it could send twice."""
    now, register, carried = visit.rt.now(), visit.rt.pack.register, _carried(visit, form, session_id)
    with visit.rt.read() as session:
        row = sessions.get_session(session, visit.who, session_id)
        place = sessions.site_of(session, row)
        waiting = [] if kept else queue.queue(session, visit.who, session_id, now=now)
        recent = [] if kept else lookup.last_expected(session, session_id, CHIPS)
    return visit.page(
        "reception/register.html",
        error=error,
        checking=row,
        place=place,
        closed=sessions.phase_of(row, now) is Phase.CLOSED,
        licence_meaning=LICENCE_MEANING[row.licence_mode],
        individual=row.licence_mode.individual_results,
        form=form,
        person=True,
        weighed=True,
        carried=carried,
        chips=chips_of(register, form, recent),
        said_of=said_of(register, form),
        errors=forms.sentences(error),
        offers=forms.settle(register, form),
        key="" if kept else secrets.token_urlsafe(16),
        ask=service.wording().ask,
        wording=service.wording().version,
        next_number=row.next_number,
        kept=kept,
        queue=forms.queue_view(waiting, register, now),
        **FORM_VOCABULARY,
    )


def _carried(visit: Visit, form: forms.Filled, session_id: uuid.UUID) -> int | None:
    """The number of the sample whose answers this form carries over."""
    if not form.one["same"]:
        return None
    try:
        with visit.rt.read() as session:
            row = lookup.get_sample(session, visit.who, uuid.UUID(form.one["same"]))
    except (ValueError, NotFound):
        return None
    return row.number if row.session_id == session_id else None


class FormVocabulary(TypedDict):
    """What the fields of a sample offer."""

    choices: dict[str, list[tuple[str, str]]]
    colour_options: list[dict[str, str]]
    must_ask: tuple[ConsentKind, ...]
    may_ask: tuple[ConsentKind, ...]


FORM_VOCABULARY: FormVocabulary = {
    "choices": forms.CHOICES,
    "colour_options": forms.COLOUR_OPTIONS,
    "must_ask": forms.MUST_ASK,
    "may_ask": forms.MAY_ASK,
}


class Chip(TypedDict):
    """A substance to choose with one tap."""

    id: str
    label: str
    chosen: bool


def chips_of(register: Register, form: forms.Filled, recent: Sequence[str] = ()) -> list[Chip]:
    """What is chosen already, then what was last expected here, then what usually is."""
    chosen = form.many["expected"]
    offered = [one for one in dict.fromkeys((*recent, *USUAL)) if one not in chosen and substances.known(register, one)]
    return [
        {"id": one, "label": substances.label_of(register, one), "chosen": one in chosen}
        for one in (*chosen, *offered[:CHIPS])
    ]


def said_of(register: Register, form: forms.Filled) -> dict[str, str]:
    """Words spoken → what was chosen by them, so that a form shown again has one chip for both."""
    chosen, _ = substances.chosen_as(register, form.many["expected"], form.many["expected_words"])
    return {one.said: one.id for one in chosen if one.said}


@router.get("/sessions/{session_id}/samples")
def queue_page(session_id: uuid.UUID, visit: Staff) -> HTMLResponse:
    """Who waits, on a page of its own."""
    return _queue(session_id, visit, "reception/queue.html")


@router.get("/sessions/{session_id}/queue")
def queue_part(session_id: uuid.UUID, visit: Staff) -> HTMLResponse:
    """The live part: who waits."""
    return _queue(session_id, visit, "reception/queue_part.html")


@router.get("/sessions/{session_id}/queue/line")
def queue_line(session_id: uuid.UUID, visit: Staff) -> HTMLResponse:
    """The live line in the action bar: the next number, and how many wait."""
    return _queue(session_id, visit, "reception/queue_line.html")


def _queue(session_id: uuid.UUID, visit: Visit, template: str) -> HTMLResponse:
    now = visit.rt.now()
    with visit.rt.read() as session:
        row = sessions.get_session(session, visit.who, session_id)
        place = sessions.site_of(session, row)
        waiting = queue.queue(session, visit.who, session_id, now=now)
    return visit.page(
        template,
        checking=row,
        place=place,
        next_number=row.next_number,
        may_register=visit.who.has(Role.RECEPTION, Role.SESSION_LEAD, Role.HEALTH_WORKER)
        and sessions.phase_of(row, now) is not Phase.CLOSED,
        queue=forms.queue_view(waiting, visit.rt.pack.register, now),
    )


@router.post("/sessions/{session_id}/samples")
def register(session_id: uuid.UUID, visit: Registrar, form: forms.FilledForm, photo: Sent = None) -> Response:
    """Register and go on to the ticket; or the form again, with all that is wrong and everything that was typed."""
    with shown_again(lambda error: shown(visit, session_id, form, error), but=NotFound):
        new = sample_read(visit, session_id, form)
        with received(visit.rt.blobs, photo) as kept:
            answer = _register_once(visit, session_id, form, new, kept)
    return to_ticket(visit, uuid.UUID(answer["id"]), answer["code"], again=False)


def sample_read(visit: Visit, session_id: uuid.UUID, form: forms.Filled) -> NewSample:
    """The sample that the form describes. Form and consents are checked together, so that everything wrong is said at once. Raises Invalid."""
    wrong = forms.unclear(forms.settle(visit.rt.pack.register, form))
    try:
        new = forms.read(NewSample, forms.sample_fields(form))
        if not wrong:
            return new
        error = Invalid("Nothing was saved. What you typed is still here.")
    except Invalid as found:
        error = found
    with visit.rt.read() as session:
        individual = sessions.get_session(session, visit.who, session_id).licence_mode.individual_results
    missing = forms.missing_consents(form, individual_results=individual)
    raise Invalid(error.detail, fields={**wrong, **error.fields, **missing})


class Registered(TypedDict):
    """The answer that is kept for a form sent twice."""

    id: str
    code: str


def _register_once(
    visit: Visit, session_id: uuid.UUID, form: forms.Filled, new: NewSample, photo: StoredPhoto | None
) -> Registered:
    register, pepper, days = visit.rt.pack.register, visit.rt.pepper, visit.rt.settings.ticket_days
    with visit.begin() as uow:
        sessions.lock_session(uow, session_id)

        def create() -> Registered:
            done = service.register(uow, session_id, new, pepper, substances=register, ticket_days=days)
            attach(uow, done.sample.id, photo)
            return {"id": str(done.sample.id), "code": done.code}

        answer = form.once(visit).run(uow, create)
    body: Registered = json.loads(bytes(answer.body))
    return body
