"""Pages of reception and of one sample: register, ticket and labels, queue, overview, correction.

The ticket code is on one page only: the answer to who registered the sample or replaced its ticket.
"""

from __future__ import annotations

import json
import secrets
import uuid
from typing import Annotated, TypedDict

import segno
from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from markupsafe import Markup
from pydantic import ValidationError

from app.intake.samples import service
from app.intake.samples.consents import wording
from app.intake.samples.domain import CONSENT_WORDS, ConsentKind
from app.intake.samples.intake_schemas import NewSample
from app.intake.samples.schemas import TicketOut
from app.intake.sessions import service as sessions
from app.intake.sessions.domain import LICENCE_MEANING, LICENCE_WORDS, PHASE_WORDS, Phase
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Conflict, MastError
from app.platform.security.policy import SERVICE_STAFF, allow
from app.platform.web.forms import Entered
from app.platform.web.idempotency import Once
from app.runtime import Runtime, RuntimeDep
from app.screens.reception import forms

router = APIRouter(include_in_schema=False)

Staff = Annotated[Actor, allow(*SERVICE_STAFF)]
Registrar = Annotated[Actor, allow(Role.RECEPTION, Role.SESSION_LEAD, Role.HEALTH_WORKER)]
TicketKeeper = Annotated[Actor, allow(Role.RECEPTION, Role.SESSION_LEAD)]


def fresh_key() -> str:
    """The idempotency key of one rendering of a form."""
    return secrets.token_urlsafe(16)


@router.get("/reception")
def choose_session(request: Request, who: Registrar, rt: RuntimeDep) -> Response:
    """To the session that is open; a choice when several are; what to do when none is."""
    now = rt.now()
    with rt.read() as session:
        rows = sessions.sessions_now(session, who, now)
        planned = [s for s in sessions.sessions_of(session, who, True) if s not in rows]
        places = sessions.sites_of(session, [*rows, *planned])
    if len(rows) == 1:
        return RedirectResponse(f"/sessions/{rows[0].id}/reception", 303)
    return rt.templates.page(
        request,
        "reception/choose.html",
        rows=[(s, places[s.site_id], PHASE_WORDS[sessions.phase_of(s, now)]) for s in rows],
        planned=[(s, places[s.site_id]) for s in sorted(planned, key=lambda s: s.opens_at)],
        may_create=who.has(Role.SESSION_LEAD),
        licence_words=LICENCE_WORDS,
    )


@router.get("/sessions/{session_id}/reception")
def reception(
    session_id: uuid.UUID,
    request: Request,
    who: Registrar,
    rt: RuntimeDep,
    group: Annotated[str, Query(max_length=20)] = "",
    size: Annotated[str, Query(max_length=2)] = "",
) -> HTMLResponse:
    """The form on the left, the queue on the right."""
    form = forms.Filled(one=Entered({"group_ref": group, "group_size": size}))
    return _reception(request, rt, who, session_id, form, {})


def _reception(
    request: Request,
    rt: Runtime,
    who: Actor,
    session_id: uuid.UUID,
    form: forms.Filled,
    errors: dict[str, str],
    *,
    offers: list[service.Suggestion] | None = None,
    status: int = 200,
) -> HTMLResponse:
    now = rt.now()
    with rt.read() as session:
        row = sessions.get_session(session, who, session_id)
        place = sessions.site_of(session, row)
        waiting = service.queue(session, who, session_id, now=now)
    phase = sessions.phase_of(row, now)
    return rt.templates.page(
        request,
        "reception/register.html",
        status=status,
        checking=row,
        place=place,
        closed=phase is Phase.CLOSED,
        phase=PHASE_WORDS[phase],
        licence=LICENCE_WORDS[row.licence_mode],
        licence_meaning=LICENCE_MEANING[row.licence_mode],
        individual=row.licence_mode.individual_results,
        form=form,
        chosen=chosen_chips(rt, form),
        errors=Entered(errors),
        offers=offers or [],
        key=fresh_key(),
        ask=wording().ask,
        queue=forms.queue_view(waiting, rt.pack.register, rt.now()),
        **form_vocabulary(),
    )


class FormVocabulary(TypedDict):
    """What the fields of a sample offer."""

    choices: dict[str, list[tuple[str, str]]]
    colour_options: list[dict[str, str]]
    must_ask: tuple[ConsentKind, ...]
    may_ask: tuple[ConsentKind, ...]
    consent_words: dict[ConsentKind, str]


def form_vocabulary() -> FormVocabulary:
    """What the fields of a sample offer."""
    return {
        "choices": forms.CHOICES,
        "colour_options": forms.COLOUR_OPTIONS,
        "must_ask": forms.MUST_ASK,
        "may_ask": forms.MAY_ASK,
        "consent_words": CONSENT_WORDS,
    }


def chosen_chips(rt: Runtime, form: forms.Filled) -> list[dict[str, str]]:
    """What is chosen already, as the combobox shows it. The words stand beside as words."""
    return [{"id": i, "label": service.label_of(rt.pack.register, i)} for i in form.many["expected"]]


@router.get("/sessions/{session_id}/queue")
def queue_part(session_id: uuid.UUID, request: Request, who: Staff, rt: RuntimeDep) -> HTMLResponse:
    """The live part: who waits."""
    return _queue(session_id, request, who, rt, "reception/queue_part.html")


@router.get("/sessions/{session_id}/queue/line")
def queue_line(session_id: uuid.UUID, request: Request, who: Staff, rt: RuntimeDep) -> HTMLResponse:
    """The live line above the form: how many wait, and how long the first."""
    return _queue(session_id, request, who, rt, "reception/queue_line.html")


def _queue(session_id: uuid.UUID, request: Request, who: Actor, rt: Runtime, template: str) -> HTMLResponse:
    with rt.read() as session:
        row = sessions.get_session(session, who, session_id)
        waiting = service.queue(session, who, session_id, now=rt.now())
    return rt.templates.page(
        request, template, checking=row, queue=forms.queue_view(waiting, rt.pack.register, rt.now())
    )


@router.get("/sessions/{session_id}/samples")
def back_to_reception(session_id: uuid.UUID, who: Registrar) -> Response:
    """Somebody typed the address of a ticket page: the code is not kept, so there is only the form to show."""
    return RedirectResponse(f"/sessions/{session_id}/reception", 303)


@router.post("/sessions/{session_id}/samples")
def register(
    session_id: uuid.UUID, request: Request, who: Registrar, rt: RuntimeDep, form: forms.FilledForm
) -> Response:
    """Register and show the ticket; or the form again, with what is wrong and everything that was typed."""
    try:
        new = NewSample.model_validate(forms.sample_fields(form))
        meant = service.understand(rt.pack.register, new.expected, new.words_spoken, new.intent)
        if meant.offers and not form.one.get("meant"):
            sentence = "Choose what they mean, or keep the words as they are."
            return _reception(request, rt, who, session_id, form, {"meant": sentence}, offers=meant.offers, status=422)
        if form.one.get("meant") == "keep":
            new = new.model_copy(update={"expected": meant.expected, "intent": new.intent or meant.intent})
        answer = _register_once(request, rt, who, session_id, form, new)
    except Conflict as error:
        return _reception(request, rt, who, session_id, form, forms.sentences(error), status=409)
    except (MastError, ValidationError) as error:
        if isinstance(error, MastError) and error.code == "not_found":
            raise
        found = forms.sentences(error)
        if isinstance(error, ValidationError):  # say everything at once, not the consents in a second round
            found |= _missing_consents(rt, who, session_id, form)
        return _reception(request, rt, who, session_id, form, found, status=422)
    return _ticket_page(request, rt, who, uuid.UUID(answer["id"]), answer["code"], again=False)


def _missing_consents(rt: Runtime, who: Actor, session_id: uuid.UUID, form: forms.Filled) -> dict[str, str]:
    with rt.read() as session:
        individual = sessions.get_session(session, who, session_id).licence_mode.individual_results
    return forms.missing_consents(form, individual_results=individual)


class Registered(TypedDict):
    """The answer that is kept for a form sent twice."""

    id: str
    code: str


def _register_once(
    request: Request, rt: Runtime, who: Actor, session_id: uuid.UUID, form: forms.Filled, new: NewSample
) -> Registered:
    once = Once(form.one.get("idempotency_key", "")[:120], request.url.path, form.digest(), rt.pepper)
    with rt.begin(who, request) as uow:
        sessions.lock_session(uow, session_id)

        def create() -> Registered:
            done = service.register(
                uow,
                session_id,
                new,
                rt.pepper,
                substances=rt.pack.register,
                ticket_days=rt.settings.ticket_days,
            )
            return {"id": str(done.sample.id), "code": done.code}

        answer = once.run(uow, create)
    body: Registered = json.loads(bytes(answer.body))
    return body


def _ticket_page(
    request: Request, rt: Runtime, who: Actor, sample_id: uuid.UUID, code: str, *, again: bool
) -> HTMLResponse:
    with rt.read() as session:
        row = service.get_sample(session, who, sample_id)
        checking = sessions.get_session(session, who, row.session_id)
        place = sessions.site_of(session, checking)
        expected = service.expected_of(session, sample_id)
    individual = checking.licence_mode.individual_results
    assert row.ticket_expires_at is not None
    ticket = TicketOut.of(code, row.ticket_expires_at, rt.settings.public_url, individual)
    return rt.templates.page(
        request,
        "reception/ticket.html",
        status=200 if again else 201,
        sample=row,
        checking=checking,
        place=place,
        ticket=ticket,
        qr=qr_svg(ticket.url) if ticket.url else None,
        individual=individual,
        licence_meaning=LICENCE_MEANING[checking.licence_mode],
        expected=service.labels(rt.pack.register, expected),
        again=again,
    )


def qr_svg(content: str) -> Markup:
    """The QR code as inline SVG, black on white in every theme."""
    return Markup(  # noqa: S704 - segno writes it, from our own address and code
        segno.make(content, error="m", micro=False).svg_inline(
            border=2, omitsize=True, light="#fff", dark="#000", title="QR code of this ticket", svgclass="qr"
        )
    )


@router.post("/samples/{sample_id}/ticket")
def replace_ticket(
    sample_id: uuid.UUID, request: Request, who: TicketKeeper, rt: RuntimeDep, form: forms.FilledForm
) -> Response:
    """A new code for a lost ticket."""
    once = Once(form.one.get("idempotency_key", "")[:120], request.url.path, "", rt.pepper)
    with rt.begin(who, request) as uow:
        row = service.lock_sample(uow, sample_id)
        answer = once.run(uow, lambda: {"code": service.reissue_ticket(uow, row, rt.pepper)})
    code: str = json.loads(bytes(answer.body))["code"]
    return _ticket_page(request, rt, who, sample_id, code, again=True)
