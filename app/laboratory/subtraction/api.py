"""JSON routes of subtraction by hand: the steps of a reading, one more, undo; and what a step would do."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.laboratory.subtraction import schemas, service
from app.laboratory.subtraction.web import desk_of
from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import allow
from app.platform.web.etags import IfMatch, set_etag
from app.platform.web.fields import Text200
from app.runtime import RuntimeDep

router = APIRouter(prefix="/api/v1", tags=["readings"])

Chemist = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER)]
Bench = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD)]


@router.get("/readings/{reading_id}/subtraction")
def show_subtraction(reading_id: uuid.UUID, who: Bench, rt: RuntimeDep, response: Response) -> schemas.WorkOut:
    """References taken out of a reading by hand, what is left, and what that resembles."""
    with rt.read() as session:
        work = service.work_on(session, who, desk_of(rt, who), reading_id)
    set_etag(response, work.version)
    return schemas.WorkOut.of(work)


@router.get("/readings/{reading_id}/subtraction/trial")
def try_subtraction(
    reading_id: uuid.UUID,
    who: Bench,
    rt: RuntimeDep,
    library: Annotated[Text200, Query()],
    entry: Annotated[Text200, Query()],
    factor: Annotated[schemas.Factor | None, Query()] = None,
    shift: Annotated[schemas.Shift | None, Query()] = None,
) -> schemas.TrialOut:
    """What taking this reference out would leave, with the factor that leaves the least wiggle. Nothing is kept."""
    desk = desk_of(rt, who)
    with rt.read() as session:
        work = service.work_on(session, who, desk, reading_id, top=0)
        return schemas.TrialOut.of(
            service.try_out(session, who, desk, work, service.Asked(library, entry, factor, shift))
        )


@router.post("/readings/{reading_id}/subtraction/steps", status_code=201)
def add_step(
    reading_id: uuid.UUID,
    body: schemas.StepIn,
    who: Chemist,
    rt: RuntimeDep,
    if_match: IfMatch,
    request: Request,
    response: Response,
) -> schemas.WorkOut:
    """Take a reference out. The reading is not changed; the step is kept with its figures and its author."""
    desk = desk_of(rt, who)
    with rt.begin(who, request) as uow:
        service.add_step(uow, desk, reading_id, if_match, body.entered())
    with rt.read() as session:  # the search of the difference holds nobody up
        work = service.work_on(session, who, desk, reading_id)
    set_etag(response, work.version)
    return schemas.WorkOut.of(work)


@router.post("/readings/{reading_id}/subtraction/undo")
def undo_step(
    reading_id: uuid.UUID, who: Chemist, rt: RuntimeDep, if_match: IfMatch, request: Request, response: Response
) -> schemas.WorkOut:
    """Take the newest standing step back. It stays on record as undone."""
    desk = desk_of(rt, who)
    with rt.begin(who, request) as uow:
        service.undo(uow, desk, reading_id, if_match)
    with rt.read() as session:
        work = service.work_on(session, who, desk, reading_id)
    set_etag(response, work.version)
    return schemas.WorkOut.of(work)
