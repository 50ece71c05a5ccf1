"""JSON routes of analyses, uploads and readings. A file is acknowledged once its bytes and its row are durable."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Literal

from anyio import to_thread
from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response
from pydantic import AliasChoices, BaseModel, Field, JsonValue, computed_field, model_validator
from sqlmodel import Session

from app.intake.samples import lookup
from app.laboratory.identification.domain import Method, MethodOut, methods
from app.laboratory.readings import analyses, arrays, plots, uploads
from app.laboratory.readings.analyses import AnalysisView
from app.laboratory.readings.domain import AnalysisStatus, UploadState, warnings_in
from app.laboratory.readings.plot_range import PlotContent
from app.laboratory.readings.tables import AnalysisOut, ReadingShown, Upload, UploadShown
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import NotFound
from app.platform.security.policy import SERVICE_STAFF, allow
from app.platform.storage import Received
from app.platform.web.bodies import BINARY, FileName
from app.platform.web.etags import etag, tagged
from app.platform.web.fields import FreeText, Note140, Text40, Text60
from app.runtime import ChangeDep, Creation, CreationDep, RuntimeDep
from harm_messages.vocabulary import StripReading
from instruments import assurance_sentence

CutOff = Annotated[float, Field(gt=0, lt=1e9, description="in ng/mL")]


class AnalysisFields(FreeText, extra="forbid"):
    """What may be said of an analysis. The strip fields belong to method `strip`."""

    instrument_id: uuid.UUID | None = None
    batch: Text40 = ""
    status: AnalysisStatus = AnalysisStatus.OK
    qc_failed: bool = False
    read_by_hand: bool = Field(False, description="Read on the instrument itself, and its blank passed: no file comes")
    observation: Note140 = ""
    strip_target: Text60 = ""
    strip_reading: StripReading | None = None
    strip_brand: Text60 = ""
    strip_lot: Text40 = ""
    strip_cut_off_ng_ml: CutOff | None = None
    strip_dilution: Text40 = ""


class NewAnalysisIn(AnalysisFields):
    """An analysis to record."""

    method: Method


class AnalysisChange(AnalysisFields):
    """A correction: only the fields that are sent are changed."""

    method: Method = Method.FTIR
    reason: Note140 = ""

    @model_validator(mode="after")
    def _something(self) -> AnalysisChange:
        if not self.model_fields_set - {"reason"}:
            raise ValueError("say at least one field to change")
        return self


class UploadOut(UploadShown):
    """A file and what became of it. `message` is for the screen, `href` where to look."""

    sha256: str = Field(validation_alias=AliasChoices("sha256", "blob_sha256"))
    hints: dict[str, str] = Field(description="How a person said the file is to be read")
    href: str = ""

    @computed_field
    def message(self) -> str:
        """One sentence for the line of the file."""
        if self.state is UploadState.WAITING:
            return "Received and stored. It is being read."
        if self.state is UploadState.READ:
            return "Read."
        return str((self.problem or {}).get("detail", "")) or "The file could not be read."


class MatchOut(BaseModel, from_attributes=True):
    """Candidates of one reading with the answer in words and the limits of the method."""

    reading_id: uuid.UUID
    score_name: str
    libraries: list[dict[str, JsonValue]]
    candidates: list[dict[str, JsonValue]]
    answer: dict[str, JsonValue]
    limits: list[str]
    engine_version: str
    created_at: datetime


class ReadingOut(ReadingShown):
    """What a reader found in a file."""

    quality: dict[str, JsonValue] = Field(
        description="figures: key, label, value, unit, level (info or warning), sentence"
    )

    @computed_field
    def assurance(self) -> str:
        """How far the reader is proven: high, medium, low; "" when nobody said."""
        return str(self.description.get("assurance", ""))

    @computed_field
    def assurance_sentence(self) -> str:
        """How far its reader is trusted, as a sentence."""
        level = str(self.description.get("assurance", ""))
        return assurance_sentence(level) if level else ""


class ReadingBrief(BaseModel):
    """A reading in the list of an analysis."""

    id: uuid.UUID
    upload_id: uuid.UUID
    kind: str
    title: str
    n_points: int
    reader: str
    reader_version: str
    assurance: str
    warnings: list[str] = Field(description="Sentences a chemist has to have looked at: warnings_seen_at of the upload")
    level: str | None
    headline: str | None


class AnalysisFullOut(AnalysisOut):
    """An analysis with its files, readings and method."""

    method_info: MethodOut
    uploads: list[UploadOut]
    readings: list[ReadingBrief]

    @classmethod
    def of_view(cls, view: AnalysisView) -> AnalysisFullOut:
        """The JSON shape of what the service shows."""
        briefs = [
            one.reading.model_dump()
            | {"assurance": str(one.reading.description.get("assurance", ""))}
            | {"warnings": [remark["text"] for remark in warnings_in(one.reading.remarks)]}
            | {name: getattr(one.answer, name, None) for name in ("level", "headline")}
            for one in view.readings
        ]
        more = {"method_info": view.method, "uploads": view.uploads, "readings": briefs}
        return cls.model_validate(view.analysis.model_dump() | more)


class Hints(BaseModel, extra="forbid"):
    """How a file is to be read, as after AmbiguousText or as a correction. A hint sent as "" is taken back."""

    format: Text40 = ""
    x_unit: Text40 = ""
    y_unit: Text40 = ""
    decimal: Literal["", ".", ","] = ""
    delimiter: Text40 = Field("", description='One character, or "space" or "tab"')
    kind: Literal["", "ir", "raman", "uv", "mass_spectrum", "mass_run", "chromatogram", "other"] = ""


class Answer(FreeText, extra="forbid"):
    """Which of the offered choices is meant (from 0), or hints in one's own words, or to read the file as it says."""

    choice: Annotated[int, Field(ge=0, le=99)] | None = None
    hints: Hints | None = None
    as_the_file_says: bool = Field(False, description="Take every answer and correction back")
    reason: Note140 = ""

    @model_validator(mode="after")
    def _one(self) -> Answer:
        if [self.choice is not None, self.hints is not None, self.as_the_file_says].count(True) != 1:
            raise ValueError("send either choice or hints or as_the_file_says")
        return self

    def given(self) -> dict[str, str] | None:
        """The hints that were sent."""
        return self.hints.model_dump(exclude_unset=True) if self.hints is not None else None


class PlotOut(BaseModel, extra="allow"):
    """Points for the bench, as docs/look.md says, with a summary in words and a table."""

    kind: Literal["ir", "raman", "mass", "chromatogram"]
    summary: str
    table: dict[str, list[str] | list[list[str]]]


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
def list_analyses(sample_id: uuid.UUID, who: Bench, rt: RuntimeDep) -> list[AnalysisFullOut]:
    """Analyses of a sample with their files and readings, oldest first."""
    with rt.read() as session:
        lookup.get_sample(session, who, sample_id)
        return [AnalysisFullOut.of_view(view) for view in analyses.analyses_of(session, sample_id)]


@router.post("/samples/{sample_id}/analyses", status_code=201, response_model=AnalysisOut)
def add_analysis(
    sample_id: uuid.UUID, body: NewAnalysisIn, who: Chemist, rt: RuntimeDep, creation: CreationDep
) -> JSONResponse:
    """Record an analysis; a strip or reagent test is complete with this."""

    def create(uow: UnitOfWork) -> AnalysisOut:
        new = analyses.NewAnalysis(**body.model_dump())
        row = analyses.add_analysis(uow, sample_id, new, register=rt.pack.substances)
        return AnalysisOut.model_validate(row)

    return creation.made(who, create)


@router.get("/analyses/{analysis_id}")
def show_analysis(analysis_id: uuid.UUID, who: Bench, rt: RuntimeDep, response: Response) -> AnalysisFullOut:
    """One analysis."""
    with rt.read() as session:
        row = analyses.get_analysis(session, who, analysis_id)
        views = analyses.analyses_of(session, row.sample_id)
    shown = next(view for view in views if view.analysis.id == analysis_id)
    return tagged(response, AnalysisFullOut.of_view(shown))


@router.patch("/analyses/{analysis_id}")
def change_analysis(
    analysis_id: uuid.UUID, body: AnalysisChange, who: Chemist, rt: RuntimeDep, change: ChangeDep
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


@router.post("/analyses/{analysis_id}/uploads", status_code=202, response_model=UploadOut, openapi_extra=BINARY)
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


@router.post("/samples/{sample_id}/uploads", status_code=202, response_model=UploadOut, openapi_extra=BINARY)
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
    """Bytes first (no database held in the meantime), then the row, then the answer. `look_up` raises where this is not allowed."""

    def allowed() -> None:
        with creation.rt.read() as session:
            look_up(session)

    await to_thread.run_sync(allowed)
    received = await creation.rt.blobs.receive(creation.request.stream())

    def create(uow: UnitOfWork) -> UploadOut:
        return UploadOut.model_validate(record(uow, received))

    answer = await to_thread.run_sync(partial(creation.made, who, create, sha256=received.sha256, status=202))
    answer.headers["ETag"] = etag(1)
    return answer


@router.get("/uploads/{upload_id}")
def show_upload(upload_id: uuid.UUID, who: Bench, rt: RuntimeDep, response: Response) -> UploadOut:
    """Where a file stands; `problem` says why it was refused, or what has to be answered."""
    with rt.read() as session:
        return tagged(response, UploadOut.model_validate(uploads.get_upload(session, who, upload_id)))


@router.get("/uploads/{upload_id}/readings")
def list_readings(upload_id: uuid.UUID, who: Bench, rt: RuntimeDep) -> list[ReadingOut]:
    """What was found in a file, in its order."""
    with rt.read() as session:
        return [ReadingOut.model_validate(row) for row in uploads.readings_of_upload(session, who, upload_id)]


@router.post("/uploads/{upload_id}/answer", status_code=202)
def answer_upload(upload_id: uuid.UUID, body: Answer, who: Looks, change: ChangeDep) -> UploadOut:
    """Answer what the reader asked, or say how the file is to be read, or take that back; it is read again."""
    version, reason = change.version, body.reason

    def answered(uow: UnitOfWork) -> UploadOut:
        if body.as_the_file_says:
            row = uploads.as_the_file_says(uow, upload_id, version, reason=reason)
        else:
            hints = body.given()
            row = uploads.answer_upload(uow, upload_id, version, choice=body.choice, hints=hints, reason=reason)
        return UploadOut.model_validate(row)

    return change.made(who, answered)


@router.post("/uploads/{upload_id}/warnings-seen")
def see_warnings(upload_id: uuid.UUID, who: Looks, change: ChangeDep) -> UploadOut:
    """A chemist has looked at the warnings of a file; until then nothing may rest on it. They stay visible."""
    return change.made(who, lambda uow: UploadOut.model_validate(uploads.see_warnings(uow, upload_id, change.version)))


@router.get("/readings/{reading_id}")
def show_reading(reading_id: uuid.UUID, who: Bench, rt: RuntimeDep) -> ReadingOut:
    """One reading."""
    with rt.read() as session:
        return ReadingOut.model_validate(uploads.get_reading(session, who, reading_id))


@router.get("/readings/{reading_id}/candidates")
def show_candidates(reading_id: uuid.UUID, who: Bench, rt: RuntimeDep) -> MatchOut:
    """What a reading resembles, newest comparison."""
    with rt.read() as session:
        _, match = uploads.reading_with_match(session, who, reading_id)
    if match is None:
        raise NotFound("comparison")
    return MatchOut.model_validate(match)


@router.get("/readings/{reading_id}/plot")
def show_plot(
    reading_id: uuid.UUID,
    who: Bench,
    rt: RuntimeDep,
    candidate: Annotated[int | None, Query(ge=1, le=200, description="Place in the list of candidates, from 1")] = None,
    peak: Annotated[int | None, Query(ge=1, le=200, description="Peak of a run, from 1")] = None,
) -> PlotOut:
    """Points to draw, with the chosen candidate over or under them."""
    with rt.read() as session:
        row, answer = uploads.reading_with_answer(session, who, reading_id)
    wanted = PlotContent(candidate, peak)
    plot = plots.plot_of(row, answer, arrays.array_store(rt.blobs.root), rt.registry.of(who.agency_id), wanted)
    return PlotOut.model_validate(plot)
