"""JSON routes of what was shown and replayed, of what staff do to pages, of urgent messages and of override rates."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from app.care.consultations import adjusting, override_rates, replaying, schemas_log, urgent
from app.care.consultations.client_view import client_view
from app.care.consultations.tables import UrgentMessage
from app.care.consultations.web_logged import LoggedRoute
from app.intake.samples import service as samples
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import allow
from app.runtime import ChangeDep, CreationDep, RuntimeDep
from harm_messages import Pack

router = APIRouter(prefix="/api/v1", tags=["consultations"], route_class=LoggedRoute)

Teller = Annotated[Actor, allow(Role.HEALTH_WORKER, Role.SESSION_LEAD)]
Approver = Annotated[Actor, allow(Role.HEALTH_WORKER, Role.CLINICIAN, Role.SESSION_LEAD)]
Reviewer = Annotated[Actor, allow(Role.CLINICIAN, Role.SESSION_LEAD)]


@router.get("/samples/{sample_id}/shown")
def list_shown(sample_id: uuid.UUID, who: Teller, rt: RuntimeDep) -> list[schemas_log.ShownOut]:
    """Everything shown of a sample, newest first: when, to whom, in which language, with which pack."""
    with rt.read() as session:
        return [schemas_log.ShownOut.of(view) for view in replaying.shown_of(session, who, sample_id)]


@router.get("/samples/{sample_id}/shown/{shown_id}")
def replay_shown(sample_id: uuid.UUID, shown_id: uuid.UUID, who: Teller, rt: RuntimeDep) -> schemas_log.ReplayOut:
    """One of them again, as it was shown."""
    with rt.read() as session:
        packs = partial(rt.packs.by_digest, session)
        return schemas_log.ReplayOut.of(replaying.replay(session, who, sample_id, shown_id, packs))


@router.get("/samples/{sample_id}/adjustments")
def list_adjustments(sample_id: uuid.UUID, who: Teller, rt: RuntimeDep) -> list[schemas_log.AdjustmentOut]:
    """What staff did to the page that is shown now."""
    with rt.read() as session:
        sample = samples.get_sample(session, who, sample_id)
        view = client_view(session, rt.packs.current(session, sample.agency_id, rt.now()), sample, rt.now())
        if view.result_id is None:
            return []
        done = adjusting.adjustments_of(session, who, sample_id, view.result_id)
    return [schemas_log.AdjustmentOut.of(one) for one in done]


@router.post("/samples/{sample_id}/adjustments", status_code=201, response_model=schemas_log.AdjustmentOut)
def adjust(
    sample_id: uuid.UUID, body: schemas_log.AdjustmentIn, who: Teller, rt: RuntimeDep, creation: CreationDep
) -> JSONResponse:
    """Add a snippet, pin a card up, or take out an S3–S4 with a reason. S0–S2, limits and emergency stay."""
    pack = rt.pack_of(who.agency_id)

    def create(uow: UnitOfWork) -> schemas_log.AdjustmentOut:
        row = adjusting.adjust(uow, sample_id, body.kind, body.target, pack=pack, reason=body.reason)
        done = adjusting.adjustments_of(uow.session, who, sample_id, row.result_id)
        return schemas_log.AdjustmentOut.of(next(one for one in done if one.row.id == row.id))

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
def list_urgents(who: Approver, rt: RuntimeDep) -> list[schemas_log.UrgentOut]:
    """Urgent messages of the agency, newest first."""
    with rt.read() as session:
        return [
            schemas_log.UrgentOut.of(view)
            for view in urgent.urgents(session, who, rt.now(), rt.packs.current(session, who.agency_id, rt.now()))
        ]


@router.post("/urgent-messages", status_code=201, response_model=schemas_log.UrgentOut)
def request_urgent(body: schemas_log.UrgentIn, who: Approver, rt: RuntimeDep, creation: CreationDep) -> JSONResponse:
    """Ask for one. It is on no page until two others approve it."""
    pack = rt.pack_of(who.agency_id)

    def create(uow: UnitOfWork) -> schemas_log.UrgentOut:
        row = urgent.request(uow, body.session_id, body.snippet, body.reach, body.hours, body.why, pack=pack)
        return _out(uow, row, pack)

    return creation.made(who, create)


@router.post("/urgent-messages/{urgent_id}/approve")
def approve_urgent(urgent_id: uuid.UUID, who: Approver, rt: RuntimeDep, change: ChangeDep) -> schemas_log.UrgentOut:
    """Approve it; the second approval puts it on pages."""
    pack = rt.pack_of(who.agency_id)
    return change.made(who, lambda uow: _out(uow, urgent.approve(uow, urgent_id, change.version), pack))


@router.post("/urgent-messages/{urgent_id}/stop")
def stop_urgent(
    urgent_id: uuid.UUID, body: schemas_log.StopIn, who: Approver, rt: RuntimeDep, change: ChangeDep
) -> schemas_log.UrgentOut:
    """Take it off every page, or drop the request."""
    pack = rt.pack_of(who.agency_id)
    return change.made(who, lambda uow: _out(uow, urgent.stop(uow, urgent_id, change.version, body.why), pack))


def _out(uow: UnitOfWork, row: UrgentMessage, pack: Pack) -> schemas_log.UrgentOut:
    return schemas_log.UrgentOut.of(urgent.urgent_view(uow.session, uow.actor, row.id, uow.now, pack))


@router.get("/override-rates")
def list_override_rates(
    who: Reviewer, rt: RuntimeDep, days: Annotated[int, Query(ge=1, le=3660)] = 90
) -> schemas_log.OverrideRates:
    """By rule: on how many results its message stood, and on how many staff took it out."""
    with rt.read() as session:
        rows = override_rates.override_rates(
            session, who, rt.packs.current(session, who.agency_id, rt.now()), rt.now(), days=days
        )
    return schemas_log.OverrideRates(days=days, rows=[schemas_log.RuleRateOut.model_validate(row) for row in rows])
