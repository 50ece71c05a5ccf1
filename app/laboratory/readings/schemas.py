"""Shapes of analyses, uploads and readings over HTTP."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AliasChoices, BaseModel, Field, JsonValue, computed_field, model_validator

from app.laboratory.identification.domain import Method, MethodOut
from app.laboratory.readings.analyses import AnalysisView
from app.laboratory.readings.domain import AnalysisStatus, UploadState, warnings_in
from app.laboratory.readings.tables import AnalysisOut, ReadingShown, UploadShown
from app.platform.web.fields import FreeText, Note140, Text40, Text60
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
            return "Received and safe; it is being read."
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
