"""Pages of what was shown of a sample, of one page shown again, and the forms by which staff change its page."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Annotated, TypedDict

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.care.consultations import adjusting, replaying
from app.care.consultations.adjusting_domain import (
    ADJUSTMENT_WORDS,
    WHY_WORDS,
    AdjustmentKind,
    WhyNotRelevant,
    WhyRefused,
)
from app.care.consultations.client_view import ClientView, client_view
from app.care.consultations.locales import WORDS
from app.care.consultations.web_logged import LoggedRoute
from app.intake.samples import service as samples
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Invalid, MastError, NotFound
from app.platform.security.policy import allow
from app.platform.web.fields import Text20, Text40, Text80
from app.platform.web.forms import Entered, fields_of, shown_again
from app.platform.web.problems import status_of
from app.runtime import Runtime, RuntimeDep

router = APIRouter(include_in_schema=False, route_class=LoggedRoute)

Teller = Annotated[Actor, allow(Role.HEALTH_WORKER, Role.SESSION_LEAD)]
LANGUAGES = {code: words.name for code, words in WORDS.items()}


@router.get("/consultations/samples/{sample_id}/shown")
def shown_page(request: Request, sample_id: uuid.UUID, who: Teller, rt: RuntimeDep) -> HTMLResponse:
    """What was shown of this sample, when, to whom, in which language, with which message pack."""
    with rt.read() as session:
        sample = samples.get_sample(session, who, sample_id)
        shown = replaying.shown_of(session, who, sample_id)
    return rt.templates.page(request, "consultation/shown.html", sample=sample, shown=shown, languages=LANGUAGES)


@router.get("/consultations/samples/{sample_id}/shown/{shown_id}")
def replay_page(
    request: Request, sample_id: uuid.UUID, shown_id: uuid.UUID, who: Teller, rt: RuntimeDep
) -> HTMLResponse:
    """One of these pages again, as it was."""
    with rt.read() as session:
        sample = samples.get_sample(session, who, sample_id)
        found = replaying.replay(session, who, sample_id, shown_id, partial(rt.packs.by_digest, session))
    return rt.templates.page(
        request,
        "consultation/replay.html",
        sample=sample,
        found=found,
        view=found.view,
        now=found.shown.row.at,
        languages=LANGUAGES,
    )


@router.post("/consultations/samples/{sample_id}/adjust")
def adjust(
    request: Request,
    sample_id: uuid.UUID,
    who: Teller,
    rt: RuntimeDep,
    kind: Annotated[Text20, Form()] = "",
    target: Annotated[Text80, Form()] = "",
    reason: Annotated[Text40, Form()] = "",
) -> Response:
    """Add, pin or take out; back to the consultation."""
    with shown_again(
        lambda error: _adjust_again(request, rt, who, sample_id, error, kind, target, reason), but=NotFound
    ):
        if kind not in set(AdjustmentKind):
            raise Invalid(
                "The page stays as it is. Choose what to do.", fields={"target": "Choose from the list."},
                reason_code=WhyRefused.UNKNOWN_KIND,
            )  # fmt: skip
        why = WhyNotRelevant(reason) if reason in set(WhyNotRelevant) else None
        pack = rt.pack_of(who.agency_id)
        with rt.begin(who, request) as uow:
            adjusting.adjust(uow, sample_id, AdjustmentKind(kind), target, pack=pack, reason=why)
    return RedirectResponse(f"/consultations/samples/{sample_id}#adjust", 303)


@router.post("/consultations/samples/{sample_id}/adjust/undo")
def undo(
    request: Request,
    sample_id: uuid.UUID,
    who: Teller,
    rt: RuntimeDep,
    adjustment: Annotated[Text40, Form()] = "",
) -> Response:
    """Take an adjustment of the page back, and return to the consultation."""
    try:
        key = uuid.UUID(adjustment)
    except ValueError:
        raise NotFound("adjustment") from None
    with rt.begin(who, request) as uow:
        adjusting.undo(uow, sample_id, key)
    return RedirectResponse(f"/consultations/samples/{sample_id}#adjust", 303)


def _adjust_again(
    request: Request,
    rt: Runtime,
    who: Actor,
    sample_id: uuid.UUID,
    error: MastError,
    kind: str,
    target: str,
    reason: str,
) -> HTMLResponse:
    with rt.read() as session:
        sample = samples.get_sample(session, who, sample_id)
    chosen = Entered(kind=kind, target=target, reason=reason)
    adjust = adjusting_of(rt, who, sample)
    return rt.templates.page(
        request, "consultation/adjust.html", status=status_of(error), sample=sample, error=error,
        fields=fields_of(error), chosen=chosen, **adjust,
    )  # fmt: skip


class Adjusting(TypedDict):
    """What the part of the consultation needs where staff change the page."""

    adjusted: list[adjusting.AdjustmentView]
    offer: adjusting.Offer | None
    adjustment_words: dict[AdjustmentKind, str]
    why_words: dict[WhyNotRelevant, str]


def adjusting_of(rt: Runtime, who: Actor, sample: samples.Sample, view: ClientView | None = None) -> Adjusting:
    """What the part of the consultation needs where staff change the page. Knows nothing of a self-report."""
    with rt.read() as session:
        pack = rt.packs.current(session, sample.agency_id, rt.now())
        shown = view or client_view(session, pack, sample, rt.now())
        done = adjusting.adjustments_of(session, who, sample.id, shown.result_id) if shown.result_id else []
    return {
        "adjusted": done,
        "offer": adjusting.offer(pack, shown.page, done) if shown.page else None,
        "adjustment_words": ADJUSTMENT_WORDS,
        "why_words": WHY_WORDS,
    }
