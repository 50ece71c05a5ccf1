"""The page on which a chemist takes references out of an infrared reading, looks, and undoes."""

from __future__ import annotations

import uuid
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel

from app.intake.samples import lookup
from app.laboratory.subtraction import service
from app.laboratory.subtraction.service import MOST_STEPS, SubtractionRequest, lobe_words
from app.laboratory.subtraction.web import desk_of, live, plot_of, plot_of_trial
from app.platform.kernel.actor import Role
from app.platform.kernel.errors import Invalid, MastError, NotFound
from app.platform.web.fields import Text20, Text200
from app.platform.web.forms import fields_of
from app.platform.web.typed import number
from app.screens.visits import Bench, Chemist, Done, Visit

router = APIRouter(include_in_schema=False)

PAGE, HITS = "subtraction/page.html", 8
DONE = {
    "step": "Subtracted. The residual below is without it.",
    "undone": "Step undone. It stays on record.",
}


class StepForm(BaseModel):
    """A reference to take out, as typed."""

    library: Text200 = ""
    entry: Text200 = ""
    factor: Text20 = ""
    shift: Text20 = ""
    version: int = 0

    def asked(self) -> SubtractionRequest:
        """What the form asks to subtract. Raises Invalid naming each field that is wrong."""
        wrong: dict[str, str] = {}
        factor = number(self.factor, "factor", wrong, example="0.35")
        shift = number(self.shift, "shift", wrong, example="-2")
        if wrong:
            raise Invalid("Nothing was subtracted. What you typed is still here.", fields=wrong)
        return SubtractionRequest(self.library, self.entry, factor, shift)


@router.get("/bench/readings/{reading_id}/subtraction")
def subtraction_page(
    visit: Bench, reading_id: uuid.UUID, form: Annotated[StepForm, Query()], done: Done = ""
) -> HTMLResponse:
    """The reading, its steps, and the reference chosen to be taken out next."""
    return _page(visit, reading_id, form, done=DONE.get(done, ""))


@router.get("/bench/readings/{reading_id}/subtraction/trial")
def trial_part(visit: Bench, reading_id: uuid.UUID, form: Annotated[StepForm, Query()]) -> HTMLResponse:
    """What the factor on the slider would leave: the warning about lobes, in words."""
    return _page(visit, reading_id, form, template="subtraction/_trial.html")


@router.post("/bench/readings/{reading_id}/subtraction")
def add_step(visit: Chemist, reading_id: uuid.UUID, form: Annotated[StepForm, Form()]) -> Response:
    """Take the reference out."""
    desk = desk_of(visit.rt, visit.who)
    with visit.work(lambda error: _page(visit, reading_id, form, error=error), but=NotFound) as uow:
        service.add_step(uow, desk, reading_id, form.version, form.asked())
    return RedirectResponse(f"/bench/readings/{reading_id}/subtraction?done=step", 303)


@router.post("/bench/readings/{reading_id}/subtraction/undo")
def undo_step(visit: Chemist, reading_id: uuid.UUID, version: Annotated[int, Form()]) -> Response:
    """Take the newest step back."""
    desk = desk_of(visit.rt, visit.who)
    with visit.work(lambda error: _page(visit, reading_id, StepForm(), error=error), but=NotFound) as uow:
        service.undo(uow, desk, reading_id, version)
    return RedirectResponse(f"/bench/readings/{reading_id}/subtraction?done=undone", 303)


def _page(
    visit: Visit,
    reading_id: uuid.UUID,
    form: StepForm,
    *,
    template: str = PAGE,
    done: str = "",
    error: MastError | None = None,
) -> HTMLResponse:
    who, desk, tried = visit.who, desk_of(visit.rt, visit.who), None
    with visit.rt.read() as session:
        work = service.work_on(session, who, desk, reading_id, top=HITS if template == PAGE else 0)
        gone = lookup.get_sample(session, who, work.sample_id).withdrawn_at is not None
        if form.library and not work.broken:
            try:
                tried = service.try_out(session, who, desk, work, form.asked())
            except NotFound:
                raise
            except MastError as problem:
                error = error or problem
                with suppress(MastError):  # as it would be proposed, when what was typed cannot be used
                    tried = service.try_out(session, who, desk, work, SubtractionRequest(form.library, form.entry))
    return visit.page(
        template,
        work=work,
        tried=tried,
        warning=lobe_words(tried.lobes, tried.name) if tried else "",
        plot=plot_of_trial(tried) if tried else plot_of(work),
        live=live(tried) if tried else None,
        form=form,
        done=done,
        error=error,
        fields=fields_of(error),
        full=len(work.active_steps) >= MOST_STEPS,
        may=who.has(Role.CHEMIST, Role.VERIFIER) and not gone,
    )
