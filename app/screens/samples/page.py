"""The page of one sample for staff: what was recorded, consents, stages, custody; correcting and withdrawing it.

No ticket is here: it is kept nowhere in clear.
"""

from __future__ import annotations

import json
import secrets
import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.intake.custody import service as custody
from app.intake.custody.domain import CustodyKind
from app.intake.people import service as people
from app.intake.people import signin
from app.intake.samples import domain, leases, lookup, photos, queue, service, substances
from app.intake.samples.domain import PERSON_FIELDS, PERSON_SEEN_BY, ConsentKind, Stage, WithdrawReason
from app.intake.samples.schemas import NewCustodyEvent, SampleChange
from app.intake.sessions import service as sessions
from app.intake.sessions.domain import LICENCE_MEANING, LICENCE_WORDS
from app.platform.kernel.actor import Role
from app.platform.kernel.errors import Invalid, MastError, NotFound
from app.platform.kernel.versions import check_version
from app.platform.web.fields import Text140
from app.platform.web.forms import Entered, shown_again
from app.screens.reception import forms
from app.screens.reception.page import FORM_VOCABULARY, chips_of, said_of
from app.screens.reception.ticket_page import to_ticket
from app.screens.visits import Registrar, Staff, Visit, visitor

router = APIRouter(include_in_schema=False)

TicketKeeper = Annotated[Visit, visitor(Role.RECEPTION, Role.SESSION_LEAD)]

STEPS = (
    ("Received", "received_at"),
    ("Analysed", "analysed_at"),
    ("Verified", "verified_at"),
    ("Released", "released_at"),
    ("Result given", "told_at"),
    ("Withdrawn", "withdrawn_at"),
)
CUSTODY_FIELDS = {
    "mg": "Enter the weight in mg, for example 12.5.",
    "kind": "Choose what happened.",
    "witness_id": "Choose the person from the list.",
    "place": "Shorten the place to 60 letters.",
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
    error: MastError | None = None,
    custody_values: dict[str, str] | None = None,
) -> HTMLResponse:
    rt, who = visit.rt, visit.who
    with rt.read() as session:
        row = lookup.get_sample(session, who, sample_id)
        checking = sessions.get_session(session, who, row.session_id)
        place = sessions.site_of(session, checking)
        expected = lookup.expected_of(session, sample_id)
        consents = lookup.consent_rows(session, sample_id)
        came = leases.how_it_came(session, row)
        ledger = custody.ledger(session, sample_id)
        has_photo = photos.photo_of(session, sample_id) is not None
        colleagues = custody.witnesses(session, who)
        names = people.display_names(session, [row.received_by])
    stage = domain.stage(row)
    return visit.page(
        template,
        came=came,
        error=error,
        sample=row,
        checking=checking,
        place=place,
        licence=LICENCE_WORDS[checking.licence_mode],
        licence_meaning=LICENCE_MEANING[checking.licence_mode],
        individual=checking.licence_mode.individual_results,
        expected=substances.labels(rt.pack.register, expected),
        facts=facts_of(row, person=who.has(*PERSON_SEEN_BY)),
        consents=[(kind.words, consents.get(kind)) for kind in ConsentKind],
        steps=[(label, getattr(row, name)) for label, name in STEPS],
        state=queue.state_words(stage, checking),
        withdrawn=stage is Stage.WITHDRAWN,
        received_by=names.get(row.received_by, "") if row.received_by else "",
        ledger=ledger,
        custody_kinds=[(kind.value, kind.words) for kind in CustodyKind],
        colleagues=[(str(key), name) for key, name in colleagues.items()],
        choices=forms.CHOICES,
        may_register=who.has(Role.RECEPTION, Role.SESSION_LEAD, Role.HEALTH_WORKER),
        may_reissue=who.has(Role.RECEPTION, Role.SESSION_LEAD)
        and row.ticket_expires_at is not None
        and rt.now() < row.ticket_expires_at,
        on_bench=who.has(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD),
        has_photo=has_photo,
        key=secrets.token_urlsafe(16),
        errors=forms.sentences(error),
        custody_values=Entered(custody_values or {}),
    )


def facts_of(row: service.Sample, *, person: bool) -> list[tuple[str, str]]:
    """What was recorded, as label and words; what was not recorded is left out by the page. `person`: of the person too."""

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
        ("Effects reported", ", ".join(forms.label(e).lower() for e in row.effects_reported)),
        ("Harm", choice(row.harm_event if person else None)),
        ("Linked to an incident", yes_no(row.batch_linked_to_incident)),
        ("Planned route", choice(row.planned_route)),
        ("Age", choice(row.age_band if person else None)),
        ("Gender", choice(row.gender if person else None)),
        ("First visit", yes_no(row.first_visit)),
        ("Ever spoken to a health service", yes_no(row.ever_spoken_to_health_service)),
        ("Group", row.group_ref + (f", {row.group_size} people" if row.group_size else "")),
        ("Note for the team", row.staff_note),
    ]


@router.get("/samples/{sample_id}/correct")
def correct_form(sample_id: uuid.UUID, visit: Registrar) -> HTMLResponse:
    """The form of reception, filled in with what is recorded."""
    with visit.rt.read() as session:
        row = lookup.get_sample(session, visit.who, sample_id)
        form = forms.filled_from(row, lookup.expected_of(session, sample_id), lookup.consents_of(session, sample_id))
    return _correct(visit, sample_id, form, row.version)


def _correct(
    visit: Visit, sample_id: uuid.UUID, form: forms.Filled, version: int, error: MastError | None = None
) -> HTMLResponse:
    with visit.rt.read() as session:
        row = lookup.get_sample(session, visit.who, sample_id)
        checking = sessions.get_session(session, visit.who, row.session_id)
    return visit.page(
        "samples/correct.html",
        error=error,
        sample=row,
        checking=checking,
        licence_meaning="",
        form=form,
        person=visit.who.has(*PERSON_SEEN_BY),
        weighed=False,
        carried=None,
        chips=chips_of(visit.rt.pack.register, form),
        said_of=said_of(visit.rt.pack.register, form),
        errors=forms.sentences(error),
        offers=forms.settle(visit.rt.pack.register, form),
        version=version,
        ask=service.wording().ask,
        wording=service.wording().version,
        **FORM_VOCABULARY,
    )


@router.post("/samples/{sample_id}/correct")
def correct(sample_id: uuid.UUID, visit: Registrar, form: forms.FilledForm) -> Response:
    """Save the correction, or show the form again with everything that was typed."""
    version = int(form.one.get("version", "0")) if form.one.get("version", "0").isdecimal() else 0
    with visit.work(lambda error: _correct(visit, sample_id, form, version, error), but=NotFound) as uow:
        if unclear := forms.unclear(forms.settle(visit.rt.pack.register, form)):
            raise Invalid("Nothing was saved. What you typed is still here.", fields=unclear)
        fields = dict.fromkeys(forms.DETAILS) | forms.sample_fields(form)
        for name in forms.EMPTY_IS_TEXT:
            fields[name] = fields.get(name) or ""
        if not visit.who.has(*PERSON_SEEN_BY):  # not on this form, so it is left as it is
            fields = {name: value for name, value in fields.items() if name not in PERSON_FIELDS}
        changed = forms.read(SampleChange, fields)
        row = lookup.lock_sample(uow, sample_id)
        check_version("sample", version, row.version)
        service.change(uow, row, changed, substances=visit.rt.pack.register)
    return RedirectResponse(f"/samples/{sample_id}", 303)


@router.post("/samples/{sample_id}/withdraw")
def withdraw(
    sample_id: uuid.UUID,
    visit: Registrar,
    reason: Annotated[WithdrawReason, Form()] = WithdrawReason.CLIENT_ASKED,
) -> Response:
    """Take the sample out, and show it so."""
    with visit.begin() as uow:
        service.withdraw(uow, lookup.lock_sample(uow, sample_id), reason.value)
    return RedirectResponse(f"/samples/{sample_id}", 303)


@router.post("/samples/{sample_id}/ticket")
def replace_ticket(
    sample_id: uuid.UUID,
    visit: TicketKeeper,
    password: Annotated[str, Form(max_length=200)] = "",
    idempotency_key: Annotated[Text140, Form()] = "",
) -> Response:
    """A new code for a lost ticket, for who gives the password once more; it opens the client's page."""

    with shown_again(lambda error: _overview(visit, sample_id, error=error), but=NotFound):
        signin.confirm(visit.request, visit.who, password)
        with visit.begin() as uow:
            row = lookup.lock_sample(uow, sample_id)
            once = visit.sent_once(idempotency_key)
            answer = once.run(uow, lambda: {"code": service.reissue_ticket(uow, row, visit.rt.pepper)})
    return to_ticket(visit, sample_id, str(json.loads(bytes(answer.body))["code"]), again=True)


@router.post("/samples/{sample_id}/custody")
def add_custody(sample_id: uuid.UUID, visit: Staff, form: forms.FilledForm) -> Response:
    """Write a line into the ledger, or show what does not add up."""
    values = form.one
    with visit.work(lambda e: _overview(visit, sample_id, error=e, custody_values=values), but=NotFound) as uow:
        given = {name: forms.plain_number(values[name]) for name in CUSTODY_FIELDS if values.get(name)}
        line = forms.read(NewCustodyEvent, given, CUSTODY_FIELDS)
        row = lookup.lock_sample(uow, sample_id)

        def write() -> dict[str, str]:
            event = custody.add_event(uow, session_id=row.session_id, sample_id=row.id, **line.model_dump())
            return {"id": str(event.id)}

        form.once(visit).run(uow, write)
    return RedirectResponse(f"/samples/{sample_id}#custody", 303)
