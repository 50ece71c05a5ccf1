"""Two people at one sample: who else is here, and the choice where both changed the same field."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, Response

from app.platform.kernel.errors import NotFound
from app.results import edits, presence, service
from app.screens.bench.choosing import ChoiceForm
from app.screens.bench.steps_page import Bench, write_findings

router = APIRouter(include_in_schema=False)


@router.post("/bench/samples/{sample_id}/findings/choose")
def choose(at: Bench, form: Annotated[ChoiceForm, Form()]) -> Response:
    """Take one's own or the other's where both changed the same field; everything else goes together."""
    with at.shown_again():
        with at.rt.read() as session:
            view = service.latest(session, at.sample_id)
            if view is None:
                raise NotFound("result")
            service.get_result(session, at.who, view.result.id)
            both = edits.chosen(session, view.result, form.began, form.seen, form.findings(), form.choices())
        write_findings(at, form.seen, lambda there: both)
    return at.back("finding", since=form.began)


@router.post("/bench/samples/{sample_id}/here")
def here(at: Bench) -> HTMLResponse:
    """Someone has the editor of this sample open; the answer says whether a colleague has too."""
    with at.begin() as uow:
        presence.note(uow, at.sample_id)
        colleague = presence.colleague_here(uow.session, at.who, at.sample_id, uow.now)
    return at.page("bench/_here.html", sample_id=at.sample_id, colleague=colleague, editing=True, first=False)
