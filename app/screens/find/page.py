"""Find or scan: one field for the number of a sample, a substance, a bag's label or a client's ticket. What is typed or scanned
comes in the body of a POST and stands in no address, because it may be a ticket."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, Field

from app.care.consultations.web_by_ticket import sample_of_ticket
from app.intake.samples import lookup
from app.intake.sessions import service as sessions
from app.platform.kernel.errors import Invalid, MastError, NotFound, TooMany
from app.platform.security.policy import SERVICE_STAFF
from app.platform.web.middleware import WITH_CAMERA
from app.platform.web.problems import headers_of
from app.screens.find import looking
from app.screens.find.looking import Kind
from app.screens.frame import FINDERS
from app.screens.visits import Visit, visitor

router = APIRouter(include_in_schema=False)

Finder = Annotated[Visit, visitor(*sorted(FINDERS))]
PAST_SESSIONS = 20
NOT_YOURS = "Only a health worker or a session lead can open a result from a ticket."
NO_LABEL = "No sample with this label was found. Check which service the bag belongs to."


class FindForm(BaseModel):
    """What was typed or scanned, and the session it is about; none: those that are open."""

    what: Annotated[str, Field(max_length=200)] = ""
    session: Annotated[str, Field(max_length=40)] = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found for a number or for words. `asked`: as it was typed; never a ticket."""

    asked: str
    samples: Sequence[looking.FoundSample] = ()
    substances: Sequence[looking.FoundSubstance] = ()
    error: str = ""


@router.get("/find")
def find_page(visit: Finder) -> HTMLResponse:
    """The field."""
    return _page(visit, FindForm(), Answer(""))


@router.post("/find")
def find(visit: Finder, form: Annotated[FindForm, Form()]) -> Response:
    """To the one thing that was meant; else what there is to choose from."""
    kind = looking.kind_of(form.what, visit.rt.pack.register)
    if kind is Kind.NOTHING:
        return _page(visit, form, Answer("", error="Enter a sample number, a substance or a ticket code."))
    if kind is Kind.TICKET:
        return _ticket(visit, form)
    if kind is Kind.LABEL:
        return _label(visit, form)
    answer = _looked_up(visit, form, kind)
    if kind is Kind.NUMBER and len(answer.samples) == 1:
        return RedirectResponse(answer.samples[0].doors[0].href, 303)
    return _page(visit, form, answer)


def _ticket(visit: Visit, form: FindForm) -> Response:
    """To the consultation of the sample. The code is not shown again."""
    blank = form.model_copy(update={"what": ""})
    if not visit.who.has(*looking.TELLERS):
        return _page(visit, blank, Answer("", error=NOT_YOURS))
    try:
        sample_id = sample_of_ticket(visit.rt, visit.request, visit.who, form.what)
    except (Invalid, TooMany) as error:
        return _page(visit, blank, Answer("", error=f"{error.detail} {error.hint}".strip()), error)
    return RedirectResponse(f"/consultations/samples/{sample_id}", 303)


def _label(visit: Visit, form: FindForm) -> Response:
    """To the sample in the bag, where this person's work on it is."""
    sample_id = looking.label_in(form.what)
    try:
        if sample_id is None or not visit.who.has(*SERVICE_STAFF):
            raise NotFound("sample")
        with visit.rt.read() as session:
            lookup.get_sample(session, visit.who, sample_id)
    except NotFound:
        return _page(visit, form.model_copy(update={"what": ""}), Answer("", error=NO_LABEL))
    return RedirectResponse(looking.doors(visit.who, sample_id)[0].href, 303)


def _looked_up(visit: Visit, form: FindForm, kind: Kind) -> Answer:
    register, number = visit.rt.pack.register, looking.number_in(form.what)
    with visit.rt.read() as session:
        chosen = _chosen(_offered(visit), _open_ones(visit), form.session)
        rows = looking.rows_of(session, visit.who, chosen)
        if kind is Kind.NUMBER and number is not None:
            return Answer(form.what, samples=looking.samples_numbered(rows, visit.who, register, number))
        found = looking.substances_found(session, visit.who, register, rows, visit.rt.registry, form.what)
    return Answer(form.what, substances=found)


def _offered(visit: Visit) -> list[sessions.CheckingSession]:
    """Sessions someone may choose: those whose samples they see."""
    if visit.who.agency_id is None or not visit.who.has(*SERVICE_STAFF):
        return []
    with visit.rt.read() as session:
        return sessions.sessions_of(session, visit.who, limit=PAST_SESSIONS)


def _open_ones(visit: Visit) -> list[sessions.CheckingSession]:
    if visit.who.agency_id is None or not visit.who.has(*SERVICE_STAFF):
        return []
    with visit.rt.read() as session:
        return sessions.sessions_now(session, visit.who, visit.rt.now())


def _chosen(
    offered: list[sessions.CheckingSession], open_now: list[sessions.CheckingSession], key: str
) -> list[sessions.CheckingSession]:
    """The session of this key, if it is one of those offered; else those that are open."""
    return [row for row in offered if str(row.id) == key] or open_now


def _page(visit: Visit, form: FindForm, answer: Answer, error: MastError | None = None) -> HTMLResponse:
    offered = _offered(visit)
    response = visit.page(
        "find/find.html",
        status=422 if answer.error and error is None else None,
        typed=form,
        answer=answer,
        error=error,
        offered=[(str(row.id), row.name) for row in offered],
        key_of_session=form.session if _is_key(form.session) else "",
        sees_samples=visit.who.has(*SERVICE_STAFF),
        tells=visit.who.has(*looking.TELLERS),
    )
    response.headers.update(headers_of(error) | WITH_CAMERA)
    return response


def _is_key(text: str) -> bool:
    try:
        return bool(uuid.UUID(text))
    except ValueError:
        return False
