"""JSON routes of analyses, uploads and readings. A file is acknowledged once its bytes and its row are durable."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from sqlmodel import Session
from starlette.requests import ClientDisconnect

from app.intake.samples import service as samples
from app.laboratory.identification.domain import Method
from app.laboratory.identification.methods import methods
from app.laboratory.readings import schemas, service, uploads
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import NotFound
from app.platform.security.policy import SERVICE_STAFF, allow
from app.platform.storage import Received
from app.platform.web.bodies import BINARY, FileName
from app.platform.web.etags import IfMatch, etag, set_etag
from app.platform.web.idempotency import Once, OnceDep
from app.runtime import Runtime, RuntimeDep

router = APIRouter(prefix="/api/v1", tags=["readings"])

Staff = Annotated[Actor, allow(*SERVICE_STAFF)]
Chemist = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD)]
Looks = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER)]
Bench = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD, Role.HEALTH_WORKER)]


@router.get("/methods")
def list_methods(who: Staff) -> list[schemas.MethodOut]:
    """Every method with its scope, limit of detection and limits."""
    return [schemas.MethodOut.model_validate(info) for info in methods().values()]


@router.get("/samples/{sample_id}/analyses")
def list_analyses(sample_id: uuid.UUID, who: Bench, rt: RuntimeDep) -> list[schemas.AnalysisFullOut]:
    """Analyses of a sample with their files and readings, oldest first."""
    with rt.read() as session:
        samples.get_sample(session, who, sample_id)
        return [schemas.AnalysisFullOut.of_view(view) for view in service.analyses_of(session, sample_id)]


@router.post("/samples/{sample_id}/analyses", status_code=201, response_model=schemas.AnalysisOut)
def add_analysis(
    sample_id: uuid.UUID, body: schemas.NewAnalysisIn, who: Chemist, rt: RuntimeDep, once: OnceDep, request: Request
) -> JSONResponse:
    """Record an analysis; a strip or reagent test is complete with this."""
    with rt.begin(who, request) as uow:

        def create() -> schemas.AnalysisOut:
            new = service.NewAnalysis(**body.model_dump())
            row = service.add_analysis(uow, sample_id, new, knows_target=knows_target(rt))
            return schemas.AnalysisOut.model_validate(row)

        return once.run(uow, create)


@router.get("/analyses/{analysis_id}")
def show_analysis(analysis_id: uuid.UUID, who: Bench, rt: RuntimeDep, response: Response) -> schemas.AnalysisFullOut:
    """One analysis."""
    with rt.read() as session:
        row = service.get_analysis(session, who, analysis_id)
        set_etag(response, row.version)
        views = service.analyses_of(session, row.sample_id)
    return schemas.AnalysisFullOut.of_view(next(view for view in views if view.analysis.id == analysis_id))


@router.patch("/analyses/{analysis_id}")
def change_analysis(
    analysis_id: uuid.UUID,
    body: schemas.AnalysisChange,
    who: Chemist,
    rt: RuntimeDep,
    if_match: IfMatch,
    request: Request,
    response: Response,
) -> schemas.AnalysisOut:
    """Correct an analysis. Its files are compared again after another method, and after another instrument: its checks of
    that day, own references and transferred libraries count then. Refused where a result stands on them.
    """
    with rt.begin(who, request) as uow:
        found = service.get_analysis(uow.session, who, analysis_id)
        before, machine = found.method, found.instrument_id
        samples.lock_sample(uow, found.sample_id)  # before the analysis, in the order a submission takes them
        changes = body.model_dump(exclude_unset=True, exclude={"reason"})
        row = service.update_analysis(
            uow, analysis_id, if_match, changes, reason=body.reason, knows_target=knows_target(rt)
        )
        if row.method is not before:
            service.reprocess_analysis(uow, analysis_id)
        elif row.instrument_id != machine:
            service.reprocess_analysis(uow, analysis_id, keep=True)
        set_etag(response, row.version)
        return schemas.AnalysisOut.model_validate(row)


def knows_target(rt: Runtime) -> Callable[[str], bool]:
    """Whether a strip target is a substance or class of the register."""
    register = rt.pack.substances
    return lambda target: target in register or register.is_class(target)


@router.post("/analyses/{analysis_id}/uploads", status_code=202, response_model=schemas.UploadOut, openapi_extra=BINARY)
async def upload_to_analysis(
    analysis_id: uuid.UUID, who: Chemist, rt: RuntimeDep, once: OnceDep, request: Request, filename: FileName = ""
) -> Response:
    """Take a file in as the raw body. It is durable when this answers; it is read right after.

    The same Idempotency-Key with the same bytes is one upload, however often it is sent.
    """

    return await _take_in(
        rt, who, request, once, lambda session: service.get_analysis(session, who, analysis_id),
        lambda uow, received: service.record_upload(uow, analysis_id, received, filename),
    )  # fmt: skip


@router.post("/samples/{sample_id}/uploads", status_code=202, response_model=schemas.UploadOut, openapi_extra=BINARY)
async def upload_to_sample(
    sample_id: uuid.UUID,
    who: Chemist,
    rt: RuntimeDep,
    once: OnceDep,
    request: Request,
    filename: FileName = "",
    method: Method | None = None,
) -> Response:
    """The same with an analysis made for it; without `method` the analysis takes it from what the file turns out to be."""
    return await _take_in(
        rt, who, request, once, lambda session: samples.get_sample(session, who, sample_id),
        lambda uow, received: service.record_upload_for_sample(uow, sample_id, received, filename, method),
    )  # fmt: skip


async def _take_in(
    rt: Runtime,
    who: Actor,
    request: Request,
    once: Once,
    look_up: Callable[[Session], object],
    record: Callable[[UnitOfWork, Received], service.Upload],
) -> Response:
    """Bytes first (no database held meanwhile), then the row, then the answer. `look_up` raises where this is not allowed."""

    def allowed() -> None:
        with rt.read() as session:
            look_up(session)

    await to_thread.run_sync(allowed)
    try:
        received = await rt.blobs.receive(request.stream())
    except ClientDisconnect:
        return Response(status_code=400)  # nobody is there to read it; nothing was kept
    key = once.of_bytes(received.sha256)

    def commit() -> Response:
        with rt.begin(who, request) as uow:
            return key.run(uow, lambda: schemas.UploadOut.model_validate(record(uow, received)), status=202)

    answer = await to_thread.run_sync(commit)
    answer.headers["ETag"] = etag(1)
    return answer


@router.get("/uploads/{upload_id}")
def show_upload(upload_id: uuid.UUID, who: Bench, rt: RuntimeDep, response: Response) -> schemas.UploadOut:
    """Where a file stands; `problem` says why it was refused, or what has to be answered."""
    with rt.read() as session:
        row = service.get_upload(session, who, upload_id)
    set_etag(response, row.version)
    return schemas.UploadOut.model_validate(row)


@router.get("/uploads/{upload_id}/readings")
def list_readings(upload_id: uuid.UUID, who: Bench, rt: RuntimeDep) -> list[schemas.ReadingOut]:
    """What was found in a file, in its order."""
    with rt.read() as session:
        return [schemas.ReadingOut.model_validate(row) for row in uploads.readings_of_upload(session, who, upload_id)]


@router.post("/uploads/{upload_id}/answer", status_code=202)
def answer_upload(
    upload_id: uuid.UUID,
    body: schemas.Answer,
    who: Looks,
    rt: RuntimeDep,
    if_match: IfMatch,
    request: Request,
    response: Response,
) -> schemas.UploadOut:
    """Answer what the reader asked, or say how the file is to be read, or take that back; it is read again."""
    with rt.begin(who, request) as uow:
        if body.as_the_file_says:
            row = service.as_the_file_says(uow, upload_id, if_match, reason=body.reason)
        else:
            row = service.answer_upload(
                uow,
                upload_id,
                if_match,
                choice=body.choice,
                hints=body.given(),
                reason=body.reason,
            )
        set_etag(response, row.version)
        return schemas.UploadOut.model_validate(row)


@router.post("/uploads/{upload_id}/warnings-seen")
def see_warnings(
    upload_id: uuid.UUID, who: Looks, rt: RuntimeDep, if_match: IfMatch, request: Request, response: Response
) -> schemas.UploadOut:
    """A chemist has looked at the warnings of a file; until then nothing may rest on it. They stay visible."""
    with rt.begin(who, request) as uow:
        row = service.see_warnings(uow, upload_id, if_match)
        set_etag(response, row.version)
        return schemas.UploadOut.model_validate(row)


@router.get("/readings/{reading_id}")
def show_reading(reading_id: uuid.UUID, who: Bench, rt: RuntimeDep) -> schemas.ReadingOut:
    """One reading."""
    with rt.read() as session:
        return schemas.ReadingOut.model_validate(service.get_reading(session, who, reading_id))


@router.get("/readings/{reading_id}/candidates")
def show_candidates(reading_id: uuid.UUID, who: Bench, rt: RuntimeDep) -> schemas.MatchOut:
    """What a reading resembles, newest comparison."""
    with rt.read() as session:
        _, match = uploads.reading_with_match(session, who, reading_id)
    if match is None:
        raise NotFound("comparison")
    return schemas.MatchOut.model_validate(match)


@router.get("/readings/{reading_id}/plot")
def show_plot(
    reading_id: uuid.UUID,
    who: Bench,
    rt: RuntimeDep,
    candidate: Annotated[int | None, Query(ge=1, le=200, description="Place in the list of candidates, from 1")] = None,
    peak: Annotated[int | None, Query(ge=1, le=200, description="Peak of a run, from 1")] = None,
) -> schemas.PlotOut:
    """Points to draw, with the chosen candidate over or under them."""
    with rt.read() as session:
        row, answer = service.reading_with_answer(session, who, reading_id)
    plot = service.plot_of(
        row, answer, service.array_store(rt.blobs.root), rt.registry.of(who.agency_id), candidate, peak
    )
    return schemas.PlotOut.model_validate(plot)
