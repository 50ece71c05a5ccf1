"""JSON routes of results: versions of a sample, findings of a draft, the steps of a version."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from sqlmodel import Session

from app.intake.people.web_proving import proven_lately
from app.intake.samples import lookup
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import allow
from app.platform.web.etags import tagged
from app.platform.web.paging import Cursor, Limit, Page, cut, decode_cursor
from app.results import schemas, service
from app.results.domain import Action
from app.results.drafting import NewDismissal
from app.runtime import ChangeDep, CreationDep, Runtime, RuntimeDep

router = APIRouter(prefix="/api/v1", tags=["results"])

Reader = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD, Role.HEALTH_WORKER)]
Bench = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER)]
Steps = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD)]


@router.get("/samples/{sample_id}/results")
def list_results(
    sample_id: uuid.UUID, who: Reader, rt: RuntimeDep, limit: Limit = 50, cursor: Cursor = ""
) -> Page[schemas.ResultOut]:
    """All versions of a sample's result, newest first."""
    after = decode_cursor(cursor)
    with rt.read() as session:
        lookup.get_sample(session, who, sample_id)
        rows = service.versions(session, sample_id)
    rest = [view for view in rows if after is None or view.result.id < after]
    return cut(rest, limit, schemas.ResultOut.of, lambda view: view.result.id)


@router.post("/samples/{sample_id}/results", status_code=201, response_model=schemas.ResultOut)
def start_draft(sample_id: uuid.UUID, who: Bench, creation: CreationDep) -> JSONResponse:
    """Begin a draft: the first version, or the next one with a copy of the findings before it."""
    return creation.made(who, lambda uow: schemas.ResultOut.of(service.start_draft(uow, sample_id)))


@router.get("/results/{result_id}")
def get_result(result_id: uuid.UUID, who: Reader, rt: RuntimeDep, response: Response) -> schemas.ResultWithSteps:
    """One version, what its readings name, and what you may do with it."""
    with rt.read() as session:
        return tagged(response, _with_steps(session, who, rt, service.get_result(session, who, result_id)))


def _with_steps(session: Session, who: Actor, rt: Runtime, view: service.ResultView) -> schemas.ResultWithSteps:
    register = rt.pack.substances
    steps = service.allowed_actions(session, who, view.result, rt.now(), register)
    return schemas.ResultWithSteps(
        **dict(schemas.ResultOut.of(view)),
        named=[schemas.NamedOut.of(one, view) for one in service.named_of(session, view.result, register)],
        left_open=[
            schemas.LeftOpenOut(step=one.step, names=list(one.names), by=view.names.get(one.by, ""), at=one.at)
            for one in view.left_open
        ],
        steps=[schemas.StepOut.of(a, d) for a, d in steps],
    )


@router.put("/results/{result_id}/findings")
def set_findings(
    result_id: uuid.UUID, body: schemas.FindingsIn, who: Bench, rt: RuntimeDep, change: ChangeDep
) -> schemas.ResultOut:
    """Write the findings of a draft; they replace what is there."""

    def written(uow: UnitOfWork) -> schemas.ResultOut:
        entered, nothing = [f.entered() for f in body.findings], body.nothing_found
        return schemas.ResultOut.of(
            service.set_findings(uow, result_id, entered, change.version, pack=rt.pack, nothing_found=nothing)
        )

    return change.made(who, written)


@router.put("/results/{result_id}/dismissals")
def set_dismissals(
    result_id: uuid.UUID, body: schemas.DismissalsIn, who: Bench, rt: RuntimeDep, change: ChangeDep
) -> schemas.ResultWithSteps:
    """Say of what the readings name, and is no finding, why not; it replaces what is there. One left out is open again."""

    def dismissed(uow: UnitOfWork) -> schemas.ResultWithSteps:
        given = [NewDismissal(**one.model_dump()) for one in body.dismissals]
        view = service.set_dismissals(uow, result_id, given, change.version, pack=rt.pack)
        return _with_steps(uow.session, who, rt, view)

    return change.made(who, dismissed)


@router.post("/results/{result_id}/{action}", dependencies=[proven_lately(Action.VERIFY, Action.RELEASE)])
def act(
    result_id: uuid.UUID, action: Action, body: schemas.StepIn, who: Steps, rt: RuntimeDep, change: ChangeDep
) -> schemas.ResultOut:
    """Take a step. Refused (409) with every reason why not; `amend` answers with the new draft it begins.

    Submitting or verifying while something in `named` is open is refused with its names, unless `accept_open` is true.
    Where the service asks for it, verifying and releasing are refused (403, `proof_needed`) until `POST /me/proof`.
    """
    said = body.model_dump()
    return change.made(
        who,
        lambda uow: schemas.ResultOut.of(
            service.act(uow, result_id, action, pack=rt.pack, if_match=change.version, **said)
        ),
    )
