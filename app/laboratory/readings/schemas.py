"""Shapes of analyses, uploads and readings over HTTP."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.laboratory.identification.domain import Method, MethodInfo
from app.laboratory.readings.analyses import AnalysisView, NewAnalysis
from app.laboratory.readings.domain import AnalysisStatus, UploadState, warnings_in
from app.laboratory.readings.tables import Analysis, Match, Reading, Upload
from app.platform.web.fields import FreeText, Note140, Text40, Text60
from harm_messages.vocabulary import StripReading
from instruments import assurance_sentence

CutOff = Annotated[float, Field(gt=0, lt=1e9, description="in ng/mL")]


class AnalysisFields(FreeText):
    """What may be said of an analysis. The strip fields belong to method `strip`."""

    model_config = ConfigDict(extra="forbid")

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

    def entered(self) -> NewAnalysis:
        """For the service."""
        return NewAnalysis(**self.model_dump())


class AnalysisChange(AnalysisFields):
    """A correction: only the fields that are sent are changed."""

    method: Method = Method.FTIR
    reason: Note140 = ""

    @model_validator(mode="after")
    def _something(self) -> AnalysisChange:
        if not self.changes():
            raise ValueError("say at least one field to change")
        return self

    def changes(self) -> dict[str, Any]:
        """What was sent."""
        return {name: getattr(self, name) for name in self.model_fields_set if name != "reason"}


class UploadOut(BaseModel):
    """A file and what became of it. `message` is for the screen, `href` where to look."""

    id: uuid.UUID
    analysis_id: uuid.UUID
    file_name: str
    sha256: str
    state: UploadState
    format: str
    problem: dict[str, Any] | None
    hints: dict[str, str] = Field(description="How a person said the file is to be read")
    corrected_by: uuid.UUID | None
    corrected_at: datetime | None
    warnings_seen_by: uuid.UUID | None
    warnings_seen_at: datetime | None
    created_at: datetime
    read_at: datetime | None
    version: int
    message: str
    href: str

    @classmethod
    def of(cls, row: Upload) -> UploadOut:
        """From a row."""
        return cls(
            id=row.id, analysis_id=row.analysis_id, file_name=row.file_name, sha256=row.blob_sha256, state=row.state,
            format=row.format, problem=row.problem, hints={key: str(value) for key, value in row.hints.items()},
            corrected_by=row.corrected_by, corrected_at=row.corrected_at, warnings_seen_by=row.warnings_seen_by,
            warnings_seen_at=row.warnings_seen_at, created_at=row.created_at, read_at=row.read_at,
            version=row.version, message=upload_message(row), href="",
        )  # fmt: skip


def upload_message(row: Upload) -> str:
    """One sentence for the line of the file."""
    if row.state is UploadState.WAITING:
        return "Received and safe; it is being read."
    if row.state is UploadState.READ:
        return "Read."
    detail = str((row.problem or {}).get("detail", ""))
    return detail or "The file could not be read."


class MatchOut(BaseModel):
    """Candidates of one reading with the answer in words and the limits of the method."""

    reading_id: uuid.UUID
    score_name: str
    libraries: list[dict[str, Any]]
    candidates: list[dict[str, Any]]
    answer: dict[str, Any]
    limits: list[str]
    engine_version: str
    created_at: datetime

    @classmethod
    def of(cls, row: Match) -> MatchOut:
        """From a row."""
        return cls.model_validate({name: getattr(row, name) for name in cls.model_fields})


class ReadingOut(BaseModel):
    """What a reader found in a file."""

    id: uuid.UUID
    upload_id: uuid.UUID
    analysis_id: uuid.UUID
    ordinal: int
    kind: str
    title: str
    instrument: str
    format: str
    reader: str
    reader_version: str
    assurance: str = Field(description='How far the reader is proven: high, medium, low; "" when nobody said')
    assurance_sentence: str
    x_unit: str
    y_unit: str
    n_points: int
    n_scans: int
    ms_level: int | None
    description: dict[str, Any]
    remarks: list[dict[str, Any]]
    quality: dict[str, Any] = Field(description="figures: key, label, value, unit, level (info or warning), sentence")
    created_at: datetime

    @classmethod
    def of(cls, row: Reading) -> ReadingOut:
        """From a row."""
        assurance = assurance_of(row)
        told = {"assurance": assurance, "assurance_sentence": assurance_sentence(assurance) if assurance else ""}
        return cls(**{name: getattr(row, name) for name in cls.model_fields if name not in told}, **told)


def assurance_of(row: Reading) -> str:
    """How far its reader is proven, as it was stored with the reading."""
    return str(row.description.get("assurance", ""))


class MethodOut(BaseModel):
    """What a method can see and what it cannot."""

    method: Method
    title: str
    version: str
    active: bool
    category: str
    specific: bool
    classes: list[str]
    excludes: list[str]
    lod_percent: float | None
    lod_words: str
    limits: list[str]
    provenance: str
    reviewed: str
    review_by: str

    @classmethod
    def of(cls, info: MethodInfo) -> MethodOut:
        """From methods.toml."""
        values = {name: getattr(info, name) for name in cls.model_fields if name != "limits"}
        return cls(**values, limits=list(info.all_limits))


class AnalysisOut(BaseModel):
    """An analysis without its files."""

    id: uuid.UUID
    sample_id: uuid.UUID
    method: Method
    method_version: str
    instrument_id: uuid.UUID | None
    operator_id: uuid.UUID | None
    started_at: datetime
    ended_at: datetime | None
    batch: str
    qc_failed: bool
    read_by_hand: bool
    status: AnalysisStatus
    strip_target: str
    strip_reading: StripReading | None
    strip_brand: str
    strip_lot: str
    strip_cut_off_ng_ml: float | None
    strip_dilution: str
    observation: str
    version: int

    @classmethod
    def of(cls, row: Analysis) -> AnalysisOut:
        """From a row."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


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
            ReadingBrief(
                id=v.reading.id, upload_id=v.reading.upload_id, kind=v.reading.kind, title=v.reading.title,
                n_points=v.reading.n_points, reader=v.reading.reader, reader_version=v.reading.reader_version,
                assurance=assurance_of(v.reading),
                warnings=[str(remark["text"]) for remark in warnings_in(v.reading.remarks)],
                level=v.answer.level.value if v.answer else None,
                headline=v.answer.headline if v.answer else None,
            )
            for v in view.readings
        ]  # fmt: skip
        return cls(
            **AnalysisOut.of(view.analysis).model_dump(), method_info=MethodOut.of(view.method),
            uploads=[UploadOut.of(u) for u in view.uploads], readings=briefs,
        )  # fmt: skip


class Hints(BaseModel):
    """How a file is to be read, as after AmbiguousText or as a correction. A hint sent as "" is taken back."""

    model_config = ConfigDict(extra="forbid")

    format: Text40 = ""
    x_unit: Text40 = ""
    y_unit: Text40 = ""
    decimal: Literal["", ".", ","] = ""
    delimiter: Text40 = Field("", description='One character, or "space" or "tab"')
    kind: Literal["", "ir", "raman", "uv", "mass_spectrum", "mass_run", "chromatogram", "other"] = ""


class Answer(FreeText):
    """Which of the offered choices is meant (from 0), or hints in one's own words, or to read the file as it says."""

    model_config = ConfigDict(extra="forbid")

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


class PlotOut(BaseModel):
    """Points for the bench, as docs/look.md says, with a summary in words and a table."""

    model_config = ConfigDict(extra="allow")

    kind: Literal["ir", "raman", "mass", "chromatogram"]
    summary: str
    table: dict[str, Any]
