"""Pages of reception and of one sample: register, ticket and labels, queue, overview, correction.

The ticket code is on one page only: the answer to who registered the sample or replaced its ticket.
"""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Sequence
from typing import Annotated, TypedDict

import segno
from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from markupsafe import Markup

from app.intake.samples import lookup, queue, service, substances
from app.intake.samples.domain import ConsentKind
from app.intake.samples.schemas import NewSample, TicketOut
from app.intake.sessions import service as sessions
from app.intake.sessions.domain import LICENCE_MEANING, LICENCE_WORDS, Phase
from app.platform.kernel.actor import Role
from app.platform.kernel.errors import Invalid, MastError, NotFound
from app.platform.web.forms import Entered, shown_again
from app.runtime import Runtime
from app.screens.reception import forms
from app.screens.visits import Registrar, Staff, Visit

router = APIRouter(include_in_schema=False)


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
    session_id: uuid.UUID,
    visit: Registrar,
    group: Annotated[str, Query(max_length=20)] = "",
    size: Annotated[str, Query(max_length=2)] = "",
) -> HTMLResponse:
    """The form on the left, the queue on the right."""
    form = forms.Filled(one=Entered({"group_ref": group, "group_size": size}))
    return _reception(visit, session_id, form)


def _reception(
    visit: Visit,
    session_id: uuid.UUID,
    form: forms.Filled,
    error: MastError | None = None,
    offers: Sequence[substances.Suggestion] = (),
) -> HTMLResponse:
    now, register = visit.rt.now(), visit.rt.pack.register
    with visit.rt.read() as session:
        row = sessions.get_session(session, visit.who, session_id)
        place = sessions.site_of(session, row)
        waiting = queue.queue(session, visit.who, session_id, now=now)
    phase = sessions.phase_of(row, now)
    return visit.page(
        "reception/register.html",
        error=error,
        checking=row,
        place=place,
        closed=phase is Phase.CLOSED,
        phase=phase.words,
        licence=LICENCE_WORDS[row.licence_mode],
        licence_meaning=LICENCE_MEANING[row.licence_mode],
        individual=row.licence_mode.individual_results,
        form=form,
        person=True,
        chosen=chosen_chips(visit.rt, form),
        errors=forms.sentences(error),
        offers=offers,
        key=secrets.token_urlsafe(16),
        ask=service.wording().ask,
        queue=forms.queue_view(waiting, register, now),
        **FORM_VOCABULARY,
    )


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


def chosen_chips(rt: Runtime, form: forms.Filled) -> list[dict[str, str]]:
    """What is chosen already, as the combobox shows it. The words stand beside as words."""
    return [{"id": i, "label": substances.label_of(rt.pack.register, i)} for i in form.many["expected"]]


@router.get("/sessions/{session_id}/queue")
def queue_part(session_id: uuid.UUID, visit: Staff) -> HTMLResponse:
    """The live part: who waits."""
    return _queue(session_id, visit, "reception/queue_part.html")


@router.get("/sessions/{session_id}/queue/line")
def queue_line(session_id: uuid.UUID, visit: Staff) -> HTMLResponse:
    """The live line above the form: how many wait, and how long the first."""
    return _queue(session_id, visit, "reception/queue_line.html")


def _queue(session_id: uuid.UUID, visit: Visit, template: str) -> HTMLResponse:
    now = visit.rt.now()
    with visit.rt.read() as session:
        row = sessions.get_session(session, visit.who, session_id)
        waiting = queue.queue(session, visit.who, session_id, now=now)
    return visit.page(template, checking=row, queue=forms.queue_view(waiting, visit.rt.pack.register, now))


@router.get("/sessions/{session_id}/samples")
def back_to_reception(session_id: uuid.UUID, visit: Registrar) -> Response:
    """Somebody typed the address of a ticket page: the code is not kept, so there is only the form to show."""
    return RedirectResponse(f"/sessions/{session_id}/reception", 303)


@router.post("/sessions/{session_id}/samples")
def register(session_id: uuid.UUID, visit: Registrar, form: forms.FilledForm) -> Response:
    """Register and show the ticket; or the form again, with what is wrong and everything that was typed."""
    with shown_again(lambda error: _reception(visit, session_id, form, error), but=NotFound):
        new = _read(visit, session_id, form)
        meant = substances.understand(visit.rt.pack.register, new.expected, new.words_spoken, new.intent)
        if meant.offers and not form.one.get("meant"):
            unclear = Invalid("", fields={"meant": "Choose what they mean, or keep the words as they are."})
            return _reception(visit, session_id, form, unclear, meant.offers)
        if form.one.get("meant") == "keep":
            new = new.model_copy(update={"expected": meant.expected, "intent": new.intent or meant.intent})
        answer = _register_once(visit, session_id, form, new)
    return ticket_page(visit, uuid.UUID(answer["id"]), answer["code"], again=False)


def _read(visit: Visit, session_id: uuid.UUID, form: forms.Filled) -> NewSample:
    """Raises Invalid that says everything at once, not the consents in a second round."""
    try:
        return forms.read(NewSample, forms.sample_fields(form))
    except Invalid as error:
        with visit.rt.read() as session:
            individual = sessions.get_session(session, visit.who, session_id).licence_mode.individual_results
        missing = forms.missing_consents(form, individual_results=individual)
        raise Invalid(error.detail, fields={**error.fields, **missing}) from None


class Registered(TypedDict):
    """The answer that is kept for a form sent twice."""

    id: str
    code: str


def _register_once(visit: Visit, session_id: uuid.UUID, form: forms.Filled, new: NewSample) -> Registered:
    register, pepper, days = visit.rt.pack.register, visit.rt.pepper, visit.rt.settings.ticket_days
    with visit.begin() as uow:
        sessions.lock_session(uow, session_id)

        def create() -> Registered:
            done = service.register(uow, session_id, new, pepper, substances=register, ticket_days=days)
            return {"id": str(done.sample.id), "code": done.code}

        answer = form.once(visit).run(uow, create)
    body: Registered = json.loads(bytes(answer.body))
    return body


def ticket_page(visit: Visit, sample_id: uuid.UUID, code: str, *, again: bool) -> HTMLResponse:
    """The one page a code is ever on."""
    with visit.rt.read() as session:
        row = lookup.get_sample(session, visit.who, sample_id)
        checking = sessions.get_session(session, visit.who, row.session_id)
        place = sessions.site_of(session, checking)
        expected = lookup.expected_of(session, sample_id)
    individual = checking.licence_mode.individual_results
    assert row.ticket_expires_at is not None
    ticket = TicketOut.of(code, row.ticket_expires_at, visit.rt.settings.public_url, individual)
    return visit.page(
        "reception/ticket.html",
        status=200 if again else 201,
        sample=row,
        checking=checking,
        place=place,
        ticket=ticket,
        qr=qr_svg(ticket.url) if ticket.url else None,
        individual=individual,
        licence_meaning=LICENCE_MEANING[checking.licence_mode],
        expected=substances.labels(visit.rt.pack.register, expected),
        again=again,
    )


def qr_svg(content: str) -> Markup:
    """The QR code as inline SVG, black on white in every theme."""
    return Markup(  # noqa: S704 - segno writes it, from our own address and code
        segno.make(content, error="m", micro=False).svg_inline(
            border=2, omitsize=True, light="#fff", dark="#000", title="QR code of this ticket", svgclass="qr"
        )
    )
