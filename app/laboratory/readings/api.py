"""JSON routes of analyses, uploads and readings. A file is acknowledged once its bytes and its row are durable."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response
from sqlmodel import Session

from app.intake.samples import lookup
from app.laboratory.identification.domain import Method, MethodOut
from app.laboratory.identification.methods import methods
from app.laboratory.readings import analyses, arrays, plots, schemas, uploads
from app.laboratory.readings.tables import AnalysisOut, Upload
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import NotFound
from app.platform.security.policy import SERVICE_STAFF, allow
from app.platform.storage import Received
from app.platform.web.bodies import BINARY, FileName
from app.platform.web.etags import etag, tagged
from app.runtime import ChangeDep, Creation, CreationDep, RuntimeDep

router = APIRouter(prefix="/api/v1", tags=["readings"])

Staff = Annotated[Actor, allow(*SERVICE_STAFF)]
Chemist = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD)]
Looks = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER)]
Bench = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD, Role.HEALTH_WORKER)]


@router.get("/methods")
def list_methods(who: Staff) -> list[MethodOut]:
    """Every method with its scope, limit of detection and limits."""
    return [*methods().values()]


@router.get("/samples/{sample_id}/analyses")
def list_analyses(sample_id: uuid.UUID, who: Bench, rt: RuntimeDep) -> list[schemas.AnalysisFullOut]:
    """Analyses of a sample with their files and readings, oldest first."""
    with rt.read() as session:
        lookup.get_sample(session, who, sample_id)
        return [schemas.AnalysisFullOut.of_view(view) for view in analyses.analyses_of(session, sample_id)]


@router.post("/samples/{sample_id}/analyses", status_code=201, response_model=AnalysisOut)
def add_analysis(
    sample_id: uuid.UUID, body: schemas.NewAnalysisIn, who: Chemist, rt: RuntimeDep, creation: CreationDep
) -> JSONResponse:
    """Record an analysis; a strip or reagent test is complete with this."""

    def create(uow: UnitOfWork) -> AnalysisOut:
        new = analyses.NewAnalysis(**body.model_dump())
        row = analyses.add_analysis(uow, sample_id, new, register=rt.pack.substances)
        return AnalysisOut.model_validate(row)

    return creation.made(who, create)


@router.get("/analyses/{analysis_id}")
def show_analysis(analysis_id: uuid.UUID, who: Bench, rt: RuntimeDep, response: Response) -> schemas.AnalysisFullOut:
    """One analysis."""
    with rt.read() as session:
        row = analyses.get_analysis(session, who, analysis_id)
        views = analyses.analyses_of(session, row.sample_id)
    shown = next(view for view in views if view.analysis.id == analysis_id)
    return tagged(response, schemas.AnalysisFullOut.of_view(shown))


@router.patch("/analyses/{analysis_id}")
def change_analysis(
    analysis_id: uuid.UUID, body: schemas.AnalysisChange, who: Chemist, rt: RuntimeDep, change: ChangeDep
) -> AnalysisOut:
    """Correct an analysis. Its files are compared again after another method, and after another instrument: its checks of
    that day, own references and transferred libraries count then. Refused where a result stands on them.
    """

    def changed(uow: UnitOfWork) -> AnalysisOut:
        found = analyses.get_analysis(uow.session, who, analysis_id)
        before, machine = found.method, found.instrument_id
        lookup.lock_sample(uow, found.sample_id)  # before the analysis, in the order a submission takes them
        changes = body.model_dump(exclude_unset=True, exclude={"reason"})
        row = analyses.update_analysis(
            uow, analysis_id, change.version, changes, reason=body.reason, register=rt.pack.substances
        )
        if row.method is not before:
            uploads.reprocess_analysis(uow, analysis_id)
        elif row.instrument_id != machine:
            uploads.reprocess_analysis(uow, analysis_id, keep=True)
        return AnalysisOut.model_validate(row)

    return change.made(who, changed)


@router.post("/analyses/{analysis_id}/uploads", status_code=202, response_model=schemas.UploadOut, openapi_extra=BINARY)
async def upload_to_analysis(
    analysis_id: uuid.UUID, who: Chemist, creation: CreationDep, filename: FileName = ""
) -> Response:
    """Take a file in as the raw body. It is durable when this answers; it is read right after.

    The same Idempotency-Key with the same bytes is one upload, however often it is sent.
    """

    return await _take_in(
        creation, who, lambda session: analyses.get_analysis(session, who, analysis_id),
        lambda uow, received: uploads.record_upload(uow, analysis_id, received, filename),
    )  # fmt: skip


@router.post("/samples/{sample_id}/uploads", status_code=202, response_model=schemas.UploadOut, openapi_extra=BINARY)
async def upload_to_sample(
    sample_id: uuid.UUID, who: Chemist, creation: CreationDep, filename: FileName = "", method: Method | None = None
) -> Response:
    """Upload a file to a sample. An analysis is made for it; without `method` its method follows from what the file turns out
    to be."""
    return await _take_in(
        creation, who, lambda session: lookup.get_sample(session, who, sample_id),
        lambda uow, received: uploads.record_upload_for_sample(uow, sample_id, received, filename, method),
    )  # fmt: skip


async def _take_in(
    creation: Creation,
    who: Actor,
    look_up: Callable[[Session], object],
    record: Callable[[UnitOfWork, Received], Upload],
) -> Response:
    """Bytes first (no database held meanwhile), then the row, then the answer. `look_up` raises where this is not allowed."""

    def allowed() -> None:
        with creation.rt.read() as session:
            look_up(session)

    await to_thread.run_sync(allowed)
    received = await creation.rt.blobs.receive(creation.request.stream())

    def create(uow: UnitOfWork) -> schemas.UploadOut:
        return schemas.UploadOut.model_validate(record(uow, received))

    answer = await to_thread.run_sync(partial(creation.made, who, create, sha256=received.sha256, status=202))
    answer.headers["ETag"] = etag(1)
    return answer


@router.get("/uploads/{upload_id}")
def show_upload(upload_id: uuid.UUID, who: Bench, rt: RuntimeDep, response: Response) -> schemas.UploadOut:
    """Where a file stands; `problem` says why it was refused, or what has to be answered."""
    with rt.read() as session:
        return tagged(response, schemas.UploadOut.model_validate(uploads.get_upload(session, who, upload_id)))


@router.get("/uploads/{upload_id}/readings")
def list_readings(upload_id: uuid.UUID, who: Bench, rt: RuntimeDep) -> list[schemas.ReadingOut]:
    """What was found in a file, in its order."""
    with rt.read() as session:
        return [schemas.ReadingOut.model_validate(row) for row in uploads.readings_of_upload(session, who, upload_id)]


@router.post("/uploads/{upload_id}/answer", status_code=202)
def answer_upload(upload_id: uuid.UUID, body: schemas.Answer, who: Looks, change: ChangeDep) -> schemas.UploadOut:
    """Answer what the reader asked, or say how the file is to be read, or take that back; it is read again."""
    version, reason = change.version, body.reason

    def answered(uow: UnitOfWork) -> schemas.UploadOut:
        if body.as_the_file_says:
            row = uploads.as_the_file_says(uow, upload_id, version, reason=reason)
        else:
            hints = body.given()
            row = uploads.answer_upload(uow, upload_id, version, choice=body.choice, hints=hints, reason=reason)
        return schemas.UploadOut.model_validate(row)

    return change.made(who, answered)


@router.post("/uploads/{upload_id}/warnings-seen")
def see_warnings(upload_id: uuid.UUID, who: Looks, change: ChangeDep) -> schemas.UploadOut:
    """A chemist has looked at the warnings of a file; until then nothing may rest on it. They stay visible."""
    return change.made(
        who, lambda uow: schemas.UploadOut.model_validate(uploads.see_warnings(uow, upload_id, change.version))
    )


@router.get("/readings/{reading_id}")
def show_reading(reading_id: uuid.UUID, who: Bench, rt: RuntimeDep) -> schemas.ReadingOut:
    """One reading."""
    with rt.read() as session:
        return schemas.ReadingOut.model_validate(uploads.get_reading(session, who, reading_id))


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
        row, answer = uploads.reading_with_answer(session, who, reading_id)
    plot = plots.plot_of(row, answer, arrays.array_store(rt.blobs.root), rt.registry.of(who.agency_id), candidate, peak)
    return schemas.PlotOut.model_validate(plot)
