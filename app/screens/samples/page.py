"""The page of one sample for staff: what was recorded, consents, stages, custody; correcting and withdrawing it.

No ticket is here: it is kept nowhere in clear.
"""

from __future__ import annotations

import secrets
import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import ValidationError

from app.intake.custody import service as custody
from app.intake.custody.domain import CUSTODY_WORDS
from app.intake.custody.schemas import NewCustodyEvent
from app.intake.people import service as people
from app.intake.samples import service
from app.intake.samples.domain import CONSENT_WORDS, Stage, WithdrawReason
from app.intake.samples.intake_schemas import SampleChange
from app.intake.sessions import service as sessions
from app.intake.sessions.domain import LICENCE_MEANING, LICENCE_WORDS
from app.platform.kernel.actor import Role
from app.platform.kernel.errors import MastError, NotFound, Stale
from app.platform.kernel.versions import check_version
from app.platform.web.forms import Entered
from app.screens.reception import forms
from app.screens.reception.page import FORM_VOCABULARY, chosen_chips
from app.screens.visits import Registrar, Staff, Visit

router = APIRouter(include_in_schema=False)

STEPS = (
    ("Handed in", "received_at"),
    ("Analysed", "analysed_at"),
    ("Verified", "verified_at"),
    ("Released", "released_at"),
    ("Told", "told_at"),
    ("Withdrawn", "withdrawn_at"),
)
CUSTODY_FIELDS = {
    "mg": "Give the weight in mg, for example 12.5.",
    "kind": "Choose what happened.",
    "witness_id": "Choose the person from the list.",
    "place": "The place has at most 60 letters.",
}


@router.get("/samples/{sample_id}")
def overview(sample_id: uuid.UUID, visit: Staff) -> HTMLResponse:
    """Everything recorded about a sample."""
    return _overview(visit, sample_id)


@router.get("/samples/{sample_id}/state")
def state_part(sample_id: uuid.UUID, visit: Staff) -> HTMLResponse:
    """The live part: how far it has come, and its custody."""
    return _overview(visit, sample_id, template="samples/state_part.html")


def _overview(
    visit: Visit,
    sample_id: uuid.UUID,
    *,
    template: str = "samples/overview.html",
    errors: dict[str, str] | None = None,
    custody_values: dict[str, str] | None = None,
    status: int = 200,
) -> HTMLResponse:
    rt, who = visit.rt, visit.who
    with rt.read() as session:
        row = service.get_sample(session, who, sample_id)
        checking = sessions.get_session(session, who, row.session_id)
        place = sessions.site_of(session, checking)
        expected = service.expected_of(session, sample_id)
        consents = service.consent_rows(session, sample_id)
        ledger = custody.ledger(session, sample_id)
        colleagues = [p for p, _ in people.people(session, who) if p.id != who.person_id and p.disabled_at is None]
        names = people.display_names(session, [row.received_by])
    stage = service.stage(row)
    return visit.page(
        template,
        status=status,
        sample=row,
        checking=checking,
        place=place,
        licence=LICENCE_WORDS[checking.licence_mode],
        licence_meaning=LICENCE_MEANING[checking.licence_mode],
        individual=checking.licence_mode.individual_results,
        expected=service.labels(rt.pack.register, expected),
        facts=facts_of(row),
        consents=[(CONSENT_WORDS[kind], consents.get(kind)) for kind in CONSENT_WORDS],
        steps=[(label, getattr(row, name)) for label, name in STEPS],
        state=service.state_words(stage, checking),
        withdrawn=stage is Stage.WITHDRAWN,
        received_by=names.get(row.received_by, "") if row.received_by else "",
        ledger=ledger,
        custody_words=CUSTODY_WORDS,
        colleagues=[(str(p.id), p.display_name) for p in colleagues],
        choices=forms.CHOICES,
        may_register=who.has(Role.RECEPTION, Role.SESSION_LEAD, Role.HEALTH_WORKER),
        may_reissue=who.has(Role.RECEPTION, Role.SESSION_LEAD)
        and row.ticket_expires_at is not None
        and rt.now() < row.ticket_expires_at,
        on_bench=who.has(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD),
        key=secrets.token_urlsafe(16),
        errors=Entered(errors or {}),
        custody_values=Entered(custody_values or {}),
    )


def facts_of(row: service.Sample) -> list[tuple[str, str]]:
    """What was recorded, as label and words; what was not recorded is left out by the page."""

    def size() -> str:
        parts = [f"{v:g}" for v in (row.width_mm, row.height_mm, row.thickness_mm) if v is not None]
        return " × ".join(parts) + "\u00a0mm" if parts else ""

    def choice(value: Any) -> str:
        return forms.label(value) if value else ""

    def yes_no(value: bool | None) -> str:
        return "" if value is None else ("yes" if value else "no")

    def price() -> str:
        if row.price is None:
            return ""
        return f"£{row.price:g} {forms.label(row.price_unit) if row.price_unit else ''}".strip()

    return [
        ("Words spoken", f"“{row.words_spoken}”" if row.words_spoken else ""),
        ("Sold as", row.sold_as),
        ("They believe it is", row.client_believes),
        ("Form", choice(row.form)),
        ("Colour", ", ".join(forms.label(c).lower() for c in row.colours)),
        ("Texture", ", ".join(forms.label(t).lower() for t in row.texture)),
        ("Logo or letters", row.logo),
        ("Shape", row.shape),
        ("Score line", yes_no(row.score_line)),
        ("Size", size()),
        ("Weight of one unit", f"{row.weight_mg:g}\u00a0mg" if row.weight_mg is not None else ""),
        ("Portion taken by", choice(row.collection)),
        ("Brought by", choice(row.submitter_type)),
        ("From whom", choice(row.provider_relation)),
        ("Where", choice(row.acquired_where)),
        ("Price", price()),
        ("Taken already", choice(row.used_before_test)),
        ("Effects told of", ", ".join(forms.label(e).lower() for e in row.effects_reported)),
        ("Harm", choice(row.harm_event)),
        ("Linked to an incident", yes_no(row.batch_linked_to_incident)),
        ("Planned route", choice(row.planned_route)),
        ("Age", choice(row.age_band)),
        ("Gender", choice(row.gender)),
        ("First visit", yes_no(row.first_visit)),
        ("Ever spoken to a health service", yes_no(row.ever_spoken_to_health_service)),
        ("Group", row.group_ref + (f", {row.group_size} people" if row.group_size else "")),
        ("Note for the team", row.staff_note),
    ]


@router.get("/samples/{sample_id}/correct")
def correct_form(sample_id: uuid.UUID, visit: Registrar) -> HTMLResponse:
    """The form of reception, filled in with what is recorded."""
    with visit.rt.read() as session:
        row = service.get_sample(session, visit.who, sample_id)
        form = forms.filled_from(row, service.expected_of(session, sample_id), service.consents_of(session, sample_id))
    return _correct(visit, sample_id, form, {}, row.version)


def _correct(
    visit: Visit,
    sample_id: uuid.UUID,
    form: forms.Filled,
    errors: dict[str, str],
    version: int,
    *,
    status: int = 200,
) -> HTMLResponse:
    with visit.rt.read() as session:
        row = service.get_sample(session, visit.who, sample_id)
        checking = sessions.get_session(session, visit.who, row.session_id)
    return visit.page(
        "samples/correct.html",
        status=status,
        sample=row,
        checking=checking,
        individual=checking.licence_mode.individual_results,
        form=form,
        chosen=chosen_chips(visit.rt, form),
        errors=Entered(errors),
        version=version,
        ask=service.wording().ask,
        **FORM_VOCABULARY,
    )


@router.post("/samples/{sample_id}/correct")
def correct(sample_id: uuid.UUID, visit: Registrar, form: forms.FilledForm) -> Response:
    """Save the correction, or show the form again with everything that was typed."""
    version = int(form.one.get("version", "0")) if form.one.get("version", "0").isdecimal() else 0
    try:
        fields = dict.fromkeys(forms.DETAILS) | forms.sample_fields(form)
        for name in forms.EMPTY_IS_TEXT:
            fields[name] = fields.get(name) or ""
        changed = SampleChange.model_validate(fields)
        with visit.begin() as uow:
            row = service.lock_sample(uow, sample_id)
            check_version("sample", version, row.version)
            service.change(uow, row, changed, substances=visit.rt.pack.register)
    except NotFound:
        raise
    except (MastError, ValidationError) as error:
        status = 412 if isinstance(error, Stale) else 422
        return _correct(visit, sample_id, form, forms.sentences(error), version, status=status)
    return RedirectResponse(f"/samples/{sample_id}", 303)


@router.post("/samples/{sample_id}/withdraw")
def withdraw(
    sample_id: uuid.UUID,
    visit: Registrar,
    reason: Annotated[WithdrawReason, Form()] = WithdrawReason.CLIENT_ASKED,
) -> Response:
    """Take the sample out, and show it so."""
    with visit.begin() as uow:
        service.withdraw(uow, service.lock_sample(uow, sample_id), reason.value)
    return RedirectResponse(f"/samples/{sample_id}", 303)


@router.post("/samples/{sample_id}/custody")
def add_custody(sample_id: uuid.UUID, visit: Staff, form: forms.FilledForm) -> Response:
    """Write a line into the ledger, or show what does not add up."""
    values = form.one
    try:
        given = {name: forms.plain_number(values[name]) for name in CUSTODY_FIELDS if values.get(name)}
        line = NewCustodyEvent.model_validate(given)
        with visit.begin() as uow:
            row = service.lock_sample(uow, sample_id)

            def write() -> dict[str, str]:
                event = custody.add_event(uow, session_id=row.session_id, sample_id=row.id, **line.model_dump())
                return {"id": str(event.id)}

            form.once(visit).run(uow, write)
    except NotFound:
        raise
    except (MastError, ValidationError) as error:
        found = forms.sentences(error, CUSTODY_FIELDS)
        return _overview(visit, sample_id, errors=found, custody_values=values, status=422)
    return RedirectResponse(f"/samples/{sample_id}#custody", 303)
