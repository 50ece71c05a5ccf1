"""The tab of the whole sample on the bench: the answer made of all its readings, its parts as findings, and its questions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, Response

from app.laboratory.sample_answers import service as sample_answers
from app.laboratory.sample_answers.domain import Reply
from app.platform.kernel.errors import Conflict, Invalid
from app.platform.web.fields import Note200
from app.platform.web.forms import Entered
from app.results import service
from app.results.named import dismissals_from, with_offers
from app.results.whole import offers_of_whole
from app.screens.bench.page import AtSample, page
from app.screens.bench.steps_page import Bench, Version, write_findings

router = APIRouter(include_in_schema=False)


@router.get("/bench/samples/{sample_id}/whole")
def whole_part(at: AtSample) -> HTMLResponse:
    """The answer made of all readings of the sample together."""
    return page(at, template="bench/_whole_live.html")


@router.post("/bench/samples/{sample_id}/use-sample")
def use_sample(at: Bench, compound: Annotated[str, Form(max_length=200)] = "", version: Version = None) -> Response:
    """Make a finding of every part of the answer of the whole sample, or of one, with every analysis that shows it.

    What someone dismissed stays dismissed, and one that is there already gains the analyses it lacks.
    """
    with at.shown_again():
        with at.rt.read() as session:
            whole = sample_answers.answer_of(session, at.who, at.sample_id)
            newest = service.latest(session, at.sample_id)
        dismissed = {one.key for one in dismissals_from(newest.result.dismissals)} if newest and not compound else set()
        offers = [one for one in offers_of_whole(whole.answer, compound) if one[0].key not in dismissed]
        if not offers:
            raise Conflict("The answer of the whole sample names nothing that can be added. Nothing was changed.")
        since = write_findings(at, version, lambda there: with_offers(there, offers))
    return at.back("whole", since=since)


@router.post("/bench/samples/{sample_id}/reply")
def reply(
    at: Bench,
    question: Annotated[str, Form(max_length=200)],
    version: Annotated[int, Form()],
    reply: Annotated[str, Form(max_length=20)] = "",
    note: Annotated[Note200, Form()] = "",
) -> Response:
    """Answer a question that the readings of the sample raise together."""
    with at.shown_again(where=f"reply-{question}", typed=Entered(reply=reply, note=note)):
        if reply not in list(Reply):
            raise Invalid("Nothing was saved.", fields={"reply": "Choose one of the answers."})
        with at.begin() as uow:
            sample_answers.reply(uow, at.sample_id, question, Reply(reply), note, version)
    return at.back("replied")
