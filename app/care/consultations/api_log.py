"""JSON routes of what was shown and replayed, of what staff do to pages, of urgent messages and of override rates."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import AliasPath, BaseModel, Field, JsonValue

from app.care.consultations import adjusting, service, urgent
from app.care.consultations.adjusting import DEFINITION, AdjustmentView
from app.care.consultations.client_view import client_view
from app.care.consultations.domain import AdjustmentKind, UrgentReach, UrgentState, WhyNotRelevant, WhyRefused
from app.care.consultations.schemas import ResultMessage
from app.care.consultations.service import Replay, ShownView
from app.care.consultations.tables import AdjustmentShown, PageShown, UrgentMessage, UrgentShown
from app.care.consultations.urgent import UrgentView
from app.care.consultations.web_logged import LoggedRoute
from app.intake.people.web_proving import proven_lately
from app.intake.samples import lookup
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import allow
from app.platform.web.fields import FreeText, Note200, Text80
from app.runtime import ChangeDep, CreationDep, RuntimeDep
from harm_messages import Pack

router = APIRouter(prefix="/api/v1", tags=["consultations"], route_class=LoggedRoute)

Teller = Annotated[Actor, allow(Role.HEALTH_WORKER, Role.SESSION_LEAD)]
Approver = Annotated[Actor, allow(Role.HEALTH_WORKER, Role.CLINICIAN, Role.SESSION_LEAD)]
Reviewer = Annotated[Actor, allow(Role.CLINICIAN, Role.SESSION_LEAD)]


class ShownOut(PageShown):
    """One page as it was shown: to whom, when, in which language, with which version of the message pack."""

    by: str = Field(description="whose screen it was, where it was staff's")
    result_number: int
    under_review: bool

    @classmethod
    def of(cls, view: ShownView) -> ShownOut:
        """The JSON shape of what the service shows."""
        around = {"by": view.by, "result_number": view.number, "under_review": view.under_review}
        return cls.model_validate({**view.row.model_dump(), **around})


class ReplayOut(BaseModel):
    """A page again. `exact`: the same to the byte; else `why` says what is missing."""

    shown: ShownOut
    exact: bool
    why: str
    headline: str
    told_us: str
    messages: list[ResultMessage]
    page: dict[str, JsonValue] | None = Field(
        description="the whole page as it was evaluated, with nothing self-reported"
    )

    @classmethod
    def of(cls, found: Replay) -> ReplayOut:
        """The JSON shape of the service's answer."""
        page = found.view.page if found.view else None
        return cls(
            shown=ShownOut.of(found.shown),
            exact=found.exact,
            why=found.why,
            headline=page.headline if page else "",
            told_us=page.told_us if page else "",
            messages=[ResultMessage.model_validate(one) for one in (page.messages() if page else ())],
            page=page.model_dump(mode="json") if page else None,
        )


class AdjustmentIn(BaseModel, extra="forbid"):
    """What to do to the page: `target` is a snippet of the pack, or the rule of a card."""

    kind: AdjustmentKind
    target: Text80
    reason: WhyNotRelevant | None = Field(None, description="required for not_relevant")


class AdjustmentOut(AdjustmentShown):
    """What stands on a page because a worker put it there, or does not because a worker took it out."""

    by: str

    @classmethod
    def of(cls, view: AdjustmentView) -> AdjustmentOut:
        """The JSON shape of what the service shows."""
        return cls.model_validate({**view.row.model_dump(), "by": view.by})


class UrgentIn(FreeText, extra="forbid"):
    """A message of the pack for all pages of a session or its region."""

    session_id: uuid.UUID
    snippet: Text80
    reach: UrgentReach = UrgentReach.SESSION
    hours: int = Field(12, ge=1, le=72)
    why: Note200 = Field(description="for the two who approve; never on a page")


class StopIn(FreeText, extra="forbid"):
    """Why it is stopped."""

    why: Note200


class UrgentOut(UrgentShown):
    """An urgent message and where it stands now."""

    state: UrgentState
    place: str
    title: str
    text: str
    requested_by: str
    approved_by: list[str]
    stopped_by: str

    @classmethod
    def of(cls, view: UrgentView) -> UrgentOut:
        """The JSON shape of what the service shows."""
        row = view.row
        around = {
            "state": view.state, "place": view.place, "title": view.title, "text": view.text,
            "requested_by": view.name(row.requested_by), "stopped_by": view.name(row.stopped_by),
            "approved_by": [view.name(one) for one in (row.first_by, row.second_by) if one],
        }  # fmt: skip
        return cls.model_validate({**row.model_dump(), **around})


class RuleRateOut(BaseModel, from_attributes=True):
    """How often the message of one rule was taken off pages. `share` only where it stood on 20 or more.

    A snippet, or an empty `rule` (nothing that the pack holds), is there where an attempt at it was refused.
    """

    rule: str
    title: str
    severity: str
    shown: int
    taken_out: int
    pinned: int
    share: float | None
    low: float | None = Field(validation_alias=AliasPath("bounds", 0))
    high: float | None = Field(validation_alias=AliasPath("bounds", 1))
    reasons: dict[WhyNotRelevant, int]
    refused: int = Field(description="attempts that were not granted, at this rule or snippet")
    refused_why: dict[WhyRefused, int]


class OverrideRates(BaseModel):
    """The figures with what they count."""

    definition: str = DEFINITION
    days: int
    rows: list[RuleRateOut]


@router.get("/samples/{sample_id}/shown")
def list_shown(sample_id: uuid.UUID, who: Teller, rt: RuntimeDep) -> list[ShownOut]:
    """Everything shown of a sample, newest first: when, to whom, in which language, with which pack."""
    with rt.read() as session:
        return [ShownOut.of(view) for view in service.shown_of(session, who, sample_id)]


@router.get("/samples/{sample_id}/shown/{shown_id}")
def replay_shown(sample_id: uuid.UUID, shown_id: uuid.UUID, who: Teller, rt: RuntimeDep) -> ReplayOut:
    """One of them again, as it was shown."""
    with rt.read() as session:
        packs = partial(rt.packs.by_digest, session)
        return ReplayOut.of(service.replay(session, who, sample_id, shown_id, packs))


@router.get("/samples/{sample_id}/adjustments")
def list_adjustments(sample_id: uuid.UUID, who: Teller, rt: RuntimeDep) -> list[AdjustmentOut]:
    """What staff did to the page that is shown now."""
    with rt.read() as session:
        sample = lookup.get_sample(session, who, sample_id)
        view = client_view(session, rt.packs.current(session, sample.agency_id, rt.now()), sample, rt.now())
        if view.result_id is None:
            return []
        done = adjusting.adjustments_of(session, who, sample_id, view.result_id)
    return [AdjustmentOut.of(one) for one in done]


@router.post("/samples/{sample_id}/adjustments", status_code=201, response_model=AdjustmentOut)
def adjust(
    sample_id: uuid.UUID, body: AdjustmentIn, who: Teller, rt: RuntimeDep, creation: CreationDep
) -> JSONResponse:
    """Add a snippet, pin a card up, or take out an S3–S4 with a reason. S0–S2, limits and emergency stay."""
    pack = rt.pack_of(who.agency_id)

    def create(uow: UnitOfWork) -> AdjustmentOut:
        row = adjusting.adjust(uow, sample_id, body.kind, body.target, pack=pack, reason=body.reason)
        done = adjusting.adjustments_of(uow.session, who, sample_id, row.result_id)
        return AdjustmentOut.of(next(one for one in done if one.row.id == row.id))

    return creation.made(who, create)


@router.delete("/samples/{sample_id}/adjustments/{adjustment_id}", status_code=204)
def undo_adjustment(
    sample_id: uuid.UUID, adjustment_id: uuid.UUID, who: Teller, rt: RuntimeDep, request: Request
) -> Response:
    """Undo it. It stays on record."""
    with rt.begin(who, request) as uow:
        adjusting.undo(uow, sample_id, adjustment_id)
    return Response(status_code=204)


@router.get("/urgent-messages")
def list_urgents(who: Approver, rt: RuntimeDep) -> list[UrgentOut]:
    """Urgent messages of the agency, newest first."""
    with rt.read() as session:
        return [
            UrgentOut.of(view)
            for view in urgent.urgents(session, who, rt.now(), rt.packs.current(session, who.agency_id, rt.now()))
        ]


@router.post("/urgent-messages", status_code=201, response_model=UrgentOut)
def request_urgent(body: UrgentIn, who: Approver, rt: RuntimeDep, creation: CreationDep) -> JSONResponse:
    """Ask for one. It is on no page until two others approve it."""
    pack = rt.pack_of(who.agency_id)

    def create(uow: UnitOfWork) -> UrgentOut:
        row = urgent.request(uow, body.session_id, body.snippet, body.reach, body.hours, body.why, pack=pack)
        return _out(uow, row, pack)

    return creation.made(who, create)


@router.post("/urgent-messages/{urgent_id}/approve", dependencies=[proven_lately()])
def approve_urgent(urgent_id: uuid.UUID, who: Approver, rt: RuntimeDep, change: ChangeDep) -> UrgentOut:
    """Approve it; the second approval puts it on pages."""
    pack = rt.pack_of(who.agency_id)
    return change.made(who, lambda uow: _out(uow, urgent.approve(uow, urgent_id, change.version), pack))


@router.post("/urgent-messages/{urgent_id}/stop")
def stop_urgent(urgent_id: uuid.UUID, body: StopIn, who: Approver, rt: RuntimeDep, change: ChangeDep) -> UrgentOut:
    """Take it off every page, or drop the request."""
    pack = rt.pack_of(who.agency_id)
    return change.made(who, lambda uow: _out(uow, urgent.stop(uow, urgent_id, change.version, body.why), pack))


def _out(uow: UnitOfWork, row: UrgentMessage, pack: Pack) -> UrgentOut:
    return UrgentOut.of(urgent.view_of(uow.session, uow.actor, row, uow.now, pack))


@router.get("/override-rates")
def list_override_rates(
    who: Reviewer, rt: RuntimeDep, days: Annotated[int, Query(ge=1, le=3660)] = 90
) -> OverrideRates:
    """By rule: on how many results its message stood, and on how many staff took it out."""
    with rt.read() as session:
        rows = adjusting.override_rates(
            session, who, rt.packs.current(session, who.agency_id, rt.now()), rt.now(), days=days
        )
    return OverrideRates(days=days, rows=[RuleRateOut.model_validate(row) for row in rows])
